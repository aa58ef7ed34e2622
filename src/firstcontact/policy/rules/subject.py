"""Worries about who it is: a number nobody can call back, a blocked or erased person, a room, a role."""

from __future__ import annotations

from firstcontact.interactions.erased import is_erased
from firstcontact.policy.case import Person, named_by_hand
from firstcontact.policy.decision import Effect
from firstcontact.policy.rules.said import Said, day


def no_usable_handle(person: Person) -> Said | None:
    """A withheld number, extension, short code or unreadable address is nobody to be found (SPEC §1). A user
    who logs by hand on a contact has said who it was; nobody was looked for."""
    if person.handle is not None or is_erased(person.participant):
        return None
    effect: Effect = "note" if named_by_hand(person) else "never"
    return Said("no_usable_handle", effect, (("as_received", person.participant.raw),))


def blocked(person: Person) -> Said | None:
    """A blocked address, domain or number: never created, enriched or linked; per participant."""
    patterns = person.case.blocked
    if patterns is None or person.handle is None:
        return None
    entry = patterns.matches_handle(person.handle)
    if entry:
        return Said("blocked", "never", (("entry", entry),))
    subject = person.case.blocked_subject
    return Said("blocked", "never", (("entry", subject),)) if subject else None


def suppressed(person: Person) -> Said | None:
    """An erased person is never captured again; a contact that a person deleted, or removed here, is never
    made again, but one whom somebody has added by hand since is linked, and so is a lead who is there."""
    why = "erased" if is_erased(person.participant) else person.facts.suppressed
    there = person.contacts or (person.leads and person.case.settings.lead_blocks_creation)
    if not why or (why in ("deleted", "removed") and there):
        return None
    if why == "removed":
        on = day(person.case.known.removed.get(person.about, 0))
        return Said("suppressed", "never", (("why", why), ("on", on)))
    return Said("suppressed", "never", (("why", why),))


def resource(person: Person) -> Said | None:
    """A room, equipment, group calendar or note-taker bot is nobody."""
    if not person.is_resource:
        return None
    return Said("resource", "never", (("name", person.participant.name or person.about),))


def role_address(person: Person) -> Said | None:
    """info@, billing@, no-reply@: linked where a contact bears it, never created."""
    if person.domain is None or not person.domain.role or person.allowed:
        return None
    return Said("role_address", "never", (("address", person.about),))


def account_number(person: Person) -> Said | None:
    """An account's own number (its switchboard) is the account, not a person of it."""
    account = person.phone_account
    if account is None:
        return None
    return Said("account_number", "never", (("account", account.name),))
