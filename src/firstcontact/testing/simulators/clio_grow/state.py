"""What an account holds: records, what the search knows of them, and times as Clio writes them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from firstcontact.testing.simulators.clio_grow.errors import bad, missing
from firstcontact.testing.simulators.clio_grow.quirks import Quirks

SECOND = 1_000_000
FIRST_ID = 4001
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Record:
    """One record: its id, when it was made and changed (microseconds), and its values."""

    def __init__(self, kind: str, id: int, now: int, values: Mapping[str, Any]) -> None:
        self.kind = kind
        self.id = id
        self.created = now
        self.updated = now
        self.values = dict(values)
        self.texts: list[tuple[int, tuple[str, ...]]] = []
        """What the search knows, each with since when it was so."""

    @property
    def global_id(self) -> str:
        """Its ULID (apis A2: `global_id`)."""
        number = (self.created // 1000 << 80) | self.id
        return "".join(_CROCKFORD[number >> 5 * place & 31] for place in reversed(range(26)))

    def base(self) -> dict[str, Any]:
        """What every record answers."""
        return {
            "id": self.id,
            "created_at": written_time(self.created),
            "updated_at": written_time(self.updated),
        }


class State:
    """One account. Single-threaded: whoever reads or changes it holds `lock`.

    clock: now, in microseconds. lag: seconds until the search knows what was written.
    """

    def __init__(self, clock: Callable[[], int], quirks: Quirks, lag: float) -> None:
        self.clock = clock
        self.quirks = quirks
        self.lag = lag
        self.lock = threading.RLock()
        self.search_broken = False
        self._kinds: dict[str, dict[int, Record]] = {}
        self._next = FIRST_ID

    def add(self, kind: str, values: Mapping[str, Any]) -> Record:
        """A new record, with a number that none has had."""
        record = Record(kind, self._next, self.clock(), values)
        self._next += 1
        self._kinds.setdefault(kind, {})[record.id] = record
        return record

    def touch(self, record: Record) -> None:
        """The record was changed."""
        record.updated = self.clock()

    def remove(self, record: Record) -> None:
        """The record is deleted: from now on there is none, and nothing tells of it."""
        del self._kinds[record.kind][record.id]

    def all(self, kind: str) -> Iterator[Record]:
        """The records of a kind, by id."""
        yield from list(self._kinds.get(kind, {}).values())

    def get(self, kind: str, id: int | None) -> Record | None:
        """One record, or None where there is none (any more)."""
        return None if id is None else self._kinds.get(kind, {}).get(id)

    def need(self, kind: str, id: int) -> Record:
        """One record. Raises GrowError 404."""
        record = self.get(kind, id)
        if record is None:
            raise missing(kind, id)
        return record

    def index(self, record: Record, texts: Iterable[str | None]) -> None:
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
    """A moment as Clio writes it: whole seconds."""
    moment = _EPOCH + timedelta(seconds=microseconds // SECOND)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def read_time(text: str) -> int:
    """A date-time as microseconds. Raises GrowError 400."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise bad(f"{text!r} is not an ISO-8601 timestamp") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1)
