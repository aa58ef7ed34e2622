"""News that comes while a decision is being taken is never lost, whichever of the two is kept first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Thread

import pytest
from races import BOOK
from sqlalchemy import Connection, func, select
from story import START, call

from firstcontact.boundaries import Boundary
from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.people import People
from firstcontact.flow.clock import VirtualClock
from firstcontact.flow.installation import Installation
from firstcontact.identity.records import Finding
from firstcontact.interactions.model import Handle
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.history import open_ledger
from firstcontact.ledger.tables import decisions, writes
from firstcontact.store.engine import Ahead, open_engine
from firstcontact.testing.hostile import Hostile

CALLER = "+12125550123"
UNLINKED = BOOK.with_settings({"unknown_contact": {"default": "log_unlinked"}})


class Interrupted(Ledger):
    """A ledger in whose transaction of decisions something happens right before the commit."""

    def __init__(self, ledger: Ledger, meanwhile: Callable[[], None]) -> None:
        super().__init__(ledger.engine)
        self.meanwhile = meanwhile

    def write(
        self, boundary: Boundary | None = None, *, ahead: Ahead | None = None
    ) -> AbstractContextManager[Connection]:
        """As ever."""
        if boundary is Boundary.KEEP_DECISIONS:
            return self._interrupted(ahead)
        return super().write(boundary, ahead=ahead)

    @contextmanager
    def _interrupted(self, ahead: Ahead | None) -> Iterator[Connection]:
        with super().write(Boundary.KEEP_DECISIONS, ahead=ahead) as tx:
            yield tx
            self.meanwhile()


class Overtaken(Interrupted):
    """A ledger in which something happens when decisions are written ahead and their turn has not come; on
    SQLite, where the turn comes first, before that."""

    @contextmanager
    def _interrupted(self, ahead: Ahead | None) -> Iterator[Connection]:
        early = self.engine.dialect.name == "postgresql"

        def both(tx: Connection) -> None:
            if ahead is not None:
                ahead(tx)
            if early:
                self.meanwhile()

        if not early:
            self.meanwhile()
        with Ledger.write(self, Boundary.KEEP_DECISIONS, ahead=both) as tx:
            yield tx


class Late(Hostile):
    """A CRM whose answer is old when it arrives: something has happened since."""

    def __init__(self, book: AddressBook, meanwhile: Callable[[], None]) -> None:
        super().__init__(book)
        self.meanwhile = meanwhile

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """What was so."""
        found = super().find(handles)
        self.meanwhile()
        return found


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return str(tmp_path / "ledger.db")
    address: str = request.getfixturevalue("postgres").database()
    return address


class Two:
    """Two workers on one ledger and address book: one decides on a call, the other meanwhile hears of a
    contact that a person has added for the caller."""

    def __init__(self, database: str, folder: Path) -> None:
        self.book = AddressBook(open_engine(folder / "crm.db"), clock=lambda: START)
        self.ledger = open_ledger(open_engine(database))
        self.here = self._installation(self.ledger)
        self.there = self._installation(Ledger(open_engine(database)))
        self.here.take([call("one", START, CALLER)])
        self.hearing: Thread | None = None

    def _installation(self, ledger: Ledger) -> Installation:
        return Installation(book=UNLINKED, ledger=ledger, crm=self.book, clock=VirtualClock(START))

    def hear(self) -> None:
        """A person adds the contact, and the other worker polls; half a second is more than it needs."""
        if self.hearing is None:
            People(self.book).add("contact", {"id": "p-jo", "last_name": "Diaz", "phones": [CALLER]})
            self.hearing = Thread(target=self.there.poll)
            self.hearing.start()
            self.hearing.join(0.5)

    def check(self) -> None:
        """The call ends on the contact."""
        assert self.hearing is not None
        self.hearing.join(30)
        self.there.drain()
        (activity,) = People(self.book).dump()["activities"]
        assert activity["contacts"] == ["p-jo"]
        for installation in (self.here, self.there):
            installation.ledger.engine.dispose()


def test_news_right_before_the_decision_is_kept(database: str, tmp_path: Path) -> None:
    """News that comes when the decision has been checked against all news, and is not committed yet, waits
    for its turn and then reopens it."""
    two = Two(database, tmp_path)
    two.here.ledger = Interrupted(two.ledger, two.hear)
    two.here.decide_due()
    two.check()


def test_news_between_what_is_ahead_and_its_turn(database: str, tmp_path: Path) -> None:
    """News that comes when the decision is written ahead, and its turn has not come, is known in the turn:
    the decision is taken again, once, and nothing of the first is left."""
    two = Two(database, tmp_path)
    two.here.ledger = Overtaken(two.ledger, two.hear)
    two.here.decide_due()
    two.check()
    with two.ledger.read() as tx:
        assert tx.scalar(select(func.count()).select_from(decisions)) == 1
        assert tx.scalar(select(func.count()).select_from(writes)) == 1


def test_news_while_looking(database: str, tmp_path: Path) -> None:
    """News that comes while the CRM's answer is under way finds no decision to reopen yet; the decision that
    rests on that answer is taken again."""
    two = Two(database, tmp_path)
    two.here.crm = Late(two.book, two.hear)
    two.here.decide_due()
    two.check()
