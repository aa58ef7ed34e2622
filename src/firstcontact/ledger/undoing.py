"""Writes that a person took back: what does it, how far it is, and that it is not made again (SPEC §10)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, select, update

from firstcontact.ledger import deciding, under_way, writing
from firstcontact.ledger.tables import (
    activities,
    bearers,
    day_messages,
    decisions,
    facts,
    reservations,
    tombstones,
    verdicts,
    writes,
)
from firstcontact.ledger.tables_of_people import undone
from firstcontact.planning.enrichment import subjects_of
from firstcontact.planning.plan import NEW
from firstcontact.planning.undo import Standing
from firstcontact.planning.write import ActivityFields, CreatedBy, Write, WriteKind
from firstcontact.policy.decision import Decision
from firstcontact.store.statements import Statement, chunks, upsert, values

REMOVED = "removed"
"""Why a tombstone stands there: a person took away what we made."""

UNSENT = ("intended", "waiting", "held", "parked")

_write_decoder = msgspec.msgpack.Decoder(Write)
_decision_decoder = msgspec.msgpack.Decoder(Decision)


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """A write that was taken back, as in the table."""

    write_key: str
    by_write: str
    state: str
    why: str
    by: str
    at: int


# --- the rows -----------------------------------------------------------------------------------------

_OF = Statement(select(undone).where(undone.c.write_key.in_(values("keys"))))
_BY = Statement(select(undone).where(undone.c.by_write.in_(values("keys"))))
_SET = Statement(
    update(undone)
    .where(undone.c.write_key == bindparam("_key"))
    .values(state=bindparam("_state"), why=bindparam("_why"))
)


def of(tx: Connection, keys: Collection[str]) -> dict[str, Undone]:
    """Which of these writes were taken back, or are to be."""
    return {row.write_key: Undone(**row._mapping) for row in _OF.rows(tx, keys=keys)}


def by(tx: Connection, keys: Collection[str]) -> dict[str, Undone]:
    """Which of these writes take another back, by their own keys."""
    return {row.by_write: Undone(**row._mapping) for row in _BY.rows(tx, keys=keys)}


def keep(tx: Connection, rows: Iterable[Undone]) -> None:
    """Remember what becomes of writes that are taken back; one that was left may be tried again."""
    upsert(tx, undone, [msgspec.structs.asdict(row) for row in rows])


def settle(tx: Connection, rows: Iterable[tuple[str, str, str]]) -> None:
    """Writes that were taken back, each with its state and why."""
    _SET.run_each(tx, [{"_key": key, "_state": state, "_why": why} for key, state, why in rows])


def newest(tx: Connection, most: int = 50, before: int = 1 << 62) -> tuple[tuple[Undone, str, str, str], ...]:
    """What was taken back last, each with its kind, interaction and record."""
    query = (
        select(undone, writes.c.kind, writes.c.interaction, writes.c.record)
        .join(writes, writes.c.key == undone.c.write_key)
        .where(undone.c.at < before)
        .order_by(undone.c.at.desc(), undone.c.write_key)
        .limit(most)
    )
    names = Undone.__struct_fields__
    return tuple(
        (Undone(**{name: row._mapping[name] for name in names}), row.kind, row.interaction, row.record)
        for row in tx.execute(query)
    )


# --- what there is to take back --------------------------------------------------------------------------

_STANDING = select(writes.c.key, writes.c.state, writes.c.record, writes.c.created, writes.c.data)
_BY_KEY = Statement(_STANDING.where(writes.c.key.in_(values("keys"))))
_OF_INTERACTIONS = Statement(
    _STANDING.where(writes.c.connection == bindparam("of"), writes.c.interaction.in_(values("ids")))
)


def standing(tx: Connection, keys: Collection[str]) -> dict[str, Standing]:
    """These writes as they stand, by key."""
    return {each.write.key: each for each in _standing(tx, _BY_KEY.rows(tx, keys=keys))}


def standing_of(tx: Connection, connection: str, interactions: Collection[str]) -> tuple[Standing, ...]:
    """All writes of these interactions."""
    return tuple(_standing(tx, _OF_INTERACTIONS.rows(tx, of=connection, ids=interactions)))


def _standing(tx: Connection, rows: Sequence[Any]) -> Iterator[Standing]:
    sent = under_way.keys(tx) if rows else frozenset()
    for row in rows:
        write = _write_decoder.decode(row.data)
        state = under_way.as_sent(row.state, row.key, sent)
        yield Standing(write=write, state=state, record=row.record, created=bool(row.created))


_SENT_IN = (
    select(writes.c.key, writes.c.at)
    .where(
        writes.c.connection == bindparam("of"),
        writes.c.kind == bindparam("kind"),
        writes.c.at >= bindparam("since"),
        writes.c.at < bindparam("until"),
    )
    .order_by(writes.c.at, writes.c.key)
)


def written_in(
    tx: Connection,
    connection: str,
    kind: WriteKind,
    since: int,
    until: int,
    after: tuple[int, str],
    most: int,
) -> tuple[tuple[int, str], ...]:
    """Time and key of writes of a kind that were intended in a span, oldest first, behind `after`."""
    at, key = after
    behind = (writes.c.at > at) | ((writes.c.at == at) & (writes.c.key > key))
    rows = tx.execute(
        _SENT_IN.where(behind).limit(most),
        {"of": connection, "kind": kind, "since": max(since, at), "until": until},
    )
    return tuple((row.at, row.key) for row in rows)


_LINKED = Statement(
    select(verdicts.c.interaction).where(verdicts.c.record.in_(values("records")), verdicts.c.record != "")
)
_HOLDS = Statement(
    select(reservations.c.subject, reservations.c.write_key, reservations.c.record).where(
        reservations.c.connection == bindparam("of"), reservations.c.subject.in_(values("subjects"))
    )
)
_BORNE = Statement(
    select(bearers.c.key).where(
        bearers.c.connection == bindparam("of"), bearers.c.record.in_(values("records"))
    )
)


def linked_to(tx: Connection, records: Collection[str], created_by: str = "") -> tuple[str, ...]:
    """Interactions whose last decision links one of these contacts, or the one that this write makes."""
    wanted = [*records, *([NEW + created_by] if created_by else [])]
    return tuple(dict.fromkeys(id for (id,) in _LINKED.rows(tx, records=wanted)))


def handles_of(tx: Connection, connection: str, record: str) -> frozenset[str]:
    """Handles by which we know a record: it was seen to bear them, or was linked by them."""
    borne = {key for (key,) in _BORNE.rows(tx, of=connection, records=[record])}
    linked = select(verdicts.c.about).where(verdicts.c.record == record, verdicts.c.record != "")
    return frozenset(borne | {key for key in tx.scalars(linked) if key})


def creation_of(tx: Connection, connection: str, record: str, handles: Collection[str]) -> str:
    """Key of the write that made this contact, by its handles, "" where it is not ours."""
    held = _HOLDS.rows(tx, of=connection, subjects=sorted(handles))
    return next((key for _, key, made in held if made == record), "")


def activities_now(tx: Connection, connection: str, logs: Iterable[Write]) -> dict[str, ActivityFields]:
    """The fields of activities as last intended, by the key of the write that makes each."""
    found = writing.activities_of(tx, connection, [write.subject for write in logs])
    return {each.write_key: each.fields for each in found.values()}


_SAID = Statement(
    select(decisions.c.interaction, decisions.c.data)
    .where(decisions.c.interaction.in_(values("ids")))
    .order_by(decisions.c.id)
)


def decisions_on(tx: Connection, ids: Collection[str]) -> dict[str, tuple[Decision, ...]]:
    """All decisions on these interactions, oldest first."""
    found: dict[str, list[Decision]] = {}
    for chunk in chunks(ids):
        for interaction, data in _SAID.rows(tx, ids=chunk):
            found.setdefault(interaction, []).append(_decision_decoder.decode(data))
    return {id: tuple(each) for id, each in found.items()}


def made_by(decided: Sequence[Decision], at: int) -> Decision | None:
    """The decision that a write of that time came from: the last one until then."""
    until = [decision for decision in decided if decision.at <= at]
    return until[-1] if until else (decided[0] if decided else None)


# --- taking it back -------------------------------------------------------------------------------------

_DROP = Statement(
    update(writes)
    .where(writes.c.key.in_(values("keys")), writes.c.state.in_(UNSENT))
    .values(state="dropped", due_at=None, problem=bindparam("_why"))
)
_FREE = Statement(
    delete(reservations).where(
        reservations.c.connection == bindparam("of"),
        reservations.c.subject == bindparam("_subject"),
        reservations.c.write_key == bindparam("_key"),
    )
)
_UNLOG = Statement(
    delete(activities).where(
        activities.c.connection == bindparam("of"),
        activities.c.subject == bindparam("_subject"),
        activities.c.write_key == bindparam("_key"),
    )
)
_UNBEAR = Statement(
    delete(bearers).where(bearers.c.connection == bindparam("of"), bearers.c.record.in_(values("records")))
)
_UNBURY = Statement(
    delete(tombstones).where(
        tombstones.c.connection == bindparam("of"),
        tombstones.c.key.in_(values("keys")),
        tombstones.c.why == REMOVED,
    )
)


def drop(tx: Connection, keys: Collection[str], why: str) -> None:
    """Writes that were not sent are not sent; they free what they reserved."""
    _DROP.run(tx, keys=keys, _why=why)


def free(tx: Connection, connection: str, gone: Iterable[Write]) -> None:
    """What these writes made is not there any more: what they reserved and logged is forgotten."""
    rows = [
        {"of": connection, "_subject": subject, "_key": each.key}
        for each in gone
        for subject in subjects_of(each)
    ]
    _FREE.run_each(tx, rows)
    _UNLOG.run_each(tx, rows)


def forget_bearers(tx: Connection, connection: str, records: Collection[str]) -> None:
    """These records bear nothing any more, without being somebody's deletion."""
    _UNBEAR.run(tx, of=connection, records=records)


def bury(tx: Connection, connection: str, keys: Iterable[str], record: str, at: int) -> None:
    """What a person took away is not made again: handle keys, `interaction:ID`, `day:DAY`, `value:…`."""
    for key in keys:
        deciding.bury(tx, connection, key, REMOVED, record, at)


def unbury(tx: Connection, connection: str, keys: Collection[str]) -> None:
    """It was left after all."""
    _UNBURY.run(tx, of=connection, keys=keys)


def activity_keys(interactions: Iterable[str], subject: str) -> tuple[str, ...]:
    """Tombstones of an activity: of its interactions, and of the conversation's day where it is of one."""
    ids = tuple(interactions)
    day = () if subject in ids else (f"day:{subject}",)
    return (*(f"interaction:{id}" for id in ids), *day)


def value_key(record: str, field: str, value: str) -> str:
    """Tombstone of a value that was taken off a record; it tells nothing of the value."""
    said = "\0".join((record, field, value)).encode("utf-8", "surrogatepass")
    return f"value:{sha256(said).hexdigest()[:32]}"


_REMOVED_AT = Statement(
    select(tombstones.c.key, tombstones.c.at).where(
        tombstones.c.connection == bindparam("of"),
        tombstones.c.key.in_(values("keys")),
        tombstones.c.why == REMOVED,
    )
)


def removed_at(tx: Connection, connection: str, keys: Collection[str]) -> dict[str, int]:
    """Which of these a person took away, and when."""
    return dict(_REMOVED_AT.rows(tx, of=connection, keys=keys))


def day_after(tx: Connection, connection: str, day: str) -> str:
    """The name of a conversation's day for texts that come after its activity was taken away: they are logged
    in one of their own."""
    while removed_at(tx, connection, [f"day:{day}"]):
        day += "+"
    return day


_DAYS = Statement(
    select(day_messages.c.day)
    .where(day_messages.c.interaction == bindparam("id"))
    .order_by(day_messages.c.day.desc())
)


def log_of(tx: Connection, connection: str, interaction: str) -> str:
    """Key of the write that makes the activity of an interaction, or of its conversation's day, or ""."""
    subjects = [interaction, *(day for (day,) in _DAYS.rows(tx, id=interaction))]
    return next((key for (key,) in _LOGGED.rows(tx, of=connection, subjects=subjects)), "")


_LOGGED = Statement(
    select(activities.c.write_key).where(
        activities.c.connection == bindparam("of"), activities.c.subject.in_(values("subjects"))
    )
)


def unsent_changes(
    tx: Connection, connection: str, interactions: Collection[str], made_by: str
) -> tuple[str, ...]:
    """Keys of changes of an activity that were not sent yet. made_by: key of the write that makes it."""
    return tuple(
        each.write.key
        for each in standing_of(tx, connection, interactions)
        if each.write.kind == "update_activity"
        and each.state in UNSENT
        and each.write.target == CreatedBy(made_by)
    )


_TIMES = Statement(select(writes.c.key, writes.c.at).where(writes.c.key.in_(values("keys"))))


def times_of(tx: Connection, keys: Collection[str]) -> dict[str, int]:
    """When these writes were intended."""
    return dict(_TIMES.rows(tx, keys=keys))


# --- the worker that was about to send --------------------------------------------------------------------

_TURN = "taken_back"
_TURNS = Statement(select(facts.c.value).where(facts.c.name == _TURN))


def turn(tx: Connection) -> str:
    """Changes whenever something was taken back: who has read what is due before that reads it again."""
    return next((str(value) for (value,) in _TURNS.rows(tx)), "")


def next_turn(tx: Connection) -> None:
    """Something is taken back in this transaction."""
    deciding.set_fact(tx, _TURN, str(int(turn(tx) or 0) + 1))


# --- told to people ---------------------------------------------------------------------------------------


def still_intended(tx: Connection) -> int:
    """How many writes are to be taken back and are not yet."""
    return int(tx.scalar(select(func.count()).where(undone.c.state == "intended")) or 0)


def settings_named(tx: Connection, begins: str) -> tuple[str, ...]:
    """Versions of the settings that decisions were taken by, which begin so."""
    found: list[str] = []
    after = begins
    while True:
        # One step of the index for each version, however many decisions it took.
        query = select(func.min(decisions.c.settings_version)).where(decisions.c.settings_version >= after)
        version = tx.scalar(query)
        if version is None or not str(version).startswith(begins):
            return tuple(found)
        found.append(str(version))
        after = f"{version}\x01"
