"""Bringing a database to this program's version: two independent histories of alembic revisions.

A history is a package of revision files `0001_first.py`, `0002_…py`, numbered without gaps, whose
revision ids are those numbers; its version is kept in the table `<name>_version`. An empty database is
made from the tables themselves, which a test holds equal to what the revisions make; alembic is imported
only to upgrade an older database, since its import costs more than making a new one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from sqlalchemy import Connection, Engine, MetaData, inspect, text

from firstcontact.boundaries import Boundary
from firstcontact.store.engine import SCHEMA, begin, guard, place, read
from firstcontact.store.marks import Mark, marked, parts, refusal
from firstcontact.store.problems import StoreProblem

_FILE = re.compile(r"(\d{4})_\w+\.py")


@dataclass(frozen=True)
class History:
    """One set of tables and its revisions.

    name: of the version table, `<name>_version`. package: where the revision files are.
    metadata: the tables as this program wants them.
    """

    name: str
    package: str
    metadata: MetaData

    @property
    def folder(self) -> Path:
        """Where the revision files are."""
        return Path(str(import_module(self.package).__file__)).parent

    def revisions(self) -> tuple[str, ...]:
        """The revisions' numbers, oldest first. Raises ValueError where one is missing or doubled."""
        found = sorted(match[1] for file in self.folder.iterdir() if (match := _FILE.fullmatch(file.name)))
        if not found or found != [f"{number:04}" for number in range(1, len(found) + 1)]:
            raise ValueError(f"revisions of {self.name} must be numbered 0001, 0002 …; found {found}")
        return tuple(found)

    @property
    def version_table(self) -> str:
        """Name of the table that holds the version, in alembic's own shape."""
        return f"{self.name}_version"

    @property
    def head(self) -> str:
        """The revision that this program wants."""
        return self.revisions()[-1]

    @property
    def schema(self) -> str:
        """The PostgreSQL schema for its tables where histories share a database."""
        return f"firstcontact_{self.name}"


@dataclass(frozen=True)
class Side:
    """A history and the database it is in."""

    history: History
    engine: Engine


def migrate(engine: Engine, history: History) -> None:
    """Make the history's tables, or upgrade them to this program's version; all of it or nothing.

    From then on `begin` guards that the database stays what it is (`engine.guard`).
    Raises StoreProblem: newer, foreign, locked, full, not a database, no permission; moving, moved or
    unfinished where it is not to be used now.
    """
    head = history.head
    with read(engine) as connection:
        found = version(connection, history)
    if found != head:
        guard(engine, history.version_table, None)
        with begin(engine, Boundary.MIGRATE) as connection:
            bring_up(connection, engine, history)
    guard(engine, history.version_table, head)


def bring_up(connection: Connection, engine: Engine, history: History, mark: Mark = "") -> None:
    """As `migrate`, inside a write transaction; new tables get the mark. Raises StoreProblem."""
    wait_for_turn(connection)
    found = version(connection, history)  # another process may have been first
    if found is None:
        _make(connection, engine, history, marked(history.head, mark))
    elif found != history.head:
        _refuse_newer(engine, history, found)
        _upgrade(connection, history)


def check(engine: Engine, history: History) -> None:
    """That the database has exactly this program's version. Raises StoreProblem, `older` where not yet."""
    head = history.head
    with read(engine) as connection:
        found = version(connection, history)
    if found == head:
        return
    if found is None:
        raise StoreProblem("older", place(engine), f"it has no {history.name} tables yet")
    _refuse_newer(engine, history, found)
    raise StoreProblem("older", place(engine), f"{history.name} {found}, this program needs {head}")


def version(connection: Connection, history: History) -> str | None:
    """The history's revision in this database, or None where it has never been there."""
    if not inspect(connection).has_table(history.version_table):
        return None
    row = connection.execute(text(f"SELECT version_num FROM {history.version_table}")).first()
    return None if row is None else str(row[0])


def upgrade_from_nothing(engine: Engine, history: History) -> None:
    """Make the tables by running every revision, as an installation of the first version has lived it.

    For tests: what this makes and what `migrate` makes must be equal (`drift`).
    """
    with begin(engine) as connection:
        make_at(connection, engine, history, "head")


def make_at(connection: Connection, engine: Engine, history: History, revision: str) -> None:
    """Make the tables of an empty database as they were at a revision, by running every one up to it."""
    _make_schema(connection, engine)
    _upgrade(connection, history, revision)


def finish_at(connection: Connection, history: History, revision: str) -> None:
    """Tables that were made at this revision, and filled, come to this program's version and are open."""
    set_version(connection, history, revision)
    if revision != history.head:
        _upgrade(connection, history)


def clear(connection: Connection, engine: Engine, history: History) -> None:
    """Take away the history's tables, of whatever version: all that is in a schema or file of its own."""
    names = set(inspect(connection).get_table_names())
    own = engine.dialect.name == "sqlite" or engine.get_execution_options().get(SCHEMA, "")
    if not own:
        names &= {*history.metadata.tables, history.version_table}
    for name in sorted(names):
        connection.execute(text(f'DROP TABLE "{name}"'))


def drift(engine: Engine, history: History) -> list[str]:
    """How the database's tables differ from the history's metadata; empty where they are equal."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    mine = set(history.metadata.tables)
    options = {"include_object": lambda _, name, kind, *__: kind != "table" or name in mine}
    with read(engine) as connection:
        context = MigrationContext.configure(connection, opts=options)
        return [repr(difference) for difference in compare_metadata(context, history.metadata)]


def set_version(connection: Connection, history: History, said: str) -> None:
    """Let the version table say this (`marks.marked`)."""
    connection.execute(text(f"UPDATE {history.version_table} SET version_num = :said"), {"said": said})


def wait_for_turn(connection: Connection) -> None:
    """One at a time makes or upgrades tables."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('firstcontact migrations'))"))


def _make(connection: Connection, engine: Engine, history: History, said: str) -> None:
    _make_schema(connection, engine)
    existing = set(inspect(connection).get_table_names()) & set(history.metadata.tables)
    if existing:
        raise StoreProblem("foreign", place(engine), ", ".join(sorted(existing)))
    history.metadata.create_all(connection, checkfirst=False)
    make_version_table(connection, history, said)


def make_version_table(connection: Connection, history: History, said: str) -> None:
    """The version table, in alembic's own shape, and what it says."""
    connection.execute(
        text(
            f"CREATE TABLE {history.version_table} (version_num VARCHAR(32) NOT NULL, "
            f"CONSTRAINT {history.version_table}_pkc PRIMARY KEY (version_num))"
        )
    )
    connection.execute(
        text(f"INSERT INTO {history.version_table} (version_num) VALUES (:head)"),
        {"head": said},
    )


def _make_schema(connection: Connection, engine: Engine) -> None:
    """The schema is made with its first tables; where somebody has made it for us, no right to is needed."""
    schema = engine.get_execution_options().get(SCHEMA, "")
    if schema and not inspect(connection).has_schema(schema):
        connection.execute(text(f'CREATE SCHEMA "{schema}"'))


def _refuse_newer(engine: Engine, history: History, found: str) -> None:
    number, mark = parts(found)
    if mark or number not in history.revisions():
        problem = refusal(found, history.head, history.name, place(engine))
        raise problem or StoreProblem("newer", place(engine), found)


def _upgrade(connection: Connection, history: History, to: str = "head") -> None:
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    folder = str(history.folder)
    script = ScriptDirectory(folder, version_locations=[folder])
    context = MigrationContext.configure(
        connection,
        opts={
            "version_table": history.version_table,
            "fn": lambda revision, _: script._upgrade_revs(to, revision),
        },
    )
    with Operations.context(context):
        context.run_migrations()
