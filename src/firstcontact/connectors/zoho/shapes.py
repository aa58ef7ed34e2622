"""PURE. What Zoho's modules have: the names of our own fields, and modules by their metadata (apis A4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

TITLE = "Zoho CRM"
"""What it is called in sentences."""

KEY = "FirstContact_Key"
CREATED_BY_US = "FirstContact_Created"
PLACEHOLDER = "FirstContact_Placeholder"
EDITED = "FirstContact_Edited"
INTERACTION = "FirstContact_Interaction"
OTHER_EMAILS = "FirstContact_Other_Emails"
OTHER_PHONES = "FirstContact_Other_Phones"
SENIORITY = "FirstContact_Seniority"
PERSONA = "FirstContact_Persona"
DOMAINS = "FirstContact_Domains"
TEAM = "FirstContact_Team"
INTERACTIONS = "FirstContact_Interactions"
DETAILS = "FirstContact_Details"
RECORDING = "FirstContact_Recording"
TRANSCRIPT = "FirstContact_Transcript"
WRITTEN = "FirstContact_Written"

PEOPLE = ("Contacts", "Leads")
ACTIVITIES = ("Calls", "Events", "Tasks")
CONVERTED = "Converted__s"
_PHONES_FIRST = ("Phone", "Mobile", "Other_Phone", "Home_Phone")
_EMAILS_FIRST = ("Email", "Secondary_Email")
_CLOSED = "closed"


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field as its metadata give it. length: of texts, 0 for any; encrypted: no condition may name it;
    closed: the values of a picklist that end a deal."""

    name: str
    label: str = ""
    type: str = "text"
    length: int = 0
    required: bool = False
    writable: bool = True
    unique: bool = False
    encrypted: bool = False
    closed: frozenset[str] = frozenset()


class Module(msgspec.Struct, frozen=True, kw_only=True):
    """A module: its fields by name; none where it is not there, or not for our user."""

    name: str
    fields: Mapping[str, Field] = {}

    def has(self, name: str) -> bool:
        """Whether there is such a field that we may see."""
        return name in self.fields

    def takes(self, name: str) -> bool:
        """Whether a record may be given this field."""
        return name in self.fields and self.fields[name].writable

    def present(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the fields that there are."""
        return tuple(name for name in names if name in self.fields)

    def length(self, name: str) -> int:
        """How many characters a text takes; 0: any number."""
        return self.fields[name].length if name in self.fields else 0

    def unique(self, name: str) -> bool:
        """Whether no two records have the same value."""
        return name in self.fields and self.fields[name].unique

    def phones(self) -> tuple[str, ...]:
        """All fields that hold numbers, the main one first, then ours for further ones."""
        return (*self._typed("phone", _PHONES_FIRST), *self.present((OTHER_PHONES,)))

    def emails(self) -> tuple[str, ...]:
        """All fields that hold addresses, the main one first, then ours for further ones."""
        return (*self._typed("email", _EMAILS_FIRST), *self.present((OTHER_EMAILS,)))

    def askable(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the fields that a condition may name."""
        return tuple(name for name in names if not self.fields[name].encrypted)

    def always(self) -> str:
        """A condition that every record fulfils and that has to stand in every query: without one that names
        it, converted leads are left out (Zoho's page on queries)."""
        return f"({CONVERTED} = true or {CONVERTED} = false)" if self.has(CONVERTED) else ""

    def _typed(self, type: str, first: tuple[str, ...]) -> list[str]:
        found = [name for name, field in self.fields.items() if field.type == type]
        return sorted(found, key=lambda name: first.index(name) if name in first else len(first))


def read_field(given: Mapping[str, Any]) -> Field:
    """The metadata of a field; what they leave out is as wide as Zoho's own default."""
    operations = given.get("operation_type")
    may = operations.get("api_create", True) if isinstance(operations, Mapping) else True
    return Field(
        name=str(given["api_name"]),
        label=str(given.get("field_label") or given["api_name"]),
        type=str(given.get("data_type") or "text"),
        length=int(given.get("length") or 0),
        required=bool(given.get("system_mandatory")),
        writable=bool(may) and not given.get("read_only"),
        # Which word stands in it depends on the version; an empty one says that it is not.
        unique=bool(given.get("unique")),
        encrypted=bool(given.get("crypt")),
        closed=frozenset(_closed(given.get("pick_list_values") or ())),
    )


def _closed(values: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """Stages that end a deal: by their kind of forecast, else by their usual names."""
    for value in values:
        names = [str(value.get(name) or "") for name in ("actual_value", "display_value")]
        kind = str(value.get("forecast_type") or names[0])
        if kind.lower().startswith(_CLOSED):
            yield from (name for name in names if name)


def is_id(id: str) -> bool:
    """Whether this can be a record of Zoho: its ids are numbers."""
    return id.isascii() and id.isdigit()
