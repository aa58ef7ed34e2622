"""Logging in: a code, then a token that never ends; no refresh token, no scopes (apis A3, "OAuth")."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit

from firstcontact.testing.simulators.lawmatics.errors import no_login
from firstcontact.testing.simulators.lawmatics.state import SECOND

CLIENT_ID = "simulated-lawmatics-app"
CLIENT_SECRET = "simulated-lawmatics-secret"
FIRST_TOKEN = "lawmatics-token-simulated"
CODE_SECONDS = 600
"""A code is short-lived; how short is not published."""


class OAuthError(Exception):
    """A refusal of RFC 6749 §5.2: `error` and why."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.status = status


class Logins:
    """Codes and tokens. A token is good until somebody takes the app's access away in Lawmatics' pages."""

    def __init__(self) -> None:
        self._count = 0
        self._codes: dict[str, tuple[str, int]] = {}
        self._tokens = {FIRST_TOKEN}
        self.revoked = False

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

    def token(self, given: Mapping[str, Any], now: int) -> dict[str, Any]:
        """A token for a code. Raises OAuthError."""
        if (given.get("client_id"), given.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            raise OAuthError("invalid_client", "client authentication failed", 401)
        if given.get("grant_type") != "authorization_code":
            raise OAuthError("unsupported_grant_type", "only codes are taken; tokens never expire")
        redirect, ends = self._codes.pop(str(given.get("code", "")), ("", 0))
        if self.revoked or now >= ends or given.get("redirect_uri") != redirect:
            raise OAuthError("invalid_grant", "the code is not valid, or was meant for another redirect uri")
        token = self._new("token")
        self._tokens.add(token)
        return {"token_type": "bearer", "access_token": token, "created_at": now // SECOND}

    def check(self, header: str) -> None:
        """Looks at an `Authorization` header. Raises LawmaticsError 401."""
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or self.revoked or token not in self._tokens:
            raise no_login()

    def _new(self, kind: str) -> str:
        self._count += 1
        return sha256(f"lawmatics {kind} {self._count}".encode()).hexdigest()
