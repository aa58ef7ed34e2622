"""Fixtures every test may use, and the rule that CI skips nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstcontact.testing.postgres import NotInstalled, Server, start


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared measuring data: FIRSTCONTACT_SHARED, else `../shared` beside the checkout."""
    named = os.environ.get("FIRSTCONTACT_SHARED")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared"
    if not (folder / "data").is_dir():
        pytest.skip(f"no shared data at {folder}; set FIRSTCONTACT_SHARED to measure against it")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server of the tests' own; each test takes a database of its own from it."""
    try:
        server = start()
    except NotInstalled as missing:
        pytest.skip(str(missing))
    yield server
    server.stop()


# --- CI skips nothing: with CI=true a skipped test is a test that nobody ran ----------------------

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
_skipped: dict[str, str] = {}


def _note_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        _skipped[report.nodeid] = why


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember what was skipped (with xdist this runs in the controller)."""
    _note_skip(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Remember a module that was skipped as a whole."""
    _note_skip(report)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI a skip fails the run."""
    if IN_CI and _skipped and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name every skip that failed the run, with its reason."""
    if IN_CI and _skipped:
        terminalreporter.section("skipped in CI, which counts as failed", red=True)
        for test, why in sorted(_skipped.items()):
            terminalreporter.line(f"{test}: {why}")
