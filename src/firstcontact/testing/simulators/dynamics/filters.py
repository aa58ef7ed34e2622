"""`$filter`: what Dataverse's Web API takes of it (apis A5, "Lookup").

Comparisons, `and`, `or`, `not`, `contains`, `startswith`, `endswith`, `Microsoft.Dynamics.CRM.In`, one step
along a single-valued navigation property, and `any` over a collection.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from typing import Any

from firstcontact.testing.simulators.dynamics import times
from firstcontact.testing.simulators.dynamics.addresses import GUID
from firstcontact.testing.simulators.dynamics.refusals import bad, no_property
from firstcontact.testing.simulators.dynamics.relations import collections, navigations
from firstcontact.testing.simulators.dynamics.schema import LOOKUPS, Column, Table
from firstcontact.testing.simulators.dynamics.state import Reference, Row, State

Test = Callable[[Row], bool]
Ids = Callable[[], set[str]]
"""Ids beyond which no row can fulfil the condition."""
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')"
    r"|(?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"|(?P<time>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?)"
    r"|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z_][\w.]*(?:/[A-Za-z_][\w.]*)*)"
    r"|(?P<mark>[(),:=\[\]]))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
_FUNCTIONS = {"contains": (".*", ".*"), "startswith": ("", ".*"), "endswith": (".*", "")}
"""What may stand before and after the text that is asked for."""
_IN = "Microsoft.Dynamics.CRM.In"
_TEXTS = frozenset({"String", "Memo", "EntityName"})
_NUMBERS = frozenset({"Integer", "BigInt", "Picklist", "State", "Status"})
_MOST_DEPTH = 60


class Node:
    """A compiled condition. ids: None where every row must be looked at. searches: it looks for texts."""

    __slots__ = ("ids", "searches", "test")

    def __init__(self, test: Test, ids: Ids | None = None) -> None:
        self.test = test
        self.ids = ids
        self.searches = False


def compiled(state: State, table: Table, text: str) -> Node:
    """A condition on rows of a table. Raises Refusal 400."""
    return _Parser(state, table, text).whole()


class _Parser:
    def __init__(self, state: State, table: Table, text: str) -> None:
        self._state = state
        self._table = table
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0
        self._variable = ""
        self._conditions = 0
        self._searches = False
        self._depth = 0

    def whole(self) -> Node:
        node = self._any_of()
        if self._at < len(self._tokens):
            raise self._wrong()
        if self._conditions > self._state.quirks.most_conditions:
            raise bad("Number of conditions in query exceeded maximum limit.", "0x8004430d")
        node.searches = self._searches
        return node

    # --- and, or, not ----------------------------------------------------------------------------------

    def _any_of(self) -> Node:
        nodes = [self._all_of()]
        while self._is("name", "or"):
            self._at += 1
            nodes.append(self._all_of())
        if len(nodes) == 1:
            return nodes[0]
        tests = [node.test for node in nodes]
        known = [node.ids for node in nodes if node.ids is not None]

        def ids() -> set[str]:
            return set().union(*(one() for one in known))

        return Node(lambda row: any(test(row) for test in tests), ids if len(known) == len(nodes) else None)

    def _all_of(self) -> Node:
        nodes = [self._one()]
        while self._is("name", "and"):
            self._at += 1
            nodes.append(self._one())
        if len(nodes) == 1:
            return nodes[0]
        tests = [node.test for node in nodes]
        known = next((node.ids for node in nodes if node.ids is not None), None)
        return Node(lambda row: all(test(row) for test in tests), known)

    def _one(self) -> Node:
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise bad("The node count or depth of the filter exceeds the limit.")
        try:
            if self._is("name", "not"):
                self._at += 1
                inner = self._one().test
                return Node(lambda row: not inner(row))
            if self._is("mark", "("):
                self._at += 1
                node = self._any_of()
                self._take("mark", ")")
                return node
            self._conditions += 1
            return self._condition()
        finally:
            self._depth -= 1

    # --- conditions ------------------------------------------------------------------------------------

    def _condition(self) -> Node:
        name = self._take("name")
        if name == _IN:
            return self._in()
        if name in _FUNCTIONS:
            return self._function(name)
        if name.endswith("/any"):
            return self._lambda(name.removesuffix("/any"))
        column, value = self._property(name)
        compare = self._take("name")
        if compare not in _COMPARE:
            raise self._wrong()
        literal = self._literal(column)
        return self._compared(column, value, compare, literal, "/" in name)

    def _compared(
        self, column: Column, value: Callable[[Row], Any], compare: str, literal: Any, far: bool
    ) -> Node:
        if literal is None:
            if compare not in ("eq", "ne"):
                raise bad(f"null is compared by eq or ne, not by {compare}.")
            return Node(lambda row: (value(row) is None) == (compare == "eq"))
        folded = self._state.folded
        wanted, decide = folded(literal), _COMPARE[compare]

        def test(row: Row) -> bool:
            held = value(row)
            if held is None:
                return compare == "ne"
            return decide(folded(held), wanted)

        keys = self._state.keys[self._table.name].values()
        if column.type == "String" and all(column.name not in key.columns for key in keys):
            self._searches = True
        if compare == "eq" and not far and not self._variable:
            return Node(test, self._indexed(column, [literal]))
        return Node(test)

    def _indexed(self, column: Column, literals: Iterable[Any]) -> Ids | None:
        """Rows by the values of a text or lookup."""
        state, table, wanted = self._state, self._table, list(literals)
        if table.name == "activitypointer":
            return None
        if column.type in LOOKUPS:
            keys: list[Any] = [(target, one) for target in column.targets for one in wanted]
        elif column.type == "String" and 0 < column.most <= 400:
            keys = wanted
        else:
            return None

        def ids() -> set[str]:
            return {row[table.id] for key in keys for row in state.with_value(table.name, column.name, key)}

        return ids

    def _function(self, name: str) -> Node:
        self._take("mark", "(")
        column, value = self._property(self._take("name"))
        self._take("mark", ",")
        if column.type not in _TEXTS:
            raise bad(f"The function {name} takes a text, and {column.property} is none.")
        self._searches = True
        before, after = _FUNCTIONS[name]
        part = _pattern(self._state, self._literal(column))
        pattern = re.compile(f"{before}{part}{after}", re.DOTALL)
        self._take("mark", ")")
        wanted = True
        if self._is("name", "eq"):
            self._at += 1
            wanted = self._take("name") == "true"
        folded = self._state.folded

        def test(row: Row) -> bool:
            held = value(row)
            return held is not None and (pattern.fullmatch(folded(held)) is not None) == wanted

        return Node(test)

    def _in(self) -> Node:
        """`Microsoft.Dynamics.CRM.In(PropertyName='x',PropertyValues=['a','b'])`."""
        self._take("mark", "(")
        self._take("name", "PropertyName")
        self._take("mark", "=")
        name = _unquoted(self._take("text"))
        column = _column(self._table, name.strip("_").removesuffix("_value"))
        self._take("mark", ",")
        self._take("name", "PropertyValues")
        self._take("mark", "=")
        self._take("mark", "[")
        texts = [_unquoted(self._take("text"))]
        while self._is("mark", ","):
            self._at += 1
            texts.append(_unquoted(self._take("text")))
        self._take("mark", "]")
        self._take("mark", ")")
        self._conditions += len(texts) - 1
        values: list[Any] = [one.lower() if GUID.fullmatch(one) else one for one in texts]
        if column.type in _NUMBERS:
            values = [float(one) for one in texts]
        wanted = {self._state.folded(one) for one in values}
        folded = self._state.folded
        return Node(lambda row: folded(_value(row, column)) in wanted, self._indexed(column, values))

    def _lambda(self, collection: str) -> Node:
        """`phonecall_activity_parties/any(p:p/_partyid_value eq …)`."""
        known = collections(self._table)
        if collection not in known or self._variable:
            raise no_property(collection, self._table.name)
        other, column = known[collection]
        here = self._table
        self._take("mark", "(")
        self._variable = self._take("name")
        self._take("mark", ":")
        self._table = self._state.table(other)
        inner = self._any_of().test
        self._table, self._variable = here, ""
        self._take("mark", ")")
        state = self._state

        def test(row: Row) -> bool:
            return any(inner(one) for one in state.with_value(other, column, (here.name, row[here.id])))

        return Node(test)

    # --- properties and values -------------------------------------------------------------------------

    def _property(self, name: str) -> tuple[Column, Callable[[Row], Any]]:
        if self._variable:
            variable, _, name = name.partition("/")
            if variable != self._variable:
                raise no_property(variable, self._table.name)
        step, slash, rest = name.partition("/")
        if not slash:
            column = _by_property(self._table, step)
            if column.type in LOOKUPS:
                return column, lambda row: _value(row, column)
            key = column.name
            return column, lambda row: row.get(key)
        through, targets = navigations(self._table).get(step, (None, ()))
        if through is None:
            raise no_property(step, self._table.name)
        state, target = self._state, targets[0]
        far = _by_property(state.table(target), rest)

        def value(row: Row) -> Any:
            held: Reference | None = row.get(through.name)
            other = state.get(*held) if held is not None and held[0] == target else None
            return None if other is None else _value(other, far)

        return far, value

    def _literal(self, column: Column) -> Any:
        """A value as the column holds it. Raises Refusal 400 for one of another type."""
        if self._at >= len(self._tokens):
            raise self._wrong()
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "name" and text == "null":
            return None
        if kind == "text" and column.type in _TEXTS:
            return _unquoted(text)
        if kind == "guid" and (column.type in LOOKUPS or column.type == "Uniqueidentifier"):
            return text.lower()
        if kind == "number" and column.type in _NUMBERS:
            return float(text)
        if kind == "name" and column.type == "Boolean" and text in ("true", "false"):
            return text == "true"
        if kind == "time" and column.type == "DateTime":
            return _moment(column, text)
        raise bad(f"A binary operator with incompatible types was detected: {text} and {column.property}.")

    # --- tokens ----------------------------------------------------------------------------------------

    def _is(self, kind: str, text: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at] == (kind, text)

    def _take(self, kind: str, text: str = "") -> str:
        if self._at >= len(self._tokens):
            raise self._wrong()
        found, said = self._tokens[self._at]
        if found != kind or (text and said != text):
            raise self._wrong()
        self._at += 1
        return said

    def _wrong(self) -> Exception:
        return bad(f"Syntax error at token {self._at} of '{self._text[:200]}'.", "0x80060888")


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        one = _TOKEN.match(text, at)
        if one is None:
            raise bad(f"Syntax error: character '{text[at]}' is not valid at position {at}.")
        kind = one.lastgroup or ""
        found.append((kind, one[kind]))
        at = one.end()
    return found


def _pattern(state: State, part: str | None) -> str:
    """A text as SQL's LIKE takes it: `%` anything, `_` one character, `[]` one of a set, `[^]` none of it
    (Microsoft's page "Use wildcard characters in conditions for string values")."""
    if part is None:
        raise bad("A text is needed, not null.")
    part = state.letters(part)
    if state.quirks.wildcards == "off":
        return re.escape(part)
    found, at = "", 0
    while at < len(part):
        end = part.find("]", at + 1) if part[at] == "[" else -1
        if end > 0:
            inside = part[at + 1 : end].replace("\\", "\\\\")
            # A set with nothing in it fits nothing.
            found += f"[{inside}]" if inside.strip("^") else "(?!)"
            at = end + 1
            continue
        found += {"%": ".*", "_": "."}.get(part[at], re.escape(part[at]))
        at += 1
    return found


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")


def _by_property(table: Table, name: str) -> Column:
    """Raises Refusal 400 where there is none: a lookup is asked for as `_x_value`."""
    column = _column(table, name.strip("_").removesuffix("_value") if name.startswith("_") else name)
    if column.property != name:
        raise no_property(name, table.name)
    return column


def _column(table: Table, name: str) -> Column:
    column = table.columns.get(name)
    if column is None:
        raise no_property(name, table.name)
    return column


def _value(row: Row, column: Column) -> Any:
    held = row.get(column.name)
    return held[1] if column.type in LOOKUPS and held is not None else held


def _moment(column: Column, text: str) -> str:
    try:
        if column.date:
            return times.read_day(text)
        return times.read(text if "T" in text else f"{text}T00:00:00Z")
    except ValueError:
        raise bad(f"{text} is no moment.") from None
