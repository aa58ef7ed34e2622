"""Log-ins: grant codes, refresh tokens that stay, ten access tokens in ten minutes (apis A4, "OAuth")."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from firstcontact.testing.simulators.zoho.errors import ZohoError
from firstcontact.testing.simulators.zoho.quirks import Quirks
from firstcontact.testing.simulators.zoho.times import SECOND

CLIENT_ID = "1000.FIRSTCONTACTSIMULATED"
CLIENT_SECRET = "a-simulated-secret"
EXPIRES_IN = 3_600
CODE_SECONDS = 600
WINDOW = 600 * SECOND
MOST_IN_WINDOW = 10
SCOPES = (
    "ZohoCRM.modules.ALL",
    "ZohoCRM.settings.ALL",
    "ZohoCRM.users.READ",
    "ZohoCRM.org.READ",
    "ZohoCRM.coql.READ",
    "ZohoCRM.composite_requests.CUSTOM",
    "ZohoSearch.securesearch.READ",
)


class OAuthError(Exception):
    """A refusal of the token endpoint: its body, and its status."""

    def __init__(self, status: int, body: Mapping[str, str]) -> None:
        super().__init__(body["error"])
        self.status = status
        self.body = dict(body)


class Code(msgspec.Struct, frozen=True):
    """A grant code: where it may be redeemed for what, and until when. Without a redirect it is a self
    client's."""

    redirect: str
    scopes: tuple[str, ...]
    offline: bool
    ends: int


class Grant(msgspec.Struct):
    """A login that was granted: its refresh token, when its access tokens were made and when each ends."""

    refresh_token: str
    scopes: tuple[str, ...]
    access: dict[str, int]
    made: list[int]


def first_refresh_token(data_center: str) -> str:
    """The refresh token that a new simulator of a data centre takes."""
    return f"1000.{data_center}.refresh.simulated"


def first_access_token(data_center: str) -> str:
    """The access token that a new simulator of a data centre takes."""
    return f"1000.{data_center}.access.simulated"


def first_code(data_center: str) -> str:
    """The self client's grant code that a new simulator takes, once."""
    return f"1000.{data_center}.code.simulated"


class Logins:
    """Codes and tokens of one data centre."""

    def __init__(self, quirks: Quirks, now: int) -> None:
        self._quirks = quirks
        self._count = 0
        self.revoked = False
        center = quirks.data_center
        scopes = quirks.scopes or SCOPES
        ends = now + CODE_SECONDS * SECOND
        self._codes = {first_code(center): Code("", scopes, True, ends)}
        access = {first_access_token(center): now + EXPIRES_IN * SECOND}
        self._grants = [Grant(first_refresh_token(center), scopes, access, [])]

    def authorize(self, asked: Mapping[str, str], base: str, now: int) -> str:
        """Where the browser goes after somebody has said yes, which everybody does. Raises OAuthError."""
        if asked.get("client_id") != CLIENT_ID:
            raise OAuthError(400, {"error": "invalid_client"})
        redirect = asked.get("redirect_uri", "")
        place = urlsplit(redirect)
        if place.scheme != "https" and place.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise OAuthError(400, {"error": "invalid_redirect_uri"})
        told = {"state": asked["state"]} if "state" in asked else {}
        scopes = tuple(scope for scope in asked.get("scope", "").split(",") if scope)
        if asked.get("response_type") != "code" or not scopes:
            told["error"] = "invalid_scope" if not scopes else "unsupported_response_type"
        elif self.revoked:
            told["error"] = "access_denied"
        else:
            code = self._new("code")
            offline = asked.get("access_type") == "offline"
            self._codes[code] = Code(redirect, scopes, offline, now + CODE_SECONDS * SECOND)
            told["code"] = code
            if self._quirks.location_names == "documented":
                told |= {"location": self._quirks.data_center, "accounts-server": base}
        return f"{redirect}{'&' if place.query else '?'}{urlencode(told)}"

    def token(self, form: Mapping[str, str], base: str, now: int) -> dict[str, Any]:
        """An access token for a code or a refresh token. Raises OAuthError."""
        if form.get("client_id") != CLIENT_ID:
            raise self._error("invalid_client")
        if form.get("client_secret") != CLIENT_SECRET:
            raise self._error("invalid_client_secret")
        kind = form.get("grant_type")
        if kind == "authorization_code":
            return self._by_code(form, base, now)
        if kind == "refresh_token":
            grant = self._by_refresh_token(form.get("refresh_token", ""))
            return self._given(grant, base, now)
        raise self._error("unsupported_grant_type")

    def _by_code(self, form: Mapping[str, str], base: str, now: int) -> dict[str, Any]:
        code = self._codes.pop(form.get("code", ""), None)
        if self.revoked or code is None or now >= code.ends:
            raise self._error("invalid_code")
        if code.redirect and form.get("redirect_uri") != code.redirect:
            raise self._error("invalid_redirect_uri")
        grant = Grant(self._new("refresh"), code.scopes, {}, [])
        self._grants.append(grant)
        given = self._given(grant, base, now)
        return {**given, "refresh_token": grant.refresh_token} if code.offline else given

    def _by_refresh_token(self, token: str) -> Grant:
        for grant in self._grants:
            if grant.refresh_token == token and not self.revoked:
                return grant
        raise self._error("invalid_code")

    def _given(self, grant: Grant, base: str, now: int) -> dict[str, Any]:
        """A new access token: ten in ten minutes, then none until the window is over (apis A4)."""
        if grant.made and now >= grant.made[0] + WINDOW:
            grant.made.clear()
        if len(grant.made) >= MOST_IN_WINDOW:
            told = {
                "error": "Access Denied",
                "error_description": "You have made too many requests continuously. Please try again after "
                "some time.",
                "status": "failure",
            }
            raise OAuthError(int(self._quirks.block_status), told)
        grant.made.append(now)
        access = self._new("access")
        grant.access[access] = now + EXPIRES_IN * SECOND
        return {
            "access_token": access,
            "scope": " ".join(grant.scopes),
            "api_domain": base,
            "token_type": "Bearer",
            "expires_in": EXPIRES_IN,
        }

    def check(self, header: str, now: int) -> tuple[str, ...]:
        """The scopes of `Authorization: Zoho-oauthtoken …`; Bearer is refused (apis A4). Raises ZohoError."""
        scheme, _, token = header.partition(" ")
        if not header:
            raise ZohoError(401, "AUTHENTICATION_FAILURE", "Authentication failed")
        if scheme.lower() == "zoho-oauthtoken" and not self.revoked:
            for grant in self._grants:
                if grant.access.get(token, 0) > now:
                    return grant.scopes
        raise ZohoError(401, "INVALID_TOKEN", "invalid oauth token")

    def _error(self, error: str) -> OAuthError:
        return OAuthError(int(self._quirks.token_error), {"error": error})

    def _new(self, kind: str) -> str:
        self._count += 1
        digest = sha256(f"{kind} {self._count}".encode()).hexdigest()[:20]
        return f"1000.{self._quirks.data_center}.{kind}.{digest}"


def need(scopes: tuple[str, ...], area: str, part: str, action: str) -> None:
    """Raises ZohoError unless a scope covers it: `ZohoCRM.modules.ALL`, `ZohoCRM.modules.READ`,
    `ZohoCRM.modules.contacts.READ`, `ZohoCRM.modules.contacts.ALL` (apis A4, "OAuth")."""
    prefix = f"ZohoCRM.{area}".lower()
    covering = {f"{prefix}.all", f"{prefix}.{action.lower()}"}
    if part:
        covering |= {f"{prefix}.{part.lower()}.all", f"{prefix}.{part.lower()}.{action.lower()}"}
    if not covering & {scope.lower() for scope in scopes}:
        raise mismatch()


def mismatch() -> ZohoError:
    """401: the login lacks a scope."""
    return ZohoError(401, "OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL")
