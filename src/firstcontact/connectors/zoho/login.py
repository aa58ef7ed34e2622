"""Logging in to Zoho CRM: where, and how a new access token is had (apis A4, "Data centres", "OAuth").

A refresh token makes ten access tokens in ten minutes and is then blocked for the rest of them. So one access
token serves all workers, when each was made is kept beside it, and an eleventh is not asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from firstcontact.connectors.contract import AuthLapsed, Credentials, TryAgain
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Answer, Http, is_private
from firstcontact.connectors.toolkit.oauth import ask_token, refreshing
from firstcontact.connectors.toolkit.tokens import Renewal, Tokens
from firstcontact.connectors.zoho.shapes import TITLE

DATA_CENTERS = ("com", "eu", "in", "com.au", "jp", "ca", "com.cn", "sa")
SCHEME = "Zoho-oauthtoken"
TOKEN = "/oauth/v2/token"
AUTHORIZE = "/oauth/v2/auth"
SCOPES = (
    "ZohoCRM.modules.ALL",
    "ZohoCRM.coql.READ",
    "ZohoCRM.settings.fields.ALL",
    "ZohoCRM.settings.modules.READ",
    "ZohoCRM.users.READ",
    "ZohoCRM.org.READ",
)
WINDOW = 600_000_000
"""Microseconds in which a refresh token makes no more than `MOST` access tokens."""
MOST = 10
MADE = "tokens_made"
"""When the access tokens of the window were made, beside the token: microseconds, separated by commas."""
LACKS_SCOPE = "OAUTH_SCOPE_MISMATCH"

Options = Mapping[str, str | int | bool]


def accounts_address(options: Options) -> str:
    """Where logins are given: the data centre's own host, Canada's under another name (apis A4)."""
    if options["address"]:
        return str(options["address"]).rstrip("/")
    center = str(options["data_center"])
    return "https://accounts.zohocloud.ca" if center == "ca" else f"https://accounts.zoho.{center}"


def api_address(options: Options, kept: Mapping[str, str]) -> str:
    """Where the API is: what came with the token says it. Raises AuthLapsed for a place without TLS."""
    if options["address"]:
        return str(options["address"]).rstrip("/")
    told = kept.get("api_domain") or f"https://www.zohoapis.{options['data_center']}"
    if not is_private(told):
        raise AuthLapsed(f"The token of {TITLE} names an address without TLS; connect again.")
    if options["sandbox"]:
        parts = urlsplit(told)
        told = f"{parts.scheme}://{parts.netloc.replace('www.', 'sandbox.', 1)}"
    return told.rstrip("/")


class Blocked(TryAgain):
    """Zoho makes no access tokens for a while."""


class Door(Http):
    """Requests to the accounts host, without a permission."""

    def read_json(self, method: str, path: str, **request: Any) -> tuple[Answer, Any]:
        """As `Http.read_json`. Raises Blocked: the words are in the user's language, `status` is not."""
        answer, body = super().read_json(method, path, **request)
        if isinstance(body, Mapping) and body.get("status") == "failure" and not body.get("access_token"):
            raise Blocked(f"{TITLE} makes no more access tokens for a while.", WINDOW / 1_000_000)
        return answer, body


def renewal(door: Door, now: Callable[[], int]) -> Renewal:
    """How a new access token is had: by the refresh token, or the first time by the code of a self client."""

    def renew(kept: Mapping[str, str]) -> Mapping[str, str]:
        made = [at for at in _made(kept) if now() - WINDOW < at <= now()]
        if len(made) >= MOST:
            raise _blocked(made, now())
        try:
            given = _ask(door, kept, now)
        except Blocked as blocked:
            raise _blocked(made, now()) from blocked
        return {**given, MADE: ",".join(str(at) for at in [*made, now()])}

    return renew


def _ask(door: Door, kept: Mapping[str, str], now: Callable[[], int]) -> dict[str, str]:
    if kept.get("refresh_token"):
        return dict(refreshing(door, TOKEN, now, TITLE)(kept))
    client = {name: kept.get(name, "") for name in ("client_id", "client_secret")}
    form = {"grant_type": "authorization_code", "code": kept.get("code", ""), **client}
    given = ask_token(door, TOKEN, form, now, TITLE)
    # A code is good for one time.
    return {**given, "code": ""}


def _made(kept: Mapping[str, str]) -> list[int]:
    return sorted(int(at) for at in kept.get(MADE, "").split(",") if at.isdigit())


def _blocked(made: list[int], now: int) -> TryAgain:
    """Until the window of the first of these tokens is over; a whole one where we know of none."""
    until = (made[0] if made else now) + WINDOW
    wait = max(AFTER_TROUBLE, (until - now) / 1_000_000)
    return TryAgain(f"{TITLE} makes ten access tokens in ten minutes, and no more for now.", wait)


class Permit(Tokens):
    """The access token on requests; `code` is what the last refusal on this thread said."""

    def __init__(
        self,
        credentials: Credentials,
        renewal: Renewal,
        now: Callable[[], int],
        code: Callable[[], str],
    ) -> None:
        super().__init__(credentials, renewal, now, SCHEME)
        self._code = code

    def refused(self, headers: Mapping[str, str]) -> bool:
        """As `Tokens.refused`; a missing scope comes with no new token. Raises AuthLapsed."""
        if self._code() == LACKS_SCOPE:
            raise AuthLapsed(f"The login of {TITLE} lacks a scope; connect again, with {', '.join(SCOPES)}.")
        return super().refused(headers)
