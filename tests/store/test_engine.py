"""Databases are opened as they should be, and what is wrong with one is said in a sentence."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from firstcontact.store.engine import begin, database_url, fetch, open_engine, place, read
from firstcontact.store.problems import StoreProblem, problem_of
from firstcontact.testing.postgres import Server, start


def test_sqlite_is_set_up_on_every_connection(tmp_path: Path) -> None:
    """WAL, foreign keys, and synchronous NORMAL unless FULL is asked for."""
    for durable, level in ((False, 1), (True, 2)):
        engine = open_engine(tmp_path / f"{durable}.db", durable=durable)
        with read(engine) as connection:
            pragmas = [connection.execute(text(f"PRAGMA {name}")).scalar() for name in (
                "journal_mode", "foreign_keys", "synchronous", "busy_timeout"
            )]  # fmt: skip
        assert pragmas == ["wal", 1, level, 30000]


def test_one_transaction_can_be_durable(tmp_path: Path) -> None:
    """`begin(durable=True)` is synchronous FULL for that transaction only."""
    engine = open_engine(tmp_path / "a.db")
    levels = []
    for durable in (False, True, False):
        with begin(engine, durable=durable) as connection:
            levels.append(connection.execute(text("PRAGMA synchronous")).scalar())
    assert levels == [1, 2, 1]


def test_a_write_transaction_takes_its_turn_at_the_start(tmp_path: Path) -> None:
    """A second writer waits before it reads, so that no two writers decide on the same picture."""
    engine = open_engine(tmp_path / "a.db")
    with begin(engine) as connection:
        connection.execute(text("CREATE TABLE n (value INTEGER)"))
        connection.execute(text("INSERT INTO n VALUES (0)"))

    def count(_: int) -> None:
        for _ in range(25):
            with begin(engine) as connection:
                value = connection.execute(text("SELECT value FROM n")).scalar()
                connection.execute(text("UPDATE n SET value = :next"), {"next": int(value or 0) + 1})

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(count, range(4)))
    assert fetch(engine, "SELECT value FROM n", ()) == [(100,)]


def test_an_exception_rolls_back(tmp_path: Path) -> None:
    """Nothing of a transaction that failed is there, on disk and in memory."""
    for where in (tmp_path / "a.db", ":memory:"):
        engine = open_engine(where)
        with begin(engine) as connection:
            connection.execute(text("CREATE TABLE n (value INTEGER)"))
        with pytest.raises(ZeroDivisionError):
            break_half_way(engine)
        assert fetch(engine, "SELECT * FROM n", ()) == []


def break_half_way(engine: Engine) -> None:
    with begin(engine) as connection:
        connection.execute(text("INSERT INTO n VALUES (0)"))
        raise ZeroDivisionError


def test_in_memory_transactions_are_not_nested() -> None:
    """A look-up inside a transaction on the one connection is refused instead of rolling it back."""
    engine = open_engine(":memory:")
    with begin(engine) as connection:
        connection.execute(text("CREATE TABLE n (value INTEGER)"))
        with pytest.raises(RuntimeError, match="inside another"):
            fetch(engine, "SELECT 1", ())
        connection.execute(text("INSERT INTO n VALUES (1)"))
    assert fetch(engine, "SELECT * FROM n", ()) == [(1,)]


def test_addresses_are_understood() -> None:
    """Paths, `:memory:`, SQLite and PostgreSQL addresses; no password is ever shown, others are refused."""
    assert database_url("a/b.db").database == "a/b.db"
    assert database_url(":memory:").database is None
    assert database_url("postgresql://u:secret@h/d").drivername == "postgresql+psycopg"
    assert "secret" not in place(open_engine("postgresql://u:secret@h/d"))
    for address in ("mysql://u:secret@h/d", "postgresql://u:secret@h:port/d"):
        with pytest.raises(StoreProblem, match="names no database") as caught:
            open_engine(address)
        assert "secret" not in str(caught.value)


def trouble(where: str | Path, **options: float) -> StoreProblem:
    with pytest.raises(StoreProblem) as caught, begin(open_engine(where, **options)) as connection:  # type: ignore[arg-type]
        connection.execute(text("CREATE TABLE n (value INTEGER)"))
    return caught.value


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """A file with something else in it is named, and not touched."""
    path = tmp_path / "notes.txt"
    path.write_text("Dear diary, " * 100)
    problem = trouble(path)
    assert (problem.trouble, problem.passing) == ("not_a_database", False)
    assert str(path) in str(problem)
    assert path.read_text().startswith("Dear diary")


def test_a_locked_database(tmp_path: Path) -> None:
    """A database that another program keeps to itself is said to be locked, and may be tried again."""
    path = tmp_path / "a.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("BEGIN IMMEDIATE")
    problem = trouble(path, busy_seconds=0.05)
    assert (problem.trouble, problem.passing) == ("locked", True)


def test_a_missing_folder(tmp_path: Path) -> None:
    """A path that leads nowhere is said to be one that cannot be opened."""
    assert trouble(tmp_path / "none" / "a.db").trouble == "unreachable"


def test_a_full_disk(tmp_path: Path) -> None:
    """A database that may not grow is said to be on a full disk."""
    engine = open_engine(tmp_path / "a.db")
    with begin(engine) as connection:
        connection.execute(text("CREATE TABLE n (value BLOB)"))
    with read(engine) as connection:  # the pool hands the same connection out again
        connection.exec_driver_sql("PRAGMA max_page_count=4")
    with pytest.raises(StoreProblem, match="is full") as caught, begin(engine) as connection:
        connection.execute(text("INSERT INTO n VALUES (zeroblob(100000))"))
    assert caught.value.trouble == "full"


def test_no_permission(tmp_path: Path) -> None:
    """A database that may only be read is said to lack permission."""
    path = tmp_path / "a.db"
    plain = sqlite3.connect(path)
    plain.execute("CREATE TABLE n (value INTEGER)")
    plain.close()
    if os.geteuid() != 0:
        path.chmod(stat.S_IRUSR)
        with pytest.raises(StoreProblem) as caught, begin(open_engine(path)) as connection:
            connection.execute(text("INSERT INTO n VALUES (1)"))
        assert caught.value.trouble == "no_permission"
        return
    problem = problem_of(readonly_error(path), "a.db")  # root may write everywhere; SQLite's own word for it
    assert problem is not None
    assert problem.trouble == "no_permission"


def readonly_error(path: Path) -> sqlite3.Error:
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect(f"file:{path}?mode=ro", uri=True).execute("INSERT INTO n VALUES (1)")
    return caught.value


def test_faults_of_our_own_stay_what_they_are(tmp_path: Path) -> None:
    """A mistake in our SQL is no problem of the database; its values are not shown."""
    engine = open_engine(tmp_path / "a.db")
    with pytest.raises(OperationalError, match="no such table"), read(engine) as connection:
        connection.execute(text("SELECT * FROM missing"))
    with pytest.raises(OperationalError) as told, read(engine) as connection:
        connection.execute(text("SELECT * FROM missing WHERE a = :a"), {"a": "jo@acme.example"})
    assert "jo@acme.example" not in str(told.value)
    with pytest.raises(Exception, match="no such table") as caught:
        fetch(engine, "SELECT * FROM missing WHERE a = ?", ("jo@acme.example",))
    assert "jo@acme.example" not in str(caught.value)


def test_the_store_starts_without_alembic() -> None:
    """Opening and checking a database does not pay for alembic."""
    program = "import sys, firstcontact.store.migrations; print('alembic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


GONE = """
CREATE FUNCTION gone() RETURNS int LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'terminating connection' USING ERRCODE = '57P01'; END $$
"""


def test_a_connection_of_a_server_that_stops_is_not_used_again(
    postgres: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that is stopped says so before it hangs up. Whoever hears it lets the connection go, and does
    not try to roll back on it, which would be in the log with a traceback."""
    engine = open_engine(postgres.database())
    with begin(engine) as connection:
        connection.exec_driver_sql(GONE)

    def ask(how: str) -> object:
        if how == "fetch":
            return fetch(engine, "SELECT gone()", ())
        with read(engine) if how == "read" else begin(engine) as connection:
            return connection.exec_driver_sql("SELECT gone()").scalar()

    for how in ("fetch", "read", "begin"):
        before = fetch(engine, "SELECT pg_backend_pid()", ())
        with pytest.raises((StoreProblem, DBAPIError)):
            ask(how)
        assert fetch(engine, "SELECT pg_backend_pid()", ()) != before, how
    assert "Exception during reset" not in caplog.text


def test_a_connection_of_a_server_that_falls_is_let_go(caplog: pytest.LogCaptureFixture) -> None:
    """One that is killed says nothing before it hangs up: the connection is closed under the statement."""
    server = start()
    try:
        engine = open_engine(server.database())
        assert fetch(engine, "SELECT 1", ()) == [(1,)]
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(fetch, engine, "SELECT pg_sleep(60)", ())
            time.sleep(0.5)
            server.kill()
            with pytest.raises((StoreProblem, DBAPIError)):
                asked.result(30)
        engine.dispose()
    finally:
        server.stop()
    assert "Exception during reset" not in caplog.text
