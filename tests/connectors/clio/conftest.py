"""A simulated Clio, served on loopback, and connectors to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from firstcontact.connectors.clio.connector import Clio
from firstcontact.connectors.clio.kind import KIND
from firstcontact.flow.clock import VirtualClock
from firstcontact.testing.conformance.making import NOON
from firstcontact.testing.simulators.base import Kept, Switches, Unpaced
from firstcontact.testing.simulators.clio import SIMULATOR
from firstcontact.testing.simulators.serving import Running, running

UNLIMITED = {"limit": 0}
"""A clock that stands still would never allow a next minute."""


class Firm:
    """A firm on Clio: its simulator, our connection to it, and the clock of both."""

    def __init__(self, served: Running, clock: VirtualClock, options: Mapping[str, Any]) -> None:
        self.served = served
        self.clock = clock
        self.pace = Unpaced()
        self.credentials: Kept = served.credentials()
        self._options = dict(options)
        self.crm = self.connect()

    def connect(self) -> Clio:
        """One more connector, as another process has it."""
        opening = self.served.opening(
            self.clock.now, pace=self.pace, credentials=self.credentials, options=self._options
        )
        crm = self.served.connect(KIND, opening)
        assert isinstance(crm, Clio)
        return crm

    @property
    def desk(self) -> Any:
        """People at work in Clio itself."""
        return self.served.simulator.desk

    @property
    def requests(self) -> int:
        """How many were sent."""
        return self.served.simulator.requests

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.clock.wait(int(seconds * 1_000_000))


MakeFirm = Callable[..., Firm]


@pytest.fixture
def make_firm() -> Iterator[MakeFirm]:
    """Firms with these switches; `options` are the connection's."""
    with ExitStack() as stack:

        def make(
            lag: float = 0.0, options: Mapping[str, Any] | None = None, at: int = NOON, **quirks: Any
        ) -> Firm:
            clock = VirtualClock(at)
            switches = Switches(lag=lag, quirks={**UNLIMITED, **quirks})
            served = stack.enter_context(running(SIMULATOR, SIMULATOR.make(clock.now, switches)))
            return Firm(served, clock, options or {})

        yield make


@pytest.fixture
def firm(make_firm: MakeFirm) -> Firm:
    """A firm on Clio as it is documented."""
    return make_firm()
