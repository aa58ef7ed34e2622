"""`Watch`: what flow and lanes tell whoever looks on. The only module of this room that they import.

Nothing here is ever a person's: names of connections, stages, methods and outcomes, counts and seconds. An
implementation is quick, safe to call from any thread, and never raises; the work goes on whoever watches.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter, thread_time
from typing import Literal, Protocol

Level = Literal["debug", "info", "warning", "error"]

Stage = Literal["receive", "understand", "decide", "carry_out", "poll", "retain"]
"""What a batch is taken through."""

LeaseEvent = Literal["claimed", "renewed", "released", "lost", "taken_over"]
"""What became of a lease; `taken_over`: claimed from an owner who let it run out."""

Answer = Literal["ok", "try_again", "unclear", "auth_lapsed", "rejected", "exists", "moved", "failed"]
"""How a call of the CRM, or one write in it, was answered; `failed`: by an error that is no part of the
contract, so a bug."""

WriteEvent = Literal["created", "adopted", "done", "parked", "unclear", "dropped"]
"""What a write came to. A contact or account is `created`, or `adopted` where it was there by then; what
else is carried out is `done`."""


class Watch(Protocol):
    """Told what happens, as it happens. `connection` is the CRM connection's name."""

    def stage(self, connection: str, stage: Stage, items: int, seconds: float, cpu: float) -> None:
        """A batch of `items` went through a stage in `seconds`, of which `cpu` were this thread's own
        computing. With no items there was nothing to do."""

    def call(self, connection: str, method: str, answer: Answer, seconds: float, items: int) -> None:
        """One call of the CRM with so many handles, ids or writes; `method` is one of the contract's."""

    def write(self, connection: str, kind: str, event: WriteEvent, count: int = 1) -> None:
        """Writes of one kind (`create_contact` …) that came to an end, or to a stop."""

    def retry(self, connection: str, kind: str, count: int = 1) -> None:
        """Work that will be tried again later; `kind`: a kind of write, or `decide`, `understand`, `poll`."""

    def lease(self, connection: str, event: LeaseEvent, shards: int) -> None:
        """Something became of a lease on so many shards."""

    def quota(self, connection: str, left: int, limit: int) -> None:
        """What the vendor said is left of its limit of calls; its window is the vendor's."""

    def event(self, name: str, level: Level = "info", **facts: str | int | float | bool) -> None:
        """One line for the log: a short name in words, such as `connection paused`, and plain facts."""

    def failure(self, name: str, error: BaseException, **facts: str | int | float | bool) -> None:
        """Something raised that nobody expected; the log gets where, without values of the program."""


class _Silent:
    """Nobody looks on."""

    def stage(self, connection: str, stage: Stage, items: int, seconds: float, cpu: float) -> None:
        pass

    def call(self, connection: str, method: str, answer: Answer, seconds: float, items: int) -> None:
        pass

    def write(self, connection: str, kind: str, event: WriteEvent, count: int = 1) -> None:
        pass

    def retry(self, connection: str, kind: str, count: int = 1) -> None:
        pass

    def lease(self, connection: str, event: LeaseEvent, shards: int) -> None:
        pass

    def quota(self, connection: str, left: int, limit: int) -> None:
        pass

    def event(self, name: str, level: Level = "info", **facts: str | int | float | bool) -> None:
        pass

    def failure(self, name: str, error: BaseException, **facts: str | int | float | bool) -> None:
        pass


SILENT: Watch = _Silent()
"""For an installation that nobody looks on."""


class Batch:
    """How many items a timed batch had; set by whoever runs it."""

    items: int = 0


@contextmanager
def timed(watch: Watch, connection: str, stage: Stage) -> Iterator[Batch]:
    """Times what is inside and tells `watch`, also where it raises; the caller sets `items`."""
    batch = Batch()
    start, computing = perf_counter(), thread_time()
    try:
        yield batch
    finally:
        watch.stage(connection, stage, batch.items, perf_counter() - start, thread_time() - computing)
