"""Custom fields: those that FirstContact asks an administrator for, and those this org had before."""

from __future__ import annotations

from typing import Any

from firstcontact.testing.simulators.salesforce.schema import Field

KEY = "FirstContact_Key__c"
INTERACTIONS = "FirstContact_Interactions__c"
KIND = "FirstContact_Kind__c"
RESULT = "FirstContact_Result__c"
OTHER_EMAILS = "FirstContact_Other_Emails__c"
OTHER_PHONES = "FirstContact_Other_Phones__c"
DOMAINS = "FirstContact_Domains__c"
CREATED_BY_US = "Created_by_FirstContact__c"
PLACEHOLDER = "FirstContact_Placeholder__c"
INTERACTION = "FirstContact_Interaction__c"
AT = "FirstContact_At__c"
DIRECTION = "FirstContact_Direction__c"
RECORDING = "FirstContact_Recording__c"
TRANSCRIPT = "FirstContact_Transcript__c"
USER = "FirstContact_User__c"
WRITTEN = "FirstContact_Written__c"
EDITED = "FirstContact_Edited__c"
SENIORITY = "FirstContact_Seniority__c"
PERSONA = "FirstContact_Persona__c"
SECOND_EMAIL = "Personal_Email__c"
SECOND_PHONE = "Direct_Line__c"


def _key() -> Field:
    return Field(name=KEY, type="string", length=64, unique=True, external=True, id_lookup=True, custom=True)


def _text(name: str, length: int) -> Field:
    return Field(name=name, type="string", length=length, custom=True)


def _long(name: str) -> Field:
    return Field(name=name, type="textarea", length=32768, filterable=False, custom=True)


def _flag(name: str) -> Field:
    return Field(name=name, type="boolean", default=False, has_default=True, custom=True)


_ACTIVITY = (
    _key(),
    _long(INTERACTIONS),
    _text(KIND, 20),
    _text(RESULT, 40),
    Field(name=AT, type="datetime", custom=True),
    _text(DIRECTION, 20),
    _text(RECORDING, 255),
    _long(TRANSCRIPT),
    _text(WRITTEN, 255),
)

READY: dict[str, tuple[Field, ...]] = {
    "Contact": (
        _key(),
        _flag(CREATED_BY_US),
        _flag(PLACEHOLDER),
        _flag(EDITED),
        _text(INTERACTION, 255),
        _text(OTHER_EMAILS, 255),
        _text(OTHER_PHONES, 255),
        _text(SENIORITY, 80),
        _text(PERSONA, 80),
    ),
    "Lead": (_key(),),
    "Account": (_key(), _text(DOMAINS, 255)),
    "Task": _ACTIVITY,
    "Event": _ACTIVITY,
    "EmailMessage": (*_ACTIVITY, _text(USER, 18)),
    "ContentVersion": (_key(), _long(INTERACTIONS)),
}
"""The fields that are there, and that our user may see and edit, with `fields: ready`."""

OWN: dict[str, tuple[Field, ...]] = {
    name: (
        Field(name=SECOND_EMAIL, type="email", length=80, custom=True),
        Field(name=SECOND_PHONE, type="phone", length=40, custom=True),
    )
    for name in ("Contact", "Lead")
}
"""Fields of the org's own, which everybody sees: a connector finds them by describe alone."""

ACTIVITY_OBJECTS = ("Task", "Event")
"""Objects that share the custom fields of `Activity`."""


def custom_field(name: str, metadata: dict[str, Any]) -> Field:
    """The field that the metadata of a `CustomField` describes. Raises ValueError naming what is missing."""
    type, special = _TYPES[str(metadata.get("type"))]
    length = metadata.get("length", 0)
    if (type in ("string", "textarea") and not isinstance(length, int)) or (
        special == "length" and not length
    ):
        raise ValueError("length")
    if type == "boolean" and "defaultValue" not in metadata:
        raise ValueError("defaultValue")
    return Field(
        name=name,
        type=type,
        length=length or {"email": 80, "phone": 40, "url": 255}.get(type, 0),
        label=str(metadata.get("label") or name),
        unique=bool(metadata.get("unique")),
        external=bool(metadata.get("externalId")),
        id_lookup=bool(metadata.get("externalId")),
        required=bool(metadata.get("required")),
        filterable=metadata["type"] not in ("LongTextArea", "Html"),
        has_default=type == "boolean",
        default=str(metadata.get("defaultValue")).lower() == "true" if type == "boolean" else None,
        custom=True,
    )


_TYPES: dict[str, tuple[str, str]] = {
    "Text": ("string", "length"),
    "LongTextArea": ("textarea", "length"),
    "TextArea": ("textarea", ""),
    "Checkbox": ("boolean", ""),
    "DateTime": ("datetime", ""),
    "Date": ("date", ""),
    "Number": ("double", ""),
    "Email": ("email", ""),
    "Phone": ("phone", ""),
    "Url": ("url", ""),
}
