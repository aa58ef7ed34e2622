"""What Clio Manage offers (SPEC §3, "What each CRM requires")."""

from __future__ import annotations

from firstcontact.planning.capabilities import Capabilities

CAPABILITIES = Capabilities(
    kind="clio",
    title="Clio Manage",
    # The search matches text as stored, so a number in another format is not found (apis A2).
    phone_search="index",
    matters=True,
    # Department, seniority and persona are custom fields of ours; a company is the id of another contact.
    contact_fields=frozenset(
        {"title", "department", "seniority", "persona", "mobile", "mailing", "main_email"}
    ),
    # No call merges: what is on the loser is moved piece by piece, and it is deleted (SPEC §9).
    merges_contacts=True,
    deletes_contact=True,
    marks_activities=True,
    # A contact has no owner and no date of its latest activity; a merged one is not found any more, and no
    # list names what was deleted (apis A2).
    contact_owners=False,
    last_activity=False,
    merges=False,
    deletions=False,
    time_entries=True,
    files=frozenset({"fax"}),
    # No idempotency key: a repeated create makes a second record; communications, calendar entries and
    # documents are searched by `external_properties`, contacts by a custom field.
    unique_create=False,
    # Per access token, in peak hours (apis A2).
    requests_per_minute=50,
    logs_as={
        "call": "communication",
        "voicemail": "communication",
        "sms": "communication",
        "fax": "communication",
        "email": "communication",
        "meeting": "calendar entry",
    },
)
