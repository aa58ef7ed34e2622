"""Log-ins of a data centre, and what they may do."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from firstcontact.testing.simulators.zoho import credentials
from firstcontact.testing.simulators.zoho.quirks import DATA_CENTERS


def token(firm: Any, in_address: bool = False, **form: str) -> Any:
    """The answer of the token endpoint; a refresh by default."""
    kept = firm.kept
    client = {"client_id": kept["client_id"], "client_secret": kept["client_secret"]}
    usual = {"grant_type": "refresh_token", "refresh_token": kept["refresh_token"]}
    given = {**client, **(usual if "grant_type" not in form else {}), **form}
    place = {"params": given} if in_address else {"data": given}
    return firm.client.post("/oauth/v2/token", **place)


def authorized(firm: Any, **more: str) -> dict[str, str]:
    """What the browser brings back."""
    asked = {
        "response_type": "code",
        "client_id": firm.kept["client_id"],
        "redirect_uri": "http://127.0.0.1:9/back",
        "scope": "ZohoCRM.modules.ALL,ZohoCRM.coql.READ",
        "access_type": "offline",
        "state": "s1",
        **more,
    }
    answer = firm.client.get("/oauth/v2/auth", params=asked)
    assert answer.status_code == 302, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def test_the_header_is_zohos_own(firm: Any) -> None:
    """`Zoho-oauthtoken` is taken; Bearer, no header, and a made-up token are refused."""
    assert firm.ask("GET", "/org").status_code == 200
    for header, code in (
        (f"Bearer {firm.token}", "INVALID_TOKEN"),
        ("Zoho-oauthtoken 1000.made.up", "INVALID_TOKEN"),
        ("", "AUTHENTICATION_FAILURE"),
    ):
        status, told, _ = firm.error("GET", "/org", headers={"Authorization": header})
        assert (status, told) == (401, code), header


@pytest.mark.parametrize("center", DATA_CENTERS)
def test_a_login_is_of_one_data_centre(firms: Any, center: str) -> None:
    """Tokens of the simulator's data centre are taken, those of every other refused, refresh tokens too."""
    firm = firms(data_center=center)
    assert firm.ask("GET", "/org").status_code == 200
    other = "eu" if center != "eu" else "in"
    firm.kept = credentials(firm.url, other)["browser"]
    firm.token = firm.kept["access_token"]
    assert firm.error("GET", "/org")[:2] == (401, "INVALID_TOKEN")
    assert token(firm).json() == {"error": "invalid_code"}


def test_a_refresh_gives_an_access_token_and_the_api_s_host(firm: Any) -> None:
    """An hour's token, where the API is, and no new refresh token; in the address or in the body."""
    for in_address in (False, True):
        told = token(firm, in_address).json()
        assert (told["api_domain"], told["expires_in"], told["token_type"]) == (firm.url, 3600, "Bearer")
        assert "refresh_token" not in told
        firm.token = told["access_token"]
        assert firm.ask("GET", "/org").status_code == 200
    firm.wait(3601)
    assert firm.error("GET", "/org")[:2] == (401, "INVALID_TOKEN")


def test_ten_tokens_in_ten_minutes(firm: Any) -> None:
    """The eleventh is refused until the window that the first one opened is over (must reproduce)."""
    for _ in range(10):
        assert "access_token" in token(firm).json()
        firm.wait(50)
    answer = token(firm)
    assert answer.status_code == 400
    assert (answer.json()["error"], answer.json()["status"]) == ("Access Denied", "failure")
    firm.wait(99)
    assert token(firm).json()["error"] == "Access Denied"
    firm.wait(1)
    assert "access_token" in token(firm).json()
    assert firm.ask("GET", "/org").status_code == 200


def test_refusals_of_the_token_endpoint(firms: Any) -> None:
    """They come with 200, or 400, and so does the block, by quirk."""
    firm = firms()
    assert token(firm, client_id="x").json() == {"error": "invalid_client"}
    assert token(firm, client_secret="x").json() == {"error": "invalid_client_secret"}
    answer = token(firm, grant_type="refresh_token", refresh_token="x")
    assert (answer.status_code, answer.json()) == (200, {"error": "invalid_code"})
    assert firm.client.get("/oauth/v2/token").status_code == 405
    firm = firms(token_error="400", block_status="200")
    assert token(firm, grant_type="authorization_code", code="x").status_code == 400
    for _ in range(10):
        token(firm)
    assert (token(firm).status_code, token(firm).json()["error"]) == (200, "Access Denied")


def test_a_browser_s_login(firms: Any) -> None:
    """The code comes back with where the login is kept, is redeemed once, and gives a refresh token when it
    was asked for offline."""
    firm = firms(data_center="eu")
    back = authorized(firm)
    assert (back["state"], back["location"], back["accounts-server"]) == ("s1", "eu", firm.url)
    form = {"grant_type": "authorization_code", "code": back["code"]}
    assert (
        token(firm, **form, redirect_uri="http://127.0.0.1:9/else").json()["error"] == "invalid_redirect_uri"
    )
    form["code"] = authorized(firm)["code"]
    told = token(firm, **form, redirect_uri="http://127.0.0.1:9/back").json()
    assert told["refresh_token"]
    assert token(firm, grant_type="refresh_token", refresh_token=told["refresh_token"]).status_code == 200
    assert token(firm, **form, redirect_uri="http://127.0.0.1:9/back").json() == {"error": "invalid_code"}
    firm.token = told["access_token"]
    assert firm.ask("GET", "/Contacts", params={"fields": "id"}).status_code == 204
    assert firm.error("GET", "/org")[:2] == (401, "OAUTH_SCOPE_MISMATCH")
    form["code"] = authorized(firm, access_type="online")["code"]
    assert "refresh_token" not in token(firm, **form, redirect_uri="http://127.0.0.1:9/back").json()
    assert "location" not in authorized(firms(location_names="none"))


def test_a_login_that_is_not_given(firm: Any) -> None:
    """An unknown client and a foreign redirect are not sent on; no scope and a revoked login come back."""
    asked = {"client_id": "x", "redirect_uri": "http://127.0.0.1:9/back"}
    assert firm.client.get("/oauth/v2/auth", params=asked).json() == {"error": "invalid_client"}
    asked = {"client_id": firm.kept["client_id"], "redirect_uri": "http://elsewhere.example/back"}
    assert firm.client.get("/oauth/v2/auth", params=asked).json() == {"error": "invalid_redirect_uri"}
    assert authorized(firm, scope="")["error"] == "invalid_scope"
    firm.simulator.revoke()
    assert authorized(firm)["error"] == "access_denied"


def test_a_self_client_s_code(firm: Any) -> None:
    """It is redeemed without a redirect, once, within ten minutes."""
    kept = credentials(firm.url)["self_client"]
    form = {"grant_type": "authorization_code", "code": kept["code"]}
    assert token(firm, **form).json()["refresh_token"]
    assert token(firm, **form).json() == {"error": "invalid_code"}


def test_a_code_ends(firm: Any) -> None:
    """A grant code is worth nothing after ten minutes."""
    firm.wait(600)
    form = {"grant_type": "authorization_code", "code": credentials(firm.url)["self_client"]["code"]}
    assert token(firm, **form).json() == {"error": "invalid_code"}


def test_a_revoked_login_is_over(firm: Any) -> None:
    """Every token is refused, and none is given."""
    firm.simulator.revoke()
    assert firm.error("GET", "/org")[:2] == (401, "INVALID_TOKEN")
    assert token(firm).json() == {"error": "invalid_code"}


@pytest.mark.parametrize(
    ("method", "path", "lacking"),
    [
        ("GET", "/Contacts?fields=id", "modules"),
        ("POST", "/Contacts", "modules"),
        ("POST", "/coql", "coql"),
        ("GET", "/settings/fields?module=Leads", "settings"),
        ("GET", "/users", "users"),
        ("GET", "/org", "org"),
        ("GET", "/Leads/search?word=test", "securesearch"),
        ("POST", "/__composite_requests", "composite"),
    ],
)
def test_a_missing_scope_is_named(firms: Any, method: str, path: str, lacking: str) -> None:
    """Without its scope a request is refused with OAUTH_SCOPE_MISMATCH; with it, it is not."""
    from firstcontact.testing.simulators.zoho.oauth import SCOPES

    body = {"select_query": "select id from Leads where id is not null", "data": [{"Last_Name": "Ng"}]}
    given = {"body": body} if method == "POST" else {}
    firm = firms(scopes=tuple(scope for scope in SCOPES if lacking not in scope))
    assert firm.error(method, path, **given)[:2] == (401, "OAUTH_SCOPE_MISMATCH")
    answer = firms().ask(method, path, **given)
    assert answer.status_code != 401, answer.text


def test_scopes_of_one_module_and_one_action(firms: Any) -> None:
    """`ZohoCRM.modules.contacts.READ` reads contacts and nothing else."""
    firm = firms(scopes=("ZohoCRM.modules.contacts.READ",))
    assert firm.ask("GET", "/Contacts", params={"fields": "id"}).status_code == 204
    assert firm.error("GET", "/Leads", params={"fields": "id"})[1] == "OAUTH_SCOPE_MISMATCH"
    assert firm.error("POST", "/Contacts", {"data": [{"Last_Name": "Ng"}]})[1] == "OAUTH_SCOPE_MISMATCH"
