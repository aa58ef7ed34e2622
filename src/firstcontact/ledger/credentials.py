"""What CRM connections log in with: one sealed row each, and who is renewing it for all workers."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, func, select, update

from firstcontact.ledger.tables import credentials
from firstcontact.store.statements import upsert


class CredentialsRow(msgspec.Struct, frozen=True):
    """A connection's row. key: id of the key of the ring that sealed it. version: counts every change. at:
    when it was last changed, microseconds. renewing: who is at renewing it, until `until` by
    `leasing.clock`; "" for nobody."""

    connection: str
    key: str
    sealed: bytes
    version: int
    at: int
    renewing: str
    until: int

    def __repr__(self) -> str:
        """Without what is sealed."""
        return f"CredentialsRow(connection={self.connection!r}, key={self.key!r}, version={self.version})"


def row(tx: Connection, connection: str) -> CredentialsRow | None:
    """What is kept of a connection, None where nothing is."""
    found = tx.execute(select(credentials).where(credentials.c.connection == connection)).first()
    return CredentialsRow(**found._mapping) if found is not None else None


def rows(tx: Connection) -> tuple[CredentialsRow, ...]:
    """What is kept of all connections."""
    query = select(credentials).order_by(credentials.c.connection)
    return tuple(CredentialsRow(**found._mapping) for found in tx.execute(query))


def keys_in_use(tx: Connection) -> dict[str, int]:
    """How many rows each key has sealed."""
    query = select(credentials.c.key, func.count()).group_by(credentials.c.key)
    return {key: int(count) for key, count in tx.execute(query)}


def keep(tx: Connection, connection: str, key: str, sealed: bytes, at: int) -> int:
    """Keep these in place of what was there; nobody is renewing them. The version they have."""
    before = row(tx, connection)
    version = before.version + 1 if before is not None else 1
    values = {
        "connection": connection, "key": key, "sealed": sealed, "version": version, "at": at,
        "renewing": "", "until": 0,
    }  # fmt: skip
    upsert(tx, credentials, [values])
    return version


def seal_anew(tx: Connection, connection: str, key: str, sealed: bytes) -> None:
    """The same under another key: no other version, and whoever is renewing goes on."""
    mine = credentials.c.connection == connection
    tx.execute(update(credentials).where(mine).values(key=key, sealed=sealed))


def forget(tx: Connection, connection: str) -> bool:
    """Keep nothing any more. Whether there was something."""
    return bool(tx.execute(credentials.delete().where(credentials.c.connection == connection)).rowcount)


def take_renewal(tx: Connection, connection: str, who: str, until: int) -> None:
    """From here on `who` is renewing, until then."""
    mine = credentials.c.connection == connection
    tx.execute(update(credentials).where(mine).values(renewing=who, until=until))


def give_back_renewal(tx: Connection, connection: str, who: str) -> None:
    """`who` is renewing no more, if they still were."""
    mine = (credentials.c.connection == connection) & (credentials.c.renewing == who)
    tx.execute(update(credentials).where(mine).values(renewing="", until=0))


def about(connection: str) -> str:
    """What is sealed with a connection's row, so that it opens in no other's place."""
    return f"the login of the connection {connection}"
