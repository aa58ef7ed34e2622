"""Logging in to a firm's Clio with a browser."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from firstcontact.connectors.clio.kind import BROWSER, KIND
from firstcontact.connectors.contract import AuthLapsed
from firstcontact.connectors.toolkit import oauth
from firstcontact.connectors.toolkit.http import Http
from firstcontact.testing.simulators.base import Kept
from firstcontact.testing.simulators.clio import credentials


def test_a_login_in_the_browser_opens_the_connection(firm: Any) -> None:
    """The code that the browser brings back becomes a token, which every request then bears."""
    assert BROWSER.oauth is not None
    kept = firm.credentials.read()
    client = {name: kept[name] for name in ("client_id", "client_secret")}
    options = {"region": "us", "address": firm.served.url}
    redirect = f"http://127.0.0.1:{oauth.PORT}/callback"
    request = oauth.begin(BROWSER.oauth, options, client["client_id"], redirect)
    answer = httpx2.get(request.address, follow_redirects=False)
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert back["state"] == [request.state]
    given = oauth.finish(
        Http("Clio Manage", firm.served.url), BROWSER.oauth, options, request, back["code"][0], client,
        firm.clock.now, "Clio Manage",
    )  # fmt: skip
    opening = firm.served.opening(firm.clock.now, credentials=Kept({**client, **given, "login": "browser"}))
    assert firm.served.connect(KIND, opening).users()


def test_a_login_of_another_region_is_refused(firm: Any) -> None:
    """Its tokens are not known here."""
    kept = Kept(credentials(firm.served.url, "eu")["browser"])
    opening = firm.served.opening(firm.clock.now, credentials=kept)
    with pytest.raises(AuthLapsed):
        firm.served.connect(KIND, opening).users()


def test_no_secret_goes_over_an_open_line(firm: Any) -> None:
    """A login at an address without TLS is refused before anything is sent, but for this machine itself."""
    door = Http("Clio Manage", "http://clio.example")
    with pytest.raises(AuthLapsed, match="https://"):
        oauth.ask_token(door, "/oauth/token", {"client_secret": "x"}, firm.clock.now, "Clio Manage")
