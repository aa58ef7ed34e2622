"""The ledger's tables. Times are integer microseconds since 1970-01-01 UTC.

Names of tables are the words of the house: a delivery is kept byte for byte until retention removes `raw`;
an interaction is one row, superseded in place (its deliveries stay); decisions are only ever added;
a write is one row from intent to receipt.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, MetaData, text

from firstcontact.store.columns import BLOB, INT, TEXT, table

metadata = MetaData()

deliveries = table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", BLOB, nullable=False, unique=True),
    Column("source", TEXT, nullable=False),
    Column("place", TEXT, nullable=False),
    Column("captured_from", TEXT, nullable=False),
    Column("received_at", INT, nullable=False),
    Column("interactions", INT, nullable=False),
    Column("live", INT, nullable=False),
    Column("shard", INT, nullable=False),
    Column("due_at", INT),
    Column("problem", TEXT, nullable=False),
    Column("raw", BLOB),
    Index(
        "deliveries_due",  # in the order of understanding; why `+ 0`, says `intake.BY_ID`
        text("(id + 0)"),
        "due_at",
        "shard",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    Index(
        "deliveries_stuck",
        "id",
        sqlite_where=text("problem <> ''"),
        postgresql_where=text("problem <> ''"),
    ),
    Index("deliveries_received", "received_at"),
)
"""`interactions`: how many facts were read from it. `due_at`: understand it then; NULL: that is done.
`problem`: why it can't be understood, which is a fault of ours. `raw`: NULL once retention has removed it."""

rejections = table(
    "rejections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", BLOB, nullable=False, unique=True),
    Column("place", TEXT, nullable=False),
    Column("reason", TEXT, nullable=False),
    Column("detail", TEXT, nullable=False),
    Column("at", INT, nullable=False),
)

interactions = table(
    "interactions",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("kind", TEXT, nullable=False),
    Column("at", INT, nullable=False),
    Column("conversation", TEXT, nullable=False),
    Column("source_id", TEXT, nullable=False),
    Column("senders", TEXT, nullable=False),
    Column("automated", INT, nullable=False),
    Column("live", INT, nullable=False),
    Column("shard", INT, nullable=False),
    Column("due_at", INT),
    Column("attempts", INT, nullable=False),
    Column("problem", TEXT, nullable=False),
    Column("text_since", INT),
    Column("data", BLOB, nullable=False),
    Index(
        "interactions_stuck",
        "at",
        sqlite_where=text("problem <> ''"),
        postgresql_where=text("problem <> ''"),
    ),
    Index(
        "interactions_text_since",
        "text_since",
        sqlite_where=text("text_since IS NOT NULL"),
        postgresql_where=text("text_since IS NOT NULL"),
    ),
    Index(
        "interactions_due",  # in the order of deciding: a batch is read without sorting all that is due
        text("(at + 0)"),
        "id",
        "due_at",
        "shard",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    Index(
        "interactions_again",
        "attempts",
        sqlite_where=text("due_at IS NOT NULL AND attempts > 0"),
        postgresql_where=text("due_at IS NOT NULL AND attempts > 0"),
    ),
    Index("interactions_conversation", "conversation"),
    Index("interactions_source_id", "source_id"),
    Index("interactions_at", "at"),
)
"""`senders`: handle keys of who sent it, separated by spaces. `shard`: which lane it is decided in. `due_at`:
decide it then; NULL: nothing due. `problem`: why it can't be decided, which is a fault of ours.
`text_since`: when the body was stored; NULL: there is none, or retention has removed it."""

participants = table(
    "participants",
    metadata,
    Column("key", TEXT, primary_key=True),
    Column("interaction", TEXT, primary_key=True),
    rowid=False,
)

names = table(
    "names",
    metadata,
    Column("key", TEXT, primary_key=True),
    Column("source", TEXT, primary_key=True),
    Column("first", TEXT, nullable=False),
    Column("last", TEXT, nullable=False),
    Column("interaction", TEXT, nullable=False),
    Column("at", INT, nullable=False),
    Index("names_last", "last", "first"),
    rowid=False,
)
"""The newest name of each provenance that was observed for a handle."""

decisions = table(
    "decisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("interaction", TEXT, nullable=False),
    Column("at", INT, nullable=False),
    Column("settings_version", TEXT, nullable=False),
    Column("context", TEXT, nullable=False),
    Column("data", BLOB, nullable=False),
    Column("known", BLOB),
    Index("decisions_interaction", "interaction"),
    Index("decisions_settings", "settings_version", "interaction"),
)
"""`known`: NULL once the person was erased; then the decision cannot be replayed, and says so."""

verdicts = table(
    "verdicts",
    metadata,
    Column("interaction", TEXT, primary_key=True),
    Column("about", TEXT, primary_key=True),
    Column("verdict", TEXT, nullable=False),
    Column("record", TEXT, nullable=False),
    Column("reasons", TEXT, nullable=False),
    Column("decisive", TEXT, nullable=False),
    Index(
        "verdicts_record",
        "record",
        sqlite_where=text("record <> ''"),
        postgresql_where=text("record <> ''"),
    ),
    rowid=False,
)
"""The verdicts of each interaction's last decision; `about` is empty for the activity. `reasons` and
`decisive` are names separated by spaces."""

waiting = table(
    "waiting",
    metadata,
    Column("topic", TEXT, primary_key=True),
    Column("interaction", TEXT, primary_key=True),
    Index("waiting_interaction", "interaction"),
    rowid=False,
)
"""Whose decision is reopened by news on a topic: `handle:KEY`, `name:KEY`, `thread:ID`, `domain:HOST`."""

writes = table(
    "writes",
    metadata,
    Column("key", TEXT, primary_key=True),
    Column("connection", TEXT, nullable=False),
    Column("interaction", TEXT, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("subject", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("shard", INT, nullable=False),
    Column("due_at", INT),
    Column("attempts", INT, nullable=False),
    Column("at", INT, nullable=False),
    Column("record", TEXT, nullable=False),
    Column("created", INT, nullable=False),
    Column("problem", TEXT, nullable=False),
    Column("data", BLOB, nullable=False),
    Index(
        "writes_due",
        "connection",
        "due_at",
        "at",
        "key",
        "shard",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    Index(
        "writes_again",
        "connection",
        "attempts",
        sqlite_where=text("due_at IS NOT NULL AND attempts > 0"),
        postgresql_where=text("due_at IS NOT NULL AND attempts > 0"),
    ),
    Index("writes_interaction", "interaction"),
    Index(
        "writes_waiting",
        "problem",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    Index(
        "writes_stopped",
        "state",
        "kind",
        "at",
        sqlite_where=text("state IN ('parked', 'unclear', 'held')"),
        postgresql_where=text("state IN ('parked', 'unclear', 'held')"),
    ),
    Index(
        "writes_dropped",
        "interaction",
        sqlite_where=text("state = 'dropped'"),
        postgresql_where=text("state = 'dropped'"),
    ),
    Index("writes_kind_at", "kind", "at"),
)
"""`state`: `intended` (not sent yet, unless it is `under_way`), `sent` (no answer came: look for the key
before sending again), `done`, `parked` (the CRM refused it; `problem` has its words), `unclear` (sent, and
the CRM can't be asked whether it arrived: a person looks), `waiting` (on a write that is not done; `problem`
is its key), `held` (by a brake), `dropped` (overtaken by a fact; `problem` says which)."""

under_way = table(
    "under_way",
    metadata,
    Column("owner", TEXT, primary_key=True),
    Column("writes", BLOB, nullable=False),
)
"""Writes that are being sent to the CRM by the owner of a lease, from before the call until its answers are
kept (`ledger.under_way`). `writes`: their keys."""

reservations = table(
    "reservations",
    metadata,
    Column("connection", TEXT, primary_key=True),
    Column("subject", TEXT, primary_key=True),
    Column("write_key", TEXT, nullable=False),
    Column("record", TEXT, nullable=False),
    Column("at", INT, nullable=False),
    rowid=False,
)
"""One creating write per unknown handle; `record` is filled by its receipt."""

activities = table(
    "activities",
    metadata,
    Column("connection", TEXT, primary_key=True),
    Column("subject", TEXT, primary_key=True),
    Column("write_key", TEXT, nullable=False),
    Column("latest", TEXT, nullable=False),
    Column("fields", BLOB, nullable=False),
    rowid=False,
)
"""What is logged of an interaction (or of a conversation's day), as last intended: the write that makes the
activity, and the newest write about it."""

day_messages = table(
    "day_messages",
    metadata,
    Column("day", TEXT, primary_key=True),
    Column("interaction", TEXT, primary_key=True),
    Column("clock", TEXT, nullable=False),
    Index("day_messages_interaction", "interaction"),
    rowid=False,
)

tombstones = table(
    "tombstones",
    metadata,
    Column("connection", TEXT, primary_key=True),
    Column("key", TEXT, primary_key=True),
    Column("why", TEXT, nullable=False),
    Column("record", TEXT, nullable=False),
    Column("at", INT, nullable=False),
    rowid=False,
)

bearers = table(
    "bearers",
    metadata,
    Column("connection", TEXT, primary_key=True),
    Column("record", TEXT, primary_key=True),
    Column("key", TEXT, primary_key=True),
    Index("bearers_key", "connection", "key"),
    rowid=False,
)
"""Which handles each record of the CRM was last seen to bear: when it is gone, these are what a person
deleted, since a record that is gone tells nothing any more."""

indexes = table(
    "indexes",
    metadata,
    Column("connection", TEXT, primary_key=True),
    Column("begun_at", INT, nullable=False),
    Column("complete_at", INT),
    Column("read_at", INT, nullable=False),
    Column("changed_at", INT, nullable=False),
    Column("reading", INT, nullable=False),
    Column("swept", INT, nullable=False),
    Column("read", INT, nullable=False),
    Column("total", INT, nullable=False),
)
"""How far the address book of a CRM connection has been read. `complete_at`: when it was whole for the first
time, NULL: not yet. `read_at`: when the CRM last said that there is nothing more. `changed_at`: when a page
last brought something. `reading`: the number of the reading of everything that is going on or was the last;
`swept`: the last one that has ended. `read`, `total`: how many records it has had so far, and of how many
(-1: not told)."""

index_records = table(
    "index_records",
    metadata,
    Column("connection", TEXT, primary_key=True),
    Column("id", TEXT, primary_key=True),
    Column("reading", INT, nullable=False),
    Column("unreadable", TEXT, nullable=False),
    Column("data", BLOB, nullable=False),
    Index(
        "index_records_unreadable",
        "connection",
        "id",
        sqlite_where=text("unreadable <> ''"),
        postgresql_where=text("unreadable <> ''"),
    ),
    rowid=False,
)
"""The address-book index: contacts and leads as the CRM last told them; their handles are in `bearers`.
`unreadable`: pieces of their fields that cannot be read, one a line. `reading`: which reading of everything
was going on or was the last when they were last told."""

index_accounts = table(
    "index_accounts",
    metadata,
    Column("connection", TEXT, primary_key=True),
    Column("id", TEXT, primary_key=True),
    Column("data", BLOB, nullable=False),
    rowid=False,
)

index_account_keys = table(
    "index_account_keys",
    metadata,
    Column("connection", TEXT, primary_key=True),
    Column("key", TEXT, primary_key=True),
    Column("account", TEXT, primary_key=True),
    Index("index_account_keys_account", "connection", "account"),
    rowid=False,
)
"""How accounts are found: `host:` a domain of theirs, `base:` its registrable domain, `phone:` a number."""

account_hosts = table(
    "account_hosts",
    metadata,
    Column("connection", TEXT, primary_key=True),
    Column("host", TEXT, primary_key=True),
    rowid=False,
)
"""Domains that an account of the CRM was ever seen to have: where none has it any more, a person took the
account away, and it is not made again."""

reviews = table(
    "reviews",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("interaction", TEXT, nullable=False),
    Column("about", TEXT, nullable=False),
    Column("reason", TEXT, nullable=False),
    Column("reasons", TEXT, nullable=False),
    Column("candidates", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("opened_at", INT, nullable=False),
    Column("settled_at", INT),
    Index("reviews_subject", "interaction", "about", unique=True),
    Index("reviews_about", "about"),
    Index("reviews_open", "id", sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'")),
)

rulings = table(
    "rulings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("about", TEXT, nullable=False),
    Column("interaction", TEXT, nullable=False),
    Column("at", INT, nullable=False),
    Column("data", BLOB, nullable=False),
    Index("rulings_about", "about"),
)
"""`interaction` is empty where the ruling is remembered for the subject, else it holds for that one only."""

by_hand = table(
    "by_hand",
    metadata,
    Column("interaction", TEXT, primary_key=True),
    Column("user", TEXT, nullable=False),
    Column("at", INT, nullable=False),
)

contexts = table(
    "contexts",
    metadata,
    Column("digest", TEXT, primary_key=True),
    Column("data", BLOB, nullable=False),
)

settings_versions = table(
    "settings_versions",
    metadata,
    Column("version", TEXT, primary_key=True),
    Column("at", INT, nullable=False),
    Column("text", TEXT, nullable=False),
)

cursors = table(
    "cursors",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("cursor", TEXT, nullable=False),
    Column("at", INT, nullable=False),
)

facts = table(
    "facts",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("value", TEXT, nullable=False),
)
"""Single facts about the installation: the most contacts the CRM was seen to hold, a released brake."""

lanes = table(
    "lanes",
    metadata,
    Column("connection", TEXT, primary_key=True),
    Column("shard", INT, primary_key=True),
    Column("owner", TEXT, nullable=False),
    Column("until", INT, nullable=False),
    Column("falls", INT, nullable=False),
    Column("in_hand", TEXT, nullable=False),
    rowid=False,
)
"""Who drains which lane, and until when the lease holds (by the database's clock; on SQLite the machine's).
`owner` is empty where nobody does. `falls`: how many owners in a row were gone without giving it back;
`in_hand`: what the owner was at, where it takes one thing at a time because of these."""

connections = table(
    "connections",
    metadata,
    Column("connection", TEXT, primary_key=True),
    Column("paused_at", INT),
    Column("why", TEXT, nullable=False),
    Column("tokens", INT, nullable=False),
    Column("filled_at", INT, nullable=False),
    Column("blocked_until", INT, nullable=False),
    Column("quota", INT, nullable=False),
    Column("quota_left", INT, nullable=False),
)
"""What all workers share of a CRM connection. `paused_at`: its permission has lapsed (`why`), nothing is sent
until a person resumes it. `tokens`: thousandths of requests that may be sent at once, as of `filled_at`.
`blocked_until`: the CRM asked to be left alone. `quota`: what it said of its limit last, -1: nothing."""

credentials = table(
    "credentials",
    metadata,
    Column("connection", TEXT, primary_key=True),
    Column("key", TEXT, nullable=False),
    Column("sealed", BLOB, nullable=False),
    Column("version", INT, nullable=False),
    Column("at", INT, nullable=False),
    Column("renewing", TEXT, nullable=False),
    Column("until", INT, nullable=False),
)
"""What each CRM connection logs in with, sealed by the key of that id, which is not in the database
(`keyring`). `version` counts changes. `renewing`: the worker that is asking the vendor for newer ones, until
`until`; empty for none."""

news = table(
    "news",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", INT, nullable=False),
    Column("topics", BLOB, nullable=False),
)
"""What changed, transaction by transaction: topics as in `waiting`, and `interaction:ID`. Whoever looked up
before and decides after is told by it that what it knows is old."""
