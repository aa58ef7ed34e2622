"""A worker: one process that asks Temporal for work until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from firstcontact.lanes.temporal.activities import Activities
from firstcontact.lanes.temporal.client import Waker, connect, ensure_schedules, said
from firstcontact.lanes.temporal.job import Job
from firstcontact.lanes.temporal.server import Server
from firstcontact.lanes.temporal.workflows import ALL
from firstcontact.operating.watch import Watch

GRACE = timedelta(minutes=5)
"""A batch that is in hand when the worker is told to stop has so long to end."""
_BEAT = timedelta(seconds=5)


def run_worker(
    server: Server, job: Job, *, threads: int, stop: Event, ready: Callable[[], None], watch: Watch
) -> None:
    """Work until `stop` is set. Raises EngineProblem where the server can't be used at the start; one that is
    away later is waited for."""
    log, handler = logging.getLogger("temporalio"), _ToWatch(watch)
    log.addHandler(handler)
    try:
        asyncio.run(_work(server, job, threads, stop, ready, watch))
    finally:
        log.removeHandler(handler)


class _ToWatch(logging.Handler):
    """What Temporal's client has to warn of, without its words: they quote what was raised."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(logging.WARNING)
        self._watch = watch

    def emit(self, record: logging.LogRecord) -> None:
        """One line: where in the client it was."""
        self._watch.event("temporal warns", "warning", module=record.module, line=record.lineno)


async def _work(
    server: Server, job: Job, threads: int, stop: Event, ready: Callable[[], None], watch: Watch
) -> None:
    client = await connect(server)
    waker = Waker(client, server, job.place)
    activities = Activities(job, waker, asyncio.get_running_loop(), watch)
    with ThreadPoolExecutor(threads, thread_name_prefix="lane") as pool:
        worker = Worker(
            client,
            task_queue=server.queue_of(job.place),
            workflows=ALL,
            activities=activities.all(),
            activity_executor=pool,
            max_concurrent_activities=threads,
            max_concurrent_workflow_tasks=20,
            graceful_shutdown_timeout=GRACE,
            max_heartbeat_throttle_interval=_BEAT,
            default_heartbeat_throttle_interval=_BEAT,
            workflow_runner=SandboxedWorkflowRunner(
                restrictions=SandboxRestrictions.default.with_passthrough_modules("firstcontact")
            ),
        )
        async with worker:
            await _start(client, server, job, waker)
            watch.event("worker started", threads=threads)
            ready()
            await _until(stop, worker)
            watch.event("worker stopping")


async def _start(client: Client, server: Server, job: Job, waker: Waker) -> None:
    try:
        await ensure_schedules(client, server, job.place)
        await waker.wake()
    except RPCError as error:
        raise said(error, server) from error


async def _until(stop: Event, worker: Worker) -> None:
    while not stop.is_set() and not worker.is_shutdown:
        await asyncio.sleep(0.1)
