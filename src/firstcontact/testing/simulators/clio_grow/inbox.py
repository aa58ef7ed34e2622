"""Inbox leads: sent with the inbox token (Lead Inbox API) or by the platform API, then accepted by people.

apis A2, "Lead Inbox API": write-only, five fields required, nothing stops a second lead of the same person.
The statuses and the shape of a refusal are those that published clients read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firstcontact.testing.simulators.clio_grow.contacts import save_contact
from firstcontact.testing.simulators.clio_grow.errors import GrowError, InboxError, bad
from firstcontact.testing.simulators.clio_grow.practice import save_matter
from firstcontact.testing.simulators.clio_grow.state import Record, State

INBOX_TOKEN = "inbox-simulated"
UNTRIAGED, IGNORED, CONVERTED = "untriaged", "ignored", "converted"
STATES = (UNTRIAGED, IGNORED)
"""What a list of leads can be asked for."""
_FIELDS = {
    "from_first": "first_name",
    "from_last": "last_name",
    "from_message": "from_message",
    "from_email": "email",
    "from_phone": "phone_number",
    "referring_url": "referring_url",
    "from_source": "from_source",
}
"""Fields of the Lead Inbox, and what the platform API calls them."""
_REQUIRED = ("from_first", "from_last", "from_message", "referring_url", "from_source")
_SENT = ("from_message", "from_source", "referring_url")


def read_inbox_lead(body: Any) -> dict[str, Any]:
    """The fields of a body of the Lead Inbox. Raises GrowError 400, 401, InboxError."""
    if not isinstance(body, dict) or not set(body) <= {"inbox_lead_token", "inbox_lead"}:
        raise bad("the body is an object with inbox_lead_token and inbox_lead")
    if body.get("inbox_lead_token") != INBOX_TOKEN:
        raise GrowError(401, "the inbox token is not valid")
    lead = body.get("inbox_lead")
    if not isinstance(lead, dict):
        raise bad("inbox_lead must be an object")
    wrong = {name: "is not a field of a lead" for name in lead if name not in _FIELDS}
    wrong |= {name: "must be a text" for name, value in lead.items() if not isinstance(value, str | None)}
    wrong |= {name: "can't be blank" for name in _REQUIRED if not str(lead.get(name) or "").strip()}
    if wrong:
        raise InboxError(wrong)
    return {_FIELDS[name]: value for name, value in lead.items()}


def save_lead(state: State, data: Mapping[str, Any], *, by_app: bool) -> Record:
    """A new lead. by_app: our application sent it by the platform API, so that it may read it."""
    empty = dict.fromkeys(_FIELDS.values())
    record = state.add("inbox_leads", {**empty, **data, "state": UNTRIAGED, "by_app": by_app})
    _index(state, record)
    return record


def change_lead(state: State, record: Record, data: Mapping[str, Any]) -> None:
    """People change one."""
    record.values.update(data)
    state.touch(record)
    _index(state, record)


def _index(state: State, record: Record) -> None:
    values = record.values
    name = " ".join(values[part] for part in ("first_name", "last_name") if values[part])
    state.index(record, (name, values["email"], values["phone_number"]))


def lead_view(_state: State, record: Record) -> dict[str, Any]:
    """A lead, as it is read: without its message."""
    plain = ("first_name", "last_name", "email", "phone_number", "state")
    shown = {name: record.values[name] or None for name in plain}
    return {**record.base(), **shown, "marketing_source": None}


def created_view(state: State, record: Record) -> dict[str, Any]:
    """A lead, as whoever made it by the platform API is answered."""
    return {**lead_view(state, record), **{name: record.values[name] for name in _SENT}}


def inbox_view(record: Record) -> dict[str, Any]:
    """A lead in the words of the Lead Inbox, without an id (apis N: what it answers is not known)."""
    return {"inbox_lead": {name: record.values[field] for name, field in _FIELDS.items()}}


def accept(state: State, lead: Record) -> Record:
    """A person takes the lead on: a contact whose status is Unassigned, and, as the quirk says, a matter
    that names the lead. What it is that the lead's state becomes is not known."""
    values = lead.values
    given = {name: values[name] for name in ("first_name", "last_name")}
    emails = [values["email"]] if values["email"] else []
    phones = [values["phone_number"]] if values["phone_number"] else []
    contact = save_contact(state, None, {**given, "emails": emails, "phone_numbers": phones})
    change_lead(state, lead, {"state": CONVERTED, "contact": contact.id})
    if state.quirks.accepted == "matter":
        description = f"Intake of {given['first_name'] or ''} {given['last_name'] or ''}".strip()
        save_matter(state, None, {"client": contact.id, "description": description, "inbox_lead_id": lead.id})
    return contact
