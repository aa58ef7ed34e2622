"""Databases in memory that are as new for every play, without making them anew.

Making the tables and compiling the statements of two fresh databases takes longer than most scenarios
do; so one pair is kept, and put back to its first state.
"""

from __future__ import annotations

import sqlite3
from typing import cast

from sqlalchemy import Engine

from firstcontact.connectors.address_book import tables
from firstcontact.ledger.history import HISTORY
from firstcontact.store.engine import open_engine
from firstcontact.store.migrations import migrate


class Bench:
    """A CRM's and a ledger's database for one play at a time; not for several threads."""

    def __init__(self) -> None:
        self._crm = _Slate()
        self._ledger = _Slate()
        migrate(self._crm.engine, tables.HISTORY)
        migrate(self._ledger.engine, HISTORY)
        self._crm.keep()
        self._ledger.keep()

    def fresh(self) -> tuple[Engine, Engine]:
        """The CRM's and the ledger's database, empty. What was in them before is gone."""
        return self._crm.wiped(), self._ledger.wiped()


class _Slate:
    def __init__(self) -> None:
        self.engine = open_engine(":memory:")
        self._empty = sqlite3.connect(":memory:", check_same_thread=False)

    def keep(self) -> None:
        """What the database is now is what `wiped` goes back to."""
        self._raw().backup(self._empty)

    def wiped(self) -> Engine:
        self._empty.backup(self._raw())
        return self.engine

    def _raw(self) -> sqlite3.Connection:
        # An in-memory engine has one connection; it goes back to the pool at once and stays open.
        pooled = self.engine.raw_connection()
        try:
            return cast(sqlite3.Connection, pooled.driver_connection)
        finally:
            pooled.close()
