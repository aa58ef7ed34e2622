"""How much threads, processes and Temporal workers do, of the same stored calls, on one PostgreSQL.

    python -m benchmarks.bench_scale_out [CALLS] [ROUNDS]

Each crew drains CALLS stored deliveries (understand, decide, carry out into the address book on the same
server) on a database of its own, crews in turn, ROUNDS times. One JSON line per crew: interactions a second
of wall time from the first to the last, start-up left out, and processor seconds of all workers, start-up
included and PostgreSQL's not. Not in `make bench`: on a busy machine the wall time says little.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from sqlalchemy import select

from benchmarks.installations import call_log
from firstcontact.testing import postgres, temporal

RUN = (sys.executable, "-c", "from firstcontact.cli.main import main; main()")
SETTINGS = """
[team]
region = "US"
domains = ["northwind.example"]
[[team.users]]
name = "Ana Ruiz"
emails = ["ana@northwind.example"]
phones = ["+14155550100"]
[organisation]
preset = "standard"
brakes.creates_per_hour = 1000000
[store]
url = "{url}"
"""
CREWS: dict[str, tuple[int, tuple[str, ...]]] = {
    "run, 1 thread": (1, ("run", "--threads", "1")),
    "run, 4 threads": (1, ("run", "--threads", "4")),
    "run, 2 processes of 1 thread": (1, ("run", "--processes", "2", "--threads", "1")),
    "Temporal, 1 worker of 1 thread": (1, ("worker", "--threads", "1")),
    "Temporal, 2 workers of 1 thread": (2, ("worker", "--threads", "1")),
    "Temporal, 4 workers of 1 thread": (4, ("worker", "--threads", "1")),
    "Temporal, 2 workers of 4 threads": (2, ("worker", "--threads", "4")),
}
"""What is started, and how often."""


def drained(words: Sequence[str], count: int, home: Path, calls: int) -> tuple[float, float]:
    """Interactions a second of wall time, and processor seconds, of one crew on one installation."""
    from firstcontact.bootstrap import open_installation
    from firstcontact.config import load
    from firstcontact.ledger import intake, lanes_due, writing

    opened = open_installation(load(home))

    crm = opened.installation.crm.connection

    def due() -> int:
        """How much is to be done; counted only once nothing is due: the crew has the cores to itself."""
        with opened.ledger.read() as tx:
            if intake.imports_due(tx, 2**62) or writing.due_writes(tx, crm, 2**62, 1):
                return 1
            counts = lanes_due.count_due(tx, crm, 2**62)
        return counts.deliveries + counts.interactions + counts.writes + counts.held

    before = os.times()
    command = [*RUN, "--home", str(home), *words, "--log-level", "error"]
    with open(os.devnull, "w") as nowhere:
        crew = [subprocess.Popen(command, stderr=nowhere) for _ in range(count)]
    try:
        began = _when(lambda: _understood(opened) > 0, 0.02)
        ended = _when(lambda: due() == 0, 0.25)
    finally:
        for each in crew:
            each.terminate()
        for each in crew:
            each.wait(60)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    opened.ledger.engine.dispose()
    return calls / (ended - began), cpu


def _understood(opened) -> int:  # type: ignore[no-untyped-def]
    from firstcontact.ledger.tables import interactions

    with opened.ledger.read() as tx:
        return 0 if tx.scalar(select(interactions.c.id).limit(1)) is None else 1


def _when(so, pause: float) -> float:  # type: ignore[no-untyped-def]
    until = time.monotonic() + 1800
    while not so():
        assert time.monotonic() < until, "it never ended"
        time.sleep(pause)
    return time.monotonic()


def stored(folder: Path, url: str, calls: int) -> Path:
    """A home on a new database with so many calls stored, none of them looked at."""
    from firstcontact.bootstrap import file_items, open_installation
    from firstcontact.config import load
    from firstcontact.connectors.contract import Delivery
    from firstcontact.store.statements import chunks

    folder.mkdir()
    (folder / "settings.toml").write_text(SETTINGS.format(url=url))
    call_log(folder / "calls.jsonl", calls)
    opened = open_installation(load(folder))
    read = file_items(folder / "calls.jsonl", "jsonl", "", "")
    items = (item for item, _ in read if isinstance(item, Delivery))
    for some in chunks(items, 2000):
        opened.installation.accept(some, live=False)
    opened.ledger.engine.dispose()
    return folder


def main() -> int:
    """Measure every crew."""
    calls, rounds = (int(word) for word in (*sys.argv[1:3], *("20000", "3")[len(sys.argv[1:3]) :]))
    wanted = sys.argv[3] if len(sys.argv) > 3 else ""
    found: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        database, server = postgres.start(), temporal.DevServer(Path(name))
        try:
            for turn in range(rounds):
                for crew, (count, words) in CREWS.items():
                    if wanted not in crew:
                        continue
                    home = stored(Path(name) / f"{turn} {crew}", database.database(), calls)
                    at = ("--temporal", server.address) if words[0] == "worker" else ()
                    result = drained([*words, *at], count, home, calls)
                    found.setdefault(crew, []).append(result)
                    print(f"# {crew}: {result[0]:.0f}/s, {result[1]:.1f} s", file=sys.stderr, flush=True)
        finally:
            server.kill()
            database.stop()
    for crew, results in found.items():
        speeds = [speed for speed, _ in results]
        line = {
            "crew": crew,
            "interactions_per_second": round(median(speeds)),
            "of": [round(speed) for speed in speeds],
            "cpu_seconds": round(median(cpu for _, cpu in results), 1),
        }
        print(json.dumps(line), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
