"""Writes from intent to receipt, and what of ours stands in the CRM."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

import msgspec
from sqlalchemy import Connection, Integer, bindparam, case, delete, func, select, text, update

from firstcontact.ledger import restored, under_way
from firstcontact.ledger.sharding import ALL, SHARDS, in_lanes, lanes
from firstcontact.ledger.tables import activities, day_messages, interactions, reservations, writes
from firstcontact.planning.plan import Logged
from firstcontact.planning.write import ActivityFields, ContactFields, CreatedBy, Existing, Receipt, Write
from firstcontact.store.statements import Statement, Values, insert_new, upsert, values

_write_decoder = msgspec.msgpack.Decoder(Write)
_fields_decoder = msgspec.msgpack.Decoder(ActivityFields)


class Intent(msgspec.Struct, frozen=True):
    """A write in the ledger: `state` as in the table, attempts so far."""

    write: Write
    state: str
    attempts: int
    problem: str = ""


def intend(
    tx: Connection,
    connection: str,
    planned: Sequence[Write],
    at: int,
    *,
    held: Collection[str] = (),
    lanes: Mapping[str, int] = MappingProxyType({}),
    after: int = 0,
) -> None:
    """Record intents before any call; a write whose key is there already is not intended twice, but for one
    that was dropped. held: interactions whose writes wait for a brake. lanes: shards of interactions. after:
    how many were intended at this time before these (`intend_new`).

    Each is a microsecond younger than the one before it, so that they become due in the order in which they
    are planned: what is pointed at before what points at it, and neighbours in the table one after another.
    """
    rows = _intents(connection, planned, at, held, lanes, after)
    if insert_new(tx, writes, rows) < len(planned):
        _revive(tx, planned, held, at)


def intend_new(
    tx: Connection,
    connection: str,
    planned: Sequence[Write],
    at: int,
    held: Collection[str],
    lanes: Mapping[str, int],
) -> bool:
    """As `intend`, of writes that were never intended; whether that was so of all. No row that is there is
    touched."""
    return insert_new(tx, writes, _intents(connection, planned, at, held, lanes)) == len(planned)


def _intents(
    connection: str,
    planned: Sequence[Write],
    at: int,
    held: Collection[str],
    lanes: Mapping[str, int],
    after: int = 0,
) -> list[Values]:
    return [
        {
            "key": write.key,
            "connection": connection,
            "interaction": write.interaction,
            "kind": write.kind,
            "subject": write.subject,
            "state": "held" if write.interaction in held else "intended",
            "shard": lanes.get(write.interaction, 0),
            "due_at": None if write.interaction in held else at,
            "attempts": 0,
            "at": at + number,
            "record": "",
            "created": 0,
            "problem": "",
            "data": msgspec.msgpack.encode(write),
        }
        for number, write in enumerate(planned, after)
    ]


_DROPPED = Statement(
    select(writes.c.key).where(writes.c.key.in_(values("keys")), writes.c.state == "dropped")
)


_STATES = Statement(
    select(writes.c.key, writes.c.state, writes.c.data).where(writes.c.key.in_(values("keys")))
)


def _revive(tx: Connection, planned: Sequence[Write], held: Collection[str], at: int) -> None:
    """A dropped write never reached the CRM; decided again, it is intended with what is planned now.

    `problem` stays until it is done, so that what the CRM said before is known if it says so again.
    """
    by_key = {write.key: write for write in planned}
    for (key,) in _DROPPED.rows(tx, keys=by_key):
        waits = by_key[key].interaction in held
        again = {
            "state": "held" if waits else "intended",
            "due_at": None if waits else at,
            "data": msgspec.msgpack.encode(by_key[key]),
        }
        tx.execute(update(writes).where(writes.c.key == key).values(**again))


UNSENT = ("intended", "waiting", "held", "parked", "dropped")
"""States in which the CRM does not hold the write: it was not sent, or certainly refused."""


def overtake(tx: Connection, changes: Mapping[str, Write], at: int) -> list[Write]:
    """Changes of activities, each by the key of the newest write before it, put in order with that one.

    Where the CRM has not got the write before, the two become one: the write that makes an activity
    is made with the new fields, an earlier change is dropped for one that changes everything both did.
    So no change of an activity is ever carried out after a newer one. Returns the changes still to be
    intended.
    """
    found = _STATES.rows(tx, keys=changes)
    sent = under_way.keys(tx) if found else frozenset()
    before = {
        key: (under_way.as_sent(state, key, sent), _write_decoder.decode(data)) for key, state, data in found
    }
    remaining: list[Write] = []
    for key, change in changes.items():
        state, earlier = before.get(key, ("done", change))
        if earlier.kind == "log_activity" and state in UNSENT:
            _take_in(tx, earlier, change, state, at)
        elif earlier.kind == "update_activity" and state in (*UNSENT, "sent"):
            mark(tx, [(key, "dropped", None, f"overtaken by {change.key}")])
            names = {*earlier.changed, *change.changed}
            changed = tuple(name for name in ActivityFields.__struct_fields__ if name in names)
            remaining.append(msgspec.structs.replace(change, changed=changed))
        else:
            remaining.append(change)
    return remaining


def _take_in(tx: Connection, making: Write, change: Write, state: str, at: int) -> None:
    data = msgspec.msgpack.encode(msgspec.structs.replace(making, fields=change.fields))
    statement = update(writes).where(writes.c.key == making.key)
    if state == "held":
        tx.execute(statement.values(data=data))
    else:
        tx.execute(statement.values(data=data, state="intended", due_at=at, problem=""))


def reserve(tx: Connection, connection: str, wanted: Mapping[str, str], at: int) -> dict[str, str]:
    """Reserve subjects (handle keys, `domain:HOST`) for creating writes; the write key that holds each now,
    which is another's where another was first."""
    rows = [
        {"connection": connection, "subject": subject, "write_key": key, "record": "", "at": at}
        for subject, key in wanted.items()
    ]
    if insert_new(tx, reservations, rows) == len(rows):
        return dict(wanted)
    return {subject: key for subject, (key, _) in reserved(tx, connection, wanted).items()}


_OF_SUBJECTS = (
    reservations.c.connection == bindparam("of"),
    reservations.c.subject.in_(values("subjects")),
)
_RESERVED = Statement(
    select(reservations.c.subject, reservations.c.write_key, reservations.c.record).where(*_OF_SUBJECTS)
)
_RELEASE = Statement(delete(reservations).where(*_OF_SUBJECTS))


def reserved(tx: Connection, connection: str, subjects: Collection[str]) -> dict[str, tuple[str, str]]:
    """Reservations on these subjects: (write key, record id or "")."""
    rows = _RESERVED.rows(tx, of=connection, subjects=subjects)
    return {subject: (key, record) for subject, key, record in rows}


_WITHDRAW = Statement(
    delete(reservations).where(
        reservations.c.connection == bindparam("of"),
        reservations.c.subject == bindparam("_subject"),
        reservations.c.write_key == bindparam("_key"),
        reservations.c.record == "",
    )
)


def withdraw(tx: Connection, connection: str, taken: Mapping[str, str]) -> None:
    """Give up these reservations as far as they are these writes' own."""
    rows = [{"of": connection, "_subject": subject, "_key": key} for subject, key in taken.items()]
    _WITHDRAW.run_each(tx, rows)


def release(tx: Connection, connection: str, subjects: Collection[str]) -> None:
    """Give up reservations whose record is gone or whose write was dropped."""
    _RELEASE.run(tx, of=connection, subjects=subjects)


_DUE_BY = (writes.c.due_at <= bindparam("now"), writes.c.connection == bindparam("of"))
_TO_DO = (
    select(writes.c.key, writes.c.data, writes.c.state, writes.c.attempts, writes.c.problem)
    .where(*_DUE_BY)
    .order_by(writes.c.due_at, writes.c.at, writes.c.key)
    .limit(bindparam("most", type_=Integer))
)
_DUE = Statement(_TO_DO)
_DUE_IN_SOME = Statement(_TO_DO.where(*in_lanes(writes.c.shard)))


def due_writes(
    tx: Connection, connection: str, now: int, limit: int, shards: Collection[int] = ALL
) -> tuple[Intent, ...]:
    """Writes of these lanes due by now, oldest intent first; those that are `under_way` were sent. After a
    restore, one that may have been sent in the time that the ledger does not know counts as sent, too
    (`restored`)."""
    some = {} if len(shards) >= SHARDS else lanes(shards)
    asked = _DUE_IN_SOME if some else _DUE
    sent = under_way.keys(tx)
    due = tuple(
        Intent(_write_decoder.decode(data), under_way.as_sent(state, key, sent), attempts, problem)
        for key, data, state, attempts, problem in asked.rows(tx, now=now, of=connection, most=limit, **some)
    )
    first = {each.write.interaction for each in due if not each.attempts}
    doubted = restored.in_doubt(tx, first)
    return tuple(
        msgspec.structs.replace(each, state="sent")
        if each.write.interaction in doubted and not each.attempts
        else each
        for each in due
    )


def waiting_writes(tx: Connection, connection: str, now: int, most: int) -> dict[int, int]:
    """How many writes are due in each lane, of the first `most` that are due."""
    due = (writes.c.due_at <= now, writes.c.connection == connection)
    some = select(writes.c.shard).where(*due).order_by(writes.c.due_at).limit(most).subquery()
    query = select(some.c.shard, func.count()).group_by(some.c.shard)
    return {row[0]: row[1] for row in tx.execute(query)}


_MARK_DONE = Statement(
    update(writes)
    .where(writes.c.key == bindparam("_key"))
    .values(
        state="done",
        due_at=None,
        record=bindparam("_record"),
        created=bindparam("_created"),
        problem="",
    )
)
_CREATING = Statement(
    select(writes.c.connection, writes.c.subject, writes.c.key).where(
        writes.c.key.in_(values("keys")),
        # Not the bare column: PostgreSQL would read all writes of the kind from their index to join them.
        writes.c.kind.concat("").in_(("create_contact", "create_account")),
    )
)
_MADE = Statement(
    update(reservations)
    .where(
        reservations.c.connection == bindparam("_connection"),
        reservations.c.subject == bindparam("_subject"),
        reservations.c.write_key == bindparam("_key"),
    )
    .values(record=bindparam("_record"), at=bindparam("_at"))
)


def mark_done(
    tx: Connection,
    receipts: Sequence[Receipt],
    at: int,
    making: Collection[tuple[str, str, str]] | None = None,
) -> None:
    """Receipts came: the writes are done, and reservations know their records. making: connection, subject
    and key of those writes that create somebody or an account; None: they are looked up."""
    done = [{"_key": each.key, "_record": each.id, "_created": int(each.created)} for each in receipts]
    _MARK_DONE.run_each(tx, done)
    of_key = {each.key: each.id for each in receipts}
    held = [
        {"_connection": connection, "_subject": subject, "_key": key, "_record": of_key[key], "_at": at}
        for connection, subject, key in (_CREATING.rows(tx, keys=of_key) if making is None else making)
    ]
    _MADE.run_each(tx, held)


_MARK = Statement(
    update(writes)
    .where(writes.c.key == bindparam("_key"))
    .values(
        state=bindparam("_state"),
        due_at=bindparam("_due"),
        problem=bindparam("_problem"),
        attempts=writes.c.attempts + 1,
    )
)


def mark(tx: Connection, rows: Sequence[tuple[str, str, int | None, str]]) -> None:
    """Set (key, state, due_at, problem) of writes, the last of each key, counting an attempt."""
    last = {key: rest for key, *rest in rows}
    marks = [{"_key": k, "_state": s, "_due": due, "_problem": p} for k, (s, due, p) in last.items()]
    _MARK.run_each(tx, marks)


_RECORDS = Statement(
    select(writes.c.key, writes.c.state, writes.c.record).where(writes.c.key.in_(values("keys")))
)


def records_of(tx: Connection, keys: Collection[str]) -> dict[str, tuple[str, str]]:
    """State and record id of writes by key."""
    return {key: (state, record) for key, state, record in _RECORDS.rows(tx, keys=keys)}


_MADE_BY = Statement(
    select(writes.c.record).where(
        writes.c.key.in_(values("keys")),
        writes.c.kind.concat("") == "create_contact",
        writes.c.created == 1,
    )
)


_SUBJECTS = Statement(select(writes.c.key, writes.c.subject).where(writes.c.key.in_(values("keys"))))


def further(tx: Connection, reserved: Mapping[str, str]) -> frozenset[str]:
    """Those of these subjects that are not what their creating write is about, but reserved beside it."""
    subjects = dict(_SUBJECTS.rows(tx, keys=set(reserved.values())))
    return frozenset(key for key, write in reserved.items() if subjects.get(write, key) != key)


def made_by(tx: Connection, keys: Collection[str]) -> frozenset[str]:
    """The contacts that these writes made; not those that were there already."""
    return frozenset(record for (record,) in _MADE_BY.rows(tx, keys=keys))


_ACTIVITIES = Statement(
    select(activities.c.subject, activities.c.write_key, activities.c.fields, activities.c.latest).where(
        activities.c.connection == bindparam("of"), activities.c.subject.in_(values("subjects"))
    )
)


def activities_of(tx: Connection, connection: str, subjects: Collection[str]) -> dict[str, Logged]:
    """What is logged of these interactions or conversation days."""
    rows = _ACTIVITIES.rows(tx, of=connection, subjects=subjects)
    found = {
        subject: Logged(key, _fields_decoder.decode(fields), latest) for subject, key, fields, latest in rows
    }
    return _resolved(tx, found)


def _resolved(tx: Connection, logged: dict[str, Logged]) -> dict[str, Logged]:
    """With the contacts that our writes have made by now in place of the writes, so that what is planned
    anew compares equal."""
    wanted = {
        person.write_key
        for each in logged.values()
        for person in each.fields.people
        if isinstance(person, CreatedBy)
    }
    if not wanted:
        return logged
    records = records_of(tx, wanted)
    return {subject: _with_records(each, records) for subject, each in logged.items()}


def _with_records(logged: Logged, records: Mapping[str, tuple[str, str]]) -> Logged:
    people = tuple(
        Existing("contact", records[person.write_key][1])
        if isinstance(person, CreatedBy) and records.get(person.write_key, ("", ""))[1]
        else person
        for person in logged.fields.people
    )
    fields = msgspec.structs.replace(logged.fields, people=people)
    return msgspec.structs.replace(logged, fields=fields)


def keep_activities(tx: Connection, connection: str, logged: Mapping[str, Logged]) -> None:
    """Remember the fields of activities as now intended."""
    rows: list[Values] = [
        {
            "connection": connection,
            "subject": subject,
            "write_key": each.write_key,
            "latest": each.latest or each.write_key,
            "fields": msgspec.msgpack.encode(each.fields),
        }
        for subject, each in logged.items()
    ]
    upsert(tx, activities, rows)


def forget_activities(tx: Connection, connection: str, dropped: Sequence[Write]) -> None:
    """The writes that were to make these activities were dropped: nothing is logged, and what is decided
    next is logged anew."""
    for write in dropped:
        tx.execute(
            activities.delete().where(
                activities.c.connection == connection,
                activities.c.subject == write.subject,
                activities.c.write_key == write.key,
            )
        )


_CONTACTS = Statement(
    select(writes.c.key, writes.c.data).where(
        writes.c.key.in_(values("keys")), writes.c.kind == "create_contact"
    )
)


def intended_contacts(tx: Connection, keys: Collection[str]) -> dict[str, ContactFields]:
    """What the contacts will be that these writes are to create."""
    found: dict[str, ContactFields] = {}
    for key, data in _CONTACTS.rows(tx, keys=keys):
        fields = _write_decoder.decode(data).fields
        if isinstance(fields, ContactFields):
            found[key] = fields
    return found


def day_of(tx: Connection, day: str) -> tuple[tuple[str, str, bytes], ...]:
    """Messages of a conversation's day: (interaction id, clock, encoded interaction), oldest first."""
    query = (
        select(day_messages.c.interaction, day_messages.c.clock, interactions.c.data)
        .join(interactions, interactions.c.id == day_messages.c.interaction)
        .where(day_messages.c.day == day)
        .order_by(interactions.c.at, interactions.c.id)
    )
    return tuple((id, clock, data) for id, clock, data in tx.execute(query))


def add_to_day(tx: Connection, day: str, interaction: str, clock: str) -> None:
    """One more message of a conversation's day."""
    insert_new(tx, day_messages, [{"day": day, "interaction": interaction, "clock": clock}])


STUCK = ("parked", "unclear")
"""States that only a person, or a change of the facts, ends."""


def is_stuck(tx: Connection, key: str) -> bool:
    """Whether a person can answer for the write of this key."""
    query = select(writes.c.key).where(writes.c.key == key, writes.c.state.in_(STUCK))
    return tx.scalar(query) is not None


def send_again(tx: Connection, key: str, at: int) -> None:
    """A stuck write is due again: a person says that it did not arrive."""
    chosen = (writes.c.key == key) & writes.c.state.in_(STUCK)
    tx.execute(update(writes).where(chosen).values(state="intended", due_at=at, problem=""))


_STOPPED = text("state IN ('parked', 'unclear', 'held')")
"""The condition of the index `writes_stopped` in its own words, without which SQLite does not use it."""


def set_aside(tx: Connection, key: str, problem: str) -> None:
    """The write can't be carried out, by a fault of ours: a person looks. One that may have been sent is
    unclear."""
    under_way.settle(tx, [key])
    aside = case((writes.c.state == "sent", "unclear"), else_="parked")
    tx.execute(update(writes).where(writes.c.key == key).values(state=aside, due_at=None, problem=problem))


def bring_forward(tx: Connection, now: int, beyond: int) -> int:
    """What is due later than any retry can be is due now: the clock was set back. How many there were."""
    late = writes.c.due_at > beyond
    return int(tx.execute(update(writes).where(late).values(due_at=now)).rowcount)


_HELD = Statement(
    select(writes.c.kind, func.count()).where(_STOPPED, writes.c.state == "held").group_by(writes.c.kind)
)


_ANY_HELD = Statement(
    # In the index's own order, so that PostgreSQL takes it, however many writes it believes to be held.
    select(writes.c.key)
    .where(_STOPPED, writes.c.state == "held")
    .order_by(writes.c.state, writes.c.kind, writes.c.at)
    .limit(1)
)
_WAITING = text("state = 'waiting'")


def any_held(tx: Connection) -> bool:
    """Whether a brake holds a write."""
    return bool(_ANY_HELD.rows(tx))


def held(tx: Connection) -> dict[str, int]:
    """How many writes a brake holds, by kind."""
    return {kind: int(count) for kind, count in _HELD.rows(tx)}


_WAKE = Statement(
    update(writes)
    .where(_WAITING, writes.c.problem.in_(values("keys")))
    .values(state="intended", due_at=bindparam("_at"), problem="")
)


def wake(tx: Connection, keys: Collection[str], at: int) -> None:
    """Writes that waited for these ones are due."""
    _WAKE.run(tx, keys=keys, _at=at)


def replace_data(tx: Connection, write: Write) -> None:
    """The write goes to another record than intended (the CRM merged it)."""
    tx.execute(update(writes).where(writes.c.key == write.key).values(data=msgspec.msgpack.encode(write)))


def release_held(tx: Connection, at: int) -> None:
    """The brake is off, or allows it: what it held is due now."""
    stopped = (_STOPPED, writes.c.state == "held")
    tx.execute(update(writes).where(*stopped).values(state="intended", due_at=at))
