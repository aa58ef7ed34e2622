"""Lanes are leased to one worker at a time, and nobody writes on a lease that was lost."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from firstcontact.lanes.leases import Lanes, LeaseLost
from firstcontact.lanes.owners import is_gone, new_owner
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.sharding import SHARDS
from firstcontact.ledger.tables import lanes as table


def test_a_lane_has_one_worker(ledger: Ledger) -> None:
    """What one has, another does not get; given back, it does."""
    lanes = Lanes(ledger, "crm")
    one = lanes.claim(4)
    rest = lanes.claim()
    assert one is not None
    assert rest is not None
    assert sorted((*one.shards, *rest.shards)) == list(range(SHARDS))
    assert len(one.shards) == 4
    assert lanes.claim() is None
    lanes.release(one)
    again = lanes.claim()
    assert again is not None
    assert again.shards == one.shards
    assert again.fallen == ()


def test_connections_have_lanes_of_their_own(ledger: Ledger) -> None:
    """Whoever is at one CRM connection keeps nobody from another."""
    assert Lanes(ledger, "one").claim() is not None
    assert Lanes(ledger, "other").claim() is not None


def test_only_the_lanes_asked_for(ledger: Ledger) -> None:
    """A worker that knows where work is leases just there."""
    lease = Lanes(ledger, "crm").claim(only=[3, 9])
    assert lease is not None
    assert lease.shards == (3, 9)


def test_a_lease_that_ran_out_is_taken_over_and_can_write_no_more(ledger: Ledger) -> None:
    """A worker that slept too long finds in its next transaction that others have its lanes."""
    lanes = Lanes(ledger, "crm", seconds=0.05)
    slow = lanes.claim()
    assert slow is not None
    time.sleep(0.1)
    quick = Lanes(ledger, "crm").claim(only=[0])
    assert quick is not None
    with pytest.raises(LeaseLost), ledger.write() as tx:
        slow.hold(tx)
    with pytest.raises(LeaseLost):
        lanes.renew(slow)
    lanes.release(slow)
    with ledger.write() as tx:
        quick.hold(tx)


def test_a_lease_that_nobody_took_holds_on(ledger: Ledger) -> None:
    """One that ran out while nobody wanted it is renewed by the next transaction."""
    lanes = Lanes(ledger, "crm", seconds=1.0)
    lease = lanes.claim()
    assert lease is not None
    time.sleep(1.1)
    with ledger.write() as tx:
        lease.hold(tx)
    assert lanes.claim() is None


def test_half_of_the_lanes_can_be_left_to_others(ledger: Ledger) -> None:
    """Whoever has lanes keeps one half and goes on writing in it; another worker gets the other half."""
    lanes = Lanes(ledger, "crm")
    assert lanes.at_work() == 0
    lease = lanes.claim()
    assert lease is not None
    lanes.leave_half(lease)
    assert lease.shards == tuple(range(SHARDS // 2))
    other = lanes.claim()
    assert other is not None
    assert other.shards == tuple(range(SHARDS // 2, SHARDS))
    assert lanes.at_work() == 2
    with ledger.write() as tx:
        lease.hold(tx)
        other.hold(tx)
    lanes.release(other)
    assert lanes.at_work() == 1


def test_the_limit_of_a_connection_counts_workers(ledger: Ledger) -> None:
    """Where the CRM takes two requests at once, a third worker gets no lane though some are free."""
    lanes = Lanes(ledger, "crm", most_owners=2)
    first = lanes.claim(1)
    assert first is not None
    assert lanes.claim(1) is not None
    assert lanes.claim(1) is None
    lanes.release(first)
    assert lanes.claim(1) is not None


CLAIM = """
import os, sys
from firstcontact.lanes.leases import Lanes
from firstcontact.ledger.history import open_ledger
from firstcontact.store.engine import open_engine
lease = Lanes(open_ledger(open_engine(sys.argv[1])), "crm").claim()
print(lease.owner, flush=True)
if sys.argv[2] == "die":
    os._exit(9)
sys.stdin.read()
"""


def test_the_lanes_of_a_dead_process_are_free_at_once(ledger: Ledger, where: str) -> None:
    """Nobody waits for the lease of a process of this machine that is gone; it is counted as fallen."""
    for fallen in (1, 2, 3):
        done = subprocess.run([sys.executable, "-c", CLAIM, where, "die"], capture_output=True, text=True)
        assert done.returncode == 9, done.stderr
        with ledger.read() as tx:
            falls = {row.falls for row in tx.execute(table.select())}
        assert falls == {fallen - 1}
    lease = Lanes(ledger, "crm").claim()
    assert lease is not None
    assert len(lease.fallen) == SHARDS


def test_the_lanes_of_a_living_process_are_not(ledger: Ledger, where: str) -> None:
    """As long as it lives and its lease holds, nobody else gets them."""
    other = subprocess.Popen([sys.executable, "-c", CLAIM, where, "live"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)  # fmt: skip
    assert other.stdout is not None
    owner = other.stdout.readline().strip()
    assert not is_gone(owner)
    assert Lanes(ledger, "crm").claim() is None
    other.communicate()
    assert is_gone(owner)
    assert Lanes(ledger, "crm").claim() is not None


def test_a_process_with_the_number_of_a_dead_one_is_another() -> None:
    """Numbers of processes come round; when it was started tells them apart."""
    machine, number, started, name = new_owner().split(" ")
    assert not is_gone(f"{machine} {number} {started} {name}")
    assert is_gone(f"{machine} {number} {int(started) - 1} {name}")
    assert not is_gone(f"elsewhere {os.getpid()} {int(started) - 1} {name}")


def test_a_clock_that_was_set_back_locks_nobody_out(ledger: Ledger) -> None:
    """A lease that ends later than any can was given by a clock that went wrong: it does not count."""
    lanes = Lanes(ledger, "crm")
    assert lanes.claim() is not None
    with ledger.write() as tx:
        tx.execute(table.update().values(until=2**60))
    assert lanes.claim() is not None
