"""What a CRM is asked to take away of a person who is erased, and what is about to be written about them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import Connection, select

from firstcontact.interactions.traces import ERASED, Traces
from firstcontact.ledger import news, under_way, writing
from firstcontact.ledger.erasing import without_text
from firstcontact.ledger.of_person import OfPerson
from firstcontact.ledger.tables import activities, writes
from firstcontact.planning.capabilities import Capabilities
from firstcontact.planning.write import ActivityFields, ContactFields, Existing, Target, Write, write_key
from firstcontact.store.statements import chunks

_writes = msgspec.msgpack.Decoder(Write)
_fields = msgspec.msgpack.Decoder(ActivityFields)

TAKEN_BACK = "somebody on it was erased"

_UNSENT = ("intended", "waiting", "held", "parked")


def withdraw(tx: Connection, person: OfPerson, at: int) -> tuple[int, tuple[str, ...]]:
    """What was not sent yet about them, or on interactions that they took part in, is not written: these are
    decided anew. How many writes there were, and the keys of those whose fate nobody knows."""
    under_way.settle(tx, under_way.keys(tx))  # all lanes are held: nobody is at it any more
    found: dict[str, tuple[str, Write]] = {}
    for column, values in ((writes.c.interaction, person.interactions), (writes.c.subject, person.keys)):
        for chunk in chunks(values):
            query = select(writes.c.key, writes.c.state, writes.c.data)
            open_ = query.where(column.in_(chunk), writes.c.state.in_((*_UNSENT, "sent", "unclear")))
            found.update((key, (state, _writes.decode(data))) for key, state, data in tx.execute(open_))
    unsent = {key: write for key, (state, write) in found.items() if state in _UNSENT}
    writing.mark(tx, [(key, "dropped", None, TAKEN_BACK) for key in unsent])
    made = [each.subject for each in unsent.values() if each.kind in ("create_contact", "create_account")]
    writing.release(tx, person.connection, made)
    writing.forget_activities(
        tx, person.connection, [each for each in unsent.values() if each.kind == "log_activity"]
    )
    writing.wake(tx, unsent, at)
    news.tell(tx, (), {each.interaction for each in unsent.values()}, at)
    return len(unsent), tuple(key for key in found if key not in unsent)


def give_up(tx: Connection, keys: Collection[str]) -> None:
    """Nobody knows whether these arrived; they are not sent again."""
    writing.mark(tx, [(key, "dropped", None, TAKEN_BACK) for key in keys])


def asked_of_crm(
    tx: Connection,
    person: OfPerson,
    contacts: Collection[str],
    alone: Collection[str],
    traces: Traces,
    offered: Capabilities,
) -> list[Write]:
    """The writes that take away what we made of them. contacts: those that we created. alone: interactions
    that nobody else of theirs is on: what was logged of these goes; what was logged of others stays, without
    text and without them."""
    asked = (
        [_without_contact(person.connection, id) for id in sorted(contacts)]
        if offered.deletes_contact
        else []
    )
    for key, record, fields in _logged(tx, person):
        if set(fields.interactions) <= set(alone):
            if offered.deletes_activity:
                asked.append(_without_activity(person.connection, key, record, fields, traces))
        elif offered.updates_activity:
            bare = _bare(person, fields, traces)
            if bare != fields:
                asked.append(_changed(person.connection, key, record, fields, bare, traces))
    return asked


def of_others(tx: Connection, connection: str, subjects: Collection[str], traces: Traces) -> list[Write]:
    """What was logged of interactions that they took no part in loses their handles and whole name."""
    asked: list[Write] = []
    for chunk in chunks(subjects):
        query = select(activities.c.write_key, activities.c.fields, writes.c.record)
        joined = query.join(writes, writes.c.key == activities.c.write_key)
        mine = activities.c.connection == connection, activities.c.subject.in_(chunk), writes.c.record != ""
        for key, data, record in tx.execute(joined.where(*mine)):
            fields = _fields.decode(data)
            said = {name: traces.everywhere(getattr(fields, name)) for name in _SAID}
            bare = msgspec.structs.replace(fields, **said)
            if bare != fields:
                asked.append(_changed(connection, key, record, fields, bare, traces))
    return asked


_SAID = ("subject", "body", "transcript", "recording")


def _logged(tx: Connection, person: OfPerson) -> list[tuple[str, str, ActivityFields]]:
    """Key, record and newest fields of what was logged of interactions that they took part in."""
    made: dict[str, tuple[str, ActivityFields]] = {}
    for chunk in chunks(person.interactions):
        done = writes.c.kind == "log_activity", writes.c.state == "done", writes.c.record != ""
        query = select(writes.c.key, writes.c.record, writes.c.data)
        for key, record, data in tx.execute(query.where(writes.c.interaction.in_(chunk), *done)):
            fields = _writes.decode(data).fields
            if isinstance(fields, ActivityFields):
                made[key] = (record, fields)
    newest: dict[str, ActivityFields] = {}
    for chunk in chunks(made):
        latest = select(activities.c.write_key, activities.c.fields)
        for made_by, data in tx.execute(latest.where(activities.c.write_key.in_(chunk))):
            newest[made_by] = _fields.decode(data)
    return [(key, record, newest.get(key, fields)) for key, (record, fields) in made.items()]


def _bare(person: OfPerson, fields: ActivityFields, traces: Traces) -> ActivityFields:
    people: Sequence[Target] = [
        each for each in fields.people if not (isinstance(each, Existing) and each.id in person.records)
    ]
    bare = without_text(traces, fields)
    return msgspec.structs.replace(bare, people=tuple(people), body=ERASED if fields.body else "")


def _without_contact(connection: str, id: str) -> Write:
    return Write(
        key=write_key(connection, "delete_contact", "erase", id),
        kind="delete_contact",
        interaction="",
        subject=id,
        fields=ContactFields(),
        target=Existing("contact", id),
    )


def _without_activity(
    connection: str, key: str, record: str, fields: ActivityFields, traces: Traces
) -> Write:
    ids = tuple(traces.everywhere(id) for id in fields.interactions)
    return Write(
        key=write_key(connection, "delete_activity", "erase", key),
        kind="delete_activity",
        interaction=ids[0],
        subject=record,
        fields=ActivityFields(kind=fields.kind, interactions=ids, at=fields.at, subject=""),
        target=Existing("activity", record),
    )


def _changed(
    connection: str, key: str, record: str, fields: ActivityFields, bare: ActivityFields, traces: Traces
) -> Write:
    ids = tuple(traces.everywhere(id) for id in bare.interactions)
    names = ActivityFields.__struct_fields__
    return Write(
        key=write_key(connection, "update_activity", "erase", key),
        kind="update_activity",
        interaction=ids[0],
        subject=record,
        fields=msgspec.structs.replace(bare, interactions=ids),
        target=Existing("activity", record),
        changed=tuple(name for name in names if getattr(fields, name) != getattr(bare, name)),
    )
