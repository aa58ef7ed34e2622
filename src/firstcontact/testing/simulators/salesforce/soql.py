"""SOQL read: text to a tree. What is no SOQL is MALFORMED_QUERY.

Of the language there is what a connector sends (apis A1, "Lookup by phone"): fields through relationships,
subqueries on children, conditions with semi-joins, grouping by a field, ordering, limit and offset.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from firstcontact.testing.simulators.salesforce.refusal import Refusal

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    | (?P<date>\d{4}-\d\d-\d\d)
    | (?P<number>[+-]?\d+(?:\.\d+)?)
    | (?P<word>[A-Za-z_][A-Za-z0-9_.]*(?::\d+)?)
    | (?P<sign><=|>=|!=|<>|[=<>(),])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {
    "n": "\n",
    "N": "\n",
    "r": "\r",
    "R": "\r",
    "t": "\t",
    "T": "\t",
    "b": "\b",
    "B": "\b",
    "f": "\f",
    "F": "\f",
}
_PLAIN = frozenset("'\"\\")
LONGEST = 100_000


def malformed(message: str) -> Refusal:
    """400 MALFORMED_QUERY."""
    return Refusal(400, "MALFORMED_QUERY", message)


class Token(msgspec.Struct, frozen=True):
    """A piece of the text: its sort, the text itself, and where it begins."""

    sort: str
    text: str
    at: int


class Literal_(msgspec.Struct, frozen=True):
    """A value: `string number date moment null boolean relative`; `pattern` is for LIKE."""

    sort: str
    value: Any
    pattern: str = ""


class Compare(msgspec.Struct, frozen=True):
    """One condition on a field; `values` has one for a comparison."""

    path: str
    sign: str
    values: tuple[Literal_, ...] = ()
    query: Query | None = None


class Combine(msgspec.Struct, frozen=True):
    """Conditions under AND, OR or NOT."""

    how: Literal["and", "or", "not"]
    parts: tuple[Compare | Combine, ...]


Condition = Compare | Combine


class Aggregate(msgspec.Struct, frozen=True):
    """`COUNT(Id)`, `MAX(CreatedDate) newest`."""

    function: str
    path: str
    alias: str


class Order(msgspec.Struct, frozen=True):
    """One key of ORDER BY."""

    path: str
    down: bool
    nulls_first: bool


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A query. `counts`: it is `SELECT COUNT()`. source: the object, or a subquery's relationship."""

    source: str
    fields: tuple[str | Aggregate | Query, ...] = ()
    counts: bool = False
    where: Condition | None = None
    group: tuple[str, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int = -1
    offset: int = 0


def parse(text: str) -> Query:
    """The query. Raises Refusal."""
    if len(text) > LONGEST:
        raise malformed("SOQL statements cannot be longer than 100000 characters.")
    reader = Reader(tokens(text))
    query = reader.query()
    reader.end()
    return query


def tokens(text: str) -> list[Token]:
    """The pieces of a text. Raises Refusal."""
    found, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise malformed(f"unexpected token: '{text[at : at + 20].strip()}' (position {at})")
        found.append(Token(match.lastgroup, match[match.lastgroup], at))
        at = match.end()
    return found


class Reader:
    """Reads the pieces from left to right."""

    def __init__(self, pieces: list[Token]) -> None:
        self._pieces = pieces
        self._at = 0

    def query(self) -> Query:
        """`SELECT … FROM …` with all that may follow."""
        self.word("SELECT")
        counts = self._counts()
        fields = () if counts else self._fields()
        self.word("FROM")
        source = self.name()
        self._alias()
        where = self.condition() if self.take("WHERE") else None
        group = self._group() if self.take("GROUP") else ()
        order = self._order() if self.take("ORDER") else ()
        limit = self._count() if self.take("LIMIT") else -1
        offset = self._count() if self.take("OFFSET") else 0
        return Query(
            source=source,
            fields=fields,
            counts=counts,
            where=where,
            group=group,
            order=order,
            limit=limit,
            offset=offset,
        )

    # --- clauses -----------------------------------------------------------------------------------

    def _counts(self) -> bool:
        ahead = [piece.text.upper() for piece in self._pieces[self._at : self._at + 3]]
        if ahead != ["COUNT", "(", ")"]:
            return False
        self._at += 3
        return True

    def _fields(self) -> tuple[str | Aggregate | Query, ...]:
        fields = [self._selected()]
        while self.take(","):
            fields.append(self._selected())
        return tuple(fields)

    def _selected(self) -> str | Aggregate | Query:
        if self.take("("):
            query = self.query()
            self.word(")")
            return query
        name = self.name()
        if not self.take("("):
            return name
        if name.upper() not in ("COUNT", "MIN", "MAX", "FIELDS", "COUNT_DISTINCT", "SUM", "AVG"):
            raise malformed(f"unexpected token: '('; {name} is no function here")
        path = self.name()
        self.word(")")
        if name.upper() == "FIELDS":
            return f"FIELDS({path.upper()})"
        alias = self.name() if self._next("word") and not self._ahead("FROM") else ""
        return Aggregate(name.upper(), path, alias)

    def _alias(self) -> None:
        """`FROM Contact c` is SOQL too; nothing here needs it."""
        if self._next("word") and not self._ahead("WHERE", "GROUP", "ORDER", "LIMIT", "OFFSET"):
            raise malformed(f"unexpected token: '{self._pieces[self._at].text}'")

    def _group(self) -> tuple[str, ...]:
        self.word("BY")
        paths = [self.name()]
        while self.take(","):
            paths.append(self.name())
        return tuple(paths)

    def _order(self) -> tuple[Order, ...]:
        self.word("BY")
        keys = [self._key()]
        while self.take(","):
            keys.append(self._key())
        return tuple(keys)

    def _key(self) -> Order:
        path = self.name()
        down = self.take("DESC")
        if not down:
            self.take("ASC")
        nulls_first = not down
        if self.take("NULLS"):
            nulls_first = self.take("FIRST")
            if not nulls_first:
                self.word("LAST")
        return Order(path, down, nulls_first)

    def _count(self) -> int:
        piece = self._piece()
        if piece.sort != "number" or not piece.text.isdigit():
            raise malformed(f"unexpected token: '{piece.text}'")
        return int(piece.text)

    # --- conditions --------------------------------------------------------------------------------

    def condition(self) -> Condition:
        """Conditions joined by AND, or by OR; both only with brackets."""
        parts = [self._single()]
        how: Literal["and", "or"] | None = None
        while self._ahead("AND", "OR"):
            joined: Literal["and", "or"] = "and" if self._piece().text.upper() == "AND" else "or"
            if how not in (None, joined):
                raise malformed("unexpected token: mixing AND and OR needs parentheses")
            how = joined
            parts.append(self._single())
        return parts[0] if how is None else Combine(how, tuple(parts))

    def _single(self) -> Condition:
        if self.take("NOT"):
            return Combine("not", (self._single(),))
        if self.take("("):
            inside = self.condition()
            self.word(")")
            return inside
        return self._compare()

    def _compare(self) -> Compare:
        path = self.name()
        if self.take("IN"):
            return self._members(path, "in")
        if self.take("NOT"):
            self.word("IN")
            return self._members(path, "not in")
        if self.take("LIKE"):
            return Compare(path, "like", (self._literal(),))
        sign = self._piece()
        if sign.text not in ("=", "!=", "<>", "<", ">", "<=", ">="):
            raise malformed(f"unexpected token: '{sign.text}'")
        return Compare(path, "!=" if sign.text == "<>" else sign.text, (self._literal(),))

    def _members(self, path: str, sign: str) -> Compare:
        self.word("(")
        if self._ahead("SELECT"):
            query = self.query()
            self.word(")")
            return Compare(path, sign, (), query)
        values = [self._literal()]
        while self.take(","):
            values.append(self._literal())
        self.word(")")
        return Compare(path, sign, tuple(values))

    def _literal(self) -> Literal_:
        piece = self._piece()
        if piece.sort == "string":
            return Literal_("string", unescaped(piece.text[1:-1]), unescaped(piece.text[1:-1], like=True))
        if piece.sort == "number":
            return Literal_("number", float(piece.text) if "." in piece.text else int(piece.text))
        if piece.sort in ("date", "moment"):
            return Literal_(piece.sort, piece.text)
        word = piece.text.upper()
        if word in ("TRUE", "FALSE"):
            return Literal_("boolean", word == "TRUE")
        if word == "NULL":
            return Literal_("null", None)
        if piece.sort == "word" and word.partition(":")[0] in RELATIVE:
            return Literal_("relative", word)
        raise malformed(f"unexpected token: '{piece.text}'")

    # --- pieces ------------------------------------------------------------------------------------

    def name(self) -> str:
        """The next piece, a name."""
        piece = self._piece()
        if piece.sort != "word" or piece.text.upper() in ("FROM", "WHERE", "SELECT"):
            raise malformed(f"unexpected token: '{piece.text}'")
        return piece.text

    def word(self, wanted: str) -> None:
        """The next piece, which must be this one."""
        if not self.take(wanted):
            got = self._pieces[self._at].text if self._at < len(self._pieces) else "<EOF>"
            raise malformed(f"unexpected token: '{got}', expecting {wanted}")

    def take(self, wanted: str) -> bool:
        """The next piece where it is this one."""
        if not self._ahead(wanted):
            return False
        self._at += 1
        return True

    def end(self) -> None:
        """There is nothing more."""
        if self._at < len(self._pieces):
            raise malformed(f"unexpected token: '{self._pieces[self._at].text}'")

    def _ahead(self, *words: str) -> bool:
        if self._at >= len(self._pieces) or self._pieces[self._at].sort == "string":
            return False
        return self._pieces[self._at].text.upper() in words

    def _next(self, sort: str) -> bool:
        return self._at < len(self._pieces) and self._pieces[self._at].sort == sort

    def _piece(self) -> Token:
        if self._at >= len(self._pieces):
            raise malformed("unexpected token: '<EOF>'")
        self._at += 1
        return self._pieces[self._at - 1]


RELATIVE = frozenset(
    {"TODAY", "YESTERDAY", "TOMORROW", "LAST_N_DAYS", "NEXT_N_DAYS", "LAST_90_DAYS", "NEXT_90_DAYS"}
)
"""Date literals by the org's own calendar, in UTC here."""


def unescaped(text: str, *, like: bool = False) -> str:
    r"""A string's text; with `like`, `\_` and `\%` keep their backslash, so that they are no wildcards.

    Raises Refusal for a backslash before anything else.
    """
    out, at = "", 0
    while at < len(text):
        one = text[at]
        if one != "\\":
            out, at = out + one, at + 1
            continue
        escaped = text[at + 1]
        if escaped in _PLAIN:
            out, at = out + ("\\\\" if like and escaped == "\\" else escaped), at + 2
        elif escaped in "_%":
            out, at = out + ("\\" + escaped if like else escaped), at + 2
        elif escaped == "u" and re.fullmatch("[0-9A-Fa-f]{4}", text[at + 2 : at + 6]):
            out, at = out + chr(int(text[at + 2 : at + 6], 16)), at + 6
        elif escaped in _ESCAPES:
            out, at = out + _ESCAPES[escaped], at + 2
        else:
            raise malformed(f"Illegal string literal: invalid string escape sequence '\\{escaped}'")
    return out
