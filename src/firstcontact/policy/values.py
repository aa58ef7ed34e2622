"""The values of a person's verdict: the name, the handles, the account and the owner to write."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from string import Formatter
from zoneinfo import ZoneInfo

import phonenumbers

from firstcontact.identity.domains import registrable
from firstcontact.identity.names import PersonName, same_person_name
from firstcontact.interactions.model import Call, Fax, Handle, Sms, Voicemail
from firstcontact.policy import enrichment
from firstcontact.policy.case import Case, Person, holds
from firstcontact.policy.decision import PersonVerdict, Verdict
from firstcontact.policy.rules.said import Said
from firstcontact.policy.wish import Wished

INTEGRATION_USER = "integration_user"
"""Stands for the connection's own CRM user, always active; each connector knows which that is."""
DEFAULT_PLACEHOLDER = "Unknown Caller"
PLACEHOLDER_FIELDS: tuple[str, ...] = (
    "caller_id",
    "number",
    "number_national",
    "direction",
    "date",
    "line",
)


def person(person: Person, verdict: Verdict, wished: Wished, said: tuple[Said, ...]) -> PersonVerdict:
    """The verdict with everything that a plan needs to carry it out."""
    if verdict in ("link", "link_lead"):
        return _linked(person, verdict, wished)
    if verdict == "create":
        return _created(person)
    return PersonVerdict(
        about=person.about,
        verdict=verdict,
        candidates=wished.candidates,
        waits_for=_topics(person, said),
    )


def _topics(person: Person, said: tuple[Said, ...]) -> tuple[str, ...]:
    """What news reopens this verdict (SPEC §4 "Held as pending", "When things change")."""
    if person.handle is None:
        return ()
    topics = [f"handle:{person.about}"]
    names = {heard.name for heard in said}
    if "not_engaged" in names and person.case.interaction.conversation:
        topics.append(f"thread:{person.case.interaction.conversation}")
    if any(name.startswith("missing_field:") for name in names):
        topics.append(f"name:{person.about}")
    if names & {"account_ambiguous", "user_not_on_account"} or _awaits_account(person):
        topics.extend(f"domain:{host}" for host in _hosts(person))
    return tuple(topics)


def _awaits_account(person: Person) -> bool:
    """Whether an account that gets this domain would change something: the mail is logged on it at least."""
    case = person.case
    if case.is_phone or not case.capabilities.accounts or person.accounts:
        return False
    return person.domain is not None and person.domain.identifies_account and not person.domain.free_mail


def _hosts(person: Person) -> tuple[str, ...]:
    """The host, and the registrable domain, by whose account it is found too."""
    host = person.domain.host if person.domain is not None else ""
    return tuple(dict.fromkeys(filter(None, (host, registrable(host)))))


def _linked(person: Person, verdict: Verdict, wished: Wished) -> PersonVerdict:
    record = wished.record
    assert record is not None
    name = person.name
    rename = False
    if name is not None and record.created_by_us and not record.edited_by_person:
        if record.placeholder:
            rename = True
        elif not record.last_name and name.last and record.first_name:
            rename = same_person_name(
                PersonName(record.first_name, "", record.first_name), PersonName(name.first, "", name.first)
            )
    ruling = person.facts.ruling
    learn = ruling is not None and wished.ruled and ruling.learn
    return PersonVerdict(
        about=person.about,
        verdict=verdict,
        record=record.id,
        first_name=name.first if name and rename else "",
        last_name=name.last if name and rename else "",
        name=record.name,
        name_source=name.source if name and rename else "",
        rename=rename,
        learn=learn,
        emails=_values(person, "email") if learn else (),
        phones=_values(person, "phone") if learn else (),
        account=record.account,
        candidates=wished.candidates,
    )


def _created(person: Person) -> PersonVerdict:
    case = person.case
    name = person.name
    account = person.account
    make_account = (
        account is None
        and not person.accounts
        and case.settings.account_match == "create_account"
        and case.capabilities.accounts
        and not case.is_phone
        and person.domain is not None
        and person.domain.identifies_account
        and not person.domain.free_mail
        and person.domain.host not in case.known.accounts_gone
    )
    ruling = person.facts.ruling
    changes = enrichment.of_new(person, has_account=account is not None or make_account)
    return PersonVerdict(
        about=person.about,
        verdict="create",
        first_name=name.first if name else "",
        last_name=name.last if name else "",
        name="" if name else _placeholder(person),
        name_source=name.source if name else "",
        placeholder=name is None,
        emails=_values(person, "email"),
        phones=_values(person, "phone"),
        title=enrichment.change_of(changes, "title"),
        contact_type=ruling.contact_type if ruling else "",
        account=account.id if account and case.capabilities.accounts else "",
        account_domain=person.domain.host if make_account and person.domain else "",
        owner=owner(person),
        changes=changes,
    )


def _values(person: Person, kind: str) -> tuple[str, ...]:
    return tuple(with_extension(handle) for handle in person.participant.handles if handle.kind == kind)


def with_extension(handle: Handle) -> str:
    """A handle as it is written into a field."""
    return f"{handle.value} ext. {handle.extension}" if handle.extension else handle.value


def owner(person: Person) -> str:
    """The first of the `owner` setting who is an active CRM user, else the connection's own user."""
    case = person.case
    for choice in case.settings.owner:
        if choice == INTEGRATION_USER:
            return INTEGRATION_USER
        if choice == "triggering_user":
            user = triggering_user(person)
        elif choice == "account_owner":
            user = person.account.owner if person.account else ""
        else:
            mapped = case.known.crm.users.get(choice)
            user = mapped.id if mapped else choice
        if user and user in case.known.crm.active:
            return user
    return INTEGRATION_USER


def triggering_user(person: Person) -> str:
    """With several of ours on the interaction: account owner, then open-opportunity owner, account team,
    sender or organiser, earliest captured (SPEC §5 "Owner"). A CRM user id, "" where none has one."""
    case = person.case
    account = person.account
    if account is not None:
        for role in ("account_owner", "opportunity_owner", "account_team"):
            for user in case.crm_users:
                if role in holds(account, user):
                    return user
    return case.crm_users[0] if case.crm_users else ""


def _placeholder(person: Person) -> str:
    if person.handle is not None and person.handle.kind == "email":
        # A template speaks of numbers; of an address nothing is known but the address itself.
        return person.handle.value
    template = person.case.settings.placeholder_name
    if "{" not in template:
        return template.strip() or DEFAULT_PLACEHOLDER
    return " ".join(_render(template, person).split()) or DEFAULT_PLACEHOLDER


def _render(template: str, person: Person) -> str:
    case = person.case
    number = person.handle.value if person.handle else ""
    fields: dict[str, Callable[[], str]] = {
        "caller_id": lambda: "",
        "number": lambda: number,
        "number_national": lambda: _national(number),
        "direction": lambda: case.sides.direction,
        "date": lambda: _date(case),
        "line": lambda: _line(case),
    }
    text = []
    for literal, name, _, _ in Formatter().parse(template):
        text.append(literal)
        if name in fields:
            text.append(fields[name]())
    return "".join(text)


@lru_cache(maxsize=4096)
def _national(number: str) -> str:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL))


def _date(case: Case) -> str:
    """The day on which it was, where our user (else the team) is."""
    team = case.settings.team
    first = next(iter(case.sides.users), "")
    zone = next((user.timezone for user in team.users if user.id == first and user.timezone), team.timezone)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=case.interaction.at)
    return moment.astimezone(ZoneInfo(zone)).date().isoformat()


def _line(case: Case) -> str:
    """Our number that took or made it, as received."""
    interaction = case.interaction
    if not isinstance(interaction, Call | Sms | Voicemail | Fax):
        return ""
    role = "from" if case.sides.direction == "outbound" else "to"
    return next((p.raw for p in interaction.participants if p.role == role and p.raw), "")
