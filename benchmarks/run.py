"""All benchmarks, one JSON line per figure as it is found; exit status 1 where one is over its limit.

    python -m benchmarks [NAME …] [--quick | --full]

Names: decide, find, import, memory, live, batch, scale, idle, workers, economy, backfill. `--quick`: a tenth
of the contacts and interactions or less, to see that all of it runs, in some minutes; its figures say little.
`--full`: scale, idle and backfill with ten times as much as usual, which takes an hour or two.
How far it has come is said on standard error.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    bench_decide,
    bench_economy,
    bench_find,
    bench_idle,
    bench_import,
    bench_memory,
    bench_scale,
    bench_stages,
    bench_workers,
)
from benchmarks.measuring import Figure, print_all, progress


def _find(quick: bool) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        return bench_find.figures(Path(folder), 100_000 if quick else 1_000_000)


def _memory(quick: bool) -> list[Figure]:
    return bench_memory.measure(2_000, 20_000) if quick else bench_memory.measure()


BENCHMARKS: dict[str, Callable[[bool], list[Figure]]] = {
    "decide": lambda _: bench_decide.measure(),
    "import": lambda _: bench_import.measure(),
    "find": _find,
    "memory": _memory,
    "live": lambda quick: bench_stages.measure_live(50 if quick else bench_stages.LIVE),
    "batch": lambda quick: bench_stages.measure_batch(1000, 2) if quick else bench_stages.measure_batch(),
    "scale": lambda quick: bench_scale.measure(20_000 if quick else 200_000),
    "idle": lambda quick: bench_idle.measure(5_000 if quick else 100_000),
    "workers": lambda quick: bench_workers.measure(2000, 1) if quick else bench_workers.measure(),
    "economy": lambda quick: bench_economy.measure(200 if quick else bench_economy.INTERACTIONS),
    "backfill": lambda quick: bench_workers.measure_backfill(2000 if quick else 60_000),
}

FULL: dict[str, Callable[[], list[Figure]]] = {
    "scale": bench_scale.measure,
    "idle": bench_idle.measure,
    "backfill": bench_workers.measure_backfill,
}
"""At the sizes that the limits are meant for: two million, a million, and six hundred thousand."""


def main() -> int:
    """Run those that are named, or all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], metavar="NAME")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    statuses: list[int] = []
    began = time.monotonic()
    for name in options.names or BENCHMARKS:
        progress(f"{name}, after {time.monotonic() - began:.0f} s")
        full = FULL.get(name) if options.full else None
        statuses.append(print_all(full() if full else BENCHMARKS[name](options.quick)))
    progress(f"all done in {time.monotonic() - began:.0f} s")
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main())
