"""Opening a database and its two kinds of transaction: `read` and `begin`.

SQLite: WAL, so that readers never wait for a writer; every write transaction starts with BEGIN
IMMEDIATE, so that it waits for its turn at the start instead of failing in the middle
(`docs/decisions/store.md`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from pathlib import Path
from threading import RLock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool, StaticPool

from firstcontact.boundaries import Boundary, crossing, within
from firstcontact.store.marks import refusal
from firstcontact.store.problems import StoreProblem, problem_of

BUSY_SECONDS = 30.0
"""How long a SQLite write waits for another's turn before the database counts as locked."""

_CACHED_STATEMENTS = 512
"""Statements that the SQLite driver keeps prepared on a connection: more than one round of work has."""

_TAKE_TURN = "SELECT pg_advisory_xact_lock(hashtext(current_database()), hashtext('firstcontact {turn}'))"
"""Given back by PostgreSQL at the end of the transaction, however that ends."""

_TURN = "firstcontact_turn"
_IDLE_MS = 60_000
"""A transaction that has sent nothing for so long is ended by PostgreSQL: a machine that fell off the network
must not keep everybody's turn."""
_KEEPALIVE = {"connect_timeout": 10, "keepalives_idle": 20, "keepalives_interval": 5, "keepalives_count": 3}
_WRITE = "firstcontact_write"
_DURABLE = "firstcontact_durable"
_GUARDS = "firstcontact_guards"
SCHEMA = "firstcontact_schema"
"""The execution option with the PostgreSQL schema of the engine's tables; "" or none: the role's default."""


def open_engine(
    where: str | Path,
    *,
    durable: bool = False,
    busy_seconds: float = BUSY_SECONDS,
    schema: str = "",
    password: Callable[[], str] | None = None,
) -> Engine:
    """An engine for a SQLite file (a path or `sqlite:///…`), `:memory:` or `postgresql://…`.

    durable: every commit survives a power cut (`synchronous=FULL`), not only a crash of the program.
    schema: where the tables are in PostgreSQL, made with them; "" for the role's own default. password: asked
    for each new PostgreSQL connection, so that it can change while the program runs; None leaves it to the
    address, PGPASSWORD or the file that PGPASSFILE names.
    Nothing is opened yet: the first connection raises `StoreProblem` through `read` and `begin`.
    Raises StoreProblem for what is no address of such a database, and where psycopg is not installed.
    """
    url = database_url(where)
    if url.get_backend_name() == "postgresql":
        return _postgres_engine(url, busy_seconds, schema, password)
    return _sqlite_engine(url, durable=durable, busy_seconds=busy_seconds)


def _postgres_engine(
    url: URL, busy_seconds: float, schema: str, password: Callable[[], str] | None
) -> Engine:
    settings = {
        "lock_timeout": int(busy_seconds * 1000),
        "idle_in_transaction_session_timeout": _IDLE_MS,
        **({"search_path": schema} if schema else {}),
    }
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    try:
        engine = create_engine(
            url,
            pool_pre_ping=True,
            pool_size=8,
            max_overflow=24,
            hide_parameters=True,
            execution_options={_GUARDS: {}, SCHEMA: schema},
            connect_args={"options": options, "application_name": "firstcontact", **_KEEPALIVE},
        )
    except ModuleNotFoundError as error:
        raise StoreProblem("no_driver", _shown(url), str(error)) from error
    event.listen(engine, "connect", _without_nul)
    event.listen(engine, "handle_error", _told_of_the_end)
    if password is not None:
        ask = password

        @event.listens_for(engine, "do_connect")
        def connect(_: Any, __: Any, ___: Any, parameters: dict[str, Any]) -> None:
            parameters["password"] = ask()

    return engine


_ENDED = frozenset({"57P01", "57P02", "57P03"})
"""SQLSTATEs of a server that is stopped, or fell: its connections end, also where the driver has not seen the
end yet, and are not to be used once more to roll back."""


def _ended(error: BaseException | None) -> bool:
    return getattr(error, "sqlstate", None) in _ENDED


def _told_of_the_end(context: ExceptionContext) -> None:
    if _ended(context.original_exception):
        context.is_disconnect = True


def _without_nul(connection: Any, _: Any) -> None:
    connection.adapters.register_dumper(str, _dumper_without_nul())


@cache
def _dumper_without_nul() -> type[Any]:
    """PostgreSQL refuses a text with a NUL character in it. Whoever reads facts replaces them; one that comes
    another way must not stop a lane, so here, too, each becomes U+FFFD."""
    from psycopg.types.string import StrDumperUnknown

    class WithoutNul(StrDumperUnknown):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", "\N{REPLACEMENT CHARACTER}") if "\0" in obj else obj)

    return WithoutNul


def database_url(where: str | Path) -> URL:
    """The address that `open_engine` understands, as SQLAlchemy's URL. Raises StoreProblem."""
    text = str(where)
    if text == ":memory:":
        return URL.create("sqlite")
    if isinstance(where, Path) or "://" not in text:
        return URL.create("sqlite", database=text)
    kind = text.partition("://")[0].partition("+")[0]
    if kind not in ("postgresql", "postgres", "sqlite"):
        raise StoreProblem("no_address", f"{kind}://…", f"{kind} is not supported")
    try:
        url = make_url(text)
        driver = "sqlite" if kind == "sqlite" else "postgresql+psycopg"
        return url.set(drivername=driver)
    except (ArgumentError, ValueError):
        # The words of the error would show the whole address, with a password that stands in it.
        raise StoreProblem("no_address", f"{kind}://…", "it cannot be read as an address") from None


def place(engine: Engine) -> str:
    """The database's path or address for a person, never with a password."""
    if engine.dialect.name == "sqlite":
        return engine.url.database or ":memory:"
    return _shown(engine.url)


def _shown(url: URL) -> str:
    plain = url.set(drivername="postgresql").difference_update_query(["password"])
    return plain.render_as_string(hide_password=True)


Ahead = Callable[[Connection], object]
"""Writes what nobody else can touch, in a transaction whose turn has not come yet."""


@contextmanager
def begin(
    engine: Engine,
    boundary: Boundary | None = None,
    *,
    durable: bool = False,
    turn: str = "",
    ahead: Ahead | None = None,
) -> Iterator[Connection]:
    """A write transaction, committed at the end of the block, rolled back by any exception.

    boundary: its number, which only tests leave out. durable: this commit survives a power cut
    (`synchronous=FULL` for this transaction on SQLite). turn: write transactions of the same name follow one
    another on PostgreSQL too, as all of a file's do on SQLite, so that there is one way to think about races
    (`docs/decisions/turns.md`). ahead: done first, on PostgreSQL before the turn is waited for; it may only
    add rows that no other transaction can add or see. Not to be nested in another transaction of the same
    thread. Raises StoreProblem, `locked` where its turn does not come; `moving`, `moved`, `unfinished`,
    `newer` or `older` where it is no longer the database that was opened (`guard`).
    """
    with crossing(boundary), _telling(engine), _turn(engine), engine.connect() as connection:
        connection = connection.execution_options(**{_WRITE: True, _DURABLE: durable})
        with connection.begin():
            early = ahead is not None and engine.dialect.name == "postgresql"
            if ahead is not None and early:
                ahead(connection)
            _enter(engine, connection, turn)
            if ahead is not None and not early:
                ahead(connection)
            yield connection
            within(boundary)


def guard(engine: Engine, table: str, version: str | None) -> None:
    """From here on every `begin` makes sure that the version table says this; None: no longer.

    So a program that still runs writes nothing more to a database that was moved away, is being restored, or
    was upgraded by a newer program.
    """
    guards = engine.get_execution_options().get(_GUARDS)
    if guards is not None and version is None:
        guards.pop(table, None)
    elif guards is not None:
        guards[table] = version


def _enter(engine: Engine, connection: Connection, turn: str) -> None:
    """Take the turn, then look at the version tables, in one request to the server: each statement sees what
    is committed when it starts, so the looking must come after the waiting."""
    guards = dict(engine.get_execution_options().get(_GUARDS, {}))
    waits = [_TAKE_TURN.format(turn=turn)] if turn and engine.dialect.name == "postgresql" else []
    statements = [*waits, *(f"SELECT version_num FROM {table}" for table in guards)]
    if not statements:
        return
    found = _rows_of_each(engine, connection, statements)[len(waits) :]
    for (table, version), row in zip(guards.items(), found, strict=True):
        problem = refusal(row, version, table.removesuffix("_version"), place(engine))
        if problem is not None:
            raise problem


def _rows_of_each(engine: Engine, connection: Connection, statements: list[str]) -> list[str]:
    """The first value of each statement, by the driver's own cursor: it is in front of every transaction."""
    cursor = connection.connection.cursor()
    try:
        if engine.dialect.name == "sqlite":
            return [str((cursor.execute(each).fetchone() or ("",))[0]) for each in statements]
        cursor.execute("; ".join(statements))
        found = []
        for number in range(len(statements)):
            if number:
                cursor.nextset()
            found.append(str((cursor.fetchone() or ("",))[0]))
        return found
    except engine.dialect.loaded_dbapi.Error as error:
        raise DBAPIError("; ".join(statements), None, error) from error
    finally:
        cursor.close()


@contextmanager
def read(engine: Engine, *, still: bool = False) -> Iterator[Connection]:
    """A read transaction: one unchanging picture on SQLite, one per statement on PostgreSQL, but one for
    all of them where it is to be `still`.

    Raises StoreProblem.
    """
    with _telling(engine), _turn(engine), engine.connect() as connection:
        if still and engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


def fetch(engine: Engine, sql: str, parameters: tuple[str | int, ...]) -> list[Any]:
    """Rows of one SELECT by the driver's own cursor: half the time of `read`, for the hottest look-ups.

    `sql` has the driver's own placeholders (`placeholder`). Raises StoreProblem, or SQLAlchemy's DBAPIError.
    """
    with _telling(engine), _turn(engine):
        connection = engine.raw_connection()
        cursor = connection.cursor()
        try:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())
        except engine.dialect.loaded_dbapi.Error as error:
            if _ended(error) or engine.dialect.is_disconnect(error, connection.dbapi_connection, cursor):
                connection.invalidate(error)  # else the pool would try to reset it, and log that it can't
            # As SQLAlchemy would say it; without the values, which are people's addresses and numbers.
            raise DBAPIError(sql, None, error) from error
        finally:
            connection.close()


def placeholder(engine: Engine) -> str:
    """The driver's placeholder for one value, for `fetch`."""
    return "?" if engine.dialect.name == "sqlite" else "%s"


@contextmanager
def _telling(engine: Engine) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        problem = problem_of(error.orig, place(engine))
        if problem is None:
            raise
        raise problem from error
    except PoolTimeout as error:
        raise StoreProblem("unreachable", place(engine), "all connections are in use") from error


def _turn(engine: Engine) -> AbstractContextManager[Any]:
    """One thread at a time where all threads share one connection (`:memory:`)."""
    turn: AbstractContextManager[Any] = engine.get_execution_options().get(_TURN, nullcontext())
    return turn


class _Turn:
    """A lock around the one connection of an in-memory database, which refuses what would deadlock or
    roll back its own thread's transaction."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._held = False

    def __enter__(self) -> None:
        self._lock.acquire()
        if self._held:
            self._lock.release()
            raise RuntimeError("a transaction inside another one of the same thread; end the first before")
        self._held = True

    def __exit__(self, *_: object) -> None:
        self._held = False
        self._lock.release()


def _sqlite_engine(url: URL, *, durable: bool, busy_seconds: float) -> Engine:
    arguments = {
        "check_same_thread": False,
        "timeout": busy_seconds,
        "cached_statements": _CACHED_STATEMENTS,
    }
    # Errors name the statement, never the values, which are people's addresses and numbers.
    options: dict[str, Any] = {"connect_args": arguments, "hide_parameters": True}
    execution: dict[str, Any] = {_GUARDS: {}}
    if url.database in (None, "", ":memory:"):
        execution[_TURN] = _Turn()
        engine = create_engine(url, poolclass=StaticPool, execution_options=execution, **options)
    else:
        engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_use_lifo=True,
            pool_size=8,
            max_overflow=24,
            execution_options=execution,
            **options,
        )
    level = "FULL" if durable else "NORMAL"

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, record: Any) -> None:
        # The driver's own BEGIN would come late and deferred; ours is in `start`.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=ON")
        if connection.execute("PRAGMA journal_mode").fetchone()[0] not in ("wal", "memory"):
            connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={level}")
        record.info["synchronous"] = level

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get(_WRITE):
            connection.exec_driver_sql("BEGIN")
            return
        wanted = "FULL" if options.get(_DURABLE) else level
        if connection.info.get("synchronous") != wanted:  # SQLite ignores a change inside a transaction
            connection.exec_driver_sql(f"PRAGMA synchronous={wanted}")
            connection.info["synchronous"] = wanted
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
