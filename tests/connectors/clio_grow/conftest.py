"""A simulated Clio Grow, served on loopback, and connectors to it in each of the three ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from firstcontact.connectors.clio_grow.kind import KIND
from firstcontact.flow.clock import VirtualClock
from firstcontact.testing.conformance.making import NOON
from firstcontact.testing.simulators.base import App, Kept, Switches, Unpaced
from firstcontact.testing.simulators.clio_grow import SIMULATOR
from firstcontact.testing.simulators.faults import Faulty
from firstcontact.testing.simulators.serving import Running, served

UNLIMITED = {"limit": 0}
"""A clock that stands still would never allow a next second."""
WAYS: Mapping[str, Mapping[str, Any]] = {
    "writes": {"api": "platform", "writes": True},
    "leads": {"api": "platform", "writes": False},
    "inbox": {"api": "inbox", "writes": False},
}
"""Options of a connection, by the way it works."""


class Firm:
    """A firm on Clio Grow: its simulator, our connection to it, and the clock of both."""

    def __init__(self, served: Running, clock: VirtualClock, options: Mapping[str, Any]) -> None:
        self.served = served
        self.clock = clock
        self.pace = Unpaced()
        self._options = dict(options)
        self.credentials = self.login()
        self.crm = self.connect()

    def login(self) -> Kept:
        """What a connection of this way is logged in with."""
        logins = SIMULATOR.credentials(self.served.url)
        return Kept(logins["token" if self._options.get("api") == "inbox" else "browser"])

    def connect(self, credentials: Any = None) -> Any:
        """One more connector, as another process has it."""
        opening = self.served.opening(
            self.clock.now,
            pace=self.pace,
            credentials=credentials or self.credentials,
            options=self._options,
        )
        return self.served.connect(KIND, opening)

    @property
    def desk(self) -> Any:
        """People at work in Clio Grow itself."""
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
    """A firm with these switches, one for a test; `way` is one of `WAYS`, `options` come on top."""

    def make(
        way: str = "writes",
        lag: float = 0.0,
        options: Mapping[str, Any] | None = None,
        at: int = NOON,
        **quirks: Any,
    ) -> Firm:
        clock = VirtualClock(at)
        switches = Switches(lag=lag, quirks={**UNLIMITED, **quirks})
        simulator = SIMULATOR.make(clock.now, switches)
        faults = Faulty(simulator.app)
        door.behind = faults
        running = Running(simulator, door.url, faults, SIMULATOR)
        return Firm(running, clock, {**WAYS[way], **(options or {})})

    return make


@pytest.fixture
def firm(make_firm: MakeFirm) -> Firm:
    """A firm whose connection makes contacts."""
    return make_firm()


@pytest.fixture
def listed(make_firm: MakeFirm) -> Firm:
    """A firm whose connection uses documented endpoints alone."""
    return make_firm("leads")


@pytest.fixture
def told(make_firm: MakeFirm) -> Firm:
    """A firm whose connection is the Lead Inbox."""
    return make_firm("inbox")
