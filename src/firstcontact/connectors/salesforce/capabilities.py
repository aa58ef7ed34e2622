"""What Salesforce offers (SPEC §3, "What each CRM requires")."""

from __future__ import annotations

from firstcontact.interactions.model import KINDS
from firstcontact.planning.capabilities import Capabilities

CAPABILITIES = Capabilities(
    kind="salesforce",
    title="Salesforce",
    leads=True,
    log_on_lead=True,
    accounts=True,
    opportunities=True,
    contact_roles=True,
    # Its case.
    matters=True,
    files=frozenset(KINDS),
    lead_source=True,
    contact_fields=frozenset(
        {"title", "department", "seniority", "persona", "mobile", "mailing", "main_email"}
    ),
    merges_contacts=True,
    deletes_contact=True,
    marks_activities=True,
    # Tasks have a date, no time; it tells the latest of them.
    last_activity_day=True,
    # Many workers at once are fine; what counts is the day's quota, which answers tell.
    requests_at_once=20,
    applies_together=True,
    logs_as={
        "call": "Task",
        "voicemail": "Task",
        "sms": "Task",
        "fax": "Task",
        "email": "EmailMessage",
        "meeting": "Event",
    },
)
