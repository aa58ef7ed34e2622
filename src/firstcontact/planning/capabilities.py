"""What a CRM can and cannot do, as data: the planner asks here instead of knowing vendors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from firstcontact.interactions.model import KINDS


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a CRM can and cannot do, as data (the table of SPEC §3). Differences live here, not in ifs.

    kind: the CRM's short name, as settings and scenarios spell it.
    title: its name as people write it.
    contact_required_for: interaction kinds that cannot be logged without a contact.
    logs: interaction kinds that it can log at all; the others are kept in our ledger alone.
    owners: its records and activities belong to users of it; else the login's own is the only one, and no
        owner is kept.
    titles: a contact has a field for a job title.
    contact_owners: a contact belongs to a user; else only activities do.
    last_activity: it tells when a contact's latest activity was.
    last_activity_day: of the latest activity it tells the day only, which is then its midnight in UTC.
    merges: it tells into which record a merged one went; else that one is gone.
    deletions: its change feed names deleted records; else a reading that begins anew leaves them out.
    phone_search: `own`/`direct`, the CRM finds by phone reliably; `index`, we keep an index.
    leads: it has leads, which are looked up beside contacts.
    log_on_lead: an activity may stand on a lead alone.
    accounts: it has accounts, found by e-mail domain.
    opportunities: its accounts have opportunities.
    contact_roles: a contact can be given a role on an opportunity.
    matters: it has matters, cases or projects of a contact that an activity can be linked to.
    matter_required: it logs nothing without a matter.
    time_entries: it takes time entries for calls and meetings.
    several_people_on_activity: one activity can carry all linked people; else only the primary one.
    placeholder_mark: it has a place for the mark that a contact was made without a real name.
    lead_source: it has a field for where a contact came from.
    updates_activity: an activity of ours can be changed in place later; else what changes is kept in our
        ledger alone, and each text is an activity of its own.
    finds_written: the CRM can be asked whether a write key was carried out.
    unique_create: a second create with the same write key is answered with the first's record.
    change_feed: it tells what changed since a cursor; else the index is refreshed by reading all.
    requests_at_once: how many requests it takes at the same time, 0: no limit.
    requests_per_minute: how many it takes in a minute, for all workers together, 0: no limit.
    applies_together: one `apply` may hold activities that point (`CreatedBy`) at contacts and accounts that
        the same call creates; the connector puts their ids in. Else the caller sends them call by call.
    body_format: what it shows a body as; text is escaped for it.
    logs_as: the CRM's own name for the activity, per kind, for texts shown to people.
    """

    kind: str
    title: str
    contact_required_for: frozenset[str] = frozenset()
    logs: frozenset[str] = frozenset(KINDS)
    owners: bool = True
    titles: bool = True
    contact_owners: bool = True
    last_activity: bool = True
    last_activity_day: bool = False
    merges: bool = True
    deletions: bool = True
    phone_search: Literal["own", "direct", "index"] = "direct"
    leads: bool = False
    log_on_lead: bool = False
    accounts: bool = False
    opportunities: bool = False
    contact_roles: bool = False
    matters: bool = False
    matter_required: bool = False
    time_entries: bool = False
    files: frozenset[str] = frozenset()
    """Interaction kinds whose files it takes."""
    several_people_on_activity: bool = True
    placeholder_mark: bool = True
    lead_source: bool = False
    updates_activity: bool = True
    finds_written: bool = True
    unique_create: bool = True
    change_feed: bool = True
    requests_at_once: int = 0
    requests_per_minute: int = 0
    applies_together: bool = False
    body_format: Literal["plain", "html", "markdown"] = "plain"
    logs_as: Mapping[str, str] = msgspec.field(default_factory=dict)
