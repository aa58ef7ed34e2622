"""A simulated org over real HTTP, and a client that is logged in to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest

from firstcontact.flow.clock import VirtualClock
from firstcontact.testing.simulators.base import Switches
from firstcontact.testing.simulators.salesforce import SIMULATOR
from firstcontact.testing.simulators.serving import running

NOON = 1_772_452_800_000_000
"""2026-03-02 12:00 UTC in microseconds."""


class Api:
    """An org and a client that is logged in to it as the integration user."""

    def __init__(self, simulator: Any, url: str, clock: VirtualClock) -> None:
        self.simulator = simulator
        self.people = simulator.people
        self.url = url
        self.clock = clock
        self.client = httpx2.Client(base_url=f"{url}/services/data/v62.0/")
        self.log_in()

    def token(self, **form: str) -> httpx2.Response:
        """An answer of the token endpoint."""
        return httpx2.post(f"{self.url}/services/oauth2/token", data=form)

    def log_in(self) -> str:
        """A new session by client credentials; its token."""
        kept = SIMULATOR.credentials(self.url)["client_credentials"]
        client = {name: kept[name] for name in ("client_id", "client_secret")}
        token: str = self.token(grant_type="client_credentials", **client).json()["access_token"]
        self.client.headers["Authorization"] = f"Bearer {token}"
        return token

    def __call__(self, method: str, path: str, json: Any = None, **more: Any) -> httpx2.Response:
        """One request below the version, or below the host with a leading slash."""
        url = f"{self.url}{path}" if path.startswith("/") else path
        return self.client.request(method, url, **({"json": json} if json is not None else {}), **more)

    def made(self, name: str, **fields: Any) -> str:
        """A new record by the API; its id."""
        answer = self("POST", f"sobjects/{name}", fields)
        assert answer.status_code == 201, answer.text
        id: str = answer.json()["id"]
        return id

    def row(self, name: str, id: str) -> dict[str, Any]:
        """A record as the API reads it."""
        found: dict[str, Any] = self("GET", f"sobjects/{name}/{id}").json()
        return found

    def query(self, soql: str, path: str = "query", **headers: str) -> Any:
        """The answer to a query, whatever it is."""
        return self("GET", path, params={"q": soql}, headers=headers).json()

    def ids(self, soql: str) -> list[str]:
        """Ids that a query finds."""
        return [record["Id"] for record in self.query(soql)["records"]]

    def search(self, sosl: str) -> Any:
        """The hits of a search; the error where it is refused."""
        answer = self("GET", "search", params={"q": sosl})
        return answer.json()["searchRecords"] if answer.status_code == 200 else answer.json()

    def found(self, sosl: str) -> list[str]:
        """Ids that a search finds."""
        return [record["Id"] for record in self.search(sosl)]

    def composite(self, *parts: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
        """The parts of a composite answer; each part's URL is below the version."""
        answer = self("POST", "composite", {"compositeRequest": [part_of(one) for one in parts], **more})
        assert answer.status_code == 200, answer.text
        said: list[dict[str, Any]] = answer.json()["compositeResponse"]
        return said


def part_of(given: dict[str, Any]) -> dict[str, Any]:
    """A part of a composite request, its address in full."""
    return {**given, "url": f"/services/data/v62.0/{given['url']}"}


@pytest.fixture
def org() -> Iterator[Callable[..., Api]]:
    """Makes an org with these quirks: `org(lag=60.0, duplicates="block")`."""
    with ExitStack() as open_orgs:

        def make(lag: float = 0.0, **quirks: Any) -> Api:
            clock = VirtualClock(NOON)
            simulator = SIMULATOR.make(clock.now, Switches(lag=lag, quirks=quirks))
            served = open_orgs.enter_context(running(SIMULATOR, simulator))
            return Api(simulator, served.url, clock)

        yield make


@pytest.fixture
def api(org: Callable[..., Api]) -> Api:
    """An org as it usually is."""
    return org()
