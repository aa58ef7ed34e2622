"""What is asked of the Temporal server: connect, wake, schedules, backfill and replay."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode, TLSConfig

from firstcontact.lanes.temporal.messages import (
    BACKFILL,
    LANE,
    LOOK,
    REPLAY,
    TIDY,
    Lane,
    Place,
    Progress,
    Replayed,
    ReplayRequest,
    lanes,
)
from firstcontact.lanes.temporal.server import EngineProblem, Server

T = TypeVar("T")

TIDY_EVERY = timedelta(hours=1)
"""The daily work asks by itself whether a day has passed, so an hour that was missed is no day missed."""
_PATIENCE = timedelta(seconds=10)


async def connect(server: Server) -> Client:
    """A client for the server and namespace, which both exist. Raises EngineProblem."""
    try:
        connecting = Client.connect(
            server.address, namespace=server.namespace, tls=_tls(server), connect_timeout=_PATIENCE
        )
        client = await asyncio.wait_for(connecting, 15)
    except (RuntimeError, OSError, TimeoutError):
        how = " with TLS as in the settings" if server.tls is not None else " without TLS"
        raise EngineProblem(
            f"There is no Temporal server at {server.address}, or it does not answer{how}. "
            "Work that is due stays in the ledger; `firstcontact run` does it without Temporal."
        ) from None
    await _check_namespace(client, server)
    return client


def _tls(server: Server) -> TLSConfig | bool:
    if server.tls is None:
        return False
    authority, certificate, key = server.tls
    return TLSConfig(
        server_root_ca_cert=authority or None,
        client_cert=certificate or None,
        client_private_key=key or None,
    )


async def _check_namespace(client: Client, server: Server) -> None:
    from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

    try:
        await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=server.namespace), timeout=_PATIENCE
        )
    except RPCError as error:
        if error.status in (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT):
            raise EngineProblem(
                f"The Temporal server at {server.address} has no namespace {server.namespace!r}; "
                f"make it with: temporal operator namespace create --namespace {server.namespace}"
            ) from None
        raise said(error, server) from error


def said(error: RPCError, server: Server) -> EngineProblem:
    """A refusal of the server as a sentence."""
    if error.status in (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED):
        return EngineProblem(f"The Temporal server at {server.address} does not answer any more.")
    return EngineProblem(f"The Temporal server at {server.address} says: {error.message}")


class Waker:
    """Wakes the lanes of one place by signal-with-start."""

    def __init__(self, client: Client, server: Server, place: Place) -> None:
        self._client = client
        self._queue = server.queue_of(place)
        self._place = place

    async def wake(self, shards: tuple[int, ...] = ()) -> int:
        """Wake the lanes of these shards, all for none; how many. Raises RPCError."""
        chosen = lanes(self._place, shards) if shards else lanes(self._place)
        await asyncio.gather(*(self._wake(lane) for lane in chosen))
        return len(chosen)

    async def _wake(self, lane: Lane) -> None:
        await self._client.start_workflow(
            LANE,
            lane,
            id=lane.id,
            task_queue=self._queue,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal="wake",
            start_signal_args=[lane],
            rpc_timeout=_PATIENCE,
        )


async def ensure_schedules(client: Client, server: Server, place: Place) -> None:
    """The two schedules, once each however many workers start, as this version wants them.

    Raises RPCError.
    """
    for name, workflow, every in (
        ("look", LOOK, timedelta(seconds=place.look)),
        ("tidy", TIDY, TIDY_EVERY),
    ):
        id = f"{place.prefix}/{name}"
        schedule = Schedule(
            action=ScheduleActionStartWorkflow(
                workflow, place, id=f"{id}-run", task_queue=server.queue_of(place)
            ),
            spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]),
            # One at a time; after an outage once, not once for each that was missed.
            policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=every),
        )
        try:
            await client.create_schedule(id, schedule, rpc_timeout=_PATIENCE)
        except ScheduleAlreadyRunningError:
            await _update(client, id, schedule)


async def _update(client: Client, id: str, wanted: Schedule) -> None:
    async def changed(there: Any) -> ScheduleUpdate:
        # What a person paused stays paused.
        wanted.state = there.description.schedule.state
        return ScheduleUpdate(schedule=wanted)

    await client.get_schedule_handle(id).update(changed, rpc_timeout=_PATIENCE)


# --- calls of the command line ------------------------------------------------------------------------


def wake_now(server: Server, place: Place, shards: tuple[int, ...]) -> int:
    """Wake lanes and be done. Raises EngineProblem."""

    async def call(client: Client) -> int:
        return await Waker(client, server, place).wake(shards)

    return _run(server, call)


def backfill_now(server: Server, place: Place, told: Callable[[Progress], None]) -> Progress:
    """Start or join the backfill of a place, tell its progress, return its end. Raises EngineProblem."""

    async def call(client: Client) -> Progress:
        handle = await client.start_workflow(
            BACKFILL,
            args=[place, None],
            id=f"{place.prefix}/backfill",
            task_queue=server.queue_of(place),
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            result_type=Progress,
        )
        ended = asyncio.ensure_future(handle.result())
        while not (await asyncio.wait([ended], timeout=1.0))[0]:
            progress = await _progress(handle)
            if progress is not None:
                told(progress)
        end = ended.result()
        assert isinstance(end, Progress)
        return end

    return _run(server, call)


async def _progress(handle: WorkflowHandle[Any, Any]) -> Progress | None:
    try:
        found = await handle.query("progress", result_type=Progress, rpc_timeout=timedelta(seconds=2))
    except RPCError:
        return None  # no worker is there to answer yet
    return found if isinstance(found, Progress) else None


def replay_now(server: Server, request: ReplayRequest) -> Replayed:
    """A replay by all workers. Raises EngineProblem."""

    async def call(client: Client) -> Replayed:
        place = request.place
        span = f"{request.settings}-{request.since}-{request.until}"
        found = await client.execute_workflow(
            REPLAY,
            request,
            id=f"{place.prefix}/replay-{span}",
            task_queue=server.queue_of(place),
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            result_type=Replayed,
        )
        assert isinstance(found, Replayed)
        return found

    return _run(server, call)


def _run(server: Server, call: Callable[[Client], Coroutine[Any, Any, T] | Awaitable[T]]) -> T:
    async def main() -> T:
        client = await connect(server)
        try:
            return await call(client)
        except RPCError as error:
            raise said(error, server) from error
        except WorkflowFailureError as error:
            raise EngineProblem(f"It was ended in Temporal: {error.cause}") from error

    return asyncio.run(main())
