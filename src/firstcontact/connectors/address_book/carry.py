"""Carrying out one `Write` on a `Unit`: what each kind does to the address book's records.

Everything that can be refused is refused before the unit is touched, so a rejected write leaves the
others of its batch as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from sqlalchemy import Table

from firstcontact.connectors.address_book import tables
from firstcontact.connectors.address_book.merging import merge_contacts, unlink
from firstcontact.connectors.address_book.stored import (
    INTEGRATION_USER,
    Person,
    StoredAccount,
    StoredActivity,
    StoredDocument,
    StoredOpportunity,
    StoredRecord,
    StoredTimeEntry,
)
from firstcontact.connectors.address_book.unit import Unit
from firstcontact.connectors.contract import (
    Capabilities,
    MovedTo,
    NotOffered,
    Outcome,
    Rejected,
)
from firstcontact.connectors.toolkit.fields import full_name, with_new, without_handles
from firstcontact.connectors.toolkit.texts import sound
from firstcontact.connectors.toolkit.writes import existing, fields_of
from firstcontact.identity.domains import website_host
from firstcontact.planning.write import (
    AccountFields,
    ActivityFields,
    ContactFields,
    ContactRoleFields,
    DocumentFields,
    Existing,
    MergeFields,
    Receipt,
    Target,
    TimeEntryFields,
    Write,
    WriteKind,
)

replace = msgspec.structs.replace


def carry(unit: Unit, write: Write, capabilities: Capabilities) -> Outcome:
    """Carry out one write, at most once by its key. Raises NotOffered, a bug of the caller."""
    earlier = unit.receipt(write.key)
    if earlier is not None and (capabilities.unique_create or write.target is not None):
        return earlier
    try:
        id, created = _DO[write.kind](unit, write, capabilities)
    except NotOffered:
        raise
    except (Rejected, MovedTo) as refusal:
        return refusal
    receipt = Receipt(write.key, id, created, unit.now)
    unit.add_receipt(receipt)
    return receipt


def touched(write: Write) -> Iterable[tuple[str, str]]:
    """Table and id of the rows that a write will ask for, so that a batch reads them in bulk."""
    if write.kind in _MAKES:
        table, prefix = _MAKES[write.kind]
        yield table, _id(prefix, write)
    fields = write.fields
    targets = [write.target, getattr(fields, "account", None), getattr(fields, "activity", None)]
    targets += [*getattr(fields, "people", ()), getattr(fields, "contact", None)]
    targets.append(getattr(fields, "loser", None))
    for target in targets:
        if isinstance(target, Existing) and target.record in _TABLE_OF:
            yield _TABLE_OF[target.record], target.id


_MAKES = {
    "create_contact": ("records", "c"),
    "create_account": ("accounts", "a"),
    "log_activity": ("activities", "v"),
    "time_entry": ("time_entries", "t"),
    "document": ("documents", "d"),
}
_TABLE_OF = {"contact": "records", "lead": "records", "account": "accounts", "activity": "activities"}


# --- contacts and accounts --------------------------------------------------------------------------


def _create_contact(unit: Unit, write: Write, capabilities: Capabilities) -> tuple[str, bool]:
    fields = fields_of(write, ContactFields)
    account = _account(unit, fields.account, capabilities)
    first, last = _clean(fields.first_name, fields.last_name)
    record = StoredRecord(
        type="lead" if capabilities.creates_leads else "contact",
        id=_free_id(_new_id(write), lambda id: unit.slot(id) is not None),
        name=_clean(fields.name)[0] or full_name(first, last),
        first_name=first,
        last_name=last,
        emails=_clean(*fields.emails),
        phones=_clean(*fields.phones, *fields.mobiles),
        **_optional(fields, capabilities),
        mobiles=_clean(*fields.mobiles) if "mobile" in capabilities.contact_fields else (),
        account=account,
        owner=fields.owner or (INTEGRATION_USER.id if capabilities.contact_owners else ""),
        created_at=unit.now,
        placeholder=bool(fields.placeholder) and capabilities.placeholder_mark,
        created_by_us=bool(fields.created_by_firstcontact) and capabilities.marks_ours,
        lead_source=_clean(fields.lead_source)[0] if capabilities.lead_source else "",
        contact_type=_clean(fields.contact_type)[0],
        interaction=fields.interaction,
    )
    return unit.add_record(record).id, True


def _update_contact(unit: Unit, write: Write, capabilities: Capabilities) -> tuple[str, bool]:
    _offered(capabilities.updates_contacts, capabilities, "changing a contact")
    fields = fields_of(write, ContactFields)
    record = _live(unit, existing(write.target), "target")
    account = _account(unit, fields.account, capabilities)
    region = unit.region_of(record)
    given = {
        "first_name": _clean(fields.first_name)[0],
        "last_name": _clean(fields.last_name)[0],
        **_optional(fields, capabilities),
        "owner": fields.owner,
        "lead_source": _clean(fields.lead_source)[0] if capabilities.lead_source else "",
        "contact_type": _clean(fields.contact_type)[0],
    }
    changed = {name: value for name, value in given.items() if value or name in write.changed}
    changed |= {"account": account} if account else {}
    record = replace(record, **changed, **_reached(record, fields, capabilities, region), edited_by_us=True)
    unit.save_record(_named(record, fields))
    return record.id, False


_OPTIONAL = ("title", "company", "department", "seniority", "persona", "mailing")


def _optional(fields: ContactFields, capabilities: Capabilities) -> dict[str, Any]:
    """What is given of the fields that not every CRM has, as far as the one that is played has them."""
    given = {name: getattr(fields, name) for name in _OPTIONAL if name in capabilities.contact_fields}
    return {name: _clean(value)[0] if isinstance(value, str) else value for name, value in given.items()}


def _reached(
    record: StoredRecord, fields: ContactFields, capabilities: Capabilities, region: str
) -> dict[str, tuple[str, ...]]:
    """The record's addresses and numbers after an update."""
    offered = capabilities.contact_fields
    emails = with_new(record.emails, _clean(*fields.emails), region)
    if fields.main_email and "main_email" in offered:
        main = with_new(without_handles(emails, (fields.main_email,), region), (fields.main_email,), region)
        emails = (main[-1], *main[:-1])
    phones = with_new(record.phones, _clean(*fields.phones, *fields.mobiles), region)
    mobiles = with_new(record.mobiles, _clean(*fields.mobiles) if "mobile" in offered else (), region)
    return {
        "emails": without_handles(emails, fields.without_emails, region),
        "phones": without_handles(phones, fields.without_phones, region),
        "mobiles": without_handles(mobiles, fields.without_phones, region),
    }


def _merge_contacts(unit: Unit, write: Write, capabilities: Capabilities) -> tuple[str, bool]:
    """A loser that is gone has nothing left to move."""
    _offered(capabilities.merges_contacts, capabilities, "merging contacts")
    survivor = _live(unit, existing(write.target), "target")
    slot = unit.slot(fields_of(write, MergeFields).loser.id)
    if slot is None:
        raise Rejected("There is no such contact to merge.", ("loser",))
    if slot.record.id == survivor.id:
        raise Rejected("A contact cannot be merged into itself.", ("loser",))
    if not slot.gone:
        merge_contacts(unit, slot.record, survivor)
    return survivor.id, False


def _delete_contact(unit: Unit, write: Write, capabilities: Capabilities) -> tuple[str, bool]:
    """Deleting what is gone is done already."""
    _offered(capabilities.deletes_contact, capabilities, "deleting contacts")
    id = existing(write.target).id
    slot = unit.slot(id)
    if slot is None or slot.gone:
        return id, False
    if not slot.record.created_by_us:
        raise Rejected(f"The contact {id!r} was made by a person.", ("target",))
    if slot.record.edited_by_person:
        raise Rejected(f"A person has edited the contact {id!r} since.", ("target",))
    unlink(unit, id)
    unit.remove_record(id)
    return id, False


def _named(record: StoredRecord, fields: ContactFields) -> StoredRecord:
    """The record under the name that an update gives it; a real name ends its being a placeholder."""
    real = bool(fields.first_name or fields.last_name)
    if real or fields.name:
        shown = _clean(fields.name)[0] or full_name(record.first_name, record.last_name)
        record = replace(record, name=shown)
    placeholder = fields.placeholder if fields.placeholder is not None else record.placeholder and not real
    return replace(record, placeholder=placeholder)


def _create_account(unit: Unit, write: Write, capabilities: Capabilities) -> tuple[str, bool]:
    _offered(capabilities.accounts, capabilities, "accounts")
    fields = fields_of(write, AccountFields)
    host = website_host(fields.domain)
    account = StoredAccount(
        id=_free_row(unit, tables.accounts, _new_id(write), StoredAccount),
        name=_clean(fields.name)[0],
        website=fields.domain,
        domains=(host,) if host else (),
        primary_domains=1 if host else 0,
        owner=fields.owner or (INTEGRATION_USER.id if capabilities.contact_owners else ""),
        created_by_us=True,
    )
    unit.put(tables.accounts, account.id, account)
    return account.id, True


# --- activities and what belongs to them ------------------------------------------------------------


def _log_activity(unit: Unit, write: Write, capabilities: Capabilities) -> tuple[str, bool]:
    fields = fields_of(write, ActivityFields)
    _offered(fields.kind in capabilities.logs, capabilities, f"logging a {fields.kind}")
    id = _free_row(unit, tables.activities, _new_id(write), StoredActivity)
    activity = _activity(unit, id, fields, capabilities)
    has_contact = any(person.type == "contact" for person in activity.people)
    on_lead = bool(activity.people) and capabilities.log_on_lead
    if fields.kind in capabilities.contact_required_for and not (has_contact or on_lead):
        raise Rejected(f"{capabilities.title} logs a {fields.kind} only on a contact.", ("people",))
    if capabilities.matter_required and not activity.matter:
        raise Rejected(f"{capabilities.title} logs only on a matter.", ("matter",))
    unit.put(tables.activities, id, activity)
    _mark_active(unit, activity)
    return id, True


def _update_activity(unit: Unit, write: Write, capabilities: Capabilities) -> tuple[str, bool]:
    _offered(capabilities.updates_activity, capabilities, "changing an activity")
    present = _present_activity(unit, existing(write.target))
    new = _activity(unit, present.id, fields_of(write, ActivityFields), capabilities)
    given = msgspec.structs.asdict(new)
    names = write.changed or tuple(name for name, value in given.items() if value)
    # What a person set stays set, and an activity never ceases to answer to an interaction.
    names = tuple(name for name in names if name not in (*present.edited, "id", "edited", "interactions"))
    interactions = tuple(dict.fromkeys(present.interactions + new.interactions))
    activity = replace(present, **{name: given[name] for name in names}, interactions=interactions)
    unit.put(tables.activities, activity.id, activity)
    _mark_active(unit, activity)
    return activity.id, False


def _delete_activity(unit: Unit, write: Write, capabilities: Capabilities) -> tuple[str, bool]:
    """Also its time entries and documents. Deleting what is not there is done already."""
    _offered(capabilities.deletes_activity, capabilities, "taking an activity away")
    id = existing(write.target).id
    present = unit.body(tables.activities, id, StoredActivity)
    if present is not None and present.edited and capabilities.marks_activities:
        raise Rejected(f"A person has edited the activity {id!r} since.", ("target",))
    for table in (tables.time_entries, tables.documents):
        for owned in unit.owned(table, "activity", id):
            unit.drop(table, owned)
    unit.drop(tables.activities, id)
    if present is not None:
        _mark_less_active(unit, present)
    return id, False


def _activity(unit: Unit, id: str, fields: ActivityFields, capabilities: Capabilities) -> StoredActivity:
    people = tuple(_person(unit, target, capabilities) for target in fields.people)
    if not capabilities.several_people_on_activity and len(people) > 1:
        _offered(False, capabilities, "several people on one activity")
    return StoredActivity(
        id=id,
        kind=fields.kind,
        interactions=fields.interactions,
        at=fields.at,
        subject=_clean(fields.subject)[0],
        body=_clean(fields.body)[0],
        direction=fields.direction,
        outcome=fields.outcome,
        seconds=fields.seconds,
        people=people,
        account=_account(unit, fields.account, capabilities),
        opportunity=fields.opportunity if capabilities.opportunities else "",
        matter=fields.matter if capabilities.matters else "",
        user=fields.user,
        recording=fields.recording,
        transcript=_clean(fields.transcript)[0],
    )


def _person(unit: Unit, target: Target, capabilities: Capabilities) -> Person:
    record = _live(unit, existing(target), "people")
    if record.type == "lead":
        _offered(capabilities.log_on_lead, capabilities, "logging on a lead")
    return Person(record.type, record.id)


def _mark_active(unit: Unit, activity: StoredActivity) -> None:
    """The latest activity of everybody and everything on it; never moved backwards by an older one."""
    for person in activity.people:
        slot = unit.slot(person.id)
        if slot is not None and slot.record.last_activity_at < activity.at:
            unit.save_record(replace(slot.record, last_activity_at=activity.at))
    of_people = (unit.slot(person.id) for person in activity.people)
    accounts = {activity.account, *(slot.record.account for slot in of_people if slot is not None)}
    for id in sorted(filter(None, accounts)):
        account = unit.body(tables.accounts, id, StoredAccount)
        if account is not None and account.last_activity_at < activity.at:
            unit.put(tables.accounts, account.id, replace(account, last_activity_at=activity.at))
    if not activity.opportunity:
        return
    opportunity = unit.body(tables.opportunities, activity.opportunity, StoredOpportunity)
    if opportunity is not None and opportunity.last_activity_at < activity.at:
        changed = replace(opportunity, last_activity_at=activity.at)
        unit.put(tables.opportunities, opportunity.id, changed)


def _mark_less_active(unit: Unit, gone: StoredActivity) -> None:
    """Whose latest activity this was has the latest of those that remain. Accounts and opportunities keep
    theirs: what else was on them is not looked up by them."""
    for person in gone.people:
        slot = unit.slot(person.id)
        if slot is None or slot.gone or slot.record.last_activity_at != gone.at:
            continue
        ids = unit.activities_of(person.id)
        unit.load_bodies(tables.activities, ids)
        remaining = (unit.body(tables.activities, id, StoredActivity) for id in ids)
        latest = max((each.at for each in remaining if each is not None), default=0)
        unit.save_record(replace(slot.record, last_activity_at=latest))


def _time_entry(unit: Unit, write: Write, capabilities: Capabilities) -> tuple[str, bool]:
    _offered(capabilities.time_entries, capabilities, "time entries")
    fields = fields_of(write, TimeEntryFields)
    activity = _present_activity(unit, existing(fields.activity))
    entry = StoredTimeEntry(
        id=_free_row(unit, tables.time_entries, _new_id(write), StoredTimeEntry),
        interaction=fields.interaction,
        activity=activity.id,
        at=fields.at,
        seconds=fields.seconds,
        billable=fields.billable,
        user=fields.user,
        matter=fields.matter if capabilities.matters else "",
        subject=_clean(fields.subject)[0],
    )
    unit.put(tables.time_entries, entry.id, entry)
    return entry.id, True


def _document(unit: Unit, write: Write, capabilities: Capabilities) -> tuple[str, bool]:
    fields = fields_of(write, DocumentFields)
    _offered(bool(capabilities.files), capabilities, "files")
    activity = _present_activity(unit, existing(fields.activity))
    _offered(activity.kind in capabilities.files, capabilities, f"files of a {activity.kind}")
    document = StoredDocument(
        id=_free_row(unit, tables.documents, _new_id(write), StoredDocument),
        interaction=fields.interaction,
        activity=activity.id,
        name=_clean(fields.name)[0],
        content_type=fields.content_type,
        uri=fields.uri,
    )
    unit.put(tables.documents, document.id, document)
    return document.id, True


def _contact_role(unit: Unit, write: Write, capabilities: Capabilities) -> tuple[str, bool]:
    """Never twice the same contact on one opportunity (SPEC §7): the second finds the first."""
    _offered(capabilities.contact_roles, capabilities, "contact roles")
    fields = fields_of(write, ContactRoleFields)
    contact = _live(unit, existing(fields.contact), "contact")
    opportunity = unit.body(tables.opportunities, fields.opportunity, StoredOpportunity)
    if opportunity is None:
        raise Rejected(f"There is no opportunity {fields.opportunity!r}.", ("opportunity",))
    if contact.type != "contact":
        raise Rejected("A lead has no role on an opportunity.", ("contact",))
    roles = unit.roles(opportunity.id)
    id = f"{opportunity.id}:{contact.id}"
    if contact.id in roles:
        return id, False
    unit.save_roles(opportunity.id, {**roles, contact.id: fields.role})
    return id, True


def _remove_role(unit: Unit, write: Write, capabilities: Capabilities) -> tuple[str, bool]:
    """Taking away what is not there is done already."""
    _offered(capabilities.contact_roles, capabilities, "contact roles")
    fields = fields_of(write, ContactRoleFields)
    contact = existing(fields.contact).id
    roles = unit.roles(fields.opportunity)
    if contact in roles:
        del roles[contact]
        unit.save_roles(fields.opportunity, roles)
    return f"{fields.opportunity}:{contact}", False


# --- what the kinds share -------------------------------------------------------------------------------


def _offered(offered: bool, capabilities: Capabilities, what: str) -> None:
    if not offered:
        raise NotOffered(f"{capabilities.title} does not offer {what}")


def _live(unit: Unit, target: Existing, field: str) -> StoredRecord:
    slot = unit.slot(target.id)
    if slot is None:
        raise Rejected(f"There is no {target.record} {target.id!r}.", (field,))
    if slot.merged_into:
        kind, id = slot.record.type, slot.merged_into
        raise MovedTo(f"The {kind} {target.id!r} was merged into {id!r}.", kind, id)
    if slot.gone:
        raise Rejected(f"The {slot.record.type} {target.id!r} was deleted.", (field,))
    return slot.record


def _account(unit: Unit, target: Target | None, capabilities: Capabilities) -> str:
    """The account's id; "" for none, and where the CRM has no accounts."""
    if target is None or not capabilities.accounts:
        return ""
    id = existing(target).id
    if unit.body(tables.accounts, id, StoredAccount) is None:
        raise Rejected(f"There is no account {id!r}.", ("account",))
    return id


def _present_activity(unit: Unit, target: Existing) -> StoredActivity:
    activity = unit.body(tables.activities, target.id, StoredActivity)
    if activity is None:
        raise Rejected(f"There is no activity {target.id!r}.", ("activity",))
    return activity


def _id(prefix: str, write: Write) -> str:
    """From the write key, so that the same facts give the same ids in every address book."""
    return f"{prefix}-{write.key[:20]}"


def _new_id(write: Write) -> str:
    return _id(_MAKES[write.kind][1], write)


def _free_id(id: str, taken: Callable[[str], bool]) -> str:
    number, free = 1, id
    while taken(free):
        number, free = number + 1, f"{id}-{number + 1}"
    return free


def _free_row(unit: Unit, table: Table, id: str, type: type[msgspec.Struct]) -> str:
    return _free_id(id, lambda tried: unit.body(table, tried, type) is not None)


def _clean(*texts: str) -> tuple[str, ...]:
    return tuple(sound(text) for text in texts)


_DO: dict[WriteKind, Callable[[Unit, Write, Capabilities], tuple[str, bool]]] = {
    "create_contact": _create_contact,
    "create_account": _create_account,
    "update_contact": _update_contact,
    "log_activity": _log_activity,
    "update_activity": _update_activity,
    "delete_activity": _delete_activity,
    "time_entry": _time_entry,
    "document": _document,
    "contact_role": _contact_role,
    "remove_role": _remove_role,
    "merge_contacts": _merge_contacts,
    "delete_contact": _delete_contact,
}
