"""What CRM connections log in with, sealed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "credentials",
        sa.Column("connection", sa.Text(), primary_key=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("version", _INT, nullable=False),
        sa.Column("at", _INT, nullable=False),
        sa.Column("renewing", sa.Text(), nullable=False),
        sa.Column("until", _INT, nullable=False),
        sqlite_strict=True,
    )
