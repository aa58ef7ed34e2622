"""The search index: what its words are, how far it lags behind, and SOSL carried out over it.

Apis A1, "Lookup by phone": formatted phones are found by their digits; a record just written is not found.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from firstcontact.testing.simulators.salesforce.org import Org, Row
from firstcontact.testing.simulators.salesforce.query import Runner
from firstcontact.testing.simulators.salesforce.soql import Query
from firstcontact.testing.simulators.salesforce.sosl import All_, Any_, Not_, Search, Term, Wanted

SEARCHED = ("Account", "Contact", "Lead", "Opportunity", "Case", "Task", "Event", "User")
TYPES = {"PHONE": {"phone"}, "EMAIL": {"email"}}
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\+?\d[\d\s().\-/]*")
Words = tuple[str, ...]


class Index:
    """The words of every record in each group of fields, as they were `lag` seconds ago."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._waiting: deque[tuple[int, str, str, Row | None]] = deque()
        self._texts: dict[tuple[str, str, str], tuple[Words, ...]] = {}
        self._places: dict[tuple[str, str, str], dict[str, None]] = {}

    def notice(self) -> None:
        """What was written since becomes known after the lag, as it is now."""
        due = self._org.now() + round(self._org.lag * 1000)
        for name, id in self._org.written:
            if name in SEARCHED:
                self._waiting.append((due, name, id, self._org.row(name, id)))
        self._org.written.clear()

    def catch_up(self) -> None:
        """Take in what is due."""
        while self._waiting and self._waiting[0][0] <= self._org.now():
            _, name, id, row = self._waiting.popleft()
            for group in ("ALL", "PHONE", "EMAIL", "NAME"):
                self._take_in(name, group, id, row)

    def _take_in(self, name: str, group: str, id: str, row: Row | None) -> None:
        for words in self._texts.pop((name, group, id), ()):
            for word in words:
                self._places.get((name, group, word), {}).pop(id, None)
        if row is None:
            return
        texts = tuple(self._words_of(name, group, row))
        self._texts[name, group, id] = texts
        for words in texts:
            for word in words:
                self._places.setdefault((name, group, word), {})[id] = None

    def _words_of(self, name: str, group: str, row: Row) -> Iterator[Words]:
        for field in self._org.kinds[name].fields.values():
            value = row.get(field.name)
            if not isinstance(value, str) or field.type in ("id", "reference", "datetime", "date", "base64"):
                continue
            named = field.is_name or field.name in ("FirstName", "LastName")
            if group == "ALL" or (named if group == "NAME" else field.type in TYPES[group]):
                yield words_in(value)
                if field.type == "phone":
                    yield from self._numbers(value)

    def _numbers(self, value: str) -> Iterator[Words]:
        """The numbers in a phone field, digits only; national ones of international ones by the quirk."""
        for found in _NUMBER.findall(value):
            digits = re.sub(r"\D", "", found)
            yield (digits,)
            if self._org.quirks.get("e164_finds_national", False):
                yield from ((other,) for other in _other_forms(digits))

    def bearing(self, name: str, group: str, wanted: Wanted) -> dict[str, None]:
        """Ids of the records of an object that bear what is sought, in the order they were indexed."""
        match wanted:
            case Any_(parts):
                return {id: None for part in parts for id in self.bearing(name, group, part)}
            case All_(parts):
                return self._all(name, group, parts)
            case Not_(part):
                without = self.bearing(name, group, part)
                return {
                    id: None
                    for known, kind, id in self._texts
                    if (known, kind) == (name, group) and id not in without
                }
            case Term():
                return self._term(name, group, wanted)

    def _all(self, name: str, group: str, parts: Iterable[Wanted]) -> dict[str, None]:
        sets = [self.bearing(name, group, part) for part in parts]
        return {id: None for id in sets[0] if all(id in other for other in sets[1:])}

    def _term(self, name: str, group: str, term: Term) -> dict[str, None]:
        if term.wild:
            return self._wild(name, group, term)
        words = words_in(term.text)
        candidates = self._places.get((name, group, words[0]), {}) if words else {}
        return {
            id: None
            for id in candidates
            if any(_contains(text, words) for text in self._texts[name, group, id])
        }

    def _wild(self, name: str, group: str, term: Term) -> dict[str, None]:
        pattern = "".join(
            {"*": r"\w*", "?": r"\w"}.get(sign, re.escape(one))
            for one, sign in zip(term.text.casefold(), term.wild, strict=True)
        )
        wanted = re.compile(pattern)
        return {
            id: None
            for (known, kind, word), ids in self._places.items()
            if (known, kind) == (name, group) and wanted.fullmatch(word)
            for id in ids
        }


def words_in(text: str) -> Words:
    """A text's words as the index has them: what is neither letter nor digit separates."""
    return tuple(_WORD.findall(text.casefold().replace("_", " ")))


def _other_forms(digits: str) -> tuple[str, ...]:
    """A number of North America with and without its country code."""
    if len(digits) == 11 and digits.startswith("1"):
        return (digits[1:],)
    return (f"1{digits}",) if len(digits) == 10 else ()


def _contains(text: Words, words: Words) -> bool:
    return any(text[start : start + len(words)] == words for start in range(len(text) - len(words) + 1))


def search(org: Org, index: Index, sought: Search, runner: Runner) -> list[dict[str, Any]]:
    """The hits, object by object as RETURNING names them. Raises Refusal."""
    index.notice()
    index.catch_up()
    queries = sought.returning or tuple(
        Query(source=name, fields=("Id",)) for name in ("Account", "Contact", "Lead", "Opportunity")
    )
    hits: list[dict[str, Any]] = []
    for query in queries:
        name = org.kind(query.source).name
        group = "ALL" if sought.group == "SIDEBAR" else sought.group
        ids = index.bearing(name, group, sought.wanted)
        rows = [row for id in ids if (row := org.row(name, id)) is not None]
        found = runner.matching(query, name, among=rows)
        hits += runner.project(query, name, found)
    return hits[: sought.limit]
