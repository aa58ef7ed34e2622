"""`Ledger`: the account of everything that happened, was decided and was written, in one database."""

from __future__ import annotations

from contextlib import AbstractContextManager

from sqlalchemy import Connection, Engine

from firstcontact.boundaries import Boundary
from firstcontact.ledger.erased import Erased
from firstcontact.store import engine as store


class Ledger:
    """An open ledger. Queries are functions of the modules beside this one, on the connection given here."""

    def __init__(self, engine: Engine) -> None:
        """`engine` from `store.engine.open_engine`, its schema up to date (`migrate_ledger`)."""
        self.engine = engine
        self.erased = Erased()
        """Who was erased; given the key ring by whoever opens an installation (`bootstrap`)."""

    def write(
        self, boundary: Boundary | None = None, *, ahead: store.Ahead | None = None
    ) -> AbstractContextManager[Connection]:
        """One write transaction, in its turn: all of it or nothing. boundary: its number, which
        only tests leave out. ahead: what it begins with, before its turn where there are turns to wait for:
        rows that nobody else can add or see. Raises StoreProblem where the database can't."""
        return store.begin(self.engine, boundary, turn="ledger", ahead=ahead)

    def read(self) -> AbstractContextManager[Connection]:
        """A connection for reading."""
        return store.read(self.engine)
