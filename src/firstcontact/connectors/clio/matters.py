"""Matters of contacts: those they are the client of, and those they are related to (apis A2, "Matters")."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

from firstcontact.connectors.clio.client import Api, Row
from firstcontact.connectors.clio.mapping import MATTER, read_matter
from firstcontact.identity.records import Matter

KEPT = 60_000_000
"""A contact's matters are asked for again after a minute."""
A_FEW = 5
"""For more contacts than this it is tried whether reading all matters takes fewer requests."""
_STATUS = "open,pending,closed"
_RELATED = "id,description,contact{id},matter{id,display_number,description,status,open_date,created_at}"


class Matters:
    """Asks for matters, and remembers them for a minute. Safe to use from several threads."""

    def __init__(self, api: Api, now: Callable[[], int]) -> None:
        self._api = api
        self._now = now
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[int, tuple[Matter, ...]]] = {}

    def of(self, contacts: Sequence[str]) -> tuple[Matter, ...]:
        """See `Crm`. Clio answers for one contact at a time; for many, everything is read where that is
        cheaper. Raises TryAgain, AuthLapsed, Refused."""
        wanted = [id for id in dict.fromkeys(contacts) if id.isascii() and id.isdigit()]
        now = self._now()
        with self._lock:
            self._kept = {id: kept for id, kept in self._kept.items() if now - kept[0] < KEPT}
            known = {id: self._kept[id][1] for id in wanted if id in self._kept}
        missing = [id for id in wanted if id not in known]
        found = self._all(missing) if len(missing) > A_FEW else None
        if found is None:
            found = {id: self._one(id) for id in missing}
        with self._lock:
            self._kept.update({id: (now, matters) for id, matters in found.items()})
        known.update(found)
        return tuple(matter for id in wanted for matter in known[id])

    def _one(self, contact: str) -> tuple[Matter, ...]:
        theirs = self._api.rows("matters", MATTER, {"client_id": contact, "status": _STATUS})
        related = self._api.rows("relationships", _RELATED, {"contact_id": contact})
        return _each_once(contact, theirs, related)

    def _all(self, contacts: Sequence[str]) -> dict[str, tuple[Matter, ...]] | None:
        """Everybody's matters; None where that takes more requests than asking for each contact."""
        left = 2 * len(contacts)
        theirs: list[Row] = []
        related: list[Row] = []
        for resource, fields, asked, rows in (
            ("matters", f"{MATTER},client{{id}}", {"status": _STATUS}, theirs),
            ("relationships", _RELATED, {}, related),
        ):
            for page in self._api.pages(resource, fields, asked):
                rows.extend(page.rows)
                left -= 1
                if page.next and (left <= 0 or page.total > left * len(page.rows)):
                    return None
        return {
            id: _each_once(
                id,
                [row for row in theirs if _id_in(row, "client") == id],
                [row for row in related if _id_in(row, "contact") == id],
            )
            for id in contacts
        }


def _each_once(contact: str, theirs: Iterable[Row], related: Iterable[Row]) -> tuple[Matter, ...]:
    rows = [*theirs, *(row["matter"] for row in related if isinstance(row.get("matter"), Mapping))]
    return tuple(read_matter(row, contact) for row in {str(row["id"]): row for row in rows}.values())


def _id_in(row: Row, name: str) -> str:
    one = row.get(name)
    return str(one.get("id")) if isinstance(one, Mapping) else ""
