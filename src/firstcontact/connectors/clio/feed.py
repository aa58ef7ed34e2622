"""Following the contacts: a reading of everything, then what was changed since (apis A2, "Lookup").

Clio lists by id, tells times by the second, and names nobody who was deleted. So each round overlaps the one
before, and what was told already is left out by its etag; and once a day, or as often as the option says, a
reading of everything begins anew, which is how the deleted come to light.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256

import msgspec

from firstcontact.connectors.clio.client import Api, Page, Refused, Row
from firstcontact.connectors.clio.mapping import CONTACT, read_contact
from firstcontact.connectors.contract import Changes
from firstcontact.connectors.toolkit.times import iso, micros
from firstcontact.identity.records import Record

OVERLAP = 120_000_000
"""Microseconds for which something may come to light with a time before the newest one seen."""
MOST_SEEN = 5000
"""So many that were told already are remembered; the others would be told once more, which does no harm."""
_HOUR = 3_600_000_000
_NO_SUCH_PAGE = frozenset({400, 404, 422})


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far the contacts have been read: the cursor.

    reading: a reading of everything is under way. begun: when this round began. page: the token of the page
    that is next in it. since: changes from then on are asked for. full_at: when the last reading began.
    seen: id to time and etag of what was told already and would be told again.
    """

    reading: bool = False
    begun: int = 0
    page: str = ""
    since: int = 0
    full_at: int = 0
    seen: Mapping[str, tuple[int, str]] = {}


class Feed:
    """The change feed of one connection."""

    def __init__(self, api: Api, region: str, sweep_hours: int, now: Callable[[], int]) -> None:
        self._api = api
        self._region = region
        self._sweep = sweep_hours * _HOUR
        self._now = now

    def changed_since(self, cursor: str) -> Changes:
        """See `Crm`. Raises TryAgain, AuthLapsed, Refused."""
        place = _read(cursor)
        if place is None:
            return self._reading(self._anew(), restarted=bool(cursor))
        if place.reading:
            return self._reading(place, restarted=False)
        if not place.begun and self._sweep and self._now() >= place.full_at + self._sweep:
            return self._reading(self._anew(), restarted=True)
        return self._changes(place)

    def _anew(self) -> Place:
        return Place(reading=True, full_at=self._now())

    def _begun(self, before: int) -> int:
        """When a round began whose first request was sent then, by the earlier of both clocks: Clio's is
        known by its answer."""
        return before + min(0, self._api.skew() or 0)

    def _reading(self, place: Place, *, restarted: bool) -> Changes:
        """A page of everything. What is left of the minute's requests goes to live work first."""
        self._api.leave_room()
        before = self._now()
        try:
            page = self._api.page("contacts", CONTACT, {"order": "id(asc)"}, place.page)
        except Refused as refused:
            if not place.page or refused.status not in _NO_SUCH_PAGE:
                raise
            return self._reading(self._anew(), restarted=True)
        if not place.begun:
            place = msgspec.structs.replace(place, begun=self._begun(before))
        since = place.begun - OVERLAP
        seen = {**place.seen, **{id: told for id, told in _told(page.rows).items() if told[0] >= since}}
        if page.next:
            after = msgspec.structs.replace(place, page=page.next, seen=seen)
        else:
            after = Place(since=since, full_at=place.full_at, seen=_kept(seen, since))
        return self._page(page.rows, after, page, restarted=restarted)

    def _changes(self, place: Place) -> Changes:
        before = self._now()
        asked = {"updated_since": iso(place.since), "order": "id(asc)"}
        try:
            page = self._api.page("contacts", CONTACT, asked, place.page)
        except Refused as refused:
            if not place.page or refused.status not in _NO_SUCH_PAGE:
                raise
            page = self._api.page("contacts", CONTACT, asked)
        if not place.begun:
            place = msgspec.structs.replace(place, begun=self._begun(before))
        told = _told(page.rows)
        news = [row for row in page.rows if place.seen.get(str(row["id"])) != told[str(row["id"])]]
        seen = {**place.seen, **{str(row["id"]): told[str(row["id"])] for row in news}}
        if page.next:
            after = msgspec.structs.replace(place, page=page.next, seen=seen)
        else:
            after = self._ended(place, seen)
        return self._page(news, after, None, more=bool(page.next))

    def _ended(self, place: Place, seen: Mapping[str, tuple[int, str]]) -> Place:
        """Where the next round begins. With nothing new and nothing to forget, the cursor stays as it is."""
        since = max(place.since, place.begun - OVERLAP)
        kept = _kept(seen, since)
        if kept == place.seen:
            since = place.since
        return Place(since=since, full_at=place.full_at, seen=kept)

    def _page(
        self,
        rows: list[Row] | tuple[Row, ...],
        place: Place,
        reading: Page | None,
        *,
        restarted: bool = False,
        more: bool = False,
    ) -> Changes:
        records: tuple[Record, ...] = tuple(read_contact(row, self._region) for row in rows)
        return Changes(
            records=records,
            gone=(),
            cursor=msgspec.json.encode(place).decode(),
            more=bool(reading.next) if reading else more,
            restarted=restarted,
            total=reading.total if reading else -1,
        )


def _read(cursor: str) -> Place | None:
    """None where there is no cursor, or it is not one of ours."""
    try:
        return msgspec.json.decode(cursor, type=Place) if cursor else None
    except msgspec.DecodeError:
        return None


def _told(rows: tuple[Row, ...]) -> dict[str, tuple[int, str]]:
    return {
        str(row["id"]): (
            micros(row.get("updated_at")),
            sha256(str(row.get("etag")).encode()).hexdigest()[:10],
        )
        for row in rows
    }


def _kept(seen: Mapping[str, tuple[int, str]], since: int) -> dict[str, tuple[int, str]]:
    late = {id: told for id, told in seen.items() if told[0] >= since - 1_000_000}
    if len(late) <= MOST_SEEN:
        return late
    newest = sorted(late.items(), key=lambda item: item[1][0], reverse=True)
    return dict(newest[:MOST_SEEN])
