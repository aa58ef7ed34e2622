"""The contract of CRMs, on a real Tryton server."""

from __future__ import annotations

import pytest
from tryton_desk import PAGE, empty

from firstcontact.connectors.tryton.connector import Tryton
from firstcontact.testing.conformance import CrmConformance, Hands
from firstcontact.testing.simulators.base import Kept
from firstcontact.testing.tryton import Server


class TestTryton(CrmConformance):
    """As a user who is no administrator; the fixtures `crm` and `hands` are the folder's."""

    many = PAGE + 10

    @pytest.fixture
    def crm(self, tryton: Server, kept: Kept) -> Tryton:
        return empty(tryton, kept)

    @pytest.fixture
    def hands(self, person: Hands) -> Hands:
        return person
