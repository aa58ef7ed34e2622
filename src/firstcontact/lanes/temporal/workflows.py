"""The workflows. They hold no work and no fact: only when to look where.

What a workflow does may be done again from its history in another process, so nothing here reads a clock, a
file or chance but through Temporal.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from firstcontact.lanes.temporal.messages import (
        BACKFILL,
        COUNT_DUE,
        DRAIN_LANE,
        LANE,
        LOOK,
        LOOK_AROUND,
        REPLAY,
        REPLAY_PART,
        TIDY,
        TIDY_UP,
        Drained,
        Due,
        Lane,
        Place,
        Progress,
        Replayed,
        ReplayPart,
        ReplayRequest,
        lanes,
    )

ROUNDS = 200
"""Drains until a lane's workflow begins anew, so that no history grows for ever."""
LONGEST = 300.0
"""Seconds until a lane looks again by itself: a lost wake-up that the schedule does not make good either."""
BUSY = 2.0
"""Seconds until a lane that somebody else holds is tried again."""
_AGAIN = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(seconds=30)
)
"""For ever: what fails here is a database or a server that is away. What the work itself does not
manage has retries of its own, in the ledger."""
_LONG = timedelta(minutes=30)
"""More than any activity takes; one that has hung is begun anew after that."""


async def _do(name: str, argument: object, result: type, place: Place) -> object:
    return await workflow.execute_activity(
        name,
        argument,
        result_type=result,
        start_to_close_timeout=_LONG,
        heartbeat_timeout=timedelta(seconds=place.takeover),
        retry_policy=_AGAIN,
    )


async def _wake(places: tuple[Lane, ...]) -> None:
    for lane in places:
        try:
            await workflow.get_external_workflow_handle(lane.id).signal("wake", lane)
        except ApplicationError:
            # It is not running: its work is found by the schedule, which can start it.
            workflow.logger.info("no workflow for %s", lane.id)


@workflow.defn(name=LANE)
class LaneWorkflow:
    """One lane: drains, then rests until it is woken or the next piece of work is due."""

    def __init__(self) -> None:
        self._woken = False
        self._lane: Lane | None = None
        self._last = Drained()

    @workflow.signal
    def wake(self, lane: Lane) -> None:
        """There may be work. Wakes once however often it comes."""
        self._woken = True
        self._lane = lane

    @workflow.query
    def last(self) -> Drained:
        """What the last drain came to."""
        return self._last

    @workflow.run
    async def run(self, lane: Lane) -> None:
        """Never ends: begins anew, with nothing but its name, when its history has grown."""
        rounds = 0
        while rounds < ROUNDS and not workflow.info().is_continue_as_new_suggested():
            rounds += 1
            lane = self._lane or lane
            self._woken = False
            found = await _do(DRAIN_LANE, lane, Drained, lane.place)
            assert isinstance(found, Drained)
            self._last = found
            await _wake(tuple(each for each in lanes(lane.place, found.elsewhere) if each.id != lane.id))
            await self._rest(found)
        workflow.continue_as_new(self._lane or lane)

    async def _rest(self, found: Drained) -> None:
        if found.more:
            return
        if found.busy:
            # No wake-up cuts this short: the lane would be asked for over and over.
            await asyncio.sleep(max(found.wait, BUSY))
            return
        wait = min(found.wait, LONGEST) if found.wait >= 0 else LONGEST
        try:
            await workflow.wait_condition(lambda: self._woken, timeout=wait)
        except TimeoutError:
            return


@workflow.defn(name=LOOK)
class LookAround:
    """By schedule: asks the CRM what changed, and wakes the lanes that have work, were every signal lost."""

    @workflow.run
    async def run(self, place: Place) -> None:
        """Once; the activity wakes, since it can start a lane that is not running."""
        await _do(LOOK_AROUND, place, type(None), place)


@workflow.defn(name=TIDY)
class Tidy:
    """By schedule: what is to be done once a day."""

    @workflow.run
    async def run(self, place: Place) -> None:
        """Once."""
        await _do(TIDY_UP, place, type(None), place)


@workflow.defn(name=BACKFILL)
class Backfill:
    """Has everything that is due done: wakes every lane that has work, again and again, until none has."""

    def __init__(self) -> None:
        self._progress = Progress(Due(), 0, 0)

    @workflow.query
    def progress(self) -> Progress:
        """How far it is."""
        return self._progress

    @workflow.run
    async def run(self, place: Place, before: Progress | None = None) -> Progress:
        """Ends when nothing is due now; what a brake holds or waits for a retry is told, not awaited."""
        self._progress = before or self._progress
        for pause in (0.2, 0.5, 1.0, *([2.0] * ROUNDS)):
            due = await _do(COUNT_DUE, place, Due, place)
            assert isinstance(due, Due)
            done = self._progress
            self._progress = Progress(due, max(done.most, due.now), done.rounds + 1)
            if not due.now or due.paused:
                return self._progress
            await asyncio.sleep(pause)
        return workflow.continue_as_new(args=[place, self._progress])


@workflow.defn(name=REPLAY)
class ReplayWorkflow:
    """A replay in parts that know nothing of each other, each an activity; gathers what differs."""

    @workflow.run
    async def run(self, request: ReplayRequest) -> Replayed:
        """The counts of all parts, and the earliest differences."""
        parts = await asyncio.gather(
            *(
                _do(REPLAY_PART, ReplayPart(request, part), Replayed, request.place)
                for part in range(request.parts)
            )
        )
        found = [part for part in parts if isinstance(part, Replayed)]
        examples = sorted((e for part in found for e in part.examples), key=lambda e: (e.at, e.interaction))
        return Replayed(
            interactions=sum(part.interactions for part in found),
            differences=sum(part.differences for part in found),
            erased=sum(part.erased for part in found),
            before=_sum([part.before for part in found]),
            after=_sum([part.after for part in found]),
            examples=tuple(examples[: request.most]),
            newest=found[0].newest if len({part.newest for part in found}) == 1 else -1,
        )


def _sum(counts: list[dict[str, int] | None]) -> dict[str, int]:
    total: dict[str, int] = {}
    for each in counts:
        for name, count in (each or {}).items():
            total[name] = total.get(name, 0) + count
    return total


ALL = (LaneWorkflow, LookAround, Tidy, Backfill, ReplayWorkflow)
