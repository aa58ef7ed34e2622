"""What Microsoft Dynamics 365 offers (SPEC §3, "What each CRM requires")."""

from __future__ import annotations

from firstcontact.interactions.model import KINDS
from firstcontact.planning.capabilities import Capabilities

CAPABILITIES = Capabilities(
    kind="dynamics",
    title="Microsoft Dynamics 365",
    contact_required_for=frozenset({"sms"}),
    leads=True,
    log_on_lead=True,
    accounts=True,
    opportunities=True,
    # Its case.
    matters=True,
    files=frozenset(KINDS),
    # A column of ours: its own one holds choices only.
    lead_source=True,
    contact_fields=frozenset(
        {"title", "department", "seniority", "persona", "mobile", "mailing", "main_email"}
    ),
    merges_contacts=True,
    deletes_contact=True,
    marks_activities=True,
    # No column of a contact tells when its latest activity was.
    last_activity=False,
    applies_together=True,
    # 52 at once are allowed to a user; people who work under the same login need some.
    requests_at_once=40,
    logs_as={
        "call": "phonecall",
        "voicemail": "phonecall",
        "sms": "task",
        "fax": "fax",
        "email": "email",
        "meeting": "appointment",
    },
)
