"""Writes that a read-only connection holds back."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, update

from firstcontact.ledger import under_way
from firstcontact.ledger.sharding import of_shards
from firstcontact.ledger.tables import writes

LATER = 3_600_000_000
"""Microseconds until a write that may have arrived is looked at again."""


def hold_back(tx: Connection, connection: str, now: int, shards: Collection[int]) -> None:
    """What is due in these lanes is held until a person lets it go. What was sent without an answer stays so,
    and is looked for before it is sent again: it comes up an hour later, again and again."""
    due = (writes.c.connection == connection, writes.c.due_at <= now, of_shards(writes.c.shard, shards))
    under_way.settle(tx, under_way.keys(tx))
    tx.execute(update(writes).where(*due, writes.c.state != "sent").values(state="held", due_at=None))
    tx.execute(update(writes).where(*due, writes.c.state == "sent").values(due_at=now + LATER))
