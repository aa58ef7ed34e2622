"""A simulated firm in Clio Grow, and a client that talks to both its APIs over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest

from firstcontact.flow.clock import VirtualClock
from firstcontact.testing.simulators.base import App, Switches
from firstcontact.testing.simulators.clio_grow import SIMULATOR, credentials
from firstcontact.testing.simulators.clio_grow.account import GrowAccount
from firstcontact.testing.simulators.serving import served

NOON = 1_772_452_800_000_000
"""Monday 2026-03-02 12:00 UTC."""
LEAD = {
    "from_first": "Ann",
    "from_last": "Ng",
    "from_message": "Missed call 17:04",
    "from_email": "",
    "from_phone": "+14155550134",
    "referring_url": "https://firm.example/",
    "from_source": "Phone",
}
"""What the Lead Inbox is sent."""
SENT = {
    "first_name": "Ann",
    "last_name": "Ng",
    "from_message": "Missed call 17:04",
    "phone_number": "+14155550134",
    "referring_url": "https://firm.example/",
    "from_source": "Phone",
}
"""The same lead by the platform API."""


class Grown:
    """A simulated account that is being served, its clock, and requests to it."""

    lead = LEAD
    sent = SENT

    def __init__(self, simulator: GrowAccount, clock: VirtualClock, url: str, quirks: Any) -> None:
        self.simulator = simulator
        self.desk: Any = simulator.desk
        self.clock = clock
        self.url = url
        self.base = quirks.get("base_path", "/grow")
        kept = credentials(url, quirks.get("region", "us"))
        self.token = kept["browser"]["access_token"]
        self.refresh = kept["browser"]["refresh_token"]
        self.inbox_token = kept["token"]["inbox_lead_token"]
        self.client = httpx2.Client(base_url=url)

    def ask(self, method: str, path: str, body: Any = None, **given: Any) -> httpx2.Response:
        """A request to the platform API with our login; `body` goes into `data`."""
        headers = {"Authorization": f"Bearer {self.token}", **given.pop("headers", {})}
        json = {} if body is None else {"json": {"data": body}}
        return self.client.request(method, f"{self.base}{path}", headers=headers, **json, **given)

    def made(self, path: str, body: Any) -> Any:
        """What a request answers that must make a record."""
        answer = self.ask("POST", path, body)
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

    def inbox(self, lead: Any = LEAD, token: str | None = None, **given: Any) -> httpx2.Response:
        """A request to the Lead Inbox."""
        body = {"inbox_lead_token": self.inbox_token if token is None else token, "inbox_lead": lead}
        headers = {"Accept": "application/json", **given.pop("headers", {})}
        return self.client.post("/inbox_leads", **{"json": body, "headers": headers, **given})

    def wait(self, seconds: float) -> None:
        """The clock moves on."""
        self.clock.wait(int(seconds * 1_000_000))


class Door:
    """An address behind which one simulator after the other is put: starting a server takes its time."""

    def __init__(self) -> None:
        self.behind: App | None = None
        self.url = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert self.behind is not None
        await self.behind(scope, receive, send)


@pytest.fixture(scope="session")
def doors() -> Iterator[Callable[[int], Door]]:
    """As many as there are firms at once, for all tests of this folder."""
    with ExitStack() as open_ones:
        found: list[Door] = []

        def door(number: int) -> Door:
            while len(found) <= number:
                new = Door()
                new.url = open_ones.enter_context(served(new))
                found.append(new)
            return found[number]

        yield door


@pytest.fixture
def firms(doors: Callable[[int], Door]) -> Iterator[Callable[..., Grown]]:
    """Makes firms: `lag` and quirks by name; the limit is off unless it is given."""
    made: list[Grown] = []

    def make(lag: float = 0.0, at: int = NOON, **quirks: Any) -> Grown:
        quirks = {"limit": 0, **quirks}
        clock = VirtualClock(at)
        simulator = SIMULATOR.make(clock.now, Switches(lag=lag, quirks=quirks))
        assert isinstance(simulator, GrowAccount)
        door = doors(len(made))
        door.behind = simulator.app
        made.append(Grown(simulator, clock, door.url, quirks))
        return made[-1]

    yield make
    for one in made:
        one.client.close()


@pytest.fixture
def firm(firms: Callable[..., Grown]) -> Grown:
    """A firm as it is by default, but that it can be asked without end."""
    return firms()
