"""The scenarios hold: those that were handed to us, and our own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from firstcontact.testing.scenarios.bench import Bench
from firstcontact.testing.scenarios.runner import run
from firstcontact.testing.scenarios.schema import Scenario, load

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("FIRSTCONTACT_SHARED") or ROOT.parent / "shared") / "scenarios"


def all_of(folder: Path) -> list[object]:
    """Every scenario of a folder as a parameter."""
    parameters: list[object] = []
    for file in sorted(folder.glob("*.yaml")):
        for scenario in load(file):
            parameters.append(pytest.param(scenario, id=f"{file.stem}: {scenario.name}"))
    return parameters


@pytest.fixture(scope="module")
def bench() -> Bench:
    """The databases that all scenarios are played in, one after the other."""
    return Bench()


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("scenario", all_of(SHARED))
def test_a_handed_scenario_holds(scenario: Scenario, bench: Bench) -> None:
    """What the executable form of the SPEC says is so, also with every delivery doubled."""
    report = run(scenario, bench)
    assert report.passed, "\n" + "\n".join(report.differences)


@pytest.mark.parametrize("scenario", all_of(ROOT / "scenarios"))
def test_an_own_scenario_holds(scenario: Scenario, bench: Bench) -> None:
    """What the SPEC's words say is so, also with every delivery doubled."""
    report = run(scenario, bench)
    assert report.passed, "\n" + "\n".join(report.differences)
