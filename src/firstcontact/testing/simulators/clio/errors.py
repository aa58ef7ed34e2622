"""Refusals in Clio's envelope (apis A2, "Errors")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstcontact.testing.simulators.base import Refusing

_TYPES: Mapping[int, str] = {
    400: "ArgumentError",
    401: "UnauthorizedError",
    403: "ForbiddenError",
    404: "RecordNotFound",
    410: "UnsupportedVersionError",
    412: "PreconditionFailed",
    422: "ArgumentError",
    429: "RateLimited",
}
"""The names are examples in Clio's specification too; nobody should read them."""


class ClioError(Refusing):
    """A request that is refused with a status and words."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """What is answered: `{"error": {"type", "message"}}`."""
        return {"error": {"type": _TYPES.get(self.status, "ApiError"), "message": str(self)}}


def bad(message: str) -> ClioError:
    """400: the request itself is at fault: a parameter, a field, a form."""
    return ClioError(400, message)


def invalid(message: str) -> ClioError:
    """422: the request is readable, but its record is not."""
    return ClioError(422, message)


def missing(what: str, id: object) -> ClioError:
    """404: there is no such record, or there is none any more."""
    return ClioError(404, f"{what} {id} was not found")
