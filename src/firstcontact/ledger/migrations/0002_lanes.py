"""Lanes: due work in shards, leases, what workers share of a CRM connection, and news."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from firstcontact.interactions.model import decode
from firstcontact.ledger.sharding import shard, shard_of

revision = "0002"
down_revision = "0001"

_INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_DUE = "due_at IS NOT NULL"
_PAGE = 1000


def upgrade() -> None:
    """Add the columns, put what is there into its lanes, make the tables."""
    for table in ("deliveries", "interactions", "writes"):
        op.add_column(table, sa.Column("shard", _INT, nullable=False, server_default="0"))
    op.add_column("deliveries", sa.Column("live", _INT, nullable=False, server_default="0"))
    op.add_column("deliveries", sa.Column("due_at", _INT))
    for table in ("deliveries", "interactions"):
        op.add_column(table, sa.Column("problem", sa.Text(), nullable=False, server_default=""))
    _into_lanes(op.get_bind())
    _index("deliveries_due", "deliveries", ["id", "due_at"], _DUE)
    _index("deliveries_stuck", "deliveries", ["id"], "problem <> ''")
    op.create_index("deliveries_received", "deliveries", ["received_at"])
    _index("interactions_stuck", "interactions", ["at"], "problem <> ''")
    op.drop_index("interactions_due", "interactions")
    _index("interactions_due", "interactions", ["at", "id", "due_at", "shard"], _DUE)
    op.drop_index("writes_due", "writes")
    _index("writes_due", "writes", ["connection", "due_at", "at", "key", "shard"], _DUE)
    _index("writes_stopped", "writes", ["state", "kind", "at"], "state IN ('parked', 'unclear', 'held')")
    op.create_table(
        "lanes",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("shard", _INT, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("until", _INT, nullable=False),
        sa.Column("falls", _INT, nullable=False),
        sa.Column("in_hand", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "shard"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "connections",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("paused_at", _INT),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("tokens", _INT, nullable=False),
        sa.Column("filled_at", _INT, nullable=False),
        sa.Column("blocked_until", _INT, nullable=False),
        sa.Column("quota", _INT, nullable=False),
        sa.Column("quota_left", _INT, nullable=False),
        sa.PrimaryKeyConstraint("connection"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "news",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", _INT, nullable=False),
        sa.Column("topics", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _into_lanes(tx: sa.Connection) -> None:
    """Each interaction into its conversation's lane, its writes with it; page by page."""
    interactions = sa.table("interactions", sa.column("id"), sa.column("data"), sa.column("shard"))
    writes = sa.table("writes", sa.column("interaction"), sa.column("shard"))
    last = ""
    while True:
        page = sa.select(interactions.c.id, interactions.c.data).where(interactions.c.id > last)
        rows = tx.execute(page.order_by(interactions.c.id).limit(_PAGE)).all()
        if not rows:
            break
        lanes = [{"_id": id, "_shard": shard_of(decode(data))} for id, data in rows]
        lane: dict[str, Any] = {"shard": sa.bindparam("_shard")}
        of_page: sa.BindParameter[str] = sa.bindparam("_id")
        tx.execute(sa.update(interactions).where(interactions.c.id == of_page).values(**lane), lanes)
        tx.execute(sa.update(writes).where(writes.c.interaction == of_page).values(**lane), lanes)
        last = rows[-1][0]
    deliveries = sa.table("deliveries", sa.column("id"), sa.column("digest"), sa.column("shard"))
    for id, digest in tx.execute(sa.select(deliveries.c.id, deliveries.c.digest)).all():
        tx.execute(sa.update(deliveries).where(deliveries.c.id == id).values(shard=shard(digest.hex())))
