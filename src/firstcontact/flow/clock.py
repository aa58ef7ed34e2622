"""What time it is: handed to the flow, so that tests and scenarios can let it stand still."""

from __future__ import annotations

import time
from typing import Protocol

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock(Protocol):
    """Something that knows the time."""

    def now(self) -> int:
        """Microseconds since 1970-01-01 UTC."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        """Microseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1000


class VirtualClock:
    """A clock that moves only when told, for scenarios and tests."""

    def __init__(self, at: int = 0) -> None:
        self._at = at

    def now(self) -> int:
        """Microseconds since 1970-01-01 UTC."""
        return self._at

    def advance_to(self, at: int) -> None:
        """Stand at `at`, never earlier than now."""
        self._at = max(self._at, at)

    def wait(self, microseconds: int) -> None:
        """Move on."""
        self._at += microseconds
