"""Clio Manage as a kind of CRM that connections can be opened to."""

from __future__ import annotations

from firstcontact.connectors.clio.capabilities import CAPABILITIES
from firstcontact.connectors.clio.client import REGIONS, address
from firstcontact.connectors.clio.connector import Clio
from firstcontact.connectors.clio.grounds import GROUNDS, LIMITS
from firstcontact.connectors.contract import Asked, CrmKind, Login, OAuth, Option

OPTIONS = {
    "region": Option(
        meaning="where the firm's data is: us (app.clio.com), eu, ca or au; no other region takes its login",
        default="us",
        choices=tuple(REGIONS),
    ),
    "address": Option(
        meaning="another address than the region's, such as that of `firstcontact simulate clio`", default=""
    ),
    "sweep_hours": Option(
        meaning="after how many hours all contacts are read anew, since Clio does not tell who was deleted; "
        "0: never",
        default=24,
    ),
}

BROWSER = Login(
    name="browser",
    meaning="log in as a user in the browser; the login stays until it is revoked in Clio",
    asks=(
        Asked(
            name="client_id", meaning="the key of your application in Clio's developer settings", secret=False
        ),
        Asked(name="client_secret", meaning="its secret"),
    ),
    oauth=OAuth(
        authorize=lambda options: f"{address(options)}/oauth/authorize",
        token=lambda options: f"{address(options)}/oauth/token",
        pkce=False,
    ),
)

KIND = CrmKind(
    capabilities=CAPABILITIES, open=Clio, options=OPTIONS, logins=(BROWSER,), limits=LIMITS, grounds=GROUNDS
)
