"""Refusals, as the platform API and as the Lead Inbox write them (apis A2, "Clio Grow")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstcontact.testing.simulators.base import Refusing


class GrowError(Refusing):
    """A request to the platform API that is refused with a status and words."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """`{"error": {"status", "message"}}` (Clio's description of v2)."""
        return {"error": {"status": str(self.status), "message": str(self)}}


class InboxError(GrowError):
    """A lead that the Lead Inbox does not take: what is wrong with each field."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(422, "; ".join(f"{name} {words}" for name, words in fields.items()))
        self.fields = dict(fields)

    def body(self) -> dict[str, Any]:
        """The shape that published clients read: `{"inbox_lead": {"errors": {…}}}`."""
        return {"inbox_lead": {"errors": {name: [words] for name, words in self.fields.items()}}}


def bad(message: str) -> GrowError:
    """400: the request itself is at fault: a parameter, a field, a form."""
    return GrowError(400, message)


def invalid(message: str) -> GrowError:
    """422: the request is readable, but its record is not."""
    return GrowError(422, message)


def missing(what: str, id: object) -> GrowError:
    """404: there is no such record, or there is none any more."""
    return GrowError(404, f"{what} {id} was not found")
