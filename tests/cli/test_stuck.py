"""`stuck`: what can't go on is shown by cause with the next step, and goes on when a person says so."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest


@pytest.fixture
def held(fc: Any, strangers: Any) -> Any:
    """Three creations that a brake holds."""
    fc.done("settings", "set", "brakes.creates_per_hour", "1")
    assert fc("import", strangers("s.mbox", 3)).status == 3
    return fc


def change(fc: Any, sql: str) -> None:
    """Put the ledger into a state that a CRM, or a fault, would have brought about."""
    with closing(sqlite3.connect(fc.home / "ledger.db")) as ledger, ledger:
        ledger.execute(sql)


def test_nothing_is_stuck(fc: Any) -> None:
    """Said so, in both forms."""
    assert fc.done("stuck").out == "Nothing is stuck.\n"
    assert fc.json("stuck") == []


def test_what_a_brake_holds(held: Any) -> None:
    """How many, since when, and what lets them go; a retry does not."""
    said = held.done("stuck").out
    assert "held by a brake" in said
    assert "firstcontact brake release" in said
    assert held.json("stuck", "retry", "--all")["tried"] == 0
    assert {one["cause"] for one in held.json("stuck")} == {"held"}
    held.done("brake", "release")
    assert held.done("stuck").out == "Nothing is stuck.\n"


def test_refused_writes_go_on_one_by_one_or_all(held: Any) -> None:
    """The CRM's words stand with what to do; one goes on by its key, the rest by their cause, and what built
    on them with them."""
    refused = "UPDATE writes SET state = 'parked', problem = 'Title is required. (title)' WHERE kind = "
    change(held, f"{refused} 'create_contact'")
    held.done("brake", "release")
    said = held.done("stuck").out
    assert "3 things refused by the CRM, and 6 writes that build on them" in said
    assert "create contact: Title is required. (title)" in said
    assert "firstcontact stuck retry --cause refused" in " ".join(said.split())
    one, *_ = held.json("stuck", "--cause", "refused")
    assert one["problem"] == "Title is required. (title)"
    assert one["waiting"] == 2
    assert one["key"] in held.done("stuck", "--each").out
    assert held.json("stuck", "retry", one["key"]) == {"tried": 1, "written": 3, "stuck": 2}
    assert held.json("stuck", "retry", "--cause", "refused") == {"tried": 2, "written": 6, "stuck": 0}
    assert len(held.json("activities")) == 6


def test_what_is_unclear_is_settled(held: Any) -> None:
    """Where it is in the CRM, it is done under its id; where it is not, it is sent again."""
    held.done("brake", "release")
    change(held, "UPDATE writes SET state = 'unclear', record = '' WHERE kind = 'log_activity' AND key IN "
           "(SELECT key FROM writes WHERE kind = 'log_activity' LIMIT 3)")  # fmt: skip
    assert "can't be asked whether it arrived" in held.done("stuck").out
    keys = [one["key"] for one in held.json("stuck", "--cause", "unclear")]
    held.done("stuck", "settle", keys[0], "--record", "a-1")
    held.done("stuck", "settle", keys[1], "--not-there")
    assert [one["key"] for one in held.json("stuck")] == [keys[2]]
    wrong = held("stuck", "settle", keys[0], "--not-there")
    assert wrong.status == 2
    assert "no stuck write has the key" in wrong.err


def test_what_the_program_fails_at(held: Any) -> None:
    """It is shown as a fault of the program, and tried again after an upgrade."""
    change(held, "UPDATE interactions SET problem = 'The program failed at this: KeyError: 1' WHERE at = "
           "(SELECT min(at) FROM interactions)")  # fmt: skip
    said = held.done("stuck", "--cause", "fault").out
    assert "KeyError: 1" in said
    assert held.json("stuck", "retry", "--cause", "fault")["tried"] == 1
    assert held.json("stuck", "--cause", "fault") == []


def test_a_paused_connection(fc: Any) -> None:
    """Who paused it and why is said until a person resumes it; meanwhile nothing is sent."""
    change(fc, "INSERT INTO connections VALUES ('address_book', 1767600000000000, 'The token was revoked.', "
           "0, 0, 0, -1, -1)")  # fmt: skip
    assert "paused since" in fc.done("stuck").out
    assert fc("run", "--once").err.startswith("The token was revoked. `firstcontact connect` logs in again")
    assert fc.json("stuck", "resume")["resumed"] is True
    assert fc.json("stuck", "resume")["resumed"] is False
    fc.done("run", "--once")


def test_wrong_words_are_said(fc: Any) -> None:
    """A key that is none, and a retry of nothing in particular."""
    assert "nothing stuck has the key nonsense" in fc("stuck", "retry", "nonsense").err
    assert "say what" in fc("stuck", "retry").err
    assert "either --record ID or --not-there" in fc("stuck", "settle", "k").err
