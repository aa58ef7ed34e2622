"""Looking for duplicates: records that share a handle, compared and sorted out, page by page.

Which record bears which handle is in the ledger, as the change feed told it; the records come from the index
where it is whole, else from the CRM. Memory grows with one page of handles, and with the ids of those who are
duplicates.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import combinations

import msgspec

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import Crm
from firstcontact.identity.duplicates import Likeness, alike, counts_nothing, name_words
from firstcontact.identity.records import Record
from firstcontact.ledger import deciding, duplicates, index
from firstcontact.ledger.book import Ledger
from firstcontact.planning.merges import MOST, Merge, Sorted, Suggestion, sort_out
from firstcontact.store.statements import chunks

PAGE = 200
"""Handles that several records bear, compared together."""

OFFICE = 8
"""A number that more contacts bear is an office's."""

_READ = 200
"""Records that a CRM is asked for together."""


class Page(msgspec.Struct, frozen=True):
    """What one page of handles came to. handles: how many several records bear; many: those among them that
    too many bear, each with how many."""

    sorted: Sorted
    handles: int
    many: tuple[tuple[str, int], ...] = ()


Disappear = Callable[[Record], bool]


def look(ledger: Ledger, crm: Crm, disappear: Disappear) -> Iterator[Page]:
    """Page by page whatever there is to merge or to suggest; each record and each pair once.

    Raises TryAgain, AuthLapsed, StoreProblem.
    """
    search = _Search(ledger, crm, disappear)
    after = ""
    while True:
        with ledger.read() as tx:
            shared = duplicates.shared(tx, crm.connection, after, PAGE)
        if not shared:
            return
        after = shared[-1][0]
        yield search.page(shared)


class _Search:
    def __init__(self, ledger: Ledger, crm: Crm, disappear: Disappear) -> None:
        self._ledger = ledger
        self._crm = crm
        self._disappear = disappear
        self._seen: set[str] = set()
        """Records that were sorted out together with others."""

    def page(self, shared: Sequence[tuple[str, int]]) -> Page:
        keys = [key for key, count in shared if count <= MOST and not _says_nothing(key)]
        near = _Near(self._ledger, self._crm)
        groups = near.bearing(keys)
        weaker: list[tuple[Record, Record, Likeness]] = []
        for key, group in groups.items():
            for one, other in worth_comparing(key, group):
                likeness = near.compare(one, other)
                # Of several handles that both have, one speaks for the pair.
                first = min((*likeness.emails, *likeness.phones), default="")
                if likeness.suggested and first == key:
                    weaker.append((one, other, likeness))
        near.widen()
        merges: list[Merge] = []
        suggestions: list[Suggestion] = []
        for component in near.components():
            if self._seen.isdisjoint(component):
                self._seen.update(component)
                done = sort_out(
                    near.records(component),
                    told_apart=self._told_apart(component),
                    disappear=self._disappear,
                )
                merges.extend(done.merges)
                suggestions.extend(one for one in done.suggestions if one.why != "weaker")
        apart = self._told_apart({one.id for pair in weaker for one in pair[:2]})
        suggestions.extend(
            Suggestion(one, other, likeness, "weaker")
            for one, other, likeness in weaker
            if frozenset((one.id, other.id)) not in apart
        )
        many = tuple((key, count) for key, count in shared if count > MOST and not _says_nothing(key))
        return Page(Sorted(tuple(merges), tuple(suggestions)), len(shared), many)

    def _told_apart(self, ids: Collection[str]) -> frozenset[frozenset[str]]:
        with self._ledger.read() as tx:
            return duplicates.told_apart(tx, self._crm.connection, ids)


def worth_comparing(key: str, group: Sequence[Record]) -> Iterator[tuple[Record, Record]]:
    """Pairs of those who bear a handle: all; of an office's number those with the same last name."""
    if len(group) <= OFFICE or "@" in key:
        yield from combinations(group, 2)
        return
    by_name: dict[str, list[Record]] = {}
    for record in group:
        family = name_words(record)[1]
        if family:
            by_name.setdefault(family, []).append(record)
    for some in by_name.values():
        yield from combinations(some, 2)


def _says_nothing(key: str) -> bool:
    return "@" in key and counts_nothing(key)


class _Near:
    """Records of a page and whoever hangs together with them, as far as they are duplicates."""

    def __init__(self, ledger: Ledger, crm: Crm) -> None:
        self._ledger = ledger
        self._crm = crm
        self._read: dict[str, Record] = {}
        self._compared: dict[frozenset[str], Likeness] = {}
        self._linked: dict[str, set[str]] = {}
        self._asked: set[str] = set()

    def bearing(self, keys: Collection[str]) -> dict[str, list[Record]]:
        """By handle, the contacts that bear it."""
        self._asked.update(keys)
        with self._ledger.read() as tx:
            bearers = deciding.bearers_of(tx, self._crm.connection, keys)
        self._load({id for ids in bearers.values() for id in ids})
        return {
            key: [self._read[id] for id in ids if id in self._read] for key, ids in sorted(bearers.items())
        }

    def compare(self, one: Record, other: Record) -> Likeness:
        pair = frozenset((one.id, other.id))
        likeness = self._compared.get(pair)
        if likeness is None:
            likeness = self._compared[pair] = alike(one, other)
            if likeness.duplicates:
                self._linked.setdefault(one.id, set()).add(other.id)
                self._linked.setdefault(other.id, set()).add(one.id)
        return likeness

    def widen(self) -> None:
        """Whoever shares another handle with those who are duplicates, until nobody is added."""
        widened: set[str] = set()
        while todo := self._linked.keys() - widened:
            widened |= todo
            with self._ledger.read() as tx:
                borne = duplicates.borne_by(tx, self._crm.connection, todo)
            keys = {key for keys in borne.values() for key in keys if not _says_nothing(key)} - self._asked
            for key, group in self.bearing(keys).items():
                if len(group) > MOST:
                    continue
                for one, other in worth_comparing(key, group):
                    if one.id in todo or other.id in todo:
                        self.compare(one, other)

    def components(self) -> list[frozenset[str]]:
        """Ids of records that hang together as duplicates."""
        left = dict.fromkeys(sorted(self._linked))
        found: list[frozenset[str]] = []
        while left:
            todo = [next(iter(left))]
            component: set[str] = set()
            while todo:
                id = todo.pop()
                if id not in component:
                    component.add(id)
                    left.pop(id, None)
                    todo.extend(self._linked[id])
            found.append(frozenset(component))
        return found

    def records(self, ids: Collection[str]) -> list[Record]:
        return [self._read[id] for id in ids]

    def _load(self, ids: Collection[str]) -> None:
        wanted = sorted(set(ids) - self._read.keys())
        if wanted:
            there = read_records(self._ledger, self._crm, wanted)
            self._read.update((id, one) for id, one in there.items() if one.type == "contact" and one.active)


def read_records(ledger: Ledger, crm: Crm, ids: Sequence[str]) -> Mapping[str, Record]:
    """Those of these records that are there, from the index where it is whole, else from the CRM.

    Raises TryAgain, AuthLapsed.
    """
    with ledger.read() as tx:
        if index.state(tx, crm.connection).complete_at is not None:
            return index.read(tx, crm.connection, ids)
    return ask(crm, ids)


def ask(crm: Crm, ids: Sequence[str]) -> dict[str, Record]:
    """Those of these records that are there, as the CRM has them now. Raises TryAgain, AuthLapsed."""
    found: dict[str, Record] = {}
    for chunk in chunks(ids, _READ):
        with crossing(Boundary.READ_DUPLICATES):
            read = crm.read(chunk)
        found.update((id, one) for id, one in read.items() if isinstance(one, Record))
    return found


def everybody(ledger: Ledger, crm: Crm) -> Iterator[Record]:
    """All contacts and leads, page by page: from the index where it is whole, else by one reading of
    everything. Raises TryAgain, AuthLapsed."""
    with ledger.read() as tx:
        whole = index.state(tx, crm.connection).complete_at is not None
    after, more = "", True
    while more:
        if whole:
            with ledger.read() as tx:
                page = duplicates.records(tx, crm.connection, after)
            after, more = (page[-1].id, True) if page else ("", False)
        else:
            with crossing(Boundary.READ_EVERYBODY):
                changes = crm.changed_since(after)
            page, after, more = changes.records, changes.cursor, changes.more
        yield from page
