"""An installation that has lived long: a small lived-in one, copied row by row as often as wanted.

A thousand interactions of all kinds run through the program as they would in life; then the database itself
copies every row of that, with every id, handle and key made another's, so that two million interactions take
minutes. The copies hang together: the writes of a copied interaction are that interaction's, its handle is
found in the address book. For measurements and for the test of the query plans.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from sqlalchemy import Column, Connection, Engine, MetaData, Table, func, select, text

from firstcontact.connectors.address_book import tables as crm
from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.contract import Delivery
from firstcontact.flow.clock import VirtualClock
from firstcontact.flow.installation import Installation
from firstcontact.interactions.model import Call, Email, Handle, Interaction, Participant, Sms
from firstcontact.ledger import intake
from firstcontact.ledger import tables as ledger
from firstcontact.ledger import tables_of_people as people
from firstcontact.ledger.history import open_ledger
from firstcontact.policy.scopes import SettingsBook
from firstcontact.store.engine import begin, read

AT = 1_767_000_000_000_000
"""When the copied life ended, microseconds."""

OURS = ("+14155550100", "ana@northwind.example")

_COPIED = (
    ledger.deliveries, ledger.interactions, ledger.participants, ledger.names, ledger.decisions,
    ledger.verdicts, ledger.waiting, ledger.writes, ledger.reservations, ledger.activities,
    ledger.day_messages, people.engagements, ledger.bearers, ledger.reviews, ledger.rejections,
    ledger.rulings,
    crm.records, crm.handles, crm.activities, crm.activity_interactions, crm.activity_people,
    crm.time_entries, crm.receipts, crm.accounts, crm.account_domains,
)  # fmt: skip
"""Tables that grow with what happens."""

GROWING = frozenset(table.name for table in _COPIED)

_NAMES = frozenset(
    {"interaction", "conversation", "source_id", "key", "subject", "about", "topic", "write_key", "latest",
     "record", "day", "account", "activity", "problem", "host", "registrable"}
)  # fmt: skip
"""Columns that hold an id, a handle or a key; and `id` where it is text."""

_FEW = {"problem", "record", "account"}
"""Of these, where the column is empty it stays so."""


def installation(ledger_engine: Engine, book_engine: Engine, settings: SettingsBook) -> Installation:
    """An installation on empty databases, with a clock that stands at `AT`."""
    from firstcontact.bootstrap import reader

    book = AddressBook(book_engine, clock=lambda: AT)
    return Installation(
        book=settings, ledger=open_ledger(ledger_engine), crm=book, clock=VirtualClock(AT),
        reader=reader(settings, AT),
    )  # fmt: skip


def life(count: int) -> Iterator[Interaction]:
    """Calls, mails and texts; every second one with somebody who was never met before."""
    for number in range(count):
        who = number if number % 2 == 0 else number // 10
        phone, mail = f"+1415{2_000_000 + who}", f"person{who}@firm{who % 90}.example"
        at = AT - (count - number) * 60_000_000
        if number % 10 < 6:
            yield Call(
                id=f"call-{number}", source="grown", source_id=f"s{number}", conversation=f"call-{number}",
                at=at, direction="inbound", result="answered", seconds=61,
                participants=(_on("from", phone, "PARK JO"), _on("to", OURS[0])),
            )  # fmt: skip
        elif number % 10 < 9:
            yield Email(
                id=f"mail-{number}", source="grown", source_id=f"{number}@firm.example",
                conversation=f"thread-{who}", at=at, subject="Your order", body="Thank you. " * 20,
                participants=(_on("from", mail, "Jo Park" if number % 3 else ""), _on("to", OURS[1])),
            )  # fmt: skip
        else:
            yield Sms(
                id=f"text-{number}", source="grown", source_id=f"s{number}", conversation=f"texts-{who}",
                at=at, direction="inbound", body="On my way",
                participants=(_on("from", phone), _on("to", OURS[0])),
            )  # fmt: skip


def _on(role: str, key: str, name: str = "") -> Participant:
    kind = "email" if "@" in key else "phone"
    return Participant(role, (Handle(kind, key, key),), name)  # type: ignore[arg-type]


def live(installation: Installation, count: int = 1000) -> None:
    """Live through `life`, so that all of it is decided and carried out; deliveries are kept of its calls.
    One caller in fifty is on two contacts, so that a person is asked."""
    from firstcontact.connectors.address_book.people import People

    facts = list(life(count))
    calls = [
        (each.id, each.participants[0].handles[0].key, each.at) for each in facts if isinstance(each, Call)
    ]
    assert isinstance(installation.crm, AddressBook)
    twice = [{"last_name": name, "phones": [key]} for _, key, _ in calls[::30] for name in ("Park", "Lee")]
    People(installation.crm).import_records(twice)
    installation.accept([delivery(*call) for call in calls])
    facts = [each for each in facts if not isinstance(each, Call)]
    count = len(facts)
    for start in range(0, count, 500):
        installation.take(facts[start : start + 500])
    installation.drain()


def delivery(name: str, caller: str = "+14155550123", at: int = AT) -> Delivery:
    """A call as a phone system delivers it."""
    moment = datetime.fromtimestamp(at // 1_000_000, UTC).isoformat().replace("+00:00", "Z")
    said = {
        "id": name, "kind": "call", "direction": "inbound", "result": "answered", "at": moment, "seconds": 61,
        "from": caller, "caller_id": "PARK JO", "to": OURS[0],
    }  # fmt: skip
    return Delivery("jsonl", f"grown: {name}", json.dumps(said).encode())


def catch_up(installation: Installation) -> None:
    """The ledger has seen everything that the address book's change feed tells, copies included."""
    book = installation.crm
    assert isinstance(book, AddressBook)
    with read(book.engine) as connection:
        newest = connection.scalar(select(func.max(crm.records.c.change)))
    with installation.ledger.write() as tx:
        intake.set_cursor(tx, f"crm:{book.connection}", str(newest), AT)


def grow(engine: Engine, metadata: MetaData, times: int) -> None:
    """Copy every growing table of the database, so that it holds so many times as much. Indexes are made anew
    after the rows, in one go; statistics are taken as PostgreSQL's autovacuum does (SQLite has none here)."""
    if times < 2:
        return
    tables = [table for table in _COPIED if table.metadata is metadata]
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            bare = connection.connection.dbapi_connection
            assert isinstance(bare, sqlite3.Connection)
            bare.execute("PRAGMA journal_mode=OFF")  # nobody else is here, and nothing of it is worth keeping
            bare.execute("PRAGMA synchronous=OFF")
            bare.execute("PRAGMA cache_size=-500000")
            _grow(connection, tables, times)
            bare.execute("PRAGMA journal_mode=WAL")
        engine.dispose()
        return
    with begin(engine) as connection:
        _grow(connection, tables, times)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _grow(connection: Connection, tables: Sequence[Table], times: int) -> None:
    for table in tables:
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        for index in indexes:
            index.drop(connection)
        connection.execute(text(_copy(table, connection, times)))
        for index in indexes:
            index.create(connection)
    if tables[0].metadata is crm.metadata:
        contacts = select(func.count()).select_from(crm.records).scalar_subquery()
        counters = crm.counters
        for name in ("seq", "change", "contacts"):
            top = func.max(crm.records.c[name]) if name != "contacts" else None
            value = select(top).scalar_subquery() if top is not None else contacts
            connection.execute(counters.update().where(counters.c.name == name).values(value=value))
    if connection.dialect.name == "sqlite":
        connection.commit()


def _copy(table: Table, connection: Connection, times: int) -> str:
    lite = connection.dialect.name == "sqlite"
    numbered = [c for c in table.columns if c.primary_key and c.name == "id" and not _textual(c)]
    columns = [column for column in table.columns if column not in numbered]
    names = ", ".join(f'"{column.name}"' for column in columns)
    values = ", ".join(_value(column, lite) for column in columns)
    # The numbers scattered, as digests are: a copied key lies anywhere among the others.
    if lite:
        mark = "printf('~%08x', (n * 2654435761) % 4294967296)"
        series = (
            "WITH RECURSIVE counted(n) AS "
            f"(SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {times - 1}), "
            f"series AS (SELECT n, {mark} AS mark FROM counted)"
        )
    else:
        mark = "'~' || lpad(to_hex((n::bigint * 2654435761) % 4294967296), 8, '0')"
        series = (
            f"WITH series AS (SELECT n::bigint, {mark} AS mark FROM generate_series(1, {times - 1}) AS n)"
        )
    keys = [column for column in table.primary_key.columns if column not in numbered]
    order = f" ORDER BY {', '.join(str(1 + columns.index(key)) for key in keys)}" if keys and lite else ""
    # The statement sees the table as it was before: on both databases no copy is copied.
    return (
        f'{series} INSERT INTO "{table.name}" ({names}) SELECT {values} FROM "{table.name}" t, series{order}'
    )


def _textual(column: Column[object]) -> bool:
    return column.type.python_type is str


def _value(column: Column[object], lite: bool) -> str:
    name = f't."{column.name}"'
    if column.name == "digest" and not _textual(column):
        return f"CAST({name} || mark AS BLOB)" if lite else f"{name} || convert_to(mark, 'UTF8')"
    if column.name in ("seq", "change") or (column.name == "record" and not _textual(column)):
        return f"{name} + n * 1000000"
    if column.name in ("at", "received_at", "opened_at", "settled_at"):
        return f"{name} - n * 60000000000"
    if not _textual(column) or column.name not in _NAMES | {"id"}:
        return name
    kept = ["''"] if column.name in _FEW | {"about", "conversation", "source_id"} else []
    if column.table.name in ("participants", "names", "activity_people", "activity_interactions"):
        kept.extend(f"'{key}'" for key in OURS)
    made = f"{name} || mark"
    return f"CASE WHEN {name} IN ({', '.join(kept)}) THEN {name} ELSE {made} END" if kept else made
