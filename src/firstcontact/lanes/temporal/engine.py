"""The door: everything that others call, without importing `temporalio` until it is called."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from threading import Event
from typing import NoReturn

from firstcontact.lanes.temporal.job import Job
from firstcontact.lanes.temporal.messages import Place, Progress, Replayed, ReplayRequest
from firstcontact.lanes.temporal.server import EngineProblem, Server
from firstcontact.operating.watch import SILENT, Watch


def require() -> None:
    """Raises EngineProblem where the extra is not installed."""
    try:
        import temporalio  # noqa: F401
    except ImportError:
        raise EngineProblem(
            "Several machines need the extra `temporal`: pip install 'firstcontact[temporal]'. "
            "On one machine `firstcontact run` does all of it without."
        ) from None


def leave(status: int) -> NoReturn:
    """End this process now, once all is done and said; where Temporal was used, without Python's own clearing
    up: its client's threads may still ask for the interpreter then, which aborts the process
    (temporalio/sdk-python #300, open; seen here once in a dozen ends)."""
    sys.stdout.flush()
    sys.stderr.flush()
    if "temporalio" in sys.modules:
        os._exit(status)
    sys.exit(status)


def work(
    server: Server,
    job: Job,
    *,
    threads: int,
    stop: Event,
    ready: Callable[[], None],
    watch: Watch = SILENT,
) -> None:
    """Be a worker until `stop` is set; what is in hand is finished first. `ready`: called once at work.

    Raises EngineProblem where the server cannot be reached or lacks the namespace.
    """
    require()
    from firstcontact.lanes.temporal.worker import run_worker

    run_worker(server, job, threads=threads, stop=stop, ready=ready, watch=watch)


def wake(server: Server, place: Place, shards: tuple[int, ...] = ()) -> int:
    """Wake the lanes of these shards, all for none; how many. Raises EngineProblem."""
    require()
    from firstcontact.lanes.temporal.client import wake_now

    return wake_now(server, place, shards)


def backfill(server: Server, place: Place, told: Callable[[Progress], None]) -> Progress:
    """Have everything that is due done by all workers, and wait for it. Raises EngineProblem.

    One that was begun elsewhere, or earlier, is joined.
    """
    require()
    from firstcontact.lanes.temporal.client import backfill_now

    return backfill_now(server, place, told)


def replay(server: Server, request: ReplayRequest) -> Replayed:
    """A replay by all workers. Raises EngineProblem."""
    require()
    from firstcontact.lanes.temporal.client import replay_now

    return replay_now(server, request)
