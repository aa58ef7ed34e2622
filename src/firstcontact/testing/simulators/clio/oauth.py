"""Log-ins: authorization code, refresh tokens that stay, tokens of one region (apis A2, "OAuth")."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from firstcontact.testing.simulators.clio.errors import ClioError
from firstcontact.testing.simulators.clio.state import SECOND

CLIENT_ID = "firstcontact-simulated"
CLIENT_SECRET = "a-simulated-secret"
EXPIRES_IN = 2_592_000
CODE_SECONDS = 600


class OAuthError(Exception):
    """A refusal of RFC 6749 §5.2: `error` and why."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.status = status


class Grant(msgspec.Struct):
    """A login that was granted: its refresh token, and its access tokens with when each ends."""

    refresh_token: str
    access: dict[str, int]


def first_access_token(region: str) -> str:
    """The access token that a new simulator of a region takes."""
    return f"{region}-access-simulated"


def first_refresh_token(region: str) -> str:
    """The refresh token that a new simulator of a region takes."""
    return f"{region}-refresh-simulated"


class Logins:
    """Codes and tokens of one region."""

    def __init__(self, region: str, now: int) -> None:
        self._region = region
        self._count = 0
        self._codes: dict[str, tuple[str, int]] = {}
        self.revoked = False
        ends = now + EXPIRES_IN * SECOND
        first = Grant(first_refresh_token(region), {first_access_token(region): ends})
        self._grants = [first]

    def authorize(self, asked: Mapping[str, str], now: int) -> str:
        """Where the browser goes after somebody has said yes, which everybody does: with a code, or with
        `error`. Raises OAuthError where it must not be sent on."""
        if asked.get("client_id") != CLIENT_ID:
            raise OAuthError("invalid_client", "the application is not known", 401)
        redirect = asked.get("redirect_uri", "")
        place = urlsplit(redirect)
        if place.scheme != "https" and place.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise OAuthError("invalid_redirect_uri", "the redirect uri included is not valid")
        told = {"state": asked["state"]} if "state" in asked else {}
        if asked.get("response_type") != "code":
            told = {"error": "unsupported_response_type", **told}
        elif self.revoked:
            told = {"error": "access_denied", **told}
        else:
            code = self._new("code")
            self._codes[code] = (redirect, now + CODE_SECONDS * SECOND)
            told = {"code": code, **told}
        return f"{redirect}{'&' if place.query else '?'}{urlencode(told)}"

    def token(self, form: Mapping[str, str], now: int) -> dict[str, Any]:
        """An access token for a code or a refresh token. Raises OAuthError."""
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            raise OAuthError("invalid_client", "client authentication failed", 401)
        if self.revoked:
            raise OAuthError("invalid_grant", "the grant has been revoked")
        kind = form.get("grant_type")
        if kind == "authorization_code":
            return self._given(self._by_code(form, now), now)
        if kind == "refresh_token":
            return self._given(self._by_refresh_token(form.get("refresh_token", "")), now)
        raise OAuthError("unsupported_grant_type", "only codes and refresh tokens are taken")

    def _by_code(self, form: Mapping[str, str], now: int) -> Grant:
        redirect, ends = self._codes.pop(form.get("code", ""), ("", 0))
        if now >= ends or form.get("redirect_uri") != redirect:
            raise OAuthError("invalid_grant", "the code is not valid, or was meant for another redirect uri")
        grant = Grant(self._new("refresh"), {})
        self._grants.append(grant)
        return grant

    def _by_refresh_token(self, token: str) -> Grant:
        for grant in self._grants:
            if grant.refresh_token == token:
                return grant
        raise OAuthError("invalid_grant", "the refresh token is not valid")

    def _given(self, grant: Grant, now: int) -> dict[str, Any]:
        """The refresh token stays as it is, and can be used again (apis A2, "OAuth")."""
        access = self._new("access")
        grant.access[access] = now + EXPIRES_IN * SECOND
        return {
            "access_token": access,
            "token_type": "bearer",
            "expires_in": EXPIRES_IN,
            "refresh_token": grant.refresh_token,
        }

    def check(self, header: str, now: int) -> str:
        """The token of an `Authorization` header. Raises ClioError 401: ended, or of another region."""
        scheme, _, token = header.partition(" ")
        if scheme.lower() == "bearer" and not self.revoked:
            for grant in self._grants:
                if grant.access.get(token, 0) > now:
                    return token
        raise ClioError(401, "User is forbidden from taking that action: the access token is not valid")

    def deauthorize(self, token: str) -> None:
        """The login that the token belongs to is over, its refresh token too."""
        self._grants = [grant for grant in self._grants if token not in grant.access]

    def _new(self, kind: str) -> str:
        self._count += 1
        return f"{self._region}-{kind}-{sha256(f'{kind} {self._count}'.encode()).hexdigest()[:20]}"
