"""Logging in to Salesforce: the three grants (apis A1, "OAuth")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from firstcontact.connectors.contract import AuthLapsed, TryAgain
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Http
from firstcontact.connectors.toolkit.oauth import ask_token, refreshing
from firstcontact.connectors.toolkit.tokens import Renewal

TITLE = "Salesforce"
TOKEN = "/services/oauth2/token"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
JWT_SECONDS = 150
"""Salesforce takes an assertion that ends within three minutes."""


def audience(login_url: str) -> str:
    """Whom an assertion is for: the log-in host of production or of sandboxes."""
    host = urlsplit(login_url).hostname or ""
    sandbox = host == "test.salesforce.com" or ".sandbox." in host
    return "https://test.salesforce.com" if sandbox else "https://login.salesforce.com"


def user_of(kept: Mapping[str, str]) -> str:
    """The id of the user that we are logged in as: the end of the address that comes with a token."""
    return kept.get("id", "").rstrip("/").rpartition("/")[2]


def renewal(http: Http, login_url: str, aud: str, now: Callable[[], int]) -> Renewal:
    """How a new access token is had. http: requests to the log-in host, without a permission."""

    def renew(kept: Mapping[str, str]) -> Mapping[str, str]:
        if kept.get("login") == "jwt":
            assertion = _assertion(kept, aud or audience(login_url), now() // 1_000_000)
            given = ask_token(http, TOKEN, {"grant_type": JWT_GRANT, "assertion": assertion}, now, TITLE)
        elif kept.get("refresh_token"):
            given = dict(refreshing(http, TOKEN, now, TITLE)(kept))
        else:
            client = {name: kept.get(name, "") for name in ("client_id", "client_secret")}
            given = ask_token(http, TOKEN, {"grant_type": "client_credentials", **client}, now, TITLE)
        if not given.get("instance_url"):
            raise TryAgain("Salesforce's token does not say which instance it is for.", AFTER_TROUBLE)
        return given

    return renew


def _assertion(kept: Mapping[str, str], aud: str, now: int) -> str:
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import RSAKey

    claims: dict[str, Any] = {
        "iss": kept.get("client_id", ""),
        "sub": kept.get("username", ""),
        "aud": aud,
        "exp": now + JWT_SECONDS,
    }
    try:
        key = RSAKey.import_key(kept.get("private_key", ""))
        return jwt.encode({"alg": "RS256"}, claims, key)
    except (JoseError, ValueError, TypeError) as error:
        raise AuthLapsed("The private key kept for Salesforce cannot be read; connect again.") from error
