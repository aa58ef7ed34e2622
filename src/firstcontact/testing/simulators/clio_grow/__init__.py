"""Clio Grow as an ASGI application: one account in one region (apis A2). See README.md for its quirks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from firstcontact.testing.simulators.base import SimulatorKind, Switches
from firstcontact.testing.simulators.clio_grow import oauth
from firstcontact.testing.simulators.clio_grow.account import GrowAccount
from firstcontact.testing.simulators.clio_grow.inbox import INBOX_TOKEN
from firstcontact.testing.simulators.clio_grow.quirks import MEANINGS, quirks

BROWSER, TOKEN = "browser", "token"


def make(clock: Callable[[], int], switches: Switches) -> GrowAccount:
    """A new account, empty but for its administrator. Raises ValueError for a quirk it does not know."""
    return GrowAccount(clock, quirks(switches.quirks), switches.lag)


def options(address: str) -> Mapping[str, str | int | bool]:
    """Options of a connection to a simulator in the US with everything on: the platform API, and the writes
    that are assumed of it. A connection to the Lead Inbox alone has other options, and the login `token`."""
    return {"api": "platform", "writes": True, "region": "us", "address": address}


def credentials(_address: str, region: str = "us") -> Mapping[str, Mapping[str, str]]:
    """What a connection to a new simulator of that region is logged in with."""
    platform = {
        "login": BROWSER,
        "client_id": oauth.CLIENT_ID,
        "client_secret": oauth.CLIENT_SECRET,
        "access_token": oauth.first_access_token(region),
        "refresh_token": oauth.first_refresh_token(region),
    }
    return {BROWSER: platform, TOKEN: {"login": TOKEN, "inbox_lead_token": INBOX_TOKEN}}


SIMULATOR = SimulatorKind(
    kind="clio_grow",
    make=make,
    options=options,
    credentials=credentials,
    quirks=MEANINGS,
    still={"limit": 0},
)
