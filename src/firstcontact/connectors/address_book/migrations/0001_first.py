"""The first tables of the address book."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, PrimaryKeyConstraint
from sqlalchemy.schema import SchemaItem

from firstcontact.store.columns import INT, TEXT

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables."""
    _table("counters", _text("name", key=True), _int("value"))
    _table(
        "records",
        Column("seq", INT, primary_key=True, autoincrement=False),
        _text("id"),
        _text("type"),
        _text("account"),
        _int("change"),
        _int("gone"),
        _text("merged_into"),
        _text("body"),
    )
    op.create_index("records_id", "records", ["id"], unique=True)
    op.create_index("records_change", "records", ["change"])
    op.create_index("records_account", "records", ["account"])
    _pairs("handles", _text("key"), _int("record"))
    op.create_index("handles_record", "handles", ["record"])
    _pairs("unreadable", _int("record"), _text("text"))
    _table("accounts", _text("id", key=True), _int("change"), _text("body"))
    op.create_index("accounts_change", "accounts", ["change"])
    _pairs("account_domains", _text("host"), _text("account"), _text("registrable"))
    op.create_index("account_domains_registrable", "account_domains", ["registrable"])
    op.create_index("account_domains_account", "account_domains", ["account"])
    _pairs("account_phones", _text("key"), _text("account"))
    op.create_index("account_phones_account", "account_phones", ["account"])
    _owned("opportunities", "account")
    _pairs("contact_roles", _text("opportunity"), _text("contact"), _text("role"))
    op.create_index("contact_roles_contact", "contact_roles", ["contact"])
    _owned("matters", "contact")
    _table("activities", _text("id", key=True), _text("body"))
    _pairs("activity_interactions", _text("interaction"), _text("activity"))
    op.create_index("activity_interactions_activity", "activity_interactions", ["activity"])
    _pairs("activity_people", _text("record"), _text("activity"))
    op.create_index("activity_people_activity", "activity_people", ["activity"])
    _owned("time_entries", "activity")
    _owned("documents", "activity")
    _table("users", _text("id", key=True), _text("body"))
    _table("receipts", _text("key", key=True), _text("id"), _int("created"), _int("at"), rowid=False)


def _text(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, TEXT, primary_key=key, nullable=False)


def _int(name: str) -> Column[int]:
    return Column(name, INT, nullable=False)


def _table(name: str, *items: SchemaItem, rowid: bool = True) -> None:
    op.create_table(name, *items, sqlite_strict=True, sqlite_with_rowid=rowid)


def _pairs(name: str, *columns: Column[str] | Column[int]) -> None:
    """A table whose first two columns are its key."""
    key = PrimaryKeyConstraint(columns[0].name, columns[1].name)
    _table(name, *columns, key, rowid=False)


def _owned(name: str, owner: str) -> None:
    """A table of bodies that belong to another record."""
    _table(name, _text("id", key=True), _text(owner), _text("body"))
    op.create_index(f"{name}_{owner}", name, [owner])
