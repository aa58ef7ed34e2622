"""Matters: `prospects` in the API. One that is made is a potential new client, and sets off the firm's
automations (apis A3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from firstcontact.testing.simulators.lawmatics import handles, people
from firstcontact.testing.simulators.lawmatics.errors import invalid
from firstcontact.testing.simulators.lawmatics.kind import (
    Attribute,
    Derived,
    Kind,
    Linked,
    none,
    nothing,
    to_one,
    to_user,
)
from firstcontact.testing.simulators.lawmatics.setup import custom_by_id, custom_values, set_values, tag_ids
from firstcontact.testing.simulators.lawmatics.state import Automation, Record, State

STATUSES: Mapping[str, str] = {"pnc": "Pnc", "hired": "Hired", "lost": "Lost"}
"""`status` with the name that `sub_status` has where the firm has set up none."""
_CASE = ("case_title", "case_number", "case_blurb", "referring_url", "type_of_billing")
_UTM = ("utm_source", "utm_campaign", "utm_medium", "utm_term")
_CENTS = ("estimated_value_cents", "actual_value_cents", "lead_cost_cents")
_USERS = {
    "lead_attorney_id": "lead_attorney",
    "originating_attorney_id": "originating_attorney",
    "salesperson_id": "salesperson",
}
_PERSONAL = frozenset(people.PLAIN) | frozenset(people.PLACE) | {"email", "phone"}
"""Fields of a body that are the contact's."""


def _of_contact(name: str) -> Derived:
    def value(state: State, record: Record) -> Any:
        contact = state.get("contacts", record.values["contact"])
        return people.CONTACTS.value(state, contact, name) if contact is not None else None

    return value


def _save(state: State, record: Record | None, data: dict[str, Any], user: Record) -> Record:
    """Makes or changes a matter, and its contact with it. Raises LawmaticsError 422."""
    personal = {name: data[name] for name in data if name in _PERSONAL}
    if record is None:
        contact = _contact(state, data, personal, user)
        record = add_prospect(state, contact, _values(state, {}, data), user)
        to = handles.primary(state, contact, "email_addresses") or ""
        state.automations.append(Automation(prospect=str(record.id), to=to, at=state.clock()))
    else:
        held = state.get("contacts", record.values["contact"])
        if held is not None and personal:
            people.save_contact(state, held, personal, user)
        record.values.update(_values(state, record.values, data))
        state.touch(record)
    people.add_notes(state, data.get("notes") or (), ("prospect", record.id), user)
    return record


def add_prospect(state: State, contact: Record, values: Mapping[str, Any], user: Record) -> Record:
    """A new matter of a contact; status pnc where nothing else is said."""
    empty = {"status": "pnc", "custom": {}, "tags": [], "staff": [], **dict.fromkeys(_CENTS, 0)}
    return state.add("prospects", {**empty, "contact": contact.id, "created_by": user.id, **values})


def _values(state: State, before: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: data[name] for name in (*_CASE, *_UTM, *_CENTS) if name in data}
    for name, kind in {"practice_area_id": "practice_areas", **dict.fromkeys(_USERS, "users")}.items():
        if name in data:
            if data[name] is not None and state.get(kind, data[name]) is None:
                raise invalid(f"{name.removesuffix('_id')} must exist")
            values[_USERS.get(name, "practice_area")] = data[name]
    if "assigned_staff_ids" in data:
        values["staff"] = data["assigned_staff_ids"] or []
    custom = {"custom": before.get("custom", {})}
    set_values(state, custom, data.get("custom_fields") or (), "Prospect")
    tags = [*before.get("tags", ()), *tag_ids(state, data.get("tags") or ())]
    return {**values, **custom, "tags": list(dict.fromkeys(tags))}


def _contact(state: State, data: Mapping[str, Any], personal: dict[str, Any], user: Record) -> Record:
    """Whose matter it is: `contact_id`, or the first that `match_contact_by` finds, which is changed, or one
    that is made for it (apis A3, "Create prospect"). Raises LawmaticsError 422."""
    if data.get("contact_id") is not None:
        contact = state.get("contacts", data["contact_id"])
        if contact is None:
            raise invalid("Contact must exist")
        return people.save_contact(state, contact, personal, user) if personal else contact
    by = data.get("match_contact_by")
    if by is not None:
        found = _matched(state, (by,), personal)
        if found is not None:
            return people.save_contact(state, found, personal, user)
    elif state.quirks.matter_contacts == "matched":
        found = _matched(state, ("email", "phone"), personal)
        if found is not None:
            return found
    return people.save_contact(state, None, personal, user)


def _matched(state: State, names: tuple[str, ...], personal: Mapping[str, Any]) -> Record | None:
    """The first contact made whose value is the same. It is the database that is asked: it never lags."""
    for by in names:
        asked = _comparable(by, personal)
        if not asked:
            continue
        for contact in state.all("contacts"):
            if asked in _values_of(state, contact, by):
                return contact
    return None


def _comparable(by: str, personal: Mapping[str, Any]) -> str:
    if by == "name":
        return " ".join(personal.get(name) or "" for name in ("first_name", "last_name")).strip().casefold()
    text = personal.get(by) or ""
    return handles.digits(text) if by == "phone" else text.casefold()


def _values_of(state: State, contact: Record, by: str) -> list[str]:
    if by == "name":
        return [_comparable("name", contact.values)]
    if by == "phone":
        return [handles.digits(one) for one in handles.infos(state, contact, "phone_numbers")]
    return [one.casefold() for one in handles.infos(state, contact, "email_addresses")]


def _handles(sort: handles.Sort, type: str) -> Any:
    def linked(state: State, record: Record) -> Linked:
        contact = state.get("contacts", record.values["contact"])
        return [(type, one.id) for one in handles.held(state, contact, sort)] if contact is not None else []

    return linked


def _standing(kind: str, type: str) -> Any:
    """Records of a kind that stand on this matter."""
    return lambda state, record: [
        (type, one.id) for one in state.all(kind) if one.values.get("owner") == ("prospect", record.id)
    ]


_BODY: Mapping[str, Any] = {
    **people.BODY,
    **dict.fromkeys((*_CASE, *_UTM), "text"),
    **dict.fromkeys(_CENTS, "id"),
    **dict.fromkeys(_USERS, "id"),
    "practice_area_id": "id",
    "assigned_staff_ids": ["id"],
}
_PERSON = tuple(people.PERSON)
_ATTRIBUTES: dict[str, Attribute] = {
    "first_name": "text",
    "last_name": "text",
    "case_title": "text",
    "case_number": "text",
    "case_blurb": "text",
    "status": "text",
    "type_of_billing": "text",
    **people.PERSON,
    **dict.fromkeys(people.PLACE, "text"),
    **dict.fromkeys(("address", "full_address", "full_street", "city_state_zip"), "text"),
    "sub_status": "text",
    "referring_url": "text",
    **dict.fromkeys(_CENTS, "number"),
    "converted_date": "time",
    "statute_of_limitations": "text",
    **dict.fromkeys(_UTM, "text"),
    "custom_fields": "whole",
    "custom_field_values": "whole",
    "created_at": "time",
    "updated_at": "time",
    "last_contacted_date": "time",
}
_RELATIONS: Mapping[str, Callable[[State, Record], Linked]] = {
    "source": none,
    "stage": none,
    "campaign": none,
    "practice_area": to_one("practice_area", "practice_areas", "practice_area"),
    "salesperson": to_user("salesperson"),
    "lead_attorney": to_user("lead_attorney"),
    "originating_attorney": to_user("originating_attorney"),
    "owned_by": none,
    "created_by": to_user("created_by"),
    "contact": to_one("contact", "contacts", "contact"),
    "company": none,
    "assigned_staff": lambda state, record: [
        ("user", id) for id in record.values["staff"] if state.get("users", id)
    ],
    "events": _standing("events", "event"),
    "file_requests": nothing,
    "documents": _standing("files", "file"),
    "notes": _standing("notes", "note"),
    "tasks": nothing,
    "emails": _handles("email_addresses", "email_address"),
    "phone_numbers": _handles("phone_numbers", "phone_number"),
    "addresses": nothing,
    "invoices": nothing,
    "tags": lambda state, record: [("tag", id) for id in record.values["tags"] if state.get("tags", id)],
    "relationships": nothing,
}
PROSPECTS = Kind(
    path="prospects",
    type="prospect",
    what="Prospect",
    link="/v1/prospect",
    attributes=_ATTRIBUTES,
    shown=("first_name", "last_name", "email", "phone", "created_at", "updated_at"),
    saved=tuple(_ATTRIBUTES),
    relations=_RELATIONS,
    saved_related=tuple(_RELATIONS),
    derived={
        **{name: _of_contact(name) for name in (*_PERSON, *people.PLACE)},
        "sub_status": lambda _state, record: STATUSES[record.values["status"]],
        "custom_fields": custom_values,
        "custom_field_values": custom_by_id,
        "last_contacted_date": _of_contact("date_of_last_contact"),
    },
    links={
        "contact_id": lambda _state, record: record.values["contact"],
        "practice_area_id": lambda _state, record: record.values.get("practice_area"),
    },
    create={**_BODY, "contact_id": "id", "match_contact_by": ("phone", "email", "name")},
    update=_BODY,
    save=_save,
    remove=lambda state, record: state.remove(record),
    finders=True,
)
"""`/prospects` and its finders (apis A3, "Create prospect")."""
