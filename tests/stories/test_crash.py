"""A process killed at any boundary between itself and the world loses nothing and does nothing twice."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import pytest
from sentences import hold
from sqlalchemy import Engine
from story import STORY, World, deliver_again, files, left_behind, take

from firstcontact.flow.clock import HOUR
from firstcontact.store.engine import open_engine

KINDS = ("address_book", "clio", "salesforce", "lawmatics")
FILES = ("crm.db", "crm.db-wal", "ledger.db", "ledger.db-wal")
"""What a killed process leaves: the databases, and what they have not yet taken in from their logs."""

KILLS = 6
"""At about so many boundaries a real process is killed, and the story told to its end."""


class Telling:
    """The story told once, with `at_boundary(step, boundary)` called at each boundary."""

    def __init__(self, folder: Path, kind: str, at_boundary: Callable[[int, str], None]) -> None:
        folder.mkdir()
        self.step = -1
        self._at_boundary = at_boundary
        self.world = World(files(folder), kind, tick=self._tick)
        self.world.seed()

    def tell(self) -> list[dict[str, Any]]:
        """What is left behind after each step."""
        left = []
        for self.step, step in enumerate(STORY):
            take(self.world, step)
            left.append(left_behind(self.world))
        return left

    def _tick(self, boundary: str) -> None:
        if self.step >= 0:
            self._at_boundary(self.step, boundary)


class Memory:
    """Two databases in memory that take in what a killed process left on disk: much faster than its files."""

    def __init__(self) -> None:
        self.engines = (open_engine(":memory:"), open_engine(":memory:"))

    def take_in(self, folder: Path) -> tuple[Engine, Engine]:
        """The engines, with what the files hold once SQLite has opened them."""
        for engine, name in zip(self.engines, ("crm.db", "ledger.db"), strict=True):
            pooled = engine.raw_connection()
            with closing(sqlite3.connect(folder / name)) as left:
                left.backup(cast(sqlite3.Connection, pooled.driver_connection))
            pooled.close()
        return self.engines


def go_on(engines: tuple[Engine, Engine], kind: str, step: int, last: int) -> World:
    """A fresh process: everything so far is delivered again, the step is taken again, then the rest."""
    world = World(engines, kind, STORY[step].at + 2 * HOUR)
    deliver_again(world, STORY[: step + 1])
    for each in STORY[step : last + 1]:
        take(world, each)
    return world


@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_every_boundary(tmp_path: Path, kind: str) -> None:
    """Whatever the files are at any boundary, what follows from them is what would have come about."""
    folder = tmp_path / "story"
    boundaries = 0
    states: dict[tuple[int, bytes], tuple[Path, str]] = {}

    def snapshot(step: int, boundary: str) -> None:
        nonlocal boundaries
        boundaries += 1
        files = {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}
        state = step, sha256(b"".join(sha256(content).digest() for content in files.values())).digest()
        if state not in states:  # where nothing was written since, a killed process leaves the same
            kept = tmp_path / str(boundaries)
            kept.mkdir()
            for name, content in files.items():
                (kept / name).write_bytes(content)
            states[state] = kept, f"killed at boundary {boundaries}, {boundary}, in step {step}"

    telling = Telling(folder, kind, snapshot)
    left = telling.tell()
    hold(telling.world, STORY)
    assert boundaries > 500
    assert len(states) > 100
    memory = Memory()
    for (step, _), (kept, told) in states.items():
        world = go_on(memory.take_in(kept), kind, step, step)
        assert left_behind(world) == left[step], told
        hold(world, STORY[: step + 1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_process(tmp_path: Path, kind: str) -> None:
    """A real process, really killed at boundaries here and there: the next one tells the story to its end."""
    told = Telling(tmp_path / "told", kind, lambda _, __: None)
    end = told.tell()[-1]
    for number in range(7, 900, 900 // KILLS):
        folder = tmp_path / str(number)
        reached = killed_at(folder, kind, number)
        if reached < 0:
            break
        world = go_on(files(folder), kind, reached, len(STORY) - 1)
        assert left_behind(world) == end, f"killed at boundary {number}, in step {reached}"
        hold(world, STORY)
        world.close()


def killed_at(folder: Path, kind: str, number: int) -> int:
    """Tell the story in a process that is killed at a boundary; its step then, -1 if it came to the end."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        count = 0

        def kill(step: int, _: str) -> None:
            nonlocal count
            count += 1
            if count == number:
                os.write(writer, bytes([step]))
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            Telling(folder, kind, kill).tell()
        finally:
            os._exit(0)
    os.close(writer)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as pipe:
        step = pipe.read()
    assert os.WIFSIGNALED(status) == bool(step)
    return step[0] if step else -1
