"""Lawmatics as an ASGI application: one firm (apis A3). See README.md for its quirks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from firstcontact.testing.simulators.base import SimulatorKind, Switches
from firstcontact.testing.simulators.lawmatics import oauth
from firstcontact.testing.simulators.lawmatics.firm import LawmaticsFirm
from firstcontact.testing.simulators.lawmatics.quirks import MEANINGS, quirks

LOGIN = "browser"
TOKEN = "token"
"""The login of somebody who has an access token already."""


def make(clock: Callable[[], int], switches: Switches) -> LawmaticsFirm:
    """A new firm, empty but for its administrator. Raises ValueError for a quirk it does not know."""
    return LawmaticsFirm(clock, quirks(switches.quirks), switches.lag)


def options(address: str) -> Mapping[str, str | int | bool]:
    """Options of a connection to a simulator."""
    return {"address": address}


def credentials(_address: str) -> Mapping[str, Mapping[str, str]]:
    """What a connection to a new simulator is logged in with."""
    app = {"client_id": oauth.CLIENT_ID, "client_secret": oauth.CLIENT_SECRET}
    token = {"access_token": oauth.FIRST_TOKEN}
    return {LOGIN: {"login": LOGIN, **app, **token}, TOKEN: {"login": TOKEN, **token}}


SIMULATOR = SimulatorKind(
    kind="lawmatics", make=make, options=options, credentials=credentials, quirks=MEANINGS
)
