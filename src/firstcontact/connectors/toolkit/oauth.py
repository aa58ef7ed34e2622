"""Logging in with a browser, and asking for tokens: OAuth 2 (RFC 6749), PKCE (RFC 7636), loopback redirects
(RFC 8252 §7.3)."""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from firstcontact.connectors.contract import AuthLapsed, OAuth, TryAgain
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Http, NotLetIn, is_private
from firstcontact.connectors.toolkit.tokens import Renewal

PORT = 8917
"""The port of the redirect address, if no other is named: applications register their redirect address with
the vendor, so it has to be the same each time."""
_LATER = frozenset({"temporarily_unavailable", "server_error", "rate_limit_exceeded"})
_SECOND = 1_000_000


# --- tokens --------------------------------------------------------------------------------------------


def ask_token(
    http: Http, address: str, form: Mapping[str, str], now: Callable[[], int], title: str
) -> dict[str, str]:
    """What a token endpoint gives for a form, to be laid over what is kept: `access_token`, `expires_at`
    (microseconds, "" where it does not end), and whatever else it says in texts and numbers.

    http: requests without a permission. title: the vendor's name in sentences. Raises AuthLapsed where it
    refuses or is no place for a secret (no TLS, and not this machine), TryAgain where it cannot be asked now.
    """
    headers = {"Accept": "application/json"}
    if not is_private(http.url(address)):
        raise AuthLapsed(
            f"The login of {title} would be sent unencrypted; its address is to begin with https://."
        )
    try:
        answer, body = http.read_json("POST", address, data=dict(form), headers=headers)
    except NotLetIn as refused:
        raise _not_let_in(refused, title) from None
    given: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    if not answer.ok or (given.get("error") and not given.get("access_token")):
        # Some refuse with a status of success (apis A4).
        raise _refusal(given, answer.status, title)
    if not given.get("access_token"):
        raise TryAgain(f"{title} answered the log-in with something that is no token.", AFTER_TROUBLE)
    kept = {
        name: str(value)
        for name, value in given.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool) and name != "expires_in"
    }
    lasts = given.get("expires_in")
    ends = isinstance(lasts, int | float | str) and str(lasts).replace(".", "", 1).isdigit()
    kept["expires_at"] = str(now() + int(float(str(lasts)) * _SECOND)) if ends else ""
    return kept


def _not_let_in(refused: NotLetIn, title: str) -> Exception:
    """RFC 6749 §5.2: a wrong application is refused with 401, and a code as any other refusal."""
    try:
        said = refused.answer.json()
    except ValueError:
        return refused
    if not isinstance(said, Mapping) or not said.get("error"):
        return refused
    return _refusal(said, refused.answer.status, title)


def _refusal(given: Mapping[str, Any], status: int, title: str) -> Exception:
    """RFC 6749 §5.2: a refusal has a code, and sometimes a description."""
    code = str(given.get("error") or "")
    if not code or code in _LATER:
        return TryAgain(f"{title} does not log us in for now ({status}).", AFTER_TROUBLE)
    said = given.get("error_description")
    words = f"{code}: {said}" if isinstance(said, str) and said else code
    return AuthLapsed(f"{title} refuses our login ({words[:200]}); connect again.")


def refreshing(http: Http, address: str, now: Callable[[], int], title: str) -> Renewal:
    """A `Renewal` by the kept `refresh_token`, with the application's own `client_id` and `client_secret`
    (RFC 6749 §6). A new refresh token takes the place of the old one where the vendor gives one."""

    def renew(kept: Mapping[str, str]) -> Mapping[str, str]:
        if not kept.get("refresh_token"):
            raise AuthLapsed(f"There is nothing to renew the login of {title} with; connect again.")
        form = {"grant_type": "refresh_token", "refresh_token": kept["refresh_token"], **_client(kept)}
        return ask_token(http, address, form, now, title)

    return renew


def _client(kept: Mapping[str, str]) -> dict[str, str]:
    return {name: kept[name] for name in ("client_id", "client_secret") if kept.get(name)}


# --- a browser ------------------------------------------------------------------------------------------


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A log-in that was begun. address: where the browser goes. redirect: where it comes back to. state: what
    it must bring along. verifier: proves that we began it; "" without PKCE."""

    address: str
    redirect: str
    state: str
    verifier: str = ""

    def __repr__(self) -> str:
        """Without what is secret."""
        return f"Request(redirect={self.redirect!r})"


def begin(oauth: OAuth, options: Mapping[str, str | int | bool], client_id: str, redirect: str) -> Request:
    """Begin a log-in with a browser that comes back to `redirect`."""
    from authlib.common.security import generate_token  # type: ignore[import-untyped]
    from authlib.oauth2.rfc6749.parameters import prepare_grant_uri  # type: ignore[import-untyped]
    from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]

    state = generate_token(43)
    verifier = generate_token(64) if oauth.pkce else ""
    proof = (
        {"code_challenge": create_s256_code_challenge(verifier), "code_challenge_method": "S256"}
        if verifier
        else {}
    )
    address = prepare_grant_uri(
        oauth.authorize(options),
        client_id,
        "code",
        redirect_uri=redirect,
        scope=list(oauth.scopes) or None,
        state=state,
        **proof,
    )
    return Request(address=address, redirect=redirect, state=state, verifier=verifier)


def finish(
    http: Http,
    oauth: OAuth,
    options: Mapping[str, str | int | bool],
    request: Request,
    code: str,
    client: Mapping[str, str],
    now: Callable[[], int],
    title: str,
) -> dict[str, str]:
    """What the vendor gives for the code that the browser brought back. client: `client_id`,
    `client_secret`. Raises AuthLapsed, TryAgain."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": request.redirect}
    if request.verifier:
        form["code_verifier"] = request.verifier
    return ask_token(http, oauth.token(options), {**form, **_client(client)}, now, title)


def redirect_address(port: int = 0) -> str:
    """Where the browser comes back to at this port, 0: the usual one. Vendors want it registered."""
    return f"http://127.0.0.1:{port or PORT}/callback"


class Loopback:
    """The address of this machine that the browser comes back to."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self.redirect = redirect_address(server.server_port)

    def code(self, request: Request, seconds: float, title: str) -> str:
        """Waits until the browser comes back with a code. Raises AuthLapsed where the log-in was refused,
        TimeoutError where nobody comes."""
        self._server.state, self._server.title = request.state, title
        until = time.monotonic() + seconds
        while not self._server.brought:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"nobody logged in within {seconds:.0f} seconds")
            self._server.timeout = min(left, 1.0)
            self._server.handle_request()
        brought = self._server.brought
        if not brought.get("code"):
            words = ": ".join(brought[name] for name in ("error", "error_description") if brought.get(name))
            raise AuthLapsed(f"{title} did not log us in ({words[:200] or 'it gave no code'}).")
        return brought["code"]


@contextmanager
def loopback(port: int = PORT) -> Iterator[Loopback]:
    """Listens at this port of 127.0.0.1, 0 for any, while the block runs. Raises OSError."""
    server = _Server(("127.0.0.1", port), _Handler)
    try:
        yield Loopback(server)
    finally:
        server.server_close()


class _Server(HTTPServer):
    state = ""
    title = ""
    brought: Mapping[str, str] = {}
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away is no trouble of ours."""


class _Handler(BaseHTTPRequestHandler):
    timeout = 5.0
    server: _Server

    def do_GET(self) -> None:
        """The browser comes back; whatever does not bring our `state` is not it."""
        parts = urlsplit(self.path)
        given = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path != "/callback" or not self.server.state or given.get("state") != self.server.state:
            self._say(404, "There is nothing here.")
            return
        self.server.brought = given
        done = "code" in given
        title = self.server.title
        self._say(
            200,
            f"{title} has let you in. The terminal says how it goes on; you can close this window."
            if done
            else f"{title} did not log FirstContact in. The terminal says more.",
        )

    def _say(self, status: int, words: str) -> None:
        page = f"<!DOCTYPE html><meta charset=utf-8><title>FirstContact</title><p>{html.escape(words)}</p>"
        body = page.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """The line would have the code in it."""
