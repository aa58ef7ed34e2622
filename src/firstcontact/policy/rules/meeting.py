"""Worries about a meeting: an attendee who declined, a meeting that was called off."""

from __future__ import annotations

from firstcontact.interactions.model import Meeting
from firstcontact.policy.case import Person
from firstcontact.policy.rules.said import Said


def declined(person: Person) -> Said | None:
    """That attendee said no."""
    return Said("declined", "never") if person.participant.reply == "declined" else None


def cancelled(person: Person) -> Said | None:
    """A meeting that does not take place makes nobody."""
    interaction = person.case.interaction
    if isinstance(interaction, Meeting) and interaction.status == "cancelled":
        return Said("cancelled", "never")
    return None
