"""`run`: works on while it runs, in threads and processes, survives a killed process, ends when told to."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from firstcontact.bootstrap import open_installation
from firstcontact.config import load
from firstcontact.connectors.contract import Delivery

LINE = (
    '{"kind": "call", "id": "call-%d", "at": "2026-03-02T10:00:%02dZ", "direction": "inbound", '
    '"result": "answered", "seconds": 60, "from": "+1415555%04d", "to": "+14155550100"}'
)


def accept(fc: Any, first: int, count: int) -> None:
    """Store calls as work that is due, as a web hook does, in a process beside the one that works."""
    home = load(fc.home)
    opened = open_installation(home)
    deliveries = [
        Delivery("jsonl", f"hook: {number}", (LINE % (number, number % 60, 101 + number)).encode())
        for number in range(first, first + count)
    ]
    opened.installation.accept(deliveries)
    opened.ledger.engine.dispose()


def wait_for(fc: Any, activities: int, seconds: float = 60.0) -> None:
    """Until so many are logged."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if len(fc.json("activities")) >= activities:
            return
        time.sleep(0.2)
    raise AssertionError(f"{len(fc.json('activities'))} of {activities} logged: {fc.done('status').out}")


@pytest.fixture
def ready(fc: Any) -> Any:
    """A home whose Ana has a number."""
    fc.done("settings", "set", "brakes.creates_per_hour", "1000")
    return fc


def test_it_works_on_and_ends_when_told_to(ready: Any) -> None:
    """What comes in while it runs is done; SIGTERM ends it with what is in hand finished, status 0."""
    running = ready.start("run", "--log-level", "warning")
    try:
        accept(ready, 0, 5)
        wait_for(ready, 5)
        accept(ready, 5, 5)
        wait_for(ready, 10)
    finally:
        running.send_signal(signal.SIGTERM)
        _, errors = running.communicate(timeout=60)
    assert running.returncode == 0, errors
    assert "Stopped; what was in hand is finished." in errors
    assert ready.json("run", "--once")["decided"] == 0


def test_processes_share_the_work_and_end_with_it(ready: Any) -> None:
    """Two processes do a backlog once and end with it."""
    accept(ready, 0, 40)
    ready.done("run", "--once", "--processes", "2", "--threads", "2")
    assert len(ready.json("activities")) == 40


def test_a_killed_process_is_started_again(ready: Any) -> None:
    """One of two processes is killed: another takes its place, and everything is done once."""
    running = ready.start("run", "--processes", "2", "--log-level", "warning")
    try:
        first = children(running.pid, 2)
        os.kill(first[0], signal.SIGKILL)
        accept(ready, 0, 20)
        wait_for(ready, 20)
        assert set(children(running.pid, 2)) - set(first)
    finally:
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=60)
    assert running.returncode == 0
    assert len(ready.json("activities")) == 20


def test_its_processes_end_with_it(ready: Any) -> None:
    """Where the one that watches over them is killed, they finish what is in hand and end."""
    running = ready.start("run", "--processes", "2", "--log-level", "warning")
    started = children(running.pid, 2)
    running.kill()
    running.communicate(timeout=60)
    until = time.monotonic() + 60
    while any(Path(f"/proc/{each}").exists() for each in started):
        assert time.monotonic() < until
        time.sleep(0.2)


def children(parent: int, count: int) -> list[int]:
    """Process ids of so many living children, once there are so many."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == parent and fields[0] not in "ZX":
                found.append(int(stat.parent.name))
        if len(found) == count:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{count} children were expected, {len(found)} are there")
