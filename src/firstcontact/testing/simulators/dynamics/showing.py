"""Records as answers show them: selected properties, annotations, one level of `$expand` (apis A5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from firstcontact.testing.simulators.dynamics.refusals import bad, no_property
from firstcontact.testing.simulators.dynamics.relations import collections, navigations
from firstcontact.testing.simulators.dynamics.schema import LOOKUPS, Column, Table
from firstcontact.testing.simulators.dynamics.state import Reference, Row, State

View = dict[str, Any]
LOGICAL_NAME = "Microsoft.Dynamics.CRM.lookuplogicalname"
NAVIGATION = "Microsoft.Dynamics.CRM.associatednavigationproperty"
FORMATTED = "OData.Community.Display.V1.FormattedValue"
_NAMES = {"contact": "fullname", "lead": "fullname", "systemuser": "fullname", "account": "name"}


class Expanded(msgspec.Struct, frozen=True, kw_only=True):
    """One navigation property of `$expand`.

    pick: what of a collection is shown, in which order.
    """

    name: str
    select: tuple[Column, ...] | None = None
    pick: Callable[[Sequence[Row]], Sequence[Row]] | None = None


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What of a record is shown. select: None for every column. annotations: patterns of those wanted."""

    select: tuple[Column, ...] | None = None
    expand: tuple[Expanded, ...] = ()
    annotations: tuple[str, ...] = ()


def selected(table: Table, text: str | None) -> tuple[Column, ...] | None:
    """The columns of a `$select`. Raises Refusal 400 for an unknown property (apis A5, D)."""
    if text is None or text == "*":
        return None
    known = {column.property: column for column in table.columns.values()}
    found: dict[str, Column] = {}
    for name in text.split(","):
        column = known.get(name.strip())
        if column is None:
            raise no_property(name.strip(), table.name)
        found[column.name] = column
    return tuple(found.values())


def etag(row: Row) -> str:
    """`W/"1234"`: the version."""
    return f'W/"{row["versionnumber"]}"'


def shown(state: State, table: Table, row: Row, shape: Shape) -> View:
    """A record as an answer has it. The id is always there."""
    columns = list(table.columns.values()) if shape.select is None else list(shape.select)
    key = table.columns[table.id]
    view: View = {"@odata.etag": etag(row)}
    for column in columns if key in columns else [*columns, key]:
        view |= _value(state, row, column, shape.annotations)
    for one in shape.expand:
        view[one.name] = _far(state, table, row, one, shape.annotations)
    return view


def _value(state: State, row: Row, column: Column, wanted: Sequence[str]) -> View:
    held = row.get(column.name)
    name = column.property
    if column.type in LOOKUPS:
        view: View = {name: held[1] if held is not None else None}
        if held is None or not wanted:
            return view
        navigation = column.targets.get(held[0], column.name)
        told = {NAVIGATION: navigation, LOGICAL_NAME: held[0], FORMATTED: _name(state, held)}
        return view | {f"{name}@{key}": text for key, text in told.items() if _asked(key, wanted)}
    view = {name: held}
    if held is not None and _asked(FORMATTED, wanted) and column.type not in ("String", "Memo"):
        view[f"{name}@{FORMATTED}"] = str(held) if column.type != "Boolean" else ("Yes" if held else "No")
    return view


def _asked(name: str, wanted: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in wanted)


def _name(state: State, held: Reference) -> str:
    row = state.get(*held) or {}
    return str(row.get(_NAMES.get(held[0], "name")) or row.get("subject") or row.get("title") or "")


def _far(state: State, table: Table, row: Row, one: Expanded, annotations: Sequence[str]) -> Any:
    shape = Shape(select=one.select, annotations=tuple(annotations))
    collection = collections(table).get(one.name)
    if collection is not None:
        name, column = collection
        rows = gathered(state, table, row, name, column)
        rows = one.pick(rows) if one.pick is not None else rows
        return [shown(state, state.table(name), found, shape) for found in rows]
    through, targets = navigations(table)[one.name]
    held = row.get(through.name)
    far = state.get(*held) if held is not None and held[0] in targets else None
    return None if far is None else shown(state, state.table(held[0]), far, shape)  # type: ignore[index]


def gathered(state: State, table: Table, row: Row, name: str, column: str) -> Sequence[Row]:
    """The records of a collection."""
    if column.startswith("_"):
        return [state.rows[name][id] for id in row.get(column, ()) if id in state.rows[name]]
    return state.with_value(name, column, (table.name, row[table.id]))


def far_table(state: State, table: Table, name: str) -> Table:
    """Where a navigation property leads. Raises Refusal 400."""
    collection = collections(table).get(name)
    if collection is not None:
        return state.table(collection[0])
    found = navigations(table).get(name)
    if found is None:
        raise no_property(name, table.name)
    return state.table(found[1][0])


def split_top(text: str, mark: str) -> list[str]:
    """Parts of a text at a mark that stands in no parentheses and no quotes. Raises Refusal 400."""
    parts, depth, quoted = [""], 0, False
    for letter in text:
        quoted ^= letter == "'"
        depth += 0 if quoted else {"(": 1, ")": -1}.get(letter, 0)
        if letter == mark and depth == 0 and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    if depth or quoted:
        raise bad("Found an unbalanced bracket expression.")
    return parts


def context(base: str, table: Table, shape: Shape, suffix: str = "") -> str:
    """`@odata.context` of an answer about this table."""
    names = [] if shape.select is None else [column.property for column in shape.select]
    names += [f"{one.name}()" for one in shape.expand]
    inside = f"({','.join(names)})" if names else ""
    return f"{base}/$metadata#{table.set}{inside}{suffix}"
