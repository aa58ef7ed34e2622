"""One simulated environment: its API, its desk, and what an administrator may do to our login."""

from __future__ import annotations

from collections.abc import Callable

from firstcontact.testing.conformance.hands import Hands
from firstcontact.testing.simulators.base import App
from firstcontact.testing.simulators.dynamics.actions import Place
from firstcontact.testing.simulators.dynamics.api import Api
from firstcontact.testing.simulators.dynamics.app import Application
from firstcontact.testing.simulators.dynamics.columns import make_ours
from firstcontact.testing.simulators.dynamics.desk import Desk
from firstcontact.testing.simulators.dynamics.duplicates import rules
from firstcontact.testing.simulators.dynamics.limits import Limits
from firstcontact.testing.simulators.dynamics.oauth import CLIENT_ID, Logins
from firstcontact.testing.simulators.dynamics.quirks import Quirks
from firstcontact.testing.simulators.dynamics.records import Caller, Written, create
from firstcontact.testing.simulators.dynamics.schema import Column, Required
from firstcontact.testing.simulators.dynamics.state import State
from firstcontact.testing.simulators.dynamics.times import SECOND

REQUIRED_COLUMN = "new_referralsource"


class Environment:
    """An organization with Sales and Customer Service, as `base.Simulator`."""

    def __init__(self, clock: Callable[[], int], quirks: Quirks, lag: float) -> None:
        self.state = State(clock, quirks, lag)
        self.logins = Logins()
        self.limits = Limits(quirks)
        self.organization = self.state.new_id("organization")
        self.unit = self._made("businessunit", name="Firm")
        self.api_user = self._made(
            "systemuser",
            firstname="First",
            lastname="Contact",
            fullname="First Contact",
            internalemailaddress="firstcontact@firm.example",
            domainname="firstcontact@firm.example",
            applicationid=CLIENT_ID,
            azureactivedirectoryobjectid=self.state.new_id("entra"),
            accessmode=4,
            businessunitid=("businessunit", self.unit),
        )
        self._rules()
        if quirks.columns == "ready":
            make_ours(self.state)
        if quirks.required_column != "none":
            self._require("SystemRequired" if quirks.required_column == "system" else "ApplicationRequired")
        self.requests = 0
        """How many the API has been sent, those it refused too; log-ins do not count."""
        self.log: list[tuple[str, str]] = []
        """Method and path, with options, of each of them."""
        place = Place(state=self.state, user=self.api_user, unit=self.unit, organization=self.organization)
        api = Api(place)
        self.application = Application(self.state, self.logins, self.limits, api, self._count)
        self.app: App = self.application.app
        self.desk: Hands = Desk(self.state, self.api_user, self.unit)

    def _made(self, table: str, **values: object) -> str:
        written = Written(values=dict(values))
        user = getattr(self, "api_user", "") or self.state.new_id("system")
        return create(self.state, self.state.table(table), written, Caller(user=user, by_hand=True))

    def _rules(self) -> None:
        for table in ("account", "contact", "lead"):
            for name in rules(self.state, self.state.table(table)):
                self._made(
                    "duplicaterule",
                    name=f"{table.capitalize()}s with the same {name}",
                    baseentityname=table,
                    matchingentityname=table,
                    statecode=1,
                    statuscode=2,
                )

    def _require(self, level: Required) -> None:
        column = Column(
            name=REQUIRED_COLUMN,
            type="String",
            most=100,
            custom=True,
            required=level,
            schema_name="new_ReferralSource",
            label="Referral source",
        )
        self.state.add_column("contact", column)

    def _count(self, method: str, path: str) -> None:
        self.requests += 1
        self.log.append((method, path))

    def set_up_user(self) -> None:
        """An administrator makes our application user."""
        with self.state.lock:
            self.application.set_up = True

    def revoke(self) -> None:
        """An administrator takes our login away."""
        with self.state.lock:
            self.logins.revoked = True

    def exhaust(self, seconds: float) -> None:
        """The limit is used up for that long."""
        with self.state.lock:
            self.limits.exhaust(self.state.clock() + int(seconds * SECOND))
