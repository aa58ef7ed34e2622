"""`firstcontact person`: what is held of somebody, and erasing it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

JO, ANA = "Jo Quirke <jo.quirke@acme.example>", "Ana Ruiz <ana@ruizlaw.example>"
KIM = "Kim Osei <kim@acme.example>"
WHO, NUMBER = "jo.quirke@acme.example", "+14155550177"
SIGNED = "See you\n\n-- \nJo Quirke\nCFO\nTel. (415) 555-0177"
MAILS = (
    {"From": JO, "To": ANA, "Subject": "Jo's plan", "body": SIGNED},
    {
        "From": ANA,
        "To": JO,
        "Subject": "Re: Jo's plan",
        "In-Reply-To": "<m0@acme.example>",
        "body": "Dear Jo",
    },
    {"From": JO, "To": ANA, "Cc": KIM, "In-Reply-To": "<m0@acme.example>", "body": SIGNED},
)


@pytest.fixture
def known(fc: Any, write_mbox: Any) -> Any:
    """A home that knows Jo, made a contact by their mails; with a log."""
    fc.done("import", write_mbox("mails.mbox", MAILS))
    fc.done("run", "--once", "--log-file", fc.home / "log", "--log-level", "debug")
    assert fc.json("contacts", "--search", "quirke")
    return fc


def files_with(home: Path, *words: str) -> list[str]:
    """Files of the home in whose bytes one of the words stands."""
    return [
        path.name
        for path in sorted(home.rglob("*"))
        if path.is_file() and any(word in path.read_bytes().decode("latin-1").casefold() for word in words)
    ]


def test_without_yes_it_is_only_said(known: Any) -> None:
    """What would go is said, in the CRM too, and nothing is changed."""
    before = known.rows()
    said = known.done("person", "erase", WHO)
    assert "3 interactions, 2 of them with nobody else" in said.all
    assert "will be asked to delete c-" in said.all
    assert "Nothing was changed. --yes erases them" in said.all
    plan = known.json("person", "erase", WHO)
    assert (plan["keys"], plan["names"], plan["alone"]) == ([WHO, NUMBER], ["Jo Quirke"], 2)
    assert known.rows() == before


def test_export_then_erase(known: Any, write_mbox: Any, tmp_path: Path) -> None:
    """What is held is handed out whole; once they are erased no file of the home has them, the log and the
    address book included, and what comes later is not captured."""
    known.done("person", "export", WHO, "--out", tmp_path / "jo.json")
    held = json.loads((tmp_path / "jo.json").read_text())
    assert held["person"]["handles"] == [WHO, NUMBER]
    assert {"interactions", "decisions", "writes", "participants", "names"} <= held["held"].keys()
    assert held["held"]["interactions"][0]["data"]["participants"][0]["name"] == "Jo Quirke"
    assert len(held["deliveries"]) == 3
    assert "Subject: Jo's plan" in held["deliveries"][0]["text"]
    assert held["crm"][0]["name"] == "Jo Quirke"
    assert files_with(known.home, "quirke")

    (known.home / "ledger.db.before-1").touch()
    said = known.done("person", "erase", WHO, "--yes")

    assert "delete contact" in said.all
    assert "ledger.db.before-1 was put aside by a restore and still has them" in said.all
    assert files_with(known.home, "quirke", "555-0177", "4155550177") == []
    assert known.json("contacts", "--search", "quirke") == []
    again = write_mbox("more.mbox", [*MAILS, {"From": JO, "To": ANA, "Subject": "Jo again", "Date": ""}])
    known.done("import", again)
    assert files_with(known.home, "quirke") == []
    assert known.json("contacts", "--search", "quirke") == []
    late = write_mbox("late.mbox", [{"From": JO, "To": ANA, "Message-ID": "<late@acme.example>"}])
    known.done("import", late)
    assert "erased_person" in {each["reason"] for each in known.json("rejected")}
    assert files_with(known.home, "quirke") == []
    assert known.json("person", "export", WHO)["held"] == {}
    told = known.done("explain", known.json("activities")[0]["interactions"][0], "--history").all
    assert "quirke" not in told.casefold()
    assert "says so" in told or "is on the contact c-" in told
    assert known("person", "erase", WHO).status == 1


def test_a_persons_record_is_left_to_them(known: Any, tmp_path: Path) -> None:
    """A contact that a person made is never deleted: it is said that they have to; what we hold goes."""
    (tmp_path / "people.csv").write_text("id,name,email\np1,Max Vole,max@vole.example\n")
    known.done("import", tmp_path / "people.csv")
    (made,) = known.json("contacts", "--search", "vole")
    said = known.done("person", "erase", "max@vole.example")
    assert f"{made['id']} is not deleted by FirstContact" in said.all
    said = known.done("person", "erase", made["id"], "--yes")
    assert f"{made['id']} was not made by FirstContact" in said.all
    assert known.json("contacts", "--search", "vole")


def test_not_in_the_crm(known: Any) -> None:
    """Where it is said so, the CRM is asked nothing, and the contact stays there."""
    said = known.done("person", "erase", WHO, "--yes", "--not-in-crm")
    assert "delete" not in said.out.partition("Erased")[2].partition("was not")[0]
    assert known.json("contacts", "--search", "quirke")
    assert files_with(known.home, "jo's plan") != []


def test_who_is_nobody(known: Any) -> None:
    """One of ours, and what is no handle, are refused with a sentence."""
    assert "is one of ours" in known("person", "erase", "ana@ruizlaw.example").err
    assert "no address, no number" in known("person", "export", "nobody").err


def test_the_ring_is_lost(known: Any, write_mbox: Any) -> None:
    """Without the key ring nothing is taken in, and it is said what to do; a person may say it is lost."""
    known.done("person", "erase", WHO, "--yes")
    (known.home / "keys" / "ring.json").unlink()
    more = write_mbox("more.mbox", [{"From": JO, "To": ANA, "Message-ID": "<more@acme.example>"}])
    said = known("import", more)
    assert (said.status, "person lost-key" in said.err) == (2, True)
    assert known("person", "lost-key").status == 1
    known.done("person", "lost-key", "--yes")
    known.done("import", more)
    assert known.done("person", "erase", WHO, "--yes").out.startswith("Erased")
    assert files_with(known.home, "quirke") == []
