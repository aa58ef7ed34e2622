"""What the account holds, in the words of a scenario (`expect.crm`)."""

from __future__ import annotations

from typing import Any

from firstcontact.testing.simulators.clio_grow.contacts import name_of
from firstcontact.testing.simulators.clio_grow.ours import read_ours
from firstcontact.testing.simulators.clio_grow.state import Record, State

LEAD = "lead:"
"""What stands before the id of an inbox lead, so that it is told from a contact's."""
_NOWHERE = dict.fromkeys(("title", "company", "account", "owner", "contact_type", "last_activity_at"), None)


def dumped(state: State) -> dict[str, list[dict[str, Any]]]:
    """Everything; companies are left out, and notes that no connector of ours made are activities too."""
    people = [one for one in state.all("contacts") if one.values["type"] == "Person"]
    return {
        "contacts": [_contact(one) for one in people],
        "leads": [_lead(one) for one in state.all("inbox_leads")],
        "accounts": [],
        "opportunities": [],
        "contact_roles": [],
        "matters": [_matter(one) for one in state.all("matters")],
        "activities": [_activity(state, one) for one in state.all("notes")],
        "time_entries": [],
        "documents": [],
        "users": [_user(one) for one in state.all("users")],
    }


def _contact(record: Record) -> dict[str, Any]:
    """Clio has no place for our marks on a contact."""
    values = record.values
    return {
        **_NOWHERE,
        "id": str(record.id),
        "name": name_of(record) or None,
        **{name: values.get(name) or None for name in ("first_name", "last_name")},
        "emails": list(values["emails"]),
        "phones": list(values["phone_numbers"]),
        "country": next((one.get("country") for one in values["addresses"]), None),
        "lead_source": None,
        "converted_to": None,
        "status": values["status"],
        "active": True,
        "created_at": record.created,
        "placeholder": False,
        "created_by_us": False,
        "interaction": None,
        "edited_by_person": bool(values.get("edited_by_person")),
    }


def _lead(record: Record) -> dict[str, Any]:
    """An inbox lead: one address and one number, further ones in our footer."""
    values = record.values
    ours = read_ours(values["from_message"])
    names = [values[part] for part in ("first_name", "last_name") if values[part]]
    emails = [values["email"], *(text for text in ours.also if "@" in text)]
    phones = [values["phone_number"], *(text for text in ours.also if "@" not in text)]
    contact = values.get("contact")
    return {
        **_NOWHERE,
        "id": f"{LEAD}{record.id}",
        "name": " ".join(names) or None,
        **{name: values[name] or None for name in ("first_name", "last_name")},
        "emails": [text for text in emails if text],
        "phones": [text for text in phones if text],
        "country": None,
        "lead_source": values["from_source"],
        "converted_to": str(contact) if contact else None,
        "status": values["state"],
        "active": True,
        "created_at": record.created,
        "message": ours.text,
        "placeholder": False,
        "created_by_us": ours.marked,
        "interaction": ours.lines.get("interaction"),
        "edited_by_person": bool(values.get("edited_by_person")),
    }


def _activity(state: State, record: Record) -> dict[str, Any]:
    """A note and its footer: on a contact, or on a matter and so on its client."""
    kind, on = record.values["on"]
    ours = read_ours(record.values["body"])
    outcome, seconds = ours.result
    matter = str(on) if kind == "matters" else ours.lines.get("matter")
    held = state.get("matters", int(matter)) if matter and matter.isdigit() else None
    contact = on if kind == "contacts" else (held.values["client"] if held else None)
    return {
        "id": str(record.id),
        "kind": ours.lines.get("kind", "note"),
        "interactions": ours.interactions,
        "direction": ours.lines.get("direction"),
        "outcome": outcome,
        "seconds": seconds,
        "at": ours.at(record.created),
        "subject": record.values["subject"],
        "body": ours.text,
        "contacts": [str(contact)] if state.get("contacts", contact) else [],
        "leads": [],
        "matter": matter if held else None,
        "recording": ours.lines.get("recording"),
        "transcript": ours.lines.get("transcript"),
        **dict.fromkeys(("account", "opportunity", "user")),
    }


def _matter(record: Record) -> dict[str, Any]:
    values = record.values
    return {
        "id": str(record.id),
        "contact": str(values["client"]),
        "name": values["description"],
        "open": values["status_category"] != "declined",
        "opened_at": record.created,
    }


def _user(record: Record) -> dict[str, Any]:
    values = record.values
    return {
        "id": str(record.id),
        "name": f"{values['first_name']} {values['last_name']}".strip(),
        "email": values["email"],
        "active": values["active"],
    }
