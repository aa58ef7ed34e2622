"""Worries about what the CRM returned: a lead that stands in the way, records that do not bear the handle."""

from __future__ import annotations

from firstcontact.policy.case import Person
from firstcontact.policy.rules.said import Said


def lead_and_contact(person: Person) -> Said | None:
    """A contact and a lead both bear the handle: the contact wins, the pair is flagged."""
    if not person.contacts or not person.leads:
        return None
    return Said("lead_and_contact", "note", (("lead", person.leads[0].id),))


def handle_not_on_record(person: Person) -> Said | None:
    """The CRM's search returned records that do not bear the handle: set aside."""
    stray = person.facts.stray
    return Said("handle_not_on_record", "note", (("records", ", ".join(stray)),)) if stray else None
