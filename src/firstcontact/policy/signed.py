"""What of a signature is its sender's own, in the form that goes into a contact (SPEC §8). A wrong number
on a person is worse than none."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from firstcontact.identity.domains import is_role_address
from firstcontact.identity.postal import read_postal
from firstcontact.identity.sides import TeamIndex
from firstcontact.identity.signatures import Signature, SignedPhone
from firstcontact.interactions.handles import read_email, read_phone
from firstcontact.interactions.model import Handle, Participant
from firstcontact.policy.known import ContactField
from firstcontact.policy.values import with_extension

LONGEST = 120
"""Characters of a title or a company; what is longer is a sentence."""


def said_in(found: Signature, sender: Participant, team: TeamIndex) -> Iterator[tuple[ContactField, str]]:
    """What the sender's signature says that is theirs: of each field at most one value, in the form that goes
    into a contact."""
    for field, text in (("title", found.title), ("company", found.company)):
        plain = " ".join(text.split())
        if plain and len(plain) <= LONGEST:
            yield ("title" if field == "title" else "company"), plain
    for kind, named in (("work", "phone"), ("mobile", "mobile")):
        handle = _only([_phone(each, team) for each in found.phones if each.kind == kind])
        if handle is not None:
            yield ("phone" if named == "phone" else "mobile"), with_extension(handle)
    address = _only([_address(each, found, sender, team) for each in found.emails])
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


def _address(text: str, found: Signature, sender: Participant, team: TeamIndex) -> Handle | None:
    """An address of theirs beside the one that they wrote from."""
    handle = read_email(text)
    own = sender.handles[0].key
    if handle is None or handle.key == own or is_role_address(handle.key):
        return None
    local = handle.key.rpartition("@")[0]
    words = re.findall(r"[^\W\d_]{3,}", f"{sender.name} {found.name}".lower())
    if local != own.rpartition("@")[0] and not any(word in local for word in words):
        return None  # an assistant's, or a colleague's
    return handle if team.side(Participant("to", (handle,))) is None else None
