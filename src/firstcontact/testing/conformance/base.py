"""What the parts of the suite share: the two fixtures, and what an author may override."""

from __future__ import annotations

import pytest

from firstcontact.connectors.contract import Crm
from firstcontact.identity.records import Record
from firstcontact.testing.conformance.hands import Hands
from firstcontact.testing.conformance.making import handle


class Base:
    """The fixtures an author provides, and small helpers."""

    many = 210
    """More records on one handle than a page of the CRM's search holds."""

    @pytest.fixture
    def crm(self) -> Crm:
        """An empty CRM behind the contract, with the region US."""
        raise NotImplementedError("a conformance suite needs a fixture `crm`")

    @pytest.fixture
    def hands(self) -> Hands:
        """What people do in that CRM itself."""
        raise NotImplementedError("a conformance suite needs a fixture `hands`")

    def settle(self, crm: Crm) -> None:
        """Let the CRM's search catch up with what was written; a simulator moves its clock on."""

    def telling(self, crm: Crm) -> str:
        """A text field of contacts that every CRM of its capabilities has, to see a change by."""
        return "title" if crm.capabilities().titles else "first_name"

    def found(self, crm: Crm, text: str) -> tuple[Record, ...]:
        """The records that the CRM finds for one handle, which must not be unknown."""
        self.settle(crm)
        one = handle(text)
        finding = crm.find([one])[one.key]
        assert finding.status != "unknown", f"the search for {text} said unknown: {finding.why}"
        assert (finding.status == "found") == bool(finding.records), "found is with records, absent without"
        return finding.records

    def read_one(self, crm: Crm, id: str) -> Record:
        """One record that must be there."""
        record = crm.read([id])[id]
        assert isinstance(record, Record), f"{id} was read as {record!r}"
        return record
