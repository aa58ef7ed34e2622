"""How long what was tried in vain waits until it is tried again."""

from __future__ import annotations

from zlib import crc32

_SECOND = 1_000_000
_LONGEST = 3_600 * _SECOND


def backoff(attempts: int, what: str) -> int:
    """Microseconds until the next attempt at something: half a minute, doubling, at most an hour; a quarter
    more or less, so that what failed together does not come back together. `what` tells which way, the same
    for the same attempt."""
    wait: int = min(30 * _SECOND * 2 ** min(attempts, 10), _LONGEST)
    share = crc32(f"{what} {attempts}".encode("utf-8", "surrogatepass")) % 1000 - 500
    return wait + wait * share // 2000
