"""A simulated Salesforce organisation over HTTP, and a connection to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import msgspec
import pytest

from firstcontact.connectors.salesforce.connector import Salesforce
from firstcontact.connectors.salesforce.kind import KIND
from firstcontact.flow.clock import VirtualClock
from firstcontact.testing.conformance.making import NOON
from firstcontact.testing.simulators.base import Kept, Switches, Unpaced
from firstcontact.testing.simulators.salesforce import SIMULATOR
from firstcontact.testing.simulators.salesforce.simulator import SalesforceSimulator
from firstcontact.testing.simulators.serving import Running, running


class Org(msgspec.Struct, frozen=True):
    """An organisation that is being served, its clock, and how its connections were opened."""

    running: Running
    clock: VirtualClock
    pace: Unpaced
    kept: Kept
    crm: Salesforce

    @property
    def simulator(self) -> SalesforceSimulator:
        """The organisation itself."""
        assert isinstance(self.running.simulator, SalesforceSimulator)
        return self.running.simulator

    @property
    def desk(self) -> Any:
        """People at work in it."""
        return self.simulator.desk

    def calls(self, ask: Callable[[], object]) -> int:
        """How many requests something takes, as Salesforce counts them."""
        before = self.simulator.requests
        ask()
        return self.simulator.requests - before

    def another(self, **options: Any) -> Salesforce:
        """A further connection, with options or another login of its own."""
        login = options.pop("login", "")
        kept = self.running.credentials(login) if login else self.kept
        opening = self.running.opening(self.clock.now, credentials=kept, pace=self.pace, options=options)
        crm = self.running.connect(KIND, opening)
        assert isinstance(crm, Salesforce)
        return crm


Serve = Callable[..., Org]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves an organisation with a lag of its search and quirks: `serve(lag=60.0, duplicates="alert")`."""
    with ExitStack() as stack:

        def start(lag: float = 0.0, options: dict[str, Any] | None = None, **quirks: Any) -> Org:
            clock = VirtualClock(NOON + 86_400_000_000)
            simulator = SIMULATOR.make(clock.now, Switches(lag=lag, quirks=quirks))
            here = stack.enter_context(running(SIMULATOR, simulator))
            pace, kept = Unpaced(), here.credentials()
            opening = here.opening(clock.now, credentials=kept, pace=pace, options=options)
            crm = here.connect(KIND, opening)
            assert isinstance(crm, Salesforce)
            return Org(here, clock, pace, kept, crm)

        yield start
