"""The connector passes the contract's suite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from firstcontact_guestbook.kind import KIND
from firstcontact_guestbook.simulator import SIMULATOR

from firstcontact.connectors.contract import Crm
from firstcontact.flow.clock import VirtualClock
from firstcontact.testing.conformance import CrmConformance, Hands
from firstcontact.testing.conformance.making import NOON
from firstcontact.testing.simulators.base import Switches
from firstcontact.testing.simulators.serving import Running, running


class TestGuestbook(CrmConformance):
    """Over HTTP, with a search that knows only a minute later what was written."""

    many = 101
    """One more than Guestbook lists in one answer."""

    @pytest.fixture
    def served(self) -> Iterator[Running]:
        self.clock = VirtualClock(NOON)
        with running(SIMULATOR, SIMULATOR.make(self.clock.now, Switches(lag=60.0))) as served:
            yield served

    @pytest.fixture
    def crm(self, served: Running) -> Crm:
        return served.connect(KIND, served.opening(self.clock.now))

    @pytest.fixture
    def hands(self, served: Running) -> Hands:
        return served.simulator.desk

    def settle(self, crm: Crm) -> None:
        del crm  # it asks the same clock
        self.clock.wait(61_000_000)
