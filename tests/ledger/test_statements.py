"""Statements that are spelled out once mean on both databases what they say, for lists of any length."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, bindparam, delete, event, func, select, update

from firstcontact.ledger.tables import deliveries, facts
from firstcontact.store.statements import (
    CHUNK,
    FEW,
    LARGE,
    ROWS,
    Statement,
    insert,
    insert_new,
    upsert,
    values,
)

NAMED = Statement(select(facts.c.name, facts.c.value).where(facts.c.name.in_(values("names"))))
LISTED = Statement(
    select(facts.c.name).where(
        facts.c.name.in_(values("names")),
        facts.c.value.in_(("old", "older")),
        facts.c.value != bindparam("but"),
    )
)
DIGESTS = Statement(select(deliveries.c.digest).where(deliveries.c.digest.in_(values("digests"))))
SET = Statement(update(facts).where(facts.c.name.in_(values("names"))).values(value=bindparam("to")))
SET_EACH = Statement(update(facts).where(facts.c.name == bindparam("_name")).values(value=bindparam("to")))
REMOVE_EACH = Statement(delete(facts).where(facts.c.name == bindparam("_name")))
REMOVE = Statement(delete(facts).where(facts.c.name.in_(values("names"))))


def count(tx: Connection, value: str) -> int:
    return tx.scalar(select(func.count()).select_from(facts).where(facts.c.value == value)) or 0


@pytest.mark.parametrize("length", [1, 2, 3, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 7])
def test_a_list_of_any_length_is_gone_through_once(tx: Connection, length: int) -> None:
    """Each value is asked for once, however many there are and however the list is cut."""
    names = [f"n{number}" for number in range(length)]
    insert(tx, facts, [{"name": name, "value": "old"} for name in [*names, "other"]])
    assert sorted(NAMED.rows(tx, names=names)) == sorted((name, "old") for name in names)
    assert SET.run(tx, names=set(names), to="new") == length
    assert (count(tx, "new"), count(tx, "old")) == (length, 1)
    assert REMOVE.run(tx, names=dict.fromkeys(names)) == length
    assert NAMED.rows(tx, names=["other", *names]) == [("other", "old")]


def test_a_list_of_any_length_is_the_same_text(tx: Connection) -> None:
    """So a connection keeps one prepared statement, not one for each length."""
    asked: set[str] = set()
    event.listen(tx, "before_cursor_execute", lambda *given: asked.add(given[2]))
    for length in (1, 2, 3, 9, CHUNK):
        NAMED.rows(tx, names=[f"n{number}" for number in range(length)])
    assert len(asked) == 1


@pytest.mark.parametrize("length", [1, 2, 3, CHUNK + 1])
def test_bytes_are_found_by_a_list_of_them(tx: Connection, length: int) -> None:
    """Which no JSON holds."""
    row = {column.name: "" for column in deliveries.columns if column.name != "id"} | {
        "received_at": 0, "interactions": 0, "live": 0, "shard": 0, "due_at": None, "raw": None
    }  # fmt: skip
    digests = [b"\xff\x00%d" % number for number in range(length)]
    insert(tx, deliveries, [{**row, "digest": digest} for digest in [*digests, b"\xff"]])
    assert sorted(DIGESTS.rows(tx, digests=digests)) == sorted((digest,) for digest in digests)


def test_an_empty_list_asks_nothing(tx: Connection) -> None:
    """No row is found, changed or removed."""
    insert(tx, facts, [{"name": "n", "value": "old"}])
    assert (NAMED.rows(tx, names=[]), SET.run(tx, names=(), to="new"), REMOVE.run(tx, names=set())) == (
        [],
        0,
        0,
    )
    assert count(tx, "old") == 1


def test_a_statement_keeps_the_values_of_its_own(tx: Connection) -> None:
    """A list and a value that stand in the statement stay beside those that are given each time."""
    said = {"a": "old", "b": "older", "c": "new"}
    insert(tx, facts, [{"name": name, "value": value} for name, value in said.items()])
    assert sorted(LISTED.rows(tx, names=list(said), but="")) == [("a",), ("b",)]
    assert LISTED.rows(tx, names=list(said), but="older") == [("a",)]


def test_rows_are_changed_one_by_one(tx: Connection) -> None:
    """Each with its own values; no rows change nothing."""
    insert(tx, facts, [{"name": name, "value": "old"} for name in "abc"])
    SET_EACH.run_each(tx, [{"_name": name, "to": f"of {name}"} for name in "ab"])
    SET_EACH.run_each(tx, [])
    assert sorted(NAMED.rows(tx, names="abc")) == [("a", "of a"), ("b", "of b"), ("c", "old")]


@pytest.mark.parametrize("length", [FEW - 1, FEW, ROWS + FEW])
def test_many_rows_are_as_good_as_one(tx: Connection, length: int) -> None:
    """However many rows go to the database at once, each is inserted, left, changed or removed by itself."""
    rows = [{"name": f"n{number}", "value": f"{number}"} for number in range(length)]
    insert(tx, facts, rows[1:])
    insert_new(tx, facts, [{**row, "value": "again"} for row in rows])
    assert sorted(NAMED.rows(tx, names=["n0", "n1"])) == [("n0", "again"), ("n1", "1")]
    upsert(tx, facts, [{**row, "value": "upsert"} for row in rows])
    assert count(tx, "upsert") == length
    SET_EACH.run_each(tx, [{"_name": row["name"], "to": f"of {row['name']}"} for row in rows[1:]])
    assert sorted(NAMED.rows(tx, names=["n0", "n5"])) == [("n0", "upsert"), ("n5", "of n5")]
    REMOVE_EACH.run_each(tx, [{"_name": row["name"]} for row in rows[1:]])
    assert tx.scalar(select(func.count()).select_from(facts)) == 1


def test_the_last_of_two_rows_stays(tx: Connection) -> None:
    """Also where both come in one go, among many."""
    rows = [{"name": f"n{number % 9}", "value": f"{number}"} for number in range(2 * FEW)]
    upsert(tx, facts, rows)
    assert dict(NAMED.rows(tx, names=["n0", "n8"])) == {"n0": "9", "n8": "8"}


@pytest.mark.parametrize("raw", [b"", bytes(range(256)), b"x" * (LARGE + 1), None])
def test_bytes_and_nothing_stay_what_they_are(tx: Connection, raw: bytes | None) -> None:
    """Of any length, among many rows."""
    row = {column.name: "" for column in deliveries.columns if column.name != "id"} | {
        "received_at": -(2**60), "interactions": 0, "live": 0, "shard": 0, "due_at": None, "raw": raw
    }  # fmt: skip
    insert(tx, deliveries, [{**row, "digest": b"d%d" % number} for number in range(2 * FEW)])
    kept = tx.execute(select(deliveries.c.raw, deliveries.c.due_at, deliveries.c.received_at)).all()
    assert kept == [(raw, None, -(2**60))] * 2 * FEW


def test_a_nul_stops_nothing(tx: Connection) -> None:
    """A text with a NUL character, which PostgreSQL cannot keep, does not keep the others out."""
    insert(tx, facts, [{"name": f"n{number}", "value": "a\0b"} for number in range(FEW)])
    SET_EACH.run_each(tx, [{"_name": f"n{number}", "to": "c\0d"} for number in range(FEW)])
    kept = "c\0d" if tx.dialect.name == "sqlite" else "c\N{REPLACEMENT CHARACTER}d"
    assert count(tx, kept) == FEW


def test_a_nul_in_a_list_is_no_end_of_it(tx: Connection) -> None:
    """Two names that differ only behind it are two; PostgreSQL has no such names."""
    if tx.dialect.name == "sqlite":
        insert(tx, facts, [{"name": name, "value": name} for name in ("a", "a\0b", "a\0c")])
        assert NAMED.rows(tx, names=["a\0c"]) == [("a\0c", "a\0c")]


def test_texts_reach_the_database_as_they_are(tx: Connection) -> None:
    """Whatever a value looks like, it is no part of the statement."""
    names = ["%s", "%(names)s", "?", "'; --", "a\\b", "{", "\N{PILE OF POO}"]
    names += [f"{name} {number}" for number in range(2) for name in names]
    insert_new(tx, facts, [{"name": name, "value": "%"} for name in names])
    assert sorted(NAMED.rows(tx, names=names)) == sorted((name, "%") for name in names)
