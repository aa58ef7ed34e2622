"""Statements that both databases need in their own dialect, in one place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler

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
    """Insert rows, all with the same columns; one whose key is there already is left as it is."""
    if rows:
        _many(tx, _insert_new(table, tx.dialect, tuple(rows[0])), rows)


def upsert(tx: Connection, table: Table, rows: Sequence[Row], update: Sequence[str] = ()) -> None:
    """Insert rows, all with the same columns; where the primary key is there, set the columns of `update`
    (default: all others)."""
    if rows:
        _many(tx, _upsert(table, tx.dialect, tuple(rows[0]), tuple(update)), rows)


def _many(tx: Connection, statement: SQLCompiler, rows: Sequence[Row]) -> None:
    """Hand rows to the driver as they are: SQLAlchemy's own way of many rows looks up every value of every
    row by name, which was a tenth of an import. No column type of ours converts values."""
    names = statement.positiontup
    if names is None:
        tx.exec_driver_sql(statement.string, list(rows))
    elif len(names) == 1:
        tx.exec_driver_sql(statement.string, [(row[names[0]],) for row in rows])
    else:
        values = itemgetter(*names)
        tx.exec_driver_sql(statement.string, [values(row) for row in rows])


@lru_cache(maxsize=256)
def _insert_new(table: Table, dialect: Dialect, columns: tuple[str, ...]) -> SQLCompiler:
    return _compiled(_insert(table, dialect).on_conflict_do_nothing(), dialect, columns)


@lru_cache(maxsize=256)
def _upsert(table: Table, dialect: Dialect, columns: tuple[str, ...], update: tuple[str, ...]) -> SQLCompiler:
    keys = [column.name for column in table.primary_key]
    statement = _insert(table, dialect)
    changes = {name: statement.excluded[name] for name in columns if name in update or not update}
    for key in keys:
        changes.pop(key, None)
    return _compiled(statement.on_conflict_do_update(index_elements=keys, set_=changes), dialect, columns)


def _compiled(statement: Any, dialect: Dialect, columns: tuple[str, ...]) -> SQLCompiler:
    compiled: SQLCompiler = statement.compile(dialect=dialect, column_keys=list(columns))
    return compiled


def _insert(table: Table, dialect: Dialect) -> Any:
    return postgresql.insert(table) if dialect.name == "postgresql" else sqlite.insert(table)
