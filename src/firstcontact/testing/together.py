"""`Together`: the address book as a CRM that makes contacts and what points at them in one call."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.contract import Capabilities, Outcome, TryAgain
from firstcontact.planning.write import ActivityFields, CreatedBy, Existing, Receipt, Target, Write


class Together(AddressBook):
    """An address book with `Capabilities.applies_together`."""

    def capabilities(self) -> Capabilities:
        """As the address book's, and this."""
        return msgspec.structs.replace(super().capabilities(), applies_together=True)

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """First what points at nothing of this call, then the rest with its ids; what points at somebody who
        was not made is `TryAgain`."""
        first = {write.key: write for write in writes if not _pointing(write)}
        outcomes = dict(zip(first, super().apply(list(first.values())), strict=True))
        made = {key: one.id for key, one in outcomes.items() if isinstance(one, Receipt)}
        then: dict[str, Write] = {}
        for write in writes:
            if write.key in first:
                continue
            if made.keys() >= _pointing(write):
                then[write.key] = _with(write, made)
            else:
                outcomes[write.key] = TryAgain("Somebody on it could not be made.")
        outcomes.update(zip(then, super().apply(list(then.values())), strict=True))
        return [outcomes[write.key] for write in writes]


def _pointing(write: Write) -> set[str]:
    people = write.fields.people if isinstance(write.fields, ActivityFields) else ()
    return {person.write_key for person in people if isinstance(person, CreatedBy)}


def _with(write: Write, made: dict[str, str]) -> Write:
    fields = write.fields
    if not isinstance(fields, ActivityFields):
        return write
    people: list[Target] = [
        Existing("contact", made[person.write_key]) if isinstance(person, CreatedBy) else person
        for person in fields.people
    ]
    return msgspec.structs.replace(
        write, fields=msgspec.structs.replace(fields, people=tuple(dict.fromkeys(people)))
    )
