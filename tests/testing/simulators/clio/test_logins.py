"""Logging in, and how much one may ask (apis A2, "OAuth", "Rate limit")."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from firstcontact.testing.simulators.clio import SIMULATOR, credentials, limits
from firstcontact.testing.simulators.clio.oauth import CLIENT_ID, CLIENT_SECRET

HERE = "http://127.0.0.1:8765/callback"
APP = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
DAY = 86_400
WHO = "/users/who_am_i.json"


def token(firm: Any, **form: str) -> httpx2.Response:
    """An answer of the token endpoint."""
    answer: httpx2.Response = firm.client.post("/oauth/token", data={**APP, **form})
    return answer


def code(firm: Any, redirect: str = HERE) -> str:
    """A code, as the browser brings it back."""
    asked = {"response_type": "code", "client_id": CLIENT_ID, "redirect_uri": redirect, "state": "s1"}
    answer = firm.client.get("/oauth/authorize", params=asked)
    assert answer.status_code == 302
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert answer.headers["location"].startswith(redirect)
    assert back["state"] == ["s1"]
    return back["code"][0]


def accepted(firm: Any, access: str) -> bool:
    """Whether a token is taken."""
    answer = firm.client.get(f"/api/v4{WHO}", headers={"Authorization": f"Bearer {access}"})
    assert answer.status_code in (200, 401)
    return bool(answer.status_code == 200)


def test_a_code_becomes_tokens_once(firm: Any) -> None:
    """A code is good for tokens of 30 days, once, at the redirect it was meant for, and for ten minutes."""
    first = code(firm)
    answer = token(firm, grant_type="authorization_code", code=first, redirect_uri=HERE)
    told = answer.json()
    assert set(told) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert (told["token_type"], told["expires_in"]) == ("bearer", 2_592_000)
    assert accepted(firm, told["access_token"])
    again = token(firm, grant_type="authorization_code", code=first, redirect_uri=HERE)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    other = token(firm, grant_type="authorization_code", code=code(firm), redirect_uri=f"{HERE}2")
    assert other.json()["error"] == "invalid_grant"
    late = code(firm)
    firm.wait(600)
    assert token(firm, grant_type="authorization_code", code=late, redirect_uri=HERE).status_code == 400


def test_who_may_not_log_in(firm: Any) -> None:
    """An unknown application, a foreign redirect, another grant and a wrong secret are refused."""
    asked = {"response_type": "code", "client_id": CLIENT_ID, "redirect_uri": HERE}
    assert firm.client.get("/oauth/authorize", params={**asked, "client_id": "x"}).status_code == 401
    far = {**asked, "redirect_uri": "http://elsewhere.example/"}
    assert firm.client.get("/oauth/authorize", params=far).status_code == 400
    refresh = credentials("", "us")["browser"]["refresh_token"]
    wrong = token(firm, grant_type="refresh_token", refresh_token=refresh, client_secret="x")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    other = token(firm, grant_type="client_credentials")
    assert other.json()["error"] == "unsupported_grant_type"
    assert firm.client.post("/oauth/token", json=APP).status_code == 400


def test_a_refresh_token_stays(firm: Any) -> None:
    """It can be used again and again, and is answered as it is; older access tokens go on until they end."""
    refresh = credentials("", "us")["browser"]["refresh_token"]
    answers = [token(firm, grant_type="refresh_token", refresh_token=refresh).json() for _ in range(3)]
    assert {one["refresh_token"] for one in answers} == {refresh}
    access = [one["access_token"] for one in answers]
    assert len(set(access)) == 3
    assert all(accepted(firm, one) for one in [*access, firm.token])
    firm.wait(400 * DAY)
    later = token(firm, grant_type="refresh_token", refresh_token=refresh)
    assert accepted(firm, later.json()["access_token"])


def test_an_access_token_ends_after_thirty_days(firm: Any) -> None:
    """A second before the end it is taken, then no more."""
    firm.wait(30 * DAY - 1)
    assert accepted(firm, firm.token)
    firm.wait(1)
    assert not accepted(firm, firm.token)


def test_a_token_is_good_in_its_region(firms: Any) -> None:
    """A token of one region is refused in another, access and refresh tokens alike."""
    european, american = firms(region="eu"), firms()
    assert accepted(european, european.token)
    assert not accepted(european, american.token)
    assert not accepted(american, european.token)
    refresh = credentials("", "us")["browser"]["refresh_token"]
    assert token(american, grant_type="refresh_token", refresh_token=refresh).status_code == 200
    assert token(european, grant_type="refresh_token", refresh_token=refresh).status_code == 400


def test_without_a_token_there_is_nothing(firm: Any) -> None:
    """No header, another scheme and an unknown token are 401, in Clio's envelope, and count as requests."""
    for headers in ({}, {"Authorization": f"Basic {firm.token}"}, {"Authorization": "Bearer nonsense"}):
        answer = firm.client.get(f"/api/v4{WHO}", headers=headers)
        assert answer.status_code == 401
        assert set(answer.json()) == {"error"}
    assert firm.simulator.requests == 3


def test_a_login_can_be_given_up_and_taken_away(firm: Any) -> None:
    """Deauthorize ends one login with its refresh token; revoke ends all, and none is given any more."""
    mine = token(firm, grant_type="authorization_code", code=code(firm), redirect_uri=HERE).json()
    bearer = {"Authorization": f"Bearer {mine['access_token']}"}
    assert firm.client.post("/oauth/deauthorize", headers=bearer).status_code == 200
    assert not accepted(firm, mine["access_token"])
    assert token(firm, grant_type="refresh_token", refresh_token=mine["refresh_token"]).status_code == 400
    assert accepted(firm, firm.token)
    firm.simulator.revoke()
    assert not accepted(firm, firm.token)
    refresh = credentials("", "us")["browser"]["refresh_token"]
    refused = token(firm, grant_type="refresh_token", refresh_token=refresh)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    asked = {"response_type": "code", "client_id": CLIENT_ID, "redirect_uri": HERE}
    answer = firm.client.get("/oauth/authorize", params=asked)
    assert parse_qs(urlsplit(answer.headers["location"]).query) == {"error": ["access_denied"]}


# --- limits --------------------------------------------------------------------------------------------


def test_fifty_requests_a_minute(firm: Any) -> None:
    """After fifty it is 429 with when to come back, after a minute it goes on; every answer counts."""
    for left in reversed(range(50)):
        answer = firm.ask("GET", WHO if left % 2 else "/contacts/999.json")
        assert answer.headers["X-RateLimit-Limit"] == "50"
        assert answer.headers["X-RateLimit-Remaining"] == str(left)
    firm.wait(12.5)
    refused = firm.ask("GET", WHO)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "48"
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert int(refused.headers["X-RateLimit-Reset"]) == firm.clock.now() // 1_000_000 - 12 + 60
    assert set(refused.json()) == {"error"}
    firm.wait(47)
    assert firm.ask("GET", WHO).status_code == 429
    firm.wait(1)
    assert firm.ask("GET", WHO).status_code == 200
    assert firm.simulator.requests == 53


def test_a_refused_write_did_not_happen(firms: Any) -> None:
    """What is answered 429 has not been done."""
    firm = firms(limit=1)
    firm.person()
    body = {"type": "Person", "last_name": "Ng"}
    assert firm.ask("POST", "/contacts.json", body).status_code == 429
    assert len(firm.simulator.desk.dump()["contacts"]) == 1


def test_the_limit_is_each_tokens_own(firms: Any) -> None:
    """Another token has its own count; log-ins have none."""
    firm = firms(limit=1)
    refresh = credentials("", "us")["browser"]["refresh_token"]
    tokens = [token(firm, grant_type="refresh_token", refresh_token=refresh).json() for _ in range(3)]
    assert all(accepted(firm, one["access_token"]) for one in tokens)


def test_the_limit_can_be_used_up(firm: Any) -> None:
    """Exhausted for a while, everything is refused, with how long it lasts."""
    firm.simulator.exhaust(300)
    for wait in (300, 240):
        refused = firm.ask("GET", WHO)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, str(wait))
        firm.wait(60)
    firm.wait(180)
    assert firm.ask("GET", WHO).status_code == 200


@pytest.mark.parametrize(
    ("quirks", "header", "body"),
    [
        ({}, ("Retry-After", "60"), "{"),
        ({"body_429": "text"}, ("Retry-After", "60"), "R"),
        ({"body_429": "empty"}, ("Retry-After", "60"), ""),
        ({"retry_header": "Retry-At"}, ("Retry-At", "1772452860"), "{"),
    ],
)
def test_how_it_is_refused_is_not_verified(firms: Any, quirks: Any, header: Any, body: str) -> None:
    """The header's name and the body of a 429 are one or the other."""
    firm = firms(limit=1, **quirks)
    firm.ask("GET", WHO)
    refused = firm.ask("GET", WHO)
    assert refused.status_code == 429
    assert refused.text[:1] == body
    assert refused.headers[header[0]] == header[1]
    assert ("Retry-After" in refused.headers) == (header[0] == "Retry-After")


@pytest.mark.parametrize(
    ("region", "at", "busy"),
    [
        ("us", "2026-03-02T12:00", True),
        ("us", "2026-03-02T11:59", False),
        ("ca", "2026-03-03T02:59", True),
        ("ca", "2026-03-03T03:00", False),
        ("us", "2026-03-07T18:00", False),
        ("us", "2026-07-01T11:00", True),
        ("eu", "2026-03-07T07:00", True),
        ("eu", "2026-03-02T06:59", False),
        ("eu", "2026-03-02T22:00", False),
        ("au", "2026-07-01T20:00", True),
        ("au", "2026-07-01T11:00", False),
        ("au", "2026-01-05T19:30", True),
    ],
)
def test_busy_hours_are_the_regions_own(firms: Any, region: str, at: str, busy: bool) -> None:
    """Peak hours: 04–19 Pacific on weekdays, 07–22 GMT, 06–21 in Sydney, summer time minded."""
    from datetime import UTC, datetime

    moment = int(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()) * 1_000_000
    assert limits.peak(region, moment) == busy
    firm = firms(region=region, at=moment, off_peak_limit=77)
    assert firm.ask("GET", WHO).headers["X-RateLimit-Limit"] == ("50" if busy else "77")


def test_without_a_limit_there_are_no_headers(firms: Any) -> None:
    """A suite that does not move the clock takes the limit away."""
    firm = firms(limit=0)
    answers = [firm.ask("GET", WHO) for _ in range(120)]
    assert {one.status_code for one in answers} == {200}
    assert "X-RateLimit-Limit" not in answers[0].headers


def test_the_usual_credentials_are_taken(firm: Any) -> None:
    """What the kind says a connection logs in with is what the simulator takes."""
    (name,) = SIMULATOR.credentials(firm.url)
    kept = SIMULATOR.credentials(firm.url)[name]
    assert accepted(firm, kept["access_token"])
    assert SIMULATOR.options(firm.url) == {"region": "us", "address": firm.url}
