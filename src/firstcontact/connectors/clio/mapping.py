"""PURE. Clio's contacts, users and matters as our records, and our contacts as Clio's bodies (apis A2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from firstcontact.connectors.clio import marks
from firstcontact.connectors.clio.marks import CustomField
from firstcontact.connectors.toolkit.countries import region_named
from firstcontact.connectors.toolkit.fields import full_name, read_fields, with_new
from firstcontact.connectors.toolkit.spellings import Line, line
from firstcontact.connectors.toolkit.texts import clean
from firstcontact.connectors.toolkit.times import micros
from firstcontact.identity.records import CrmUser, Matter, Record
from firstcontact.interactions.handles import read_phone
from firstcontact.planning.write import ContactFields

CONTACT = (
    "id,etag,type,name,first_name,middle_name,last_name,title,created_at,updated_at,"
    "primary_phone_number,primary_email_address,phone_numbers{id,number},email_addresses{id,address},"
    "company{id,name},primary_address{country},custom_field_values{id,field_name,value}"
)
"""Fields of a contact; the flags of the main number and address are spelled differently in Clio's
specification and its samples, so the contact's own `primary_…` fields say which they are."""
USER = "id,name,email,enabled,default_calendar_id,time_zone"
MATTER = "id,display_number,description,status,open_date,created_at"

EDITED = "edited"
_TYPES: Mapping[Line, str] = {"mobile": "Mobile", "landline": "Work", "": "Other"}

Row = Mapping[str, Any]
Body = dict[str, Any]


# --- texts ------------------------------------------------------------------------------------------------


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


# --- contacts -------------------------------------------------------------------------------------------


def read_contact(row: Row, region: str) -> Record:
    """A Person or a Company as a contact."""
    emails = _ordered(_texts(row, "email_addresses", "address"), _text(row.get("primary_email_address")))
    phones = _ordered(_texts(row, "phone_numbers", "number"), _text(row.get("primary_phone_number")))
    country = _country(row)
    first = full_name(_text(row.get("first_name")), _text(row.get("middle_name")))
    left = marks_of(row)
    company = row.get("company")
    return Record(
        type="contact",
        id=str(row["id"]),
        name=_text(row.get("name")) or full_name(first, _text(row.get("last_name"))),
        first_name=_text(row.get("first_name")),
        last_name=_text(row.get("last_name")),
        emails=emails,
        phones=phones,
        handles=read_fields(emails, phones, country or region)[0],
        title=_text(row.get("title")),
        country=country,
        company=_text(company.get("name")) if isinstance(company, Mapping) else "",
        created_at=micros(row.get("created_at")),
        placeholder=_checked(left.get(marks.PLACEHOLDER)),
        created_by_us=_checked(left.get(marks.CREATED)),
        edited_by_person=edited(row, region),
    )


def marks_of(row: Row) -> dict[str, Any]:
    """Values of custom fields by the field's name."""
    values = row.get("custom_field_values") or ()
    return {_text(one.get("field_name")): one.get("value") for one in values if isinstance(one, Mapping)}


def edited(row: Row, region: str) -> bool:
    """Whether a person changed the contact since we wrote it last: Clio keeps no trace of who did, so the
    contact carries a digest of how we left it."""
    state = _text(marks_of(row).get(marks.STATE))
    return bool(state) and state != digest_of(row, region)


def digest_of(row: Row, region: str) -> str:
    """What the state of a contact is compared by: name, title and handles."""
    names = (row.get("first_name"), row.get("middle_name"), row.get("last_name"))
    name = " ".join(_text(part) for part in names if part) or _text(row.get("name"))
    emails, phones = _texts(row, "email_addresses", "address"), _texts(row, "phone_numbers", "number")
    return digest(name, _text(row.get("title")), emails, phones, _country(row) or region)


def digest(name: str, title: str, emails: Iterable[str], phones: Iterable[str], region: str) -> str:
    """Twenty digits; space and the order of numbers make no difference."""
    handles, unread = read_fields(emails, phones, region)
    borne = sorted(f"{one.kind}:{one.value}:{one.extension}" for one in handles)
    facts = ("\0".join([" ".join(name.split()), " ".join(title.split()), *borne, *sorted(unread)])).encode()
    return sha256(facts).hexdigest()[:20]


def _checked(value: object) -> bool:
    return value is True or str(value).lower() == "true"


def _texts(row: Row, list_name: str, field: str) -> tuple[str, ...]:
    found = row.get(list_name) or ()
    return tuple(_text(one.get(field)) for one in found if isinstance(one, Mapping) and one.get(field))


def _ordered(values: tuple[str, ...], main: str) -> tuple[str, ...]:
    return (main, *(value for value in values if value != main)) if main in values else values


def _country(row: Row) -> str:
    address = row.get("primary_address")
    return region_named(_text(address.get("country"))) if isinstance(address, Mapping) else ""


def new_contact(fields: ContactFields, key: str, custom: Mapping[str, CustomField], region: str) -> Body:
    """The body that makes a contact."""
    company = fields.contact_type.casefold() == "company"
    first, last, name = clean(fields.first_name), clean(fields.last_name), clean(fields.name)
    shown = full_name(first, last) or name
    body: Body = {"type": "Company" if company else "Person"}
    if company or not (first or last):
        body["name"] = shown
    else:
        body |= {"first_name": first, "last_name": last}
    if fields.title and not company:
        body["title"] = clean(fields.title)
    emails, phones = _clean_all(fields.emails), _clean_all(fields.phones)
    if emails:
        body["email_addresses"] = _emails(emails, main=True)
    if phones:
        body["phone_numbers"] = _phones(phones, region, main=True)
    state = digest(shown, body.get("title", ""), emails, phones, region)
    values: dict[str, str] = {marks.KEY: key, marks.INTERACTION: fields.interaction, marks.STATE: state}
    if fields.created_by_firstcontact:
        values[marks.CREATED] = "true"
    if fields.placeholder is not None:
        values[marks.PLACEHOLDER] = "true" if fields.placeholder else "false"
    set_values = [
        {"custom_field": {"id": int(custom[name].id)}, "value": value}
        for name, value in values.items()
        if name in custom and value
    ]
    if set_values:
        body["custom_field_values"] = set_values
    return body


def contact_changes(row: Row, fields: ContactFields, custom: Mapping[str, CustomField], region: str) -> Body:
    """What an update changes of a contact as it is now; {} where it is so already. Numbers and addresses are
    added, never taken away."""
    where = _country(row) or region
    company = row.get("type") == "Company"
    named = bool(fields.first_name or fields.last_name)
    wanted: dict[str, str] = {}
    if company:
        wanted["name"] = full_name(fields.first_name, fields.last_name) or fields.name
    elif named:
        wanted |= {"first_name": fields.first_name, "last_name": fields.last_name}
    else:
        wanted["name"] = fields.name
    if not company:
        wanted["title"] = fields.title
    body: Body = {
        name: clean(value) for name, value in wanted.items() if value and clean(value) != _text(row.get(name))
    }
    emails, phones = _texts(row, "email_addresses", "address"), _texts(row, "phone_numbers", "number")
    new_emails = with_new(emails, _clean_all(fields.emails), where)[len(emails) :]
    new_phones = with_new(phones, _clean_all(fields.phones), where)[len(phones) :]
    if new_emails:
        body["email_addresses"] = _emails(new_emails, main=not emails)
    if new_phones:
        body["phone_numbers"] = _phones(new_phones, where, main=not phones)
    values = _changed_marks(row, fields, body, named=named, region=region)
    set_values = [_value(row, custom[name], value) for name, value in values.items() if name in custom]
    if set_values:
        body["custom_field_values"] = set_values
    return body


def _changed_marks(
    row: Row, fields: ContactFields, body: Body, *, named: bool, region: str
) -> dict[str, str]:
    """Marks of ours that an update sets; a person's contact gets none."""
    left = marks_of(row)
    values: dict[str, str] = {}
    placeholder = False if named and fields.placeholder is None else fields.placeholder
    if placeholder is not None and placeholder != _checked(left.get(marks.PLACEHOLDER)):
        values[marks.PLACEHOLDER] = "true" if placeholder else "false"
    if left.get(marks.STATE) and body:
        after = {**row, **{name: value for name, value in body.items() if isinstance(value, str)}}
        if "name" in body:
            after |= {"first_name": "", "middle_name": "", "last_name": ""}
        for name in ("email_addresses", "phone_numbers"):
            after[name] = [*(row.get(name) or ()), *body.get(name, ())]
        state = EDITED if edited(row, region) else digest_of(after, region)
        if state != left[marks.STATE]:
            values[marks.STATE] = state
    return values


def _value(row: Row, field: CustomField, value: str) -> Body:
    """A value that is there is changed by its own id; with the field's beside it (apis N)."""
    given: Body = {"custom_field": {"id": int(field.id)}, "value": value}
    for one in row.get("custom_field_values") or ():
        if one.get("field_name") == field.name and one.get("id"):
            given["id"] = one["id"]
    return given


def _clean_all(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(filter(None, (clean(value) for value in values)))


def _emails(addresses: Sequence[str], *, main: bool) -> list[Body]:
    return [
        {"name": "Other", "address": address, "default_email": main and not place}
        for place, address in enumerate(addresses)
    ]


def _phones(numbers: Sequence[str], region: str, *, main: bool) -> list[Body]:
    return [
        {"name": phone_type(number, region), "number": number, "default_number": main and not place}
        for place, number in enumerate(numbers)
    ]


def phone_type(number: str, region: str) -> str:
    """Clio's name for the type of a number, as far as its country's plan tells."""
    handle = read_phone(number, region)
    return _TYPES[line(handle)] if handle else "Other"


# --- users and matters ----------------------------------------------------------------------------------


def read_user(row: Row) -> CrmUser:
    """A user; one who may not log in any more is not active."""
    return CrmUser(
        id=str(row["id"]),
        name=_text(row.get("name")),
        email=_text(row.get("email")),
        active=row.get("enabled") is not False,
    )


def read_matter(row: Row, contact: str) -> Matter:
    """A matter of a contact, pending ones open; named as Clio shows it."""
    name = " ".join(filter(None, (_text(row.get("display_number")), _text(row.get("description")))))
    opened = micros(row.get("open_date")) or micros(row.get("created_at"))
    return Matter(str(row["id"]), contact, name, _text(row.get("status")).lower() != "closed", opened)
