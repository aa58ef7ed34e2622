"""Judging: a batch of due interactions into decisions and write intents, in one transaction.

Decided in order of time, folding: somebody whom an earlier interaction of the batch creates is found by
the later ones (DESIGN §3), so eight mails of one stranger make one contact here as in `replay`. The
reservation of each new handle is taken in the same transaction as the intent; where another worker was
first, or what was looked up has had news since, the decision is dropped and taken again on what is so then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import Crm, TryAgain
from firstcontact.flow import enriching
from firstcontact.flow.books import Books, settings_for
from firstcontact.flow.clock import HOUR, SECOND
from firstcontact.flow.context import crm_context, digest
from firstcontact.flow.items import Again, Item, WrittenAhead, coalesced, independent, made_by
from firstcontact.flow.look_up import Looked, look_up, made_type, virtual
from firstcontact.flow.roles import keep_roles
from firstcontact.identity.titles import BUILT_IN, TitleRule
from firstcontact.interactions.model import Sms, decode
from firstcontact.lanes.leases import Lease
from firstcontact.ledger import deciding, engagement, intake, news, observing, reviewing, undoing, writing
from firstcontact.ledger.again import backoff
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.deciding import Decided
from firstcontact.ledger.roles import role_of
from firstcontact.planning.plan import Links, Logged, Message, plan
from firstcontact.planning.write import ActivityFields, ContactFields, CreatedBy, Existing, Target, Write
from firstcontact.policy.contact_roles import role_subject
from firstcontact.policy.decide import decide
from firstcontact.policy.decision import Decision
from firstcontact.policy.enrichment import asks
from firstcontact.policy.enrichment import subject as values_subject
from firstcontact.policy.known import BrakeFacts
from firstcontact.policy.scopes import SettingsBook
from firstcontact.policy.settings import Effective


class Judged(msgspec.Struct, frozen=True):
    """What one batch came to: decisions taken, contacts to be created, questions asked, retries."""

    decided: int = 0
    creates: int = 0
    asked: int = 0
    retries: int = 0


class _Batch:
    """What the fold carries from one interaction of the batch to the next."""

    def __init__(self, looked: Looked, brake: BrakeFacts) -> None:
        self.looked = looked
        self.brake = brake
        self.reserved: dict[str, Target] = {
            subject: Existing("account" if subject.startswith("domain:") else "contact", record)
            if record
            else CreatedBy(key)
            for subject, (key, record) in looked.reserved.items()
        }
        for key in (*(key for key, _ in looked.gone), *looked.freed):
            self.reserved.pop(key, None)
        self.activities: dict[str, Logged] = {}
        self.days: dict[str, dict[str, Message]] = {}
        self.creates = 0


def judge(
    ledger: Ledger,
    crm: Crm,
    books: Books,
    now: int,
    lease: Lease,
    limit: int = 500,
    *,
    held: bool = False,
    titles: Sequence[TitleRule] = BUILT_IN,
) -> Judged:
    """Decide what is due in the lanes of the lease, at most `limit` interactions. Zero `decided` and
    `retries`: nothing was due.

    An interaction that was decided before is decided by the settings of then, but that whom `blocked` names
    now is blocked: "a change applies to new interactions only" (SPEC §3).

    What was imported is intended but held, until it is clear how many contacts it makes
    (`Installation.release_imported`); held: so is everything else. titles: rules for job titles.

    Raises AuthLapsed, StoreProblem, LeaseLost.
    """
    with ledger.read() as tx:
        newest = news.newest(tx)
        due = intake.due(tx, now, limit, lease.shards)
    if not due:
        return Judged()
    facts = [each.interaction for each in due]
    book = books.now
    try:
        context = crm_context(crm, book.team)
        context_digest = digest(context)
        looked = look_up(ledger, crm, context, book.team, facts, now, titles)
        brake = _brake_facts(ledger, crm, now, counted=any(each.live for each in due))
    except TryAgain as error:
        return _later(ledger, lease, due, now, error.after)
    batch = _Batch(looked, brake)
    items: list[Item] = []
    with ledger.read() as tx:
        subjects = [fact.id for fact in facts]
        batch.activities.update(writing.activities_of(tx, crm.connection, subjects))
        before = deciding.decided(tx, subjects)
        for each in due:
            settings = books.settings_for(tx, each.interaction, crm.connection, before)
            items.append(_decide(tx, batch, crm, settings, each, context_digest))
    waits = {each.interaction.id for each in due if held or not each.live}
    lanes = {each.interaction.id: each.shard for each in due}
    early = WrittenAhead(crm.connection, items, before, now, waits, lanes)
    for ahead in (early, WrittenAhead(crm.connection)):  # the second time nothing is
        with suppress(Again), ledger.write(Boundary.KEEP_DECISIONS, ahead=ahead.write) as tx:
            lease.hold(tx)
            stale = _stale(tx, crm, book, items, due, newest, brake, now, ahead.creates)
            return _keep(tx, crm, context_digest, looked, items, due, now, waits, stale, ahead)
    raise AssertionError("the second time, nothing was ahead")


def _decide(
    tx: Connection,
    batch: _Batch,
    crm: Crm,
    settings: Effective,
    due: intake.Due,
    context_digest: str,
) -> Item:
    fact = due.interaction
    brake = msgspec.structs.replace(
        batch.brake,
        live=due.live,
        creates_last_hour=batch.brake.creates_last_hour + batch.creates,
    )
    known = batch.looked.known(fact, brake)
    decision = decide(fact, known, settings)
    day, clock = "", ""
    messages: tuple[Message, ...] = ()
    offered = known.crm.capabilities
    # Where no activity can be changed later, each text is one of its own.
    logs = decision.activity in ("log", "log_unlinked")
    if isinstance(fact, Sms) and logs and offered.updates_activity:
        day, clock = conversation_day(fact, decision, settings)
        day = undoing.day_after(tx, crm.connection, day)
        messages = _messages(tx, batch, day, clock, fact, decision, crm.connection)
    logged = batch.activities.get(day or fact.id)
    links = Links(
        connection=crm.connection,
        reserved=batch.reserved,
        logged=logged,
        conversation_day=day,
        messages=messages,
    )
    planned = plan(decision, fact, links, offered)
    _fold(batch, planned.writes, planned.reserves, day or fact.id)
    return Item(
        decided=Decided(decision=decision, known=known, context=context_digest),
        writes=planned.writes,
        reserves=planned.reserves,
        day=day,
        clock=clock,
        before=(logged.latest or logged.write_key) if logged else "",
        brings=planned.brings,
    )


def _fold(batch: _Batch, writes: Sequence[Write], reserves: Mapping[str, str], activity: str) -> None:
    """Later interactions of the batch see what this one is about to make. activity: the interaction or day
    that its activity is of."""
    made = {write.key: write.fields for write in writes if isinstance(write.fields, ContactFields)}
    becomes = made_type(batch.looked.context.capabilities)
    for subject, key in reserves.items():
        batch.reserved[subject] = CreatedBy(key)
        facts = batch.looked.people.get(subject)
        if facts is not None and facts.status == "absent":
            batch.looked.people[subject] = msgspec.structs.replace(
                facts, status="found", records=(virtual(key, made.get(key), becomes),)
            )
    batch.creates += sum(1 for write in writes if write.kind == "create_contact")
    enriching.fold(batch.looked.people, writes)
    for write in writes:
        if (role := role_of(write)) is not None:
            batch.looked.roles.under_way.add(role)
        elif isinstance(write.fields, ActivityFields):
            batch.activities[activity] = Logged(made_by(write), write.fields, write.key)


def conversation_day(fact: Sms, decision: Decision, settings: Effective) -> tuple[str, str]:
    """The key of the day's activity that a text belongs to, and its time of day: one activity per
    conversation and day in the user's time zone (SPEC §6)."""
    team = settings.team
    zone_name = next((u.timezone for u in team.users if u.id == decision.user and u.timezone), team.timezone)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=fact.at)
    local = moment.astimezone(ZoneInfo(zone_name))
    who = " ".join(sorted(person.about for person in decision.people))
    day = f"sms {fact.conversation or who} {who} {local.date().isoformat()}"
    return day, local.strftime("%H:%M")


def _messages(
    tx: Connection, batch: _Batch, day: str, clock: str, fact: Sms, decision: Decision, connection: str
) -> tuple[Message, ...]:
    messages = batch.days.get(day)
    if messages is None:
        messages = batch.days[day] = {}
        for id, stored_clock, data in writing.day_of(tx, day):
            earlier = decode(data)
            direction = getattr(earlier, "direction", "")
            messages[id] = Message(
                id, earlier.at, stored_clock, direction, earlier.body, earlier.text_removed
            )
        logged = writing.activities_of(tx, connection, [day])
        batch.activities.update(logged)
    messages[fact.id] = Message(fact.id, fact.at, clock, decision.direction, fact.body, fact.text_removed)
    return tuple(sorted(messages.values(), key=lambda message: (message.at, message.interaction)))


def _stale(
    tx: Connection,
    crm: Crm,
    book: SettingsBook,
    items: Sequence[Item],
    due: Sequence[intake.Due],
    newest: int,
    brake: BrakeFacts,
    now: int,
    own: int,
) -> set[str]:
    """Interactions to be decided again, since what was looked up for them has had news; and those that create
    somebody where other workers have created so many meanwhile that together it is beyond the brake. own: so
    many live creations of this batch are among those in the ledger already."""
    topics = news.since(tx, newest)
    stale = (
        {each.interaction.id for each in due if news.concerns(each.interaction, topics)} if topics else set()
    )
    creating = {item.decided.decision.interaction for item in items if item.reserves}
    live = [each.interaction for each in due if each.live and each.interaction.id in creating]
    if live:
        all_together = deciding.creates_since(tx, now - HOUR) - own
        if all_together > brake.creates_last_hour:
            limits = (settings_for(book, fact, crm.connection).brakes_creates_per_hour for fact in live)
            if all_together + len(creating) > min(limits):
                stale.update(fact.id for fact in live)
    return stale


def _keep(
    tx: Connection,
    crm: Crm,
    context_digest: str,
    looked: Looked,
    items: list[Item],
    due: Sequence[intake.Due],
    now: int,
    waits: Collection[str],
    stale: set[str],
    ahead: WrittenAhead,
) -> Judged:
    writing.release(tx, crm.connection, [*(key for key, _ in looked.gone), *looked.freed])
    for key, record in looked.gone:
        deciding.bury(tx, crm.connection, key, "deleted", record, now)
    wanted = {subject: key for item in items for subject, key in item.reserves.items()}
    holders = writing.reserve(tx, crm.connection, wanted, now) if wanted else {}
    lost = {wanted[subject] for subject, holder in holders.items() if holder != wanted[subject]}
    kept = independent(items, lost, stale) if lost or stale else items
    if len(kept) < len(items) and ahead.decided:
        raise Again
    if len(kept) < len(items):
        before = looked.reserved.keys() - {key for key, _ in looked.gone} - looked.freed
        _give_back(tx, crm.connection, {s: key for s, key in wanted.items() if s not in before}, kept)
    if not kept:
        return Judged(retries=len(items))
    deciding.keep_context(tx, context_digest, looked.context)
    late = [item.decided for item in kept if item.decided.decision.interaction not in ahead.decided]
    deciding.keep(tx, late)
    facts = {each.interaction.id: each.interaction for each in due}
    said = [item.decided.decision for item in kept]
    engagement.keep(tx, [(each, facts[each.interaction]) for each in said])
    intents, changes = coalesced(kept)
    remaining = writing.overtake(tx, changes, now)
    lanes = {each.interaction.id: each.shard for each in due}
    rest = [write for write in (*intents, *remaining) if write.key not in ahead.keys]
    writing.intend(tx, crm.connection, rest, now, held=waits, lanes=lanes, after=len(ahead.keys))
    keep_roles(tx, crm.connection, looked.roles, looked.accounts, intents, now)
    observing.keep(tx, crm.connection, _provenance(kept, due), now)
    _keep_activities(tx, crm.connection, kept, {each.key for each in remaining})
    asked = _ask(tx, kept, now)
    attempts = {each.interaction.id: each.attempts for each in due}
    retries = [
        (id, now + backoff(attempts[id], id))
        for id, item in ((each.decided.decision.interaction, each) for each in kept)
        if item.decided.decision.retry
    ]
    settled = [i.decided.decision.interaction for i in kept if not i.decided.decision.retry]
    intake.settle(tx, settled)
    intake.retry_at(tx, retries)
    creates = sum(1 for write in intents if write.kind == "create_contact")
    return Judged(decided=len(kept) - len(retries), creates=creates, asked=asked, retries=len(retries))


def _provenance(items: Sequence[Item], due: Sequence[intake.Due]) -> Iterator[observing.Provenance]:
    """Where the values are from that these items write into contacts."""
    at = {each.interaction.id: each.interaction.at for each in due}
    for item in items:
        if item.brings:
            id = item.decided.decision.interaction
            yield from enriching.provenance(item.writes, item.brings, item.decided.known, id, at[id])


def _give_back(tx: Connection, connection: str, wanted: Mapping[str, str], kept: Sequence[Item]) -> None:
    """The reservations that were taken for items which are decided again instead."""
    keeping = {key for item in kept for key in item.reserves.values()}
    writing.withdraw(tx, connection, {s: key for s, key in wanted.items() if key not in keeping})


def _keep_activities(tx: Connection, connection: str, items: Sequence[Item], changes: set[str]) -> None:
    """What is logged now. changes: keys of the changes that are intended; the others went into the making
    write."""
    logged: dict[str, Logged] = {}
    for item in items:
        if item.day:
            writing.add_to_day(tx, item.day, item.decided.decision.interaction, item.clock)
        for write in item.writes:
            if isinstance(write.fields, ActivityFields):
                maker = made_by(write)
                subject = item.day or item.decided.decision.interaction
                latest = write.key if write.key in changes else maker
                logged[subject] = Logged(maker, write.fields, latest)
    writing.keep_activities(tx, connection, logged)


def _ask(tx: Connection, items: Sequence[Item], now: int) -> int:
    """Open a question for every `ask`, and settle those that are asked no longer."""
    rows = []
    still_open: dict[str, set[str]] = {}
    for item in items:
        decision = item.decided.decision
        abouts = still_open.setdefault(decision.interaction, set())
        for person in decision.people:
            if person.verdict == "ask":
                abouts.add(person.about)
                rows.append(_review(decision, person.about, person.candidates, now))
        if decision.activity == "ask" and not abouts:
            about = f"matter:{decision.interaction}" if decision.matter_candidates else ""
            abouts.add(about)
            rows.append(_review(decision, about, decision.matter_candidates, now))
        for about in (values_subject(each.about) for each in decision.people if asks(each)):
            abouts.add(about)
            rows.append(_review(decision, about, (), now))
        for about in (role_subject(role.opportunity, role.about) for role in decision.roles if role.ask):
            abouts.add(about)
            rows.append(_review(decision, about, (), now))
    reviewing.ask(tx, rows)
    reviewing.settle_others(tx, {id: tuple(abouts) for id, abouts in still_open.items()}, now)
    return len(rows)


def _review(decision: Decision, about: str, candidates: tuple[str, ...], now: int) -> dict[str, object]:
    subject = "" if about.startswith("matter:") else about
    reasons = [
        reason.name
        for reason in decision.trace
        if reason.about == subject and reason.effect == "ask" and reason.decisive
    ]
    return {
        "interaction": decision.interaction,
        "about": about,
        "reason": reasons[0] if reasons else "",
        "reasons": " ".join(reasons),
        "candidates": " ".join(candidates),
        "opened_at": now,
    }


def _brake_facts(ledger: Ledger, crm: Crm, now: int, *, counted: bool) -> BrakeFacts:
    """What the brakes look at; what was created lately is `counted` only for live deliveries, the only ones
    that it stops (SPEC §3)."""
    with crossing(Boundary.ASK_SIZE):
        size = crm.size()
    with ledger.read() as tx:
        before = int(deciding.fact(tx, f"crm_high:{crm.connection}") or -1)
        recent, unknown = deciding.recent_unknown(tx) if counted else (0, 0)
        creates = deciding.creates_since(tx, now - HOUR) if counted else 0
        released = int(deciding.fact(tx, "brake_released_until") or 0) > now
    if size > before:
        with ledger.write(Boundary.KEEP_SIZE) as tx:
            deciding.set_fact(tx, f"crm_high:{crm.connection}", str(size))
    return BrakeFacts(
        creates_last_hour=creates,
        recent=recent,
        recent_unknown=unknown,
        crm_contacts=size,
        crm_contacts_before=max(before, size),
        released=released,
    )


def _later(ledger: Ledger, lease: Lease, due: Sequence[intake.Due], now: int, after: float) -> Judged:
    rows = [
        (each.interaction.id, now + max(int(after * SECOND), backoff(each.attempts, each.interaction.id)))
        for each in due
    ]
    with ledger.write(Boundary.DECIDE_LATER) as tx:
        lease.hold(tx)
        intake.retry_at(tx, rows)
    return Judged(retries=len(rows))
