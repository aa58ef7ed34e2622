"""Starting the served CRM in a process of its own, and working at its desk."""

from __future__ import annotations

import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx2
import msgspec

from firstcontact.connectors import kinds
from firstcontact.connectors.contract import Capabilities
from firstcontact.testing.served import wire
from firstcontact.testing.served.client import ServedCrm
from firstcontact.testing.served.start import Start
from firstcontact.testing.served.wire import Counts, Habits

READY_SECONDS = 20.0


class AtDesk(RuntimeError):
    """The desk refused. `str(error)` is its word."""


class Address(msgspec.Struct, frozen=True):
    """Where a served CRM is; small, so that it can be handed to other processes."""

    url: str
    token: str
    connection: str
    capabilities: Capabilities

    def client(self, *, seconds: float = 20.0) -> ServedCrm:
        """A connector to it."""
        return ServedCrm(self.url, self.token, self.connection, self.capabilities, seconds=seconds)


class Deskwork:
    """What a test does at a served CRM; also `conformance.Hands`: what people do there."""

    def __init__(self, address: Address) -> None:
        self._http = httpx2.Client(base_url=address.url, timeout=30.0, trust_env=False)
        self._habits = Habits()

    def behave(self, **habits: Any) -> None:
        """From here on the CRM has exactly these habits (`wire.Habits`)."""
        self._habits = Habits(**habits)
        self._ask("habits", msgspec.to_builtins(self._habits))

    def advance_to(self, now: int) -> int:
        """The CRM's clock, moved on to `now` but never back; what it shows then, in microseconds."""
        return int(self._ask("clock", now))

    def add(self, kind: str, fields: Mapping[str, Any]) -> str:
        """A person adds a record; its id."""
        return str(self._ask("add", kind, fields))

    def edit(self, kind: str, reference: str, fields: Mapping[str, Any]) -> None:
        """A person edits a record."""
        self._ask("edit", kind, reference, fields)

    def delete(self, kind: str, reference: str) -> None:
        """A person deletes a record."""
        self._ask("delete", kind, reference)

    def merge(self, loser: str, survivor: str) -> None:
        """A person merges two contacts."""
        self._ask("merge", loser, survivor)

    def seed(self, crm: Mapping[str, Any]) -> None:
        """Fill the empty CRM, as a scenario's `crm` does."""
        self._ask("seed", crm)

    def dump(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Everything that is there (`People.dump`)."""
        found: Mapping[str, Sequence[Mapping[str, Any]]] = self._ask("dump")
        return found

    def empty(self) -> None:
        """Take everything away, as if it had just been started; the clock stays where it is."""
        self._ask("empty")
        self._habits = Habits()

    def counts(self) -> Counts:
        """What the server has seen so far."""
        return msgspec.convert(self._ask("counts"), Counts)

    @contextmanager
    def broken_search(self) -> Iterator[None]:
        """While it lasts, the search fails."""
        before = msgspec.structs.asdict(self._habits)
        self.behave(**{**before, "search_down": True})
        yield
        self.behave(**before)

    def close(self) -> None:
        """Let the connection go."""
        self._http.close()

    def _ask(self, what: str, *given: Any) -> Any:
        answer = self._http.post(f"/desk/{what}", content=wire.encode(given))
        if answer.status_code != 200:
            raise AtDesk(f"{what}: {answer.text or answer.status_code}")
        return msgspec.msgpack.decode(answer.content)


class Served:
    """A CRM that runs in its own process. Close it with `stop`."""

    def __init__(self, process: subprocess.Popen[str], address: Address) -> None:
        self.address = address
        self.desk = Deskwork(address)
        self._process = process

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid

    def client(self, *, seconds: float = 20.0) -> ServedCrm:
        """A connector to it."""
        return self.address.client(seconds=seconds)

    def stop(self) -> None:
        """End the server."""
        self.desk.close()
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def serve(
    kind: str = "address_book",
    *,
    database: str = ":memory:",
    now: int = 0,
    seed: int = 0,
    region: str = "US",
    **offered: Any,
) -> Served:
    """Start a CRM of a kind in a process of its own, on a free port of the loopback; back when it answers.

    offered: capabilities that differ from the kind's. database: the address book's, by default in memory.
    now: where its virtual clock stands. Raises RuntimeError where it does not start.
    """
    capabilities: Capabilities = msgspec.structs.replace(kinds.capabilities(kind), **offered)
    token = secrets.token_hex(8)
    start = Start(
        connection=kind, capabilities=capabilities, token=token, database=database, now=now,
        region=region, seed=seed,
    )  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "firstcontact.testing.served"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(msgspec.json.encode(start).decode() + "\n")
    process.stdin.flush()
    said = process.stdout.readline().strip()
    if not said.isdigit():
        process.kill()
        process.communicate()
        raise RuntimeError(f"the served CRM did not start; it said {said!r}")
    served = Served(process, Address(f"http://127.0.0.1:{said}", token, kind, capabilities))
    _wait(served)
    return served


def _wait(served: Served) -> None:
    until = time.monotonic() + READY_SECONDS
    while True:
        try:
            served.desk.counts()
            return
        except httpx2.TransportError:
            if time.monotonic() > until:
                served.stop()
                raise
            time.sleep(0.01)
