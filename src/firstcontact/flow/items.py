"""What a batch of decisions writes: each with its intents, which of them go together, and which can be
written before it is the batch's turn.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

import msgspec
from sqlalchemy import Connection

from firstcontact.flow.targets import needs
from firstcontact.ledger import deciding, writing
from firstcontact.ledger.deciding import Decided
from firstcontact.ledger.roles import role_of
from firstcontact.planning.plan import NEW
from firstcontact.planning.write import ActivityFields, CreatedBy, Write
from firstcontact.policy.decision import FieldChange


class Item(msgspec.Struct):
    """A decision, what it writes and what that reserves."""

    decided: Decided
    writes: tuple[Write, ...]
    reserves: Mapping[str, str]
    day: str
    clock: str
    before: str
    """Key of the newest write about the activity before these."""
    brings: Mapping[str, tuple[FieldChange, ...]]


def coalesced(items: Sequence[Item]) -> tuple[list[Write], dict[str, Write]]:
    """The batch's writes, and its changes of activities there are, by the key of the newest write before
    them. What changes an activity that this batch makes goes into the making write; several changes of one
    activity are one, with the newest fields."""
    writes: dict[str, Write] = {}
    changes: dict[str, tuple[str, Write]] = {}
    for item in items:
        for write in item.writes:
            if write.kind != "update_activity":
                writes[write.key] = write
                continue
            making = writes.get(made_by(write))
            if making is not None:
                writes[making.key] = msgspec.structs.replace(making, fields=write.fields)
                continue
            before, earlier = changes.get(made_by(write), (item.before, None))
            if earlier is not None:
                names = {*earlier.changed, *write.changed}
                changed = tuple(name for name in ActivityFields.__struct_fields__ if name in names)
                write = msgspec.structs.replace(write, changed=changed)
            changes[made_by(write)] = (before, write)
    return list(writes.values()), dict(changes.values())


def made_by(write: Write) -> str:
    """Key of the write that makes the activity of which this one, its own or a change, is."""
    if write.kind == "log_activity":
        return write.key
    assert isinstance(write.target, CreatedBy)
    return write.target.write_key


def independent(items: Sequence[Item], lost: set[str], stale: set[str]) -> list[Item]:
    """Items that are not stale, and neither made nor built on a reservation that another worker holds, nor on
    what a stale or such an item was to make."""
    kept: list[Item] = []
    lost = set(lost)
    for item in items:
        if item.decided.decision.interaction in stale or _depends(item, lost):
            lost.update(write.key for write in item.writes)
        else:
            kept.append(item)
    return kept


def _depends(item: Item, lost: set[str]) -> bool:
    if any(key in lost for key in item.reserves.values()):
        return True
    if any(key in lost for write in item.writes for key in needs(write)):
        return True
    return any(
        person.record.startswith(NEW) and person.record[len(NEW) :] in lost
        for person in item.decided.decision.people
    )


class Again(Exception):
    """What was written ahead of the turn is not to be kept: all of it is written in the turn."""


class WrittenAhead:
    """What is written before the turn has come (`docs/decisions/turns.md`): the decisions on interactions
    that were never decided, and what they intend. Whoever has the lease is the only one who adds such rows,
    and they are rows of a large batch for the most part."""

    def __init__(
        self,
        connection: str,
        items: Sequence[Item] = (),
        before: Collection[str] = (),
        now: int = 0,
        waits: Collection[str] = (),
        lanes: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """before: interactions that were decided before, of which nothing is ahead."""
        new = [item for item in items if item.decided.decision.interaction not in before]
        self._decided = [item.decided for item in new]
        self.decided = {each.decision.interaction for each in self._decided}
        # A role's key is the same whatever asks for it: others may be about to write it.
        intents = coalesced(new)[0] if len(new) == len(items) else []
        self._intents = [write for write in intents if role_of(write) is None]
        self.keys = {write.key for write in self._intents}
        live = {item.decided.decision.interaction for item in new} - set(waits)
        self.creates = sum(w.kind == "create_contact" and w.interaction in live for w in self._intents)
        self._as = connection, now, waits, lanes

    def write(self, tx: Connection) -> None:
        """Raises Again where something of it is there already."""
        connection, now, waits, lanes = self._as
        if self._decided:
            deciding.keep(tx, self._decided)
        if self._intents and not writing.intend_new(tx, connection, self._intents, now, waits, lanes):
            raise Again
