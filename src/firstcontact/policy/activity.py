"""The activity's verdict: it follows from its people, then its own rules (SPEC §4, §6)."""

from __future__ import annotations

from firstcontact.identity.records import Account, Matter
from firstcontact.interactions.model import Call, Email, Meeting
from firstcontact.policy.case import Case, Person
from firstcontact.policy.contact_roles import contact_roles
from firstcontact.policy.decision import (
    ActivityVerdict,
    Decision,
    Effect,
    PersonVerdict,
    Reason,
    RoleVerdict,
    TimeEntry,
)
from firstcontact.policy.rules.said import Said, day


def before_people(case: Case) -> Said | None:
    """A reason for which nobody on the interaction is looked at at all, or None."""
    interaction = case.interaction
    if isinstance(interaction, Meeting) and interaction.private:
        return Said("private", "skip")
    if isinstance(interaction, Meeting) and interaction.partial:
        return Said("partial", "skip")
    if isinstance(interaction, Email) and interaction.signs.draft:
        return Said("draft", "skip")
    if not case.people:
        if case.kind == "call" and case.settings.internal_calls and case.sides.ours:
            return Said("internal_only", "log_unlinked", (("setting", "internal_calls"),))
        return Said("internal_only", "skip")
    if not case.sides.ours:
        return Said("nobody_of_ours", "skip")
    return None


def closed(case: Case, people: tuple[PersonVerdict, ...], said: Said) -> Decision:
    """The decision where the people do not matter."""
    verdict: ActivityVerdict = "log_unlinked" if said.effect == "log_unlinked" else "skip"
    trace = [Reason(said.name, "", said.effect, decisive=True, values=said.values), *_ours(case)]
    if said.effect == "log_unlinked" and not case.settings.log.get(case.kind, True):
        trace.append(Reason(f"logging_off:{case.kind}", "", "skip", decisive=True))
        verdict = "skip"
    kept_out = [*_removed(case)]
    if verdict == "log_unlinked":
        kept_out.extend(_not_offered(case) or _lacking(case, verdict))
        if case.capabilities.matter_required:
            kept_out.append(Said("matter_required", "skip"))
    for each in kept_out:
        trace.append(Reason(each.name, "", each.effect, decisive=True, values=each.values))
        verdict = "skip"
    return _decision(case, people, verdict, trace)


def follow(case: Case, people: tuple[PersonVerdict, ...], trace: list[Reason]) -> Decision:
    """The decision: the activity's verdict from the people's, lowered by the activity's own rules."""
    trace.extend(_ours(case))
    _forwarded(case, trace)
    reached = [each for each in people if each.verdict in ("link", "create", "link_lead")]
    linked = any(_takes_log(case, person) for person in reached)
    retry = any(reason.name == "lookup_unknown" for reason in trace)
    verdict: ActivityVerdict
    said: list[Said] = []
    account = None
    if linked:
        verdict = "log"
    elif any(person.verdict == "ask" for person in people):
        verdict = "ask"
    elif retry:
        # Nothing is written on the word of a look-up that failed; it is decided again (SPEC §2).
        verdict = "skip"
    else:
        verdict, account = _nobody(case, people, trace, said)
    said.extend(_lowering(case, verdict))
    for heard in said:
        if heard.effect == "skip":
            verdict = "skip"
    matter, matters = _matter(case, people) if verdict in ("log", "log_unlinked") else (None, ())
    if verdict != "skip":
        if any(heard.effect == "ask" for heard in said):
            verdict = "ask"
        if verdict == "log" and len(matters) > 1:
            names = ", ".join(sorted(each.name for each in matters))
            said.append(Said("several_matters", "ask", (("matters", names),)))
            verdict = "ask"
        elif verdict in ("log", "log_unlinked") and case.capabilities.matter_required and matter is None:
            said.append(Said("matter_required", "skip"))
            verdict = "skip"
    for heard in said:
        trace.append(
            Reason(
                heard.name, "", heard.effect, decisive=_decides(heard.effect, verdict), values=heard.values
            )
        )
    roles = contact_roles(case, people, trace, retry=retry)
    return _decision(
        case,
        people,
        verdict,
        trace,
        roles=roles,
        account=account,
        matter=matter,
        matter_candidates=tuple(each.id for each in matters),
        retry=retry,
    )


def _takes_log(case: Case, person: PersonVerdict) -> bool:
    """Whether the record of somebody who is linked or created is one that can be logged on."""
    as_lead = person.verdict == "link_lead" or (
        person.verdict == "create" and case.capabilities.creates_leads
    )
    return case.capabilities.log_on_lead or not as_lead


def _decides(effect: Effect, verdict: ActivityVerdict) -> bool:
    return effect == verdict or (effect == "act" and verdict == "log")


def _ours(case: Case) -> list[Reason]:
    return [Reason("ours", key, "note") for key in case.sides.ours_named]


def _forwarded(case: Case, trace: list[Reason]) -> None:
    if isinstance(case.interaction, Email):
        on_it = {person.about for person in case.people}
        for address in case.interaction.signs.forwarded:
            if address not in on_it:
                trace.append(Reason("forwarded", address, "note"))


def _nobody(
    case: Case, people: tuple[PersonVerdict, ...], trace: list[Reason], said: list[Said]
) -> tuple[ActivityVerdict, Account | None]:
    """Nobody is linked, created or asked about: what the settings say of such an interaction."""
    choices = [_choice(case, person, trace) for person in people]
    if case.known.by_hand:
        choices = ["log_unlinked"]
    if "log_unlinked" not in choices:
        if any(reason.name == "several_contacts" and reason.effect == "never" for reason in trace):
            said.append(Said("several_contacts", "skip"))
        else:
            said.append(Said("unknown_contact:skip", "skip", (("for", ".".join(case.path)),)))
        return "skip", None
    account = _account_of_domain(case)
    if case.is_phone:
        return "log_unlinked", account
    if account is None and not case.known.by_hand:
        said.append(Said("nothing_to_log", "skip"))
        return "skip", None
    return "log_unlinked", account


def _choice(case: Case, person: PersonVerdict, trace: list[Reason]) -> str:
    """`log_unlinked` or `skip` for one person who is left."""
    for reason in trace:
        if reason.about == person.about and reason.name == "several_contacts" and reason.effect == "never":
            return dict(reason.values).get("by", "log_unlinked")
    return "skip" if case.unknown_contact == "skip" else "log_unlinked"


def _account_of_domain(case: Case) -> Account | None:
    """The account that a mail's or meeting's people name by domain, the sender's first; for a phone kind,
    the account whose own number it is."""
    if not case.capabilities.accounts:
        return None
    for person in case.people:
        account = person.phone_account if case.is_phone else person.account
        if account is not None and not _out_of_it(case, person):
            return account
    return None


def _out_of_it(case: Case, person: Person) -> bool:
    """A room is nobody who took part, and a blocked person is kept out altogether: neither names
    an account."""
    if person.is_resource:
        return True
    return (
        case.blocked is not None
        and person.handle is not None
        and case.blocked.matches_handle(person.handle) != ""
    )


def _lowering(case: Case, verdict: ActivityVerdict) -> list[Said]:
    """What the activity's own rules say. Each may only lower the verdict."""
    said: list[Said] = []
    if case.known.by_hand:
        said.append(Said("by_hand", "note", (("by", case.known.by_hand),)))
    if not case.settings.log.get(case.kind, True) and not case.known.by_hand:
        said.append(Said(f"logging_off:{case.kind}", "skip"))
    if case.known.logged_elsewhere:
        said.append(Said("already_logged", "skip"))
    said.extend(_removed(case))
    if entry := _all_blocked_by(case):
        said.append(Said("blocked", "skip", (("entry", entry),)))
    if verdict in ("log", "log_unlinked") and (missing := _not_offered(case)):
        return [*said, *missing]
    said.extend(_lacking(case, verdict))
    if verdict in ("log", "log_unlinked"):
        if case.settings.autonomy.get("log", "act") == "ask" and not case.known.by_hand:
            said.append(_log_asked(case))
        if case.capabilities.owners and not _crm_user(case):
            said.append(Said("no_crm_user", "note", (("user", _user(case)),)))
    return said


def _not_offered(case: Case) -> list[Said]:
    """The CRM has no place for the log of such an interaction."""
    if case.kind in case.capabilities.logs:
        return []
    return [Said("log_not_offered", "skip", (("crm", case.capabilities.title), ("kind", case.kind)))]


def _log_asked(case: Case) -> Said:
    """`autonomy.log: ask`: a person sees every log first; what they said of this one holds."""
    if case.known.log_ruling == "yes":
        return Said("ruling", "act", (("create", "yes"),))
    if case.known.log_ruling == "no":
        return Said("ruling", "skip", (("ignore", "yes"),))
    return Said("review_required", "ask", (("setting", "autonomy.log"),))


def _lacking(case: Case, verdict: ActivityVerdict) -> list[Said]:
    """What keeps an activity without a contact out: the CRM needs one, or the team wants one (SPEC §3)."""
    said: list[Said] = []
    if verdict != "log_unlinked":
        return said
    if case.kind in case.capabilities.contact_required_for:
        values = (("crm", case.capabilities.title), ("kind", case.kind))
        said.append(Said("contact_required", "skip", values))
    if case.settings.exclusive_contact_association:
        said.append(Said("exclusive_contact_association", "skip"))
    return said


def _removed(case: Case) -> tuple[Said, ...]:
    """What a person took back is not logged again, nor by hand (SPEC §10)."""
    at = case.known.removed.get("")
    return (Said("removed", "skip", (("on", day(at)),)),) if at is not None else ()


def _all_blocked_by(case: Case) -> str:
    """The entry of `blocked` that the subject matches, or the first person where everybody is blocked; else
    ""."""
    if case.blocked is None or case.blocked_subject:
        return case.blocked_subject
    entries = [case.blocked.matches_handle(person.handle) if person.handle else "" for person in case.people]
    return entries[0] if entries and all(entries) else ""


def _matter(case: Case, people: tuple[PersonVerdict, ...]) -> tuple[Matter | None, tuple[Matter, ...]]:
    """The matter to link, and the matters to ask about where `several_matters` says so (SPEC §3)."""
    if not case.settings.matter_association or not case.capabilities.matters:
        return None, ()
    contacts = [person.record for person in people if person.verdict == "link"]
    found = [
        matter
        for contact in contacts
        for matter in case.known.matters
        if matter.open and matter.contact == contact
    ]
    if case.known.matter_ruling:
        return next((each for each in found if each.id == case.known.matter_ruling), None), ()
    if len(found) == 1:
        return found[0], ()
    if len(found) < 2 or case.settings.several_matters == "none":
        return None, ()
    if case.settings.several_matters == "most_recently_opened":
        ranked = sorted(found, key=lambda each: -each.opened_at)
        if ranked[0].opened_at != ranked[1].opened_at and ranked[-1].opened_at:
            return ranked[0], ()
    return None, tuple(found)


def _user(case: Case) -> str:
    """Our user whose activity it is: who answered, sent or organised it, else the fallback user (SPEC §6)."""
    if case.known.by_hand:
        return case.known.by_hand
    users = case.sides.users
    return users[0] if users else case.settings.team.fallback_user


def _crm_user(case: Case) -> str:
    users = case.known.crm.users
    mapped = users.get(_user(case)) or users.get(case.settings.team.fallback_user)
    return mapped.id if mapped else ""


def _time_entry(case: Case, verdict: ActivityVerdict) -> TimeEntry | None:
    """Time of calls and meetings, rounded up to whole multiples; a missed call makes none (SPEC §6)."""
    interaction, settings = case.interaction, case.settings
    if verdict not in ("log", "log_unlinked") or not settings.time_entry:
        return None
    if not case.capabilities.time_entries or not isinstance(interaction, Call | Meeting):
        return None
    if isinstance(interaction, Call) and interaction.result != "answered":
        return None
    if isinstance(interaction, Meeting) and interaction.status == "cancelled":
        return None
    seconds, step = interaction.seconds, settings.time_entry_rounding_minutes * 60
    if step:
        seconds = -(-seconds // step) * step
    return TimeEntry(seconds, settings.time_entry_billable) if seconds > 0 else None


def _decision(
    case: Case,
    people: tuple[PersonVerdict, ...],
    verdict: ActivityVerdict,
    trace: list[Reason],
    *,
    roles: tuple[RoleVerdict, ...] = (),
    account: Account | None = None,
    matter: Matter | None = None,
    matter_candidates: tuple[str, ...] = (),
    retry: bool = False,
) -> Decision:
    return Decision(
        interaction=case.interaction.id,
        at=case.known.at,
        settings_version=case.settings.version,
        people=people,
        activity=verdict,
        trace=tuple(trace),
        direction=case.sides.direction,
        user=_user(case),
        crm_user=_crm_user(case),
        account=account.id if account else "",
        matter=matter.id if matter else "",
        matter_candidates=matter_candidates if verdict == "ask" else (),
        time_entry=_time_entry(case, verdict),
        lead_source=case.settings.lead_source,
        roles=roles,
        retry=retry,
    )
