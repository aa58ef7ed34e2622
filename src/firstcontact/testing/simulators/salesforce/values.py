"""What a field takes: each value of a request checked as Salesforce checks it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from firstcontact.testing.simulators.salesforce import times
from firstcontact.testing.simulators.salesforce.ids import read_id
from firstcontact.testing.simulators.salesforce.org import Org
from firstcontact.testing.simulators.salesforce.refusal import Refusal, parser_error
from firstcontact.testing.simulators.salesforce.schema import Field

_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*/=?^_+`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_TEXTS = frozenset({"string", "textarea", "phone", "url", "picklist", "email", "base64"})


def stored(org: Org, field: Field, value: Any) -> Any:
    """The value as it is kept. Raises Refusal.

    Text is kept as it was sent, phones too (apis A1, "Lookup by phone"), but for blanks around it; empty text
    is none.
    """
    if value is None:
        return False if field.type == "boolean" else None
    if field.type in _TEXTS:
        return _text(field, value)
    return _OTHERS[field.type](org, field, value)


def _text(field: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        raise parser_error(f"Cannot deserialize instance of string from {_token(value)} value {value}")
    text = value if field.type == "base64" else value.strip()
    if not text:
        return None
    if field.length and len(text) > field.length:
        raise Refusal(
            400,
            "STRING_TOO_LONG",
            f"{field.label or field.name}: data value too large: {text[:60]} (max length={field.length})",
            (field.name,),
        )
    if field.type == "email" and not _EMAIL.fullmatch(text):
        message = f"{field.label or field.name}: invalid email address: {text}"
        raise Refusal(400, "INVALID_EMAIL_ADDRESS", message, (field.name,))
    if field.restricted and text not in field.values:
        message = f"{field.label or field.name}: bad value for restricted picklist field: {text}"
        raise Refusal(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, (field.name,))
    return text


def _boolean(org: Org, field: Field, value: Any) -> bool:
    del org, field
    if not isinstance(value, bool):
        raise parser_error(f"Cannot deserialize instance of boolean from {_token(value)} value {value}")
    return value


def _number(org: Org, field: Field, value: Any) -> int | float:
    del org
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise parser_error(f"Cannot deserialize instance of {field.type} from {_token(value)} value {value}")
    if field.type == "int" and not isinstance(value, int):
        raise parser_error(f"Cannot deserialize instance of int from VALUE_NUMBER_FLOAT value {value}")
    return value


def _moment(org: Org, field: Field, value: Any) -> str:
    del org
    try:
        return times.written(times.milliseconds(value))
    except (ValueError, TypeError):
        raise parser_error(
            f"Cannot deserialize instance of {field.type} from {_token(value)} value {value}"
        ) from None


def _day(org: Org, field: Field, value: Any) -> str:
    del org
    try:
        return times.day(value)
    except (ValueError, TypeError):
        raise parser_error(
            f"Cannot deserialize instance of {field.type} from {_token(value)} value {value}"
        ) from None


def reference(org: Org, field: Field, value: Any) -> str:
    """The id of a record that a field points at. Raises Refusal: of no id, of another type, of nobody, of a
    deleted record."""
    id = read_id(value) if isinstance(value, str) else ""
    label = field.label or field.name
    if not id:
        raise Refusal(400, "MALFORMED_ID", f"{label}: id value of incorrect type: {value}", (field.name,))
    name = org.type_of(id)
    if name not in field.targets:
        message = f"{label}: id value of incorrect type: {id}"
        raise Refusal(400, "FIELD_INTEGRITY_EXCEPTION", message, (field.name,))
    row = org.row(name, id)
    if row is None:
        raise Refusal(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", (field.name,))
    if row["IsDeleted"]:
        raise Refusal(400, "ENTITY_IS_DELETED", "entity is deleted", (field.name,))
    return id


def _ids(org: Org, field: Field, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise parser_error(
            f"Cannot deserialize instance of JunctionIdList from {_token(value)} value {value}"
        )
    return tuple(reference(org, field, one) for one in value)


def _token(value: Any) -> str:
    if isinstance(value, bool):
        return "VALUE_TRUE" if value else "VALUE_FALSE"
    names = {str: "VALUE_STRING", int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT", list: "START_ARRAY"}
    return names.get(type(value), "START_OBJECT")


_OTHERS: dict[str, Callable[[Org, Field, Any], Any]] = {
    "boolean": _boolean,
    "int": _number,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "datetime": _moment,
    "date": _day,
    "reference": reference,
    "ids": _ids,
}
