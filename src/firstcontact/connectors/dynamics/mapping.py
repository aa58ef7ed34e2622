"""PURE. Dataverse's rows as the contract's records; contacts and accounts as its columns (apis A5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from firstcontact.connectors.contract import Rejected
from firstcontact.connectors.dynamics.names import (
    CREATED_BY,
    DOMAINS,
    EDITED,
    INTERACTION,
    KEY,
    LEAD_SOURCE,
    OTHER_EMAILS,
    OTHER_PHONES,
    OURS,
    PLACEHOLDER,
    TITLE,
    YES,
)
from firstcontact.connectors.dynamics.odata import guid
from firstcontact.connectors.dynamics.shapes import Table
from firstcontact.connectors.toolkit.countries import region_named
from firstcontact.connectors.toolkit.fields import full_name, read_fields, with_new
from firstcontact.connectors.toolkit.texts import sound
from firstcontact.connectors.toolkit.times import micros
from firstcontact.identity.domains import is_free_mail, website_host
from firstcontact.identity.records import Account, CrmUser, Matter, Opportunity, Record
from firstcontact.planning.write import AccountFields, ContactFields

Row = Mapping[str, Any]
Values = dict[str, Any]

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_RECORD = (
    "firstname",
    "lastname",
    "fullname",
    "jobtitle",
    "createdon",
    "modifiedon",
    "statecode",
    "_ownerid_value",
    "_modifiedby_value",
    "_masterid_value",
    "address1_country",
)
_CONTACT = (
    "contactid",
    "_parentcustomerid_value",
    "_originatingleadid_value",
    KEY,
    CREATED_BY,
    PLACEHOLDER,
    EDITED,
)
_LEAD = ("leadid", "companyname", "_parentcontactid_value")
_ACCOUNT = ("accountid", "name", "websiteurl", "statecode", "modifiedon", "_ownerid_value", DOMAINS)
OPEN, INACTIVE, QUALIFIED = 0, 1, 1


class Bind(msgspec.Struct, frozen=True):
    """A lookup's new value: a row of a table by its id, or the one that another write of the call makes."""

    table: str
    id: str = ""
    write: int = -1


# --- what is asked for ------------------------------------------------------------------------------------


def record_columns(table: Table) -> tuple[str, ...]:
    """The columns of a contact or lead that make a `Record`, as far as there are."""
    own = _LEAD if table.name == "lead" else _CONTACT
    return tuple(dict.fromkeys((*table.present((*own, *_RECORD)), *table.phones(), *table.emails())))


def account_columns(table: Table) -> tuple[str, ...]:
    """The columns of an account that make an `Account`."""
    return tuple(dict.fromkeys((*table.present(_ACCOUNT), *table.phones(), *table.emails())))


# --- texts ------------------------------------------------------------------------------------------------


def text(row: Row, name: str) -> str:
    """A column of a row as text; "" where there is nothing."""
    value = row.get(name)
    return "" if value is None else str(value)


def clean(value: str, length: int = 0) -> str:
    """A text as Dataverse takes it: without what is no character in XML, cut to its column's length."""
    value = _CONTROLS.sub("", sound(value))
    return cut(value, length)


def cut(value: str, length: int) -> str:
    """The beginning of a text, as long as a column takes. Dataverse counts UTF-16 units."""
    if not length or units(value) <= length:
        return value
    kept = value.encode("utf-16-le")[: 2 * length].decode("utf-16-le", "ignore")
    return kept.rstrip()


def units(value: str) -> int:
    """How long Dataverse finds a text."""
    return len(value) if value.isascii() else len(value.encode("utf-16-le")) // 2


def lines(value: str) -> tuple[str, ...]:
    """The lines of a column of ours that holds several values."""
    return tuple(line for line in (one.strip() for one in value.splitlines()) if line)


# --- records ----------------------------------------------------------------------------------------------


def read_record(row: Row, table: Table, region: str, me: str, converted_to: str = "") -> Record:
    """A contact or lead. region: where numbers without a country are read; me: the id of our user.
    converted_to: a qualified lead's contact, where another row says it."""
    lead = table.name == "lead"
    country = region_named(text(row, "address1_country"))
    phones, emails = _values(row, table.phones()), _values(row, table.emails())
    handles, _ = read_fields(emails, phones, country or region)
    first, last = text(row, "firstname"), text(row, "lastname")
    qualified = lead and row.get("statecode") == QUALIFIED
    return Record(
        type="lead" if lead else "contact",
        id=guid(text(row, "leadid" if lead else "contactid")),
        name=text(row, "fullname") or full_name(first, last),
        first_name=first,
        last_name=last,
        emails=emails,
        phones=phones,
        handles=handles,
        title=text(row, "jobtitle"),
        country=country,
        account=_account_of(row),
        company=text(row, "companyname"),
        owner=guid(text(row, "_ownerid_value")),
        created_at=micros(text(row, "createdon")),
        converted_to=(guid(text(row, "_parentcontactid_value")) or converted_to) if qualified else "",
        active=row.get("statecode") in (None, OPEN) or qualified,
        placeholder=text(row, PLACEHOLDER) == YES,
        created_by_us=bool(text(row, CREATED_BY)),
        edited_by_person=edited(row, me),
    )


def merged_into(row: Row) -> str:
    """The record that this one was merged into; "" where it was not."""
    return guid(text(row, "_masterid_value")) if row.get("statecode") != OPEN else ""


def edited(row: Row, me: str) -> bool:
    """Whether a person changed a record of ours after us: by the mark, or because we were not the last."""
    if text(row, EDITED) == YES:
        return True
    by = guid(text(row, "_modifiedby_value"))
    return bool(text(row, KEY) and by and me) and by != me


def _values(row: Row, names: Iterable[str]) -> tuple[str, ...]:
    found: list[str] = []
    for name in names:
        value = text(row, name)
        found += lines(value) if name in (OTHER_EMAILS, OTHER_PHONES) else ([value] if value else [])
    return tuple(dict.fromkeys(found))


def _account_of(row: Row) -> str:
    """A contact's company is an account, or (rarely) another contact; the annotation tells where it comes."""
    kind = row.get("_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname", "account")
    return guid(text(row, "_parentcustomerid_value")) if kind == "account" else ""


def read_account(
    row: Row,
    table: Table,
    region: str,
    *,
    team: Sequence[str] = (),
    opportunities: Sequence[Opportunity] = (),
    contacts: int = 0,
) -> Account:
    """An account with what other rows say of it. Its addresses name further domains of it, unless everybody
    has a mailbox there."""
    website = text(row, "websiteurl")
    host = website_host(website)
    primary = [host] if host else []
    named = [one.rpartition("@")[2] for one in _values(row, table.emails()) if "@" in one]
    hosts = [found for one in (*lines(text(row, DOMAINS)), *named) if (found := website_host(one))]
    others = [one for one in hosts if not is_free_mail(one)]
    handles, _ = read_fields((), _values(row, table.phones()), region)
    return Account(
        id=guid(text(row, "accountid")),
        name=text(row, "name"),
        domains=tuple(dict.fromkeys(primary + others)),
        primary_domains=len(primary),
        website=website,
        phones=tuple(dict.fromkeys(handle.key for handle in handles)),
        owner=guid(text(row, "_ownerid_value")),
        team=tuple(team),
        opportunities=tuple(opportunities),
        contacts=contacts,
    )


def read_opportunity(row: Row) -> Opportunity:
    """An opportunity; Dataverse has no contact roles on it that are offered."""
    return Opportunity(
        id=guid(text(row, "opportunityid")),
        account=guid(text(row, "_parentaccountid_value")),
        name=text(row, "name"),
        open=row.get("statecode") == OPEN,
        owner=guid(text(row, "_ownerid_value")),
    )


def read_matter(row: Row, contact: str) -> Matter:
    """A case of a contact."""
    return Matter(
        id=guid(text(row, "incidentid")),
        contact=contact,
        name=text(row, "title") or text(row, "ticketnumber"),
        open=row.get("statecode") == OPEN,
        opened_at=micros(text(row, "createdon")),
    )


def read_user(row: Row) -> CrmUser:
    """A user."""
    id, name = guid(text(row, "systemuserid")), text(row, "fullname")
    return CrmUser(id, name, text(row, "internalemailaddress"), not row.get("isdisabled"))


# --- contacts and accounts as columns ---------------------------------------------------------------------

_PHONE_PLACES = ("telephone1", "mobilephone", "telephone2", "telephone3")
_EMAIL_PLACES = ("emailaddress1", "emailaddress2", "emailaddress3")


def new_contact(fields: ContactFields, table: Table, region: str) -> Values:
    """What a new contact has, but for its account. Raises Rejected where a value has no place."""
    first, last = _names(fields)
    values: Values = {}
    given = {
        "firstname": first,
        "lastname": last,
        "jobtitle": fields.title,
        LEAD_SOURCE: fields.lead_source,
        INTERACTION: fields.interaction,
        CREATED_BY: OURS if fields.created_by_firstcontact else "",
        PLACEHOLDER: YES if fields.placeholder else "",
    }
    _put(values, table, given)
    if fields.owner:
        values["ownerid"] = Bind("systemuser", fields.owner)
    _add_handles(values, {}, fields, table, region)
    return values


def changed_contact(fields: ContactFields, row: Row, table: Table, region: str, me: str) -> Values:
    """What changes on a contact that is there, but for its account: addresses and numbers are added, what is
    given is set; {} where nothing changes. Raises Rejected where a value has no place."""
    values: Values = {}
    named = bool(fields.first_name or fields.last_name)
    given = {"jobtitle": fields.title, LEAD_SOURCE: fields.lead_source}
    if fields.last_name or (fields.name and not named):
        given["firstname"], given["lastname"] = _names(fields)
    elif fields.first_name:
        given["firstname"] = fields.first_name
    _put(values, table, given)
    if "lastname" in values and not given["firstname"]:
        values["firstname"] = None
    if fields.owner:
        values["ownerid"] = Bind("systemuser", fields.owner)
    marked = text(row, PLACEHOLDER) == YES
    placeholder = fields.placeholder
    if placeholder is None and named and marked:
        placeholder = False
    if placeholder is not None and table.has(PLACEHOLDER) and placeholder != marked:
        values[PLACEHOLDER] = YES if placeholder else None
    _add_handles(values, row, fields, table, region_named(text(row, "address1_country")) or region)
    if values and table.has(EDITED) and edited(row, me) and text(row, EDITED) != YES:
        # After this write the row is last modified by us; the mark keeps that a person was there.
        values[EDITED] = YES
    return values


def new_account(fields: AccountFields, table: Table) -> Values:
    """What an account made from a domain has."""
    values: Values = {}
    _put(values, table, {"name": fields.name or fields.domain, "websiteurl": fields.domain})
    if fields.owner:
        values["ownerid"] = Bind("systemuser", fields.owner)
    return values


def _names(fields: ContactFields) -> tuple[str, str]:
    """First and last name; Dynamics shows no contact without a last name as it should."""
    if fields.last_name.strip():
        return fields.first_name, fields.last_name
    if fields.first_name.strip():
        return "", fields.first_name
    return "", fields.name


def _put(values: Values, table: Table, given: Mapping[str, str]) -> None:
    for name, value in given.items():
        if value and table.has(name):
            values[name] = clean(value, table.length(name))


def _add_handles(values: Values, row: Row, fields: ContactFields, table: Table, region: str) -> None:
    """Each new number and address into the first of its places that is empty and takes its length, else as a
    line of our own column. Raises Rejected where there is no room."""
    for added, all, places, other in (
        (fields.phones, table.phones(), _PHONE_PLACES, OTHER_PHONES),
        (fields.emails, table.emails(), _EMAIL_PLACES, OTHER_EMAILS),
    ):
        present = _values(row, all)
        new = with_new(present, [clean(one) for one in added], region)[len(present) :]
        free = [name for name in places if table.has(name) and not text(row, name)]
        further = list(lines(text(row, other)))
        before = len(further)
        for value in new:
            place = next((name for name in free if units(value) <= (table.length(name) or 99)), "")
            if place:
                free.remove(place)
                values[place] = value
            else:
                further.append(value)
        if len(further) == before:
            continue
        joined = "\n".join(further)
        if not table.has(other) or units(joined) > (table.length(other) or 2000):
            raise Rejected(f"{TITLE} has no room for {', '.join(further[before:])}.", (other,))
        values[other] = joined
