"""PURE. Our contacts as Clio's bodies: new ones, and what an update changes (apis A2, "Create")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from firstcontact.connectors.clio import marks
from firstcontact.connectors.clio.mapping import (
    EDITED,
    MOBILE,
    PARTS,
    Row,
    checked,
    country_of,
    digest_of,
    edited,
    main_address,
    marks_of,
    parts_of,
    text_of,
)
from firstcontact.connectors.toolkit.fields import full_name, with_new, without_handles
from firstcontact.connectors.toolkit.own_fields import CustomField
from firstcontact.connectors.toolkit.spellings import Line, line
from firstcontact.connectors.toolkit.texts import clean
from firstcontact.identity.records import MailingAddress
from firstcontact.interactions.handles import read_phone
from firstcontact.planning.write import ContactFields

Body = dict[str, Any]
_TYPES: Mapping[Line, str] = {"mobile": MOBILE, "landline": "Work", "": "Other"}
_NAMES = ("first_name", "last_name", "name")


def new_contact(fields: ContactFields, key: str, custom: Mapping[str, CustomField], region: str) -> Body:
    """The body that makes a contact."""
    company = fields.contact_type.casefold() == "company"
    first, last, name = clean(fields.first_name), clean(fields.last_name), clean(fields.name)
    body: Body = {"type": "Company" if company else "Person"}
    if company or not (first or last):
        body["name"] = full_name(first, last) or name
    else:
        body |= {"first_name": first, "last_name": last}
    if fields.title and not company:
        body["title"] = clean(fields.title)
    if fields.mailing is not None:
        body["addresses"] = [{"name": "Work", **_address(fields.mailing)}]
    region = country_of(body) or region
    if emails := with_new((), _clean_all((fields.main_email, *fields.emails)), region):
        body["email_addresses"] = _emails(emails, main=True)
    phones = with_new((), _clean_all((*fields.phones, *fields.mobiles)), region)
    if phones:
        body["phone_numbers"] = _phones(phones, _borne(phones, fields.mobiles, region), region, main=True)
    values = {marks.TEXTS[name]: clean(getattr(fields, name)) for name in marks.TEXTS}
    values |= {marks.KEY: key, marks.INTERACTION: fields.interaction}
    if fields.created_by_firstcontact:
        values[marks.CREATED] = "true"
    if fields.placeholder is not None:
        values[marks.PLACEHOLDER] = "true" if fields.placeholder else "false"
    kept = {name: value for name, value in values.items() if name in custom}
    held = [{"field_name": name, "value": value} for name, value in kept.items()]
    kept[marks.STATE] = digest_of({**body, "custom_field_values": held}, region)
    set_values = [
        {"custom_field": {"id": int(custom[name].id)}, "value": value}
        for name, value in kept.items()
        if name in custom and value
    ]
    if set_values:
        body["custom_field_values"] = set_values
    return body


def contact_changes(
    row: Row,
    fields: ContactFields,
    custom: Mapping[str, CustomField],
    region: str,
    changed: Iterable[str] = (),
) -> Body:
    """What an update changes of a contact as it is now; {} where it is so already. changed: fields that are
    set as they are given, to nothing too (`Write.changed`)."""
    names = frozenset(changed)
    named = bool(fields.first_name or fields.last_name)
    body = _name_changes(row, fields, names)
    if row.get("type") != "Company":
        body |= _text_change(row, "title", fields.title, "title" in names)
    body |= _address_changes(row, fields.mailing, "mailing" in names)
    where = country_of(row) or region
    body |= _email_changes(row, fields, where) | _phone_changes(row, fields, where)
    values = {
        marks.TEXTS[name]: clean(getattr(fields, name))
        for name in marks.TEXTS
        if getattr(fields, name) or name in names
    }
    left = marks_of(row)
    values = {name: value for name, value in values.items() if value != (text_of(left.get(name)) or "")}
    placeholder = False if named and fields.placeholder is None else fields.placeholder
    if placeholder is not None and placeholder != checked(left.get(marks.PLACEHOLDER)):
        values[marks.PLACEHOLDER] = "true" if placeholder else "false"
    values = {name: value for name, value in values.items() if name in custom}
    if text_of(left.get(marks.STATE)) and (body or values):
        state = EDITED if edited(row, region) else digest_of(_after(row, body, values), region)
        if state != left[marks.STATE]:
            values[marks.STATE] = state
    if values:
        body["custom_field_values"] = [
            _value(row, custom[name], value) for name, value in values.items() if name in custom
        ]
    return body


# --- names and texts --------------------------------------------------------------------------------------


def _name_changes(row: Row, fields: ContactFields, names: frozenset[str]) -> Body:
    if row.get("type") == "Company":
        name = full_name(fields.first_name, fields.last_name) or fields.name
        return _text_change(row, "name", name, False)
    if fields.first_name or fields.last_name or (names & set(_NAMES[:2]) and not fields.name):
        body: Body = {}
        for name in _NAMES[:2]:
            body |= _text_change(row, name, getattr(fields, name), name in names)
        return body
    return _text_change(row, "name", fields.name, False)


def _text_change(row: Row, name: str, value: str, named: bool) -> Body:
    """A text that is given, or named as changed, and is not so already."""
    value = clean(value)
    if (value or named) and value != text_of(row.get(name)):
        return {name: value}
    return {}


# --- the address ------------------------------------------------------------------------------------------


def _address(mailing: MailingAddress) -> dict[str, str]:
    parts = (mailing.street, mailing.city, mailing.state, mailing.postal_code, mailing.country)
    return dict(zip(PARTS, map(clean, parts), strict=True))


def _address_changes(row: Row, mailing: MailingAddress | None, named: bool) -> Body:
    """The main address as a whole, in place of the one that is there."""
    there = main_address(row)
    if mailing is None:
        return {"addresses": [{"id": there["id"], "_destroy": True}]} if named and there else {}
    wanted = _address(mailing)
    if there is None:
        return {"addresses": [{"name": "Work", **wanted}]}
    if all(wanted[part] == text_of(there.get(part)) for part in PARTS):
        return {}
    return {"addresses": [{"id": there["id"], **wanted}]}


# --- addresses and numbers --------------------------------------------------------------------------------


def _email_changes(row: Row, fields: ContactFields, region: str) -> Body:
    there = {text_of(one.get("address")): one for one in parts_of(row, "email_addresses")}
    main = clean(fields.main_email)
    present = without_handles(tuple(there), _clean_all(fields.without_emails), region)
    new = with_new(present, _clean_all((*fields.emails, main)), region)[len(present) :]
    parts = _taken_off(row, "email_addresses", "address", present)
    made_main = _same((*present, *new), main, region) if main else (new[0] if new and not present else "")
    if made_main in there and made_main != text_of(row.get("primary_email_address")):
        parts.append({"id": there[made_main]["id"], "default_email": True})
    parts += [{"name": "Other", "address": address, "default_email": address == made_main} for address in new]
    return {"email_addresses": parts} if parts else {}


def _phone_changes(row: Row, fields: ContactFields, region: str) -> Body:
    there = {text_of(one.get("number")): one for one in parts_of(row, "phone_numbers")}
    present = without_handles(tuple(there), _clean_all(fields.without_phones), region)
    new = with_new(present, _clean_all((*fields.phones, *fields.mobiles)), region)[len(present) :]
    mobiles = _borne((*present, *new), fields.mobiles, region)
    parts = _taken_off(row, "phone_numbers", "number", present)
    parts += [
        {"id": there[text]["id"], "name": MOBILE}
        for text in present
        if text in mobiles and there[text].get("name") != MOBILE
    ]
    parts += _phones(new, mobiles, region, main=not present)
    return {"phone_numbers": parts} if parts else {}


def _taken_off(row: Row, name: str, field: str, kept: Sequence[str]) -> list[Body]:
    return [
        {"id": one["id"], "_destroy": True}
        for one in parts_of(row, name)
        if text_of(one.get(field)) and text_of(one.get(field)) not in kept
    ]


def _same(texts: Sequence[str], wanted: str, region: str) -> str:
    """That of the texts which bears what `wanted` does."""
    return next((text for text in texts if not without_handles((text,), (wanted,), region)), "")


def _borne(texts: Sequence[str], wanted: Iterable[str], region: str) -> frozenset[str]:
    return frozenset(_same(texts, one, region) for one in _clean_all(wanted))


def _clean_all(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(filter(None, (clean(value) for value in values)))


def _emails(addresses: Sequence[str], *, main: bool) -> list[Body]:
    return [
        {"name": "Other", "address": address, "default_email": main and not place}
        for place, address in enumerate(addresses)
    ]


def _phones(numbers: Sequence[str], mobiles: frozenset[str], region: str, *, main: bool) -> list[Body]:
    return [
        {
            "name": MOBILE if number in mobiles else phone_type(number, region),
            "number": number,
            "default_number": main and not place,
        }
        for place, number in enumerate(numbers)
    ]


def phone_type(number: str, region: str) -> str:
    """Clio's name for the type of a number, as far as its country's plan tells."""
    handle = read_phone(number, region)
    return _TYPES[line(handle)] if handle else "Other"


# --- marks ------------------------------------------------------------------------------------------------


def _value(row: Row, field: CustomField, value: str) -> Body:
    """A value that is there is changed by its own id; with the field's beside it (apis N). An empty one is
    taken off."""
    given: Body = {"custom_field": {"id": int(field.id)}, "value": value}
    for one in parts_of(row, "custom_field_values"):
        if one.get("field_name") == field.name and one.get("id"):
            given["id"] = one["id"]
            if not value:
                given["_destroy"] = True
    return given


def _after(row: Row, body: Body, values: Mapping[str, str]) -> Row:
    """The contact as an update leaves it, as far as its state goes."""
    after = {**row, **{name: value for name, value in body.items() if isinstance(value, str)}}
    if "name" in body:
        after |= {"first_name": "", "middle_name": "", "last_name": ""}
    for name in ("email_addresses", "phone_numbers", "addresses"):
        given = {one["id"]: one for one in body.get(name, ()) if "id" in one}
        kept = [{**one, **given.get(one.get("id"), {})} for one in parts_of(row, name)]
        made = [one for one in body.get(name, ()) if "id" not in one]
        after[name] = [one for one in (*kept, *made) if not one.get("_destroy")]
    held = {**marks_of(row), **values}
    after["custom_field_values"] = [{"field_name": name, "value": value} for name, value in held.items()]
    return after
