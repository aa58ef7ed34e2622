"""The four sentences hold on a CRM with bad days, whatever happens in whatever order (DESIGN §5)."""

from __future__ import annotations

import os
import random
import time

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from machine import INDEXED, KINDS, Stories

BUDGET = settings(
    max_examples=18,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
"""What CI takes for each kind of CRM: the same stories every time, in about ten seconds."""


@pytest.mark.parametrize("kind", KINDS)
def test_stories(kind: str) -> None:
    """Whatever happens, no handle has two contacts made by us, no interaction is logged twice, delivering
    everything again changes nothing, every record of ours is explained, nothing is lost, what people set
    stays set and whom they deleted stays deleted."""
    run_state_machine_as_test(stories_at(kind), settings=BUDGET)


@pytest.mark.parametrize("kind", INDEXED)
def test_stories_on_an_index(kind: str) -> None:
    """The same holds where decisions are taken on an index that is a minute old, and where contacts and their
    activities go in one call."""
    run_state_machine_as_test(stories_at(kind, indexed=True), settings=BUDGET)


def stories_at(kind: str, *, indexed: bool = False) -> type[Stories]:
    """The state machine at a kind of CRM."""
    return type("Stories", (Stories,), {"kind": kind, "indexed": indexed})


@pytest.mark.soak
def test_stories_for_a_long_time() -> None:
    """Stories of ever new seeds for FIRSTCONTACT_SOAK minutes, or only of FIRSTCONTACT_SEED."""
    replayed = os.environ.get("FIRSTCONTACT_SEED", "")
    ends = time.monotonic() + 60 * float(os.environ.get("FIRSTCONTACT_SOAK", "10"))
    stories = 0
    while not stories or (time.monotonic() < ends and not replayed):
        number = int(replayed or random.SystemRandom().randrange(10**9))
        print(f"stories of seed {number}; again with: make soak FIRSTCONTACT_SEED={number}", flush=True)
        longer = settings(BUDGET, stateful_step_count=50, derandomize=False)
        for kind, indexed in (*((kind, False) for kind in KINDS), *((kind, True) for kind in INDEXED)):
            run_state_machine_as_test(seed(number)(stories_at(kind, indexed=indexed)), settings=longer)
            stories += longer.max_examples
    print(f"{stories} stories", flush=True)
