"""What is on its way to the CRM counts as sent until its answers are kept, whoever looks."""

from __future__ import annotations

import pytest
from ledger_facts import CRM, change, log
from sqlalchemy import Connection, select

from firstcontact.ledger import holding, reading, under_way, writing
from firstcontact.ledger.sharding import ALL
from firstcontact.ledger.tables import writes


def rows(tx: Connection) -> dict[str, str]:
    """The states as the writes' own rows say them."""
    return {row.key: row.state for row in tx.execute(select(writes.c.key, writes.c.state))}


def due(tx: Connection) -> dict[str, str]:
    """The states of what is due, as a worker is told."""
    return {each.write.key: each.state for each in writing.due_writes(tx, CRM, 9, 10)}


@pytest.fixture
def two(tx: Connection) -> Connection:
    """Two intended writes, of which one is under way."""
    writing.intend(tx, CRM, [log("a", "i1"), log("b", "i2")], 1)
    under_way.begin(tx, "one", ["a"])
    return tx


def test_whoever_comes_next_is_told_that_it_was_sent(two: Connection) -> None:
    """A worker that went away in the middle of a call leaves what it was sending, and only that, as sent."""
    assert due(two) == {"a": "sent", "b": "intended"}
    (told,) = reading.writes_of(two, "i1")
    assert told.state == "sent"


def test_answers_end_it(two: Connection) -> None:
    """What was answered is as its mark says; what was not stays sent."""
    under_way.begin(two, "two", ["b"])
    writing.mark(two, [("a", "intended", 5, "try again")])
    under_way.end(two, "one")
    under_way.end(two, "two", ["b"])
    assert due(two) == {"a": "intended", "b": "sent"}
    assert under_way.keys(two) == frozenset()


def test_the_next_call_forgets_nothing_of_the_last(two: Connection) -> None:
    """A worker whose answers could not be kept, and which goes on, has not unsent what it sent."""
    under_way.begin(two, "one", ["b"])
    assert (due(two), rows(two)["a"]) == ({"a": "sent", "b": "sent"}, "sent")
    under_way.end(two, "one")
    assert due(two) == {"a": "sent", "b": "intended"}


def test_who_takes_it_up_again_writes_it_down(two: Connection) -> None:
    """Its row says from there on that it was sent; the call of the worker that is gone is over."""
    under_way.settle(two, ["b"])
    assert rows(two) == {"a": "intended", "b": "intended"}
    under_way.settle(two, ["a"])
    assert rows(two) == {"a": "sent", "b": "intended"}
    assert under_way.keys(two) == frozenset()


def test_what_ended_meanwhile_stays_ended(two: Connection) -> None:
    """A call that is given up makes nothing of it sent again."""
    writing.mark(two, [("a", "dropped", None, "overtaken")])
    under_way.settle(two, ["a"])
    assert rows(two)["a"] == "dropped"


def test_a_change_does_not_go_into_what_is_being_sent(two: Connection) -> None:
    """The activity may arrive with the old fields: the change is a write of its own."""
    update = change("u", "a", "new", "body")
    assert writing.overtake(two, {"a": update}, 9) == [update]
    assert writing.overtake(two, {"b": change("v", "b", "new", "body")}, 9) == []


def test_set_aside_it_is_unclear(two: Connection) -> None:
    """Whether it arrived is for a person to say."""
    writing.set_aside(two, "a", "fault")
    writing.set_aside(two, "b", "fault")
    assert rows(two) == {"a": "unclear", "b": "parked"}


def test_held_back_it_is_looked_for_later(two: Connection) -> None:
    """Of a read-only connection, what was not sent is held, and what was sent is not."""
    holding.hold_back(two, CRM, 9, ALL)
    assert rows(two) == {"a": "sent", "b": "held"}
