"""The places in Clio that our marks are kept in: custom fields of contacts, and external properties."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from firstcontact.connectors.clio.client import Api
from firstcontact.connectors.toolkit.own_fields import CustomField, OwnFields

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


class CustomFields(OwnFields):
    """The firm's custom fields of contacts. Its methods raise TryAgain, Refused, Lost."""

    def __init__(self, api: Api, now: Callable[[], int]) -> None:
        def read() -> list[CustomField]:
            asked = {"parent_type": "contact"}
            rows = api.rows("custom_fields", "id,name,field_type,deleted,required", asked)
            return [
                CustomField(
                    str(row["id"]),
                    str(row.get("name")),
                    str(row.get("field_type")),
                    bool(row.get("required")),
                )
                for row in rows
                if not row.get("deleted")
            ]

        def make(name: str, type: str) -> None:
            data = {"name": name, "parent_type": "Contact", "field_type": type, "displayed": True}
            api.create("custom_fields", data)

        super().__init__(CUSTOM_FIELDS, read, make, now)
