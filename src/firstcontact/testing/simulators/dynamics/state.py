"""What the simulated environment holds: rows by table, each change with a version, behind one lock."""

from __future__ import annotations

import threading
import unicodedata
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import msgspec

from firstcontact.testing.simulators.dynamics.quirks import Quirks
from firstcontact.testing.simulators.dynamics.refusals import Refusal, does_not_exist
from firstcontact.testing.simulators.dynamics.schema import LOOKUPS, Column, Table
from firstcontact.testing.simulators.dynamics.tables import TABLES
from firstcontact.testing.simulators.dynamics.times import SECOND, written

Row = Mapping[str, Any]
"""Values by column: a lookup is (table, id). Names that begin with `_` are the simulator's own. A row is
never changed, only put anew."""
Reference = tuple[str, str]
INDEXED_MOST = 400
"""Characters of texts by which rows are found without looking at all of them."""


class Key(msgspec.Struct, kw_only=True):
    """An alternate key (apis A5, "Upsert by alternate key").

    active: from when on (microseconds) its index is there; failed: it never will be.
    """

    id: str
    name: str
    schema_name: str
    label: str
    columns: tuple[str, ...]
    active: int
    failed: bool = False

    def status(self, now: int) -> str:
        """EntityKeyIndexStatus."""
        if now < self.active:
            return "Pending"
        return "Failed" if self.failed else "Active"


class State:
    """All rows. Whoever reads or writes holds `lock`: requests and the desk take turns.

    lag: seconds until looking for texts of contacts and leads knows what was written; a row by its id, key or
        lookup is there at once.
    """

    def __init__(self, clock: Callable[[], int], quirks: Quirks, lag: float) -> None:
        self.clock = clock
        self.quirks = quirks
        self.lag = lag
        self.lock = threading.RLock()
        self.search_broken = False
        self.tables: dict[str, Table] = dict(TABLES)
        self.rows: dict[str, dict[str, Row]] = {name: {} for name in TABLES}
        self.deleted: dict[str, list[tuple[int, str, int]]] = {name: [] for name in TABLES}
        """Version, id and time of each deletion, by table."""
        self.keys: dict[str, dict[str, Key]] = {name: {} for name in TABLES}
        self.tracking: set[str] = set()
        if quirks.change_tracking == "on":
            self.tracking = {name for name, table in TABLES.items() if table.change_tracking}
        self.version = 1_000_000
        self._made = 0
        self._by: dict[tuple[str, str], dict[Any, dict[str, None]]] = {}
        self._unique: dict[tuple[str, str], dict[tuple[Any, ...], str]] = {}
        self._known: dict[tuple[str, str], list[tuple[int, Row]]] = {}
        self._undo: list[tuple[str, str, Row | None, bool]] | None = None

    # --- names -----------------------------------------------------------------------------------------

    def new_id(self, what: str = "row") -> str:
        """An id that no record has had."""
        self._made += 1
        return str(uuid.UUID(bytes=sha256(f"{what} {self._made}".encode()).digest()[:16], version=4))

    def table(self, name: str) -> Table:
        """A table by its logical name. Raises KeyError."""
        return self.tables[name]

    def add_column(self, table: str, column: Column) -> None:
        """A table has a further column."""
        before = self.tables[table]
        columns = {**before.columns, column.name: column}
        self.tables[table] = msgspec.structs.replace(before, columns=columns)

    def drop_column(self, table: str, name: str) -> None:
        """A table has that column no more, and no row a value of it."""
        before = self.tables[table]
        columns = {one: column for one, column in before.columns.items() if one != name}
        for id, row in list(self.rows[table].items()):
            self.put(table, id, {one: value for one, value in row.items() if one != name})
        self.tables[table] = msgspec.structs.replace(before, columns=columns)

    # --- reading ---------------------------------------------------------------------------------------

    def get(self, table: str, id: str) -> Row | None:
        """A row, or None where there is none (any more)."""
        if table == "activitypointer":
            kinds = (one for one in self.tables.values() if one.activity and not one.read_only)
            return next((self.rows[one.name][id] for one in kinds if id in self.rows[one.name]), None)
        return self.rows[table].get(id)

    def need(self, table: str, id: str) -> Row:
        """A row. Raises Refusal 404."""
        row = self.get(table, id)
        if row is None:
            raise does_not_exist(table, id)
        return row

    def all(self, table: str) -> Iterator[Row]:
        """The rows of a table, as they were made."""
        if table == "activitypointer":
            for name, one in self.tables.items():
                if one.activity and not one.read_only:
                    yield from list(self.rows[name].values())
        else:
            yield from list(self.rows[table].values())

    def known(self, table: str, row: Row) -> Row | None:
        """What a filter knows of a row by now; None for nothing yet."""
        if not self.lag:
            return row
        until = self.clock() - int(self.lag * SECOND)
        found = None
        for since, version in self._known.get((table, row[self.tables[table].id]), ()):
            if since <= until:
                found = version
        return found

    def with_value(self, table: str, column: str, value: Any) -> Sequence[Row]:
        """Rows whose text or lookup is that; a text as filters compare it."""
        ids = self._by.get((table, column), {}).get(self.folded(value), {})
        return [self.rows[table][id] for id in ids]

    def folded(self, value: Any) -> Any:
        """A value as two are compared: SQL takes no notice of blanks at the end, nor usually of case."""
        return self.letters(value.rstrip(" ")) if isinstance(value, str) else value

    def letters(self, text: str) -> str:
        """A text without what the collation takes no notice of."""
        if self.quirks.collation == "sensitive":
            return text
        if self.quirks.collation == "accents":
            parts = unicodedata.normalize("NFD", text)
            text = "".join(letter for letter in parts if not unicodedata.combining(letter))
        return text.casefold()

    # --- writing ---------------------------------------------------------------------------------------

    def put(self, table: str, id: str, row: Row | None) -> None:
        """A new row, a changed one with a new version, or None: it is deleted. Raises Refusal 412 where an
        alternate key would be there twice."""
        before = self.rows[table].get(id)
        if row is not None:
            self._check_keys(table, id, row)
            self.version += 1
            row = {**row, "versionnumber": self.version}
        if self._undo is not None:
            self._undo.append((table, id, before, row is None))
        self._set(table, id, before, row)
        if row is None:
            self.version += 1
            self.deleted[table].append((self.version, id, self.clock()))

    def _set(self, table: str, id: str, before: Row | None, row: Row | None) -> None:
        self._index(table, id, before, row)
        if row is None:
            self.rows[table].pop(id, None)
            return
        self.rows[table][id] = row
        if self.lag:
            self._known.setdefault((table, id), []).append((self.clock(), row))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the writes in it, or none: a change set, or one operation. Inner ones are the outer's."""
        if self._undo is not None:
            yield
            return
        self._undo = []
        try:
            yield
        except BaseException:
            for table, id, before, was_deleted in reversed(self._undo):
                if was_deleted:
                    self.deleted[table].pop()
                self._set(table, id, self.rows[table].get(id), before)
            raise
        finally:
            self._undo = None

    def _index(self, table: str, id: str, before: Row | None, row: Row | None) -> None:
        for column in self.tables[table].columns.values():
            if not _is_indexed(column):
                continue
            old = before.get(column.name) if before is not None else None
            new = row.get(column.name) if row is not None else None
            if old == new:
                continue
            values = self._by.setdefault((table, column.name), {})
            if old is not None:
                held = values.get(self.folded(old), {})
                held.pop(id, None)
            if new is not None:
                values.setdefault(self.folded(new), {})[id] = None
        for key in self.keys[table].values():
            held_by = self._unique.setdefault((table, key.name), {})
            if before is not None and held_by.get(self._key_values(key, before)) == id:
                del held_by[self._key_values(key, before)]
            if row is not None and None not in self._key_values(key, row):
                held_by[self._key_values(key, row)] = id

    # --- alternate keys --------------------------------------------------------------------------------

    def add_key(self, table: str, key: Key) -> None:
        """A table has a further alternate key."""
        self.keys[table][key.name] = key
        held = self._unique[table, key.name] = {}
        for id, row in self.rows[table].items():
            values = self._key_values(key, row)
            if None in values:
                continue
            if values in held:
                key.failed = True
            held[values] = id

    def drop_key(self, table: str, name: str) -> None:
        """A table has that alternate key no more."""
        del self.keys[table][name]
        self._unique.pop((table, name), None)

    def by_key(self, table: str, key: Key, values: Mapping[str, Any]) -> Row | None:
        """The row with these values of a key."""
        wanted = self._key_values(key, values)
        id = self._unique.get((table, key.name), {}).get(wanted)
        return self.rows[table].get(id) if id is not None else None

    def _check_keys(self, table: str, id: str, row: Row) -> None:
        for key in self.keys[table].values():
            if key.status(self.clock()) != "Active":
                continue
            other = self.by_key(table, key, row)
            if other is not None and other[self.tables[table].id] != id:
                told = ", ".join(self.tables[table].columns[one].label or one for one in key.columns)
                raise Refusal(
                    412,
                    "0x80060892",
                    f"Entity Key {key.label} violated. A record with the same value for {told} already "
                    "exists. A duplicate record cannot be created. Select one or more unique values and try "
                    "again.",
                )

    def _key_values(self, key: Key, row: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(self.folded(row.get(one)) for one in key.columns)

    # --- stamps ----------------------------------------------------------------------------------------

    def now(self) -> str:
        """This moment, as it is kept."""
        return written(self.clock())


def _is_indexed(column: Column) -> bool:
    return column.type in LOOKUPS or (column.type == "String" and 0 < column.most <= INDEXED_MOST)
