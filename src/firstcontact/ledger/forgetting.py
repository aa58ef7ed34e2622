"""Forgetting what is older than `metadata_days`: interactions with their decisions and questions, deliveries,
observed names and values (SPEC §10).

What keeps a thing from being made twice stays: reservations, tombstones, rulings, what was taken back, which
roles and merges there were, provenance; and of every write that made something, and every logged activity,
the key and the record, without what was in it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, Table, bindparam, delete, exists, or_, select, update

from firstcontact.ledger.tables import (
    activities,
    by_hand,
    day_messages,
    decisions,
    deliveries,
    interactions,
    names,
    participants,
    rejections,
    reviews,
    verdicts,
    waiting,
    writes,
)
from firstcontact.ledger.tables_of_people import engagements, merges, observed, undone
from firstcontact.planning.write import (
    ActivityFields,
    ContactFields,
    DocumentFields,
    Fields,
    TimeEntryFields,
    Write,
)
from firstcontact.store.statements import Statement, values

_writes = msgspec.msgpack.Decoder(Write)
_fields = msgspec.msgpack.Decoder(ActivityFields)
_encode = msgspec.msgpack.encode

MAKING = ("create_contact", "create_account", "log_activity", "time_entry", "document", "contact_role")
"""Kinds of writes that make something: their keys keep it from being made again."""

_ENDED = ("done", "dropped")

_OLD = (
    select(interactions.c.id)
    .where(
        interactions.c.at < bindparam("before"),
        interactions.c.at > 0,
        interactions.c.due_at.is_(None),
        interactions.c.problem == "",
        ~exists().where(reviews.c.interaction == interactions.c.id, reviews.c.state == "open"),
        ~exists().where(writes.c.interaction == interactions.c.id, writes.c.state.not_in(_ENDED)),
    )
    .order_by(interactions.c.at)
    .limit(bindparam("most"))
)

_OF_INTERACTIONS: tuple[Table, ...] = (
    participants, decisions, verdicts, waiting, reviews, by_hand, day_messages, engagements,
)  # fmt: skip
_GO = [Statement(delete(table).where(table.c.interaction.in_(values("ids")))) for table in _OF_INTERACTIONS]
_INTERACTIONS_GO = Statement(delete(interactions).where(interactions.c.id.in_(values("ids"))))
_MADE = Statement(
    select(writes.c.key, writes.c.kind, writes.c.data).where(writes.c.interaction.in_(values("ids")))
)
_TAKEN_BACK = Statement(
    select(undone.c.write_key, undone.c.by_write).where(
        or_(undone.c.write_key.in_(values("keys")), undone.c.by_write.in_(values("keys")))
    )
)
_WRITES_GO = Statement(delete(writes).where(writes.c.key.in_(values("keys"))))
_BARE = (
    update(writes)
    .where(writes.c.key == bindparam("_key"))
    .values(subject="", problem="", data=bindparam("_data"))
)
_LOGGED = Statement(
    select(activities.c.connection, activities.c.subject, activities.c.fields).where(
        activities.c.write_key.in_(values("keys"))
    )
)
_BARE_LOGGED = (
    update(activities)
    .where(activities.c.connection == bindparam("_connection"), activities.c.subject == bindparam("_subject"))
    .values(fields=bindparam("_fields"))
)


class Forgotten(msgspec.Struct, frozen=True):
    """How many interactions and deliveries went, and how many other rows that are too old."""

    interactions: int = 0
    deliveries: int = 0
    others: int = 0

    @property
    def anything(self) -> bool:
        """Whether there may be more."""
        return bool(self.interactions or self.deliveries or self.others)


def forget(tx: Connection, before: int, most: int = 500) -> Forgotten:
    """Forget what took place, or came, before a time: at most so many interactions, and deliveries. What is
    still to be decided or written, and what a person is asked about, stays. Call again until it forgets
    nothing."""
    ids = [str(id) for id in tx.scalars(_OLD, {"before": before, "most": most})]
    _forget_writes(tx, ids)
    for go in _GO:
        go.run(tx, ids=ids)
    _INTERACTIONS_GO.run(tx, ids=ids)
    return Forgotten(len(ids), _forget_deliveries(tx, before, most), _forget_others(tx, before))


def _forget_writes(tx: Connection, ids: Sequence[str]) -> None:
    gone: list[str] = []
    made: dict[str, bytes] = {}
    for key, kind, data in _MADE.rows(tx, ids=ids):
        if kind in MAKING:
            made[key] = data
        else:
            gone.append(key)
    needed = {key for row in _TAKEN_BACK.rows(tx, keys=gone) for key in row} if gone else set()
    _WRITES_GO.run(tx, keys=[key for key in gone if key not in needed])
    if made:
        tx.execute(_BARE, [{"_key": key, "_data": _bare_write(data)} for key, data in made.items()])
    rows = [
        {"_connection": of, "_subject": subject, "_fields": _encode(_bare_activity(_fields.decode(data)))}
        for of, subject, data in _LOGGED.rows(tx, keys=list(made))
    ]
    if rows:
        tx.execute(_BARE_LOGGED, rows)


def _bare_write(data: bytes) -> bytes:
    write = _writes.decode(data)
    return _encode(msgspec.structs.replace(write, subject="", fields=_bare(write.fields)))


def _bare(fields: Fields) -> Fields:
    """The same kind of fields, without anything of anybody."""
    if isinstance(fields, ContactFields):
        return ContactFields(interaction=fields.interaction)
    if isinstance(fields, ActivityFields):
        return _bare_activity(fields)
    if isinstance(fields, TimeEntryFields):
        return msgspec.structs.replace(fields, subject="")
    if isinstance(fields, DocumentFields):
        return msgspec.structs.replace(fields, name="", uri="")
    return fields


def _bare_activity(fields: ActivityFields) -> ActivityFields:
    return msgspec.structs.replace(fields, subject="", body="", transcript="", recording="")


def _forget_deliveries(tx: Connection, before: int, most: int) -> int:
    old = select(deliveries.c.id).where(
        deliveries.c.received_at < before, deliveries.c.due_at.is_(None), deliveries.c.problem == ""
    )
    return tx.execute(delete(deliveries).where(deliveries.c.id.in_(old.limit(most)))).rowcount


def _forget_others(tx: Connection, before: int) -> int:
    """What was observed, could not be read, or is remembered of merges so that they can be undone."""
    count = 0
    for table in (names, observed, rejections):
        count += tx.execute(delete(table).where(table.c.at < before)).rowcount
    journals = update(merges).where(merges.c.at < before, merges.c.journal.is_not(None)).values(journal=None)
    return count + tx.execute(journals).rowcount
