"""What Zoho CRM offers (SPEC §3, "What each CRM requires")."""

from __future__ import annotations

from firstcontact.interactions.model import KINDS
from firstcontact.planning.capabilities import Capabilities

CAPABILITIES = Capabilities(
    kind="zoho",
    title="Zoho CRM",
    contact_required_for=frozenset({"sms"}),
    leads=True,
    log_on_lead=True,
    accounts=True,
    opportunities=True,
    files=frozenset(KINDS),
    # `Who_Id` is one contact.
    several_people_on_activity=False,
    lead_source=True,
    contact_fields=frozenset(
        {"title", "department", "seniority", "persona", "mobile", "mailing", "main_email"}
    ),
    merges_contacts=True,
    deletes_contact=True,
    marks_activities=True,
    # `Last_Activity_Time` is when anything touched the record, by the server's clock.
    last_activity=False,
    # Zoho tells that the loser of a merge is gone, and not into which record it went.
    merges=False,
    # Editions above the free one take at least so many (Zoho names 5 to 25; apis A4).
    requests_at_once=10,
    logs_as={
        "call": "call",
        "voicemail": "call",
        "sms": "task",
        "fax": "task",
        # Notes take no fields of ours, by which a repeated write would be known.
        "email": "task",
        "meeting": "event",
    },
)
