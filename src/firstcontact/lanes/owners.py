"""Who owns a lease: a process, named so that another of the same machine can tell whether it still lives."""

from __future__ import annotations

import os
from functools import cache
from itertools import count
from pathlib import Path
from secrets import token_hex

_numbers = count(1)


def new_owner() -> str:
    """A name for one more lease of this process: machine, process, its start, and a number of its own."""
    return f"{_machine()} {os.getpid()} {_started(os.getpid())} {token_hex(4)}{next(_numbers)}"


def is_gone(owner: str) -> bool:
    """Whether the owner is certainly gone: a process of this machine that runs no longer. False where nobody
    can tell, as for one of another machine."""
    parts = owner.split(" ")
    if len(parts) != 4 or parts[0] != _machine() or parts[0] == _UNKNOWN:
        return False
    return _started(int(parts[1])) != parts[2]


_UNKNOWN = "?"


@cache
def _machine() -> str:
    """This boot of this machine, and which processes can be seen from here: a container sees its own only."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return _UNKNOWN


def _started(process: int) -> str:
    """When a process was started, in the kernel's ticks; "" where there is none (proc(5), field 22). One that
    has ended and was not waited for yet is none any more."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
