"""Names seen on an interaction, parsed, each with where it came from (SPEC §5 "Name")."""

from __future__ import annotations

from collections.abc import Iterator

from firstcontact.flow.observe_values import Signed
from firstcontact.identity.domains import is_role_address
from firstcontact.identity.names import read_name
from firstcontact.interactions.model import PHONE_KINDS, Interaction, kind_of
from firstcontact.policy.display_name import display_name
from firstcontact.policy.known import ObservedName


def observed_names(
    interaction: Interaction, mine: Signed | None = None
) -> Iterator[tuple[str, ObservedName]]:
    """(handle key, name) for every participant whose display name is a person's name, and for a mail's sender
    whose signature says more. mine: that signature.

    A role address speaks for many people (`git@` carries thirty names), so it has no name of its own.
    """
    phone = kind_of(interaction) in PHONE_KINDS
    for participant in interaction.participants:
        if not participant.name or not participant.handles:
            continue
        observed = display_name(participant, phone)
        if observed is None:
            continue
        first, last, source = observed
        for handle in participant.handles:
            if handle.kind == "email" and is_role_address(handle.key):
                continue
            yield handle.key, ObservedName(first, last, source, interaction.id, interaction.at)
    yield from _signed(interaction, mine)


def _signed(interaction: Interaction, mine: Signed | None) -> Iterator[tuple[str, ObservedName]]:
    """The sender's full name by their signature, where the header tells less."""
    if mine is None or not mine.signature.name:
        return
    address = mine.sender.handles[0]
    shown = read_name(mine.sender.name, address.value) if mine.sender.name else None
    if shown is not None and shown.first and shown.last:
        return
    name = read_name(mine.signature.name, address.value, mine.signature.company)
    if name is not None and name.first and name.last:
        seen = ObservedName(name.first, name.last, "signature", interaction.id, interaction.at)
        yield address.key, seen
