"""A decision as sentences a person can read, the same for every surface."""

from __future__ import annotations

import msgspec

from firstcontact.explain.catalogue import next_step, sentence
from firstcontact.policy.contact_roles import role_subject
from firstcontact.policy.decision import Decision, PersonVerdict, RoleVerdict
from firstcontact.policy.enrichment import asks, subject

VERDICTS: dict[str, str] = {
    "link": "is linked to a contact",
    "link_lead": "is linked to a lead",
    "create": "becomes a contact",
    "ask": "waits for a person's answer",
    "leave": "is left alone",
}
ACTIVITIES: dict[str, str] = {
    "log": "logged on the people linked",
    "log_unlinked": "logged without a contact",
    "ask": "not logged until somebody answers",
    "skip": "not logged",
}


class Explained(msgspec.Struct, frozen=True):
    """One subject of a decision: a headline, the reasons that decided, the others, and what can be done."""

    about: str
    headline: str
    because: tuple[str, ...]
    also: tuple[str, ...]
    next_steps: tuple[str, ...]


def explain(decision: Decision) -> tuple[Explained, ...]:
    """The decision, the activity first, then each person, then values and contact roles that a person is
    asked about."""
    activity = Explained(
        "",
        f"The interaction is {ACTIVITIES[decision.activity]}.",
        *_reasons(decision, "", decision.activity in ("log", "log_unlinked")),
    )
    asked = (_role(decision, role) for role in decision.roles if role.ask)
    people = (_person(decision, person) for person in decision.people)
    values = (_values(decision, person) for person in decision.people if asks(person))
    return (activity, *people, *values, *asked)


def _values(decision: Decision, person: PersonVerdict) -> Explained:
    about = subject(person.about)
    headline = f"What a mail says of {_shown(person)} waits for a person's answer."
    return Explained(about, headline, *_reasons(decision, about, False))


def _role(decision: Decision, role: RoleVerdict) -> Explained:
    about = role_subject(role.opportunity, role.about)
    who, where = _named(decision, role.about), role.name or role.opportunity
    headline = f"A role for {who} on the opportunity {where} waits for a person's answer."
    return Explained(about, headline, *_reasons(decision, about, False))


def _named(decision: Decision, about: str) -> str:
    person = next((each for each in decision.people if each.about == about), None)
    return _shown(person) if person is not None else about


def _shown(person: PersonVerdict) -> str:
    name = " ".join(filter(None, (person.first_name, person.last_name))) or person.name
    return f"{person.about} ({name})" if name and name != person.about else person.about


def _person(decision: Decision, person: PersonVerdict) -> Explained:
    acted = person.verdict in ("link", "link_lead", "create")
    lead = any(reason.name == "becomes_lead" and reason.about == person.about for reason in decision.trace)
    becomes = "becomes a lead" if lead and person.verdict == "create" else VERDICTS[person.verdict]
    return Explained(person.about, f"{_shown(person)} {becomes}.", *_reasons(decision, person.about, acted))


def _reasons(
    decision: Decision, about: str, acted: bool
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    mine = [reason for reason in decision.trace if reason.about == about]
    because = tuple(f"{reason.name}: {sentence(reason)}" for reason in mine if reason.decisive)
    also = tuple(
        f"{reason.name}: {sentence(reason)}{' (settled by a person)' if reason.settled else ''}"
        for reason in mine
        if not reason.decisive
    )
    steps = [] if acted else [next_step(reason) for reason in mine if reason.decisive]
    return because, also, tuple(dict.fromkeys(step for step in steps if step))
