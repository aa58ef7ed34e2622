"""What Clio Grow offers (SPEC §3, "What each CRM requires")."""

from __future__ import annotations

from firstcontact.interactions.model import KINDS
from firstcontact.planning.capabilities import Capabilities

CAPABILITIES = Capabilities(
    kind="clio_grow",
    title="Clio Grow",
    contact_required_for=frozenset(KINDS),
    phone_search="index",
    # The Lead Inbox is write-only: a lead is found, but nothing can be logged on it.
    leads=True,
    matters=True,
    several_people_on_activity=False,
    finds_written=False,
    unique_create=False,
    logs_as=dict.fromkeys(KINDS, "note"),
)
