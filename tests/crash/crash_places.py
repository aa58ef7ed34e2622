"""Where the two databases of a case are: files in a folder, or a database of a PostgreSQL server; copied as a
whole, and exchanged under engines that stay, so that a process need not learn its statements anew.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Engine, event

from firstcontact.store.engine import open_engine

FILES = ("crm.db", "ledger.db")


class Place(Protocol):
    """The databases of a ledger and a CRM. A name is of one pair of them; "" is an empty pair."""

    engines: tuple[Engine, Engine]
    """Of the CRM and the ledger, at the pair that `use` named last."""

    def use(self, name: str) -> None:
        """From here on the engines are at this pair; their connections of before are left alone."""

    def copy(self, name: str, to: str) -> None:
        """A pair that nobody uses, once more."""

    def drop(self, name: str) -> None:
        """A pair goes."""


class InFiles:
    """Pairs of SQLite files, each in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = ""
        (folder / "_").mkdir(exist_ok=True)
        self.engines = (self._engine(0), self._engine(1))

    def _engine(self, which: int) -> Engine:
        engine = open_engine(self._folder / FILES[which])

        @event.listens_for(engine, "do_connect")
        def connect(_: Any, __: Any, arguments: list[Any], ___: Any) -> None:
            arguments[0] = str(self._at(self._name) / FILES[which])

        return engine

    def _at(self, name: str) -> Path:
        return self._folder / (name or "_")

    def use(self, name: str) -> None:
        """See `Place`."""
        for engine in self.engines:
            engine.dispose(close=False)
        self._name = name

    def copy(self, name: str, to: str) -> None:
        """See `Place`."""
        shutil.copytree(self._at(name), self._at(to))

    def drop(self, name: str) -> None:
        """See `Place`."""
        shutil.rmtree(self._at(name))


class InPostgres:
    """Databases of a server, each with a schema for either side."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._name = ""
        self._ask("DROP DATABASE IF EXISTS crash_")
        self._ask("CREATE DATABASE crash_")
        self.engines = (self._engine("crm"), self._engine("ledger"))

    def _engine(self, side: str) -> Engine:
        engine = open_engine(self._address, schema=f"crash_{side}")

        @event.listens_for(engine, "do_connect")
        def connect(_: Any, __: Any, ___: Any, parameters: dict[str, Any]) -> None:
            parameters["dbname"] = f"crash_{self._name}"

        return engine

    def _ask(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute(statement.encode())

    def use(self, name: str) -> None:
        """See `Place`."""
        for engine in self.engines:
            engine.dispose(close=False)
        self._name = name

    def copy(self, name: str, to: str) -> None:
        """See `Place`."""
        self._ask(f'DROP DATABASE IF EXISTS "crash_{to}" WITH (FORCE)')
        self._ask(f'CREATE DATABASE "crash_{to}" TEMPLATE "crash_{name}"')

    def drop(self, name: str) -> None:
        """See `Place`."""
        self._ask(f'DROP DATABASE "crash_{name}" WITH (FORCE)')
