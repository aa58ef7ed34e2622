"""The address book's tables: what is searched for is a column, the rest of a record is JSON in `body`.

A record is read whole, so one short row and one decoding cost less than twenty columns
(`docs/decisions/address-book.md`); anybody can still read the file with the sqlite3 program.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, MetaData, PrimaryKeyConstraint

from firstcontact.store.columns import INT, TEXT, table
from firstcontact.store.migrations import History

metadata = MetaData()

counters = table(
    "counters",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("value", INT, nullable=False),
)
"""`change`: the last number of the change feed; `seq`: of a record; `contacts`: how many live
ones; `named`: the last id made for a person. Every
write transaction starts by updating a row here, so that writers take turns on PostgreSQL too."""

records = table(
    "records",
    metadata,
    Column("seq", INT, primary_key=True, autoincrement=False),
    Column("id", TEXT, nullable=False),
    Column("type", TEXT, nullable=False),
    Column("account", TEXT, nullable=False),
    Column("change", INT, nullable=False),
    Column("gone", INT, nullable=False),
    Column("merged_into", TEXT, nullable=False),
    Column("body", TEXT, nullable=False),
    Index("records_id", "id", unique=True),
    Index("records_change", "change"),
    Index("records_account", "account"),
)
"""Contacts and leads. A deleted or merged one stays as a row without handles, so that it can be named."""

handles = table(
    "handles",
    metadata,
    Column("key", TEXT, nullable=False),
    Column("record", INT, nullable=False),
    PrimaryKeyConstraint("key", "record"),
    Index("handles_record", "record"),
    rowid=False,
)

unreadable = table(
    "unreadable",
    metadata,
    Column("record", INT, nullable=False),
    Column("text", TEXT, nullable=False),
    PrimaryKeyConstraint("record", "text"),
    rowid=False,
)
"""Pieces of phone and e-mail fields that cannot be read (SPEC §1), for the report of them."""

accounts = table(
    "accounts",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("change", INT, nullable=False),
    Column("body", TEXT, nullable=False),
    Index("accounts_change", "change"),
)

account_domains = table(
    "account_domains",
    metadata,
    Column("host", TEXT, nullable=False),
    Column("account", TEXT, nullable=False),
    Column("registrable", TEXT, nullable=False),
    PrimaryKeyConstraint("host", "account"),
    Index("account_domains_registrable", "registrable"),
    Index("account_domains_account", "account"),
    rowid=False,
)

account_phones = table(
    "account_phones",
    metadata,
    Column("key", TEXT, nullable=False),
    Column("account", TEXT, nullable=False),
    PrimaryKeyConstraint("key", "account"),
    Index("account_phones_account", "account"),
    rowid=False,
)

opportunities = table(
    "opportunities",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("account", TEXT, nullable=False),
    Column("body", TEXT, nullable=False),
    Index("opportunities_account", "account"),
)

contact_roles = table(
    "contact_roles",
    metadata,
    Column("opportunity", TEXT, nullable=False),
    Column("contact", TEXT, nullable=False),
    Column("role", TEXT, nullable=False),
    PrimaryKeyConstraint("opportunity", "contact"),
    Index("contact_roles_contact", "contact"),
    rowid=False,
)

matters = table(
    "matters",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("contact", TEXT, nullable=False),
    Column("body", TEXT, nullable=False),
    Index("matters_contact", "contact"),
)

activities = table(
    "activities",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("body", TEXT, nullable=False),
)

activity_interactions = table(
    "activity_interactions",
    metadata,
    Column("interaction", TEXT, nullable=False),
    Column("activity", TEXT, nullable=False),
    PrimaryKeyConstraint("interaction", "activity"),
    Index("activity_interactions_activity", "activity"),
    rowid=False,
)

activity_people = table(
    "activity_people",
    metadata,
    Column("record", TEXT, nullable=False),
    Column("activity", TEXT, nullable=False),
    PrimaryKeyConstraint("record", "activity"),
    Index("activity_people_activity", "activity"),
    rowid=False,
)

time_entries = table(
    "time_entries",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("activity", TEXT, nullable=False),
    Column("body", TEXT, nullable=False),
    Index("time_entries_activity", "activity"),
)

documents = table(
    "documents",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("activity", TEXT, nullable=False),
    Column("body", TEXT, nullable=False),
    Index("documents_activity", "activity"),
)

users = table(
    "users",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("body", TEXT, nullable=False),
)

receipts = table(
    "receipts",
    metadata,
    Column("key", TEXT, primary_key=True),
    Column("id", TEXT, nullable=False),
    Column("created", INT, nullable=False),
    Column("at", INT, nullable=False),
    rowid=False,
)
"""Which write keys were carried out: the address book's own idempotence."""

HISTORY = History("address_book", "firstcontact.connectors.address_book.migrations", metadata)
