"""What an admin said of the domains of accounts: theirs beside those that the CRM has, or not theirs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

import msgspec
from sqlalchemy import Connection, bindparam, delete, select

from firstcontact.identity.domains import registrable
from firstcontact.identity.records import Account
from firstcontact.ledger.tables_of_people import domain_rulings
from firstcontact.store.statements import Statement, upsert, values

Said = Literal["added", "refused"]


class DomainRuling(msgspec.Struct, frozen=True, kw_only=True):
    """An admin's word on one host and one account.

    state: `added`, the host is a secondary domain of the account; `refused`, it is not the account's,
    whatever the CRM or the traffic says. known_by: a domain that the CRM finds the account by.
    by: who said so; at: when, in microseconds.
    """

    host: str
    account: str
    known_by: str
    state: Said
    by: str = ""
    at: int = 0


_COLUMNS = tuple(domain_rulings.c[name] for name in DomainRuling.__struct_fields__)
_NEAR = Statement(
    select(*_COLUMNS).where(
        domain_rulings.c.connection == bindparam("of"), domain_rulings.c.base.in_(values("bases"))
    )
)


def near(tx: Connection, connection: str, hosts: Collection[str]) -> tuple[DomainRuling, ...]:
    """Rulings on hosts of the same registrable domains as these, by account and host."""
    bases = sorted({base for host in hosts if (base := registrable(host))})
    return _in_order(_NEAR.rows(tx, of=connection, bases=bases))


def of_account(tx: Connection, connection: str, account: str) -> tuple[DomainRuling, ...]:
    """Rulings on one account, by host."""
    mine = domain_rulings.c.connection == connection, domain_rulings.c.account == account
    return _in_order(tx.execute(select(*_COLUMNS).where(*mine)))


def every(tx: Connection, connection: str) -> tuple[DomainRuling, ...]:
    """All rulings of a connection, by account and host."""
    return _in_order(tx.execute(select(*_COLUMNS).where(domain_rulings.c.connection == connection)))


def _in_order(rows: Iterable[object]) -> tuple[DomainRuling, ...]:
    found = (DomainRuling(**row._mapping) for row in rows)  # type: ignore[attr-defined]
    return tuple(sorted(found, key=lambda each: (each.account, each.host)))


def keep(tx: Connection, connection: str, ruling: DomainRuling) -> None:
    """Remember a ruling; it takes the place of another one on the same host and account."""
    row = {"connection": connection, "base": registrable(ruling.host), **msgspec.structs.asdict(ruling)}
    upsert(tx, domain_rulings, [row])


_OF_ACCOUNTS = Statement(
    select(*_COLUMNS).where(
        domain_rulings.c.connection == bindparam("of"), domain_rulings.c.account.in_(values("accounts"))
    )
)


def follow(tx: Connection, connection: str, accounts: Iterable[Account]) -> None:
    """These accounts are now so: one that is not found any more by the domain that a ruling knows it by is
    known by another."""
    now = {account.id: account for account in accounts if account.domains}
    for ruling in _in_order(_OF_ACCOUNTS.rows(tx, of=connection, accounts=now)):
        domains = now[ruling.account].domains
        if ruling.known_by not in domains:
            keep(tx, connection, msgspec.structs.replace(ruling, known_by=domains[0]))


def drop(tx: Connection, connection: str, host: str, account: str) -> bool:
    """Forget the ruling on this host and account; whether there was one."""
    this = (
        domain_rulings.c.connection == connection,
        domain_rulings.c.host == host,
        domain_rulings.c.account == account,
    )
    return tx.execute(delete(domain_rulings).where(*this)).rowcount > 0
