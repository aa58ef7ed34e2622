"""The ledger's tables about what is done to people in the CRM beyond creating and linking them: roles, values
that were observed and written, merges, what was taken back, who was erased. Part of `tables.metadata`.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer

from firstcontact.ledger.tables import metadata as metadata
from firstcontact.store.columns import BLOB, INT, TEXT, table

roles_seen = table(
    "roles_seen",
    metadata,
    Column("connection", TEXT, primary_key=True),
    Column("opportunity", TEXT, primary_key=True),
    Column("contact", TEXT, primary_key=True),
    Index("roles_seen_contact", "connection", "contact"),
    rowid=False,
)
"""Every contact role that a look-up has shown or that we made: one that is here and not in the CRM any more
was taken away by a person, and is not made again (SPEC §7)."""

roles_intended = table(
    "roles_intended",
    metadata,
    Column("connection", TEXT, primary_key=True),
    Column("opportunity", TEXT, primary_key=True),
    Column("write_key", TEXT, primary_key=True),
    Column("contact", TEXT, nullable=False),
    rowid=False,
)
"""Every contact role that was decided to be made, by its write. `contact`: the record's id, or `new:` and the
key of the write that makes it. While the write is under way, whoever decides next counts the role as made."""

observed = table(
    "observed",
    metadata,
    Column("key", TEXT, primary_key=True),
    Column("field", TEXT, primary_key=True),
    Column("value", TEXT, nullable=False),
    Column("source", TEXT, nullable=False),
    Column("interaction", TEXT, nullable=False),
    Column("at", INT, nullable=False),
    Index("observed_value", "value"),
    rowid=False,
)
"""The newest value of each field that was observed for a handle (`policy.known.ObservedValue`); an older
interaction never overwrites what a newer one said. Names are in `names`."""

enriched = table(
    "enriched",
    metadata,
    Column("connection", TEXT, primary_key=True),
    Column("record", TEXT, primary_key=True),
    Column("field", TEXT, primary_key=True),
    Column("write_key", TEXT, primary_key=True),
    Column("value", TEXT, nullable=False),
    Column("before", TEXT, nullable=False),
    Column("mode", TEXT, nullable=False),
    Column("source", TEXT, nullable=False),
    Column("interaction", TEXT, nullable=False),
    Column("observed_at", INT, nullable=False),
    Column("at", INT, nullable=False),
    Index("enriched_write", "write_key"),
    rowid=False,
)
"""Provenance of every value that we wrote into a field of a record: from which interaction, when it was said
and written, and what stood there before (SPEC §8)."""

merges = table(
    "merges",
    metadata,
    Column("write_key", TEXT, primary_key=True),
    Column("connection", TEXT, nullable=False),
    Column("survivor", TEXT, nullable=False),
    Column("loser", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("by", TEXT, nullable=False),
    Column("at", INT, nullable=False),
    Column("evidence", TEXT, nullable=False),
    Column("why", TEXT, nullable=False),
    Column("journal", BLOB),
    Index("merges_pair", "connection", "loser", "survivor"),
    Index("merges_survivor", "connection", "survivor"),
    Index("merges_state", "state", "at"),
)
"""Pairs of records that are one person. `state`: `suggested`, `asked` (a person has to say so), `intended`,
`done`, `refused` (a person said that they are two: never again), `undone`. `evidence`: names of reasons,
separated by spaces. `why`: what keeps it from being merged by itself. `journal`: both records, and what of
ours pointed at the loser, from before the merge."""

domain_rulings = table(
    "domain_rulings",
    metadata,
    Column("connection", TEXT, primary_key=True),
    Column("host", TEXT, primary_key=True),
    Column("account", TEXT, primary_key=True),
    Column("base", TEXT, nullable=False),
    Column("known_by", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("by", TEXT, nullable=False),
    Column("at", INT, nullable=False),
    Index("domain_rulings_account", "connection", "account"),
    Index("domain_rulings_base", "connection", "base"),
    rowid=False,
)
"""Secondary domains of accounts that an admin said (`state` `added`), or said not to be theirs (`refused`).
`base`: the registrable domain of `host`. `known_by`: a domain that the CRM finds the account by."""

undone = table(
    "undone",
    metadata,
    Column("write_key", TEXT, primary_key=True),
    Column("by_write", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("why", TEXT, nullable=False),
    Column("by", TEXT, nullable=False),
    Column("at", INT, nullable=False),
    Index("undone_by", "by_write"),
)
"""Writes that a person took back. `by_write`: key of the write that does it, "" where nothing is to be
written. `state`: `intended`, `done`, `left` (`why` says what keeps it as it is)."""

erased = table(
    "erased",
    metadata,
    Column("hash", TEXT, primary_key=True),
    Column("at", INT, nullable=False),
    rowid=False,
)
"""Handles of people who were erased, as keyed hashes (`keyring`): all that is kept of them (SPEC §10)."""

engagements = table(
    "engagements",
    metadata,
    Column("interaction", TEXT, primary_key=True),
    Column("at", INT, nullable=False),
    Column("user", TEXT, nullable=False),
    Column("settings_version", TEXT, nullable=False),
    Column("outline", INT, nullable=False),
    Index("engagements_at", "at", "interaction"),
    Index("engagements_user", "user", "at", "interaction"),
    Index("engagements_settings", "settings_version", "at", "interaction"),
    Index("engagements_outline", "outline", "at", "interaction"),
    rowid=False,
)
"""What the engagement log is searched by: each decided interaction as its last decision left it. `at`: when
it took place. `user`: whose it is. `outline`: which of `outlines` it has."""

outlines = table(
    "outlines",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("words", TEXT, nullable=False, unique=True),
)
"""What decisions came to, without whom: `kind:call activity:log verdict:create rule:unknown_contact:create`,
each word once, sorted, separated by spaces; `was:NAME` is a reason of an earlier decision only. There are few
of them, and many interactions of each."""
