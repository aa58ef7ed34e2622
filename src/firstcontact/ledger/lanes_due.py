"""In which lanes work is due: who is to be woken, and when."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from sqlalchemy import Column, ColumnElement, Connection, Table, exists, func, or_, select, text

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
    columns = [
        select(func.min(table.c.due_at))
        .where(_due(table, connection), of_shards(table.c.shard, shards))
        .scalar_subquery()
        for table in _TABLES
    ]
    return min((int(at) for at in tx.execute(select(*columns)).one() if at is not None), default=None)


def count_due(tx: Connection, connection: str, now: int) -> Counts:
    """What is due, counted; as many steps as there is work due. In one statement, so that work which becomes
    other work meanwhile is never missed."""
    columns = []
    for table in _TABLES:
        due: Column[int] = table.c.due_at
        for when in (due <= now, due > now):
            counted = select(func.count()).select_from(table).where(_due(table, connection), when)
            columns.append(counted.scalar_subquery())
    stopped = text("state IN ('parked', 'unclear', 'held')")  # the words of the index `writes_stopped`
    held = select(func.count()).where(stopped, writes.c.state == "held", writes.c.connection == connection)
    columns.append(held.scalar_subquery())
    now_0, later_0, now_1, later_1, now_2, later_2, held_back = tx.execute(select(*columns)).one()
    return Counts(now_0, now_1, now_2, held_back, later_0 + later_1 + later_2)


def _due(table: Table, connection: str) -> ColumnElement[bool]:
    """Rows that are due at some time; of writes, the connection's."""
    due: ColumnElement[bool] = table.c.due_at.is_not(None)
    return due & (table.c.connection == connection) if table is writes else due
