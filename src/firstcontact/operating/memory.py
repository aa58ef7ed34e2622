"""What a process that goes on for months does about its memory."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_M_ARENA_MAX = -8
"""`malloc.h` of the GNU C library."""


def one_arena() -> bool:
    """All threads take memory from one place; whether the C library could be told so.

    The GNU C library gives each thread a place of its own, so that threads need not wait for one another.
    Those of one Python do anyway, and what a batch leaves in eight places instead of one is never given back:
    `run` had a sixth more after 25,000 calls. Any other C library is left as it is.
    """
    with suppress(OSError, AttributeError):
        return bool(ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1))
    return False
