"""What Prometheus is given when it asks, over real HTTP."""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from watched_firm import Firm

from firstcontact.connectors.contract import AuthLapsed
from firstcontact.flow.installation import Installation
from firstcontact.ledger import connecting, leasing
from firstcontact.ledger.leasing import LaneRow
from firstcontact.operating.metrics import ASKED, COUNTED, Metrics
from firstcontact.operating.state import State, state
from firstcontact.store.problems import StoreProblem
from firstcontact.testing.hostile import Hostile, Rates

Samples = dict[tuple[str, tuple[str, ...]], float]
"""Values by the metric's name and its labels' values in order of their names."""


def _scrape(port: int) -> Samples:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    samples = [
        ((sample.name, tuple(value for _, value in sorted(sample.labels.items()))), sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    ]
    assert len(samples) == len(dict(samples)), "something is told twice"
    return dict(samples)


@contextmanager
def _served(metrics: Metrics, installation: Installation) -> Iterator[int]:
    def ask() -> State:
        with installation.ledger.read() as tx:
            return state(tx, "address_book", installation.clock.now())

    server = metrics.serve(ask, 0)
    try:
        yield server.port
    finally:
        server.close()


@pytest.fixture(autouse=True)
def _asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer of the ledger is kept for the next scrape, so that tests need not wait."""
    monkeypatch.setattr("firstcontact.operating.metrics.CACHED", 0.0)


BOOK = "address_book"


def test_a_week_is_counted(firm: Firm) -> None:
    """What was due, what went through each stage, calls by method, contacts made and time are as the ledger
    and the installation say."""
    metrics = Metrics()
    installation = firm.installation(metrics)
    with _served(metrics, installation) as port:
        taken = firm.take(installation)
        before = _scrape(port)
        tally = installation.drain()
        after = _scrape(port)
    assert before["firstcontact_lane_due", (BOOK, "understand")] == taken.deliveries > 40
    assert before["firstcontact_lane_age_seconds", (BOOK, "understand")] < 60
    assert after["firstcontact_lane_due", (BOOK, "understand")] == 0
    assert after["firstcontact_lane_due", (BOOK, "decide")] == 0
    assert after["firstcontact_lane_age_seconds", (BOOK, "decide")] == 0
    assert after["firstcontact_items_total", (BOOK, "understand")] == tally.understood
    assert after["firstcontact_items_total", (BOOK, "decide")] == tally.decided
    assert after["firstcontact_crm_calls_total", ("ok", BOOK, "apply")] > 0
    assert (
        after["firstcontact_crm_call_seconds_count", (BOOK, "find")]
        == (after["firstcontact_crm_calls_total", ("ok", BOOK, "find")])
    )
    assert after["firstcontact_batch_seconds_count", (BOOK, "decide")] >= 1
    assert after["firstcontact_batch_seconds_sum", (BOOK, "decide")] > 0
    assert after["firstcontact_questions", ()] == len(installation.open_reviews())
    assert after["firstcontact_ledger_up", ()] == 1
    assert after["firstcontact_processes", ()] == 1
    assert 20e6 < after["firstcontact_memory_bytes", ()] < 1e9
    assert after["firstcontact_cpu_seconds_total", ()] > 0.1
    assert ("firstcontact_quota_left", (BOOK,)) not in after
    created = [key for key in after if key[0] == "firstcontact_writes_total" and "created" in key[1]]
    assert {key[1]: after[key] for key in created} == {("created", BOOK, "create_contact"): tally.created}


def test_what_goes_wrong_is_counted(firm: Firm) -> None:
    """Refused writes, calls to be tried again and retries show as such, and what is stuck by its cause."""
    metrics = Metrics()
    installation = firm.installation(metrics, lambda crm: Hostile(crm, 3, Rates(rejected=0.3, try_again=0.3)))
    with _served(metrics, installation) as port:
        firm.take(installation)
        tally = installation.drain()
        after = _scrape(port)
    stuck = {key[1]: value for key, value in after.items() if key[0] == "firstcontact_stuck"}
    assert tally.parked > 0
    assert sum(value for (cause, _, _), value in stuck.items() if cause == "parked") == tally.parked
    later = sum(value for key, value in after.items() if key[0] == "firstcontact_lane_later")
    assert later > 0
    parked = [v for k, v in after.items() if k[0] == "firstcontact_writes_total" and "parked" in k[1]]
    assert sum(parked) == tally.parked
    retries = sum(value for key, value in after.items() if key[0] == "firstcontact_retries_total")
    assert retries >= tally.later > 0


def test_a_paused_connection_shows(firm: Firm) -> None:
    """Where the CRM's permission lapses, the connection is paused for whoever looks on."""
    metrics = Metrics()
    crm = lambda crm: Hostile(crm, 3, Rates(auth_lapsed=1.0), lapse=99)  # noqa: E731
    installation = firm.installation(metrics, crm)
    with _served(metrics, installation) as port:
        firm.take(installation)
        assert _scrape(port)["firstcontact_connection_paused", (BOOK,)] == 0
        with pytest.raises(AuthLapsed):
            installation.drain()
        after = _scrape(port)
    assert after["firstcontact_connection_paused", (BOOK,)] == 1
    lapsed = {key[1]: v for key, v in after.items() if key[0] == "firstcontact_crm_calls_total"}
    assert sum(value for (answer, _, _), value in lapsed.items() if answer == "auth_lapsed") >= 1


def test_what_is_shared_by_all_workers_is_asked_of_the_ledger(firm: Firm) -> None:
    """Quota, a wait that the CRM asked for, workers at work and those that are gone come from the ledger."""
    metrics = Metrics()
    installation = firm.installation(metrics)
    now = installation.clock.now()
    program = "from firstcontact.lanes.owners import new_owner; print(new_owner())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    ended = done.stdout.strip()
    with firm.opened.ledger.write() as tx:
        connecting.change(tx, "clio", quota=1000, quota_left=40, blocked_until=now + 60_000_000)
        until = leasing.clock(tx) + 60_000_000
        rows = [LaneRow(0, "elsewhere 1", until), LaneRow(1, "elsewhere 1", until), LaneRow(2, "else 2", 5)]
        rows.append(LaneRow(3, ended, until))
        leasing.take(tx, "clio", rows)
    with _served(metrics, installation) as port:
        after = _scrape(port)
    assert after["firstcontact_quota_left", ("clio",)] == 40
    assert after["firstcontact_quota_limit", ("clio",)] == 1000
    assert 50 < after["firstcontact_connection_blocked_seconds", ("clio",)] <= 60
    assert after["firstcontact_connection_silent_seconds", ("clio",)] == 0
    assert after["firstcontact_workers", ("clio",)] == 1
    assert after["firstcontact_lanes_lapsed", ("clio",)] == 2
    assert after["firstcontact_workers", (BOOK,)] == 0


def test_an_unreachable_ledger_shows_and_the_rest_is_answered() -> None:
    """Where the ledger can't be asked, that is a value, and what the process counted itself is given."""
    metrics = Metrics()
    metrics.retry(BOOK, "decide", 3)

    def ask() -> State:
        raise StoreProblem("unreachable", "ledger")

    server = metrics.serve(ask, 0)
    try:
        after = _scrape(server.port)
    finally:
        server.close()
    assert after["firstcontact_ledger_up", ()] == 0
    assert after["firstcontact_retries_total", (BOOK, "decide")] == 3
    assert not [key for key in after if key[0].startswith("firstcontact_lane")]


def test_many_scrapes_ask_the_ledger_once(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger's answer is given out again for some seconds."""
    monkeypatch.setattr("firstcontact.operating.metrics.CACHED", 60.0)
    asked = []
    with firm.opened.ledger.read() as tx:
        now = state(tx, BOOK, 1)

    def ask() -> State:
        asked.append(1)
        return now

    server = Metrics().serve(ask, 0)
    try:
        for _ in range(3):
            _scrape(server.port)
    finally:
        server.close()
    assert len(asked) == 1


def test_only_this_machine_is_answered_unless_told() -> None:
    """By default nobody but this machine can ask, and after closing nobody at all."""
    server = Metrics().serve(lambda: pytest.fail("asked"), 0)
    assert server._server.server_address[0] == "127.0.0.1"
    server.close()
    with pytest.raises(urllib.error.URLError):
        _scrape(server.port)


CHILD = """
import os, sys, time
from pathlib import Path
from firstcontact.config import metrics_folder
from firstcontact.operating.metrics import Metrics
metrics = Metrics(metrics_folder())
for _ in range(1000):
    metrics.retry("clio", "decide")
    metrics.call("clio", "find", "ok", 0.02, 2)
print("counted", flush=True)
sys.stdin.read()
"""

PARENT = """
import os, signal, subprocess, sys
from pathlib import Path
from firstcontact.config import share_metrics
share_metrics(Path(sys.argv[1]))
from firstcontact.operating.metrics import Metrics
from prometheus_client.mmap_dict import MmapedDict
metrics = Metrics(Path(sys.argv[1]))
metrics.retry("clio", "decide", 5)
MmapedDict(sys.argv[1] + "/counter_1.db").close()  # of a process that ended; another has its number now
server = metrics.serve(lambda: 1 / 0, 0)
pipe = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
children = [subprocess.Popen([sys.executable, "-c", sys.argv[2]], **pipe) for _ in range(3)]
for child in children:
    child.stdout.readline()
print(server.port, flush=True)
sys.stdin.readline()
children[0].kill(); children[0].wait()
print("killed", flush=True)
sys.stdin.readline()
for child in children[1:]:
    child.communicate("")
print("ended", flush=True)
sys.stdin.readline()
"""


def test_processes_are_counted_together(tmp_path: Path) -> None:
    """What several processes count is given as one sum, also after one was killed and the others ended;
    memory and computing are of all that live, and the computing of those that ended is not forgotten."""
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin
    assert process.stdout
    seen: list[Samples] = []
    try:
        port = int(process.stdout.readline())
        for _ in range(3):
            seen.append(_scrape(port))
            process.stdin.write("\n")
            process.stdin.flush()
            process.stdout.readline()
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
    for samples in seen:
        assert samples["firstcontact_retries_total", ("clio", "decide")] == 3005
        assert samples["firstcontact_crm_items_total", ("clio", "find")] == 6000
        assert samples["firstcontact_crm_call_seconds_count", ("clio", "find")] == 3000
        assert samples["firstcontact_crm_call_seconds_bucket", ("clio", "0.025", "find")] == 3000
        assert samples["firstcontact_crm_call_seconds_bucket", ("clio", "0.01", "find")] == 0
    assert [samples["firstcontact_processes", ()] for samples in seen] == [4, 3, 1]
    memory = [samples["firstcontact_memory_bytes", ()] for samples in seen]
    assert memory[0] > memory[1] > memory[2] > 10e6
    cpu = [samples["firstcontact_cpu_seconds_total", ()] for samples in seen]
    assert 0.2 < cpu[0] <= cpu[1] <= cpu[2]


def test_counting_together_cannot_be_begun_too_late(tmp_path: Path) -> None:
    """A process that counts alone already refuses a folder, instead of counting where nobody looks."""
    Metrics()
    with pytest.raises(RuntimeError):
        Metrics(tmp_path)


# --- the page ---------------------------------------------------------------------------------------------


def test_the_page_has_every_metric() -> None:
    """docs/how-to/operate.md has a row for each metric, with its kind, labels, unit and meaning."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "operate.md").read_text(
        encoding="utf-8"
    )
    rows = {
        line for line in page.splitlines() if line.startswith("| `firstcontact_") and line.count(" | ") == 4
    }
    wanted = set()
    for about in (*COUNTED, *ASKED):
        labels = ", ".join(f"`{label}`" for label in about.labels) or "–"
        wanted.add(f"| `{about.name}` | {about.kind} | {labels} | {about.unit} | {about.meaning} |")
    assert rows == wanted
