"""Tables for contact roles, enrichment, merges, undo, secondary domains and erasing."""

from __future__ import annotations

from typing import Any

import msgspec
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
    op.create_index("roles_seen_contact", "roles_seen", ["connection", "contact"])
    op.create_table(
        "roles_intended",
        sa.Column("connection", sa.Text(), primary_key=True, nullable=False),
        sa.Column("opportunity", sa.Text(), primary_key=True, nullable=False),
        sa.Column("write_key", sa.Text(), primary_key=True, nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
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
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("journal", sa.LargeBinary()),
        sqlite_strict=True,
    )
    op.create_index("merges_pair", "merges", ["connection", "loser", "survivor"])
    op.create_index("merges_survivor", "merges", ["connection", "survivor"])
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
    _engagements()


def _engagements() -> None:
    op.create_table(
        "engagements",
        sa.Column("interaction", sa.Text(), primary_key=True, nullable=False),
        sa.Column("at", _INT, nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("settings_version", sa.Text(), nullable=False),
        sa.Column("outline", _INT, nullable=False),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outlines",
        sa.Column("id", sa.Integer(), primary_key=True, nullable=False),
        sa.Column("words", sa.Text(), nullable=False, unique=True),
        sqlite_strict=True,
    )
    fill(op.get_bind())
    op.create_index("engagements_at", "engagements", ["at", "interaction"])
    op.create_index("engagements_user", "engagements", ["user", "at", "interaction"])
    op.create_index("engagements_settings", "engagements", ["settings_version", "at", "interaction"])
    op.create_index("engagements_outline", "engagements", ["outline", "at", "interaction"])
    op.create_index(
        "writes_dropped",
        "writes",
        ["interaction"],
        sqlite_where=sa.text("state = 'dropped'"),
        postgresql_where=sa.text("state = 'dropped'"),
    )
    for table, columns in (("interactions", ["attempts"]), ("writes", ["connection", "attempts"])):
        op.create_index(
            f"{table}_again",
            table,
            columns,
            sqlite_where=sa.text("due_at IS NOT NULL AND attempts > 0"),
            postgresql_where=sa.text("due_at IS NOT NULL AND attempts > 0"),
        )
    op.create_index("names_last", "names", ["last", "first"])
    op.create_index("day_messages_interaction", "day_messages", ["interaction"])
    op.create_index("decisions_settings", "decisions", ["settings_version", "interaction"])
    op.create_index(
        "verdicts_record",
        "verdicts",
        ["record"],
        sqlite_where=sa.text("record <> ''"),
        postgresql_where=sa.text("record <> ''"),
    )


def _words(decision: dict[str, Any], kind: str) -> str:
    """As `ledger.engagement.outline` has it."""
    said = {f"kind:{kind}", f"activity:{decision.get('activity', '')}"}
    said.update(f"verdict:{person['verdict']}" for person in decision.get("people", ()))
    said.update(f"rule:{reason['name']}" for reason in decision.get("trace", ()))
    return " ".join(sorted(said))


_THOUSAND = "SELECT id FROM interactions WHERE id > :after ORDER BY id LIMIT 1000"
_DECIDED = sa.text(
    "SELECT d.interaction, i.at, i.kind, d.settings_version, d.data FROM decisions d"
    " JOIN interactions i ON i.id = d.interaction WHERE d.id IN (SELECT max(e.id) FROM decisions e"
    f" WHERE e.interaction IN ({_THOUSAND}) GROUP BY e.interaction)"
)
_LAST = sa.text(f"SELECT max(id) FROM ({_THOUSAND}) x")
_KEEP = sa.text(
    'INSERT INTO engagements (interaction, at, "user", settings_version, outline)'
    " VALUES (:interaction, :at, :user, :version, :outline)"
)
_NAME = sa.text("INSERT INTO outlines (id, words) VALUES (:id, :words)")
_GO_ON = sa.text("SELECT setval(pg_get_serial_sequence('outlines', 'id'), :last)")


def fill(bind: sa.Connection) -> None:
    """The last decisions there are, so that what was decided before is found, too; in bounded memory."""
    outlines: dict[str, int] = {}
    after = ""
    while True:
        rows = []
        for interaction, at, kind, version, data in bind.execute(_DECIDED, {"after": after}):
            decision = msgspec.msgpack.decode(bytes(data))
            outline = outlines.setdefault(_words(decision, kind), len(outlines) + 1)
            row = {"interaction": interaction, "at": at, "user": decision.get("user", "")}
            rows.append({**row, "version": version, "outline": outline})
        if rows:
            bind.execute(_KEEP, rows)
        after = bind.scalar(_LAST, {"after": after}) or ""
        if not after:
            break
    if outlines:
        bind.execute(_NAME, [{"id": id, "words": words} for words, id in outlines.items()])
        if bind.dialect.name == "postgresql":
            bind.execute(_GO_ON, {"last": len(outlines)})
