"""What came in: deliveries, rejections, interactions, the names that they showed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Table,
    bindparam,
    func,
    literal_column,
    select,
    update,
)

from firstcontact.interactions.model import Email, Interaction, decode, encode, kind_of
from firstcontact.interactions.rejection import Rejection
from firstcontact.ledger.sharding import ALL, SHARDS, in_lanes, lanes, shard, shard_of
from firstcontact.ledger.tables import (
    cursors,
    deliveries,
    interactions,
    names,
    participants,
    rejections,
)
from firstcontact.policy.known import NAME_SOURCES, ObservedName
from firstcontact.store.statements import Statement, Values, insert_new, upsert, values


class DeliveryRow(msgspec.Struct, frozen=True):
    """A delivery to be kept: digest of source, user and bytes; `interactions`: how many facts it held."""

    digest: bytes
    source: str
    place: str
    captured_from: str
    raw: bytes | None
    interactions: int


_SEEN = [
    Statement(select(table.c.digest).where(table.c.digest.in_(values("digests"))))
    for table in (deliveries, rejections)
]


def seen(tx: Connection, digests: Sequence[bytes]) -> frozenset[bytes]:
    """Those digests that the ledger already has, as deliveries or as rejections."""
    return frozenset(digest for each in _SEEN for (digest,) in each.rows(tx, digests=digests))


def keep_deliveries(
    tx: Connection, rows: Iterable[DeliveryRow], at: int, *, live: bool = False, due: bool = False
) -> None:
    """Keep deliveries byte for byte; an identical one is kept once. due: they are to be understood yet."""
    insert_new(
        tx,
        deliveries,
        [
            {
                **msgspec.structs.asdict(row),
                "received_at": at,
                "live": int(live),
                "shard": shard(row.digest.hex()),
                "due_at": at if due else None,
                "problem": "",
            }
            for row in rows
        ],
    )


class DueDelivery(msgspec.Struct, frozen=True):
    """A delivery that is to be understood."""

    id: int
    digest: bytes
    source: str
    place: str
    captured_from: str
    raw: bytes
    live: bool


def due_deliveries(
    tx: Connection, now: int, limit: int, shards: Collection[int] = ALL
) -> tuple[DueDelivery, ...]:
    """Deliveries to be understood, in the order in which they came; at most `limit`."""
    return tuple(
        DueDelivery(
            row.id, row.digest, row.source, row.place, row.captured_from, row.raw or b"", bool(row.live)
        )
        for row in _due_of(tx, _DUE_DELIVERIES, now, limit, shards)
    )


BY_ID: ColumnElement[Any] = literal_column("deliveries.id + 0")
BY_TIME: ColumnElement[Any] = literal_column("interactions.at + 0")
"""The order of what is due, as its indexes have it and no other: PostgreSQL, which believes that what is due
lies evenly among what is done, would else go over all that is done to find it."""


def _due(table: Table, columns: Sequence[str], *order: ColumnElement[Any]) -> tuple[Statement, Statement]:
    """What is due of a table, in an order: in all lanes, and in some."""
    query = select(*(table.c[name] for name in columns)).where(table.c.due_at <= bindparam("now"))
    some = query.where(*in_lanes(table.c.shard))
    most = bindparam("most", type_=Integer)
    return Statement(query.order_by(*order).limit(most)), Statement(some.order_by(*order).limit(most))


_DUE_DELIVERIES = _due(deliveries, DueDelivery.__struct_fields__, BY_ID)
_DUE_INTERACTIONS = _due(interactions, ("data", "live", "attempts", "shard"), BY_TIME, interactions.c.id)


def _due_of(
    tx: Connection, asked: tuple[Statement, Statement], now: int, limit: int, shards: Collection[int]
) -> Sequence[Any]:
    in_all, in_some = asked
    if len(shards) >= SHARDS:
        return in_all.rows(tx, now=now, most=limit)
    return in_some.rows(tx, now=now, most=limit, **lanes(shards))


_UNDERSTOOD = Statement(
    update(deliveries)
    .where(deliveries.c.id == bindparam("_id"))
    .values(due_at=None, problem="", interactions=bindparam("_facts"))
)


def understood(tx: Connection, rows: Iterable[tuple[int, int]]) -> None:
    """Deliveries by id are understood, with so many facts in each."""
    _UNDERSTOOD.run_each(tx, [{"_id": id, "_facts": facts} for id, facts in rows])


_WITHOUT_BYTES = Statement(
    update(deliveries)
    .where(deliveries.c.id == bindparam("_id"))
    .values(raw=None, problem="", place=bindparam("_place"))
)


def without_bytes(tx: Connection, places: Mapping[int, str]) -> None:
    """That these deliveries (by id) came stays, and where from; what was in them does not, nor are they to be
    looked at any more where they could not be understood."""
    _WITHOUT_BYTES.run_each(tx, [{"_id": id, "_place": place} for id, place in places.items()])


def set_delivery_aside(tx: Connection, id: int, problem: str) -> None:
    """The delivery can't be understood, by a fault of ours: it is kept, and shown to a person."""
    chosen = update(deliveries).where(deliveries.c.id == id)
    tx.execute(chosen.values(due_at=None, problem=problem))


def set_aside(tx: Connection, id: str, problem: str) -> None:
    """The interaction can't be decided, by a fault of ours: it is shown to a person."""
    chosen = update(interactions).where(interactions.c.id == id)
    tx.execute(chosen.values(due_at=None, problem=problem))


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


_DATA = Statement(select(interactions.c.id, interactions.c.data).where(interactions.c.id.in_(values("ids"))))


def load(tx: Connection, ids: Collection[str]) -> dict[str, Interaction]:
    """Interactions by id, as they are now; those that are not there are left out."""
    return {id: decode(data) for id, data in _DATA.rows(tx, ids=ids)}


_CONVERSATIONS = Statement(
    select(interactions.c.source_id, interactions.c.conversation).where(
        interactions.c.source_id.in_(values("ids"))
    )
)


def conversations(tx: Connection, source_ids: Collection[str]) -> dict[str, str]:
    """The conversation that each of these source ids (Message-IDs) already belongs to."""
    return dict(_CONVERSATIONS.rows(tx, ids=source_ids))


def save(tx: Connection, facts: Sequence[Interaction], *, due_at: int, live: bool) -> None:
    """Store new or superseded interactions and make them due to be decided at `due_at`, which is now."""
    rows: list[Values] = []
    people: list[Values] = []
    for fact in facts:
        rows.append(_row(fact, due_at, live))
        keys = {handle.key for participant in fact.participants for handle in participant.handles}
        people.extend({"key": key, "interaction": fact.id} for key in keys)
    upsert(tx, interactions, rows)
    insert_new(tx, participants, people)


def _row(fact: Interaction, due_at: int, live: bool) -> Values:
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
        "shard": shard_of(fact),
        "due_at": due_at,
        "attempts": 0,
        "problem": "",
        "text_since": due_at if fact.body else None,
        "data": encode(fact),
    }


_SET_DUE = Statement(
    update(interactions).where(interactions.c.id.in_(values("ids"))).values(due_at=bindparam("_at"))
)


def set_due(tx: Connection, ids: Collection[str], at: int) -> None:
    """Make these interactions due at a time (now, or for a retry)."""
    _SET_DUE.run(tx, ids=ids, _at=at)


_RETRY = Statement(
    update(interactions)
    .where(interactions.c.id == bindparam("_id"))
    .values(due_at=bindparam("_at"), attempts=interactions.c.attempts + 1)
)


def retry_at(tx: Connection, rows: Sequence[tuple[str, int]]) -> None:
    """Make interactions due again later, counting the attempt."""
    _RETRY.run_each(tx, [{"_id": id, "_at": at} for id, at in rows])


class Due(msgspec.Struct, frozen=True):
    """An interaction that is due to be decided, and its lane."""

    interaction: Interaction
    live: bool
    attempts: int
    shard: int


def due(tx: Connection, now: int, limit: int, shards: Collection[int] = ALL) -> tuple[Due, ...]:
    """Interactions of these lanes due by now, in order of time; at most `limit`."""
    rows = _due_of(tx, _DUE_INTERACTIONS, now, limit, shards)
    return tuple(Due(decode(data), bool(live), attempts, shard) for data, live, attempts, shard in rows)


_IMPORTS_DUE = [
    Statement(
        select(table.c.id)
        .where(table.c.due_at <= bindparam("now"), table.c.live == 0)
        .order_by(order)
        .limit(1)
    )
    for table, order in ((deliveries, BY_ID), (interactions, BY_TIME))
]


def imports_due(tx: Connection, now: int) -> bool:
    """Whether something that was imported is yet to be understood or decided, in whichever lane."""
    return any(each.rows(tx, now=now) for each in _IMPORTS_DUE)


def waiting_deliveries(tx: Connection, now: int, most: int) -> dict[int, int]:
    """How many deliveries are due in each lane, of the first `most` that are due."""
    return _waiting(tx, deliveries, BY_ID, now, most)


def waiting_interactions(tx: Connection, now: int, most: int) -> dict[int, int]:
    """How many interactions are due in each lane, of the first `most` that are due."""
    return _waiting(tx, interactions, BY_TIME, now, most)


def _waiting(tx: Connection, table: Table, order: ColumnElement[Any], now: int, most: int) -> dict[int, int]:
    some = select(table.c.shard).where(table.c.due_at <= now).order_by(order).limit(most).subquery()
    query = select(some.c.shard, func.count()).group_by(some.c.shard)
    return {row[0]: row[1] for row in tx.execute(query)}


def bring_forward(tx: Connection, now: int, beyond: int) -> int:
    """What is due later than any retry can be is due now: the clock was set back. How many there were."""
    found = 0
    for table in (deliveries, interactions):
        found += tx.execute(update(table).where(table.c.due_at > beyond).values(due_at=now)).rowcount
    return found


_SETTLE = Statement(
    update(interactions).where(interactions.c.id.in_(values("ids"))).values(due_at=None, attempts=0)
)


def settle(tx: Connection, ids: Sequence[str]) -> None:
    """These interactions are decided, with all news so far (`ledger.news`)."""
    _SETTLE.run(tx, ids=ids)


def observe_names(tx: Connection, observed: Iterable[tuple[str, ObservedName]]) -> None:
    """Remember names seen for handles; of each provenance the newest is kept."""
    newest: dict[tuple[str, str], tuple[str, ObservedName]] = {}
    for key, name in observed:
        known = newest.get((key, name.source))
        if known is None or (name.at, name.interaction) > (known[1].at, known[1].interaction):
            newest[(key, name.source)] = (key, name)
    rows: list[Values] = [
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


_NAME_TIMES = Statement(
    select(names.c.key, names.c.source, names.c.at).where(names.c.key.in_(values("keys")))
)
_NAMES = Statement(select(names).where(names.c.key.in_(values("keys"))))


_RANK = {source: rank for rank, source in enumerate(NAME_SOURCES)}


def _names_of(tx: Connection, keys: Collection[str]) -> dict[tuple[str, str], int]:
    return {(key, source): at for key, source, at in _NAME_TIMES.rows(tx, keys=keys)}


def names_of(tx: Connection, keys: Collection[str]) -> Mapping[str, tuple[ObservedName, ...]]:
    """Observed names of handles, best first: a full name before a part, then by provenance, then newest."""
    found: dict[str, list[ObservedName]] = {}
    for row in _NAMES.rows(tx, keys=keys):
        found.setdefault(row.key, []).append(
            ObservedName(row.first, row.last, row.source, row.interaction, row.at)
        )
    return {key: tuple(sorted(values, key=name_order)) for key, values in found.items()}


def name_order(name: ObservedName) -> tuple[bool, int, int]:
    """Sorting key for observed names, best first."""
    return (not (name.first and name.last), _RANK[name.source], -name.at)


_CURSOR = Statement(select(cursors.c.cursor).where(cursors.c.name == bindparam("name")))


def cursor(tx: Connection, name: str) -> str:
    """How far a source or CRM has been read, "" from the start."""
    return next((str(row.cursor) for row in _CURSOR.rows(tx, name=name)), "")


def set_cursor(tx: Connection, name: str, at_cursor: str, at: int) -> None:
    """Remember how far a source or CRM has been read."""
    upsert(tx, cursors, [{"name": name, "cursor": at_cursor, "at": at}])
