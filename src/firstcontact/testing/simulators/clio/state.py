"""What the simulated account holds: records with an etag each, kept in one place behind one lock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from firstcontact.testing.simulators.clio.errors import bad, missing
from firstcontact.testing.simulators.clio.quirks import Quirks

SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_ID = 1001


class Record:
    """A record, or a part of one (a phone number, a custom field's value).

    created, updated: microseconds. texts: what the search sees, each since a moment.
    """

    __slots__ = ("changes", "created", "id", "kind", "texts", "updated", "values")

    def __init__(self, kind: str, id: int, now: int, values: Mapping[str, Any]) -> None:
        self.kind = kind
        self.id = id
        self.created = self.updated = now
        self.changes = 0
        self.values = dict(values)
        self.texts: list[tuple[int, tuple[str, ...]]] = []

    @property
    def etag(self) -> str:
        """As Clio writes it, quotes included (apis A2, "Create")."""
        told = f"{self.kind} {self.id} {self.changes} {self.updated}"
        return f'"{sha256(told.encode()).hexdigest()[:32]}"'

    def base(self) -> dict[str, Any]:
        """The fields that every record has; most are made only when they are asked for."""
        return {
            "id": self.id,
            "etag": lambda: self.etag,
            "created_at": lambda: written_time(self.created),
            "updated_at": lambda: written_time(self.updated),
        }


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
        self.uploads: dict[str, bytes] = {}
        """Bytes that were put, by the version's uuid."""
        self.clients: dict[int, dict[int, None]] = {}
        """Contacts that are the client of matters, with those."""
        self._kinds: dict[str, dict[int, Record]] = {}
        self._next = FIRST_ID

    def new_id(self) -> int:
        """A number that no record has had."""
        self._next += 1
        return self._next - 1

    def part(self, kind: str, values: Mapping[str, Any]) -> Record:
        """A part of a record."""
        return Record(kind, self.new_id(), self.clock(), values)

    def add(self, kind: str, values: Mapping[str, Any]) -> Record:
        """A new record."""
        record = Record(kind, self.new_id(), self.clock(), values)
        self._kinds.setdefault(kind, {})[record.id] = record
        return record

    def touch(self, record: Record) -> None:
        """The record was changed: it has another etag from now on."""
        record.changes += 1
        record.updated = self.clock()

    def remove(self, record: Record) -> None:
        """The record is deleted: from now on there is none (apis A2: nothing tells a poll of it)."""
        del self._kinds[record.kind][record.id]
        if record.kind == "matters":
            self.set_client(record, None)

    def set_client(self, matter: Record, client: int | None) -> None:
        """Whose matter it is from now on."""
        held = self.clients.get(matter.values["client"], {})
        held.pop(matter.id, None)
        if not held:
            self.clients.pop(matter.values["client"], None)
        matter.values["client"] = client
        if client is not None:
            self.clients.setdefault(client, {})[matter.id] = None

    def all(self, kind: str) -> Iterator[Record]:
        """The records of a kind, by id."""
        yield from list(self._kinds.get(kind, {}).values())

    def get(self, kind: str, id: int | None) -> Record | None:
        """One record, or None where there is none (any more)."""
        return None if id is None else self._kinds.get(kind, {}).get(id)

    def need(self, kind: str, id: int) -> Record:
        """One record. Raises ClioError 404."""
        record = self.get(kind, id)
        if record is None:
            raise missing(kind, id)
        return record

    def index(self, record: Record, texts: Iterator[str]) -> None:
        """What the search will find the record by, once it has caught up."""
        record.texts.append((self.clock(), tuple(text.casefold() for text in texts if text)))

    def indexed(self, record: Record) -> tuple[str, ...]:
        """What the search knows of a record by now."""
        until = self.clock() - int(self.lag * SECOND)
        known: tuple[str, ...] = ()
        for since, texts in record.texts:
            if since <= until:
                known = texts
        return known


def written_time(microseconds: int) -> str:
    """A moment as Clio writes it: whole seconds (apis A2, "Log a call")."""
    moment = _EPOCH + timedelta(seconds=microseconds // SECOND)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def read_time(text: str) -> int:
    """A date-time as microseconds. Raises ClioError 400."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise bad(f"{text!r} is not an ISO-8601 timestamp") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1)


def read_date(text: str) -> date:
    """A date. Raises ClioError 400."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise bad(f"{text!r} is not an ISO-8601 date") from None


def day_of(microseconds: int) -> str:
    """The day of a moment, in UTC."""
    return written_time(microseconds)[:10]
