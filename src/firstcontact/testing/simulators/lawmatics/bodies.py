"""Request bodies: JSON objects and multipart forms, every name known and of its kind (apis A3)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from firstcontact.testing.simulators.lawmatics.errors import LawmaticsError, bad, invalid
from firstcontact.testing.simulators.lawmatics.state import read_time


class Upload(msgspec.Struct, frozen=True):
    """A file within a form."""

    name: str
    type: str
    content: bytes


_NAME = re.compile(r'(?:^|;\s*)name="((?:[^"\\]|\\.)*)"')
_FILE = re.compile(r'(?:^|;\s*)filename="((?:[^"\\]|\\.)*)"')


def read_json(content: bytes, type: str) -> dict[str, Any]:
    """A body of JSON. Raises LawmaticsError 400."""
    if type.partition(";")[0].strip().lower() != "application/json":
        raise bad("the body must be JSON")
    try:
        body = json.loads(content)
    except ValueError:
        raise bad("the body is no JSON") from None
    if not isinstance(body, dict):
        raise bad("the body must be an object")
    return body


def read_form(content: bytes, type: str) -> dict[str, Any]:
    """A body of multipart/form-data: texts, files, and lists for names that end with `[]`. Raises
    LawmaticsError 400."""
    match = re.search(r'boundary="?([^";]+)"?', type)
    if not type.lower().startswith("multipart/form-data") or match is None:
        raise bad("the body must be multipart/form-data")
    body: dict[str, Any] = {}
    parts = (b"\r\n" + content).split(b"\r\n--" + match[1].encode())
    if len(parts) < 2 or not parts[-1].startswith(b"--"):
        raise bad("the form is cut off")
    for part in parts[1:-1]:
        head, between, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not between:
            raise bad("a part of the form has no head")
        name, read = _part(head.decode("utf-8", "replace"), value)
        if name.endswith("[]"):
            body.setdefault(name, []).append(read)
        else:
            body[name] = read
    return body


def _part(head: str, value: bytes) -> tuple[str, Any]:
    headers = {}
    for line in head.split("\r\n"):
        name, _, text = line.partition(":")
        headers[name.strip().lower()] = text.strip()
    disposition = headers.get("content-disposition", "")
    named, file = _NAME.search(disposition), _FILE.search(disposition)
    if named is None:
        raise bad("a part of the form has no name")
    if file is None:
        return named[1], value.decode("utf-8", "replace")
    name = re.sub(r"\\(.)", r"\1", file[1]).replace("%22", '"')
    return named[1], Upload(name, headers.get("content-type", "application/octet-stream"), value)


def read(body: Mapping[str, Any], names: Mapping[str, Any], form: bool) -> dict[str, Any]:
    """The fields of a body, each of its kind; `*name` is required. Raises LawmaticsError 422 for a name that
    is not known, for what is missing, and for what cannot be a value."""
    kinds = {name.removeprefix("*"): kind for name, kind in names.items()}
    for name in body:
        if name not in kinds:
            raise LawmaticsError(422, "Unpermitted Parameter", f"{name!r} is not a parameter here.")
    for name in names:
        if name.startswith("*") and body.get(name[1:]) in (None, ""):
            raise invalid(f"{name[1:]} can't be blank")
    return {name: _value(value, kinds[name], name, form) for name, value in body.items()}


def _value(value: Any, kind: Any, name: str, form: bool) -> Any:
    if value is None:
        return None
    if isinstance(kind, list):
        if not isinstance(value, list):
            raise invalid(f"{name} must be a list")
        return [_value(one, kind[0], name, form) for one in value]
    if isinstance(kind, Mapping):
        if not isinstance(value, dict):
            raise invalid(f"{name} must be an object")
        return read(value, kind, form)
    if isinstance(kind, tuple):
        if str(value).lower() not in kind:
            raise invalid(f"{name} must be one of {', '.join(kind)}")
        return str(value).lower()
    return _PLAIN[kind](value, name, form)


def _text(value: Any, name: str, _form: bool) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise invalid(f"{name} is not valid")
    return value


def _id(value: Any, name: str, _form: bool) -> int:
    if isinstance(value, bool) or not str(value).isdecimal():
        raise invalid(f"{name} is not valid")
    return int(value)


def _number(value: Any, name: str, form: bool) -> float:
    try:
        if isinstance(value, bool) or (isinstance(value, str) and not form):
            raise ValueError
        return float(value)
    except (TypeError, ValueError):
        raise invalid(f"{name} is not a number") from None


def _flag(value: Any, name: str, form: bool) -> bool:
    if form and value in ("true", "false"):
        return bool(value == "true")
    if not isinstance(value, bool):
        raise invalid(f"{name} is neither true nor false")
    return value


def _time(value: Any, name: str, form: bool) -> int:
    return read_time(_text(value, name, form))


def _any(value: Any, name: str, form: bool) -> Any:
    return _text(value, name, form) if isinstance(value, str) else value


def _file(value: Any, name: str, _form: bool) -> Upload:
    if not isinstance(value, Upload):
        raise invalid(f"{name} is not a file")
    return value


_PLAIN = {
    "text": _text,
    "id": _id,
    "number": _number,
    "flag": _flag,
    "time": _time,
    "any": _any,
    "file": _file,
}
