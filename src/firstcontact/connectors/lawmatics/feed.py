"""Following the contacts: by the time of their last change, from the beginning and then from there on (apis
A3).

Each page is asked for by the time that the last one ended with, not by its number, so that whoever changes
meanwhile moves to the end and pushes nobody out between two pages. Nobody who was deleted is named: once a
day, or as often as the option says, everything is read anew, and who is in no page of that is gone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Literal

import msgspec

from firstcontact.connectors.contract import Changes, TryAgain
from firstcontact.connectors.lawmatics.client import BY_ID, EVERYTHING, Api, Row
from firstcontact.connectors.lawmatics.mapping import attributes, related, target
from firstcontact.connectors.lawmatics.people import NAMES, People, Sort
from firstcontact.connectors.toolkit.times import iso_millis, micros
from firstcontact.identity.records import Record

OVERLAP = 120_000_000
"""Microseconds for which something may come to light with a time before the newest one seen."""
REQUESTS_A_MINUTE = 30
"""So many requests a minute, of fifty, are a reading of everything's; the rest is for live work."""
_MINUTE = 60_000_000
_HOUR = 60 * _MINUTE
_MILLI = 1000
_AGEING = frozenset({"age", "days_since_last_contact"})
"""What changes by itself."""


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far the contacts have been read: the cursor.

    full: a reading of everything is under way. at: the time the next page begins with (0: from the start),
    and page its number, where several have that very time. seen: id to time of what was told already and
    would be told again. newest: the latest time seen. full_at: when the last reading of everything began.
    bare: rows do not name further numbers, so that `extra`, the list that is read after the contacts, has to
    be.
    """

    full: bool = False
    at: int = 0
    page: int = 1
    seen: Mapping[str, tuple[int, str]] = {}
    newest: int = 0
    full_at: int = 0
    total: int = -1
    bare: bool = False
    extra: Literal["", "phone_numbers", "email_addresses"] = ""


class Feed:
    """The change feed of one connection."""

    def __init__(self, api: Api, people: People, sweep_hours: int, now: Callable[[], int]) -> None:
        self._api = api
        self._people = people
        self._sweep = sweep_hours * _HOUR
        self._now = now
        self._lately: deque[int] = deque()

    def changed_since(self, cursor: str) -> Changes:
        """See `Crm`. Raises TryAgain, AuthLapsed, Refused."""
        place, before = _read(cursor), self._api.sent
        try:
            return self._next(place, restarted=bool(cursor))
        finally:
            if place is None or place.full:
                # Further numbers of those on the page were asked for as well.
                self._lately.extend([self._now()] * (self._api.sent - before - 1))

    def _next(self, place: Place | None, *, restarted: bool) -> Changes:
        if place is None:
            return self._step(Place(full=True, full_at=self._now()), restarted=restarted)
        if place.extra:
            return self._extras(place)
        begun = place.full or place.page > 1
        if not begun and self._sweep and self._now() >= place.full_at + self._sweep:
            return self._step(Place(full=True, full_at=self._now()), restarted=True)
        return self._step(place)

    def leave_room(self) -> None:
        """Before a page of a reading of everything: raises TryAgain where live work is to have the rest of
        this minute's requests."""
        now = self._now()
        while self._lately and not 0 <= now - self._lately[0] < _MINUTE:
            self._lately.popleft()
        if len(self._lately) >= REQUESTS_A_MINUTE:
            wait = (self._lately[0] + _MINUTE - now) / 1_000_000
            raise TryAgain("The rest of this minute's requests is left to live work.", wait)
        self._lately.append(now)

    def _step(self, place: Place, *, restarted: bool = False) -> Changes:
        """The next page of contacts."""
        if place.full:
            self.leave_room()
        asked = {**EVERYTHING, "sort_by": "updated_at", "sort_order": "asc"}
        if place.at:
            asked |= {"filter_by": "updated_at", "filter_on": iso_millis(place.at), "filter_with": ">="}
        page = self._api.page("contacts", asked, place.page)
        told = {str(row["id"]): _told(row) for row in page.rows}
        news = [row for row in page.rows if place.seen.get(str(row["id"])) != told[str(row["id"])]]
        last = max((time for time, _ in told.values()), default=place.at)
        seen = {**place.seen, **told}
        bare = place.bare or any(related(row, name) is None for row in page.rows for name in NAMES.values())
        if not place.full:
            records = self._people.records(news, remembering=True)
        else:
            records = self._read(news)
        after = msgspec.structs.replace(
            place,
            seen=seen,
            newest=max(place.newest, last),
            total=page.total if place.full and not place.at and place.page == 1 else place.total,
            bare=bare,
        )
        if page.more:
            # Of the same millisecond there may be more than a page.
            moved = last - last % _MILLI > place.at - place.at % _MILLI
            after = msgspec.structs.replace(
                after,
                at=last if moved else place.at,
                page=1 if moved else place.page + 1,
                seen=_late(seen, last),
            )
            return self._changes(records, after, more=True, restarted=restarted)
        if place.full and bare:
            after = msgspec.structs.replace(after, extra="phone_numbers", page=1)
            return self._changes(records, after, more=True, restarted=restarted)
        return self._changes(records, self._ended(after), more=False, restarted=restarted)

    def _read(self, rows: Sequence[Row]) -> list[Record]:
        """Rows of a reading of everything: those that do not name their further numbers get them later, from
        the lists of these."""
        named = [row for row in rows if all(related(row, name) is not None for name in NAMES.values())]
        whole = {record.id: record for record in self._people.records(named, remembering=True)}
        return [whole.get(str(row["id"])) or self._people.main_record(row) for row in rows]

    def _extras(self, place: Place) -> Changes:
        """A page of the numbers or addresses that are not anybody's main one, as the contacts that have
        them."""
        self.leave_room()
        sort: Sort = "phone_numbers" if place.extra == "phone_numbers" else "email_addresses"
        asked = {**EVERYTHING, **BY_ID, "filter_by": "label", "filter_on": "Primary", "filter_with": "!="}
        page = self._api.page(sort, asked, place.page)
        owners = [target(row, "informationable") for row in page.rows]
        people = self._people.present(dict.fromkeys(id for type, id in owners if type == "contact"))
        records = [self._people.record(person) for person in people]
        if page.more:
            return self._changes(records, msgspec.structs.replace(place, page=place.page + 1), more=True)
        if sort == "phone_numbers":
            after = msgspec.structs.replace(place, extra="email_addresses", page=1)
            return self._changes(records, after, more=True)
        return self._changes(records, self._ended(msgspec.structs.replace(place, extra="")), more=False)

    def _ended(self, place: Place) -> Place:
        """Where the next round begins: a little before the newest that was seen, for what comes to light
        late; at the newest itself once that is long ago."""
        settled = self._api.earliest_now() - place.newest > OVERLAP
        at = place.newest if settled else max(place.newest - OVERLAP, 0)
        at -= at % _MILLI
        seen = {id: told for id, told in place.seen.items() if told[0] >= at}
        return Place(at=at, seen=seen, newest=place.newest, full_at=place.full_at)

    def _changes(
        self, records: Sequence[Record], place: Place, *, more: bool, restarted: bool = False
    ) -> Changes:
        return Changes(
            records=tuple(records),
            gone=(),
            cursor=msgspec.json.encode(place).decode(),
            more=more,
            restarted=restarted,
            total=place.total,
        )


def _late(seen: Mapping[str, tuple[int, str]], newest: int) -> dict[str, tuple[int, str]]:
    """What may be told once more: the others are behind us."""
    return {id: told for id, told in seen.items() if told[0] >= newest - OVERLAP}


def _told(row: Row) -> tuple[int, str]:
    """When a row was changed, and a digest of it: two changes may have one time."""
    facts = {name: value for name, value in attributes(row).items() if name not in _AGEING}
    said = msgspec.json.encode([facts, row.get("relationships")], order="sorted")
    return micros(facts.get("updated_at")), sha256(said).hexdigest()[:10]


def _read(cursor: str) -> Place | None:
    """None where there is no cursor, or it is not one of ours."""
    try:
        return msgspec.json.decode(cursor, type=Place) if cursor else None
    except msgspec.DecodeError:
        return None
