"""PURE. Salesforce's records as the contract's; contacts and accounts as its fields (apis A1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from firstcontact.connectors.contract import Rejected
from firstcontact.connectors.salesforce.shapes import (
    CREATED_BY_US,
    DOMAINS,
    EDITED,
    INTERACTION,
    KEY,
    OTHER_EMAILS,
    OTHER_PHONES,
    PLACEHOLDER,
    Shape,
)
from firstcontact.connectors.toolkit.countries import region_named
from firstcontact.connectors.toolkit.fields import full_name, read_fields, with_new
from firstcontact.connectors.toolkit.texts import clean
from firstcontact.connectors.toolkit.times import micros
from firstcontact.identity.domains import website_host
from firstcontact.identity.records import Account, CrmUser, Matter, Opportunity, Record
from firstcontact.planning.write import AccountFields, ContactFields

Row = Mapping[str, Any]
Values = dict[str, Any]

_RECORD = (
    "Id",
    "FirstName",
    "LastName",
    "Name",
    "Title",
    "OwnerId",
    "CreatedDate",
    "LastActivityDate",
    "LastModifiedById",
    "SystemModstamp",
    KEY,
    CREATED_BY_US,
    PLACEHOLDER,
    EDITED,
)
_CONTACT = ("AccountId", "Account.Name", "MailingCountryCode", "MailingCountry")
_LEAD = ("Company", "CountryCode", "Country", "IsConverted", "ConvertedContactId")
_ACCOUNT = ("Id", "Name", "Website", "OwnerId", "LastActivityDate", "SystemModstamp", DOMAINS)


# --- what is asked for ------------------------------------------------------------------------------------


def record_fields(shape: Shape) -> tuple[str, ...]:
    """The fields of a contact or lead that make a `Record`, as far as there are."""
    own = _LEAD if shape.name == "Lead" else _CONTACT
    return tuple(dict.fromkeys((*shape.present((*_RECORD, *own)), *shape.phones(), *shape.emails())))


def account_fields(shape: Shape) -> tuple[str, ...]:
    """The fields of an account that make an `Account`."""
    return tuple(dict.fromkeys((*shape.present(_ACCOUNT), *shape.phones())))


# --- texts and times --------------------------------------------------------------------------------------


def text(row: Row, name: str) -> str:
    """A field of a record as text; a path is followed; "" where there is nothing."""
    value: Any = row
    if name in row:
        value = row[name]
    else:
        for step in name.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
    return "" if value is None else str(value)


def flag(row: Row, name: str) -> bool:
    """A checkbox; also as Bulk API writes it."""
    return text(row, name).lower() == "true"


def lines(value: str) -> tuple[str, ...]:
    """The lines of a field of ours that holds several values."""
    return tuple(line for line in (one.strip() for one in value.splitlines()) if line)


# --- records ----------------------------------------------------------------------------------------------


def read_record(row: Row, shape: Shape, region: str, me: str) -> Record:
    """A contact or lead. region: where numbers without a country are read; me: the id of our user."""
    lead = shape.name == "Lead"
    country = _country(row, lead)
    phones, emails = _values(row, shape.phones()), _values(row, shape.emails())
    handles, _ = read_fields(emails, phones, country or region)
    first, last = text(row, "FirstName"), text(row, "LastName")
    return Record(
        type="lead" if lead else "contact",
        id=text(row, "Id"),
        name=text(row, "Name") or full_name(first, last),
        first_name=first,
        last_name=last,
        emails=emails,
        phones=phones,
        handles=handles,
        title=text(row, "Title"),
        country=country,
        account=text(row, "AccountId"),
        company=text(row, "Company") if lead else text(row, "Account.Name"),
        owner=text(row, "OwnerId"),
        created_at=micros(text(row, "CreatedDate")),
        last_activity_at=micros(text(row, "LastActivityDate")),
        converted_to=text(row, "ConvertedContactId"),
        placeholder=flag(row, PLACEHOLDER),
        created_by_us=flag(row, CREATED_BY_US),
        edited_by_person=edited(row, me),
    )


def edited(row: Row, me: str) -> bool:
    """Whether a person changed a record of ours after us: by the mark, or because we were not the last."""
    if flag(row, EDITED):
        return True
    by = text(row, "LastModifiedById")
    return bool(text(row, KEY) and by and me) and by[:15] != me[:15]


def _values(row: Row, names: Iterable[str]) -> tuple[str, ...]:
    found: list[str] = []
    for name in names:
        value = text(row, name)
        found += lines(value) if name in (OTHER_EMAILS, OTHER_PHONES) else ([value] if value else [])
    return tuple(dict.fromkeys(found))


def _country(row: Row, lead: bool) -> str:
    names = ("CountryCode", "Country") if lead else ("MailingCountryCode", "MailingCountry")
    return next((found for name in names if (found := region_named(text(row, name)))), "")


def read_account(
    row: Row,
    shape: Shape,
    region: str,
    *,
    team: Sequence[str] = (),
    opportunities: Sequence[Opportunity] = (),
    contacts: int = 0,
) -> Account:
    """An account with what other records say of it."""
    website = text(row, "Website")
    host = website_host(website)
    primary = [host] if host else []
    others = [host for one in lines(text(row, DOMAINS)) if (host := website_host(one))]
    handles, _ = read_fields((), _values(row, shape.phones()), region)
    return Account(
        id=text(row, "Id"),
        name=text(row, "Name"),
        domains=tuple(dict.fromkeys(primary + others)),
        primary_domains=len(primary),
        website=website,
        phones=tuple(dict.fromkeys(handle.key for handle in handles)),
        owner=text(row, "OwnerId"),
        team=tuple(team),
        opportunities=tuple(opportunities),
        contacts=contacts,
        last_activity_at=micros(text(row, "LastActivityDate")),
    )


def read_opportunity(row: Row, roles: Sequence[str]) -> Opportunity:
    """An opportunity; `roles` are the contacts with one on it."""
    return Opportunity(
        id=text(row, "Id"),
        account=text(row, "AccountId"),
        name=text(row, "Name"),
        open=not flag(row, "IsClosed"),
        owner=text(row, "OwnerId"),
        roles=tuple(roles),
        last_activity_at=micros(text(row, "LastActivityDate")),
    )


def read_matter(row: Row) -> Matter:
    """A case of a contact."""
    return Matter(
        id=text(row, "Id"),
        contact=text(row, "ContactId"),
        name=text(row, "Subject") or text(row, "CaseNumber"),
        open=not flag(row, "IsClosed"),
        opened_at=micros(text(row, "CreatedDate")),
    )


def read_user(row: Row) -> CrmUser:
    """A user."""
    return CrmUser(text(row, "Id"), text(row, "Name"), text(row, "Email"), flag(row, "IsActive"))


# --- contacts and accounts as fields ------------------------------------------------------------------------

_PHONE_PLACES = ("Phone", "MobilePhone", "OtherPhone")
_EMAIL_PLACES = ("Email",)


def new_contact(fields: ContactFields, key: str, shape: Shape, region: str) -> Values:
    """What a new contact has, but for its account. Raises Rejected where a value has no place."""
    first, last = _names(fields)
    values: Values = {KEY: key}
    given = {
        "FirstName": first,
        "LastName": last,
        "Title": fields.title,
        "OwnerId": fields.owner,
        "LeadSource": fields.lead_source,
        INTERACTION: fields.interaction,
    }
    _put(values, shape, given)
    marks = {CREATED_BY_US: fields.created_by_firstcontact, PLACEHOLDER: fields.placeholder}
    values |= {name: value for name, value in marks.items() if value and shape.has(name)}
    _add_handles(values, {}, fields, shape, region)
    return values


def changed_contact(fields: ContactFields, row: Row, shape: Shape, region: str, me: str) -> Values:
    """What changes on a contact that is there, but for its account: blanks are filled, addresses and numbers
    added, what is given is set; {} where nothing changes. Raises Rejected where a value has no place."""
    values: Values = {}
    named = bool(fields.first_name or fields.last_name)
    given = {"Title": fields.title, "OwnerId": fields.owner, "LeadSource": fields.lead_source}
    if fields.last_name or (fields.name and not named):
        given["FirstName"], given["LastName"] = _names(fields)
    elif fields.first_name:
        given["FirstName"] = fields.first_name
    _put(values, shape, given)
    placeholder = fields.placeholder
    if placeholder is None and named and flag(row, PLACEHOLDER):
        placeholder = False
    if placeholder is not None and shape.has(PLACEHOLDER) and placeholder != flag(row, PLACEHOLDER):
        values[PLACEHOLDER] = placeholder
    _add_handles(values, row, fields, shape, _country(row, lead=False) or region)
    if values and shape.has(EDITED) and edited(row, me) and not flag(row, EDITED):
        # After this write the record is last modified by us; the mark keeps that a person was there.
        values[EDITED] = True
    return values


def new_account(fields: AccountFields, key: str, shape: Shape) -> Values:
    """What an account made from a domain has."""
    values: Values = {KEY: key}
    given = {"Name": fields.name or fields.domain, "Website": fields.domain, "OwnerId": fields.owner}
    _put(values, shape, given)
    return values


def lacking(values: Values, shape: Shape) -> Rejected | None:
    """Why Salesforce would refuse a new record: required fields without a value, by name (SPEC §5)."""
    missing = [field for field in shape.required() if values.get(field.name) in (None, "")]
    if not missing:
        return None
    names = ", ".join(f"{field.label} ({field.name})" for field in missing)
    return Rejected(
        f"Salesforce requires {names} on a new {shape.name}.", tuple(field.name for field in missing)
    )


def _names(fields: ContactFields) -> tuple[str, str]:
    """First and last name; Salesforce has no contact without a last name."""
    if fields.last_name.strip():
        return fields.first_name, fields.last_name
    if fields.first_name.strip():
        return "", fields.first_name
    return "", fields.name


def _put(values: Values, shape: Shape, given: Mapping[str, str]) -> None:
    for name, value in given.items():
        if value and shape.has(name):
            values[name] = clean(value, shape.length(name))
    if given.get("LastName") and "FirstName" in given and not given["FirstName"]:
        values["FirstName"] = None


def _add_handles(values: Values, row: Row, fields: ContactFields, shape: Shape, region: str) -> None:
    """Each new number and address into the first of its places that is empty and takes its length, else as a
    line of our own field. Raises Rejected where there is no room."""
    for added, all, places, other in (
        (fields.phones, shape.phones(), _PHONE_PLACES, OTHER_PHONES),
        (fields.emails, shape.emails(), _EMAIL_PLACES, OTHER_EMAILS),
    ):
        present = _values(row, all)
        new = with_new(present, [clean(one) for one in added], region)[len(present) :]
        free = [name for name in places if shape.has(name) and not text(row, name)]
        further = list(lines(text(row, other)))
        before = len(further)
        for value in new:
            place = next((name for name in free if len(value) <= (shape.length(name) or len(value))), "")
            if place:
                free.remove(place)
                values[place] = value
            else:
                further.append(value)
        if len(further) == before:
            continue
        joined = "\n".join(further)
        room = shape.length(other)
        if not shape.has(other) or (room and len(joined) > room):
            raise Rejected(f"Salesforce has no room for {', '.join(further[before:])}.", (other,))
        values[other] = joined
