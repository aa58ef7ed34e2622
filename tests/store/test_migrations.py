"""Databases come to this program's version, whole or not at all, and newer ones are refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Engine, MetaData, text

from firstcontact.connectors.address_book.tables import HISTORY
from firstcontact.ledger.history import HISTORY as LEDGER
from firstcontact.store.columns import INT, TEXT, table
from firstcontact.store.engine import begin, fetch, open_engine
from firstcontact.store.migrations import (
    History,
    check,
    drift,
    migrate,
    set_version,
    upgrade_from_nothing,
)
from firstcontact.store.problems import StoreProblem
from firstcontact.testing.postgres import Server

FIRST = """
from alembic import op
from sqlalchemy import Column
from firstcontact.store.columns import INT, TEXT
revision = "0001"
down_revision = None
def upgrade():
    op.create_table("notes", Column("id", INT, primary_key=True), sqlite_strict=True)
"""
SECOND = """
from alembic import op
from sqlalchemy import Column
from firstcontact.store.columns import TEXT
revision = "0002"
down_revision = "0001"
def upgrade():
    op.add_column("notes", Column("title", TEXT))
"""
BROKEN = """
from alembic import op
revision = "0003"
down_revision = "0002"
def upgrade():
    op.drop_table("notes")
    raise RuntimeError("half way")
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database of each kind."""
    where = tmp_path / "a.db" if request.param == "sqlite" else request.getfixturevalue("postgres").database()
    made = open_engine(where)
    yield made
    made.dispose()


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> History:
    """A history of one revision, in a package of its own."""
    package = tmp_path / "notes_migrations"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "0001_first.py").write_text(FIRST)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, "notes_migrations", raising=False)
    metadata = MetaData()
    table("notes", metadata, Column("id", INT, primary_key=True))
    return History("notes", "notes_migrations", metadata)


def second(history: History) -> History:
    """The history one version later."""
    (history.folder / "0002_title.py").write_text(SECOND)
    metadata = MetaData()
    table("notes", metadata, Column("id", INT, primary_key=True), Column("title", TEXT))
    return History("notes", history.package, metadata)


def test_made_and_migrated_are_the_same(engine: Engine, tmp_path: Path) -> None:
    """What a new database gets is what the revisions make, to the letter on SQLite."""
    migrate(engine, HISTORY)
    assert drift(engine, HISTORY) == []
    if engine.dialect.name == "sqlite":
        lived = open_engine(tmp_path / "lived.db")
        upgrade_from_nothing(lived, HISTORY)
        assert drift(lived, HISTORY) == []
        assert schema(lived) == schema(engine)


def test_revisions_make_the_tables(engine: Engine) -> None:
    """The revisions alone, run one after the other, make the tables of this version."""
    upgrade_from_nothing(engine, HISTORY)
    check(engine, HISTORY)
    assert drift(engine, HISTORY) == []


def schema(engine: Engine) -> set[str]:
    rows = fetch(
        engine, "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE '%version'", ()
    )
    return {" ".join(sql.replace("\t", " ").replace('"', "").split()) for (sql,) in rows}


def test_an_older_database_is_upgraded_with_its_rows(engine: Engine, notes: History) -> None:
    """Rows survive an upgrade; before it, the database is said to be older, after it, all is well."""
    migrate(engine, notes)
    with begin(engine) as connection:
        connection.execute(text("INSERT INTO notes (id) VALUES (7)"))
    later = second(notes)
    with pytest.raises(StoreProblem, match="older FirstContact") as caught:
        check(engine, later)
    assert caught.value.trouble == "older"
    migrate(engine, later)
    check(engine, later)
    assert drift(engine, later) == []
    assert fetch(engine, "SELECT id, title FROM notes", ()) == [(7, None)]


def test_a_newer_database_is_refused(engine: Engine, notes: History) -> None:
    """A database of a later version is not touched, and the sentence says what to do."""
    migrate(engine, notes)
    with begin(engine) as connection:
        connection.execute(text("UPDATE notes_version SET version_num = '0042'"))
    for attempt in (migrate, check):
        with pytest.raises(StoreProblem, match="upgrade the program or restore a backup") as caught:
            attempt(engine, notes)
        assert caught.value.trouble == "newer"


def test_an_upgrade_that_fails_leaves_everything(engine: Engine, notes: History) -> None:
    """A revision that breaks half way takes back all of the upgrade."""
    migrate(engine, notes)
    later = second(notes)
    (notes.folder / "0003_broken.py").write_text(BROKEN)
    with pytest.raises(RuntimeError, match="half way"):
        migrate(engine, later)
    assert fetch(engine, "SELECT id FROM notes", ()) == []
    check(engine, as_of(later, "0001"))


def as_of(history: History, head: str) -> History:
    """The history as a program of an earlier version knows it."""
    for file in history.folder.glob("0*.py"):
        if file.name[:4] > head:
            file.unlink()
    return history


def test_tables_of_another_program_are_left_alone(engine: Engine, notes: History) -> None:
    """A database that has such tables already, but no version, is not ours to change."""
    with begin(engine) as connection:
        connection.execute(text("CREATE TABLE notes (id INTEGER)"))
    with pytest.raises(StoreProblem, match="tables of another program") as caught:
        migrate(engine, notes)
    assert caught.value.trouble == "foreign"


def test_an_empty_database_is_said_to_be_older(engine: Engine, notes: History) -> None:
    """Checking does not make anything."""
    with pytest.raises(StoreProblem, match="no notes tables yet"):
        check(engine, notes)


def test_two_histories_share_one_database(engine: Engine, notes: History) -> None:
    """Each history has its own version."""
    migrate(engine, HISTORY)
    migrate(engine, notes)
    check(engine, HISTORY)
    check(engine, notes)


def test_revisions_are_numbered_without_gaps(notes: History) -> None:
    """A missing number is found before anything is migrated."""
    (notes.folder / "0003_gap.py").write_text("")
    with pytest.raises(ValueError, match="numbered 0001, 0002"):
        notes.revisions()


def test_a_new_database_costs_little(tmp_path: Path) -> None:
    """Making all tables of the address book takes far less than 150 ms."""
    engine = open_engine(tmp_path / "a.db")
    before = time.perf_counter()
    migrate(engine, HISTORY)
    assert time.perf_counter() - before < 0.15


def test_a_missing_server_is_said_to_be_missing(postgres: Server) -> None:
    """A database that is not there, or a server that is not, is a sentence too."""
    for where, trouble in (
        (postgres.address("nowhere"), "no_database"),
        ("postgresql://firstcontact@/postgres?host=/nonexistent", "no_answer"),
    ):
        with pytest.raises(StoreProblem) as caught:
            check(open_engine(where), HISTORY)
        assert caught.value.trouble == trouble


def test_a_program_at_work_writes_nothing_to_a_database_that_was_closed(
    engine: Engine, notes: History
) -> None:
    """Whoever has it open is refused at its next write: moved, half filled, or upgraded meanwhile."""
    migrate(engine, notes)
    other = open_engine(engine.url.render_as_string(hide_password=False))
    for said, trouble in (
        ("0001 moving", "moving"),
        ("0001 moved", "moved"),
        ("0001 filling", "unfinished"),
        ("0002", "newer"),
    ):
        with begin(other) as connection:
            set_version(connection, notes, said)
        with pytest.raises(StoreProblem) as caught, begin(engine, turn="notes") as connection:
            connection.execute(text("INSERT INTO notes (id) VALUES (7)"))
        assert caught.value.trouble == trouble
        with pytest.raises(StoreProblem) as caught:
            migrate(open_engine(other.url.render_as_string(hide_password=False)), notes)
        assert caught.value.trouble == trouble
    assert fetch(engine, "SELECT id FROM notes", ()) == []
    with begin(other) as connection:
        set_version(connection, notes, "0001")
    with begin(engine, turn="notes") as connection:
        connection.execute(text("INSERT INTO notes (id) VALUES (7)"))
    other.dispose()


def test_histories_with_tables_of_one_name_share_a_database(postgres: Server) -> None:
    """On PostgreSQL each history has a schema of its own, made by whoever comes first."""
    where = postgres.database()
    for history in (HISTORY, LEDGER):
        engine = open_engine(where, schema=history.schema)
        migrate(engine, history)
        check(engine, history)
        assert drift(open_engine(where, schema=history.schema), history) == []
    assert fetch(open_engine(where), "SELECT to_regclass('activities')", ()) == [(None,)]
