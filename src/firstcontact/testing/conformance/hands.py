"""`Hands`: what people do in the CRM itself, beside the connector; the author of a suite provides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Hands(Protocol):
    """Somebody working in the CRM's own pages, and its search server being switched off.

    Records and their fields are named as in a scenario's `crm` (SCENARIOS); kinds are `contact lead account
    opportunity contact_role matter user`.
    """

    def add(self, kind: str, fields: Mapping[str, Any]) -> str:
        """Add a record as a person; its id. A kind that the CRM does not have is never asked for."""

    def edit(self, kind: str, reference: str, fields: Mapping[str, Any]) -> None:
        """Set fields of a record as a person; where `marks_activities`, the subject of an `activity` too."""

    def delete(self, kind: str, reference: str) -> None:
        """Delete a record as a person."""

    def merge(self, loser: str, survivor: str) -> None:
        """Merge one contact into another, as a person does by hand."""

    def dump(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """What the CRM holds, in the shape of a scenario's `expect.crm`; an activity has `interactions`,
        `contacts` and `leads` as lists of ids."""

    def broken_search(self) -> AbstractContextManager[None]:
        """While it lasts, the CRM's search fails."""
