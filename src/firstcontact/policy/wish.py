"""The wish: what the evidence alone suggests for one person, before any rule lowers how freely we act."""

from __future__ import annotations

from typing import Literal, NamedTuple

from firstcontact.identity.records import Record
from firstcontact.policy.case import Person, named_by_hand
from firstcontact.policy.rules.said import Said

Wish = Literal["link", "link_lead", "create", "ask", "leave", "retry"]


class Wished(NamedTuple):
    """The wish, the record it is about, and the reasons that led to it."""

    wish: Wish
    record: Record | None
    said: tuple[Said, ...]
    candidates: tuple[str, ...] = ()
    ruled: bool = False


def wish(person: Person) -> Wished:
    """What the look-up (and a person's ruling) suggests for this person."""
    ruling = person.facts.ruling
    if ruling is not None and (person.handle is not None or named_by_hand(person)):
        ruled = _ruled(person)
        if ruled is not None:
            return ruled
    if person.handle is None:
        return Wished("create", None, ())
    status = person.facts.status
    if status == "not_known":
        return Wished("leave", None, (Said("not_known", "never"),))
    if status == "unknown":
        return Wished("retry", None, (Said("lookup_unknown", "never", (("why", person.facts.why),)),))
    if person.contacts:
        return _contacts(person)
    if person.leads:
        return _leads(person)
    return Wished("create", None, ())


def _ruled(person: Person) -> Wished | None:
    ruling = person.facts.ruling
    assert ruling is not None
    by = (("by", ruling.by),) if ruling.by else ()
    if ruling.choose:
        for record in (*person.contacts, *person.leads, *person.facts.records):
            if record.id == ruling.choose:
                wished: Wish = "link_lead" if record.type == "lead" else "link"
                said = Said("ruling", "act", (("chosen", record.name or record.id), *by))
                return Wished(wished, record, (said, *_settled_doubt(person)), ruled=True)
        return None
    if ruling.create:
        # Somebody who has become a contact since is linked, not made a second time.
        if person.contacts and "several_contacts" not in ruling.settles:
            return None
        return Wished("create", None, (Said("ruling", "act", (("create", "yes"), *by)),), ruled=True)
    if person.contacts and len(person.contacts) == 1:
        return None
    return Wished("leave", None, (Said("ruling", "never", (("ignore", "yes"), *by)),), ruled=True)


def _settled_doubt(person: Person) -> tuple[Said, ...]:
    """The doubt that the choice settled stays in the trace, as settled."""
    ruling = person.facts.ruling
    if ruling is None or len(person.contacts) < 2 or not {"*", "several_contacts"} & set(ruling.settles):
        return ()
    shown = ", ".join(sorted(_shown(record) for record in person.contacts))
    return (Said("several_contacts", "ask", (("candidates", shown), ("by", "a person"))),)


def _contacts(person: Person) -> Wished:
    if len(person.contacts) == 1:
        record = person.contacts[0]
        return Wished("link", record, (Said("contact_found", "act", (("contact", _shown(record)),)),))
    return _several(person, person.contacts, "link")


def _leads(person: Person) -> Wished:
    if not person.case.settings.lead_blocks_creation:
        note = Said("lead_found", "note", (("lead", _shown(person.leads[0])),))
        return Wished("create", None, (note,))
    if len(person.leads) > 1:
        return _several(person, person.leads, "link_lead")
    record = person.leads[0]
    said = Said("lead_blocks_creation", "act", (("lead", _shown(record)),))
    return Wished("link_lead", record, (said,))


def only_lead(person: Person) -> Wished | None:
    """The lead of whom no contact may be made, though `lead_blocks_creation` is off: "the contact, once made,
    takes the activity" (SPEC §3); until then the lead has it. None where there are several, or none."""
    if len(person.leads) != 1 or person.contacts:
        return None
    record = person.leads[0]
    return Wished("link_lead", record, (Said("lead_found", "act", (("lead", _shown(record)),)),))


def _several(person: Person, records: tuple[Record, ...], link: Literal["link", "link_lead"]) -> Wished:
    """Several records bear the handle: the thread decides where it can, else `several_contacts`."""
    ids = tuple(sorted(record.id for record in records))
    values = (("candidates", ", ".join(sorted(_shown(record) for record in records))),)
    in_thread = {linked for message in person.case.known.thread for linked in message.linked}
    of_thread = [record for record in records if record.id in in_thread]
    if len(of_thread) == 1:
        said = Said("several_contacts", "act", (*values, ("by", "thread"), ("chosen", _shown(of_thread[0]))))
        return Wished(link, of_thread[0], (said,), ids)
    choice = person.case.settings.several_contacts
    picked = _pick(choice, records)
    if picked is not None:
        said = Said("several_contacts", "act", (*values, ("by", choice), ("chosen", _shown(picked))))
        return Wished(link, picked, (said,), ids)
    case = person.case
    if case.is_phone and not case.settings.log.get(case.kind, True) and not case.known.by_hand:
        # Nothing is logged, so nothing would come of an answer.
        return Wished("leave", None, (Said("several_contacts", "note", (*values, ("by", choice))),), ids)
    if choice in ("log_unlinked", "skip"):
        return Wished("leave", None, (Said("several_contacts", "never", (*values, ("by", choice))),), ids)
    return Wished("ask", None, (Said("several_contacts", "ask", (*values, ("by", choice))),), ids)


def _pick(choice: str, records: tuple[Record, ...]) -> Record | None:
    """The one record that the rule names; None where the data to decide is missing or equal (SPEC §3)."""
    if choice == "most_recent_activity":
        if any(record.last_activity_at == 0 for record in records):
            return None
        ranked = sorted(records, key=lambda record: -record.last_activity_at)
        return None if ranked[0].last_activity_at == ranked[1].last_activity_at else ranked[0]
    if choice == "earliest_created":
        if any(record.created_at == 0 for record in records):
            return None
        ranked = sorted(records, key=lambda record: record.created_at)
        return None if ranked[0].created_at == ranked[1].created_at else ranked[0]
    if choice == "alphabetical":
        if any(not _alphabetical(record)[0] for record in records):
            return None
        ranked = sorted(records, key=_alphabetical)
        return None if _alphabetical(ranked[0]) == _alphabetical(ranked[1]) else ranked[0]
    return None


def _alphabetical(record: Record) -> tuple[str, str]:
    return (record.last_name or record.name).casefold(), record.first_name.casefold()


def _shown(record: Record) -> str:
    return record.name or " ".join(filter(None, (record.first_name, record.last_name))) or record.id
