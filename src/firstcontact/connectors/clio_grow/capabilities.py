"""What Clio Grow offers (SPEC §3, "What each CRM requires"), and what a connection to it does."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from firstcontact.interactions.model import KINDS
from firstcontact.planning.capabilities import Capabilities

CAPABILITIES = Capabilities(
    kind="clio_grow",
    title="Clio Grow",
    # A note stands on a contact or a matter, always.
    contact_required_for=frozenset(KINDS),
    phone_search="index",
    # A lead of the inbox is found, but nothing can be logged on it.
    leads=True,
    matters=True,
    # Contacts belong to nobody, and a note to whoever is logged in.
    owners=False,
    contact_owners=False,
    # A contact has names, e-mail addresses and numbers, and no field of ours.
    contact_fields=frozenset(),
    placeholder_mark=False,
    marks_ours=False,
    last_activity=False,
    several_people_on_activity=False,
    # A note is made, and neither changed nor taken away (Clio Grow API v2).
    updates_activity=False,
    deletes_activity=False,
    deletions=False,
    merges=False,
    finds_written=False,
    unique_create=False,
    requests_per_second=3,
    logs_as=dict.fromkeys(KINDS, "note"),
)
"""A connection that creates contacts itself (`writes`)."""

LISTED = replace(CAPABILITIES, creates_leads=True, updates_contacts=False, lead_source=True)
"""A connection by the documented endpoints of the platform API alone: whoever is unknown becomes a lead of
the inbox, and what is logged is logged on contacts that people have accepted."""

INBOX = replace(
    LISTED,
    looks_up=False,
    leads=False,
    matters=False,
    logs=frozenset(),
    requests_per_second=0,
)
"""A connection by the Lead Inbox alone, which is only told (apis A2)."""


def offered(options: Mapping[str, str | int | bool]) -> Capabilities:
    """What a connection with these options offers."""
    if options.get("api", "inbox") != "platform":
        return INBOX
    return CAPABILITIES if options.get("writes") else LISTED
