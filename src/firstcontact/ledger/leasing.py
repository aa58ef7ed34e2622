"""Leases on lanes: who drains which, and until when."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence

import msgspec
from sqlalchemy import Connection, func, select, update

from firstcontact.ledger.statements import upsert
from firstcontact.ledger.tables import lanes


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


def rows(tx: Connection, connection: str) -> Mapping[int, LaneRow]:
    """The lanes of a connection that were ever leased, by shard."""
    query = select(lanes).where(lanes.c.connection == connection)
    return {
        row.shard: LaneRow(row.shard, row.owner, row.until, row.falls, row.in_hand)
        for row in tx.execute(query)
    }


def take(tx: Connection, connection: str, taken: Sequence[LaneRow]) -> None:
    """These lanes are leased as the rows say."""
    upsert(tx, lanes, [{"connection": connection, **msgspec.structs.asdict(row)} for row in taken])


def held(tx: Connection, connection: str, owner: str) -> int:
    """How many lanes this owner has."""
    query = select(func.count()).where(lanes.c.connection == connection, lanes.c.owner == owner)
    return int(tx.scalar(query) or 0)


def extend(tx: Connection, connection: str, owner: str, until: int) -> int:
    """The owner's leases hold until then; how many it has."""
    mine = (lanes.c.connection == connection) & (lanes.c.owner == owner)
    return int(tx.execute(update(lanes).where(mine).values(until=until)).rowcount)


def give_back(tx: Connection, connection: str, owner: str) -> None:
    """The owner is done with its lanes: nobody has them, and nobody fell."""
    mine = (lanes.c.connection == connection) & (lanes.c.owner == owner)
    tx.execute(update(lanes).where(mine).values(owner="", until=0, falls=0, in_hand=""))


def take_in_hand(tx: Connection, connection: str, owner: str, what: str) -> None:
    """The owner is at this one thing now; "" for nothing."""
    mine = (lanes.c.connection == connection) & (lanes.c.owner == owner)
    tx.execute(update(lanes).where(mine).values(in_hand=what))


def owners(tx: Connection, connection: str, now: int, but: Collection[str] = ()) -> frozenset[str]:
    """Who has lanes of the connection now."""
    query = select(lanes.c.owner).where(
        lanes.c.connection == connection, lanes.c.owner != "", lanes.c.until > now
    )
    return frozenset(tx.scalars(query)) - frozenset(but)
