"""`firstcontact run` as its operator starts it: what it says on its log and at its port."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.exceptions import Exit
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import func, select
from test_logs import found_in  # type: ignore[import-not-found]
from watched_firm import Firm

from firstcontact.cli.watching import WatchOptions, watching
from firstcontact.ledger.tables import interactions, writes
from firstcontact.store.problems import StoreProblem

MAIN = "from firstcontact.cli.main import main; main()"


def _values(port: int, name: str, **labels: str) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return sum(
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


@contextmanager
def _running(firm: Firm, *options: str) -> Iterator[int]:
    """`run` with metrics, as long as the block takes; the port where it answers. It must end by itself."""
    command = [sys.executable, "-c", MAIN, "--home", str(firm.home), "run", "--metrics", "0", *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        port = 0
        for line in process.stderr:
            found = re.search(r"Metrics at http://127\.0\.0\.1:(\d+)/metrics", line)
            if found:
                port = int(found[1])
                break
        assert port, "it said no port"
        yield port
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def _until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.2)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_run_can_be_watched(firm: Firm, tmp_path: Path, processes: int) -> None:
    """A run, of one process or several, counts all that it does, and names nobody in its log."""
    firm.take(firm.installation())
    log = tmp_path / "run.log"
    options = ("--processes", str(processes), "--log-file", str(log), "--log-level", "debug")

    def done() -> bool:
        with firm.opened.ledger.read() as tx:
            due = tx.scalar(select(func.count()).where(interactions.c.due_at.is_not(None)))
            open_ = tx.scalar(select(func.count()).where(writes.c.due_at.is_not(None)))
            return bool(tx.scalar(select(func.count(writes.c.key)))) and due == 0 and open_ == 0

    with _running(firm, *options) as port:
        _until(done)
        running = 1 if processes == 1 else 1 + processes
        _until(lambda: _values(port, "firstcontact_processes") == running)
        time.sleep(0.5)  # what a worker did is counted after it is in the ledger
        decided = _values(port, "firstcontact_items_total", stage="decide")
        made = {"kind": "create_contact", "became": "created"}
        created = _values(port, "firstcontact_writes_total", **made)
        assert _values(port, "firstcontact_ledger_up") == 1
    with firm.opened.ledger.read() as tx:
        stored = tx.scalar(select(func.count()).select_from(interactions))
        contacts = tx.scalar(
            select(func.count()).where(writes.c.kind == "create_contact", writes.c.created == 1)
        )
    assert decided >= stored > 40
    assert created == contacts == 10
    lines = [json.loads(line) for line in log.read_bytes().splitlines()]
    decided_in_log = sum(line["items"] for line in lines if line.get("stage") == "decide")
    assert decided_in_log >= stored
    assert found_in(log.read_bytes()) == set()


def test_an_unforeseen_end_is_logged_and_not_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What nobody foresaw ends a command with status 1 and a line in the log; no traceback quotes anybody."""
    log = tmp_path / "log"
    with pytest.raises(Exit) as end, watching(tmp_path, WatchOptions(log_file=str(log))):
        raise LookupError("Priya Raman")
    assert end.value.exit_code == 1
    line = json.loads(log.read_bytes().splitlines()[-1])
    assert (line["event"], line["error"]) == ("stopped by a fault of the program", "LookupError")
    assert "Priya" not in log.read_text() + capsys.readouterr().err


def test_a_known_problem_is_for_a_person(tmp_path: Path) -> None:
    """A problem with a sentence of its own goes on to whoever prints it."""
    with pytest.raises(StoreProblem), watching(tmp_path, WatchOptions(log_file=str(tmp_path / "log"))):
        raise StoreProblem("full", "ledger.db")


def test_the_folder_of_shared_counts_goes_with_the_run(tmp_path: Path) -> None:
    """Several processes count in a folder of their own, which is gone when the run is over."""
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from firstcontact.cli.watching import WatchOptions, watching\n"
        "home = Path(sys.argv[1])\n"
        "with watching(home, WatchOptions(metrics=0), processes=2) as looking:\n"
        "    shared = os.environ['PROMETHEUS_MULTIPROC_DIR']\n"
        "    looking.watch.retry('clio', 'decide')\n"
        "    assert list(Path(shared).glob('*.db')), shared\n"
        "assert not Path(shared).exists() and 'PROMETHEUS_MULTIPROC_DIR' not in os.environ\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)
