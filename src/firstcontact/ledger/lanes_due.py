"""In which lanes work is due: who is to be woken, and when."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from sqlalchemy import Column, ColumnElement, Connection, Table, exists, func, or_, select

from firstcontact.ledger.sharding import ALL, of_shards
from firstcontact.ledger.tables import deliveries, interactions, writes

_TABLES: tuple[Table, ...] = (deliveries, interactions, writes)


class Counts(msgspec.Struct, frozen=True):
    """How much is due now: deliveries to understand, interactions to decide, writes to carry out; how many
    writes a brake holds; and how much has a later time of its own."""

    deliveries: int = 0
    interactions: int = 0
    writes: int = 0
    held: int = 0
    later: int = 0


def shards_due(tx: Connection, connection: str, now: int, shards: Collection[int] = ALL) -> tuple[int, ...]:
    """Those of these lanes where something is due by now. A look at one row of each, not a count."""
    asked = sorted(shards)
    if not asked:
        return ()
    columns = [
        or_(*(exists().where(_due(table, connection), table.c.due_at <= now, table.c.shard == shard)
              for table in _TABLES)).label(f"shard_{shard}")
        for shard in asked
    ]  # fmt: skip
    row = tx.execute(select(*columns)).one()
    return tuple(shard for shard, due in zip(asked, row, strict=True) if due)


def next_due(tx: Connection, connection: str, shards: Collection[int]) -> int | None:
    """When the earliest work of these lanes is due, in microseconds; None: there is none."""
    times: list[int] = []
    for table in _TABLES:
        query = select(func.min(table.c.due_at)).where(
            _due(table, connection), of_shards(table.c.shard, shards)
        )
        at = tx.scalar(query)
        if at is not None:
            times.append(int(at))
    return min(times, default=None)


def count_due(tx: Connection, connection: str, now: int) -> Counts:
    """What is due, counted; as many steps as there is work due."""
    counts: list[int] = []
    later = 0
    for table in _TABLES:
        due: Column[int] = table.c.due_at
        query = select(func.count(), func.count().filter(due <= now)).where(_due(table, connection))
        everything, by_now = tx.execute(query.select_from(table)).one()
        counts.append(int(by_now))
        later += int(everything) - int(by_now)
    held = select(func.count()).where(writes.c.state == "held", writes.c.connection == connection)
    return Counts(counts[0], counts[1], counts[2], int(tx.scalar(held) or 0), later)


def _due(table: Table, connection: str) -> ColumnElement[bool]:
    """Rows that are due at some time; of writes, the connection's."""
    due: ColumnElement[bool] = table.c.due_at.is_not(None)
    return due & (table.c.connection == connection) if table is writes else due
