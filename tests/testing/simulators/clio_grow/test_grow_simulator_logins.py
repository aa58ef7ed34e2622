"""Logging in to the platform API: a day of access, refresh tokens that rotate on every use (apis A2, N)."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from firstcontact.testing.simulators.clio_grow import SIMULATOR, credentials
from firstcontact.testing.simulators.clio_grow.oauth import CLIENT_ID, CLIENT_SECRET, SCOPES

HERE = "http://127.0.0.1:8765/callback"
APP = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
VERIFIER = "a-verifier-of-at-least-forty-three-characters-in-all"
CHALLENGE = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
HOUR = 3_600


def token(firm: Any, **form: str) -> httpx2.Response:
    """An answer of the token endpoint."""
    answer: httpx2.Response = firm.client.post("/oauth/token", data={**APP, **form})
    return answer


def refreshed(firm: Any, refresh: str) -> httpx2.Response:
    """A refresh token is used."""
    return token(firm, grant_type="refresh_token", refresh_token=refresh)


def returned(firm: Any, **asked: str) -> dict[str, str]:
    """What the browser brings back."""
    base = {"response_type": "code", "client_id": CLIENT_ID, "redirect_uri": HERE, "state": "s1"}
    answer = firm.client.get("/oauth/authorize", params={**base, **asked})
    assert answer.status_code == 302, answer.text
    assert answer.headers["location"].startswith(HERE)
    back = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    assert back.pop("state") == "s1"
    return back


def by_code(firm: Any, code: str, **more: str) -> httpx2.Response:
    """A code is changed into tokens."""
    return token(firm, **{"grant_type": "authorization_code", "code": code, "redirect_uri": HERE, **more})


def accepted(firm: Any, access: str) -> bool:
    """Whether an access token is taken."""
    answer = firm.client.get("/grow/users/who_am_i", headers={"Authorization": f"Bearer {access}"})
    assert answer.status_code in (200, 401)
    return bool(answer.status_code == 200)


def test_a_code_becomes_tokens_once(firm: Any) -> None:
    """A code is good for tokens of 24 hours, once, at the redirect it was meant for, and for ten minutes."""
    code = returned(firm)["code"]
    told = by_code(firm, code).json()
    assert (told["token_type"], told["expires_in"]) == ("bearer", 86_400)
    assert accepted(firm, told["access_token"])
    again = by_code(firm, code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    other = by_code(firm, returned(firm)["code"], redirect_uri=f"{HERE}2")
    assert other.json()["error"] == "invalid_grant"
    late = returned(firm)["code"]
    firm.wait(600)
    assert by_code(firm, late).json()["error"] == "invalid_grant"


def test_a_code_with_a_challenge_needs_its_verifier(firm: Any) -> None:
    """With PKCE a code is no good to somebody who does not know the verifier."""
    for wrong in ({}, {"code_verifier": "another"}, {"code_verifier": CHALLENGE}):
        refused = by_code(firm, returned(firm, **PKCE)["code"], **wrong)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert by_code(firm, returned(firm, **PKCE)["code"], code_verifier=VERIFIER).status_code == 200
    plain = {**PKCE, "code_challenge_method": "plain"}
    assert returned(firm, **plain)["error"] == "invalid_request"
    assert returned(firm, code_challenge=CHALLENGE)["error"] == "invalid_request"


def test_a_challenge_may_be_required(firms: Any) -> None:
    """Whether a login without PKCE is taken is a switch of the application, not known here."""
    assert "code" in returned(firms())
    strict = firms(pkce="required")
    assert returned(strict)["error"] == "invalid_request"
    assert by_code(strict, returned(strict, **PKCE)["code"], code_verifier=VERIFIER).status_code == 200


def test_who_may_not_log_in(firm: Any) -> None:
    """An unknown application, a foreign redirect, another grant, a scope nobody has and a wrong secret."""
    asked = {"response_type": "code", "client_id": CLIENT_ID, "redirect_uri": HERE}
    assert firm.client.get("/oauth/authorize", params={**asked, "client_id": "x"}).status_code == 401
    far = {**asked, "redirect_uri": "http://elsewhere.example/"}
    assert firm.client.get("/oauth/authorize", params=far).status_code == 400
    assert returned(firm, response_type="token")["error"] == "unsupported_response_type"
    assert returned(firm, scope="grow_contact_write")["error"] == "invalid_scope"
    wrong = token(firm, grant_type="refresh_token", refresh_token=firm.refresh, client_secret="x")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert token(firm, grant_type="client_credentials").json()["error"] == "unsupported_grant_type"
    assert firm.client.post("/oauth/token", json=APP).status_code == 400
    assert firm.client.get("/oauth/token").status_code == 404


def test_the_client_may_name_itself_in_the_header(firm: Any) -> None:
    """Its name and secret are taken as basic authentication too; wrong ones are refused."""
    form = {"grant_type": "refresh_token", "refresh_token": firm.refresh}
    for auth in ((CLIENT_ID, "x"), ("x", CLIENT_SECRET)):
        assert firm.client.post("/oauth/token", data=form, auth=auth).status_code == 401
    broken = firm.client.post("/oauth/token", data=form, headers={"Authorization": "Basic é".encode()})
    assert broken.status_code == 401
    assert firm.client.post("/oauth/token", data=form, auth=(CLIENT_ID, CLIENT_SECRET)).status_code == 200


def test_a_refresh_token_rotates(firm: Any) -> None:
    """Every use answers another refresh token, and the one that was used is refused from then on."""
    tokens = [firm.refresh]
    for _ in range(4):
        answer = refreshed(firm, tokens[-1])
        assert answer.status_code == 200
        assert accepted(firm, answer.json()["access_token"])
        tokens.append(answer.json()["refresh_token"])
    assert len(set(tokens)) == 5
    for used in tokens[:-1]:
        again = refreshed(firm, used)
        assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert refreshed(firm, tokens[-1]).status_code == 200


def test_a_refresh_token_has_no_end(firm: Any) -> None:
    """It does not end by time."""
    firm.wait(400 * 24 * HOUR)
    assert refreshed(firm, firm.refresh).status_code == 200


@pytest.mark.parametrize("reuse", ["refused", "family_revoked"])
def test_what_a_second_use_does_is_not_verified(firms: Any, reuse: str) -> None:
    """It is refused; the login goes on, or it is over with all its tokens. Another login is left alone."""
    firm = firms(refresh_reuse=reuse)
    other = by_code(firm, returned(firm)["code"]).json()
    new = refreshed(firm, firm.refresh).json()
    assert refreshed(firm, firm.refresh).status_code == 400
    goes_on = reuse == "refused"
    assert accepted(firm, new["access_token"]) == goes_on
    assert (refreshed(firm, new["refresh_token"]).status_code == 200) == goes_on
    assert accepted(firm, other["access_token"])
    assert refreshed(firm, other["refresh_token"]).status_code == 200


@pytest.mark.parametrize("old", ["kept", "ended"])
def test_what_becomes_of_older_access_is_not_verified(firms: Any, old: str) -> None:
    """An access token of before a refresh goes on until its end, or ends at once."""
    firm = firms(old_access=old)
    new = refreshed(firm, firm.refresh).json()
    assert accepted(firm, firm.token) == (old == "kept")
    assert accepted(firm, new["access_token"])


def test_an_access_token_ends_after_a_day(firm: Any) -> None:
    """A second before the end it is taken, then no more."""
    firm.wait(24 * HOUR - 1)
    assert accepted(firm, firm.token)
    firm.wait(1)
    assert not accepted(firm, firm.token)


def test_a_token_is_good_in_its_region(firms: Any) -> None:
    """A token of one region is refused in another, access and refresh tokens alike."""
    european, american = firms(region="eu"), firms()
    assert accepted(european, european.token)
    assert not accepted(european, american.token)
    assert not accepted(american, european.token)
    assert refreshed(european, american.refresh).status_code == 400
    assert refreshed(european, european.refresh).status_code == 200


def test_without_a_token_there_is_nothing(firm: Any) -> None:
    """No header, another scheme and an unknown token are 401, in Clio's envelope, and count as requests."""
    for headers in ({}, {"Authorization": f"Basic {firm.token}"}, {"Authorization": "Bearer nonsense"}):
        answer = firm.client.get("/grow/contacts", headers=headers)
        assert answer.status_code == 401
        assert answer.json()["error"]["status"] == "401"
    assert firm.simulator.requests == 3


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_a_login_can_be_given_up(firm: Any, which: str) -> None:
    """Named by either token it is over with both; other logins go on, and an unknown token is no error."""
    mine = by_code(firm, returned(firm)["code"]).json()
    assert firm.client.post("/oauth/revoke", data={"token": mine[which]}).status_code == 401
    for given in (mine[which], "nonsense"):
        assert firm.client.post("/oauth/revoke", data={**APP, "token": given}).status_code == 200
    assert not accepted(firm, mine["access_token"])
    assert refreshed(firm, mine["refresh_token"]).status_code == 400
    assert accepted(firm, firm.token)


def test_a_login_can_be_taken_away(firm: Any) -> None:
    """An administrator ends all, and none is given any more."""
    firm.simulator.revoke()
    assert not accepted(firm, firm.token)
    refused = refreshed(firm, firm.refresh)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert returned(firm) == {"error": "access_denied"}


@pytest.mark.parametrize(
    ("scope", "method", "path", "body"),
    [
        ("grow_contact_read", "GET", "/contacts", None),
        ("grow_contact_note_read", "GET", "/contacts/{id}/notes", None),
        ("grow_contact_note_write", "POST", "/contacts/{id}/notes", {"subject": "Call", "body": "…"}),
        ("grow_matter_read", "GET", "/matters", None),
        ("grow_matter_note_read", "GET", "/matters/{matter}/notes", None),
        ("grow_matter_note_write", "POST", "/matters/{matter}/notes", {"subject": "Call", "body": "…"}),
        ("grow_lead_inbox_read", "GET", "/inbox_leads?state=untriaged", None),
        ("grow_lead_inbox_write", "POST", "/inbox_leads", "lead"),
        ("grow_user_read", "GET", "/users", None),
    ],
)
def test_each_resource_has_a_scope(firm: Any, scope: str, method: str, path: str, body: Any) -> None:
    """A login that was not granted it is refused with 403, and one that was is answered."""
    id = firm.desk.add("contact", {"last_name": "Ng"})
    path = path.format(id=id, matter=firm.desk.add("matter", {"contact": id, "name": "Ng"}))
    body = firm.sent if body == "lead" else body
    others = " ".join(one for one in SCOPES if one != scope)
    firm.token = by_code(firm, returned(firm, scope=others)["code"]).json()["access_token"]
    refused = firm.ask(method, path, body)
    assert (refused.status_code, refused.json()["error"]["status"]) == (403, "403")
    told = by_code(firm, returned(firm, scope=scope)["code"]).json()
    assert told["scope"] == scope
    firm.token = told["access_token"]
    assert firm.ask(method, path, body).status_code in (200, 201)


def test_the_usual_credentials_are_taken(firm: Any) -> None:
    """What the kind says a connection logs in with is what the simulator takes, and everything is on."""
    kept = SIMULATOR.credentials(firm.url)
    assert list(kept) == ["browser", "token"]
    assert accepted(firm, kept["browser"]["access_token"])
    assert firm.inbox(token=kept["token"]["inbox_lead_token"]).status_code == 201
    options = {"api": "platform", "writes": True, "region": "us", "address": firm.url}
    assert SIMULATOR.options(firm.url) == options
    assert credentials(firm.url, "eu")["browser"]["access_token"] != kept["browser"]["access_token"]
