"""COQL as a tree: `select … from … where … group by … order by … limit …` (apis A4, "Lookup"; Zoho's pages on
COQL and its limits)."""

from __future__ import annotations

import re
from typing import Any, NoReturn

import msgspec

from firstcontact.testing.simulators.zoho.errors import ZohoError

MOST_ROWS = 2_000
MOST_OFFSET = 100_000
MOST_COLUMNS = 50
MOST_CRITERIA = 25
MOST_ORDERS = 10
MOST_GROUPS = 4
DEFAULT_ROWS = 200
AGGREGATES = ("COUNT", "SUM", "MAX", "MIN", "AVG")
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|''|\\.)*')|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<word>[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)|(?P<sign><=|>=|!=|<>|[=<>(),*]))"
)
_CLAUSES = ("where", "group", "order", "limit", "offset")


class Column(msgspec.Struct, frozen=True):
    """A field, or an aggregate of one, and the name it is answered under."""

    field: str
    aggregate: str = ""
    alias: str = ""

    @property
    def key(self) -> str:
        """As it stands in the answer."""
        return self.alias or (f"{self.aggregate}({self.field})" if self.aggregate else self.field)


class Criterion(msgspec.Struct, frozen=True):
    """One comparison; `values` are those on its right: texts, numbers, truth values."""

    field: str
    operator: str
    values: tuple[Any, ...] = ()


class Both(msgspec.Struct, frozen=True):
    """Two conditions, joined."""

    word: str
    left: Criterion | Both
    right: Criterion | Both


Condition = Criterion | Both


class Query(msgspec.Struct, frozen=True):
    """A whole query. orders: column and whether it descends."""

    columns: tuple[Column, ...]
    module: str
    where: Condition
    groups: tuple[str, ...] = ()
    orders: tuple[tuple[str, bool], ...] = ()
    offset: int = 0
    count: int = DEFAULT_ROWS


def read(text: str, most_in: int) -> Query:
    """A query that is well formed. Raises ZohoError: SYNTAX_ERROR, INVALID_QUERY, DUPLICATE_DATA."""
    return _Reader(_tokens(text), most_in).query()


def criteria(condition: Condition) -> list[Criterion]:
    """All comparisons of a condition."""
    if isinstance(condition, Criterion):
        return [condition]
    return criteria(condition.left) + criteria(condition.right)


def invalid(message: str, **details: Any) -> ZohoError:
    """400 INVALID_QUERY."""
    return ZohoError(400, "INVALID_QUERY", message, details)


def _near(text: str) -> NoReturn:
    raise ZohoError(400, "SYNTAX_ERROR", "the query cannot be read", {"near": text})


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    text = text.strip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            _near(text[place : place + 20])
        kind = str(match.lastgroup)
        found.append((kind, match[kind]))
        place = match.end()
    return found


class _Reader:
    """Recursive descent over tokens."""

    def __init__(self, tokens: list[tuple[str, str]], most_in: int) -> None:
        self._tokens = tokens
        self._place = 0
        self._most_in = most_in
        self._criteria = 0

    def query(self) -> Query:
        self._need("select")
        columns = self._columns()
        self._need("from")
        module = self._take("word")
        if not self._word("where"):
            if self._peek()[1].lower() in (*_CLAUSES, ""):
                raise ZohoError(400, "SYNTAX_ERROR", "missing clause", {"clause": "where"})
            _near(self._peek()[1])
        where = self._joined()
        groups = self._groups()
        orders = self._orders()
        offset, count = self._limits()
        if self._place < len(self._tokens):
            _near(self._peek()[1])
        return Query(columns, module, where, groups, orders, offset, count)

    # --- parts ---------------------------------------------------------------------------------------

    def _columns(self) -> tuple[Column, ...]:
        columns = [self._column()]
        while self._sign(","):
            columns.append(self._column())
        if len(columns) > MOST_COLUMNS:
            raise ZohoError(400, "LIMIT_EXCEEDED", "too many columns", {"limit": MOST_COLUMNS})
        keys = [column.key for column in columns]
        for column in columns:
            if keys.count(column.key) > 1:
                raise ZohoError(400, "DUPLICATE_DATA", "a column stands twice", {"column_name": column.field})
        return tuple(columns)

    def _column(self) -> Column:
        name = self._take("word")
        if name.upper() in AGGREGATES and self._sign("("):
            field = self._take("word")
            self._close()
            return Column(field, name.upper(), self._alias())
        return Column(name, "", self._alias())

    def _alias(self) -> str:
        return self._take("word").strip("'") if self._word("as") else ""

    def _joined(self) -> Condition:
        """A condition, or two: more need brackets of their own (COQL's limits)."""
        left = self._condition()
        for word in ("and", "or"):
            if self._word(word):
                return Both(word, left, self._condition())
        return left

    def _condition(self) -> Condition:
        if self._sign("("):
            inner = self._joined()
            self._close()
            return inner
        self._criteria += 1
        if self._criteria > MOST_CRITERIA:
            raise ZohoError(400, "LIMIT_EXCEEDED", "too many criteria", {"limit": MOST_CRITERIA})
        return self._criterion()

    def _criterion(self) -> Criterion:
        field = self._take("word")
        kind, text = self._peek()
        if kind == "sign" and text in ("=", "!=", "<>", "<", ">", "<=", ">="):
            self._place += 1
            return Criterion(field, "!=" if text == "<>" else text, (self._value(),))
        if self._word("is"):
            negative = self._word("not")
            self._need("null")
            return Criterion(field, "is not null" if negative else "is null")
        negative = self._word("not")
        if self._word("like"):
            return Criterion(field, "not like" if negative else "like", (self._value(),))
        if self._word("in"):
            return Criterion(field, "not in" if negative else "in", self._list())
        if self._word("between") and not negative:
            low = self._value()
            self._need("and")
            return Criterion(field, "between", (low, self._value()))
        raise ZohoError(400, "SYNTAX_ERROR", "the operator is not known", {"operator": text, "near": field})

    def _list(self) -> tuple[Any, ...]:
        self._open()
        values = [self._value()]
        while self._sign(","):
            values.append(self._value())
        self._close()
        if len(values) > self._most_in:
            raise ZohoError(400, "LIMIT_EXCEEDED", "too many values in a list", {"limit": self._most_in})
        return tuple(values)

    def _value(self) -> Any:
        kind, text = self._peek()
        self._place += 1
        if kind == "text":
            return re.sub(r"''|\\(.)", lambda match: match[1] or "'", text[1:-1])
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind == "word" and text.lower() in ("true", "false"):
            return text.lower() == "true"
        _near(text)

    def _groups(self) -> tuple[str, ...]:
        if not self._word("group"):
            return ()
        self._need("by")
        names = [self._take("word")]
        while self._sign(","):
            names.append(self._take("word"))
        if len(names) > MOST_GROUPS:
            raise ZohoError(400, "LIMIT_EXCEEDED", "too many groups", {"limit": MOST_GROUPS})
        return tuple(names)

    def _orders(self) -> tuple[tuple[str, bool], ...]:
        if not self._word("order"):
            return ()
        self._need("by")
        orders = [self._order()]
        while self._sign(","):
            orders.append(self._order())
        names = [name for name, _ in orders]
        if len(names) > MOST_ORDERS:
            raise ZohoError(400, "LIMIT_EXCEEDED", "too many orders", {"limit": MOST_ORDERS})
        if len(set(names)) < len(names):
            raise ZohoError(400, "DUPLICATE_DATA", "an order stands twice", {"column_name": names[0]})
        return tuple(orders)

    def _order(self) -> tuple[str, bool]:
        name = self._take("word")
        if self._word("desc"):
            return name, True
        self._word("asc")
        return name, False

    def _limits(self) -> tuple[int, int]:
        """`limit COUNT`, `limit OFFSET, COUNT` or `limit COUNT offset OFFSET`."""
        offset, count = 0, DEFAULT_ROWS
        if self._word("limit"):
            count = self._number("limit")
            if self._sign(","):
                offset, count = count, self._number("limit")
        if self._word("offset"):
            offset = self._number("offset")
        if not 1 <= count <= MOST_ROWS:
            raise invalid("limit given seems to be invalid", limit=str(count))
        if offset > MOST_OFFSET:
            raise invalid("offset given seems to be invalid", offset=str(offset))
        return offset, count

    def _number(self, clause: str) -> int:
        kind, text = self._peek()
        self._place += 1
        if kind != "number" or not text.isdigit():
            raise invalid(f"{clause} given seems to be invalid", **{clause: text})
        return int(text)

    # --- tokens --------------------------------------------------------------------------------------

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("end", "")

    def _take(self, wanted: str) -> str:
        kind, text = self._peek()
        if kind != wanted:
            _near(text)
        self._place += 1
        return text

    def _word(self, wanted: str) -> bool:
        kind, text = self._peek()
        found = kind == "word" and text.lower() == wanted
        self._place += found
        return found

    def _sign(self, wanted: str) -> bool:
        found = self._peek() == ("sign", wanted)
        self._place += found
        return found

    def _need(self, wanted: str) -> None:
        if not self._word(wanted):
            _near(self._peek()[1])

    def _open(self) -> None:
        if not self._sign("("):
            _near(self._peek()[1])

    def _close(self) -> None:
        if not self._sign(")"):
            _near(self._peek()[1])
