"""Working: threads that lease lanes with due work, drain them in batches, and give them back.

What a drain does is handed in; it is the same function that Temporal's activities run (`lanes.temporal`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Condition, Event, Thread

from firstcontact.lanes.leases import Lanes, Lease, LeaseLost
from firstcontact.ledger.sharding import SHARDS
from firstcontact.operating.watch import SILENT, Watch
from firstcontact.store.problems import StoreProblem

IDLE = 1.0
"""Seconds between two looks for due work, where the last one found none."""

CHORES = 30.0
"""Seconds between two drains of the lane that also asks the CRM for news and does the daily work."""

FEW = 500
"""Due things that one worker takes together, so that they make as few requests as one batch can."""

SOON = 0.1
"""Seconds between two looks while others are at everything that is due."""

STUCK = 600.0
"""Seconds after which a drain that never came to the ledger counts as hung: its lease is left to run out."""

SPAN = 30.0
"""Seconds for which one worker keeps its lanes while there is work in them; then others get their turn."""

Drain = Callable[[Lease], bool]
"""Does a batch of what is due in the lanes of the lease; whether there was anything."""

Waiting = Callable[[], Mapping[int, int]]
"""How much is due now in each lane, counted as far as a few thousand."""


class Workers:
    """Threads that work on the lanes of one CRM connection until they are told to stop."""

    def __init__(
        self,
        lanes: Lanes,
        drain: Drain,
        waiting: Waiting,
        *,
        threads: int = 4,
        share: int = 0,
        idle: float = IDLE,
        chores: float = CHORES,
        watch: Watch = SILENT,
    ) -> None:
        """threads: how many leases this process works on at once. share: how many workers there are in all
        processes together, so that each leaves lanes to the others (0: `threads`)."""
        self._lanes = lanes
        self._drain = drain
        self._waiting = waiting
        self._threads = threads
        self._share = min(share or threads, lanes.most_owners or SHARDS)
        self._most = max(1, SHARDS // (share or threads))
        self._idle = idle
        self._chores = chores
        self._watch = watch
        self._held: set[Lease] = set()
        self._change = Condition()

    def run(self, stop: Event, *, until_done: bool = False) -> None:
        """Work until `stop` is set; then finish the batches in hand. A database that is away is waited for.
        until_done: or until nothing is due any more, here or with others.

        Raises StoreProblem where it is of no use to wait.
        """
        keeper = Thread(target=self._keep, args=(stop,), name="leases", daemon=True)
        keeper.start()
        chores_at = time.monotonic()
        wait = self._idle
        with ThreadPoolExecutor(self._threads, thread_name_prefix="worker") as pool:
            while not stop.is_set():
                try:
                    lease = self._next(time.monotonic() >= chores_at)
                    wait = self._idle
                except StoreProblem as problem:
                    if not problem.passing:
                        stop.set()
                        raise
                    self._watch.event("database is away", "warning", trouble=problem.trouble)
                    wait = min(2 * wait, 30.0)
                    stop.wait(wait)
                    continue
                if lease is None:
                    if until_done and not self._held and not self._waiting():
                        stop.set()
                    stop.wait(min(wait, SOON) if until_done or self._others_work() else wait)
                    continue
                if 0 in lease.shards:
                    chores_at = time.monotonic() + self._chores
                with self._change:
                    self._held.add(lease)
                pool.submit(self._work, lease, stop)
                with self._change:  # a free thread first, then the next lease
                    self._change.wait_for(lambda: len(self._held) < self._threads)

    def _next(self, chores: bool) -> Lease | None:
        """A lease on lanes in which something is due, or on the chores' lane; None: nothing to do."""
        with self._change:
            mine = {shard for lease in self._held for shard in lease.shards}
        due = {shard: count for shard, count in self._waiting().items() if shard not in mine}
        few = sum(due.values()) <= FEW
        wanted = {*due, 0} - mine if chores else set(due)
        if not wanted:
            return None
        return self._lanes.claim(SHARDS if few else self._most, only=wanted)

    def _others_work(self) -> bool:
        """Whether other workers have lanes, who may make work or leave some of it."""
        with self._change:
            mine = len(self._held)
        with suppress(StoreProblem):
            return self._share > mine and self._lanes.at_work() > mine
        return False

    def _leave_some(self, lease: Lease) -> None:
        """While others have nothing to do, half of the lanes are theirs, where there is enough for both."""
        if len(lease.shards) < 2 or self._lanes.at_work() >= self._share:
            return
        due = self._waiting()
        if sum(due.get(shard, 0) for shard in lease.shards) > FEW:
            self._lanes.leave_half(lease)

    def _work(self, lease: Lease, stop: Event) -> None:
        try:
            until = time.monotonic() + SPAN
            while self._drain(lease) and not stop.is_set() and time.monotonic() < until:
                if self._share > 1:
                    self._leave_some(lease)
        except LeaseLost:
            self._watch.lease(lease.connection, "lost", len(lease.shards))
        except StoreProblem as problem:
            self._watch.event("database is away", "warning", trouble=problem.trouble)
            stop.wait(self._idle)
        except Exception as error:
            self._watch.failure("drain failed", error, connection=lease.connection)
            stop.wait(self._idle)
        finally:
            with suppress(StoreProblem):  # it runs out by itself
                self._lanes.release(lease)
            with self._change:
                self._held.discard(lease)
                self._change.notify_all()

    def _keep(self, stop: Event) -> None:
        """Renew leases while a drain is at something long, such as a request to a slow CRM."""
        while not stop.wait(self._lanes.seconds / 4) or self._held:
            with self._change:
                held = list(self._held)
            now = time.monotonic()
            for lease in held:
                if now - lease.touched >= self._lanes.seconds / 4 and now - lease.worked < STUCK:
                    try:
                        self._lanes.renew(lease)
                    except (StoreProblem, LeaseLost):
                        continue  # the drain finds out by itself
            if stop.is_set():
                time.sleep(min(1.0, self._lanes.seconds / 4))
