"""PURE. Zoho's records as the contract's; accounts as its fields (apis A4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from firstcontact.connectors.toolkit.countries import region_named
from firstcontact.connectors.toolkit.fields import full_name, read_fields
from firstcontact.connectors.toolkit.texts import clean
from firstcontact.connectors.toolkit.times import micros
from firstcontact.connectors.zoho.shapes import (
    CREATED_BY_US,
    DOMAINS,
    EDITED,
    KEY,
    OTHER_EMAILS,
    OTHER_PHONES,
    PERSONA,
    PLACEHOLDER,
    SENIORITY,
    TEAM,
    Module,
)
from firstcontact.identity.domains import website_host
from firstcontact.identity.records import Account, CrmUser, MailingAddress, Opportunity, Record
from firstcontact.planning.write import AccountFields

Row = Mapping[str, Any]
Values = dict[str, Any]

SEPARATOR = "; "
"""Between the values of a text field of ours that holds several."""
NOT_PROVIDED = "[not provided]"
"""What stands for a last name that nobody knew, since there is no record without one: it is no name."""
_RECORD = (
    "First_Name",
    "Last_Name",
    "Full_Name",
    "Owner",
    "Created_Time",
    "Created_By",
    "Modified_Time",
    "Modified_By",
)
ADDRESS = ("Mailing_Street", "Mailing_City", "Mailing_State", "Mailing_Zip", "Mailing_Country")
_LEAD_ADDRESS = ("Street", "City", "State", "Zip_Code", "Country")
_CONTACT = (
    "Title",
    "Department",
    "Account_Name",
    "Lead_Source",
    *ADDRESS,
    KEY,
    CREATED_BY_US,
    PLACEHOLDER,
    EDITED,
    SENIORITY,
    PERSONA,
)
_LEAD = ("Designation", "Company", *_LEAD_ADDRESS, "Converted__s", "Converted_Contact")
_ACCOUNT = ("Account_Name", "Website", "Owner", "Modified_Time", DOMAINS, TEAM)
_DEAL = ("Deal_Name", "Stage", "Account_Name", "Owner", "Modified_Time")


# --- what is asked for ------------------------------------------------------------------------------------


def record_fields(module: Module) -> tuple[str, ...]:
    """The fields of a contact or lead that make a `Record`, as far as there are."""
    own = _LEAD if module.name == "Leads" else _CONTACT
    named = module.present((*_RECORD, *own))
    return tuple(dict.fromkeys(("id", *named, *module.phones(), *module.emails())))


def account_fields(module: Module) -> tuple[str, ...]:
    """The fields of an account that make an `Account`."""
    return tuple(dict.fromkeys(("id", *module.present(_ACCOUNT), *module.phones())))


def deal_fields(module: Module) -> tuple[str, ...]:
    """The fields of a deal that make an `Opportunity`."""
    return ("id", *module.present(_DEAL))


# --- texts ------------------------------------------------------------------------------------------------


def text(row: Row, name: str) -> str:
    """A field as text; of a record that it points at, the id; "" where there is nothing."""
    value = row.get(name)
    if isinstance(value, Mapping):
        value = value.get("id")
    return "" if value is None else str(value)


def named(row: Row, name: str) -> str:
    """The name of the record that a field points at, as far as it is given."""
    value = row.get(name)
    return str(value.get("name") or "") if isinstance(value, Mapping) else ""


def flag(row: Row, name: str) -> bool:
    """A checkbox."""
    return text(row, name).lower() == "true"


def parts(value: str) -> tuple[str, ...]:
    """The values of a field of ours that holds several. A semicolon alone may belong to a number."""
    return tuple(part for part in (one.strip() for one in value.split(SEPARATOR)) if part)


def listed(value: str) -> tuple[str, ...]:
    """The hosts or users of a field of ours that people write in."""
    return tuple(re.findall(r"[^\s;,]+", value))


# --- records ----------------------------------------------------------------------------------------------


def read_record(row: Row, module: Module, region: str) -> Record:
    """A contact or lead. region: where numbers without a country are read."""
    lead = module.name == "Leads"
    country = country_of(row, lead=lead)
    phones, emails = _values(row, module.phones()), _values(row, module.emails())
    handles, _ = read_fields(emails, phones, country or region)
    first, last = text(row, "First_Name"), text(row, "Last_Name")
    shown = text(row, "Full_Name")
    if last == NOT_PROVIDED:
        last = shown = ""
    return Record(
        type="lead" if lead else "contact",
        id=text(row, "id"),
        name=shown or full_name(first, last),
        first_name=first,
        last_name=last,
        emails=emails,
        phones=phones,
        handles=handles,
        title=text(row, "Designation" if lead else "Title"),
        department=text(row, "Department"),
        seniority=text(row, SENIORITY),
        persona=text(row, PERSONA),
        mobiles=held(row, "Mobile"),
        mailing=_mailing(row, _LEAD_ADDRESS if lead else ADDRESS, country),
        country=country,
        account="" if lead else text(row, "Account_Name"),
        company=text(row, "Company") if lead else named(row, "Account_Name"),
        owner=text(row, "Owner"),
        created_at=micros(text(row, "Created_Time")),
        converted_to=text(row, "Converted_Contact") if flag(row, "Converted__s") else "",
        placeholder=flag(row, PLACEHOLDER),
        created_by_us=flag(row, CREATED_BY_US),
        edited_by_person=edited(row),
    )


def edited(row: Row) -> bool:
    """Whether a person changed a record of ours after us: by the mark, or because its last change is not by
    who made it, which was us."""
    if flag(row, EDITED):
        return True
    made, changed = text(row, "Created_By"), text(row, "Modified_By")
    return bool(text(row, KEY) and made and changed) and made != changed


def converted_away(row: Row) -> bool:
    """Whether this was a lead and is nobody any more: it was converted, and into no contact that is told."""
    return flag(row, "Converted__s") and not text(row, "Converted_Contact")


def held(row: Row, name: str) -> tuple[str, ...]:
    """The addresses or numbers that a field holds."""
    value = text(row, name)
    return parts(value) if name in (OTHER_EMAILS, OTHER_PHONES) else (value,) if value else ()


def _values(row: Row, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for name in names for value in held(row, name)))


def country_of(row: Row, *, lead: bool) -> str:
    """The ISO country of a contact or lead; "" where its field names none."""
    return region_named(text(row, "Country" if lead else "Mailing_Country"))


def _mailing(row: Row, names: Sequence[str], country: str) -> MailingAddress | None:
    street, city, state, postal_code, _ = (text(row, name) for name in names)
    address = MailingAddress(street=street, city=city, state=state, postal_code=postal_code, country=country)
    return address if address != MailingAddress() else None


def read_account(
    row: Row,
    module: Module,
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
    others = [host for one in listed(text(row, DOMAINS)) if (host := website_host(one))]
    handles, _ = read_fields((), _values(row, module.phones()), region)
    return Account(
        id=text(row, "id"),
        # In its own module the field is the name; elsewhere it points at the account.
        name=text(row, "Account_Name"),
        domains=tuple(dict.fromkeys(primary + others)),
        primary_domains=len(primary),
        website=website,
        phones=tuple(dict.fromkeys(handle.key for handle in handles)),
        owner=text(row, "Owner"),
        team=tuple(team),
        opportunities=tuple(opportunities),
        contacts=contacts,
    )


def read_deal(row: Row, module: Module) -> Opportunity:
    """A deal; Zoho's contact roles on it are not read."""
    stage = module.fields.get("Stage")
    closed = stage.closed if stage is not None else frozenset()
    return Opportunity(
        id=text(row, "id"),
        account=text(row, "Account_Name"),
        name=text(row, "Deal_Name"),
        open=text(row, "Stage") not in closed,
        owner=text(row, "Owner"),
    )


def read_user(row: Row) -> CrmUser:
    """A user."""
    return CrmUser(
        text(row, "id"), text(row, "full_name"), text(row, "email"), text(row, "status").lower() == "active"
    )


# --- accounts as fields ------------------------------------------------------------------------


def new_account(fields: AccountFields, key: str, module: Module) -> Values:
    """What an account made from a domain has."""
    values: Values = {KEY: key}
    given = {"Account_Name": fields.name or fields.domain, "Website": fields.domain}
    put_texts(values, module, given, fields.owner)
    return values


def put_texts(values: Values, module: Module, given: Mapping[str, str], owner: str) -> None:
    """Adds the texts that are not empty, as far as there are fields for them, and the owner."""
    for name, value in given.items():
        if value and module.takes(name):
            values[name] = clean(value, module.length(name))
    if owner:
        values["Owner"] = {"id": owner}
