"""A simulated firm in Clio Manage, and a client that talks to it over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest

from firstcontact.flow.clock import VirtualClock
from firstcontact.testing.simulators.base import Switches
from firstcontact.testing.simulators.clio import SIMULATOR, credentials
from firstcontact.testing.simulators.clio.account import ClioAccount
from firstcontact.testing.simulators.serving import served

NOON = 1_772_452_800_000_000
"""Monday 2026-03-02 12:00 UTC: 04:00 in California, the first peak hour of the week."""


class Firm:
    """A simulated account that is being served, its clock, and requests to it."""

    def __init__(self, simulator: ClioAccount, clock: VirtualClock, url: str, region: str) -> None:
        self.simulator = simulator
        self.clock = clock
        self.url = url
        self.token = credentials(url, region)["browser"]["access_token"]
        self.client = httpx2.Client(base_url=url)

    def ask(self, method: str, path: str, body: Any = None, **given: Any) -> httpx2.Response:
        """A request with our login; `body` goes into `data`."""
        headers = {"Authorization": f"Bearer {self.token}", **given.pop("headers", {})}
        json = {} if body is None else {"json": {"data": body}}
        return self.client.request(method, f"/api/v4{path}", headers=headers, **json, **given)

    def made(self, path: str, body: Any, **given: Any) -> Any:
        """What a request answers that must make a record."""
        answer = self.ask("POST", path, body, **given)
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]

    def data(self, path: str, **params: Any) -> Any:
        """What a request answers that must be good."""
        answer = self.ask("GET", path, params=params or None)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def ids(self, path: str, **params: Any) -> list[int]:
        """Ids of what a list has on its first page."""
        return [one["id"] for one in self.data(path, **params)]

    def person(self, **fields: Any) -> Any:
        """A new person."""
        return self.made(
            "/contacts.json", {"type": "Person", "first_name": "Ann", "last_name": "Ng", **fields}
        )

    def phoned(self, number: str) -> int:
        """Id of a new person with that number."""
        id: int = self.person(phone_numbers=[{"name": "Work", "number": number}])["id"]
        return id

    def wait(self, seconds: float) -> None:
        """The clock moves on."""
        self.clock.wait(int(seconds * 1_000_000))


@pytest.fixture
def firms() -> Iterator[Callable[..., Firm]]:
    """Makes firms: `lag` and quirks by name."""
    with ExitStack() as open_ones:

        def make(lag: float = 0.0, at: int = NOON, **quirks: Any) -> Firm:
            clock = VirtualClock(at)
            simulator = SIMULATOR.make(clock.now, Switches(lag=lag, quirks=quirks))
            assert isinstance(simulator, ClioAccount)
            url = open_ones.enter_context(served(simulator.app))
            return Firm(simulator, clock, url, quirks.get("region", "us"))

        yield make


@pytest.fixture
def firm(firms: Callable[..., Firm]) -> Firm:
    """A firm as it is by default."""
    return firms()
