"""The example week comes to what its README says, through the command line, as `make demo` does it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from firstcontact.cli.main import cli

ROOT = Path(__file__).resolve().parents[2]
WEEK = ROOT / "examples" / "week"
IMPORTS = (
    ("", "contacts.csv"),
    ("dana", "mail.mbox", "calendar.ics", "calendar-thursday.ics"),
    ("kofi", "mail-kofi.mbox"),
    ("", "calls.json", "texts.json", "fax.json"),
)


def _cases() -> list[tuple[str, str, str, tuple[str, ...]]]:
    """(who, what to ask about, verdict, reasons) of every row of the README's table.

    Somebody without a handle can't be asked about; their interaction stands behind them in brackets.
    """
    rows = re.findall(
        r"^\| `([^`]+)`(?: \(`([^`]+)`\))? \| .* \| `(\w+)` \| (.*) \|$",
        (WEEK / "README.md").read_text(encoding="utf-8"),
        re.M,
    )
    return [
        (who, asked or who, verdict, tuple(re.findall(r"`([^`]+)`", reasons)))
        for who, asked, verdict, reasons in rows
    ]


CASES = _cases()


def _firstcontact(home: Path, *words: str) -> str:
    """What the command prints; it must not fail. Status 3 says that a person is asked."""
    result = CliRunner().invoke(cli, ["--home", str(home), *words], standalone_mode=False)
    assert result.exception is None, result.exception
    assert result.return_value in (None, 0, 3), result.output
    return result.stdout


def _import_all(home: Path) -> list[dict[str, Any]]:
    said = []
    for user, *files in IMPORTS:
        named = ("--for", user) if user else ()
        paths = (str(WEEK / file) for file in files)
        said.append(json.loads(_firstcontact(home, "import", "--json", *named, *paths)))
    return said


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder into which the week has been imported."""
    folder = tmp_path_factory.mktemp("week")
    shutil.copy(WEEK / "settings.toml", folder)
    _import_all(folder)
    return folder


def test_the_readme_has_its_cases() -> None:
    """The table is there and was read: verdicts of all kinds."""
    assert len(CASES) > 25
    assert {verdict for _, _, verdict, _ in CASES} == {"create", "link", "link_lead", "ask", "leave"}


@pytest.mark.parametrize(("who", "asked", "verdict", "reasons"), CASES, ids=[case[0] for case in CASES])
def test_each_person_comes_to_what_the_readme_says(
    home: Path, who: str, asked: str, verdict: str, reasons: tuple[str, ...]
) -> None:
    """On some interaction of the week this person gets this verdict, for these reasons.

    An interaction that made a contact may have been decided again since, and links to it then.
    """
    story = json.loads(_firstcontact(home, "explain", asked, "--json", "--limit", "50"))
    interactions = story.get("interactions", [story])
    given = [
        {
            line.partition(": ")[0]
            for each in one["explained"]
            if each["about"] == who
            for line in each["because"]
        }
        for one in interactions
        if one["verdicts"].get(who) == verdict
    ]
    if verdict == "create":
        assert any(fact.startswith("Created by FirstContact because of") for fact in story["facts"]), story
    if given or verdict != "create":
        assert any(set(reasons) <= names for names in given), story


def _book(home: Path) -> str:
    return _firstcontact(home, "export", "--format", "json")


def test_importing_the_week_again_changes_nothing(home: Path) -> None:
    """Every file once more: the address book, its contacts and activities, is as it was."""
    before = _book(home)
    assert len(json.loads(before)["activities"]) > 30
    _import_all(home)
    assert _book(home) == before


def test_nobody_is_there_twice(home: Path) -> None:
    """No two contacts share a handle, but for the switchboard that the address book came with."""
    contacts = json.loads(_book(home))["contacts"]
    ours = [contact for contact in contacts if contact["created_by_us"]]
    handles = [handle for contact in ours for handle in (*contact["emails"], *contact["phones"])]
    assert len(ours) > 8
    assert len(handles) == len(set(handles)) >= len(ours)


def test_what_is_not_logged_says_why(home: Path) -> None:
    """The private appointment, the internal mail and call are not logged, each for its reason."""
    said = json.loads(_firstcontact(home, "report", "--json"))
    text = json.dumps(said)
    for reason in ("private", "internal_only", "nothing_to_log"):
        assert reason in text
    activities = json.loads(_book(home))["activities"]
    assert not [one for one in activities if one["subject"] in ("Appointment", "Hartwell: who has time?")]


def test_the_demo_runs(tmp_path: Path) -> None:
    """`make demo` goes through without an error, and shows explanations and the questions."""
    run = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "demo.py"), str(tmp_path / "home")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr
    for word in ("lena.fischer@otterbein.example", "unauthenticated_sender", "several_contacts", "Try next"):
        assert word in run.stdout
