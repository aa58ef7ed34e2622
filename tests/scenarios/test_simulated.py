"""Through the vendors' connectors and simulators the scenarios come to the same as in memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from test_scenarios import ROOT, SHARED

from firstcontact.connectors.kinds import capabilities
from firstcontact.testing.scenarios.bench import Bench
from firstcontact.testing.scenarios.runner import run
from firstcontact.testing.scenarios.schema import Scenario, load
from firstcontact.testing.simulators.base import SIMULATORS


def simulated(folder: Path) -> list[object]:
    """Every scenario of a folder whose CRM has a simulator."""
    parameters: list[object] = []
    for file in sorted(folder.glob("*.yaml")):
        for scenario in load(file):
            if scenario.crm["kind"] in SIMULATORS:
                name = f"{scenario.crm['kind']}: {file.stem}: {scenario.name}"
                parameters.append(pytest.param(scenario, id=name))
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


def as_others() -> list[object]:
    """Every third of our own scenarios of the address book, as the kinds that have a simulator in turn."""
    own = [
        scenario
        for file in sorted((ROOT / "scenarios").glob("*.yaml"))
        for scenario in load(file)
        if scenario.crm["kind"] == "address_book"
    ]
    return [
        pytest.param(
            replace(scenario, crm={**scenario.crm, "kind": SIMULATORS[number % len(SIMULATORS)]}),
            id=f"{SIMULATORS[number % len(SIMULATORS)]}: {scenario.name}",
        )
        for number, scenario in enumerate(own[::3])
    ]


@pytest.mark.parametrize("scenario", as_others())
def test_it_comes_to_the_same_as_in_memory(scenario: Scenario, bench: Bench) -> None:
    """A scenario that was written for another CRM may expect what this one does not offer; but whatever it
    comes to, it comes to in memory and over HTTP alike, but for owners that this CRM's contacts have not."""
    memory, there = run(scenario, bench), run(scenario, bench, simulator=True)
    assert there.decisions == memory.decisions
    if capabilities(scenario.crm["kind"]).contact_owners:
        assert len(there.differences) == len(memory.differences), there.differences
