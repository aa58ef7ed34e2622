"""What Salesforce says no with: status, code, words, fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstcontact.testing.simulators.base import Refusing


class Refusal(Refusing):
    """An error of the API. Its body is a JSON array (apis A1, "Error envelope"): `message`, `errorCode` and,
    where fields are at fault, `fields`; a duplicate rule adds its result."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        fields: tuple[str, ...] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields
        self.more = dict(more or {})

    def body(self) -> list[dict[str, Any]]:
        """The array of a REST answer."""
        said: dict[str, Any] = {**self.more, "message": self.message, "errorCode": self.code}
        if self.fields is not None:
            said["fields"] = list(self.fields)
        return [said]

    def element(self) -> dict[str, Any]:
        """An error within an sObject Collection: `statusCode` where the array has `errorCode` (recorded)."""
        return {
            **self.more,
            "statusCode": self.code,
            "message": self.message,
            "fields": list(self.fields or ()),
        }


def not_found(message: str = "The requested resource does not exist") -> Refusal:
    """404 NOT_FOUND."""
    return Refusal(404, "NOT_FOUND", message)


def invalid_type(name: str) -> Refusal:
    """An sObject that this org does not have, or that is switched off."""
    return Refusal(
        400,
        "INVALID_TYPE",
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to "
        "append the '__c' after the entity name.",
    )


def invalid_field(field: str, type: str) -> Refusal:
    """A field that is not there, or not for us to see."""
    return Refusal(400, "INVALID_FIELD", f"No such column '{field}' on sobject of type {type}")


def parser_error(message: str) -> Refusal:
    """JSON that is none, or of the wrong type."""
    return Refusal(400, "JSON_PARSER_ERROR", message)
