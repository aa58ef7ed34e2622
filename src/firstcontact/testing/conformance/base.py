"""What the parts of the suite share: the two fixtures, and what an author may override."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from firstcontact.connectors.contract import Crm, NotOffered
from firstcontact.identity.records import ABSENT, Record
from firstcontact.testing.conformance.hands import Hands
from firstcontact.testing.conformance.making import JO, JO_PHONE, handle, new_contact, receipt, update


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

    def asked(self, crm: Crm) -> bool:
        """Whether it can be asked who is there; where it can't, nobody is found."""
        if crm.capabilities().looks_up:
            return True
        assert crm.find([handle(JO), handle(JO_PHONE)]) == {JO: ABSENT, JO_PHONE: ABSENT}
        return False

    def updates(self, crm: Crm) -> bool:
        """Whether a contact can be changed; where it can't, being told to must raise NotOffered."""
        if crm.capabilities().updates_contacts:
            return True
        with pytest.raises(NotOffered):
            crm.apply([update(crm, "1", "not offered", first_name="Jo")])
        return False

    def made(self, crm: Crm, hands: Hands) -> Sequence[Mapping[str, Any]]:
        """What the CRM holds of those whom we created."""
        return hands.dump()["leads" if crm.capabilities().creates_leads else "contacts"]

    def a_contact(self, crm: Crm, hands: Hands) -> str:
        """A contact that can be logged on: Jo Diaz, made by us, or by a person where we only make leads."""
        if not crm.capabilities().creates_leads:
            return receipt(crm, new_contact(crm)).id
        fields = {"first_name": "Jo", "last_name": "Diaz", "emails": [JO], "phones": [JO_PHONE]}
        return hands.add("contact", fields)

    def telling(self, crm: Crm) -> str:
        """A text field of contacts that every CRM of its capabilities has, to see a change by."""
        return "title" if "title" in crm.capabilities().contact_fields else "first_name"

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
