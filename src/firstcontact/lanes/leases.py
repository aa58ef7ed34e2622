"""Leases: which worker drains which lanes, so that no two are at one conversation.

A lease is rows of the ledger (`ledger.leasing`). Whoever has one checks it in every write transaction
(`hold`), so that a worker that slept through the end of its lease can't write any more. What it had begun is
in the ledger, and the next one goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress

import msgspec
from sqlalchemy import Connection

from firstcontact.boundaries import Boundary
from firstcontact.lanes.owners import is_gone, new_owner
from firstcontact.ledger import leasing
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.leasing import LaneRow
from firstcontact.ledger.sharding import ALL, SHARDS
from firstcontact.operating.watch import SILENT, Watch
from firstcontact.store.problems import StoreProblem

SECONDS = 60.0
"""How long a lease holds without being renewed: longer than any one request to a CRM may take."""

FALLS = 2
"""After so many owners in a row were gone in the middle of their work, the next takes one thing at a time."""


class LeaseLost(Exception):
    """The lease ran out and another worker may have the lanes: stop, and lease anew."""


class Lease:
    """Some lanes of a CRM connection, held by one worker. For one thread at a time, but for `renew`."""

    def __init__(
        self,
        connection: str,
        shards: tuple[int, ...],
        owner: str,
        seconds: float,
        fallen: tuple[LaneRow, ...],
    ) -> None:
        """Made by `Lanes.claim`. fallen: those of its lanes whose last owners were gone too often."""
        self.connection = connection
        self.shards = shards
        self.owner = owner
        self.fallen = fallen
        self.touched = self.worked = time.monotonic()
        self._seconds = seconds

    def hold(self, tx: Connection) -> None:
        """To be called in every write transaction: that the lanes are still ours, from here on for a while.

        Raises LeaseLost.
        """
        self.worked = time.monotonic()
        if time.monotonic() - self.touched < self._seconds / 3:
            have = leasing.held(tx, self.connection, self.owner)
        else:
            have = self.renew(tx)
        if have != len(self.shards):
            raise LeaseLost(f"{len(self.shards) - have} of {len(self.shards)} lanes were taken over")

    def at_work(self) -> None:
        """Said in something long that writes nothing for a while, so that it does not count as hung."""
        self.worked = time.monotonic()

    def check(self, tx: Connection) -> None:
        """To be called before something irreversible, where the last `hold` may be long ago; `tx` may only
        read.

        Raises LeaseLost.
        """
        have = leasing.held(tx, self.connection, self.owner)
        if have != len(self.shards):
            raise LeaseLost(f"{len(self.shards) - have} of {len(self.shards)} lanes were taken over")

    def renew(self, tx: Connection) -> int:
        """The lease holds on from now; how many lanes it still has."""
        until = leasing.clock(tx) + int(self._seconds * 1_000_000)
        have = leasing.extend(tx, self.connection, self.owner, until)
        self.touched = time.monotonic()
        return have


class Lanes:
    """The lanes of one CRM connection, for whoever works on them."""

    def __init__(
        self,
        ledger: Ledger,
        connection: str,
        *,
        seconds: float = SECONDS,
        most_owners: int = 0,
        watch: Watch = SILENT,
    ) -> None:
        """seconds: how long a lease holds without renewal. most_owners: how many may be at the connection at
        once (its concurrency limit), 0: any number."""
        self.ledger = ledger
        self.connection = connection
        self.seconds = seconds
        self.most_owners = most_owners
        self.watch = watch

    def claim(self, most: int = SHARDS, only: Collection[int] = ALL) -> Lease | None:
        """Lease at most so many of these lanes; None where others have all of them, or enough others work on
        the connection. Lanes whose owner is gone or let its lease run out are taken over."""
        owner = new_owner()
        with self.ledger.write(Boundary.LEASE) as tx:
            now = leasing.clock(tx)
            rows = leasing.rows(tx, self.connection)
            busy = {row.owner for row in rows.values() if self._holds(row, now)}
            if self.most_owners and len(busy) >= self.most_owners:
                return None
            wanted = [rows.get(shard, LaneRow(shard)) for shard in sorted(only)]
            free = [row for row in wanted if row.owner not in busy][:most]
            if not free:
                return None
            until = now + int(self.seconds * 1_000_000)
            taken = [
                msgspec.structs.replace(row, owner=owner, until=until, falls=row.falls + bool(row.owner))
                for row in free
            ]
            leasing.take(tx, self.connection, taken)
        fell = sum(1 for row in free if row.owner)
        self.watch.lease(self.connection, "claimed", len(taken) - fell)
        if fell:
            self.watch.lease(self.connection, "taken_over", fell)
        fallen = tuple(row for row in taken if row.falls > FALLS)
        return Lease(self.connection, tuple(row.shard for row in taken), owner, self.seconds, fallen)

    def at_work(self) -> int:
        """How many workers have lanes now, of all processes."""
        with self.ledger.read() as tx:
            rows = leasing.rows(tx, self.connection)
            now = leasing.clock(tx) if rows else 0
        return len({row.owner for row in rows.values() if self._holds(row, now)})

    def _holds(self, row: LaneRow, now: int) -> bool:
        """Whether the lane's lease holds. One that ends later than any lease can was given by a clock that
        has been set back since."""
        if not row.owner or row.until <= now or row.until > now + int(2 * self.seconds * 1_000_000):
            return False
        return not is_gone(row.owner)

    def renew(self, lease: Lease) -> None:
        """Keep the lease from running out, from another thread than the worker's. Raises LeaseLost."""
        with self.ledger.write(Boundary.RENEW_LEASE) as tx:
            have = lease.renew(tx)
        self.watch.lease(self.connection, "renewed", have)
        if have != len(lease.shards):
            raise LeaseLost(f"{len(lease.shards) - have} of {len(lease.shards)} lanes were taken over")

    def release(self, lease: Lease) -> None:
        """Give the lanes back; nothing where others have them by now."""
        self._give_back(lease, lease.shards)

    def leave_half(self, lease: Lease) -> None:
        """Give half of the lanes back and keep the others."""
        keep = (len(lease.shards) + 1) // 2
        self._give_back(lease, lease.shards[keep:])
        lease.shards = lease.shards[:keep]

    def _give_back(self, lease: Lease, shards: tuple[int, ...]) -> None:
        with self.ledger.write(Boundary.RELEASE_LEASE) as tx:
            leasing.give_back(tx, lease.connection, lease.owner, shards)
        self.watch.lease(self.connection, "released", len(shards))

    @contextmanager
    def leased(self, most: int = SHARDS, only: Collection[int] = ALL) -> Iterator[Lease | None]:
        """`claim` and, however the block ends, `release`."""
        lease = self.claim(most, only)
        try:
            yield lease
        finally:
            if lease is not None:
                with suppress(StoreProblem):  # it runs out by itself
                    self.release(lease)
