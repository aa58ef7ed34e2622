"""PURE. What an environment of Dataverse has: tables and their columns, from its definitions (apis A5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from firstcontact.connectors.dynamics.names import (
    KEY,
    KEY_NAME,
    OTHER_EMAILS,
    OTHER_PHONES,
)

_PHONES_FIRST = ("telephone1", "mobilephone", "telephone2", "telephone3")
_EMAILS_FIRST = ("emailaddress1", "emailaddress2", "emailaddress3")


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column. form: `Phone`, `Email`, `Text` …, "" where it is no text; length: 0 where it has none."""

    name: str
    type: str = ""
    form: str = ""
    length: int = 0
    required: str = ""
    createable: bool = True
    updateable: bool = True


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table: its columns by name, whether its changes are tracked, the state of our alternate key on it
    ("" where there is none), and by table what `regardingobjectid` is bound by."""

    name: str
    columns: Mapping[str, Column] = {}
    tracked: bool = False
    detects: bool = False
    key: str = ""
    regarding: Mapping[str, str] = {}

    def has(self, column: str) -> bool:
        """Whether there is such a column."""
        return column in self.columns

    def present(self, columns: Iterable[str]) -> tuple[str, ...]:
        """Those of the columns that there are; a lookup's value (`_ownerid_value`) is there where it is."""
        return tuple(one for one in columns if one in self.columns or _lookup(one) in self.columns)

    def length(self, column: str) -> int:
        """How many characters a column takes; 0: any number."""
        found = self.columns.get(column)
        return found.length if found is not None else 0

    def phones(self) -> tuple[str, ...]:
        """All columns that hold numbers, the main one first, then ours for further ones."""
        return (*self._of_form("Phone", _PHONES_FIRST), *self.present((OTHER_PHONES,)))

    def emails(self) -> tuple[str, ...]:
        """All columns that hold addresses, the main one first, then ours for further ones."""
        return (*self._of_form("Email", _EMAILS_FIRST), *self.present((OTHER_EMAILS,)))

    def _of_form(self, form: str, first: Sequence[str]) -> tuple[str, ...]:
        found = [name for name, column in self.columns.items() if column.form == form]
        # Those that are filled in most come first; the rest as Dataverse names them.
        return tuple(sorted(found, key=lambda name: (first.index(name) if name in first else 9, name)))

    def required(self) -> tuple[Column, ...]:
        """Columns that the firm's forms ask for."""
        wanted = ("ApplicationRequired", "SystemRequired")
        return tuple(one for one in self.columns.values() if one.createable and one.required in wanted)

    @property
    def ready(self) -> bool:
        """Whether our key column is there and its index is built."""
        return self.has(KEY) and self.key == "Active"


def _lookup(column: str) -> str:
    return column[1 : -len("_value")] if column.startswith("_") and column.endswith("_value") else column


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """What we know of an organisation.

    me: the id of our user. wildcards: whether `%` in a filter stands for anything. sensitive: whether filters
    tell upper from lower case.
    """

    me: str
    tables: Mapping[str, Table]
    wildcards: bool = True
    sensitive: bool = False

    def table(self, name: str) -> Table:
        """One table; an empty one where it is not there, or hidden from us."""
        return self.tables.get(name) or Table(name=name)


def read_table(
    name: str,
    definition: Mapping[str, Any],
    columns: Sequence[Mapping[str, Any]],
    texts: Sequence[Mapping[str, Any]],
    memos: Sequence[Mapping[str, Any]],
    keys: Sequence[Mapping[str, Any]],
    relations: Sequence[Mapping[str, Any]],
) -> Table:
    """A table of its definitions: all columns, what is told of texts and of long texts, keys, relations."""
    lengths = {str(one["LogicalName"]): int(one.get("MaxLength") or 0) for one in (*texts, *memos)}
    forms = {str(one["LogicalName"]): _value(one.get("FormatName")) for one in texts}
    found = {}
    for one in columns:
        column = str(one["LogicalName"])
        found[column] = Column(
            name=column,
            type=str(one.get("AttributeType") or ""),
            form=forms.get(column, ""),
            length=lengths.get(column, 0),
            required=_value(one.get("RequiredLevel")),
            createable=bool(one.get("IsValidForCreate", True)),
            updateable=bool(one.get("IsValidForUpdate", True)),
        )
    return Table(
        name=name,
        columns=found,
        tracked=bool(definition.get("ChangeTrackingEnabled")),
        detects=bool(_value(definition.get("IsDuplicateDetectionEnabled"))),
        key=next((_value(one.get("EntityKeyIndexStatus")) for one in keys if _is_ours(one)), ""),
        regarding={
            str(one.get("ReferencedEntity")): str(one.get("ReferencingEntityNavigationPropertyName"))
            for one in relations
            if one.get("ReferencingAttribute") == "regardingobjectid"
        },
    )


def _is_ours(key: Mapping[str, Any]) -> bool:
    return str(key.get("LogicalName") or key.get("SchemaName") or "").lower() == KEY_NAME or (
        key.get("KeyAttributes") == [KEY]
    )


def _value(given: Any) -> str:
    """A definition's property, which may come wrapped (`{"Value": "None", …}`)."""
    if isinstance(given, Mapping):
        given = given.get("Value")
    return "" if given is None or given is False else str(given)
