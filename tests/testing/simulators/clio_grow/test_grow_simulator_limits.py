"""How much one may ask of the platform API: three requests a second for the application (apis A2)."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.testing.simulators.base import Switches
from firstcontact.testing.simulators.clio_grow import SIMULATOR
from firstcontact.testing.simulators.clio_grow.oauth import CLIENT_ID, CLIENT_SECRET


def test_three_requests_a_second(firms: Any) -> None:
    """The fourth within a second is 429, a second after the first it goes on; every answer counts."""
    firm = firms(limit=3)
    assert [firm.ask("GET", "/users").status_code for _ in range(3)] == [200] * 3
    firm.wait(0.5)
    refused = firm.ask("GET", "/users")
    assert (refused.status_code, refused.json()) == (429, {"message": "Too Many Requests"})
    assert "Retry-After" not in refused.headers
    firm.wait(0.4)
    assert firm.ask("GET", "/contacts/999").status_code == 429
    firm.wait(0.1)
    assert [firm.ask("GET", "/contacts/999").status_code for _ in range(4)] == [404] * 3 + [429]
    assert firm.simulator.requests == 9


def test_three_is_the_usual_limit() -> None:
    """A new simulator has it, one for a clock that stands still has none."""
    usual = SIMULATOR.make(lambda: 0, Switches())
    still = SIMULATOR.make(lambda: 0, Switches(quirks=SIMULATOR.still))
    assert [one.state.quirks.limit for one in (usual, still)] == [3, 0]


def test_all_logins_share_the_limit(firms: Any) -> None:
    """It is the application's, whichever login asks; log-ins and the Lead Inbox are not counted."""
    firm = firms(limit=3)
    form = {"grant_type": "refresh_token", "refresh_token": firm.refresh}
    for _ in range(4):
        answer = firm.client.post(
            "/oauth/token", data={**form, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        )
        form["refresh_token"] = answer.json()["refresh_token"]
        assert firm.inbox().status_code == 201
    statuses = [firm.ask("GET", "/users").status_code for _ in range(2)]
    firm.token = answer.json()["access_token"]
    statuses += [firm.ask("GET", "/users").status_code for _ in range(2)]
    assert statuses == [200, 200, 200, 429]


def test_a_refused_write_did_not_happen(firms: Any) -> None:
    """What is answered 429 has not been done."""
    firm = firms(limit=1)
    firm.made("/contacts", {"last_name": "Ng"})
    assert firm.ask("POST", "/contacts", {"last_name": "Ng"}).status_code == 429
    assert firm.ask("POST", "/inbox_leads", firm.sent).status_code == 429
    held = firm.desk.dump()
    assert (len(held["contacts"]), len(held["leads"])) == (1, 0)


@pytest.mark.parametrize(
    ("quirks", "body", "header"),
    [
        ({}, {"message": "Too Many Requests"}, None),
        ({"body_429": "envelope"}, {"error": {"status": "429", "message": "Too Many Requests"}}, None),
        ({"retry_header": "Retry-After"}, {"message": "Too Many Requests"}, "1"),
    ],
)
def test_how_it_is_refused_is_told_in_two_ways(firms: Any, quirks: Any, body: Any, header: Any) -> None:
    """Clio's page on limits shows one body and its API description another; a header is not named."""
    firm = firms(limit=1, **quirks)
    firm.ask("GET", "/users")
    refused = firm.ask("GET", "/users")
    assert (refused.status_code, refused.json()) == (429, body)
    assert refused.headers.get("Retry-After") == header


def test_the_limit_can_be_used_up(firms: Any) -> None:
    """Exhausted for a while, everything is refused, then it goes on."""
    firm = firms(retry_header="Retry-After")
    firm.simulator.exhaust(300)
    for wait in (300, 240):
        refused = firm.ask("GET", "/users")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, str(wait))
        firm.wait(60)
    firm.wait(180)
    assert firm.ask("GET", "/users").status_code == 200


def test_the_limit_can_be_off(firm: Any) -> None:
    """Then there are as many as one likes."""
    assert {firm.ask("GET", "/users").status_code for _ in range(40)} == {200}
