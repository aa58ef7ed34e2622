"""One simulated account: its API, its desk, and what an administrator may do to our login."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firstcontact.testing.conformance.hands import Hands
from firstcontact.testing.simulators.base import App
from firstcontact.testing.simulators.clio.app import Api
from firstcontact.testing.simulators.clio.desk import (
    CREATED,
    INTERACTION,
    KEY,
    OWN_TEXTS,
    PLACEHOLDER,
    STATE,
    Desk,
)
from firstcontact.testing.simulators.clio.limits import Limits
from firstcontact.testing.simulators.clio.oauth import Logins
from firstcontact.testing.simulators.clio.quirks import Quirks
from firstcontact.testing.simulators.clio.setup import add_user
from firstcontact.testing.simulators.clio.state import SECOND, State

OUR_FIELDS = {
    KEY: "text_line",
    CREATED: "checkbox",
    PLACEHOLDER: "checkbox",
    INTERACTION: "text_line",
    STATE: "text_line",
    **dict.fromkeys(OWN_TEXTS.values(), "text_line"),
}
REQUIRED_FIELD = "Referral source"


class ClioAccount:
    """A law firm in Clio Manage, as `base.Simulator`."""

    def __init__(self, clock: Callable[[], int], quirks: Quirks, lag: float) -> None:
        self.state = State(clock, quirks, lag)
        self.logins = Logins(quirks.region, clock())
        self.limits = Limits(quirks)
        self.api_user = add_user(self.state, first="First", last="Contact", email="firstcontact@firm.example")
        self.api_user.values.update(account_owner=True, roles=["Admin"])
        if quirks.fields == "ready":
            for name, kind in OUR_FIELDS.items():
                self._field(name, kind)
        if quirks.required_field != "none":
            self._field(REQUIRED_FIELD, "text_line", displayed=True, required=True)
        self.requests = 0
        """How many the API has been sent, those it refused too; log-ins and uploads do not count."""
        self.log: list[tuple[str, str]] = []
        """Method and path, with parameters, of each of them."""
        self.app: App = Api(self.state, self.logins, self.limits, self.api_user, self._count).app
        self.desk: Hands = Desk(self.state, self.api_user)

    def _field(self, name: str, kind: str, **more: Any) -> None:
        order = sum(1 for _ in self.state.all("custom_fields"))
        values = {"name": name, "parent_type": "Contact", "field_type": kind, "display_order": order}
        values = {**values, "displayed": False, "required": False, "deleted": False, **more}
        self.state.index(self.state.add("custom_fields", values), iter((name,)))

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
