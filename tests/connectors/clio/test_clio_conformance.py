"""The Clio connector passes the contract's suite, on both sides of what is not verified of Clio."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.clio.connector import Clio
from firstcontact.connectors.contract import Crm
from firstcontact.testing.conformance import CrmConformance, Hands

LAG = 90.0
SIDES: dict[str, dict[str, Any]] = {
    "as documented": {},
    "search lags": {"lag": LAG},
    "long lists": {"page_size": 7},
    "words are searched, long lists": {"phone_query": "tokens", "page_size": 7, "lag": LAG},
    "whole words are searched, long lists": {"phone_query": "exact", "page_size": 7},
    "other spellings": {
        "updated_since": "exclusive",
        "default_flag": "primary",
        "second_level": "empty",
        "checkbox_value": "string",
        "custom_field_update": "by_field",
        "blank_text": "taken",
        "delete_client": "taken",
    },
    "samples' flags": {"default_flag": "default", "external_value_limit": 0, "text_limit": 0},
}


class TestClio(CrmConformance):
    """Over HTTP, with the simulator's clock."""

    many = 21
    """Three pages of seven, where lists are long."""

    @pytest.fixture(params=list(SIDES))
    def firm(self, request: pytest.FixtureRequest, make_firm: Any) -> Any:
        return make_firm(**SIDES[request.param])

    @pytest.fixture
    def crm(self, firm: Any) -> Clio:
        return firm.crm

    @pytest.fixture
    def hands(self, firm: Any) -> Hands:
        return firm.desk

    def settle(self, crm: Crm) -> None:
        """The search catches up."""
        crm.settled()  # type: ignore[attr-defined]

    @pytest.fixture(autouse=True)
    def settling(self, firm: Any, crm: Clio, monkeypatch: pytest.MonkeyPatch) -> None:
        """The suite hands over the connector alone, which does not know its simulator's clock."""
        monkeypatch.setattr(crm, "settled", lambda: firm.wait(LAG + 1), raising=False)
