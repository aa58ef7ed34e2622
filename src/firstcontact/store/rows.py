"""Whole tables as streams of rows, the same from both databases, with a digest that both give.

A row is a tuple of integers, texts, bytes and None in the order of the table's columns. One row is in memory
at a time: rows hold whole mails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Integer, LargeBinary, MetaData, Text, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.schema import Table

Row = tuple[int | str | bytes | None, ...]
Kind = Literal["int", "text", "blob"]
Progress = Callable[[str, int], None]
"""Told now and then: which table, and how many rows more."""

_POSTGRES_TYPE: dict[Kind, str] = {"int": "int8", "text": "text", "blob": "bytea"}
_STEP = 5_000
_LIMBS = 2**128


class Shape(msgspec.Struct, frozen=True):
    """A table as far as its rows go. counter: the column that the database numbers by itself, or ""."""

    name: str
    columns: tuple[str, ...]
    kinds: tuple[Kind, ...]
    counter: str = ""


class Sum(msgspec.Struct, frozen=True):
    """How many rows, and a digest of all of them in any order."""

    rows: int = 0
    digest: str = f"{0:032x}"


def shapes(metadata: MetaData) -> tuple[Shape, ...]:
    """The tables of a history, by name. Raises TypeError for a column of a kind that is not carried."""
    return tuple(_shape(metadata.tables[name]) for name in sorted(metadata.tables))


def _shape(table: Table) -> Shape:
    counter = table.autoincrement_column
    return Shape(
        str(table.name),
        tuple(str(column.name) for column in table.columns),
        tuple(_kind(table.name, column.name, column.type) for column in table.columns),
        str(counter.name) if counter is not None else "",
    )


def _kind(table: str, column: str, type: object) -> Kind:
    if isinstance(type, Integer):
        return "int"
    if isinstance(type, Text):
        return "text"
    if isinstance(type, LargeBinary):
        return "blob"
    raise TypeError(f"{table}.{column} is {type!r}; columns are integers, texts or bytes")


@dataclass
class Summing:
    """Counts and digests the rows that go through it.

    The digest is the sum of the rows' digests: databases give rows in their own order. for_postgres: a text's
    NUL characters, which PostgreSQL cannot hold, become U+FFFD; `replaced` counts the rows.
    """

    for_postgres: bool = False
    rows: int = 0
    replaced: int = 0
    _sum: int = 0

    def through(self, rows: Iterable[Row], step: Callable[[int], None] = lambda _: None) -> Iterator[Row]:
        """The rows, counted; `step` is told every few thousand."""
        encode = msgspec.msgpack.Encoder().encode
        told = self.rows
        for row in rows:
            given = self._without_nul(row) if self.for_postgres else row
            digest = blake2b(encode(given), digest_size=16).digest()
            self._sum = (self._sum + int.from_bytes(digest, "big")) % _LIMBS
            self.rows += 1
            if self.rows - told == _STEP:
                step(_STEP)
                told = self.rows
            yield given
        if self.rows > told:
            step(self.rows - told)

    def _without_nul(self, row: Row) -> Row:
        if not any(isinstance(value, str) and "\0" in value for value in row):
            return row
        self.replaced += 1
        return tuple(v.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(v, str) else v for v in row)

    @property
    def sum(self) -> Sum:
        """What went through so far."""
        return Sum(self.rows, f"{self._sum:032x}")


def summed(connection: Connection, shape: Shape, *, for_postgres: bool = False) -> Sum:
    """The table's rows and their digest, as they would be in PostgreSQL where asked."""
    summing = Summing(for_postgres)
    for _ in summing.through(rows_of(connection, shape)):
        pass
    return summing.sum


def patient(connection: Connection) -> None:
    """PostgreSQL is not to end this transaction while it waits for another database."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def rows_of(connection: Connection, shape: Shape) -> Iterator[Row]:
    """All rows of a table, as they come. Raises SQLAlchemy's DBAPIError."""
    driver = _driver(connection)
    with _as_sqlalchemy_says(connection, f"rows of {shape.name}"):
        if connection.dialect.name == "sqlite":
            yield from driver.execute(f"SELECT {_names(shape)} FROM {_quoted(shape.name)}")
            return
        typed = ", ".join(
            f"{_quoted(column)}::{_POSTGRES_TYPE[kind]}"
            for column, kind in zip(shape.columns, shape.kinds, strict=True)
        )
        statement = f"COPY (SELECT {typed} FROM {_quoted(shape.name)}) TO STDOUT (FORMAT BINARY)"
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types([_POSTGRES_TYPE[kind] for kind in shape.kinds])
            yield from copy.rows()


def fill(connection: Connection, shape: Shape, rows: Iterable[Row]) -> None:
    """Add rows to a table of this shape, inside a write transaction. Raises SQLAlchemy's DBAPIError."""
    driver = _driver(connection)
    with _as_sqlalchemy_says(connection, f"rows into {shape.name}"):
        if connection.dialect.name == "sqlite":
            marks = ", ".join("?" * len(shape.columns))
            statement = f"INSERT INTO {_quoted(shape.name)} ({_names(shape)}) VALUES ({marks})"
            driver.executemany(statement, rows)
            return
        statement = f"COPY {_quoted(shape.name)} ({_names(shape)}) FROM STDIN"
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)


def go_on_counting(connection: Connection, shape: Shape) -> None:
    """The next number that the database gives is after all that are there. SQLite does so by itself."""
    if shape.counter and connection.dialect.name == "postgresql":
        table, column = _quoted(shape.name), _quoted(shape.counter)
        connection.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence(%s, %s), coalesce((SELECT max({column}) FROM {table}), 0) "
            "+ 1, false)",
            (table, shape.counter),
        )


def is_empty(connection: Connection, shape: Shape) -> bool:
    """Whether the table has no row."""
    return connection.exec_driver_sql(f"SELECT 1 FROM {_quoted(shape.name)} LIMIT 1").first() is None


def empty(connection: Connection, shape: Shape) -> None:
    """Take all rows away."""
    connection.exec_driver_sql(f"DELETE FROM {_quoted(shape.name)}")


def missing(connection: Connection, wanted: Iterable[Shape]) -> tuple[str, ...]:
    """Tables of these that are not there, or whose columns differ."""
    looked = inspect(connection)
    have = set(looked.get_table_names())
    return tuple(
        shape.name
        for shape in wanted
        if shape.name not in have
        or {column["name"] for column in looked.get_columns(shape.name)} != set(shape.columns)
    )


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _names(shape: Shape) -> str:
    return ", ".join(_quoted(column) for column in shape.columns)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def _as_sqlalchemy_says(connection: Connection, what: str) -> Iterator[None]:
    """The driver's errors as SQLAlchemy raises them, without a row's values, so that `begin` and `read` can
    tell what is wrong with the database."""
    try:
        yield
    except connection.dialect.loaded_dbapi.Error as error:
        raise DBAPIError(what, None, error) from error
