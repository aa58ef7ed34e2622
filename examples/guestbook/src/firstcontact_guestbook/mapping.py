"""Pure: between Guestbook's JSON and our records and writes."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from firstcontact.connectors.toolkit.fields import full_name, read_fields, with_new, without_handles
from firstcontact.connectors.toolkit.spellings import spellings
from firstcontact.identity.records import Record
from firstcontact.interactions.model import Handle
from firstcontact.planning.write import ActivityFields, ContactFields, Existing


class Guest(msgspec.Struct):
    """A guest as Guestbook sends it. key: the write key of ours that made it, "" for one made by hand."""

    id: str
    version: int
    key: str
    first_name: str
    last_name: str
    shown_as: str
    emails: list[str]
    phones: list[str]
    edited_by_hand: bool


def record_of(guest: Guest, region: str) -> Record:
    """The guest as a contact, with the handles of all its fields."""
    return Record(
        type="contact",
        id=guest.id,
        name=full_name(guest.first_name, guest.last_name) or guest.shown_as,
        first_name=guest.first_name,
        last_name=guest.last_name,
        emails=tuple(guest.emails),
        phones=tuple(guest.phones),
        handles=read_fields(guest.emails, guest.phones, region)[0],
        created_by_us=bool(guest.key),
        edited_by_person=guest.edited_by_hand,
    )


def searches(handle: Handle) -> tuple[str, ...]:
    """What to search for, so that no way of writing the handle is missed.

    Guestbook finds a field that contains every word. An address may have a `+tag` in its middle; a number is
    compared by its digits, and with its country code it would not be found where it is written without.
    """
    if handle.kind == "email":
        name, _, host = handle.key.rpartition("@")
        return (f"{name} @{host}",)
    digits = {re.sub(r"\D", "", text) for text in spellings(handle)}
    return tuple(sorted(one for one in digits if not any(two in one for two in digits - {one})))


def new_guest(key: str, fields: ContactFields) -> dict[str, Any]:
    """The body that makes a guest."""
    return {
        "key": key,
        "first_name": plain(fields.first_name),
        "last_name": plain(fields.last_name),
        "shown_as": plain(fields.name),
        "emails": [plain(email) for email in fields.emails],
        "phones": [plain(phone) for phone in (*fields.phones, *fields.mobiles)],
    }


def changed_guest(guest: Guest, fields: ContactFields, region: str) -> dict[str, Any]:
    """What an update changes of the guest, {} where it says nothing new. Addresses and numbers are added, and
    those that it names are taken off."""
    emails = with_new(tuple(guest.emails), map(plain, fields.emails), region)
    phones = with_new(tuple(guest.phones), map(plain, (*fields.phones, *fields.mobiles)), region)
    wanted = {
        "first_name": plain(fields.first_name) or guest.first_name,
        "last_name": plain(fields.last_name) or guest.last_name,
        "emails": list(without_handles(emails, fields.without_emails, region)),
        "phones": list(without_handles(phones, fields.without_phones, region)),
    }
    return {name: value for name, value in wanted.items() if value != getattr(guest, name)}


def new_note(key: str, fields: ActivityFields) -> dict[str, Any]:
    """The body that makes a note. Guestbook shows one text, so what has no field of its own stands in it."""
    links = [link for link in (fields.recording, fields.transcript) if link]
    return {
        "key": key,
        "kind": fields.kind,
        "interactions": list(fields.interactions),
        "at": fields.at,
        "seconds": fields.seconds,
        "direction": fields.direction,
        "subject": plain(fields.subject),
        "text": plain("\n\n".join(part for part in (fields.outcome, fields.body, *links) if part)),
        "guests": [person.id for person in fields.people if isinstance(person, Existing)],
    }


def plain(text: str) -> str:
    """Text that JSON and Guestbook take: no half of a surrogate pair, no NUL."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
