"""Request bodies of the platform API: `{"data": {…}}`, every name known and of its kind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from firstcontact.testing.simulators.clio_grow.errors import GrowError, bad, invalid

SUBJECT_LIMIT = 255
BODY_LIMIT = 65_535

Kind = int | tuple[str, ...] | list[Any] | Mapping[str, Any]
"""A text of at most so many characters (0: any number), one of several texts, a list of such, an object. A
name with `*` in front of it is required."""

_ADDRESS = dict.fromkeys(("street", "city", "province", "postal_code", "country"), 0)
NOTE: Mapping[str, Kind] = {"*subject": SUBJECT_LIMIT, "*body": BODY_LIMIT}
LEAD: Mapping[str, Kind] = {
    **dict.fromkeys(("*first_name", "*last_name", "*from_message", "*referring_url", "*from_source"), 0),
    "email": 0,
    "phone_number": 0,
}
CONTACT: Mapping[str, Kind] = {
    "type": ("Person", "Company"),
    "first_name": 0,
    "last_name": 0,
    "name": 0,
    "emails": [0],
    "phone_numbers": [0],
    "status": 0,
    "addresses": [_ADDRESS],
}
"""An assumption: no public description has a way to make or change a contact. The names are those that are
read; a list replaces the one that was there."""


def read_json(content: bytes, headers: Mapping[str, str]) -> Any:
    """The body. Raises GrowError 415 where it is not said to be JSON, 400 where it is none."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise GrowError(415, "the body must be application/json")
    try:
        return json.loads(content)
    except ValueError:
        raise bad("the body is no JSON") from None


def read_body(content: bytes, headers: Mapping[str, str], names: Mapping[str, Kind]) -> dict[str, Any]:
    """What is in `data`. Raises GrowError 400 for what cannot be read or is not known, 422 for what is
    missing or cannot be a value."""
    body = read_json(content, headers)
    if not isinstance(body, dict) or set(body) != {"data"}:
        raise bad("the body must be an object with `data` and nothing else")
    return _object(body["data"], names, "data")


def _object(value: Any, names: Mapping[str, Kind], place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise bad(f"{place} must be an object")
    kinds = {name.removeprefix("*"): kind for name, kind in names.items()}
    for name in value:
        if name not in kinds:
            raise bad(f"{name!r} is not a field of {place}")
    for name in names:
        if name.startswith("*") and not str(value.get(name[1:]) or "").strip():
            raise invalid(f"{place}.{name[1:]} can't be blank")
    return {name: _value(one, kinds[name], f"{place}.{name}") for name, one in value.items()}


def _value(value: Any, kind: Kind, place: str) -> Any:
    if value is None:
        return None
    if isinstance(kind, list):
        if not isinstance(value, list):
            raise bad(f"{place} must be a list")
        return [_value(one, kind[0], place) for one in value]
    if isinstance(kind, Mapping):
        return _object(value, kind, place)
    if not isinstance(value, str):
        raise bad(f"{place} must be a text")
    if isinstance(kind, tuple):
        if value not in kind:
            raise invalid(f"{place} must be one of {', '.join(kind)}")
        return value
    if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise invalid(f"{place} contains invalid characters")
    if kind and len(value) > kind:
        raise invalid(f"{place} is too long (maximum is {kind} characters)")
    return value
