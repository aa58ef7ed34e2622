"""What changed: contacts, and leads of both states, three lists read side by side (apis A2).

A page of ours is a page of each list that has one left. Nothing tells who was deleted, merged, or accepted,
so after a while everything is read anew. Changes are asked for with an overlap, since one may come to light
with a time before the newest one seen; what was told already is remembered and not told again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256

import msgspec

from firstcontact.connectors.clio_grow.client import Page, Platform, Refused, Row
from firstcontact.connectors.clio_grow.finding import STATES
from firstcontact.connectors.clio_grow.mapping import read_contact, read_lead
from firstcontact.connectors.contract import Changes
from firstcontact.connectors.toolkit.times import iso, micros
from firstcontact.identity.records import Record

OVERLAP = 120_000_000
"""Microseconds for which something may come to light with a time before the newest one seen."""
MOST_SEEN = 5000
"""So many that were told already are remembered; the others would be told once more, which does no harm."""
_HOUR = 3_600_000_000
_NO_SUCH_PAGE = frozenset({400, 404, 422})
_LISTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "contacts": ("contacts", {}),
    **{state: ("inbox_leads", {"state": state}) for state in STATES},
}
"""By name: path and what is always asked with it."""


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far the lists have been read: the cursor.

    reading: a reading of everything is under way. begun: when this round began. pages: what the next page of
    each list is asked for with; a list that is not among them is at its end. since: changes from then on are
    asked for. full_at: when the last reading began. seen: id to time and digest of what was told already and
    would be told again.
    """

    reading: bool = False
    begun: int = 0
    pages: Mapping[str, str] = {}
    since: int = 0
    full_at: int = 0
    seen: Mapping[str, tuple[int, str]] = {}


class Feed:
    """The change feed of one connection."""

    def __init__(self, api: Platform, region: str, sweep_hours: int, now: Callable[[], int]) -> None:
        self._api = api
        self._region = region
        self._sweep = sweep_hours * _HOUR
        self._now = now

    def changed_since(self, cursor: str) -> Changes:
        """See `Crm`. Raises TryAgain, AuthLapsed, Refused."""
        place = _read(cursor)
        if place is None:
            return self._round(self._anew(), restarted=bool(cursor))
        due = self._sweep and self._now() >= place.full_at + self._sweep
        if due and not place.reading and not place.begun:
            return self._round(self._anew(), restarted=True)
        return self._round(place)

    def _anew(self) -> Place:
        return Place(reading=True, full_at=self._now())

    def _round(self, place: Place, *, restarted: bool = False) -> Changes:
        """A page of each list that has one left."""
        before = self._now()
        try:
            pages = self._pages(place)
        except Refused as refused:
            if not place.pages or refused.status not in _NO_SUCH_PAGE:
                raise
            # The place of a page is not known any more: the round is begun again.
            if place.reading:
                return self._round(self._anew(), restarted=True)
            return self._round(msgspec.structs.replace(place, pages={}, begun=0))
        begun = place.begun or before + min(0, self._api.skew() or 0)
        records = {id: record for name, page in pages.items() for id, record in self._read(name, page.rows)}
        told = {id: mark for name, page in pages.items() for id, mark in _told(name, page.rows)}
        since = begun - OVERLAP if place.reading else place.since
        news = {id for id in told if place.reading or place.seen.get(id) != told[id]}
        seen = {**place.seen, **{id: told[id] for id in told if told[id][0] >= since - 1_000_000}}
        left = {name: page.next for name, page in pages.items() if page.next}
        after = (
            msgspec.structs.replace(place, begun=begun, pages=left, seen=seen)
            if left
            else _ended(place, begun, seen)
        )
        return Changes(
            records=tuple(record for id, record in records.items() if id in news),
            gone=(),
            cursor=msgspec.json.encode(after).decode(),
            more=bool(left),
            restarted=restarted,
        )

    def _pages(self, place: Place) -> dict[str, Page]:
        changed = {} if place.reading else {"updated_since": iso(place.since)}
        wanted = place.pages if place.begun else dict.fromkeys(_LISTS, "")
        found: dict[str, Page] = {}
        for name, next in wanted.items():
            path, always = _LISTS[name]
            found[name] = self._api.page(path, {**always, **changed}, next)
        return found

    def _read(self, name: str, rows: Iterable[Row]) -> Iterable[tuple[str, Record]]:
        read = read_contact if name == "contacts" else read_lead
        for row in rows:
            record = read(row, self._region)
            yield record.id, record


def _ended(place: Place, begun: int, seen: Mapping[str, tuple[int, str]]) -> Place:
    """Where the next round begins. With nothing new and nothing to forget, the cursor stays as it is."""
    since = max(place.since, begun - OVERLAP)
    kept = _kept(seen, since)
    if not place.reading and kept == place.seen:
        since = place.since
    return Place(since=since, full_at=place.full_at, seen=kept)


def _read(cursor: str) -> Place | None:
    """None where there is no cursor, or it is not one of ours."""
    try:
        place = msgspec.json.decode(cursor, type=Place) if cursor else None
    except msgspec.DecodeError:
        return None
    return place if place is None or place.pages.keys() <= _LISTS.keys() else None


def _told(name: str, rows: Iterable[Row]) -> Iterable[tuple[str, tuple[int, str]]]:
    """A mark of each row as it is: there is no other sign of a change within one second."""
    for row in rows:
        prefix = "" if name == "contacts" else "lead:"
        digest = sha256(msgspec.json.encode(row, order="sorted")).hexdigest()[:10]
        yield f"{prefix}{row['id']}", (micros(row.get("updated_at")), digest)


def _kept(seen: Mapping[str, tuple[int, str]], since: int) -> dict[str, tuple[int, str]]:
    late = {id: told for id, told in seen.items() if told[0] >= since - 1_000_000}
    if len(late) <= MOST_SEEN:
        return late
    newest = sorted(late.items(), key=lambda item: item[1][0], reverse=True)
    return dict(newest[:MOST_SEEN])
