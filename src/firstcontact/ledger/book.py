"""`Ledger`: the account of everything that happened, was decided and was written, in one database."""

from __future__ import annotations

from contextlib import AbstractContextManager

from sqlalchemy import Connection, Engine

from firstcontact.store import engine as store


class Ledger:
    """An open ledger. Queries are functions of the modules beside this one, on the connection given here."""

    def __init__(self, engine: Engine) -> None:
        """`engine` from `store.engine.open_engine`, its schema up to date (`migrate_ledger`)."""
        self.engine = engine

    def write(self) -> AbstractContextManager[Connection]:
        """One write transaction: all of it or nothing. Raises StoreProblem where the database can't."""
        return store.begin(self.engine)

    def read(self) -> AbstractContextManager[Connection]:
        """A connection for reading."""
        return store.read(self.engine)
