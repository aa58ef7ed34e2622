"""The ledger's schema history, for `store.migrations`."""

from __future__ import annotations

from sqlalchemy import Engine

from firstcontact.ledger.book import Ledger
from firstcontact.ledger.tables_of_people import metadata as metadata
from firstcontact.store.migrations import History, migrate

HISTORY = History(name="ledger", package="firstcontact.ledger.migrations", metadata=metadata)


def open_ledger(engine: Engine) -> Ledger:
    """The ledger of a database, its tables made or upgraded. Raises StoreProblem."""
    migrate(engine, HISTORY)
    return Ledger(engine)
