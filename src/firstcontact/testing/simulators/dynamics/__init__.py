"""Microsoft Dataverse as an ASGI application: one environment of Dynamics 365 (apis A5). See README.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from firstcontact.testing.simulators.base import SimulatorKind, Switches
from firstcontact.testing.simulators.dynamics import oauth
from firstcontact.testing.simulators.dynamics.environment import Environment
from firstcontact.testing.simulators.dynamics.quirks import MEANINGS, quirks

LOGIN = "client_credentials"


def make(clock: Callable[[], int], switches: Switches) -> Environment:
    """A new environment, empty but for its application user. Raises ValueError for an unknown quirk."""
    return Environment(clock, quirks(switches.quirks), switches.lag)


def options(address: str) -> Mapping[str, str | int | bool]:
    """Options of a connection to a simulator at this address, which answers for the log-in too."""
    return {"url": address, "login_url": address, "tenant": oauth.TENANT}


def credentials(_address: str) -> Mapping[str, Mapping[str, str]]:
    """What a connection to a new simulator is logged in with."""
    kept = {"login": LOGIN, "client_id": oauth.CLIENT_ID, "client_secret": oauth.CLIENT_SECRET}
    return {LOGIN: kept}


SIMULATOR = SimulatorKind(
    kind="dynamics", make=make, options=options, credentials=credentials, quirks=MEANINGS
)
