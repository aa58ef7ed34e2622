"""What the built-in address book offers (SPEC §3, "What each CRM requires"): everything."""

from __future__ import annotations

from firstcontact.interactions.model import KINDS
from firstcontact.planning.capabilities import Capabilities

CAPABILITIES = Capabilities(
    kind="address_book",
    title="Address book",
    phone_search="own",
    leads=True,
    log_on_lead=True,
    accounts=True,
    opportunities=True,
    contact_roles=True,
    matters=True,
    time_entries=True,
    files=frozenset(KINDS),
    lead_source=True,
    contact_fields=frozenset(
        {"title", "company", "department", "seniority", "persona", "mobile", "mailing", "main_email"}
    ),
    merges_contacts=True,
    deletes_contact=True,
    marks_activities=True,
    logs_as=dict.fromkeys(KINDS, "activity"),
)
