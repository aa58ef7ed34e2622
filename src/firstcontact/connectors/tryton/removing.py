"""Taking parties of ours away: deleting them, and merging them into others with Tryton's own wizard.

The wizard *Replace* moves what points at a party, and leaves it deactivated, naming the other. It deactivates
the numbers and addresses that it moves, and leaves attachments and notes where they are: so those are moved,
and the survivor's blanks are filled, before it runs. Whatever broke off in between, the next try ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from firstcontact.connectors.contract import Gone, Moved, MovedTo, Rejected
from firstcontact.connectors.toolkit.merging import filling
from firstcontact.connectors.tryton import mapping
from firstcontact.connectors.tryton.activities import ATTACHMENT, moved_attachment
from firstcontact.connectors.tryton.client import CONTEXT, TITLE, WITH_INACTIVE, Client, Refused
from firstcontact.identity.records import Record

Read = Callable[[Sequence[str]], Mapping[str, Record | Moved | Gone]]
_NOT_THERE = "don't exist"
_STAND = ("ir.attachment", "ir.note")
"""What stands on a party beside what its own fields point at."""


class Remover:
    """Takes parties away. Raises Rejected, MovedTo, Refused, Lost, TryAgain, AuthLapsed."""

    def __init__(self, client: Client, read: Read, region: str) -> None:
        self._client = client
        self._read = read
        self._region = region

    def delete(self, id: str) -> None:
        """Delete a party of ours that nobody has edited and on which nothing stands. One that is gone is no
        error. Tryton itself deletes none that another record needs (a sale, an invoice); a sale opportunity
        would go on without it."""
        stamp = self._stamp(id)
        if self._untouched(id, "target") is None or stamp is None:
            return
        standing = [model for model in _STAND if self._standing(model, id)]
        if self._opportunities(id):
            standing.append("sale.opportunity")
        if standing:
            raise Rejected(f"{' and '.join(standing)} stand on the party {id!r}; they go first.", ("target",))
        try:
            self._client.write("party.party.delete", [int(id)], context=self._as_read(id, stamp))
        except Refused as refused:
            if _NOT_THERE not in str(refused):
                raise

    def merge(self, loser: str, survivor: str) -> None:
        """Put what belongs to the loser to the survivor, and let it be replaced by that. Where that has been
        done it is no error."""
        if loser == survivor:
            raise Rejected("A party cannot be merged into itself.", ("loser",))
        stamp = self._stamp(loser)
        gone = self._untouched(loser, "loser", survivor)
        if gone is None or stamp is None:
            return
        kept = self._read([survivor])[survivor]
        if isinstance(kept, Moved):
            raise MovedTo(f"The party {survivor!r} was replaced by {kept.into!r}.", "contact", kept.into)
        if isinstance(kept, Gone):
            raise Rejected(f"There is no party {survivor!r} in {TITLE}.", ("target",))
        self._move(loser, survivor)
        (row,) = self._client.read(
            "party.party.search_read",
            [["id", "=", int(survivor)]],
            0,
            None,
            None,
            list(mapping.PARTY),
            context=WITH_INACTIVE,
        )
        if changes := mapping.changed_party(row, filling(kept, gone), self._region):
            self._client.write("party.party.write", [int(survivor)], changes)
        asked = {"source": int(loser), "destination": int(survivor)}
        self._client.run("party.replace", "ask", asked, "replace", self._as_read(loser, stamp))

    def _move(self, loser: str, survivor: str) -> None:
        """Attachments and notes of the loser; those on its sale opportunities go with these, and tell who was
        there."""
        places = [f"party.party,{loser}", *(f"sale.opportunity,{id}" for id in self._opportunities(loser))]
        rows = self._client.read(
            "ir.attachment.search_read", [["resource", "in", places]], 0, None, None, ["id", *ATTACHMENT]
        )
        moved = [(row["id"], moved_attachment(row, loser, survivor)) for row in rows]
        pairs = [given for id, values in moved if values for given in ([id], values)]
        if pairs:
            self._client.write("ir.attachment.write", *pairs)
        if notes := self._standing("ir.note", loser):
            self._client.write("ir.note.write", notes, {"resource": f"party.party,{survivor}"})

    def _opportunities(self, party: str) -> list[int]:
        """Where the module, or the right to see them, is not there, there are none for us."""
        try:
            given = ([["party", "=", int(party)]], 0, None, None)
            found: list[int] = self._client.read("sale.opportunity.search", *given, context=WITH_INACTIVE)
        except Refused:
            return []
        return found

    def _untouched(self, id: str, field: str, into: str = "") -> Record | None:
        """A party that we made and nobody has edited; None where it is gone, or merged into that one."""
        record = self._read([id])[id]
        if isinstance(record, Gone):
            return None
        if isinstance(record, Moved):
            if record.into == into:
                return None
            raise MovedTo(f"The party {id!r} was replaced by {record.into!r}.", "contact", record.into)
        if not record.created_by_us:
            raise Rejected(f"The party {id!r} was made by a person.", (field,))
        if record.edited_by_person:
            raise Rejected(f"A person has edited the party {id!r} since.", (field,))
        return record

    def _stamp(self, id: str) -> str | None:
        """What Tryton calls the party's state; read before the party itself is looked at."""
        number = mapping.read_id(id)
        if number is None:
            return None
        rows = self._client.read(
            "party.party.search_read",
            [["id", "=", number]],
            0,
            None,
            None,
            ["_timestamp"],
            context=WITH_INACTIVE,
        )
        return next((str(row["_timestamp"]) for row in rows), None)

    def _as_read(self, id: str, stamp: str) -> Mapping[str, Any]:
        """The context in which Tryton refuses a write to a party that has been changed since."""
        return {**CONTEXT, "_timestamp": {f"party.party,{id}": stamp}}

    def _standing(self, model: str, id: str) -> list[int]:
        found: list[int] = self._client.read(
            f"{model}.search", [["resource", "=", f"party.party,{id}"]], 0, None, None
        )
        return found
