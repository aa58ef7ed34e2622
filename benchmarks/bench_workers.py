"""Two worker processes beside one, and workers that meet at Temporal beside processes of one machine.

    python -m benchmarks.bench_workers [CALLS] [ROUNDS]

`workers_processes`: seconds in which `firstcontact run --processes 2 --threads 1` drains stored calls on
PostgreSQL, the floor those of `--processes 1 --threads 1`, in turn, the median of the ratios: 2/3 is one and
a half times as fast. A worker is a process of one thread here: with two threads, one process keeps a core and
most of a second busy by itself, its own and PostgreSQL's work at the same time, and on two cores nothing is
left that a second process could add.
`workers_apart`: the same two processes, beside two of them that share nothing: an installation each, on two
databases of the same server, at the same time. It says how much of what is missing to twice as fast is the
machine's doing, and how much is that write transactions of one ledger take turns.
`backfill_temporal`: seconds in which two Temporal workers drain the same, the floor those of `run --processes
2`. In wall time, start-up left out: on a machine that is busy with other things, or has no core for a second
process beside PostgreSQL's own, the first says little.
"""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.bench_scale_out import drained, stored
from benchmarks.measuring import Figure, figure, print_all, progress
from firstcontact.testing import postgres, temporal

CALLS, ROUNDS = 20_000, 5
BACKFILL = 600_000
PROCESSES_LIMIT = 1 / 1.5
APART_LIMIT = 1.5
TEMPORAL_LIMIT = 1.5
ONE = (1, ("run", "--processes", "1", "--threads", "1"))
TWO = (1, ("run", "--processes", "2", "--threads", "1"))
TEMPORAL = (2, ("worker", "--threads", "1"))

Crew = tuple[int, tuple[str, ...]]


def measure(calls: int = CALLS, rounds: int = ROUNDS) -> list[Figure]:
    """One process and two."""
    with tempfile.TemporaryDirectory() as name:
        server = postgres.start()
        try:
            rounds_of = [_round(server, Path(name), turn, calls) for turn in range(rounds)]
        finally:
            server.stop()
    pairs = [(two, one) for two, one, _ in rounds_of]
    beside = [(two, apart) for two, _, apart in rounds_of]
    speeds = f"{_speed(calls, pairs, 1)}/s by one, {_speed(calls, pairs, 0)}/s by two"
    note = f"{calls} calls, {rounds} rounds; {speeds}"
    alone = f"{_speed(calls, beside, 1)}/s by two that share nothing"
    return [
        figure("workers_processes", "s", pairs, PROCESSES_LIMIT, note),
        figure("workers_apart", "s", beside, APART_LIMIT, alone),
    ]


def _round(server: postgres.Server, folder: Path, turn: int, calls: int) -> tuple[float, float, float]:
    """Seconds by two processes, by one, and by two that have an installation each for half of the calls."""
    two, one = (_seconds(server, folder, f"{turn} {who}", crew, calls) for who, crew in _BOTH)
    homes = [stored(folder / f"{turn} apart {each}", server.database(), calls // 2) for each in (1, 2)]
    with ThreadPoolExecutor(2) as pool:
        speeds = list(pool.map(lambda home: drained(ONE[1], ONE[0], home, calls // 2)[0], homes))
    progress(f"{turn} apart: {sum(speeds):.0f} interactions a second")
    return two, one, calls / sum(speeds)


_BOTH: tuple[tuple[str, Crew], ...] = (("two", TWO), ("one", ONE))


def measure_backfill(calls: int = BACKFILL) -> list[Figure]:
    """Temporal beside processes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server, engine = postgres.start(), temporal.DevServer(folder)
        try:
            count, words = TEMPORAL
            by_temporal: Crew = (count, (*words, "--temporal", engine.address))
            pair = (
                _seconds(server, folder, "temporal", by_temporal, calls),
                _seconds(server, folder, "processes", TWO, calls),
            )
        finally:
            engine.kill()
            server.stop()
    note = f"{calls} calls; {calls / pair[0]:.0f}/s by Temporal, {calls / pair[1]:.0f}/s by processes"
    return [figure("backfill_temporal", "s", [pair], TEMPORAL_LIMIT, note)]


def _seconds(server: postgres.Server, folder: Path, who: str, crew: Crew, calls: int) -> float:
    home = stored(folder / who, server.database(), calls)
    speed, _ = drained(crew[1], crew[0], home, calls)
    progress(f"{who}: {speed:.0f} interactions a second")
    return calls / speed


def _speed(calls: int, pairs: list[tuple[float, float]], which: int) -> str:
    times = sorted(pair[which] for pair in pairs)
    return f"{calls / times[len(times) // 2]:.0f}"


if __name__ == "__main__":
    sys.exit(print_all(measure(*(int(word) for word in sys.argv[1:3]))))
