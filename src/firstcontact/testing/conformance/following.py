"""Clauses about the change feed."""

from __future__ import annotations

import pytest

from firstcontact.connectors.contract import Changes, Crm, NotOffered
from firstcontact.planning.write import Existing
from firstcontact.testing.conformance.base import Base
from firstcontact.testing.conformance.clauses import proves
from firstcontact.testing.conformance.hands import Hands
from firstcontact.testing.conformance.making import JO_PHONE, new_contact, receipt, update


class Following(Base):
    """What a CRM says has changed."""

    def pages(self, crm: Crm, cursor: str = "") -> list[Changes]:
        """All pages behind the cursor."""
        pages = [crm.changed_since(cursor)]
        while pages[-1].more:
            assert pages[-1].cursor != cursor, "a page that is not the last one must move on"
            cursor = pages[-1].cursor
            pages.append(crm.changed_since(cursor))
        return pages

    def end_of_feed(self, crm: Crm) -> str:
        """The cursor behind the last change; "" where there is no feed."""
        return self.pages(crm)[-1].cursor if crm.capabilities().change_feed else ""

    def followed(self, crm: Crm) -> bool:
        """Whether there is a feed that tells something; where there is none, asking for it must raise
        NotOffered, and of a CRM that cannot be asked it is whole and empty."""
        if not crm.capabilities().looks_up:
            told = crm.changed_since("")
            assert (told.records, told.gone, told.more, told.restarted) == ((), (), False, False)
            assert crm.changed_since(told.cursor).cursor == told.cursor
            return False
        if crm.capabilities().change_feed:
            return True
        with pytest.raises(NotOffered):
            crm.changed_since("")
        return False

    @proves("CHANGES-1")
    def test_own_writes_appear(self, crm: Crm) -> None:
        """What we created and changed is in the feed, as it is now."""
        if not self.followed(crm):
            return
        id = receipt(crm, new_contact(crm)).id
        cursor = self.end_of_feed(crm)
        field = self.telling(crm)
        if not self.updates(crm):
            assert [record.id for page in self.pages(crm) for record in page.records] == [id]
            return
        receipt(crm, update(crm, id, **{field: "CFO"}))
        from_start = {record.id: record for page in self.pages(crm) for record in page.records}
        assert getattr(from_start[id], field) == "CFO"
        behind = [record for page in self.pages(crm, cursor) for record in page.records]
        assert [getattr(record, field) for record in behind] == ["CFO"]

    @proves("CHANGES-2")
    def test_pages_leave_out_nothing(self, crm: Crm) -> None:
        """More contacts on one handle than pages hold are all in the feed, wherever a page ends."""
        if not self.followed(crm):
            return
        count = 3 * self.many
        writes = [new_contact(crm, f"p{n}", last_name=f"P{n}", phones=(JO_PHONE,)) for n in range(count)]
        ids = {getattr(outcome, "id", None) for outcome in crm.apply(writes)}
        pages = self.pages(crm)
        assert {record.id for page in pages for record in page.records} == ids
        assert len(ids) == count

    @proves("CHANGES-3")
    def test_deleted_records_appear_as_gone(self, crm: Crm, hands: Hands) -> None:
        """A contact that a person deleted is named as gone, or else is in no page any more."""
        if not self.followed(crm):
            return
        id = hands.add("contact", {"last_name": "Diaz"})
        cursor = self.end_of_feed(crm)
        hands.delete("contact", id)
        pages = self.pages(crm, cursor)
        gone = [gone for page in pages for gone in page.gone]
        assert gone == [id] or not (gone or crm.capabilities().deletions)
        assert id not in {record.id for page in self.pages(crm) for record in page.records}
        assert [record for page in pages for record in page.records] == []

    @proves("CHANGES-4")
    def test_behind_the_end_is_nothing(self, crm: Crm) -> None:
        """Asked again behind the last change, the feed is empty and its cursor holds still."""
        if not self.followed(crm):
            return
        receipt(crm, new_contact(crm))
        cursor = self.end_of_feed(crm)
        again = crm.changed_since(cursor)
        assert (again.records, again.gone, again.accounts, again.more) == ((), (), (), False)
        assert again.cursor == cursor

    @proves("CHANGES-5")
    def test_edits_by_people_appear(self, crm: Crm, hands: Hands) -> None:
        """A person's edit of a contact of ours is in the feed, with its mark where there is one, and our
        writes keep the mark."""
        if not self.followed(crm):
            return
        id = self.a_contact(crm, hands)
        cursor = self.end_of_feed(crm)
        field, told = self.telling(crm), crm.capabilities().marks_ours
        hands.edit("contact", id, {field: "CFO"})
        (record,) = [record for page in self.pages(crm, cursor) for record in page.records]
        assert (record.id, getattr(record, field), record.edited_by_person) == (id, "CFO", told)
        if self.updates(crm):
            receipt(crm, update(crm, id, company="Acme"))
            assert self.read_one(crm, id).edited_by_person == told

    @proves("CHANGES-6")
    def test_accounts_appear_where_offered(self, crm: Crm, hands: Hands) -> None:
        """A new account, and one with a new opportunity, are in the feed where accounts are offered."""
        if not self.followed(crm):
            return
        if not crm.capabilities().accounts:
            receipt(crm, new_contact(crm))
            assert [account for page in self.pages(crm) for account in page.accounts] == []
            return
        id = hands.add("account", {"name": "Acme", "website": "acme.example"})
        cursor = self.end_of_feed(crm)
        hands.add("opportunity", {"account": id, "name": "New", "open": True})
        receipt(crm, new_contact(crm, account=Existing("account", id)))
        for start in ("", cursor):
            accounts = [account for page in self.pages(crm, start) for account in page.accounts]
            assert [(account.id, len(account.opportunities)) for account in accounts] == [(id, 1)]
