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

from firstcontact.store.engine import begin, place, read
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


def migrate(engine: Engine, history: History) -> None:
    """Make the history's tables, or upgrade them to this program's version; all of it or nothing.

    Raises StoreProblem: newer, foreign, locked, full, not a database, no permission.
    """
    head = history.revisions()[-1]
    with read(engine) as connection:
        if version(connection, history) == head:
            return
    with begin(engine) as connection:
        _wait_for_turn(connection)
        found = version(connection, history)  # another process may have been first
        if found is None:
            _make(connection, engine, history)
        elif found != head:
            _refuse_newer(engine, history, found)
            _upgrade(connection, history)


def check(engine: Engine, history: History) -> None:
    """That the database has exactly this program's version. Raises StoreProblem, `older` where not yet."""
    head = history.revisions()[-1]
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
        _upgrade(connection, history)


def drift(engine: Engine, history: History) -> list[str]:
    """How the database's tables differ from the history's metadata; empty where they are equal."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    mine = set(history.metadata.tables)
    options = {"include_object": lambda _, name, kind, *__: kind != "table" or name in mine}
    with read(engine) as connection:
        context = MigrationContext.configure(connection, opts=options)
        return [repr(difference) for difference in compare_metadata(context, history.metadata)]


def _wait_for_turn(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('firstcontact migrations'))"))


def _make(connection: Connection, engine: Engine, history: History) -> None:
    existing = set(inspect(connection).get_table_names()) & set(history.metadata.tables)
    if existing:
        raise StoreProblem("foreign", place(engine), ", ".join(sorted(existing)))
    history.metadata.create_all(connection, checkfirst=False)
    connection.execute(
        text(
            f"CREATE TABLE {history.version_table} (version_num VARCHAR(32) NOT NULL, "
            f"CONSTRAINT {history.version_table}_pkc PRIMARY KEY (version_num))"
        )
    )
    connection.execute(
        text(f"INSERT INTO {history.version_table} (version_num) VALUES (:head)"),
        {"head": history.revisions()[-1]},
    )


def _refuse_newer(engine: Engine, history: History, found: str) -> None:
    if found not in history.revisions():
        head = history.revisions()[-1]
        raise StoreProblem("newer", place(engine), f"{history.name} {found}, this program knows {head}")


def _upgrade(connection: Connection, history: History) -> None:
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    folder = str(history.folder)
    script = ScriptDirectory(folder, version_locations=[folder])
    context = MigrationContext.configure(
        connection,
        opts={
            "version_table": history.version_table,
            "fn": lambda revision, _: script._upgrade_revs("head", revision),
        },
    )
    with Operations.context(context):
        context.run_migrations()
