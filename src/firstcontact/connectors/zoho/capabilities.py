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
    logs_as={
        "call": "call",
        "voicemail": "call",
        "sms": "task",
        "fax": "task",
        "email": "note",
        "meeting": "event",
    },
)
