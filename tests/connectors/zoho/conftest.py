"""A simulated Zoho CRM, served on loopback, and connectors to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from firstcontact.connectors.zoho.connector import Zoho
from firstcontact.connectors.zoho.kind import KIND
from firstcontact.flow.clock import VirtualClock
from firstcontact.testing.conformance.making import NOON
from firstcontact.testing.simulators.base import App, Kept, Switches, Unpaced
from firstcontact.testing.simulators.faults import Faulty
from firstcontact.testing.simulators.serving import Running, served
from firstcontact.testing.simulators.zoho import SIMULATOR


class Org:
    """An organisation at Zoho CRM: its simulator, our connection to it, and the clock of both."""

    def __init__(self, served: Running, clock: VirtualClock, options: Mapping[str, Any]) -> None:
        self.served = served
        self.clock = clock
        self.pace = Unpaced()
        self.kept: Kept = served.credentials()
        self._options = dict(options)
        self.crm = self.connect()

    def connect(self, login: str = "", **options: Any) -> Zoho:
        """One more connector, as another process has it, or with another login."""
        kept = self.served.credentials(login) if login else self.kept
        opening = self.served.opening(
            self.clock.now, pace=self.pace, credentials=kept, options={**self._options, **options}
        )
        crm = self.served.connect(KIND, opening)
        assert isinstance(crm, Zoho)
        return crm

    @property
    def simulator(self) -> Any:
        """The organisation itself."""
        return self.served.simulator

    @property
    def faults(self) -> Faulty:
        """Troubles on the way."""
        return self.served.faults

    @property
    def desk(self) -> Any:
        """People at work in Zoho itself."""
        return self.served.simulator.desk

    def calls(self, ask: Callable[[], object]) -> int:
        """How many requests something takes."""
        before = self.served.simulator.requests
        ask()
        return int(self.served.simulator.requests - before)

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.clock.wait(int(seconds * 1_000_000))


Serve = Callable[..., Org]


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
def serve(door: Door) -> Serve:
    """An organisation with these switches, one for a test; `options` are the connection's."""

    def make(
        lag: float = 0.0, options: Mapping[str, Any] | None = None, at: int = NOON, **quirks: Any
    ) -> Org:
        clock = VirtualClock(at)
        simulator = SIMULATOR.make(clock.now, Switches(lag=lag, quirks=quirks))
        faults = Faulty(simulator.app)
        door.behind = faults
        return Org(Running(simulator, door.url, faults, SIMULATOR), clock, options or {})

    return make


@pytest.fixture
def org(serve: Serve) -> Org:
    """An organisation as Zoho documents it."""
    return serve()
