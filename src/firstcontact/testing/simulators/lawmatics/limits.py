"""How many requests a firm may send in a minute (apis A3): no headers tell what is left."""

from __future__ import annotations

from firstcontact.testing.simulators.lawmatics.errors import LawmaticsError
from firstcontact.testing.simulators.lawmatics.state import SECOND

WINDOW = 60 * SECOND


class Limits:
    """Requests of the firm in the window of 60 seconds that its first one opened.

    limit: how many, 0 for any number (quirk).
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._start, self._used = 0, 0
        self._exhausted_until = 0

    def exhaust(self, until: int) -> None:
        """Everything is refused until then (microseconds)."""
        self._exhausted_until = until

    def take(self, now: int) -> None:
        """Counts one request. Raises LawmaticsError 429, whose Retry-After is 60 whatever is left of it."""
        if now >= self._start + WINDOW:
            self._start, self._used = now, 0
        if now < self._exhausted_until or (self._limit > 0 and self._used >= self._limit):
            raise LawmaticsError(429, "Too Many Requests", "Rate limit exceeded.", {"Retry-After": "60"})
        self._used += 1
