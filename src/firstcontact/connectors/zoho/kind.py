"""Zoho CRM as a kind of CRM: its options, its ways to log in, and how a connection is opened."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from firstcontact.connectors.contract import Asked, Crm, CrmKind, Login, OAuth, Opening, Option
from firstcontact.connectors.zoho.capabilities import CAPABILITIES
from firstcontact.connectors.zoho.grounds import GROUNDS, LIMITS
from firstcontact.connectors.zoho.login import AUTHORIZE, DATA_CENTERS, SCOPES, TOKEN, accounts_address

_CLIENT_ID = Asked(name="client_id", meaning="client ID of your client in Zoho's API console", secret=False)
_CLIENT_SECRET = Asked(name="client_secret", meaning="its client secret")
_ASKED = ",".join(SCOPES)


def _open(opening: Opening) -> Crm:
    from firstcontact.connectors.zoho.connector import Zoho

    return Zoho(opening)


def _authorize(options: Mapping[str, str | int | bool]) -> str:
    """Zoho gives a refresh token only for offline access that was consented to, and takes scopes with
    commas between them."""
    asked = urlencode({"scope": _ASKED, "access_type": "offline", "prompt": "consent"})
    return f"{accounts_address(options)}{AUTHORIZE}?{asked}"


KIND = CrmKind(
    capabilities=CAPABILITIES,
    open=_open,
    options={
        "data_center": Option(
            meaning="where the organisation's data is, the end of the address of its Zoho CRM; no other data "
            "centre takes its login",
            default="com",
            choices=DATA_CENTERS,
        ),
        "sandbox": Option(meaning="the organisation's sandbox in place of itself", default=False),
        "api_version": Option(meaning="version of the API, v6 or later", default="v8"),
        "address": Option(
            meaning="another address than the data centre's, such as that of `firstcontact simulate zoho`"
        ),
        "sweep_hours": Option(
            meaning="after how many hours everybody is read anew, since Zoho does not tell who was restored "
            "from the recycle bin; 0: never",
            default=168,
        ),
    },
    logins=(
        Login(
            name="browser",
            meaning="a server-based client; a person logs in with a browser",
            asks=(_CLIENT_ID, _CLIENT_SECRET),
            oauth=OAuth(
                authorize=_authorize,
                token=lambda options: f"{accounts_address(options)}{TOKEN}",
                pkce=False,
            ),
        ),
        Login(
            name="self_client",
            meaning=f"a self client, without a browser; generate a code for the scopes {_ASKED}",
            asks=(
                _CLIENT_ID,
                _CLIENT_SECRET,
                Asked(
                    name="code", meaning="the code generated for it, which is good for ten minutes at most"
                ),
            ),
        ),
        Login(
            name="refresh_token",
            meaning="a refresh token that you have already",
            asks=(_CLIENT_ID, _CLIENT_SECRET, Asked(name="refresh_token", meaning="the refresh token")),
        ),
    ),
    limits=LIMITS,
    grounds=GROUNDS,
)
