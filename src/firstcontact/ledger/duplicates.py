"""Duplicates in the ledger: records that share a handle, what is known of each pair, what follows a merge.

Candidates come from `bearers`, which the change feed fills of every CRM that has one: handle by handle in
their order, so that neither memory nor time grows with more than the pairs there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec
from sqlalchemy import Connection, Integer, bindparam, delete, func, select, update

from firstcontact.identity.records import Record
from firstcontact.ledger.tables import (
    activities,
    bearers,
    day_messages,
    index_records,
    reservations,
    verdicts,
    writes,
)
from firstcontact.ledger.tables_of_people import enriched, merges, roles_seen
from firstcontact.planning.plan import NEW
from firstcontact.planning.unmerge import Journal, MovedActivity, MovedRole
from firstcontact.planning.write import ActivityFields, CreatedBy, Existing, Target
from firstcontact.store.statements import Statement, Values, insert_new, upsert, values

_fields = msgspec.msgpack.Decoder(ActivityFields)
_records = msgspec.msgpack.Decoder(Record)
_journals = msgspec.msgpack.Decoder(Journal)
_encode = msgspec.msgpack.encode


# --- candidates --------------------------------------------------------------------------------------

_SHARED = Statement(
    select(bearers.c.key, func.count())
    .where(bearers.c.connection == bindparam("of"), bearers.c.key > bindparam("after"))
    .group_by(bearers.c.key)
    .having(func.count() > 1)
    .order_by(bearers.c.key)
    .limit(bindparam("most", type_=Integer))
)


def shared(tx: Connection, connection: str, after: str = "", most: int = 500) -> tuple[tuple[str, int], ...]:
    """Handles that several records bear, each with how many, in the order of their keys, behind `after`."""
    return tuple((key, int(count)) for key, count in _SHARED.rows(tx, of=connection, after=after, most=most))


_BORNE = Statement(
    select(bearers.c.record, bearers.c.key).where(
        bearers.c.connection == bindparam("of"), bearers.c.record.in_(values("records"))
    )
)


def borne_by(tx: Connection, connection: str, records: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Handle keys that each of these records bears."""
    found: dict[str, list[str]] = {}
    for record, key in _BORNE.rows(tx, of=connection, records=records):
        found.setdefault(record, []).append(key)
    return {record: tuple(sorted(keys)) for record, keys in found.items()}


_RECORDS = Statement(
    select(index_records.c.data)
    .where(index_records.c.connection == bindparam("of"), index_records.c.id > bindparam("after"))
    .order_by(index_records.c.id)
    .limit(bindparam("most", type_=Integer))
)


def records(tx: Connection, connection: str, after: str = "", most: int = 500) -> tuple[Record, ...]:
    """Records of the index by their ids, behind `after`."""
    rows = _RECORDS.rows(tx, of=connection, after=after, most=most)
    return tuple(_records.decode(data) for (data,) in rows)


# --- what is known of pairs ---------------------------------------------------------------------------


class PairRow(msgspec.Struct, frozen=True, kw_only=True):
    """A pair of records that may be one person, as in the table `merges`, but for the journal."""

    write_key: str
    connection: str
    survivor: str
    loser: str
    state: str
    by: str = ""
    at: int = 0
    evidence: str = ""
    why: str = ""


_COLUMNS = [merges.c[name] for name in PairRow.__struct_fields__]
_BY_KEY = Statement(select(*_COLUMNS).where(merges.c.write_key.in_(values("keys"))))
_OF_RECORDS = Statement(
    select(*_COLUMNS).where(merges.c.connection == bindparam("of"), merges.c.loser.in_(values("ids")))
)
_OF_SURVIVORS = Statement(
    select(*_COLUMNS).where(merges.c.connection == bindparam("of"), merges.c.survivor.in_(values("ids")))
)
_STANDING = Statement(
    select(*_COLUMNS)
    .where(merges.c.connection == bindparam("of"), merges.c.state.in_(values("states")))
    .order_by(merges.c.at, merges.c.write_key)
)
_JOURNAL = Statement(select(merges.c.journal).where(merges.c.write_key == bindparam("key")))


def pairs(tx: Connection, keys: Collection[str]) -> dict[str, PairRow]:
    """Pairs by the write key of their merge."""
    return {row.write_key: PairRow(**row._mapping) for row in _BY_KEY.rows(tx, keys=keys)}


def pairs_of(tx: Connection, connection: str, ids: Collection[str]) -> tuple[PairRow, ...]:
    """Pairs with one of these records."""
    rows = {row.write_key: row for row in _OF_RECORDS.rows(tx, of=connection, ids=ids)}
    rows.update((row.write_key, row) for row in _OF_SURVIVORS.rows(tx, of=connection, ids=ids))
    return tuple(PairRow(**rows[key]._mapping) for key in sorted(rows))


def standing(tx: Connection, connection: str, states: Collection[str]) -> tuple[PairRow, ...]:
    """Pairs in one of these states, oldest first."""
    return tuple(PairRow(**row._mapping) for row in _STANDING.rows(tx, of=connection, states=states))


_HOW_MANY = Statement(
    select(func.count())
    .select_from(merges)
    .where(merges.c.connection == bindparam("of"), merges.c.state == bindparam("state"))
)


def how_many(tx: Connection, connection: str, state: str) -> int:
    """How many pairs are in this state."""
    return int(_HOW_MANY.rows(tx, of=connection, state=state)[0][0])


def told_apart(tx: Connection, connection: str, ids: Collection[str]) -> frozenset[frozenset[str]]:
    """Pairs among these records of which a person said that they are two, or took the merge back."""
    rows = _OF_RECORDS.rows(tx, of=connection, ids=ids)
    return frozenset(
        frozenset((row.loser, row.survivor)) for row in rows if row.state in ("refused", "undone")
    )


def keep(tx: Connection, rows: Iterable[PairRow]) -> None:
    """These pairs are now so; a journal that was kept stays."""
    upsert(tx, merges, [{**msgspec.structs.asdict(row), "journal": None} for row in rows],
           update=[name for name in PairRow.__struct_fields__ if name != "write_key"])  # fmt: skip


_FORGET = Statement(
    delete(merges).where(
        merges.c.connection == bindparam("of"),
        merges.c.state == "suggested",
        merges.c.by == bindparam("_by"),
        merges.c.at < bindparam("_at"),
    )
)


def forget_older(tx: Connection, connection: str, by: str, at: int) -> None:
    """Suggestions of whom `by` names that were not made again since that time are none any more."""
    _FORGET.run(tx, of=connection, _by=by, _at=at)


_FORGET_PAIR = Statement(
    delete(merges).where(
        merges.c.connection == bindparam("of"),
        merges.c.loser == bindparam("_one"),
        merges.c.survivor == bindparam("_other"),
        merges.c.state != "intended",
        merges.c.state != "done",
    )
)


def forget_pair(tx: Connection, connection: str, one: str, other: str) -> None:
    """Whatever was said of the pair before, either way round, holds no more; a merge that is under way or
    done stays."""
    ends = ((one, other), (other, one))
    _FORGET_PAIR.run_each(tx, [{"of": connection, "_one": a, "_other": b} for a, b in ends])


def write_journal(tx: Connection, key: str, journal: Journal) -> None:
    """Keep what was so before the merge."""
    tx.execute(update(merges).where(merges.c.write_key == key).values(journal=_encode(journal)))


def journal(tx: Connection, key: str) -> Journal | None:
    """What was so before the merge, None where that was never kept, or was erased."""
    for (data,) in _JOURNAL.rows(tx, key=key):
        return _journals.decode(data) if data is not None else None
    return None


# --- which record stands for another one --------------------------------------------------------------

_ANY = Statement(select(merges.c.write_key).where(merges.c.state.in_(values("states"))).limit(1))
_INTO = Statement(
    select(merges.c.loser, merges.c.survivor, merges.c.state).where(
        merges.c.connection == bindparam("of"), merges.c.loser.in_(values("ids"))
    )
)
UNDER_WAY = ("intended", "done")
"""The loser is gone, or may be any moment, without a person having deleted it."""


def into(
    tx: Connection, connection: str, ids: Collection[str], states: Collection[str] = UNDER_WAY
) -> dict[str, str]:
    """Which record each of these has gone into, or is about to, as far as we merged it ourselves."""
    if not ids or not _ANY.rows(tx, states=states):
        return {}
    found: dict[str, str] = {}
    ask = set(ids)
    while ask:
        rows = {loser: to for loser, to, state in _INTO.rows(tx, of=connection, ids=ask) if state in states}
        found.update(rows)
        ask = set(rows.values()) - found.keys()
    return {id: last for id in ids if (last := _last(id, found)) != id}


def _last(id: str, steps: Mapping[str, str]) -> str:
    seen = {id}
    while id in steps and steps[id] not in seen:
        id = steps[id]
        seen.add(id)
    return id


# --- what of ours points at a record, and at another one after a merge -------------------------------------

_LINKED = Statement(
    select(verdicts.c.interaction, verdicts.c.about).where(
        verdicts.c.record.in_(values("records")), verdicts.c.record != ""
    )
)
_DAYS = Statement(select(day_messages.c.day).where(day_messages.c.interaction.in_(values("ids"))))
_ACTIVITIES = Statement(
    select(activities.c.subject, activities.c.write_key, activities.c.fields).where(
        activities.c.connection == bindparam("of"), activities.c.subject.in_(values("subjects"))
    )
)
_RESERVED = Statement(
    select(reservations.c.subject, reservations.c.write_key).where(
        reservations.c.connection == bindparam("of"),
        reservations.c.subject.in_(values("subjects")),
        reservations.c.record == bindparam("record"),
    )
)
_BORNE_BY = Statement(
    select(bearers.c.key).where(
        bearers.c.connection == bindparam("of"), bearers.c.record == bindparam("record")
    )
)
_CAUSES = Statement(select(writes.c.interaction).where(writes.c.key.in_(values("keys"))))
_ROLES = Statement(
    select(roles_seen.c.opportunity, roles_seen.c.contact).where(
        roles_seen.c.connection == bindparam("of"), roles_seen.c.contact.in_(values("contacts"))
    )
)


def journal_of(tx: Connection, connection: str, loser: Record, survivor: Record) -> Journal:
    """Both records, and what of ours points at the loser now."""
    keys = {handle.key for handle in loser.handles}
    keys.update(key for (key,) in _BORNE_BY.rows(tx, of=connection, record=loser.id))
    keys.update(about for _, about in _LINKED.rows(tx, records=[loser.id]))
    reserved = dict(iter(_RESERVED.rows(tx, of=connection, subjects=keys, record=loser.id)))
    made_by = tuple(sorted(set(reserved.values())))
    # What was decided before it was made speaks of the write that makes it.
    named = [loser.id, *(NEW + key for key in made_by)]
    linked = sorted((id, about) for id, about in _LINKED.rows(tx, records=named) if about)
    causes = sorted(id for (id,) in _CAUSES.rows(tx, keys=made_by) if id)
    ids = {id for id, _ in linked} | set(causes)
    subjects = ids | {day for (day,) in _DAYS.rows(tx, ids=ids)} if ids else ids
    rows = _ACTIVITIES.rows(tx, of=connection, subjects=subjects)
    moved = [MovedActivity(subject, key, _fields.decode(fields)) for subject, key, fields in rows]
    people: frozenset[Target] = frozenset(
        (Existing("contact", loser.id), *(CreatedBy(key) for key in made_by))
    )
    roles: dict[str, set[str]] = {}
    for opportunity, contact in _ROLES.rows(tx, of=connection, contacts=[loser.id, survivor.id]):
        roles.setdefault(opportunity, set()).add(contact)
    return Journal(
        loser=loser,
        survivor=survivor,
        activities=tuple(
            sorted(
                (each for each in moved if people.intersection(each.fields.people)),
                key=lambda each: each.subject,
            )
        ),
        roles=tuple(
            MovedRole(opportunity, survivor.id in contacts)
            for opportunity, contacts in sorted(roles.items())
            if loser.id in contacts
        ),
        made_by=made_by,
        cause=next(iter(causes), ""),
        reservations=tuple(sorted(reserved)),
        verdicts=tuple(linked),
    )


_LINK = Statement(
    update(verdicts)
    .where(verdicts.c.interaction == bindparam("_id"), verdicts.c.about == bindparam("_about"),
           verdicts.c.record == bindparam("_from"))
    .values(record=bindparam("_to"))
)  # fmt: skip
_RESERVE = Statement(
    update(reservations)
    .where(
        reservations.c.connection == bindparam("of"),
        reservations.c.subject == bindparam("_subject"),
        reservations.c.record == bindparam("_from"),
    )
    .values(record=bindparam("_to"))
)
_LOG = Statement(
    update(activities)
    .where(activities.c.connection == bindparam("of"), activities.c.subject == bindparam("_subject"))
    .values(fields=bindparam("_fields"))
)
_UNBEAR = Statement(
    delete(bearers).where(bearers.c.connection == bindparam("of"), bearers.c.record == bindparam("_from"))
)
_ENRICHED = Statement(
    select(enriched).where(enriched.c.connection == bindparam("of"), enriched.c.record.in_(values("records")))
)


def follow(tx: Connection, connection: str, before: Journal) -> None:
    """The merge is done: whatever of ours pointed at the loser points at the survivor, now as well as what
    has come since the journal was written, and nobody takes the loser for deleted by a person."""
    loser, survivor = before.loser.id, before.survivor.id
    now = journal_of(tx, connection, before.loser, before.survivor)
    ends = {"_from": loser, "_to": survivor}
    for name in (loser, *(NEW + key for key in now.made_by)):
        links = [{"_id": id, "_about": about, "_from": name, "_to": survivor} for id, about in now.verdicts]
        _LINK.run_each(tx, links)
    reserved = [{"of": connection, "_subject": subject, **ends} for subject in now.reservations]
    _RESERVE.run_each(tx, reserved)
    for each in now.activities:
        fields = _on(each.fields, now.loser_people, survivor)
        _LOG.run(tx, of=connection, _subject=each.subject, _fields=_encode(fields))
    roles = [
        {"connection": connection, "opportunity": role.opportunity, "contact": survivor} for role in now.roles
    ]
    insert_new(tx, roles_seen, roles)
    _UNBEAR.run(tx, of=connection, _from=loser)
    insert_new(tx, enriched, _provenance(tx, connection, before))


def _on(fields: ActivityFields, gone: frozenset[Target], survivor: str) -> ActivityFields:
    people: tuple[Target, ...] = tuple(
        Existing("contact", survivor) if one in gone else one for one in fields.people
    )
    return msgspec.structs.replace(fields, people=tuple(dict.fromkeys(people)))


def give_back(tx: Connection, connection: str, before: Journal, made: str) -> None:
    """The merge was taken back: what of ours had pointed at the loser points at the record that was made in
    its place, as far as it points at the survivor now."""
    survivor = before.survivor.id
    ends = {"_from": survivor, "_to": made}
    _LINK.run_each(tx, [{"_id": id, "_about": about, **ends} for id, about in before.verdicts])
    _RESERVE.run_each(tx, [{"of": connection, "_subject": each, **ends} for each in before.reservations])
    had = {each.subject: each.fields for each in before.activities}
    rows = _ACTIVITIES.rows(tx, of=connection, subjects=had)
    for subject, _, data in rows:
        if Existing("contact", survivor) not in had[subject].people:
            now = _on(_fields.decode(data), frozenset([Existing("contact", survivor)]), made)
            _LOG.run(tx, of=connection, _subject=subject, _fields=_encode(now))


_LISTED = frozenset({"phone", "mobile", "email"})


def _provenance(tx: Connection, connection: str, before: Journal) -> list[Values]:
    """Where those values of the survivor come from that it has from the loser: it had none itself."""
    kept: list[Values] = []
    for row in _ENRICHED.rows(tx, of=connection, records=[before.loser.id]):
        if row.field in _LISTED or not getattr(before.survivor, row.field, "?"):
            kept.append({**row._mapping, "record": before.survivor.id})
    return kept
