"""`duplicates`: seen before anything is done, merged when a person says so, refused and taken back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from firstcontact.bootstrap import open_installation
from firstcontact.config import load
from firstcontact.connectors.address_book.people import People


@pytest.fixture
def twice(fc: Any) -> Any:
    """Jo is there twice by us, and Kim by a person and by us, with another spelling."""
    with_contacts(
        fc,
        {"id": "c1", "first_name": "Jo", "last_name": "Diaz", "emails": ["jo@acme.example"],
         "created_by_us": True, "created_at": 1},
        {"id": "c2", "first_name": "Jo", "last_name": "Diaz", "emails": ["jo@acme.example"],
         "created_by_us": True, "created_at": 2},
        {"id": "k1", "first_name": "Kim", "last_name": "Osei", "phones": ["+14155550123"]},
        {"id": "k2", "first_name": "Kim", "last_name": "Osei", "phones": ["+14155550123"],
         "created_by_us": True},
    )  # fmt: skip
    return fc


def with_contacts(fc: Any, *contacts: dict[str, Any]) -> None:
    opened = open_installation(load(fc.home))
    assert opened.address_book is not None
    for contact in contacts:
        People(opened.address_book).add("contact", contact)
    opened.installation.drain()


def ids(fc: Any) -> set[str]:
    with closing(sqlite3.connect(fc.home / "address_book.db")) as book:
        return {id for (id,) in book.execute("SELECT id FROM records WHERE gone = 0")}


def test_nothing_is_there_twice(fc: Any) -> None:
    """Said so, in both forms."""
    assert "No pair waits for a person." in fc.done("duplicates").out
    assert fc.json("duplicates")["pairs"] == []
    assert "Nothing is there twice." in fc.done("duplicates", "preview").out
    assert fc.json("duplicates", "run", "--yes") == {"merged": 0, "asked": 0, "suggested": 0, "cannot": ""}


def test_seen_before_it_is_done(twice: Any) -> None:
    """The preview names both, who stays and why, and writes nothing; without a yes, `run` does nothing."""
    before = twice.rows()
    said = twice.done("duplicates", "preview").all
    assert "Jo Diaz (c2) → Jo Diaz (c1)" in said
    assert "Both have the address jo@acme.example; the names are equal." in said
    assert "1 pair only suggested" in said
    assert "not both are on the same account" in said
    seen = twice.json("duplicates", "preview")
    assert seen["counts"] == {"merges": 1, "asked": 0, "suggestions": 1}
    assert twice.rows() == before
    assert twice("duplicates", "run").status == 3
    assert ids(twice) == {"c1", "c2", "k1", "k2"}


def test_merged_refused_and_taken_back(twice: Any) -> None:
    """What is certain is merged; what is suggested waits for a word; a merge is taken back, and stays so."""
    assert "1 contact merged into others." in twice.done("duplicates", "run", "--yes").out
    assert ids(twice) == {"c1", "k1", "k2"}
    (pair,) = twice.json("duplicates")["pairs"]
    assert {pair["goes"], pair["stays"]} == {"k1", "k2"}
    assert pair["goes"] == "k2"
    assert pair["why"] == "it is likely, not certain"
    assert "k1 and k2 stay two" in twice.done("duplicates", "refuse", "k1", "k2").out
    assert twice.json("duplicates")["pairs"] == []
    assert [one["state"] for one in twice.json("duplicates", "--state", "refused")["pairs"]] == ["refused"]
    assert twice.json("duplicates", "merge", "k1", "k2") == {"goes": "k2", "stays": "k1", "state": "done"}
    assert ids(twice) == {"c1", "k1"}
    assert twice("duplicates", "undo", "c2").status == 3
    assert "never merged again" in twice.done("duplicates", "undo", "c2", "--yes").out
    assert len(ids(twice)) == 3
    assert twice.json("duplicates", "run", "--yes")["merged"] == 0
    assert len(ids(twice)) == 3


def test_merges_that_wait_are_told_where_questions_are(twice: Any) -> None:
    """With `autonomy.merge` on `ask`, `review` and `status` say so, until a person has had their word."""
    assert twice.done("review").out == "Nothing waits for you.\n"
    twice.done("settings", "set", "autonomy.merge", "ask")
    twice.done("duplicates", "run", "--yes")
    assert ids(twice) == {"c1", "c2", "k1", "k2"}
    for word in ("review", "status"):
        assert "1 merge for you: `firstcontact duplicates`." in twice.done(word).out
    assert "Nothing waits" not in twice.done("review").out
    assert "nothing waits" not in twice.done("status").out
    assert twice.json("status")["merges_waiting"] == 1
    twice.done("duplicates", "merge", "c1", "c2")
    assert twice.done("review").out == "Nothing waits for you.\n"
    assert twice.json("status")["merges_waiting"] == 0


def test_what_is_no_pair(twice: Any) -> None:
    """A record that is not there, one with itself, two of people, and a merge that never was: one sentence
    each."""
    with_contacts(twice, {"id": "k3", "first_name": "Kim", "last_name": "Osei"})
    for words, sentence in (
        (("merge", "c1", "nobody"), "there is no contact nobody"),
        (("merge", "c1", "c1"), "can't be merged into itself"),
        (("merge", "k1", "k3"), "merge them in the CRM"),
        (("undo", "c1", "--yes"), "no merge of c1 can be taken back"),
    ):
        said = twice("duplicates", *words)
        assert said.status == 2
        assert sentence in said.all


def test_what_several_contacts_bear_is_a_report(twice: Any) -> None:
    """Every shared address and number with its contacts, whoever made them, as text, JSON and CSV."""
    said = twice.done("report", "shared").out
    assert "jo@acme.example: Jo Diaz (c1), Jo Diaz (c2)" in said
    assert "2 handles with several contacts." in said
    shown = {
        one["handle"]: [each["id"] for each in one["contacts"]] for one in twice.json("report", "shared")
    }
    assert shown == {"+14155550123": ["k1", "k2"], "jo@acme.example": ["c1", "c2"]}
    assert twice.done("report", "shared", "--csv").out.count("jo@acme.example") == 2
