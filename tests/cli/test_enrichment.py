"""`enrichment` and `review accept`: where values came from, and values that wait for a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

KIM = "kim@acme.example"
BODY = "Hi,\n\nplease send the draft.\n\n-- \nKim Osei\n{title}\nAcme\n"


def mail(folder: Path, name: str, day: int, title: str) -> Path:
    """A mail of Kim's, in a file."""
    file = folder / f"{name}.eml"
    file.write_text(
        f"From: Kim Osei <{KIM}>\nTo: ana@firm.example\nSubject: {name}\nMessage-ID: <{name}@acme.example>\n"
        f"Date: {day} Jan 2026 09:00:00 +0000\n\n{BODY.format(title=title)}"
    )
    return file


@pytest.fixture
def kim(bare: Any, tmp_path: Path) -> Any:
    """A home whose address book has Kim, completed from mail."""
    bare.done("init", "--domain", "firm.example", "--user", "Ana Ruiz <ana@firm.example>")
    contacts = tmp_path / "people.csv"
    contacts.write_text(f"id,first name,last name,e-mail\np1,Kim,Osei,{KIM}\n")
    bare.done("import", contacts)
    bare.done("settings", "set", "enrich.title", "always")
    return bare


def test_each_value_tells_where_it_is_from(kim: Any, tmp_path: Path) -> None:
    """By id or address: the mail, what was there before, and whether it still stands."""
    kim.done("import", mail(tmp_path, "one", 5, "Clerk"))
    kim.done("import", mail(tmp_path, "two", 6, "Senior Clerk"))
    found = kim.json("enrichment", KIM)
    assert [(each["value"], each["before"], each["stands"]) for each in found] == [
        ("Senior Clerk", "Clerk", True),
        ("Clerk", "", False),
    ]
    said = kim.done("enrichment", found[0]["record"])
    assert "Senior Clerk" in said.out
    assert "2 values." in said.out
    assert kim("enrichment", "nobody@acme.example").status == 1


def test_nothing_written_is_said(kim: Any) -> None:
    """Of a contact into which nothing was written, it says so."""
    assert "has written nothing" in kim.done("enrichment", KIM).out


def test_values_wait_for_a_person(kim: Any, tmp_path: Path) -> None:
    """A question about values shows them, is answered with accept or ignore, and not with create."""
    kim.done("settings", "set", "autonomy.enrich", "ask")
    kim.done("import", mail(tmp_path, "one", 5, "Clerk"))
    (question,) = kim.json("review")
    said = kim.done("review")
    assert "would become Clerk" in said.all
    number = str(question["no"])
    assert kim("review", "create", number).status == 2
    kim.done("review", "accept", number)
    assert kim.json("contacts", "--search", "osei")[0]["title"] == "Clerk"
    kim.done("import", mail(tmp_path, "two", 6, "Senior Clerk"))
    (question,) = kim.json("review")
    kim.done("review", "ignore", str(question["no"]))
    assert kim.json("contacts", "--search", "osei")[0]["title"] == "Clerk"
    assert kim.json("review") == []
