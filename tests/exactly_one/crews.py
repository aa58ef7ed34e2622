"""Crews: four at once deliver and drain, as threads, as processes, or as Temporal's workers.

What they run is the product's own: `Installation`, lanes and the loops of workers. Processes live as long as
the tests of this folder, since starting one takes longer than a race.
"""

from __future__ import annotations

import mmap
import struct
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any, Protocol

import msgspec
from races import BOOKS, halves

from firstcontact.connectors.contract import Delivery, Reading
from firstcontact.flow.engine_job import InstallationJob, place_of
from firstcontact.flow.installation import Installation, Tally
from firstcontact.interactions.model import Interaction, decode, encode
from firstcontact.lanes import worker
from firstcontact.lanes.leases import Lease
from firstcontact.lanes.temporal import engine
from firstcontact.lanes.temporal.messages import Place as TemporalPlace
from firstcontact.lanes.temporal.server import Server
from firstcontact.ledger.history import open_ledger
from firstcontact.store.engine import open_engine
from firstcontact.testing.served.process import Address

WORKERS = 4
SECONDS = 300.0
"""How long anything may take: far longer than it does, on a machine that has much else to do."""


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


def run(
    place: Place,
    shares: Sequence[tuple[int, Sequence[Interaction]]],
    barrier: Any,
    stop: Any,
    threads: int,
    temporal: str = "",
) -> list[str]:
    """One process of a crew: each share is delivered by a thread when all are ready, while threads work until
    told to stop. temporal: the address of the server that hands the work out. What went wrong."""
    try:
        with opened(place) as (installation, watch):
            said = watch.said

            def one(number: int, facts: Sequence[Interaction]) -> None:
                try:
                    barrier.wait(SECONDS)
                    deliver(installation, facts, number)
                    if temporal:
                        engine.wake(Server(temporal), place_of(installation))
                except Exception:
                    said.append(traceback.format_exc())

            delivering = [Thread(target=one, args=share) for share in shares]
            for thread in delivering:
                thread.start()
            if temporal:
                serve_temporal(installation, temporal, stop, threads, watch)
            else:
                work_off(installation, stop, threads, watch)
            for thread in delivering:
                thread.join(SECONDS)
        return said
    except Exception:
        return [traceback.format_exc()]


def work_off(installation: Installation, stop: Any, threads: int, watch: Any) -> None:
    """Work as `firstcontact run` does, but that few things are shared among all workers as many are."""
    worker.FEW = 0

    def drain(lease: Lease) -> bool:
        return installation.drain(lease, batches=3) != Tally()

    worker.Workers(
        installation.lanes, drain, installation.waiting,
        threads=threads, share=2 * WORKERS, idle=0.03, chores=0.3, watch=watch,
    ).run(stop)  # fmt: skip


def serve_temporal(installation: Installation, address: str, stop: Any, threads: int, watch: Any) -> None:
    """Work as `firstcontact worker` does."""
    book = installation.book
    job = InstallationJob(installation, place_of(installation, takeover=15.0), lambda _: book)
    engine.work(Server(address), job, threads=threads, stop=stop, ready=lambda: None, watch=watch)


class Crew(Protocol):
    """Four at once."""

    def at(
        self, place: Place, shares: Sequence[Sequence[Interaction]]
    ) -> AbstractContextManager[Callable[[], None]]:
        """At work: the shares are delivered at once, then all drain until the block ends. Gives what wakes
        them when time has moved on. Raises AssertionError with what went wrong in any of them."""


class Threads:
    """Four threads that deliver and four that work, in this process."""

    @contextmanager
    def at(self, place: Place, shares: Sequence[Sequence[Interaction]]) -> Iterator[Callable[[], None]]:
        """See Crew."""
        barrier, stop = Barrier(len(shares)), Event()
        wrong: list[str] = []

        def all() -> None:
            wrong.extend(run(place, list(enumerate(shares)), barrier, stop, WORKERS))

        working = Thread(target=all)
        working.start()
        try:
            yield lambda: None
        finally:
            stop.set()
            working.join(SECONDS)
        assert wrong == [], "\n".join(wrong)


class Processes:
    """Four processes, started once, that deliver one share each and work.

    temporal: the address of the Temporal server that hands the work out; "" for none.
    """

    def __init__(self, temporal: str = "") -> None:
        spawn = get_context("spawn")
        self._temporal = temporal
        self._barrier = spawn.Barrier(WORKERS)
        self._stop = spawn.Event()
        self._pipes: list[Connection] = []
        self._processes = []
        for number in range(WORKERS):
            here, there = spawn.Pipe()
            process = spawn.Process(
                target=_serve, args=(there, number, self._barrier, self._stop, temporal), daemon=True
            )
            process.start()
            there.close()
            self._pipes.append(here)
            self._processes.append(process)

    @contextmanager
    def at(self, place: Place, shares: Sequence[Sequence[Interaction]]) -> Iterator[Callable[[], None]]:
        """See Crew."""
        assert len(shares) == WORKERS
        self._stop.clear()
        for pipe, share in zip(self._pipes, shares, strict=True):
            pipe.send((place, [encode(fact) for fact in share]))
        wrong: list[str] = []
        with opened(place) as (installation, _):
            mine = place_of(installation)
            try:
                yield lambda: self._wake(mine)
            finally:
                self._stop.set()
                for pipe in self._pipes:
                    wrong += pipe.recv() if pipe.poll(SECONDS) else ["a process did not end"]
        assert wrong == [], "\n".join(wrong)

    def _wake(self, place: TemporalPlace) -> None:
        if self._temporal:
            engine.wake(Server(self._temporal), place)

    def close(self) -> None:
        """End them."""
        for process in self._processes:
            process.kill()
            process.join()
        for pipe in self._pipes:
            pipe.close()


def _serve(pipe: Connection, number: int, barrier: Any, stop: Any, temporal: str) -> None:
    with closing(pipe):
        while True:
            try:
                place, facts = pipe.recv()
            except EOFError:
                return
            share = (number, [decode(fact) for fact in facts])
            pipe.send(run(place, [share], barrier, stop, 1, temporal))
