"""People whose deeds in the CRM are remembered, so that it can be checked that we respect them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.people import Given, People, Reference


class Remembering(People):
    """`edited`: what people set, by kind and id, where the record is still there. `deleted`: by id of a
    contact that was ours, the addresses and numbers it bore and who was there then."""

    def __init__(self, book: AddressBook, ours: Callable[[], set[str]]) -> None:
        """ours: ids of the contacts that the ledger says we made."""
        super().__init__(book)
        self._ours = ours
        self.edited: dict[tuple[str, str], dict[str, Any]] = {}
        self.deleted: dict[str, tuple[frozenset[str], frozenset[str]]] = {}

    def edit(self, kind: str, reference: Reference, fields: Given) -> None:
        """As ever, and remembered."""
        super().edit(kind, reference, fields)
        self.edited.setdefault((kind, str(reference)), {}).update(fields)

    def delete(self, kind: str, reference: Reference) -> None:
        """As ever, and remembered; a contact with the handles that it had."""
        there = self.list_contacts()
        (gone,) = [each for each in there if each["id"] == reference]
        super().delete(kind, reference)
        self.edited.pop((kind, str(reference)), None)
        if gone["id"] in self._ours():
            ids = frozenset(each["id"] for each in there)
            self.deleted[gone["id"]] = frozenset((*gone["emails"], *gone["phones"])), ids

    def merge(self, loser: Reference, survivor: Reference) -> None:
        """As ever; what was set on the loser went with it."""
        super().merge(loser, survivor)
        self.edited.pop(("contact", str(loser)), None)

    def everything_people_set_stays(self) -> None:
        """No field that a person set was overwritten."""
        crm = self.dump()
        now = {("contact", each["id"]): each for each in crm["contacts"]}
        now |= {("activity", each["id"]): each for each in crm["activities"]}
        for where, fields in self.edited.items():
            found: Mapping[str, Any] = now.get(where, fields)
            assert {name: found[name] for name in fields} == fields, where

    def nobody_deleted_is_made_again(self) -> None:
        """Whoever was deleted, having been made by us, is not made by us again."""
        ours = [each for each in self.list_contacts() if each["created_by_us"]]
        for id, (handles, there) in self.deleted.items():
            again = [
                each["id"]
                for each in ours
                if each["id"] not in there and handles & {*each["emails"], *each["phones"]}
            ]
            assert again == [], f"{id} was deleted, and made again"
