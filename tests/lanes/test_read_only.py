"""On a read-only connection everything is decided and nothing is sent: each of the guards by itself."""

from __future__ import annotations

from collections import Counter

import pytest
from firm import NOON, call, installation
from sqlalchemy import select

from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.contract import NotOffered, Unclear
from firstcontact.flow import read_only
from firstcontact.flow.clock import HOUR
from firstcontact.flow.installation import Installation
from firstcontact.flow.problems import FlowProblem
from firstcontact.flow.read_only import ReadOnly, make_read_only
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.tables import writes
from firstcontact.store.engine import open_engine


class Counted(AddressBook):
    """An address book that counts what it is told to write, and may lose its answers."""

    applied = 0
    loses = False

    def apply(self, writes):  # type: ignore[no-untyped-def]
        """As ever, or without an answer and without a write."""
        self.applied += len(writes)
        if self.loses:
            return [Unclear("The answer was lost.", write.key) for write in writes]
        return super().apply(writes)


@pytest.fixture
def crm() -> Counted:
    """An empty CRM."""
    return Counted(open_engine(":memory:"))


@pytest.fixture
def firm(ledger: Ledger, crm: Counted) -> Installation:
    """An installation that writes to it."""
    return installation(ledger, crm)


def states(ledger: Ledger) -> Counter[str]:
    """How many writes are in which state."""
    with ledger.read() as tx:
        return Counter(tx.scalars(select(writes.c.state)))


def test_what_is_decided_is_held_at_once(firm: Installation, crm: Counted) -> None:
    """From the decision on writes are held, of live facts and of imported ones, and nothing is due."""
    make_read_only(firm.ledger, crm.connection, NOON)
    firm.take([call(1)])
    firm.take([call(2)], live=False)
    firm.decide_due()
    assert set(states(firm.ledger)) == {"held"}
    assert firm.due() is None


def test_an_import_does_not_let_them_go(firm: Installation, crm: Counted) -> None:
    """What an import would release by itself stays held."""
    make_read_only(firm.ledger, crm.connection, NOON)
    firm.take([call(1)], live=False)
    firm.decide_due()
    assert firm.release_imported() is None
    assert set(states(firm.ledger)) == {"held"}


def test_a_batch_that_has_begun_sends_nothing_any_more(
    firm: Installation, crm: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said between a batch's beginning and its sending, read-only still stops it; the next round holds it."""
    firm.take([call(1)])
    firm.decide_due()
    with monkeypatch.context() as said_later:
        said_later.setattr(firm, "read_only", lambda: False)
        make_read_only(firm.ledger, crm.connection, NOON)
        firm.carry_out_due()
    assert crm.applied == 0
    assert set(states(firm.ledger)) == {"intended"}
    firm.carry_out_due()
    assert set(states(firm.ledger)) == {"held"}


def test_what_was_decided_before_is_held_by_whoever_would_carry_it_out(
    firm: Installation, crm: Counted
) -> None:
    """A worker that had decided to write, and was not told of the settings, sends nothing."""
    firm.take([call(1)])
    firm.decide_due()
    assert set(states(firm.ledger)) == {"intended"}
    make_read_only(firm.ledger, crm.connection, NOON)
    firm.drain()
    assert crm.applied == 0
    assert set(states(firm.ledger)) == {"held"}
    firm.release_brake("ana")
    firm.drain()
    assert set(states(firm.ledger)) == {"done"}


def test_what_was_sent_without_an_answer_is_not_forgotten(firm: Installation, crm: Counted) -> None:
    """It stays sent, so that it is looked for before it is sent again, and comes up when writing begins."""
    firm.take([call(1)])
    crm.loses = True
    firm.drain()
    crm.loses = False
    assert states(firm.ledger)["sent"] == 1
    applied = crm.applied
    make_read_only(firm.ledger, crm.connection, NOON)
    firm.clock.wait(HOUR)  # type: ignore[attr-defined]
    firm.drain()
    assert crm.applied == applied
    assert states(firm.ledger)["sent"] == 1
    firm.release_brake("ana")
    firm.clock.wait(2 * HOUR)  # type: ignore[attr-defined]
    firm.drain()
    assert set(states(firm.ledger)) == {"done"}


def test_the_net_behind_it(firm: Installation, crm: Counted) -> None:
    """A call of `apply` on a read-only connection is a bug that reaches nobody; all other calls pass."""
    net = ReadOnly(crm)
    with pytest.raises(NotOffered):
        net.apply([])
    assert net.size() == 0
    assert net.users() == crm.users()
    assert net.capabilities() == crm.capabilities()
    guarded = installation(firm.ledger, net)
    with pytest.raises(FlowProblem, match="read-only off"):
        guarded.release_brake("ana")


def test_it_is_said_once_since_when(firm: Installation, crm: Counted) -> None:
    """Each start of a read-only worker says so again; since when stays."""
    make_read_only(firm.ledger, crm.connection, NOON)
    make_read_only(firm.ledger, crm.connection, NOON + 5)
    with firm.ledger.read() as tx:
        assert read_only.since(tx, crm.connection) == NOON
    assert firm.read_only()
