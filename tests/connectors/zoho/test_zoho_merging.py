"""Contacts of Zoho CRM are merged and taken away, with what may come in between."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from firstcontact.connectors.contract import Gone, Rejected, TryAgain, Unclear
from firstcontact.connectors.zoho import contacts
from firstcontact.connectors.zoho.shapes import CREATED_BY_US, EDITED, KEY, OTHER_PHONES, Field, Module
from firstcontact.identity.records import MailingAddress
from firstcontact.planning.write import Existing, Receipt
from firstcontact.testing.conformance.making import (
    a_deletion,
    a_merge,
    an_activity,
    changed_activity,
    new_contact,
    no_activity,
    receipt,
    update,
)


def ours(crm: Any, name: str = "ours", **fields: Any) -> str:
    """A contact that we made."""
    given = {"emails": (f"{name}@acme.example",), "phones": (), "created_by_firstcontact": True, **fields}
    return receipt(crm, new_contact(crm, name, **given)).id


def apply(crm: Any, *writes: Any) -> list[Any]:
    """The outcomes of a call."""
    return list(crm.apply(writes))


# --- merging ------------------------------------------------------------------------------------------------


def test_who_may_not_be_merged(org: Any) -> None:
    """A person's contact and one that a person has edited stay; a survivor that is not there is said; who is
    gone has nothing left to give."""
    crm, desk = org.crm, org.desk
    theirs, kept = (desk.add("contact", {"last_name": name}) for name in ("Roe", "Diaz"))
    edited, deleted, fine = ours(crm, "a"), ours(crm, "b"), ours(crm, "c")
    desk.edit("contact", edited, {"title": "CFO"})
    desk.delete("contact", deleted)
    pairs = [(theirs, kept), (edited, kept), (deleted, kept), (kept, kept), (fine, deleted), ("x", kept)]
    outcomes = apply(crm, *(a_merge(crm, *pair, str(pair)) for pair in pairs))
    assert [type(one) for one in outcomes] == [Rejected, Rejected, Receipt, Rejected, Rejected, Rejected]
    assert "made by a person" in str(outcomes[0])
    assert "edited" in str(outcomes[1])
    assert len(desk.dump()["contacts"]) == 4


def test_what_zoho_does_not_copy_is_put_there_before(org: Any) -> None:
    """A number whose field is taken on the survivor goes to another field; fields that are blank there are
    taken in the merge itself; a person's mark survives."""
    crm = org.crm
    kept = ours(crm, "kept", phones=("+14155550101",), last_name="Diaz", first_name="")
    org.desk.edit("contact", kept, {"lead_source": "Cold Call"})
    gone = ours(crm, "gone", phones=("+14155550102",), mobiles=("+14155550103",), title="CFO")
    assert org.calls(lambda: receipt(crm, a_merge(crm, gone, kept))) == 3
    record = crm.read([kept])[kept]
    assert set(record.phones) == {"+14155550101", "+14155550102", "+14155550103"}
    assert record.mobiles == ("+14155550103",)
    assert (record.title, record.first_name, record.edited_by_person) == ("CFO", "Jo", True)
    assert len(record.emails) == 2
    assert org.served.simulator.state.fired == []


def test_two_into_one_are_merged_one_after_the_other(org: Any) -> None:
    """What the first one fills is not overwritten by the second one."""
    crm = org.crm
    kept = org.desk.add("contact", {"last_name": "Diaz"})
    pair = [ours(crm, "a", title="First"), ours(crm, "b", title="Second")]
    outcomes = apply(crm, *(a_merge(crm, one, kept, one) for one in pair))
    assert {type(one) for one in outcomes} == {Receipt}
    record = crm.read([kept])[kept]
    assert (record.title, len(record.emails)) == ("First", 2)


def test_a_merge_with_a_unique_address(serve: Any) -> None:
    """Where the address has to be unique, the survivor takes it in the merge, when nobody else has it."""
    org = serve(email_unique=True)
    crm = org.crm
    kept, gone = org.desk.add("contact", {"last_name": "Diaz"}), ours(crm)
    outcome = apply(crm, a_merge(crm, gone, kept))[0]
    assert isinstance(outcome, Receipt)
    assert crm.read([kept])[kept].emails == ("ours@acme.example",)


def test_a_merge_that_is_put_off_is_waited_for(serve: Any) -> None:
    """A job of Zoho's is asked about and not started twice; when it is done, the merge is."""
    org = serve(merge_job="scheduled")
    crm = org.crm
    kept, gone = org.desk.add("contact", {"last_name": "Diaz"}), ours(crm)
    write = a_merge(crm, gone, kept)
    (first,) = apply(crm, write)
    assert (type(first), first.after) == (TryAgain, 30.0)
    with pytest.raises(TryAgain) as said:
        apply(crm, write)
    assert said.value.after == 30.0
    org.wait(30)
    assert isinstance(apply(crm, write)[0], Receipt)
    assert [one["id"] for one in org.desk.dump()["contacts"]] == [kept]


def test_a_refused_merge_is_said_in_zoho_s_words(org: Any) -> None:
    """A locked record is parked; others of the call are merged."""
    crm = org.crm
    kept = org.desk.add("contact", {"last_name": "Diaz"})
    locked, fine = ours(crm, "a"), ours(crm, "b")
    org.desk.lock("contact", locked)
    outcomes = apply(crm, a_merge(crm, locked, kept, "a"), a_merge(crm, fine, kept, "b"))
    assert [type(one) for one in outcomes] == [Rejected, Receipt]
    assert "NOT_ALLOWED" in str(outcomes[0])


@pytest.mark.parametrize("trouble", ["failed_after", "cut", "html", "closed", "failed_500"])
def test_a_lost_answer_to_a_merge_is_cleared_up_by_repeating_it(org: Any, trouble: str) -> None:
    """Nobody knows whether it happened; sent again it is merged, once."""
    crm = org.crm
    kept, gone = org.desk.add("contact", {"last_name": "Diaz"}), ours(crm)
    org.served.faults.next(trouble, lambda _method, path: "actions/merge" in path)
    assert isinstance(apply(crm, a_merge(crm, gone, kept))[0], Unclear)
    assert isinstance(apply(crm, a_merge(crm, gone, kept))[0], Receipt)
    assert crm.read([gone])[gone] == Gone(gone)
    assert [one["id"] for one in org.desk.dump()["contacts"]] == [kept]


def test_what_a_survivor_takes() -> None:
    """Blanks are filled, an address as a whole or not at all; unique values, owners, marks and the parts of
    another name stay where they are."""
    texts = ["Title", "Department", "First_Name", "Last_Name", "Owner", "Mailing_Street", "Mailing_City"]
    texts += ["Passport", KEY, "Level", OTHER_PHONES, "Full_Name"]
    fields = {
        name: Field(name=name, unique=name == "Passport", writable=name != "Full_Name") for name in texts
    }
    fields |= {name: Field(name=name, type="boolean") for name in (CREATED_BY_US, EDITED)}
    fields |= {name: Field(name=name, type="phone") for name in ("Phone", "Mobile")}
    fields |= {
        "Email": Field(name="Email", type="email"),
        "Areas": Field(name="Areas", type="multiselectpicklist"),
    }
    module = Module(name="Contacts", fields=fields)
    kept = {"id": "1", "Last_Name": "Diaz", "Title": "CEO", "Mailing_City": "Springfield"}
    kept["Phone"] = "+14155550101"
    gone = {
        "id": "2", "Last_Name": "DIAZ", "First_Name": "Jo", "Title": "CFO", "Department": "Finance",
        "Owner": {"id": "9"}, "Mailing_Street": "1 Pier", "Passport": "P1", KEY: "k", CREATED_BY_US: True,
        "Phone": "+14155550102", "Mobile": "+14155550103", "Email": "jo@acme.example", "Level": "3",
        "Areas": ["West"], "Full_Name": "Jo Diaz",
    }  # fmt: skip
    taken = contacts.filling(kept, gone, module, "US")
    assert set(taken.copied) == {"Department", "First_Name", "Level", "Areas", "Email", "Mobile"}
    assert taken.put == {OTHER_PHONES: "+14155550102"}
    other = contacts.filling({**kept, "Last_Name": "Osei", "Mailing_City": None}, gone, module, "US")
    assert "First_Name" not in other.copied
    assert "Mailing_Street" in other.copied
    mine = {**kept, KEY: "mine", "Created_By": {"id": "9"}, "Modified_By": {"id": "8"}}
    assert contacts.filling(mine, {"id": "2"}, module, "US").put == {EDITED: True}


# --- taking away --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whose", ["ours", "edited"])
def test_what_people_log_on_a_contact_keeps_it(serve: Any, whose: str) -> None:
    """Zoho may delete activities with their contact: one that a person has touched keeps the contact, ours
    alone do not."""
    org = serve(contact_deleted="cascade")
    crm = org.crm
    id = ours(crm)
    activity = receipt(crm, an_activity(crm, people=(Existing("contact", id),))).id
    if whose == "edited":
        org.desk.edit("activity", activity, {"subject": "What a person calls it"})
    (outcome,) = apply(crm, a_deletion(crm, id))
    assert isinstance(outcome, Receipt if whose == "ours" else Rejected)
    assert len(org.desk.dump()["activities"]) == (whose == "edited")


def test_many_contacts_are_taken_away_together(org: Any) -> None:
    """A hundred deletions take one look, one query for each kind of activity, and one request."""
    crm = org.crm
    ids = [ours(crm, f"a{n}") for n in range(40)]
    outcomes: list[Any] = []
    for name in ("Calls", "Events", "Tasks"):
        crm._modules.of(name)
    writes = [a_deletion(crm, id) for id in ids]
    assert org.calls(lambda: outcomes.extend(apply(crm, *writes))) == 5
    assert {type(one) for one in outcomes} == {Receipt}
    assert org.desk.dump()["contacts"] == []
    assert isinstance(apply(crm, a_deletion(crm, "x"))[0], Receipt)


def test_a_lost_answer_to_a_deletion(org: Any) -> None:
    """Sent again, it is gone."""
    id = ours(org.crm)
    org.served.faults.next("failed_after", lambda method, _path: method == "DELETE")
    assert isinstance(apply(org.crm, a_deletion(org.crm, id))[0], Unclear)
    assert isinstance(apply(org.crm, a_deletion(org.crm, id))[0], Receipt)
    assert org.crm.read([id])[id] == Gone(id)


@pytest.mark.parametrize("kind", ["call", "meeting", "email", "sms"])
def test_a_person_s_edit_of_an_activity_outlives_our_update(org: Any, kind: str) -> None:
    """After our own change we are the last again; a mark keeps that a person was there before."""
    crm = org.crm
    people = (Existing("contact", ours(crm)),)
    id = receipt(crm, an_activity(crm, kind, kind, people=people)).id
    org.desk.edit("activity", id, {"body": "What a person says"})
    write = changed_activity(crm, id, "second", transcript="Said.")
    receipt(crm, replace(write, changed=("transcript",)))
    assert isinstance(apply(crm, no_activity(crm, id, "undo"))[0], Rejected)
    untouched = receipt(crm, an_activity(crm, f"other {kind}", kind, people=people)).id
    again = changed_activity(crm, untouched, "third", transcript="Said.")
    receipt(crm, replace(again, changed=("transcript",)))
    assert isinstance(apply(crm, no_activity(crm, untouched, "undo"))[0], Receipt)


# --- fields -------------------------------------------------------------------------------------------------


def test_an_address_takes_the_place_of_another(org: Any) -> None:
    """A shorter address leaves nothing of a longer one; the country stands there by its name."""
    crm = org.crm
    long = MailingAddress(street="Pier 1\nFloor 2", city="Ulm", state="BW", postal_code="89073", country="DE")
    id = ours(crm, mailing=long)
    assert crm.read([id])[id].mailing == long
    short = MailingAddress(city="Springfield", country="US")
    receipt(crm, update(crm, id, mailing=short))
    assert crm.read([id])[id].mailing == short
    assert org.desk.dump()["contacts"][0]["country"] == "United States"
