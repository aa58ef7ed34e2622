"""Carrying out: due writes to the CRM, wave by wave, from intent to receipt.

Before a call the ledger says what is under way; after it, what the CRM answered. A write found under way
after a crash counts as sent: it is looked for by its key before it is sent again. Right before contacts are
created their handles are looked up live, so that one whom a person has just made by hand is adopted (SPEC
§5, `live_look`). What becomes of each write is said in `outcomes`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import (
    AuthLapsed,
    Capabilities,
    Crm,
    TryAgain,
)
from firstcontact.flow import indexed, merging, read_only, taking_back
from firstcontact.flow.live_look import after_look, by_handle_only, live_look
from firstcontact.flow.look_up import made_type
from firstcontact.flow.outcomes import apply
from firstcontact.flow.roles import enter_roles
from firstcontact.flow.rounds import Round, drop, retry
from firstcontact.flow.sifting import without_erased
from firstcontact.flow.targets import needs, with_records
from firstcontact.lanes.leases import Lease
from firstcontact.ledger import news, observing, under_way, undoing, writing
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.writing import Intent
from firstcontact.operating.watch import SILENT, Watch, WriteEvent
from firstcontact.planning.enrichment import subjects_of
from firstcontact.planning.write import (
    Receipt,
    Write,
)

WAVES: tuple[tuple[str, ...], ...] = (
    ("create_account",),
    ("create_contact",),
    ("update_contact",),
    ("log_activity",),
    ("update_activity", "delete_activity", "time_entry", "document", "contact_role", "remove_role"),
    ("merge_contacts",),
    ("delete_contact",),
)
"""What is pointed at comes before what points at it; each wave is as few requests as the CRM allows."""


_TOGETHER = (("create_account",), ("create_contact", "update_contact", "log_activity"), *WAVES[4:])
"""The waves where the connector puts the ids of what a call makes into what points at it: somebody unknown
and the activity are one request."""


MAKING = frozenset({"create_account", "create_contact"})


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
        "remove_role",
        "merge_contacts",
        "delete_contact",
    }
)
"""Writes that may go out again although nobody can tell whether they did: they say how something is to be,
or are looked for by handle or domain right before."""


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
        due = merging.retargeted(tx, crm.connection, due)
        made = merging.now_made(tx, crm.connection, _made_before(tx, due))
        turn = undoing.turn(tx)
    total = Carried()
    for wave in _TOGETHER if crm.capabilities().applies_together else WAVES:
        intents = [intent for intent in due if intent.write.kind in wave]
        intents.sort(key=lambda intent: intent.write.kind not in MAKING)
        if intents:
            total = _add(total, _wave(ledger, crm, intents, made, turn, now, lease, watch, region))
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
    turn: str,
    now: int,
    lease: Lease,
    watch: Watch,
    region: str,
) -> Carried:
    """made: as `_made_before` says, and by the waves before; what this one makes is added.
    turn: of undo, when the batch was read (`undoing.turn`)."""
    round = Round(intents)
    sent = [intent.write for intent in intents if intent.state == "sent"]
    settled = _found_written(crm, sent, round, now)
    todo = [(each.write, needs(each.write)) for each in intents if each.write.key not in settled]
    with ledger.write(Boundary.MARK_SENT) as tx:
        lease.hold(tx)
        if read_only.since(tx, crm.connection):
            return Carried()  # said since the batch began: nothing is sent, and the next round holds it back
        if undoing.turn(tx) != turn:
            return Carried(moved=len(intents))  # a person took something back: what is due is read again
        ready, waiting = _resolved(tx, todo, made, round)
        writing.mark(tx, waiting)
        under_way.settle(tx, [write.key for write in sent])
        round.under_way = frozenset(write.key for write in ready)
        under_way.begin(tx, lease.owner, round.under_way)
    try:
        settled = live_look(ledger, crm, ready, round, now)
        ready = after_look([write for write in ready if write.key not in settled], settled, round)
        if ready:
            with ledger.read() as tx:  # who slept over the look must not send what another has sent since
                lease.check(tx)
            apply(crm, ready, round, now)
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


def _found_written(crm: Crm, sent: Sequence[Write], round: Round, now: int) -> frozenset[str]:
    """Keys of sent writes that are not to be sent now: the CRM has carried them out and gives the receipt; it
    can't be asked now, and they are looked for again later; or it can never be asked, and they would be
    there twice, so that a person has to look."""
    if not sent:
        return frozenset()
    offered = crm.capabilities()
    if by_handle_only(offered):
        return _unclear(sent, round, offered)
    try:
        with crossing(Boundary.ASK_WRITTEN):
            receipts = crm.written([write.key for write in sent])
    except TryAgain as error:
        for write in sent:
            retry(round, write, "sent", now, str(error), error.after)
        return frozenset(write.key for write in sent)
    round.receipts.extend(receipts.values())
    return frozenset(receipts)


def _unclear(sent: Sequence[Write], round: Round, offered: Capabilities) -> frozenset[str]:
    repeatable = REPEATABLE if offered.looks_up else REPEATABLE - MAKING
    unclear = [write for write in sent if write.kind not in repeatable]
    why = f"it was sent without an answer, and {offered.title} can't be asked whether it arrived: look there"
    for write in unclear:
        round.parked += 1
        round.marks.append((write.key, "unclear", None, why))
    return frozenset(write.key for write in unclear)


def _resolved(
    tx: Connection,
    todo: Sequence[tuple[Write, tuple[str, ...]]],
    known: Mapping[str, tuple[str, str]],
    round: Round,
) -> tuple[list[Write], list[tuple[str, str, int | None, str]]]:
    """Writes whose targets are known, with the CRM's ids in place, and the marks of those that wait for what
    they build on. These are set in the transaction that looked, since a receipt may come right after it.
    What a write of the same wave makes (`Capabilities.applies_together`) is not waited for. todo: each with
    what it `needs`. known: state and record of what is made already."""
    made = {write.key for write, _ in todo if write.kind == "create_contact"}
    needed = {key for _, pointed_at in todo for key in pointed_at}
    records = {**known, **writing.records_of(tx, needed.difference(made, known))}
    ready: list[Write] = []
    waiting: list[tuple[str, str, int | None, str]] = []
    for write, pointed_at in todo:
        missing = [key for key in pointed_at if not records.get(key, ("", ""))[1]]
        # Only activities may point at what the same call makes (`Capabilities.applies_together`).
        if not missing or (write.kind == "log_activity" and made.issuperset(missing)):
            ready.append(with_records(write, records))
            continue
        states = {records.get(key, ("dropped", ""))[0] for key in missing if key not in made}
        if "dropped" in states:
            drop(round, write, f"{missing[0]} was dropped")
        else:
            waiting.append((write.key, "waiting", None, missing[0]))
    return ready, waiting


def _keep(
    ledger: Ledger,
    crm: Crm,
    round: Round,
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
    making = [
        (crm.connection, subject, each.key)
        for each in round.receipts
        if by_key[each.key].kind in MAKING
        for subject in subjects_of(by_key[each.key])
    ]
    done = tuple(_done(round, by_key))
    with ledger.write(Boundary.KEEP_RECEIPTS) as tx:
        lease.hold(tx)
        taking_back.answered(tx, crm.connection, round, by_key)
        writing.mark_done(tx, round.receipts, now, making)
        observing.made(tx, [each for each in round.receipts if by_key[each.key].kind == "create_contact"])
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
        seen = without_erased(tx, ledger.erased, round.seen) if round.seen else ()
        indexed.enter(tx, crm.connection, region, done, seen, now, made)
        indexed.bury(tx, crm.connection, merging.deleted(tx, crm.connection, round.gone), now)
        merging.settle(tx, crm.connection, region, round, by_key, now)
        enter_roles(tx, crm.connection, round.accounts, done, now)
        news.tell(tx, round.topics, round.decide_again, now)


def _done(round: Round, by_key: Mapping[str, Write]) -> Iterator[tuple[Write, Receipt]]:
    """What was carried out, with the CRM's ids of what it points at."""
    made = {receipt.key: ("done", receipt.id) for receipt in round.receipts}
    for receipt in round.receipts:
        yield with_records(round.sent.get(receipt.key, by_key[receipt.key]), made), receipt


_STOPS: dict[str, WriteEvent] = {"parked": "parked", "unclear": "unclear", "dropped": "dropped"}


def _tell(watch: Watch, connection: str, round: Round, by_key: Mapping[str, Write]) -> None:
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


def _keys_ended(round: Round) -> Collection[str]:
    ended = {receipt.key for receipt in round.receipts}
    ended.update(key for key, state, _, _ in round.marks if state == "dropped")
    return ended
