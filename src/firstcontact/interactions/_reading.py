"""What a field reader answers: the handles it read, and what it could not read."""

from __future__ import annotations

import msgspec

from firstcontact.interactions.model import Handle


class FieldReading(msgspec.Struct, frozen=True):
    """One field's content as handles, in the order written, none twice.

    unreadable: the pieces that look like a number or an address and are none, as written; they go into
    the report of unreadable fields (SPEC §1) and are never guessed.
    """

    handles: tuple[Handle, ...] = ()
    unreadable: tuple[str, ...] = ()


NOTHING = FieldReading()


def field_reading(handles: list[Handle], unreadable: list[str]) -> FieldReading:
    """A reading without repetitions; the same number with another extension is another handle."""
    unique = dict.fromkeys((handle.key, handle.extension) for handle in handles)
    first = {(handle.key, handle.extension): handle for handle in reversed(handles)}
    return FieldReading(tuple(first[key] for key in unique), tuple(dict.fromkeys(unreadable)))
