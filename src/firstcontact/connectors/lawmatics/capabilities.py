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
    # People of whom the firm has a potential case alone; activities stand on that case (README.md).
    leads=True,
    log_on_lead=True,
    matters=True,
    # Department, seniority and persona are custom fields of ours. What is written of an address is not
    # answered, nor which number is a mobile; and the main address can only be written over.
    contact_fields=frozenset({"title", "company", "department", "seniority", "persona"}),
    # A matter cannot be put onto another contact (apis A3), so nobody is merged.
    deletes_contact=True,
    marks_activities=True,
    # A contact has no owner, its date of last contact is set by more than activities, a merged one is not
    # found any more, and no list names what was deleted (apis A3).
    contact_owners=False,
    last_activity=False,
    merges=False,
    deletions=False,
    time_entries=True,
    files=frozenset(KINDS),
    several_people_on_activity=False,
    # No idempotency key; our keys are found in texts, which can be filtered, and on contacts made lately.
    unique_create=False,
    # By the API's own page; the help centre says 150 (apis A3, N).
    requests_per_minute=50,
    logs_as={
        "call": "interaction",
        "voicemail": "interaction",
        "sms": "interaction",
        "fax": "interaction",
        "email": "note",
        "meeting": "event",
    },
)
