"""What the CRM holds right before a write is sent: somebody may have been quicker (SPEC §5)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import Capabilities, Crm, TryAgain
from firstcontact.flow.account_domains import ruled
from firstcontact.flow.enriching import as_it_was
from firstcontact.flow.merging import still_duplicates
from firstcontact.flow.role_check import check_roles
from firstcontact.flow.rounds import Round, drop, retry
from firstcontact.flow.taking_back import is_undo, still_ours, untouched
from firstcontact.flow.targets import needs, with_records
from firstcontact.identity.records import Finding, Record
from firstcontact.interactions.model import Handle
from firstcontact.ledger import deciding
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.writing import Intent
from firstcontact.planning.enrichment import BRINGS
from firstcontact.planning.unmerge import is_made_anew
from firstcontact.planning.write import AccountFields, ContactFields, Existing, Receipt, Write

LOOKS = 6
"""How often a contact whose creation got no answer is looked for before its absence is believed, where it can
be found by its handle only: with the waits between them half an hour, longer than searches lag behind."""


def by_handle_only(offered: Capabilities) -> bool:
    """Whether the CRM neither finds a write by its key nor refuses a second one of the same key."""
    return not offered.finds_written and not offered.unique_create


def live_look(ledger: Ledger, crm: Crm, ready: Sequence[Write], round: Round, now: int) -> frozenset[str]:
    """What the CRM holds right before a write of one of these kinds: keys of those not to be sent now."""
    settled: frozenset[str] = frozenset()
    for kind, look in _LIVE_LOOKS.items():
        looked_for = [write for write in ready if write.kind == kind and not is_made_anew(write)]
        if not looked_for:
            continue
        try:
            settled |= look(ledger, crm, looked_for, round, now)
        except TryAgain as error:
            for write in looked_for:
                retry(round, write, round.intents[write.key].state, now, str(error), error.after)
            settled |= {write.key for write in looked_for}
    return settled


def after_look(ready: Sequence[Write], settled: Collection[str], round: Round) -> list[Write]:
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
            send.append(with_records(write, there))
    return send


def _adopt(ledger: Ledger, crm: Crm, creating: Sequence[Write], round: Round, now: int) -> frozenset[str]:
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
    blind, as_leads = by_handle_only(offered), offered.creates_leads
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
        known = any(as_leads or record.type == "contact" for record in bearing)
        if mine is not None:
            settled.add(write.key)
            round.receipts.append(Receipt(write.key, mine.id, created=True, at=now))
        elif blind and not known and intent.state == "sent" and intent.attempts < LOOKS:
            settled.add(write.key)
            retry(round, write, "sent", now, "it was sent without an answer, and is looked for", 0.0)
        elif finding.status == "unknown":
            settled.add(write.key)
            retry(round, write, round.intents[write.key].state, now, finding.why, 0.0)
        elif write.subject in buried and not bearing:
            settled.add(write.key)
            drop(round, write, "a person deleted this contact in the CRM meanwhile")
        elif len(bearing) == 1 and (as_leads or bearing[0].type == "contact"):
            settled.add(write.key)
            round.adopted += 1
            round.seen.append(bearing[0])
            round.receipts.append(Receipt(write.key, bearing[0].id, created=False, at=now))
            if as_leads:  # nothing is logged on a lead that is only made now; on this one it may be
                round.decide_again.add(write.interaction)
        elif bearing:
            # Which of them, and whether a lead stops us, is for the policy to say: the facts have changed, so
            # it is decided again. Where it says to create with exactly these in view, that is done.
            of_leads = not as_leads and all(record.type == "lead" for record in bearing)
            what = "a lead" if of_leads else "several contacts"
            why = f"{what} appeared meanwhile: {', '.join(sorted(each.id for each in bearing))}"
            if not intent.problem if of_leads else intent.problem != why:
                settled.add(write.key)
                # The index learns of them now: by what it knows it would be decided as before.
                round.seen.extend(bearing)
                drop(round, write, why)
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
    ledger: Ledger, crm: Crm, creating: Sequence[Write], round: Round, now: int
) -> frozenset[str]:
    """The live look before creating accounts, by their domains. Raises TryAgain."""
    wanted = {write.key: write.fields for write in creating if isinstance(write.fields, AccountFields)}
    hosts = {fields.domain for fields in wanted.values()}
    with ledger.read() as tx:
        said = ruled(tx, crm.connection, hosts)
    with crossing(Boundary.ACCOUNTS_BEFORE_CREATING):
        in_crm = crm.accounts(said.asked(hosts), ())
    there = said.over(in_crm)
    blind = by_handle_only(crm.capabilities())
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
            drop(round, write, f"several accounts have the domain {fields.domain}")
        elif blind and intent.state == "sent" and intent.attempts < LOOKS:
            settled.add(write.key)
            retry(round, write, "sent", now, "it was sent without an answer, and is looked for", 0.0)
    return frozenset(settled)


def _updating(ledger: Ledger, crm: Crm, updating: Sequence[Write], round: Round, now: int) -> frozenset[str]:
    """The live looks before a contact is changed. Raises TryAgain."""
    settled = _unedited(ledger, crm, updating, round, now)
    rest = [write for write in updating if write.key not in settled]
    settled |= as_it_was(ledger, crm, rest, round, now)
    rest = [write for write in rest if write.key not in settled]
    return settled | still_ours(ledger, crm, rest, round, now)


def _unedited(ledger: Ledger, crm: Crm, updating: Sequence[Write], round: Round, now: int) -> frozenset[str]:
    """The live look before a contact is named: a person who has edited it since has the last word. Raises
    TryAgain."""
    del ledger, now
    naming = [
        (write, write.target.id)
        for write in updating
        if isinstance(write.target, Existing)
        and isinstance(write.fields, ContactFields)
        and (write.fields.first_name or write.fields.last_name)
        and not is_undo(write)
        and BRINGS not in write.subject
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
            drop(round, write, "a person has edited this contact meanwhile")
    return frozenset(settled)


_LIVE_LOOKS = {
    "merge_contacts": still_duplicates,
    "create_contact": _adopt,
    "create_account": _adopt_accounts,
    "update_contact": _updating,
    "contact_role": check_roles,
    "delete_contact": untouched,
}
"""What is looked at in the CRM right before a write of a kind is sent."""


def _sent_before(intent: Intent, bearing: Sequence[Record]) -> Record | None:
    """What came of a write that was sent before, without an answer: the one contact with our mark."""
    if intent.state != "sent":
        return None
    marked = [record for record in bearing if record.type == "contact" and record.created_by_us]
    return marked[0] if len(marked) == 1 else None


def _handle(key: str) -> Handle:
    return Handle("email", key, key) if "@" in key else Handle("phone", key, key)
