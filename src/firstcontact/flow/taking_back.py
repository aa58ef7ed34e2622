"""Writes that take something back: the last look before they are sent, and what their answers come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import Crm, Gone, Moved
from firstcontact.flow.rounds import Round, drop
from firstcontact.identity.records import Record
from firstcontact.ledger import index, observing, undoing
from firstcontact.ledger.book import Ledger
from firstcontact.planning.enrichment import subjects_of
from firstcontact.planning.undo import WHYS, Before, OnIt, Standing, keeps_contact, points_at, restored
from firstcontact.planning.write import (
    ActivityFields,
    ContactFields,
    CreatedBy,
    Existing,
    Receipt,
    Write,
)

# --- what it rests on -----------------------------------------------------------------------------------


def on_contact(tx: Connection, connection: str, contact: Standing) -> tuple[OnIt, ...]:
    """Activities and roles of ours on a contact that we made."""
    record, made = contact.record, contact.write.key
    linked = undoing.linked_to(tx, [record] if record else [], made)
    ids = list(dict.fromkeys((contact.write.interaction, *linked)))
    kinds = ("log_activity", "contact_role")
    found = [each for each in undoing.standing_of(tx, connection, ids) if each.write.kind in kinds]
    now = undoing.activities_now(tx, connection, [each.write for each in found])
    undone = undoing.of(tx, [each.write.key for each in found])
    on_it: list[OnIt] = []
    for each in found:
        fields = now.get(each.write.key, each.write.fields)
        write = msgspec.structs.replace(each.write, fields=fields)
        if not points_at(write, record, made):
            continue
        row = undone.get(write.key)
        people = fields.people if isinstance(fields, ActivityFields) else ()
        on_it.append(
            OnIt(
                write_key=write.key,
                at=fields.at if isinstance(fields, ActivityFields) else 0,
                taken_back=each.state == "dropped" or (row is not None and row.state != "left"),
                shared=len(people) > 1,
            )
        )
    return tuple(on_it)


def befores(tx: Connection, connection: str, updates: Sequence[Standing]) -> dict[str, tuple[Before, ...]]:
    """What each update of a contact wrote, and what stood there before, by its key."""
    of_kind = [each for each in updates if each.write.kind == "update_contact"]
    known = observing.of_writes(tx, [each.write.key for each in of_kind])
    found: dict[str, tuple[Before, ...]] = {}
    for each in of_kind:
        rows = known.get(each.write.key, ())
        if rows:
            found[each.write.key] = tuple(Before(row.field, row.value, row.before) for row in rows)
        else:
            found[each.write.key] = _named_or_taught(tx, connection, each)
    return found


def _named_or_taught(tx: Connection, connection: str, each: Standing) -> tuple[Before, ...]:
    """Of a placeholder that took its name, the name that it was made with; of a handle that a contact was
    taught, nothing."""
    fields = each.write.fields
    assert isinstance(fields, ContactFields)
    if not each.write.subject.endswith(":name"):
        return (
            *(Before("email", value, "") for value in fields.emails),
            *(Before("phone", value, "") for value in (*fields.phones, *fields.mobiles)),
        )
    target = each.write.target
    if isinstance(target, CreatedBy):
        made = target.write_key
    else:
        record = target.id if target is not None else each.record
        handles = undoing.handles_of(tx, connection, record)
        made = undoing.creation_of(tx, connection, record, handles)
    creation = undoing.standing(tx, [made]).get(made) if made else None
    if creation is None or not isinstance(creation.write.fields, ContactFields):
        return ()
    return (Before("name", f"{fields.first_name}\n{fields.last_name}", creation.write.fields.name),)


# --- the last look ------------------------------------------------------------------------------------------


def is_undo(write: Write) -> bool:
    """Whether the write takes another back."""
    return write.subject.startswith("undo ")


def _mine(ledger: Ledger, writes: Sequence[Write]) -> list[Write]:
    """Those that take another write back, and not a merge."""
    wanted = [write for write in writes if is_undo(write) and isinstance(write.target, Existing)]
    if not wanted:
        return []
    with ledger.read() as tx:
        rows = undoing.by(tx, [write.key for write in wanted])
    return [write for write in wanted if write.key in rows]


def untouched(ledger: Ledger, crm: Crm, deleting: Sequence[Write], round: Round, now: int) -> frozenset[str]:
    """The last look before contacts are deleted: nobody has touched them, and all of ours on them is gone
    first. Raises TryAgain."""
    mine = _mine(ledger, deleting)
    if not mine:
        return frozenset()
    with crossing(Boundary.READ_BEFORE_DELETING):
        there = crm.read(sorted({write.target.id for write in mine if isinstance(write.target, Existing)}))
    settled: set[str] = set()
    with ledger.read() as tx:
        originals = {write.key: write.subject.removeprefix("undo ") for write in mine}
        standing = undoing.standing(tx, list(originals.values()))
        for write in mine:
            assert isinstance(write.target, Existing)
            id = write.target.id
            record = there.get(id)
            if isinstance(record, Gone):
                round.receipts.append(Receipt(write.key, id, created=False, at=now))
                settled.add(write.key)
                continue
            on_it = on_contact(tx, crm.connection, standing[originals[write.key]])
            told = record.into if isinstance(record, Moved) else record
            why = keeps_contact(told, on_it, crm.capabilities())
            said = WHYS[why].format_map({"into": told, "crm": crm.capabilities().title}) if why else ""
            waits = ""
            if not said:
                waits, said = _first(tx, on_it)
            if said:
                drop(round, write, said)
                settled.add(write.key)
            elif waits:
                round.marks.append((write.key, "waiting", None, waits))
                settled.add(write.key)
    return frozenset(settled)


def _first(tx: Connection, on_it: Sequence[OnIt]) -> tuple[str, str]:
    """Key of the write that has to end before the contact may go, or why it stays."""
    rows = undoing.of(tx, [one.write_key for one in on_it])
    for one in on_it:
        row = rows.get(one.write_key)
        if row is None:
            if not one.taken_back:
                return "", "something was logged on it meanwhile"
        elif row.state == "left" and not one.shared:
            return "", f"{WHYS['not_removed']}: {row.why}"
        elif row.state == "intended":
            return row.by_write, ""
    return "", ""


def still_ours(ledger: Ledger, crm: Crm, updating: Sequence[Write], round: Round, now: int) -> frozenset[str]:
    """The last look before fields get back what they had: only those in which our value still stands. Raises
    TryAgain."""
    mine = _mine(ledger, updating)
    if not mine:
        return frozenset()
    with crossing(Boundary.READ_BEFORE_RESTORING):
        there = crm.read(sorted({write.target.id for write in mine if isinstance(write.target, Existing)}))
    originals = {write.key: write.subject.removeprefix("undo ") for write in mine}
    with ledger.read() as tx:
        standing = undoing.standing(tx, list(originals.values()))
        before = befores(tx, crm.connection, list(standing.values()))
    settled: set[str] = set()
    for write in mine:
        assert isinstance(write.target, Existing)
        record = there.get(write.target.id)
        if not isinstance(record, Record):
            drop(round, write, WHYS["gone"])
            settled.add(write.key)
            continue
        fields, changed, names = restored(record, before.get(originals[write.key], ()))
        if not names:
            drop(round, write, WHYS["overwritten"])
            settled.add(write.key)
        elif (fields, changed) != (write.fields, write.changed):
            round.retargeted.append(msgspec.structs.replace(write, fields=fields, changed=changed))
            round.marks.append((write.key, "intended", now, "a person has changed some of it meanwhile"))
            settled.add(write.key)
    return frozenset(settled)


# --- the answers ------------------------------------------------------------------------------------------


def answered(tx: Connection, connection: str, round: Round, by_key: Mapping[str, Write]) -> None:
    """What was taken back is so from here on; what the CRM refuses, or the last look stopped, is left, and
    its tombstones go. Part of the transaction that keeps the round."""
    if not any(is_undo(write) for write in by_key.values()):
        return
    answers = [receipt.key for receipt in round.receipts] + [key for key, *_ in round.marks]
    rows = undoing.by(tx, [key for key in answers if key in by_key and is_undo(by_key[key])])
    if not rows:
        return
    standing = undoing.standing(tx, [row.write_key for row in rows.values()])
    settled: list[tuple[str, str, str]] = []
    for receipt in round.receipts:
        if receipt.key in rows:
            settled.append((rows[receipt.key].write_key, "done", ""))
            _gone(tx, connection, round, standing[rows[receipt.key].write_key])
    for number, (key, state, due, why) in enumerate(round.marks):
        if key in rows and state in ("parked", "dropped"):
            round.marks[number] = (key, "dropped", due, why)
            round.parked -= state == "parked"
            settled.append((rows[key].write_key, "left", why))
            _stays(tx, connection, round, standing[rows[key].write_key])
    undoing.settle(tx, settled)


def _gone(tx: Connection, connection: str, round: Round, made: Standing) -> None:
    write = made.write
    if write.kind == "create_contact":
        handles = undoing.handles_of(tx, connection, made.record)
        round.decide_again.update(undoing.linked_to(tx, [made.record], write.key))
        round.topics.update(f"handle:{key}" for key in {*subjects_of(write), *handles})
        undoing.forget_bearers(tx, connection, [made.record])
        index.drop(tx, connection, [made.record])
    if write.kind in ("create_contact", "log_activity"):
        undoing.free(tx, connection, [write])


def _stays(tx: Connection, connection: str, round: Round, made: Standing) -> None:
    write = made.write
    round.decide_again.discard(write.interaction)
    if write.kind == "create_contact":
        undoing.unbury(
            tx, connection, [*subjects_of(write), *undoing.handles_of(tx, connection, made.record)]
        )
    elif isinstance(write.fields, ActivityFields):
        logged = undoing.activities_now(tx, connection, [write]).get(write.key, write.fields)
        undoing.unbury(tx, connection, undoing.activity_keys(logged.interactions, write.subject))
        round.decide_again.update(logged.interactions)
    elif write.kind == "update_contact":
        target = write.target
        record = target.id if isinstance(target, Existing) else made.record
        of = befores(tx, connection, [made]).get(write.key, ())
        undoing.unbury(tx, connection, [undoing.value_key(record, each.field, each.value) for each in of])
