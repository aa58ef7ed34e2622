"""What one interaction waits for, without a look at what all do: each decision begins by forgetting it."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the index."""
    op.create_index("waiting_interaction", "waiting", ["interaction"])
