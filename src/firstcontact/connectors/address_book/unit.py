"""`Unit`: one write transaction's working set. Rows are read once, changed in memory and written in bulk.

So a batch of five hundred contacts is a handful of statements, and a rejected write among them leaves no
trace: it is found out before anything of it is put here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, bindparam, delete, select, update

from firstcontact.connectors.address_book import tables
from firstcontact.connectors.address_book.stored import (
    Person,
    Stored,
    StoredAccount,
    StoredActivity,
    StoredDocument,
    StoredOpportunity,
    StoredRecord,
    StoredTimeEntry,
    decode,
    decode_stored_record,
    encode,
)
from firstcontact.connectors.toolkit.fields import read_fields
from firstcontact.identity.domains import registrable
from firstcontact.identity.records import CrmUser, Matter
from firstcontact.planning.write import Receipt
from firstcontact.store.statements import Statement, insert, insert_new, upsert, values

COUNTERS = ("change", "contacts", "named", "seq")

_TAKE_TURN = Statement(
    update(tables.counters).where(tables.counters.c.name == "change").values(value=tables.counters.c.value)
)
_COUNTERS = Statement(select(tables.counters))
_COUNT = Statement(
    update(tables.counters)
    .where(tables.counters.c.name == bindparam("_name"))
    .values(value=bindparam("_value"))
)
_RECEIPTS = Statement(select(tables.receipts).where(tables.receipts.c.key.in_(values("keys"))))
_RECORDS = Statement(select(tables.records).where(tables.records.c.id.in_(values("ids"))))


@cache
def _bodies(table: Table) -> Statement:
    """Bodies by id."""
    return Statement(select(table.c.id, table.c.body).where(table.c.id.in_(values("ids"))))


@cache
def _delete(table: Table, column: str) -> Statement:
    """Rows that have one of these in a column."""
    return Statement(delete(table).where(table.c[column].in_(values("listed"))))


@dataclass(slots=True)
class Slot:
    """One record's row: live, deleted (`gone`) or merged (`gone` and `merged_into`)."""

    seq: int
    record: StoredRecord
    gone: bool = False
    merged_into: str = ""
    fresh: bool = False
    unreadable: tuple[str, ...] = ()


class Unit:
    """The working set of one write transaction; `flush` writes it out.

    region: the team's, for numbers on records without a country. now: microseconds UTC.
    """

    def __init__(self, connection: Connection, region: str, now: int) -> None:
        self.now = now
        self._connection = connection
        self.region = region
        self._counters = self._take_turn()
        self._counters_before = dict(self._counters)
        self._slots: dict[str, Slot | None] = {}
        self._changed: dict[str, Slot] = {}
        self._rehandled: dict[str, Slot] = {}
        self._receipts: dict[str, Receipt | None] = {}
        self._new_receipts: list[Receipt] = []
        self._bodies: dict[tuple[str, str], msgspec.Struct | None] = {}
        self._changed_bodies: dict[tuple[str, str], msgspec.Struct | None] = {}
        self._roles: dict[str, dict[str, str]] = {}
        self._changed_roles: set[str] = set()

    # --- counters -----------------------------------------------------------------------------

    def _take_turn(self) -> dict[str, int]:
        if not _TAKE_TURN.run(self._connection):
            insert_new(self._connection, tables.counters, [{"name": name, "value": 0} for name in COUNTERS])
            _TAKE_TURN.run(self._connection)
        return {name: int(value) for name, value in _COUNTERS.rows(self._connection)}

    def _next(self, counter: str) -> int:
        self._counters[counter] += 1
        return self._counters[counter]

    # --- receipts -----------------------------------------------------------------------------

    def load_receipts(self, keys: Iterable[str]) -> None:
        """Read the receipts of these write keys in bulk."""
        missing = [key for key in keys if key not in self._receipts]
        self._receipts.update(dict.fromkeys(missing))
        self._receipts.update(read_receipts(self._connection, missing))

    def receipt(self, key: str) -> Receipt | None:
        """The receipt of a write key that was carried out."""
        if key not in self._receipts:
            self.load_receipts([key])
        return self._receipts[key]

    def add_receipt(self, receipt: Receipt) -> None:
        """Keep a receipt; the first of a write key stays."""
        if self.receipt(receipt.key) is None:
            self._receipts[receipt.key] = receipt
            self._new_receipts.append(receipt)

    # --- contacts and leads ---------------------------------------------------------------------

    def load(self, ids: Iterable[str]) -> None:
        """Read these contacts and leads in bulk."""
        missing = [id for id in dict.fromkeys(ids) if id not in self._slots]
        self._slots.update(dict.fromkeys(missing))
        for row in _RECORDS.rows(self._connection, ids=missing):
            self._slots[row.id] = Slot(
                row.seq, decode_stored_record(row.body), bool(row.gone), row.merged_into
            )

    def slot(self, id: str) -> Slot | None:
        """A contact's or lead's row, also of a deleted one; None where there never was one."""
        if id not in self._slots:
            self.load([id])
        return self._slots[id]

    def add_record(self, record: StoredRecord) -> StoredRecord:
        """A new contact or lead; its handles are read here. Raises ValueError where the id is taken."""
        if self.slot(record.id) is not None:
            raise ValueError(f"the address book already has a record {record.id!r}")
        slot = self._read_handles(Slot(self._next("seq"), record, fresh=True))
        self._slots[record.id] = self._changed[record.id] = self._rehandled[record.id] = slot
        if record.type == "contact":
            self._counters["contacts"] += 1
        return slot.record

    def save_record(self, record: StoredRecord) -> StoredRecord:
        """A contact or lead as it is from now on."""
        slot = self.slot(record.id)
        if slot is None:
            raise KeyError(record.id)
        before, slot.record = slot.record, record
        fields = (record.emails, record.phones, record.country)
        if fields != (before.emails, before.phones, before.country):
            self._rehandled[record.id] = self._read_handles(slot)
        self._changed[record.id] = slot
        return slot.record

    def remove_record(self, id: str, merged_into: str = "") -> None:
        """Take a contact or lead away, or into another; who was linked to it is the caller's to move."""
        slot = self.slot(id)
        if slot is None or slot.gone:
            return
        slot.gone, slot.merged_into = True, merged_into
        self._changed[id] = self._rehandled[id] = slot
        if slot.record.type == "contact":
            self._counters["contacts"] -= 1

    def _read_handles(self, slot: Slot) -> Slot:
        record = slot.record
        handles, slot.unreadable = read_fields(record.emails, record.phones, self.region_of(record))
        slot.record = msgspec.structs.replace(record, handles=handles)
        return slot

    def region_of(self, record: StoredRecord) -> str:
        """The country that the record's numbers are read in."""
        return record.country or self.region

    def new_id(self, prefix: str, taken: Callable[[str], bool]) -> str:
        """A short id for what a person adds."""
        while taken(id := f"{prefix}{self._next('named')}"):
            pass
        return id

    def new_record_ids(self, prefix: str, count: int) -> Iterator[str]:
        """As many free ids for contacts or leads, looked up in bulk."""
        while count > 0:
            tried = [f"{prefix}{self._next('named')}" for _ in range(count)]
            self.load(tried)
            free = [id for id in tried if self._slots[id] is None]
            yield from free
            count -= len(free)

    # --- what else there is: bodies by table and id ---------------------------------------------

    def load_bodies(self, table: Table, ids: Iterable[str]) -> None:
        """Read these rows' bodies in bulk."""
        missing = [id for id in dict.fromkeys(ids) if (table.name, id) not in self._bodies]
        self._bodies.update(dict.fromkeys((table.name, id) for id in missing))
        for id, text in _bodies(table).rows(self._connection, ids=missing):
            self._bodies[table.name, id] = decode(text, BODY_TYPES[table.name])

    def body(self, table: Table, id: str, type: type[Stored]) -> Stored | None:
        """One row's body, or None."""
        if (table.name, id) not in self._bodies:
            self.load_bodies(table, [id])
        found = self._bodies[table.name, id]
        assert found is None or isinstance(found, type)
        return found

    def put(self, table: Table, id: str, body: msgspec.Struct) -> None:
        """One row, new or changed."""
        self._bodies[table.name, id] = self._changed_bodies[table.name, id] = body

    def drop(self, table: Table, id: str) -> None:
        """One row less."""
        self._bodies[table.name, id] = self._changed_bodies[table.name, id] = None

    def owned(self, table: Table, column: str, owner: str) -> list[str]:
        """Ids of the rows that belong to a record, as they were at the start of the transaction."""
        query = select(table.c.id).where(table.c[column] == owner)
        return [str(id) for id in self._connection.execute(query).scalars()]

    def activities_of(self, record: str) -> list[str]:
        """Ids of the activities that a contact or lead is on, as at the start of the transaction."""
        columns = tables.activity_people.c
        query = select(columns.activity).where(columns.record == record)
        return [str(id) for id in self._connection.execute(query).scalars()]

    # --- contact roles --------------------------------------------------------------------------

    def roles(self, opportunity: str) -> dict[str, str]:
        """The opportunity's roles by contact. Changed through `save_roles`."""
        if opportunity not in self._roles:
            columns = tables.contact_roles.c
            query = select(columns.contact, columns.role).where(columns.opportunity == opportunity)
            rows = self._connection.execute(query)
            self._roles[opportunity] = {str(contact): str(role) for contact, role in rows}
        return dict(self._roles[opportunity])

    def save_roles(self, opportunity: str, roles: dict[str, str]) -> None:
        """The opportunity's roles from now on."""
        self._roles[opportunity] = roles
        self._changed_roles.add(opportunity)
        found = self.body(tables.opportunities, opportunity, StoredOpportunity)
        if found is not None:
            self.touch_account(found.account)

    def opportunities_of(self, contact: str) -> list[str]:
        """Ids of the opportunities that a contact has a role on, as at the start of the transaction."""
        columns = tables.contact_roles.c
        query = select(columns.opportunity).where(columns.contact == contact)
        return [str(id) for id in self._connection.execute(query).scalars()]

    def touch_account(self, id: str) -> None:
        """Let the account appear in the change feed."""
        account = self.body(tables.accounts, id, StoredAccount)
        if account is not None:
            self.put(tables.accounts, id, account)

    # --- writing it out -------------------------------------------------------------------------

    def flush(self) -> None:
        """Write everything that changed, in bulk."""
        self._flush_records()
        self._flush_bodies()
        self._flush_roles()
        rows = [msgspec.structs.asdict(receipt) for receipt in self._new_receipts]
        for row in rows:
            row["created"] = int(row["created"])
        insert(self._connection, tables.receipts, rows)
        for name, value in self._counters.items() - self._counters_before.items():
            _COUNT.run(self._connection, _name=name, _value=value)
        self._counters_before = dict(self._counters)

    def _flush_records(self) -> None:
        fresh: list[dict[str, Any]] = []
        changed: list[dict[str, Any]] = []
        for slot in self._changed.values():
            (fresh if slot.fresh else changed).append(self._row(slot))
        insert(self._connection, tables.records, fresh)
        upsert(self._connection, tables.records, changed)
        old = [slot.seq for slot in self._rehandled.values() if not slot.fresh]
        for table in (tables.handles, tables.unreadable):
            _delete(table, "record").run(self._connection, listed=old)
        live = [slot for slot in self._rehandled.values() if not slot.gone]
        keys = {(handle.key, slot.seq) for slot in live for handle in slot.record.handles}
        insert(self._connection, tables.handles, [{"key": key, "record": seq} for key, seq in sorted(keys)])
        pieces = [{"record": slot.seq, "text": text} for slot in live for text in slot.unreadable]
        insert(self._connection, tables.unreadable, pieces)

    def _row(self, slot: Slot) -> dict[str, Any]:
        record = slot.record
        return {
            "seq": slot.seq,
            "id": record.id,
            "type": record.type,
            "account": "" if slot.gone else record.account,
            "change": self._next("change"),
            "gone": int(slot.gone),
            "merged_into": slot.merged_into,
            "body": encode(record),
        }

    def _flush_bodies(self) -> None:
        by_table: dict[str, dict[str, msgspec.Struct | None]] = {}
        for (name, id), body in self._changed_bodies.items():
            by_table.setdefault(name, {})[id] = body
        for name, bodies in by_table.items():
            table = tables.metadata.tables[name]
            for side in _SIDES.get(name, ()):
                _delete(side.table, side.owner).run(self._connection, listed=bodies)
            dropped = [id for id, body in bodies.items() if body is None]
            _delete(table, "id").run(self._connection, listed=dropped)
            kept = {id: body for id, body in bodies.items() if body is not None}
            upsert(self._connection, table, [self._body_row(table, id, body) for id, body in kept.items()])
            for side in _SIDES.get(name, ()):
                insert(
                    self._connection, side.table, [row for body in kept.values() for row in side.rows(body)]
                )

    def _body_row(self, table: Table, id: str, body: msgspec.Struct) -> dict[str, Any]:
        row: dict[str, Any] = {"id": id, "body": encode(body)}
        for column in (one.name for one in table.columns):
            if column == "change":
                row[column] = self._next("change")
            elif column not in row:
                row[column] = getattr(body, column)
        return row

    def _flush_roles(self) -> None:
        table = tables.contact_roles
        _delete(table, "opportunity").run(self._connection, listed=sorted(self._changed_roles))
        rows = [
            {"opportunity": opportunity, "contact": contact, "role": role}
            for opportunity in sorted(self._changed_roles)
            for contact, role in self._roles[opportunity].items()
        ]
        insert(self._connection, table, rows)


@dataclass(frozen=True)
class _Side:
    """A table of what a body is searched by, rewritten with it."""

    table: Table
    owner: str
    rows: Callable[[Any], list[dict[str, Any]]]


def _domain_rows(account: StoredAccount) -> list[dict[str, Any]]:
    return [
        {"host": host, "account": account.id, "registrable": registrable(host)}
        for host in dict.fromkeys(account.domains)
    ]


def _phone_rows(account: StoredAccount) -> list[dict[str, Any]]:
    return [{"key": key, "account": account.id} for key in dict.fromkeys(account.phone_keys)]


def _interaction_rows(activity: StoredActivity) -> list[dict[str, Any]]:
    return [{"interaction": id, "activity": activity.id} for id in dict.fromkeys(activity.interactions)]


def _people_rows(activity: StoredActivity) -> list[dict[str, Any]]:
    return [{"record": id, "activity": activity.id} for id in {person.id: 0 for person in activity.people}]


_SIDES: dict[str, tuple[_Side, ...]] = {
    "accounts": (
        _Side(tables.account_domains, "account", _domain_rows),
        _Side(tables.account_phones, "account", _phone_rows),
    ),
    "activities": (
        _Side(tables.activity_interactions, "activity", _interaction_rows),
        _Side(tables.activity_people, "activity", _people_rows),
    ),
}

BODY_TYPES: dict[str, type[msgspec.Struct]] = {
    "accounts": StoredAccount,
    "opportunities": StoredOpportunity,
    "matters": Matter,
    "activities": StoredActivity,
    "time_entries": StoredTimeEntry,
    "documents": StoredDocument,
    "users": CrmUser,
}
"""The type of each table's bodies."""


def read_receipts(connection: Connection, keys: Sequence[str]) -> dict[str, Receipt]:
    """The receipts of those write keys that were carried out."""
    rows = _RECEIPTS.rows(connection, keys=keys)
    return {row.key: Receipt(row.key, row.id, bool(row.created), row.at) for row in rows}


def without(people: tuple[Person, ...], id: str) -> tuple[Person, ...]:
    """The people but for one."""
    return tuple(person for person in people if person.id != id)
