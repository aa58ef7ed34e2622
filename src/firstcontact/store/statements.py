"""Statements that are spelled out once for each kind of database, and handed to the driver as text.

SQLAlchemy puts a statement together, looks it up and goes over its values each time: for five hundred values
that took four times as long as the database itself. So what is asked often is a `Statement` of its module,
and rows go to the driver as they are. No column type of ours converts values.

To PostgreSQL many rows are one value, a JSON document that the server takes apart (`_Together`): row by row
they took it two to three times as long, and the driver ten times.

To SQLite a list is one value too, a JSON array. It takes as long as a parameter for each of its values; but
texts for several lengths, prepared on each connection with room for all their values, were half of what
SQLite took of memory, and it grew for hours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import Any, TypeVar

import msgspec
from sqlalchemy import BindParameter, Connection, Delete, Dialect, Select, Table, Update, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler

CHUNK = 500
"""Values in one list: what one statement looks for, and below SQLite's limit of bound parameters."""

Values = dict[str, Any]
"""A row to be written, by column."""

ROWS = 1000
"""Rows in one statement to PostgreSQL."""

FEW = 8
"""Fewer rows than these go to PostgreSQL one by one."""

LARGE = 1 << 16
"""A row with more bytes than these in a value does so, too: it is what the value costs that counts."""

T = TypeVar("T")

_LIST = re.compile(r"IN \(__\[POSTCOMPILE_(\w+)\]\)")
"""How SQLAlchemy writes a list whose length is not known yet."""


def values(name: str) -> BindParameter[Any]:
    """The list in `column.in_(values("keys"))` of a `Statement`."""
    return bindparam(name, expanding=True)


def chunks(of: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The values in lists of at most `size`."""
    rest = iter(of)
    while chunk := list(islice(rest, size)):
        yield chunk


class Statement:
    """A SELECT, UPDATE or DELETE with named values (`bindparam`) and at most one long list (`values`).

    A list of any length is gone through in chunks, so what is counted, ordered or limited over all of it is
    not for this; an empty one asks nothing.
    """

    def __init__(self, statement: Select[Any] | Update | Delete) -> None:
        self._statement = statement
        self._spelled: dict[str, _Spelled] = {}
        self._together: _Together | None = None

    def rows(self, tx: Connection, /, **given: Any) -> Sequence[Any]:
        """All rows that it finds."""
        found: list[Any] = []
        for text, parameters in self._texts(tx, given):
            found += tx.exec_driver_sql(text, parameters).all()
        return found

    def run(self, tx: Connection, /, **given: Any) -> int:
        """Change rows; how many there were."""
        return sum(tx.exec_driver_sql(*each).rowcount for each in self._texts(tx, given))

    def run_each(self, tx: Connection, rows: Sequence[Values]) -> None:
        """Change rows with the values of each of these, all of the same names, which have no list in them.
        No two of them are about the same row of the table."""
        if not rows:
            return
        spelled = self._of(tx.dialect)
        if spelled.names is not None or len(rows) < FEW:
            tx.exec_driver_sql(spelled.text, spelled.of_each(rows))
            return
        if self._together is None:
            self._together = _changing(spelled.text, spelled.fixed, tuple(rows[0]))
        for some in chunks(rows, ROWS):
            if self._together.run(tx, some) is None:
                tx.exec_driver_sql(spelled.text, spelled.of_each(some))

    def _texts(self, tx: Connection, given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        spelled = self._of(tx.dialect)
        long = next((name for name in spelled.lists if name in given), "")
        if not long:
            yield spelled.of(given)
            return
        for chunk in chunks(given[long]):
            yield spelled.of({**given, long: chunk})

    def _of(self, dialect: Dialect) -> _Spelled:
        found = self._spelled.get(dialect.name)
        if found is None:
            found = self._spelled[dialect.name] = _Spelled(self._statement.compile(dialect=dialect))
        return found


class _Spelled:
    """The text for one driver, the names of its values in their places, and the values that are always so."""

    def __init__(self, compiled: SQLCompiler) -> None:
        self.fixed: Values = {
            name: bind.effective_value for bind, name in compiled.bind_names.items() if not bind.required
        }
        self.lists = tuple(_LIST.findall(compiled.string))
        self.names = compiled.positiontup
        self._written = compiled.string
        in_one = "= ANY(%(\\1)s)" if self.names is None else "IN (SELECT value FROM json_each(?))"
        self.text = _LIST.sub(in_one, self._written)

    def of(self, given: Mapping[str, Any]) -> tuple[str, Any]:
        """The text and the driver's parameters for these values."""
        named = {**self.fixed, **given} if self.fixed else given
        if self.names is None:
            return self.text, named
        if not self.lists:
            return self.text, tuple([named[name] for name in self.names])
        lists = {name: _in_one(named[name]) for name in self.lists}
        if None in lists.values():
            return self._one_by_one(named)
        return self.text, tuple([lists[name] if name in lists else named[name] for name in self.names])

    def _one_by_one(self, named: Mapping[str, Any]) -> tuple[str, Any]:
        """The same with a parameter for each value of the lists."""
        lists = {name: _padded(named[name]) for name in self.lists}
        text = _LIST.sub(lambda found: f"IN ({', '.join('?' * len(lists[found[1]]))})", self._written)
        parameters: list[Any] = []
        for name in self.names or ():
            parameters += lists[name] if name in lists else [named[name]]
        return text, tuple(parameters)

    def of_each(self, rows: Sequence[Values]) -> list[Any]:
        """The driver's parameters for each of many rows."""
        named = [{**self.fixed, **row} for row in rows] if self.fixed else list(rows)
        return named if self.names is None else _in_place(self.names, named)


def _in_one(listed: Sequence[Any]) -> str | None:
    """The list as SQLite's JSON; None where that can't say it: bytes, and text with a NUL, where it ends."""
    if isinstance(listed[0], bytes):
        return None
    document = _encode(listed).decode()
    return None if "\\u0000" in document else document


def _padded(listed: Sequence[Any]) -> Sequence[Any]:
    """The last value again and again up to a power of two, so that a few texts serve all lengths."""
    length = 1 << (len(listed) - 1).bit_length()
    return [*listed, *[listed[-1]] * (length - len(listed))]


class _Together:
    """A statement on PostgreSQL for many rows at once, which are one JSON document among its values."""

    def __init__(self, text: str, fixed: Values, blobs: Sequence[str]) -> None:
        self._text = text
        self._fixed = fixed
        self._blobs = blobs

    def run(self, tx: Connection, rows: Sequence[Values]) -> int | None:
        """How many rows of the table were written; None where it can't be done so, and nothing was."""
        if any(len(row[name] or b"") > LARGE for name in self._blobs for row in rows):
            return None
        document = _encode(rows).decode()
        if "\\u0000" in document:  # which PostgreSQL's JSON refuses; the driver replaces it
            return None
        return tx.exec_driver_sql(self._text, {**self._fixed, "_rows": document}).rowcount


_encode = msgspec.json.Encoder().encode
"""Bytes become base64."""

_TYPES = {"TEXT": "text", "VARCHAR": "text", "BIGINT": "bigint", "INTEGER": "bigint", "BYTEA": "bytea"}
"""What a column or a cast of SQLAlchemy's is in PostgreSQL."""


def _recordset(types: Mapping[str, str]) -> str:
    """The rows of the document, as a table `v` of these columns."""
    columns = (f'"{name}" {"text" if type == "bytea" else type}' for name, type in types.items())
    return f"json_to_recordset(%(_rows)s::json) AS v({', '.join(columns)})"


def _column(name: str, type: str) -> str:
    return f"decode(v.\"{name}\", 'base64')" if type == "bytea" else f'v."{name}"'


def _changing(text: str, fixed: Values, names: Sequence[str]) -> _Together:
    """An UPDATE or DELETE of one row, for many: the values of these names come from the document."""
    types: dict[str, str] = {}

    def place(found: re.Match[str]) -> str:
        if found[1] not in names:
            return found[0]
        types[found[1]] = _TYPES[found[2]]
        return _column(found[1], types[found[1]])

    head, where, condition = re.sub(r"%\((\w+)\)s::(\w+)", place, text).partition(" WHERE ")
    joined = "USING" if head.startswith("DELETE") else "FROM"
    changed = f"{head} {joined} {_recordset(types)}{where}{condition}"
    return _Together(changed, fixed, [name for name, type in types.items() if type == "bytea"])


@lru_cache(maxsize=256)
def _inserting(table: Table, dialect: Dialect, compiled: SQLCompiler, columns: tuple[str, ...]) -> _Together:
    """An INSERT of one row, for many."""
    types = {name: _TYPES[table.c[name].type.compile(dialect)] for name in columns}
    taken = ", ".join(_column(name, type) for name, type in types.items())
    into = ", ".join(f'"{name}"' for name in columns)
    _, conflict, then = compiled.string.partition(" ON CONFLICT")
    text = f'INSERT INTO "{table.name}" ({into}) SELECT {taken} FROM {_recordset(types)}{conflict}{then}'
    return _Together(text, {}, [name for name, type in types.items() if type == "bytea"])


def insert_new(tx: Connection, table: Table, rows: Sequence[Values]) -> int:
    """Insert rows, all with the same columns; one whose key is there already is left as it is. How many were
    new."""
    return _many(tx, table, _insert_new(table, tx.dialect, tuple(rows[0])), rows) if rows else 0


def insert(tx: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Insert rows, all with the same columns, none of which is there."""
    if rows:
        _many(tx, table, _insert(table, tx.dialect, tuple(rows[0])), rows)


def upsert(tx: Connection, table: Table, rows: Sequence[Values], update: Sequence[str] = ()) -> None:
    """Insert rows, all with the same columns; where the primary key is there, set the columns of `update`
    (default: all others)."""
    if rows:
        compiled = _upsert(table, tx.dialect, tuple(rows[0]), tuple(update))
        _many(tx, table, compiled, rows, once=[column.name for column in table.primary_key])


def _many(
    tx: Connection,
    table: Table,
    compiled: SQLCompiler,
    rows: Sequence[Values],
    once: Sequence[str] = (),
) -> int:
    """once: the columns that tell a row which PostgreSQL refuses to write twice in one statement. How many
    rows were written."""
    names = compiled.positiontup
    if names is not None:
        return tx.exec_driver_sql(compiled.string, _in_place(names, rows)).rowcount
    if len(rows) < FEW or (once and len({tuple([row[key] for key in once]) for row in rows}) < len(rows)):
        return tx.exec_driver_sql(compiled.string, list(rows)).rowcount
    statement = _inserting(table, tx.dialect, compiled, tuple(rows[0]))
    written = 0
    for some in chunks(rows, ROWS):
        together = statement.run(tx, some)
        if together is None:
            together = tx.exec_driver_sql(compiled.string, some).rowcount
        written += together
    return written


def _in_place(names: Sequence[str], rows: Sequence[Values]) -> list[Any]:
    """Each row's values in the places of these names."""
    if len(names) == 1:
        return [(row[names[0]],) for row in rows]
    return list(map(itemgetter(*names), rows))


@lru_cache(maxsize=256)
def _insert_new(table: Table, dialect: Dialect, columns: tuple[str, ...]) -> SQLCompiler:
    return _compiled(_insert_into(table, dialect).on_conflict_do_nothing(), dialect, columns)


@lru_cache(maxsize=256)
def _insert(table: Table, dialect: Dialect, columns: tuple[str, ...]) -> SQLCompiler:
    # An insert of the dialect's own would give the new row's number back, which asks for it one by one.
    return _compiled(_insert_into(table, dialect).inline(), dialect, columns)


@lru_cache(maxsize=256)
def _upsert(table: Table, dialect: Dialect, columns: tuple[str, ...], update: tuple[str, ...]) -> SQLCompiler:
    keys = [column.name for column in table.primary_key]
    statement = _insert_into(table, dialect)
    changes = {name: statement.excluded[name] for name in columns if name in update or not update}
    for key in keys:
        changes.pop(key, None)
    return _compiled(statement.on_conflict_do_update(index_elements=keys, set_=changes), dialect, columns)


def _compiled(statement: Any, dialect: Dialect, columns: tuple[str, ...]) -> SQLCompiler:
    compiled: SQLCompiler = statement.compile(dialect=dialect, column_keys=list(columns))
    return compiled


def _insert_into(table: Table, dialect: Dialect) -> Any:
    return postgresql.insert(table) if dialect.name == "postgresql" else sqlite.insert(table)
