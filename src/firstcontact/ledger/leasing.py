"""Leases on lanes: who drains which, and until when."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence

import msgspec
from sqlalchemy import Connection, bindparam, func, select, update

from firstcontact.ledger.tables import lanes
from firstcontact.store.statements import Statement, upsert, values


class LaneRow(msgspec.Struct, frozen=True):
    """A lane as it is leased: `owner` "" where nobody has it; `until` by `clock`; `falls`: owners in a row
    who were gone without giving it back; `in_hand`: what the last of them was at."""

    shard: int
    owner: str = ""
    until: int = 0
    falls: int = 0
    in_hand: str = ""


def clock(tx: Connection) -> int:
    """The time that leases go by, in microseconds: PostgreSQL's own, since the clocks of several machines
    differ; on SQLite the machine's."""
    if tx.dialect.name == "postgresql":
        return int(tx.scalar(select(func.extract("epoch", func.clock_timestamp()) * 1_000_000)) or 0)
    return time.time_ns() // 1000


_LANES = Statement(select(lanes).where(lanes.c.connection == bindparam("of")))


def rows(tx: Connection, connection: str) -> Mapping[int, LaneRow]:
    """The lanes of a connection that were ever leased, by shard."""
    return {
        row.shard: LaneRow(row.shard, row.owner, row.until, row.falls, row.in_hand)
        for row in _LANES.rows(tx, of=connection)
    }


def take(tx: Connection, connection: str, taken: Sequence[LaneRow]) -> None:
    """These lanes are leased as the rows say."""
    upsert(tx, lanes, [{"connection": connection, **msgspec.structs.asdict(row)} for row in taken])


_MINE = (lanes.c.connection == bindparam("of")) & (lanes.c.owner == bindparam("mine"))
_HELD = Statement(select(func.count()).select_from(lanes).where(_MINE))
_EXTEND = Statement(update(lanes).where(_MINE).values(until=bindparam("_until")))
_GIVE_BACK = Statement(
    update(lanes)
    .where(_MINE, lanes.c.shard.in_(values("shards")))
    .values(owner="", until=0, falls=0, in_hand="")
)
_TAKE_IN_HAND = Statement(update(lanes).where(_MINE).values(in_hand=bindparam("_what")))


def held(tx: Connection, connection: str, owner: str) -> int:
    """How many lanes this owner has."""
    ((count,),) = _HELD.rows(tx, of=connection, mine=owner)
    return int(count)


def extend(tx: Connection, connection: str, owner: str, until: int) -> int:
    """The owner's leases hold until then; how many it has."""
    return _EXTEND.run(tx, of=connection, mine=owner, _until=until)


def give_back(tx: Connection, connection: str, owner: str, shards: Sequence[int]) -> None:
    """The owner is done with these of its lanes: nobody has them, and nobody fell."""
    _GIVE_BACK.run(tx, of=connection, mine=owner, shards=shards)


def take_in_hand(tx: Connection, connection: str, owner: str, what: str) -> None:
    """The owner is at this one thing now; "" for nothing."""
    _TAKE_IN_HAND.run(tx, of=connection, mine=owner, _what=what)


def owners(tx: Connection, connection: str, now: int, but: Collection[str] = ()) -> frozenset[str]:
    """Who has lanes of the connection now."""
    query = select(lanes.c.owner).where(
        lanes.c.connection == connection, lanes.c.owner != "", lanes.c.until > now
    )
    return frozenset(tx.scalars(query)) - frozenset(but)
