"""The worry that nobody of ours wanted this conversation: `not_engaged` holds a person as pending."""

from __future__ import annotations

from firstcontact.identity.sides import TeamIndex
from firstcontact.interactions.model import Email, Meeting
from firstcontact.policy.case import Case, Person, team_index
from firstcontact.policy.rules.said import Said


def not_engaged(person: Person) -> Said | None:
    """SPEC §3 `engagement`: for mail the thread must have a message of ours (`outbound`), of ours and theirs
    (`two_way`), or a known contact; a meeting is two-way when that participant accepted it, or organised it
    and one of ours accepted."""
    case = person.case
    wanted = case.settings.engagement
    if wanted == "any" or case.is_phone:
        return None
    if isinstance(case.interaction, Email):
        if case.known_contact_on_thread or (case.ours_wrote and (wanted == "outbound" or case.theirs_wrote)):
            return None
    elif isinstance(case.interaction, Meeting) and _meeting_engaged(person, case.interaction, wanted):
        return None
    return Said("not_engaged", "never", (("engagement", wanted),))


def _meeting_engaged(person: Person, meeting: Meeting, wanted: str) -> bool:
    if person.participant.reply == "accepted" or person.case.known_contact_on_thread:
        return True
    index = team_index(person.case.settings.team)
    if person.role == "organiser":
        return any(
            participant.reply == "accepted" and index.side(participant) is not None
            for participant in meeting.participants
        )
    return wanted == "outbound" and _ours_organised(person.case, meeting, index)


def _ours_organised(case: Case, meeting: Meeting, index: TeamIndex) -> bool:
    organisers = [participant for participant in meeting.participants if participant.role == "organiser"]
    if not organisers:
        return bool(case.sides.users)
    return any(index.side(participant) is not None for participant in organisers)
