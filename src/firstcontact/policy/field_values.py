"""Fields of a contact as values: what stands in one, whether two values say the same, and how people read
them. A value is text, for a mailing address JSON (`policy.known.ObservedValue`)."""

from __future__ import annotations

import msgspec

from firstcontact.identity.records import MailingAddress, Record
from firstcontact.interactions.handles import read_email, read_phone

HANDLES: frozenset[str] = frozenset({"phone", "mobile", "email", "main_email"})
"""Fields that somebody is found by."""
FIELD_NAMES = {
    "first_name": "first name",
    "last_name": "last name",
    "email": "e-mail address",
    "main_email": "main e-mail address",
    "mailing": "mailing address",
}
"""Fields as people call them, where that is not their key."""


def current(record: Record, field: str) -> str:
    """What stands in the field, as `FieldChange.value` has it."""
    match field:
        case "phone":
            return next((each for each in record.phones if each not in record.mobiles), "")
        case "mobile":
            return next(iter(record.mobiles), "")
        case "email" | "main_email":
            return next(iter(record.emails), "")
        case "mailing":
            return mailing_text(record.mailing)
        case _:
            return str(getattr(record, field))


def mailing_text(address: MailingAddress | None) -> str:
    """The address as a value; "" for none, and for one that is empty."""
    if address is None or address == MailingAddress():
        return ""
    return msgspec.json.encode(address).decode()


def read_mailing(value: str) -> MailingAddress:
    """The address that a value is."""
    return msgspec.json.decode(value, type=MailingAddress)


def shown(field: str, value: str) -> str:
    """A value for people."""
    if field != "mailing" or not value:
        return value
    address = read_mailing(value)
    parts = (*address.street.split("\n"), address.postal_code, address.city, address.state, address.country)
    return ", ".join(part for part in parts if part)


def handle_key(text: str, region: str) -> str:
    """The canonical key of an address or number; the text itself where it is none."""
    handle = read_email(text) if "@" in text else read_phone(text, region)
    return handle.key if handle is not None else text


def same(field: str, one: str, other: str, region: str) -> bool:
    """Whether two values of a field say the same."""
    if not one or not other:
        return one == other
    if field in HANDLES:
        return handle_key(one, region) == handle_key(other, region)
    if field == "mailing":
        return one == other
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
