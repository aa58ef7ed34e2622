"""How an installation stands, from its ledger: depth and age of the lanes, what is stuck, who works.

Asked again and again while work goes on, so every query here goes through a small index of what is due, stuck
or open; none reads what is done (`tests/operating` holds the query plans to it).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, Table, func, literal, select, text

from firstcontact.lanes.owners import is_gone
from firstcontact.ledger import connecting, index, leasing
from firstcontact.ledger.again import backoff
from firstcontact.ledger.connecting import ConnectionState
from firstcontact.ledger.index import IndexState
from firstcontact.ledger.tables import decisions, deliveries, interactions, lanes, reviews, writes

SECOND = 1_000_000


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """Work of one stage. due: now; later: at a time to come (in microseconds `last`, 0 for none).
    age: seconds that the oldest of what is due has been waiting."""

    connection: str
    stage: str
    due: int = 0
    later: int = 0
    age: float = 0.0
    last: int = 0


class Stuck(msgspec.Struct, frozen=True):
    """Work that needs a person. kind: a kind of write, or `delivery`, `interaction`. cause: a write's state
    (`parked`, `unclear`, `held`), or `fault` for what our own program can't take."""

    connection: str
    kind: str
    cause: str
    count: int


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """What a connection's CRM gave no answer on, and is to be asked again. since: microseconds, at the
    latest."""

    connection: str
    interactions: int = 0
    writes: int = 0
    since: int = 0


class State(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, as it was at `at` (microseconds). workers: owners of leases that hold, by connection;
    lapsed: lanes whose owner is gone or let the lease run out. newest: when the last decision was made or the
    last delivery came, 0: never. indexes: of the CRMs' address books. silences: of connections on which
    something was tried in vain and is to be tried again, but not for want of permission or quota."""

    at: int
    lanes: tuple[Lane, ...]
    stuck: tuple[Stuck, ...]
    connections: tuple[ConnectionState, ...]
    workers: dict[str, int]
    lapsed: dict[str, int]
    questions: int
    newest: int
    indexes: tuple[IndexState, ...] = ()
    silences: tuple[Silence, ...] = ()


def state(tx: Connection, connection: str, now: int) -> State:
    """The state of the ledger at `now`. connection: of the installation, to which deliveries and interactions
    are counted, and which is named even where nothing was ever sent to it."""
    workers, lapsed = _workers(tx, connection)
    shared = {each.connection: each for each in connecting.states(tx)}
    shared.setdefault(connection, ConnectionState(connection=connection))
    return State(
        at=now,
        lanes=tuple(_lanes(tx, connection, now)),
        stuck=tuple(_stuck(tx, connection)),
        connections=tuple(shared[name] for name in sorted(shared)),
        workers=workers,
        lapsed=lapsed,
        questions=int(
            tx.scalar(select(func.count()).where(text("state = 'open'")).select_from(reviews)) or 0
        ),
        newest=_newest(tx),
        indexes=index.states(tx),
        silences=tuple(
            each for each in _silences(tx, connection) if not _excused(shared.get(each.connection), now)
        ),
    )


def _newest(tx: Connection) -> int:
    decided = tx.scalar(select(decisions.c.at).order_by(decisions.c.id.desc()).limit(1))
    received = tx.scalar(select(func.max(deliveries.c.received_at)))
    return max(int(decided or 0), int(received or 0))


def _lanes(tx: Connection, connection: str, now: int) -> Iterator[Lane]:
    for stage, table in (("understand", deliveries), ("decide", interactions)):
        row = tx.execute(_due(table, now)).one()
        yield _lane(connection, stage, row, now)
    found = {row.connection: row for row in tx.execute(_due(writes, now, by_connection=True))}
    for name in sorted({connection, *found}):
        yield _lane(name, "carry_out", found.get(name), now)


def _due(table: Table, now: int, *, by_connection: bool = False) -> Select[Any]:
    at = table.c.due_at
    query = select(
        func.count().label("all"),
        func.count().filter(at <= now).label("due"),
        func.min(at).label("first"),
        func.max(at).label("last"),
        *((table.c.connection,) if by_connection else ()),
    ).where(at.is_not(None))
    return query.group_by(table.c.connection) if by_connection else query


def _lane(connection: str, stage: str, row: Row[Any] | None, now: int) -> Lane:
    if row is None or not row.all:
        return Lane(connection=connection, stage=stage)
    return Lane(
        connection=connection,
        stage=stage,
        due=row.due,
        later=row.all - row.due,
        age=max(now - row.first, 0) / SECOND,
        last=row.last if row.last > now else 0,
    )


def _stuck(tx: Connection, connection: str) -> Iterator[Stuck]:
    """The conditions stand here as they stand in the indexes, else these would not be used."""
    for kind, table in (("delivery", deliveries), ("interaction", interactions)):
        count = tx.scalar(select(func.count()).select_from(table).where(text("problem <> ''")))
        if count:
            yield Stuck(connection, kind, "fault", int(count))
    stopped = (
        select(writes.c.connection, writes.c.kind, writes.c.state, func.count())
        .where(text("state IN ('parked', 'unclear', 'held')"))
        .group_by(writes.c.connection, writes.c.kind, writes.c.state)
    )
    for name, kind, cause, count in tx.execute(stopped):
        yield Stuck(name, kind, cause, count)


_AGAIN = text("due_at IS NOT NULL AND attempts > 0")
"""As the indexes have it, else these would not be used."""
_LOOKED_AT = 100


def _silences(tx: Connection, connection: str) -> Iterator[Silence]:
    """What waits to be tried again, and since when: that follows from how often each was tried, since the
    waits between are known; whoever waited longer than that has waited longer still."""
    counted = {connection: int(tx.scalar(select(func.count()).select_from(interactions).where(_AGAIN)) or 0)}
    by_name = select(writes.c.connection, func.count()).where(_AGAIN).group_by(writes.c.connection)
    sent = {str(row[0]): int(row[1]) for row in tx.execute(by_name)}
    first: dict[str, int] = {}
    most = (
        select(literal(connection), interactions.c.id, interactions.c.attempts, interactions.c.due_at),
        select(writes.c.connection, writes.c.key, writes.c.attempts, writes.c.due_at),
    )
    for query in most:
        tried = query.where(_AGAIN).order_by(text("attempts DESC")).limit(_LOOKED_AT)
        for name, what, attempts, due_at in tx.execute(tried):
            since = due_at - sum(backoff(number, what) for number in range(attempts))
            first[name] = min(first.get(name, since), since)
    for name, since in sorted(first.items()):
        yield Silence(
            connection=name, interactions=counted.get(name, 0), writes=sent.get(name, 0), since=since
        )


def _excused(connection: ConnectionState | None, now: int) -> bool:
    """Whether work waits for another reason than silence: the connection is paused, the CRM asked to be left
    alone, or the requests that may be sent at once were used up a moment ago."""
    if connection is None:
        return False
    used_up = connection.tokens < 1000 and now - connection.filled_at < 5 * SECOND
    return connection.paused_at is not None or connection.blocked_until > now or used_up


def _workers(tx: Connection, connection: str) -> tuple[dict[str, int], dict[str, int]]:
    """By the clock that leases go by. At most a few dozen rows: the lanes of each connection."""
    now = leasing.clock(tx)
    owners: dict[str, set[str]] = {connection: set()}
    lapsed: dict[str, int] = {connection: 0}
    for row in tx.execute(
        select(lanes.c.connection, lanes.c.owner, lanes.c.until).where(lanes.c.owner != "")
    ):
        if row.until > now and not is_gone(row.owner):
            owners.setdefault(row.connection, set()).add(row.owner)
        else:
            lapsed[row.connection] = lapsed.get(row.connection, 0) + 1
    return {name: len(each) for name, each in owners.items()}, lapsed
