"""Ours and theirs: which side each participant is on, and which of ours took part (SPEC §1).

Ours are the users with all their addresses, numbers and extensions, every address on one of the team's own
domains, and the team's lines. Everyone else is theirs.
"""

from __future__ import annotations

import msgspec

from firstcontact.identity.domains import is_free_mail, is_role_address
from firstcontact.identity.team import Team
from firstcontact.interactions.model import Call, Email, Handle, Interaction, Meeting, Participant


class TeamIndex:
    """A team, indexed for look-ups. Immutable after construction."""

    __slots__ = ("by_handle", "domains", "extensions", "lines", "order", "team")

    def __init__(self, team: Team) -> None:
        self.team = team
        self.by_handle: dict[str, str] = {}
        for user in team.users:
            for key in (*user.emails, *user.phones):
                self.by_handle.setdefault(key, user.id)
        self.lines = frozenset(team.lines)
        self.extensions = {user.extension: user.id for user in team.users if user.extension}
        # Others at a free-mail host are outsiders even where one of ours has the mailbox there.
        self.domains = frozenset(domain for domain in team.domains if not is_free_mail(domain))
        self.order = {user.id: position for position, user in enumerate(team.users)}

    def side(self, participant: Participant) -> str | None:
        """The user's id; "" for one of ours who is no user (a line, a colleague's address); None: theirs."""
        for handle in participant.handles:
            user = self.by_handle.get(handle.key)
            if user is not None:
                return user
        for handle in participant.handles:
            if handle.key in self.lines:
                return self.extensions.get(handle.extension, "")
            if handle.kind == "email" and self._own_domain(handle.key):
                return ""
        if not participant.handles:
            return self.extensions.get(participant.raw.strip())
        return None

    def line_user(self, line: str, handle: Handle | None) -> str | None:
        """The user behind a leg's line, as `side`; None where it is not ours."""
        return self.side(Participant(role="to", raw=line, handles=(handle,) if handle else ()))

    def _own_domain(self, address: str) -> bool:
        host = address.rpartition("@")[2]
        if host in self.domains:
            return True
        return any(host.endswith("." + domain) for domain in self.domains)


class Sides(msgspec.Struct, frozen=True):
    """Who was on an interaction.

    users: ids of our users who took part: who answered, sent or organised it, then those whose mailbox,
        calendar or line captured it, the earliest first, then as named (SPEC §5 "Owner").
    ours: whether anybody of ours took part, user or not. ours_named: their handle keys (or the extension),
        none twice. theirs: outside participants, none twice.
    direction: as given; else outbound where the first participant of ours sent it.
    """

    users: tuple[str, ...]
    ours: bool
    ours_named: tuple[str, ...]
    theirs: tuple[Participant, ...]
    direction: str
    sender_is_ours: bool
    answered_by: str
    set_aside: tuple[Participant, ...] = ()
    """Reply-To addresses that were not taken for the person."""


_ROLE_ORDER = {
    "from": 0, "organiser": 0, "reply-to": 1, "to": 2, "attendee": 2, "optional": 3, "cc": 4, "bcc": 5,
    "resource": 6,
}  # fmt: skip


def sides(interaction: Interaction, index: TeamIndex) -> Sides:
    """Split the participants of an interaction into ours and theirs."""
    first: dict[str, None] = {}
    named: dict[str, None] = {}
    theirs: dict[tuple[str, ...], Participant] = {}
    set_aside: list[Participant] = []
    ours_named: dict[str, None] = {}
    someone_of_ours = False
    sender_is_ours = False
    answered_by = _answering_user(interaction, index)
    if answered_by:
        first[answered_by] = None
    for participant in _reply_to_settled(interaction, set_aside):
        side = index.side(participant)
        if side is None:
            subject = tuple(handle.key for handle in participant.handles) or (participant.raw.casefold(),)
            known = theirs.get(subject)
            if known is None:
                theirs[subject] = participant
            elif _ROLE_ORDER[participant.role] < _ROLE_ORDER[known.role]:
                theirs[subject] = _named(participant, known)
            elif not known.name:
                theirs[subject] = _named(known, participant)
            continue
        someone_of_ours = True
        ours_named[participant.handles[0].key if participant.handles else participant.raw] = None
        if participant.role in ("from", "organiser"):
            sender_is_ours = True
        if side:
            (first if participant.role in ("from", "organiser") else named).setdefault(side)
    for user in interaction.captured_from:
        if user in index.order:
            someone_of_ours = True
            first.setdefault(user)
    direction = "" if isinstance(interaction, Meeting) else getattr(interaction, "direction", "")
    if not direction and not isinstance(interaction, Meeting):
        direction = "outbound" if sender_is_ours else "inbound"
    return Sides(
        users=tuple({**first, **named}),
        ours=someone_of_ours,
        ours_named=tuple(ours_named),
        theirs=tuple(theirs.values()),
        direction=direction,
        sender_is_ours=sender_is_ours,
        answered_by=answered_by,
        set_aside=tuple(set_aside),
    )


def _named(participant: Participant, other: Participant) -> Participant:
    if participant.name or not other.name:
        return participant
    return msgspec.structs.replace(participant, name=other.name)


def _reply_to_settled(interaction: Interaction, set_aside: list[Participant]) -> tuple[Participant, ...]:
    """Participants with Reply-To resolved: it is the person only where From is a role address (a web
    form, a ticket system) and Reply-To itself is none; otherwise it says where to answer, not who wrote."""
    if not isinstance(interaction, Email):
        return interaction.participants
    if all(participant.role != "reply-to" for participant in interaction.participants):
        return interaction.participants
    form = any(
        participant.role == "from" and any(is_role_address(handle.key) for handle in participant.handles)
        for participant in interaction.participants
    )
    kept: list[Participant] = []
    for participant in interaction.participants:
        if participant.role != "reply-to" or (
            form and participant.handles and not any(is_role_address(h.key) for h in participant.handles)
        ):
            kept.append(participant)
        else:
            set_aside.append(participant)
    return tuple(kept)


def _answering_user(interaction: Interaction, index: TeamIndex) -> str:
    """Our user who talked on a call of several legs: the one who talked longest."""
    if not isinstance(interaction, Call):
        return ""
    best, talked = "", 0
    for leg in interaction.legs:
        if leg.result == "answered" and leg.talk_seconds > talked and leg.user_line:
            user = index.extensions.get(leg.user_line) or index.by_handle.get(leg.user_line)
            if user:
                best, talked = user, leg.talk_seconds
    return best
