"""Crews: four workers that deliver and then drain, as threads, as processes, or woken by Temporal.

What they run is the product's own: `Installation`, lanes and the worker's loop. Processes live as long as the
tests of this folder, since starting one takes longer than a race.
"""

from __future__ import annotations

import mmap
import struct
import traceback
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any, Protocol

import msgspec
from races import BOOKS, halves

from firstcontact.connectors.contract import Delivery, Reading
from firstcontact.flow.installation import Installation
from firstcontact.interactions.model import Interaction, decode, encode
from firstcontact.ledger.history import open_ledger
from firstcontact.store.engine import open_engine
from firstcontact.testing.served.process import Address

WORKERS = 4
SECONDS = 90.0


class SharedClock:
    """A clock in eight bytes of a file, which all processes of a race look at."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self._bytes = mmap.mmap(file.fileno(), 8)

    def now(self) -> int:
        """Microseconds since 1970-01-01 UTC."""
        return int(struct.unpack_from("<q", self._bytes)[0])

    def advance_to(self, at: int) -> None:
        """Stand at `at`, never earlier than now."""
        struct.pack_into("<q", self._bytes, 0, max(self.now(), at))


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a race is run: small, so that it can be handed to other processes. batch: small, so that there
    are many boundaries."""

    ledger: str
    crm: Address
    clock: str
    book: str
    batch: int = 4


class Unexpected:
    """A `Watch` that keeps what nobody expected; in these races that is a failure."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def failure(self, name: str, error: BaseException, **_: Any) -> None:
        """Something raised that nobody foresaw."""
        self.said.append(f"{name}: {''.join(traceback.format_exception(error))}")

    def __getattr__(self, _: str) -> Any:
        return lambda *_, **__: None


@contextmanager
def opened(place: Place) -> Iterator[tuple[Installation, Unexpected]]:
    """An installation as a process of its own opens it."""
    engine = open_engine(place.ledger)
    crm = place.crm.client()
    watch = Unexpected()
    try:
        yield (
            Installation(
                book=BOOKS[place.book],
                ledger=open_ledger(engine),
                crm=crm,
                clock=SharedClock(Path(place.clock)),
                batch=place.batch,
                reader=reader,
                watch=watch,
            ),
            watch,
        )
    finally:
        crm.close()
        engine.dispose()


def reader(delivery: Delivery) -> Reading:
    """A race's deliveries are facts already."""
    return Reading((decode(delivery.raw),))


def deliver(installation: Installation, facts: Sequence[Interaction], number: int) -> None:
    """Deliver in an order of one's own, a few at a time: every other worker as a web hook does, which stores
    and answers, the rest as a source that is polled."""
    mixed = [Delivery("race", fact.id, encode(fact)) for fact in halves(facts, number)]
    for start in range(0, len(mixed), 5):
        part = mixed[start : start + 5]
        if number % 2:
            installation.accept(part)
        else:
            installation.receive([(each, "") for each in part], reader, live=True)


def run(place: Place, facts: Sequence[Interaction], number: int, barrier: Any, stop: Any) -> list[str]:
    """One worker of a crew: deliver when all are ready, then drain until told to stop. What went wrong."""
    try:
        with opened(place) as (installation, watch):
            barrier.wait(SECONDS)
            deliver(installation, facts, number)
            work_off(installation, stop, most=4)
        return watch.said
    except Exception:
        return [traceback.format_exc()]


def work_off(installation: Installation, stop: Any, most: int) -> None:
    """Drain whatever lanes are free until told to stop."""
    from firstcontact.flow.installation import Tally
    from firstcontact.lanes.leases import LeaseLost

    while not stop.is_set():
        done = False
        with installation.lanes.leased(most=most) as lease:
            try:
                done = lease is not None and installation.drain(lease) != Tally()
            except LeaseLost:
                done = True
        if not done:
            stop.wait(0.01)


class Crew(Protocol):
    """Four workers."""

    @contextmanager
    def at(self, place: Place, shares: Sequence[Sequence[Interaction]]) -> Iterator[None]:
        """At work: each delivers its share at once with the others, then all drain until the block ends.
        Raises AssertionError with what went wrong in any of them."""


class Threads:
    """Four threads of this process, with a connection to the database and the CRM each."""

    @contextmanager
    def at(self, place: Place, shares: Sequence[Sequence[Interaction]]) -> Iterator[None]:
        """See Crew."""
        barrier, stop = Barrier(len(shares)), Event()
        wrong: list[str] = []

        def one(number: int, share: Sequence[Interaction]) -> None:
            wrong.extend(run(place, share, number, barrier, stop))

        threads = [Thread(target=one, args=each) for each in enumerate(shares)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join(SECONDS)
        assert wrong == [], "\n".join(wrong)


class Processes:
    """Four processes, started once."""

    def __init__(self) -> None:
        spawn = get_context("spawn")
        self._barrier = spawn.Barrier(WORKERS)
        self._stop = spawn.Event()
        self._pipes: list[Connection] = []
        self._processes = []
        for number in range(WORKERS):
            here, there = spawn.Pipe()
            process = spawn.Process(
                target=_serve, args=(there, number, self._barrier, self._stop), daemon=True
            )
            process.start()
            there.close()
            self._pipes.append(here)
            self._processes.append(process)

    @property
    def pids(self) -> list[int]:
        """Of the four."""
        return [process.pid or 0 for process in self._processes]

    @contextmanager
    def at(self, place: Place, shares: Sequence[Sequence[Interaction]]) -> Iterator[None]:
        """See Crew."""
        assert len(shares) == WORKERS
        self._stop.clear()
        for pipe, share in zip(self._pipes, shares, strict=True):
            pipe.send((place, [encode(fact) for fact in share]))
        try:
            yield
        finally:
            self._stop.set()
            wrong = [said for pipe in self._pipes if pipe.poll(SECONDS) for said in pipe.recv()]
        assert wrong == [], "\n".join(wrong)

    def close(self) -> None:
        """End them."""
        for process in self._processes:
            process.kill()
            process.join()
        for pipe in self._pipes:
            pipe.close()


def _serve(pipe: Connection, number: int, barrier: Any, stop: Any) -> None:
    with closing(pipe):
        while True:
            try:
                place, facts = pipe.recv()
            except EOFError:
                return
            pipe.send(run(place, [decode(fact) for fact in facts], number, barrier, stop))
