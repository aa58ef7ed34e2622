"""What was written into a vendor's CRM is taken back there, over HTTP, as far as that CRM lets us."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from sqlalchemy import select
from story import BOOK, JO, Loud, at, call

from firstcontact.connectors.contract import Delivery, Reading
from firstcontact.flow.clock import MINUTE, VirtualClock
from firstcontact.flow.erasing import erase, finish, unfinished
from firstcontact.flow.installation import Installation
from firstcontact.flow.undo import Chosen, Removal, remove
from firstcontact.flow.whom import whom
from firstcontact.identity.records import Record
from firstcontact.interactions.model import decode, encode
from firstcontact.ledger.erased import Erased
from firstcontact.ledger.history import open_ledger
from firstcontact.ledger.tables import metadata, writes
from firstcontact.ledger.tables_of_people import undone
from firstcontact.operating.watch import Watch
from firstcontact.store.engine import open_engine
from firstcontact.testing.simulators.base import Switches, Unpaced, simulator
from firstcontact.testing.simulators.serving import running

NO_TIME = BOOK.with_settings({"time_entry": False})
"""A time entry is left for people to take away, and Lawmatics deletes nobody on whom one stands."""

KINDS = ("salesforce", "clio", "clio_grow", "zoho", "dynamics", "lawmatics")


class Firm(msgspec.Struct):
    """An installation at a vendor, and the people at work there."""

    installation: Installation
    clock: VirtualClock
    desk: Any

    def receive(self, id: str, when: int) -> None:
        """A call of Jo's, and all that follows."""
        self.clock.advance_to(when)
        fact = call(id, when, JO, seconds=130, name="DIAZ JO")
        items = [(Delivery("story", id, encode(fact)), id)]
        self.installation.receive(items, lambda each: Reading((decode(each.raw),)), live=True)
        self.settle()

    def settle(self) -> None:
        """All work that is due, in as much time as it needs."""
        for _ in range(40):
            self.installation.drain()
            due = self.installation.due()
            if due is None:
                return
            self.clock.advance_to(due)
        raise AssertionError("there is always something due")

    def take_back(self, **chosen: Any) -> Removal:
        """Taken back, and all that follows."""
        self.clock.advance_to(self.clock.now() + 10 * MINUTE)
        done = remove(self.installation, Chosen(**chosen), "ana")
        self.settle()
        return done

    def contacts(self) -> list[str]:
        """Ids of the contacts and leads that bear Jo's number."""
        found = self.installation.crm.find([call("x", 1, JO).participants[0].handles[0]])
        return [record.id for record in found[JO].records]

    def logged(self) -> set[str]:
        """Interactions that the CRM has an activity of."""
        return {id for each in self.desk.dump()["activities"] for id in each["interactions"]}

    def states(self) -> set[str]:
        """What became of what was to be taken back."""
        with self.installation.ledger.read() as tx:
            return set(tx.scalars(select(undone.c.state)))


@pytest.fixture(params=KINDS)
def firm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Firm]:
    """An office at each vendor, whose Jo has called."""
    from firstcontact.connectors import kinds

    clock = VirtualClock(at(0, 9))
    made = simulator(request.param)
    vendor = made.make(clock.now, Switches(quirks=made.still))
    with running(made, vendor) as here:
        opening = here.opening(clock.now, credentials=here.credentials(), pace=Unpaced())
        crm = here.connect(kinds.kind(request.param), opening)
        ledger = open_ledger(open_engine(tmp_path / "ledger.db"))
        ledger.erased = Erased(tmp_path / "keys.json")
        installation = Installation(
            book=NO_TIME, ledger=ledger, crm=crm, clock=clock,
            watch=cast(Watch, Loud()), indexed=True, poll_every=MINUTE,
        )  # fmt: skip
        installation.reader = lambda each: Reading((decode(each.raw),))
        office = Firm(installation, clock, vendor.desk)
        installation.drain()
        office.receive("call-jo", at(0, 10))
        assert len(office.contacts()) == 1
        yield office


def test_a_contact_goes_where_it_may(firm: Firm) -> None:
    """The contact with its activity, or neither, with what to do by hand; it is not made again."""
    offered = firm.installation.crm.capabilities()
    said = firm.take_back(contact=JO)
    if not offered.deletes_contact:
        assert {step.why for step in said.steps} == {"by_hand"}
        assert len(firm.contacts()) == 1
        return
    assert firm.states() <= {"done", "left"}
    assert firm.contacts() == []
    assert "call-jo" not in firm.logged()
    firm.receive("call-jo", at(0, 12))
    firm.receive("call-jo-2", at(0, 13))
    assert firm.contacts() == []


def test_an_edit_of_a_person_keeps_it(firm: Firm) -> None:
    """Somebody edits the contact there: it stays, with what is on it."""
    (id,) = firm.contacts()
    deletes = firm.installation.crm.capabilities().deletes_contact
    firm.clock.advance_to(firm.clock.now() + 60 * MINUTE)
    firm.desk.edit("contact", id, {"last_name": "Diaz-Roe"})
    before = firm.logged()
    said = firm.take_back(contact=JO)
    assert {step.why for step in said.steps} == {"edited" if deletes else "by_hand"}
    assert firm.contacts() == [id]
    assert firm.logged() == before
    record = firm.installation.crm.read([id])[id]
    assert isinstance(record, Record)
    assert record.last_name == "Diaz-Roe"


def test_an_activity_goes_where_it_may(firm: Firm) -> None:
    """The activity, where one was logged, goes; its contact stays."""
    stays = "call-jo" in firm.logged() and not firm.installation.crm.capabilities().deletes_activity
    firm.take_back(activity="call-jo")
    assert ("call-jo" in firm.logged()) == stays
    assert len(firm.contacts()) == 1


def test_an_erased_person_is_gone_as_far_as_the_crm_lets_us(firm: Firm) -> None:
    """No row of the ledger has Jo's number or name any more; the contact is deleted there, or is what is left
    to do by hand; and another call of Jo's makes nobody."""
    before = firm.contacts()
    assert _rows_with(firm, JO[1:], "diaz")
    done = erase(firm.installation, whom(firm.installation, JO), patience=0.0)
    firm.settle()
    finish(firm.installation, None)
    assert not unfinished(firm.installation)
    assert _rows_with(firm, JO[1:], "diaz") == set()
    deletes = firm.installation.crm.capabilities().deletes_contact
    assert done.asked.get("delete_contact", 0) == (1 if deletes else 0)
    assert firm.contacts() == ([] if deletes else before)
    firm.receive("call-jo-2", at(0, 13))
    assert len(firm.contacts()) == (0 if deletes else 1)
    assert "create_contact" not in _intended_since(firm)


def _rows_with(firm: Firm, *words: str) -> set[str]:
    """Tables with one of these words in a row."""
    found = set()
    with firm.installation.ledger.read() as tx:
        for table in metadata.sorted_tables:
            shown = repr([tuple(row) for row in tx.execute(select(table))]).lower()
            if any(word in shown for word in words):
                found.add(table.name)
    return found


def _intended_since(firm: Firm) -> set[str]:
    """Kinds of writes because of the second call."""
    with firm.installation.ledger.read() as tx:
        return set(tx.scalars(select(writes.c.kind).where(writes.c.interaction == "call-jo-2")))
