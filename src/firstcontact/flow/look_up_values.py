"""What is looked up for enrichment: values that were observed of people, what we wrote of them, and to whom
the numbers and addresses in them belong (SPEC §8).

Only for the senders of mails, and only as far as something new was said: in most batches nothing is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import Crm, TryAgain
from firstcontact.identity.records import Finding
from firstcontact.identity.titles import FIELDS, TitleRule, classify
from firstcontact.interactions.model import Handle
from firstcontact.ledger import observing, writing
from firstcontact.planning.plan import NEW
from firstcontact.policy.enrichment import subject
from firstcontact.policy.field_values import handle_key
from firstcontact.policy.known import CrmContext, ObservedValue, PersonFacts, Ruling

_FURTHER = ("phone", "mobile", "email")


class Said(msgspec.Struct, frozen=True):
    """What was observed of the people of a batch. values: by handle key. handles: the further numbers and
    addresses in them, by canonical key. shared: values that several people have in their signatures."""

    values: Mapping[str, tuple[ObservedValue, ...]]
    handles: Mapping[str, Handle]
    shared: frozenset[tuple[str, str]]
    """(handle key, value)."""


def said(tx: Connection, keys: Mapping[str, Handle], region: str, rules: Sequence[TitleRule]) -> Said:
    """What was observed of these people; department, seniority and persona as `rules` say of their titles
    now."""
    addresses = [key for key, handle in keys.items() if handle.kind == "email"]
    values = observing.observed_of(tx, addresses)
    handles: dict[str, Handle] = {}
    texts: dict[str, set[str]] = {}
    for key, each in values.items():
        for value in each:
            if value.field in _FURTHER and value.source != observing.BOUNCE:
                further = handle_key(value.value, region)
                handles[further] = Handle("email" if "@" in further else "phone", further, further)
                texts.setdefault(value.value, set()).add(key)
    owners = observing.said_of(tx, texts)
    shared = frozenset(
        (key, text)
        for text, keys_here in texts.items()
        for key in keys_here
        if len(owners.get(text, frozenset()) - {key}) > 0
    )
    classified = {key: _classified(each, rules) for key, each in values.items()}
    return Said(classified, handles, shared)


def _classified(values: tuple[ObservedValue, ...], rules: Sequence[TitleRule]) -> tuple[ObservedValue, ...]:
    title = next((each for each in values if each.field == "title"), None)
    if title is None:
        return values
    found = classify(title.value, rules)
    worked_out = (
        ObservedValue(field, getattr(found, field), "title", title.interaction, title.at)
        for field in FIELDS
        if getattr(found, field)
    )
    return (*values, *worked_out)


def with_values(
    people: dict[str, PersonFacts],
    seen: Said,
    here: frozenset[str],
    crm: Crm,
    reserved: Mapping[str, tuple[str, str]],
    region: str,
) -> None:
    """Give each person of a batch what was observed of them, in place. here: ids of the batch's interactions.
    crm: is asked at most once, whose the further numbers and addresses are. reserved: as `writing.reserved`
    has it."""
    wanted: dict[str, Handle] = {}
    for key, values in seen.values.items():
        facts = people[key]
        for value in values:
            if value.field in _FURTHER and _may_be_written(facts, value, here, region):
                further = handle_key(value.value, region)
                wanted[further] = seen.handles[further]
    found = _find(crm, wanted) if wanted else {}
    for key, values in seen.values.items():
        facts = people[key]
        mine = {record.id for record in facts.records}
        taken = {
            value.value
            for value in values
            if value.field in _FURTHER
            and value.source != observing.BOUNCE
            and (
                (key, value.value) in seen.shared
                or _belongs_to_others(handle_key(value.value, region), mine, found, reserved)
            )
        }
        people[key] = msgspec.structs.replace(facts, observed=values, of_others=tuple(sorted(taken)))


def _find(crm: Crm, handles: Mapping[str, Handle]) -> dict[str, Finding]:
    try:
        with crossing(Boundary.FIND_OBSERVED):
            found = crm.find(tuple(handles.values()))
    except TryAgain as error:
        return dict.fromkeys(handles, Finding("unknown", why=str(error)))
    return {key: found.get(key, Finding("unknown")) for key in handles}


def _may_be_written(facts: PersonFacts, value: ObservedValue, here: frozenset[str], region: str) -> bool:
    """Whether a decision of this batch may write the value: onto somebody new, or a contact without it."""
    if value.source == observing.BOUNCE or facts.status not in ("found", "absent"):
        return False
    if facts.status == "absent":
        return True
    key = handle_key(value.value, region)
    return value.interaction in here and not any(
        handle.key == key for record in facts.records for handle in record.handles
    )


def _belongs_to_others(
    key: str,
    mine: set[str],
    found: Mapping[str, Finding],
    reserved: Mapping[str, tuple[str, str]],
) -> bool:
    """Whether a number or address is somebody else's, or nobody can say."""
    write, record = reserved.get(key, ("", ""))
    if write and record not in mine and f"{NEW}{write}" not in mine:
        return True
    finding = found.get(key)
    if finding is None:
        return False
    if finding.status == "unknown":
        return True
    return any(
        each.id not in mine and any(handle.key == key for handle in each.handles) for each in finding.records
    )


def written_of(
    tx: Connection,
    connection: str,
    people: dict[str, PersonFacts],
    rulings: Mapping[tuple[str, str], Ruling],
    reserved: Mapping[str, tuple[str, str]],
    region: str,
    context: CrmContext,
) -> None:
    """Give each person what we wrote into their records, and which of the records' addresses take no mail, in
    place. rulings: as `deciding.rulings_on` has them. reserved: as `writing.reserved` has it."""
    wanted = {key: facts for key, facts in people.items() if "@" in key and facts.records}
    if not wanted:
        return
    ids = {record.id for facts in wanted.values() for record in facts.records}
    written = observing.written(tx, connection, ids)
    addresses = {
        handle_key(address, region)
        for facts in wanted.values()
        for record in facts.records
        for address in record.emails
    }
    over = observing.bounces(tx, addresses)
    writes = [reserved[key][0] for key in wanted if key in reserved]
    made = frozenset() if context.capabilities.marks_ours else writing.made_by(tx, writes)
    for key, facts in wanted.items():
        mine = facts.records
        people[key] = msgspec.structs.replace(
            facts,
            written=tuple(value for record in mine for value in written.get(record.id, ())),
            undeliverable=tuple(
                sorted({k for record in mine for a in record.emails if (k := handle_key(a, region)) in over})
            ),
            made=tuple(record.id for record in mine if record.id in made),
            enriching=rulings.get((subject(key), "")),
        )
