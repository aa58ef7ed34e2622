"""One simulated account: its two APIs, its desk, and what an administrator may do to our login."""

from __future__ import annotations

from collections.abc import Callable

from firstcontact.testing.conformance.hands import Hands
from firstcontact.testing.simulators.base import App
from firstcontact.testing.simulators.clio_grow.app import Api
from firstcontact.testing.simulators.clio_grow.desk import Desk
from firstcontact.testing.simulators.clio_grow.limits import Limits
from firstcontact.testing.simulators.clio_grow.oauth import Logins
from firstcontact.testing.simulators.clio_grow.practice import add_user
from firstcontact.testing.simulators.clio_grow.quirks import Quirks
from firstcontact.testing.simulators.clio_grow.state import SECOND, State


class GrowAccount:
    """A law firm in Clio Grow, as `base.Simulator`."""

    def __init__(self, clock: Callable[[], int], quirks: Quirks, lag: float) -> None:
        self.state = State(clock, quirks, lag)
        self.logins = Logins(quirks, clock())
        self.limits = Limits(quirks)
        self.api_user = add_user(self.state, "First Contact", "firstcontact@firm.example")
        self.requests = 0
        """How many both APIs have been sent, those they refused too; log-ins do not count."""
        self.log: list[tuple[str, str]] = []
        """Method and path, with parameters, of each of them."""
        self.app: App = Api(self.state, self.logins, self.limits, self.api_user, self._count).app
        self.desk: Hands = Desk(self.state)

    def _count(self, method: str, path: str) -> None:
        self.requests += 1
        self.log.append((method, path))

    def revoke(self) -> None:
        """An administrator takes our login away, and the firm gets another inbox token."""
        with self.state.lock:
            self.logins.revoked = True

    def exhaust(self, seconds: float) -> None:
        """The limits of both APIs are used up for that long."""
        with self.state.lock:
            self.limits.exhaust(self.state.clock() + int(seconds * SECOND))
