"""What every simulator is: an application, a desk at which people work, and switches for its quirks."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from hashlib import sha256
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from firstcontact.connectors.contract import Allowance

if TYPE_CHECKING:
    from firstcontact.testing.conformance.hands import Hands

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
App = Callable[
    [Scope, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]
"""An ASGI 3 application."""

SIMULATORS = tuple(sorted(folder.parent.name for folder in Path(__file__).parent.glob("*/__init__.py")))
"""Built-in kinds that have one: each is a folder here."""
SIMULATOR_GROUP = "firstcontact.simulators"
"""Entry points by the kind's name, each a `SimulatorKind`: a plugin brings its own."""


class Refusing(Exception):
    """A vendor says no to what it was given, through its API or at a desk: every simulator's refusals are it,
    so that whoever fills one can tell them from a fault of the simulator's own."""


def key_of(id: str) -> str:
    """A key as ours are, for a record that a scenario says we made: without one it is a person's."""
    return sha256(id.encode()).hexdigest()[:32]


class Simulator(Protocol):
    """One simulated account of a vendor, with its state in this process.

    app: the vendor's API. desk: people working in its pages, `conformance.Hands`; ids are the vendor's own.
    requests: how many the API has been sent, those it refused too.
    """

    app: App
    desk: Hands
    requests: int

    def revoke(self) -> None:
        """An administrator takes our login away: every token is refused from now on, and none is given."""

    def exhaust(self, seconds: float) -> None:
        """The vendor's limit is used up for that long."""


class Switches(msgspec.Struct, frozen=True, kw_only=True):
    """What every simulator can be told; a vendor's own come on top as its `quirks`.

    lag: seconds until its search knows what was written.
    """

    lag: float = 0.0
    quirks: Mapping[str, Any] = {}


class SimulatorKind(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's simulator, as `testing.simulators.VENDOR` names it in `SIMULATOR`.

    make: a new one, empty but for an administrator (the user whose login `credentials` are), given its clock
        (microseconds) and switches. Raises ValueError for a quirk it does not know.
    options: those of a connection to it at this address (`http://127.0.0.1:PORT`).
    credentials: what a connection to it is logged in with, per name of a `Login`, the first being the usual;
        given its address, since some name the endpoint.
    quirks: the vendor's own switches and what each does; both sides of every "not verified" of `apis.md`.
    still: quirks for whoever's clock stands still between steps, where a limit by the second would never end.
    """

    kind: str
    make: Callable[[Callable[[], int], Switches], Simulator]
    options: Callable[[str], Mapping[str, str | int | bool]]
    credentials: Callable[[str], Mapping[str, Mapping[str, str]]]
    quirks: Mapping[str, str] = {}
    still: Mapping[str, Any] = {}


class NoSimulator(LookupError):
    """There is none of that kind. `str(error)` names those there are."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"there is no simulator of {kind!r}; there are {', '.join(simulators())}")


def simulators() -> tuple[str, ...]:
    """Kinds that have one: the built-in ones, then plugins by name."""
    return (*SIMULATORS, *sorted(set(entry_points(group=SIMULATOR_GROUP).names) - {*SIMULATORS}))


def simulator(kind: str) -> SimulatorKind:
    """The simulator of a kind of CRM. Raises NoSimulator."""
    if kind in SIMULATORS:
        found: SimulatorKind = import_module(f"firstcontact.testing.simulators.{kind}").SIMULATOR
        return found
    for point in entry_points(group=SIMULATOR_GROUP, name=kind):
        loaded = point.load()
        if isinstance(loaded, SimulatorKind):
            return loaded
    raise NoSimulator(kind)


class Kept:
    """Credentials in memory: the contract's `Credentials` for tests and trials."""

    def __init__(self, kept: Mapping[str, str]) -> None:
        self._kept = dict(kept)
        self._lock = threading.Lock()
        self.renewals = 0

    def read(self) -> Mapping[str, str]:
        """What is kept."""
        return dict(self._kept)

    def renew(
        self, stale: Mapping[str, str], ask: Callable[[Mapping[str, str]], Mapping[str, str]]
    ) -> Mapping[str, str]:
        """As `Credentials`; for one process."""
        with self._lock:
            if dict(stale) == self._kept:
                self.renewals += 1
                self._kept = {**self._kept, **ask(dict(self._kept))}
            return dict(self._kept)


class Unpaced:
    """The contract's `Pace` without any limit; `allowances` are those that were heeded."""

    def __init__(self) -> None:
        self.allowances: list[Allowance] = []
        self.left_alone: list[float] = []

    def take(self) -> None:
        """At once."""

    def heed(self, allowance: Allowance) -> None:
        """Kept for the test."""
        self.allowances.append(allowance)

    def leave_alone(self, seconds: float) -> None:
        """Kept for the test."""
        self.left_alone.append(seconds)
