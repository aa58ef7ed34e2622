"""Dynamics 365 passes the contract's suite, over HTTP against the simulator, under each of its quirks."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.contract import Crm
from firstcontact.testing.conformance import CrmConformance, Hands

LAG = 60.0


class Conformance(CrmConformance):
    """Against one kind of environment."""

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
        """Past the lag of its filters."""
        del crm
        self.clock.wait(int((self.lag + 1) * 1_000_000))


class TestDynamics(Conformance):
    """As it is by default."""


class TestLagging(Conformance):
    """Its filters know what was written only after a minute."""

    lag = LAG


class TestOtherSide(Conformance):
    """The other side of everything that apis A5 calls not verified."""

    lag = LAG
    options = {"duplicate_rules": True}
    quirks = {
        "collation": "sensitive",
        "duplicate_status": 500,
        "duplicate_rules": (),
        "regarding": "short",
        "qualified": "originating",
        "actual_times": "dropped",
        "unresolved_parties": "email",
        "batch_status": "ok",
        "concurrency_code": "0x80072322",
        "contact_deleted": "cascade",
        "merge_fills": "on",
    }


class TestWithoutWildcards(Conformance):
    """A `%` in a filter is a percent sign."""

    quirks = {"wildcards": "off", "collation": "accents"}


class TestWithoutChangeTracking(Conformance):
    """No table tracks its changes, and the connection was told so."""

    options = {"change_tracking": False}
    quirks = {"change_tracking": "off"}
