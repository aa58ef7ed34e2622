"""What the ledger holds of one person, found by their handles and by the records that bear these."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from firstcontact.identity.records import Record
from firstcontact.interactions.erased import read_loosely, shown_names
from firstcontact.interactions.model import decode
from firstcontact.ledger.tables import (
    bearers,
    index_records,
    interactions,
    names,
    participants,
    reservations,
    reviews,
    rulings,
    verdicts,
    writes,
)
from firstcontact.ledger.tables_of_people import merges
from firstcontact.planning.plan import NEW
from firstcontact.planning.write import ContactFields, Write
from firstcontact.policy.known import Ruling
from firstcontact.store.statements import chunks

_records = msgspec.msgpack.Decoder(Record)
_writes = msgspec.msgpack.Decoder(Write)
_rulings = msgspec.msgpack.Decoder(Ruling)


class OfPerson(msgspec.Struct, frozen=True, kw_only=True):
    """One person as the ledger knows them.

    keys: their handle keys. records: ids of the contacts and leads that are or were them, those that were
    merged into them among these. made: those of them that we created. names: first and last, as shown
    anywhere; common: those of them that others have, too. interactions: ids of those that they took part
    in; recent ones last.
    """

    connection: str
    keys: frozenset[str]
    records: frozenset[str] = frozenset()
    made: frozenset[str] = frozenset()
    names: frozenset[tuple[str, str]] = frozenset()
    common: frozenset[tuple[str, str]] = frozenset()
    interactions: tuple[str, ...] = ()


def of_person(
    tx: Connection, connection: str, keys: Collection[str], seen: Collection[Record] = ()
) -> OfPerson:
    """Everything that tells who it is. seen: their records, as the CRM shows them now."""
    records = {record.id for record in seen} | _records_of(tx, connection, keys)
    records |= _merged_into(tx, connection, records)
    in_index = _index(tx, connection, records)
    shown = {name for record in (*seen, *in_index) for name in _names_of(record)}
    ids = _interactions_of(tx, keys)
    known_as = frozenset(shown | _names_seen(tx, keys) | _names_given(tx, keys) | _names_shown(tx, ids, keys))
    return OfPerson(
        connection=connection,
        keys=frozenset(keys),
        records=frozenset(records),
        made=_made(tx, connection, records),
        names=known_as,
        common=_of_others(tx, known_as, keys),
        interactions=ids,
    )


def _records_of(tx: Connection, connection: str, keys: Collection[str]) -> set[str]:
    found: set[str] = set()
    for chunk in chunks(keys):
        by_handle: list[tuple[ColumnElement[str], ColumnElement[bool]]] = [
            (bearers.c.record, (bearers.c.connection == connection) & bearers.c.key.in_(chunk)),
            (
                reservations.c.record,
                (reservations.c.connection == connection) & reservations.c.subject.in_(chunk),
            ),
            (writes.c.record, (writes.c.kind == "create_contact") & writes.c.subject.in_(chunk)),
        ]
        for column, condition in by_handle:
            found.update(tx.scalars(select(column).where(condition)))
    return {id for id in found if id and not id.startswith(NEW)}


def _merged_into(tx: Connection, connection: str, records: Collection[str]) -> set[str]:
    found: set[str] = set()
    for chunk in chunks(records):
        mine = merges.c.connection == connection, merges.c.survivor.in_(chunk), merges.c.state == "done"
        found.update(tx.scalars(select(merges.c.loser).where(*mine)))
    return found


def _made(tx: Connection, connection: str, records: Collection[str]) -> frozenset[str]:
    found: set[str] = set()
    for chunk in chunks(records):
        mine = writes.c.connection == connection, writes.c.kind == "create_contact", writes.c.created == 1
        found.update(tx.scalars(select(writes.c.record).where(*mine, writes.c.record.in_(chunk))))
    return frozenset(found)


def _index(tx: Connection, connection: str, records: Collection[str]) -> list[Record]:
    found: list[Record] = []
    for chunk in chunks(records):
        mine = index_records.c.connection == connection, index_records.c.id.in_(chunk)
        found += [_records.decode(data) for data in tx.scalars(select(index_records.c.data).where(*mine))]
    return found


def _names_of(record: Record) -> list[tuple[str, str]]:
    if record.placeholder:
        return []
    return [(record.first_name, record.last_name), *read_loosely(record.name)]


def _names_seen(tx: Connection, keys: Collection[str]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for chunk in chunks(keys):
        query = select(names.c.first, names.c.last).where(names.c.key.in_(chunk))
        found.update((first, last) for first, last in tx.execute(query))
    return found


def _of_others(
    tx: Connection, known_as: Collection[tuple[str, str]], keys: Collection[str]
) -> frozenset[tuple[str, str]]:
    """Those of these names that were seen of others, too."""
    found: set[tuple[str, str]] = set()
    for first, last in known_as:
        either = [(first.lower(), last.lower()), (last.lower(), first.lower())]
        same = or_(
            *(and_(func.lower(names.c.first) == one, func.lower(names.c.last) == two) for one, two in either)
        )
        if first and last and not set(tx.scalars(select(names.c.key).where(same))) <= set(keys):
            found.add((first, last))
    return frozenset(found)


def _names_given(tx: Connection, keys: Collection[str]) -> set[tuple[str, str]]:
    """As they were created, or as a person said."""
    found: set[tuple[str, str]] = set()
    for chunk in chunks(keys):
        made = writes.c.kind == "create_contact", writes.c.subject.in_(chunk)
        for data in tx.scalars(select(writes.c.data).where(*made)):
            fields = _writes.decode(data).fields
            if isinstance(fields, ContactFields):
                found.add((fields.first_name, fields.last_name))
        for data in tx.scalars(select(rulings.c.data).where(rulings.c.about.in_(chunk))):
            said = _rulings.decode(data)
            found.add((said.first_name, said.last_name))
    return found


def _names_shown(tx: Connection, ids: Collection[str], keys: Collection[str]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for chunk in chunks(ids):
        for data in tx.scalars(select(interactions.c.data).where(interactions.c.id.in_(chunk))):
            found.update(shown_names(decode(data), keys))
    return found


def _interactions_of(tx: Connection, keys: Collection[str]) -> tuple[str, ...]:
    """In order of time."""
    at: dict[str, int] = {}
    for chunk in chunks(keys):
        on_it = select(participants.c.interaction).where(participants.c.key.in_(chunk))
        about = select(verdicts.c.interaction).where(verdicts.c.about.in_(chunk))
        query = select(interactions.c.id, interactions.c.at)
        either = or_(interactions.c.id.in_(on_it), interactions.c.id.in_(about))
        at.update((row.id, row.at) for row in tx.execute(query.where(either)))
    return tuple(sorted(at, key=lambda id: (at[id], id)))


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How much is held of a person: interactions, writes about them or these, and questions."""

    interactions: int = 0
    writes: int = 0
    questions: int = 0


def counts(tx: Connection, person: OfPerson) -> Counts:
    """How much there is."""
    written: set[str] = set()
    asked: set[int] = set()
    for chunk in chunks(person.interactions):
        written.update(tx.scalars(select(writes.c.key).where(writes.c.interaction.in_(chunk))))
    for chunk in chunks(person.keys):
        asked.update(tx.scalars(select(reviews.c.id).where(reviews.c.about.in_(chunk))))
    return Counts(interactions=len(person.interactions), writes=len(written), questions=len(asked))


def shared(
    tx: Connection, connection: str, handles: Collection[str], records: Collection[str]
) -> Mapping[str, tuple[str, ...]]:
    """Those of these handle keys that other records bear, too, with these records."""
    found: dict[str, tuple[str, ...]] = {}
    for chunk in chunks(handles):
        mine = bearers.c.connection == connection, bearers.c.key.in_(chunk)
        for key, record in tx.execute(select(bearers.c.key, bearers.c.record).where(*mine)):
            if record not in records:
                found[key] = (*found.get(key, ()), record)
    return found
