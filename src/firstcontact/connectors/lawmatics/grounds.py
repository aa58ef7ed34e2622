"""What the connector to Lawmatics rests on (apis A3, N, and the API that Lawmatics publishes as a
collection)."""

from __future__ import annotations

from firstcontact.connectors.grounds import Ground

LIMITS = {
    "requests": "50 a minute for each firm; the help centre says 150",
    "records in a page": "25",
    "filters in a request": "1",
    "files": "1 GB",
}

GROUNDS = (
    Ground("contact", "What a contact that was made, or found by its number, is answered as.", "recording"),
    Ground("interaction and note", "What they are sent and answered as, on a matter.", "recording"),
    Ground("matter", "Made from a contact that is matched; its status is pnc.", "recording"),
    Ground(
        "login",
        "A token never ends, has no scopes, and cannot be renewed or taken back by the API.",
        "document",
    ),
    Ground(
        "lists", "25 a page, one filter, an order; `meta` counts pages, the links lead nowhere.", "document"
    ),
    Ground(
        "people", "A matter wraps a contact, whose `contact_type` is PNC while nothing was hired.", "document"
    ),
    Ground("numbers and addresses", "All but the main ones are records of their own.", "document"),
    Ground("names of further numbers", "Whether a contact's row names them.", "unverified"),
    Ground("time of a change", "Whether a number of its own moves the contact's `updated_at`.", "unverified"),
    Ground("finders", "They name the first record that matches, never several.", "document"),
    Ground("not found", "Whether a finder answers 404, or 200 without data.", "unverified"),
    Ground(
        "search by phone",
        "By digits, with and without the leading 1, is said of companies only.",
        "unverified",
    ),
    Ground(
        "part of a number", "The lists of numbers and addresses can be filtered by a pattern.", "document"
    ),
    Ground("notes on contacts", "Whether they are taken; on matters they are.", "unverified"),
    Ground("events on contacts", "Whether they are taken; on matters they are.", "unverified"),
    Ground(
        "changing an event",
        "Whether `PUT` is offered; no activity is moved to another person or matter by it.",
        "unverified",
    ),
    Ground("invitations", "`send_invites` is true where it is not said to be false.", "document"),
    Ground("automations", "A new matter sets them off; they write to the client.", "document"),
    Ground("time entries", "A multipart form; the duration is in hours.", "document"),
    Ground("inactive users", "Who has not accepted the invitation has no `confirmed_at`.", "unverified"),
    Ground("deletions and merges", "No list names them; a deleted record is 404.", "document"),
    Ground(
        "keys",
        "No idempotence key; custom fields cannot be filtered by, texts of activities can.",
        "document",
    ),
    Ground("limit", "429 has `Retry-After: 60`, and no header tells what is left.", "document"),
)
