"""PURE. Zoho's records as the contract's; contacts and accounts as its fields (apis A4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from firstcontact.connectors.contract import Rejected
from firstcontact.connectors.toolkit.countries import region_named
from firstcontact.connectors.toolkit.fields import full_name, read_fields, with_new
from firstcontact.connectors.toolkit.texts import clean
from firstcontact.connectors.toolkit.times import micros
from firstcontact.connectors.zoho.shapes import (
    CREATED_BY_US,
    DOMAINS,
    EDITED,
    INTERACTION,
    KEY,
    OTHER_EMAILS,
    OTHER_PHONES,
    PLACEHOLDER,
    TEAM,
    TITLE,
    Module,
)
from firstcontact.identity.domains import website_host
from firstcontact.identity.records import Account, CrmUser, Opportunity, Record
from firstcontact.planning.write import AccountFields, ContactFields

Row = Mapping[str, Any]
Values = dict[str, Any]

SEPARATOR = "; "
"""Between the values of a text field of ours that holds several."""
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
_CONTACT = ("Title", "Account_Name", "Mailing_Country", KEY, CREATED_BY_US, PLACEHOLDER, EDITED)
_LEAD = ("Designation", "Company", "Country", "Converted__s", "Converted_Contact")
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
    country = region_named(text(row, "Country" if lead else "Mailing_Country"))
    phones, emails = _values(row, module.phones()), _values(row, module.emails())
    handles, _ = read_fields(emails, phones, country or region)
    first, last = text(row, "First_Name"), text(row, "Last_Name")
    return Record(
        type="lead" if lead else "contact",
        id=text(row, "id"),
        name=text(row, "Full_Name") or full_name(first, last),
        first_name=first,
        last_name=last,
        emails=emails,
        phones=phones,
        handles=handles,
        title=text(row, "Designation" if lead else "Title"),
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


def _values(row: Row, names: Iterable[str]) -> tuple[str, ...]:
    found: list[str] = []
    for name in names:
        value = text(row, name)
        found += parts(value) if name in (OTHER_EMAILS, OTHER_PHONES) else ([value] if value else [])
    return tuple(dict.fromkeys(found))


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


# --- contacts and accounts as fields ------------------------------------------------------------------------

_PHONE_PLACES = ("Phone", "Mobile", "Other_Phone", "Home_Phone")
_EMAIL_PLACES = ("Email", "Secondary_Email")


def new_contact(fields: ContactFields, key: str, module: Module, region: str) -> Values:
    """What a new contact has, but for its account. Raises Rejected where a value has no place."""
    first, last = _names(fields)
    values: Values = {KEY: key}
    given = {
        "First_Name": first,
        "Last_Name": last,
        "Title": fields.title,
        "Lead_Source": fields.lead_source,
        INTERACTION: fields.interaction,
    }
    _put(values, module, given, fields.owner)
    marks = {CREATED_BY_US: fields.created_by_firstcontact, PLACEHOLDER: fields.placeholder}
    values |= {name: value for name, value in marks.items() if value and module.takes(name)}
    _add_handles(values, {}, fields, module, region)
    return values


def changed_contact(fields: ContactFields, row: Row, module: Module, region: str) -> Values:
    """What changes on a contact that is there, but for its account: addresses and numbers are added, what is
    given is set; {} where nothing changes. Raises Rejected where a value has no place."""
    values: Values = {}
    whole = bool(fields.first_name or fields.last_name)
    title = "Designation" if module.name == "Leads" else "Title"
    given = {title: fields.title, "Lead_Source": fields.lead_source}
    if fields.last_name or (fields.name and not whole):
        given["First_Name"], given["Last_Name"] = _names(fields)
    elif fields.first_name:
        given["First_Name"] = fields.first_name
    _put(values, module, given, fields.owner)
    placeholder = fields.placeholder
    if placeholder is None and whole and flag(row, PLACEHOLDER):
        placeholder = False
    if placeholder is not None and module.takes(PLACEHOLDER) and placeholder != flag(row, PLACEHOLDER):
        values[PLACEHOLDER] = placeholder
    values = {name: value for name, value in values.items() if not _is_so(row, name, value)}
    country = region_named(text(row, "Country" if module.name == "Leads" else "Mailing_Country"))
    _add_handles(values, row, fields, module, country or region)
    return values


def _is_so(row: Row, name: str, value: Any) -> bool:
    """Whether a field has this value already."""
    wanted = value.get("id") if isinstance(value, Mapping) else value
    return text(row, name) == ("" if wanted is None else str(wanted))


def kept_mark(values: Values, row: Row, module: Module) -> Values:
    """The change, with the mark that a person was there: after it the record is last changed by us."""
    if values and module.takes(EDITED) and edited(row) and not flag(row, EDITED):
        return {**values, EDITED: True}
    return values


def new_account(fields: AccountFields, key: str, module: Module) -> Values:
    """What an account made from a domain has."""
    values: Values = {KEY: key}
    given = {"Account_Name": fields.name or fields.domain, "Website": fields.domain}
    _put(values, module, given, fields.owner)
    return values


def _names(fields: ContactFields) -> tuple[str, str]:
    """First and last name; Zoho has no contact without a last name."""
    if fields.last_name.strip():
        return fields.first_name, fields.last_name
    if fields.first_name.strip():
        return "", fields.first_name
    return "", fields.name


def _put(values: Values, module: Module, given: Mapping[str, str], owner: str) -> None:
    for name, value in given.items():
        if value and module.takes(name):
            values[name] = clean(value, module.length(name))
    if given.get("Last_Name") and "First_Name" in given and not given["First_Name"]:
        values["First_Name"] = None
    if owner:
        values["Owner"] = {"id": owner}


def _add_handles(values: Values, row: Row, fields: ContactFields, module: Module, region: str) -> None:
    """Each new number and address into the first of its places that is empty and takes its length, else into
    our own field. Raises Rejected where there is no room."""
    for added, all, places, other in (
        (fields.phones, module.phones(), _PHONE_PLACES, OTHER_PHONES),
        (fields.emails, module.emails(), _EMAIL_PLACES, OTHER_EMAILS),
    ):
        present = _values(row, all)
        new = with_new(present, [clean(one) for one in added], region)[len(present) :]
        free = [name for name in places if module.takes(name) and not text(row, name)]
        further = list(parts(text(row, other)))
        before = len(further)
        for value in new:
            place = next((name for name in free if len(value) <= (module.length(name) or len(value))), "")
            if place:
                free.remove(place)
                values[place] = value
            else:
                further.append(value)
        if len(further) == before:
            continue
        joined = SEPARATOR.join(further)
        room = module.length(other)
        if not module.takes(other) or (room and len(joined) > room):
            raise Rejected(f"{TITLE} has no room for {', '.join(further[before:])}.", (other,))
        values[other] = joined
