"""PURE. What a Salesforce organisation has: types of record and their fields, from `describe` (apis A1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

KEY = "FirstContact_Key__c"
CREATED_BY_US = "Created_by_FirstContact__c"
PLACEHOLDER = "FirstContact_Placeholder__c"
EDITED = "FirstContact_Edited__c"
INTERACTION = "FirstContact_Interaction__c"
OTHER_EMAILS = "FirstContact_Other_Emails__c"
OTHER_PHONES = "FirstContact_Other_Phones__c"
SENIORITY = "FirstContact_Seniority__c"
PERSONA = "FirstContact_Persona__c"
DOMAINS = "FirstContact_Domains__c"
INTERACTIONS = "FirstContact_Interactions__c"
KIND = "FirstContact_Kind__c"
RESULT = "FirstContact_Result__c"
AT = "FirstContact_At__c"
WRITTEN = "FirstContact_Written__c"
USER = "FirstContact_User__c"
DIRECTION = "FirstContact_Direction__c"
RECORDING = "FirstContact_Recording__c"
TRANSCRIPT = "FirstContact_Transcript__c"

TYPES = (
    "Contact",
    "Lead",
    "Account",
    "Task",
    "Event",
    "EmailMessage",
    "OpportunityContactRole",
    "AccountTeamMember",
    "Case",
    "ContentVersion",
    "TaskRelation",
    "EventRelation",
    "Opportunity",
    "User",
)
"""The types that are read or written. Some are not there in every edition."""

_PHONES_FIRST = ("Phone", "MobilePhone", "OtherPhone", "HomePhone")
_NO_TEXT = frozenset({"boolean", "address", "location", "base64"})


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field as `describe` gives it; `length` is 0 where it has none."""

    name: str
    label: str = ""
    type: str = "string"
    length: int = 0
    createable: bool = False
    updateable: bool = False
    nillable: bool = True
    filterable: bool = True
    defaulted: bool = False
    unique: bool = False

    @property
    def required(self) -> bool:
        """Whether a record cannot be made without a value for it."""
        return self.createable and not self.nillable and not self.defaulted and self.type != "boolean"


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A type of record: what we may do with it, and its fields by name."""

    name: str
    createable: bool = False
    updateable: bool = False
    deletable: bool = False
    fields: Mapping[str, Field] = {}

    def has(self, field: str) -> bool:
        """Whether there is such a field that we may see."""
        return field in self.fields

    def takes(self, field: str) -> bool:
        """Whether a new record may be given this field."""
        return field in self.fields and self.fields[field].createable

    def present(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the fields that there are. A path (`Account.Name`) is there where its relation is."""
        return tuple(name for name in names if name in self.fields or self._reaches(name))

    def _reaches(self, path: str) -> bool:
        relation, dot, _ = path.partition(".")
        return bool(dot) and f"{relation}Id" in self.fields

    def phones(self) -> tuple[str, ...]:
        """All fields that hold numbers, the main one first, then ours for further ones."""
        found = [name for name in self.fields if self.fields[name].type == "phone"]
        found.sort(key=lambda name: _PHONES_FIRST.index(name) if name in _PHONES_FIRST else 9)
        return (*found, *self.present((OTHER_PHONES,)))

    def emails(self) -> tuple[str, ...]:
        """All fields that hold addresses, the main one first, then ours for further ones."""
        found = [name for name in self.fields if self.fields[name].type == "email"]
        found.sort(key=lambda name: name != "Email")
        return (*found, *self.present((OTHER_EMAILS,)))

    def searchable(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the fields that a condition may name (long texts may not)."""
        return tuple(name for name in names if self.fields[name].filterable)

    def required(self) -> tuple[Field, ...]:
        """Fields without which no record is made."""
        return tuple(field for field in self.fields.values() if field.required)

    def length(self, name: str) -> int:
        """How many characters a field takes; 0: any number."""
        field = self.fields.get(name)
        return field.length if field is not None and field.type not in _NO_TEXT else 0


Shapes = Mapping[str, Shape]
"""By the type's name; a type that is not there, or that we may not see, is missing."""


def read_shape(body: Mapping[str, Any]) -> Shape:
    """The answer of `describe`. What it leaves out is as narrow as Salesforce's own default."""
    fields = {}
    for given in body.get("fields") or ():
        name = str(given["name"])
        fields[name] = Field(
            name=name,
            label=str(given.get("label") or name),
            type=str(given.get("type") or "string"),
            length=int(given.get("length") or 0),
            createable=bool(given.get("createable")),
            updateable=bool(given.get("updateable")),
            nillable=bool(given.get("nillable", True)),
            filterable=bool(given.get("filterable", True)),
            defaulted=bool(given.get("defaultedOnCreate")),
            unique=bool(given.get("unique")),
        )
    return Shape(
        name=str(body.get("name") or ""),
        createable=bool(body.get("createable")),
        updateable=bool(body.get("updateable")),
        deletable=bool(body.get("deletable")),
        fields=fields,
    )
