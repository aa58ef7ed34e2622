"""Microsoft Dynamics 365 as a kind of CRM: its options, its login, and how a connection is opened."""

from __future__ import annotations

from firstcontact.connectors.contract import Asked, Crm, CrmKind, Login, Opening, Option
from firstcontact.connectors.dynamics.capabilities import CAPABILITIES
from firstcontact.connectors.dynamics.grounds import GROUNDS, LIMITS


def _open(opening: Opening) -> Crm:
    from firstcontact.connectors.dynamics.connector import Dynamics

    return Dynamics(opening)


KIND = CrmKind(
    capabilities=CAPABILITIES,
    open=_open,
    options={
        "url": Option(meaning="address of the environment, https://ORG.crm4.dynamics.com", required=True),
        "tenant": Option(
            meaning="the directory (tenant) that the app registration is in: its id or domain", required=True
        ),
        "login_url": Option(
            meaning="where to log in; another address for national clouds, or for a simulator",
            default="https://login.microsoftonline.com",
        ),
        "api_version": Option(meaning="version of the Web API", default="9.2"),
        "change_tracking": Option(
            meaning="follow changes by change tracking, where tables have it; off: by the time of the last "
            "change, and everything is read anew every `sweep_hours`",
            default=True,
        ),
        "sweep_hours": Option(
            meaning="without change tracking: after how many hours all contacts are read anew, since nobody "
            "tells who was deleted; 0: never",
            default=24,
        ),
        "duplicate_rules": Option(
            meaning="let Dynamics's duplicate detection rules stop contacts that we make; its API leaves "
            "them out of account by itself",
            default=False,
        ),
    },
    logins=(
        Login(
            name="client_credentials",
            meaning="an app registration of Microsoft Entra that is an application user of the environment",
            asks=(
                Asked(name="client_id", meaning="application (client) id", secret=False),
                Asked(name="client_secret", meaning="client secret, its value"),
            ),
        ),
    ),
    limits=LIMITS,
    grounds=GROUNDS,
)
