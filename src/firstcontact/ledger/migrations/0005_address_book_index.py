"""The address-book index: records and accounts of CRM connections as they were last told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "indexes",
        sa.Column("connection", sa.Text(), primary_key=True, nullable=False),
        sa.Column("begun_at", _INT, nullable=False),
        sa.Column("complete_at", _INT),
        sa.Column("read_at", _INT, nullable=False),
        sa.Column("changed_at", _INT, nullable=False),
        sa.Column("reading", _INT, nullable=False),
        sa.Column("swept", _INT, nullable=False),
        sa.Column("read", _INT, nullable=False),
        sa.Column("total", _INT, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "index_records",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("reading", _INT, nullable=False),
        sa.Column("unreadable", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "id"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    where = sa.text("unreadable <> ''")
    op.create_index(
        "index_records_unreadable",
        "index_records",
        ["connection", "id"],
        sqlite_where=where,
        postgresql_where=where,
    )
    op.create_table(
        "index_accounts",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "id"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "index_account_keys",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "key", "account"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("index_account_keys_account", "index_account_keys", ["connection", "account"])
