"""From one database to another: every table, once, checked at the end.

A history's database is closed by a mark in its version table (`marks`) before the first row is read, so that
nothing is written meanwhile, by whatever program. Each table goes over in one transaction: interrupted, it is
there as a whole or not at all, and the same call again goes on with the next.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from sqlalchemy import Connection, Engine, inspect

from firstcontact.boundaries import Boundary
from firstcontact.store.engine import begin, guard, place, read
from firstcontact.store.marks import Mark, marked, parts, refusal
from firstcontact.store.migrations import (
    History,
    bring_up,
    clear,
    migrate,
    set_version,
    version,
    wait_for_turn,
)
from firstcontact.store.problems import StoreProblem
from firstcontact.store.rows import (
    Progress,
    Shape,
    Summing,
    empty,
    fill,
    go_on_counting,
    is_empty,
    patient,
    rows_of,
    shapes,
    summed,
)


@dataclass(frozen=True)
class Way:
    """One history and where its rows go from and to."""

    history: History
    source: Engine
    target: Engine


class Moved(msgspec.Struct, frozen=True):
    """What went over. replaced: rows in which a NUL character of a text became U+FFFD, since PostgreSQL holds
    none."""

    tables: int = 0
    rows: int = 0
    replaced: int = 0

    def __add__(self, other: Moved) -> Moved:
        return Moved(self.tables + other.tables, self.rows + other.rows, self.replaced + other.replaced)


def mark_of(engine: Engine, history: History) -> str | None:
    """The mark of a database that has the history's tables, "" where it is in use; None: it has none.

    A file that is not there is not made. Raises StoreProblem where it is of a newer version.
    """
    if engine.dialect.name == "sqlite" and not Path(place(engine)).exists():
        return None
    with read(engine) as connection:
        return _mark(connection, engine, history)


def same_database(one: Engine, other: Engine) -> bool:
    """Whether both are one file or one PostgreSQL database, under whatever address. Raises StoreProblem."""
    if one.dialect.name != other.dialect.name:
        return False
    if one.dialect.name == "sqlite":
        return Path(place(one)).resolve() == Path(place(other)).resolve()
    key = int.from_bytes(os.urandom(4), "big")
    with read(one) as holding, read(other) as trying:
        # Such a lock is of one database: whoever cannot have it is in the same.
        holding.exec_driver_sql("SELECT pg_advisory_xact_lock(%s::bigint)", (key,))
        return not trying.exec_driver_sql("SELECT pg_try_advisory_xact_lock(%s::bigint)", (key,)).scalar()


def close_source(way: Way) -> None:
    """From here on nobody writes to the source; a transaction at it ends first. Raises StoreProblem."""
    if mark_of(way.source, way.history) in ("moving", "moved"):
        return
    migrate(way.source, way.history)
    _say(way.source, way.history, "moving")


def open_source(way: Way) -> None:
    """The source is in use again: the move is given up. Raises StoreProblem."""
    if mark_of(way.source, way.history) == "moving":
        _say(way.source, way.history, "")


def leave_source(way: Way) -> None:
    """The source is as it was and stays closed: another database is in use."""
    _say(way.source, way.history, "moved")


def prepare_target(way: Way, sign: Callable[[Connection], None] = lambda _: None) -> bool:
    """Tables without rows, marked as being filled, or those that an interrupted call has begun to fill.

    sign: writes whose they are, with the mark. A target that an earlier move has left behind is emptied.
    Returns whether all rows should be there: the call before was interrupted after its last step here, or
    another program uses it. Raises StoreProblem.
    """
    engine, history = way.target, way.history
    guard(engine, history.version_table, None)
    with begin(engine, Boundary.PREPARE_TARGET, turn=history.name) as connection:
        wait_for_turn(connection)
        mark = _mark(connection, engine, history)
        if mark == "filling":
            return False
        if mark == "moving":
            raise StoreProblem("moving", place(engine), history.name)
        if mark == "" and not without_rows(connection, history):
            return True
        if mark is not None:
            clear(connection, engine, history)
        bring_up(connection, engine, history, "filling")
        sign(connection)
        return False


def without_rows(connection: Connection, history: History) -> bool:
    """Whether none of the history's tables has a row."""
    there = {*inspect(connection).get_table_names()}
    return all(is_empty(connection, shape) for shape in shapes(history.metadata) if shape.name in there)


def copy_tables(way: Way, progress: Progress, *, overwrite: Sequence[str] = ()) -> Moved:
    """Every table that is not there yet, each in one transaction. overwrite: tables that may hold rows.

    Raises StoreProblem.
    """
    tables = shapes(way.history.metadata)
    moved = Moved()
    for shape in tables:
        moved += _copy_table(way, shape, progress, overwrite=shape.name in overwrite)
    return moved


def _copy_table(way: Way, shape: Shape, progress: Progress, *, overwrite: bool) -> Moved:
    def step(count: int) -> None:
        progress(shape.name, count)

    with begin(way.target, Boundary.COPY_TABLE, durable=True) as into:
        patient(into)
        if not is_empty(into, shape):
            if not overwrite:
                return Moved(tables=1)
            empty(into, shape)
        summing = Summing(for_postgres=into.dialect.name == "postgresql")
        with read(way.source) as out:
            patient(out)
            fill(into, shape, summing.through(rows_of(out, shape), step))
        go_on_counting(into, shape)
    return Moved(1, summing.rows, summing.replaced)


def compare(way: Way, progress: Progress) -> int:
    """Read both sides again; how many rows there are. Raises StoreProblem, `differs` where they differ."""
    wrong: list[str] = []
    total = 0
    for shape in shapes(way.history.metadata):
        with read(way.source) as one, read(way.target) as other:
            patient(one)
            patient(other)
            wanted = summed(one, shape, for_postgres=other.dialect.name == "postgresql")
            if summed(other, shape) != wanted:
                wrong.append(shape.name)
        total += wanted.rows
        progress(shape.name, wanted.rows)
    if wrong:
        raise StoreProblem("differs", place(way.target), ", ".join(wrong))
    return total


def open_target(way: Way) -> None:
    """All rows are there: the target may be used."""
    _say(way.target, way.history, "")


def _mark(connection: Connection, engine: Engine, history: History) -> str | None:
    found = version(connection, history)
    if found is None:
        return None
    number, mark = parts(found)
    if number != history.head:
        problem = refusal(number, history.head, history.name, place(engine))
        if problem is not None and problem.trouble == "newer":
            raise problem
    return mark


def _say(engine: Engine, history: History, mark: Mark) -> None:
    guard(engine, history.version_table, None)
    with begin(engine, Boundary.MARK_DATABASE, durable=True, turn=history.name) as connection:
        wait_for_turn(connection)
        set_version(connection, history, marked(history.head, mark))
