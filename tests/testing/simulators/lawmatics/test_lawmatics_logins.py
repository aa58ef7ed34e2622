"""Logging in to Lawmatics: a code, a token that never ends, and nothing else (apis A3, "OAuth")."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from firstcontact.testing.simulators.lawmatics import oauth

BACK = "http://127.0.0.1:8765/callback"
APP = {"client_id": oauth.CLIENT_ID, "client_secret": oauth.CLIENT_SECRET}
YEAR = 366 * 86_400


def code(firm: Any, **more: str) -> str:
    """A code, as the browser brings it back."""
    asked = {"client_id": oauth.CLIENT_ID, "redirect_uri": BACK, "response_type": "code", **more}
    answer = firm.client.get("/oauth/authorize", params=asked)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(BACK)
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


def exchange(firm: Any, **given: str) -> Any:
    """What the token endpoint answers."""
    form = {**APP, "grant_type": "authorization_code", "redirect_uri": BACK, **given}
    return firm.client.post("/oauth/token", data=form)


def test_a_code_becomes_a_token_that_never_ends(firm: Any) -> None:
    """The answer has a token and when it was made, no end and no refresh token; a year on it is good."""
    answer = exchange(firm, code=code(firm))
    assert answer.status_code == 200
    told = answer.json()
    assert set(told) == {"token_type", "access_token", "created_at"}
    assert (told["token_type"], told["created_at"]) == ("bearer", firm.clock.now() // 1_000_000)
    old, firm.token = firm.token, told["access_token"]
    firm.wait(YEAR)
    assert firm.data("/contacts") == []
    firm.token = old
    assert firm.data("/contacts") == []


def test_the_token_endpoint_takes_json_too(firm: Any) -> None:
    """The published text says POST body and no more: a form and JSON are both taken."""
    body = {**APP, "grant_type": "authorization_code", "redirect_uri": BACK, "code": code(firm)}
    assert "access_token" in firm.client.post("/oauth/token", json=body).json()
    assert firm.client.post("/oauth/token", content=b"code").json()["error"] == "invalid_request"


def test_a_code_is_good_once_and_for_its_redirect(firm: Any) -> None:
    """A used code, one for another address, one that is too old and a wrong secret are refused."""
    used = code(firm)
    assert exchange(firm, code=used).status_code == 200
    assert exchange(firm, code=used).json()["error"] == "invalid_grant"
    other = exchange(firm, code=code(firm), redirect_uri="https://other.example/")
    assert (other.status_code, other.json()["error"]) == (400, "invalid_grant")
    late = code(firm)
    firm.wait(oauth.CODE_SECONDS)
    assert exchange(firm, code=late).json()["error"] == "invalid_grant"
    wrong = exchange(firm, code=code(firm), client_secret="wrong")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert exchange(firm, grant_type="refresh_token").json()["error"] == "unsupported_grant_type"


def test_state_comes_back_and_wrong_requests_do_not_go_on(firm: Any) -> None:
    """`state` is handed through; an unknown application or a redirect over plain HTTP is refused in place."""
    asked = {"client_id": oauth.CLIENT_ID, "redirect_uri": BACK, "response_type": "code", "state": "s 1"}
    answer = firm.client.get("/oauth/authorize", params=asked)
    assert parse_qs(urlsplit(answer.headers["location"]).query)["state"] == ["s 1"]
    for wrong in ({"client_id": "other"}, {"redirect_uri": "http://evil.example/"}):
        assert firm.client.get("/oauth/authorize", params={**asked, **wrong}).status_code in (400, 401)
    answer = firm.client.get("/oauth/authorize", params={**asked, "response_type": "token"})
    assert "error=unsupported_response_type" in answer.headers["location"]


def test_there_is_nothing_to_end_a_token_with(firm: Any) -> None:
    """No path revokes or renews."""
    for path in ("/oauth/revoke", "/oauth/deauthorize"):
        assert firm.client.post(path, data=APP).status_code == 404
    assert firm.data("/contacts") == []


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic lawmatics-token-simulated"])
def test_401_has_an_empty_body(firm: Any, header: str | None) -> None:
    """Without a good token the answer is 401 and nothing (apis A3)."""
    answer = firm.client.get("/v1/contacts", headers={"Authorization": header} if header else {})
    assert (answer.status_code, answer.content) == (401, b"")


def test_access_taken_away_ends_every_token(firm: Any) -> None:
    """After `revoke` the token is refused, and no other is to be had."""
    firm.simulator.revoke()
    answer = firm.ask("GET", "/contacts")
    assert (answer.status_code, answer.content) == (401, b"")
    asked = {"client_id": oauth.CLIENT_ID, "redirect_uri": BACK, "response_type": "code"}
    assert "error=access_denied" in firm.client.get("/oauth/authorize", params=asked).headers["location"]


def test_an_unknown_path_is_404_before_anybody_asks_who_it_is(firm: Any) -> None:
    """The router's own 404, as it was seen live, without a login and without counting to the limit."""
    for method, path in (
        ("GET", "/v1/openapi.json"),
        ("GET", "/v2/contacts"),
        ("PUT", "/v1/contacts"),
        ("GET", "/v1/contact?page=2"),
        ("POST", "/v1/activities"),
        ("DELETE", "/v1/users/3"),
        ("GET", "/v1/notes/find_by_name/x"),
        ("GET", "/v1/contacts/1/notes"),
    ):
        answer = firm.client.request(method, path)
        assert answer.status_code == 404, path
        (error,) = answer.json()["errors"]
        assert error["title"] == "Not Found"
        assert error["detail"].startswith("This resource path does not exist")
