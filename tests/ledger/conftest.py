"""An empty ledger on each database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine

from firstcontact.ledger.history import open_ledger
from firstcontact.ledger.tables import metadata
from firstcontact.store.engine import begin, open_engine
from firstcontact.testing.postgres import Server


@pytest.fixture(scope="session")
def postgres_engine(postgres: Server) -> Iterator[Engine]:
    """A ledger on PostgreSQL; what is in it stays from test to test."""
    engine = open_engine(postgres.database())
    open_ledger(engine)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def tx(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """A write transaction on an empty ledger."""
    if request.param == "sqlite":
        engine = open_engine(":memory:")
        open_ledger(engine)
    else:
        engine = request.getfixturevalue("postgres_engine")
        with begin(engine) as connection:
            for table in metadata.sorted_tables:
                connection.execute(table.delete())
    with begin(engine) as connection:
        yield connection
