"""SOSL read: `FIND {…} IN … FIELDS RETURNING …` to a tree (apis A1, "Lookup by phone")."""

from __future__ import annotations

import re

import msgspec

from firstcontact.testing.simulators.salesforce.refusal import Refusal
from firstcontact.testing.simulators.salesforce.soql import Query, Reader, tokens

RESERVED = frozenset("&|!(){}[]^\"~*?:\\'+-")
GROUPS = ("ALL", "EMAIL", "NAME", "PHONE", "SIDEBAR")
LONGEST = 20_000
MOST = 2000


def malformed(message: str) -> Refusal:
    """400 MALFORMED_SEARCH."""
    return Refusal(400, "MALFORMED_SEARCH", message)


class Term(msgspec.Struct, frozen=True):
    """A word or a phrase; `*` and `?` in it are wildcards where they stand in `wild`."""

    text: str
    wild: str = ""


class Any_(msgspec.Struct, frozen=True):
    """One of these."""

    parts: tuple[Wanted, ...]


class All_(msgspec.Struct, frozen=True):
    """All of these."""

    parts: tuple[Wanted, ...]


class Not_(msgspec.Struct, frozen=True):
    """Not this."""

    part: Wanted


Wanted = Term | Any_ | All_ | Not_


class Search(msgspec.Struct, frozen=True):
    """What is sought, in which group of fields, and what is returned: one query an object."""

    wanted: Wanted
    group: str
    returning: tuple[Query, ...]
    limit: int


_IN = re.compile(r"\s*(?:IN\s+(?P<group>[A-Za-z]+)\s+FIELDS\b)?", re.IGNORECASE)
_RETURNING = re.compile(r"\s*RETURNING\s+", re.IGNORECASE)
_LIMIT = re.compile(r"\s*LIMIT\s+(\d+)\s*$", re.IGNORECASE)
_FIND = re.compile(r"\s*FIND\s*\{", re.IGNORECASE)


def parse(text: str) -> Search:
    """The search. Raises Refusal."""
    if len(text) > LONGEST:
        raise malformed("SOSL statements cannot be longer than 20,000 characters")
    begin = _FIND.match(text)
    if begin is None:
        raise malformed("No such token: expecting FIND {")
    inside, at = _braced(text, begin.end())
    where = _IN.match(text, at)
    assert where is not None
    group = (where["group"] or "ALL").upper()
    if group not in GROUPS:
        raise malformed(f"unexpected token: '{group}'")
    returning, at = _returning(text, where.end())
    rest = text[at:]
    limit = _LIMIT.match(rest)
    if rest.strip() and limit is None:
        raise malformed(f"unexpected token: '{rest.strip()[:20]}'")
    most = int(limit[1]) if limit else MOST
    return Search(_Reader(inside).whole(), group, returning, min(most, MOST))


def _braced(text: str, at: int) -> tuple[str, int]:
    """What is between the braces, escapes kept, and where it ends."""
    start = at
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        if text[at] == "}":
            return text[start:at], at + 1
        if text[at] == "{":
            break
        at += 1
    raise malformed("unexpected token: expecting a right curly bracket")


def _returning(text: str, at: int) -> tuple[tuple[Query, ...], int]:
    begin = _RETURNING.match(text, at)
    if begin is None:
        return (), at
    at = begin.end()
    found = []
    while True:
        query, at = _returned(text, at)
        found.append(query)
        more = re.compile(r"\s*,\s*").match(text, at)
        if more is None:
            return tuple(found), at
        at = more.end()


def _returned(text: str, at: int) -> tuple[Query, int]:
    name = re.compile(r"\s*([A-Za-z_]\w*)\s*").match(text, at)
    if name is None:
        raise malformed(f"unexpected token: '{text[at : at + 20]}'")
    at = name.end()
    if at >= len(text) or text[at] != "(":
        return Query(source=name[1], fields=("Id",)), at
    end = _closing(text, at)
    # What stands in the brackets is a query without SELECT and FROM.
    fields, clauses = _split(text[at + 1 : end])
    query = Reader(tokens(f"SELECT {fields} FROM {name[1]} {clauses}")).query()
    return query, end + 1


def _closing(text: str, at: int) -> int:
    deep, quoted = 0, False
    for place in range(at, len(text)):
        one = text[place]
        if one == "'" and text[place - 1] != "\\":
            quoted = not quoted
        elif not quoted and one in "()":
            deep += 1 if one == "(" else -1
            if deep == 0:
                return place
    raise malformed("unexpected token: expecting a right parenthesis")


def _split(inside: str) -> tuple[str, str]:
    found = re.search(r"\b(WHERE|ORDER|LIMIT|OFFSET)\b", inside, re.IGNORECASE)
    return (inside, "") if found is None else (inside[: found.start()], inside[found.start() :])


class _Reader:
    """Reads what is between the braces: words, "phrases", AND, OR, AND NOT, brackets."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def whole(self) -> Wanted:
        wanted = self._either()
        if self._at < len(self._text):
            raise malformed(f"unexpected token: '{self._text[self._at :][:20]}'")
        return wanted

    def _either(self) -> Wanted:
        parts = [self._both()]
        while self._word("OR"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Any_(tuple(parts))

    def _both(self) -> Wanted:
        parts = [self._single()]
        while True:
            self._blank()
            if self._word("AND"):
                parts.append(Not_(self._single()) if self._word("NOT") else self._single())
            elif self._at < len(self._text) and self._text[self._at] != ")" and not self._ahead("OR"):
                # Words beside each other are all sought.
                parts.append(self._single())
            else:
                return parts[0] if len(parts) == 1 else All_(tuple(parts))

    def _single(self) -> Wanted:
        self._blank()
        if self._at >= len(self._text):
            raise malformed("Search term must be longer than one character")
        if self._text[self._at] == "(":
            self._at += 1
            inside = self._either()
            self._blank()
            if self._text[self._at : self._at + 1] != ")":
                raise malformed("unexpected token: expecting a right parenthesis")
            self._at += 1
            return inside
        return self._phrase() if self._text[self._at] == '"' else self._bare()

    def _phrase(self) -> Term:
        self._at += 1
        out = ""
        while self._at < len(self._text):
            one = self._text[self._at]
            self._at += 1
            if one == '"':
                return _term(out)
            if one == "\\":
                one = self._escaped()
            out += one
        raise malformed("unexpected token: a phrase without its end")

    def _bare(self) -> Term:
        out, wild = "", ""
        while self._at < len(self._text):
            one = self._text[self._at]
            if one.isspace() or one in "()":
                break
            self._at += 1
            if one == "\\":
                out, wild = out + self._escaped(), wild + " "
            elif one in "*?":
                out, wild = out + one, wild + one
            elif one in RESERVED:
                raise malformed(f"unexpected token: '{one}' must be escaped")
            else:
                out, wild = out + one, wild + " "
        if wild[:1] in ("*", "?"):
            raise malformed("Wildcards cannot be used at the beginning of a search term")
        return _term(out, wild)

    def _escaped(self) -> str:
        """The character after a backslash, which must be one that needs it."""
        one = self._text[self._at : self._at + 1]
        if one not in RESERVED:
            raise malformed(f"unexpected token: '\\{one}'")
        self._at += 1
        return one

    def _ahead(self, word: str) -> bool:
        return re.compile(rf"\s*{word}\b").match(self._text, self._at) is not None

    def _word(self, word: str) -> bool:
        found = re.compile(rf"\s*{word}\b").match(self._text, self._at)
        if found is not None:
            self._at = found.end()
        return found is not None

    def _blank(self) -> None:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1


def _term(text: str, wild: str = "") -> Term:
    if len(text.strip()) < 2:
        raise malformed("Search term must be longer than one character")
    return Term(text, wild if wild.strip() else "")
