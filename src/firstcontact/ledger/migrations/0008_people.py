"""Tables for contact roles, enrichment, merges, undo, secondary domains and erasing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "roles_seen",
        sa.Column("connection", sa.Text(), primary_key=True, nullable=False),
        sa.Column("opportunity", sa.Text(), primary_key=True, nullable=False),
        sa.Column("contact", sa.Text(), primary_key=True, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "observed",
        sa.Column("key", sa.Text(), primary_key=True, nullable=False),
        sa.Column("field", sa.Text(), primary_key=True, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("interaction", sa.Text(), nullable=False),
        sa.Column("at", _INT, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("observed_value", "observed", ["value"])
    op.create_table(
        "enriched",
        sa.Column("connection", sa.Text(), primary_key=True, nullable=False),
        sa.Column("record", sa.Text(), primary_key=True, nullable=False),
        sa.Column("field", sa.Text(), primary_key=True, nullable=False),
        sa.Column("write_key", sa.Text(), primary_key=True, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("interaction", sa.Text(), nullable=False),
        sa.Column("observed_at", _INT, nullable=False),
        sa.Column("at", _INT, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("enriched_write", "enriched", ["write_key"])
    op.create_table(
        "merges",
        sa.Column("write_key", sa.Text(), primary_key=True, nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("survivor", sa.Text(), nullable=False),
        sa.Column("loser", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", _INT, nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("journal", sa.LargeBinary()),
        sqlite_strict=True,
    )
    op.create_index("merges_pair", "merges", ["connection", "loser", "survivor"])
    op.create_index("merges_state", "merges", ["state", "at"])
    op.create_table(
        "domain_rulings",
        sa.Column("connection", sa.Text(), primary_key=True, nullable=False),
        sa.Column("host", sa.Text(), primary_key=True, nullable=False),
        sa.Column("account", sa.Text(), primary_key=True, nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("known_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", _INT, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("domain_rulings_account", "domain_rulings", ["connection", "account"])
    op.create_index("domain_rulings_base", "domain_rulings", ["connection", "base"])
    op.create_table(
        "undone",
        sa.Column("write_key", sa.Text(), primary_key=True, nullable=False),
        sa.Column("by_write", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", _INT, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("undone_by", "undone", ["by_write"])
    op.create_table(
        "erased",
        sa.Column("hash", sa.Text(), primary_key=True, nullable=False),
        sa.Column("at", _INT, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
