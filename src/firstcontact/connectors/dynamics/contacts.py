"""PURE. Contacts as Dataverse's columns: made, changed, and filled with what a duplicate has (apis A5)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from firstcontact.connectors.contract import Rejected
from firstcontact.connectors.dynamics.mapping import (
    ADDRESS,
    Bind,
    Row,
    Values,
    clean,
    country_of,
    edited,
    held,
    put_texts,
    text,
    units,
)
from firstcontact.connectors.dynamics.names import (
    CREATED_BY,
    EDITED,
    INTERACTION,
    KEY,
    LEAD_SOURCE,
    OTHER_EMAILS,
    OTHER_PHONES,
    OURS,
    PERSONA,
    PLACEHOLDER,
    SENIORITY,
    TITLE,
    YES,
)
from firstcontact.connectors.dynamics.odata import guid
from firstcontact.connectors.dynamics.shapes import Column, Table
from firstcontact.connectors.toolkit.countries import country_name
from firstcontact.connectors.toolkit.fields import names_with_last
from firstcontact.connectors.toolkit.places import Order, Places, reached
from firstcontact.identity.records import MailingAddress
from firstcontact.planning.write import ContactFields

MAIN, MOBILE = "emailaddress1", "mobilephone"
_REACHED = Order(
    phones=("telephone1", MOBILE, "telephone2", "telephone3"),
    mobile=MOBILE,
    emails=(MAIN, "emailaddress2", "emailaddress3"),
    main=MAIN,
)
_TEXTS = {
    "title": "jobtitle",
    "department": "department",
    "seniority": SENIORITY,
    "persona": PERSONA,
    "lead_source": LEAD_SOURCE,
}
"""Our fields that are one column each."""
_SEVERAL_ROOM = 2_000
"""Characters of our column for several, where the table does not tell."""


# --- made and changed -------------------------------------------------------------------------------------


def new_contact(fields: ContactFields, table: Table, region: str) -> Values:
    """What a new contact has, but for its account. Raises Rejected where a value has no place."""
    first, last = names_with_last(fields)
    values: Values = {}
    given = {
        "firstname": first,
        "lastname": last,
        **_texts(fields),
        INTERACTION: fields.interaction,
        CREATED_BY: OURS if fields.created_by_firstcontact else "",
        PLACEHOLDER: YES if fields.placeholder else "",
    }
    put_texts(values, table, given)
    if fields.owner:
        values["ownerid"] = Bind("systemuser", fields.owner)
    if fields.mailing is not None:
        values |= {name: value for name, value in mailing(fields.mailing, table).items() if value}
    values |= {name: value for name, value in _handles({}, fields, table, region).items() if value}
    return values


def changed_contact(
    fields: ContactFields, changed: Collection[str], row: Row, table: Table, region: str, me: str
) -> Values:
    """What changes on a contact that is there, but for its account: addresses and numbers are added and taken
    off, what is given, or named as changed, is set; {} where nothing changes. Raises Rejected where a value
    has no place."""
    values: Values = {}
    named = bool(fields.first_name or fields.last_name)
    given = _texts(fields)
    if fields.name and not named:
        given["firstname"], given["lastname"] = names_with_last(fields)
    elif named:  # each by itself: another last name leaves the first name as it is
        given |= {"lastname": fields.last_name, "firstname": fields.first_name}
    put_texts(values, table, given)
    if fields.name and not named:
        values["firstname"] = None
    emptied = [name for ours, name in _TEXTS.items() if ours in changed and not getattr(fields, ours)]
    emptied += ["firstname"] if "first_name" in changed and not fields.first_name else []
    values |= {name: None for name in emptied if table.has(name)}
    if fields.mailing is not None or "mailing" in changed:
        values |= mailing(fields.mailing or MailingAddress(), table)
    if fields.owner and fields.owner != guid(text(row, "_ownerid_value")):
        values["ownerid"] = Bind("systemuser", fields.owner)
    marked = text(row, PLACEHOLDER) == YES
    placeholder = fields.placeholder
    if placeholder is None and named and marked:
        placeholder = False
    if placeholder is not None and table.has(PLACEHOLDER) and placeholder != marked:
        values[PLACEHOLDER] = YES if placeholder else None
    values |= _handles(row, fields, table, country_of(row) or region)
    values = {name: value for name, value in values.items() if not _is_so(row, name, value)}
    return kept_mark(values, row, table, me)


def kept_mark(values: Values, row: Row, table: Table, me: str) -> Values:
    """The change, with the mark that a person was there: after it the row is last modified by us."""
    return _marked(values, row, table, me) if values else values


def _marked(values: Values, row: Row, table: Table, me: str) -> Values:
    if table.has(EDITED) and edited(row, me) and text(row, EDITED) != YES:
        return {**values, EDITED: YES}
    return values


def mailing(address: MailingAddress, table: Table) -> Values:
    """Every column of the address, None for what is empty; a street has three lines."""
    lines = [one.strip() for one in address.street.splitlines() if one.strip()]
    street = (*lines[:2], *("", "")[: max(0, 2 - len(lines))], ", ".join(lines[2:]))
    given = (
        *street,
        address.city,
        address.state,
        address.postal_code,
        country_name(address.country),
    )
    return {
        name: clean(value, table.length(name)) or None
        for name, value in zip(ADDRESS, given, strict=True)
        if table.has(name)
    }


def _texts(fields: ContactFields) -> dict[str, str]:
    return {name: getattr(fields, ours) for ours, name in _TEXTS.items()}


def _is_so(row: Row, name: str, value: Any) -> bool:
    """Whether a column has this value already."""
    return name in row and not isinstance(value, Bind) and text(row, name) == (value or "")


# --- addresses and numbers --------------------------------------------------------------------------------


def _places(row: Row, table: Table, columns: Iterable[str], several: str, region: str) -> Places:
    def length(name: str) -> int:
        return table.length(name) or (_SEVERAL_ROOM if name == several else 0)

    return Places(
        {name: held(row, name) for name in columns},
        several=several,
        separator="\n",
        length=length,
        region=region,
        title=TITLE,
        measure=units,
    )


def _handles(row: Row, fields: ContactFields, table: Table, region: str) -> Values:
    """What becomes of the columns with addresses and numbers."""
    numbers = _places(row, table, table.phones(), OTHER_PHONES, region)
    addresses = _places(row, table, table.emails(), OTHER_EMAILS, region)
    return reached(fields, numbers, addresses, _REACHED)


# --- taken away, and filled with what a duplicate has -------------------------------------------------------


def untouched(row: Row, me: str) -> None:
    """Raises Rejected for a contact that may not go: one that a person made, or has edited since."""
    id = guid(text(row, "contactid"))
    if not text(row, KEY) and not text(row, CREATED_BY):
        raise Rejected(f"The contact {id!r} was made by a person in {TITLE}.", ("target",))
    if edited(row, me):
        raise Rejected(f"A person has edited the contact {id!r} in {TITLE} since.", ("target",))


_NOT_FILLED = frozenset((KEY, CREATED_BY, PLACEHOLDER, EDITED)) | frozenset(
    ("firstname", "middlename", "lastname", "suffix", "nickname", "externaluseridentifier")
)
"""What says whose a row is, or who somebody is: no blank that a duplicate fills."""
_TYPES = frozenset({"String", "Memo", "Integer", "Decimal", "Double", "Money", "DateTime", "Picklist"})
_SIGN_IN = "adx_identity_"
"""Columns of a portal's log-ins."""
_ADDRESSES = ("address1_", "address2_", "address3_")


def fillable(table: Table) -> tuple[str, ...]:
    """The columns of a contact that a duplicate may fill, the organisation's own too."""
    return tuple(name for name, column in table.columns.items() if _fills(column))


def _fills(column: Column) -> bool:
    return (
        column.updateable
        and column.type in _TYPES
        and column.name not in _NOT_FILLED
        and not column.name.startswith(_SIGN_IN)
    )


def filled(kept: Row, gone: Row, table: Table, region: str, me: str) -> Values:
    """What the survivor of a merge takes from the other: what it has itself stays, its blanks are filled, an
    address as a whole; numbers and addresses come on top. Raises Rejected where one has no room."""
    handles = frozenset((*table.phones(), *table.emails()))
    values: Values = {
        name: gone[name]
        for name in fillable(table)
        if name not in handles and not text(kept, name) and text(gone, name)
    }
    for prefix in _ADDRESSES:
        own = [name for name in table.columns if name.startswith(prefix) and name not in handles]
        if any(text(kept, name) for name in own if table.columns[name].type == "String"):
            values = {name: value for name, value in values.items() if not name.startswith(prefix)}
    if text(kept, "lastname").casefold() == text(gone, "lastname").casefold():
        if not text(kept, "firstname") and text(gone, "firstname"):
            values["firstname"] = gone["firstname"]
    if not text(kept, "_parentcustomerid_value") and text(gone, "_parentcustomerid_value"):
        kind = str(gone.get(_KIND) or "account")
        values[f"parentcustomerid_{kind}"] = Bind(kind, guid(text(gone, "_parentcustomerid_value")))
    country = country_of(kept) or region
    for columns, several, main in (
        (table.phones(), OTHER_PHONES, _REACHED.phones),
        (table.emails(), OTHER_EMAILS, _REACHED.emails),
    ):
        places = _places(kept, table, columns, several, country)
        for name in sorted(columns, key=lambda name: name != MOBILE):
            # A mobile number stays one where that column is free.
            places.add(held(gone, name), (name, *main) if name != several else main)
        values |= places.changes()
    # A merge changes the survivor, whether it takes anything or not.
    return _marked(values, kept, table, me)


_KIND = "_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"
