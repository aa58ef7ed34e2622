"""Several processes of one command on this machine, watched over: one that dies is started again."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from threading import Event

from firstcontact.operating.watch import SILENT, Watch

_PATIENCE = 60.0
"""Seconds that processes have to finish what is in hand before they are ended."""


def watch_over(
    command: Sequence[str],
    count: int,
    stop: Event,
    *,
    until_done: bool = False,
    watch: Watch = SILENT,
) -> int:
    """Run `command` `count` times at once until `stop` is set; then each gets SIGTERM and finishes.

    A process that ends otherwise than by status 0 is started again, each time after a longer wait.
    until_done: one that ends with 0 is not, and when all have, this is over. Returns the exit status: that of
    one which said that its input is wrong, else 0.
    """
    children: list[subprocess.Popen[bytes] | None] = [None] * count
    again_at = [0.0] * count
    deaths = [0] * count
    done = [False] * count
    try:
        while not stop.is_set() and not all(done):
            for number in range(count):
                child = children[number]
                if child is not None and child.poll() is not None:
                    children[number] = None
                    if child.returncode == 0 and until_done:
                        done[number] = True
                    elif child.returncode == _BAD_INPUT:
                        return _BAD_INPUT  # it has said why, and would say it again
                    else:
                        deaths[number] += 1
                        again_at[number] = time.monotonic() + min(0.2 * 2 ** deaths[number], 30.0)
                        watch.event("worker process ended", "error", status=child.returncode)
                elif child is None and not done[number] and time.monotonic() >= again_at[number]:
                    children[number] = subprocess.Popen(command, start_new_session=True)
            stop.wait(0.1)
    finally:
        _end([child for child in children if child is not None])
    return 0


_BAD_INPUT = 2


def _end(children: Sequence[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.terminate()
    until = time.monotonic() + _PATIENCE
    for child in children:
        try:
            child.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()  # what it was at is in the ledger
            child.wait()
