"""One simulated organisation: its API, its desk, and what an administrator may do to our login."""

from __future__ import annotations

from collections.abc import Callable

from firstcontact.testing.conformance.hands import Hands
from firstcontact.testing.simulators.base import App
from firstcontact.testing.simulators.zoho import ours
from firstcontact.testing.simulators.zoho.app import Api
from firstcontact.testing.simulators.zoho.desk import Desk
from firstcontact.testing.simulators.zoho.limits import Limits
from firstcontact.testing.simulators.zoho.oauth import Logins
from firstcontact.testing.simulators.zoho.quirks import Quirks
from firstcontact.testing.simulators.zoho.schema import Field
from firstcontact.testing.simulators.zoho.state import State
from firstcontact.testing.simulators.zoho.times import SECOND


class Organisation:
    """A firm in Zoho CRM, as `base.Simulator`."""

    def __init__(self, clock: Callable[[], int], quirks: Quirks, lag: float) -> None:
        self.state = State(clock, quirks, lag)
        self.logins = Logins(quirks, clock())
        self.limits = Limits(quirks)
        self.api_user = self.state.me
        if quirks.required_field == "enforced":
            needed = Field(name=ours.REQUIRED, label="Referral Note", type="text", length=255, custom=True)
            self.state.add_field("Contacts", needed).required = True
        self.requests = 0
        """How many the API has been sent, those it refused too; log-ins do not count."""
        self.log: list[tuple[str, str]] = []
        """Method and path, with parameters, of each of them."""
        self.app: App = Api(self.state, self.logins, self.limits, self.api_user, self._count).app
        self.people = Desk(self.state)
        """Who works at the desk, with what only they can do."""
        self.desk: Hands = self.people

    @property
    def fired(self) -> list[tuple[str, str, str]]:
        """Module, id and action of every write of ours that set the firm's workflows off."""
        return list(self.state.fired)

    @property
    def invited(self) -> list[str]:
        """Events of ours whose participants were sent an invitation."""
        return list(self.state.invited)

    def _count(self, method: str, path: str) -> None:
        self.requests += 1
        self.log.append((method, path))

    def revoke(self) -> None:
        """An administrator takes our login away."""
        with self.state.lock:
            self.logins.revoked = True

    def exhaust(self, seconds: float) -> None:
        """The limit is used up for that long."""
        with self.state.lock:
            self.limits.exhaust(self.state.clock() + int(seconds * SECOND))
