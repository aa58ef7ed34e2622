"""PURE. Contacts as Salesforce's fields: made, changed, and filled with what a duplicate has (apis A1)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from firstcontact.connectors.contract import Rejected
from firstcontact.connectors.salesforce.mapping import (
    NOT_PROVIDED,
    Row,
    Values,
    country_of,
    edited,
    flag,
    held,
    text,
)
from firstcontact.connectors.salesforce.shapes import (
    CREATED_BY_US,
    EDITED,
    INTERACTION,
    KEY,
    OTHER_EMAILS,
    OTHER_PHONES,
    PERSONA,
    PLACEHOLDER,
    SENIORITY,
    Field,
    Shape,
)
from firstcontact.connectors.toolkit.countries import country_name
from firstcontact.connectors.toolkit.fields import names_with_last
from firstcontact.connectors.toolkit.places import Order, Places, reached
from firstcontact.connectors.toolkit.texts import clean
from firstcontact.identity.records import MailingAddress
from firstcontact.planning.write import ContactFields

TITLE = "Salesforce"
MAIN, MOBILE = "Email", "MobilePhone"
_REACHED = Order(phones=("Phone", MOBILE, "OtherPhone"), mobile=MOBILE, emails=(MAIN,), main=MAIN)
_TEXTS = {
    "title": "Title",
    "department": "Department",
    "seniority": SENIORITY,
    "persona": PERSONA,
    "lead_source": "LeadSource",
}
"""Our fields that are one of Salesforce's each."""
_COUNTRY, _COUNTRY_CODE = "MailingCountry", "MailingCountryCode"
_STATE, _STATE_CODE = "MailingState", "MailingStateCode"
_CODED = frozenset({"US", "CA", "AU", "BR", "CN", "IN", "IE", "IT", "MX"})
"""Countries that have states in Salesforce's own lists of them (its page on state and country picklists)."""


# --- made and changed -----------------------------------------------------------------------------------


def new_contact(fields: ContactFields, key: str, shape: Shape, region: str) -> Values:
    """What a new contact has, but for its account. Raises Rejected where a value has no place."""
    first, last = names_with_last(fields)
    values: Values = {KEY: key}
    given = {"FirstName": first, "LastName": last, "OwnerId": fields.owner, INTERACTION: fields.interaction}
    _put(values, shape, {**given, **_texts(fields)})
    marks = {CREATED_BY_US: fields.created_by_firstcontact, PLACEHOLDER: fields.placeholder}
    values |= {name: value for name, value in marks.items() if value and shape.has(name)}
    if fields.mailing is not None:
        values |= {name: value for name, value in mailing(fields.mailing, shape).items() if value}
    values |= {name: value for name, value in _handles({}, fields, shape, region).items() if value}
    return values


def changed_contact(
    fields: ContactFields, changed: Collection[str], row: Row, shape: Shape, region: str, me: str
) -> Values:
    """What changes on a contact that is there, but for its account: addresses and numbers are added and taken
    off, what is given, or named as changed, is set; {} where nothing changes. Raises Rejected where a value
    has no place."""
    values: Values = {}
    named = bool(fields.first_name or fields.last_name)
    given = {"OwnerId": fields.owner, **_texts(fields)}
    if fields.name and not named:
        given["FirstName"], given["LastName"] = names_with_last(fields)
    elif named:  # each by itself: another last name leaves the first name as it is
        given |= {"LastName": fields.last_name, "FirstName": fields.first_name}
    if "last_name" in changed and not given.get("LastName"):
        given["LastName"] = NOT_PROVIDED  # taken back to none, which there is not
    _put(values, shape, given)
    if fields.name and not named:
        values["FirstName"] = None
    emptied = [name for ours, name in _TEXTS.items() if ours in changed and not getattr(fields, ours)]
    emptied += ["FirstName"] if "first_name" in changed and not fields.first_name else []
    values |= {name: None for name in emptied if shape.has(name)}
    if fields.mailing is not None or "mailing" in changed:
        values |= mailing(fields.mailing or MailingAddress(), shape)
    placeholder = fields.placeholder
    if placeholder is None and named and flag(row, PLACEHOLDER):
        placeholder = False
    if placeholder is not None and shape.has(PLACEHOLDER) and placeholder != flag(row, PLACEHOLDER):
        values[PLACEHOLDER] = placeholder
    values |= _handles(row, fields, shape, country_of(row, lead=False) or region)
    values = {name: value for name, value in values.items() if not _is_so(row, name, value)}
    return kept_mark(values, row, shape, me)


def kept_mark(values: Values, row: Row, shape: Shape, me: str) -> Values:
    """The change, with the mark that a person was there: after it the record is last modified by us."""
    return _marked(values, row, shape, me) if values else values


def _marked(values: Values, row: Row, shape: Shape, me: str) -> Values:
    if shape.has(EDITED) and edited(row, me) and not flag(row, EDITED):
        return {**values, EDITED: True}
    return values


def mailing(address: MailingAddress, shape: Shape) -> Values:
    """Every field of the mailing address, None for what is empty. Where states and countries are lists, their
    codes say what they are; a state that is written out is a list's label, and one of a country without a
    list is left out."""
    given = {
        "MailingStreet": address.street,
        "MailingCity": address.city,
        "MailingPostalCode": address.postal_code,
    }
    if shape.has(_COUNTRY_CODE):
        state = address.state if address.country in _CODED else ""
        given |= {_STATE_CODE if state and len(state) <= 3 else _STATE: state, _COUNTRY_CODE: address.country}
    else:
        given |= {_STATE: address.state, _COUNTRY: country_name(address.country)}
    return {
        name: clean(value, shape.length(name)) or None for name, value in given.items() if shape.has(name)
    }


def _texts(fields: ContactFields) -> dict[str, str]:
    return {name: getattr(fields, ours) for ours, name in _TEXTS.items()}


def _put(values: Values, shape: Shape, given: Mapping[str, str]) -> None:
    for name, value in given.items():
        if value and shape.has(name):
            values[name] = clean(value, shape.length(name))


def _is_so(row: Row, name: str, value: Any) -> bool:
    """Whether a field has this value already."""
    return name in row and not isinstance(value, bool) and text(row, name) == (value or "")


# --- addresses and numbers --------------------------------------------------------------------------------


def _places(row: Row, shape: Shape, fields: Iterable[str], several: str, region: str) -> Places:
    return Places(
        {name: held(row, name) for name in fields},
        several=several,
        separator="\n",
        length=shape.length,
        region=region,
        title=TITLE,
    )


def _handles(row: Row, fields: ContactFields, shape: Shape, region: str) -> Values:
    """What becomes of the fields with addresses and numbers."""
    numbers = _places(row, shape, shape.phones(), OTHER_PHONES, region)
    addresses = _places(row, shape, shape.emails(), OTHER_EMAILS, region)
    return reached(fields, numbers, addresses, _REACHED)


def untouched(row: Row, me: str) -> None:
    """Raises Rejected for a contact that may not go: one that a person made, or has edited since."""
    id = text(row, "Id")
    if not text(row, KEY) and not flag(row, CREATED_BY_US):
        raise Rejected(f"The contact {id!r} was made by a person in Salesforce.", ("target",))
    if edited(row, me):
        raise Rejected(f"A person has edited the contact {id!r} in Salesforce since.", ("target",))


# --- filled with what a duplicate has -----------------------------------------------------------------------

_NOT_FILLED = frozenset(
    {
        KEY,
        CREATED_BY_US,
        PLACEHOLDER,
        EDITED,
        "OwnerId",
        "LastName",
        "FirstName",
        "Salutation",
        "RecordTypeId",
    }
)
"""What says whose a record is, or who somebody is: no blank that a duplicate fills."""
_NO_VALUE = frozenset({"boolean", "address", "location", "base64"})
_ADDRESSES = ("Mailing", "Other")
_PARTS = ("Street", "City", "State", "PostalCode", "Country", "StateCode", "CountryCode", "Latitude",
          "Longitude", "GeocodeAccuracy")  # fmt: skip


def fillable(shape: Shape) -> tuple[str, ...]:
    """The fields of a contact that a duplicate may fill, the organisation's own too."""
    return tuple(name for name, field in shape.fields.items() if _fills(field))


def _fills(field: Field) -> bool:
    return (
        field.updateable
        and not field.unique
        and field.type not in _NO_VALUE
        and field.name not in _NOT_FILLED
    )


def filled(kept: Row, gone: Row, shape: Shape, region: str, me: str) -> Values:
    """What the survivor of a merge takes from the other: what it has itself stays, its blanks are filled, an
    address as a whole; numbers and addresses come on top. Raises Rejected where one has no room."""
    values = {
        name: gone[name]
        for name in fillable(shape)
        if not text(kept, name) and text(gone, name) and text(gone, name) != text(kept, "Id")
    }
    for prefix in _ADDRESSES:
        parts = [f"{prefix}{part}" for part in _PARTS]
        if any(text(kept, part) for part in parts):
            values = {name: value for name, value in values.items() if name not in parts}
    same = text(kept, "LastName").casefold() == text(gone, "LastName").casefold()
    if same and not text(kept, "FirstName") and text(gone, "FirstName"):
        values["FirstName"] = gone["FirstName"]
    country = country_of(kept, lead=False) or region
    for fields, several, main in (
        (shape.phones(), OTHER_PHONES, _REACHED.phones),
        (shape.emails(), OTHER_EMAILS, _REACHED.emails),
    ):
        values = {name: value for name, value in values.items() if name not in fields}
        places = _places(kept, shape, fields, several, country)
        for name in sorted(fields, key=lambda name: name != MOBILE):
            # A mobile number stays one where that field is free.
            places.add(held(gone, name), (name, *main) if name != several else main)
        values |= places.changes()
    # A merge changes the survivor, whether it takes anything or not.
    return _marked(values, kept, shape, me)
