"""Worries about what the CRM returned: a lead that stands in the way, records that do not bear the handle."""

from __future__ import annotations

from firstcontact.policy.case import Person
from firstcontact.policy.rules.said import Said


def cannot_be_asked(person: Person) -> Said | None:
    """A CRM that only takes what it is sent: somebody who is there already may be sent again."""
    offered = person.case.capabilities
    return None if offered.looks_up else Said("crm_cannot_be_asked", "note", (("crm", offered.title),))


def becomes_lead(person: Person) -> Said | None:
    """A CRM whose people accept whoever is new, before there is a contact to log on."""
    offered = person.case.capabilities
    return Said("becomes_lead", "note", (("crm", offered.title),)) if offered.creates_leads else None


def lead_and_contact(person: Person) -> Said | None:
    """A contact and a lead both bear the handle: the contact wins, the pair is flagged."""
    if not person.contacts or not person.leads:
        return None
    return Said("lead_and_contact", "note", (("lead", person.leads[0].id),))


def handle_not_on_record(person: Person) -> Said | None:
    """The CRM's search returned records that do not bear the handle: set aside."""
    stray = person.facts.stray
    return Said("handle_not_on_record", "note", (("records", ", ".join(stray)),)) if stray else None
