"""Events, which invite people unless they are told not to (apis A3, "Meeting")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstcontact.testing.simulators.lawmatics import handles
from firstcontact.testing.simulators.lawmatics.errors import invalid
from firstcontact.testing.simulators.lawmatics.feed import tell
from firstcontact.testing.simulators.lawmatics.kind import Kind, Linked, to_owner
from firstcontact.testing.simulators.lawmatics.people import attendee
from firstcontact.testing.simulators.lawmatics.state import Invitation, Record, State

_EVENT = (
    "name",
    "description",
    "start_date",
    "end_date",
    "all_day",
    "time_zone",
    "reminder_type",
    "reminder_delay_length",
    "send_invites",
)


def _save_event(state: State, record: Record | None, data: dict[str, Any], user: Record) -> Record:
    """Invitations go out unless `send_invites` is false, which is not what it is by default (apis A3,
    "Meeting"). Raises LawmaticsError 422."""
    before = record.values if record else {"send_invites": True, "all_day": False, "users": [], "owner": None}
    values = {**before, **{name: data[name] for name in _EVENT if name in data}}
    heeded = record is None or handles.moved(state, data, "eventable_type", "eventable_id")
    if heeded and data.get("eventable_type"):
        type = {"client": "contact"}.get(data["eventable_type"], data["eventable_type"])
        values["owner"] = handles.resolve(state, type, data.get("eventable_id"))
    for id in data.get("user_ids") or ():
        if state.get("users", id) is None:
            raise invalid("User must exist")
    values["users"] = values["users"] if data.get("user_ids") is None else data["user_ids"]
    if data.get("event_type_id") is not None and state.get("event_types", data["event_type_id"]) is None:
        raise invalid("Event type must exist")
    if record is None and data.get("event_type_id") is None and state.quirks.event_type == "required":
        raise invalid("Event type can't be blank")
    values["event_type_id"] = data.get("event_type_id", values.get("event_type_id"))
    if values["end_date"] < values["start_date"]:
        raise invalid("End date must be after start date")
    made = record is None
    record = record or state.add("events", {"created_by": user.id})
    record.values.update(values)
    state.touch(record)
    if "description" in data or made:
        record.values["description"] = _with_phone(state, record)
    if made:
        tell(state, "event.create", record, user, {"name": values.get("name")})
    if values["send_invites"] is not False:
        _mail(state, record, "invited")
    return record


def _with_phone(state: State, record: Record) -> str | None:
    """Lawmatics puts the number behind what was sent, as its published answers show (quirk)."""
    description: str | None = record.values.get("description")
    contact = attendee(state, record)
    phone = handles.primary(state, contact, "phone_numbers") if contact is not None else None
    if not phone or state.quirks.event_phone == "not" or f"Matter Phone: {phone}" in (description or ""):
        return description
    return f"{description or ''}\n\nMatter Phone: {phone}"


def _mail(state: State, record: Record, about: str) -> None:
    contact = attendee(state, record)
    address = handles.primary(state, contact, "email_addresses") if contact is not None else None
    users = [one for id in record.values["users"] if (one := state.get("users", id)) is not None]
    for to in [*([address] if address else []), *(one.values["email"] for one in users)]:
        state.invitations.append(Invitation(event=str(record.id), to=to, about=about))


def cancel(state: State, record: Record, notify: bool) -> None:
    """An event is cancelled, and those who were invited are told where that is asked for."""
    if notify:
        _mail(state, record, "cancelled")
    state.remove(record)


def _event_users(state: State, record: Record) -> Linked:
    return [("user", id) for id in record.values["users"] if state.get("users", id) is not None]


_EVENT_BODY: Mapping[str, Any] = {
    "name": "text",
    "description": "text",
    "start_date": "time",
    "end_date": "time",
    "all_day": "flag",
    "user_ids": ["id"],
    "eventable_type": ("prospect", "contact", "client"),
    "eventable_id": "id",
    "event_type_id": "id",
    "location_id": "id",
    "time_zone": "text",
    "send_invites": "flag",
    "reminder_type": ("minutes", "hours", "days", "weeks", "months"),
    "reminder_delay_length": "id",
}
_EVENT_NEEDS = frozenset({"name", "start_date", "end_date"})
EVENTS = Kind(
    path="events",
    type="event",
    what="Event",
    attributes={
        "name": "text",
        "description": "text",
        "time_zone": "text",
        "start_date": "time",
        "end_date": "time",
        "all_day": "flag",
        "reminder_type": "text",
        "reminder_delay_length": "number",
        "reminder_sent": "flag",
        "location": "whole",
        "send_invites": "flag",
        "event_type_id": "number",
        "attendee_name": "text",
        "attendee_email": "text",
        "attendee_phone": "text",
        "created_at": "time",
        "updated_at": "time",
    },
    shown=(
        "name",
        "description",
        "time_zone",
        "start_date",
        "end_date",
        "all_day",
        "reminder_type",
        "reminder_delay_length",
        "reminder_sent",
        "location",
        "send_invites",
        "event_type_id",
    ),
    relations={
        "eventable": to_owner,
        "users": _event_users,
        "event_type": lambda _state, record: (
            ("event_type", record.values["event_type_id"]) if record.values.get("event_type_id") else None
        ),
    },
    related=("eventable", "users", "event_type"),
    derived={"reminder_sent": lambda _state, _record: False, "location": lambda _state, _record: None},
    owner="eventable",
    create={f"*{name}" if name in _EVENT_NEEDS else name: kind for name, kind in _EVENT_BODY.items()},
    update=_EVENT_BODY,
    save=_save_event,
    remove=lambda state, record: cancel(state, record, False),
)
"""`/events` (apis A3, "Meeting")."""
