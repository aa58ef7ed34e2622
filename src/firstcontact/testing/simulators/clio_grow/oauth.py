"""Log-ins of the platform API: codes with PKCE, access tokens of a day, refresh tokens that rotate (apis A2).

What a published client knows beside: a scope for each resource, and `/oauth/revoke` with the client's name
and secret in the header. The client may give them there or in the form.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from firstcontact.testing.simulators.clio_grow.errors import GrowError
from firstcontact.testing.simulators.clio_grow.quirks import Quirks
from firstcontact.testing.simulators.clio_grow.state import SECOND

CLIENT_ID = "firstcontact-grow-simulated"
CLIENT_SECRET = "a-simulated-grow-secret"
EXPIRES_IN = 86_400
CODE_SECONDS = 600
SCOPES = (
    "grow_contact_read",
    "grow_contact_note_read",
    "grow_contact_note_write",
    "grow_matter_read",
    "grow_matter_note_read",
    "grow_matter_note_write",
    "grow_lead_inbox_read",
    "grow_lead_inbox_all_read",
    "grow_lead_inbox_write",
    "grow_user_read",
)
"""What the application may ask for. Without `all_read` it sees the inbox leads that it sent itself."""


class OAuthError(Exception):
    """A refusal of RFC 6749 §5.2: `error` and why."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.status = status


class Grant(msgspec.Struct):
    """A login that was granted: its refresh token, those that were used, its access tokens and their ends."""

    scopes: frozenset[str]
    refresh: str
    used: set[str] = msgspec.field(default_factory=set)
    access: dict[str, int] = msgspec.field(default_factory=dict)


class Code(msgspec.Struct, frozen=True):
    """What the browser brings back, once, to one redirect."""

    redirect: str
    ends: int
    scopes: frozenset[str]
    challenge: str


def first_access_token(region: str) -> str:
    """The access token that a new simulator of a region takes."""
    return f"{region}-grow-access-simulated"


def first_refresh_token(region: str) -> str:
    """The refresh token that a new simulator of a region takes, once."""
    return f"{region}-grow-refresh-simulated"


class Logins:
    """Codes and tokens of one region."""

    def __init__(self, quirks: Quirks, now: int) -> None:
        self._quirks = quirks
        self._count = 0
        self._codes: dict[str, Code] = {}
        self.revoked = False
        region = quirks.region
        first = Grant(frozenset(SCOPES), first_refresh_token(region))
        first.access[first_access_token(region)] = now + EXPIRES_IN * SECOND
        self._grants = [first]

    # --- the browser -----------------------------------------------------------------------------------

    def authorize(self, asked: Mapping[str, str], now: int) -> str:
        """Where the browser goes after somebody has said yes, which everybody does: with a code, or with
        `error`. Raises OAuthError where it must not be sent on."""
        if asked.get("client_id") != CLIENT_ID:
            raise OAuthError("invalid_client", "the application is not known", 401)
        redirect = asked.get("redirect_uri", "")
        place = urlsplit(redirect)
        if place.scheme != "https" and place.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise OAuthError("invalid_redirect_uri", "the redirect uri is not one of the application's")
        told = self._answered(asked, redirect, now)
        if "state" in asked:
            told["state"] = asked["state"]
        return f"{redirect}{'&' if place.query else '?'}{urlencode(told)}"

    def _answered(self, asked: Mapping[str, str], redirect: str, now: int) -> dict[str, str]:
        scopes = frozenset(asked.get("scope", " ".join(SCOPES)).split())
        challenge = asked.get("code_challenge", "")
        if asked.get("response_type") != "code":
            return {"error": "unsupported_response_type"}
        if self.revoked:
            return {"error": "access_denied"}
        if not scopes <= set(SCOPES):
            return {"error": "invalid_scope"}
        if challenge and asked.get("code_challenge_method") != "S256":
            return {"error": "invalid_request", "error_description": "only S256 is taken"}
        if not challenge and self._quirks.pkce == "required":
            return {"error": "invalid_request", "error_description": "a code challenge is required"}
        code = self._new("code")
        self._codes[code] = Code(redirect, now + CODE_SECONDS * SECOND, scopes, challenge)
        return {"code": code}

    # --- tokens ----------------------------------------------------------------------------------------

    def token(self, form: Mapping[str, str], header: str, now: int) -> dict[str, Any]:
        """Tokens for a code or a refresh token. Raises OAuthError."""
        _known_client(form, header)
        if self.revoked:
            raise OAuthError("invalid_grant", "the grant has been revoked")
        kind = form.get("grant_type")
        if kind == "authorization_code":
            return self._given(self._by_code(form, now), now)
        if kind == "refresh_token":
            return self._given(self._by_refresh_token(form.get("refresh_token", "")), now)
        raise OAuthError("unsupported_grant_type", "only codes and refresh tokens are taken")

    def _by_code(self, form: Mapping[str, str], now: int) -> Grant:
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or now >= code.ends or form.get("redirect_uri") != code.redirect:
            raise OAuthError("invalid_grant", "the code is not valid, or was meant for another redirect uri")
        if code.challenge and _challenge_of(form.get("code_verifier", "")) != code.challenge:
            raise OAuthError("invalid_grant", "the code verifier does not fit the code challenge")
        grant = Grant(code.scopes, self._new("refresh"))
        self._grants.append(grant)
        return grant

    def _by_refresh_token(self, token: str) -> Grant:
        """The login whose turn it is: its token is used up, and another takes its place (apis A2)."""
        for grant in self._grants:
            if token in grant.used and self._quirks.refresh_reuse == "family_revoked":
                self._grants.remove(grant)
                break
            if token == grant.refresh:
                grant.used.add(token)
                grant.refresh = self._new("refresh")
                if self._quirks.old_access == "ended":
                    grant.access.clear()
                return grant
        raise OAuthError("invalid_grant", "the refresh token is not valid, or was used before")

    def _given(self, grant: Grant, now: int) -> dict[str, Any]:
        access = self._new("access")
        grant.access[access] = now + EXPIRES_IN * SECOND
        return {
            "access_token": access,
            "token_type": "bearer",
            "expires_in": EXPIRES_IN,
            "refresh_token": grant.refresh,
            "scope": " ".join(sorted(grant.scopes)),
        }

    def revoke(self, form: Mapping[str, str], header: str) -> None:
        """One login is over, named by either of its tokens; an unknown one is no error (RFC 7009)."""
        _known_client(form, header)
        token = form.get("token", "")
        self._grants = [one for one in self._grants if token != one.refresh and token not in one.access]

    def check(self, header: str, now: int) -> frozenset[str]:
        """The scopes of the token in an `Authorization` header. Raises GrowError 401: ended, or of another
        region."""
        scheme, _, token = header.partition(" ")
        if scheme.lower() == "bearer" and not self.revoked:
            for grant in self._grants:
                if grant.access.get(token, 0) > now:
                    return grant.scopes
        raise GrowError(401, "the access token is not valid")

    def _new(self, kind: str) -> str:
        self._count += 1
        name = f"{self._quirks.region} grow {kind} {self._count}"
        return f"{self._quirks.region}-grow-{kind}-{sha256(name.encode()).hexdigest()[:20]}"


def _known_client(form: Mapping[str, str], header: str) -> None:
    given = (form.get("client_id"), form.get("client_secret"))
    scheme, _, coded = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(coded).decode().partition(":")
        except (ValueError, binascii.Error):
            name = secret = ""
        given = (name, secret)
    if given != (CLIENT_ID, CLIENT_SECRET):
        raise OAuthError("invalid_client", "client authentication failed", 401)


def _challenge_of(verifier: str) -> str:
    """RFC 7636 §4.2."""
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
