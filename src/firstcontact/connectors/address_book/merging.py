"""Merging contacts of the address book, and taking them out of what points at them."""

from __future__ import annotations

from msgspec.structs import replace

from firstcontact.connectors.address_book import tables
from firstcontact.connectors.address_book.stored import (
    Person,
    StoredActivity,
    StoredRecord,
)
from firstcontact.connectors.address_book.unit import Unit, without
from firstcontact.connectors.toolkit.fields import with_new
from firstcontact.identity.records import Matter

_BLANKS = (
    "title",
    "department",
    "seniority",
    "persona",
    "mailing",
    "company",
    "account",
    "country",
    "lead_source",
    "contact_type",
)


def merge_contacts(unit: Unit, gone: StoredRecord, kept: StoredRecord) -> None:
    """Everything that points at `gone` points at `kept`, whose values stay and whose blanks are filled."""
    region = unit.region_of(kept)
    filled = {name: getattr(gone, name) for name in _BLANKS if not getattr(kept, name)}
    _move_links(unit, gone.id, kept)
    unit.save_record(
        replace(
            kept,
            **filled,
            emails=with_new(kept.emails, gone.emails, region),
            phones=with_new(kept.phones, gone.phones, region),
            mobiles=with_new(kept.mobiles, gone.mobiles, region),
            last_activity_at=max(kept.last_activity_at, gone.last_activity_at),
        )
    )
    unit.remove_record(gone.id, merged_into=kept.id)


def _move_links(unit: Unit, loser: str, kept: StoredRecord) -> None:
    for id in unit.activities_of(loser):
        activity = unit.body(tables.activities, id, StoredActivity)
        if activity is not None:
            moved = [Person(kept.type, kept.id) if one.id == loser else one for one in activity.people]
            unit.put(tables.activities, id, replace(activity, people=tuple(dict.fromkeys(moved))))
    for id in unit.opportunities_of(loser):
        roles = unit.roles(id)
        role = roles.pop(loser, "")
        unit.save_roles(id, {**roles, kept.id: roles.get(kept.id) or role})
    for id in unit.owned(tables.matters, "contact", loser):
        matter = unit.body(tables.matters, id, Matter)
        if matter is not None:
            unit.put(tables.matters, id, replace(matter, contact=kept.id))


def unlink(unit: Unit, id: str) -> None:
    """A deleted record is on no activity and has no role any more."""
    for activity_id in unit.activities_of(id):
        activity = unit.body(tables.activities, activity_id, StoredActivity)
        if activity is not None:
            unit.put(tables.activities, activity_id, replace(activity, people=without(activity.people, id)))
    for opportunity in unit.opportunities_of(id):
        roles = unit.roles(opportunity)
        roles.pop(id, None)
        unit.save_roles(opportunity, roles)
