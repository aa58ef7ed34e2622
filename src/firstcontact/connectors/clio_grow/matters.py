"""Matters of contacts: a contact names them by id, and a list gives them by ids (apis A2)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from firstcontact.connectors.clio_grow.client import Platform
from firstcontact.connectors.clio_grow.mapping import matters_of, read_matter
from firstcontact.identity.records import Matter

KEPT = 60_000_000
"""A contact's matters are asked for again after a minute."""


class Matters:
    """Asks for matters, and remembers them for a minute. Safe to use from several threads."""

    def __init__(self, api: Platform, now: Callable[[], int]) -> None:
        self._api = api
        self._now = now
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[int, tuple[Matter, ...]]] = {}

    def of(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        """See `Crm`; two requests for fifty contacts. Raises TryAgain, AuthLapsed, Refused."""
        wanted = [id for id in dict.fromkeys(contacts) if id.isascii() and id.isdigit()]
        now = self._now()
        with self._lock:
            self._kept = {id: kept for id, kept in self._kept.items() if 0 <= now - kept[0] < KEPT}
            known = {id: self._kept[id][1] for id in wanted if id in self._kept}
        found = self._ask([id for id in wanted if id not in known])
        with self._lock:
            self._kept.update({id: (now, matters) for id, matters in found.items()})
        known |= found
        return tuple(matter for id in wanted for matter in known[id])

    def _ask(self, contacts: list[str]) -> dict[str, tuple[Matter, ...]]:
        named = {str(row["id"]): matters_of(row) for row in self._api.of_ids("contacts", contacts)}
        ids = list(dict.fromkeys(id for each in named.values() for id in each))
        rows = {str(row["id"]): row for row in self._api.of_ids("matters", ids)}
        return {
            contact: tuple(read_matter(rows[id], contact) for id in named.get(contact, ()) if id in rows)
            for contact in contacts
        }
