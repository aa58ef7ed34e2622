"""`Bystander`: somebody who works in the CRM's own pages while we do, on the same people, by seed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from firstcontact.connectors.contract import Crm
from firstcontact.identity.records import Record
from firstcontact.interactions.model import Handle

Deed = Literal["adds", "edits", "deletes", "merges"]


class Pages(Protocol):
    """The CRM's own pages. `conformance.hands.Hands` and the address book's `People` are such."""

    def add(self, kind: str, fields: Mapping[str, Any]) -> str:
        """Add a record; its id."""

    def edit(self, kind: str, reference: str, fields: Mapping[str, Any]) -> None:
        """Set fields of a record."""

    def delete(self, kind: str, reference: str) -> None:
        """Delete a record."""

    def merge(self, loser: str, survivor: str) -> None:
        """Merge one contact into another."""


class Bystander:
    """Makes, names, deletes and merges contacts. `done`: what, with the id, in order."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self.done: list[tuple[Deed, str]] = []

    def acts(self, deed: Deed, crm: Crm, handles: Sequence[Handle], chance: random.Random) -> str:
        """Do this to somebody who bears one of the handles; the id of the record, "" where nobody does.

        `adds` makes one more; `merges` merges somebody into one made for it, as by who has found a duplicate.
        """
        if not handles:
            return ""
        handle = chance.choice(sorted(handles, key=lambda each: each.key))
        if deed == "adds":
            return self._did(deed, self._add(handle))
        bearing = _contacts(crm, handle)
        if not bearing:
            return ""
        record = chance.choice(bearing)
        if deed == "edits":
            name = {"first_name": "Uma", "last_name": f"Well {len(self.done)}"}
            self._pages.edit("contact", record.id, name)
        elif deed == "deletes":
            self._pages.delete("contact", record.id)
        else:
            self._pages.merge(record.id, self._add(handle))
        return self._did(deed, record.id)

    def _add(self, handle: Handle) -> str:
        field = "emails" if handle.kind == "email" else "phones"
        return self._pages.add("contact", {"first_name": "Ivo", "last_name": "Well", field: [handle.key]})

    def _did(self, deed: Deed, id: str) -> str:
        self.done.append((deed, id))
        return id


def _contacts(crm: Crm, handle: Handle) -> list[Record]:
    finding = crm.find([handle])[handle.key]
    return sorted((each for each in finding.records if each.type == "contact"), key=lambda each: each.id)
