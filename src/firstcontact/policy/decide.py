"""`decide`: may we, and why. One pure function; everything else in this package serves it.

First the wish (what the evidence alone suggests), then rules may only lower how freely we act:
ACT, then ASK, then NEVER. A person's ruling sets aside exactly the doubts that it was given for, never a
prohibition. The activity follows from its people, then its own rules (SPEC §4).
"""

from __future__ import annotations

import msgspec

from firstcontact.interactions.model import Interaction
from firstcontact.policy import activity, enrichment, values
from firstcontact.policy.case import Case, Person
from firstcontact.policy.decision import Decision, PersonVerdict, Reason, Verdict
from firstcontact.policy.known import Known
from firstcontact.policy.rules import ALWAYS, CREATION, NOTES, PROHIBITIONS, CreationRule, Rule, Said
from firstcontact.policy.settings import Effective
from firstcontact.policy.wish import Wished, only_lead, wish


def decide(
    interaction: Interaction,
    known: Known,
    settings: Effective,
    *,
    always: tuple[Rule, ...] = ALWAYS,
    creation: tuple[CreationRule, ...] = CREATION,
) -> Decision:
    """The verdicts for one interaction and the trace of why.

    Same inputs, same decision, byte for byte. `always` and `creation` are the rules; only tests and
    experiments pass others. Raises nothing for any content.
    """
    case = Case(interaction, known, settings)
    trace: list[Reason] = []
    set_aside = activity.before_people(case)
    if set_aside is not None:
        people = tuple(_left(person) for person in case.people)
        decision = activity.closed(case, people, set_aside)
    else:
        people = tuple(_person(person, trace, always, creation) for person in case.people)
        decision = activity.follow(case, people, trace)
    case.let_go()
    return decision


def _left(person: Person) -> PersonVerdict:
    return PersonVerdict(about=person.about, verdict="leave")


def _person(
    person: Person, trace: list[Reason], always: tuple[Rule, ...], creation: tuple[CreationRule, ...]
) -> PersonVerdict:
    """One person's verdict; its reasons are appended to the trace."""
    wished = wish(person)
    said: list[Said] = list(wished.said)
    for rule in always:
        heard = rule(person)
        if heard is not None:
            said.append(heard)
    prohibited = any(heard.effect == "never" for heard in said)
    if wished.wish == "create" and person.handle is not None:
        for creating in creation:
            several = creating(person)
            if several is not None:
                said += several if isinstance(several, list) else (several,)
    if person.facts.records or person.facts.stray:
        for rule in NOTES:
            heard = rule(person)
            if heard is not None:
                said.append(heard)
    level, settled = _level(person, said, wished)
    if level == "never" and wished.wish == "create" and not prohibited and (lead := only_lead(person)):
        said = [heard for heard in said if heard.name != "lead_found"]
        said.append(lead.said[0])
        wished, level = lead, "act"
    verdict = _verdict(wished, level)
    for heard in said:
        trace.append(
            Reason(
                name=heard.name,
                about=person.about,
                effect=heard.effect,
                decisive=heard.name not in settled and _decides(heard, level),
                settled=heard.name in settled,
                values=heard.values,
            )
        )
    made = values.person(person, verdict, wished, tuple(said))
    return _enriched(person, made, wished, trace) if verdict == "link" else made


def _enriched(person: Person, made: PersonVerdict, wished: Wished, trace: list[Reason]) -> PersonVerdict:
    """The verdict with what the interaction changes on the contact; why goes into the trace."""
    assert wished.record is not None
    sure = len(person.contacts) == 1 or wished.ruled
    enriched = enrichment.of_contact(person, wished.record, renamed=made.rename, sure=sure)
    if enriched is enrichment.NOTHING:
        return made
    for said in enriched.said:
        asked = said.effect == "ask"
        about = enrichment.subject(person.about) if asked else person.about
        trace.append(Reason(said.name, about, said.effect, decisive=asked, values=said.values))
    waits_for = (*made.waits_for, *enriched.waits_for)
    return msgspec.structs.replace(made, changes=enriched.changes, waits_for=waits_for)


def _level(person: Person, said: list[Said], wished: Wished) -> tuple[str, frozenset[str]]:
    """How freely we may act, and the names of the doubts that a ruling set aside."""
    ruling = person.facts.ruling
    settled: set[str] = set()
    level = "act"
    for heard in said:
        if heard.effect not in ("ask", "never"):
            continue
        if ruling is not None and wished.ruled and heard.name not in PROHIBITIONS and heard.name != "ruling":
            if "*" in ruling.settles or heard.name in ruling.settles:
                settled.add(heard.name)
                continue
        if heard.effect == "never":
            level = "never"
        elif level == "act":
            level = "ask"
    return level, frozenset(settled)


def _decides(heard: Said, level: str) -> bool:
    if level == "act":
        return heard.effect == "act"
    return heard.effect == level


def _verdict(wished: Wished, level: str) -> Verdict:
    if level == "never" or wished.wish == "leave" or wished.wish == "retry":
        return "leave"
    if level == "ask":
        return "ask"
    return wished.wish
