"""What the connector to Lawmatics rests on (apis A3, N, and the API that Lawmatics publishes as a
collection)."""

from __future__ import annotations

from firstcontact.connectors.evidence import Evidence

LIMITS = {
    "requests": "50 a minute for each firm; the help centre says 150",
    "records in a page": "25",
    "filters in a request": "1",
    "files": "1 GB",
}

EVIDENCE = (
    Evidence("contact", "What a contact that was made, or found by its number, is answered as.", "recording"),
    Evidence("interaction and note", "What they are sent and answered as, on a matter.", "recording"),
    Evidence("matter", "Made from a contact that is matched; its status is pnc.", "recording"),
    Evidence(
        "login",
        "A token never ends, has no scopes, and cannot be renewed or taken back by the API.",
        "document",
    ),
    Evidence(
        "lists", "25 a page, one filter, an order; `meta` counts pages, the links lead nowhere.", "document"
    ),
    Evidence(
        "people", "A matter wraps a contact, whose `contact_type` is PNC while nothing was hired.", "document"
    ),
    Evidence("numbers and addresses", "All but the main ones are records of their own.", "document"),
    Evidence("names of further numbers", "Whether a contact's row names them.", "unverified"),
    Evidence(
        "time of a change", "Whether a number of its own moves the contact's `updated_at`.", "unverified"
    ),
    Evidence("finders", "They name the first record that matches, never several.", "document"),
    Evidence("not found", "Whether a finder answers 404, or 200 without data.", "unverified"),
    Evidence(
        "search by phone",
        "By digits, with and without the leading 1, is said of companies only.",
        "unverified",
    ),
    Evidence(
        "part of a number", "The lists of numbers and addresses can be filtered by a pattern.", "document"
    ),
    Evidence("notes on contacts", "Whether they are taken; on matters they are.", "unverified"),
    Evidence("events on contacts", "Whether they are taken; on matters they are.", "unverified"),
    Evidence(
        "changing an event",
        "Whether `PUT` is offered; no activity is moved to another person or matter by it.",
        "unverified",
    ),
    Evidence("invitations", "`send_invites` is true where it is not said to be false.", "document"),
    Evidence("automations", "A new matter sets them off; they write to the client.", "document"),
    Evidence("time entries", "A multipart form; the duration is in hours.", "document"),
    Evidence("inactive users", "Who has not accepted the invitation has no `confirmed_at`.", "unverified"),
    Evidence("deletions and merges", "No list names them; a deleted record is 404.", "document"),
    Evidence(
        "keys",
        "No idempotence key; custom fields cannot be filtered by, texts of activities can.",
        "document",
    ),
    Evidence("limit", "429 has `Retry-After: 60`, and no header tells what is left.", "document"),
)
