"""How much one may ask: the platform API by the second and application, the inbox by the minute and token."""

from __future__ import annotations

import math

from firstcontact.testing.simulators.clio_grow.errors import GrowError
from firstcontact.testing.simulators.clio_grow.quirks import Quirks
from firstcontact.testing.simulators.clio_grow.state import SECOND

MINUTE = 60 * SECOND


class Limits:
    """Requests of each application or token in the window that its first one opened."""

    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._windows: dict[str, tuple[int, int]] = {}
        self._exhausted_until = 0

    def exhaust(self, until: int) -> None:
        """Everything is refused until then."""
        self._exhausted_until = until

    def platform(self, application: str, now: int) -> None:
        """Counts a request of an application, over all its users: 3 a second (apis A2). Raises GrowError
        429."""
        self._take(f"application {application}", self._quirks.limit, SECOND, now)

    def inbox(self, token: str, now: int) -> None:
        """Counts a lead of an inbox token (apis N: its limit is not known). Raises GrowError 429."""
        self._take(f"inbox {token}", self._quirks.inbox_limit, MINUTE, now)

    def _take(self, whose: str, limit: int, window: int, now: int) -> None:
        start, used = self._windows.get(whose, (now, 0))
        if now >= start + window:
            start, used = now, 0
        if now < self._exhausted_until:
            raise self._refused(self._exhausted_until - now)
        if limit and used >= limit:
            raise self._refused(start + window - now)
        self._windows[whose] = (start, used + 1)

    def _refused(self, wait: int) -> GrowError:
        headers = {}
        if self._quirks.retry_header == "Retry-After":
            headers["Retry-After"] = str(math.ceil(wait / SECOND))
        return GrowError(429, "Too Many Requests", headers)
