"""What the simulated firm holds: records by kind, kept in one place behind one lock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from firstcontact.testing.simulators.lawmatics.errors import invalid, missing
from firstcontact.testing.simulators.lawmatics.quirks import Quirks

SECOND = 1_000_000
FIRM = 15
"""Id of the firm itself."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZONE = ZoneInfo("America/Los_Angeles")
_FIRST_IDS: Mapping[str, int] = {"contacts": 31000, "prospects": 41000, "companies": 60, "users": 3}
"""Each kind counts for itself, so that ids of two kinds can be the same; these begin elsewhere."""


class Record:
    """A record. created, updated: microseconds. known: what the search sees, each since a moment."""

    __slots__ = ("created", "id", "kind", "known", "updated", "values")

    def __init__(self, kind: str, id: int, now: int, values: Mapping[str, Any]) -> None:
        self.kind = kind
        self.id = id
        self.created = self.updated = now
        self.values = dict(values)
        self.known: list[tuple[int, Mapping[str, Any]]] = []


class Automation(msgspec.Struct, frozen=True):
    """The firm's automations for a new matter were set off: mails to the client, tasks, whatever it has.

    prospect: its id. to: the client's address, empty where there is none. at: microseconds.
    """

    prospect: str
    to: str
    at: int


class Invitation(msgspec.Struct, frozen=True):
    """A mail about an event went out. about: `invited`, `cancelled`. to: an address; event: its id."""

    event: str
    to: str
    about: str


class State:
    """All records by kind. Whoever reads or writes holds `lock`: requests and the desk take turns.

    lag: seconds until the search knows what was written.
    """

    def __init__(self, clock: Callable[[], int], quirks: Quirks, lag: float) -> None:
        self.clock = clock
        self.quirks = quirks
        self.lag = lag
        self.lock = threading.RLock()
        self.search_broken = False
        self.automations: list[Automation] = []
        self.invitations: list[Invitation] = []
        self.contents: dict[int, bytes] = {}
        """Bytes of files, by the file's id."""
        self._kinds: dict[str, dict[int, Record]] = {}
        self._matters: dict[int, list[Record]] | None = None
        self._next: dict[str, int] = dict(_FIRST_IDS)

    def add(self, kind: str, values: Mapping[str, Any]) -> Record:
        """A new record."""
        id = self._next.get(kind, 1)
        self._next[kind] = id + 1
        record = Record(kind, id, self.clock(), values)
        self._kinds.setdefault(kind, {})[id] = record
        self._matters = None if kind == "prospects" else self._matters
        return record

    def touch(self, record: Record) -> None:
        """The record was changed."""
        record.updated = self.clock()

    def remove(self, record: Record) -> None:
        """The record is deleted: no list has it, and nothing tells that it was there."""
        del self._kinds[record.kind][record.id]
        self._matters = None if record.kind == "prospects" else self._matters

    def matters_of(self, contact: int) -> list[Record]:
        """The matters of a contact, in the order they were made."""
        if self._matters is None:
            self._matters = {}
            for matter in self.all("prospects"):
                self._matters.setdefault(matter.values["contact"], []).append(matter)
        return list(self._matters.get(contact, ()))

    def give_matter(self, matter: Record, contact: int) -> None:
        """A matter is another contact's from now on."""
        matter.values["contact"] = contact
        self.touch(matter)
        self._matters = None

    def all(self, kind: str) -> Iterator[Record]:
        """The records of a kind, in the order they were made."""
        yield from list(self._kinds.get(kind, {}).values())

    def get(self, kind: str, id: int | None) -> Record | None:
        """One record, or None where there is none (any more)."""
        return None if id is None else self._kinds.get(kind, {}).get(id)

    def need(self, kind: str, what: str, id: str) -> Record:
        """One record by its id as a text. Raises LawmaticsError 404."""
        record = self.get(kind, int(id)) if id.isdecimal() and id.isascii() else None
        if record is None:
            raise missing(what, id)
        return record

    def remember(self, record: Record, known: Mapping[str, Any]) -> None:
        """What the search will find the record by, once it has caught up."""
        now = self.clock()
        if not self.lag:
            record.known.clear()
        record.known.append((now, known))

    def searched(self, record: Record) -> Mapping[str, Any] | None:
        """What the search knows of a record by now; None where it does not know it yet."""
        until = self.clock() - int(self.lag * SECOND)
        found: Mapping[str, Any] | None = None
        for since, known in record.known:
            if since <= until:
                found = known
        return found


def written_time(microseconds: int) -> str:
    """A moment as Lawmatics writes it: milliseconds, in the firm's zone (apis A3, "Shape")."""
    moment = (_EPOCH + timedelta(microseconds=microseconds)).astimezone(_ZONE)
    return moment.isoformat(timespec="milliseconds")


def read_time(text: str) -> int:
    """A date-time as microseconds; one without a zone is in the firm's. Raises LawmaticsError 422."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(f"{text!r} is not a date and time") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=_ZONE)
    return (moment - _EPOCH) // timedelta(microseconds=1)
