"""Clauses about writing: apply and written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from msgspec.structs import replace

from firstcontact.connectors.contract import Crm, Gone, MovedTo, NotOffered, Rejected, Unclear
from firstcontact.interactions.model import KINDS
from firstcontact.planning.write import CreatedBy, Existing, Receipt, Write
from firstcontact.testing.conformance.clauses import proves
from firstcontact.testing.conformance.following import Following
from firstcontact.testing.conformance.hands import Hands
from firstcontact.testing.conformance.making import (
    DAY,
    HOUR,
    JO,
    JO_PHONE,
    NOON,
    a_document,
    a_role,
    a_time_entry,
    an_account,
    an_activity,
    changed_activity,
    handle,
    new_contact,
    no_activity,
    receipt,
    update,
)
from firstcontact.testing.hostile import Hostile


class Applying(Following):
    """What a CRM does when it is told to."""

    def logged(self, crm: Crm, hands: Hands, **fields: Any) -> tuple[str, str]:
        """A contact and an activity on it: their ids."""
        contact = self.a_contact(crm, hands)
        people = (Existing("contact", contact),)
        return contact, receipt(crm, an_activity(crm, **{"people": people, **fields})).id

    def logs(self, crm: Crm, kind: str = "call") -> bool:
        """Whether this kind is logged; where it is not, being told to must raise NotOffered."""
        if kind in crm.capabilities().logs:
            return True
        with pytest.raises(NotOffered):
            crm.apply([an_activity(crm, f"not offered {kind}", kind)])
        return False

    def to_be_refused(self, crm: Crm) -> list[Write]:
        """A write that the CRM refuses; none where it takes nothing but new people."""
        if self.updates(crm):
            return [update(crm, "999999999", title="CFO")]
        nobody = an_activity(crm, "on nobody", people=(Existing("contact", "999999999"),))
        return [nobody] if self.logs(crm) else []

    def activity(self, hands: Hands, id: str) -> Any:
        """One activity as the CRM holds it."""
        (found,) = [activity for activity in hands.dump()["activities"] if activity["id"] == id]
        return found

    @proves("APPLY-1")
    def test_a_repeated_key_makes_no_second_record(self, crm: Crm, hands: Hands) -> None:
        """The same writes again give the same records; else whoever looks first finds the first."""
        writes = [new_contact(crm), an_activity(crm, people=())]
        if "call" in crm.capabilities().contact_required_for or not self.logs(crm):
            del writes[1:]
        first = [receipt(crm, write) for write in writes]
        if crm.capabilities().unique_create:
            assert [receipt(crm, write).id for write in writes] == [one.id for one in first]
        elif crm.capabilities().finds_written:
            assert {one.id for one in crm.written([write.key for write in writes]).values()} == {
                one.id for one in first
            }
        elif self.asked(crm):
            assert [record.id for record in self.found(crm, JO)] == [first[0].id]
        assert len(self.made(crm, hands)) == 1
        assert len(hands.dump()["activities"]) == len(writes) - 1

    @proves("APPLY-2")
    def test_one_outcome_each_in_order(self, crm: Crm, hands: Hands) -> None:
        """A refused write in the middle is answered in its place; those around it are carried out."""
        between = self.to_be_refused(crm)
        writes = [
            new_contact(crm, "a", last_name="First"),
            *between,
            new_contact(crm, "b", last_name="Second", emails=("b@acme.example",), phones=()),
        ]
        first, *refused, second = crm.apply(writes)
        assert isinstance(first, Receipt)
        assert [type(outcome) for outcome in refused] == [Rejected for _ in between]
        assert isinstance(second, Receipt)
        assert (first.key, second.key) == (writes[0].key, writes[-1].key)
        if self.asked(crm):
            assert self.read_one(crm, first.id).last_name == "First"
            assert self.read_one(crm, second.id).last_name == "Second"
        assert len(self.made(crm, hands)) == 2
        assert list(crm.apply([])) == []

    @proves("APPLY-3")
    def test_a_created_contact_has_its_fields(self, crm: Crm, hands: Hands) -> None:
        """Names, addresses, numbers, title, owner, account and the marks are there as offered."""
        offered = crm.capabilities()
        owner = hands.add("user", {"id": "ana", "active": True}) if offered.owners else ""
        fields: dict[str, Any] = {"title": "CFO", "owner": owner, "created_by_firstcontact": True}
        if offered.accounts:
            account = hands.add("account", {"name": "Acme", "website": "acme.example"})
            fields["account"] = Existing("account", account)
        write = new_contact(crm, lead_source="FirstContact", placeholder=True, **fields)
        id = receipt(crm, write).id
        if self.asked(crm):
            record = self.read_one(crm, id)
            assert record.type == ("lead" if offered.creates_leads else "contact")
            assert (record.first_name, record.last_name) == ("Jo", "Diaz")
            assert record.title == ("CFO" if "title" in crm.capabilities().contact_fields else "")
            assert {one.key for one in record.handles} == {JO, JO_PHONE}
            assert (record.created_by_us, record.edited_by_person) == (offered.marks_ours, False)
            assert record.owner == owner or not (record.owner or offered.contact_owners)
            assert record.account == (account if offered.accounts else "")
            assert record.placeholder == offered.placeholder_mark
        (held,) = self.made(crm, hands)
        if not offered.looks_up:
            assert (held["first_name"], held["last_name"]) == ("Jo", "Diaz")
            assert {handle(text).key for text in (*held["emails"], *held["phones"])} == {JO, JO_PHONE}
        assert held["lead_source"] == ("FirstContact" if offered.lead_source else None)

    @proves("APPLY-4")
    def test_an_update_only_adds_and_sets(self, crm: Crm, hands: Hands) -> None:
        """A new number and a title come; the other fields and addresses stay, and nothing is doubled."""
        if not self.updates(crm):
            return
        id = hands.add(
            "contact",
            {"first_name": "Jo", "last_name": "Diaz", "emails": [JO], "phones": ["(415) 555-0123"]},
        )
        phones = (JO_PHONE, "+14155550188")
        receipt(crm, update(crm, id, title="CFO", phones=phones, emails=("Jo@Acme.example",)))
        record = self.read_one(crm, id)
        assert (record.first_name, record.last_name) == ("Jo", "Diaz")
        assert record.title == ("CFO" if "title" in crm.capabilities().contact_fields else "")
        assert {one.key for one in record.handles} == {JO, JO_PHONE, "+14155550188"}
        assert len(record.phones) == 2
        assert len(record.emails) == 1
        assert [one.id for one in self.found(crm, "+14155550188")] == [id]

    @proves("APPLY-5")
    def test_a_named_placeholder_is_none(self, crm: Crm) -> None:
        """A placeholder contact that gets a real name shows it and is a placeholder no more."""
        if not self.updates(crm):
            return
        write = new_contact(crm, first_name="", last_name="", placeholder=True)
        id = receipt(crm, replace(write, fields=replace(write.fields, name="Unknown Caller"))).id
        assert self.read_one(crm, id).placeholder == crm.capabilities().placeholder_mark
        receipt(crm, update(crm, id, first_name="Jo", last_name="Diaz"))
        record = self.read_one(crm, id)
        assert (record.name, record.placeholder) == ("Jo Diaz", False)

    @proves("APPLY-6")
    def test_a_deleted_record_is_not_brought_back(self, crm: Crm, hands: Hands) -> None:
        """What a person deleted stays deleted: the update is Rejected."""
        if not self.updates(crm):
            return
        id = hands.add("contact", {"last_name": "Diaz", "emails": [JO]})
        hands.delete("contact", id)
        (outcome,) = crm.apply([update(crm, id, title="CFO")])
        assert isinstance(outcome, Rejected)
        assert crm.read([id])[id] == Gone(id)
        assert self.found(crm, JO) == ()

    @proves("APPLY-7")
    def test_a_merged_record_has_moved(self, crm: Crm, hands: Hands) -> None:
        """An update of a merged record names the survivor, or is Rejected, and changes nothing."""
        if not self.updates(crm):
            return
        loser = hands.add("contact", {"last_name": "Diaz", "emails": [JO]})
        survivor = hands.add("contact", {"last_name": "Diaz"})
        hands.merge(loser, survivor)
        (outcome,) = crm.apply([update(crm, loser, title="CFO")])
        if crm.capabilities().merges:
            assert isinstance(outcome, MovedTo)
            assert (outcome.type, outcome.id) == ("contact", survivor)
        else:
            assert isinstance(outcome, Rejected)
        assert self.read_one(crm, survivor).title == ""

    @proves("APPLY-8")
    def test_an_activity_keeps_what_it_says(self, crm: Crm, hands: Hands) -> None:
        """Interaction, people, user, direction, time and length are there."""
        if not self.logs(crm):
            return
        user = hands.add("user", {"id": "ana", "active": True}) if crm.capabilities().owners else ""
        contact, id = self.logged(crm, hands, user=user)
        held = self.activity(hands, id)
        assert held["interactions"] == ["call"]
        assert held["contacts"] == [contact]
        assert (held["user"], held["direction"], held["seconds"]) == (user or None, "inbound", 60)
        assert (held["kind"], held["at"]) == ("call", NOON)

    @proves("APPLY-9")
    def test_an_activity_is_updated_in_place(self, crm: Crm, hands: Hands) -> None:
        """The same record takes the new text and answers to both interactions; NotOffered where it cannot."""
        if not self.logs(crm):
            return
        contact, id = self.logged(crm, hands)
        write = changed_activity(crm, id, "second", body="More was said.")
        if not crm.capabilities().updates_activity:
            with pytest.raises(NotOffered):
                crm.apply([write])
            return
        assert receipt(crm, write).id == id
        held = self.activity(hands, id)
        assert len(hands.dump()["activities"]) == 1
        assert sorted(held["interactions"]) == ["call", "second"]
        assert held["body"] == "More was said."
        assert (held["contacts"], held["seconds"]) == ([contact], 60)

    @proves("APPLY-10")
    def test_a_deleted_activity_is_gone(self, crm: Crm, hands: Hands) -> None:
        """Deleting takes the activity, not its contact; deleting again is no error. NotOffered where it
        cannot be taken away."""
        if not self.logs(crm):
            return
        contact, id = self.logged(crm, hands)
        if not crm.capabilities().deletes_activity:
            with pytest.raises(NotOffered):
                crm.apply([no_activity(crm, id, "undo")])
            assert len(hands.dump()["activities"]) == 1
            return
        receipt(crm, no_activity(crm, id, "undo"))
        receipt(crm, no_activity(crm, id, "undo again"))
        assert list(hands.dump()["activities"]) == []
        assert self.read_one(crm, contact).id == contact

    @proves("APPLY-11")
    def test_a_contact_is_needed_where_declared(self, crm: Crm, hands: Hands) -> None:
        """Each kind without a contact is logged, or Rejected where the capabilities say so."""
        needed = crm.capabilities().contact_required_for
        kinds = [kind for kind in KINDS if self.logs(crm, kind)]
        for kind in kinds:
            (outcome,) = crm.apply([an_activity(crm, kind, kind)])
            assert isinstance(outcome, Rejected if kind in needed else Receipt), kind
        assert {one["kind"] for one in hands.dump()["activities"]} == set(kinds) - needed

    @proves("APPLY-12")
    def test_what_is_not_offered_is_a_bug(self, crm: Crm, hands: Hands) -> None:
        """NotOffered leaves the CRM as it was, also what came with it in one call."""
        offered = crm.capabilities()
        contact, activity = receipt(crm, new_contact(crm, "somebody")).id, "a1"
        if offered.logs:
            contact, activity = self.logged(crm, hands)
        refused: list[Write] = []
        if not offered.time_entries:
            refused.append(a_time_entry(crm, activity))
        if "call" not in offered.files:
            refused.append(a_document(crm, activity))
        if not offered.accounts:
            refused.append(an_account(crm, "acme.example"))
        if not offered.contact_roles:
            refused.append(a_role(crm, "o1", contact))
        both = (Existing("contact", contact),) * 2
        if not offered.several_people_on_activity:
            refused.append(an_activity(crm, "both", people=both))
        if not offered.updates_contacts:
            refused.append(update(crm, contact, title="CFO"))
        nobody_yet = (CreatedBy("0" * 32),)
        refused.append(an_activity(crm, "unresolved", people=nobody_yet))
        before = hands.dump()
        for write in refused:
            with pytest.raises(NotOffered):
                crm.apply([new_contact(crm, write.kind, emails=("kim@acme.example",)), write])
            assert hands.dump() == before, write.kind

    @proves("APPLY-13")
    def test_a_role_is_made_once(self, crm: Crm, hands: Hands) -> None:
        """A second write of the same role, also under another key, finds the first."""
        contact = receipt(crm, new_contact(crm)).id
        if not crm.capabilities().contact_roles:
            with pytest.raises(NotOffered):
                crm.apply([a_role(crm, "o1", contact)])
            return
        account = hands.add("account", {"name": "Acme", "website": "acme.example"})
        opportunity = hands.add("opportunity", {"account": account, "name": "New", "open": True})
        first = receipt(crm, a_role(crm, opportunity, contact))
        again = receipt(crm, a_role(crm, opportunity, contact, "other interaction"))
        assert (first.created, again.created) == (True, False)
        assert len(hands.dump()["contact_roles"]) == 1
        (found,) = crm.accounts(["acme.example"], [])
        assert found.opportunities[0].roles == (contact,)

    @proves("APPLY-14")
    def test_time_and_files_go_onto_the_activity(self, crm: Crm, hands: Hands) -> None:
        """A time entry and a file are there where they are offered, and nothing where not."""
        offered = crm.capabilities()
        if not self.logs(crm, "fax"):
            return
        contact = self.a_contact(crm, hands)
        fax = an_activity(crm, "fax", "fax", people=(Existing("contact", contact),))
        activity = receipt(crm, fax).id
        if offered.time_entries:
            receipt(crm, a_time_entry(crm, activity, "fax"))
        if "fax" in offered.files:
            receipt(crm, a_document(crm, activity, "fax"))
        held = hands.dump()
        entries = [(one["interaction"], one["seconds"], one["billable"]) for one in held["time_entries"]]
        assert entries == ([("fax", 240, False)] if offered.time_entries else [])
        files = [(one["interaction"], one["name"]) for one in held["documents"]]
        assert files == ([("fax", "fax.pdf")] if "fax" in offered.files else [])

    @proves("APPLY-15")
    def test_latest_activity_never_goes_back(self, crm: Crm, hands: Hands) -> None:
        """An older interaction that is logged late leaves the date of the latest activity."""
        if not self.logs(crm):
            return
        contact, _ = self.logged(crm, hands)
        offered = crm.capabilities()
        told = {NOON} if offered.last_activity else {NOON, 0}
        told |= {NOON - NOON % DAY} if offered.last_activity_day else set()
        assert self.read_one(crm, contact).last_activity_at in told
        people = (Existing("contact", contact),)
        receipt(crm, an_activity(crm, "older", at=NOON - HOUR, people=people))
        assert self.read_one(crm, contact).last_activity_at in told

    @proves("APPLY-16")
    def test_a_created_contact_is_known_at_once(self, crm: Crm) -> None:
        """Before the search catches up, read and written know the new contact; after it, find does."""
        write = new_contact(crm)
        id = receipt(crm, write).id
        if not self.asked(crm):
            return
        assert self.read_one(crm, id).last_name == "Diaz"
        assert (write.key in crm.written([write.key])) == crm.capabilities().finds_written
        assert [record.id for record in self.found(crm, JO)] == [id]
        assert [record.id for record in self.found(crm, JO_PHONE)] == [id]

    @proves("APPLY-17")
    def test_threads_do_not_mix(self, crm: Crm, hands: Hands) -> None:
        """Contacts created by threads at once are one each; where keys are unique, one key is one."""
        writes = [
            new_contact(crm, f"thread {n}", emails=(f"p{n}@acme.example",), phones=()) for n in range(8)
        ]
        if crm.capabilities().unique_create:
            writes += [writes[0]] * 4
        with ThreadPoolExecutor(4) as threads:
            receipts = list(threads.map(lambda write: receipt(crm, write), writes))
        assert len({one.id for one in receipts}) == 8
        assert len(self.made(crm, hands)) == 8

    @proves("APPLY-18")
    def test_a_clock_an_hour_off(self, crm: Crm, hands: Hands) -> None:
        """Times an hour ahead and behind are kept as given, and what follows still shows in the feed."""
        timed: dict[str, int] = {}
        if self.logs(crm):
            contact, ahead = self.logged(crm, hands, at=NOON + HOUR)
            timed[ahead] = NOON + HOUR
        cursor = self.end_of_feed(crm)
        if timed:
            people = (Existing("contact", contact),)
            behind = an_activity(crm, "behind", at=NOON - HOUR, people=people)
            timed[receipt(crm, behind).id] = NOON - HOUR
        later = receipt(crm, new_contact(crm, "later", emails=("kim@acme.example",), phones=())).id
        for id, at in timed.items():
            assert self.activity(hands, id)["at"] == at
        if crm.capabilities().change_feed and self.asked(crm):
            assert later in {record.id for record in crm.changed_since(cursor).records}

    @proves("APPLY-19")
    def test_a_lost_answer_can_be_cleared_up(self, crm: Crm, hands: Hands) -> None:
        """The write happened, its answer was lost: written, or else find, tells the record, and it is one."""
        hostile = Hostile(crm)
        hostile.next_apply("lost_answer")
        write = new_contact(crm)
        (outcome,) = hostile.apply([write])
        assert isinstance(outcome, Unclear)
        assert outcome.write_key == write.key
        if crm.capabilities().finds_written:
            id = crm.written([write.key])[write.key].id
            assert self.read_one(crm, id).last_name == "Diaz"
        if self.asked(crm):
            assert len(self.found(crm, JO)) == 1
        assert len(self.made(crm, hands)) == 1

    @proves("APPLY-20")
    def test_a_created_account_is_found(self, crm: Crm, hands: Hands) -> None:
        """An account made from a domain is found by it; NotOffered where there are no accounts."""
        write = an_account(crm, "acme.example")
        if not crm.capabilities().accounts:
            with pytest.raises(NotOffered):
                crm.apply([write])
            return
        id = receipt(crm, write).id
        assert [account.id for account in crm.accounts(["acme.example"], [])] == [id]
        contact = receipt(crm, new_contact(crm, account=Existing("account", id))).id
        assert self.read_one(crm, contact).account == id
        assert len(hands.dump()["accounts"]) == 1

    @proves("APPLY-21")
    def test_any_text_is_taken_or_rejected(self, crm: Crm, hands: Hands) -> None:
        """No text makes the connector raise, and what it takes it gives back readable."""
        texts = ["🦊👩‍👩‍👧", "שלום ‏(עולם)", "a\x00b", "half \ud83d pair", "'; DROP TABLE x --", "x" * 5000]
        contact = self.a_contact(crm, hands)
        for number, text in enumerate(texts):
            people = (Existing("contact", contact),)
            writes = [new_contact(crm, f"name {number}", last_name=text, emails=(), phones=())]
            if "call" in crm.capabilities().logs:
                writes.insert(0, an_activity(crm, f"text {number}", subject=text, body=text, people=people))
            for outcome in crm.apply(writes):
                assert isinstance(outcome, Receipt | Rejected), repr(text)
            if isinstance(outcome, Receipt) and self.asked(crm):
                self.read_one(crm, outcome.id).last_name.encode()

    @proves("APPLY-22")
    def test_only_changed_fields_are_touched(self, crm: Crm, hands: Hands) -> None:
        """A field named as changed is set, or emptied; one that is not named stays as it is in the CRM."""
        if not self.logs(crm):
            return
        _, id = self.logged(crm, hands, body="As first written.", recording="https://calls.example/1")
        if not crm.capabilities().updates_activity:
            return  # APPLY-9 has seen that it is refused
        write = changed_activity(crm, id, "call", subject="Another", body="As written now.", recording="")
        receipt(crm, replace(write, changed=("body", "recording")))
        held = self.activity(hands, id)
        assert (held["subject"], held["body"]) == ("Call", "As written now.")
        assert not held["recording"]
        assert held["seconds"] == 60

    @proves("WRITTEN-1")
    def test_written_knows_what_was_written(self, crm: Crm, hands: Hands) -> None:
        """Every key that was carried out has its receipt with the record's id; {} where not offered."""
        contact = new_contact(crm)
        id = receipt(crm, contact).id
        made = {contact.key: id}
        if self.logs(crm):
            on = self.a_contact(crm, hands) if crm.capabilities().creates_leads else id
            call = an_activity(crm, people=(Existing("contact", on),))
            made[call.key] = receipt(crm, call).id
        known = {key: one.id for key, one in crm.written(list(made)).items()}
        assert known == (made if crm.capabilities().finds_written else {})

    @proves("WRITTEN-2")
    def test_written_knows_nothing_else(self, crm: Crm) -> None:
        """A key that never came, and one whose write was refused, are not known."""
        refused = self.to_be_refused(crm)
        crm.apply(refused)
        assert crm.written([*(write.key for write in refused), "0" * 32]) == {}
        assert crm.written([]) == {}
