"""Values on their way into contacts: what a batch is about to write, where it is from, and the last look at a
contact before it gets one (SPEC §8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import Crm
from firstcontact.flow.indexed import updated
from firstcontact.flow.rounds import Round, drop
from firstcontact.identity.records import Record
from firstcontact.interactions.model import Handle
from firstcontact.ledger import deciding, observing, reviewing
from firstcontact.ledger.book import Ledger
from firstcontact.planning.plan import NEW
from firstcontact.planning.write import ContactFields, Existing, Write
from firstcontact.policy.decision import FieldChange
from firstcontact.policy.enrichment import VALUES, token
from firstcontact.policy.field_values import HANDLES, current, handle_key, same
from firstcontact.policy.known import Known, PersonFacts, Ruling


def fold(people: dict[str, PersonFacts], writes: Sequence[Write]) -> None:
    """Later interactions of a batch see the contacts as these writes will leave them. people: by handle key,
    changed in place."""
    for write in writes:
        fields = write.fields
        if write.kind != "update_contact" or not isinstance(fields, ContactFields) or write.target is None:
            continue
        target = write.target
        id = target.id if isinstance(target, Existing) else NEW + target.write_key
        for key, facts in people.items():
            if any(record.id == id for record in facts.records):
                records = tuple(
                    updated(record, fields, "") if record.id == id else record for record in facts.records
                )
                people[key] = msgspec.structs.replace(facts, records=records)


def provenance(
    writes: Sequence[Write],
    brings: Mapping[str, tuple[FieldChange, ...]],
    known: Known,
    interaction: str,
    at: int,
) -> Iterator[observing.Provenance]:
    """Where the values are from that these writes bring: the interaction that said each, and when."""
    said: dict[tuple[str, str], tuple[str, int]] = {
        (value.field, value.value): (value.interaction, value.at)
        for facts in known.people.values()
        for value in facts.observed
    }
    for write in writes:
        for change in brings.get(write.key, ()):
            record = NEW + write.key
            if write.target is not None:
                target = write.target
                record = target.id if isinstance(target, Existing) else NEW + target.write_key
            source, when = said.get((change.field, change.value), (interaction, at))
            yield write.key, record, change, source, when


def as_it_was(ledger: Ledger, crm: Crm, updating: Sequence[Write], round: Round, now: int) -> frozenset[str]:
    """The live look before a contact gets values: what stands there must still be what was decided on,
    nothing younger may have been written since, and a number or address must be nobody else's. Else the
    interaction is decided again. Raises TryAgain."""
    del now
    targets = {write.key: write.target.id for write in updating if isinstance(write.target, Existing)}
    with ledger.read() as tx:
        rows = observing.of_writes(tx, list(targets))
        done = observing.written(tx, crm.connection, {targets[key] for key in rows})
    if not rows:
        return frozenset()
    with crossing(Boundary.READ_BEFORE_ENRICHING):
        there = crm.read(sorted({targets[key] for key in rows}))
    others = _bearers(crm, [row for each in rows.values() for row in each])
    settled: set[str] = set()
    for write in updating:
        record = there.get(targets.get(write.key, ""))
        if write.key not in rows or not isinstance(record, Record):
            continue
        younger = {(each.field, each.at) for each in done.get(record.id, ())}
        why = ""
        for row in rows[write.key]:
            if any(field == row.field and at > row.observed_at for field, at in younger):
                why = "something younger was written meanwhile"
            elif row.field != "email" and not _stands(record, row):
                why = "a person has edited this contact meanwhile"
            elif others.get(handle_key(row.value, ""), set()) - {record.id}:
                why = "somebody else has this number or address meanwhile"
        if why:
            settled.add(write.key)
            drop(round, write, why)
    return frozenset(settled)


def _stands(record: Record, row: observing.Row) -> bool:
    """Whether the field still has what it had, or has the value by now."""
    now = current(record, row.field)
    region = record.country
    return same(row.field, now, row.before, region) or same(row.field, now, row.value, region)


def _bearers(crm: Crm, rows: Sequence[observing.Row]) -> dict[str, set[str]]:
    """By number or address that is about to be written: the records that have it."""
    keys = {handle_key(row.value, "") for row in rows if row.field in HANDLES and row.field != "main_email"}
    if not keys:
        return {}
    handles = [Handle("email" if "@" in key else "phone", key, key) for key in sorted(keys)]
    with crossing(Boundary.FIND_BEFORE_ENRICHING):
        found = crm.find(handles)
    return {
        key: {record.id for record in finding.records if any(handle.key == key for handle in record.handles)}
        for key, finding in found.items()
    }


def ruling(tx: Connection, about: str, accept: Mapping[str, str] | None, by: str, now: int) -> Ruling:
    """A person's answer about values (`policy.enrichment.subject`): every one that is asked about is taken,
    or never asked about again; answers from before stay. accept: None for no; `main` in it: an address
    that is added becomes the main one."""
    sign = "-" if accept is None else "+"
    key = about.removeprefix(VALUES)
    asked: list[str] = []
    for review in reviewing.open_about(tx, about):
        decision = deciding.last(tx, review.interaction)
        for person in decision.people if decision is not None else ():
            for change in person.changes if person.about == key else ():
                if change.ask:
                    asked.append(f"{sign}{token(change.field, change.value)}")
                if change.ask and change.field == "email" and accept is not None and accept.get("main"):
                    asked.append(f"+{token('main_email', change.value)}")
    before = deciding.rulings_on(tx, [about]).get((about, ""))
    kept = [each for each in (before.settles if before else ()) if each[1:] not in {one[1:] for one in asked}]
    return Ruling(about=about, settles=(*kept, *dict.fromkeys(asked)), by=by, at=now)
