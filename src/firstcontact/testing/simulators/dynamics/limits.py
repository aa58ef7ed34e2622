"""Service protection: requests, execution time and concurrency per user and five minutes (apis A5)."""

from __future__ import annotations

import math
from collections import deque

from firstcontact.testing.simulators.dynamics.quirks import Quirks
from firstcontact.testing.simulators.dynamics.refusals import Refusal
from firstcontact.testing.simulators.dynamics.times import SECOND

WINDOW = 300 * SECOND
PENALTY = 5 * SECOND
"""How much longer it takes for each request that comes before its time."""


class Limits:
    """One sliding window for our user: there is one web server."""

    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._taken: deque[tuple[int, float]] = deque()
        self._seconds = 0.0
        self._until = 0
        self._reason = 0
        self.running = 0
        """Requests that are being answered."""

    def exhaust(self, until: int) -> None:
        """Everything is refused until then."""
        self._until, self._reason = until, 0

    def enter(self) -> None:
        """A request begins. Raises Refusal 429 where too many are running."""
        if self.running > self._quirks.concurrent:
            raise self._refusal(self._quirks.concurrency_code, "Number of concurrent requests", 5 * SECOND)

    def admit(self, now: int) -> None:
        """A request may come in. Raises Refusal 429; one that comes too early makes it longer (apis A5)."""
        if now < self._until:
            self._until += PENALTY
            raise self._exceeded(now)

    def take(self, now: int) -> None:
        """Counts one operation, of which a batch has many. Raises Refusal 429."""
        self._forget(now)
        if now < self._until:
            raise self._exceeded(now)
        if self._quirks.limit and len(self._taken) >= self._quirks.limit:
            self._until, self._reason = self._taken[0][0] + WINDOW, 0
        elif self._seconds + self._quirks.execution_cost > self._quirks.execution_seconds:
            self._until, self._reason = self._taken[0][0] + WINDOW, 1
        else:
            self._taken.append((now, self._quirks.execution_cost))
            self._seconds += self._quirks.execution_cost
            return
        raise self._exceeded(now)

    def _exceeded(self, now: int) -> Refusal:
        code = ("0x80072322", "0x80072321")[self._reason]
        what = ("Number of requests", "Combined execution time")[self._reason]
        return self._refusal(code, what, self._until - now)

    def _refusal(self, code: str, what: str, wait: int) -> Refusal:
        most = {
            "Number of requests": f"{self._quirks.limit} over time window of 300 seconds",
            "Combined execution time": f"{int(self._quirks.execution_seconds * 1000)} milliseconds over time "
            "window of 300 seconds. Decrease number of concurrent requests or reduce the duration of "
            "requests and try again later",
        }.get(what, str(self._quirks.concurrent))
        headers = {"Retry-After": str(max(1, math.ceil(wait / SECOND)))}
        return Refusal(429, code, f"{what} exceeded the limit of {most}.", headers)

    def _forget(self, now: int) -> None:
        while self._taken and self._taken[0][0] <= now - WINDOW:
            self._seconds -= self._taken.popleft()[1]
        if not self._taken:
            self._seconds = 0.0

    def headers(self, now: int) -> dict[str, str]:
        """What every answer says is left (apis A5)."""
        self._forget(now)
        left = max(0, self._quirks.limit - len(self._taken)) if now >= self._until else 0
        seconds = max(0.0, self._quirks.execution_seconds - self._seconds)
        told = {"x-ms-ratelimit-time-remaining-xrm-requests": f"{seconds:.2f}"}
        if self._quirks.limit or now < self._until:
            told["x-ms-ratelimit-burst-remaining-xrm-requests"] = str(left)
        return told
