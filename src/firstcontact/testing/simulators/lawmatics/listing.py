"""Lists: one filter, one order, 25 records a page (apis A3, "Shape")."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from firstcontact.testing.simulators.lawmatics.errors import LawmaticsError, bad, no_filter
from firstcontact.testing.simulators.lawmatics.kind import OWNERS, Kind, view, wanted
from firstcontact.testing.simulators.lawmatics.state import Record, State, read_time

PARAMETERS = frozenset({"fields", "page", "sort_by", "sort_order"})
ALIASES: Mapping[str, str] = {
    "filter_by": "filter_by",
    "filter_field": "filter_by",
    "filter_on": "filter_on",
    "filter_value": "filter_on",
    "filter_with": "filter_with",
    "filter_operator": "filter_with",
}
PRESENCE: Mapping[str, bool] = {
    "null": False,
    "empty": False,
    "blank": False,
    "not_null": True,
    "present": True,
}
"""Operators that look whether there is a value at all."""
_OWNED: Mapping[str, str] = {
    "contact_id": "contact",
    "prospect_id": "prospect",
    "matter_id": "prospect",
    "company_id": "company",
}
Test = Callable[[Record], bool]
Known = Callable[[State, Record, str], Any]
"""What the search knows of a text attribute: with lag it is behind."""


def listed(kind: Kind, state: State, params: Mapping[str, list[str]], known: Known) -> dict[str, Any]:
    """A page of a list. Raises LawmaticsError."""
    for name in params:
        if name not in PARAMETERS and name not in ALIASES:
            raise LawmaticsError(422, "Unpermitted Parameter", f"{name!r} is not a parameter here.")
    texts = params.get("fields")
    names = wanted(kind, state.quirks, texts[-1] if texts else None, saved=False)
    test = _filter(kind, state, params, known)
    records = [one for one in _ordered(kind, state, params) if test is None or test(one)]
    number = _page(params.get("page", ["1"])[-1])
    size = state.quirks.page_size
    pages = max(1, math.ceil(len(records) / size))
    page = records[(number - 1) * size : number * size]
    return {
        "data": [view(kind, state, one, names) for one in page],
        "meta": {"total_pages": pages, "limit_per_page": size, "total_entries": len(records)},
        "links": _links(kind.link or f"/v1/{kind.path}", number, pages),
    }


def _links(path: str, page: int, pages: int) -> dict[str, str]:
    """Relative, without any other parameter, and for some kinds at a path that is none: as published."""
    links = {"self": f"{path}?page={page}"}
    if page < pages:
        links["next"] = f"{path}?page={page + 1}"
    if page > 1:
        links["prev"] = f"{path}?page={page - 1}"
    return links


def _page(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise bad(f"{text!r} is no page")
    return int(text)


def _ordered(kind: Kind, state: State, params: Mapping[str, list[str]]) -> list[Record]:
    """By id, the newest first, where nothing else is asked for. Raises LawmaticsError 422."""
    name = params.get("sort_by", ["id"])[-1]
    order = params.get("sort_order", ["desc"])[-1]
    if order not in ("asc", "desc") or (name != "id" and kind.attributes.get(name, "whole") == "whole"):
        raise LawmaticsError(422, "Sort Parameter Not Available", f"there is no order by {name} {order}.")
    records = list(state.all(kind.path))

    def key(record: Record) -> Any:
        value = record.id if name == "id" else kind.value(state, record, name)
        return (value is not None, value, record.id)

    return sorted(records, key=key, reverse=order == "desc")


def _filter(kind: Kind, state: State, params: Mapping[str, list[str]], known: Known) -> Test | None:
    """The one filter there may be. Raises LawmaticsError 422."""
    given: dict[str, str] = {}
    for name, texts in params.items():
        if name in ALIASES:
            if len(texts) > 1 or ALIASES[name] in given:
                raise no_filter()
            given[ALIASES[name]] = texts[0]
    if not given:
        return None
    name, operator = given.get("filter_by", ""), given.get("filter_with", "")
    if not name or ("filter_on" not in given and operator not in PRESENCE):
        raise no_filter()
    if name.endswith("_id") and (read := _association(kind, state, name)) is not None:
        return _compared("number", operator, given.get("filter_on", ""), read)
    if name == "id":
        return _compared("number", operator, given.get("filter_on", ""), lambda record: record.id)
    sort = kind.attributes.get(name, "whole")
    if sort == "whole":
        raise no_filter()
    return _compared(sort, operator, given.get("filter_on", ""), lambda record: known(state, record, name))


def _association(kind: Kind, state: State, name: str) -> Callable[[Record], Any] | None:
    if name in kind.links:
        link = kind.links[name]
        return lambda record: link(state, record)
    if kind.owner and name in _OWNED:
        owner = _OWNED[name]
        return lambda record: _owned(state, record, owner)
    return None


def _owned(state: State, record: Record, type: str) -> int | None:
    owner = record.values.get("owner")
    if owner is None or owner[0] != type or state.get(OWNERS[type], owner[1]) is None:
        return None
    id: int = owner[1]
    return id


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


def _compared(sort: str, operator: str, text: str, read: Callable[[Record], Any]) -> Test:
    """A filter by a value. Raises LawmaticsError 422 for an operator or a value that cannot be."""
    if operator in PRESENCE:
        present = PRESENCE[operator]
        return lambda record: (read(record) not in (None, "")) == present
    operator = operator or ("ilike" if sort == "text" else "=")
    if operator in ("like", "ilike") and sort == "text":
        pattern = _like(text, operator == "ilike")
        return lambda record: bool(pattern.fullmatch(str(read(record) or "")))
    if operator not in _COMPARE:
        raise no_filter()
    other, compare = _operand(sort, text), _COMPARE[operator]

    def test(record: Record) -> bool:
        value = read(record)
        if value is None:
            return False
        return compare(value, other)

    return test


def _operand(sort: str, text: str) -> Any:
    if sort == "time":
        return read_time(text)
    if sort == "flag":
        if text not in ("true", "false"):
            raise no_filter()
        return text == "true"
    if sort == "number":
        try:
            return float(text)
        except ValueError:
            raise no_filter() from None
    return text


def _like(text: str, ignore_case: bool) -> re.Pattern[str]:
    """SQL's LIKE: `%` any letters, `_` one; a backslash before either means itself."""
    parts = re.findall(r"\\.|%|_|[^\\%_]+|\\", text, re.DOTALL)
    read = {"%": ".*", "_": "."}
    pattern = "".join(
        read.get(part) or re.escape(part[1:] if part[0] == "\\" and len(part) > 1 else part) for part in parts
    )
    return re.compile(pattern, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
