"""The Zoho connector passes the contract's suite, on both sides of what is not verified of Zoho."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.contract import Crm
from firstcontact.connectors.zoho.connector import Zoho
from firstcontact.testing.conformance import CrmConformance, Hands

LAG = 90.0
SIDES: dict[str, dict[str, Any]] = {
    "as documented": {},
    "search lags": {"lag": LAG},
    "short pages": {"page_size": 9},
    "other answers": {
        "lag": LAG,
        "activity_unique": "refused",
        "unique_word": "casesensitive",
        "coql_empty": "200",
        "coql_lookup": "name",
        "coql_converted": "hidden",
        "batch_status": "accepted",
        "missing_record": "400",
        "nothing_since": "204",
        "modified_since": "exclusive",
        "merge_leaves": "permanent",
        "forecast": "no",
        "credits_header": "always",
        "time_zone": "+05:30",
        "call_duration": "free",
        "token_error": "400",
    },
    "other answers still": {
        "batch_status": "success",
        "missing_record": "404",
        "merge_leaves": "nothing",
        "company": "free",
        "phone_check": "pattern",
        "phone_search": "text",
        "newest_version": 8,
        "time_zone": "+00:00",
        "equals_alone": "exact",
        "coql_in": 100,
    },
}


class TestZoho(CrmConformance):
    """Over HTTP, with the simulator's clock."""

    @pytest.fixture(params=list(SIDES))
    def org(self, request: pytest.FixtureRequest, serve: Any) -> Any:
        return serve(**SIDES[request.param])

    @pytest.fixture
    def crm(self, org: Any) -> Zoho:
        return org.crm

    @pytest.fixture
    def hands(self, org: Any) -> Hands:
        return org.desk

    def settle(self, crm: Crm) -> None:
        """The search catches up."""
        crm.settled()  # type: ignore[attr-defined]

    @pytest.fixture(autouse=True)
    def settling(self, org: Any, crm: Zoho, monkeypatch: pytest.MonkeyPatch) -> None:
        """The suite hands over the connector alone, which does not know its simulator's clock."""
        monkeypatch.setattr(crm, "settled", lambda: org.wait(LAG + 1), raising=False)
