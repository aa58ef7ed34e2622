"""The address-book index: what a CRM's address book holds, as it was last told, by handle.

`bearers` says which record bears which handle, `index_records` what the record is. The change feed fills it,
and every write of ours enters it in the transaction that keeps its receipt (SPEC §2).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, func, select, update

from firstcontact.identity import domains
from firstcontact.identity.records import ABSENT, Account, Finding, Record
from firstcontact.interactions.handles import read_email_field, read_phone_field
from firstcontact.ledger import deciding
from firstcontact.ledger.tables import (
    bearers,
    index_account_keys,
    index_accounts,
    index_records,
    indexes,
    verdicts,
)
from firstcontact.store.statements import Statement, Values, insert_new, upsert, values

_records = msgspec.msgpack.Decoder(Record)
_accounts = msgspec.msgpack.Decoder(Account)
_encode = msgspec.msgpack.encode


class IndexState(msgspec.Struct, frozen=True, kw_only=True):
    """How far a CRM connection's address book has been read; times in microseconds.

    complete_at: when it was whole for the first time, None: not yet. read_at: when the CRM last said that
    there is nothing more, 0: never. changed_at: when it last told of something. reading: the number of the
    reading of everything that is going on, or was the last; swept: the last one that has ended. read, total:
    records it has had so far, and of how many, -1: not told.
    """

    connection: str
    begun_at: int = 0
    complete_at: int | None = None
    read_at: int = 0
    changed_at: int = 0
    reading: int = 1
    swept: int = 0
    read: int = 0
    total: int = -1

    @property
    def share(self) -> str:
        """How much of a first reading is done, for a sentence."""
        if self.total > 0:
            return f"{min(99, 100 * self.read // self.total)} %"
        return f"{self.read:,} records"


_STATE = Statement(select(indexes).where(indexes.c.connection == bindparam("of")))


def state(tx: Connection, connection: str) -> IndexState:
    """How far the connection's address book has been read."""
    for row in _STATE.rows(tx, of=connection):
        return IndexState(**row._mapping)
    return IndexState(connection=connection)


def states(tx: Connection) -> tuple[IndexState, ...]:
    """Every connection whose address book was ever read."""
    return tuple(
        IndexState(**row._mapping) for row in tx.execute(select(indexes).order_by(indexes.c.connection))
    )


def set_state(tx: Connection, state: IndexState) -> None:
    """Keep how far it has been read."""
    upsert(tx, indexes, [msgspec.structs.asdict(state)])


def keep(tx: Connection, connection: str, records: Iterable[Record], region: str, reading: int = 0) -> None:
    """These records are now so. region: where numbers are, of records without a country. reading: the
    number of the reading of everything that they were in, 0 for none."""
    by_id = {record.id: record for record in records}
    if not by_id:
        return
    rows: list[Values] = [
        {
            "connection": connection,
            "id": record.id,
            "reading": reading,
            "unreadable": "\n".join(unreadable(record, region)),
            "data": _encode(record),
        }
        for record in by_id.values()
    ]
    upsert(tx, index_records, rows)
    deciding.bears(tx, connection, by_id.values())


def unreadable(record: Record, region: str) -> tuple[str, ...]:
    """Pieces of the record's fields in which there is no handle (SPEC §1), each once."""
    where = record.country or region
    readings = [read_email_field(text) for text in record.emails]
    readings += [read_phone_field(text, where) for text in record.phones]
    return tuple(dict.fromkeys(" ".join(text.split()) for each in readings for text in each.unreadable))


_GO = [
    Statement(
        delete(column.table).where(column.table.c.connection == bindparam("of"), column.in_(values("ids")))
    )
    for column in (index_records.c.id, index_accounts.c.id, index_account_keys.c.account)
]


def drop(tx: Connection, connection: str, ids: Collection[str]) -> None:
    """These records and accounts are there no more. Whose handles they bore is `deciding.bury_gone`'s."""
    for each in _GO:
        each.run(tx, of=connection, ids=ids)


def not_in(tx: Connection, connection: str, reading: int, most: int = 500) -> tuple[str, ...]:
    """Records that were in no page of that reading of everything, nor brought by a change since: at most so
    many."""
    query = (
        select(index_records.c.id)
        .where(
            index_records.c.connection == connection,
            index_records.c.reading < reading,
        )
        .limit(most)
    )
    return tuple(tx.scalars(query))


def active(tx: Connection, connection: str, at: Mapping[str, int]) -> None:
    """The latest activity of these records (by id) was then; never earlier than known."""
    later = {
        id: record for id, record in read(tx, connection, at).items() if record.last_activity_at < at[id]
    }
    for id, record in later.items():
        now = msgspec.structs.replace(record, last_activity_at=at[id])
        mine = (index_records.c.connection == connection) & (index_records.c.id == id)
        tx.execute(update(index_records).where(mine).values(data=_encode(now)))


_BEARING = Statement(
    select(bearers.c.key, index_records.c.data)
    .join(
        index_records,
        (index_records.c.connection == bearers.c.connection) & (index_records.c.id == bearers.c.record),
    )
    .where(bearers.c.connection == bindparam("of"), bearers.c.key.in_(values("keys")))
)
_RECORDS = Statement(
    select(index_records.c.id, index_records.c.data).where(
        index_records.c.connection == bindparam("of"), index_records.c.id.in_(values("ids"))
    )
)


def find(tx: Connection, connection: str, keys: Collection[str]) -> dict[str, Finding]:
    """For each handle key: every record that bears it, oldest first."""
    found: dict[str, list[Record]] = {}
    for key, data in _BEARING.rows(tx, of=connection, keys=dict.fromkeys(keys)):
        found.setdefault(key, []).append(_records.decode(data))
    return {
        key: Finding("found", tuple(sorted(found[key], key=_age))) if key in found else ABSENT for key in keys
    }


def _age(record: Record) -> tuple[int, str]:
    return record.created_at, record.id


def read(tx: Connection, connection: str, ids: Collection[str]) -> dict[str, Record]:
    """Records of the index by id."""
    rows = _RECORDS.rows(tx, of=connection, ids=dict.fromkeys(ids))
    return {id: _records.decode(data) for id, data in rows}


_KEYS_GO = Statement(
    delete(index_account_keys).where(
        index_account_keys.c.connection == bindparam("of"),
        index_account_keys.c.account.in_(values("accounts")),
    )
)


def keep_accounts(tx: Connection, connection: str, accounts: Iterable[Account]) -> None:
    """These accounts are now so."""
    by_id = {account.id: account for account in accounts}
    if not by_id:
        return
    rows: list[Values] = [
        {"connection": connection, "id": account.id, "data": _encode(account)} for account in by_id.values()
    ]
    upsert(tx, index_accounts, rows)
    _KEYS_GO.run(tx, of=connection, accounts=by_id)
    insert_new(
        tx,
        index_account_keys,
        [
            {"connection": connection, "key": key, "account": account.id}
            for account in by_id.values()
            for key in _account_keys(account.domains, account.phones)
        ],
    )


_BY_KEY = Statement(
    select(index_account_keys.c.account).where(
        index_account_keys.c.connection == bindparam("of"), index_account_keys.c.key.in_(values("keys"))
    )
)
_ACCOUNTS = Statement(
    select(index_accounts.c.data).where(
        index_accounts.c.connection == bindparam("of"), index_accounts.c.id.in_(values("ids"))
    )
)


def find_accounts(
    tx: Connection, connection: str, hosts: Iterable[str], phones: Iterable[str]
) -> tuple[Account, ...]:
    """Accounts with one of these hosts, a host of the same registrable domain, or one of these numbers, by
    id; ranking them is the caller's (`Crm.accounts`)."""
    of_them = _BY_KEY.rows(tx, of=connection, keys=_account_keys(hosts, phones))
    rows = _ACCOUNTS.rows(tx, of=connection, ids={id for (id,) in of_them})
    found = [_accounts.decode(data) for (data,) in rows]
    return tuple(sorted(found, key=lambda account: account.id))


def every_account(tx: Connection, connection: str, after: str = "", most: int = 500) -> tuple[Account, ...]:
    """Accounts by id behind the id `after`, at most so many."""
    query = (
        select(index_accounts.c.data)
        .where(index_accounts.c.connection == connection, index_accounts.c.id > after)
        .order_by(index_accounts.c.id)
        .limit(most)
    )
    return tuple(_accounts.decode(data) for data in tx.scalars(query))


def _account_keys(hosts: Iterable[str], phones: Iterable[str]) -> list[str]:
    keys: dict[str, None] = {}
    for host in hosts:
        keys[f"host:{host}"] = None
        base = domains.registrable(host)
        if base:
            keys[f"base:{base}"] = None
    keys.update((f"phone:{phone}", None) for phone in phones)
    return list(keys)


def linked_by(tx: Connection, interaction: str, record: str) -> tuple[str, ...]:
    """Handle keys by which the interaction's last decision linked the record."""
    mine = verdicts.c.interaction == interaction, verdicts.c.record == record, verdicts.c.about != ""
    return tuple(tx.scalars(select(verdicts.c.about).where(*mine)))


# --- what is in it, for people ------------------------------------------------------------------------


class Counts(msgspec.Struct, frozen=True):
    """How much an index holds."""

    records: int
    handles: int
    accounts: int
    unreadable: int


def size(tx: Connection, connection: str) -> int:
    """How many contacts and leads the index holds."""
    query = select(func.count()).select_from(index_records).where(index_records.c.connection == connection)
    return int(tx.scalar(query) or 0)


def counts(tx: Connection, connection: str) -> Counts:
    """How much the connection's index holds."""

    def count(table: Table, *also: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(table).where(table.c.connection == connection, *also)
        return int(tx.scalar(query) or 0)

    return Counts(
        records=count(index_records),
        handles=count(bearers),
        accounts=count(index_accounts),
        unreadable=count(index_records, index_records.c.unreadable != ""),
    )


def unreadable_fields(
    tx: Connection, connection: str, after: str = "", most: int = 500
) -> Iterator[tuple[Record, str]]:
    """Records with a piece of a field that cannot be read, by id, each piece once, of at most so many records
    behind the id `after`."""
    query = (
        select(index_records.c.data, index_records.c.unreadable)
        .where(
            index_records.c.connection == connection,
            index_records.c.unreadable != "",
            index_records.c.id > after,
        )
        .order_by(index_records.c.id)
        .limit(most)
    )
    for data, pieces in tx.execute(query):
        record = _records.decode(data)
        for piece in pieces.split("\n"):
            yield record, piece


def shared_handles(tx: Connection, connection: str, after: str = "", most: int = 500) -> tuple[str, ...]:
    """Keys of handles that several records bear, in order, behind the key `after`; at most so many."""
    query = (
        select(bearers.c.key)
        .where(bearers.c.connection == connection, bearers.c.key > after)
        .group_by(bearers.c.key)
        .having(func.count() > 1)
        .order_by(bearers.c.key)
        .limit(most)
    )
    return tuple(tx.scalars(query))
