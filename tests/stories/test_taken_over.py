"""A worker that sleeps longer than its lease holds: another one does its work, and it does nothing more."""

from __future__ import annotations

from contextlib import suppress

import msgspec
import pytest
from machine import KINDS, lanes_are_free
from sentences import hold
from story import JO, KIM, START, Step, World, at, call, mail, played

from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.contract import Capabilities
from firstcontact.flow.clock import HOUR
from firstcontact.flow.installation import Installation
from firstcontact.lanes.leases import LeaseLost
from firstcontact.ledger.book import Ledger
from firstcontact.testing.hostile import Hostile
from firstcontact.testing.scenarios.bench import Bench

STEP = Step(
    START,
    (
        call("call-jo", at(0, 9), JO, seconds=130, name="DIAZ JO"),
        mail("mail-kim", at(0, 10), "ana@firm.example", KIM, to_name="Kim Osei"),
    ),
)


class Asleep:
    """A worker that falls asleep at a boundary of the CRM, and another that takes over. `where`: the name of
    the boundary, "" where there are fewer."""

    def __init__(self, bench: Bench, offered: Capabilities, number: int) -> None:
        self.where = ""
        self._left = number
        self._working = False
        self.world = World(bench.fresh(), offered.kind, START + HOUR, tick=self._tick)
        self.world.address_book = AddressBook(
            self.world.address_book.engine,
            capabilities=offered,
            clock=self.world.clock.now,
            connection=offered.kind,
        )
        self.world.behave(Hostile(self.world.address_book))
        self.world.seed()
        self.world.receive(STEP.facts)

    def work(self) -> None:
        """Begin, sleep, and go on."""
        mine = self.world.installation
        with mine.lanes.leased() as lease:
            assert lease is not None
            self._working = True
            with suppress(LeaseLost):
                mine.drain(lease)
            self._working = False

    def _tick(self, name: str) -> None:
        if not self._working or not name.startswith("crm:"):
            return
        self._left -= 1
        if self._left == 0:
            self.where = name
            self._working = False
            lanes_are_free(self.world.ledger)
            mine = self.world.installation
            Installation(
                book=mine.book, ledger=Ledger(mine.ledger.engine), crm=self.world.hostile,
                clock=self.world.clock, watch=mine.watch,
            ).drain()  # fmt: skip


@pytest.mark.parametrize("feed", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_that_slept_does_nothing_more(bench: Bench, kind: str, feed: bool) -> None:
    """At whichever call of the CRM a worker falls asleep, everybody is made once and everything is logged
    once, by the one who takes over. Only a sleep between the last look at the lease and the request itself
    cannot be noticed: there the CRM's own at-most-once has to do."""
    offered = msgspec.structs.replace(played(kind), change_feed=feed)
    slept: list[str] = []
    while True:
        asleep = Asleep(bench, offered, len(slept) + 1)
        asleep.work()
        if not asleep.where:
            break
        slept.append(asleep.where)
        if asleep.where != "crm: before apply" or offered.unique_create:
            asleep.world.settle()
            hold(asleep.world, [STEP])
    assert {"crm: after find", "crm: before apply", "crm: after apply"} <= set(slept)
