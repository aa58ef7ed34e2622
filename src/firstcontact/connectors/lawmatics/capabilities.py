"""What Lawmatics offers (SPEC §3, "What each CRM requires")."""

from __future__ import annotations

from firstcontact.interactions.model import KINDS
from firstcontact.planning.capabilities import Capabilities

CAPABILITIES = Capabilities(
    kind="lawmatics",
    title="Lawmatics",
    contact_required_for=frozenset(KINDS),
    # Its finder returns one record, never all (SPEC §2).
    phone_search="index",
    # Prospects, which interactions are logged on.
    leads=True,
    log_on_lead=True,
    matters=True,
    time_entries=True,
    files=frozenset(KINDS),
    several_people_on_activity=False,
    finds_written=False,
    unique_create=False,
    logs_as={
        "call": "interaction",
        "voicemail": "interaction",
        "sms": "interaction",
        "fax": "interaction",
        "email": "note",
        "meeting": "event",
    },
)
