"""A simulated Lawmatics, served on loopback, and connectors to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from firstcontact.connectors.lawmatics.connector import Lawmatics
from firstcontact.connectors.lawmatics.kind import KIND
from firstcontact.flow.clock import VirtualClock
from firstcontact.testing.conformance.making import NOON
from firstcontact.testing.simulators.base import App, Kept, Switches, Unpaced
from firstcontact.testing.simulators.faults import Faulty
from firstcontact.testing.simulators.lawmatics import SIMULATOR
from firstcontact.testing.simulators.serving import Running, served

UNLIMITED = {"rate": 0, "fields": "ready"}
"""A clock that stands still would never allow a next minute."""


class Firm:
    """A firm on Lawmatics: its simulator, our connection to it, and the clock of both."""

    def __init__(self, served: Running, clock: VirtualClock, options: Mapping[str, Any]) -> None:
        self.served = served
        self.clock = clock
        self.pace = Unpaced()
        self.credentials: Kept = served.credentials()
        self._options = dict(options)
        self.crm = self.connect()

    def connect(self) -> Lawmatics:
        """One more connector, as another process has it."""
        opening = self.served.opening(
            self.clock.now, pace=self.pace, credentials=self.credentials, options=self._options
        )
        crm = self.served.connect(KIND, opening)
        assert isinstance(crm, Lawmatics)
        return crm

    @property
    def desk(self) -> Any:
        """People at work in Lawmatics itself."""
        return self.served.simulator.desk

    @property
    def requests(self) -> int:
        """How many were sent."""
        return self.served.simulator.requests

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.clock.wait(int(seconds * 1_000_000))


MakeFirm = Callable[..., Firm]


class Door:
    """An address behind which one simulator after the other is put: starting a server takes its time."""

    def __init__(self) -> None:
        self.behind: App | None = None
        self.url = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert self.behind is not None
        await self.behind(scope, receive, send)


@pytest.fixture(scope="session")
def door() -> Iterator[Door]:
    """One for all tests of this folder."""
    found = Door()
    with served(found) as url:
        found.url = url
        yield found


@pytest.fixture
def make_firm(door: Door) -> MakeFirm:
    """A firm with these switches, one for a test; `options` are the connection's."""

    def make(
        lag: float = 0.0, options: Mapping[str, Any] | None = None, at: int = NOON, **quirks: Any
    ) -> Firm:
        clock = VirtualClock(at)
        switches = Switches(lag=lag, quirks={**UNLIMITED, **quirks})
        simulator = SIMULATOR.make(clock.now, switches)
        faults = Faulty(simulator.app)
        door.behind = faults
        return Firm(Running(simulator, door.url, faults, SIMULATOR), clock, options or {})

    return make


@pytest.fixture
def firm(make_firm: MakeFirm) -> Firm:
    """A firm on Lawmatics as it is documented."""
    return make_firm()
