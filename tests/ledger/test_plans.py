"""Every statement of the hot path finds its rows by an index, in a ledger that has lived for a while.

The statements are those that the program really sends: a grown installation takes in deliveries, decides
them, writes, polls, leases lanes, lists pages, while each database tells how it goes about each statement.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select

from firstcontact.connectors.address_book import tables as crm
from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.flow.installation import Installation
from firstcontact.flow.undo import Chosen, preview, remove
from firstcontact.ledger import (
    created,
    engagement,
    intake,
    lanes_due,
    news,
    reading,
    reviewing,
    tables,
    undoing,
    writing,
)
from firstcontact.ledger.engagement import Wanted
from firstcontact.ledger.stuck import stuck
from firstcontact.policy.scopes import SettingsBook
from firstcontact.store.engine import open_engine
from firstcontact.testing import grown
from firstcontact.testing.postgres import Server

TIMES = 40
"""Forty thousand interactions."""

MANY = 6000
"""Rows that one step of a plan may come by; a batch is five hundred interactions, and a page of the CRM's
change feed as many records."""

FEW = 2000
"""Rows of which reading all is no worse than an index: some pages."""

NEW = 12

TEAM = {
    "region": "US",
    "domains": ["northwind.example"],
    "users": [{"name": "Ana Ruiz", "emails": [grown.OURS[1]], "phones": [grown.OURS[0]]}],
}
SETTINGS = {"preset": "standard", "engagement": "any", "brakes": {"creates_per_hour": 1_000_000}}


def hot_path(installation: Installation) -> None:
    """What is done again and again while an installation runs."""
    ledger, connection = installation.ledger, installation.crm.connection
    callers = [f"+1415555{1000 + number}" for number in range(NEW)]
    installation.accept([grown.delivery(f"new-{n}", caller) for n, caller in enumerate(callers)])
    installation.accept([grown.delivery(f"more-{n}", caller) for n, caller in enumerate(callers)], live=False)
    installation.take([each for each in grown.life(50) if each.id.startswith("mail")])
    installation.waiting()
    installation.due()
    lease = installation.lanes.claim()
    assert lease is not None
    done = installation.drain(lease)
    assert done.decided >= 2 * NEW
    assert done.written >= 2 * NEW
    assert done.aside == 0
    installation.lanes.renew(lease)
    installation.lanes.release(lease)
    with ledger.read() as tx:
        lanes_due.shards_due(tx, connection, grown.AT)
        lanes_due.next_due(tx, connection, range(4))
        lanes_due.count_due(tx, connection, grown.AT)
        writing.held(tx)
        reading.stuck(tx, 50)
        stuck(tx, 50)
        reviewing.open_reviews(tx, 50)
        reading.rejected(tx, 50)
        reading.interactions_of(tx, callers[0])
        reading.writes_of(tx, "new-0")
        next(reading.decided(tx, grown.AT - 3_600_000_000, grown.AT, 50))
        news.newest(tx)
        intake.imports_due(tx, grown.AT)
    _looked_at(installation, callers[0])
    review = installation.open_reviews()[0]
    installation.rule(review.interaction, review.about, choose=review.candidates[0], by="ana-ruiz")
    installation.drain()
    installation.retain()


def _looked_at(installation: Installation, caller: str) -> None:
    """What people look for in the engagement log, and take back."""
    with installation.ledger.read() as tx:
        version = installation.book.version
        for wanted in (
            Wanted(), Wanted(keys=(caller,)), Wanted(rule="unknown_contact"), Wanted(rule="blocked"),
            Wanted(kind="fax"), Wanted(kind="call", activity="log"), Wanted(user="ana-ruiz"),
            Wanted(user="bo"), Wanted(settings_version=version),
            Wanted(settings_version="none", earlier=True),
            Wanted(settings_version=version, earlier=True), Wanted(state="parked"), Wanted(state="waiting"),
            Wanted(state="intended"), Wanted(state="done"), Wanted(state="dropped"), Wanted(verdict="ask"),
            Wanted(since=grown.AT - 3_600_000_000, until=grown.AT),
        ):  # fmt: skip
            found = engagement.search(tx, wanted, 50)
            if found:
                engagement.search(tx, wanted, 50, (found[-1].at, found[-1].interaction))
        engagement.keys_named(tx, "Jo", "Osei")
        undoing.settings_named(tx, version[:4])
        created.created(tx, installation.crm.connection, grown.AT - 3_600_000_000, grown.AT)
    for chosen in (Chosen(contact=caller), Chosen(activity="new-0"), Chosen(interaction="new-0")):
        preview(installation, chosen)
    preview(installation, Chosen(rule="unknown_contact", since=grown.AT))
    remove(installation, Chosen(contact=caller), "ana-ruiz")
    installation.drain()


# --- SQLite ---------------------------------------------------------------------------------------


SCANNED = re.compile(r"^SCAN (\w+)")

SMALL_BY_INDEX = frozenset(
    {"interactions_due", "deliveries_due", "writes_due", "interactions_stuck", "deliveries_stuck",
     "writes_stopped", "reviews_open", "writes_waiting"}
)  # fmt: skip
"""Indexes of what is due, stopped or asked now, and no more: reading one from end to end is a look at the
work in hand."""


def _told(engines: list[Engine], work: Callable[[], None]) -> dict[str, tuple[Engine, str]]:
    """Every statement that `work` sends to SQLite, each once, with its values in place."""
    sent: dict[str, tuple[Engine, str]] = {}

    def listen(engine: Engine) -> None:
        def note(connection: sqlite3.Connection, *_: Any) -> None:
            connection.set_trace_callback(
                lambda sql: sent.setdefault(re.sub(r"'[^']*'|\d+", "?", sql)[:400], (engine, sql))
            )

        event.listen(engine, "connect", note)

    for engine in engines:
        engine.dispose()
        listen(engine)
    work()
    return sent


def _plan(engine: Engine, sql: str) -> list[str]:
    """The plan that SQLite makes for the statement with these values."""
    bare = sqlite3.connect(str(engine.url.database))
    try:
        return [str(row[3]) for row in bare.execute(f"EXPLAIN QUERY PLAN {sql}")]
    finally:
        bare.close()


NEWEST = re.compile(r"ORDER BY \w+\.id DESC\s+LIMIT")
"""The newest few by their number are read from the table's end."""


def _lite_fault(step: str, sql: str) -> str:
    scanned = SCANNED.match(step)
    if scanned and scanned[1] in ("decisions", "rejections") and NEWEST.search(sql):
        return ""
    if scanned and scanned[1] in grown.GROWING and not any(name in step for name in SMALL_BY_INDEX):
        return step
    return ""


def test_sqlite_scans_no_table_that_grows(tmp_path: Path) -> None:
    """On SQLite no statement of the hot path reads a growing table from end to end."""
    engines = [open_engine(tmp_path / "ledger.db"), open_engine(tmp_path / "book.db")]
    installation = _grown(*engines)
    sent = _told(engines, lambda: hot_path(installation))
    statements = [each for each in sent.values() if re.match(r"\s*(SELECT|UPDATE|DELETE|WITH)", each[1])]
    assert len(statements) > 60
    faults = {
        f"{fault}: {' '.join(sql.split())[:300]}"
        for engine, sql in statements
        for step in _plan(engine, sql)
        if (fault := _lite_fault(step, sql))
    }
    assert not faults, "\n".join(sorted(faults))


# --- PostgreSQL -----------------------------------------------------------------------------------


@pytest.fixture
def explaining(postgres: Server) -> Iterator[tuple[list[Engine], list[dict[str, Any]]]]:
    """Engines on a database of their own each, and every plan that PostgreSQL carried out for them."""
    plans: list[dict[str, Any]] = []
    engines = [open_engine(postgres.database()), open_engine(postgres.database())]
    for engine in engines:
        event.listen(engine, "connect", lambda connection, _: _explain(connection, plans))
    yield engines, plans
    for engine in engines:
        engine.dispose()


def _explain(connection: Any, plans: list[dict[str, Any]]) -> None:
    """Have the server tell the plan of each statement, with the rows that each step came by. A page anywhere
    costs as on a disk without moving parts: on others reading a small table whole is cheaper for longer."""

    def notice(diagnostic: Any) -> None:
        found = diagnostic.message_primary or ""
        if "plan:" in found:
            plans.append(json.loads(found.partition("plan:")[2]))

    connection.add_notice_handler(notice)
    for setting in (
        "LOAD 'auto_explain'", "SET auto_explain.log_analyze = on", "SET auto_explain.log_timing = off",
        "SET auto_explain.log_format = json", "SET auto_explain.log_level = notice",
        "SET auto_explain.log_min_duration = 0", "SET random_page_cost = 1.1",
    ):  # fmt: skip
        connection.execute(setting)
    connection.commit()


def _steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _steps(part)


def _fault(step: dict[str, Any]) -> str:
    kind, table = step["Node Type"], step.get("Relation Name", "")
    loops = step.get("Actual Loops", 1)
    left_out = step.get("Rows Removed by Filter", 0) + step.get("Rows Removed by Index Recheck", 0)
    rows = loops * (step.get("Actual Rows", 0) + left_out)
    if kind == "Seq Scan" and table in grown.GROWING and rows > FEW:
        return f"{kind} of {table}: {rows:.0f} rows"
    return f"{kind} {table}: {rows:.0f} rows" if rows > MANY else ""


def test_postgresql_comes_by_few_rows(
    explaining: tuple[list[Engine], list[dict[str, Any]]],
) -> None:
    """On PostgreSQL no statement of the hot path reads a growing table from end to end, nor comes by more
    rows than a batch needs, in the plans that were really carried out."""
    engines, plans = explaining
    installation = _grown(*engines)
    plans.clear()
    hot_path(installation)
    assert len(plans) > 60
    faults = {
        f"{fault}: {' '.join(plan['Query Text'].split())[:300]}"
        for plan in plans
        for step in _steps(plan["Plan"])
        if (fault := _fault(step))
    }
    assert not faults, "\n".join(sorted(faults))


# --- both -----------------------------------------------------------------------------------------


def _grown(ledger_engine: Engine, book_engine: Engine) -> Installation:
    installation = grown.installation(ledger_engine, book_engine, SettingsBook.from_mapping(TEAM, SETTINGS))
    grown.live(installation)
    grown.grow(ledger_engine, tables.metadata, TIMES)
    grown.grow(book_engine, crm.metadata, TIMES)
    grown.catch_up(installation)
    return installation


def test_the_copies_hang_together(tmp_path: Path) -> None:
    """In a grown installation each copied decision, write and handle is a copied interaction's."""
    engines = [open_engine(tmp_path / "ledger.db"), open_engine(tmp_path / "book.db")]
    installation = _grown(*engines)
    with installation.ledger.read() as tx:
        count = tx.scalar(select(func.count()).select_from(tables.interactions))
        assert count == 1000 * TIMES
        for table in (tables.decisions, tables.writes, tables.verdicts, tables.participants):
            lost = select(func.count()).where(
                table.c.interaction.not_in(select(tables.interactions.c.id).scalar_subquery())
            )
            assert tx.scalar(lost) == 0
        lost_writes = tables.reservations.c.write_key.not_in(select(tables.writes.c.key).scalar_subquery())
        assert tx.scalar(select(func.count()).where(lost_writes)) == 0
        subject = tx.scalar(select(func.max(tables.reservations.c.subject)))
    book = installation.crm
    assert isinstance(book, AddressBook)
    assert "~" in str(subject)
    with book.engine.connect() as connection:
        asked = select(crm.handles.c.record).where(crm.handles.c.key == subject)
        assert connection.scalar(asked) is not None
    assert installation.drain().decided == 0
