"""PURE. Lawmatics' contacts, users and matters as our records, and our contacts as its bodies (apis A3).

Every matter wraps a contact, so a person who came in as a potential client is a contact too. One person is
one record here, under the contact's id: a *lead* while all that the firm has of them is a potential case,
else a *contact* (README.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from firstcontact.connectors.lawmatics import marks
from firstcontact.connectors.toolkit.countries import region_named
from firstcontact.connectors.toolkit.fields import full_name, read_fields, with_new, without_handles
from firstcontact.connectors.toolkit.own_fields import CustomField
from firstcontact.connectors.toolkit.texts import clean
from firstcontact.connectors.toolkit.times import micros
from firstcontact.identity.records import CrmUser, Matter, Record
from firstcontact.planning.write import ContactFields

Row = Mapping[str, Any]
Body = dict[str, Any]

PNC = "pnc"
"""Status of a matter that may become one: potential new client."""
LOST = "lost"
OTHER = "Other"
"""Label of a number or address that is not the main one."""
EDITED = "edited"
_MORE = (
    "employer",
    "name_prefix",
    "name_suffix",
    "informal_name",
    "occupation",
    "bio",
    "birthdate",
    "street",
    "city",
)
"""What else of a contact a person fills in, as far as Lawmatics answers it."""


class Person(msgspec.Struct, frozen=True):
    """A contact as Lawmatics has it, with all its numbers and addresses, the main one first."""

    row: Row
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()


def attributes(row: Row) -> Row:
    """What a record says itself."""
    found = row.get("attributes")
    return found if isinstance(found, Mapping) else {}


def related(row: Row, name: str) -> list[str] | None:
    """Ids behind a relationship, none, one or several; None where the record does not tell."""
    relationships = row.get("relationships")
    if not isinstance(relationships, Mapping) or name not in relationships:
        return None
    link = relationships[name]
    data = link.get("data") if isinstance(link, Mapping) else None
    several = data if isinstance(data, list) else [data]
    return [str(one["id"]) for one in several if isinstance(one, Mapping) and one.get("id")]


def target(row: Row, name: str) -> tuple[str, str]:
    """Type and id that a relationship to one record points at; two empty texts for none."""
    relationships = row.get("relationships")
    link = relationships.get(name) if isinstance(relationships, Mapping) else None
    data = link.get("data") if isinstance(link, Mapping) else None
    return (str(data.get("type")), str(data.get("id"))) if isinstance(data, Mapping) else ("", "")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


# --- contacts -------------------------------------------------------------------------------------------


def main_of(row: Row, *names: str) -> tuple[str, ...]:
    """The main address or number, which has two names (apis A3, samples)."""
    told = attributes(row)
    return next(((_text(told[name]),) for name in names if told.get(name)), ())


def main_person(row: Row) -> Person:
    """A contact with its main number and address alone."""
    return Person(row, main_of(row, "email", "email_address"), main_of(row, "phone", "phone_number"))


def is_lead(row: Row) -> bool:
    """Whether all that the firm has of this person is a potential case. A contact of ours stays one."""
    told = attributes(row)
    kind = _text(told.get("contact_type"))
    waiting = bool(related(row, "prospects")) and not related(row, "client") and kind.upper() in ("", "PNC")
    return waiting and not marks_of(row).get(marks.KEY)


def read_person(person: Person, region: str) -> Record:
    """A contact or lead as our record."""
    row, told, left = person.row, attributes(person.row), marks_of(person.row)
    country = country_of(row)
    first = full_name(_text(told.get("first_name")), _text(told.get("middle_name")))
    return Record(
        type="lead" if is_lead(row) else "contact",
        id=str(row["id"]),
        name=full_name(first, _text(told.get("last_name"))),
        first_name=_text(told.get("first_name")),
        last_name=_text(told.get("last_name")),
        emails=person.emails,
        phones=person.phones,
        handles=read_fields(person.emails, person.phones, country or region)[0],
        title=_text(told.get("title")),
        department=_text(left.get(marks.DEPARTMENT)),
        seniority=_text(left.get(marks.SENIORITY)),
        persona=_text(left.get(marks.PERSONA)),
        country=country,
        company=_text(told.get("employer")),
        created_at=micros(told.get("created_at")),
        placeholder=_checked(left.get(marks.PLACEHOLDER)),
        created_by_us=_checked(left.get(marks.CREATED)),
        edited_by_person=edited(person, region),
    )


def marks_of(row: Row) -> dict[str, Any]:
    """Values of custom fields by the field's name."""
    values = attributes(row).get("custom_fields")
    held = values if isinstance(values, list) else ()
    return {_text(one.get("name")): one.get("value") for one in held if isinstance(one, Mapping)}


def country_of(row: Row) -> str:
    """The contact's country, where its address has one."""
    return region_named(_text(attributes(row).get("country")))


def edited(person: Person, region: str) -> bool:
    """Whether a person changed the contact since we wrote it last: Lawmatics keeps no trace of who did, so
    the contact carries a digest of how we left it."""
    state = _text(marks_of(person.row).get(marks.STATE))
    return bool(state) and state != digest_of(person, region)


def digest_of(person: Person, region: str) -> str:
    """Twenty digits that the state of a contact is compared by: everything that people commonly fill in, but
    the firm's own custom fields. Space and the order of numbers make no difference; what a contact does not
    have leaves no trace."""
    told, left = attributes(person.row), marks_of(person.row)
    parts = (told.get("first_name"), told.get("middle_name"), told.get("last_name"))
    name = " ".join(_text(part) for part in parts if part)
    more = {**{one: told.get(one) for one in _MORE}, **{one: left.get(one) for one in marks.TEXTS.values()}}
    where = country_of(person.row) or region
    handles, unread = read_fields(person.emails, person.phones, where)
    borne = sorted(f"{one.kind}:{one.value}:{one.extension}" for one in handles)
    facts = [" ".join(name.split()), " ".join(_text(told.get("title")).split()), *borne, *sorted(unread)]
    facts += sorted(f"{one}={' '.join(str(value).split())}" for one, value in more.items() if value)
    return sha256("\0".join(facts).encode()).hexdigest()[:20]


def foreign_values(row: Row) -> list[str]:
    """The firm's own custom fields that have a value."""
    return sorted(
        name
        for name, value in marks_of(row).items()
        if name not in marks.CUSTOM_FIELDS and value not in (None, "", False)
    )


def _checked(value: object) -> bool:
    return value is True or str(value).lower() == "true"


class NewContact(msgspec.Struct, frozen=True):
    """What makes a contact: its body, and the addresses and numbers that are added one by one."""

    body: Body
    emails: tuple[str, ...]
    phones: tuple[str, ...]


def new_contact(
    fields: ContactFields, key: str, custom: Mapping[str, CustomField], region: str
) -> NewContact:
    """A contact of ours. A name that is not in two parts is a last name: a contact has no other."""
    first, last = clean(fields.first_name), clean(fields.last_name)
    if not (first or last):
        last = clean(fields.name)
    emails = with_new((), clean_all((fields.main_email, *fields.emails)), region)
    phones = with_new((), clean_all((*fields.phones, *fields.mobiles)), region)
    body: Body = {"first_name": first, "last_name": last}
    for name, value in (("title", fields.title), ("employer", fields.company)):
        if value:
            body[name] = clean(value)
    if emails:
        body["email"] = emails[0]
    if phones:
        body["phone"] = phones[0]
    values: dict[str, Any] = {
        marks.KEY: key,
        marks.INTERACTION: fields.interaction if len(fields.interaction) <= marks.VALUE_LIMIT else "",
        **{field: clean(getattr(fields, name))[: marks.VALUE_LIMIT] for name, field in marks.TEXTS.items()},
    }
    held = {name: value for name, value in values.items() if name in custom}
    values[marks.STATE] = digest_of(Person({"attributes": _with_custom(body, held)}, emails, phones), region)
    if fields.created_by_firstcontact:
        values[marks.CREATED] = True
    if fields.placeholder is not None:
        values[marks.PLACEHOLDER] = fields.placeholder
    set_values = custom_values(values, custom)
    if set_values:
        body["custom_fields"] = set_values
    return NewContact(body, emails[1:], phones[1:])


class Change(msgspec.Struct, frozen=True):
    """What an update changes of a contact: its body, and the addresses and numbers that come. gone: those
    that are taken off, as they are there."""

    body: Body
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.body or self.emails or self.phones or self.gone)


def contact_change(
    person: Person,
    fields: ContactFields,
    custom: Mapping[str, CustomField],
    region: str,
    changed: Iterable[str] = (),
) -> Change:
    """What an update changes of a contact as it is now. changed: fields that are set as they are given, to
    nothing too (`Write.changed`)."""
    names = frozenset(changed)
    told = attributes(person.row)
    where = country_of(person.row) or region
    named = bool(fields.first_name or fields.last_name)
    wanted = {"first_name": fields.first_name, "last_name": fields.last_name, "title": fields.title}
    wanted |= {"employer": fields.company}
    empty = {_ATTRIBUTES[name] for name in names & _ATTRIBUTES.keys()}
    if not named and fields.name:
        wanted["last_name"] = fields.name
    elif named and _checked(marks_of(person.row).get(marks.PLACEHOLDER)) and not edited(person, region):
        # The placeholder's name stands where the last name does, and goes as a whole.
        wanted |= {"first_name": fields.first_name or " ", "last_name": fields.last_name or " "}
    body: Body = {
        name: clean(value).strip()
        for name, value in wanted.items()
        if (value or name in empty) and clean(value).strip() != _text(told.get(name))
    }
    kept_emails = without_handles(person.emails, clean_all(fields.without_emails), where)
    kept_phones = without_handles(person.phones, clean_all(fields.without_phones), where)
    emails = with_new(kept_emails, clean_all((*fields.emails, fields.main_email)), where)[len(kept_emails) :]
    phones = with_new(kept_phones, clean_all((*fields.phones, *fields.mobiles)), where)[len(kept_phones) :]
    after = Person(person.row, (*kept_emails, *emails), (*kept_phones, *phones))
    values = _changed_marks(person, after, fields, body, names, custom, named=named, region=region)
    if emails and not person.emails:
        body["email"], emails = emails[0], emails[1:]
    if phones and not person.phones:
        body["phone"], phones = phones[0], phones[1:]
    set_values = custom_values(values, custom, emptied=True)
    if set_values:
        body["custom_fields"] = set_values
    gone = {*person.emails, *person.phones} - {*kept_emails, *kept_phones}
    return Change(body, emails, phones, tuple(sorted(gone)))


_ATTRIBUTES = {"first_name": "first_name", "last_name": "last_name", "title": "title", "company": "employer"}
"""Attributes of a contact by our name of them."""


def _changed_marks(
    person: Person,
    after: Person,
    fields: ContactFields,
    body: Body,
    names: frozenset[str],
    custom: Mapping[str, CustomField],
    *,
    named: bool,
    region: str,
) -> dict[str, Any]:
    """Marks of ours that an update sets, and what our own fields say; a person's contact gets no mark. after:
    the person with the addresses and numbers that there will be."""
    left = marks_of(person.row)
    values: dict[str, Any] = {
        field: clean(getattr(fields, name))[: marks.VALUE_LIMIT]
        for name, field in marks.TEXTS.items()
        if (getattr(fields, name) or name in names) and field in custom
    }
    values = {field: value for field, value in values.items() if value != _text(left.get(field))}
    placeholder = False if named and fields.placeholder is None else fields.placeholder
    if placeholder is not None and placeholder != _checked(left.get(marks.PLACEHOLDER)):
        values[marks.PLACEHOLDER] = placeholder
    reached = (after.emails, after.phones) != (person.emails, person.phones)
    if left.get(marks.STATE) and (body or values or reached):
        told = _with_custom({**attributes(person.row), **body}, {**left, **values})
        left_as = Person({**person.row, "attributes": told}, after.emails, after.phones)
        state = EDITED if edited(person, region) else digest_of(left_as, region)
        if state != left[marks.STATE]:
            values[marks.STATE] = state
    return values


def _with_custom(told: Row, values: Mapping[str, Any]) -> Row:
    """Attributes with these values of custom fields, by name."""
    return {**told, "custom_fields": [{"name": name, "value": value} for name, value in values.items()]}


def custom_values(
    values: Mapping[str, Any], custom: Mapping[str, CustomField], *, emptied: bool = False
) -> list[Body]:
    """Marks as the bodies of contacts have them; those without a field are left out. emptied: an empty one
    clears what is there."""
    return [
        {"id": custom[name].id, "value": None if value == "" else value}
        for name, value in values.items()
        if name in custom and (emptied or value != "")
    ]


def clean_all(values: Sequence[str]) -> tuple[str, ...]:
    """Values without what is no text, and without empty ones."""
    return tuple(filter(None, (clean(value) for value in values)))


# --- users and matters ----------------------------------------------------------------------------------


def read_user(row: Row) -> CrmUser:
    """A user. Nothing published says who is not active; who has not accepted the invitation is not."""
    told = attributes(row)
    name = _text(told.get("name")) or full_name(_text(told.get("first_name")), _text(told.get("last_name")))
    active = told.get("active") is not False and not ("confirmed_at" in told and told["confirmed_at"] is None)
    return CrmUser(id=str(row["id"]), name=name, email=_text(told.get("email")), active=active)


def is_open(row: Row) -> bool:
    """Whether a matter is not lost: potential cases and hired ones are worked on."""
    return _text(attributes(row).get("status")).lower() != LOST


def read_matter(row: Row, contact: str) -> Matter:
    """A matter of a contact, named as Lawmatics shows it."""
    told = attributes(row)
    name = " ".join(filter(None, (_text(told.get("case_number")), _text(told.get("case_title")))))
    return Matter(str(row["id"]), contact, name, is_open(row), micros(told.get("created_at")))
