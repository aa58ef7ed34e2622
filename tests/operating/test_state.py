"""How the ledger stands, asked through small indexes, on both databases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, event

from firstcontact.ledger import connecting
from firstcontact.ledger.again import backoff
from firstcontact.ledger.tables import decisions, deliveries, reviews, writes
from firstcontact.operating.state import Silence, state
from firstcontact.store.engine import begin, read


def test_the_state_of_an_empty_ledger(ledger_engine: Engine) -> None:
    """Where nothing ever happened, every lane is there and empty, and the connection is open."""
    with read(ledger_engine) as tx:
        empty = state(tx, "clio", 1_000_000)
    assert [(lane.stage, lane.due, lane.later, lane.age, lane.last) for lane in empty.lanes] == [
        ("understand", 0, 0, 0, 0), ("decide", 0, 0, 0, 0), ("carry_out", 0, 0, 0, 0)
    ]  # fmt: skip
    assert empty.stuck == ()
    assert [(each.connection, each.paused_at) for each in empty.connections] == [("clio", None)]
    assert (empty.workers, empty.lapsed, empty.questions, empty.newest) == ({"clio": 0}, {"clio": 0}, 0, 0)


def _fill(tx: Connection) -> None:
    for digest, received, due, problem in ((b"a", 7, 4, ""), (b"b", 9, None, "fault"), (b"c", 1, 20, "")):
        row: dict[str, Any] = {
            "digest": digest, "source": "s", "place": "p", "captured_from": "",
            "received_at": received * 10**6, "interactions": 0, "live": 1, "shard": 0,
            "due_at": due and due * 10**6, "problem": problem,
        }  # fmt: skip
        tx.execute(deliveries.insert(), row)
    for key, connection, kind, stands, due in (
        ("1", "clio", "create_contact", "parked", None), ("2", "clio", "create_contact", "parked", None),
        ("3", "clio", "log_activity", "held", None), ("4", "zoho", "log_activity", "unclear", None),
        ("5", "zoho", "log_activity", "intended", 10**6), ("6", "clio", "log_activity", "done", None),
    ):  # fmt: skip
        row = {
            "key": key, "connection": connection, "interaction": "i", "kind": kind, "subject": "",
            "state": stands, "shard": 0, "due_at": due, "attempts": 0, "at": 1, "record": "", "created": 0,
            "problem": "", "data": b"",
        }  # fmt: skip
        tx.execute(writes.insert(), row)
    row = {"interaction": "i", "at": 8, "settings_version": "v", "context": "c", "data": b""}
    tx.execute(decisions.insert(), row)
    for about, stands in (("a", "open"), ("b", "settled")):
        row = {
            "interaction": "i", "about": about, "reason": "r", "reasons": "r", "candidates": "",
            "state": stands, "opened_at": 1,
        }  # fmt: skip
        tx.execute(reviews.insert(), row)


def test_the_state_counts_what_is_there(ledger_engine: Engine) -> None:
    """Due, later, age, stuck by cause and connection, and open questions, on either database."""
    with begin(ledger_engine) as tx:
        _fill(tx)
    with read(ledger_engine) as tx:
        found = state(tx, "clio", 10_000_000)
    lanes = {
        (lane.connection, lane.stage): (lane.due, lane.later, lane.age, lane.last) for lane in found.lanes
    }
    assert lanes == {
        ("clio", "understand"): (1, 1, 6.0, 20_000_000),
        ("clio", "decide"): (0, 0, 0.0, 0),
        ("clio", "carry_out"): (0, 0, 0.0, 0),
        ("zoho", "carry_out"): (1, 0, 9.0, 0),
    }
    stuck = {(each.connection, each.kind, each.cause): each.count for each in found.stuck}
    assert stuck == {
        ("clio", "delivery", "fault"): 1,
        ("clio", "create_contact", "parked"): 2,
        ("clio", "log_activity", "held"): 1,
        ("zoho", "log_activity", "unclear"): 1,
    }
    assert (found.questions, found.newest) == (1, 9_000_000)


def test_since_when_a_crm_is_silent(ledger_engine: Engine) -> None:
    """What was tried in vain tells since when, by the waits between; a CRM that asked for it, a lapsed
    permission and an empty bucket are no silence."""
    tried, now = 3, 10**12
    waits = [backoff(number, "w") for number in range(tried)]
    row: dict[str, Any] = {
        "key": "w", "connection": "clio", "interaction": "i", "kind": "log_activity", "subject": "",
        "state": "sent", "shard": 0, "due_at": now + 5, "attempts": tried, "at": 1, "record": "",
        "created": 0, "problem": "", "data": b"",
    }  # fmt: skip
    with begin(ledger_engine) as tx:
        tx.execute(writes.insert(), row)
        tx.execute(writes.insert(), {**row, "key": "v", "attempts": 0})
        tx.execute(writes.insert(), {**row, "key": "u", "due_at": None})
    with read(ledger_engine) as tx:
        assert state(tx, "clio", now).silences == (
            Silence(connection="clio", writes=1, since=now + 5 - sum(waits)),
        )
    excuses: tuple[dict[str, Any], ...] = (
        {"blocked_until": now + 1}, {"paused_at": 1, "blocked_until": 0},
        {"paused_at": None, "tokens": 10, "filled_at": now - 1},
    )  # fmt: skip
    for excuse in excuses:
        with begin(ledger_engine) as tx:
            connecting.change(tx, "clio", **excuse)
            assert state(tx, "clio", now).silences == ()


def test_asking_for_the_state_reads_no_whole_table(ledger_engine: Engine) -> None:
    """Every query of the state goes through an index, so that it is as quick on a ledger of millions."""
    asked: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, ___: Any, ____: Any) -> None:
        asked.append((statement, parameters))

    event.listen(ledger_engine, "before_cursor_execute", note)
    with read(ledger_engine) as tx:
        state(tx, "clio", 10_000_000)
    event.remove(ledger_engine, "before_cursor_execute", note)
    small = ("FROM connections", "FROM lanes")
    queries = [(sql, values) for sql, values in asked if " FROM " in sql.replace("\n", " ")]
    assert len(queries) > 6
    with read(ledger_engine) as tx:
        for sql, values in queries:
            one_line = " ".join(sql.split())
            if any(table in one_line for table in small):
                continue  # a row for each connection, and one for each of its lanes
            if ledger_engine.dialect.name == "sqlite":
                rows = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all()
                plan = [str(row[3]) for row in rows]
                scans = [step for step in plan if step.startswith("SCAN") and "INDEX" not in step]
                assert [s for s in scans if s != "SCAN decisions" and "CONSTANT" not in s] == [], (
                    one_line,
                    plan,
                )
            else:
                tx.exec_driver_sql("SET LOCAL enable_seqscan = off")
                plan = [str(row[0]) for row in tx.exec_driver_sql(f"EXPLAIN {sql}", values)]
                assert not any("Seq Scan" in step for step in plan), (one_line, plan)
