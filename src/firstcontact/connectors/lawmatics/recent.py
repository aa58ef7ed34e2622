"""Whoever was changed in the last minutes, whom a finder may not know yet: read from the list, which does not
lag.

Each look asks for what is new since the look before; the others are remembered.
"""

from __future__ import annotations

import threading
from collections.abc import Collection

from firstcontact.connectors.lawmatics.client import EVERYTHING, TITLE, Api, Row
from firstcontact.connectors.lawmatics.mapping import attributes
from firstcontact.connectors.lawmatics.people import People
from firstcontact.connectors.toolkit.times import iso_millis, micros
from firstcontact.identity.records import Record

LATELY = 300_000_000
"""For so long after it was written a finder may not know a contact; longer than a poll's distance."""
LATE = 10_000_000
"""For so long something may come to light with a time before the newest that was seen."""
PAGES = 20


class Recent:
    """Contacts changed within `LATELY`. Safe to use from several threads."""

    def __init__(self, api: Api, people: People) -> None:
        self._api = api
        self._people = people
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[int, Record]] = {}
        self._whole_from = 0
        """From then on, up to the newest of `_seen`, all are in it; 0: nothing was read yet."""

    def bearing(self, keys: Collection[str]) -> tuple[list[Record], str]:
        """Those that bear one of these handles, and why it is not certain that these are all, if so. Raises
        TryAgain, AuthLapsed, Refused."""
        floor = self._api.earliest_now() - LATELY
        with self._lock:
            newest = max((time for time, _ in self._seen.values()), default=0)
            known = 0 < self._whole_from <= floor and newest - LATE > floor
            since = newest - LATE if known else floor
        rows = self._changed(since)
        if rows is None:
            return [], f"more contacts of {TITLE} were changed lately than can be looked at."
        fresh = {record.id: record for record in self._people.records(rows, remembering=True)}
        times = {str(row["id"]): micros(attributes(row).get("updated_at")) for row in rows}
        with self._lock:
            before = self._seen if known else {}
            kept = {id: each for id, each in before.items() if each[0] >= floor and id not in fresh}
            self._seen = {**kept, **{id: (times[id], record) for id, record in fresh.items()}}
            self._whole_from = self._whole_from if known else floor
        found = [record for record in fresh.values() if _bears(record, keys)]
        # Whoever is only remembered may have been deleted since.
        again = [id for id, (_, record) in kept.items() if _bears(record, keys)]
        return [*found, *map(self._people.record, self._people.present(again))], ""

    def _changed(self, since: int) -> list[Row] | None:
        """Rows changed since then; None where they are too many. The newest first: who changes meanwhile
        comes to the front, and nobody slips from a later page onto one that was read."""
        asked = {
            **EVERYTHING,
            "sort_by": "updated_at",
            "sort_order": "desc",
            "filter_by": "updated_at",
            "filter_on": iso_millis(since),
            "filter_with": ">=",
        }
        rows: list[Row] = []
        for number, page in enumerate(self._api.pages("contacts", asked), 1):
            rows += page.rows
            if number == PAGES and page.more:
                return None
        return rows


def _bears(record: Record, keys: Collection[str]) -> bool:
    return any(handle.key in keys for handle in record.handles)
