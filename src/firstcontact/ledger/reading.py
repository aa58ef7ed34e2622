"""What people ask the ledger: counts, lists, the story of one person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, func, literal_column, select

from firstcontact.interactions.model import Interaction, decode
from firstcontact.ledger import deciding, roles, under_way, undoing
from firstcontact.ledger.tables import (
    activities,
    decisions,
    deliveries,
    interactions,
    participants,
    rejections,
    reviews,
    verdicts,
    writes,
)
from firstcontact.ledger.undoing import Undone
from firstcontact.planning.plan import NEW
from firstcontact.planning.write import Write
from firstcontact.policy.decision import Decision
from firstcontact.policy.known import CrmContext, Known
from firstcontact.store.statements import CHUNK, Statement, chunks, values

_write_decoder = msgspec.msgpack.Decoder(Write)
_decision_decoder = msgspec.msgpack.Decoder(Decision)
_known_decoder = msgspec.msgpack.Decoder(Known)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over the whole ledger.

    activities: those that we logged and did not take away again. contacts: in the CRM, as far as it tells
    cheaply (-1: not known). created: contacts that we ever made.
    waiting: open questions. verdicts: of people, by verdict; activities of the interactions under
    `activity_verdicts`. reasons: how often each reason stands in the last decisions; decisive: how often
    it decided that somebody was not created.
    """

    deliveries: int
    rejected: int
    interactions: int
    activities: int
    contacts: int
    created: int
    waiting: int
    verdicts: dict[str, int]
    activity_verdicts: dict[str, int]
    reasons: dict[str, int]
    decisive: dict[str, int]
    kinds: dict[str, int]
    parked: int
    held: int
    due: int
    rejections: dict[str, int]


def report(tx: Connection, contacts: int) -> Report:
    """Counts over the whole ledger; `contacts` as the CRM says."""
    people: Counter[str] = Counter()
    logged: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    decisive: Counter[str] = Counter()
    # A bound value would be another in SELECT than in GROUP BY to PostgreSQL.
    of_person = verdicts.c.about != literal_column("''")
    query = select(
        verdicts.c.verdict, of_person, verdicts.c.reasons, verdicts.c.decisive, func.count()
    ).group_by(verdicts.c.verdict, of_person, verdicts.c.reasons, verdicts.c.decisive)
    for verdict, is_person, names, deciding_names, count in tx.execute(query):
        (people if is_person else logged)[verdict] += count
        for name in names.split():
            reasons[name] += count
        if is_person and verdict in ("leave", "ask"):
            for name in deciding_names.split():
                decisive[name] += count
    states = dict(_pairs(tx, select(writes.c.state, func.count()).group_by(writes.c.state)))
    return Report(
        deliveries=_count(tx, deliveries.c.id),
        rejected=_count(tx, rejections.c.id),
        interactions=_count(tx, interactions.c.id),
        activities=_count(tx, activities.c.subject) - _taken_away(tx),
        contacts=contacts,
        created=int(
            tx.scalar(
                select(func.count()).where(
                    writes.c.kind == "create_contact", writes.c.state == "done", writes.c.created == 1
                )
            )
            or 0
        ),
        waiting=int(tx.scalar(select(func.count()).where(reviews.c.state == "open")) or 0),
        verdicts=dict(people.most_common()),
        activity_verdicts=dict(logged.most_common()),
        reasons=dict(reasons.most_common()),
        decisive=dict(decisive.most_common()),
        kinds=dict(_pairs(tx, select(interactions.c.kind, func.count()).group_by(interactions.c.kind))),
        parked=states.get("parked", 0) + states.get("unclear", 0),
        held=states.get("held", 0),
        due=int(tx.scalar(select(func.count()).where(interactions.c.due_at.is_not(None))) or 0),
        rejections=dict(_pairs(tx, select(rejections.c.reason, func.count()).group_by(rejections.c.reason))),
    )


def _count(tx: Connection, column: object) -> int:
    return int(tx.scalar(select(func.count(column))) or 0)  # type: ignore[arg-type]


def _taken_away(tx: Connection) -> int:
    """How many activities we have deleted and still know: those of people who were erased."""
    deleted = select(writes.c.record).where(
        writes.c.kind == "delete_activity",
        writes.c.state == "done",
        writes.c.subject.not_like("undo %"),  # what a person took back is not known any more
    )
    if tx.execute(deleted.limit(1)).first() is None:  # as nearly always: no activity is looked at
        return 0
    logged = select(func.count()).select_from(activities).join(writes, writes.c.key == activities.c.write_key)
    return int(tx.scalar(logged.where(writes.c.record.in_(deleted))) or 0)


def _pairs(tx: Connection, query: object) -> list[tuple[str, int]]:
    return [(str(row[0]), int(row[1])) for row in tx.execute(query)]  # type: ignore[call-overload]


class Stored(NamedTuple):
    """A decided interaction as its rows have it: the interaction, its last decision, and what that was made
    from (None: erased), each encoded, and the digest of its context."""

    id: str
    at: int
    interaction: bytes
    decision: bytes
    known: bytes | None
    context: str


_LAST = (
    select(func.max(decisions.c.id))
    .where(decisions.c.interaction.in_(values("ids")))
    .group_by(decisions.c.interaction)
)
_LAST_OF = Statement(
    select(decisions.c.interaction, decisions.c.data, decisions.c.known, decisions.c.context).where(
        decisions.c.id.in_(_LAST)
    )
)


def stored(
    tx: Connection, since: int, until: int, page: int = CHUNK, *, only: Container[str] | None = None
) -> Iterator[list[Stored]]:
    """Decided interactions of a span, in pages, in order of time; only the page is in memory.

    page: at most CHUNK. only: ids of those that are wanted; None: all.
    """
    for rows in _pages(tx, since, until, page):
        yield _with_last(tx, [row for row in rows if only is None or row.id in only])


_WITH = Statement(
    select(interactions.c.at, interactions.c.id)
    .join(participants, participants.c.interaction == interactions.c.id)
    .where(participants.c.key.in_(values("keys")))
)
_DATA = Statement(
    select(interactions.c.at, interactions.c.id, interactions.c.data).where(
        interactions.c.id.in_(values("ids"))
    )
)


def stored_with(tx: Connection, keys: Collection[str], since: int, until: int) -> Iterator[list[Stored]]:
    """Decided interactions of a span with one of these handle keys on them, each once, in pages, in order of
    time; beside the page only ids are in memory."""
    found = {(row.at, row.id) for row in _WITH.rows(tx, keys=keys) if since <= row.at < until}
    for some in chunks(sorted(found)):
        rows = {row.id: row for row in _DATA.rows(tx, ids=[id for _, id in some])}
        yield _with_last(tx, [rows[id] for _, id in some if id in rows])


def _with_last(tx: Connection, rows: Sequence[Any]) -> list[Stored]:
    """With the last decision on each; those that are not decided are left out."""
    last = {found[0]: found for found in _LAST_OF.rows(tx, ids=[row.id for row in rows])}
    return [Stored(row.id, row.at, row.data, *last[row.id][1:]) for row in rows if row.id in last]


def decided(
    tx: Connection,
    since: int,
    until: int,
    page: int = CHUNK,
    *,
    only: Container[str] | None = None,
) -> Iterator[tuple[Interaction, Decision, Known | None]]:
    """Decided interactions of a span with their last decision and what it was made from, in order of time.

    only: ids of those that are wanted; None: all.
    """
    read = Contexts(tx)
    for rows in stored(tx, since, until, page, only=only):
        for row in rows:
            yield decode(row.interaction), _decision_decoder.decode(row.decision), read.known(row)


def facts(tx: Connection, since: int, until: int, page: int = 2000) -> Iterator[list[bytes]]:
    """The interactions of a span, encoded, in pages, in order of time; only the page is in memory."""
    for rows in _pages(tx, since, until, page):
        yield [row.data for row in rows]


def _pages(tx: Connection, since: int, until: int, page: int) -> Iterator[Sequence[Any]]:
    """Time, id and data of the interactions of a span, in pages, in order of time."""
    at, id = since, ""
    while True:
        query = (
            select(interactions.c.at, interactions.c.id, interactions.c.data)
            .where(
                (interactions.c.at > at) | ((interactions.c.at == at) & (interactions.c.id > id)),
                interactions.c.at < until,
            )
            .order_by(interactions.c.at, interactions.c.id)
            .limit(page)
        )
        rows = tx.execute(query).all()
        if not rows:
            return
        yield rows
        at, id = rows[-1].at, rows[-1].id


def count(tx: Connection, since: int, until: int) -> int:
    """How many interactions there are in a span."""
    query = select(func.count()).where(interactions.c.at >= since, interactions.c.at < until)
    return int(tx.scalar(query.select_from(interactions)) or 0)


class Contexts:
    """Reads what decisions were made from, each context once."""

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._contexts: dict[str, CrmContext] = {}

    def known(self, row: Stored) -> Known | None:
        """What the last decision was made from, None where it was erased."""
        if row.known is None:
            return None
        context = self._contexts.get(row.context)
        if context is None:
            context = self._contexts[row.context] = deciding.context_of(self._tx, row.context)
        return msgspec.structs.replace(_known_decoder.decode(row.known), crm=context)


def decision_of(row: Stored) -> Decision:
    """The last decision."""
    return _decision_decoder.decode(row.decision)


def made_contacts(
    tx: Connection, since: int = 0, until: int = 2**62, page: int = 2000
) -> Iterator[tuple[str, str, str]]:
    """Ids of the contacts that we made (not adopted ones) because of an interaction of the span, each with
    the interaction and whom it was made for (a handle key); and, as `new:WRITE KEY`, of all that were about
    to be made. Only a page is in memory."""
    for rows in _written(tx, "create_contact", since, until, page):
        for row in rows:
            yield NEW + row.key, row.interaction, row.subject
            if row.state == "done" and row.created:
                yield row.record, row.interaction, row.subject


def made_roles(
    tx: Connection, since: int = 0, until: int = 2**62, page: int = 2000
) -> Iterator[tuple[str, str, str]]:
    """The contact roles that we made, or were about to, because of an interaction of the span: opportunity,
    contact and interaction. A contact that we made is named by its id and as `new:WRITE KEY`. Only a page is
    in memory."""
    for rows in _written(tx, "contact_role", since, until, page):
        given = [
            (*role, row.interaction)
            for row in rows
            if row.created or row.state not in ("done", "dropped")
            if (role := roles.role_of(_write_decoder.decode(row.data))) is not None
        ]
        made = roles.contacts_made(tx, {contact for _, contact, _ in given})
        for opportunity, contact, interaction in given:
            yield opportunity, contact, interaction
            if made[contact] != contact:
                yield opportunity, made[contact], interaction


def _written(tx: Connection, kind: str, since: int, until: int, page: int) -> Iterator[list[Any]]:
    """Writes of a kind because of an interaction of the span, in pages, in the order of their intents."""
    at, key = -1, ""
    columns = (writes.c.at, writes.c.key, writes.c.state, writes.c.created, writes.c.record, writes.c.subject)
    data = (writes.c.data,) if kind == "contact_role" else ()
    while True:
        query = (
            select(*columns, *data, writes.c.interaction, interactions.c.at.label("happened"))
            .join(interactions, interactions.c.id == writes.c.interaction)
            .where(
                writes.c.kind == kind,
                writes.c.at >= at,
                (writes.c.at > at) | (writes.c.key > key),
            )
            .order_by(writes.c.at, writes.c.key)
            .limit(page)
        )
        rows = tx.execute(query).all()
        if not rows:
            return
        yield [row for row in rows if since <= row.happened < until]
        at, key = rows[-1].at, rows[-1].key


class Undecided(msgspec.Struct, frozen=True):
    """An interaction that is to be decided: when, None where a person has to look; how often it was tried in
    vain; why it was set aside."""

    due_at: int | None
    attempts: int
    problem: str


def undecided(tx: Connection, id: str) -> Undecided | None:
    """How it stands with an interaction that is to be decided (again), None where it is not."""
    query = select(interactions.c.due_at, interactions.c.attempts, interactions.c.problem)
    row = tx.execute(query.where(interactions.c.id == id)).one_or_none()
    if row is None or (row.due_at is None and not row.problem):
        return None
    return Undecided(row.due_at, row.attempts, row.problem)


def interactions_of(tx: Connection, key: str, limit: int = 200) -> tuple[Interaction, ...]:
    """Interactions that a handle took part in, newest first."""
    query = (
        select(interactions.c.data)
        .join(participants, participants.c.interaction == interactions.c.id)
        .where(participants.c.key == key)
        .order_by(interactions.c.at.desc())
        .limit(limit)
    )
    return tuple(decode(data) for data in tx.scalars(query))


class WriteRow(msgspec.Struct, frozen=True):
    """A write with its state, for people. undone: where a person took it back."""

    write: Write
    state: str
    record: str
    created: bool
    problem: str
    at: int
    attempts: int
    undone: Undone | None = None


def writes_of(tx: Connection, interaction: str) -> tuple[WriteRow, ...]:
    """The writes of an interaction, oldest first."""
    sent = under_way.keys(tx)
    query = select(writes).where(writes.c.interaction == interaction).order_by(writes.c.at, writes.c.key)
    rows = tuple(_row(row, sent) for row in tx.execute(query))
    undone = undoing.of(tx, [row.write.key for row in rows])
    return tuple(msgspec.structs.replace(row, undone=undone.get(row.write.key)) for row in rows)


def stuck(tx: Connection, limit: int = 1000) -> tuple[WriteRow, ...]:
    """Writes that can't go on by themselves: parked, unclear, or held by a brake."""
    states = ("parked", "unclear", "held")
    query = select(writes).where(writes.c.state.in_(states)).order_by(writes.c.at).limit(limit)
    return tuple(_row(row) for row in tx.execute(query))


def _row(row: object, sent: Collection[str] = ()) -> WriteRow:
    get = row._mapping  # type: ignore[attr-defined]
    return WriteRow(
        _write_decoder.decode(get["data"]),
        under_way.as_sent(get["state"], get["key"], sent),
        get["record"],
        bool(get["created"]),
        get["problem"],
        get["at"],
        get["attempts"],
    )


def record_of_write(tx: Connection, keys: list[str]) -> dict[str, str]:
    """The record that each write made, for ids of the form `new:KEY`."""
    found: dict[str, str] = {}
    for chunk in chunks(keys):
        query = select(writes.c.key, writes.c.record).where(writes.c.key.in_(chunk))
        found.update((key, record) for key, record in tx.execute(query))
    return found


class RejectionRow(msgspec.Struct, frozen=True):
    """Something delivered that was no interaction, with why."""

    place: str
    reason: str
    detail: str
    at: int


def rejected(tx: Connection, limit: int = 1000) -> tuple[RejectionRow, ...]:
    """What could not be read, newest first."""
    query = select(rejections).order_by(rejections.c.id.desc()).limit(limit)
    return tuple(RejectionRow(r.place, r.reason, r.detail, r.at) for r in tx.execute(query))


def causing(tx: Connection, record: str) -> str:
    """The interaction that caused us to make this contact, "" where we did not make it."""
    query = select(writes.c.interaction).where(
        writes.c.kind == "create_contact", writes.c.record == record, writes.c.created == 1
    )
    return tx.scalar(query) or ""


def ours_seen(tx: Connection, addresses: list[str], domains: list[str]) -> int:
    """How many mails were sent by one of these addresses or domains; 0 says that Sent is missing."""
    email = interactions.c.kind == "email"
    count = 0
    for chunk in chunks(addresses):
        query = select(func.count()).where(email, interactions.c.senders.in_(chunk))
        count += int(tx.scalar(query) or 0)
    for domain in domains:
        query = select(func.count()).where(email, interactions.c.senders.like(f"%@{domain}"))
        count += int(tx.scalar(query) or 0)
    return count
