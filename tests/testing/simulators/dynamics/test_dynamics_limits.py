"""Service protection: requests, execution time and concurrency in five minutes (apis A5, D)."""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from firstcontact.testing.simulators.dynamics.quirks import Quirks

BURST = "x-ms-ratelimit-burst-remaining-xrm-requests"
TIME = "x-ms-ratelimit-time-remaining-xrm-requests"


def test_every_answer_says_what_is_left(org: Any) -> None:
    """The headers count down (apis A5)."""
    headers = [org.ask("GET", "WhoAmI").headers for _ in range(3)]
    assert [one[BURST] for one in headers] == ["5999", "5998", "5997"]
    assert headers[0][TIME] == "1200.00"


def test_requests_beyond_the_limit_are_429(orgs: Any) -> None:
    """6,000 in five minutes; then 429, 0x80072322 and Retry-After until the first is forgotten."""
    org = orgs(limit=3)
    for _ in range(3):
        assert org.ask("GET", "WhoAmI").status_code == 200
        org.wait(10)
    answer = org.ask("GET", "WhoAmI")
    assert answer.status_code == 429
    assert (answer.headers["Retry-After"], answer.headers[BURST]) == ("270", "0")
    error = answer.json()["error"]
    assert error["code"] == "0x80072322"
    assert error["message"] == "Number of requests exceeded the limit of 3 over time window of 300 seconds."
    org.wait(270)
    assert org.ask("GET", "WhoAmI").status_code == 200


def test_the_limit_is_that_of_apis() -> None:
    """6,000 requests, 1,200 seconds, 52 at once."""
    quirks = Quirks()
    assert (quirks.limit, quirks.execution_seconds, quirks.concurrent) == (6000, 1200.0, 52)


def test_who_comes_too_early_waits_longer(org: Any) -> None:
    """A request before Retry-After is over makes it longer (apis A5)."""
    org.simulator.exhaust(60)
    first = int(org.ask("GET", "WhoAmI").headers["Retry-After"])
    second = int(org.ask("GET", "WhoAmI").headers["Retry-After"])
    assert second > first
    org.wait(60)
    assert org.ask("GET", "WhoAmI").status_code == 429
    org.wait(600)
    org.access = org.token().json()["access_token"]
    assert org.ask("GET", "WhoAmI").status_code == 200


def test_who_waits_is_let_in(org: Any) -> None:
    """After what Retry-After says the next request is good."""
    org.simulator.exhaust(60)
    org.wait(int(org.ask("GET", "WhoAmI").headers["Retry-After"]))
    assert org.ask("GET", "WhoAmI").status_code == 200


def test_execution_time_is_limited(orgs: Any) -> None:
    """What the requests cost is added up; beyond it 0x80072321 (apis A5)."""
    org = orgs(execution_cost=500.0)
    assert org.ask("GET", "WhoAmI").headers[TIME] == "700.00"
    org.ask("GET", "WhoAmI")
    assert org.refused("GET", "WhoAmI") == (429, "0x80072321")


def test_each_operation_of_a_batch_counts(orgs: Any, tools: Any) -> None:
    """A batch that uses the limit up has its later operations answered 429; the next one is refused whole."""
    org = orgs(limit=3)
    one = tools.request("POST", "accounts", {"name": "Acme"})
    made = org.batch(one, one, [one, one], Prefer="odata.continue-on-error")
    assert (made.status, made.statuses) == (200, [204, 204, 429])
    assert int(made.parts[2][1]["Retry-After"]) > 0
    refused = org.batch(one)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "305")
    assert org.desk.dump()["accounts"][1:] == org.desk.dump()["accounts"][1:2]


def test_a_limit_of_0_is_none(orgs: Any) -> None:
    """With the limit switched off any number passes, and no number is told."""
    org = orgs(limit=0)
    assert BURST not in org.ask("GET", "WhoAmI").headers
    org.simulator.exhaust(5)
    assert org.ask("GET", "WhoAmI").headers[BURST] == "0"


@pytest.mark.parametrize("code", ["0x80072326", "0x80072322"])
def test_too_many_at_once(orgs: Any, code: str) -> None:
    """More requests at once than are allowed are 429; the code is not verified (apis A5, N)."""
    org = orgs(concurrent=2, concurrency_code=code)
    place = urlsplit(org.url)
    waiting = []
    for _ in range(2):
        held = socket.create_connection((place.hostname, place.port))
        held.sendall(b"POST /api/data/v9.2/contacts HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12")
        waiting.append(held)
    while org.simulator.limits.running < 2:
        pass
    assert org.refused("GET", "WhoAmI") == (429, code)
    for held in waiting:
        held.sendall(b"345")
        assert held.recv(100)
        held.close()
    assert org.ask("GET", "WhoAmI").status_code == 200


def test_requests_are_counted(org: Any, tools: Any) -> None:
    """Each request of the API counts once, a batch too; log-ins don't."""
    org.token()
    org.ask("GET", "nothing")
    org.batch(tools.request("GET", "contacts"), tools.request("GET", "leads"))
    assert org.simulator.requests == 2
    assert org.simulator.log == [("GET", "/api/data/v9.2/nothing"), ("POST", "/api/data/v9.2/$batch")]
