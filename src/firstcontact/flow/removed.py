"""What a person took back, as decisions know it: nobody and nothing of it is made or written again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

import msgspec
from sqlalchemy import Connection

from firstcontact.interactions.model import Interaction
from firstcontact.ledger import undoing
from firstcontact.policy.known import PersonFacts


def removed_of(
    tx: Connection, connection: str, suppressed: Mapping[str, str], facts: Sequence[Interaction]
) -> dict[str, int]:
    """When a person took back contacts of these handles (`suppressed`: why they may not be made again), and
    activities of these interactions (`interaction:ID`)."""
    if not undoing.turn(tx):
        return {}  # nothing was ever taken back
    keys = [key for key, why in suppressed.items() if why == undoing.REMOVED]
    keys += [f"interaction:{fact.id}" for fact in facts]
    return undoing.removed_at(tx, connection, keys)


def without_removed(
    tx: Connection, connection: str, people: Mapping[str, PersonFacts]
) -> dict[str, PersonFacts]:
    """People without the values that a person took off their records: what is not seen is not written."""
    if not undoing.turn(tx):
        return dict(people)
    marks = {key: _marks(person) for key, person in people.items() if person.records}
    wanted = [mark for each in marks.values() for mark in (*each[0].values(), *chain(*each[1].values()))]
    gone = undoing.removed_at(tx, connection, wanted) if wanted else {}
    if not gone:
        return dict(people)
    kept = dict(people)
    for key, (values, names) in marks.items():
        person = people[key]
        kept[key] = msgspec.structs.replace(
            person,
            observed=tuple(
                each for number, each in enumerate(person.observed) if values.get(number) not in gone
            ),
            names=tuple(
                each
                for number, each in enumerate(person.names)
                if gone.keys().isdisjoint(names.get(number, ()))
            ),
        )
    return kept


def _marks(person: PersonFacts) -> tuple[dict[int, str], dict[int, tuple[str, ...]]]:
    """Tombstones that there may be, by the places of observed values and of names. Only one record is ever
    written to."""
    if len(person.records) != 1:
        return {}, {}
    id = person.records[0].id
    values = {
        number: undoing.value_key(id, each.field, each.value) for number, each in enumerate(person.observed)
    }
    names = {
        number: tuple(
            undoing.value_key(id, field, value)
            for field, value in (
                ("name", f"{each.first}\n{each.last}"),
                ("first_name", each.first),
                ("last_name", each.last),
            )
        )
        for number, each in enumerate(person.names)
    }
    return values, names
