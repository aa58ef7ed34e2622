"""Logging in to the simulated Salesforce."""

from __future__ import annotations

import base64
import hashlib
import json
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from firstcontact.testing.simulators.salesforce import SIMULATOR

NOW = 1_772_452_800
KEPT = SIMULATOR.credentials("")
CLIENT = {name: KEPT["client_credentials"][name] for name in ("client_id", "client_secret")}
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def assertion(key: str = "", **changed: object) -> str:
    """A signed assertion, as a connector makes it."""
    kept = KEPT["jwt"]
    claims = {
        "iss": kept["client_id"],
        "sub": kept["username"],
        "aud": "https://login.salesforce.com",
        "exp": NOW + 120,
        **changed,
    }
    return jwt.encode({"alg": "RS256"}, claims, RSAKey.import_key(key or kept["private_key"]))


def works(api, answer: httpx2.Response) -> bool:
    """Whether the token of an answer is taken."""
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    return api("GET", "limits", headers=headers).status_code == 200


def test_each_way_gives_a_session(api) -> None:
    """Client credentials, in the form or as Basic, JWT bearer and a refresh token give tokens that work."""
    basic = base64.b64encode(f"{CLIENT['client_id']}:{CLIENT['client_secret']}".encode()).decode()
    refresh = KEPT["refresh_token"]["refresh_token"]
    answers = [
        api.token(grant_type="client_credentials", **CLIENT),
        httpx2.post(
            f"{api.url}/services/oauth2/token",
            data={"grant_type": "client_credentials"},
            headers={"Authorization": f"Basic {basic}"},
        ),
        api.token(grant_type=JWT_GRANT, assertion=assertion()),
        api.token(grant_type="refresh_token", refresh_token=refresh, **CLIENT),
    ]
    assert all(works(api, answer) for answer in answers)
    assert all("refresh_token" not in answer.json() for answer in answers)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"iss": "somebody"}, "invalid_client_id"),
        ({"sub": "somebody@firm.example"}, "invalid_grant"),
        ({"aud": "https://elsewhere.example"}, "invalid_grant"),
        ({"exp": NOW - 1}, "invalid_grant"),
        ({"exp": NOW + 600}, "invalid_grant"),
    ],
)
def test_a_wrong_assertion_is_refused(api, changed: dict[str, object], error: str) -> None:
    """An assertion for another client, user or audience, one that ended and one that lasts too long: 400."""
    answer = api.token(grant_type=JWT_GRANT, assertion=assertion(**changed))
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_foreign_signature_is_refused(api) -> None:
    """An assertion that another key signed is refused."""
    other = RSAKey.generate_key(2048).as_pem(private=True).decode()
    assert api.token(grant_type=JWT_GRANT, assertion=assertion(other)).status_code == 400
    assert api.token(grant_type=JWT_GRANT, assertion="no.jwt.at all").status_code == 400


def test_words_are_missing_sometimes(org) -> None:
    """A refused login has `error`, and `error_description` only sometimes, or as the switch says."""
    for quirk, expected in (("sometimes", {0, 1}), ("always", {1}), ("never", {0})):
        api = org(error_description=quirk)
        answers = [api.token(grant_type="password") for _ in range(4)]
        assert {answer.status_code for answer in answers} == {400}
        assert {len(answer.json()) - 1 for answer in answers} == expected
        assert {answer.json()["error"] for answer in answers} == {"unsupported_grant_type"}


def test_a_refresh_token_rotates_where_it_is_switched_on(org) -> None:
    """With rotation on, a refresh gives a new refresh token and the old one is refused."""
    api = org(rotate_refresh_token=True)
    old = KEPT["refresh_token"]["refresh_token"]
    said = api.token(grant_type="refresh_token", refresh_token=old, **CLIENT).json()
    assert said["refresh_token"] != old
    assert api.token(grant_type="refresh_token", refresh_token=old, **CLIENT).status_code == 400
    again = api.token(grant_type="refresh_token", refresh_token=said["refresh_token"], **CLIENT)
    assert again.status_code == 200


def authorized(api, verifier: str) -> str:
    """A code by the browser flow, for the challenge of this verifier."""
    digest = hashlib.sha256(verifier.encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": CLIENT["client_id"],
        "redirect_uri": "http://127.0.0.1:9999/back",
        "state": "s1",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    answer = httpx2.get(f"{api.url}/services/oauth2/authorize", params=asked, follow_redirects=False)
    assert answer.status_code == 302
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert back["state"] == ["s1"]
    return back["code"][0]


def test_the_browser_flow_gives_a_refresh_token(api) -> None:
    """A code and its verifier give a session and a refresh token, once."""
    form = {"redirect_uri": "http://127.0.0.1:9999/back", "code_verifier": "v" * 50, **CLIENT}
    code = authorized(api, "v" * 50)
    answer = api.token(grant_type="authorization_code", code=code, **form)
    assert works(api, answer)
    again = api.token(grant_type="authorization_code", code=code, **form)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    refresh = answer.json()["refresh_token"]
    assert api.token(grant_type="refresh_token", refresh_token=refresh, **CLIENT).status_code == 200


def test_pkce_is_checked(api) -> None:
    """Another verifier than the challenge's is refused, and so is a redirect to elsewhere."""
    form = {"redirect_uri": "http://127.0.0.1:9999/back", "code_verifier": "w" * 50, **CLIENT}
    assert (
        api.token(grant_type="authorization_code", code=authorized(api, "v" * 50), **form).status_code == 400
    )
    asked = {
        "response_type": "code",
        "client_id": CLIENT["client_id"],
        "redirect_uri": "https://evil.example/",
    }
    answer = httpx2.get(f"{api.url}/services/oauth2/authorize", params=asked, follow_redirects=False)
    assert answer.status_code == 400


def test_sessions_end(api) -> None:
    """A session that ended is 401 INVALID_SESSION_ID, and a new login goes on; after `revoke` none does."""
    api.simulator.expire()
    answer = api("GET", "limits")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")
    api.log_in()
    assert api("GET", "limits").status_code == 200
    api.simulator.revoke()
    assert api("GET", "limits").status_code == 401
    assert api.token(grant_type="client_credentials", **CLIENT).status_code == 400


def test_who_is_logged_in(api) -> None:
    """The identity address of the token tells the integration user, to who is logged in."""
    said = api.token(grant_type="client_credentials", **CLIENT).json()
    who = httpx2.get(said["id"], headers={"Authorization": f"Bearer {said['access_token']}"}).json()
    assert said["id"].endswith(who["user_id"])
    assert who["username"] == KEPT["jwt"]["username"]
    assert httpx2.get(said["id"]).status_code == 403
    assert json.loads(httpx2.get(f"{api.url}/services/data").text)[-1]["version"] == "67.0"
