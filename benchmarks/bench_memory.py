"""Memory of an import: the most that a process held while it took in few and many interactions.

The value is the peak resident memory of a process that imports a generated call log of 200,000 lines
(receive, decide, carry out), the floor that of one that imports 10,000. `--few` and `--many` set the numbers.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.installations import STANDARD, call_log, open_home
from benchmarks.measuring import Figure, figure, in_new_process, print_all

FEW, MANY = 10_000, 200_000
LIMIT = 1.25


def run(log: Path, folder: Path) -> dict[str, float]:
    """Import a call log; megabytes at the peak, and seconds."""
    from firstcontact.bootstrap import file_items, format_of

    opened, read = open_home(folder, STANDARD)
    before = time.perf_counter()
    opened.installation.receive(file_items(log, format_of(log), "", "ana-ruiz"), read)
    opened.installation.drain()
    took = time.perf_counter() - before
    with opened.ledger.read() as tx:
        from firstcontact.ledger.reading import report

        counts = report(tx, opened.installation.crm.size())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"megabytes": peak, "seconds": took, "interactions": counts.interactions, "due": counts.due}


def measure(few: int = FEW, many: int = MANY) -> list[Figure]:
    """Peak memory of many against few."""
    peaks: list[float] = []
    notes: list[str] = []
    for count in (few, many):
        with tempfile.TemporaryDirectory() as temporary:
            log = Path(temporary) / "calls.jsonl"
            call_log(log, count)
            done = in_new_process("benchmarks.bench_memory", "--log", str(log), "--folder", temporary)
        if done["interactions"] != count or done["due"]:
            raise RuntimeError(f"{count} calls gave {done}")
        peaks.append(done["megabytes"])
        notes.append(f"{count} calls in {done['seconds']:.0f} s ({count / done['seconds']:.0f}/s)")
    return [figure("memory_of_import", "MB", [(peaks[1], peaks[0])], LIMIT, "; ".join(notes))]


def main() -> int:
    """Measure; with `--log` and `--folder` one measured import."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=FEW)
    parser.add_argument("--many", type=int, default=MANY)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.log:
        print(json.dumps(run(options.log, options.folder)))
        return 0
    return print_all(measure(options.few, options.many))


if __name__ == "__main__":
    sys.exit(main())
