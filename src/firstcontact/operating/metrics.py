"""`Metrics`: a `Watch` that counts, and what a Prometheus server is given when it asks.

Two sources. What happens (calls, batches, retries …) is counted in each process as it happens; with several
processes the counts lie in files of a shared folder, from which the one that answers adds them up. How things
stand (lanes, what is stuck, quotas) is asked of the ledger, by the process that answers alone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from firstcontact.operating.state import State
from firstcontact.operating.watch import Answer, LeaseEvent, Level, Stage, WriteEvent

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper ends of the histograms' buckets."""

CACHED = 5.0
"""How many seconds the ledger's state is given out again before it is asked anew."""


class About(msgspec.Struct, frozen=True):
    """What a metric is, for the code and for docs/how-to/operate.md."""

    name: str
    kind: Literal["counter", "histogram", "gauge"]
    labels: tuple[str, ...]
    unit: str
    meaning: str


BATCH_SECONDS = About(
    "firstcontact_batch_seconds", "histogram", ("connection", "stage"), "seconds",
    "How long a batch took in a stage: receive, understand, decide, carry_out, poll, retain.",
)  # fmt: skip
BATCH_CPU = About(
    "firstcontact_batch_cpu_seconds_total", "counter", ("connection", "stage"), "seconds",
    "Computing in a stage, without waiting.",
)  # fmt: skip
ITEMS = About(
    "firstcontact_items_total", "counter", ("connection", "stage"), "items",
    "Deliveries understood, interactions decided, writes carried out or put off.",
)  # fmt: skip
CALL_SECONDS = About(
    "firstcontact_crm_call_seconds", "histogram", ("connection", "method"), "seconds",
    "How long the CRM took to answer a call.",
)  # fmt: skip
CALLS = About(
    "firstcontact_crm_calls_total", "counter", ("connection", "method", "answer"), "calls",
    "Calls of the CRM by method and answer; an `apply` counts by the most serious answer in it.",
)  # fmt: skip
CALL_ITEMS = About(
    "firstcontact_crm_items_total", "counter", ("connection", "method"), "items",
    "Handles, ids, write keys or writes in these calls.",
)  # fmt: skip
WRITES = About(
    "firstcontact_writes_total", "counter", ("connection", "kind", "became"), "writes",
    "What writes came to; created contacts are those of kind `create_contact` that became `created`.",
)  # fmt: skip
RETRIES = About(
    "firstcontact_retries_total", "counter", ("connection", "kind"), "items",
    "Work put off to be tried again, by kind of write or stage.",
)  # fmt: skip
LEASES = About(
    "firstcontact_leases_total", "counter", ("connection", "event"), "lanes",
    "Lanes claimed, renewed, released, lost, taken over from a worker that was gone.",
)  # fmt: skip
FAILURES = About(
    "firstcontact_failures_total", "counter", ("name",), "errors",
    "Errors that nobody expected; the log has where each came from.",
)  # fmt: skip
LANE_DUE = About(
    "firstcontact_lane_due", "gauge", ("connection", "stage"), "items",
    "Work that is due now: deliveries to understand, interactions to decide, writes to carry out.",
)  # fmt: skip
LANE_LATER = About(
    "firstcontact_lane_later", "gauge", ("connection", "stage"), "items",
    "Work that is due at a time to come: retries, waits that settings ask for.",
)  # fmt: skip
LANE_AGE = About(
    "firstcontact_lane_age_seconds", "gauge", ("connection", "stage"), "seconds",
    "How long the oldest work that is due has been waiting; 0 where nothing is due.",
)  # fmt: skip
STUCK = About(
    "firstcontact_stuck", "gauge", ("connection", "kind", "cause"), "items",
    "What needs a person: writes that are parked, unclear or held by a brake, and faults of the program.",
)  # fmt: skip
QUESTIONS = About(
    "firstcontact_questions", "gauge", (), "questions", "Questions that wait for a person."
)  # fmt: skip
PAUSED = About(
    "firstcontact_connection_paused", "gauge", ("connection",), "0 or 1",
    "1 where the CRM's permission has lapsed, and nothing is sent until a person resumes it.",
)  # fmt: skip
BLOCKED = About(
    "firstcontact_connection_blocked_seconds", "gauge", ("connection",), "seconds",
    "How much longer the CRM asked to be left alone.",
)  # fmt: skip
SILENT = About(
    "firstcontact_connection_silent_seconds", "gauge", ("connection",), "seconds",
    "How long the CRM has given no answer on work that is to be tried again; 0 where none is.",
)  # fmt: skip
QUOTA_LEFT = About(
    "firstcontact_quota_left", "gauge", ("connection",), "calls",
    "What the CRM said is left of its limit; absent where it never said.",
)  # fmt: skip
QUOTA_LIMIT = About(
    "firstcontact_quota_limit", "gauge", ("connection",), "calls",
    "The CRM's limit of calls, in its own span of time; absent where it never said.",
)  # fmt: skip
WORKERS = About(
    "firstcontact_workers", "gauge", ("connection",), "workers",
    "Workers with a lease that holds, on all machines.",
)  # fmt: skip
LAPSED = About(
    "firstcontact_lanes_lapsed", "gauge", ("connection",), "lanes",
    "Lanes whose worker is gone or let its lease run out, not taken over yet.",
)  # fmt: skip
LEDGER_UP = About(
    "firstcontact_ledger_up", "gauge", (), "0 or 1", "0 where the ledger could not be asked just now."
)  # fmt: skip
PROCESSES = About(
    "firstcontact_processes", "gauge", (), "processes", "Processes of this `run`, this one included."
)  # fmt: skip
MEMORY = About(
    "firstcontact_memory_bytes", "gauge", (), "bytes", "Memory of these processes that is in RAM."
)  # fmt: skip
CPU = About(
    "firstcontact_cpu_seconds_total", "counter", (), "seconds",
    "Computing of these processes, and of those that have ended.",
)  # fmt: skip

COUNTED = (
    BATCH_SECONDS, BATCH_CPU, ITEMS, CALL_SECONDS, CALLS, CALL_ITEMS, WRITES, RETRIES, LEASES, FAILURES
)  # fmt: skip
"""Counted in each process as it happens."""
ASKED = (
    LANE_DUE, LANE_LATER, LANE_AGE, STUCK, QUESTIONS, PAUSED, BLOCKED, SILENT, QUOTA_LEFT, QUOTA_LIMIT,
    WORKERS, LAPSED, LEDGER_UP, PROCESSES, MEMORY, CPU,
)  # fmt: skip
"""Found out when somebody asks."""


class Metrics:
    """A `Watch` that counts.

    One process counts in memory. Where `shared` names a folder (`config.share_metrics` has said it to the
    library before it was imported), each process counts in files of its own there.
    """

    def __init__(self, shared: Path | None = None) -> None:
        """Raises RuntimeError where the library counts elsewhere than `shared` says."""
        import prometheus_client
        from prometheus_client import CollectorRegistry, Counter, Histogram
        from prometheus_client.values import ValueClass

        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
        if bool(getattr(ValueClass, "_multiprocess", False)) != (shared is not None):
            raise RuntimeError("share_metrics must be called before anything is counted, and never else")
        self.shared = shared
        self.registry: CollectorRegistry = CollectorRegistry()

        def counter(about: About) -> Any:
            return Counter(about.name, about.meaning, about.labels, registry=self.registry)

        def histogram(about: About) -> Any:
            return Histogram(about.name, about.meaning, about.labels, registry=self.registry, buckets=SECONDS)

        self._batch_seconds = histogram(BATCH_SECONDS)
        self._batch_cpu = counter(BATCH_CPU)
        self._items = counter(ITEMS)
        self._call_seconds = histogram(CALL_SECONDS)
        self._calls = counter(CALLS)
        self._call_items = counter(CALL_ITEMS)
        self._writes = counter(WRITES)
        self._retries = counter(RETRIES)
        self._leases = counter(LEASES)
        self._failures = counter(FAILURES)

    # --- Watch ------------------------------------------------------------------------------------

    def stage(self, connection: str, stage: Stage, items: int, seconds: float, cpu: float) -> None:
        """See `Watch`. A batch with nothing in it says nothing about how long one takes."""
        if items:
            self._batch_seconds.labels(connection, stage).observe(seconds)
            self._items.labels(connection, stage).inc(items)
        self._batch_cpu.labels(connection, stage).inc(max(cpu, 0.0))

    def call(self, connection: str, method: str, answer: Answer, seconds: float, items: int) -> None:
        """See `Watch`."""
        self._call_seconds.labels(connection, method).observe(seconds)
        self._calls.labels(connection, method, answer).inc()
        self._call_items.labels(connection, method).inc(items)

    def write(self, connection: str, kind: str, event: WriteEvent, count: int = 1) -> None:
        """See `Watch`."""
        self._writes.labels(connection, kind, event).inc(count)

    def retry(self, connection: str, kind: str, count: int = 1) -> None:
        """See `Watch`."""
        self._retries.labels(connection, kind).inc(count)

    def lease(self, connection: str, event: LeaseEvent, shards: int) -> None:
        """See `Watch`."""
        self._leases.labels(connection, event).inc(shards)

    def quota(self, connection: str, left: int, limit: int) -> None:
        """See `Watch`. All workers share it in the ledger, where it is asked."""

    def event(self, name: str, level: Level = "info", **facts: str | int | float | bool) -> None:
        """See `Watch`. That is for the log."""

    def failure(self, name: str, error: BaseException, **facts: str | int | float | bool) -> None:  # noqa: ARG002
        """See `Watch`."""
        self._failures.labels(name).inc()

    # --- answering ----------------------------------------------------------------------------------

    def serve(self, ask: Callable[[], State], port: int, address: str = "127.0.0.1") -> Server:
        """Answer Prometheus at `http://address:port/metrics` in a thread of its own; port 0: any free one.

        ask: the ledger's state; what it raises is the answer that the ledger is not up. Raises OSError where
        the port is taken or the address is not this machine's.
        """
        from prometheus_client import CollectorRegistry, start_http_server
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = self.registry
        if self.shared is not None:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, str(self.shared))  # type: ignore[no-untyped-call]
        registry.register(_Asked(ask))
        registry.register(_Processes(self.shared))
        server, thread = start_http_server(port, address, registry)
        return Server(server, thread)


class Server:
    """Answers until it is closed. `port`: where."""

    def __init__(self, server: Any, thread: Any) -> None:
        self.port: int = server.server_port
        self._server = server
        self._thread = thread

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Asked:
    """What the ledger says, asked at most every few seconds however many servers scrape."""

    def __init__(self, ask: Callable[[], State]) -> None:
        self._ask = ask
        self._lock = Lock()
        self._state: State | None = None
        self._asked_at = float("-inf")

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance: the ledger is not asked before somebody wants to know."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """The metrics, `firstcontact_ledger_up` alone where the ledger can't be asked."""
        state = self._current()
        yield _gauge(LEDGER_UP, [((), float(state is not None))])
        if state is not None:
            yield from _of_state(state)

    def _current(self) -> State | None:
        with self._lock:
            if time.monotonic() - self._asked_at >= CACHED:
                try:
                    self._state = self._ask()
                except Exception:  # whatever it was, the answer is the same: it could not be asked
                    self._state = None
                self._asked_at = time.monotonic()
            return self._state


def _of_state(state: State) -> Iterator[Metric]:
    by_lane = [((lane.connection, lane.stage), lane) for lane in state.lanes]
    yield _gauge(LANE_DUE, ((labels, lane.due) for labels, lane in by_lane))
    yield _gauge(LANE_LATER, ((labels, lane.later) for labels, lane in by_lane))
    yield _gauge(LANE_AGE, ((labels, lane.age) for labels, lane in by_lane))
    yield _gauge(STUCK, (((each.connection, each.kind, each.cause), each.count) for each in state.stuck))
    yield _gauge(QUESTIONS, [((), state.questions)])
    named = [((each.connection,), each) for each in state.connections]
    yield _gauge(PAUSED, ((labels, each.paused_at is not None) for labels, each in named))
    yield _gauge(BLOCKED, ((lb, max(each.blocked_until - state.at, 0) / 1_000_000) for lb, each in named))
    silent = {each.connection: max(state.at - each.since, 0) / 1_000_000 for each in state.silences}
    yield _gauge(SILENT, ((labels, silent.get(*labels, 0.0)) for labels, _ in named))
    told = [(labels, each) for labels, each in named if each.quota >= 0]
    yield _gauge(QUOTA_LEFT, ((labels, each.quota_left) for labels, each in told))
    yield _gauge(QUOTA_LIMIT, ((labels, each.quota) for labels, each in told))
    yield _gauge(WORKERS, (((name,), count) for name, count in state.workers.items()))
    yield _gauge(LAPSED, (((name,), count) for name, count in state.lapsed.items()))


def _gauge(about: About, values: Iterable[tuple[tuple[str, ...], float]]) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(about.name, about.meaning, labels=about.labels)
    for labels, value in values:
        family.add_metric(labels, value)
    return family


class _Processes:
    """Memory and computing of this process and of those that count in the same folder."""

    def __init__(self, shared: Path | None) -> None:
        self._shared = shared

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Also the computing of processes that have ended, so that the sum does not fall."""
        import resource

        from prometheus_client.core import CounterMetricFamily

        own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        seconds = sum(each.ru_utime + each.ru_stime for each in own)
        others = [each for pid in self._others() if (each := _of_process(pid)) is not None]
        memory = _of_process(os.getpid())
        yield _gauge(PROCESSES, [((), 1 + len(others))])
        if memory is not None:
            yield _gauge(MEMORY, [((), memory[0] + sum(each[0] for each in others))])
        cpu = CounterMetricFamily(CPU.name, CPU.meaning)
        cpu.add_metric((), seconds + sum(each[1] for each in others))
        yield cpu

    def _others(self) -> Iterator[int]:
        if self._shared is None:
            return
        pids = {path.stem.rpartition("_")[2] for path in self._shared.glob("*.db")}
        for pid in sorted(int(each) for each in pids if each.isdigit()):
            if pid != os.getpid() and _is_of_ours(pid):
                yield pid


def _is_of_ours(pid: int) -> bool:
    """Whether it still runs as a child of this process, and is not another program with the same number."""
    try:
        return int(_stat(pid)[1]) == os.getpid()
    except OSError:
        return False


def _stat(pid: int) -> list[str]:
    """Fields of proc(5)'s stat from the third on, the state."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _of_process(pid: int) -> tuple[float, float] | None:
    """Bytes in RAM and seconds of computing of a process, by proc(5); None where there is no such."""
    try:
        fields = _stat(pid)
    except OSError:
        return None
    ticks = os.sysconf("SC_CLK_TCK")
    return int(fields[21]) * os.sysconf("SC_PAGE_SIZE"), (int(fields[11]) + int(fields[12])) / ticks
