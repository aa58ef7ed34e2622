"""Workers on several machines, played by processes: whoever is killed, everything is done exactly once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from crew import SECOND, START, Looker, Where, calls, crew, number, text
from temporalio.client import Client

from firstcontact.lanes.temporal import engine
from firstcontact.lanes.temporal.client import connect, ensure_schedules
from firstcontact.lanes.temporal.messages import Place, lanes
from firstcontact.lanes.temporal.server import Server
from firstcontact.testing.temporal import DevServer


def slow(where: Where) -> Where:
    """With small batches and a CRM that takes its time, so that somebody is always in the middle of one."""
    return msgspec.structs.replace(where, pause=0.1, batch=4)


def test_all_work_is_done_in_order(where: Where, temporal_server: DevServer, tmp_path: Path) -> None:
    """Two workers make one contact of each person and log each interaction once, each conversation in its
    order, however often they are woken; then they end with nothing in hand."""
    server, look = Server(temporal_server.address), Looker(where)
    texts = [text(f"t{n}-{i}", number(n), START + i * SECOND) for i in range(6) for n in range(10)]
    with crew(server.address, msgspec.structs.replace(where, batch=7), tmp_path, 2) as workers:
        for start in (0, 20, 40):
            look.installation.take(texts[start : start + 20])
            for _ in range(5):
                assert engine.wake(server, look.place()) == 8
        look.accept(calls(30, 4))
        engine.wake(server, look.place())
        look.wait()
        assert workers.stop() == [0, 0]
    look.exactly(30, 180)
    look.in_order()
    assert look.held_by() == set()


@pytest.mark.parametrize("where", ["postgresql"], indirect=True)
def test_a_lost_wake_up_is_made_good(where: Where, temporal_server: DevServer, tmp_path: Path) -> None:
    """Work that nobody told of is found by looking, also in a lane whose workflow is gone."""
    server, look = Server(temporal_server.address), Looker(where)
    with crew(server.address, msgspec.structs.replace(where, look=1.0), tmp_path):
        asyncio.run(_end_a_lane(server, look))
        look.accept(calls(20, 2))
        look.wait()
    look.exactly(20, 40)


async def _end_a_lane(server: Server, look: Looker) -> None:
    client = await Client.connect(server.address)
    await client.get_workflow_handle(lanes(look.place())[3].id).terminate()


@pytest.mark.parametrize("where", ["sqlite"], indirect=True)
def test_later_work_wakes_by_itself(where: Where, temporal_server: DevServer, tmp_path: Path) -> None:
    """A lane whose next work is due in a second is drained then, with no signal and before the next look."""
    server, look = Server(temporal_server.address), Looker(where)
    with crew(server.address, where, tmp_path):
        look.accept(calls(16, 1))
        with look.installation.ledger.write() as tx:
            later = look.installation.clock.now() + 2 * SECOND
            tx.exec_driver_sql(f"UPDATE deliveries SET due_at = {later}")
        engine.wake(server, look.place())
        look.wait(40)
    look.exactly(16, 16)


def test_a_killed_worker_is_replaced(where: Where, temporal_server: DevServer, tmp_path: Path) -> None:
    """A worker is killed in the middle of its batches; another goes on, and everything is there once."""
    server, look = Server(temporal_server.address), Looker(where)
    with crew(server.address, slow(where), tmp_path, 2) as workers:
        victim, other = workers.workers
        look.accept(calls(20, 5))
        engine.wake(server, look.place())
        look.until(lambda: {victim.pid, other.pid} <= look.held_by(), 20, "both are at work")
        victim.kill()
        victim.wait(10)
        assert look.installation.due() is not None
        look.wait()
        assert other.poll() is None
    look.exactly(20, 100)


def test_the_server_is_killed(where: Where, tmp_path: Path) -> None:
    """Temporal dies in the middle and comes back with what it had on disk; workers go on by themselves."""
    temporal = DevServer(tmp_path)
    try:
        server, look = Server(temporal.address), Looker(where)
        look.accept(calls(20, 2))
        with crew(server.address, slow(msgspec.structs.replace(where, look=2.0)), tmp_path, 2) as workers:
            look.until(lambda: bool(look.held_by()), 20, "somebody is at work")
            temporal.kill()
            look.accept(calls(20, 1, "while it was away "))
            temporal.start()
            look.wait()
            assert [each.poll() for each in workers.workers] == [None, None]
        look.exactly(20, 60)
    finally:
        temporal.kill()


def test_schedules_are_there_once(temporal_server: DevServer) -> None:
    """However many workers start, there is one schedule of each kind, as the last one wanted it; and what a
    person paused stays paused."""
    asyncio.run(_start_twice(Server(temporal_server.address), Place("twice", "book", look=60.0)))


async def _start_twice(server: Server, place: Place) -> None:
    client = await connect(server)
    for look, paused in ((60.0, False), (60.0, False), (30.0, True)):
        if paused:
            await client.get_schedule_handle(f"{place.prefix}/look").pause()
        await ensure_schedules(client, server, replace(place, look=look))
        there = {
            name: (await client.get_schedule_handle(f"{place.prefix}/{name}").describe()).schedule
            for name in ("look", "tidy")
        }
        assert there["look"].spec.intervals[0].every == timedelta(seconds=look)
        assert [each.state.paused for each in there.values()] == [paused, False]
    listed: list[str] = []
    while len(listed) < 2:  # they are listed a moment after they are made
        listed = [each.id async for each in await client.list_schedules() if each.id.startswith(place.prefix)]
    assert sorted(listed) == [f"{place.prefix}/look", f"{place.prefix}/tidy"]
