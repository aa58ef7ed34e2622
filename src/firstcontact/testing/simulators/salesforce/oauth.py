"""Logging in (apis A1, "OAuth"): client credentials, JWT bearer, refresh token, browser with PKCE."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from itertools import count
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from firstcontact.testing.simulators.salesforce.org import Org

CLIENT_ID = "3MVG9simulatedConsumerKey"
CLIENT_SECRET = "simulated-consumer-secret"
USERNAME = "integration@firm.example"
REFRESH_TOKEN = "5Aep861simulatedRefreshToken"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES = "api refresh_token"
LONGEST_ASSERTION = 180
"""Seconds that an assertion may be good for."""


class Denied(Exception):
    """A login that is refused: HTTP 400 `{"error", "error_description"}`."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error = error
        self.description = description


@cache
def key_pair() -> tuple[str, str]:
    """A private key as text for the tests' JWT logins, and its public key."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    secret = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return secret.decode(), public.decode()


class Logins:
    """Who may log in, and the tokens that were given."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._numbers = count(1)
        self._denials = 0
        self.revoked = False
        self.tokens: set[str] = set()
        self._refresh = {REFRESH_TOKEN}
        self._codes: dict[str, dict[str, str]] = {}

    def expire(self) -> None:
        """The access tokens end; new ones are given."""
        self.tokens.clear()

    # --- tokens ------------------------------------------------------------------------------------

    def token(self, form: Mapping[str, str], basic: str, address: str) -> dict[str, Any]:
        """The answer of the token endpoint. Raises Denied.

        No answer says when its token ends (apis A1, "Client credentials"): there is no `expires_in`.
        """
        grants = {
            "client_credentials": self._client_credentials,
            JWT_GRANT: self._assertion,
            "refresh_token": self._refreshed,
            "authorization_code": self._code,
        }
        grant = grants.get(form.get("grant_type", ""))
        if grant is None:
            raise Denied("unsupported_grant_type", "grant type not supported")
        if self.revoked:
            raise Denied("invalid_grant", "expired access/refresh token")
        more = grant(_with_basic(form, basic))
        return {**self._answer(address), **more}

    def _answer(self, address: str) -> dict[str, Any]:
        number = next(self._numbers)
        token = f"00Dxx0000001gPL!AQ{hashlib.sha256(str(number).encode()).hexdigest()[:40]}"
        self.tokens.add(token)
        organization = next(iter(self._org.rows["Organization"]))
        return {
            "access_token": token,
            "signature": base64.b64encode(hashlib.sha256(token.encode()).digest()).decode(),
            "scope": SCOPES,
            "instance_url": address,
            "id": f"{address}/id/{organization}/{self._org.api_user}",
            "token_type": "Bearer",
            "issued_at": str(self._org.now()),
        }

    def _client_credentials(self, form: Mapping[str, str]) -> dict[str, Any]:
        _client(form, secret=True)
        return {}

    def _assertion(self, form: Mapping[str, str]) -> dict[str, Any]:
        claims = _claims(form.get("assertion", ""))
        if claims.get("iss") != CLIENT_ID:
            raise Denied("invalid_client_id", "client identifier invalid")
        if claims.get("sub") != USERNAME:
            raise Denied("invalid_grant", "user hasn't approved this consumer")
        if claims.get("aud") not in ("https://login.salesforce.com", "https://test.salesforce.com"):
            raise Denied("invalid_grant", "audience is invalid")
        ends, now = int(claims.get("exp", 0)), self._org.now() / 1000
        if not now < ends <= now + LONGEST_ASSERTION + 1:
            raise Denied("invalid_grant", "expired authorization code")
        return {}

    def _refreshed(self, form: Mapping[str, str]) -> dict[str, Any]:
        _client(form, secret=True)
        given = form.get("refresh_token", "")
        if given not in self._refresh:
            raise Denied("invalid_grant", "expired access/refresh token")
        if not self._org.quirks.get("rotate_refresh_token"):
            return {}
        self._refresh.discard(given)
        return {"refresh_token": self._new_refresh()}

    def _new_refresh(self) -> str:
        token = f"{REFRESH_TOKEN}.{next(self._numbers)}"
        self._refresh.add(token)
        return token

    # --- browser -----------------------------------------------------------------------------------

    def authorize(self, asked: Mapping[str, str]) -> str:
        """Where the browser goes next, everything being approved at once. Raises Denied where the request
        itself is wrong."""
        if asked.get("response_type") != "code" or asked.get("client_id") != CLIENT_ID:
            raise Denied("invalid_client_id", "client identifier invalid")
        back = asked.get("redirect_uri", "")
        if urlsplit(back).hostname not in ("127.0.0.1", "localhost", "::1"):
            raise Denied("redirect_uri_mismatch", "redirect_uri must match configuration")
        if "code_challenge" in asked and asked.get("code_challenge_method", "S256") != "S256":
            raise Denied("invalid_request", "code challenge method not supported")
        code = f"aPrx{next(self._numbers):06d}=="
        self._codes[code] = {"redirect_uri": back, "challenge": asked.get("code_challenge", "")}
        answer = {"code": code, **({"state": asked["state"]} if "state" in asked else {})}
        return f"{back}{'&' if urlsplit(back).query else '?'}{urlencode(answer)}"

    def _code(self, form: Mapping[str, str]) -> dict[str, Any]:
        _client(form, secret=False)
        kept = self._codes.pop(form.get("code", ""), None)
        if kept is None:
            raise Denied("invalid_grant", "invalid authorization code")
        if form.get("redirect_uri") != kept["redirect_uri"]:
            raise Denied("redirect_uri_mismatch", "redirect_uri must match configuration")
        if kept["challenge"]:
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != kept["challenge"]:
                raise Denied("invalid_grant", "invalid code verifier")
        return {"refresh_token": self._new_refresh()}

    # --- what it says where it refuses --------------------------------------------------------------------

    def words(self, denied: Denied) -> dict[str, str]:
        """The body; every second one is without a description, which real ones sometimes are (apis A1,
        "Token errors")."""
        self._denials += 1
        often = self._org.quirks.get("error_description", "sometimes")
        if often == "never" or (often == "sometimes" and self._denials % 2 == 0):
            return {"error": denied.error}
        return {"error": denied.error, "error_description": denied.description}


def _with_basic(form: Mapping[str, str], basic: str) -> dict[str, str]:
    if not basic.startswith("Basic "):
        return dict(form)
    try:
        id, _, secret = base64.b64decode(basic.removeprefix("Basic ")).decode().partition(":")
    except ValueError:
        raise Denied("invalid_client", "invalid client credentials") from None
    return {**form, "client_id": unquote(id), "client_secret": unquote(secret)}


def _client(form: Mapping[str, str], *, secret: bool) -> None:
    if form.get("client_id") != CLIENT_ID:
        raise Denied("invalid_client_id", "client identifier invalid")
    given = form.get("client_secret")
    if given != CLIENT_SECRET and (secret or given is not None):
        raise Denied("invalid_client", "invalid client credentials")


def _claims(assertion: str) -> dict[str, Any]:
    """The claims of a JWT that the simulator's own key pair signed with RS256. Raises Denied."""
    head, _, rest = assertion.partition(".")
    body, _, signature = rest.partition(".")
    try:
        said = json.loads(_unpadded(head))
        claims: dict[str, Any] = json.loads(_unpadded(body))
        public = serialization.load_pem_public_key(key_pair()[1].encode())
        assert isinstance(public, rsa.RSAPublicKey)
        if said.get("alg") != "RS256":
            raise Denied("invalid_grant", "algorithm not supported")
        signed = f"{head}.{body}".encode()
        public.verify(_unpadded(signature), signed, padding.PKCS1v15(), hashes.SHA256())
    except (ValueError, InvalidSignature):
        raise Denied("invalid_grant", "invalid assertion") from None
    return claims


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def read_form(content: bytes) -> dict[str, str]:
    """A form's fields, the last of each name."""
    parsed = parse_qs(content.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in parsed.items()}
