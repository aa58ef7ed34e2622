"""What `connect` asks a person at a terminal, and what it shows of the answers."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from firstcontact.config import load
from firstcontact.testing.simulators.base import Switches, simulator
from firstcontact.testing.simulators.serving import running

MAIN = "from firstcontact.cli.main import main; main()"


def at_a_terminal(home: Path, words: list[str], answers: list[tuple[str, str]]) -> tuple[int, str]:
    """Run the command with a person at its terminal, who answers each question; its status and the screen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "--home", str(home), *words],
        stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    screen, left = "", list(answers)
    asked_from = 0
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            read = os.read(ours, 4096).decode()
        except OSError:  # the terminal is gone with the process
            break
        screen += read
        if left and left[0][0] in screen[asked_from:]:
            asked_from = len(screen)
            os.write(ours, (left.pop(0)[1] + "\n").encode())
        if not read:
            break
    os.close(ours)
    return process.wait(30), screen


@pytest.mark.parametrize("way", ["typed", "from a file"])
def test_secrets_are_asked_for_and_not_shown(fc: Any, tmp_path: Path, way: str) -> None:
    """A secret is typed without being seen, or read from a file that is named with @; then it is kept."""
    made = simulator("salesforce")
    with running(made, made.make(lambda: time.time_ns() // 1000, Switches())) as at:
        kept = at.kind.credentials(at.url)["client_credentials"]
        secret = kept["client_secret"]
        if way == "from a file":
            (tmp_path / "secret").write_text(secret + "\n")
        answers = [
            ("consumer key", kept["client_id"]),
            ("consumer secret", secret if way == "typed" else f"@{tmp_path / 'secret'}"),
        ]
        options = [f"{key}={value}" for key, value in at.kind.options(at.url).items()]
        words = ["connect", "salesforce", *(word for each in options for word in ("--option", each))]
        status, screen = at_a_terminal(fc.home, words, answers)
        assert status == 0, screen
        assert secret not in screen
        assert kept["client_id"] in screen
        again, screen = at_a_terminal(fc.home, words, [("consumer key", ""), ("consumer secret", "")])
    assert again == 0, screen
    assert "Enter: as before" in screen
    assert load(fc.home).in_use is not None
