"""Looking up: everything that a batch of decisions needs to know, one request per kind of question.

`find` is asked once for all handles of the batch. What comes back is verified: a record that does not bear
the handle is set aside (SPEC §2). A search that failed is *unknown*, never *absent*.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import Capabilities, Crm, Gone, Moved, TryAgain
from firstcontact.connectors.toolkit.fields import read_fields
from firstcontact.flow import look_up_values
from firstcontact.flow.account_domains import Ruled, ruled
from firstcontact.flow.merging import now_in
from firstcontact.flow.removed import removed_of, without_removed
from firstcontact.flow.roles import RolesLooked, look_up_roles
from firstcontact.identity import domains
from firstcontact.identity.records import Account, Finding, Matter, Record, RecordType
from firstcontact.identity.team import Team
from firstcontact.identity.titles import BUILT_IN, TitleRule
from firstcontact.interactions.model import Handle, Interaction
from firstcontact.ledger import deciding, intake, undoing, writing
from firstcontact.ledger.book import Ledger
from firstcontact.planning.plan import NEW
from firstcontact.planning.write import ContactFields
from firstcontact.policy import enrichment
from firstcontact.policy.case import team_index
from firstcontact.policy.known import (
    BrakeFacts,
    CrmContext,
    Known,
    ObservedName,
    PersonFacts,
    Ruling,
    ThreadMessage,
)

NO_MATTER = "none"
"""Stands for the matter where a person said that it is none of them."""


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked up for a batch; `known` makes the `Known` of one interaction from it."""

    at: int
    connection: str
    context: CrmContext
    people: dict[str, PersonFacts]
    accounts: tuple[Account, ...]
    matters: tuple[Matter, ...]
    threads: Mapping[str, tuple[tuple[str, ThreadMessage], ...]]
    rulings: Mapping[tuple[str, str], Ruling]
    chosen: Mapping[str, Record]
    by_hand: Mapping[str, str]
    reserved: dict[str, tuple[str, str]]
    gone: tuple[tuple[str, str], ...]
    """(handle key, record id) of contacts of ours that somebody deleted in the CRM since."""
    removed: Mapping[str, int] = {}
    """What a person took back, and when: handle keys and `interaction:ID`."""
    freed: frozenset[str] = frozenset()
    """Numbers and addresses that a contact of ours had from a signature, and has no more: anybody's again."""
    accounts_gone: frozenset[str] = frozenset()
    """Domains that an account once had, and none has now."""
    roles: RolesLooked = msgspec.field(default_factory=RolesLooked)

    def known(self, interaction: Interaction, brake: BrakeFacts) -> Known:
        """Everything looked up that concerns one interaction."""
        keys = {h.key for p in interaction.participants for h in p.handles}
        people: dict[str, PersonFacts] = {}
        for key in keys:
            facts = self.people.get(key)
            if facts is None:
                continue
            ruling = self.rulings.get((key, interaction.id)) or self.rulings.get((key, ""))
            if ruling is not None:
                facts = self._with_ruling(facts, ruling)
            people[key] = facts
        for about in _without_handle(interaction):
            ruling = self.rulings.get((about, interaction.id))
            if ruling is not None:
                people[about] = self._with_ruling(PersonFacts(status="absent"), ruling)
        hosts = {key.rpartition("@")[2] for key in keys if "@" in key}
        records = {record.id for facts in people.values() for record in facts.records}
        matter_ruling = self.rulings.get((f"matter:{interaction.id}", ""))
        log_ruling = self.rulings.get((f"log:{interaction.id}", ""))
        activity = f"interaction:{interaction.id}"
        accounts = tuple(a for a in self.accounts if _concerns(a, hosts, keys)) if self.accounts else ()
        return Known(
            at=self.at,
            connection=self.connection,
            crm=self.context,
            people=people,
            accounts=self.roles.added(accounts),
            matters=tuple(m for m in self.matters if m.contact in records) if self.matters else (),
            thread=tuple(
                message
                for id, message in self.threads.get(interaction.conversation, ())
                if id != interaction.id
            ),
            brake=brake,
            by_hand=self.by_hand.get(interaction.id, ""),
            matter_ruling=(matter_ruling.choose or NO_MATTER) if matter_ruling else "",
            log_ruling=("yes" if log_ruling.create else "no") if log_ruling else "",
            accounts_gone=tuple(sorted(hosts & self.accounts_gone)) if self.accounts_gone else (),
            removed={
                **{key: self.removed[key] for key in keys if key in self.removed},
                **({"": self.removed[activity]} if activity in self.removed else {}),
            },
            roles_gone=self.roles.gone_of(accounts, records),
            role_rulings=self.roles.rulings_of(accounts, keys),
        )

    def _with_ruling(self, facts: PersonFacts, ruling: Ruling) -> PersonFacts:
        records = facts.records
        chosen = self.chosen.get(ruling.choose)
        if chosen is not None and all(record.id != chosen.id for record in records):
            records = (*records, chosen)
        return msgspec.structs.replace(facts, ruling=ruling, records=records)


def _concerns(account: Account, hosts: set[str], keys: set[str]) -> bool:
    if any(domain in hosts for domain in account.domains) or any(phone in keys for phone in account.phones):
        return True
    registrables = {domains.registrable(host) for host in hosts} - {""}
    return any(domains.registrable(domain) in registrables for domain in account.domains)


def look_up(
    ledger: Ledger,
    crm: Crm,
    context: CrmContext,
    team: Team,
    facts: Sequence[Interaction],
    now: int,
    titles: Sequence[TitleRule] = BUILT_IN,
) -> Looked:
    """Everything that deciding these interactions needs. titles: what titles say of department, seniority and
    persona. Raises AuthLapsed, StoreProblem."""
    handles = _outside_handles(facts, team)
    found = _find(crm, tuple(handles.values()))
    hosts = {domains.host_of(key) for key, handle in handles.items() if handle.kind == "email"}
    with ledger.read() as tx:
        observed = look_up_values.said(tx, handles, team.region, titles)
        subjects = [*handles, *observed.handles, *(f"domain:{host}" for host in hosts)]
        reserved = writing.reserved(tx, crm.connection, subjects)
        suppressed = deciding.suppressed(tx, crm.connection, handles)
        removed = removed_of(tx, crm.connection, suppressed, facts)
        erased = ledger.erased.markers(tx, handles)
        names = dict(intake.names_of(tx, handles))
        threads = deciding.threads(tx, {f.conversation for f in facts if f.conversation})
        abouts = [*handles, *(f"{what}:{f.id}" for f in facts for what in ("matter", "log"))]
        abouts += [enrichment.subject(key) for key in observed.values]
        abouts += [about for fact in facts for about in _without_handle(fact)]
        here = {"", *(fact.id for fact in facts)}
        rulings = {on: ruling for on, ruling in deciding.rulings_on(tx, abouts).items() if on[1] in here}
        reserved, rulings = now_in(tx, crm.connection, reserved, rulings)
        further = writing.further(tx, {key: reserved[key][0] for key in _missing(found, reserved)})
        by_hand = deciding.logged_by_hand(tx, [f.id for f in facts])
        hosts_seen = (
            deciding.hosts_seen(tx, crm.connection, hosts) if context.capabilities.accounts else frozenset()
        )
        said = ruled(tx, crm.connection, hosts) if context.capabilities.accounts else Ruled()
        pending = writing.intended_contacts(tx, {key for key, record in reserved.values() if not record})
    chosen = _chosen(crm, rulings.values())
    found, gone, freed = _ours(crm, found, reserved, further)
    people: dict[str, PersonFacts] = {}
    for key, handle in handles.items():
        people[key] = _facts(
            handle,
            found[key],
            names.get(key, ()),
            suppressed.get(key, ""),
            reserved.get(key),
            pending,
            made_type(context.capabilities),
        )
    for key, _ in gone:
        if not people[key].records:
            people[key] = msgspec.structs.replace(people[key], suppressed="deleted")
    if observed.values:
        look_up_values.with_values(people, observed, frozenset(here - {""}), crm, reserved, team.region)
    with ledger.read() as tx:
        look_up_values.written_of(tx, crm.connection, people, rulings, reserved, team.region, context)
        people = without_removed(tx, crm.connection, people)
    people.update(dict.fromkeys(erased, PersonFacts(status="absent", suppressed="erased")))
    in_crm = _accounts(crm, context, handles.values(), said)
    accounts = said.over(in_crm)
    roles = RolesLooked()
    if context.capabilities.contact_roles and accounts:
        with ledger.read() as tx:
            roles = look_up_roles(tx, crm.connection, accounts, handles)
    return Looked(
        at=now,
        connection=crm.connection,
        context=context,
        people=people,
        accounts=accounts,
        removed=removed,
        accounts_gone=hosts_seen - {domain for account in in_crm for domain in account.domains},
        matters=_matters(crm, context, people.values()),
        threads=threads,
        rulings=rulings,
        chosen=chosen,
        by_hand=by_hand,
        reserved=reserved,
        gone=gone,
        freed=freed,
        roles=roles,
    )


def _outside_handles(facts: Sequence[Interaction], team: Team) -> dict[str, Handle]:
    """Handles of everybody who may be theirs, each once."""
    index = team_index(team)
    handles: dict[str, Handle] = {}
    for fact in facts:
        for participant in fact.participants:
            if participant.handles and index.side(participant) is None:
                for handle in participant.handles:
                    handles.setdefault(handle.key, handle)
    return handles


def _without_handle(fact: Interaction) -> tuple[str, ...]:
    """Who is on it with nothing to be found by, as a decision names them: a user may have said who it was."""
    return tuple(p.raw for p in fact.participants if not p.handles and p.raw)


def _find(crm: Crm, handles: Sequence[Handle]) -> dict[str, Finding]:
    if not handles:
        return {}
    try:
        with crossing(Boundary.FIND):
            found = crm.find(handles)
    except TryAgain as error:
        return {handle.key: Finding("unknown", why=str(error)) for handle in handles}
    # A connector that says nothing about a handle has not looked: unknown, never absent.
    silent = Finding("unknown", why="the connector gave no answer")
    return {handle.key: found.get(handle.key, silent) for handle in handles}


def _ours(
    crm: Crm,
    found: dict[str, Finding],
    reserved: Mapping[str, tuple[str, str]],
    further: frozenset[str],
) -> tuple[dict[str, Finding], tuple[tuple[str, str], ...], frozenset[str]]:
    """Contacts that we made and that the search did not return: a search that lags, a merge, a deletion.
    further: handles that are no more than values of their contact; one that has gone from it is
    anybody's again."""
    missing = _missing(found, reserved)
    if not missing:
        return found, (), frozenset()
    try:
        read = _read(crm, sorted(set(missing.values())))
    except TryAgain as error:
        unknown = Finding("unknown", why=str(error))
        return {**found, **dict.fromkeys(missing, unknown)}, (), frozenset()
    found = dict(found)
    gone: list[tuple[str, str]] = []
    freed: set[str] = set()
    for key, id in missing.items():
        record = read.get(id)
        if key in further and not _still_has(record, key):
            freed.add(key)
        elif isinstance(record, Record):
            if found[key].status != "found":
                found[key] = Finding("found", (record,), why="ours")
        elif isinstance(record, Gone) or record is None:
            gone.append((key, id))
    return found, tuple(gone), frozenset(freed)


def _missing(found: Mapping[str, Finding], reserved: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Records of ours by handle that the search did not return."""
    return {
        key: record
        for key, (_, record) in reserved.items()
        if record and key in found and not _has(found[key], record)
    }


def _still_has(record: object, key: str) -> bool:
    return isinstance(record, Record) and any(handle.key == key for handle in record.handles)


def _read(crm: Crm, ids: Sequence[str]) -> dict[str, Record | Moved | Gone | None]:
    """Records as they are now; one that was merged is what it was merged into."""
    with crossing(Boundary.READ):
        read = crm.read(ids)
    into = sorted({each.into for each in read.values() if isinstance(each, Moved)})
    if not into:
        return dict(read)
    with crossing(Boundary.READ_MERGED):
        merged = crm.read(into)
    return {id: merged.get(one.into) if isinstance(one, Moved) else one for id, one in read.items()}


def _has(finding: Finding, id: str) -> bool:
    return any(record.id == id for record in finding.records)


def _facts(
    handle: Handle,
    finding: Finding,
    names: tuple[ObservedName, ...],
    suppressed: str,
    reserved: tuple[str, str] | None,
    pending: Mapping[str, ContactFields],
    made: RecordType,
) -> PersonFacts:
    bearing = tuple(record for record in finding.records if finding.why == "ours" or _bears(record, handle))
    stray = tuple(record.id for record in finding.records if record not in bearing)
    status = finding.status
    if status == "found" and not bearing:
        status = "absent"
    if status == "absent" and reserved is not None and not reserved[1]:
        # A write of ours that makes this contact is on its way: whoever comes next is linked to it.
        bearing, status = (virtual(reserved[0], pending.get(reserved[0]), made),), "found"
    return PersonFacts(
        status=status,
        why=finding.why if status == "unknown" else "",
        records=bearing,
        stray=stray,
        names=names[:3],
        suppressed=_SUPPRESSED.get(suppressed, "deleted") if suppressed else "",
    )


_SUPPRESSED: dict[str, Literal["erased", "removed"]] = {"erased": "erased", undoing.REMOVED: "removed"}


def made_type(offered: Capabilities) -> RecordType:
    """What a write that creates somebody makes in the CRM."""
    return "lead" if offered.creates_leads else "contact"


def virtual(write_key: str, fields: ContactFields | None = None, type: RecordType = "contact") -> Record:
    """The contact or lead that a write of ours is about to make, named as it will be."""
    made = fields or ContactFields()
    return Record(
        type=type,
        id=NEW + write_key,
        name=made.name or " ".join(filter(None, (made.first_name, made.last_name))),
        first_name=made.first_name,
        last_name=made.last_name,
        emails=made.emails,
        phones=(*made.phones, *made.mobiles),
        mobiles=made.mobiles,
        handles=read_fields(made.emails, (*made.phones, *made.mobiles), "")[0],
        title=made.title,
        department=made.department,
        seniority=made.seniority,
        persona=made.persona,
        company=made.company,
        mailing=made.mailing,
        placeholder=bool(made.placeholder),
        created_by_us=True,
    )


def _bears(record: Record, handle: Handle) -> bool:
    for own in record.handles:
        if own.kind == handle.kind and own.key == handle.key:
            if own.extension and handle.extension and own.extension != handle.extension:
                continue
            return True
    return False


def _chosen(crm: Crm, rulings: Iterable[Ruling]) -> dict[str, Record]:
    """Records that a person chose, read as they are now."""
    wanted = sorted({ruling.choose for ruling in rulings if ruling.choose})
    if not wanted:
        return {}
    try:
        read = _read(crm, wanted)
    except TryAgain:
        return {}
    chosen: dict[str, Record] = {}
    for id, now in read.items():
        if isinstance(now, Record):
            chosen[id] = msgspec.structs.replace(now, id=id) if now.id != id else now
    return chosen


def _accounts(crm: Crm, context: CrmContext, handles: Iterable[Handle], said: Ruled) -> tuple[Account, ...]:
    if not context.capabilities.accounts:
        return ()
    hosts: set[str] = set()
    phones: set[str] = set()
    for handle in handles:
        if handle.kind == "phone":
            phones.add(handle.key)
            continue
        host = domains.host_of(handle.key)
        if domains.identifies_account(host):
            hosts.add(host)
    if not hosts and not phones:
        return ()
    with crossing(Boundary.ASK_ACCOUNTS):
        return crm.accounts(said.asked(hosts), sorted(phones))


def _matters(crm: Crm, context: CrmContext, people: Iterable[PersonFacts]) -> tuple[Matter, ...]:
    if not context.capabilities.matters:
        return ()
    contacts = sorted(
        {r.id for facts in people for r in facts.records if r.type == "contact" and not r.id.startswith(NEW)}
    )
    if not contacts:
        return ()
    with crossing(Boundary.ASK_MATTERS):
        return crm.matters(contacts)
