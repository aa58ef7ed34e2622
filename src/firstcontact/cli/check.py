"""`firstcontact check`: run scenario files and say what holds and what does not."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from firstcontact.testing.scenarios.runner import Report
    from firstcontact.testing.scenarios.schema import Scenario

HOLDS, DIFFERS, INVALID = 0, 1, 2
"""Exit statuses (SCENARIOS.md)."""


@click.command("check")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per scenario.")
@click.option("--simulator", is_flag=True, help="Run through the vendor's connector and its simulator.")
def check(paths: tuple[Path, ...], as_json: bool, simulator: bool) -> None:
    """Run the scenarios in PATH... (files or folders).

    With --simulator a scenario goes through the connector of its CRM to a simulator of the vendor's API; the
    built-in address book is itself. One whose vendor has no simulator yet does not hold.

    Exits with 0 when all hold, 1 when some do not, 2 when a file is not a valid scenario.
    """
    from firstcontact.testing.scenarios.bench import Bench
    from firstcontact.testing.scenarios.runner import run
    from firstcontact.testing.scenarios.schema import NotAScenario

    try:
        scenarios = _read(paths)
        if simulator:
            _check_simulators()
        failed = 0
        bench = Bench()
        for scenario in scenarios:
            report = run(scenario, bench, simulator=simulator)
            failed += not report.passed
            _print(report, as_json)
    except NotAScenario as error:
        click.echo(str(error), err=True)
        sys.exit(INVALID)
    if not as_json:
        click.echo(f"{len(scenarios) - failed} passed, {failed} failed")
    sys.exit(DIFFERS if failed else HOLDS)


def _read(paths: tuple[Path, ...]) -> list[Scenario]:
    """All scenarios of all files; every file is read before anything runs. Raises NotAScenario."""
    from firstcontact.testing.scenarios.schema import NotAScenario, Problem, files_in, load

    scenarios: list[Scenario] = []
    problems: list[Problem] = []
    for file in files_in(paths):
        try:
            scenarios += load(file)
        except NotAScenario as error:
            problems += error.problems
        except OSError as error:
            problems.append(Problem(str(file), 0, "", "", f"cannot be read: {error.strerror}"))
    if problems:
        raise NotAScenario(tuple(problems))
    return scenarios


def _check_simulators() -> None:
    """What simulators need is installed, else nothing is run at all."""
    try:
        import_module("firstcontact.testing.simulators.serving")
    except ImportError as missing:
        click.echo(f"--simulator needs the extra: pip install 'firstcontact[testing]' ({missing})", err=True)
        sys.exit(INVALID)


def _print(report: Report, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False))
        return
    click.echo(f"{'ok  ' if report.passed else 'FAIL'}  {report.file}: {report.scenario}")
    for line in report.differences:
        click.echo(f"        {line}")
