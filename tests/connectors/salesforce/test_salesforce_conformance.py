"""Salesforce passes the contract's suite, over HTTP against the simulator, under each of its quirks."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.contract import Crm
from firstcontact.testing.conformance import CrmConformance, Hands

LAG = 60.0


class Conformance(CrmConformance):
    """Against one kind of organisation."""

    lag = 0.0
    quirks: dict[str, Any] = {}
    options: dict[str, Any] = {}

    @pytest.fixture
    def org(self, serve: Any) -> Any:
        return serve(lag=self.lag, options=self.options, **self.quirks)

    @pytest.fixture
    def crm(self, org: Any) -> Any:
        self.clock = org.clock
        return org.crm

    @pytest.fixture
    def hands(self, org: Any) -> Hands:
        desk: Hands = org.desk
        return desk

    def settle(self, crm: Crm) -> None:
        """Past the lag of the search index."""
        del crm
        self.clock.wait(int((self.lag + 1) * 1_000_000))


class TestSalesforce(Conformance):
    """As it is by default, its search knowing at once what was written."""


class TestLagging(Conformance):
    """Its search knows what was written only after a minute."""

    lag = LAG


class TestOtherSide(Conformance):
    """The other side of everything that apis A1 calls not verified, whole seconds for SystemModstamp, and
    lists of states and countries."""

    lag = LAG
    quirks = {
        "e164_finds_national": True,
        "composite_search": False,
        "country_picklists": True,
        "modstamp": "seconds",
        "upsert_204": True,
        "activity_fields_on": "each",
        "duplicate_key": "duplicateResult",
        "error_description": "never",
        "rotate_refresh_token": True,
    }


class TestWithoutFeatures(Conformance):
    """Without enhanced e-mail, shared activities and account teams; the suite's team is then nobody's."""

    quirks = {"enhanced_email": False, "shared_activities": False, "opportunity_teams": False}


class TestFirstReadingInBulk(Conformance):
    """The first reading goes through Bulk API 2.0, however few records there are."""

    options = {"bulk_from": 0}
    quirks = {"bulk_polls": 0, "bulk_page": 100}
