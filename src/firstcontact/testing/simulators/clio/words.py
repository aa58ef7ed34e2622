"""Names that Clio's API knows: fields of what is answered, and of what is sent (apis A2, Clio Manage).

A type has plain fields and nested ones, which are of another type. `X_base` has no nested ones. These are
facts out of Clio's specification, as far as they are simulated; a test compares them with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class Shape(msgspec.Struct, frozen=True):
    """What can be asked for of a type: plain fields, and nested ones with their type."""

    plain: frozenset[str]
    nested: Mapping[str, str] = {}
    default: tuple[str, ...] = ("id", "etag")


def _shape(plain: str, default: tuple[str, ...] = ("id", "etag"), **nested: str) -> Shape:
    return Shape(frozenset(plain.split()), nested, default)


_CONTACT = (
    "id etag name first_name middle_name last_name date_of_birth type created_at updated_at prefix title "
    "initials primary_email_address secondary_email_address primary_phone_number secondary_phone_number "
    "ledes_client_id is_client sales_tax_number"
)
_MATTER = (
    "id etag number display_number custom_number description status location client_reference client_id "
    "billable open_date close_date pending_date created_at updated_at"
)
_USER = (
    "id etag account_owner name first_name last_name initials email enabled phone_number roles "
    "subscription_type time_zone default_calendar_id created_at updated_at"
)
_COMMUNICATION = "id etag subject body type date time_entries_count created_at updated_at received_at"
_ACTIVITY = (
    "id etag type date quantity quantity_in_hours note price total non_billable no_charge billed on_bill "
    "created_at updated_at"
)
_CALENDAR_ENTRY = (
    "id etag summary description location start_at end_at all_day recurrence_rule created_at updated_at "
    "calendar_owner_id time_entries_count"
)
_NOTE = "id etag type subject detail detail_text_type date created_at updated_at time_entries_count"
_TASK = "id etag name"
_DOCUMENT = "id etag created_at updated_at deleted_at type locked name received_at filename size content_type"
_VERSION = (
    "id document_id etag uuid created_at updated_at filename size version_number content_type received_at "
    "put_url fully_uploaded"
)
_CUSTOM_FIELD = (
    "id etag created_at updated_at name parent_type field_type displayed deleted required display_order"
)
_ADDRESS = "id etag street city province postal_code country name created_at updated_at"
_RELATIONSHIP = "id etag description created_at updated_at"

SHAPES: Mapping[str, Shape] = {
    "Contact_base": _shape(_CONTACT),
    "Contact": _shape(
        _CONTACT,
        addresses="Address_base",
        custom_field_values="CustomFieldValue",
        email_addresses="EmailAddress_base",
        instant_messengers="InstantMessenger_base",
        phone_numbers="PhoneNumber_base",
        web_sites="WebSite_base",
        company="Contact_base",
        primary_address="Address_base",
        secondary_address="Address_base",
    ),
    "PhoneNumber_base": _shape("id etag number name primary default_number created_at updated_at"),
    "PhoneNumber": _shape("id etag number name primary default_number created_at updated_at"),
    "EmailAddress_base": _shape("id etag address name primary default_email created_at updated_at"),
    "EmailAddress": _shape("id etag address name primary default_email created_at updated_at"),
    "Address_base": _shape(_ADDRESS),
    "InstantMessenger_base": _shape("id etag name address created_at updated_at"),
    "WebSite_base": _shape("id etag address name created_at updated_at"),
    "CustomFieldValue": _shape(
        "id etag field_name created_at updated_at field_type field_required field_displayed value",
        custom_field="CustomField",
    ),
    "CustomField": _shape(_CUSTOM_FIELD),
    "User": _shape(_USER),
    "User_base": _shape(_USER),
    "Matter_base": _shape(_MATTER),
    "Matter": _shape(
        _MATTER,
        client="Contact_base",
        custom_field_values="CustomFieldValue",
        relationships="Relationship_base",
        responsible_attorney="User_base",
        originating_attorney="User_base",
        user="User_base",
    ),
    "Relationship_base": _shape(_RELATIONSHIP),
    "Relationship": _shape(_RELATIONSHIP, matter="Matter_base", contact="Contact_base"),
    "Participant": _shape("id etag type identifier secondary_identifier enabled name initials"),
    "ExternalProperty_base": _shape("id etag name value created_at updated_at"),
    "Communication_base": _shape(_COMMUNICATION),
    "Communication": _shape(
        _COMMUNICATION,
        user="User_base",
        matter="Matter_base",
        senders="Participant",
        receivers="Participant",
        external_properties="ExternalProperty_base",
        time_entries="Activity_base",
        documents="Document_base",
    ),
    "Activity_base": _shape(_ACTIVITY),
    "Activity_CalendarEntry_base": _shape("id etag calendar_owner_id"),
    "Activity": _shape(
        _ACTIVITY,
        communication="Communication_base",
        calendar_entry="Activity_CalendarEntry_base",
        matter="Matter_base",
        matter_note="Note_base",
        contact_note="Note_base",
        user="User_base",
    ),
    "Calendar_base": _shape("id etag name type created_at updated_at"),
    "Attendee_base": _shape("id etag type name enabled email"),
    "CalendarEntry": _shape(
        _CALENDAR_ENTRY,
        time_entries="Activity_base",
        matter="Matter_base",
        calendar_owner="Calendar_base",
        attendees="Attendee_base",
        external_properties="ExternalProperty_base",
    ),
    "Note_base": _shape(_NOTE),
    "Task_base": _shape(_TASK),
    "Note": _shape(_NOTE, matter="Matter_base", contact="Contact_base", author="User_base"),
    "Document_base": _shape(_DOCUMENT),
    "ClioCreator_base": _shape("id etag name type"),
    "MultipartHeader_base": _shape("name value", default=("name", "value")),
    "DocumentVersion": _shape(_VERSION, put_headers="MultipartHeader_base"),
    "Document": _shape(
        _DOCUMENT,
        matter="Matter_base",
        contact="Contact_base",
        creator="ClioCreator_base",
        latest_document_version="DocumentVersion",
        external_properties="ExternalProperty_base",
    ),
    "Webhook": _shape(
        "id etag url fields shared_secret model status events expires_at created_at updated_at",
        user="User_base",
    ),
}

FROM_CLIENTS: Mapping[str, frozenset[str]] = {
    "PhoneNumber_base": frozenset({"default_number"}),
    "PhoneNumber": frozenset({"default_number"}),
    "EmailAddress_base": frozenset({"default_email"}),
    "EmailAddress": frozenset({"default_email"}),
}
"""Fields that published clients read and apis A2 names, though the specification has `primary` instead."""

# --- what is sent --------------------------------------------------------------------------------------

Kind = str | tuple[str, ...] | Mapping[str, Any] | list[Any]
"""A kind of value: `text line int value_id bool number date time any`, one of several texts, an object, a
list of objects. A name with `*` in front of it is required where a record is made."""

PHONE_NAMES = ("Work", "Home", "Mobile", "Fax", "Pager", "Skype", "Other")
EMAIL_NAMES = ("Work", "Home", "Other")
_ID = {"id": "int"}
_PART = {"id": "int", "_destroy": "bool"}
_PARTICIPANT = {"id": "int", "type": ("User", "Contact"), "_deleted": "bool"}
_SUBSCRIBER = {"user_id": "any"}
_PROPERTY = {"name": "text", "value": "text"}
FIELD_TYPES = (
    "checkbox",
    "contact",
    "currency",
    "date",
    "time",
    "email",
    "matter",
    "numeric",
    "picklist",
    "text_area",
    "text_line",
    "url",
)


def _contact(part: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Kind]:
    street = dict.fromkeys(("street", "city", "province", "postal_code", "country"), "line")
    return {
        "addresses": [{"name": ("Work", "Home", "Billing", "Other"), **street, **part}],
        "company": _ID,
        "custom_field_values": [value],
        "date_of_birth": "date",
        "email_addresses": [{"name": EMAIL_NAMES, "address": "line", "default_email": "bool", **part}],
        "first_name": "line",
        "instant_messengers": [{"name": ("Work", "Personal", "Other"), "address": "line", **part}],
        "last_name": "line",
        "ledes_client_id": "line",
        "middle_name": "line",
        "name": "line",
        "phone_numbers": [{"name": PHONE_NAMES, "number": "line", "default_number": "bool", **part}],
        "prefix": "line",
        "sales_tax_number": "line",
        "title": "line",
        "web_sites": [
            {
                "name": ("Work", "Personal", "Twitter", "Facebook", "LinkedIn", "Instant Messenger", "Other"),
                "address": "line",
                "default_web_site": "bool",
                **part,
            }
        ],
    }


def _matter(part: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Kind]:
    return {
        "billable": "bool",
        "client_reference": "line",
        "close_date": "date",
        "custom_field_values": [value],
        "display_number": "line",
        "location": "line",
        "open_date": "date",
        "originating_attorney": _ID,
        "pending_date": "date",
        "relationships": [{"description": "text", "contact": _ID, **part}],
        "responsible_attorney": _ID,
        "status": ("open", "closed", "pending"),
    }


_NEW_VALUE = {"*value": "any", "*custom_field": {"*id": "int"}}
_VALUE = {"value": "any", "custom_field": _ID, "id": "value_id", "_destroy": "bool"}
_COMMUNICATION_BODY: Mapping[str, Kind] = {
    "date": "date",
    "matter": _ID,
    "received_at": "time",
    "senders": [_PARTICIPANT],
    "receivers": [_PARTICIPANT],
}
_COMMUNICATION_TYPES = ("PhoneCommunication", "EmailCommunication")
_EVENTS = ("created", "updated", "deleted", "matter_opened", "matter_pended", "matter_closed")
_MODELS = (
    "activity",
    "bill",
    "calendar_entry",
    "clio_payments_payment",
    "communication",
    "contact",
    "document",
    "folder",
    "matter",
    "task",
)
_PARENTS = ("Document", "Folder", "Contact", "Matter")
_ACTIVITY_BODY: Mapping[str, Kind] = {
    "calendar_entry": _ID,
    "communication": _ID,
    "contact_note": _ID,
    "matter": _ID,
    "matter_note": _ID,
    "no_charge": "bool",
    "non_billable": "bool",
    "note": "text",
    "price": "number",
    "quantity": "number",
    "user": _ID,
}
_CALENDAR_BODY: Mapping[str, Kind] = {
    "all_day": "bool",
    "attendees": [{"id": "int", "type": ("Contact", "Calendar"), "_destroy": "bool"}],
    "description": "text",
    "location": "line",
    "matter": _ID,
    "send_email_notification": "bool",
}

CREATE: Mapping[str, Mapping[str, Kind]] = {
    "contacts": {**_contact({}, _NEW_VALUE), "*type": ("Person", "Company")},
    "communications": {
        **_COMMUNICATION_BODY,
        "*subject": "line",
        "*body": "text",
        "*type": _COMMUNICATION_TYPES,
        "external_properties": [_PROPERTY],
        "notification_event_subscribers": [{"*user_id": "any"}],
    },
    "matters": {
        **_matter({}, _NEW_VALUE),
        "*client": {"*id": "int"},
        "*description": "text",
        "relationships": [{"*description": "text", "*contact": {"*id": "int"}}],
    },
    "activities": {**_ACTIVITY_BODY, "*date": "date", "*type": ("TimeEntry",)},
    "calendar_entries": {
        **_CALENDAR_BODY,
        "*calendar_owner": {"*id": "int"},
        "*start_at": "time",
        "*end_at": "time",
        "*summary": "line",
        "external_properties": [_PROPERTY],
    },
    "notes": {
        "contact": _ID,
        "matter": _ID,
        "date": "date",
        "detail": "text",
        "detail_text_type": ("plain_text", "rich_text"),
        "notification_event_subscribers": [{"*user_id": "any"}],
        "subject": "line",
        "*type": ("Matter", "Contact"),
    },
    "relationships": {"contact": _ID, "matter": _ID, "description": "text"},
    "custom_fields": {
        "display_order": "int",
        "displayed": "bool",
        "*field_type": FIELD_TYPES,
        "*name": "line",
        "*parent_type": ("Contact", "Matter"),
        "required": "bool",
    },
    "webhooks": {
        "events": [_EVENTS],
        "expires_at": "time",
        "*fields": "text",
        "*model": _MODELS,
        "*url": "text",
    },
    "documents": {
        "communication_id": "int",
        "content_type": "line",
        "external_properties": [_PROPERTY],
        "filename": "line",
        "*name": "line",
        "*parent": {"*id": "int", "*type": _PARENTS},
        "received_at": "time",
    },
}
UPDATE: Mapping[str, Mapping[str, Kind]] = {
    "contacts": {**_contact(_PART, _VALUE), "type": ("Person", "Company")},
    "communications": {
        **_COMMUNICATION_BODY,
        "subject": "line",
        "body": "text",
        "type": _COMMUNICATION_TYPES,
        "external_properties": [{**_PROPERTY, **_PART}],
        "notification_event_subscribers": [{**_SUBSCRIBER, **_PART}],
    },
    "matters": {**_matter(_PART, _VALUE), "client": _ID, "description": "text"},
    "calendar_entries": {
        **_CALENDAR_BODY,
        "calendar_owner": _ID,
        "start_at": "time",
        "end_at": "time",
        "summary": "line",
        "external_properties": [{**_PROPERTY, **_PART}],
    },
    "webhooks": {
        "events": [_EVENTS],
        "expires_at": "time",
        "fields": "text",
        "model": _MODELS,
        "url": "text",
    },
    "documents": {
        "communication_id": "int",
        "external_properties": [{**_PROPERTY, **_PART}],
        "fully_uploaded": "bool",
        "name": "line",
        "parent": {"id": "int", "type": _PARENTS},
        "received_at": "time",
        "uuid": "text",
    },
}
