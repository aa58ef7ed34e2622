"""One simulated firm: its API, its desk, and what an administrator may do to our login."""

from __future__ import annotations

from collections.abc import Callable

from firstcontact.testing.conformance.hands import Hands
from firstcontact.testing.simulators.base import App
from firstcontact.testing.simulators.lawmatics import marks
from firstcontact.testing.simulators.lawmatics.app import Api
from firstcontact.testing.simulators.lawmatics.desk import Desk
from firstcontact.testing.simulators.lawmatics.limits import Limits
from firstcontact.testing.simulators.lawmatics.oauth import Logins
from firstcontact.testing.simulators.lawmatics.quirks import Quirks
from firstcontact.testing.simulators.lawmatics.setup import add_user
from firstcontact.testing.simulators.lawmatics.state import SECOND, Automation, Invitation, State


class LawmaticsFirm:
    """A law firm in Lawmatics, as `base.Simulator`."""

    def __init__(self, clock: Callable[[], int], quirks: Quirks, lag: float) -> None:
        self.state = State(clock, quirks, lag)
        self.logins = Logins()
        self.limits = Limits(quirks.rate)
        self.api_user = add_user(self.state, name="First Contact", email="firstcontact@firm.example")
        self.state.add("event_types", {"name": "Initial Consultation", "duration": 30})
        self.state.add("practice_areas", {"name": "Estate Planning"})
        if quirks.fields == "ready":
            for name, kind in marks.FIELDS.items():
                values = {"name": name, "type": "Contact", "field_type": kind, "visibility": "default"}
                self.state.add("custom_fields", values)
        self.requests = 0
        """How many the API has been sent, those it refused too; log-ins do not count."""
        self.log: list[tuple[str, str]] = []
        """Method and path, with parameters, of each of them."""
        self.app: App = Api(self.state, self.logins, self.limits, self.api_user, self._count).app
        self.desk: Hands = Desk(self.state, self.api_user)

    @property
    def automations(self) -> list[Automation]:
        """What matters that were made through the API have set off."""
        return self.state.automations

    @property
    def invitations(self) -> list[Invitation]:
        """Mails about events that went out because of requests."""
        return self.state.invitations

    def _count(self, method: str, path: str) -> None:
        self.requests += 1
        self.log.append((method, path))

    def revoke(self) -> None:
        """An administrator takes the app's access away, which is all that ends a token (apis A3, "OAuth")."""
        with self.state.lock:
            self.logins.revoked = True

    def exhaust(self, seconds: float) -> None:
        """The limit is used up for that long; Retry-After says 60 all the while."""
        with self.state.lock:
            self.limits.exhaust(self.state.clock() + int(seconds * SECOND))
