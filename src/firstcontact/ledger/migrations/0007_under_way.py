"""What is on its way to the CRM, a row for each call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "under_way",
        sa.Column("owner", sa.Text(), primary_key=True, nullable=False),
        sa.Column("writes", sa.LargeBinary(), nullable=False),
        sqlite_strict=True,
    )
