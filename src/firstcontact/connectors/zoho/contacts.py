"""PURE. Contacts as Zoho's fields: made, changed, and filled with what a duplicate has (apis A4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec

from firstcontact.connectors.contract import Rejected
from firstcontact.connectors.toolkit.countries import country_name
from firstcontact.connectors.toolkit.fields import names_with_last
from firstcontact.connectors.toolkit.places import Order, Places, reached
from firstcontact.connectors.toolkit.texts import clean
from firstcontact.connectors.zoho.mapping import (
    ADDRESS,
    NOT_PROVIDED,
    SEPARATOR,
    Row,
    Values,
    country_of,
    edited,
    flag,
    held,
    put_texts,
    text,
)
from firstcontact.connectors.zoho.shapes import (
    CREATED_BY_US,
    EDITED,
    INTERACTION,
    KEY,
    OTHER_EMAILS,
    OTHER_PHONES,
    PERSONA,
    PLACEHOLDER,
    SENIORITY,
    TITLE,
    Field,
    Module,
)
from firstcontact.identity.records import MailingAddress
from firstcontact.planning.write import ContactFields

MAIN, MOBILE = "Email", "Mobile"
_REACHED = Order(
    phones=("Phone", MOBILE, "Other_Phone", "Home_Phone"),
    mobile=MOBILE,
    emails=(MAIN, "Secondary_Email"),
    main=MAIN,
)
_TEXTS = {
    "title": "Title",
    "department": "Department",
    "seniority": SENIORITY,
    "persona": PERSONA,
    "lead_source": "Lead_Source",
}
"""Our fields that are one of Zoho's each."""


# --- made and changed -------------------------------------------------------------------------------------


def new_contact(fields: ContactFields, key: str, module: Module, region: str) -> Values:
    """What a new contact has, but for its account. Raises Rejected where a value has no place."""
    first, last = names_with_last(fields)
    values: Values = {KEY: key}
    given = {"First_Name": first, "Last_Name": last, **_texts(fields, module)}
    put_texts(values, module, {**given, INTERACTION: fields.interaction}, fields.owner)
    if last and not first:
        values["First_Name"] = None
    marks = {CREATED_BY_US: fields.created_by_firstcontact, PLACEHOLDER: fields.placeholder}
    values |= {name: value for name, value in marks.items() if value and module.takes(name)}
    if fields.mailing is not None:
        values |= {name: value for name, value in mailing(fields.mailing, module).items() if value}
    values |= {name: value for name, value in _handles({}, fields, module, region).items() if value}
    return values


def changed_contact(
    fields: ContactFields, changed: Collection[str], row: Row, module: Module, region: str
) -> Values:
    """What changes on a contact that is there, but for its account: addresses and numbers are added and taken
    off, what is given, or named as changed, is set; {} where nothing changes. Raises Rejected where a value
    has no place."""
    values: Values = {}
    whole = bool(fields.first_name or fields.last_name)
    given = _texts(fields, module)
    if fields.name and not whole:
        given["First_Name"], given["Last_Name"] = names_with_last(fields)
    elif whole:  # each by itself: another last name leaves the first name as it is
        given |= {"Last_Name": fields.last_name, "First_Name": fields.first_name}
    if "last_name" in changed and not given.get("Last_Name"):
        given["Last_Name"] = NOT_PROVIDED  # taken back to none, which there is not
    put_texts(values, module, given, fields.owner)
    if fields.name and not whole:
        values["First_Name"] = None
    emptied = [name for ours, name in _TEXTS.items() if ours in changed and not getattr(fields, ours)]
    emptied += ["First_Name"] if "first_name" in changed and not fields.first_name else []
    values |= {name: None for name in emptied if module.takes(name)}
    if (fields.mailing is not None or "mailing" in changed) and module.name == "Contacts":
        values |= mailing(fields.mailing or MailingAddress(), module)
    placeholder = fields.placeholder
    if placeholder is None and whole and flag(row, PLACEHOLDER):
        placeholder = False
    if placeholder is not None and module.takes(PLACEHOLDER) and placeholder != flag(row, PLACEHOLDER):
        values[PLACEHOLDER] = placeholder
    values |= _handles(row, fields, module, country_of(row, lead=module.name == "Leads") or region)
    return {name: value for name, value in values.items() if not _is_so(row, name, value)}


def _is_so(row: Row, name: str, value: Any) -> bool:
    """Whether a field has this value already."""
    if isinstance(value, bool):
        return flag(row, name) == value
    wanted = value.get("id") if isinstance(value, dict) else value
    return text(row, name) == ("" if wanted is None else str(wanted))


def kept_mark(values: Values, row: Row, module: Module) -> Values:
    """The change, with the mark that a person was there: after it the record is last changed by us."""
    return _marked(values, row, module) if values else values


def _marked(values: Values, row: Row, module: Module) -> Values:
    if module.takes(EDITED) and edited(row) and not flag(row, EDITED):
        return {**values, EDITED: True}
    return values


def mailing(address: MailingAddress, module: Module) -> Values:
    """Every field of the mailing address, None for what is empty."""
    given = (address.street, address.city, address.state, address.postal_code, country_name(address.country))
    return {
        name: clean(value, module.length(name)) or None
        for name, value in zip(ADDRESS, given, strict=True)
        if module.takes(name)
    }


def _texts(fields: ContactFields, module: Module) -> dict[str, str]:
    found = {name: getattr(fields, ours) for ours, name in _TEXTS.items()}
    return {**found, "Designation": fields.title} if module.name == "Leads" else found


# --- addresses and numbers --------------------------------------------------------------------------------


def _places(row: Row, module: Module, fields: Iterable[str], several: str, region: str) -> Places:
    return Places(
        {name: held(row, name) for name in fields if module.takes(name)},
        several=several,
        separator=SEPARATOR,
        length=module.length,
        region=region,
        title=TITLE,
    )


def _handles(row: Row, fields: ContactFields, module: Module, region: str) -> Values:
    """What becomes of the fields with addresses and numbers."""
    numbers = _places(row, module, module.phones(), OTHER_PHONES, region)
    addresses = _places(row, module, module.emails(), OTHER_EMAILS, region)
    return reached(fields, numbers, addresses, _REACHED)


# --- taken away, and filled with what a duplicate has -------------------------------------------------------


def untouched(row: Row) -> None:
    """Raises Rejected for a contact that may not go: one that a person made, or has edited since."""
    id = text(row, "id")
    if not text(row, KEY) and not flag(row, CREATED_BY_US):
        raise Rejected(f"The contact {id!r} was made by a person in {TITLE}.", ("target",))
    if edited(row):
        raise Rejected(f"A person has edited the contact {id!r} in {TITLE} since.", ("target",))


_NOT_FILLED = frozenset((KEY, CREATED_BY_US, PLACEHOLDER, EDITED)) | frozenset(
    ("Owner", "First_Name", "Last_Name", "Full_Name", "Salutation", "Layout", "Tag")
)
"""What says whose a record is, or who somebody is: no blank that a duplicate fills."""
_TYPES = frozenset(("text", "textarea", "phone", "email", "website", "picklist", "multiselectpicklist")) | {
    *("lookup", "date", "datetime", "integer", "double", "currency", "percent"),
}
_OTHER_ADDRESS = "Other_"
_PARTS = ("Street", "City", "State", "Zip", "Country")


class Filling(msgspec.Struct, frozen=True):
    """What the survivor of a merge takes. copied: fields whose values are the loser's as they stand there;
    put: what else is to be there."""

    copied: tuple[str, ...]
    put: Values


def fillable(module: Module) -> tuple[str, ...]:
    """The fields of a contact that a duplicate may fill, the organisation's own too."""
    return tuple(name for name, field in module.fields.items() if _fills(field))


def _fills(field: Field) -> bool:
    return field.writable and not field.unique and field.type in _TYPES and field.name not in _NOT_FILLED


def filling(kept: Row, gone: Row, module: Module, region: str) -> Filling:
    """What the survivor has itself stays, its blanks are filled, an address as a whole; numbers and addresses
    come on top. Raises Rejected where one has no room."""
    handles = frozenset((*module.phones(), *module.emails()))
    copied = [
        name
        for name in fillable(module)
        if name not in handles and not _has(kept, name) and _has(gone, name)
        if text(gone, name) != text(kept, "id")
    ]
    for parts in (ADDRESS, tuple(f"{_OTHER_ADDRESS}{part}" for part in _PARTS)):
        if any(text(kept, part) for part in parts):
            copied = [name for name in copied if name not in parts]
    same = text(kept, "Last_Name").casefold() == text(gone, "Last_Name").casefold()
    if same and not text(kept, "First_Name") and text(gone, "First_Name"):
        copied.append("First_Name")
    put: Values = {}
    country = country_of(kept, lead=False) or region
    for fields, several, main in (
        (module.phones(), OTHER_PHONES, _REACHED.phones),
        (module.emails(), OTHER_EMAILS, _REACHED.emails),
    ):
        places = _places(kept, module, fields, several, country)
        for name in sorted(fields, key=lambda name: name != MOBILE):
            # A mobile number stays one where that field is free.
            places.add(held(gone, name), (name, *main) if name != several else main)
        put |= places.changes()
    copied += [name for name, value in put.items() if text(gone, name) == value]
    put = {name: value for name, value in put.items() if name not in copied}
    # A merge changes the survivor, whether it takes anything or not.
    return Filling(tuple(copied), _marked(put, kept, module))


def _has(row: Row, name: str) -> bool:
    value = row.get(name)
    return bool(value) if isinstance(value, Sequence) else bool(text(row, name))
