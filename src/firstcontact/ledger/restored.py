"""What a restored ledger does not know: what was sent to the CRM between the backup and the restore."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, bindparam, select, update

from firstcontact.ledger.tables import facts, interactions, writes
from firstcontact.store.statements import Statement, upsert, values

RESTORED_AT = "restored_at"
"""The fact that says when, in microseconds."""

_CLOCKS_DIFFER = 24 * 3600 * 1_000_000
"""A source's clock may be ahead of ours by so much, in microseconds."""


def mark(tx: Connection, now: int) -> None:
    """The ledger was restored now: no write that is not done counts as tried, since in doubt is one that is
    tried for the first time."""
    upsert(tx, facts, [{"name": RESTORED_AT, "value": str(now)}])
    tx.execute(update(writes).where(writes.c.state != "done").values(attempts=0))


_SAID = Statement(select(facts.c.value).where(facts.c.name == RESTORED_AT))
_LATER = Statement(
    select(interactions.c.id).where(
        interactions.c.id.in_(values("ids")),
        interactions.c.at > bindparam("_at"),
        interactions.c.kind != "meeting",
    )
)


def in_doubt(tx: Connection, ids: Collection[str]) -> frozenset[str]:
    """Of these interactions those that the CRM may hold writes about which the ledger has no line of.

    None where the ledger was never restored. Else all but those that certainly came later: what happened
    after the restore cannot have been delivered before it, unless it is a meeting, which is known ahead.
    """
    said = _SAID.rows(tx) if ids else ()
    if not said or not said[0].value:
        return frozenset()
    later = _LATER.rows(tx, ids=ids, _at=int(said[0].value) + _CLOCKS_DIFFER)
    return frozenset(ids).difference(id for (id,) in later)
