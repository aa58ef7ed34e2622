"""Credits in 24 hours, and requests at once (apis A4, "Limits"; costs of COQL by Zoho's page on it)."""

from __future__ import annotations

import math
from collections import deque

from firstcontact.testing.simulators.zoho.errors import ZohoError
from firstcontact.testing.simulators.zoho.quirks import Quirks
from firstcontact.testing.simulators.zoho.times import SECOND

WINDOW = 86_400 * SECOND


class Limits:
    """What the organisation has used in the last 24 hours."""

    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._used: deque[tuple[int, int]] = deque()
        self._total = 0
        self._exhausted_until = 0
        self.under_way = 0

    def exhaust(self, until: int) -> None:
        """Everything is refused until then."""
        self._exhausted_until = until

    def admit(self, now: int) -> None:
        """Raises ZohoError where there is no credit left, or too much is under way."""
        self._forget(now)
        if now < self._exhausted_until:
            raise self._refusal(self._exhausted_until - now)
        credits = self._quirks.credits
        if credits and self._total >= credits:
            raise self._refusal(self._used[0][0] + WINDOW - now)
        if self._quirks.concurrency and self.under_way > self._quirks.concurrency:
            raise self._refusal(SECOND)

    def take(self, cost: int, now: int) -> dict[str, str]:
        """Counts a request that was answered: the headers of its answer."""
        self._used.append((now, cost))
        self._total += cost
        credits, when = self._quirks.credits, self._quirks.credits_header
        if when == "never" or not credits or (when == "half" and self._total * 2 < credits):
            return {}
        return {"X-API-CREDITS-REMAINING": str(max(0, credits - self._total))}

    def _forget(self, now: int) -> None:
        while self._used and self._used[0][0] + WINDOW <= now:
            self._total -= self._used.popleft()[1]

    def _refusal(self, wait: int) -> ZohoError:
        quirks = self._quirks
        headers = {"Retry-After": str(math.ceil(wait / SECOND))} if quirks.retry_after else {}
        message = "too many requests; please try again later"
        return ZohoError(int(quirks.limit_status), quirks.limit_code, message, headers=headers)


def for_rows(limit: int) -> int:
    """What a COQL query costs: by its limit, 1 to 200, 2 to 1,000, 3 to 2,000."""
    return 1 if limit <= 200 else 2 if limit <= 1_000 else 3
