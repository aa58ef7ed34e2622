"""What a restored ledger does not know: what was sent to the CRM between the backup and the restore."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select, update

from firstcontact.ledger.statements import chunks, upsert
from firstcontact.ledger.tables import facts, interactions, writes

RESTORED_AT = "restored_at"
"""The fact that says when, in microseconds."""

_CLOCKS_DIFFER = 24 * 3600 * 1_000_000
"""A source's clock may be ahead of ours by so much, in microseconds."""


def mark(tx: Connection, now: int) -> None:
    """The ledger was restored now: no write that is not done counts as tried, since in doubt is one that is
    tried for the first time."""
    upsert(tx, facts, [{"name": RESTORED_AT, "value": str(now)}])
    tx.execute(update(writes).where(writes.c.state != "done").values(attempts=0))


def in_doubt(tx: Connection, ids: Collection[str]) -> frozenset[str]:
    """Of these interactions those that the CRM may hold writes about which the ledger has no line of.

    None where the ledger was never restored. Else all but those that certainly came later: what happened
    after the restore cannot have been delivered before it, unless it is a meeting, which is known ahead.
    """
    said = tx.scalar(select(facts.c.value).where(facts.c.name == RESTORED_AT)) if ids else None
    if not said:
        return frozenset()
    later: set[str] = set()
    for chunk in chunks(ids):
        query = select(interactions.c.id).where(
            interactions.c.id.in_(chunk),
            interactions.c.at > int(said) + _CLOCKS_DIFFER,
            interactions.c.kind != "meeting",
        )
        later.update(tx.scalars(query))
    return frozenset(ids) - later
