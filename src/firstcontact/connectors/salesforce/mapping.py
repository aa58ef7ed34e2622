"""PURE. Salesforce's records as the contract's; accounts as its fields (apis A1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from firstcontact.connectors.contract import Rejected
from firstcontact.connectors.salesforce.shapes import (
    CREATED_BY_US,
    DOMAINS,
    EDITED,
    KEY,
    OTHER_EMAILS,
    OTHER_PHONES,
    PERSONA,
    PLACEHOLDER,
    SENIORITY,
    Shape,
)
from firstcontact.connectors.toolkit.countries import region_named
from firstcontact.connectors.toolkit.fields import full_name, read_fields
from firstcontact.connectors.toolkit.texts import clean
from firstcontact.connectors.toolkit.times import micros
from firstcontact.identity.domains import website_host
from firstcontact.identity.records import Account, CrmUser, MailingAddress, Matter, Opportunity, Record
from firstcontact.planning.write import AccountFields

Row = Mapping[str, Any]
Values = dict[str, Any]

NOT_PROVIDED = "[not provided]"
"""What stands for a last name that nobody knew, since there is no record without one: it is no name."""
_RECORD = (
    "Id",
    "FirstName",
    "LastName",
    "Name",
    "Title",
    "OwnerId",
    "LeadSource",
    "CreatedDate",
    "LastActivityDate",
    "LastModifiedById",
    "SystemModstamp",
    KEY,
    CREATED_BY_US,
    PLACEHOLDER,
    EDITED,
)
_ADDRESS = ("Street", "City", "StateCode", "State", "PostalCode", "CountryCode", "Country")
_CONTACT = (
    "AccountId",
    "Account.Name",
    "Department",
    SENIORITY,
    PERSONA,
    *(f"Mailing{part}" for part in _ADDRESS),
)
_LEAD = ("Company", "IsConverted", "ConvertedContactId", *_ADDRESS)
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
    country = country_of(row, lead=lead)
    phones, emails = _values(row, shape.phones()), _values(row, shape.emails())
    handles, _ = read_fields(emails, phones, country or region)
    first, last = text(row, "FirstName"), text(row, "LastName")
    shown = text(row, "Name")
    if last == NOT_PROVIDED:
        last = shown = ""
    return Record(
        type="lead" if lead else "contact",
        id=text(row, "Id"),
        name=shown or full_name(first, last),
        first_name=first,
        last_name=last,
        emails=emails,
        phones=phones,
        handles=handles,
        title=text(row, "Title"),
        department=text(row, "Department"),
        seniority=text(row, SENIORITY),
        persona=text(row, PERSONA),
        mobiles=held(row, "MobilePhone"),
        mailing=_mailing(row, "" if lead else "Mailing", country),
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


def held(row: Row, name: str) -> tuple[str, ...]:
    """The addresses or numbers that a field holds."""
    value = text(row, name)
    return lines(value) if name in (OTHER_EMAILS, OTHER_PHONES) else (value,) if value else ()


def _values(row: Row, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for name in names for value in held(row, name)))


def country_of(row: Row, *, lead: bool) -> str:
    """The ISO country of a contact or lead, by its code or its name; "" where neither is one."""
    names = ("CountryCode", "Country") if lead else ("MailingCountryCode", "MailingCountry")
    return next((found for name in names if (found := region_named(text(row, name)))), "")


def _mailing(row: Row, prefix: str, country: str) -> MailingAddress | None:
    street, city, code, state, postal_code, *_ = (text(row, f"{prefix}{part}") for part in _ADDRESS)
    address = MailingAddress(
        street=street, city=city, state=code or state, postal_code=postal_code, country=country
    )
    return address if address != MailingAddress() else None


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


# --- accounts as fields ------------------------------------------------------------------------


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


def _put(values: Values, shape: Shape, given: Mapping[str, str]) -> None:
    for name, value in given.items():
        if value and shape.has(name):
            values[name] = clean(value, shape.length(name))
