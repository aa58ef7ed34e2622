"""Through the vendors' connectors and simulators the scenarios come to the same as in memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_scenarios import ROOT, SHARED, missing

from firstcontact.testing.scenarios.bench import Bench
from firstcontact.testing.scenarios.runner import run
from firstcontact.testing.scenarios.schema import Scenario, load
from firstcontact.testing.simulators.base import SIMULATORS


def simulated(folder: Path) -> list[object]:
    """Every scenario of a folder whose CRM has a simulator; what is not offered yet must fail."""
    parameters: list[object] = []
    for file in sorted(folder.glob("*.yaml")):
        for scenario in load(file):
            if scenario.crm["kind"] in SIMULATORS:
                marks = [pytest.mark.xfail(reason=reason)] if (reason := missing(scenario)) else []
                name = f"{scenario.crm['kind']}: {file.stem}: {scenario.name}"
                parameters.append(pytest.param(scenario, id=name, marks=marks))
    return parameters


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("scenario", simulated(SHARED))
def test_a_handed_scenario_holds_there(scenario: Scenario, bench: Bench) -> None:
    """What the executable form of the SPEC says is so, over HTTP, also with every delivery doubled."""
    report = run(scenario, bench, simulator=True)
    assert report.passed, "\n" + "\n".join(report.differences)


@pytest.mark.parametrize("scenario", simulated(ROOT / "scenarios"))
def test_an_own_scenario_holds_there(scenario: Scenario, bench: Bench) -> None:
    """What the SPEC's words say is so, over HTTP, also with every delivery doubled."""
    report = run(scenario, bench, simulator=True)
    assert report.passed, "\n" + "\n".join(report.differences)
