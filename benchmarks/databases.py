"""Both databases for a measurement: where an installation's two are, and the processor time they take."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sqlalchemy import Engine

from firstcontact.store.engine import open_engine
from firstcontact.testing import postgres

NAMES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Databases:
    """name: of the kind. pair: engines on two empty databases, for a ledger and an address book.
    processor: seconds of this process and of the database's own, so far."""

    name: str
    pair: Callable[[], tuple[Engine, Engine]]
    processor: Callable[[], float]

    def seconds(self, work: Callable[[], object]) -> float:
        """Processor seconds of one call, the system's and the database server's included."""
        before = self.processor()
        work()
        return self.processor() - before


@contextmanager
def both(names: tuple[str, ...] = NAMES) -> Iterator[tuple[Databases, ...]]:
    """SQLite in a temporary folder, and a PostgreSQL server of its own (which does not wait for the disk)."""
    numbers = count()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def files() -> tuple[Engine, Engine]:
            number = next(numbers)
            return open_engine(folder / f"ledger{number}.db"), open_engine(folder / f"book{number}.db")

        found = [Databases("sqlite", files, time.process_time)] if "sqlite" in names else []
        server = postgres.start() if "postgresql" in names else None
        try:
            if server is not None:
                here = server
                found.append(Databases("postgresql", lambda: _two(here), lambda: _with_server(here)))
            yield tuple(found)
        finally:
            if server is not None:
                server.stop()


def _two(server: postgres.Server) -> tuple[Engine, Engine]:
    return open_engine(server.database()), open_engine(server.database())


def _with_server(server: postgres.Server) -> float:
    """Processor seconds of this process and of the server: its postmaster, what it runs and what it ran."""
    own = server._process.pid
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        process, parent = int(path.parent.name), int(fields[1])
        if process == own:
            ticks += sum(int(field) for field in fields[11:15])
        elif parent == own:
            ticks += sum(int(field) for field in fields[11:13])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")
