"""The case before the rules: an interaction with what is known and the settings, worked out once.

A rule sees one `Person` and, behind it, the `Case`. Rules read and never change them. What several rules
ask for (the account of a person, the thread's engagement) is worked out at most once, because replay runs
`decide` over millions of stored interactions.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from firstcontact.identity import domains
from firstcontact.identity.records import Account, Record
from firstcontact.identity.sides import Sides, TeamIndex, sides
from firstcontact.identity.team import Team
from firstcontact.interactions.model import PHONE_KINDS, Call, Handle, Interaction, Participant, kind_of
from firstcontact.policy.display_name import display_name
from firstcontact.policy.known import NOT_KNOWN, Known, ObservedName, PersonFacts
from firstcontact.policy.lazily import lazy
from firstcontact.policy.patterns import Patterns, compile_patterns
from firstcontact.policy.settings import Effective


class DomainFacts(msgspec.Struct, frozen=True):
    """What an address's own text says, without any look-up."""

    host: str
    free_mail: bool
    identifies_account: bool
    role: bool
    machine: bool


@lru_cache(maxsize=8192)
def domain_facts(address: str) -> DomainFacts:
    """Facts of an address (a handle key), remembered because one address comes in many interactions."""
    host = domains.host_of(address)
    return DomainFacts(
        host=host,
        free_mail=domains.is_free_mail(host) or domains.is_disposable(host),
        identifies_account=domains.identifies_account(host),
        role=domains.is_role_address(address),
        machine=domains.is_machine_address(address),
    )


_indexes: dict[int, tuple[Team, TeamIndex]] = {}


def team_index(team: Team) -> TeamIndex:
    """The team's index, built once per team object."""
    entry = _indexes.get(id(team))
    if entry is None or entry[0] is not team:
        if len(_indexes) > 64:
            _indexes.clear()
        entry = _indexes[id(team)] = (team, TeamIndex(team))
    return entry[1]


@lru_cache(maxsize=256)
def _patterns(entries: tuple[str, ...], region: str) -> Patterns:
    return compile_patterns(entries, region)


class Case:
    """One interaction under decision."""

    def __init__(self, interaction: Interaction, known: Known, settings: Effective) -> None:
        self.interaction = interaction
        self.known = known
        self.settings = settings
        self.kind = kind_of(interaction)
        self.is_phone = self.kind in PHONE_KINDS
        self.capabilities = known.crm.capabilities
        self.sides: Sides = sides(interaction, team_index(settings.team))
        self.people = tuple(Person(self, participant) for participant in self.sides.theirs)
        region = settings.team.region
        self.blocked = _patterns(settings.blocked, region) if settings.blocked else None
        self.allowed = _patterns(settings.allowed, region) if settings.allowed else None
        signs = getattr(interaction, "signs", None)
        self.automated: tuple[str, ...] = signs.automated if signs is not None else ()

    def let_go(self) -> None:
        """Forget the people, who point back at the case: else each of millions waits for the collector."""
        self.people = ()

    @lazy
    def blocked_subject(self) -> str:
        """The entry of `blocked` that the subject of a mail matches, or ""."""
        if self.blocked is None or self.kind != "email":
            return ""
        return self.blocked.matches_subject(self.interaction.subject)

    @lazy
    def path(self) -> tuple[str, ...]:
        """The path into `unknown_contact`: kind, direction, and for a call its result (SPEC §3)."""
        if self.kind == "meeting":
            return ("meeting",)
        if not isinstance(self.interaction, Call):
            return (self.kind, self.sides.direction)
        result = self.interaction.result
        if result == "answered" and self.interaction.seconds < self.settings.minimum_talk_seconds:
            result = "missed"
        return ("call", self.sides.direction, result)

    @lazy
    def unknown_contact(self) -> str:
        """What happens when nobody is found, for this interaction."""
        return self.settings.unknown_contact_for(self.path)

    @lazy
    def crm_users(self) -> tuple[str, ...]:
        """CRM ids of our users on the interaction, in the order of `sides.users`."""
        users = self.known.crm.users
        return tuple(users[user].id for user in self.sides.users if user in users)

    @lazy
    def outside_people(self) -> int:
        """How many people of theirs are on it; rooms and role addresses are not people."""
        return sum(1 for person in self.people if person.handle is not None and not person.is_resource)

    @lazy
    def outside_domains(self) -> int:
        """How many domains of theirs are on it."""
        return len(
            {
                person.domain.host
                for person in self.people
                if person.domain is not None and not person.is_resource
            }
        )

    @lazy
    def ours_wrote(self) -> bool:
        """Whether a person of ours sent a message of the thread (a machine's answer does not count)."""
        if self.sides.sender_is_ours and not self.automated:
            return True
        index = team_index(self.settings.team)
        return any(
            not message.automated and any(_is_ours(index, key) for key in message.senders)
            for message in self.known.thread
        )

    @lazy
    def theirs_wrote(self) -> bool:
        """Whether a person of theirs sent a message of the thread."""
        if not self.sides.sender_is_ours and not self.automated:
            return True
        index = team_index(self.settings.team)
        return any(
            not message.automated and any(not _is_ours(index, key) for key in message.senders)
            for message in self.known.thread
        )

    @lazy
    def known_contact_on_thread(self) -> bool:
        """Whether a contact that the CRM already has is on the interaction or on its thread."""
        return any(person.contacts for person in self.people) or any(
            message.linked for message in self.known.thread
        )


def _is_ours(index: TeamIndex, key: str) -> bool:
    handle = Handle("email", key, key) if "@" in key else Handle("phone", key, key)
    return index.side(Participant(role="from", handles=(handle,))) is not None


class Person:
    """One outside participant under decision. `about` is its subject: a handle key, else the raw text."""

    def __init__(self, case: Case, participant: Participant) -> None:
        self.case = case
        self.participant = participant
        self.role = participant.role
        handles = participant.handles
        self.handle: Handle | None = handles[0] if handles else None
        self.about: str = handles[0].key if handles else (participant.raw or participant.name or "unknown")
        self.facts: PersonFacts = case.known.people.get(self.about, NOT_KNOWN)
        self.domain: DomainFacts | None = (
            domain_facts(handles[0].key) if handles and handles[0].kind == "email" else None
        )
        records = self.facts.records
        self.contacts: tuple[Record, ...] = ()
        self.leads: tuple[Record, ...] = ()
        if records:
            self.contacts, self.leads = _candidates(records)

    @lazy
    def is_resource(self) -> bool:
        """A room, equipment, group calendar or note-taker bot."""
        participant = self.participant
        if participant.role == "resource" or participant.cutype in ("room", "resource", "group"):
            return True
        if self.domain is None:
            return False
        return self.domain.machine or domains.is_resource_address(self.about, participant.name)

    @lazy
    def allowed(self) -> str:
        """The entry of `allowed` that names this person, or ""."""
        if self.case.allowed is None or self.handle is None:
            return ""
        return self.case.allowed.matches_handle(self.handle)

    @property
    def name(self) -> ObservedName | None:
        """The best name: a person's ruling, else what was observed."""
        ruling = self.facts.ruling
        if ruling is not None and ruling.create and (ruling.first_name or ruling.last_name):
            return ObservedName(ruling.first_name, ruling.last_name, "ruling", at=ruling.at)
        return self.facts.names[0] if self.facts.names else self._name_of_allowed_role

    @lazy
    def _name_of_allowed_role(self) -> ObservedName | None:
        """A role address (`office@`) speaks for many, so no name is kept for it; one that `allowed` names is
        somebody's, who is called as this interaction shows them."""
        if self.domain is None or not self.domain.role or not self.allowed:
            return None
        shown = display_name(self.participant, self.case.is_phone)
        fact = self.case.interaction
        return ObservedName(*shown, fact.id, fact.at) if shown is not None else None

    @lazy
    def accounts(self) -> tuple[Account, ...]:
        """Accounts that this person's domain names, the best ranked first; see `tied`."""
        if self.domain is None or not self.domain.identifies_account or self.domain.free_mail:
            return ()
        matched = _accounts_for(self.domain.host, self.case)
        if len(matched) < 2:
            return matched
        ranked = sorted(matched, key=lambda account: (_rank(account, self), account.id), reverse=True)
        best = _rank(ranked[0], self)
        return tuple(account for account in ranked if _rank(account, self) == best)

    @property
    def account(self) -> Account | None:
        """The one account of this person, None where there is none or several rank equal."""
        return self.accounts[0] if len(self.accounts) == 1 else None

    @lazy
    def phone_account(self) -> Account | None:
        """The account whose own number this is (a switchboard), never a person's."""
        if self.handle is None or self.handle.kind != "phone":
            return None
        owners = [account for account in self.case.known.accounts if self.handle.key in account.phones]
        return owners[0] if len(owners) == 1 else None


def named_by_hand(person: Person) -> bool:
    """Whether a user who logs this interaction by hand has chosen the contact of this person."""
    ruling = person.facts.ruling
    return bool(person.case.known.by_hand) and ruling is not None and bool(ruling.choose)


def _candidates(records: tuple[Record, ...]) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
    """Contacts and leads among the verified records (SPEC §2): an active one goes before archived ones, and
    a converted lead stands for its contact."""
    contacts = [record for record in records if record.type == "contact"]
    leads = []
    ids = {record.id for record in contacts}
    for record in records:
        if record.type != "lead":
            continue
        if not record.converted_to:
            leads.append(record)
        elif record.converted_to not in ids:
            ids.add(record.converted_to)
            contacts.append(
                msgspec.structs.replace(record, type="contact", id=record.converted_to, converted_to="")
            )
    active = [record for record in contacts if record.active]
    active_leads = [record for record in leads if record.active]
    return tuple(active or contacts), tuple(active_leads or leads)


def _accounts_for(host: str, case: Case) -> tuple[Account, ...]:
    exact = tuple(account for account in case.known.accounts if host in account.domains)
    if exact or not case.settings.account_subdomains:
        return exact
    return tuple(
        account
        for account in case.known.accounts
        if host not in account.not_theirs and _names(account.domains, host)
    )


def _names(of: tuple[str, ...], host: str) -> bool:
    """Whether one of these domains has the host, or is under the same registrable domain where none has."""
    if host in of:
        return True
    registrable = domains.registrable(host)
    return bool(registrable) and any(domains.registrable(domain) == registrable for domain in of)


def holds(account: Account, crm_user: str) -> tuple[str, ...]:
    """Which of `account_owner`, `opportunity_owner`, `account_team` a CRM user holds on an account; only open
    opportunities count (SPEC §3 `user_must_be`)."""
    found = []
    if crm_user == account.owner:
        found.append("account_owner")
    if any(opportunity.open and opportunity.owner == crm_user for opportunity in account.opportunities):
        found.append("opportunity_owner")
    if crm_user in account.team:
        found.append("account_team")
    return tuple(found)


def _rank(account: Account, person: Person) -> tuple[bool, bool, bool, bool, int, int]:
    """SPEC §2: what makes one of several accounts on a domain the right one, in order."""
    case = person.case
    known_ids = {record.id for other in case.people for record in other.contacts}
    known_accounts = {record.account for other in case.people for record in other.contacts}
    host = person.domain.host if person.domain else ""
    primary = account.domains[: account.primary_domains]
    by_primary = host in primary if host in account.domains else _names(primary, host)
    return (
        account.id in known_accounts,
        any(holds(account, user) for user in case.crm_users),
        any(
            opportunity.open and known_ids.intersection(opportunity.roles)
            for opportunity in account.opportunities
        ),
        by_primary,
        account.contacts,
        account.last_activity_at,
    )
