"""Matters, notes and users, as the platform API shows them (Clio's published description of Grow v2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstcontact.testing.simulators.clio_grow.contacts import name_of
from firstcontact.testing.simulators.clio_grow.state import Record, State

FIRM = {"id": 77, "firm_name": "A simulated firm"}

# --- matters -------------------------------------------------------------------------------------------


def matter_view(state: State, record: Record) -> dict[str, Any]:
    """A matter with who its client is. There is no filter by client: a contact names its matters."""
    values = record.values
    client = state.get("contacts", values["client"])
    summary = _client(client) if client else None
    return {
        **record.base(),
        "global_id": record.global_id,
        "clio_id": None,
        "description": values["description"],
        "status": values["status_category"].capitalize(),
        "status_category": values["status_category"],
        "inbox_lead_id": values["inbox_lead_id"],
        "hired_date": None,
        "is_locked": False,
        "location": None,
        "type": None,
        "client": summary,
        "primary_contact": summary,
        "matter_assignee_ids": [],
    }


def _client(contact: Record) -> dict[str, Any]:
    phones, emails, addresses = (contact.values[name] for name in ("phone_numbers", "emails", "addresses"))
    return {
        "id": contact.id,
        "full_name": name_of(contact),
        "phone_number": phones[0] if phones else None,
        "primary_email": emails[0] if emails else None,
        "address": addresses[0] if addresses else None,
    }


def save_matter(state: State, record: Record | None, data: Mapping[str, Any]) -> Record:
    """Opens or changes one; the API cannot, people can."""
    values = {"description": "Matter", "status_category": "intake", "inbox_lead_id": None, **data}
    if record is None:
        return state.add("matters", values)
    record.values.update(data)
    state.touch(record)
    return record


# --- notes ---------------------------------------------------------------------------------------------


def note_view(_state: State, record: Record) -> dict[str, Any]:
    """A note: neither whose it is nor what it is on is told."""
    return {**record.base(), "subject": record.values["subject"], "body": record.values["body"]}


def save_note(state: State, on: Record, data: Mapping[str, Any]) -> Record:
    """Makes one on a contact or a matter."""
    return state.add("notes", {**data, "on": (on.kind, on.id)})


# --- users ---------------------------------------------------------------------------------------------


def user_view(_state: State, record: Record) -> dict[str, Any]:
    """A user of the account; who has left is not among them."""
    values = record.values
    names = {part: values[part] or None for part in ("first_name", "last_name")}
    return {**record.base(), **names, "email": values["email"], "account": FIRM}


def add_user(state: State, name: str, email: str, active: bool = True) -> Record:
    """A user."""
    first, _, last = name.partition(" ")
    return state.add("users", {"first_name": first, "last_name": last, "email": email, "active": active})
