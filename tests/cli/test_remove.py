"""`remove`, the search of `log` and `report created`, as their users call them."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest


@pytest.fixture
def firm(fc: Any, strangers: Any) -> Any:
    """Three strangers wrote and were answered; they are contacts."""
    fc.done("import", strangers("s.mbox", 3))
    assert len(fc.json("contacts")) == 3
    return fc


def test_a_preview_needs_a_yes(firm: Any) -> None:
    """Without anybody to ask, nothing is done, and what would be done is said; with --yes it is done."""
    who = firm.json("contacts")[0]["emails"][0]
    said = firm("remove", "contact", who)
    assert said.status == 3
    assert "contact: to be taken away" in said.all
    assert "add --yes" in said.all
    assert len(firm.json("contacts")) == 3
    assert firm.json("remove", "contact", who)["done"] is False
    assert "taken back" in firm.done("remove", "contact", who, "--yes", "--by", "Ana").all
    assert len(firm.json("contacts")) == 2
    assert firm("remove", "contact", who, "--yes").status == 2
    rows = firm.json("remove", "list")
    assert {(row["state"], row["by"]) for row in rows} == {("done", "Ana")}
    assert "removed" in firm.done("remove", "list").out


def test_an_activity_and_an_interaction(firm: Any) -> None:
    """By the id of the interaction, which the log tells."""
    entries = firm.json("log")["entries"]
    logged = next(each for each in entries if each["activity"] == "log")
    before = len(firm.json("activities"))
    done = firm.json("remove", "activity", logged["interaction"], "--yes")
    assert done["counts"]["delete"]["log_activity"] == 1
    assert len(firm.json("activities")) == before - 1
    assert firm("remove", "activity", "nothing").status == 2
    assert firm("remove", "interaction", logged["interaction"], "--yes").status in (0, 3)


def test_many_writes(firm: Any) -> None:
    """By reason, user, settings or span; what names nobody and nothing is refused."""
    assert firm("remove", "writes").status == 2
    assert firm("remove", "writes", "--user", "nobody").status == 2
    assert firm("remove", "writes", "--settings", "ffff").status == 2
    assert "Nothing is there" in firm.done("remove", "writes", "--until", "2001-01-01").out
    done = firm.json("remove", "writes", "--since", "2001-01-01", "--yes")
    assert done["counts"]["delete"]["create_contact"] == 3
    assert firm.json("contacts") == []
    assert firm.json("activities") == []


def test_the_log_is_searched(firm: Any) -> None:
    """By person, reason, user, kind, outcome and time; pages hang together; nothing found is said."""
    everything = firm.json("log", "--limit", 1000)["entries"]
    assert len(everything) == 6
    pages: list[str] = []
    after = ""
    while True:
        page = firm.json("log", "--limit", 2, *(["--after", after] if after else []))
        pages += [each["interaction"] for each in page["entries"]]
        after = page["next"]
        if not after:
            break
    assert pages == [each["interaction"] for each in everything]
    contact = firm.json("contacts")[0]
    for who in (contact["emails"][0], contact["id"], contact["name"]):
        theirs = firm.json("log", "--person", who)["entries"]
        assert len(theirs) == 2, who
        assert {person["about"] for each in theirs for person in each["people"]} == {contact["emails"][0]}
    assert len(firm.json("log", "--rule", "unknown_contact")["entries"]) > 0
    assert firm.json("log", "--rule", "blocked")["entries"] == []
    assert len(firm.json("log", "--kind", "email", "--outcome", "done")["entries"]) == 6
    assert firm.json("log", "--kind", "fax")["entries"] == []
    assert len(firm.json("log", "--outcome", "create")["entries"]) > 0
    assert firm.json("log", "--until", "2001-01-01")["entries"] == []
    assert "create contact" in firm.done("log").out
    assert "Nothing like that" in firm.done("log", "--kind", "fax").out
    assert firm("log", "--person", "Nobody Known").status == 2
    assert firm("log", "--after", "nowhere").status == 2
    assert firm("log", "call-1", "--kind", "fax").status == 2
    assert firm("log", "--first", "Jo").status == 2


def test_what_was_created_is_counted_and_listed(firm: Any, tmp_path: Any) -> None:
    """Counts by reason, user and day; a line each; CSV with a header that a spreadsheet can take."""
    counts = firm.json("report", "created")
    assert counts["contacts"] == 3
    assert sum(counts["by_day"].values()) == 3
    assert set(counts["by_user"]) == {"ana-ruiz"}
    assert "unknown_contact:create" in counts["by_rule"]
    assert "3 contacts created by FirstContact." in firm.done("report", "created").out
    assert len(firm.json("report", "created", "--list")) == 3
    rows = list(csv.reader(io.StringIO(firm.done("report", "created", "--csv", "-").out)))
    assert len(rows) == 4
    firm.done("report", "created", "--csv", tmp_path / "made.csv")
    assert list(csv.reader((tmp_path / "made.csv").open(newline=""))) == rows
    assert firm("report", "created", "--csv", "-", "--list").status == 2
    assert firm.json("report", "created", "--until", "2001-01-01")["contacts"] == 0
    who = firm.json("contacts")[0]["emails"][0]
    firm.done("remove", "contact", who, "--yes")
    assert firm.json("report", "created", "--ask")["since"] == {"removed": 1}
    assert firm.json("report", "created")["since"] == {"removed": 1}


def test_no_cell_is_a_formula(fc: Any, tmp_path: Any) -> None:
    """A name or number that a spreadsheet would compute begins with an apostrophe."""
    call = {
        "id": "call-1", "kind": "call", "direction": "inbound", "result": "missed", "seconds": 0,
        "at": "2026-03-02T10:00:00Z", "from": "+14155550123", "to": "+14155550100",
    }  # fmt: skip
    (tmp_path / "calls.jsonl").write_text(json.dumps(call) + "\n")
    fc.done("import", tmp_path / "calls.jsonl")
    (entry,) = fc.json("log")["entries"]
    fc.done("log", entry["interaction"], "--first", "=1+1", "--last", "Cell")
    (_, row) = csv.reader(io.StringIO(fc.done("report", "created", "--csv", "-").out))
    assert row[2:4] == ["'=1+1 Cell", "'+14155550123"]
