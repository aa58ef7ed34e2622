"""Refusals in Zoho's envelope `{"code", "details", "message", "status": "error"}` (apis A4, "Limits")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstcontact.testing.simulators.base import Refusing


class ZohoError(Refusing):
    """A request that is refused as a whole."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.details = dict(details or {})
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """What is answered."""
        return {"code": self.code, "details": self.details, "message": str(self), "status": "error"}


class Refused(Refusing):
    """One record of a request that is refused; the others are not (apis A4, "Create / upsert").

    field: api name of what is at fault; `place` is put before it where the request is answered.
    """

    def __init__(self, code: str, message: str, field: str = "", **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.details = details

    def item(self, place: str) -> dict[str, Any]:
        """Its item in `data[]`: `place` is the JSON path of the record."""
        where = {"api_name": self.field, "json_path": f"{place}.{self.field}"} if self.field else {}
        return {
            "code": self.code,
            "details": {**self.details, **where},
            "message": str(self),
            "status": "error",
        }


def bad_parameter(name: str, message: str = "the value given is not valid", **more: Any) -> ZohoError:
    """400: a parameter of the address is at fault."""
    return ZohoError(400, "INVALID_DATA", message, {"param_name": name, **more})


def no_module(index: int = 0) -> ZohoError:
    """400: there is no such module, or the API does not reach it."""
    return ZohoError(
        400, "INVALID_MODULE", "the module name given seems to be invalid", {"resource_path_index": index}
    )


def no_such_path() -> ZohoError:
    """404: the address is none of the API's."""
    return ZohoError(404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one")


def no_such_method() -> ZohoError:
    """400: the address is known, but not with this method."""
    return ZohoError(400, "INVALID_REQUEST_METHOD", "The http request method type is not a valid one")


def no_such_record(index: int = 1) -> ZohoError:
    """400: the id in the address is no record's of that module."""
    return ZohoError(400, "INVALID_DATA", "the id given seems to be invalid", {"resource_path_index": index})


def missing(name: str, place: str = "") -> ZohoError:
    """400: the body lacks something that is needed."""
    return ZohoError(
        400,
        "MANDATORY_NOT_FOUND",
        "required field not found",
        {"api_name": name, "json_path": place or f"$.{name}"},
    )


def bad_body(name: str, expected: str, place: str = "") -> ZohoError:
    """400: something in the body is of another kind than it must be."""
    details = {"expected_data_type": expected, "api_name": name, "json_path": place or f"$.{name}"}
    return ZohoError(400, "INVALID_DATA", "invalid data", details)


def lacking(name: str) -> ZohoError:
    """400: the address lacks a parameter that is needed."""
    message = "One of the expected parameter is missing"
    return ZohoError(400, "REQUIRED_PARAM_MISSING", message, {"param_name": name})
