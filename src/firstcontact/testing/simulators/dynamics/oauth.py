"""Entra ID's token endpoint, at the same address as the environment (apis A5, "Auth")."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from firstcontact.testing.simulators.dynamics.refusals import Refusal
from firstcontact.testing.simulators.dynamics.times import SECOND, written

TENANT = "5f0c6f0e-8a53-4e4e-9d3b-6a3d8f1c2b10"
TENANT_DOMAIN = "firm.example"
CLIENT_ID = "0c9b6d52-1f7e-4b1a-a4c8-2d5e7f903a64"
CLIENT_SECRET = "a-simulated-secret"
EXPIRES_IN = 3599


class OAuthError(Exception):
    """A refusal of RFC 6749 §5.2 with Entra's number."""

    def __init__(self, error: str, number: int, description: str, status: int = 400) -> None:
        super().__init__(f"AADSTS{number}: {description}")
        self.error = error
        self.number = number
        self.status = status

    def body(self, now: int) -> dict[str, Any]:
        """What the answer says."""
        return {
            "error": self.error,
            "error_description": str(self),
            "error_codes": [self.number],
            "timestamp": written(now).replace("T", " "),
        }


class Logins:
    """Tokens of one application in one tenant."""

    def __init__(self) -> None:
        self._tokens: dict[str, int] = {}
        self.revoked = False

    def token(self, tenant: str, form: Mapping[str, str], basic: str, host: str, now: int) -> dict[str, Any]:
        """An access token for the application's secret. Raises OAuthError."""
        if tenant.lower() not in (TENANT, TENANT_DOMAIN):
            raise OAuthError("invalid_request", 90002, f"Tenant '{tenant}' not found.")
        if not form.get("grant_type"):
            raise OAuthError("invalid_request", 900144, "The request body must contain: 'grant_type'.")
        if form["grant_type"] != "client_credentials":
            raise OAuthError("unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        client, secret = _basic(basic) or (form.get("client_id", ""), form.get("client_secret", ""))
        if client != CLIENT_ID:
            raise OAuthError(
                "unauthorized_client", 700016, f"Application with identifier '{client}' was not found."
            )
        if secret != CLIENT_SECRET or self.revoked:
            raise OAuthError("invalid_client", 7000215, "Invalid client secret provided.", 401)
        _check_scope(form.get("scope", ""), host)
        made = sha256(f"{now} {len(self._tokens)}".encode()).hexdigest()
        self._tokens[f"simulated.{made}"] = now + EXPIRES_IN * SECOND
        return {
            "token_type": "Bearer",
            "expires_in": EXPIRES_IN,
            "ext_expires_in": EXPIRES_IN,
            "access_token": f"simulated.{made}",
        }

    def check(self, header: str, now: int, base: str) -> None:
        """The token of an `Authorization` header is good. Raises Refusal 401."""
        scheme, _, token = header.partition(" ")
        if scheme.lower() == "bearer" and not self.revoked and self._tokens.get(token, 0) > now:
            return
        where = f"Bearer authorization_uri={base}/{TENANT}/oauth2/authorize, resource_id={base}/"
        raise Refusal(401, "", "", {"WWW-Authenticate": where})


def _check_scope(scope: str, host: str) -> None:
    """`RESOURCE/.default`, the resource being this environment."""
    resource, found, rest = scope.rpartition("/.default")
    if not found or rest:
        raise OAuthError("invalid_scope", 1002012, f"The provided value for scope {scope} is not valid.")
    if urlsplit(resource).netloc != host:
        raise OAuthError(
            "invalid_resource",
            500011,
            f"The resource principal named {resource} was not found.",
        )


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return unquote_plus(name), unquote_plus(secret)
