"""Request bodies: `{"data": {…}}`, every name known and of its kind (apis A2, "Conventions")."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from firstcontact.testing.simulators.clio.errors import bad, invalid
from firstcontact.testing.simulators.clio.quirks import Quirks
from firstcontact.testing.simulators.clio.state import read_date, read_time


def read_body(content: bytes, names: Mapping[str, Any], quirks: Quirks) -> dict[str, Any]:
    """What is in `data`. Raises ClioError 400 for what cannot be read or is not known, 422 for what is
    missing or cannot be a value."""
    try:
        body = json.loads(content)
    except ValueError:
        raise bad("the body is no JSON") from None
    if not isinstance(body, dict) or set(body) != {"data"}:
        raise bad("the body must be an object with `data`")
    return _object(body["data"], names, "data", quirks)


def _object(value: Any, names: Mapping[str, Any], place: str, quirks: Quirks) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise bad(f"{place} must be an object")
    required = {name[1:] for name in names if name.startswith("*")}
    kinds = {name.removeprefix("*"): kind for name, kind in names.items()}
    for name in value:
        if name not in kinds:
            raise bad(f"{name!r} is not a field of {place}")
    for name in sorted(required):
        if value.get(name) is None:
            raise invalid(f"{place}.{name} is required")
    return {name: _value(one, kinds[name], f"{place}.{name}", quirks) for name, one in value.items()}


def _value(value: Any, kind: Any, place: str, quirks: Quirks) -> Any:
    if value is None:
        return None
    if isinstance(kind, list):
        if not isinstance(value, list):
            raise bad(f"{place} must be a list")
        return [_value(one, kind[0], place, quirks) for one in value]
    if isinstance(kind, Mapping):
        return _object(value, kind, place, quirks)
    if isinstance(kind, tuple):
        if value not in kind:
            raise invalid(f"{place} must be one of {', '.join(kind)}")
        return value
    return _plain(value, kind, place, quirks)


_TYPES: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "line": (str,),
    "date": (str,),
    "time": (str,),
    "int": (int,),
    "number": (int, float),
    "bool": (bool,),
    "any": (str, int, float, bool),
}


def _plain(value: Any, kind: str, place: str, quirks: Quirks) -> Any:
    if kind == "value_id":  # answered as `text_line-7`, in the specification a number where it is sent
        value, kind = str(value).rpartition("-")[2], "int"
    if kind == "int" and isinstance(value, str) and value.isdigit():
        return int(value)
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind in ("int", "number")):
        raise invalid(f"{place} is not valid")
    if isinstance(value, str):
        _text(value, kind, place, quirks)
    return value


def _text(value: str, kind: str, place: str, quirks: Quirks) -> None:
    if kind == "date":
        read_date(value)
    elif kind == "time":
        read_time(value)
    elif "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise invalid(f"{place} contains invalid characters")
    elif kind == "line" and quirks.text_limit and len(value) > quirks.text_limit:
        raise invalid(f"{place} is too long (maximum is {quirks.text_limit} characters)")
