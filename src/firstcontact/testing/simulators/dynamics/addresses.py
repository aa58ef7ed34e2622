"""Which record an address names: by id or by an alternate key (apis A5, "Upsert by alternate key")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from firstcontact.testing.simulators.dynamics.refusals import bad, no_segment, no_such_key
from firstcontact.testing.simulators.dynamics.schema import LOOKUPS, Table
from firstcontact.testing.simulators.dynamics.state import Key, Row, State

GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SEGMENT = re.compile(r"(?P<name>[A-Za-z_$][\w.$]*)(?:\((?P<key>.*)\))?", re.DOTALL)
_PAIR = re.compile(r"\s*(?P<name>\w+)=(?P<value>'(?:[^']|'')*'|[^',]*)\s*(?:,|$)")
_FORBIDDEN = set("/<>*%&:\\?+")
"""Characters with which a key's value cannot be named (apis A5)."""


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """A table, or one record of it: by `id`, or by an alternate key and its values."""

    table: Table
    id: str = ""
    key: Key | None = None
    values: Mapping[str, Any] = {}

    @property
    def one(self) -> bool:
        """Whether it names a record."""
        return bool(self.id) or self.key is not None


def split(path: str) -> list[str]:
    """Segments of a path; a `/` between quotes does not part them."""
    found: list[str] = [""]
    quoted = False
    for letter in path:
        quoted ^= letter == "'"
        if letter == "/" and not quoted:
            found.append("")
        else:
            found[-1] += letter
    return [one for one in found if one]


def segment(text: str) -> tuple[str, str | None]:
    """Name and what stands in its parentheses, None where there are none. Raises Refusal 404."""
    found = _SEGMENT.fullmatch(text)
    if found is None:
        raise no_segment(text)
    return found["name"], found["key"]


def read_pairs(text: str) -> dict[str, str]:
    """`name='value',other=5` as written. Raises Refusal 400."""
    pairs: dict[str, str] = {}
    at = 0
    while at < len(text):
        found = _PAIR.match(text, at)
        if found is None:
            raise bad(f"Bad Request - Error in query syntax at '{text[at:]}'.")
        pairs[found["name"]] = found["value"]
        at = found.end()
    return pairs


def address(state: State, text: str) -> Address:
    """What a segment names. Raises Refusal 404, 400."""
    name, inside = segment(text)
    table = next((one for one in state.tables.values() if one.set == name), None)
    if table is None:
        raise no_segment(name)
    if inside is None:
        return Address(table=table)
    if GUID.fullmatch(inside):
        return Address(table=table, id=inside.lower())
    pairs = read_pairs(inside)
    if set(pairs) == {table.id} and GUID.fullmatch(pairs[table.id]):
        return Address(table=table, id=pairs[table.id].lower())
    return _by_key(state, table, pairs)


def _by_key(state: State, table: Table, pairs: Mapping[str, str]) -> Address:
    columns = {one.property: one.name for one in table.columns.values()}
    named = frozenset(columns.get(name, name) for name in pairs)
    key = next((one for one in state.keys[table.name].values() if frozenset(one.columns) == named), None)
    if key is None or not named:
        why = f"The specified key properties {sorted(named)} are not an entity key of {table.name}"
        raise bad(why, "0x80060890")
    if key.status(state.clock()) != "Active":
        raise bad(f"The index of the entity key {key.name} is not active", "0x80060895")
    values = {columns[name]: _value(table, columns[name], text) for name, text in pairs.items()}
    return Address(table=table, key=key, values=values)


def _value(table: Table, column: str, text: str) -> Any:
    kind = table.columns[column].type
    if text.startswith("'"):
        value = text[1:-1].replace("''", "'")
        if _FORBIDDEN & set(value):
            raise bad("A potentially dangerous Request.Path value was detected from the client.", "0x0")
        if kind in ("String", "DateTime"):
            return value
    elif kind in LOOKUPS and GUID.fullmatch(text):
        target = next(iter(table.columns[column].targets))
        return (target, text.lower())
    elif kind in ("Integer", "Picklist") and re.fullmatch(r"-?\d+", text):
        return int(text)
    raise bad(f"Bad Request - {text} is no value of {column}.")


def found(state: State, place: Address) -> Row | None:
    """The record that is there, if it is."""
    if place.key is not None:
        return state.by_key(place.table.name, place.key, place.values)
    return state.get(place.table.name, place.id)


def needed(state: State, place: Address) -> Row:
    """The record. Raises Refusal 404."""
    if place.key is None:
        return state.need(place.table.name, place.id)
    row = state.by_key(place.table.name, place.key, place.values)
    if row is None:
        raise no_such_key(place.table.name)
    return row
