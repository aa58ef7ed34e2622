"""Who of theirs was on which mail or meeting, page by page: what suggestions of domains are learnt from."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec
from sqlalchemy import Connection, select

from firstcontact.ledger.reading import record_of_write
from firstcontact.ledger.tables import interactions, verdicts
from firstcontact.ledger.writing import reserved
from firstcontact.planning.plan import NEW
from firstcontact.store.statements import Statement, values

KINDS = frozenset({"email", "meeting"})


class Met(msgspec.Struct, frozen=True):
    """One mail or meeting: handle keys of their people as the last decision had them, each with the CRM
    record that it came to, "" for none."""

    interaction: str
    conversation: str
    people: Mapping[str, str]


_ON = Statement(
    select(verdicts.c.interaction, verdicts.c.about, verdicts.c.verdict, verdicts.c.record).where(
        verdicts.c.interaction.in_(values("ids")), verdicts.c.about != ""
    )
)
_IN_THREADS = Statement(
    select(interactions.c.conversation, verdicts.c.about, verdicts.c.record)
    .join(verdicts, verdicts.c.interaction == interactions.c.id)
    .where(interactions.c.conversation.in_(values("names")), verdicts.c.record != "")
)


Place = tuple[int, str]
"""The time and the id of the last interaction that was gone through."""


def met(
    tx: Connection, connection: str, after: Place, most: int = 500
) -> tuple[tuple[Met, ...], Place | None]:
    """Mails and meetings with a decision among the interactions behind a place, at most so many, in order of
    time; and the place behind them, None at the end."""
    at, id = after
    query = (
        select(interactions.c.at, interactions.c.id, interactions.c.kind, interactions.c.conversation)
        .where((interactions.c.at > at) | ((interactions.c.at == at) & (interactions.c.id > id)))
        .order_by(interactions.c.at, interactions.c.id)
        .limit(most)
    )
    rows = tx.execute(query).all()
    if not rows:
        return (), None
    names = {row.id: row.conversation for row in rows if row.kind in KINDS}
    people = _people(tx, connection, names)
    found = tuple(Met(id, name, people[id]) for id, name in names.items() if id in people)
    return found, (rows[-1].at, rows[-1].id)


def _people(tx: Connection, connection: str, ids: Collection[str]) -> dict[str, dict[str, str]]:
    rows = _ON.rows(tx, ids=ids)
    creating = {about for _, about, verdict, _ in rows if verdict == "create"}
    made = {key: record for key, (_, record) in reserved(tx, connection, creating).items()}
    pending = {record.removeprefix(NEW) for _, _, _, record in rows if record.startswith(NEW)}
    written = record_of_write(tx, sorted(pending))
    found: dict[str, dict[str, str]] = {}
    for interaction, about, verdict, record in rows:
        if record.startswith(NEW):
            record = written.get(record.removeprefix(NEW), "")
        found.setdefault(interaction, {})[about] = made.get(about, "") if verdict == "create" else record
    return found


def in_threads(tx: Connection, names: Collection[str]) -> dict[str, dict[str, str]]:
    """For each conversation the handle keys of whoever was linked in it, with their records."""
    found: dict[str, dict[str, str]] = {}
    for name, about, record in _IN_THREADS.rows(tx, names=names):
        if about and not record.startswith(NEW):
            found.setdefault(name, {})[about] = record
    return found
