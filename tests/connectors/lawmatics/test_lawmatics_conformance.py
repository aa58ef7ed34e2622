"""The Lawmatics connector passes the contract's suite, on both sides of what is not verified of Lawmatics."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.contract import Crm
from firstcontact.connectors.lawmatics.connector import Lawmatics
from firstcontact.testing.conformance import CrmConformance, Hands

LAG = 90.0
SIDES: dict[str, dict[str, Any]] = {
    "as documented": {},
    "search lags": {"lag": LAG},
    "long lists": {"page_size": 7},
    "contacts do not name their numbers": {"contact_numbers": False, "finder_miss": "null"},
    "long lists, numbers not named": {"contact_numbers": False, "page_size": 7, "lag": LAG},
    "numbers as stored": {
        "phone_match": "stored",
        "finder_miss": "null",
        "find_reach": "primary",
        "custom_field_ids": "text",
        "page_size": 7,
    },
    "parts are found": {
        "find_match": "part",
        "handle_touch": "untouched",
        "event_phone": "not",
        "event_put": False,
        "page_size": 7,
    },
}


class TestLawmatics(CrmConformance):
    """Over HTTP, with the simulator's clock."""

    many = 29
    """More than a page; five of seven, where lists are long."""

    @pytest.fixture(params=list(SIDES))
    def firm(self, request: pytest.FixtureRequest, make_firm: Any) -> Any:
        return make_firm(**SIDES[request.param])

    @pytest.fixture
    def crm(self, firm: Any) -> Lawmatics:
        return firm.crm

    @pytest.fixture
    def hands(self, firm: Any) -> Hands:
        return firm.desk

    def settle(self, crm: Crm) -> None:
        """The search catches up."""
        crm.settled()  # type: ignore[attr-defined]

    @pytest.fixture(autouse=True)
    def settling(self, firm: Any, crm: Lawmatics, monkeypatch: pytest.MonkeyPatch) -> None:
        """The suite hands over the connector alone, which does not know its simulator's clock."""
        monkeypatch.setattr(crm, "settled", lambda: firm.wait(LAG + 1), raising=False)
