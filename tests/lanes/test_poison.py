"""One thing that fails, or kills whoever is at it, keeps nothing else from being done."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from firm import call, delivery, installation, read

from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.contract import Delivery, Outcome, Reading
from firstcontact.flow.installation import Installation
from firstcontact.identity.records import Finding
from firstcontact.interactions.model import Handle
from firstcontact.ledger import stuck
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.history import open_ledger
from firstcontact.planning.write import Write
from firstcontact.store.engine import open_engine

BAD = "+14155550207"
"""Who call7 is from."""


class Failing(AddressBook):
    """A connector with a fault: it raises, or ends the process, where one number is concerned."""

    at = ""
    deadly = False

    def _fail(self, where: str, keys: Sequence[str]) -> None:
        if self.at == where and BAD in keys:
            if self.deadly:
                os._exit(9)
            raise ZeroDivisionError("not foreseen")

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """As ever, but for the fault."""
        self._fail("find", [handle.key for handle in handles])
        return super().find(handles)

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """As ever, but for the fault."""
        self._fail("apply", [write.subject for write in writes])
        return super().apply(writes)


def aside(here: Installation) -> list[tuple[str, str, str]]:
    """What is set aside: cause, what, about."""
    with here.ledger.read() as tx:
        return [(each.cause, each.what, each.about) for each in stuck.stuck(tx)]


def contacts(here: Installation) -> int:
    """How many contacts there are."""
    return here.crm.size()


def test_a_delivery_that_cannot_be_understood(ledger: Ledger) -> None:
    """The reader fails at one of twenty: nineteen are understood and decided; after a repair it is, too."""
    broken = True

    def reader(one: Delivery) -> Reading:
        if one.place == "call7" and broken:
            raise ZeroDivisionError("not foreseen")
        return read(one)

    here = installation(ledger, reader=reader)
    here.accept([delivery(call(number)) for number in range(20)])
    tally = here.drain()
    assert (tally.understood, tally.aside, contacts(here)) == (19, 1, 19)
    assert aside(here) == [("fault", "delivery", "call7")]
    broken = False
    assert here.try_stuck_again() == 1
    assert here.drain().created == 1
    assert aside(here) == []


def test_an_interaction_that_cannot_be_decided(ledger: Ledger) -> None:
    """Looking one number up fails by a fault: all others are decided."""
    crm = Failing(open_engine(":memory:"))
    crm.at = "find"
    here = installation(ledger, crm)
    here.take([call(number) for number in range(20)])
    tally = here.drain()
    assert (tally.decided, tally.aside, contacts(here)) == (19, 1, 19)
    assert aside(here) == [("fault", "call", BAD)]
    crm.at = ""
    here.try_stuck_again(cause="fault")
    here.drain()
    assert (contacts(here), aside(here)) == (20, [])


def test_a_write_that_cannot_be_carried_out(ledger: Ledger) -> None:
    """Writing one contact fails by a fault: all others are written; since nobody knows whether it was sent,
    it is looked for before it is sent again."""
    crm = Failing(open_engine(":memory:"))
    crm.at = "apply"
    here = installation(ledger, crm)
    here.take([call(number) for number in range(20)])
    here.drain()
    assert contacts(here) == 19
    assert aside(here) == [("fault", "create_contact", BAD)]
    crm.at = ""
    here.try_stuck_again(cause="fault")
    here.drain()
    assert (contacts(here), aside(here)) == (20, [])


@pytest.mark.parametrize("at", ["find", "apply"])
def test_what_kills_its_worker_again_and_again(tmp_path: Path, at: str) -> None:
    """A worker that dies of one interaction is followed by others; after some deaths they take one thing at a
    time, name it before, and what is named when the next one dies is set aside. All others are done."""
    ledger_file, book_file = tmp_path / "ledger.db", tmp_path / "book.db"

    def worker() -> Installation:
        crm = Failing(open_engine(book_file))
        crm.at, crm.deadly = at, True
        return installation(open_ledger(open_engine(ledger_file)), crm)

    here = worker()
    here.take([call(number) for number in range(10)])
    here.ledger.engine.dispose()
    deaths = 0
    while True:
        child = os.fork()
        if child == 0:
            _work(worker)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
            break
        deaths += 1
        assert deaths < 10
    assert 3 <= deaths <= 6
    here = worker()
    assert contacts(here) == 9
    assert [(cause, about) for cause, _, about in aside(here)] == [("fault", BAD)]


def _work(worker: Any) -> None:
    status = 1
    try:
        worker().drain()
        status = 0
    finally:
        os._exit(status)
