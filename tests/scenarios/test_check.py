"""`firstcontact check`: what it prints and how it exits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from firstcontact.cli.check import check

FILE = """\
defaults:
  team: {region: US, domains: [ruizlaw.example], users: [{id: ana, name: Ana Ruiz, phones: ["+14155550100"]}]}
  crm: {kind: address_book, contacts: [{id: c1, first_name: Jo, last_name: Diaz, phones: ["+14155550123"]}]}
  steps:
    - interaction: {id: i1, kind: call, direction: inbound, result: answered, at: 2026-03-02T10:00:00Z,
        seconds: 60, from: "+14155550123", to: "+14155550100"}
scenarios:
  - scenario: holds
    expect:
      decisions: {i1: {activity: log}}
      crm: {contacts: 1, activities: [{interaction: i1, contact: c1}]}
"""
WRONG = """\
  - scenario: does not hold
    expect: {decisions: {i1: {activity: skip, participants: {"+14155550123": create}}}, crm: {contacts: 2}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with one scenario that holds."""
    path = tmp_path / "calls.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


def invoke(*arguments: str | Path) -> Result:
    """The command with these arguments."""
    return CliRunner().invoke(check, [str(argument) for argument in arguments])


def test_all_hold(file: Path) -> None:
    """One line a scenario, the count last, and exit status 0."""
    result = invoke(file)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [f"ok    {file}: holds", "1 passed, 0 failed"]


def test_some_do_not_hold(file: Path) -> None:
    """A failing scenario tells each difference and why it is so; the exit status is 1."""
    file.write_text(FILE + WRONG, encoding="utf-8")
    result = invoke(file.parent)
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[0] == f"ok    {file}: holds"
    assert lines[1] == f"FAIL  {file}: does not hold"
    assert lines[2].strip().startswith("expected activity of i1: skip; got log")
    assert "expected +14155550123 of i1: create; got link because contact_found:" in lines[3]
    assert lines[4].strip().startswith("expected 2 contacts; got 1 ({id: c1")
    assert lines[-1] == "1 passed, 1 failed"


def test_json_prints_one_object_per_scenario(file: Path) -> None:
    """Each object has the file, the scenario, whether it passed, the differences and the decisions."""
    file.write_text(FILE + WRONG, encoding="utf-8")
    result = invoke("--json", file)
    assert result.exit_code == 1
    first, second = (json.loads(line) for line in result.output.splitlines())
    assert first == {
        "file": str(file),
        "scenario": "holds",
        "passed": True,
        "differences": [],
        "decisions": {
            "i1": {
                "activity": "log",
                "participants": {"+14155550123": "link"},
                "reasons": first["decisions"]["i1"]["reasons"],
            }
        },
    }
    assert second["passed"] is False
    assert len(second["differences"]) == 3


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (FILE.replace("kind: call,", "kind: cal,"), "steps[1].interaction.kind must be one of"),
        (FILE.replace("kind: address_book", "kind: rolodex"), "crm.kind there is no CRM of the kind"),
        (FILE.replace("expect:", "expects:"), "expects is an unknown key"),
        (FILE.replace("id: c1,", "id: c1, account: a1,"), "`a1` is no account"),
        ("scenarios: [", "not YAML"),
    ],
)
def test_a_file_that_is_no_scenario_ends_with_2(file: Path, content: str, says: str) -> None:
    """Nothing runs, and the error names the file and the place."""
    good = file.parent / "also.yaml"
    good.write_text(FILE, encoding="utf-8")
    file.write_text(content, encoding="utf-8")
    result = invoke(good, file)
    assert result.exit_code == 2
    assert f"{file}:" in result.stderr
    assert says in result.stderr
    assert result.stdout == ""


def test_a_path_that_is_not_there_ends_with_2(tmp_path: Path) -> None:
    """A missing path is no success."""
    result = invoke(tmp_path / "none.yaml")
    assert result.exit_code == 2
    assert "is not there" in result.stderr


def test_the_address_book_is_itself(file: Path) -> None:
    """The built-in address book needs no simulator: with --simulator it is played on all the same."""
    assert invoke("--simulator", file).exit_code == invoke(file).exit_code


def test_a_kind_without_a_simulator_does_not_hold(tmp_path: Path) -> None:
    """What has no simulator is said, scenario by scenario, not silently run another way."""
    path = tmp_path / "carddav.yaml"
    path.write_text(FILE.replace("kind: address_book", "kind: carddav"))
    result = invoke("--simulator", path)
    assert result.exit_code == 1
    assert (
        "there is no simulator of 'carddav'; there are clio, clio_grow, dynamics, lawmatics, salesforce, zoho"
        in result.stdout
    )
