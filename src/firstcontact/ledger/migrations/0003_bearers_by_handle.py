"""Who bears a handle, by what the change feed has shown, without a look at all of them."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the index."""
    op.create_index("bearers_key", "bearers", ["connection", "key"])
