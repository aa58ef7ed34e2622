"""PURE. Dataverse's rows as the contract's records; accounts as its columns (apis A5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from firstcontact.connectors.dynamics.names import (
    CREATED_BY,
    DOMAINS,
    EDITED,
    INTERACTION,
    KEY,
    LEAD_SOURCE,
    OTHER_EMAILS,
    OTHER_PHONES,
    PERSONA,
    PLACEHOLDER,
    SENIORITY,
    YES,
)
from firstcontact.connectors.dynamics.odata import guid
from firstcontact.connectors.dynamics.shapes import Table
from firstcontact.connectors.toolkit.countries import region_named
from firstcontact.connectors.toolkit.fields import full_name, read_fields
from firstcontact.connectors.toolkit.texts import sound
from firstcontact.connectors.toolkit.times import micros
from firstcontact.identity.domains import is_free_mail, website_host
from firstcontact.identity.records import Account, CrmUser, MailingAddress, Matter, Opportunity, Record
from firstcontact.planning.write import AccountFields

Row = Mapping[str, Any]
Values = dict[str, Any]

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
ADDRESS = (
    "address1_line1",
    "address1_line2",
    "address1_line3",
    "address1_city",
    "address1_stateorprovince",
    "address1_postalcode",
    "address1_country",
)
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
    "merged",
    *ADDRESS,
)
_CONTACT = (
    "contactid",
    "_parentcustomerid_value",
    "_originatingleadid_value",
    KEY,
    CREATED_BY,
    PLACEHOLDER,
    EDITED,
    LEAD_SOURCE,
    INTERACTION,
    "department",
    SENIORITY,
    PERSONA,
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
    country = country_of(row)
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
        department=text(row, "department"),
        seniority=text(row, SENIORITY),
        persona=text(row, PERSONA),
        mobiles=held(row, "mobilephone"),
        mailing=_mailing(row, country),
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


def merged_away(row: Row) -> bool:
    """Whether the record was merged into one that is not there any more: Dataverse empties the loser's master
    when that is deleted, and leaves the mark that it was merged."""
    return row.get("merged") is True and row.get("statecode") != OPEN and not merged_into(row)


def edited(row: Row, me: str) -> bool:
    """Whether a person changed a record of ours after us: by the mark, or because we were not the last."""
    if text(row, EDITED) == YES:
        return True
    by = guid(text(row, "_modifiedby_value"))
    return bool(text(row, KEY) and by and me) and by != me


def held(row: Row, name: str) -> tuple[str, ...]:
    """The addresses or numbers that a column holds."""
    value = text(row, name)
    return lines(value) if name in (OTHER_EMAILS, OTHER_PHONES) else (value,) if value else ()


def _values(row: Row, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for name in names for value in held(row, name)))


def country_of(row: Row) -> str:
    """The ISO country of a contact or lead; "" where its column names none."""
    return region_named(text(row, "address1_country"))


def _mailing(row: Row, country: str) -> MailingAddress | None:
    *street, city, state, postal_code, _ = (text(row, name) for name in ADDRESS)
    address = MailingAddress(
        street="\n".join(one for one in street if one),
        city=city,
        state=state,
        postal_code=postal_code,
        country=country,
    )
    return address if address != MailingAddress() else None


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


# --- accounts as columns ---------------------------------------------------------------------


def new_account(fields: AccountFields, table: Table) -> Values:
    """What an account made from a domain has."""
    values: Values = {}
    put_texts(values, table, {"name": fields.name or fields.domain, "websiteurl": fields.domain})
    if fields.owner:
        values["ownerid"] = Bind("systemuser", fields.owner)
    return values


def put_texts(values: Values, table: Table, given: Mapping[str, str]) -> None:
    """Adds the texts that are not empty, as far as there are columns for them."""
    for name, value in given.items():
        if value and table.has(name):
            values[name] = clean(value, table.length(name))
