"""What every benchmark shares: a figure with its floor, and how it is printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Figure:
    """value and floor in the same unit, `ratio` = value / floor; `ok`: the ratio is within the limit."""

    name: str
    unit: str
    value: float
    floor: float
    ratio: float
    limit: float
    ok: bool
    note: str = ""

    def line(self) -> str:
        """One JSON line."""
        return json.dumps(asdict(self))


def figure(
    name: str, unit: str, pairs: Sequence[tuple[float, float]], limit: float, note: str = ""
) -> Figure:
    """A figure from (value, floor) pairs, each measured one after the other, by the median of their ratios.

    Neighbours are compared, so that a machine that is busy for a while slows both alike.
    """
    ratio = median(value / floor for value, floor in pairs)
    value, floor = median(value for value, _ in pairs), median(floor for _, floor in pairs)
    return Figure(name, unit, round(value, 6), round(floor, 6), round(ratio, 3), limit, ratio <= limit, note)


def seconds(work: Callable[[], object]) -> float:
    """Processor seconds of one call, the system's included: others on the same machine don't count."""
    before = time.process_time()
    work()
    return time.process_time() - before


def in_new_process(module: str, *arguments: str) -> Mapping[str, Any]:
    """Run `python -m module arguments` and read the JSON object it prints: nothing is warm in it."""
    command = [sys.executable, "-m", module, *arguments]
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, check=True, text=True)
    read: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return read


def shared_data() -> Path | None:
    """The shared measuring data: FIRSTCONTACT_SHARED, else `../shared` beside the checkout, if there."""
    named = os.environ.get("FIRSTCONTACT_SHARED")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared"
    return folder / "data" if (folder / "data").is_dir() else None


def progress(line: str) -> None:
    """Say on standard error how far it has come."""
    print(f"# {line}", file=sys.stderr, flush=True)


def print_all(figures: Sequence[Figure]) -> int:
    """Print the figures; 1 where one is over its limit."""
    for each in figures:
        print(each.line(), flush=True)
    return 0 if all(each.ok for each in figures) else 1
