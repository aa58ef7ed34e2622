"""Taking contacts of ours away: deleting them, and merging them into others (SPEC §9, §10).

Clio's API merges nobody. So what is on the loser is moved piece by piece, the survivor's blanks are filled,
and the loser is deleted last: whoever is interrupted begins again, and finds what is left to do. A contact
that has something which cannot be moved stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from firstcontact.connectors.clio import mapping
from firstcontact.connectors.clio.belongings import Belongings, Rewrite
from firstcontact.connectors.clio.changes import contact_changes
from firstcontact.connectors.clio.client import TITLE, Api, Refused, Row
from firstcontact.connectors.clio.marks import STATE
from firstcontact.connectors.contract import Rejected, TryAgain
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE
from firstcontact.connectors.toolkit.merging import filling
from firstcontact.connectors.toolkit.own_fields import CustomField

TURNS = 4


class Remover:
    """Takes contacts away, safe to use from several threads. Raises Rejected, Refused, Lost, TryAgain,
    AuthLapsed."""

    def __init__(
        self, api: Api, rewrite: Rewrite, custom: Callable[[], Mapping[str, CustomField]], region: str
    ) -> None:
        self._api = api
        self._rewrite = rewrite
        self._custom = custom
        self._region = region
        self._belongings = Belongings(api, rewrite)

    def delete(self, id: str) -> None:
        """Delete a contact of ours that nobody has edited, and on which nobody has put anything. One that is
        gone is no error."""
        row = self._ours(id, "target")
        if row is None:
            return
        theirs = [held.about for held in self._belongings.all(row) if not held.ours]
        self._refuse_where([*self._belongings.fixed(row), *dict.fromkeys(theirs)], "be deleted")
        self._take_away(id, "target")

    def merge(self, loser: str, survivor: str) -> None:
        """Put what is on the loser onto the survivor, and delete it. A loser that is gone is no error."""
        if loser == survivor:
            raise Rejected("A contact cannot be merged into itself.", ("loser",))
        self._api.one(f"contacts/{survivor}", "id")
        row = self._ours(loser, "loser")
        if row is None:
            return
        self._refuse_where(self._belongings.fixed(row), "be moved to another contact")
        for held in list(self._belongings.all(row)):
            self._belongings.move(held, loser, survivor)
        gone = mapping.read_contact(row, self._region)
        custom = self._custom()

        def fill(there: Row) -> dict[str, object]:
            kept = mapping.read_contact(there, self._region)
            return contact_changes(there, filling(kept, gone), custom, self._region)

        self._rewrite(f"contacts/{survivor}", mapping.CONTACT, fill)
        self._take_away(loser, "loser")

    def _ours(self, id: str, field: str) -> Row | None:
        """A Person that we made and nobody has edited; None where it is gone. Raises Rejected for another."""
        try:
            row = self._api.one(f"contacts/{id}", mapping.CONTACT)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise
        record = mapping.read_contact(row, self._region)
        if not record.created_by_us or not mapping.marks_of(row).get(STATE):
            raise Rejected(f"The contact {id} of {TITLE} was made by a person.", (field,))
        if record.edited_by_person:
            raise Rejected(f"A person has edited the contact {id} of {TITLE} since.", (field,))
        if row.get("type") != "Person":
            raise Rejected(f"{id} is a company of {TITLE}, which others may belong to.", (field,))
        return row

    def _refuse_where(self, found: list[str], to: str) -> None:
        if found:
            raise Rejected(f"The contact has what cannot {to}: {', '.join(found)}.", ("id",))

    def _take_away(self, id: str, field: str) -> None:
        """Under its etag, so that an edit in the last moment is seen."""
        for _ in range(TURNS):
            row = self._ours(id, field)
            if row is None:
                return
            try:
                self._api.delete(f"contacts/{id}", str(row.get("etag") or ""))
                return
            except Refused as refused:
                if refused.status == 404:
                    return
                if refused.status != 412:
                    raise
        raise TryAgain(f"Somebody else keeps changing a contact of {TITLE}.", AFTER_TROUBLE)
