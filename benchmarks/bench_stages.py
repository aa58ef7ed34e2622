"""What an interaction costs from delivery to receipt: in batches, and alone as it comes in live.

`batch_…`: stored calls are understood, decided and carried out into the address book, five hundred at a time.
The floor is what nobody can leave out: the same numbers parsed, validated and formatted with `phonenumbers`,
and the very rows that this leaves in the ledger and the address book inserted bare by the database's driver
into empty tables of the same schema, one transaction per batch and database.

`live_…`: one call at a time, from accepting it to the CRM's receipt, each step committed. The floor is as
many committed transactions of one row by the bare driver. In processor seconds, PostgreSQL's own included;
how long one took to the end of it (wall time, median and 99th percentile) is in the note.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from functools import partial
from statistics import median, quantiles
from zlib import crc32

import phonenumbers
from sqlalchemy import Engine, Table, event, select

from benchmarks.databases import NAMES, Databases, both
from benchmarks.installations import CREATING, TEAM
from benchmarks.measuring import Figure, figure, print_all, progress
from firstcontact.cli.main import collect_seldom
from firstcontact.connectors.address_book import tables as crm
from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.contract import Delivery
from firstcontact.flow.clock import SystemClock
from firstcontact.flow.installation import Installation
from firstcontact.ledger import tables
from firstcontact.policy.scopes import SettingsBook
from firstcontact.testing import grown

COUNT, ROUNDS = 5000, 5
LIVE = 200
BATCH = 500
BATCH_LIMIT = 4.0
LIVE_LIMIT = {"sqlite": 150.0, "postgresql": 25.0}
"""Alone, an interaction costs its statements: nearly two hundred, in eleven transactions."""

Rows = dict[Table, list[tuple[object, ...]]]


def batch(databases: Databases, count: int, rounds: int) -> Figure:
    """End to end in batches, beside the floor, in turn."""
    pairs: list[tuple[float, float]] = []
    speeds: list[float] = []
    for number in range(rounds):
        engines = databases.pair()
        installation = _installation(engines)
        calls = [_call(n, count) for n in range(count)]
        before = time.perf_counter()
        took = databases.seconds(partial(_in_batches, installation, calls))
        speeds.append(count / (time.perf_counter() - before))
        rows = [_rows(engine, metadata) for engine, metadata in zip(engines, _METADATA, strict=True)]
        empty = databases.pair()
        _installation(empty)
        floor = databases.seconds(partial(_floor, empty, rows, count))
        pairs.append((took, floor))
        for engine in (*engines, *empty):
            engine.dispose()
        progress(f"batch {databases.name} {number + 1} of {rounds}: {took:.2f} s, floor {floor:.2f} s")
    note = f"{count} calls; {median(speeds):.0f} interactions a second of wall time"
    return figure(f"batch_{databases.name}", "s", pairs, BATCH_LIMIT, note)


def _call(number: int, count: int) -> Delivery:
    return grown.delivery(f"call-{number}", _caller(number), grown.AT - (count - number) * 60_000_000)


def _in_batches(installation: Installation, calls: Sequence[Delivery]) -> None:
    for start in range(0, len(calls), BATCH):
        installation.accept(calls[start : start + BATCH], live=False)
    assert installation.drain().decided >= len(calls)


_METADATA = (tables.metadata, crm.metadata)


def _installation(engines: tuple[Engine, Engine]) -> Installation:
    made = grown.installation(*engines, SettingsBook.from_mapping(TEAM, CREATING))
    made.clock = SystemClock()  # writes are carried out in the order of their time
    return made


def _caller(number: int) -> str:
    """One in three was never seen before."""
    return f"+1415{2_000_000 + (number if number % 3 == 0 else number % 1000)}"


def _rows(engine: Engine, metadata) -> Rows:  # type: ignore[no-untyped-def]
    with engine.connect() as connection:
        return {
            table: [tuple(row) for row in connection.execute(select(table))]
            for table in metadata.sorted_tables
        }


def _floor(engines: tuple[Engine, Engine], rows: Sequence[Rows], count: int) -> None:
    for number in range(count):
        for text in (_caller(number), grown.OURS[0]):
            found = phonenumbers.parse(text, "US")
            phonenumbers.is_valid_number(found)
            phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
    parts = count // BATCH
    for engine, contents in zip(engines, rows, strict=True):
        statements = {table: _statement(engine, table) for table in contents}
        connection = engine.raw_connection()
        cursor = connection.cursor()
        for part in range(parts):
            if engine.dialect.name == "sqlite":
                cursor.execute("BEGIN IMMEDIATE")
            for table, found in contents.items():
                some = found[len(found) * part // parts : len(found) * (part + 1) // parts]
                if some:
                    cursor.executemany(statements[table], some)
            connection.commit()
        connection.close()


def _statement(engine: Engine, table: Table) -> str:
    """The driver's own insert; what an empty installation has already is passed over."""
    mark = "?" if engine.dialect.name == "sqlite" else "%s"
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    marks = ", ".join([mark] * len(table.columns))
    return f'INSERT INTO "{table.name}" ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING'


def live(databases: Databases, count: int) -> Figure:
    """One at a time, beside as many bare transactions."""
    installation = _installation(databases.pair())
    assert isinstance(installation.crm, AddressBook)
    engines = (installation.ledger.engine, installation.crm.engine)
    _one_by_one(installation, "warm", 20, [])
    commits = 0

    def committed(_: object) -> None:
        nonlocal commits
        commits += 1

    for engine in engines:
        event.listen(engine, "commit", committed)
    pairs: list[tuple[float, float]] = []
    waits: list[float] = []
    for number in range(5):
        commits = 0
        some = count // 5
        took = databases.seconds(partial(_one_by_one, installation, f"{number}", some, waits))
        # The processor time of another process is told in hundredths of a second: ten times as many.
        floor = databases.seconds(partial(_bare, engines[0], 10 * commits)) / 10
        pairs.append((took / some * 1000, floor / some * 1000))
        progress(f"live {databases.name} {number + 1} of 5: {took / some * 1000:.1f} ms")
    latency = f"{median(waits) * 1000:.0f} ms to the end, 99 %: {quantiles(waits, n=100)[98] * 1000:.0f} ms"
    note = f"{commits / some:.0f} transactions each; {latency}"
    return figure(f"live_{databases.name}", "ms", pairs, LIVE_LIMIT[databases.name], note)


def _one_by_one(installation: Installation, name: str, count: int, waits: list[float]) -> None:
    """Notes the seconds of each, from accepting it until nothing is due."""
    for number in range(count):
        caller = f"+1415{3_000_000 + crc32(f'{name} {number}'.encode()) % 1_000_000}"
        before = time.perf_counter()
        installation.accept([grown.delivery(f"{name}-{number}", caller)])
        done = installation.drain()
        waits.append(time.perf_counter() - before)
        assert done.decided >= 1, done


def _bare(engine: Engine, count: int) -> None:
    connection = engine.raw_connection()
    cursor = connection.cursor()
    lite = engine.dialect.name == "sqlite"
    mark = "?" if lite else "%s"
    for number in range(count):
        if lite:
            cursor.execute("BEGIN IMMEDIATE")
        cursor.execute(
            f"INSERT INTO facts (name, value) VALUES ({mark}, 'x') ON CONFLICT DO NOTHING",
            (f"bare {id(cursor)} {number}",),
        )
        connection.commit()
    cursor.execute("DELETE FROM facts WHERE value = 'x'")
    connection.commit()
    connection.close()


def measure_batch(count: int = COUNT, rounds: int = ROUNDS, names: tuple[str, ...] = NAMES) -> list[Figure]:
    """Both databases."""
    collect_seldom()  # as every command does
    with both(names) as kinds:
        return [batch(each, count, rounds) for each in kinds]


def measure_live(count: int = LIVE, names: tuple[str, ...] = NAMES) -> list[Figure]:
    """Both databases."""
    collect_seldom()  # as every command does
    with both(names) as kinds:
        return [live(each, count) for each in kinds]


if __name__ == "__main__":
    sys.exit(max(print_all(measure_batch()), print_all(measure_live())))
