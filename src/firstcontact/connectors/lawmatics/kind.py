"""Lawmatics as a kind of CRM that connections can be opened to."""

from __future__ import annotations

from firstcontact.connectors.contract import Asked, CrmKind, Login, OAuth, Option
from firstcontact.connectors.lawmatics.capabilities import CAPABILITIES
from firstcontact.connectors.lawmatics.client import address, front
from firstcontact.connectors.lawmatics.connector import Lawmatics
from firstcontact.connectors.lawmatics.grounds import GROUNDS, LIMITS

OPTIONS = {
    "address": Option(
        meaning="another address than Lawmatics', such as that of `firstcontact simulate lawmatics`",
        default="",
    ),
    "create_prospects": Option(
        meaning="make a matter (status PNC) for a contact whose activity can stand nowhere else; this sets "
        "off the firm's automations, which may write to the client",
        default=False,
    ),
    "event_type": Option(
        meaning="id of the event type that meetings are logged with; its own automations apply", default=""
    ),
    "sweep_hours": Option(
        meaning="after how many hours all contacts are read anew, since Lawmatics does not tell who was "
        "deleted; 0: never",
        default=24,
    ),
}

BROWSER = Login(
    name="browser",
    meaning="log in as a user in the browser; the login never ends by itself",
    asks=(
        Asked(
            name="client_id",
            meaning="the id of your application in Lawmatics' developer settings",
            secret=False,
        ),
        Asked(name="client_secret", meaning="its secret"),
    ),
    oauth=OAuth(
        authorize=lambda options: f"{front(options)}/oauth/authorize",
        token=lambda options: f"{address(options)}/oauth/token",
        pkce=False,
    ),
)
TOKEN = Login(
    name="token",
    meaning="an access token that you have already",
    asks=(Asked(name="access_token", meaning="the token"),),
)

KIND = CrmKind(
    capabilities=CAPABILITIES,
    open=Lawmatics,
    options=OPTIONS,
    logins=(BROWSER, TOKEN),
    limits=LIMITS,
    grounds=GROUNDS,
)
