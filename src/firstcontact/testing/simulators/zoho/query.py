"""What a COQL query finds (apis A4, "Lookup"): exact and without the lag of the search."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from firstcontact.testing.simulators.zoho import times
from firstcontact.testing.simulators.zoho.coql import (
    Both,
    Column,
    Condition,
    Criterion,
    Query,
    criteria,
    invalid,
)
from firstcontact.testing.simulators.zoho.errors import ZohoError
from firstcontact.testing.simulators.zoho.schema import Field
from firstcontact.testing.simulators.zoho.showing import told
from firstcontact.testing.simulators.zoho.state import Record, State

_TEXTS = ("text", "email", "phone", "website", "picklist", "duration", "module")
_ORDERED = ("integer", "bigint", "double", "currency", "date", "datetime")
PAGE = 200
Test = Callable[[Record], bool]
Row = dict[str, Any]


def run(state: State, query: Query) -> tuple[list[Row], bool]:
    """The rows, and whether there are more. Raises ZohoError."""
    module = state.modules.get(query.module)
    if module is None or not module.coql or query.module in state.quirks.forbidden:
        raise ZohoError(
            400, "INVALID_MODULE", "module name given seems to be invalid", {"module": query.module}
        )
    for column in query.columns:
        _field(state, query.module, column.field)
    test = _test(state, query.module, query.where)
    found = [record for record in _all(state, query) if test(record)]
    if any(column.aggregate for column in query.columns) or query.groups:
        rows = _grouped(state, query, found)
        return _part(state, rows, query)
    for name, descending in reversed(query.orders or (("id", False),)):
        found.sort(key=_sorting(state, query.module, name), reverse=descending)
    part, more = _part(state, found, query)
    return [_row(state, query, record) for record in part], more


def _part(state: State, rows: list[Any], query: Query) -> tuple[list[Any], bool]:
    most = state.quirks.page_size
    # A page of a query holds more than one of a list, but where a test wants short ones.
    until = query.offset + (min(query.count, most) if most < PAGE else query.count)
    return rows[query.offset : until], len(rows) > until


def _all(state: State, query: Query) -> Iterable[Record]:
    asked = any(one.field == "Converted__s" for one in criteria(query.where))
    hides = query.module == "Leads" and state.quirks.coql_converted == "hidden" and not asked
    for record in state.all(query.module):
        if hides and record.values.get("Converted__s"):
            continue
        if state.quirks.query_lag and state.indexed(record) is None:
            continue
        yield record


# --- fields ----------------------------------------------------------------------------------------------


def _field(state: State, module: str, name: str) -> tuple[Field, Field | None]:
    """A field, or a look-up and the field of what it points at (`Account_Name.Website`). Raises ZohoError."""
    first, _, second = name.partition(".")
    field = state.modules[module].fields.get(first)
    if field is None or name.startswith("$") or field.type in ("tag", "jsonarray"):
        raise invalid("column given seems to be invalid", column_name=name)
    if not second:
        return field, None
    other = state.modules[field.module].fields.get(second) if field.module else None
    if other is None:
        raise invalid("column given seems to be invalid", column_name=name)
    return field, other


def _value(state: State, module: str, name: str) -> Callable[[Record], Any]:
    field, other = _field(state, module, name)

    def value(record: Record) -> Any:
        if other is None:
            return _raw(state, field, record)
        pointed = state.get(field.module, record.values.get(field.name))
        return _raw(state, other, pointed) if pointed else None

    return value


def _raw(state: State, field: Field, record: Record) -> Any:
    if field.type == "boolean":
        return bool(record.values.get(field.name))
    if field.computed and field.name not in record.values:
        return told(state, field, record)
    return record.values.get(field.name)


def _sorting(state: State, module: str, name: str) -> Callable[[Record], Any]:
    value = _value(state, module, name)

    def key(record: Record) -> Any:
        found = value(record)
        return (found is not None, found.casefold() if isinstance(found, str) else found or 0)

    return key


def _row(state: State, query: Query, record: Record) -> Row:
    row: Row = {column.key: _shown(state, query.module, column, record) for column in query.columns}
    return {**row, "id": record.id}


def _shown(state: State, module: str, column: Column, record: Record) -> Any:
    field, other = _field(state, module, column.field)
    if other is not None:
        pointed = state.get(field.module, record.values.get(field.name))
        return _told(state, other, pointed) if pointed else None
    return _told(state, field, record)


def _told(state: State, field: Field, record: Record) -> Any:
    value = told(state, field, record)
    if isinstance(value, Mapping) and state.quirks.coql_lookup == "id":
        return {"id": value["id"]}
    return value


# --- groups ----------------------------------------------------------------------------------------------


def _grouped(state: State, query: Query, found: list[Record]) -> list[Row]:
    """A row a group; without `group by`, everything is one. Raises ZohoError."""
    for column in query.columns:
        if not column.aggregate and column.field not in query.groups:
            raise invalid("the column is in no group", column_name=column.field)
    getters = [_value(state, query.module, name) for name in query.groups]
    groups: dict[tuple[Any, ...], list[Record]] = {} if query.groups else {(): found}
    for record in found if query.groups else ():
        groups.setdefault(tuple(get(record) for get in getters), []).append(record)
    return [
        {
            column.key: _aggregate(state, query.module, column, records)
            if column.aggregate
            else _shown(state, query.module, column, records[0])
            for column in query.columns
        }
        for records in groups.values()
    ]


def _aggregate(state: State, module: str, column: Column, records: list[Record]) -> Any:
    value = _value(state, module, column.field)
    known = [found for record in records if (found := value(record)) is not None]
    if column.aggregate == "COUNT":
        return len(known)
    if not known:
        return None
    if column.aggregate in ("MAX", "MIN"):
        best = max(known) if column.aggregate == "MAX" else min(known)
        field, _ = _field(state, module, column.field)
        return state.written(best) if field.type == "datetime" else best
    total = sum(known)
    return total / len(known) if column.aggregate == "AVG" else total


# --- conditions ------------------------------------------------------------------------------------------


def _test(state: State, module: str, condition: Condition) -> Test:
    if isinstance(condition, Both):
        left, right = _test(state, module, condition.left), _test(state, module, condition.right)
        if condition.word == "and":
            return lambda record: left(record) and right(record)
        return lambda record: left(record) or right(record)
    return _compared(state, module, condition)


def _compared(state: State, module: str, one: Criterion) -> Test:
    first, second = _field(state, module, one.field)
    field = second or first
    if field.type == "textarea":
        raise invalid("the field cannot stand in a condition", column_name=one.field, clause="where")
    value = _value(state, module, one.field)
    if one.operator in ("is null", "is not null"):
        return lambda record: (value(record) in (None, "")) == (one.operator == "is null")
    if one.operator in ("like", "not like"):
        if field.type not in _TEXTS:
            raise _operator(one, field)
        pattern = _like(str(one.values[0]))
        negative = one.operator == "not like"
        return lambda record: bool(pattern.fullmatch(str(value(record) or "").casefold())) != negative
    wanted = [_wanted(field, one, each) for each in one.values]
    if one.operator in ("=", "in", "!=", "not in"):
        known = set(wanted)
        positive = one.operator in ("=", "in")
        return lambda record: (_plain(value(record)) in known) == positive
    if field.type not in _ORDERED:
        raise _operator(one, field)
    return _ordered(value, one.operator, wanted)


def _ordered(value: Callable[[Record], Any], operator: str, wanted: list[Any]) -> Test:
    def test(record: Record) -> bool:
        found = value(record)
        if found is None:
            return False
        if operator == "between":
            return bool(wanted[0] <= found <= wanted[1])
        compared: bool = {
            "<": found < wanted[0],
            ">": found > wanted[0],
            "<=": found <= wanted[0],
            ">=": found >= wanted[0],
        }[operator]
        return compared

    return test


def _operator(one: Criterion, field: Field) -> ZohoError:
    reason = f"{field.type} fields are not compared so"
    return invalid("invalid operator found", column_name=one.field, operator=one.operator, reason=reason)


def _plain(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _wanted(field: Field, one: Criterion, value: Any) -> Any:
    """A value on the right, as values of that field are kept. Raises ZohoError."""
    try:
        if field.type == "datetime":
            return times.microseconds(value)
        if field.type == "date":
            return times.day(value)
        if field.type in ("lookup", "ownerlookup") or field.name == "id":
            return str(int(value))
        if field.type == "boolean" and isinstance(value, bool):
            return value
        if field.type in ("integer", "bigint", "double", "currency"):
            return float(value)
        if field.type in _TEXTS and not isinstance(value, bool):
            return str(value).casefold()
    except (TypeError, ValueError):
        pass
    raise invalid(
        "value given seems to be invalid", column_name=one.field, value=str(value), operator=one.operator
    )


@lru_cache(maxsize=4096)
def _like(text: str) -> re.Pattern[str]:
    """`%` stands at the ends only: what begins with, ends with, contains (COQL's limits)."""
    core = text.strip("%")
    if "%" in core or not core:
        raise invalid("invalid query formed", value=text, operator="like")
    before = ".*" if text.startswith("%") else ""
    after = ".*" if text.endswith("%") else ""
    return re.compile(before + re.escape(core.casefold()) + after, re.DOTALL)
