"""Values seen on a mail beside the name: what its sender's own signature says of them, and which addresses
take no mail any more (SPEC §8). Whose signature counts says `policy.own_word`, what of it `policy.signed`.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from firstcontact.identity.sides import TeamIndex
from firstcontact.identity.signatures import Signature, read_signature
from firstcontact.interactions.handles import read_email
from firstcontact.interactions.model import Email, Interaction, Participant
from firstcontact.policy.known import ContactField, ObservedValue
from firstcontact.policy.own_word import not_own
from firstcontact.policy.signed import said_in


class Signed(msgspec.Struct, frozen=True):
    """The signature of a mail's sender. sender: whose it is."""

    sender: Participant
    signature: Signature


def signed(interaction: Interaction, team: TeamIndex) -> Signed | None:
    """The sender's own signature, None where there is none that says something of a person of theirs."""
    if not isinstance(interaction, Email) or not interaction.body:
        return None
    sender = next((one for one in interaction.participants if one.role == "from" and one.handles), None)
    if sender is None or not_own(interaction, sender, team):
        return None
    found = read_signature(
        interaction.body, address=sender.handles[0].value, name=sender.name, region=team.team.region
    )
    return Signed(sender, found) if found is not None else None


def observed_values(
    interaction: Interaction, mine: Signed | None, team: TeamIndex
) -> Iterator[tuple[str, ObservedValue]]:
    """(handle key, value) of everything that the mail says of its sender, and (address, bounce) of every
    address of theirs that it says takes no mail. mine: as `signed` gives it."""
    if isinstance(interaction, Email):
        for address in interaction.signs.undeliverable:
            handle = read_email(address)
            if handle is not None and team.side(Participant("to", (handle,))) is None:
                yield handle.key, _value(interaction, "email", handle.key, "bounce")
    if mine is None:
        return
    key = mine.sender.handles[0].key
    for field, value in said_in(mine.signature, mine.sender, team):
        yield key, _value(interaction, field, value, "signature")


def _value(interaction: Interaction, field: ContactField, value: str, source: str) -> ObservedValue:
    return ObservedValue(field, value, source, interaction.id, interaction.at)
