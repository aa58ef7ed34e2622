"""All benchmarks, one JSON line per figure as it is found; exit status 1 where one is over its limit.

    python -m benchmarks [NAME …] [--quick]

Names: decide, find, import, memory. `--quick`: a tenth of the contacts and interactions, to see that all of
it runs; its figures say little.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import bench_decide, bench_find, bench_import, bench_memory
from benchmarks.measuring import Figure, print_all


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
}


def main() -> int:
    """Run those that are named, or all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], metavar="NAME")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    statuses = [print_all(BENCHMARKS[name](options.quick)) for name in options.names or BENCHMARKS]
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main())
