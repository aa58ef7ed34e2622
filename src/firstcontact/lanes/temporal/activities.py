"""The activities: the job's calls, in threads, with heartbeats."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from firstcontact.lanes.temporal.client import Waker
from firstcontact.lanes.temporal.job import Job
from firstcontact.lanes.temporal.messages import (
    COUNT_DUE,
    DRAIN_LANE,
    LOOK_AROUND,
    REPLAY_PART,
    TIDY_UP,
    Drained,
    Due,
    Lane,
    Place,
    Replayed,
    ReplayPart,
)
from firstcontact.operating.watch import SILENT, Watch
from firstcontact.store.problems import StoreProblem


class Activities:
    """What this worker does when Temporal asks."""

    def __init__(
        self, job: Job, waker: Waker, loop: asyncio.AbstractEventLoop, watch: Watch = SILENT
    ) -> None:
        """`waker` wakes lanes, in `loop`, which runs in another thread than activities."""
        self._job = job
        self._waker = waker
        self._loop = loop
        self._watch = watch

    @activity.defn(name=DRAIN_LANE, no_thread_cancel_exception=True)
    def drain_lane(self, lane: Lane) -> Drained:
        """Drain these shards, up to the end or until the worker stops."""
        self._mine(lane.place)
        with self._at(lane.place):
            return self._job.drain(lane.shards, _stopped)

    @activity.defn(name=LOOK_AROUND, no_thread_cancel_exception=True)
    def look_around(self, place: Place) -> None:
        """Ask the CRM what changed and wake the lanes that have work."""
        self._mine(place)
        with self._at(place):
            shards = self._job.look()
            if shards:
                self._wake(shards)

    @activity.defn(name=TIDY_UP, no_thread_cancel_exception=True)
    def tidy_up(self, place: Place) -> None:
        """What is to be done once a day."""
        self._mine(place)
        with self._at(place):
            self._job.tidy()

    @activity.defn(name=COUNT_DUE, no_thread_cancel_exception=True)
    def count_due(self, place: Place) -> Due:
        """Count what is due, and wake the lanes where it is."""
        self._mine(place)
        with self._at(place):
            due = self._job.due()
            if due.shards:
                self._wake(due.shards)
            return due

    @activity.defn(name=REPLAY_PART, no_thread_cancel_exception=True)
    def replay_part(self, part: ReplayPart) -> Replayed:
        """One part of a replay. Raises RuntimeError where it is left off: half a part is no answer."""
        self._mine(part.request.place)
        with self._at(part.request.place):
            return self._job.replay(part, _stopped)

    def all(self) -> list[Callable[..., Any]]:
        """For the worker."""
        return [self.drain_lane, self.look_around, self.tidy_up, self.count_due, self.replay_part]

    @contextmanager
    def _at(self, place: Place) -> Iterator[None]:
        """At a task: with heartbeats. What is raised goes to Temporal, whose history keeps it, so without the
        values that an unforeseen error may speak of; this machine's log says where it was."""
        try:
            with _heartbeats(place, self._watch):
                yield
        except StoreProblem as problem:
            raise ApplicationError(str(problem), type="StoreProblem") from None
        except Exception as error:
            self._watch.failure("activity failed", error)
            raise ApplicationError(type(error).__name__, type=type(error).__name__) from None

    def _mine(self, place: Place) -> None:
        """Raises RuntimeError for another's work, which somebody gave the same task queue; its own worker
        gets it when it is tried again."""
        if place.prefix != self._job.place.prefix:
            raise RuntimeError(f"this worker is for {self._job.place.prefix}, the task for {place.prefix}")

    def _wake(self, shards: tuple[int, ...]) -> None:
        asyncio.run_coroutine_threadsafe(self._waker.wake(shards), self._loop).result(30)


def _stopped() -> bool:
    return activity.is_cancelled() or activity.is_worker_shutdown()


@contextmanager
def _heartbeats(place: Place, watch: Watch) -> Iterator[None]:
    """Says that this process lives while a batch is in hand, which may take long where the CRM is slow.

    What has hung for good ends by the activity's own time-out; what another worker took over meanwhile is
    kept safe by the lease, which every transaction checks.
    """
    over = Event()
    context = contextvars.copy_context()

    def beat() -> None:
        while not over.wait(place.takeover / 4):
            try:
                context.run(activity.heartbeat)
            except Exception as error:  # the next one may get through; an activity must not end by this
                watch.failure("heartbeat not sent", error)

    beating = Thread(target=beat, name="heartbeats", daemon=True)
    beating.start()
    try:
        yield
    finally:
        over.set()
        beating.join()
