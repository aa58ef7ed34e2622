"""Whether a mail is its sender's own word (SPEC §8).

A machine, a draft, one of ours, an address that speaks for several people and a sender who may be forged say
nothing of anybody: neither their names nor their signatures go into a contact.
"""

from __future__ import annotations

from typing import Literal

from firstcontact.identity.domains import is_role_address
from firstcontact.identity.sides import TeamIndex
from firstcontact.interactions.model import Email, Participant
from firstcontact.policy.rules.message import forged

NotOwn = Literal["automated", "draft", "ours", "role_address", "forged"]
WHY: dict[NotOwn, str] = {
    "automated": "a machine or a mailing list sent it",
    "draft": "it is a draft",
    "ours": "it is one of ours who wrote",
    "role_address": "the address speaks for more than one person",
    "forged": "its sender may be forged",
}


def not_own(mail: Email, sender: Participant, team: TeamIndex) -> NotOwn | None:
    """Why the mail is not surely the own word of a person of theirs; None where it is. sender: who it is
    from, with at least one handle."""
    if mail.signs.automated:
        return "automated"
    if mail.signs.draft:
        return "draft"
    if team.side(sender) is not None:
        return "ours"
    if is_role_address(sender.handles[0].key):
        return "role_address"
    return "forged" if forged(mail, team.team) else None
