"""A simulated Dataverse environment over HTTP, and a connection to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import msgspec
import pytest

from firstcontact.connectors.dynamics.connector import Dynamics
from firstcontact.connectors.dynamics.kind import KIND
from firstcontact.flow.clock import VirtualClock
from firstcontact.testing.conformance.making import NOON
from firstcontact.testing.simulators.base import Kept, Switches, Unpaced
from firstcontact.testing.simulators.dynamics import SIMULATOR
from firstcontact.testing.simulators.serving import Running, running


class Org(msgspec.Struct, frozen=True):
    """An environment that is being served, its clock, and how its connections were opened."""

    running: Running
    clock: VirtualClock
    pace: Unpaced
    kept: Kept
    crm: Dynamics

    @property
    def simulator(self) -> Any:
        """The environment itself."""
        return self.running.simulator

    @property
    def desk(self) -> Any:
        """People at work in it."""
        return self.simulator.desk

    def calls(self, ask: Callable[[], object]) -> int:
        """How many requests something takes; a batch is one."""
        before = self.simulator.requests
        ask()
        return int(self.simulator.requests - before)

    def another(self, **options: Any) -> Dynamics:
        """A further connection, with options of its own."""
        opening = self.running.opening(self.clock.now, credentials=self.kept, pace=self.pace, options=options)
        crm = self.running.connect(KIND, opening)
        assert isinstance(crm, Dynamics)
        return crm


Serve = Callable[..., Org]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves an environment with a lag of its filters and quirks: `serve(lag=60.0, wildcards="off")`. Its
    clock stands, so that nobody's requests are counted unless a test says so."""
    with ExitStack() as stack:

        def start(lag: float = 0.0, options: dict[str, Any] | None = None, **quirks: Any) -> Org:
            clock = VirtualClock(NOON + 86_400_000_000)
            given = {"limit": 0, **quirks}
            simulator = SIMULATOR.make(clock.now, Switches(lag=lag, quirks=given))
            here = stack.enter_context(running(SIMULATOR, simulator))
            pace, kept = Unpaced(), here.credentials()
            opening = here.opening(clock.now, credentials=kept, pace=pace, options=options)
            crm = here.connect(KIND, opening)
            assert isinstance(crm, Dynamics)
            return Org(here, clock, pace, kept, crm)

        yield start
