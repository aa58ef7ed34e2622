"""What all workers share of a CRM connection: whether it is paused, how much may be sent, what it said."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, bindparam, select, update

from firstcontact.ledger.tables import connections
from firstcontact.store.statements import Statement, insert_new

UNKNOWN = -1


class ConnectionState(msgspec.Struct, frozen=True, kw_only=True):
    """A CRM connection as all workers see it. Times in microseconds.

    paused_at, why: its permission has lapsed; None: it works. tokens: thousandths of requests that may be
    sent at once, as of filled_at. blocked_until: it asked to be left alone. quota, quota_left: its limit and
    what is left of it, as it said last; UNKNOWN: it never did.
    """

    connection: str
    paused_at: int | None = None
    why: str = ""
    tokens: int = 0
    filled_at: int = 0
    blocked_until: int = 0
    quota: int = UNKNOWN
    quota_left: int = UNKNOWN


_STATE = Statement(select(connections).where(connections.c.connection == bindparam("connection")))


def state(tx: Connection, connection: str) -> ConnectionState:
    """The connection's shared state."""
    found = _STATE.rows(tx, connection=connection)
    return ConnectionState(**found[0]._mapping) if found else ConnectionState(connection=connection)


def states(tx: Connection) -> tuple[ConnectionState, ...]:
    """Every connection that has a state."""
    query = select(connections).order_by(connections.c.connection)
    return tuple(ConnectionState(**row._mapping) for row in tx.execute(query))


def change(tx: Connection, connection: str, **values: int | str | None) -> None:
    """Set what is named; the rest stays."""
    insert_new(tx, connections, [msgspec.structs.asdict(ConnectionState(connection=connection))])
    tx.execute(update(connections).where(connections.c.connection == connection).values(**values))


def pause(tx: Connection, connection: str, why: str, at: int) -> bool:
    """Its permission has lapsed: nothing is sent until `resume`. Whether that is news (to be told once)."""
    if state(tx, connection).paused_at is not None:
        return False
    change(tx, connection, paused_at=at, why=why)
    return True


def resume(tx: Connection, connection: str) -> bool:
    """A person says that its permission is back. Whether it was paused."""
    if state(tx, connection).paused_at is None:
        return False
    change(tx, connection, paused_at=None, why="")
    return True
