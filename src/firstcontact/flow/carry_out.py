"""Carrying out: due writes to the CRM, wave by wave, from intent to receipt.

Before a call the ledger says what is under way; after it, what the CRM answered. A write found under way
after a crash counts as sent: it is looked for by its key before it is sent again. Right before contacts are
created their handles are looked up live, so that one whom a person has just made by hand is adopted (SPEC
§5). Each of the contract's errors is caught here, once, where its next step is taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import (
    AuthLapsed,
    Capabilities,
    Crm,
    Exists,
    Gone,
    Moved,
    MovedTo,
    Outcome,
    Rejected,
    TryAgain,
    Unclear,
)
from firstcontact.flow import indexed, read_only
from firstcontact.flow.clock import SECOND, backoff
from firstcontact.flow.look_up import made_type
from firstcontact.identity.records import Finding, Record
from firstcontact.interactions.model import Handle
from firstcontact.lanes.leases import Lease
from firstcontact.ledger import deciding, news, under_way, writing
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.writing import Intent
from firstcontact.operating.watch import SILENT, Watch, WriteEvent
from firstcontact.planning.write import (
    AccountFields,
    ActivityFields,
    ContactFields,
    CreatedBy,
    Existing,
    Receipt,
    Target,
    TimeEntryFields,
    Write,
)

WAVES: tuple[tuple[str, ...], ...] = (
    ("create_account",),
    ("create_contact",),
    ("update_contact",),
    ("log_activity",),
    ("update_activity", "delete_activity", "time_entry", "document", "contact_role"),
)
"""What is pointed at comes before what points at it; each wave is as few requests as the CRM allows."""

_TOGETHER = (("create_account",), ("create_contact", "update_contact", "log_activity"), WAVES[-1])
"""The waves where the connector puts the ids of what a call makes into what points at it: somebody unknown
and the activity are one request."""

_MAKING = frozenset({"create_account", "create_contact"})

LOOKS = 6
"""How often a contact whose creation got no answer is looked for before its absence is believed, where it can
be found by its handle only: with the waits between them half an hour, longer than searches lag behind."""


class Carried(msgspec.Struct, frozen=True):
    """What a round of carrying out came to; `moved`: writes that wait, were dropped or retargeted."""

    done: int = 0
    later: int = 0
    parked: int = 0
    created: int = 0
    adopted: int = 0
    moved: int = 0


REPEATABLE = frozenset(
    {
        "create_contact",
        "create_account",
        "update_contact",
        "update_activity",
        "delete_activity",
        "contact_role",
    }
)
"""Writes that may go out again although nobody can tell whether they did: they say how something is to be,
or are looked for by handle or domain right before."""


class _Round:
    """The rows of one wave's answer, written in one transaction."""

    def __init__(self, intents: Sequence[Intent]) -> None:
        self.intents = {intent.write.key: intent for intent in intents}
        self.receipts: list[Receipt] = []
        self.marks: list[tuple[str, str, int | None, str]] = []
        self.retargeted: list[Write] = []
        self.decide_again: set[str] = set()
        self.released: set[str] = set()
        self.topics: set[str] = set()
        self.gone: set[tuple[str, str]] = set()
        self.seen: list[Record] = []
        self.refused: list[tuple[Write, Rejected]] = []
        self.moved: list[tuple[Write, MovedTo]] = []
        self.sent: dict[str, Write] = {}
        self.under_way: frozenset[str] = frozenset()
        self.later = self.parked = self.adopted = 0

    def unanswered(self) -> frozenset[str]:
        """What was sent and has neither a receipt nor a mark."""
        answered = {receipt.key for receipt in self.receipts}
        return self.under_way.difference(answered, (key for key, *_ in self.marks))


def carry_out(
    ledger: Ledger,
    crm: Crm,
    now: int,
    lease: Lease,
    limit: int = 500,
    watch: Watch = SILENT,
    region: str = "",
) -> Carried:
    """Carry out the writes that are due in the lanes of the lease, at most `limit`; `watch` is told what they
    came to. region: where numbers without a country code are, for the index.

    Raises AuthLapsed, StoreProblem, LeaseLost.
    """
    with ledger.read() as tx:
        due = writing.due_writes(tx, crm.connection, now, limit, lease.shards)
        made = _made_before(tx, due)
    total = Carried()
    for wave in _TOGETHER if crm.capabilities().applies_together else WAVES:
        intents = [intent for intent in due if intent.write.kind in wave]
        intents.sort(key=lambda intent: intent.write.kind not in _MAKING)
        if intents:
            total = _add(total, _wave(ledger, crm, intents, made, now, lease, watch, region))
    return total


def _made_before(tx: Connection, due: Sequence[Intent]) -> dict[str, tuple[str, str]]:
    """State and record of the writes that made what these point at. Once there is a record it stays, so that
    it need not be asked in a turn; what has none may have one by then, and is."""
    own = {intent.write.key for intent in due}
    needed = {key for intent in due for key in needs(intent.write)} - own
    return {key: made for key, made in writing.records_of(tx, needed).items() if made[1]}


def _add(one: Carried, other: Carried) -> Carried:
    return Carried(
        *(a + b for a, b in zip(msgspec.structs.astuple(one), msgspec.structs.astuple(other), strict=True))
    )


def _wave(
    ledger: Ledger,
    crm: Crm,
    intents: Sequence[Intent],
    made: dict[str, tuple[str, str]],
    now: int,
    lease: Lease,
    watch: Watch,
    region: str,
) -> Carried:
    """made: as `_made_before` says, and by the waves before; what this one makes is added."""
    round = _Round(intents)
    sent = [intent.write for intent in intents if intent.state == "sent"]
    settled = _found_written(crm, sent, round, now)
    todo = [intent.write for intent in intents if intent.write.key not in settled]
    with ledger.write(Boundary.MARK_SENT) as tx:
        lease.hold(tx)
        if read_only.since(tx, crm.connection):
            return Carried()  # said since the batch began: nothing is sent, and the next round holds it back
        ready, waiting = _resolved(tx, todo, made, round)
        writing.mark(tx, waiting)
        under_way.settle(tx, [write.key for write in sent])
        round.under_way = frozenset(write.key for write in ready)
        under_way.begin(tx, lease.owner, round.under_way)
    try:
        settled = _live_look(ledger, crm, ready, round, now)
        ready = _after_look([write for write in ready if write.key not in settled], settled, round)
        if ready:
            with ledger.read() as tx:  # who slept over the look must not send what another has sent since
                lease.check(tx)
            _apply(crm, ready, round, now)
    except AuthLapsed as error:
        # Nothing was carried out, so nothing has to be looked for when the permission is back.
        unsent = [each for each in ready if round.intents[each.key].state != "sent"]
        with ledger.write(Boundary.MARK_UNSENT) as tx:
            lease.hold(tx)
            writing.mark(tx, [(each.key, "intended", now, str(error)) for each in unsent])
            under_way.end(tx, lease.owner, round.under_way.difference(each.key for each in unsent))
        raise
    by_key = {intent.write.key: intent.write for intent in intents}
    _keep(ledger, crm, round, by_key, now, lease, region)
    made.update((receipt.key, ("done", receipt.id)) for receipt in round.receipts)
    _tell(watch, crm.connection, round, by_key)
    created = sum(1 for r in round.receipts if r.created and by_key[r.key].kind == "create_contact")
    return Carried(
        done=len(round.receipts),
        later=round.later,
        parked=round.parked,
        created=created,
        adopted=round.adopted,
        moved=len(waiting) + len(round.marks) - round.later - round.parked,
    )


def _found_written(crm: Crm, sent: Sequence[Write], round: _Round, now: int) -> frozenset[str]:
    """Keys of sent writes that are not to be sent now: the CRM has carried them out and gives the receipt; it
    can't be asked now, and they are looked for again later; or it can never be asked, and they would be
    there twice, so that a person has to look."""
    if not sent:
        return frozenset()
    offered = crm.capabilities()
    if _by_handle_only(offered):
        return _unclear(sent, round, offered)
    try:
        with crossing(Boundary.ASK_WRITTEN):
            receipts = crm.written([write.key for write in sent])
    except TryAgain as error:
        for write in sent:
            _retry(round, write, "sent", now, str(error), error.after)
        return frozenset(write.key for write in sent)
    round.receipts.extend(receipts.values())
    return frozenset(receipts)


def _by_handle_only(offered: Capabilities) -> bool:
    """Whether the CRM neither finds a write by its key nor refuses a second one of the same key."""
    return not offered.finds_written and not offered.unique_create


def _unclear(sent: Sequence[Write], round: _Round, offered: Capabilities) -> frozenset[str]:
    repeatable = REPEATABLE if offered.looks_up else REPEATABLE - _MAKING
    unclear = [write for write in sent if write.kind not in repeatable]
    why = f"it was sent without an answer, and {offered.title} can't be asked whether it arrived: look there"
    for write in unclear:
        round.parked += 1
        round.marks.append((write.key, "unclear", None, why))
    return frozenset(write.key for write in unclear)


def _resolved(
    tx: Connection, todo: Sequence[Write], known: Mapping[str, tuple[str, str]], round: _Round
) -> tuple[list[Write], list[tuple[str, str, int | None, str]]]:
    """Writes whose targets are known, with the CRM's ids in place, and the marks of those that wait for what
    they build on. These are set in the transaction that looked, since a receipt may come right after it.
    What a write of the same wave makes (`Capabilities.applies_together`) is not waited for. known: state and
    record of what is made already."""
    made = {write.key for write in todo if write.kind == "create_contact"}
    needed = {key for write in todo for key in needs(write)}
    records = {**known, **writing.records_of(tx, needed.difference(made, known))}
    ready: list[Write] = []
    waiting: list[tuple[str, str, int | None, str]] = []
    for write in todo:
        missing = [key for key in needs(write) if not records.get(key, ("", ""))[1]]
        if made.issuperset(missing):
            ready.append(_with_records(write, records))
            continue
        states = {records.get(key, ("dropped", ""))[0] for key in missing if key not in made}
        if "dropped" in states:
            _drop(round, write, f"{missing[0]} was dropped")
        else:
            waiting.append((write.key, "waiting", None, missing[0]))
    return ready, waiting


def _targets(write: Write) -> tuple[Target, ...]:
    targets: list[Target] = [] if write.target is None else [write.target]
    fields = write.fields
    if isinstance(fields, ActivityFields):
        targets.extend(fields.people)
        if fields.account is not None:
            targets.append(fields.account)
    elif isinstance(fields, ContactFields) and fields.account is not None:
        targets.append(fields.account)
    elif isinstance(fields, TimeEntryFields) or hasattr(fields, "activity"):
        targets.append(fields.activity)
    elif hasattr(fields, "contact"):
        targets.append(fields.contact)
    return tuple(targets)


def needs(write: Write) -> tuple[str, ...]:
    """Keys of the writes that make what this one points at."""
    return tuple(target.write_key for target in _targets(write) if isinstance(target, CreatedBy))


def _with_records(write: Write, records: Mapping[str, tuple[str, str]]) -> Write:
    """With the ids of what other writes have made by now, each as its state and record."""

    def known(target: Target, record: str) -> Target:
        if isinstance(target, CreatedBy) and records.get(target.write_key, ("", ""))[1]:
            return Existing(record, records[target.write_key][1])
        return target

    return _pointing(write, known)


def _retargeted(write: Write, into: Mapping[str, str]) -> Write:
    """With the ids that records were merged into; nobody is on an activity twice for it."""

    def now(target: Target, _: str) -> Target:
        if isinstance(target, Existing) and target.id in into:
            return Existing(target.record, into[target.id])
        return target

    return _pointing(write, now)


def _pointing(write: Write, at: Callable[[Target, str], Target]) -> Write:
    """The write with each of its targets replaced by what `at` says of it and the type that it is to have."""
    fields = write.fields
    if isinstance(fields, ActivityFields):
        fields = msgspec.structs.replace(
            fields,
            people=tuple(dict.fromkeys(at(person, "contact") for person in fields.people)),
            account=at(fields.account, "account") if fields.account is not None else None,
        )
    elif isinstance(fields, ContactFields):
        if fields.account is not None:
            fields = msgspec.structs.replace(fields, account=at(fields.account, "account"))
    elif hasattr(fields, "activity"):
        fields = msgspec.structs.replace(fields, activity=at(fields.activity, "activity"))
    elif hasattr(fields, "contact"):
        fields = msgspec.structs.replace(fields, contact=at(fields.contact, "contact"))
    target = write.target
    if target is not None:
        target = at(target, "contact" if write.kind == "update_contact" else "activity")
    return msgspec.structs.replace(write, fields=fields, target=target)


def _live_look(ledger: Ledger, crm: Crm, ready: Sequence[Write], round: _Round, now: int) -> frozenset[str]:
    """What the CRM holds right before a write of one of these kinds: keys of those not to be sent now."""
    settled: frozenset[str] = frozenset()
    for kind, look in _LIVE_LOOKS.items():
        looked_for = [write for write in ready if write.kind == kind]
        if not looked_for:
            continue
        try:
            settled |= look(ledger, crm, looked_for, round, now)
        except TryAgain as error:
            for write in looked_for:
                _retry(round, write, round.intents[write.key].state, now, str(error), error.after)
            settled |= {write.key for write in looked_for}
    return settled


def _after_look(ready: Sequence[Write], settled: Collection[str], round: _Round) -> list[Write]:
    """Those to send, with the ids of contacts that were there already. A write that points at one which is
    not made now waits for it, and goes on when that has ended."""
    if not settled:
        return list(ready)
    there = {receipt.key: ("done", receipt.id) for receipt in round.receipts}
    send: list[Write] = []
    for write in ready:
        late = [key for key in needs(write) if key in settled and key not in there]
        if late:
            round.marks.append((write.key, "waiting", None, late[0]))
        else:
            send.append(_with_records(write, there))
    return send


def _adopt(ledger: Ledger, crm: Crm, creating: Sequence[Write], round: _Round, now: int) -> frozenset[str]:
    """The live look before creating: somebody made the contact meanwhile. Raises TryAgain."""
    handles = {write.subject: _handle(write.subject) for write in creating}
    with crossing(Boundary.FIND_BEFORE_CREATING):
        found = crm.find(tuple(handles.values()))
    with ledger.read() as tx:
        buried = deciding.suppressed(tx, crm.connection, handles)
        told = deciding.bearers_of(tx, crm.connection, handles)
    fed = _told_by_the_feed(crm, found, told)
    silent = Finding("unknown", why="the connector gave no answer")
    offered = crm.capabilities()
    by_handle_only, as_leads = _by_handle_only(offered), offered.creates_leads
    settled: set[str] = set()
    for write in creating:
        finding = found.get(write.subject, silent)
        bearing = [
            record
            for record in (*finding.records, *fed.get(write.subject, ()))
            if any(handle.key == write.subject for handle in record.handles)
        ]
        intent = round.intents[write.key]
        mine = _sent_before(intent, bearing)
        if mine is not None:
            settled.add(write.key)
            round.receipts.append(Receipt(write.key, mine.id, created=True, at=now))
        elif by_handle_only and intent.state == "sent" and intent.attempts < LOOKS:
            settled.add(write.key)
            _retry(round, write, "sent", now, "it was sent without an answer, and is looked for", 0.0)
        elif finding.status == "unknown":
            settled.add(write.key)
            _retry(round, write, round.intents[write.key].state, now, finding.why, 0.0)
        elif write.subject in buried and not bearing:
            settled.add(write.key)
            _drop(round, write, "a person deleted this contact in the CRM meanwhile")
        elif len(bearing) == 1 and (as_leads or bearing[0].type == "contact"):
            settled.add(write.key)
            round.adopted += 1
            round.seen.append(bearing[0])
            round.receipts.append(Receipt(write.key, bearing[0].id, created=False, at=now))
            if as_leads:  # nothing is logged on a lead that is only made now; on this one it may be
                round.decide_again.add(write.interaction)
        elif bearing and (as_leads or any(record.type == "contact" for record in bearing)):
            # Which of them is for the policy to say: the facts have changed, so it is decided again. Where it
            # says to create with exactly these in view (a person's ruling), that is done.
            why = f"several contacts appeared meanwhile: {', '.join(sorted(each.id for each in bearing))}"
            if intent.problem != why:
                settled.add(write.key)
                # The index learns of them now: by what it knows it would be decided as before.
                round.seen.extend(bearing)
                _drop(round, write, why)
    return frozenset(settled)


def _told_by_the_feed(
    crm: Crm, found: Mapping[str, Finding], told: Mapping[str, Collection[str]]
) -> dict[str, tuple[Record, ...]]:
    """By handle, records that the change feed told of and the search does not return: it lags behind."""
    unseen = {
        key: [id for id in ids if key in found and all(id != record.id for record in found[key].records)]
        for key, ids in told.items()
    }
    ids = sorted({id for each in unseen.values() for id in each})
    if not ids:
        return {}
    with crossing(Boundary.READ_BEFORE_CREATING):
        there = crm.read(ids)
    return {
        key: tuple(record for id in each if isinstance(record := there.get(id), Record))
        for key, each in unseen.items()
    }


def _adopt_accounts(
    ledger: Ledger, crm: Crm, creating: Sequence[Write], round: _Round, now: int
) -> frozenset[str]:
    """The live look before creating accounts, by their domains. Raises TryAgain."""
    del ledger
    wanted = {write.key: write.fields for write in creating if isinstance(write.fields, AccountFields)}
    with crossing(Boundary.ACCOUNTS_BEFORE_CREATING):
        there = crm.accounts(sorted({fields.domain for fields in wanted.values()}), ())
    by_handle_only = _by_handle_only(crm.capabilities())
    settled: set[str] = set()
    for write in creating:
        fields, intent = wanted[write.key], round.intents[write.key]
        bearing = [account for account in there if fields.domain in account.domains]
        if len(bearing) == 1:
            settled.add(write.key)
            ours = intent.state == "sent" and bearing[0].name == fields.name
            round.adopted += not ours
            round.receipts.append(Receipt(write.key, bearing[0].id, created=ours, at=now))
        elif bearing:
            settled.add(write.key)
            _drop(round, write, f"several accounts have the domain {fields.domain}")
        elif by_handle_only and intent.state == "sent" and intent.attempts < LOOKS:
            settled.add(write.key)
            _retry(round, write, "sent", now, "it was sent without an answer, and is looked for", 0.0)
    return frozenset(settled)


def _unedited(ledger: Ledger, crm: Crm, updating: Sequence[Write], round: _Round, now: int) -> frozenset[str]:
    """The live look before a contact is named: a person who has edited it since has the last word. Raises
    TryAgain."""
    del ledger, now
    naming = [
        (write, write.target.id)
        for write in updating
        if isinstance(write.target, Existing)
        and isinstance(write.fields, ContactFields)
        and (write.fields.first_name or write.fields.last_name)
    ]
    if not naming:
        return frozenset()
    with crossing(Boundary.READ_BEFORE_NAMING):
        there = crm.read(sorted({id for _, id in naming}))
    settled: set[str] = set()
    for write, id in naming:
        record = there.get(id)
        if isinstance(record, Record) and record.edited_by_person:
            settled.add(write.key)
            _drop(round, write, "a person has edited this contact meanwhile")
    return frozenset(settled)


_LIVE_LOOKS = {"create_contact": _adopt, "create_account": _adopt_accounts, "update_contact": _unedited}
"""What is looked at in the CRM right before a write of a kind is sent."""


def _sent_before(intent: Intent, bearing: Sequence[Record]) -> Record | None:
    """What came of a write that was sent before, without an answer: the one contact with our mark."""
    if intent.state != "sent":
        return None
    marked = [record for record in bearing if record.type == "contact" and record.created_by_us]
    return marked[0] if len(marked) == 1 else None


def _drop(round: _Round, write: Write, why: str) -> None:
    """A fact has overtaken the write: it is not carried out, and what was built on it is decided again. A
    creation's handle or domain is free for others."""
    round.marks.append((write.key, "dropped", None, why))
    if write.kind in ("create_contact", "create_account"):
        round.released.add(write.subject)
    round.decide_again.add(write.interaction)


def _handle(key: str) -> Handle:
    return Handle("email", key, key) if "@" in key else Handle("phone", key, key)


def _apply(crm: Crm, ready: Sequence[Write], round: _Round, now: int) -> None:
    round.sent = {write.key: write for write in ready}
    outcomes: Sequence[Outcome]
    try:
        with crossing(Boundary.APPLY):
            outcomes = crm.apply(ready)
    except TryAgain as error:
        outcomes = [error] * len(ready)
    except Unclear as error:
        outcomes = [Unclear(str(error), write.key) for write in ready]
    answers = list(zip(ready, outcomes, strict=True))
    unmade = {write.key for write, outcome in answers if not isinstance(outcome, Receipt)}
    for write, outcome in answers:
        missed = [key for key in needs(write) if key in unmade]
        if missed and isinstance(outcome, TryAgain):
            round.marks.append((write.key, "waiting", None, missed[0]))
        else:
            _take(write, outcome, round, now)
    _refused(crm, round.refused, round, now)
    _follow(crm, round.moved, round, now)


def _take(write: Write, outcome: Outcome, round: _Round, now: int) -> None:
    """The next step that the outcome's name says; what refused and moved writes point at is read afterwards,
    once for all of them."""
    match outcome:
        case Receipt():
            round.receipts.append(outcome)
        case TryAgain():
            # What was sent before, without an answer, may arrive yet: it stays to be looked for.
            _retry(round, write, round.intents[write.key].state, now, str(outcome), outcome.after)
        case Unclear():
            _retry(round, write, "sent", now, str(outcome), 0.0)
        case Rejected():
            round.refused.append((write, outcome))
        case Exists():
            _exists(write, outcome, round, now)
        case MovedTo():
            round.moved.append((write, outcome))


def _refused(crm: Crm, refused: Sequence[tuple[Write, Rejected]], round: _Round, now: int) -> None:
    """Each is parked with the CRM's words, unless it was refused because somebody deleted the contact that
    it is about: then the interaction is decided again, without that contact. Where that can't be asked now,
    they go out again later; nothing is raised, since others of the call have been carried out."""
    people = {write.key: _people_on(write) for write, _ in refused}
    wanted = sorted({id for ids in people.values() for id in ids})
    read: Mapping[str, Record | Moved | Gone] = {}
    if wanted:
        try:
            with crossing(Boundary.READ_REFUSED):
                read = crm.read(wanted)
        except (TryAgain, AuthLapsed) as error:
            for write, _ in refused:
                if people[write.key]:
                    _retry(round, write, "intended", now, str(error), _wait_of(error))
            refused = [(write, said) for write, said in refused if not people[write.key]]
    for write, said in refused:
        gone = [id for id in people[write.key] if isinstance(read.get(id), Gone)]
        if gone:
            round.gone.update((write.interaction, id) for id in gone)
            _drop(round, write, f"deleted in the CRM meanwhile: {', '.join(gone)}")
        else:
            fields = f" ({', '.join(said.fields)})" if said.fields else ""
            _park(round, write, f"{said}{fields}")


def _people_on(write: Write) -> list[str]:
    """Ids of the contacts and leads whom a refused write may have lost; () for an update of a contact, which
    is refused where it is deleted, and stays so (APPLY-6)."""
    if write.kind not in ("log_activity", "contact_role"):
        return []
    return sorted({one.id for one in _targets(write) if isinstance(one, Existing) and one.record in _PEOPLE})


_PEOPLE = ("contact", "lead")


def _park(round: _Round, write: Write, why: str) -> None:
    round.parked += 1
    round.marks.append((write.key, "parked", None, why))


def _exists(write: Write, exists: Exists, round: _Round, now: int) -> None:
    """The CRM has this record. A contact is adopted. Another type can't take the contact's place, so it is
    decided again with it in view; where we would still create, the CRM's refusal stands."""
    round.decide_again.add(write.interaction)
    if write.kind != "create_contact" or exists.type == "contact":
        round.adopted += 1
        round.receipts.append(Receipt(write.key, exists.id, created=False, at=now))
    elif round.intents[write.key].problem == str(exists):
        _park(round, write, str(exists))
    else:
        _drop(round, write, str(exists))


def _follow(crm: Crm, moved: Sequence[tuple[Write, MovedTo]], round: _Round, now: int) -> None:
    """Each write, with whatever it points at as it is now; where nothing was merged after all, or that can't
    be asked, it is tried again later. Nothing is raised: others of the call have been carried out."""
    targets = {target.id for write, _ in moved for target in _targets(write) if isinstance(target, Existing)}
    if not moved:
        return
    try:
        with crossing(Boundary.READ_TO_FOLLOW):
            read = crm.read(sorted(targets))
    except (TryAgain, AuthLapsed) as error:
        for write, _ in moved:
            _retry(round, write, "intended", now, str(error), _wait_of(error))
        return
    into = {each.id: each.into for each in read.values() if isinstance(each, Moved)}
    for write, said in moved:
        followed = _retargeted(write, into)
        if followed == write:
            _retry(round, write, "intended", now, str(said), 0.0)
            continue
        round.retargeted.append(followed)
        round.marks.append((write.key, "intended", now, str(said)))
        round.decide_again.add(write.interaction)


def _wait_of(error: TryAgain | AuthLapsed) -> float:
    return error.after if isinstance(error, TryAgain) else 0.0


def _retry(
    round: _Round,
    write: Write,
    state: str,
    now: int,
    why: str,
    after: float,
) -> None:
    wait = max(int(after * SECOND), backoff(round.intents[write.key].attempts, write.key))
    round.later += 1
    round.marks.append((write.key, state, now + wait, why))


def _keep(
    ledger: Ledger,
    crm: Crm,
    round: _Round,
    by_key: dict[str, Write],
    now: int,
    lease: Lease,
    region: str,
) -> None:
    """All answers of a wave in one transaction, with what they reopen."""
    for receipt in round.receipts:
        write = by_key[receipt.key]
        if write.kind == "create_contact":
            round.topics.add(f"handle:{write.subject}")
        elif write.kind == "create_account":
            round.topics.add(write.subject)
    with ledger.write(Boundary.KEEP_RECEIPTS) as tx:
        lease.hold(tx)
        making = [
            (crm.connection, by_key[each.key].subject, each.key)
            for each in round.receipts
            if by_key[each.key].kind in _MAKING
        ]
        writing.mark_done(tx, round.receipts, now, making)
        writing.mark(tx, round.marks)
        if round.under_way:
            under_way.end(tx, lease.owner, round.unanswered())
        for write in round.retargeted:
            writing.replace_data(tx, write)
        writing.release(tx, crm.connection, round.released)
        dropped = {key for key, state, _, _ in round.marks if state == "dropped"}
        unlogged = [by_key[key] for key in dropped if by_key[key].kind == "log_activity"]
        writing.forget_activities(tx, crm.connection, unlogged)
        writing.wake(tx, _keys_ended(round), now)
        made = made_type(crm.capabilities())
        indexed.enter(tx, crm.connection, region, _done(round, by_key), round.seen, now, made)
        indexed.bury(tx, crm.connection, round.gone, now)
        news.tell(tx, round.topics, round.decide_again, now)


def _done(round: _Round, by_key: Mapping[str, Write]) -> Iterator[tuple[Write, Receipt]]:
    """What was carried out, with the CRM's ids of what it points at."""
    made = {receipt.key: ("done", receipt.id) for receipt in round.receipts}
    for receipt in round.receipts:
        yield _with_records(round.sent.get(receipt.key, by_key[receipt.key]), made), receipt


_STOPS: dict[str, WriteEvent] = {"parked": "parked", "unclear": "unclear", "dropped": "dropped"}


def _tell(watch: Watch, connection: str, round: _Round, by_key: Mapping[str, Write]) -> None:
    """What the wave came to, for whoever looks on."""
    came_to: Counter[tuple[str, WriteEvent]] = Counter()
    later: Counter[str] = Counter()
    for receipt in round.receipts:
        done = by_key[receipt.key].kind
        makes = done in ("create_contact", "create_account")
        came_to[done, ("created" if receipt.created else "adopted") if makes else "done"] += 1
    retargeted = {write.key for write in round.retargeted}
    for key, state, due_at, _ in round.marks:
        if due_at is not None and key not in retargeted:
            later[by_key[key].kind] += 1
        elif state in _STOPS:
            came_to[by_key[key].kind, _STOPS[state]] += 1
    for (kind, event), count in came_to.items():
        watch.write(connection, kind, event, count)
    for kind, count in later.items():
        watch.retry(connection, kind, count)


def _keys_ended(round: _Round) -> Collection[str]:
    ended = {receipt.key for receipt in round.receipts}
    ended.update(key for key, state, _, _ in round.marks if state == "dropped")
    return ended
