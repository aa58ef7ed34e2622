"""Salesforce as a kind of CRM: its options, its ways to log in, and how a connection is opened."""

from __future__ import annotations

from collections.abc import Mapping

from firstcontact.connectors.contract import Asked, Crm, CrmKind, Login, OAuth, Opening, Option
from firstcontact.connectors.salesforce.capabilities import CAPABILITIES
from firstcontact.connectors.salesforce.grounds import GROUNDS, LIMITS
from firstcontact.connectors.salesforce.login import TOKEN

AUTHORIZE = "/services/oauth2/authorize"
_CLIENT_ID = Asked(name="client_id", meaning="consumer key of the External Client App", secret=False)
_CLIENT_SECRET = Asked(name="client_secret", meaning="consumer secret of the External Client App")
Options = Mapping[str, str | int | bool]


def _open(opening: Opening) -> Crm:
    from firstcontact.connectors.salesforce.connector import Salesforce

    return Salesforce(opening)


class _Address:
    """An endpoint of the log-in host of a connection."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __call__(self, options: Options) -> str:
        return f"{str(options['login_url']).rstrip('/')}{self._path}"


KIND = CrmKind(
    limits=LIMITS,
    grounds=GROUNDS,
    capabilities=CAPABILITIES,
    open=_open,
    options={
        "login_url": Option(
            meaning="where to log in: https://DOMAIN.my.salesforce.com; for the logins `jwt` and "
            "`refresh_token` also https://login.salesforce.com, or https://test.salesforce.com for a sandbox",
            default="https://login.salesforce.com",
        ),
        "api_version": Option(meaning="version of the REST API, 52.0 or later", default="62.0"),
        "audience": Option(
            meaning="whom a JWT is for, where that is neither https://login.salesforce.com nor, for a "
            "sandbox, https://test.salesforce.com"
        ),
        "bulk_from": Option(
            meaning="with at least so many contacts and leads, the first reading goes through Bulk API 2.0",
            default=20_000,
        ),
    },
    logins=(
        Login(
            name="client_credentials",
            meaning="an External Client App with a run-as user; for servers, no person needed",
            asks=(_CLIENT_ID, _CLIENT_SECRET),
        ),
        Login(
            name="jwt",
            meaning="an External Client App with a certificate, as a user that an administrator has approved",
            asks=(
                _CLIENT_ID,
                Asked(name="username", meaning="user name of the user to work as", secret=False),
                Asked(name="private_key", meaning="private key of the certificate, PEM text"),
            ),
        ),
        Login(
            name="refresh_token",
            meaning="an External Client App with a callback; a person logs in with a browser",
            asks=(_CLIENT_ID, Asked(name="client_secret", meaning="consumer secret", required=False)),
            oauth=OAuth(
                authorize=_Address(AUTHORIZE), token=_Address(TOKEN), scopes=("api", "refresh_token")
            ),
        ),
    ),
)
