"""The change feed: records in the order of their last change, and the lists of deleted ones (apis A4).

A page of a module ends at its limit, within one second if need be; the next one goes on behind that record,
so that nothing is left out. Times are whole seconds of Zoho's clock, and something may come to light a little
late; so each reading goes back by `OVERLAP` and leaves out what it has told already, which the cursor
remembers. What was restored from the recycle bin, and who was lost in a merge that the lists of deleted
records leave out, come to light when everything is read anew (`sweep_hours`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256

import msgspec

from firstcontact.connectors.contract import Changes
from firstcontact.connectors.toolkit.times import iso_seconds, micros
from firstcontact.connectors.zoho import coql, mapping
from firstcontact.connectors.zoho.client import Api, Row
from firstcontact.connectors.zoho.looking import Look
from firstcontact.connectors.zoho.mapping import text
from firstcontact.connectors.zoho.modules import Modules
from firstcontact.connectors.zoho.shapes import PEOPLE, Module
from firstcontact.identity.records import Account

PAGE = 2_000
"""Records of a module in a page of the first reading."""
FOLLOWED = 200
"""And later, when there are few: Zoho takes one credit for so many and three for a full page."""
OVERLAP = 120_000_000
SEEN = 500
"""Records remembered of each kind; the overlap is cut to them where more changed within it."""
_HOUR = 3_600_000_000
_STREAMS = (*PEOPLE, "Accounts", "Deals")
_DELETED = (*PEOPLE, "Accounts")


class Place(msgspec.Struct, omit_defaults=True):
    """A place in the order of `Modified_Time, id` of one module: behind this record. at: microseconds.

    cut: a page ended here because it was full.
    """

    at: int = 0
    id: str = ""
    cut: bool = False

    def order(self) -> tuple[int, int]:
        """Ids are numbers, and in their order."""
        return self.at, int(self.id or 0)


class Told(msgspec.Struct, frozen=True, array_like=True):
    """What was told of a record: its time, and a digest of it, since it can change twice in a second."""

    at: int
    digest: str


class Cursor(msgspec.Struct, omit_defaults=True):
    """places: by module. deleted: by module, the time of the latest deletion told, or of the beginning.
    seen: records of the last minutes as they were told; seen_gone: by module, deleted ones and their times.
    full_at: when the last reading of everything began. total: how many records that has."""

    places: dict[str, Place] = {}
    deleted: dict[str, int] = {}
    seen: dict[str, Told] = {}
    seen_gone: dict[str, dict[str, int]] = {}
    full_at: int = 0
    total: int = -1


class Feed:
    """Reads changes. Every method may raise TryAgain, AuthLapsed and Refused."""

    def __init__(
        self,
        api: Api,
        modules: Modules,
        look: Look,
        region: str,
        now: Callable[[], int],
        sweep_hours: int,
    ) -> None:
        self._api = api
        self._modules = modules
        self._look = look
        self._region = region
        self._now = now
        self._sweep = sweep_hours * _HOUR

    def changes(self, cursor: str) -> Changes:
        """As `Crm.changed_since`."""
        self._modules.contacts()
        at = read_cursor(cursor)
        if at is None:
            return self._page(self._anew(), restarted=bool(cursor))
        cut = any(place.cut for place in at.places.values())
        if self._sweep and not cut and self._now() >= at.full_at + self._sweep:
            return self._page(self._anew(), restarted=True)
        return self._page(at)

    def _anew(self) -> Cursor:
        counts = [self._api.count(name, module.always()) for name, module in self._streams().items()]
        begun = self._api.earliest_now() - OVERLAP
        total = sum(counts) if min(counts, default=-1) >= 0 else -1
        deleted = dict.fromkeys(_DELETED, begun)
        return Cursor(full_at=self._now(), deleted=deleted, total=total)

    def _streams(self) -> dict[str, Module]:
        found = {name: self._modules.of(name) for name in _STREAMS}
        return {name: module for name, module in found.items() if module.fields}

    def _page(self, at: Cursor, *, restarted: bool = False) -> Changes:
        answers: dict[str, list[Row]] = {}
        places: dict[str, Place] = {}
        for name, module in self._streams().items():
            answers[name], places[name] = self._stream(module, at)
        new = {
            name: [row for row in rows if at.seen.get(text(row, "id")) != _told(row)]
            for name, rows in answers.items()
        }
        cut = any(place.cut for place in places.values())
        was_cut = any(place.cut for place in at.places.values())
        # What was deleted is asked for at the end of a reading: nothing before it can bring it back.
        gone = {} if cut else self._gone(at)
        records = [
            mapping.read_record(row, self._modules.of(name), self._region)
            for name in PEOPLE
            for row in new.get(name, ())
            if not mapping.converted_away(row) and text(row, "id") not in gone
        ]
        lost = [text(row, "id") for row in new.get("Leads", ()) if mapping.converted_away(row)]
        accounts = self._accounts(new, gone)
        following = msgspec.structs.replace(
            at,
            places={**at.places, **places},
            seen=_remembered(at.seen, new),
            total=-1 if not cut else at.total,
        )
        _keep_gone(following, gone, at)
        first = not at.places
        still = not (first or cut or was_cut or gone or any(new.values()))
        return Changes(
            records=tuple(records),
            gone=(*lost, *(() if first else gone)),
            cursor=write_cursor(at if still else following),
            more=cut,
            accounts=accounts,
            restarted=restarted,
            total=at.total,
        )

    # --- what there is -------------------------------------------------------------------------------------

    def _stream(self, module: Module, at: Cursor) -> tuple[list[Row], Place]:
        """What changed in a module, and where it goes on."""
        place = at.places.get(module.name)
        since = self._since(place, at)
        limit = FOLLOWED if place is not None and not place.cut else PAGE
        where = coql.after(since.at, since.id) if since.at else ""
        statement = coql.select(
            _fields(module), module.name, coql.both(where, module.always()), "Modified_Time, id", limit=limit
        )
        rows, more = self._api.query(statement)
        if not rows:
            return rows, Place(*((place.at, place.id) if place else (0, "")))
        last = Place(micros(text(rows[-1], "Modified_Time")), text(rows[-1], "id"), more)
        before = place or Place()
        return rows, last if more or last.order() > before.order() else Place(before.at, before.id)

    def _since(self, place: Place | None, at: Cursor) -> Place:
        """Where a module is read from: where its page was cut; else a little before its place, as far back as
        is remembered."""
        if place is None or place.cut or not place.at:
            return place or Place()
        remembered = min(one.at for one in at.seen.values()) if len(at.seen) >= SEEN else 0
        if remembered >= place.at:
            # More was told of this second than is remembered.
            return Place(place.at, place.id)
        return Place(max(place.at - OVERLAP, remembered, 0))

    def _accounts(
        self, new: Mapping[str, Sequence[Row]], gone: Mapping[str, tuple[str, int]]
    ) -> tuple[Account, ...]:
        """Accounts that changed, or of which a deal did."""
        rows = {text(row, "id"): row for row in new.get("Accounts", ()) if text(row, "id") not in gone}
        pointed = {text(row, "Account_Name") for row in new.get("Deals", ())} - {""}
        others = sorted(pointed - rows.keys() - gone.keys())
        rows |= {text(row, "id"): row for row in self._look.accounts_by_id(others)} if others else {}
        return self._look.complete(list(rows.values()))

    # --- what is gone --------------------------------------------------------------------------------------

    def _gone(self, at: Cursor) -> dict[str, tuple[str, int]]:
        """Deleted records that have not been told: id to module and time."""
        found: dict[str, tuple[str, int]] = {}
        for name in _DELETED:
            if name not in self._streams():
                continue
            since = max(0, at.deleted.get(name, 0) - OVERLAP)
            rows = self._api.listed(
                f"{name}/deleted",
                "data",
                {"type": "all"},
                {"If-Modified-Since": iso_seconds(since, "+00:00")},
            )
            for row in rows:
                time = micros(text(row, "deleted_time"))
                if at.seen_gone.get(name, {}).get(text(row, "id")) != time:
                    found[text(row, "id")] = name, time
        return found


def _fields(module: Module) -> tuple[str, ...]:
    if module.name in PEOPLE:
        fields = mapping.record_fields(module)
    elif module.name == "Accounts":
        fields = mapping.account_fields(module)
    else:
        fields = ("id", "Account_Name", "Stage", "Owner")
    return tuple(dict.fromkeys((*fields, "Modified_Time")))


def _told(row: Row) -> Told:
    plain = json.dumps(row, sort_keys=True, default=str)
    return Told(micros(text(row, "Modified_Time")), sha256(plain.encode("utf-8", "replace")).hexdigest()[:10])


def _remembered(seen: Mapping[str, Told], new: Mapping[str, Iterable[Row]]) -> dict[str, Told]:
    """The records told last, within the overlap of the latest of them."""
    told = dict(seen)
    for rows in new.values():
        told |= {text(row, "id"): _told(row) for row in rows}
    latest = max((one.at for one in told.values()), default=0)
    kept = sorted((one.at, id) for id, one in told.items() if one.at >= latest - OVERLAP)[-SEEN:]
    return {id: told[id] for _, id in kept}


def _keep_gone(cursor: Cursor, gone: Mapping[str, tuple[str, int]], at: Cursor) -> None:
    """The deletions told enter the cursor, and older ones leave it."""
    latest = dict(at.deleted)
    told = {name: dict(times) for name, times in at.seen_gone.items()}
    for id, (name, time) in gone.items():
        latest[name] = max(latest.get(name, 0), time)
        told.setdefault(name, {})[id] = time
    cursor.deleted = latest
    cursor.seen_gone = {
        name: {id: time for id, time in times.items() if time >= latest[name] - OVERLAP}
        for name, times in told.items()
    }


def read_cursor(written: str) -> Cursor | None:
    """The cursor of a text of ours; None for none, and for a text that is not ours."""
    with suppress(msgspec.DecodeError):
        return msgspec.json.decode(written, type=Cursor) if written else None
    return None


def write_cursor(cursor: Cursor) -> str:
    """Inverse of `read_cursor`; the same place always gives the same text."""
    return msgspec.json.encode(cursor, order="sorted").decode()
