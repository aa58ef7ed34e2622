"""Zoho CRM as an ASGI application: one organisation in one data centre (apis A4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from firstcontact.testing.simulators.base import SimulatorKind, Switches
from firstcontact.testing.simulators.zoho import oauth
from firstcontact.testing.simulators.zoho.organisation import Organisation
from firstcontact.testing.simulators.zoho.quirks import MEANINGS, quirks


def make(clock: Callable[[], int], switches: Switches) -> Organisation:
    """A new organisation, empty but for its users. Raises ValueError for a quirk it does not know."""
    return Organisation(clock, quirks(switches.quirks), switches.lag)


def options(address: str) -> Mapping[str, str | int | bool]:
    """Options of a connection to a simulator of the data centre in the US."""
    return {"data_center": "com", "address": address}


def credentials(_address: str, data_center: str = "com") -> Mapping[str, Mapping[str, str]]:
    """What a connection to a new simulator of that data centre is logged in with."""
    client = {"client_id": oauth.CLIENT_ID, "client_secret": oauth.CLIENT_SECRET}
    refresh = {"refresh_token": oauth.first_refresh_token(data_center)}
    access = {"access_token": oauth.first_access_token(data_center)}
    return {
        "refresh_token": {"login": "refresh_token", **client, **refresh},
        "browser": {"login": "browser", **client, **refresh, **access},
        "self_client": {"login": "self_client", **client, "code": oauth.first_code(data_center)},
    }


SIMULATOR = SimulatorKind(kind="zoho", make=make, options=options, credentials=credentials, quirks=MEANINGS)
