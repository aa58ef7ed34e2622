"""Clauses about changing what is there and taking it away: fields, merges, deletions, roles."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from firstcontact.connectors.contract import Crm, Gone, Moved, NotOffered, Rejected
from firstcontact.identity.records import MailingAddress, Record
from firstcontact.planning.write import Existing, Receipt
from firstcontact.testing.conformance.applying import Applying
from firstcontact.testing.conformance.clauses import proves
from firstcontact.testing.conformance.hands import Hands
from firstcontact.testing.conformance.making import (
    JO,
    JO_PHONE,
    a_deletion,
    a_merge,
    a_removed_role,
    a_role,
    an_activity,
    handle,
    new_contact,
    no_activity,
    receipt,
    update,
)

MAILING = MailingAddress(
    street="1 Pier Street", city="Springfield", state="CA", postal_code="94105", country="US"
)
MOBILE = "+14155550177"
JO_AT_HOME = "jo.diaz@home.example"
TEXTS = {
    "title": "CFO",
    "department": "Finance",
    "seniority": "C-level",
    "persona": "Economic buyer",
    "company": "Acme",
}
"""A value for each text field of `Capabilities.contact_fields`."""


def _told(record: Record) -> dict[str, Any]:
    """What a record tells of the fields that not every CRM has."""
    texts = {name: getattr(record, name) for name in TEXTS if getattr(record, name)}
    return {**texts, **({"mailing": record.mailing} if record.mailing else {})}


class Changing(Applying):
    """What a CRM does when something is to be otherwise than it is."""

    @proves("APPLY-23")
    def test_every_offered_field_is_set(self, crm: Crm, hands: Hands) -> None:
        """Title, department, mobile, address and the others come with a new contact and with an update, each
        where it is offered; the rest of them leaves no trace."""
        offered = crm.capabilities().contact_fields
        given: dict[str, Any] = {**TEXTS, "mailing": MAILING}
        told = {name: value for name, value in given.items() if name in offered}
        ids = []
        if self.asked(crm):
            write = new_contact(crm, phones=(), mobiles=(MOBILE,), **given)
            ids.append(receipt(crm, write).id)
        if self.updates(crm):
            id = hands.add("contact", {"first_name": "Kim", "last_name": "Osei", "emails": [JO_AT_HOME]})
            receipt(crm, update(crm, id, mobiles=(MOBILE,), **given))
            ids.append(id)
        for id in ids:
            record = self.read_one(crm, id)
            if record.type == "lead":
                assert _told(record).items() <= {**told, "company": "Acme"}.items()
                continue
            assert _told(record) == told
            assert [handle(each).key for each in record.phones] == [MOBILE]
            assert [handle(each).key for each in record.mobiles] == ([MOBILE] if "mobile" in offered else [])
            assert len(record.emails) == 1

    @proves("APPLY-24")
    def test_fields_are_emptied_and_handles_taken_off(self, crm: Crm, hands: Hands) -> None:
        """What is named as changed is set to nothing too; addresses and numbers that are named go, from
        whichever field; another address becomes the main one. Everything else stays."""
        if not self.updates(crm):
            return
        offered = crm.capabilities().contact_fields
        id = hands.add("contact", {"first_name": "Jo", "last_name": "Diaz", "emails": [JO]})
        given: dict[str, Any] = {**TEXTS, "mailing": MAILING}
        phones, emails = (JO_PHONE, "+14155550188"), (JO_AT_HOME,)
        receipt(crm, update(crm, id, "fill", phones=phones, emails=emails, mobiles=(MOBILE,), **given))
        gone = {"without_phones": ("(415) 555-0177", "+14155550188"), "without_emails": (JO,)}
        main = {"main_email": JO_AT_HOME} if "main_email" in offered else {}
        receipt(crm, update(crm, id, "main", **main))
        emails_now = [handle(each).key for each in self.read_one(crm, id).emails]
        assert sorted(emails_now) == sorted([JO, JO_AT_HOME])
        assert emails_now[0] == (JO_AT_HOME if main else JO)
        names = tuple(name for name in given if name in offered)
        receipt(crm, replace(update(crm, id, "empty", **gone), changed=names))
        record = self.read_one(crm, id)
        assert _told(record) == {}
        assert (record.first_name, record.last_name) == ("Jo", "Diaz")
        assert {one.key for one in record.handles} == {JO_AT_HOME, JO_PHONE}
        assert record.mobiles == ()
        receipt(crm, replace(update(crm, id, "empty again", **gone), changed=names))
        assert self.read_one(crm, id).handles == record.handles

    @proves("APPLY-25")
    def test_a_merged_contact_gives_everything(self, crm: Crm, hands: Hands) -> None:
        """Activities, matters and roles of the loser are the survivor's, who has one role where both had one;
        its values stay, its blanks and handles are filled; the loser is merged or gone, and merging it again
        is no error."""
        offered = crm.capabilities()
        if not offered.merges_contacts:
            with pytest.raises(NotOffered):
                crm.apply([a_merge(crm, "c1", "c2")])
            return
        loser = receipt(crm, new_contact(crm, title="CFO", created_by_firstcontact=True)).id
        survivor = hands.add(
            "contact", {"first_name": "Josephine", "last_name": "Diaz", "emails": [JO_AT_HOME]}
        )
        if self.logs(crm):
            receipt(crm, an_activity(crm, people=(Existing("contact", loser),)))
        if offered.matters:
            hands.add("matter", {"contact": loser, "name": "Diaz v. Roe", "open": True})
        if offered.contact_roles:
            account = hands.add("account", {"name": "Acme", "website": "acme.example"})
            new, both = (
                hands.add("opportunity", {"account": account, "name": name, "open": True})
                for name in ("New", "Both")
            )
            roles = [(new, loser), (both, loser), (both, survivor)]
            for number, role in enumerate(roles):
                receipt(crm, a_role(crm, *role, f"role {number}"))
        merge = a_merge(crm, loser, survivor)
        assert receipt(crm, merge).id == survivor
        held = hands.dump()
        assert [one["contacts"] for one in held["activities"]] == [[survivor]] * bool(offered.logs)
        if offered.matters:
            assert [one["contact"] for one in held["matters"]] == [survivor]
            assert ["Diaz v. Roe" in one.name for one in crm.matters([survivor])] == [True]
        if offered.contact_roles:
            there = [(one["opportunity"], one["contact"]) for one in held["contact_roles"]]
            assert sorted(there) == sorted([(new, survivor), (both, survivor)])
        record = self.read_one(crm, survivor)
        assert (record.first_name, record.last_name) == ("Josephine", "Diaz")
        assert record.title == ("CFO" if "title" in offered.contact_fields else "")
        assert {one.key for one in record.handles} == {JO, JO_PHONE, JO_AT_HOME}
        assert crm.read([loser])[loser] == (Moved(loser, survivor) if offered.merges else Gone(loser))
        assert [one.id for one in self.found(crm, JO)] == [survivor]
        assert isinstance(crm.apply([merge])[0], Receipt)
        assert isinstance(crm.apply([a_merge(crm, loser, survivor, "again")])[0], Receipt)
        assert len(hands.dump()["contacts"]) == 1

    @proves("APPLY-26")
    def test_only_an_untouched_contact_of_ours_is_deleted(self, crm: Crm, hands: Hands) -> None:
        """Ours goes, and deleting it again is no error; one that a person made, or has edited since, is
        Rejected and stays."""
        if not crm.capabilities().deletes_contact:
            with pytest.raises(NotOffered):
                crm.apply([a_deletion(crm, "c1")])
            return
        ours = receipt(crm, new_contact(crm, created_by_firstcontact=True)).id
        kim = new_contact(
            crm, "kim", first_name="Kim", emails=(JO_AT_HOME,), phones=(), created_by_firstcontact=True
        )
        edited = receipt(crm, kim).id
        hands.edit("contact", edited, {"last_name": "Osei"})
        theirs = hands.add("contact", {"first_name": "Ann", "last_name": "Roe", "phones": [MOBILE]})
        outcomes = crm.apply([a_deletion(crm, id) for id in (ours, edited, theirs)])
        assert [type(outcome) for outcome in outcomes] == [Receipt, Rejected, Rejected]
        assert crm.read([ours])[ours] == Gone(ours)
        assert self.found(crm, JO) == ()
        assert isinstance(crm.apply([a_deletion(crm, ours, "again")])[0], Receipt)
        assert {one["id"] for one in hands.dump()["contacts"]} == {edited, theirs}

    @proves("APPLY-27")
    def test_a_role_is_taken_away(self, crm: Crm, hands: Hands) -> None:
        """The contact has no role on the opportunity any more; taking it away again is no error."""
        if not crm.capabilities().contact_roles:
            with pytest.raises(NotOffered):
                crm.apply([a_removed_role(crm, "o1", "c1")])
            return
        jo = receipt(crm, new_contact(crm)).id
        kim = hands.add("contact", {"first_name": "Kim", "last_name": "Osei", "emails": [JO_AT_HOME]})
        account = hands.add("account", {"name": "Acme", "website": "acme.example"})
        opportunity = hands.add("opportunity", {"account": account, "name": "New", "open": True})
        receipt(crm, a_role(crm, opportunity, jo))
        receipt(crm, a_role(crm, opportunity, kim, "other"))
        receipt(crm, a_removed_role(crm, opportunity, jo))
        receipt(crm, a_removed_role(crm, opportunity, jo, "again"))
        assert [one["contact"] for one in hands.dump()["contact_roles"]] == [kim]
        (found,) = crm.accounts(["acme.example"], [])
        assert found.opportunities[0].roles == (kim,)

    @proves("APPLY-28")
    def test_an_edited_activity_is_not_deleted(self, crm: Crm, hands: Hands) -> None:
        """An activity of ours that a person has changed is Rejected where that is told, and stays."""
        offered = crm.capabilities()
        if not offered.marks_activities:
            return
        _, id = self.logged(crm, hands)
        hands.edit("activity", id, {"subject": "What a person calls it"})
        (outcome,) = crm.apply([no_activity(crm, id, "undo")])
        assert isinstance(outcome, Rejected)
        assert self.activity(hands, id)["subject"] == "What a person calls it"
