"""Statements that are spelled out once for each kind of database, and handed to the driver as text.

SQLAlchemy puts a statement together, looks it up and goes over its values each time: for five hundred values
that took four times as long as the database itself. So what is asked often is a `Statement` of its module,
and rows go to the driver as they are. No column type of ours converts values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import BindParameter, Connection, Delete, Dialect, Select, Table, Update, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler

CHUNK = 500
"""Values in one list; below SQLite's limit of bound parameters."""

Values = dict[str, Any]
"""A row to be written, by column."""

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
        """Change rows with the values of each of these, which have no list in them."""
        if rows:
            spelled = self._of(tx.dialect)
            tx.exec_driver_sql(spelled.text, spelled.of_each(rows))

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
        self._texts: dict[tuple[int, ...], str] = {}
        self.text = compiled.string
        if self.names is None:
            self.text = _LIST.sub(r"= ANY(%(\1)s)", self.text)

    def of(self, given: Mapping[str, Any]) -> tuple[str, Any]:
        """The text and the driver's parameters for these values."""
        named = {**self.fixed, **given} if self.fixed else given
        if self.names is None:
            return self.text, named
        if not self.lists:
            return self.text, tuple([named[name] for name in self.names])
        lists = {name: _padded(named[name]) for name in self.lists}
        parameters: list[Any] = []
        for name in self.names:
            if name in lists:
                parameters += lists[name]
            else:
                parameters.append(named[name])
        return self._with(tuple(len(lists[name]) for name in self.lists)), tuple(parameters)

    def of_each(self, rows: Sequence[Values]) -> list[Any]:
        """The driver's parameters for each of many rows."""
        named = [{**self.fixed, **row} for row in rows] if self.fixed else list(rows)
        return named if self.names is None else _in_place(self.names, named)

    def _with(self, lengths: tuple[int, ...]) -> str:
        found = self._texts.get(lengths)
        if found is None:
            rest = iter(lengths)
            found = _LIST.sub(lambda _: f"IN ({', '.join('?' * next(rest))})", self.text)
            self._texts[lengths] = found
        return found


def _padded(listed: Sequence[Any]) -> Sequence[Any]:
    """The last value again and again up to a power of two, so that a few texts serve all lengths."""
    length = 1 << (len(listed) - 1).bit_length()
    return [*listed, *[listed[-1]] * (length - len(listed))]


def insert_new(tx: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Insert rows, all with the same columns; one whose key is there already is left as it is."""
    if rows:
        _many(tx, _insert_new(table, tx.dialect, tuple(rows[0])), rows)


def insert(tx: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Insert rows, all with the same columns, none of which is there."""
    if rows:
        _many(tx, _insert(table, tx.dialect, tuple(rows[0])), rows)


def upsert(tx: Connection, table: Table, rows: Sequence[Values], update: Sequence[str] = ()) -> None:
    """Insert rows, all with the same columns; where the primary key is there, set the columns of `update`
    (default: all others)."""
    if rows:
        _many(tx, _upsert(table, tx.dialect, tuple(rows[0]), tuple(update)), rows)


def _many(tx: Connection, statement: SQLCompiler, rows: Sequence[Values]) -> None:
    names = statement.positiontup
    tx.exec_driver_sql(statement.string, list(rows) if names is None else _in_place(names, rows))


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
