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
    logs_as: the CRM's own name for the activity, per kind, for texts shown to people.

    looks_up: it can be asked who is there; else only what we sent ourselves is known, by our own index.
    leads: it has leads, which are looked up beside contacts.
    creates_leads: somebody unknown is made a lead there, which its people accept before there is a contact to
        log on; else a contact.
    updates_contacts: a contact can be changed later; else what changes is kept in our ledger alone.
    merges_contacts: one contact can be merged into another, with everything that belongs to it.
    deletes_contact: a contact that we made can be taken away again, unless a person has edited it since.
    accounts: it has accounts, found by e-mail domain.
    opportunities: its accounts have opportunities.
    contact_roles: a contact can be given a role on an opportunity.
    matters: it has matters, cases or projects of a contact that an activity can be linked to.

    owners: its records and activities belong to users of it; else the login's own is the only one, and no
        owner is kept.
    contact_owners: a contact belongs to a user; else only activities do.
    contact_fields: what else a contact has a field for: `title company department seniority persona mobile
        mailing`, and `main_email` where of several addresses another can be made the main one.
    lead_source: it has a field for where a contact came from.
    placeholder_mark: it has a place for the mark that a contact was made without a real name.
    marks_ours: a contact tells whether we made it, and whether a person has edited it since; else our ledger
        alone knows what we made.
    last_activity: it tells when a contact's latest activity was.
    last_activity_day: of the latest activity it tells the day only, which is then its midnight in UTC.

    logs: interaction kinds that it can log at all; the others are kept in our ledger alone.
    contact_required_for: interaction kinds that cannot be logged without a contact.
    matter_required: it logs nothing without a matter.
    log_on_lead: an activity may stand on a lead alone.
    several_people_on_activity: one activity can carry all linked people; else only the primary one.
    updates_activity: an activity of ours can be changed in place later; else what changes is kept in our
        ledger alone, and each text is an activity of its own.
    deletes_activity: an activity of ours can be taken away again.
    marks_activities: it tells whether a person has edited an activity of ours since; such a one is not taken
        away.
    time_entries: it takes time entries for calls and meetings.
    files: interaction kinds whose files it takes.
    body_format: what it shows a body as; text is escaped for it.

    phone_search: `own`/`direct`, the CRM finds by phone reliably; `index`, we keep an index.
    change_feed: it tells what changed since a cursor; else the index is refreshed by reading all.
    deletions: its change feed names deleted records; else a reading that begins anew leaves them out.
    merges: it tells into which record a merged one went; else that one is gone.

    unique_create: a second create with the same write key is answered with the first's record.
    finds_written: the CRM can be asked whether a write key was carried out.
    applies_together: one `apply` may hold activities that point (`CreatedBy`) at contacts and accounts that
        the same call creates; the connector puts their ids in. Else the caller sends them call by call.
    requests_at_once: how many requests it takes at the same time, 0: no limit.
    requests_per_minute: how many it takes in a minute, for all workers together, 0: no limit.
    requests_per_second: how many it takes in a second, for all workers together, 0: no limit.
    """

    # What it is called.
    kind: str
    title: str
    logs_as: Mapping[str, str] = msgspec.field(default_factory=dict)
    # Which records it has beside contacts, and what can be done about somebody.
    looks_up: bool = True
    leads: bool = False
    creates_leads: bool = False
    updates_contacts: bool = True
    merges_contacts: bool = False
    deletes_contact: bool = False
    accounts: bool = False
    opportunities: bool = False
    contact_roles: bool = False
    matters: bool = False
    # What a contact has.
    owners: bool = True
    contact_owners: bool = True
    contact_fields: frozenset[str] = frozenset({"title"})
    lead_source: bool = False
    placeholder_mark: bool = True
    marks_ours: bool = True
    last_activity: bool = True
    last_activity_day: bool = False
    # What can be logged.
    logs: frozenset[str] = frozenset(KINDS)
    contact_required_for: frozenset[str] = frozenset()
    matter_required: bool = False
    log_on_lead: bool = False
    several_people_on_activity: bool = True
    updates_activity: bool = True
    deletes_activity: bool = True
    marks_activities: bool = False
    time_entries: bool = False
    files: frozenset[str] = frozenset()
    body_format: Literal["plain", "html", "markdown"] = "plain"
    # What it tells.
    phone_search: Literal["own", "direct", "index"] = "direct"
    change_feed: bool = True
    deletions: bool = True
    merges: bool = True
    # How it takes writes, and how many requests.
    unique_create: bool = True
    finds_written: bool = True
    applies_together: bool = False
    requests_at_once: int = 0
    requests_per_minute: int = 0
    requests_per_second: int = 0
