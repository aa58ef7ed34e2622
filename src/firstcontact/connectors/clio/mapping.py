"""PURE. Clio's contacts, users and matters as our records (apis A2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from firstcontact.connectors.clio import marks
from firstcontact.connectors.toolkit.countries import region_named
from firstcontact.connectors.toolkit.fields import full_name, read_fields
from firstcontact.connectors.toolkit.times import micros
from firstcontact.identity.records import CrmUser, MailingAddress, Matter, Record

CONTACT = (
    "id,etag,type,name,first_name,middle_name,last_name,title,created_at,updated_at,"
    "primary_phone_number,primary_email_address,phone_numbers{id,number,name},email_addresses{id,address},"
    "addresses{id,street,city,province,postal_code,country},primary_address{id,country},"
    "web_sites{address},instant_messengers{address},prefix,date_of_birth,"
    "company{id,name},custom_field_values{id,field_name,value}"
)
"""Fields of a contact; the flags of the main number and address are spelled differently in Clio's
specification and its samples, so the contact's own `primary_…` fields say which they are."""
USER = "id,name,email,enabled,default_calendar_id,time_zone"
MATTER = "id,display_number,description,status,open_date,created_at"

EDITED = "edited"
"""A contact's state once a person has edited it and we have written since."""
MOBILE = "Mobile"
"""Clio's name for the type of a mobile number."""
PARTS = ("street", "city", "province", "postal_code", "country")

Row = Mapping[str, Any]


# --- texts ------------------------------------------------------------------------------------------------


def text_of(value: object) -> str:
    """A text; "" for anything else."""
    return value if isinstance(value, str) else ""


# --- contacts -------------------------------------------------------------------------------------------


def read_contact(row: Row, region: str) -> Record:
    """A Person or a Company as a contact."""
    emails = _ordered(_texts(row, "email_addresses", "address"), text_of(row.get("primary_email_address")))
    phones = _ordered(_texts(row, "phone_numbers", "number"), text_of(row.get("primary_phone_number")))
    country = country_of(row)
    first = full_name(text_of(row.get("first_name")), text_of(row.get("middle_name")))
    left = marks_of(row)
    company = row.get("company")
    mobiles = {
        text_of(one.get("number")) for one in parts_of(row, "phone_numbers") if one.get("name") == MOBILE
    }
    return Record(
        type="contact",
        id=str(row["id"]),
        name=text_of(row.get("name")) or full_name(first, text_of(row.get("last_name"))),
        first_name=text_of(row.get("first_name")),
        last_name=text_of(row.get("last_name")),
        emails=emails,
        phones=phones,
        handles=read_fields(emails, phones, country or region)[0],
        title=text_of(row.get("title")),
        department=text_of(left.get(marks.DEPARTMENT)),
        seniority=text_of(left.get(marks.SENIORITY)),
        persona=text_of(left.get(marks.PERSONA)),
        mobiles=tuple(phone for phone in phones if phone in mobiles),
        mailing=_mailing(row),
        country=country,
        company=text_of(company.get("name")) if isinstance(company, Mapping) else "",
        created_at=micros(row.get("created_at")),
        placeholder=checked(left.get(marks.PLACEHOLDER)),
        created_by_us=checked(left.get(marks.CREATED)),
        edited_by_person=edited(row, region),
    )


def marks_of(row: Row) -> dict[str, Any]:
    """Values of custom fields by the field's name."""
    values = row.get("custom_field_values") or ()
    return {text_of(one.get("field_name")): one.get("value") for one in values if isinstance(one, Mapping)}


def edited(row: Row, region: str) -> bool:
    """Whether a person changed the contact since we wrote it last: Clio keeps no trace of who did, so the
    contact carries a digest of how we left it."""
    state = text_of(marks_of(row).get(marks.STATE))
    return bool(state) and state != digest_of(row, region)


def digest_of(row: Row, region: str) -> str:
    """Twenty digits that the state of a contact is compared by: everything that a person sees on it, but the
    firm's own custom fields. Space and the order of numbers make no difference; what a contact does not have
    leaves no trace."""
    names = (row.get("first_name"), row.get("middle_name"), row.get("last_name"))
    name = " ".join(text_of(part) for part in names if part) or text_of(row.get("name"))
    emails, phones = _texts(row, "email_addresses", "address"), _texts(row, "phone_numbers", "number")
    handles, unread = read_fields(emails, phones, country_of(row) or region)
    borne = sorted(f"{one.kind}:{one.value}:{one.extension}" for one in handles)
    title = text_of(row.get("title"))
    facts = [" ".join(name.split()), " ".join(title.split()), *borne, *sorted(unread), *sorted(_more(row))]
    return sha256("\0".join(facts).encode()).hexdigest()[:20]


def _more(row: Row) -> Iterator[str]:
    """What else a person sees, as texts that cannot be taken for one another."""
    left, company = marks_of(row), row.get("company")
    for name in marks.TEXTS.values():
        if value := " ".join(text_of(left.get(name)).split()):
            yield f"{name}={value}"
    for address in parts_of(row, "addresses"):
        if any(parts := _address(address)):
            yield "address=" + "\1".join(parts)
    for name in ("web_sites", "instant_messengers"):
        yield from (f"{name}={value}" for value in _texts(row, name, "address"))
    for name in ("prefix", "date_of_birth"):
        if row.get(name):
            yield f"{name}={row[name]}"
    if isinstance(company, Mapping) and company.get("id"):
        yield f"company={company['id']}"


def foreign_values(row: Row) -> list[str]:
    """The firm's own custom fields that have a value."""
    return sorted(
        name for name, value in marks_of(row).items() if name not in marks.CUSTOM_FIELDS and _says(value)
    )


def _says(value: object) -> bool:
    return value is not None and str(value).strip().lower() not in ("", "false")


def checked(value: object) -> bool:
    """Whether a checkbox is ticked, which Clio answers as a boolean or as a word."""
    return value is True or str(value).lower() == "true"


def parts_of(row: Row, name: str) -> tuple[Row, ...]:
    """The parts of one of a contact's lists (`phone_numbers`)."""
    return tuple(one for one in row.get(name) or () if isinstance(one, Mapping))


def _texts(row: Row, list_name: str, field: str) -> tuple[str, ...]:
    return tuple(text_of(one.get(field)) for one in parts_of(row, list_name) if one.get(field))


def _ordered(values: tuple[str, ...], main: str) -> tuple[str, ...]:
    return (main, *(value for value in values if value != main)) if main in values else values


def country_of(row: Row) -> str:
    """The ISO country of the main address; "" where it is none that is known."""
    address = main_address(row) or row.get("primary_address")
    return region_named(text_of(address.get("country"))) if isinstance(address, Mapping) else ""


def main_address(row: Row) -> Row | None:
    """The address that Clio calls the primary one, None where there is none."""
    addresses, primary = parts_of(row, "addresses"), row.get("primary_address")
    main = primary.get("id") if isinstance(primary, Mapping) else None
    return next((one for one in addresses if one.get("id") == main), next(iter(addresses), None))


def _address(address: Row) -> tuple[str, ...]:
    """Street, city, state, postal code and country; the country's code where it is known."""
    street, city, state, code, country = (" ".join(text_of(address.get(part)).split()) for part in PARTS)
    return street, city, state, code, region_named(country) or country


def _mailing(row: Row) -> MailingAddress | None:
    """The main address; a country alone is none."""
    address = main_address(row)
    if address is None or not any(address.get(part) for part in PARTS[:-1]):
        return None
    street, city, state, code, _ = (text_of(address.get(part)).strip() for part in PARTS)
    return MailingAddress(street=street, city=city, state=state, postal_code=code, country=country_of(row))


# --- users and matters ----------------------------------------------------------------------------------


def read_user(row: Row) -> CrmUser:
    """A user; one who may not log in any more is not active."""
    return CrmUser(
        id=str(row["id"]),
        name=text_of(row.get("name")),
        email=text_of(row.get("email")),
        active=row.get("enabled") is not False,
    )


def read_matter(row: Row, contact: str) -> Matter:
    """A matter of a contact, pending ones open; named as Clio shows it."""
    name = " ".join(filter(None, (text_of(row.get("display_number")), text_of(row.get("description")))))
    opened = micros(row.get("open_date")) or micros(row.get("created_at"))
    return Matter(str(row["id"]), contact, name, text_of(row.get("status")).lower() != "closed", opened)
