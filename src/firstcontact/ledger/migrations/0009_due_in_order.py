"""What is due is read by the index of what is due, whatever else is in the order that is asked for.

PostgreSQL guesses how much is due by statistics that a long import overtakes, and believes that it lies
evenly. By the index of all deliveries, or of all interactions by time, it then went over everything that was
done already, for every batch. An order that only this index has leaves it no other.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_DUE = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    """Make both indexes anew."""
    op.drop_index("deliveries_due", "deliveries")
    op.drop_index("interactions_due", "interactions")
    _index("deliveries_due", "deliveries", sa.text("(id + 0)"), "due_at", "shard")
    _index("interactions_due", "interactions", sa.text("(at + 0)"), "id", "due_at", "shard")


def _index(name: str, table: str, *order: str | sa.TextClause) -> None:
    op.create_index(name, table, order, sqlite_where=_DUE, postgresql_where=_DUE)
