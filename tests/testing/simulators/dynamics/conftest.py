"""A simulated environment of Dynamics 365, and a client that talks to it over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest

from firstcontact.flow.clock import VirtualClock
from firstcontact.testing.simulators.base import Switches
from firstcontact.testing.simulators.dynamics import SIMULATOR, credentials, options
from firstcontact.testing.simulators.dynamics.environment import Environment
from firstcontact.testing.simulators.serving import served

NOON = 1_772_452_800_000_000
"""Monday 2026-03-02 12:00 UTC."""
ROOT = "/api/data/v9.2/"
HEADERS = {"Accept": "application/json", "OData-Version": "4.0", "OData-MaxVersion": "4.0"}
PART = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"


class Org:
    """A simulated environment that is being served, its clock, and requests to it."""

    def __init__(self, simulator: Environment, clock: VirtualClock, url: str) -> None:
        self.simulator = simulator
        self.desk = simulator.desk
        self.clock = clock
        self.url = url
        self.base = f"{url}{ROOT}"
        self.client = httpx2.Client(base_url=url)
        answer = self.token()
        self.access = answer.json()["access_token"] if answer.status_code == 200 else ""

    def token(self, tenant: str = "", **changed: str) -> httpx2.Response:
        """A request for an access token."""
        login = credentials(self.url)["client_credentials"]
        form = {
            "grant_type": "client_credentials",
            "client_id": login["client_id"],
            "client_secret": login["client_secret"],
            "scope": f"{self.url}/.default",
            **changed,
        }
        path = f"/{tenant or options(self.url)['tenant']}/oauth2/v2.0/token"
        return self.client.post(path, data={name: value for name, value in form.items() if value})

    def ask(self, method: str, path: str, body: Any = None, /, **headers: str) -> httpx2.Response:
        """A request with our login; `If_Match="*"` is the header If-Match. A path is encoded by the client,
        options that need it are to be encoded by the caller (`query`)."""
        given = {"Authorization": f"Bearer {self.access}", **HEADERS}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {} if body is None else {"json": body}
        return self.client.request(method, f"{ROOT}{path}", headers=given, **sent)

    def made(self, path: str, body: Any, **headers: str) -> str:
        """Id of what a request makes, which must be good."""
        answer = self.ask("POST", path, body, **headers)
        assert answer.status_code == 204, answer.text
        return id_of(answer.headers["OData-EntityId"])

    def got(self, path: str, /, **headers: str) -> Any:
        """What a GET answers that must be good."""
        answer = self.ask("GET", path, **headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def rows(self, set: str, filter: str = "", select: str = "", **headers: str) -> list[Any]:
        """Records of a list."""
        given = {"$filter": filter, "$select": select}
        return self.got(query(set, **{name: text for name, text in given.items() if text}), **headers)[
            "value"
        ]

    def found(self, filter: str, set: str = "contacts") -> list[str]:
        """Last names, or subjects, of those that fulfil a condition, sorted."""
        return sorted(row.get("lastname") or row.get("subject") for row in self.rows(set, filter))

    def refused(self, method: str, path: str, body: Any = None, /, **headers: str) -> tuple[int, str]:
        """Status and code of a refusal."""
        answer = self.ask(method, path, body, **headers)
        assert answer.status_code >= 400, answer.text
        error = answer.json()["error"]
        assert set(error) == {"code", "message"}
        return answer.status_code, error["code"]

    def person(self, **fields: Any) -> str:
        """Id of a new contact."""
        return self.made("contacts", {"lastname": "Ng", **fields})

    def call(self, **fields: Any) -> str:
        """Id of a new phone call."""
        return self.made("phonecalls", {"subject": "Call", **fields})

    def batch(self, *parts: Any, **headers: str) -> Batched:
        """A batch: each part a request, or a list of them, which is a change set."""
        content = "".join(f"--b\r\n{written(one)}\r\n" for one in parts) + "--b--\r\n"
        return self.batch_of(content, **headers)

    def batch_of(self, content: str, **headers: str) -> Batched:
        """A batch as it is written."""
        given = {"Authorization": f"Bearer {self.access}", **HEADERS}
        given |= {"Content-Type": 'multipart/mixed;boundary="b"'}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        return Batched(self.client.post(f"{ROOT}$batch", content=content.encode("utf-8"), headers=given))

    def wait(self, seconds: float) -> None:
        """The clock moves on."""
        self.clock.wait(int(seconds * 1_000_000))


class Batched:
    """The answer to a batch. parts: status, headers and body of each; a list for a change set."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.status = answer.status_code
        self.headers = answer.headers
        self.text = answer.text
        kind = answer.headers.get("content-type", "")
        self.parts: list[Any] = []
        if kind.startswith("multipart/mixed"):
            self.parts = [_part(one) for one in _between(kind.partition("boundary=")[2], answer.text)]

    @property
    def statuses(self) -> list[Any]:
        """The status of each part."""
        return [[inner[0] for inner in one] if isinstance(one, list) else one[0] for one in self.parts]


def _between(boundary: str, text: str) -> list[str]:
    pieces = f"\r\n{text}".split(f"\r\n--{boundary}")
    assert pieces[-1].startswith("--")
    return [piece.removeprefix("\r\n") for piece in pieces[1:-1]]


def _part(text: str) -> Any:
    head, _, rest = text.partition("\r\n\r\n")
    if "multipart/mixed" in head:
        return [_part(one) for one in _between(head.partition("boundary=")[2].strip(), rest)]
    status, _, rest = rest.partition("\r\n")
    lines, _, body = rest.partition("\r\n\r\n")
    headers = dict(
        line.split(": ", 1) for line in [*lines.split("\r\n"), *head.split("\r\n")] if ": " in line
    )
    return int(status.split(" ")[1]), headers, json.loads(body) if body.strip() else None


def request(method: str, target: str, body: Any = None, **headers: str) -> Mapping[str, Any]:
    """One operation of a batch."""
    return {"line": f"{method} {target} HTTP/1.1", "body": body, "headers": headers}


def written(part: Any, number: int = 0) -> str:
    """A part as it stands in a batch."""
    if isinstance(part, Sequence):
        inner = "".join(f"--c\r\n{written(one, at)}\r\n" for at, one in enumerate(part, 1))
        return f"Content-Type: multipart/mixed;boundary=c\r\n\r\n{inner}--c--"
    headers = {"Content-Type": "application/json"} if part["body"] is not None else {}
    headers |= {name.replace("_", "-"): value for name, value in part["headers"].items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    body = json.dumps(part["body"]) if part["body"] is not None else ""
    named = f"Content-ID: {number}\r\n" if number else ""
    return f"{PART}{named}\r\n{part['line']}\r\n{lines}\r\n{body}"


def query(path: str, **given: str) -> str:
    """A path with its options, encoded."""
    options = {name if name.startswith("$") else f"${name}": text for name, text in given.items()}
    return str(httpx2.URL(path, params=options)) if options else path


def id_of(address: str) -> str:
    """The id in `…/contacts(ID)`."""
    return address.rpartition("(")[2].rstrip(")")


@pytest.fixture
def tools() -> Any:
    """The helpers of this module."""

    class Tools:
        request = staticmethod(request)
        query = staticmethod(query)
        id_of = staticmethod(id_of)
        headers = HEADERS
        noon = NOON

    return Tools


@pytest.fixture
def orgs() -> Iterator[Callable[..., Org]]:
    """Makes environments: `lag` and quirks by name."""
    with ExitStack() as open_ones:

        def make(lag: float = 0.0, at: int = NOON, **quirks: Any) -> Org:
            clock = VirtualClock(at)
            simulator = SIMULATOR.make(clock.now, Switches(lag=lag, quirks=quirks))
            assert isinstance(simulator, Environment)
            return Org(simulator, clock, open_ones.enter_context(served(simulator.app)))

        yield make


@pytest.fixture
def org(orgs: Callable[..., Org]) -> Org:
    """An environment as it is by default."""
    return orgs()
