"""A simulated organisation in Zoho CRM, and a client that talks to it over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest

from firstcontact.flow.clock import VirtualClock
from firstcontact.testing.simulators.base import Switches
from firstcontact.testing.simulators.serving import served
from firstcontact.testing.simulators.zoho import SIMULATOR, credentials
from firstcontact.testing.simulators.zoho.organisation import Organisation

NOON = 1_772_452_800_000_000
"""Monday 2026-03-02 12:00 UTC."""
CALL = {
    "Subject": "Call",
    "Call_Type": "Inbound",
    "Call_Start_Time": "2026-03-02T12:00:00+00:00",
    "Call_Duration": "06:12",
}


class Firm:
    """A simulated organisation that is being served, its clock, and requests to it."""

    def __init__(self, simulator: Organisation, clock: VirtualClock, url: str, center: str) -> None:
        self.simulator = simulator
        self.desk = simulator.people
        self.clock = clock
        self.url = url
        self.kept = credentials(url, center)["browser"]
        self.token = self.kept["access_token"]
        self.client = httpx2.Client(base_url=url)

    def ask(
        self, method: str, path: str, body: Any = None, version: int = 8, **given: Any
    ) -> httpx2.Response:
        """A request with our login."""
        headers = {"Authorization": f"Zoho-oauthtoken {self.token}", **given.pop("headers", {})}
        json = {} if body is None else {"json": body}
        return self.client.request(method, f"/crm/v{version}{path}", headers=headers, **json, **given)

    def insert(self, module: str, *rows: dict[str, Any], **more: Any) -> httpx2.Response:
        """An insert of these records, workflows left out."""
        return self.ask("POST", f"/{module}", {"data": list(rows), "trigger": [], **more})

    def made(self, module: str, **row: Any) -> str:
        """The id of a new record that must be taken."""
        answer = self.insert(module, row)
        assert answer.status_code == 201, answer.text
        id: str = answer.json()["data"][0]["details"]["id"]
        return id

    def refused(self, module: str, **row: Any) -> dict[str, Any]:
        """The result of a record that must not be taken."""
        answer = self.insert(module, row)
        assert answer.status_code == 400, answer.text
        (item,) = answer.json()["data"]
        assert item["status"] == "error"
        return item

    def data(self, path: str, key: str = "data", **params: Any) -> Any:
        """What a request answers that must be good."""
        answer = self.ask("GET", path, params=params or None)
        assert answer.status_code == 200, answer.text
        return answer.json()[key]

    def one(self, module: str, id: str, version: int = 8) -> Any:
        """One record, with everything."""
        (found,) = self.ask("GET", f"/{module}/{id}", version=version).json()["data"]
        return found

    def coql(self, query: str) -> list[Any]:
        """Rows of a query."""
        answer = self.ask("POST", "/coql", {"select_query": query})
        assert answer.status_code in (200, 204), answer.text
        return answer.json()["data"] if answer.status_code == 200 else []

    def found(self, module: str, **params: Any) -> list[str]:
        """Ids of what a search finds."""
        answer = self.ask("GET", f"/{module}/search", params={"fields": "id", **params})
        assert answer.status_code in (200, 204), answer.text
        return [one["id"] for one in answer.json()["data"]] if answer.status_code == 200 else []

    def error(self, method: str, path: str, body: Any = None, **given: Any) -> tuple[int, str, Any]:
        """Status, code and details of a refusal, in Zoho's envelope."""
        answer = self.ask(method, path, body, **given)
        told = answer.json()
        assert set(told) == {"code", "details", "message", "status"}, told
        assert told["status"] == "error"
        return answer.status_code, told["code"], told["details"]

    def call(self, **more: Any) -> str:
        """The id of a new call."""
        return self.made("Calls", **{**CALL, **more})

    def wait(self, seconds: float) -> None:
        """The clock moves on."""
        self.clock.wait(int(seconds * 1_000_000))

    def only(self, kind: str) -> Any:
        """The one record of a kind in the dump."""
        (found,) = self.desk.dump()[kind]
        return found


def ids(items: Sequence[Any]) -> list[str]:
    """Ids of records."""
    return [one["id"] for one in items]


@pytest.fixture
def firms() -> Iterator[Callable[..., Firm]]:
    """Makes firms: `lag` and quirks by name."""
    with ExitStack() as open_ones:

        def make(lag: float = 0.0, at: int = NOON, **quirks: Any) -> Firm:
            clock = VirtualClock(at)
            simulator = SIMULATOR.make(clock.now, Switches(lag=lag, quirks=quirks))
            assert isinstance(simulator, Organisation)
            url = open_ones.enter_context(served(simulator.app))
            return Firm(simulator, clock, url, quirks.get("data_center", "com"))

        yield make


@pytest.fixture
def firm(firms: Callable[..., Firm]) -> Firm:
    """A firm as it is by default."""
    return firms()
