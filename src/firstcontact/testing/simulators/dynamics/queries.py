"""Lists: `$select`, `$filter`, `$orderby`, `$top`, `$expand`, `$count`, pages and changes (apis A5, N)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cmp_to_key
from typing import Any
from urllib.parse import quote

import msgspec

from firstcontact.testing.simulators.dynamics.filters import compiled
from firstcontact.testing.simulators.dynamics.refusals import Refusal, bad, no_property
from firstcontact.testing.simulators.dynamics.schema import LOOKUPS, Column, Table
from firstcontact.testing.simulators.dynamics.showing import (
    Expanded,
    Shape,
    View,
    context,
    far_table,
    selected,
    shown,
    split_top,
)
from firstcontact.testing.simulators.dynamics.state import Row, State
from firstcontact.testing.simulators.dynamics.times import SECOND, microseconds, written

MOST_ROWS = 5000
"""Rows of one page, and the most that `$top` and `$count` go to."""
OPTIONS = frozenset(
    {"$select", "$filter", "$orderby", "$top", "$expand", "$count", "$skiptoken", "$deltatoken"}
)
NOT_HERE = frozenset({"$apply", "$search", "$compute", "fetchXml", "savedQuery", "userQuery"})
"""Dataverse has them, this simulator has not."""
SEARCHED = frozenset({"contact", "lead"})
"""Tables in which looking for texts lags, where a lag is asked for: Dataverse itself has none."""
Order = Sequence[tuple[Column, bool]]


class Prefer(msgspec.Struct, frozen=True, kw_only=True):
    """What a `Prefer` header asks for. applied: what the answer says was heeded."""

    representation: bool = False
    page: int = 0
    track: bool = False
    annotations: tuple[str, ...] = ()
    continue_on_error: bool = False
    applied: tuple[str, ...] = ()


def read_prefer(header: str) -> Prefer:
    """A `Prefer` header; what is not known is left, as HTTP says. Raises Refusal 400."""
    given: dict[str, Any] = {}
    applied = []
    for part in re.findall(r'[^,;"]+(?:"[^"]*")?', header):
        name, _, value = part.strip().partition("=")
        name, value = name.lower(), value.strip('"')
        if name == "return":
            given["representation"] = value == "representation"
        elif name in ("odata.maxpagesize", "maxpagesize"):
            if not value.isdigit() or not int(value):
                raise bad("The odata.maxpagesize preference must be a positive number.")
            given["page"] = int(value)
        elif name in ("odata.track-changes", "track-changes"):
            given["track"] = True
        elif name == "odata.include-annotations":
            given["annotations"] = tuple(value.split(","))
        elif name in ("odata.continue-on-error", "continue-on-error"):
            given["continue_on_error"] = True
        else:
            continue
        applied.append(part.strip())
    return Prefer(**given, applied=tuple(applied))


def check_options(options: Mapping[str, str], known: frozenset[str]) -> None:
    """Raises Refusal 400 for an option that there is not, 501 for one that this simulator leaves out."""
    for name in options:
        if name in NOT_HERE:
            raise Refusal(501, "0x8006088c", f"The query parameter {name} is not simulated.")
        if name not in known:
            raise bad(f"The query parameter {name} is not supported.", "0x80060888")


def read_shape(state: State, table: Table, options: Mapping[str, str], prefer: Prefer) -> Shape:
    """What is to be shown of each record. Raises Refusal 400."""
    expand = tuple(_expanded(state, table, one) for one in split_top(options.get("$expand", ""), ",") if one)
    return Shape(
        select=selected(table, options.get("$select")), expand=expand, annotations=prefer.annotations
    )


def _expanded(state: State, table: Table, text: str) -> Expanded:
    name, bracket, inside = text.strip().partition("(")
    far = far_table(state, table, name)
    options: dict[str, str] = {}
    if bracket:
        for part in split_top(inside.removesuffix(")"), ";"):
            key, _, value = part.strip().partition("=")
            options[key] = value
    check_options(options, frozenset({"$select", "$filter", "$orderby", "$top"}))
    test = compiled(state, far, options["$filter"]).test if "$filter" in options else None
    order = read_order(far, options.get("$orderby", ""))
    top = _number(options.get("$top"), "$top") if "$top" in options else None

    def pick(rows: Sequence[Row]) -> Sequence[Row]:
        kept = [row for row in rows if test is None or test(row)]
        if order:
            kept.sort(key=_sorting(state, order))
        return kept[:top]

    return Expanded(name=name, select=selected(far, options.get("$select")), pick=pick)


def read_order(table: Table, text: str) -> Order:
    """The columns of an `$orderby`, each with whether it goes down. Raises Refusal 400."""
    known = {column.property: column for column in table.columns.values()}
    found = []
    for part in filter(None, text.split(",")):
        name, _, way = part.strip().partition(" ")
        if name not in known or way.strip() not in ("", "asc", "desc"):
            raise no_property(name, table.name) if name not in known else bad(f"Syntax error in {part}.")
        found.append((known[name], way.strip() == "desc"))
    return found


def rows_of(state: State, table: Table, filter: str | None, rows: Iterable[Row] | None = None) -> list[Row]:
    """Rows that fulfil a condition. Raises Refusal 400; 503 while the search is broken."""
    if filter is None:
        return list(state.all(table.name) if rows is None else rows)
    if state.search_broken:
        raise Refusal(503, "0x80044151", "Generic SQL error: the server is not available.")
    node = compiled(state, table, filter)
    lags = state.lag > 0 and node.searches and table.name in SEARCHED
    if rows is None and node.ids is not None and not lags:
        found = [state.rows[table.name][id] for id in node.ids()]
        return [row for row in found if node.test(row)]
    kept = []
    for row in state.all(table.name) if rows is None else rows:
        known = state.known(table.name, row) if lags else row
        if known is not None and node.test(known):
            kept.append(row)
    return kept


def listed(
    state: State,
    table: Table,
    options: Mapping[str, str],
    prefer: Prefer,
    base: str,
    rows: Iterable[Row] | None = None,
) -> View:
    """One page of a list. base: the API's address. Raises Refusal 400."""
    check_options(options, OPTIONS)
    if "$deltatoken" in options or prefer.track:
        return _changes(state, table, options, prefer, base)
    shape = read_shape(state, table, options, prefer)
    order = [*read_order(table, options.get("$orderby", "")), (table.columns[table.id], False)]
    found = rows_of(state, table, options.get("$filter"), rows)
    found.sort(key=_sorting(state, order))
    answer: View = {"@odata.context": context(base, table, shape)}
    if options.get("$count", "false") == "true":
        answer["@odata.count"] = min(len(found), MOST_ROWS)
    if "$skiptoken" in options:
        last = _last(table, order, options["$skiptoken"])
        found = [row for row in found if _compare(state, order, row, last) > 0]
    size = _page_size(state, prefer)
    if "$top" in options:
        size = min(_number(options["$top"], "$top"), MOST_ROWS)
    page = found[:size]
    answer["value"] = [shown(state, table, row, shape) for row in page]
    if len(found) > size and "$top" not in options:
        token = [page[-1].get(column.name) for column, _ in order]
        answer["@odata.nextLink"] = _link(base, table, options, {"$skiptoken": _encoded(token)})
    return answer


def _page_size(state: State, prefer: Prefer) -> int:
    return min(prefer.page or MOST_ROWS, MOST_ROWS, state.quirks.page_size)


def _sorting(state: State, order: Order) -> Callable[[Row], Any]:
    def compare(one: Row, other: Row) -> int:
        return _compare(state, order, one, other)

    return cmp_to_key(compare)


def _compare(state: State, order: Order, one: Row, other: Row) -> int:
    for column, down in order:
        left, right = one.get(column.name), other.get(column.name)
        if column.type in LOOKUPS:
            left, right = left and left[1], right and right[1]
        left, right = state.folded(left), state.folded(right)
        if left != right:
            below = left is None or (right is not None and left < right)
            return -1 if below != down else 1
    return 0


def _last(table: Table, order: Order, token: str) -> Row:
    try:
        values = json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        raise bad("The skip token is not valid.", "0x80060888") from None
    if not isinstance(values, list) or len(values) != len(order):
        raise bad(f"The skip token is not one of {table.set}.", "0x80060888")
    held = {column.name: value for (column, _), value in zip(order, values, strict=True)}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in held.items()}


def _encoded(token: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(token).encode()).decode()


def _link(base: str, table: Table, options: Mapping[str, str], more: Mapping[str, str]) -> str:
    """An address with the options of this request, and others instead of or beside them."""
    every = {**options, **more}
    query = "&".join(f"{name}={quote(value, safe=chr(39) + '(),$/=@')}" for name, value in every.items())
    return f"{base}/{table.set}?{query}"


def _number(text: str | None, name: str) -> int:
    if text is None or not text.isdigit():
        raise bad(f"Invalid value '{text}' for {name} query option found.")
    return int(text)


# --- changes -------------------------------------------------------------------------------------------


def _changes(state: State, table: Table, options: Mapping[str, str], prefer: Prefer, base: str) -> View:
    """Everything, or what changed since a delta link, and a link for what changes from now on (apis A5, N;
    Microsoft's page "Track entity data changes with change tracking and the Web API")."""
    if table.name not in state.tracking:
        raise bad(f"Change tracking is not enabled for the entity {table.name}.", "0x80072491")
    check_options(options, frozenset({"$select", "$skiptoken", "$deltatoken", "$count"}))
    shape = read_shape(state, table, options, prefer)
    since = _since(state, options.get("$deltatoken"))
    after, until = since, state.version
    if "$skiptoken" in options:
        after, until = _place(options["$skiptoken"])
    entries = _entries(state, table, after, first=since == 0)
    size = _page_size(state, prefer)
    page, more = entries[:size], len(entries) > size
    answer: View = {"@odata.context": context(base, table, shape, "/$delta")}
    answer["value"] = [
        shown(state, table, one, shape) if isinstance(one, Mapping) else _deleted(base, table, one)
        for _, one in page
    ]
    if options.get("$count") == "true":
        answer["@odata.count"] = min(len(entries), MOST_ROWS)
    if more:
        token = _encoded([page[-1][0], until])
        answer["@odata.nextLink"] = _link(base, table, options, {"$skiptoken": token})
        return answer
    kept = {name: value for name, value in options.items() if name != "$skiptoken"}
    moment = written(state.clock()).replace("T", " ").rstrip("Z")
    answer["@odata.deltaLink"] = _link(base, table, kept, {"$deltatoken": f"{until}!{moment}"})
    return answer


def _entries(state: State, table: Table, after: int, *, first: bool) -> list[tuple[int, Row | str]]:
    """Records and ids of deleted ones, by the version of the change."""
    rows: list[tuple[int, Row | str]] = [
        (row["versionnumber"], row) for row in state.all(table.name) if row["versionnumber"] > after
    ]
    gone: list[tuple[int, Row | str]] = []
    if not first:
        alive = state.rows[table.name]
        gone = [(at, id) for at, id, _ in state.deleted[table.name] if at > after and id not in alive]
    return sorted(rows + gone, key=_version)


def _version(entry: tuple[int, Row | str]) -> int:
    return entry[0]


def _since(state: State, token: str | None) -> int:
    """The version that a delta token names; 0 for none. Raises Refusal 400 for one that is too old."""
    if token is None:
        return 0
    version, _, moment = token.partition("!")
    try:
        at = microseconds(f"{moment.replace(' ', 'T')}Z")
        since = int(version)
    except ValueError:
        raise bad("The delta token is not valid.", "0x80044352") from None
    if at < state.clock() - state.quirks.delta_days * 86_400 * SECOND:
        raise bad("The delta token has expired. A full synchronization is needed.", "0x80044352")
    return since


def _place(token: str) -> tuple[int, int]:
    try:
        after, until = json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        raise bad("The skip token is not valid.", "0x80060888") from None
    return int(after), int(until)


def _deleted(base: str, table: Table, id: str) -> View:
    return {
        "@odata.context": f"{base}/$metadata#{table.set}/$deletedEntity",
        "id": id,
        "reason": "deleted",
    }
