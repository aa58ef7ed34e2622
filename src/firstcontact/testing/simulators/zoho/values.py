"""Values as they are sent, checked by their field's type (apis A4, "Create / upsert"; INVALID_DATA of the
specification)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from firstcontact.testing.simulators.zoho import times
from firstcontact.testing.simulators.zoho.errors import Refused
from firstcontact.testing.simulators.zoho.schema import Field
from firstcontact.testing.simulators.zoho.state import State

_EMAIL = re.compile(r"[^\s@<>(),;:\"]+@[^\s@<>(),;:\"]+\.[^\s@<>(),;:\"]+")
_PHONE = re.compile(r"\+?[0-9A-Za-z .()\-]*")
_DURATION = re.compile(r"(\d+):([0-5]\d)")
_TEXTS = ("text", "textarea", "email", "phone", "website", "picklist", "module")
MOST_PARTICIPANTS = 100


def _wrong(field: Field, expected: str = "") -> Refused:
    more = {"expected_data_type": expected} if expected else {}
    return Refused("INVALID_DATA", "invalid data", field.name, **more)


def checked(state: State, field: Field, value: Any) -> Any:
    """A value as it is kept; None for none. Raises Refused."""
    if value is None or value == "":
        return None
    if field.type in _TEXTS:
        return _text(state, field, value)
    reading = _READ.get(field.type)
    if reading is None:
        raise Refused("NOT_ALLOWED", "the field cannot be written", field.name)
    return reading(state, field, value)


def _text(state: State, field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(field, "text")
    if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise _wrong(field, "text")
    if field.length and len(value) > field.length:
        raise Refused("INVALID_DATA", "invalid data", field.name, maximum_length=field.length)
    if field.type == "email" and not _EMAIL.fullmatch(value):
        raise _wrong(field, "email")
    if field.type == "phone" and state.quirks.phone_check == "pattern" and not _PHONE.fullmatch(value):
        raise _wrong(field, "phone")
    if field.type == "picklist" and (state.quirks.picklists == "closed" or field.required):
        if value not in field.picks:
            raise Refused("INVALID_DATA", "invalid data", field.name, supported_values=list(field.picks))
    return value


def _boolean(_state: State, field: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(field, "boolean")
    return value


def _integer(_state: State, field: Field, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(field, "integer")
    return value


def _number(_state: State, field: Field, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _wrong(field, "double")
    return float(value)


def _date(_state: State, field: Field, value: Any) -> str:
    try:
        return times.day(value)
    except (TypeError, ValueError):
        raise _wrong(field, "date") from None


def _datetime(_state: State, field: Field, value: Any) -> int:
    try:
        return times.microseconds(value)
    except (TypeError, ValueError):
        raise _wrong(field, "datetime") from None


def _duration(_state: State, field: Field, value: Any) -> str:
    """`mm:ss`; minutes may be many (apis A4, "Activities")."""
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise _wrong(field, "text")
    return value


def seconds(duration: str | None) -> int | None:
    """The seconds of `mm:ss`: 10:00 is 600 (recorded)."""
    match = _DURATION.fullmatch(duration or "")
    return int(match[1]) * 60 + int(match[2]) if match else None


def the_id(value: Any) -> str | None:
    """The id of `{"id": …}` or of a bare one."""
    if isinstance(value, Mapping):
        value = value.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and value.isascii() and value.isdigit() else None


def _owner(state: State, field: Field, value: Any) -> str:
    id = the_id(value)
    user = state.users.get(id or "")
    if user is None:
        raise _wrong(field, "jsonobject" if id is None else "")
    if user.status != "active":
        raise Refused("INVALID_DATA", "the user is not active", field.name)
    return user.id


def _lookup(state: State, field: Field, value: Any) -> str:
    id = the_id(value)
    if id is None:
        raise _wrong(field, "jsonobject")
    if field.module and state.get(field.module, id) is None:
        raise Refused("INVALID_DATA", "the related id given seems to be invalid", field.name)
    return id


def _participants(_state: State, field: Field, value: Any) -> list[dict[str, str]]:
    """Who takes part: `{type: contact | lead | user | email, participant}` (apis A4, "Activities")."""
    if not isinstance(value, list) or len(value) > MOST_PARTICIPANTS:
        raise _wrong(field, "jsonarray")
    for one in value:
        known = isinstance(one, Mapping) and one.get("type") in ("contact", "lead", "user", "email")
        if not known or not isinstance(one.get("participant"), str):
            raise _wrong(field, "jsonarray")
    return [{"type": one["type"], "participant": one["participant"]} for one in value]


_READ: Mapping[str, Callable[[State, Field, Any], Any]] = {
    "boolean": _boolean,
    "integer": _integer,
    "bigint": _integer,
    "double": _number,
    "currency": _number,
    "date": _date,
    "datetime": _datetime,
    "duration": _duration,
    "ownerlookup": _owner,
    "lookup": _lookup,
    "jsonarray": _participants,
}
