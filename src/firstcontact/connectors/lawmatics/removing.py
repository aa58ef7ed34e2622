"""Deleting contacts of ours (SPEC §10). Lawmatics' API puts no matter onto another contact, so that it merges
nobody here."""

from __future__ import annotations

from firstcontact.connectors.contract import Rejected
from firstcontact.connectors.lawmatics.client import EVERYTHING, TITLE, Api, Refused
from firstcontact.connectors.lawmatics.mapping import foreign_values, marks_of
from firstcontact.connectors.lawmatics.marks import STATE
from firstcontact.connectors.lawmatics.people import People

STANDING = {
    "prospects": "a matter",
    "notes": "a note",
    "events": "an event",
    "files": "a file",
    "time_entries": "time",
}
"""What may stand on a contact, and what it is called."""


class Remover:
    """Takes contacts away. Raises Rejected, Refused, Lost, TryAgain, AuthLapsed."""

    def __init__(self, api: Api, people: People) -> None:
        self._api = api
        self._people = people

    def delete(self, id: str) -> None:
        """Delete a contact that we made, nobody has edited, and nothing stands on. One that is gone is no
        error. There are no etags: it is read once more right before it goes."""
        if not self._untouched(id):
            return
        found = [
            what
            for resource, what in STANDING.items()
            if self._api.rows(resource, {**EVERYTHING, "filter_by": "contact_id", "filter_on": id})
        ]
        if found:
            raise Rejected(f"On the contact {id} stands {' and '.join(found)}; that goes first.", ("target",))
        if not self._untouched(id):
            return
        self._people.forget(id)
        try:
            self._api.delete(f"contacts/{id}")
        except Refused as refused:
            if refused.status != 404:
                raise

    def _untouched(self, id: str) -> bool:
        """Whether it is there. Raises Rejected for one that is not ours alone."""
        people = self._people.present([id])
        for person in people:
            record = self._people.record(person)
            if not record.created_by_us or not marks_of(person.row).get(STATE):
                raise Rejected(f"The contact {id} of {TITLE} was made by a person.", ("target",))
            if record.edited_by_person:
                raise Rejected(f"A person has edited the contact {id} of {TITLE} since.", ("target",))
            if theirs := foreign_values(person.row):
                raise Rejected(f"The contact {id} has values in {', '.join(theirs)}.", ("target",))
        return bool(people)
