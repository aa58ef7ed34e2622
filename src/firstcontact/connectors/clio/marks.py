"""The places in Clio that our marks are kept in: custom fields of contacts, and external properties."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import msgspec

from firstcontact.connectors.clio.client import Api

KEY = "FirstContact key"
CREATED = "Created by FirstContact"
PLACEHOLDER = "FirstContact placeholder"
INTERACTION = "FirstContact interaction"
STATE = "FirstContact state"
DEPARTMENT = "FirstContact department"
SENIORITY = "FirstContact seniority"
PERSONA = "FirstContact persona"

TEXTS: Mapping[str, str] = {"department": DEPARTMENT, "seniority": SENIORITY, "persona": PERSONA}
"""What Clio's contacts have no field for, by our name of it."""
CUSTOM_FIELDS: Mapping[str, str] = {
    KEY: "text_line",
    CREATED: "checkbox",
    PLACEHOLDER: "checkbox",
    INTERACTION: "text_line",
    STATE: "text_line",
    DEPARTMENT: "text_line",
    SENIORITY: "text_line",
    PERSONA: "text_line",
}
"""Custom fields of contacts with their types. Only the key is needed to create; without another, its
mark or value is not left."""

PROPERTY_KEY = "firstcontact_key"
PROPERTY_INTERACTIONS = "firstcontact_interactions"
PROPERTY_KIND = "firstcontact_kind"
PROPERTY_DIRECTION = "firstcontact_direction"
PROPERTY_RESULT = "firstcontact_result"
VALUE_LIMIT = 255
"""Characters that every external property holds."""

_FIELDS_FOR = 600_000_000


class CustomField(msgspec.Struct, frozen=True):
    """A custom field of contacts as the firm has it."""

    id: str
    name: str
    type: str
    required: bool = False


class CustomFields:
    """The firm's custom fields of contacts, remembered for ten minutes; for long while ours are all there."""

    def __init__(self, api: Api, now: Callable[[], int]) -> None:
        self._api = api
        self._now = now
        self._lock = threading.Lock()
        self._known: tuple[int, dict[str, CustomField]] | None = None

    def ours(self) -> dict[str, CustomField]:
        """Those of `CUSTOM_FIELDS` that are there with the right type, by name. Raises TryAgain, Refused."""
        with self._lock:
            known = self._known
            if known is None or (
                len(known[1]) < len(CUSTOM_FIELDS) and self._now() >= known[0] + _FIELDS_FOR
            ):
                found = {
                    field.name: field for field in self.all() if CUSTOM_FIELDS.get(field.name) == field.type
                }
                known = self._known = (self._now(), found)
            return known[1]

    def forget(self) -> None:
        """They have changed: they are read again when next needed."""
        with self._lock:
            self._known = None

    def all(self) -> list[CustomField]:
        """Every custom field of contacts that is not deleted."""
        rows = self._api.rows(
            "custom_fields", "id,name,field_type,deleted,required", {"parent_type": "contact"}
        )
        return [
            CustomField(
                str(row["id"]), str(row.get("name")), str(row.get("field_type")), bool(row.get("required"))
            )
            for row in rows
            if not row.get("deleted")
        ]

    def make(self, name: str) -> None:
        """Make one of ours. Raises Refused, Lost."""
        data = {"name": name, "parent_type": "Contact", "field_type": CUSTOM_FIELDS[name], "displayed": True}
        self._api.create("custom_fields", data)
        self.forget()
