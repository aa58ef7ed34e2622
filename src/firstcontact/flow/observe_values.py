"""Values seen on a mail beside the name: what its sender's own signature says of them, and which addresses
take no mail any more (SPEC §8).

A machine, a role address, one of ours and a sender who may be forged say nothing of anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from firstcontact.identity.domains import is_role_address
from firstcontact.identity.postal import read_postal
from firstcontact.identity.sides import TeamIndex
from firstcontact.identity.signatures import Signature, SignedPhone, read_signature
from firstcontact.interactions.handles import read_email, read_phone
from firstcontact.interactions.model import Email, Handle, Interaction, Participant
from firstcontact.policy.known import ContactField, ObservedValue
from firstcontact.policy.rules.message import forged
from firstcontact.policy.values import with_extension

LONGEST = 120
"""Characters of a title or a company; what is longer is a sentence."""


class Signed(msgspec.Struct, frozen=True):
    """The signature of a mail's sender. sender: whose it is."""

    sender: Participant
    signature: Signature


def signed(interaction: Interaction, team: TeamIndex) -> Signed | None:
    """The sender's own signature, None where there is none that says something of a person of theirs."""
    if not isinstance(interaction, Email) or not interaction.body:
        return None
    signs = interaction.signs
    if signs.automated or signs.draft:
        return None
    sender = next((one for one in interaction.participants if one.role == "from" and one.handles), None)
    if sender is None or team.side(sender) is not None or is_role_address(sender.handles[0].key):
        return None
    if forged(interaction, team.team):
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
    for field, value in _fields(mine, team):
        yield key, _value(interaction, field, value, "signature")


def _value(interaction: Interaction, field: ContactField, value: str, source: str) -> ObservedValue:
    return ObservedValue(field, value, source, interaction.id, interaction.at)


def _fields(mine: Signed, team: TeamIndex) -> Iterator[tuple[ContactField, str]]:
    found = mine.signature
    for field, text in (("title", found.title), ("company", found.company)):
        plain = " ".join(text.split())
        if plain and len(plain) <= LONGEST:
            yield ("title" if field == "title" else "company"), plain
    for kind, named in (("work", "phone"), ("mobile", "mobile")):
        handle = _only([_phone(each, team) for each in found.phones if each.kind == kind])
        if handle is not None:
            yield ("phone" if named == "phone" else "mobile"), with_extension(handle)
    address = _only([_address(each, mine, team) for each in found.emails])
    if address is not None:
        yield "email", address.value
    mailing = read_postal(found.address) if found.address else None
    if mailing is not None:
        yield "mailing", msgspec.json.encode(mailing).decode()


def _only(handles: list[Handle | None]) -> Handle | None:
    """The first that is one; of several the first is the one that signatures put first."""
    return next((handle for handle in handles if handle is not None), None)


def _phone(written: SignedPhone, team: TeamIndex) -> Handle | None:
    handle = read_phone(written.number, team.team.region)
    return handle if handle is not None and team.side(Participant("to", (handle,))) is None else None


def _address(text: str, mine: Signed, team: TeamIndex) -> Handle | None:
    """An address of theirs beside the one that they wrote from."""
    handle = read_email(text)
    own = mine.sender.handles[0].key
    if handle is None or handle.key == own or is_role_address(handle.key):
        return None
    local = handle.key.rpartition("@")[0]
    words = re.findall(r"[^\W\d_]{3,}", f"{mine.sender.name} {mine.signature.name}".lower())
    if local != own.rpartition("@")[0] and not any(word in local for word in words):
        return None  # an assistant's, or a colleague's
    return handle if team.side(Participant("to", (handle,))) is None else None
