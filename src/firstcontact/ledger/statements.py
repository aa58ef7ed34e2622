"""Statements that both databases need in their own dialect, in one place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

CHUNK = 500
"""Values in one IN list; below SQLite's limit of bound parameters, and one compiled statement serves all."""

Row = dict[str, Any]
T = TypeVar("T")


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The values in lists of at most `size`."""
    chunk: list[T] = []
    for value in values:
        chunk.append(value)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def insert_new(tx: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows; one whose key is there already is left as it is."""
    if rows:
        tx.execute(_insert(tx, table).on_conflict_do_nothing(), rows)


def upsert(tx: Connection, table: Table, rows: Sequence[Row], update: Sequence[str] = ()) -> None:
    """Insert rows; where the primary key is there, set the columns of `update` (default: all others)."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    statement = _insert(tx, table)
    names = update or [name for name in rows[0] if name not in keys]
    changes = {name: statement.excluded[name] for name in names}
    tx.execute(statement.on_conflict_do_update(index_elements=keys, set_=changes), rows)


def _insert(tx: Connection, table: Table) -> Any:
    return postgresql.insert(table) if tx.dialect.name == "postgresql" else sqlite.insert(table)
