"""A kind of CRM that only these tests know: a served address book behind a login, and its vendor."""

from __future__ import annotations

import secrets
import socket
import threading
import urllib.request
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode

import msgspec

from firstcontact.connectors.contract import (
    Asked,
    AuthLapsed,
    CrmKind,
    Diagnosis,
    Login,
    OAuth,
    Opening,
    Option,
)
from firstcontact.connectors.toolkit.http import Http
from firstcontact.connectors.toolkit.oauth import refreshing
from firstcontact.connectors.toolkit.tokens import Tokens
from firstcontact.testing.served.client import ServedCrm
from firstcontact.testing.served.process import Served

SECRET = "office-s3cret-41f0"
KEY = "office-k3y-77aa"


class Office:
    """The vendor: where browsers log in, which tokens are given, and what its kind is in the program."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.url = ""
        self.codes: dict[str, Mapping[str, str]] = {}
        self.refreshes = 0
        self.denies = False
        self.missing = ["a field for our key"]
        self.opened: list[str] = []
        self.kind = CrmKind(
            capabilities=msgspec.structs.replace(served.address.capabilities, kind="office", title="Office"),
            open=lambda opening: OfficeCrm(self, opening),
            options={
                "address": Option(meaning="where it is", required=True),
                "tint": Option(meaning="its colour", default="grey", choices=("grey", "blue")),
                "pages": Option(meaning="how much at once", default=100),
            },
            logins=(
                Login(
                    name="key",
                    meaning="a key of the office",
                    asks=(
                        Asked(name="account", meaning="Account", secret=False),
                        Asked(name="api_key", meaning="Key"),
                        Asked(name="note", meaning="Note", secret=False, required=False),
                    ),
                ),
                Login(
                    name="browser",
                    meaning="in the browser",
                    asks=(
                        Asked(name="client_id", meaning="Id of the application", secret=False),
                        Asked(name="client_secret", meaning="Its secret"),
                    ),
                    oauth=OAuth(
                        authorize=lambda options: f"{options['address']}/authorize",
                        token=lambda options: f"{options['address']}/token",
                        scopes=("contacts", "calls"),
                    ),
                ),
            ),
        )

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        """The vendor's pages, strict."""
        if scope["path"] == "/authorize":
            given = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
            await _redirect(send, self._authorize(given))
            return
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        await _json(send, *self._token(form))

    def _authorize(self, given: Mapping[str, str]) -> str:
        assert given["response_type"] == "code"
        assert given["code_challenge_method"] == "S256"
        assert given["scope"] == "contacts calls"
        if self.denies:
            answer = {"error": "access_denied", "error_description": "The user said no."}
        else:
            code = secrets.token_hex(8)
            self.codes[code] = given
            answer = {"code": code}
        return f"{given['redirect_uri']}?{urlencode({**answer, 'state': given['state']})}"

    def _token(self, form: Mapping[str, str]) -> tuple[int, Mapping[str, Any]]:
        if form.get("client_secret") != SECRET:
            return 401, {"error": "invalid_client"}
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] != "for good":
                return 400, {"error": "invalid_grant"}
            self.refreshes += 1
            return 200, {"access_token": self.served.address.token, "expires_in": 3600}
        begun = self.codes.pop(form["code"])
        digest = urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        if digest != begun["code_challenge"] or form["redirect_uri"] != begun["redirect_uri"]:
            return 400, {"error": "invalid_grant", "error_description": "not the one that began"}
        return 200, {"access_token": "ends at once", "expires_in": 1, "refresh_token": "for good"}

    def browse(self, address: str) -> bool:
        """A person's browser, which follows where it is sent."""
        self.opened.append(address)
        threading.Thread(target=lambda: urllib.request.urlopen(address).read(), daemon=True).start()
        return True


class OfficeCrm:
    """The connector. Whatever is not here is the served CRM's, asked with the token of the login."""

    def __init__(self, office: Office, opening: Opening) -> None:
        self.connection = opening.connection
        self.opening = opening
        self._office = office
        address = str(opening.options["address"])
        refresh = refreshing(Http("Office", address), "/token", opening.now, "Office")

        def renew(kept: Mapping[str, str]) -> Mapping[str, str]:
            if kept["login"] != "key":
                return refresh(kept)
            return {"access_token": office.served.address.token if kept["api_key"] == KEY else "wrong"}

        self._tokens = Tokens(opening.credentials, renew, opening.now)

    def capabilities(self) -> Any:
        """The kind's."""
        return self._office.kind.capabilities

    def examine(self) -> Sequence[Diagnosis]:
        """What is missing."""
        return [
            Diagnosis(state="error", about=each, sentence=f"There is not {each}.", remedy="doctor --fix")
            for each in self._office.missing
        ] or [Diagnosis(state="ok", about="fields", sentence="All fields are there.")]

    def prepare(self) -> Sequence[str]:
        """Make it."""
        made, self._office.missing = self._office.missing, []
        return [f"Made {each}." for each in made]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def ask(*arguments: Any) -> Any:
            headers = self._tokens.headers()
            try:
                return self._call(name, headers, arguments)
            except AuthLapsed:
                self._tokens.refused(headers)
                return self._call(name, self._tokens.headers(), arguments)

        return ask

    def _call(self, name: str, headers: Mapping[str, str], arguments: Sequence[Any]) -> Any:
        at = self._office.served.address
        token = headers["Authorization"].partition(" ")[2]
        client = ServedCrm(at.url, token, self.connection, self.capabilities())
        try:
            return getattr(client, name)(*arguments)
        finally:
            client.close()


async def _redirect(send: Any, to: str) -> None:
    headers = [(b"location", to.encode()), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 302, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _json(send: Any, status: int, body: Mapping[str, Any]) -> None:
    content = msgspec.json.encode(body)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def port() -> int:
    """A port that nobody listens at."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        return int(listening.getsockname()[1])
