"""What deciding needs to know of the past, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection, Integer, bindparam, delete, func, select

from firstcontact.identity.records import Record
from firstcontact.ledger import duplicates
from firstcontact.ledger.tables import (
    account_hosts,
    bearers,
    by_hand,
    contexts,
    decisions,
    facts,
    interactions,
    rulings,
    settings_versions,
    tombstones,
    verdicts,
    waiting,
    writes,
)
from firstcontact.policy.decision import Decision, Reason
from firstcontact.policy.known import NO_CRM, CrmContext, Known, Ruling, ThreadMessage
from firstcontact.store.statements import Statement, Values, chunks, insert, insert_new, upsert, values

THREAD_LIMIT = 40
"""Messages of one thread that a decision looks at: enough to see who wrote, bounded for lists."""

_encoder = msgspec.msgpack.Encoder()
_known_decoder = msgspec.msgpack.Decoder(Known)
_decision_decoder = msgspec.msgpack.Decoder(Decision)
_ruling_decoder = msgspec.msgpack.Decoder(Ruling)
_context_decoder = msgspec.msgpack.Decoder(CrmContext)


class Decided(msgspec.Struct, frozen=True):
    """A decision with what it was made from."""

    decision: Decision
    known: Known
    context: str


_LINKED_IN_THREADS = Statement(
    select(verdicts.c.interaction, verdicts.c.record)
    .join(interactions, interactions.c.id == verdicts.c.interaction)
    .where(interactions.c.conversation.in_(values("names")), verdicts.c.record != "")
)
_THREADS = Statement(
    select(interactions.c.conversation, interactions.c.id, interactions.c.senders, interactions.c.automated)
    .where(interactions.c.conversation.in_(values("names")))
    .order_by(interactions.c.at)
)


def threads(tx: Connection, names: Collection[str]) -> Mapping[str, tuple[tuple[str, ThreadMessage], ...]]:
    """For each conversation its messages as (interaction id, facts), oldest first, at most THREAD_LIMIT."""
    found: dict[str, list[tuple[str, ThreadMessage]]] = {}
    linked: dict[str, list[str]] = {}
    for interaction, record in _LINKED_IN_THREADS.rows(tx, names=names):
        linked.setdefault(interaction, []).append(record)
    for conversation, id, senders, automated in _THREADS.rows(tx, names=names):
        thread = found.setdefault(conversation, [])
        if len(thread) < THREAD_LIMIT:
            message = ThreadMessage(
                tuple(senders.split()), bool(automated), tuple(sorted(linked.get(id, ())))
            )
            thread.append((id, message))
    return {name: tuple(thread) for name, thread in found.items()}


_SUPPRESSED = Statement(
    select(tombstones.c.key, tombstones.c.why).where(
        tombstones.c.connection == bindparam("of"), tombstones.c.key.in_(values("keys"))
    )
)


def suppressed(tx: Connection, connection: str, keys: Collection[str]) -> dict[str, str]:
    """Handles that must not be made again: key to `deleted`, `erased`, or `removed` by a person's undo."""
    return dict(_SUPPRESSED.rows(tx, of=connection, keys=keys))


def bury(tx: Connection, connection: str, key: str, why: str, record: str, at: int) -> None:
    """Remember that a person deleted (or had erased) the contact of a handle: it is never made again."""
    row = {"connection": connection, "key": key, "why": why, "record": record, "at": at}
    if why == "deleted":  # what we took away for a person, or erased, is gone, too, and stays what it was
        insert_new(tx, tombstones, [row])
    else:
        upsert(tx, tombstones, [row])


_NO_LONGER_BEAR = Statement(
    delete(bearers).where(bearers.c.connection == bindparam("of"), bearers.c.record.in_(values("records")))
)


def bears(tx: Connection, connection: str, records: Iterable[Record]) -> None:
    """Remember which handles these records bear now."""
    seen = {record.id: {handle.key for handle in record.handles} for record in records}
    _NO_LONGER_BEAR.run(tx, of=connection, records=seen)
    insert_new(
        tx,
        bearers,
        [
            {"connection": connection, "record": record, "key": key}
            for record, keys in seen.items()
            for key in keys
        ],
    )


_BEARERS = Statement(
    select(bearers.c.key, bearers.c.record)
    .where(bearers.c.connection == bindparam("of"), bearers.c.key.in_(values("keys")))
    .order_by(bearers.c.record)
)


def bearers_of(tx: Connection, connection: str, keys: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Records that the change feed has shown with these handles, by handle."""
    found: dict[str, tuple[str, ...]] = {}
    for key, record in _BEARERS.rows(tx, of=connection, keys=keys):
        found[key] = (*found.get(key, ()), record)
    return found


def see_accounts(tx: Connection, connection: str, hosts: Iterable[str]) -> None:
    """Remember that an account of the CRM has these domains."""
    insert_new(tx, account_hosts, [{"connection": connection, "host": host} for host in set(hosts)])


_HOSTS = Statement(
    select(account_hosts.c.host).where(
        account_hosts.c.connection == bindparam("of"), account_hosts.c.host.in_(values("hosts"))
    )
)


def hosts_seen(tx: Connection, connection: str, hosts: Collection[str]) -> frozenset[str]:
    """Those of these domains that an account was ever seen to have."""
    return frozenset(host for (host,) in _HOSTS.rows(tx, of=connection, hosts=hosts))


_BORNE = Statement(
    select(bearers.c.key, bearers.c.record).where(
        bearers.c.connection == bindparam("of"), bearers.c.record.in_(values("records"))
    )
)


def bury_gone(tx: Connection, connection: str, records: Collection[str], at: int) -> frozenset[str]:
    """These records are gone from the CRM: whoever they bore is not made again (SPEC §4 `suppressed`).
    Returns the handle keys that they bore."""
    buried: set[str] = set()
    merged = duplicates.into(tx, connection, records)
    if merged:  # by us: nobody has deleted anybody
        _NO_LONGER_BEAR.run(tx, of=connection, records=merged)
    left = [record for record in records if record not in merged]
    for key, record in _BORNE.rows(tx, of=connection, records=left):
        bury(tx, connection, key, "deleted", record, at)
        buried.add(key)
    _NO_LONGER_BEAR.run(tx, of=connection, records=left)
    return frozenset(buried)


def remember_ruling(tx: Connection, ruling: Ruling, interaction: str) -> None:
    """Keep a ruling; `interaction` empty: for the subject wherever it comes up again."""
    tx.execute(
        rulings.insert(),
        {
            "about": ruling.about,
            "interaction": interaction,
            "at": ruling.at,
            "data": msgspec.msgpack.encode(ruling),
        },
    )


_RULINGS = Statement(
    select(rulings.c.about, rulings.c.interaction, rulings.c.data)
    .where(rulings.c.about.in_(values("abouts")))
    .order_by(rulings.c.id)
)


def rulings_on(tx: Connection, abouts: Collection[str]) -> dict[tuple[str, str], Ruling]:
    """The newest ruling for each (subject, interaction); interaction "" where it is remembered for all."""
    found: dict[tuple[str, str], Ruling] = {}
    for about, interaction, data in _RULINGS.rows(tx, abouts=abouts):
        found[(about, interaction)] = _ruling_decoder.decode(data)
    return found


def set_by_hand(tx: Connection, interaction: str, user: str, at: int) -> None:
    """A user logs this interaction by hand."""
    upsert(tx, by_hand, [{"interaction": interaction, "user": user, "at": at}])


_BY_HAND = Statement(
    select(by_hand.c.interaction, by_hand.c.user).where(by_hand.c.interaction.in_(values("ids")))
)


def logged_by_hand(tx: Connection, ids: Collection[str]) -> dict[str, str]:
    """Which of these interactions a user logged by hand, and who."""
    return dict(_BY_HAND.rows(tx, ids=ids))


def keep_context(tx: Connection, digest: str, context: CrmContext) -> None:
    """Keep what is the same for many decisions, once."""
    insert_new(tx, contexts, [{"digest": digest, "data": msgspec.msgpack.encode(context)}])


def settings_text(tx: Connection, version: str) -> str:
    """The settings of a version as they were written, "" where it was never kept."""
    text: str | None = tx.scalar(
        select(settings_versions.c.text).where(settings_versions.c.version == version)
    )
    return text or ""


def keep_settings(tx: Connection, version: str, text: str, at: int) -> None:
    """Keep a version of the settings, as written."""
    insert_new(tx, settings_versions, [{"version": version, "at": at, "text": text}])


_FORGET = [
    Statement(delete(table).where(table.c.interaction.in_(values("ids")))) for table in (verdicts, waiting)
]


def keep(tx: Connection, decided: Sequence[Decided]) -> None:
    """Add decisions with their `known`; their verdicts and topics replace those of earlier ones."""
    ids = [each.decision.interaction for each in decided]
    for forget in _FORGET:
        forget.run(tx, ids=ids)
    rows: list[Values] = []
    said: list[Values] = []
    topics: list[Values] = []
    for each in decided:
        decision = each.decision
        rows.append(
            {
                "interaction": decision.interaction,
                "at": decision.at,
                "settings_version": decision.settings_version,
                "context": each.context,
                "data": _encoder.encode(decision),
                "known": _encoder.encode(msgspec.structs.replace(each.known, crm=NO_CRM)),
            }
        )
        said.extend(_verdict_rows(decision))
        wanted = {topic for person in decision.people for topic in person.waits_for}
        wanted.update(decision.waits_for)
        topics.extend({"topic": topic, "interaction": decision.interaction} for topic in wanted)
    insert(tx, decisions, rows)
    insert_new(tx, verdicts, said)
    insert_new(tx, waiting, topics)


def _verdict_rows(decision: Decision) -> list[Values]:
    by_subject: dict[str, list[Reason]] = {}
    for reason in decision.trace:
        by_subject.setdefault(reason.about, []).append(reason)
    rows = [_verdict_row(decision, "", decision.activity, "", by_subject.get("", []))]
    rows.extend(
        _verdict_row(decision, each.about, each.verdict, each.record, by_subject.get(each.about, []))
        for each in decision.people
    )
    return rows


def _verdict_row(decision: Decision, about: str, verdict: str, record: str, reasons: list[Reason]) -> Values:
    return {
        "interaction": decision.interaction,
        "about": about,
        "verdict": verdict,
        "record": record,
        "reasons": " ".join(dict.fromkeys(reason.name for reason in reasons)),
        "decisive": " ".join(dict.fromkeys(reason.name for reason in reasons if reason.decisive)),
    }


_DECIDED = Statement(
    select(decisions.c.interaction, decisions.c.settings_version)
    .where(decisions.c.interaction.in_(values("ids")))
    .order_by(decisions.c.id)
)


def decided(tx: Connection, ids: Collection[str]) -> dict[str, str]:
    """Which of these interactions were ever decided, and by which settings the last time."""
    return dict(_DECIDED.rows(tx, ids=ids))


def last(tx: Connection, interaction: str) -> Decision | None:
    """The last decision on an interaction."""
    query = (
        select(decisions.c.data)
        .where(decisions.c.interaction == interaction)
        .order_by(decisions.c.id.desc())
        .limit(1)
    )
    data = tx.scalar(query)
    return _decision_decoder.decode(data) if data is not None else None


def last_with_known(tx: Connection, ids: Collection[str]) -> dict[str, tuple[Decision, Known | None]]:
    """The last decision of each interaction, with what it was made from (None: erased)."""
    found: dict[str, tuple[Decision, Known | None]] = {}
    seen_contexts: dict[str, CrmContext] = {}
    for chunk in chunks(ids):
        newest = (
            select(func.max(decisions.c.id))
            .where(decisions.c.interaction.in_(chunk))
            .group_by(decisions.c.interaction)
        )
        query = select(decisions).where(decisions.c.id.in_(newest))
        for row in tx.execute(query):
            known = None
            if row.known is not None:
                context = seen_contexts.get(row.context)
                if context is None:
                    context = seen_contexts[row.context] = context_of(tx, row.context)
                known = msgspec.structs.replace(_known_decoder.decode(row.known), crm=context)
            found[row.interaction] = (_decision_decoder.decode(row.data), known)
    return found


def context_of(tx: Connection, digest: str) -> CrmContext:
    """The context that a decision was made in."""
    data = tx.scalar(select(contexts.c.data).where(contexts.c.digest == digest))
    return _context_decoder.decode(data) if data is not None else NO_CRM


_MOST = bindparam("most", type_=Integer)
_NEWEST = select(decisions.c.interaction).order_by(decisions.c.id.desc()).limit(_MOST).subquery()
_HOW_MANY = Statement(select(func.count()).select_from(_NEWEST))
_HOW_MANY_UNKNOWN = Statement(
    select(func.count(verdicts.c.interaction.distinct())).where(
        verdicts.c.interaction.in_(select(_NEWEST.c.interaction)),
        verdicts.c.reasons.like("%unknown_contact%"),
    )
)


def recent_unknown(tx: Connection, limit: int = 200) -> tuple[int, int]:
    """Of the last decisions, how many there are (at most `limit`) and how many met an unknown person."""
    ((total,),) = _HOW_MANY.rows(tx, most=limit)
    ((unknown,),) = _HOW_MANY_UNKNOWN.rows(tx, most=limit)
    return int(total), int(unknown)


def history(tx: Connection, interaction: str) -> tuple[Decision, ...]:
    """All decisions on an interaction, oldest first."""
    query = select(decisions.c.data).where(decisions.c.interaction == interaction).order_by(decisions.c.id)
    return tuple(_decision_decoder.decode(data) for data in tx.scalars(query))


_WAITING = Statement(select(waiting.c.interaction).where(waiting.c.topic.in_(values("topics"))))


def reopened_by(tx: Connection, topics: Collection[str]) -> frozenset[str]:
    """Interactions whose last decision waits for news on one of these topics."""
    return frozenset(id for (id,) in _WAITING.rows(tx, topics=topics))


_CREATES = Statement(
    select(func.count())
    .select_from(writes.outerjoin(interactions, interactions.c.id == writes.c.interaction))
    .where(
        writes.c.kind == "create_contact",
        writes.c.at >= bindparam("_at"),
        writes.c.state != "dropped",
        func.coalesce(interactions.c.live, 1) == 1,
    )
)


def creates_since(tx: Connection, at: int) -> int:
    """How many contacts were created (or are intended) since a time for what came in live; for the brake.
    What imports make is stopped by a brake of its own."""
    ((count,),) = _CREATES.rows(tx, _at=at)
    return int(count)


_FACT = Statement(select(facts.c.value).where(facts.c.name == bindparam("name")))


def fact(tx: Connection, name: str) -> str:
    """A single fact about the installation, "" where it was never set."""
    return next((str(row.value) for row in _FACT.rows(tx, name=name)), "")


def set_fact(tx: Connection, name: str, value: str) -> None:
    """Set a single fact about the installation."""
    upsert(tx, facts, [{"name": name, "value": value}])
