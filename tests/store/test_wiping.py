"""What was deleted is gone from the files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from firstcontact.store import wiping
from firstcontact.store.engine import begin, open_engine, read
from firstcontact.store.wiping import wipe
from firstcontact.testing.postgres import Server

SECRET = "xenia.quirke@acme.example"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A database file as most builds of SQLite treat it: deleted bytes stay. Another program has it open."""
    engine = open_engine(tmp_path / "a.db")
    event.listen(engine, "connect", _keeps_deleted)
    with begin(engine) as tx:
        tx.execute(text("CREATE TABLE t (a TEXT)"))
        tx.execute(text("INSERT INTO t VALUES (:a)"), [{"a": f"{SECRET} {n}"} for n in range(3000)])
    other = open_engine(tmp_path / "a.db")
    with read(other) as tx:
        tx.execute(text("SELECT 1"))
    with begin(engine) as tx:
        tx.execute(text("DELETE FROM t"))
    yield engine
    other.dispose()
    engine.dispose()


def _keeps_deleted(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA secure_delete=OFF")


def files_with_it(folder: Path) -> list[str]:
    """Names of the files in whose bytes it stands."""
    return sorted(each.name for each in folder.iterdir() if SECRET.encode() in each.read_bytes())


def test_nothing_is_left_in_the_files(engine: Engine, tmp_path: Path) -> None:
    """Deleted rows stand in the file and in the log beside it, and in neither once they are wiped."""
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
    assert files_with_it(tmp_path) == ["a.db", "a.db-wal"]
    assert wipe(engine)
    assert files_with_it(tmp_path) == []


def test_one_who_keeps_reading_is_told_of(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody reads on and on, the log cannot be emptied, and that is said."""
    monkeypatch.setattr(wiping, "_PATIENCE", 0.1)
    other = open_engine(str(engine.url.database))
    with read(other) as tx:
        tx.execute(text("SELECT count(*) FROM t"))
        assert not wipe(engine)
    assert wipe(engine)
    other.dispose()


def test_postgresql_is_its_administrators(postgres: Server) -> None:
    """On PostgreSQL nothing is done, and that is said."""
    engine = open_engine(postgres.database())
    assert not wipe(engine)
    engine.dispose()
