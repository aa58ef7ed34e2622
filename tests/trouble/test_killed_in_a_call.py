"""A worker that is killed in the middle of a request to the CRM, which lives on in another process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

import pytest
from trouble_firm import Firm, busy_hour

MAIN = "from firstcontact.cli.main import main; main()"
SECONDS = 60.0
FEW = ("call-jo", "fax-1")
"""So few that nobody has to wait for Clio's limit in real time."""

UNLIMITED: Mapping[str, Mapping[str, int]] = {"clio_grow": {"limit": 0}}
"""The clock of its second stands still while a worker goes by real time."""


class Worker:
    """`firstcontact run --once` in a process of its own."""

    def __init__(self, firm: Firm) -> None:
        words = ["--home", str(firm.home), "run", "--once"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", MAIN, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def killed(self) -> None:
        """It ends here, by -9; returns when it is gone."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(SECONDS)


@pytest.mark.parametrize("arrives", [True, False], ids=["carried out", "lost"])
@pytest.mark.parametrize(
    ("kind", "record"),
    [
        ("salesforce", "contact"),
        ("clio", "contact"),
        ("clio", "activity"),
        ("clio_grow", "contact"),
        ("clio_grow", "activity"),
        ("dynamics", "contact"),
        ("lawmatics", "contact"),
        ("lawmatics", "activity"),
        ("zoho", "contact"),
        ("zoho", "activity"),
    ],
)
def test_killed_while_a_request_is_on_its_way(make_firm: Any, kind: str, record: str, arrives: bool) -> None:
    """Whether the CRM has carried out what the dead worker asked for or never got it: another worker finds
    out, makes what is missing, and makes nothing twice."""
    now = time.time_ns() // 1000
    firm: Firm = make_firm(kind, begin=now, **UNLIMITED.get(kind, {}))
    firm.drain()
    firm.forget_pace()
    hour = busy_hour(now - 3600 * 1_000_000)
    firm.deliver(*(fact for fact in hour if fact.id in FEW))
    workers: list[Worker] = []

    def kill() -> None:
        workers[0].killed()
        if not arrives:
            raise ConnectionAbortedError("the worker is gone before its request was read")

    firm.meddling.before(firm.making(record), kill)
    # The firm's own clock has gone on while it waited for limits; the worker goes by the real one.
    time.sleep(max(0.0, firm.clock.now() / 1_000_000 - time.time()))
    workers.append(Worker(firm))
    assert workers[0].process.wait(SECONDS) == -signal.SIGKILL
    told = "".join(firm.said("explain", id).text for id in FEW)
    assert ("new contact" if record == "contact" else "activity") + ": sent, not confirmed yet" in told, told
    firm.reopen()
    firm.settle()
    firm.all_is_well()
    assert firm.said("stuck").text == "Nothing is stuck."
