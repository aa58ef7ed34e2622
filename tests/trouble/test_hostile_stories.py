"""The four sentences hold on the vendors' connectors with bad days, whatever happens in whatever order."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from trouble_firm import KINDS
from trouble_stories import LESS, OfficeStories

BUDGET = settings(
    max_examples=int(os.environ.get("FIRSTCONTACT_STORIES", "6")),
    stateful_step_count=20,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    derandomize="FIRSTCONTACT_STORIES" not in os.environ,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
"""What CI takes for each kind of CRM: the same stories every time, and not made smaller where one fails,
since each takes a second. FIRSTCONTACT_STORIES: so many other ones."""


@pytest.mark.parametrize("kind", [*KINDS, *LESS])
def test_stories(kind: str) -> None:
    """Over HTTP, with lost answers, refusals, lapsed logins, crashes, clocks that jump and people who meddle:
    no handle has two contacts made by us, no interaction is logged twice, delivering everything again changes
    nothing, every record of ours is explained, nothing is lost, what people set stays set and whom they
    deleted stays deleted."""
    run_state_machine_as_test(type("Stories", (OfficeStories,), {"kind": kind}), settings=BUDGET)
