"""Retention: raw deliveries and bodies go after a set number of days; digests and facts stay (SPEC §10)."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, bindparam, select, update

from firstcontact.interactions.model import decode, encode
from firstcontact.ledger.tables import activities, deliveries, interactions, writes
from firstcontact.planning.write import ActivityFields, Write

_write_decoder = msgspec.msgpack.Decoder(Write)
_fields_decoder = msgspec.msgpack.Decoder(ActivityFields)


class Retained(msgspec.Struct, frozen=True):
    """How many raw deliveries, bodies of interactions, and texts of writes were removed."""

    deliveries: int = 0
    bodies: int = 0
    writes: int = 0


def retain(tx: Connection, before: int, limit: int = 1000) -> Retained:
    """Remove raw bytes and bodies that were stored before a time, at most `limit` of each; nothing that is
    still due to be decided or written. Call again until it removes nothing."""
    old = select(deliveries.c.id).where(
        deliveries.c.received_at < before,
        deliveries.c.raw.is_not(None),
        deliveries.c.due_at.is_(None),
        deliveries.c.problem == "",
    )
    removed = tx.execute(
        update(deliveries).where(deliveries.c.id.in_(old.limit(limit))).values(raw=None)
    ).rowcount
    subjects = _bodies(tx, before, limit)
    return Retained(removed, len(subjects), _written(tx, subjects))


def _bodies(tx: Connection, before: int, limit: int) -> list[str]:
    query = (
        select(interactions.c.id, interactions.c.data)
        .where(interactions.c.text_since < before, interactions.c.due_at.is_(None))
        .limit(limit)
    )
    rows = []
    for id, data in tx.execute(query):
        fact = msgspec.structs.replace(decode(data), body="", text_removed=True)
        rows.append({"_id": id, "_data": encode(fact)})
    if rows:
        statement = (
            update(interactions)
            .where(interactions.c.id == bindparam("_id"))
            .values(data=bindparam("_data"), text_since=None)
        )
        tx.execute(statement, rows)
    return [row["_id"] for row in rows]


def _written(tx: Connection, ids: list[str]) -> int:
    """The same text where it stands in carried-out writes and in what is remembered of the activities."""
    if not ids:
        return 0
    keys: list[dict[str, object]] = []
    query = select(writes.c.key, writes.c.data).where(writes.c.interaction.in_(ids), writes.c.state == "done")
    for key, data in tx.execute(query):
        write = _write_decoder.decode(data)
        if isinstance(write.fields, ActivityFields) and write.fields.body:
            bare = msgspec.structs.replace(write, fields=_without_text(write.fields))
            keys.append({"_key": key, "_data": msgspec.msgpack.encode(bare)})
    if keys:
        statement = update(writes).where(writes.c.key == bindparam("_key")).values(data=bindparam("_data"))
        tx.execute(statement, keys)
    made_by = [row["_key"] for row in keys]
    rows = []
    logged = select(activities.c.connection, activities.c.subject, activities.c.fields)
    for connection, subject, fields in tx.execute(logged.where(activities.c.write_key.in_(made_by))):
        bare_fields = _without_text(_fields_decoder.decode(fields))
        rows.append({"_c": connection, "_s": subject, "_f": msgspec.msgpack.encode(bare_fields)})
    if rows:
        statement = (
            update(activities)
            .where(activities.c.connection == bindparam("_c"), activities.c.subject == bindparam("_s"))
            .values(fields=bindparam("_f"))
        )
        tx.execute(statement, rows)
    return len(keys)


def _without_text(fields: ActivityFields) -> ActivityFields:
    return msgspec.structs.replace(fields, body="", transcript="")
