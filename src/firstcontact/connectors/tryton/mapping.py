"""Tryton's rows as the contract's records, and what we write as Tryton's values. No requests here.

A party is a contact, be it a person or a company: parties have no field that says which. Handles are its
contact mechanisms of the types phone, mobile, fax and email, and of the type other, which is where Tryton's
own pages put what it cannot read as a number.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import phonenumbers

from firstcontact.connectors.contract import Gone, Moved
from firstcontact.connectors.toolkit.fields import full_name, read_fields, with_new, without_handles
from firstcontact.connectors.toolkit.spellings import line
from firstcontact.connectors.toolkit.texts import sound
from firstcontact.identity.records import CrmUser, Matter, Record
from firstcontact.interactions.handles import read_handle
from firstcontact.interactions.model import Handle
from firstcontact.planning.write import ContactFields

Row = Mapping[str, Any]
"""A record as `search_read` gives it; fields of records behind it are under `name.`."""

PARTY = (
    "name",
    "code",
    "active",
    "replaced_by",
    "create_date",
    "last_modified_at",
    "write_uid",
    "addresses.country.code",
    "identifiers.code",
    "identifiers.active",
    "contact_mechanisms.type",
    "contact_mechanisms.value",
    "contact_mechanisms.active",
    "contact_mechanisms.create_uid",
    "contact_mechanisms.write_uid",
    "contact_mechanisms.last_modified_at",
)
MATTER = ("number", "description", "state", "start_date", "party")
USER = ("name", "login", "email", "active")

GIVEN: Mapping[str, frozenset[str]] = {
    "party.party": frozenset({"name", "code"}),
    "party.contact_mechanism": frozenset({"party", "type", "value", "sequence"}),
    "ir.attachment": frozenset({"resource", "type", "name", "description"}),
}
"""Fields that we give to every new record."""
CODE = "FC-"
"""How the code of a party begins that FirstContact made; a digest of the write key follows. Tryton lets no
two parties have one code."""
PLACEHOLDER = "FirstContact placeholder"
"""An untyped identifier of a party that was made without a real name."""
NUMBERS = ("phone", "mobile", "fax", "other")
ADDRESSES = ("email", "other")
HANDLED = frozenset({*NUMBERS, *ADDRESSES})
"""Types of contact mechanisms that are read as numbers and addresses."""
OPEN = frozenset({"lead", "opportunity"})
"""States of a sale opportunity that is not yet a sale, and not lost or cancelled either."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_MAX_ID = 2**31 - 1
"""Tryton's ids are 32-bit integers."""


# --- finding -----------------------------------------------------------------------------------------


def bearing(handles: Collection[Handle]) -> list[Any]:
    """A domain of parties among which are all that bear one of the handles, and some that do not.

    Tryton compares texts: a number is looked for by its last eight digits with anything between them, so
    that no writing and no regional variant hides it; an address with and without a tag.
    """
    numbers = [_number_pattern(handle) for handle in handles if handle.kind == "phone"]
    addresses = [text for handle in handles if handle.kind != "phone" for text in _address_patterns(handle)]
    either: list[Any] = ["OR"]
    for types, operator, patterns in ((NUMBERS, "like", numbers), (ADDRESSES, "ilike", addresses)):
        if patterns:
            likes = [["value", operator, pattern] for pattern in dict.fromkeys(patterns)]
            either.append([["type", "in", list(types)], ["OR", *likes]])
    return [["replaced_by", "=", None], ["contact_mechanisms", "where", [either]]]


def _number_pattern(handle: Handle) -> str:
    digits = re.sub(r"\D", "", handle.key)[-8:]
    return "%" + "%".join(digits) + "%"


def _address_patterns(handle: Handle) -> tuple[str, str]:
    local, _, host = handle.key.rpartition("@")
    # Letters beyond ASCII may be written in other cases and forms, and a host in its own script.
    local = re.sub(r"[^\x20-\x7e]+", "%", local)
    host = "" if "xn--" in host else host
    return f"%{local}@{host}%", f"%{local}+%@{host}%"


# --- what there is -----------------------------------------------------------------------------------


def read_party(row: Row, *, me: int, region: str, edited: bool = False) -> Record | Moved:
    """A party as a contact. me: the user of our own session. edited: somebody else has changed it, as
    Tryton's log says; what its rows say of that is seen here."""
    if row["replaced_by"]:
        return Moved(str(row["id"]), str(row["replaced_by"]))
    mechanisms = [one for one in row["contact_mechanisms."] if one["active"] and one["type"] in HANDLED]
    emails = tuple(str(one["value"]) for one in mechanisms if _is_address(one))
    phones = tuple(str(one["value"]) for one in mechanisms if not _is_address(one))
    country = _country(row)
    first, last = split_name(row["name"] or "")
    ours = str(row["code"] or "").startswith(CODE)
    return Record(
        type="contact",
        id=str(row["id"]),
        name=row["name"] or "",
        first_name=first,
        last_name=last,
        emails=emails,
        phones=phones,
        handles=read_fields(emails, phones, country or region)[0],
        mobiles=tuple(str(one["value"]) for one in mechanisms if one["type"] == "mobile"),
        country=country,
        created_at=microseconds(row["create_date"]),
        active=bool(row["active"]),
        placeholder=any(one["active"] and one["code"] == PLACEHOLDER for one in row["identifiers."]),
        created_by_us=ours,
        edited_by_person=ours and (edited or touched_by_others(row, me)),
    )


def touched_by_others(row: Row, me: int) -> bool:
    """Whether the party or a contact mechanism of it was last written by somebody else."""
    writers = {row["write_uid"]}
    for one in row["contact_mechanisms."]:
        writers |= {one["create_uid"], one["write_uid"]}
    return bool(writers - {me, None})


def modified_at(row: Row) -> int:
    """When the party or a contact mechanism of it was last changed."""
    times = [row["last_modified_at"], *(one["last_modified_at"] for one in row["contact_mechanisms."])]
    return max(map(microseconds, times))


def read_matter(row: Row) -> Matter:
    """A sale opportunity as a matter of its party."""
    name = f"{row['number'] or ''} {row['description'] or ''}".strip()
    started = microseconds(row["start_date"])
    return Matter(str(row["id"]), str(row["party"]), name, row["state"] in OPEN, started)


def read_user(row: Row) -> CrmUser:
    """A user of Tryton."""
    return CrmUser(str(row["id"]), row["name"] or row["login"], row["email"] or "", bool(row["active"]))


def split_name(name: str) -> tuple[str, str]:
    """First and last name of the one that Tryton keeps: the last word, and the particles before it."""
    words = name.split()
    if len(words) < 2:
        return "", name.strip()
    start = len(words) - 1
    while start > 1 and words[start - 1].islower():
        start -= 1
    return " ".join(words[:start]), " ".join(words[start:])


def read_id(text: str) -> int | None:
    """An id of Tryton's; None for what can be none."""
    return int(text) if text.isascii() and text.isdigit() and int(text) <= _MAX_ID else None


def gone(ids: Collection[str]) -> dict[str, Record | Moved | Gone]:
    """As if none of these were there."""
    return {id: Gone(id) for id in ids}


def microseconds(value: Any) -> int:
    """A date or time as Tryton's JSON has it, in UTC; 0 for none."""
    if not value:
        return 0
    hour, minute, second = (value.get(name, 0) for name in ("hour", "minute", "second"))
    moment = datetime(value["year"], value["month"], value["day"], hour, minute, second, tzinfo=UTC)
    moment = moment.replace(microsecond=value.get("microsecond", 0))
    return (moment - _EPOCH) // timedelta(microseconds=1)


def timestamp(at: int) -> Mapping[str, Any]:
    """Microseconds as a time in Tryton's JSON."""
    moment = _EPOCH + timedelta(microseconds=at)
    names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return {"__class__": "datetime", **{name: getattr(moment, name) for name in names}}


def _is_address(mechanism: Row) -> bool:
    return mechanism["type"] == "email" or (mechanism["type"] == "other" and "@" in mechanism["value"])


def _country(row: Row) -> str:
    """The first country among its addresses, as Tryton reads numbers."""
    for address in row["addresses."]:
        country = address.get("country.")
        if country and country.get("code"):
            return str(country["code"])
    return ""


# --- what we write -----------------------------------------------------------------------------------


def code_of(write_key: str) -> str:
    """The code of the party that a write makes; eighty bits of its key."""
    return CODE + write_key[:20].upper()


def new_party(write_key: str, fields: ContactFields, region: str) -> Mapping[str, Any]:
    """A party to be made. Title, company, address, owner and source have no place on it."""
    name = fields.name or full_name(fields.first_name, fields.last_name)
    values: dict[str, Any] = {"name": one_line(name) or None, "code": code_of(write_key)}
    emails = with_new((), filter(None, (fields.main_email, *fields.emails)), region)
    phones = with_new((), (*fields.mobiles, *fields.phones), region)
    if mechanisms := _mechanisms(emails, phones, _same(phones, fields.mobiles, region), region):
        values["contact_mechanisms"] = [["create", mechanisms]]
    if fields.placeholder:
        values["identifiers"] = [["create", [{"code": PLACEHOLDER}]]]
    return values


def changed_party(
    row: Row, fields: ContactFields, region: str, changed: Collection[str] = ()
) -> Mapping[str, Any]:
    """What an update changes on a party; {} where all is there already. Of what is there goes the mark of a
    placeholder that gets a real name, and the addresses and numbers that are to be taken off. changed: as in
    `Write.changed`."""
    record = read_party(row, me=0, region=region)
    if isinstance(record, Moved):
        return {}
    values: dict[str, Any] = {}
    name = one_line(_new_name(record, fields, changed))
    if name and name != record.name:
        values["name"] = name
    if mechanisms := _changed_mechanisms(row, record, fields, record.country or region):
        values["contact_mechanisms"] = mechanisms
    named = bool(fields.first_name or fields.last_name)
    wanted = fields.placeholder if fields.placeholder is not None else record.placeholder and not named
    if wanted and not record.placeholder:
        values["identifiers"] = [["create", [{"code": PLACEHOLDER}]]]
    elif record.placeholder and not wanted:
        marks = [one["id"] for one in row["identifiers."] if one["code"] == PLACEHOLDER]
        values["identifiers"] = [["delete", marks]]
    return values


def _changed_mechanisms(row: Row, record: Record, fields: ContactFields, region: str) -> list[list[Any]]:
    """What becomes of addresses and numbers, in Tryton's order: taken off, changed, made."""
    emails = without_handles(record.emails, fields.without_emails, region)
    phones = without_handles(record.phones, fields.without_phones, region)
    present = [one for one in row["contact_mechanisms."] if one["active"] and one["type"] in HANDLED]
    gone = [one["id"] for one in present if one["value"] not in (*emails, *phones)]
    main = (fields.main_email,) if fields.main_email else ()
    new_emails = with_new(emails, (*fields.emails, *main), region)[len(emails) :]
    new_phones = with_new(phones, (*fields.phones, *fields.mobiles), region)[len(phones) :]
    mobiles = _same((*phones, *new_phones), fields.mobiles, region)
    found: list[list[Any]] = [["delete", gone]] if gone else []
    if now := [one["id"] for one in present if one["value"] in mobiles and one["type"] != "mobile"]:
        found.append(["write", now, {"type": "mobile"}])
    made = _mechanisms(new_emails, new_phones, mobiles, region)
    first = next(iter(_same((*emails, *new_emails), main, region)), "")
    if first and first != next(iter((*emails, *new_emails)), ""):
        # Those without a place come first, so every one gets its own.
        order = [first, *(text for text in (*emails, *new_emails) if text != first)]
        for place, text in enumerate(order, 1):
            if ids := [one["id"] for one in present if one["value"] == text and one["id"] not in gone]:
                found.append(["write", ids, {"sequence": place}])
        made = [
            {**one, "sequence": order.index(one["value"]) + 1} if one["value"] in order else one
            for one in made
        ]
    return [*found, ["create", made]] if made else found


def _same(texts: Sequence[str], wanted: Sequence[str], region: str) -> frozenset[str]:
    """Those of the texts that bear what one of `wanted` does."""
    return frozenset(text for text in texts if not without_handles((text,), wanted, region))


def _new_name(record: Record, fields: ContactFields, changed: Collection[str]) -> str:
    if fields.name:
        return fields.name
    if not (fields.first_name or fields.last_name or {"first_name", "last_name"} & set(changed)):
        return ""
    if record.placeholder:  # its name was none
        return full_name(fields.first_name, fields.last_name)
    first, last = (
        getattr(fields, name) or ("" if name in changed else getattr(record, name))
        for name in ("first_name", "last_name")
    )
    return full_name(first, last)


def _mechanisms(
    emails: Sequence[str], phones: Sequence[str], mobiles: Collection[str], region: str
) -> list[dict[str, Any]]:
    """New ones. mobiles: those of the numbers that are mobile, whatever their plan says."""
    found: list[dict[str, Any]] = [{"type": "email", "value": one_line(text)} for text in emails]
    for text in phones:
        number = dict(_number(one_line(text), region))
        mobile = text in mobiles and number["type"] == "phone"
        found.append({**number, "type": "mobile"} if mobile else number)
    return found


def _number(text: str, region: str) -> Mapping[str, str]:
    """A number with the type that fits it, in the international writing that Tryton wants; as `other` where
    it would refuse it (a short code)."""
    handle = read_handle(text, region)
    if handle is None or handle.kind != "phone":
        return {"type": "other", "value": text}
    try:
        number = phonenumbers.parse(handle.value, None)
    except phonenumbers.NumberParseException:
        return {"type": "other", "value": text}
    if not phonenumbers.is_valid_number(number):
        return {"type": "other", "value": text}
    mobile = line(handle) == "mobile"
    value = handle.value + (f" ext. {handle.extension}" if handle.extension else "")
    return {"type": "mobile" if mobile else "phone", "value": value}


def one_line(text: str) -> str:
    """As a field of one line takes it: no control characters, no half a surrogate pair."""
    return _CONTROLS.sub(" ", unicode(text)).strip()


def unicode(text: str) -> str:
    """Text without lone surrogates and NUL, which no database takes."""
    return sound(text).replace("\x00", "")
