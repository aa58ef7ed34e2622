"""The name that an interaction shows of somebody, with where it was written (SPEC §5 "Name")."""

from __future__ import annotations

from firstcontact.identity.names import read_caller_id, read_name
from firstcontact.interactions.model import Participant
from firstcontact.policy.known import NameSource

_SOURCES: dict[str, NameSource] = {
    "from": "header",
    "reply-to": "header",
    "to": "typed",
    "cc": "typed",
    "bcc": "typed",
    "organiser": "calendar",
    "attendee": "calendar",
    "optional": "calendar",
}


def display_name(participant: Participant, phone: bool) -> tuple[str, str, NameSource] | None:
    """First and last name, and who wrote them; None where what is shown is no person's name. participant:
    with at least one handle. phone: of a phone kind, where the name is the caller ID."""
    if not participant.name:
        return None
    if phone:
        name = read_caller_id(participant.name, participant.handles[0].key)
        return (name.first, name.last, "caller_id") if name else None
    source = _SOURCES.get(participant.role)
    if source is None:
        return None
    name = read_name(participant.name, participant.handles[0].value)
    return (name.first, name.last, source) if name else None
