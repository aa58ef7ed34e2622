"""What the team's policy says of an unknown person, beside all worries about the person."""

from __future__ import annotations

from firstcontact.policy.case import Person
from firstcontact.policy.rules.said import Said


def unknown_contact(person: Person) -> Said | None:
    """`unknown_contact` for this kind, direction and result: the wish, and whether we may."""
    value = person.case.unknown_contact
    path = (("for", ".".join(part for part in person.case.path if part)),)
    if value == "create":
        return Said("unknown_contact:create", "act", path)
    return Said(f"unknown_contact:{value}", "ask" if value == "ask" else "never", path)


def fax_never_creates(person: Person) -> Said | None:
    """A contact is never created for a fax unless `fax_may_create` is on."""
    if person.case.kind != "fax" or person.case.settings.fax_may_create:
        return None
    return Said("fax_never_creates", "never")


def logging_off(person: Person) -> Said | None:
    """For phone kinds no log means no creation either (SPEC §3 `log`)."""
    kind = person.case.kind
    if not person.case.is_phone or person.case.settings.log.get(kind, True) or person.case.known.by_hand:
        return None
    return Said(f"logging_off:{kind}", "never")


def review_required(person: Person) -> Said | None:
    """`autonomy.create: ask`: a person sees every creation first."""
    if person.case.settings.autonomy.get("create", "act") == "act":
        return None
    return Said("review_required", "ask", (("setting", "autonomy.create"),))


def brake(person: Person) -> Said | None:
    """More new contacts than is plausible, or an address book that is suddenly empty: stop and ask."""
    facts, settings = person.case.known.brake, person.case.settings
    if facts.released:
        return None
    if facts.crm_contacts == 0 and facts.crm_contacts_before >= 20:
        return Said("brake", "ask", (("why", "empty"), ("before", str(facts.crm_contacts_before))))
    if not facts.live:
        return None
    if facts.creates_last_hour >= settings.brakes_creates_per_hour:
        return Said("brake", "ask", (("why", "creates_per_hour"), ("count", str(facts.creates_last_hour))))
    if (
        facts.recent >= 200
        and facts.crm_contacts >= 200
        and facts.recent_unknown > settings.brakes_share_of_unknown * facts.recent
    ):
        return Said("brake", "ask", (("why", "share_of_unknown"), ("count", str(facts.recent_unknown))))
    return None
