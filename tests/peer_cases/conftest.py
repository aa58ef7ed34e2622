"""The summary of the peer cases at the end of the run."""

from __future__ import annotations

import sys

from _pytest.terminal import TerminalReporter


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """How many cases held, which held by a rule of our SPEC, and which kinds were not run."""
    cases = sys.modules.get("test_peer_cases")
    if cases is None or not cases.SUMMARY:
        return
    terminalreporter.write_sep("-", "peer cases")
    for name, number in sorted(cases.SUMMARY.items()):
        terminalreporter.write_line(f"{number:4} {name}")
    for kind, number in sorted(cases.LEFT.items()):
        terminalreporter.write_line(f"{number:4} not run: {kind} ({cases.NOT_OFFERED[kind]})")
