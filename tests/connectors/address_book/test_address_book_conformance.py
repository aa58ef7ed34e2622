"""The address book passes the contract's suite, with its own capabilities and playing every other kind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from firstcontact.connectors import kinds
from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.people import People
from firstcontact.connectors.clio_grow import capabilities as clio_grow
from firstcontact.store.engine import begin, open_engine
from firstcontact.testing.conformance import CrmConformance
from firstcontact.testing.postgres import Server

PLAYED = {
    **{kind: kinds.capabilities(kind) for kind in kinds.KINDS},
    "clio_grow, leads": clio_grow.LISTED,
    "clio_grow, inbox": clio_grow.INBOX,
}


class AddressBookHands(People):
    """People in the address book, who can also break its index."""

    @contextmanager
    def broken_search(self) -> Iterator[None]:
        """Without the table of handles, no search."""
        self._rename("handles", "handles_away")
        yield
        self._rename("handles_away", "handles")

    def _rename(self, old: str, new: str) -> None:
        with begin(self._book.engine) as connection:
            connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")


class TestEveryKind(CrmConformance):
    """In memory, as each of the seven kinds, and as connections that offer less than their kind."""

    @pytest.fixture(params=PLAYED)
    def crm(self, request: pytest.FixtureRequest) -> AddressBook:
        return AddressBook(open_engine(":memory:"), capabilities=PLAYED[request.param])

    @pytest.fixture
    def hands(self, crm: AddressBook) -> AddressBookHands:
        return AddressBookHands(crm)


class TestFile(CrmConformance):
    """In a file, where threads have connections of their own."""

    @pytest.fixture
    def crm(self, tmp_path: Path) -> Iterator[AddressBook]:
        engine = open_engine(tmp_path / "book.db")
        yield AddressBook(engine)
        engine.dispose()

    @pytest.fixture
    def hands(self, crm: AddressBook) -> AddressBookHands:
        return AddressBookHands(crm)


class TestPostgres(CrmConformance):
    """In PostgreSQL, for teams."""

    @pytest.fixture
    def crm(self, postgres: Server) -> Iterator[AddressBook]:
        engine = open_engine(postgres.database())
        yield AddressBook(engine)
        engine.dispose()

    @pytest.fixture
    def hands(self, crm: AddressBook) -> AddressBookHands:
        return AddressBookHands(crm)
