"""Values that were observed of people, and what we wrote of them into the CRM (SPEC §8)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection, bindparam, delete, select, update

from firstcontact.ledger.tables import interactions, participants, writes
from firstcontact.ledger.tables_of_people import enriched, observed
from firstcontact.planning.write import Receipt
from firstcontact.policy.decision import FieldChange
from firstcontact.policy.known import ObservedValue, WrittenValue
from firstcontact.store.statements import Statement, Values, insert_new, upsert, values

BOUNCE = "bounce"

_OBSERVED = Statement(select(observed).where(observed.c.key.in_(values("keys"))))


def observe(tx: Connection, seen: Iterable[tuple[str, ObservedValue]]) -> None:
    """Remember values of handles; of each field the newest is kept, in whatever order they come."""
    newest: dict[tuple[str, str], ObservedValue] = {}
    for key, value in seen:
        known = newest.get((key, value.field))
        if known is None or _age(value) > _age(known):
            newest[key, value.field] = value
    if not newest:
        return
    have = {(row.key, row.field): row for row in _OBSERVED.rows(tx, keys={key for key, _ in newest})}
    rows: list[Values] = []
    for (key, field), value in newest.items():
        there = have.get((key, field))
        if there is None or (there.at, there.interaction) <= _age(value):
            rows.append({"key": key, **msgspec.structs.asdict(value)})
    upsert(tx, observed, rows)


def _age(value: ObservedValue) -> tuple[int, str]:
    return value.at, value.interaction


def observed_of(tx: Connection, keys: Collection[str]) -> dict[str, tuple[ObservedValue, ...]]:
    """The newest value of each field that was observed for these handles, in the order of the fields'
    names."""
    found: dict[str, list[ObservedValue]] = {}
    for row in _OBSERVED.rows(tx, keys=keys):
        seen = ObservedValue(row.field, row.value, row.source, row.interaction, row.at)
        found.setdefault(row.key, []).append(seen)
    return {key: tuple(sorted(each, key=lambda one: one.field)) for key, each in found.items()}


_SAID_OF = Statement(
    select(observed.c.value, observed.c.key).where(
        observed.c.value.in_(values("said")), observed.c.field.in_(("phone", "mobile", "email"))
    )
)


def said_of(tx: Connection, said: Collection[str]) -> dict[str, frozenset[str]]:
    """Of each of these numbers and addresses, the handles whose people have it in their signatures: one that
    several people have is the office's, nobody's own."""
    found: dict[str, set[str]] = {}
    for value, key in _SAID_OF.rows(tx, said=said):
        found.setdefault(value, set()).add(key)
    return {value: frozenset(keys) for value, keys in found.items()}


_BOUNCES = Statement(
    select(observed.c.key, observed.c.at).where(
        observed.c.key.in_(values("keys")), observed.c.field == "email", observed.c.source == BOUNCE
    )
)
_FORGET_BOUNCE = Statement(
    delete(observed).where(
        observed.c.key == bindparam("_key"),
        observed.c.field == "email",
        observed.c.source == BOUNCE,
        observed.c.at <= bindparam("_at"),
    )
)


def bounces(tx: Connection, keys: Collection[str]) -> dict[str, int]:
    """Those of these addresses that take no mail any more, and since when."""
    return dict(_BOUNCES.rows(tx, keys=keys))


def alive(tx: Connection, senders: Mapping[str, int]) -> None:
    """These addresses sent mail at these times: a bounce from before is over."""
    over = bounces(tx, senders)
    rows = [{"_key": key, "_at": senders[key]} for key, at in over.items() if at <= senders[key]]
    _FORGET_BOUNCE.run_each(tx, rows)


_SENT_SINCE = Statement(
    select(participants.c.key, interactions.c.at, interactions.c.senders)
    .join(interactions, interactions.c.id == participants.c.interaction)
    .where(
        participants.c.key.in_(values("keys")),
        interactions.c.kind == "email",
        interactions.c.at >= bindparam("_at"),
    )
)


def wrote_since(tx: Connection, bounced: Collection[tuple[str, int]]) -> frozenset[tuple[str, int]]:
    """Those of these addresses, each with when it bounced, of which a mail is as young as that or younger."""
    if not bounced:
        return frozenset()
    latest: dict[str, int] = {}
    keys, first = {key for key, _ in bounced}, min(at for _, at in bounced)
    for key, at, senders in _SENT_SINCE.rows(tx, keys=keys, _at=first):
        if key in senders.split():
            latest[key] = max(at, latest.get(key, at))
    return frozenset((key, at) for key, at in bounced if key in latest and latest[key] >= at)


# --- what we wrote ----------------------------------------------------------------------------------------

Provenance = tuple[str, str, FieldChange, str, int]
"""Key of the write, record (`new:KEY` until it is made), what is written, the interaction that said it, and
when it was said."""


def keep(tx: Connection, connection: str, changes: Iterable[Provenance], at: int) -> None:
    """Where the values of these intended writes come from; they count once the write is done."""
    rows: list[Values] = [
        {
            "connection": connection,
            "record": record,
            "field": change.field,
            "write_key": key,
            "value": change.value,
            "before": change.before,
            "mode": change.mode,
            "source": change.source,
            "interaction": interaction,
            "observed_at": observed_at,
            "at": at,
        }
        for key, record, change, interaction, observed_at in changes
    ]
    insert_new(tx, enriched, rows)


_MADE = Statement(
    update(enriched).where(enriched.c.write_key == bindparam("_key")).values(record=bindparam("_record"))
)
_NOT_MADE = Statement(delete(enriched).where(enriched.c.write_key.in_(values("keys"))))
_WITH_VALUES = Statement(
    select(enriched.c.write_key).distinct().where(enriched.c.write_key.in_(values("keys")))
)


def made(tx: Connection, receipts: Sequence[Receipt]) -> None:
    """These creations have receipts: the values of a contact that was made are on its record; of one that was
    there already nothing was written."""
    with_values = {key for (key,) in _WITH_VALUES.rows(tx, keys=[each.key for each in receipts])}
    if not with_values:
        return
    done = [each for each in receipts if each.key in with_values]
    _MADE.run_each(tx, [{"_key": each.key, "_record": each.id} for each in done if each.created])
    _NOT_MADE.run(tx, keys=[each.key for each in done if not each.created])


_DONE = (
    select(
        enriched.c.record,
        enriched.c.field,
        enriched.c.value,
        enriched.c.observed_at,
        enriched.c.at,
    )
    .join(writes, writes.c.key == enriched.c.write_key)
    .where(
        enriched.c.connection == bindparam("of"),
        enriched.c.record.in_(values("records")),
        writes.c.state == "done",
    )
)
_WRITTEN = Statement(_DONE)


def written(tx: Connection, connection: str, records: Collection[str]) -> dict[str, tuple[WrittenValue, ...]]:
    """What we wrote last into the fields of these records, by record."""
    newest: dict[tuple[str, str], tuple[int, int, WrittenValue]] = {}
    for record, field, value, observed_at, at in _WRITTEN.rows(tx, of=connection, records=records):
        known = newest.get((record, field))
        if known is None or (at, observed_at) > known[:2]:
            newest[record, field] = at, observed_at, WrittenValue(record, field, value, observed_at)
    found: dict[str, list[WrittenValue]] = {}
    for (record, _), (_, _, value) in sorted(newest.items(), key=lambda item: item[0]):
        found.setdefault(record, []).append(value)
    return {record: tuple(each) for record, each in found.items()}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Where a value of a record came from. before: what stood there. observed_at: when the interaction said
    it; at: when it was decided to write it. state: of the write."""

    record: str
    field: str
    write_key: str
    value: str
    before: str
    mode: str
    source: str
    interaction: str
    observed_at: int
    at: int
    state: str


_ROWS = select(enriched, writes.c.state).join(writes, writes.c.key == enriched.c.write_key)
_OF_WRITES = Statement(_ROWS.where(enriched.c.write_key.in_(values("keys"))))


def of_writes(tx: Connection, keys: Collection[str]) -> dict[str, tuple[Row, ...]]:
    """What these writes are to bring, by write key."""
    found: dict[str, list[Row]] = {}
    for row in _OF_WRITES.rows(tx, keys=keys):
        found.setdefault(row.write_key, []).append(_row(row))
    return {key: tuple(sorted(each, key=lambda one: one.field)) for key, each in found.items()}


_OF_RECORDS = Statement(
    _ROWS.where(enriched.c.connection == bindparam("of"), enriched.c.record.in_(values("records")))
)


def of_records(tx: Connection, connection: str, records: Collection[str]) -> tuple[Row, ...]:
    """Every value that we wrote or are about to write into these records, newest first."""
    rows = [_row(row) for row in _OF_RECORDS.rows(tx, of=connection, records=records)]
    return tuple(sorted(rows, key=lambda one: (-one.at, one.record, one.field, one.write_key)))


def _row(row: object) -> Row:
    get = row._mapping if hasattr(row, "_mapping") else row
    return Row(**{name: get[name] for name in Row.__struct_fields__})  # type: ignore[index]
