"""A CRM's limits are kept by all workers together."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from firstcontact.boundaries import Boundary
from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.contract import Allowance, TryAgain
from firstcontact.connectors.kinds import capabilities
from firstcontact.lanes.pacing import Paced, Pacing, paced
from firstcontact.ledger import connecting
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.tables import connections
from firstcontact.store.engine import open_engine


class Metered(AddressBook):
    """An address book that says how much of a limit is left, and can ask to be left alone."""

    said: Allowance | None = None
    after = 0.0
    asked = 0

    def allowance(self) -> Allowance | None:
        """What it was told to say."""
        return self.said

    def size(self) -> int:
        """As ever, unless it wants to be left alone."""
        self.asked += 1
        if self.after:
            raise TryAgain("Too many requests.", self.after)
        return super().size()


def crm(per_minute: int = 0) -> Metered:
    """An address book with a limit."""
    offered = replace(capabilities("address_book"), requests_per_minute=per_minute)
    return Metered(open_engine(":memory:"), capabilities=offered)


def test_no_second_has_more_than_its_limit(ledger: Ledger) -> None:
    """Three a second: one at once, and two a second flow in, whoever sends them."""
    offered = replace(capabilities("clio_grow"), requests_per_second=3)
    clock = [0.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds
        with ledger.write() as tx:  # as if the time had passed
            state = connecting.state(tx, "office")
            connecting.change(tx, "office", filled_at=state.filled_at - int(seconds * 1_000_000) - 1)

    workers = [Pacing(ledger, "office", offered, sleep=sleep) for _ in range(2)]
    sent = []
    for number in range(20):
        workers[number % 2].take()
        sent.append(clock[0])
    assert all(len([one for one in sent if at <= one < at + 1]) <= 3 for at in sent)
    assert sent[-1] <= 10


def test_workers_share_one_bucket(ledger: Ledger) -> None:
    """Sixty a minute: six at once for both together, then about one a second."""
    slept: list[float] = []
    workers = [Paced(crm(60), ledger, sleep=slept.append) for _ in range(2)]

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        with ledger.write() as tx:  # as if the time had passed
            state = connecting.state(tx, workers[0].connection)
            filled = state.filled_at - int(seconds * 1_000_000) - 1
            connecting.change(tx, workers[0].connection, filled_at=filled)

    for worker in workers:
        worker.pace._sleep = sleep
    for number in range(6):
        workers[number % 2].size()
    assert slept == []
    for number in range(6):
        workers[number % 2].size()
    assert 5.0 < sum(slept) < 7.0


def test_a_long_wait_is_tried_again_later(ledger: Ledger) -> None:
    """Nobody sleeps for minutes on a lease: the work comes up again when the CRM takes it."""
    one, other = crm(), crm()
    one.after = 300.0
    first, second = Paced(one, ledger), Paced(other, ledger)
    with pytest.raises(TryAgain):
        first.size()
    with pytest.raises(TryAgain) as again:
        second.size()
    assert 290 < again.value.after <= 300
    assert (one.asked, other.asked) == (1, 0)


def test_what_the_crm_says_of_its_limit_holds_for_all(ledger: Ledger) -> None:
    """With nothing left, everybody leaves it alone until its count starts anew; the figures are kept."""
    one, other = crm(), crm()
    one.said = Allowance(1000, 0, 60.0)
    assert Paced(one, ledger, limited=one).size() == 0
    with pytest.raises(TryAgain):
        Paced(other, ledger, limited=other).size()
    with ledger.read() as tx:
        state = connecting.state(tx, one.connection)
    assert (state.quota, state.quota_left) == (1000, 0)


def test_a_limit_from_a_wrong_clock_ends(ledger: Ledger) -> None:
    """A moment years ahead is from a clock that was set back since, and keeps nobody from working."""
    one = crm()
    one.after = 1.0
    with pytest.raises(TryAgain):
        Paced(one, ledger).size()
    with ledger.write() as tx:
        tx.execute(connections.update().values(blocked_until=2**60))
    one.after = 0.0
    assert Paced(one, ledger).size() == 0


def test_a_crm_without_limits_is_asked_as_it_is(ledger: Ledger) -> None:
    """No request of the built-in address book waits for a row of the ledger."""
    book = AddressBook(open_engine(":memory:"))
    assert paced(book, ledger, book) is book
    limited = crm()
    assert isinstance(paced(limited, ledger, limited), Paced)


def test_most_answers_are_not_kept(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a thousand answers that each say one less is left, some ten are kept, and the first, the last and
    those near the end at once."""
    pace = Pacing(ledger, "office", replace(capabilities("address_book"), requests_per_minute=50))
    kept: list[int] = []
    write = ledger.write

    def counting(boundary: Boundary | None = None) -> object:
        kept.append(left)
        return write(boundary)

    monkeypatch.setattr(ledger, "write", counting)
    for left in range(1000, 0, -1):
        pace.heed(Allowance(100_000, left, 60.0))
    assert kept[0] == 1000
    assert kept[-4:] == [4, 3, 2, 1]
    assert len(kept) < 10
    with ledger.read() as tx:
        assert connecting.state(tx, "office").quota_left == 1


def test_a_pace_without_a_rate_writes_nothing(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a CRM declares no rate, a request costs no transaction; being left alone still holds."""
    pace = Pacing(ledger, "office", capabilities("address_book"))
    pace.leave_alone(300.0)
    with pytest.raises(TryAgain):
        pace.take()
    with ledger.write() as tx:
        connecting.change(tx, "office", blocked_until=0)
    monkeypatch.setattr(ledger, "write", None)
    pace.take()
