"""Looking things up: every query of the address book that only reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, Engine, func, select

from firstcontact.connectors.address_book import tables
from firstcontact.connectors.address_book.stored import (
    StoredAccount,
    StoredOpportunity,
    decode,
    decode_matter,
    decode_record,
)
from firstcontact.connectors.contract import Changes, Gone, Moved
from firstcontact.identity.domains import registrable
from firstcontact.identity.records import ABSENT, Account, CrmUser, Finding, Matter, Opportunity, Record
from firstcontact.store.engine import fetch, placeholder
from firstcontact.store.statements import Statement, chunks, values

SIZES = (1, 4, 20, 100, 500)
"""Handles in one query. A handful of sizes, so that the driver keeps each statement prepared."""

PAGE = 500
"""Records and accounts in one page of the change feed."""

_record, _matter, _account = tables.records.c, tables.matters.c, tables.accounts.c
_domain, _phone = tables.account_domains.c, tables.account_phones.c
_opportunity, _role = tables.opportunities.c, tables.contact_roles.c

_RECORDS = Statement(
    select(_record.id, _record.gone, _record.merged_into, _record.body).where(_record.id.in_(values("ids")))
)
_MATTERS = Statement(select(_matter.body).where(_matter.contact.in_(values("contacts"))))
_BY_HOST = Statement(select(_domain.account).where(_domain.host.in_(values("hosts"))))
_BY_BASE = Statement(select(_domain.account).where(_domain.registrable.in_(values("bases"))))
_BY_PHONE = Statement(select(_phone.account).where(_phone.key.in_(values("keys"))))
_ACCOUNTS = Statement(select(_account.body).where(_account.id.in_(values("ids"))))
_OPPORTUNITIES = Statement(select(_opportunity.body).where(_opportunity.account.in_(values("accounts"))))
_ROLES = Statement(
    select(_role.opportunity, _role.contact)
    .join(tables.opportunities, _opportunity.id == _role.opportunity)
    .where(_opportunity.account.in_(values("accounts")))
)
_CONTACT_COUNTS = Statement(
    select(_record.account, func.count())
    .where(_record.account.in_(values("accounts")), _record.type == "contact")
    .group_by(_record.account)
)


class Finder:
    """Finds contacts and leads by handle: one query for up to five hundred handles."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        mark = placeholder(engine)
        self._queries = {
            size: "SELECT h.key, r.body FROM handles h JOIN records r ON r.seq = h.record "
            f"WHERE h.key IN ({', '.join([mark] * size)}) ORDER BY h.key, h.record"
            for size in SIZES
        }

    def find(self, keys: Sequence[str], *, leads: bool) -> dict[str, Finding]:
        """For each key: all contacts (and leads) bearing it, in the order they were made."""
        unique = keys if len(keys) == 1 else list(dict.fromkeys(keys))
        rows = self._rows(unique)
        found: defaultdict[str, list[Record]] = defaultdict(list)
        for key, body in rows:
            record = decode_record(body)
            if leads or record.type == "contact":
                found[key].append(record)
        return {key: Finding("found", tuple(found[key])) if key in found else ABSENT for key in unique}

    def _rows(self, keys: Sequence[str]) -> list[tuple[str, str]]:
        if len(keys) == 1:
            return fetch(self._engine, self._queries[1], (keys[0],))
        rows: list[tuple[str, str]] = []
        for part in chunks(keys, SIZES[-1]):
            size = next(size for size in SIZES if size >= len(part))
            part += [part[-1]] * (size - len(part))
            rows += fetch(self._engine, self._queries[size], tuple(part))
        return rows


def read_records(connection: Connection, ids: Sequence[str]) -> dict[str, Record | Moved | Gone]:
    """Contacts and leads by id; one that never was is gone too."""
    found: dict[str, Record | Moved | Gone] = {id: Gone(id) for id in ids}
    for id, gone, into, body in _RECORDS.rows(connection, ids=found):
        if into:
            found[id] = Moved(id, into)
        elif not gone:
            found[id] = decode_record(body)
    return found


def read_users(connection: Connection) -> tuple[CrmUser, ...]:
    """All users, by id."""
    rows = connection.execute(select(tables.users.c.body).order_by(tables.users.c.id)).scalars()
    return tuple(decode(body, CrmUser) for body in rows)


def read_matters(connection: Connection, contacts: Sequence[str]) -> tuple[Matter, ...]:
    """Matters of these contacts, open and closed, by id."""
    rows = _MATTERS.rows(connection, contacts=dict.fromkeys(contacts))
    return tuple(sorted((decode_matter(body) for (body,) in rows), key=lambda matter: matter.id))


def find_accounts(
    connection: Connection, domains: Sequence[str], phones: Sequence[str]
) -> tuple[Account, ...]:
    """Accounts with one of these hosts, with a host of the same registrable domain, or with one of these
    numbers; ranking them is the caller's."""
    hosts = sorted({domain.lower() for domain in domains if domain})
    bases = sorted({base for host in hosts if (base := registrable(host))})
    rows = [
        *_BY_HOST.rows(connection, hosts=hosts),
        *_BY_BASE.rows(connection, bases=bases),
        *_BY_PHONE.rows(connection, keys=dict.fromkeys(phones)),
    ]
    return read_accounts(connection, {str(id) for (id,) in rows})


def read_accounts(connection: Connection, ids: Iterable[str]) -> tuple[Account, ...]:
    """Accounts by id with their opportunities and number of contacts, ordered by id."""
    wanted = sorted(set(ids))
    stored = [decode(body, StoredAccount) for (body,) in _ACCOUNTS.rows(connection, ids=wanted)]
    opportunities = _opportunities(connection, wanted)
    contacts = _contact_counts(connection, wanted)
    return tuple(
        Account(
            id=account.id,
            name=account.name,
            domains=account.domains,
            primary_domains=account.primary_domains,
            website=account.website,
            phones=account.phone_keys,
            owner=account.owner,
            team=account.team,
            opportunities=tuple(opportunities.get(account.id, ())),
            contacts=contacts.get(account.id, 0),
            last_activity_at=account.last_activity_at,
        )
        for account in sorted(stored, key=lambda account: account.id)
    )


def every_account(connection: Connection, after: str, most: int) -> tuple[Account, ...]:
    """Accounts by id behind the id `after`, at most so many."""
    id = tables.accounts.c.id
    page = connection.execute(select(id).where(id > after).order_by(id).limit(most)).scalars()
    return read_accounts(connection, [str(one) for one in page])


def _opportunities(connection: Connection, accounts: Sequence[str]) -> Mapping[str, list[Opportunity]]:
    rows = _OPPORTUNITIES.rows(connection, accounts=accounts)
    stored = sorted((decode(body, StoredOpportunity) for (body,) in rows), key=lambda one: one.id)
    roles: defaultdict[str, list[str]] = defaultdict(list)
    for opportunity, contact in sorted(tuple(row) for row in _ROLES.rows(connection, accounts=accounts)):
        roles[opportunity].append(contact)
    found: defaultdict[str, list[Opportunity]] = defaultdict(list)
    for one in stored:
        found[one.account].append(
            Opportunity(
                one.id, one.account, one.name, one.open, one.owner, tuple(roles[one.id]), one.last_activity_at
            )
        )
    return found


def _contact_counts(connection: Connection, accounts: Sequence[str]) -> Mapping[str, int]:
    return {str(id): int(count) for id, count in _CONTACT_COUNTS.rows(connection, accounts=accounts)}


def read_changes(connection: Connection, cursor: str, *, leads: bool, accounts: bool) -> Changes:
    """What changed after the cursor, oldest change first, up to a page. Raises ValueError for a cursor
    that is none of ours."""
    since = int(cursor or 0)
    record, account = tables.records.c, tables.accounts.c
    columns = (record.change, record.id, record.type, record.gone, record.body)
    rows = connection.execute(
        select(*columns).where(record.change > since).order_by(record.change).limit(PAGE + 1)
    ).all()
    changed = connection.execute(
        select(account.change, account.id).where(account.change > since).order_by(account.change)
        .limit(PAGE + 1)
    ).all()  # fmt: skip
    # Both kinds share one sequence of numbers; the page ends where the shorter reading could miss one.
    numbers = sorted([row.change for row in rows] + [row.change for row in changed])
    more = len(numbers) > PAGE
    last = numbers[PAGE - 1] if more else (numbers[-1] if numbers else since)
    page = [row for row in rows if row.change <= last and (leads or row.type == "contact")]
    return Changes(
        records=tuple(decode_record(row.body) for row in page if not row.gone),
        gone=tuple(row.id for row in page if row.gone),
        cursor=str(last),
        more=more,
        accounts=read_accounts(connection, [row.id for row in changed if row.change <= last])
        if accounts
        else (),
    )


def read_size(connection: Connection) -> int:
    """How many contacts there are."""
    counters = tables.counters.c
    return int(connection.execute(select(counters.value).where(counters.name == "contacts")).scalar() or 0)


def read_unreadable(connection: Connection) -> list[tuple[str, str]]:
    """Id of the record and the piece of a field that cannot be read, for the report of them (SPEC §1)."""
    query = select(tables.records.c.id, tables.unreadable.c.text).join(
        tables.records, tables.records.c.seq == tables.unreadable.c.record
    )
    return [(str(id), str(text)) for id, text in connection.execute(query.order_by(tables.records.c.seq))]
