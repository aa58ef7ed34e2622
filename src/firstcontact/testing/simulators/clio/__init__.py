"""Clio Manage as an ASGI application: one account in one region (apis A2). See README.md for its quirks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from firstcontact.testing.simulators.base import SimulatorKind, Switches
from firstcontact.testing.simulators.clio import oauth
from firstcontact.testing.simulators.clio.account import ClioAccount
from firstcontact.testing.simulators.clio.quirks import MEANINGS, quirks

LOGIN = "browser"


def make(clock: Callable[[], int], switches: Switches) -> ClioAccount:
    """A new account, empty but for its administrator. Raises ValueError for a quirk it does not know."""
    return ClioAccount(clock, quirks(switches.quirks), switches.lag)


def options(address: str) -> Mapping[str, str | int | bool]:
    """Options of a connection to a simulator in the US."""
    return {"region": "us", "address": address}


def credentials(_address: str, region: str = "us") -> Mapping[str, Mapping[str, str]]:
    """What a connection to a new simulator of that region is logged in with."""
    kept = {
        "login": LOGIN,
        "client_id": oauth.CLIENT_ID,
        "client_secret": oauth.CLIENT_SECRET,
        "access_token": oauth.first_access_token(region),
        "refresh_token": oauth.first_refresh_token(region),
    }
    return {LOGIN: kept}


SIMULATOR = SimulatorKind(kind="clio", make=make, options=options, credentials=credentials, quirks=MEANINGS)
