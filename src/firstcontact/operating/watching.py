"""`Watches`: several who look on at once."""

from __future__ import annotations

from collections.abc import Sequence

from firstcontact.operating.watch import Answer, LeaseEvent, Level, Stage, Watch, WriteEvent


class Watches:
    """A `Watch` that tells each of several."""

    def __init__(self, watches: Sequence[Watch]) -> None:
        self._watches = tuple(watches)

    def stage(self, connection: str, stage: Stage, items: int, seconds: float, cpu: float) -> None:
        """See `Watch`."""
        for watch in self._watches:
            watch.stage(connection, stage, items, seconds, cpu)

    def call(self, connection: str, method: str, answer: Answer, seconds: float, items: int) -> None:
        """See `Watch`."""
        for watch in self._watches:
            watch.call(connection, method, answer, seconds, items)

    def write(self, connection: str, kind: str, event: WriteEvent, count: int = 1) -> None:
        """See `Watch`."""
        for watch in self._watches:
            watch.write(connection, kind, event, count)

    def retry(self, connection: str, kind: str, count: int = 1) -> None:
        """See `Watch`."""
        for watch in self._watches:
            watch.retry(connection, kind, count)

    def lease(self, connection: str, event: LeaseEvent, shards: int) -> None:
        """See `Watch`."""
        for watch in self._watches:
            watch.lease(connection, event, shards)

    def quota(self, connection: str, left: int, limit: int) -> None:
        """See `Watch`."""
        for watch in self._watches:
            watch.quota(connection, left, limit)

    def event(self, name: str, level: Level = "info", **facts: str | int | float | bool) -> None:
        """See `Watch`."""
        for watch in self._watches:
            watch.event(name, level, **facts)

    def failure(self, name: str, error: BaseException, **facts: str | int | float | bool) -> None:
        """See `Watch`."""
        for watch in self._watches:
            watch.failure(name, error, **facts)
