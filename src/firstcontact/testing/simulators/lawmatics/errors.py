"""Refusals in Lawmatics' envelope: `{"errors": [{"status", "title", "detail"}]}` (apis A3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstcontact.testing.simulators.base import Refusing

NO_PATH = "This resource path does not exist \N{GHOST}"
NO_FILTER = "When applying filters, a valid 'filter_by' parameter is required."


class LawmaticsError(Refusing):
    """A request that is refused with a status, a title and words; 401 is answered without a body."""

    def __init__(
        self, status: int, title: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """What is answered."""
        return {"errors": [{"status": self.status, "title": self.title, "detail": str(self)}]}


def invalid(detail: str) -> LawmaticsError:
    """422: the request can be read, but its record cannot be. No words for it are published."""
    return LawmaticsError(422, "Unprocessable Entity", detail)


def bad(detail: str) -> LawmaticsError:
    """400: the request itself cannot be read. No words for it are published."""
    return LawmaticsError(400, "Bad Request", detail)


def missing(what: str, id: object) -> LawmaticsError:
    """404: there is no such record, or there is none any more."""
    return LawmaticsError(404, "Not found", f"{what} with id {id} was not found.")


def no_path() -> LawmaticsError:
    """404 of the router, as it was seen live."""
    return LawmaticsError(404, "Not Found", NO_PATH)


def no_filter() -> LawmaticsError:
    """422 for every filter that cannot be: without a field, without a value, by a field that is none."""
    return LawmaticsError(422, "Filter By Parameter Not Available", NO_FILTER)


def no_login() -> LawmaticsError:
    """401: its body is empty."""
    return LawmaticsError(401, "Unauthorized", "the access token is missing or not valid")
