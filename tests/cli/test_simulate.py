"""`firstcontact simulate`: from a command line to a CRM that one can connect to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner

from firstcontact.cli import simulate as module
from firstcontact.cli.main import cli
from firstcontact.testing.simulators.base import SIMULATORS

BIN = Path(sys.executable).parent


def started(*words: str) -> subprocess.Popen[str]:
    """`firstcontact simulate` in a process of its own."""
    command = [str(BIN / "firstcontact"), "simulate", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def simulated(*words: str) -> Iterator[dict[str, Any]]:
    """What it says with --json while it runs; then Ctrl-C, which must end it."""
    process = started(*words, "--json")
    try:
        said = ""
        assert process.stdout is not None
        while not said.endswith("\n}\n"):
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            said += line
        yield json.loads(said)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("kind", SIMULATORS)
def test_it_answers_until_ctrl_c(kind: str) -> None:
    """Each kind answers at the address that it says, with a log-in and a command to connect, until Ctrl-C."""
    with simulated(kind, "--seed", "demo") as said:
        assert httpx2.get(said["url"]).status_code in (401, 404)
        assert said["kind"] == kind
        assert said["logins"]
        assert f"firstcontact connect {kind}" in said["connect"]
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(said["url"])


def test_the_command_that_it_prints_connects(tmp_path: Path) -> None:
    """The printed line, given to a shell, connects a home to the simulator, where the seeded users are."""
    environment = {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "FIRSTCONTACT_HOME": str(tmp_path / "home"),
    }

    def run(command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, shell=True, env=environment, capture_output=True, text=True, timeout=60
        )

    made = run("firstcontact init --domain ruizlaw.example --user 'Ana Ruiz <ana@ruizlaw.example>'")
    assert made.returncode == 0, made.stderr
    with simulated("salesforce", "--seed", "demo") as said:
        connected = run(said["connect"])
        assert connected.returncode == 0, connected.stderr
        users = run("firstcontact users --json")
    (ana,) = json.loads(users.stdout)["users"]
    assert (ana["user"], ana["crm_name"]) == ("ana-ruiz", "Ana Ruiz")


def test_it_says_so_for_people() -> None:
    """Without --json it says address, log-ins and the command in sentences."""
    process = started("salesforce")
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(6)]
    finally:
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=10)[0]
    assert lines[0].startswith("A simulated salesforce answers at http://127.0.0.1:")
    assert any("client_credentials" in line for line in lines)
    assert lines[-1].lstrip().startswith("printf")
    assert rest == "Stopped; what was written is gone.\n"


def test_wrong_use_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown kind, an unknown switch, a switch without a value and a port that is taken are said."""
    cases = {
        ("pigeons",): "there is no simulator of 'pigeons'",
        ("salesforce", "--quirk", "nonsense=1"): "no quirk 'nonsense'",
        ("clio", "--quirk", "nonsense=1"): "no quirk 'nonsense'; it has",
        ("salesforce", "--quirk", "nonsense"): "write NAME=VALUE",
    }
    for words, sentence in cases.items():
        result = CliRunner().invoke(cli, ["simulate", *words])
        assert (result.exit_code, sentence in result.output) == (2, True), result.output
    with simulated("salesforce") as said:
        taken = CliRunner().invoke(cli, ["simulate", "salesforce", "--port", said["url"].rpartition(":")[2]])
    assert (taken.exit_code, "--port" in taken.output) == (2, True), taken.output
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    missing = CliRunner().invoke(cli, ["simulate", "salesforce"])
    assert missing.exit_code == 1
    assert "pip install 'firstcontact[testing]'" in missing.output


def test_switches_are_values() -> None:
    """A switch is read as JSON where it is some, else as text."""
    given = module._switches(("a=true", "b=2", "c=block", 'd={"Contact": 1}'))
    assert given == {"a": True, "b": 2, "c": "block", "d": {"Contact": 1}}
