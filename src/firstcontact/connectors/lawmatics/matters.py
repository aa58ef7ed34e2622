"""Matters of contacts, which Lawmatics' addresses call prospects (apis A3)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from firstcontact.connectors.lawmatics.client import BY_ID, EVERYTHING, Api, Row
from firstcontact.connectors.lawmatics.mapping import PNC, attributes, is_open, read_matter, target
from firstcontact.identity.records import Matter

KEPT = 60_000_000
"""A contact's matters are asked for again after a minute."""


class Matters:
    """Asks for matters, and remembers them for a minute. Safe to use from several threads."""

    def __init__(self, api: Api, now: Callable[[], int]) -> None:
        self._api = api
        self._now = now
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[int, tuple[Row, ...]]] = {}

    def of(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        """See `Crm`. Lawmatics answers for one contact at a time; for many, everything is read where that is
        cheaper. Raises TryAgain, AuthLapsed, Refused."""
        wanted = [id for id in dict.fromkeys(contacts) if id.isascii() and id.isdigit()]
        rows = self._rows(wanted)
        return tuple(read_matter(row, id) for id in wanted for row in rows[id])

    def open_of(self, contact: str) -> str:
        """The matter that an activity of this person stands on where none was chosen: the newest that may
        become one, else the newest that is not lost; "" for none. Asked for now."""
        rows = [row for row in reversed(self._one(contact)) if is_open(row)]
        waiting = [row for row in rows if str(attributes(row).get("status")).lower() == PNC]
        return next((str(row["id"]) for row in (*waiting, *rows)), "")

    def forget(self, contact: str) -> None:
        """This contact has another one by now."""
        with self._lock:
            self._kept.pop(contact, None)

    def _rows(self, wanted: Sequence[str]) -> dict[str, tuple[Row, ...]]:
        now = self._now()
        with self._lock:
            self._kept = {id: kept for id, kept in self._kept.items() if 0 <= now - kept[0] < KEPT}
            known = {id: self._kept[id][1] for id in wanted if id in self._kept}
        missing = [id for id in wanted if id not in known]
        found: Mapping[str, tuple[Row, ...]] | None = self._all(missing) if len(missing) > 1 else None
        if found is None:
            found = {id: self._one(id) for id in missing}
        with self._lock:
            self._kept.update({id: (now, rows) for id, rows in found.items()})
        return {**known, **found}

    def _one(self, contact: str) -> tuple[Row, ...]:
        asked = {**EVERYTHING, **BY_ID, "filter_by": "contact_id", "filter_on": contact}
        return tuple(self._api.rows("prospects", asked))

    def _all(self, contacts: Sequence[str]) -> dict[str, tuple[Row, ...]] | None:
        """Everybody's matters; None where that takes more requests than asking for each contact."""
        found: dict[str, list[Row]] = {id: [] for id in contacts}
        for page in self._api.pages("prospects", {**EVERYTHING, **BY_ID}):
            if page.pages > len(contacts):
                return None
            for row in page.rows:
                found.get(target(row, "contact")[1], []).append(row)
        return {id: tuple(rows) for id, rows in found.items()}
