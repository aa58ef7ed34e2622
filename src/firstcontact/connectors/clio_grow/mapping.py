"""PURE. Clio Grow's contacts, inbox leads and matters as our records, and what we write as its bodies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from firstcontact.connectors.clio_grow.marks import of_activity, with_footer
from firstcontact.connectors.toolkit.countries import region_named
from firstcontact.connectors.toolkit.fields import full_name, read_fields, with_new, without_handles
from firstcontact.connectors.toolkit.texts import clean
from firstcontact.connectors.toolkit.times import micros
from firstcontact.identity.records import CrmUser, Matter, Record
from firstcontact.planning.write import ActivityFields, ContactFields

LEAD_PREFIX = "lead:"
"""Contacts and inbox leads are numbered apart: two kinds of ids under one name."""
SUBJECT_LIMIT = 255
BODY_LIMIT = 65_535
NO_TEXT = "(no text)"
"""Stands for the text of a note that has none: a body is required."""
UNKNOWN = "Unknown"
SOURCE = "FirstContact"
_MESSAGE = "Somebody who is not among your contacts got in touch."
_CLOSED = "declined"

Row = Mapping[str, Any]
Body = dict[str, Any]


# --- reading ----------------------------------------------------------------------------------------------


def read_contact(row: Row, region: str) -> Record:
    """A Person or a Company as a contact."""
    emails, phones = _texts(row.get("emails")), _texts(row.get("phone_numbers"))
    country = _country(row)
    first, last = _text(row.get("first_name")), _text(row.get("last_name"))
    return Record(
        type="contact",
        id=str(row["id"]),
        name=_text(row.get("name")) or full_name(first, last),
        first_name=first,
        last_name=last,
        emails=emails,
        phones=phones,
        handles=read_fields(emails, phones, country or region)[0],
        country=country,
        created_at=micros(row.get("created_at")),
    )


def read_lead(row: Row, region: str) -> Record:
    """A lead of the inbox; it has one address and one number."""
    emails, phones = _texts([row.get("email")]), _texts([row.get("phone_number")])
    first, last = _text(row.get("first_name")), _text(row.get("last_name"))
    return Record(
        type="lead",
        id=f"{LEAD_PREFIX}{row['id']}",
        name=full_name(first, last),
        first_name=first,
        last_name=last,
        emails=emails,
        phones=phones,
        handles=read_fields(emails, phones, region)[0],
        created_at=micros(row.get("created_at")),
    )


def read_matter(row: Row, contact: str) -> Matter:
    """A matter of this contact; one that was declined is closed."""
    return Matter(
        id=str(row["id"]),
        contact=contact,
        name=_text(row.get("description")) or str(row["id"]),
        open=row.get("status_category") != _CLOSED,
        opened_at=micros(row.get("created_at")),
    )


def matters_of(row: Row) -> tuple[str, ...]:
    """Ids of a contact's matters."""
    found = row.get("matters") or ()
    return tuple(dict.fromkeys(str(one["id"]) for one in found if isinstance(one, Mapping) and one.get("id")))


def client_of(row: Row) -> str:
    """Id of the contact whom a matter is for, "" where there is none."""
    for name in ("client", "primary_contact"):
        client = row.get(name)
        if isinstance(client, Mapping) and client.get("id"):
            return str(client["id"])
    return ""


def read_user(row: Row) -> CrmUser:
    """A user; who is not active is not told."""
    name = full_name(_text(row.get("first_name")), _text(row.get("last_name")))
    return CrmUser(id=str(row["id"]), name=name, email=_text(row.get("email")))


def _country(row: Row) -> str:
    for address in row.get("addresses") or ():
        if isinstance(address, Mapping):
            return region_named(_text(address.get("country")))
    return ""


def _texts(values: object) -> tuple[str, ...]:
    found = values if isinstance(values, Sequence) and not isinstance(values, str) else ()
    return tuple(value for value in found if isinstance(value, str) and value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


# --- contacts ----------------------------------------------------------------------------------------------


def new_contact(fields: ContactFields) -> Body:
    """The body that makes a contact."""
    company = fields.contact_type.casefold() == "company"
    first, last = clean(fields.first_name), clean(fields.last_name)
    body: Body = {"type": "Company" if company else "Person"}
    if company or not (first or last):
        body["name"] = full_name(first, last) or clean(fields.name)
    else:
        body |= {"first_name": first, "last_name": last}
    emails, phones = _reached(fields)
    return body | ({"emails": emails} if emails else {}) | ({"phone_numbers": phones} if phones else {})


def contact_changes(row: Row, fields: ContactFields, region: str, changed: Iterable[str] = ()) -> Body:
    """What an update changes of a contact as it is now; {} where it is so already. A list of numbers or
    addresses is written as a whole. changed: fields that are set as they are given, to nothing too
    (`Write.changed`)."""
    where = _country(row) or region
    wanted: dict[str, str] = {}
    named = {"first_name", "last_name"} & set(changed)
    if row.get("type") == "Company":
        wanted["name"] = full_name(fields.first_name, fields.last_name) or fields.name
    elif fields.first_name or fields.last_name or (named and not fields.name):
        wanted |= {"first_name": fields.first_name, "last_name": fields.last_name}
    else:
        wanted["name"] = fields.name
    body: Body = {
        name: clean(value)
        for name, value in wanted.items()
        if (value or name in named) and clean(value) != _text(row.get(name))
    }
    emails, phones = _reached(fields)
    for name, added, gone in (
        ("emails", emails, fields.without_emails),
        ("phone_numbers", phones, fields.without_phones),
    ):
        held = _texts(row.get(name))
        values = with_new(without_handles(held, _clean_all(gone), where), added, where)
        if values != held:
            body[name] = list(values)
    return body


def _reached(fields: ContactFields) -> tuple[list[str], list[str]]:
    """Addresses and numbers; which is the main one, and which a mobile, Clio Grow does not tell."""
    emails = dict.fromkeys(_clean_all((*fields.emails, fields.main_email)))
    return list(emails), list(dict.fromkeys(_clean_all((*fields.phones, *fields.mobiles))))


def _clean_all(values: Sequence[str]) -> list[str]:
    return [text for text in (clean(value) for value in values) if text]


# --- leads --------------------------------------------------------------------------------------------------


def new_lead(fields: ContactFields, key: str, referring_url: str) -> Body:
    """The body that makes an inbox lead by the platform API."""
    first, last = lead_names(fields)
    emails, phones = _reached(fields)
    body: Body = {
        "first_name": first,
        "last_name": last,
        "from_message": _message(fields, key),
        "referring_url": referring_url,
        "from_source": clean(fields.lead_source) or SOURCE,
    }
    return body | ({"email": emails[0]} if emails else {}) | ({"phone_number": phones[0]} if phones else {})


def told_lead(fields: ContactFields, key: str, referring_url: str) -> Body:
    """The lead that the Lead Inbox is told (apis A2)."""
    first, last = lead_names(fields)
    emails, phones = _reached(fields)
    return {
        "from_first": first,
        "from_last": last,
        "from_message": _message(fields, key),
        "from_email": emails[0] if emails else "",
        "from_phone": phones[0] if phones else "",
        "referring_url": referring_url,
        "from_source": clean(fields.lead_source) or SOURCE,
    }


def lead_names(fields: ContactFields) -> tuple[str, str]:
    """First and last name, which are both required; of somebody without a name the last one is the number or
    the address."""
    first = " ".join(clean(fields.first_name).split())
    last = " ".join(clean(fields.last_name).split())
    if not (first or last):
        emails, phones = _reached(fields)
        last = next(iter([*phones, *emails]), UNKNOWN)
    return first or UNKNOWN, last or UNKNOWN


def _message(fields: ContactFields, key: str) -> str:
    emails, phones = _reached(fields)
    also = [*emails[1:], *phones[1:]]
    values = {"interaction": fields.interaction, "key": key}
    return with_footer(_MESSAGE, values, also, BODY_LIMIT)


# --- notes ------------------------------------------------------------------------------------------


def new_note(fields: ActivityFields, key: str) -> Body:
    """The note that logs an interaction. Neither subject nor body may be blank, and a subject has an end: a
    longer one is whole in the body."""
    subject, text = " ".join(clean(fields.subject).split()) or fields.kind, clean(fields.body)
    if len(subject) > SUBJECT_LIMIT:
        text = f"{subject}\n\n{text}" if text.strip() else subject
        subject = subject[: SUBJECT_LIMIT - 1] + "…"
    text = text if text.strip() else NO_TEXT
    return {"subject": subject, "body": with_footer(text, of_activity(fields, key), limit=BODY_LIMIT)}
