"""The page about writing a connector: what it quotes is the example, and what it tells to type works."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from prose import ROOT, shell_lines

PAGE = ROOT / "docs" / "how-to" / "write-a-connector.md"
EXAMPLE = ROOT / "examples" / "guestbook"
TEXT = PAGE.read_text(encoding="utf-8")
LINES = shell_lines(TEXT)
SHIPPED = sorted(path for path in EXAMPLE.rglob("*.py") if "__pycache__" not in path.parts)


def _quotes() -> list[tuple[str, str]]:
    """Each block of code, with the file that the page linked last before it."""
    found = []
    for block in re.finditer(r"^```(?:python|toml)\n(.*?)^```", TEXT, re.M | re.S):
        links = re.findall(r"\]\(\.\./\.\./(examples/guestbook/[^)]+)\)", TEXT[: block.start()])
        found.append((links[-1], block[1]))
    return found


@pytest.mark.parametrize(("file", "code"), _quotes())
def test_what_is_quoted_is_in_the_file(file: str, code: str) -> None:
    """Every block of code stands, letter for letter, in the file that the page names before it; or in
    the connector."""
    connector = EXAMPLE / "src" / "firstcontact_guestbook" / "connector.py"
    texts = [(ROOT / file).read_text(encoding="utf-8"), connector.read_text(encoding="utf-8")]
    assert any(code in text for text in texts)


def test_the_table_counts_the_lines() -> None:
    """The lengths in the table are those of the files, to a tenth."""
    rows = dict(re.findall(r"^\| `([\w./]+)` \| .* \| (\d+)(?: lines)? \|$", TEXT, re.M))
    lengths = {
        path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in EXAMPLE.rglob("*.py")
    }
    lengths["pyproject.toml"] = len((EXAMPLE / "pyproject.toml").read_text().splitlines())
    wrong = {
        name: lengths[Path(name).name]
        for name, said in rows.items()
        if abs(lengths[Path(name).name] - int(said)) > int(said) / 10
    }
    assert wrong == {}
    assert {Path(name).name for name in rows} >= {path.name for path in SHIPPED} - {"__init__.py"}


def test_the_connector_imports_what_a_connector_may() -> None:
    """The example keeps the rules of built-in connectors: contract, toolkit, facts; its simulator and its
    connector share no code."""
    may = re.compile(r"firstcontact\.(?:connectors\.(?:contract|toolkit)|identity|interactions|planning)\b")
    for path in (EXAMPLE / "src").rglob("*.py"):
        imported = re.findall(
            r"^(?:from|import) (firstcontact[\w.]*)", path.read_text(encoding="utf-8"), re.M
        )
        if path.name == "simulator.py":
            assert set(imported) == {"firstcontact.testing.simulators.base"}
        else:
            assert [
                name for name in imported if not may.match(name) and "firstcontact_guestbook" not in name
            ] == []


@dataclass
class Terminal:
    """A terminal in which the page is followed: the example installed as a plugin, in a folder of its own."""

    folder: Path
    port: int
    said: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    simulator: subprocess.Popen[str] | None = None

    def __post_init__(self) -> None:
        self.at = self.folder
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(self.folder / "site"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "FIRSTCONTACT_HOME": str(self.folder / "home"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "COLUMNS": "110",
        }

    def type(self, line: str) -> None:
        """Does what the line says; a command that fails ends the test with what it said."""
        words = shlex.split(line.replace("8123", str(self.port)))
        if words[0] == "cd":
            self.at = self.at / words[1]
        elif words[:2] == ["pip", "install"]:
            # FirstContact and its extra are there; without a network, pip could not look for them.
            target = [
                "--no-deps",
                "--no-build-isolation",
                "--no-index",
                "--target",
                str(self.folder / "site"),
            ]
            self._run([sys.executable, "-m", "pip", "install", "--quiet", *target, "."], line)
        elif words[:2] == ["firstcontact", "simulate"]:
            self._simulate(words)
        else:
            self._run([sys.executable if word == "python3" else word for word in words], line)

    def _run(self, words: list[str], line: str) -> None:
        done = subprocess.run(
            words,
            cwd=self.at,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"$ {line}\n{done.stdout}"
        self.said[line] = done.stdout

    def _simulate(self, words: list[str]) -> None:
        self.simulator = subprocess.Popen(
            words, cwd=self.at, env=self.environment, stdout=subprocess.PIPE, text=True
        )
        assert self.simulator.stdout is not None
        said = ""
        while "firstcontact connect" not in said:
            line = self.simulator.stdout.readline()
            assert line, said
            said += line
        key = re.search(r"log-in key: key (\S+)", said)
        assert key is not None, said
        self.environment["FIRSTCONTACT_KEY"] = key[1]  # what a person would type when asked


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """The terminal after everything on the page was typed."""
    folder = tmp_path_factory.mktemp("author")
    away = shutil.ignore_patterns("__pycache__", "*.egg-info", "dist", "build")
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=away)
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
    terminal = Terminal(folder, port)
    try:
        for line in LINES:
            terminal.type(line)
        yield terminal
    finally:
        if terminal.simulator is not None:
            terminal.simulator.kill()
            terminal.simulator.communicate()


def _said(terminal: Terminal, begins: str) -> str:
    return next(said for line, said in terminal.said.items() if line.startswith(begins))


def test_everything_on_the_page_works(followed: Terminal) -> None:
    """Each command of the page, typed in its order, ends well."""
    assert len(followed.said) + 2 == len(LINES)  # `cd` and `simulate` say nothing here
    assert "Connected to Guestbook" in _said(followed, "firstcontact connect")
    assert "permission to write" in _said(followed, "firstcontact doctor")
    assert re.search(r"\b9 contacts created, 11 activities logged\b", _said(followed, "firstcontact import"))
    assert "2 passed, 0 failed" in _said(followed, "firstcontact check --simulator")


def test_the_plugin_is_known(followed: Terminal) -> None:
    """`kinds` shows the kind with its distribution, that it connects, and that it has a simulator."""
    (row,) = [line for line in _said(followed, "firstcontact kinds").splitlines() if "guestbook" in line]
    assert re.split(r"\s{2,}", row)[:5] == [
        "guestbook",
        "Guestbook",
        "firstcontact-guestbook 0.1.0",
        "yes",
        "yes",
    ]
    assert "where it answers" in _said(followed, "firstcontact kinds guestbook")


def test_nothing_is_stuck_in_the_end(followed: Terminal) -> None:
    """The CRM was asked for nothing that it does not offer."""
    done = subprocess.run(
        ["firstcontact", "stuck", "--json"],
        env=followed.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == []


def test_the_suite_has_run_as_a_whole(followed: Terminal) -> None:
    """The plugin's own tests are all clauses of the contract, none skipped."""
    from firstcontact.testing.conformance import CLAUSES

    said = _said(followed, "python3 -m pytest")
    assert len(re.findall(r"^\.+", said, re.M)) > 0
    assert sum(len(dots) for dots in re.findall(r"^([.sxFE]+)\s+\[", said, re.M)) == len(CLAUSES)
    assert set("".join(re.findall(r"^([.sxFE]+)\s+\[", said, re.M))) == {"."}
