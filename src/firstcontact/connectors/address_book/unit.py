"""`Unit`: one write transaction's working set. Rows are read once, changed in memory and written in bulk.

So a batch of five hundred contacts is a handful of statements, and a rejected write among them leaves no
trace: it is found out before anything of it is put here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

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

COUNTERS = ("change", "contacts", "named", "seq")
CHUNK = 500
"""Values in one IN list: well under SQLite's and PostgreSQL's limits."""


def chunks(values: Iterable[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    """The values in lists of at most `size`."""
    rest = iter(values)
    while part := list(islice(rest, size)):
        yield part


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
        counters = tables.counters
        turn = update(counters).where(counters.c.name == "change").values(value=counters.c.value)
        if not self._connection.execute(turn).rowcount:
            first = self._insert_for(counters).on_conflict_do_nothing()
            self._connection.execute(first, [{"name": name, "value": 0} for name in COUNTERS])
            self._connection.execute(turn)
        return {name: int(value) for name, value in self._connection.execute(select(counters))}

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
        columns = tables.records.c
        for part in chunks(missing):
            query = select(columns.id, columns.seq, columns.gone, columns.merged_into, columns.body)
            for id, seq, gone, into, body in self._connection.execute(query.where(columns.id.in_(part))):
                self._slots[id] = Slot(seq, decode_stored_record(body), bool(gone), into)

    def slot(self, id: str) -> Slot | None:
        """A contact's or lead's row, also of a deleted one; None where there never was one."""
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
        for part in chunks(missing):
            query = select(table.c.id, table.c.body).where(table.c.id.in_(part))
            for id, text in self._connection.execute(query):
                self._bodies[table.name, id] = decode(text, BODY_TYPES[table.name])

    def body(self, table: Table, id: str, type: type[Stored]) -> Stored | None:
        """One row's body, or None."""
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
        if self._new_receipts:
            rows = [msgspec.structs.asdict(receipt) for receipt in self._new_receipts]
            for row in rows:
                row["created"] = int(row["created"])
            self._connection.execute(insert(tables.receipts), rows)
        counters = tables.counters
        for name, value in self._counters.items() - self._counters_before.items():
            self._connection.execute(update(counters).where(counters.c.name == name).values(value=value))
        self._counters_before = dict(self._counters)

    def _flush_records(self) -> None:
        fresh: list[dict[str, Any]] = []
        changed: list[dict[str, Any]] = []
        for slot in self._changed.values():
            (fresh if slot.fresh else changed).append(self._row(slot))
        if fresh:
            self._connection.execute(insert(tables.records), fresh)
        if changed:
            self._upsert(tables.records, ("seq",), changed)
        old = [slot.seq for slot in self._rehandled.values() if not slot.fresh]
        for table in (tables.handles, tables.unreadable):
            for part in chunks(old):
                self._connection.execute(delete(table).where(table.c.record.in_(part)))
        live = [slot for slot in self._rehandled.values() if not slot.gone]
        keys = {(handle.key, slot.seq) for slot in live for handle in slot.record.handles}
        self._insert(tables.handles, [{"key": key, "record": seq} for key, seq in sorted(keys)])
        pieces = [{"record": slot.seq, "text": text} for slot in live for text in slot.unreadable]
        self._insert(tables.unreadable, pieces)

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
                for part in chunks(bodies):
                    owner = side.table.c[side.owner]
                    self._connection.execute(delete(side.table).where(owner.in_(part)))
            for part in chunks(id for id, body in bodies.items() if body is None):
                self._connection.execute(delete(table).where(table.c.id.in_(part)))
            kept = {id: body for id, body in bodies.items() if body is not None}
            if kept:
                self._upsert(table, ("id",), [self._body_row(table, id, body) for id, body in kept.items()])
            for side in _SIDES.get(name, ()):
                self._insert(side.table, [row for body in kept.values() for row in side.rows(body)])

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
        for part in chunks(sorted(self._changed_roles)):
            self._connection.execute(delete(table).where(table.c.opportunity.in_(part)))
        rows = [
            {"opportunity": opportunity, "contact": contact, "role": role}
            for opportunity in sorted(self._changed_roles)
            for contact, role in self._roles[opportunity].items()
        ]
        self._insert(table, rows)

    def _insert(self, table: Table, rows: list[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(insert(table), rows)

    def _insert_for(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        if self._connection.dialect.name == "postgresql":
            return postgresql.insert(table)
        return sqlite.insert(table)

    def _upsert(self, table: Table, key: Sequence[str], rows: list[dict[str, Any]]) -> None:
        """Through executemany, which is an order of magnitude faster than one statement of many rows."""
        statement = self._insert_for(table)
        others = {
            name: statement.excluded[name] for name in (one.name for one in table.columns) if name not in key
        }
        self._connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=others), rows)


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
    found: dict[str, Receipt] = {}
    columns = tables.receipts.c
    for part in chunks(keys):
        query = select(columns.key, columns.id, columns.created, columns.at).where(columns.key.in_(part))
        for key, id, created, at in connection.execute(query):
            found[key] = Receipt(key, id, bool(created), at)
    return found


def without(people: tuple[Person, ...], id: str) -> tuple[Person, ...]:
    """The people but for one."""
    return tuple(person for person in people if person.id != id)
