"""CardDAV passes the contract's suite on a real Radicale, with either vCard version."""

from __future__ import annotations

from typing import Any

import pytest
from carddav_desk import People, Place

from firstcontact.testing.conformance import CrmConformance


class TestRadicale(CrmConformance):
    """As it is."""

    many = 70  # Radicale reads every card at each PUT; three times as many are more than a page of the feed

    @pytest.fixture
    def crm(self, place: Place) -> Any:
        return place.crm()

    @pytest.fixture
    def hands(self, place: Place) -> People:
        return People(place)
