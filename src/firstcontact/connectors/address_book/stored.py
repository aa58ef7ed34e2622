"""The bodies of the address book's rows: the contract's records, and what only the address book keeps."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from firstcontact.identity.records import CrmUser, Matter, Record

INTEGRATION_USER = CrmUser("integration_user", "Integration user")
"""The connection's own user, always there and always active (SCENARIOS, `owner: integration_user`)."""


class StoredRecord(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A contact or lead with what the contract's `Record` has no place for.

    interaction: id of the interaction that caused it. edited_by_us: FirstContact changed it after it was
    made, by whomever it was made (never a reason to delete it, SPEC §9).
    """

    lead_source: str = ""
    contact_type: str = ""
    interaction: str = ""
    edited_by_us: bool = False


class StoredAccount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An account; its opportunities and its number of contacts are counted when it is looked up.

    website: as written; domains: canonical hosts, the first `primary_domains` from the website.
    phones: as written; phone_keys: what was read from them.
    """

    id: str
    name: str
    website: str = ""
    domains: tuple[str, ...] = ()
    primary_domains: int = 0
    phones: tuple[str, ...] = ()
    phone_keys: tuple[str, ...] = ()
    owner: str = ""
    team: tuple[str, ...] = ()
    last_activity_at: int = 0
    created_by_us: bool = False


class StoredOpportunity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An opportunity without its roles, which are rows of their own."""

    id: str
    account: str
    name: str = ""
    open: bool = True
    owner: str = ""
    last_activity_at: int = 0


class Person(msgspec.Struct, frozen=True):
    """A contact or lead on an activity."""

    type: str
    id: str


class StoredActivity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The record of an interaction; `people` with the primary one first.

    edited: names of the fields a person set since, which no update of ours touches.
    """

    id: str
    kind: str
    interactions: tuple[str, ...]
    at: int
    subject: str = ""
    body: str = ""
    direction: str = ""
    outcome: str = ""
    seconds: int = 0
    people: tuple[Person, ...] = ()
    account: str = ""
    opportunity: str = ""
    matter: str = ""
    user: str = ""
    recording: str = ""
    transcript: str = ""
    edited: tuple[str, ...] = ()


class StoredTimeEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Time spent on an interaction, in whole seconds."""

    id: str
    interaction: str
    activity: str
    at: int
    seconds: int
    billable: bool
    user: str = ""
    matter: str = ""
    subject: str = ""


class StoredDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file that belongs to an activity."""

    id: str
    interaction: str
    activity: str
    name: str
    content_type: str = ""
    uri: str = ""


_encoder = msgspec.json.Encoder()
_record_decoder = msgspec.json.Decoder(Record)
_stored_record_decoder = msgspec.json.Decoder(StoredRecord)

Stored = TypeVar("Stored", bound=msgspec.Struct)


def encode(body: msgspec.Struct) -> str:
    """The body as JSON text. Raises UnicodeEncodeError for text that is not Unicode (a lone surrogate)."""
    return _encoder.encode(body).decode()


def decode(body: str, type: type[Stored]) -> Stored:
    """Inverse of `encode`."""
    return msgspec.json.decode(body, type=type)


def decode_record(body: str) -> Record:
    """A record's body as the contract's `Record`, without what only the address book keeps."""
    return _record_decoder.decode(body)


def decode_stored_record(body: str) -> StoredRecord:
    """A record's body with everything that is kept."""
    return _stored_record_decoder.decode(body)


def decode_matter(body: str) -> Matter:
    """A matter's body."""
    return msgspec.json.decode(body, type=Matter)
