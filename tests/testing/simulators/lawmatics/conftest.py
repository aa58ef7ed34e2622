"""A simulated firm in Lawmatics, and a client that talks to it over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest

from firstcontact.flow.clock import VirtualClock
from firstcontact.testing.simulators.base import Switches
from firstcontact.testing.simulators.lawmatics import SIMULATOR, credentials
from firstcontact.testing.simulators.lawmatics.firm import LawmaticsFirm
from firstcontact.testing.simulators.serving import served

NOON = 1_772_452_800_000_000
"""Monday 2026-03-02 12:00 UTC, 04:00 in the firm's zone."""


class Firm:
    """A simulated firm that is being served, its clock, and requests to it."""

    def __init__(self, simulator: LawmaticsFirm, clock: VirtualClock, url: str) -> None:
        self.simulator = simulator
        self.clock = clock
        self.url = url
        self.token = credentials(url)["token"]["access_token"]
        self.client = httpx2.Client(base_url=url)

    def ask(self, method: str, path: str, body: Any = None, **given: Any) -> httpx2.Response:
        """A request with our login."""
        headers = {"Authorization": f"Bearer {self.token}", **given.pop("headers", {})}
        json = {} if body is None else {"json": body}
        return self.client.request(method, f"/v1{path}", headers=headers, **json, **given)

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

    def ids(self, path: str, **params: Any) -> list[str]:
        """Ids of what a list has on its first page."""
        return [one["id"] for one in self.data(path, **params)]

    def refused(self, status: int, method: str, path: str, body: Any = None, **given: Any) -> Any:
        """The one error that a request is refused with."""
        answer = self.ask(method, path, body, **given)
        assert answer.status_code == status, answer.text
        (error,) = answer.json()["errors"]
        assert error["status"] == status
        return error

    def person(self, **fields: Any) -> str:
        """Id of a new contact."""
        id: str = self.made("/contacts", {"first_name": "Ann", "last_name": "Ng", **fields})["id"]
        return id

    def matter(self, **fields: Any) -> Any:
        """A new matter."""
        return self.made("/prospects", {"case_title": "Ng estate", **fields})

    def wait(self, seconds: float) -> None:
        """The clock moves on."""
        self.clock.wait(int(seconds * 1_000_000))


@pytest.fixture
def firms() -> Iterator[Callable[..., Firm]]:
    """Makes firms: `lag` and quirks by name; no limit where none is asked for."""
    with ExitStack() as open_ones:

        def make(lag: float = 0.0, at: int = NOON, **quirks: Any) -> Firm:
            clock = VirtualClock(at)
            simulator = SIMULATOR.make(clock.now, Switches(lag=lag, quirks={"rate": 0, **quirks}))
            assert isinstance(simulator, LawmaticsFirm)
            url = open_ones.enter_context(served(simulator.app))
            return Firm(simulator, clock, url)

        yield make


@pytest.fixture
def firm(firms: Callable[..., Firm]) -> Firm:
    """A firm as it is by default, without a limit."""
    return firms()
