"""Contact roles on opportunities: which are made from a mail or meeting, and why not the others (SPEC §7).

Every line of the SPEC's table is here: candidates are the open opportunities of the accounts that people on
the interaction belong to by domain, and one of them is the primary match, or none where several rank equal.
A role is for somebody who is a contact or becomes one by the same decision; a lead has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from firstcontact.identity.records import Account, Opportunity
from firstcontact.policy.case import Case, Person
from firstcontact.policy.decision import PersonVerdict, Reason, RoleVerdict
from firstcontact.policy.known import Ruling
from firstcontact.policy.rules import meeting, message, subject
from firstcontact.policy.rules.said import Rule

STOPS: tuple[Rule, ...] = (
    subject.role_address,
    message.automated_sender,
    message.unauthenticated_sender,
    message.bulk_interaction,
    message.bcc_never_creates,
    meeting.declined,
    meeting.cancelled,
)
"""What keeps a contact whom the CRM has from a new role, as it keeps others from being created. Whom a
prohibition concerns is linked to nothing, and so has no role either."""

ROLE = "role:"
"""What the subject of a question about a role begins with."""

_TAKES_PART = ("link", "link_lead", "create", "ask")


class _Party(NamedTuple):
    """Somebody outside with the verdict about them."""

    person: Person
    verdict: PersonVerdict

    @property
    def contact(self) -> str:
        """Id of the contact that they are already, or ""."""
        return self.verdict.record if self.verdict.verdict == "link" else ""


class _Candidate(NamedTuple):
    """An open opportunity of a matched account. holders: contacts on the interaction with a role on it."""

    opportunity: Opportunity
    account: Account
    holders: tuple[str, ...]
    owned: bool

    @property
    def rank(self) -> tuple[int, bool, int]:
        """What makes it the primary match."""
        return len(self.holders), self.owned, self.opportunity.last_activity_at


def role_subject(opportunity: str, about: str) -> str:
    """What a question about a role, and its ruling, is about."""
    return f"{ROLE}{opportunity}:{about}"


def contact_roles(
    case: Case, people: Sequence[PersonVerdict], trace: list[Reason], *, retry: bool
) -> tuple[RoleVerdict, ...]:
    """The roles to be made; why, and why not, is appended to the trace.

    people: the verdicts, in the order of `case.people`. retry: a look-up failed, so that it is decided again.
    """
    if not case.settings.contact_roles or case.is_phone or not case.capabilities.contact_roles or retry:
        return ()
    parties = [_Party(person, verdict) for person, verdict in zip(case.people, people, strict=True)]
    accounts = _accounts(parties)
    candidates = _candidates(case, parties, accounts)
    if not candidates:
        if accounts:
            names = ", ".join(account.name for account in accounts)
            trace.append(_not("no_opportunity", "", ("account", names)))
        return ()
    chosen = _chosen(case, candidates, trace)
    rulings = {ruling.about: ruling for ruling in case.known.role_rulings}
    able = [party for party in parties if _able(party, accounts, trace)]
    roles: list[RoleVerdict] = []
    for candidate, row in chosen:
        roles.extend(_on(candidate, row, able, rulings, trace))
    return tuple(roles)


# --- which opportunities --------------------------------------------------------------------------------


def _accounts(parties: Sequence[_Party]) -> tuple[Account, ...]:
    """The accounts that the people on it belong to by domain, each once, by id."""
    found = {
        party.person.account.id: party.person.account
        for party in parties
        if party.verdict.verdict in _TAKES_PART and party.person.account is not None
    }
    return tuple(found[id] for id in sorted(found))


def _candidates(case: Case, parties: Sequence[_Party], accounts: Sequence[Account]) -> tuple[_Candidate, ...]:
    contacts = {party.contact for party in parties} - {""}
    return tuple(
        _Candidate(
            opportunity,
            account,
            tuple(sorted(contacts.intersection(opportunity.roles))),
            bool(opportunity.owner) and opportunity.owner in case.crm_users,
        )
        for account in accounts
        for opportunity in sorted(account.opportunities, key=lambda one: one.id)
        if opportunity.open
    )


def _primary(candidates: Sequence[_Candidate]) -> _Candidate | None:
    """Most role holders on the interaction, then owned by one of ours on it, then the latest activity; None
    where several are equal in all three."""
    ranked = sorted(candidates, key=lambda one: one.rank, reverse=True)
    if len(ranked) > 1 and ranked[0].rank == ranked[1].rank:
        return None
    return ranked[0]


def _chosen(
    case: Case, candidates: Sequence[_Candidate], trace: list[Reason]
) -> list[tuple[_Candidate, str]]:
    """The opportunities on which roles are created, each with the row of the table that says so; the others
    go into the trace, together by why."""
    primary = _primary(candidates)
    creating: list[tuple[_Candidate, str]] = []
    left: dict[str, list[str]] = {}
    for one in candidates:
        row, why = _row(case, one, candidates, primary)
        if row:
            creating.append((one, row))
        else:
            left.setdefault(why, []).append(one.opportunity.name)
    if len(creating) > 1 and case.settings.contact_roles_several == "primary":
        why = "no_primary" if primary is None else "not_primary"
        others = [one.opportunity.name for one, _ in creating if one is not primary]
        left.setdefault(why, []).extend(others)
        creating = [(one, row) for one, row in creating if one is primary]
    for why, names in left.items():
        trace.append(_not(why, "", ("opportunity", ", ".join(names))))
    return creating


def _row(
    case: Case, one: _Candidate, candidates: Sequence[_Candidate], primary: _Candidate | None
) -> tuple[str, str]:
    """The row of the table that creates roles on this opportunity, else why none does."""
    settings = case.settings
    if not one.opportunity.roles:
        if not settings.contact_roles_first:
            return "", "no_first"
        return ("first", "") if len(candidates) == 1 else ("", "several_possible")
    if one.holders:
        return "holder", ""
    if not settings.contact_roles_new:
        return "", "no_holder"
    if primary is None:
        return "", "no_primary"
    return ("new", "") if one is primary else ("", "not_primary")


# --- for whom -------------------------------------------------------------------------------------------


def _able(party: _Party, accounts: Sequence[Account], trace: list[Reason]) -> bool:
    """Whether somebody could have a role at all; why not goes into the trace."""
    person, verdict = party
    case = person.case
    why: tuple[str, tuple[tuple[str, str], ...]] | None = None
    if verdict.verdict == "link_lead" or (verdict.verdict == "create" and case.capabilities.creates_leads):
        why = "lead", ()
    elif verdict.verdict not in ("link", "create"):
        why = "no_contact", ()
    elif len(person.accounts) > 1:
        why = "account_ambiguous", (("accounts", ", ".join(one.name for one in person.accounts)),)
    elif person.account is None:
        why = "other_domain", (("accounts", ", ".join(account.name for account in accounts)),)
    else:
        stopped = next((said for rule in STOPS if (said := rule(person)) is not None), None)
        if stopped is not None:
            why = "stopped", (("rule", stopped.name), *stopped.values)
    if why is not None:
        trace.append(_not(why[0], person.about, *why[1]))
    return why is None


def _on(
    candidate: _Candidate,
    row: str,
    able: Sequence[_Party],
    rulings: Mapping[str, Ruling],
    trace: list[Reason],
) -> Iterator[RoleVerdict]:
    """The roles on one opportunity, for those of its account who have none on it."""
    opportunity, account = candidate.opportunity, candidate.account
    named = ("opportunity", opportunity.name)
    given: set[str] = set()
    for party in able:
        person, contact = party.person, party.contact
        if person.account is None or person.account.id != account.id:
            continue
        if contact in given:
            continue
        about = role_subject(opportunity.id, person.about)
        ruling = rulings.get(about)
        if contact and contact in opportunity.roles:
            trace.append(_not("already", person.about, named))
        elif contact and (opportunity.id, contact) in person.case.known.roles_gone:
            trace.append(_not("removed", person.about, named))
        elif ruling is not None and not ruling.create:
            trace.append(_not("ruled", person.about, named, ("by", ruling.by)))
        else:
            given.add(contact or person.about)
            ask = ruling is None and person.case.settings.autonomy.get("contact_role", "act") == "ask"
            if ask:
                values = (("setting", "autonomy.contact_role"), named)
                trace.append(Reason("review_required", about, "ask", decisive=True, values=values))
            trace.append(Reason(f"contact_role:{row}", person.about, "note", values=(named,)))
            yield RoleVerdict(
                opportunity=opportunity.id,
                about=person.about,
                contact=contact,
                role=_role_name(person, contact),
                account=account.id,
                domain=account.domains[0] if account.domains else "",
                ask=ask,
                name=opportunity.name,
                row=row,
                holders=candidate.holders if row == "holder" else (),
            )


def _role_name(person: Person, contact: str) -> str:
    """The role that the persona is mapped to, in whatever letter case, or ""."""
    names = person.case.settings.contact_roles_by_persona
    if not names:
        return ""
    record = next((one for one in person.contacts if one.id == contact), None)
    persona = (person.facts.value("persona") or (record.persona if record else "")).casefold()
    return next((role for name, role in names.items() if name.casefold() == persona), "") if persona else ""


def _not(why: str, about: str, *values: tuple[str, str]) -> Reason:
    return Reason(f"no_contact_role:{why}", about, "note", values=values)
