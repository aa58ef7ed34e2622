"""A whole installation in each trouble that a CRM can be: nothing is lost or doubled, and it says why.

After each: one contact for each stranger, each interaction logged once, delivering everything again changes
nothing, every record of ours explained by a line of the ledger (`Firm.all_is_well`).
"""

from __future__ import annotations

from typing import Any

import pytest
from story import JO, call
from trouble_firm import BUSY_HOUR, MADE_AT, Firm


def test_all_is_well_without_trouble(firm: Firm) -> None:
    """What the other tests compare with: everybody is there, everything is logged."""
    firm.deliver(*BUSY_HOUR)
    firm.settle()
    firm.all_is_well()
    assert "Nothing is due, nothing waits." in firm.said("status").text
    assert firm.said("stuck").text == "Nothing is stuck."


# --- requests and answers that are lost -----------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble", ["refused_503", "failed_500", "failed_after", "cut", "html", "late", "closed"]
)
def test_a_burst_of_trouble_at_what_is_written(firm: Firm, trouble: Any) -> None:
    """Several requests in a row that make contacts and activities are refused, fail before or after they
    happened, or get an answer that is cut, late or no answer of the vendor's: each is made once."""
    firm.next_making(trouble, "contact")
    firm.next_making(trouble, "activity")
    firm.deliver(*BUSY_HOUR)
    firm.drain()
    told = firm.said("explain", "call-jo").text
    sent = "about to be written" if trouble == "refused_503" else "sent, not confirmed yet"
    assert f"new contact: {sent}, {MADE_AT[firm.kind]} " in told, told
    firm.settle()
    if firm.faults.waiting:  # where one request has made everything
        firm.deliver(call("call-more", firm.clock.now(), JO, seconds=20))
        firm.settle()
    assert firm.faults.waiting == 0
    firm.all_is_well()


@pytest.mark.parametrize("trouble", ["refused_503", "failed_500", "cut", "html", "closed"])
def test_a_burst_of_trouble_at_what_is_asked(firm: Firm, trouble: Any) -> None:
    """Several look-ups in a row get no answer: nobody is called absent for it, so nobody is made twice."""
    firm.drain()
    for _ in range(4):
        firm.faults.next(trouble, firm.looks)
    firm.deliver(*BUSY_HOUR)
    firm.settle()
    assert firm.faults.waiting == 0
    firm.all_is_well()
