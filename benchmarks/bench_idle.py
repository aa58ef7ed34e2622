"""Memory of `firstcontact run`: with nothing to do, and whether it grows with what it has done.

    python -m benchmarks.bench_idle [INTERACTIONS]

`idle`: resident megabytes of a `run` that has waited for some seconds, the floor those of a Python that has
imported nothing but SQLAlchemy and its driver; what nobody else shares of it (USS) is in the note. The limit
is 90 MB, said as a ratio. `flat`: resident megabytes after a number of calls have come in, been decided and
written, five thousand at a time, the floor those after the first tenth of them (at
least fifteen thousand: so long it takes until all threads have had a batch of full size).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bench_scale_out import RUN, SETTINGS
from benchmarks.measuring import Figure, figure, print_all, progress
from firstcontact.testing import grown

MANY = 1_000_000
AT_ONCE = 5_000
IDLE_MB = 90.0
FLAT_LIMIT = 1.1


def measure(many: int = MANY) -> list[Figure]:
    """Idle, and after work."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        settings = SETTINGS.replace('[store]\nurl = "{url}"\n', "")
        (home / "settings.toml").write_text(settings)
        with running(home) as process:
            idle, own = _settled(process.pid)
            progress(f"idle: {idle:.1f} MB, {own:.1f} MB of them its own")
            samples = list(_work(home, process.pid, many))
    bare = _bare()
    note = f"limit {IDLE_MB:.0f} MB; USS {own:.1f} MB"
    found = [figure("idle", "MB", [(idle, bare)], round(IDLE_MB / bare, 3), note)]
    if samples:
        early, late = samples[min(max(3, len(samples) // 10), len(samples)) - 1], samples[-1]
        note = f"{many} calls; at most {max(samples):.1f} MB"
        found.append(figure("flat", "MB", [(late, early)], FLAT_LIMIT, note))
    return found


@contextmanager
def running(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`firstcontact run` at work in a home."""
    process = subprocess.Popen([*RUN, "--home", str(home), "run", "--log-level", "error"])
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def memory(process: int) -> tuple[float, float]:
    """Resident megabytes, and those that are no other process's too."""
    rows = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]
    sizes = {name: int(rest.split()[0]) for name, _, rest in (row.partition(":") for row in rows)}
    return sizes["Rss"] / 1024, (sizes["Private_Clean"] + sizes["Private_Dirty"]) / 1024


def _settled(process: int) -> tuple[float, float]:
    """Memory once it has not changed for five seconds: everything is imported, and nothing to do."""
    found = memory(process)
    since = time.monotonic()
    while time.monotonic() - since < 5 or found[0] < 35:
        time.sleep(0.25)
        now = memory(process)
        if abs(now[0] - found[0]) > 0.25:
            since = time.monotonic()
            found = now
    return found


def _work(home: Path, process: int, many: int) -> Iterator[float]:
    """Memory after each batch that came in and was worked off."""
    from firstcontact.bootstrap import open_installation
    from firstcontact.config import load
    from firstcontact.ledger import lanes_due

    opened = open_installation(load(home))
    connection = opened.installation.crm.connection
    for start in range(0, many, AT_ONCE):
        numbers = range(start, start + AT_ONCE)
        calls = [grown.delivery(f"call-{n}", f"+1415{2_000_000 + n % 1_000_000}") for n in numbers]
        opened.installation.accept(calls, live=False)
        while True:
            with opened.ledger.read() as tx:
                if lanes_due.count_due(tx, connection, 2**62) == lanes_due.Counts():
                    break
            time.sleep(0.2)
        yield memory(process)[0]
        progress(f"{start + AT_ONCE} interactions: {memory(process)[0]:.1f} MB")


def _bare() -> float:
    """Megabytes of a Python with SQLAlchemy."""
    code = "import sqlalchemy.dialects.sqlite, sqlite3, sys; print('up', flush=True); sys.stdin.read()"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    found = memory(process.pid)[0]
    process.communicate()
    return found


if __name__ == "__main__":
    sys.exit(print_all(measure(*(int(word) for word in sys.argv[1:2]))))
