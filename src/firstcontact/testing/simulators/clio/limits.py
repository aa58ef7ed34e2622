"""How many requests a token may send in a minute (apis A2, "Rate limit")."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from firstcontact.testing.simulators.clio.errors import ClioError
from firstcontact.testing.simulators.clio.quirks import Quirks
from firstcontact.testing.simulators.clio.state import SECOND

WINDOW = 60 * SECOND
_PACIFIC = ZoneInfo("America/Los_Angeles")
_SYDNEY = ZoneInfo("Australia/Sydney")
_GMT = timezone(timedelta(0))


def peak(region: str, now: int) -> bool:
    """Whether it is a busy hour: US and CA 04:00–19:00 Pacific Monday to Friday; EU 07:00–22:00 GMT; AU
    06:00–21:00 Sydney (apis A2)."""
    moment = datetime.fromtimestamp(now // SECOND, UTC)
    if region in ("us", "ca"):
        there = moment.astimezone(_PACIFIC)
        return there.weekday() < 5 and 4 <= there.hour < 19
    if region == "eu":
        return 7 <= moment.astimezone(_GMT).hour < 22
    return 6 <= moment.astimezone(_SYDNEY).hour < 21


class Limits:
    """Requests of each token in the window of 60 seconds that its first one opened."""

    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._windows: dict[str, tuple[int, int]] = {}
        self._exhausted_until = 0

    def exhaust(self, until: int) -> None:
        """Everything is refused until then."""
        self._exhausted_until = until

    def take(self, token: str, now: int) -> dict[str, str]:
        """Counts one request: the headers of its answer. Raises ClioError 429."""
        limit = self._limit(now)
        start, used = self._windows.get(token, (now, 0))
        if now >= start + WINDOW:
            start, used = now, 0
        reset = max(start + WINDOW, self._exhausted_until)
        refused = now < self._exhausted_until or (limit > 0 and used >= limit)
        if not refused:
            used += 1
        self._windows[token] = (start, used)
        if limit <= 0 and not refused:
            return {}
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(0 if refused else limit - used),
            "X-RateLimit-Reset": str(math.ceil(reset / SECOND)),
        }
        if refused:
            until = self._exhausted_until if now < self._exhausted_until else start + WINDOW
            raise ClioError(429, "Rate limit exceeded", {**headers, **self._retry(now, until)})
        return headers

    def _limit(self, now: int) -> int:
        quirks = self._quirks
        return quirks.limit if not quirks.limit or peak(quirks.region, now) else quirks.off_peak_limit

    def _retry(self, now: int, until: int) -> dict[str, str]:
        if self._quirks.retry_header == "Retry-At":
            return {"Retry-At": str(math.ceil(until / SECOND))}
        return {"Retry-After": str(math.ceil((until - now) / SECOND))}
