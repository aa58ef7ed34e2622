"""What came in: deliveries, rejections, interactions, the names that they showed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection, bindparam, func, select, update

from firstcontact.interactions.model import Email, Interaction, decode, encode, kind_of
from firstcontact.interactions.rejection import Rejection
from firstcontact.ledger.statements import Row, chunks, insert_new, upsert
from firstcontact.ledger.tables import (
    cursors,
    deliveries,
    interactions,
    names,
    participants,
    rejections,
)
from firstcontact.policy.known import NAME_SOURCES, ObservedName


class DeliveryRow(msgspec.Struct, frozen=True):
    """A delivery to be kept: digest of source, user and bytes; `interactions`: how many facts it held."""

    digest: bytes
    source: str
    place: str
    captured_from: str
    raw: bytes
    interactions: int


def seen(tx: Connection, digests: Sequence[bytes]) -> frozenset[bytes]:
    """Those digests that the ledger already has, as deliveries or as rejections."""
    found: set[bytes] = set()
    for chunk in chunks(digests):
        for table in (deliveries, rejections):
            found.update(tx.scalars(select(table.c.digest).where(table.c.digest.in_(chunk))))
    return frozenset(found)


def keep_deliveries(tx: Connection, rows: Iterable[DeliveryRow], at: int) -> None:
    """Keep deliveries byte for byte; an identical one is kept once."""
    insert_new(tx, deliveries, [{**msgspec.structs.asdict(row), "received_at": at} for row in rows])


def keep_rejections(tx: Connection, rows: Iterable[tuple[bytes, Rejection]], at: int) -> None:
    """Keep what could not be read, with why; the digest makes a repeated import say it once."""
    insert_new(
        tx,
        rejections,
        [
            {"digest": digest, "place": each.place, "reason": each.reason, "detail": each.detail, "at": at}
            for digest, each in rows
        ],
    )


def load(tx: Connection, ids: Collection[str]) -> dict[str, Interaction]:
    """Interactions by id, as they are now; those that are not there are left out."""
    found: dict[str, Interaction] = {}
    for chunk in chunks(ids):
        query = select(interactions.c.id, interactions.c.data).where(interactions.c.id.in_(chunk))
        for id, data in tx.execute(query):
            found[id] = decode(data)
    return found


def conversations(tx: Connection, source_ids: Collection[str]) -> dict[str, str]:
    """The conversation that each of these source ids (Message-IDs) already belongs to."""
    found: dict[str, str] = {}
    for chunk in chunks(source_ids):
        query = select(interactions.c.source_id, interactions.c.conversation).where(
            interactions.c.source_id.in_(chunk)
        )
        found.update((source_id, conversation) for source_id, conversation in tx.execute(query))
    return found


def save(tx: Connection, facts: Sequence[Interaction], *, due_at: int, live: bool) -> None:
    """Store new or superseded interactions and make them due to be decided at `due_at`, which is now."""
    rows: list[Row] = []
    people: list[Row] = []
    for fact in facts:
        rows.append(_row(fact, due_at, live))
        keys = {handle.key for participant in fact.participants for handle in participant.handles}
        people.extend({"key": key, "interaction": fact.id} for key in keys)
    upsert(tx, interactions, rows)
    insert_new(tx, participants, people)


def _row(fact: Interaction, due_at: int, live: bool) -> Row:
    senders = [
        handle.key
        for participant in fact.participants
        if participant.role in ("from", "reply-to", "organiser")
        for handle in participant.handles
    ]
    return {
        "id": fact.id,
        "kind": kind_of(fact),
        "at": fact.at,
        "conversation": fact.conversation,
        "source_id": fact.source_id,
        "senders": " ".join(senders),
        "automated": int(bool(fact.signs.automated)) if isinstance(fact, Email) else 0,
        "live": int(live),
        "due_at": due_at,
        "attempts": 0,
        "text_since": due_at if fact.body else None,
        "data": encode(fact),
    }


def set_due(tx: Connection, ids: Collection[str], at: int) -> None:
    """Make these interactions due at a time (now, or for a retry)."""
    for chunk in chunks(ids):
        tx.execute(update(interactions).where(interactions.c.id.in_(chunk)).values(due_at=at))


def retry_at(tx: Connection, rows: Sequence[tuple[str, int]]) -> None:
    """Make interactions due again later, counting the attempt."""
    if rows:
        statement = (
            update(interactions)
            .where(interactions.c.id == bindparam("_id"))
            .values(due_at=bindparam("_at"), attempts=interactions.c.attempts + 1)
        )
        tx.execute(statement, [{"_id": id, "_at": at} for id, at in rows])


class Due(msgspec.Struct, frozen=True):
    """An interaction that is due to be decided."""

    interaction: Interaction
    live: bool
    attempts: int


def due(tx: Connection, now: int, limit: int) -> tuple[Due, ...]:
    """Interactions due by now, in order of time; at most `limit`."""
    query = (
        select(interactions.c.data, interactions.c.live, interactions.c.attempts)
        .where(interactions.c.due_at <= now)
        .order_by(interactions.c.at, interactions.c.id)
        .limit(limit)
    )
    return tuple(Due(decode(data), bool(live), attempts) for data, live, attempts in tx.execute(query))


def next_due(tx: Connection) -> int | None:
    """When the next interaction is due, None where nothing is."""
    due = select(func.min(interactions.c.due_at)).where(interactions.c.due_at.is_not(None))
    at: int | None = tx.scalar(due)
    return at


def settle(tx: Connection, ids: Sequence[str], now: int) -> None:
    """These interactions are decided as they were at `now`; one that news made due since stays due."""
    for chunk in chunks(ids):
        decided = interactions.c.id.in_(chunk) & (interactions.c.due_at <= now)
        tx.execute(update(interactions).where(decided).values(due_at=None, attempts=0))


def observe_names(tx: Connection, observed: Iterable[tuple[str, ObservedName]]) -> None:
    """Remember names seen for handles; of each provenance the newest is kept."""
    newest: dict[tuple[str, str], tuple[str, ObservedName]] = {}
    for key, name in observed:
        known = newest.get((key, name.source))
        if known is None or (name.at, name.interaction) > (known[1].at, known[1].interaction):
            newest[(key, name.source)] = (key, name)
    rows: list[Row] = [
        {
            "key": key,
            "source": name.source,
            "first": name.first,
            "last": name.last,
            "interaction": name.interaction,
            "at": name.at,
        }
        for key, name in newest.values()
    ]
    have = _names_of(tx, {key for key, _ in newest})
    upsert(
        tx,
        names,
        [row for row in rows if have.get((str(row["key"]), str(row["source"])), -1) <= int(row["at"])],
    )


def _names_of(tx: Connection, keys: Collection[str]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for chunk in chunks(keys):
        for key, source, at in tx.execute(
            select(names.c.key, names.c.source, names.c.at).where(names.c.key.in_(chunk))
        ):
            found[(key, source)] = at
    return found


_RANK = {source: rank for rank, source in enumerate(NAME_SOURCES)}


def names_of(tx: Connection, keys: Collection[str]) -> Mapping[str, tuple[ObservedName, ...]]:
    """Observed names of handles, best first: a full name before a part, then by provenance, then newest."""
    found: dict[str, list[ObservedName]] = {}
    for chunk in chunks(keys):
        for row in tx.execute(select(names).where(names.c.key.in_(chunk))):
            found.setdefault(row.key, []).append(
                ObservedName(row.first, row.last, row.source, row.interaction, row.at)
            )
    return {key: tuple(sorted(values, key=name_order)) for key, values in found.items()}


def name_order(name: ObservedName) -> tuple[bool, int, int]:
    """Sorting key for observed names, best first."""
    return (not (name.first and name.last), _RANK[name.source], -name.at)


def cursor(tx: Connection, name: str) -> str:
    """How far a source or CRM has been read, "" from the start."""
    return tx.scalar(select(cursors.c.cursor).where(cursors.c.name == name)) or ""


def set_cursor(tx: Connection, name: str, at_cursor: str, at: int) -> None:
    """Remember how far a source or CRM has been read."""
    upsert(tx, cursors, [{"name": name, "cursor": at_cursor, "at": at}])
