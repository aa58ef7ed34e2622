"""The Clio Grow connector passes the contract's suite in each of its three ways, and on both sides of what is
not verified of Clio Grow."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.contract import Crm
from firstcontact.testing.conformance import CrmConformance, Hands

LAG = 90.0
PLATFORM: dict[str, dict[str, Any]] = {
    "as described": {},
    "search lags": {"lag": LAG},
    "long lists": {"page_size": 7, "paging_next": "elsewhere"},
    "words are searched, long lists": {"query": "words", "page_size": 7, "lag": LAG},
    "whole words are searched, long lists": {"query": "exact", "page_size": 7},
    "digits are searched, long lists": {"query": "digits", "page_size": 7},
    "other answers": {"updated_since": "exclusive", "accepted": "contact", "old_access": "ended"},
}
INBOX: dict[str, dict[str, Any]] = {
    "inbox says nothing": {"inbox_answer": "empty"},
    "inbox says an id": {"inbox_answer": "with_id"},
}
SIDES = {
    **{f"writes: {name}": ("writes", quirks) for name, quirks in PLATFORM.items()},
    **{f"leads: {name}": ("leads", {"writes": "absent", **quirks}) for name, quirks in PLATFORM.items()},
    **{f"inbox: {name}": ("inbox", quirks) for name, quirks in {"as described": {}, **INBOX}.items()},
}


class TestClioGrow(CrmConformance):
    """Over HTTP, with the simulator's clock."""

    many = 21
    """Three pages of seven, where lists are long."""

    @pytest.fixture(params=list(SIDES))
    def firm(self, request: pytest.FixtureRequest, make_firm: Any) -> Any:
        way, quirks = SIDES[request.param]
        return make_firm(way, **quirks)

    @pytest.fixture
    def crm(self, firm: Any) -> Crm:
        crm: Crm = firm.crm
        return crm

    @pytest.fixture
    def hands(self, firm: Any) -> Hands:
        return firm.desk

    def settle(self, crm: Crm) -> None:
        """The search catches up."""
        crm.settled()  # type: ignore[attr-defined]

    @pytest.fixture(autouse=True)
    def settling(self, firm: Any, crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
        """The suite hands over the connector alone, which does not know its simulator's clock."""
        monkeypatch.setattr(crm, "settled", lambda: firm.wait(LAG + 1), raising=False)
