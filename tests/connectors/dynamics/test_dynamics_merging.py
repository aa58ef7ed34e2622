"""Contacts of Dynamics 365 are merged and taken away, with what may come in between."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from firstcontact.connectors.contract import Gone, Moved, MovedTo, Rejected, TryAgain, Unclear
from firstcontact.connectors.dynamics import contacts
from firstcontact.connectors.dynamics.names import CREATED_BY, EDITED, KEY, YES
from firstcontact.connectors.dynamics.shapes import Column, Table
from firstcontact.identity.records import MailingAddress
from firstcontact.planning.write import Existing, Receipt
from firstcontact.testing.conformance.making import (
    a_deletion,
    a_merge,
    an_activity,
    changed_activity,
    handle,
    new_contact,
    no_activity,
    receipt,
    update,
)

ME, ANA = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
NOBODY = "00000000-0000-0000-0000-00000000000a"


def ours(crm: Any, name: str = "ours", **fields: Any) -> str:
    """A contact that we made."""
    given = {"emails": (f"{name}@acme.example",), "phones": (), "created_by_firstcontact": True, **fields}
    return receipt(crm, new_contact(crm, name, **given)).id


def apply(crm: Any, *writes: Any) -> list[Any]:
    """The outcomes of a call."""
    return list(crm.apply(writes))


def before_sending(crm: Any, what: Any) -> None:
    """Once, right before the next writes go out, something else happens."""
    sending = crm._api.send

    def then(parts: Any) -> Any:
        crm._api.send = sending
        what()
        return sending(parts)

    crm._api.send = then


# --- merging ------------------------------------------------------------------------------------------------


def test_who_may_not_be_merged(serve: Any) -> None:
    """A person's contact, one that a person has edited, and one that went elsewhere stay where they are; a
    survivor that was merged itself is named; who is gone has nothing left to give."""
    org = serve()
    crm, desk = org.crm, org.desk
    theirs, kept, other = (desk.add("contact", {"last_name": name}) for name in ("Roe", "Diaz", "Osei"))
    edited, elsewhere, deleted = ours(crm, "a"), ours(crm, "b"), ours(crm, "c")
    moved, fine, back = ours(crm, "d"), ours(crm, "e"), ours(crm, "f")
    desk.edit("contact", edited, {"title": "CFO"})
    desk.merge(elsewhere, other)
    desk.delete("contact", deleted)
    desk.merge(moved, kept)
    desk.merge(back, fine)
    pairs = [(theirs, kept), (edited, kept), (elsewhere, kept), (deleted, kept), (kept, kept)]
    pairs += [(fine, moved), (fine, deleted), (fine, back), (fine, NOBODY), ("999", kept)]
    outcomes = apply(crm, *(a_merge(crm, *pair, str(pair)) for pair in pairs))
    refused = Rejected
    assert [type(one) for one in outcomes] == [
        refused, refused, refused, Receipt, refused, MovedTo, refused, refused, refused, refused,
    ]  # fmt: skip
    assert "made by a person" in str(outcomes[0])
    assert "edited" in str(outcomes[1])
    assert other in str(outcomes[2])
    assert outcomes[5].id == kept


def test_many_are_merged_in_one_batch(serve: Any) -> None:
    """Thirty merges take two requests; each is a change set of its own."""
    org = serve()
    crm = org.crm
    kept = [org.desk.add("contact", {"last_name": "Diaz"}) for _ in range(30)]
    gone = [ours(crm, f"a{n}", title=f"Title {n}") for n in range(30)]
    writes = [a_merge(crm, *pair, str(pair)) for pair in zip(gone, kept, strict=True)]
    writes.insert(3, a_merge(crm, kept[0], kept[1], "of a person"))
    outcomes: list[Any] = []
    assert org.calls(lambda: outcomes.extend(apply(crm, *writes))) == 2
    assert isinstance(outcomes.pop(3), Rejected)
    assert {type(one) for one in outcomes} == {Receipt}
    records = crm.read(kept)
    assert [records[id].title for id in kept] == [f"Title {n}" for n in range(30)]


def test_two_into_one_do_not_overwrite_each_other(serve: Any) -> None:
    """The second one is built when the first has happened, from the survivor as it is then: in one call."""
    org = serve()
    crm = org.crm
    kept = org.desk.add("contact", {"last_name": "Diaz"})
    first, second = ours(crm, "a", title="First"), ours(crm, "b", title="Second")
    writes = [a_merge(crm, first, kept, "a"), a_merge(crm, second, kept, "b")]
    assert {type(one) for one in apply(crm, *writes)} == {Receipt}
    record = crm.read([kept])[kept]
    assert (record.title, len(record.emails)) == ("First", 2)


def test_a_chain_of_merges_is_carried_out_in_its_order(serve: Any) -> None:
    """Who takes in another and goes on into a third brings along what it took in."""
    org = serve()
    crm = org.crm
    kept = org.desk.add("contact", {"last_name": "Diaz"})
    first, second = ours(crm, "a"), ours(crm, "b")
    outcomes = apply(crm, a_merge(crm, first, second, "a"), a_merge(crm, second, kept, "b"))
    assert {type(one) for one in outcomes} == {Receipt}
    assert len(crm.read([kept])[kept].emails) == 2
    assert crm.read([first, second]) == {first: Moved(first, second), second: Moved(second, kept)}


def test_trouble_before_a_later_merge_is_its_own(serve: Any) -> None:
    """Where the second look meets trouble, the first merge has its receipt and the second is sent again."""
    org = serve()
    crm = org.crm
    kept = org.desk.add("contact", {"last_name": "Diaz"})
    writes = [a_merge(crm, ours(crm, name), kept, name) for name in ("a", "b")]
    asking, asked = crm._api.rows, []

    def rows(*given: Any, **more: Any) -> Any:
        asked.append(given)
        if len(asked) == 2:
            raise TryAgain("Not now.", 7.0)
        return asking(*given, **more)

    crm._api.rows = rows
    first, second = apply(crm, *writes)
    assert isinstance(first, Receipt)
    assert isinstance(second, TryAgain)
    assert second.after == 7.0
    crm._api.rows = asking
    assert {type(one) for one in apply(crm, *writes)} == {Receipt}


def test_who_was_merged_into_a_deleted_contact_is_gone(serve: Any) -> None:
    """A loser whose survivor a person has deleted names no master any more, and is nobody all the same."""
    org = serve()
    crm, desk = org.crm, org.desk
    kept, gone = ours(crm, "a"), ours(crm, "b")
    receipt(crm, a_merge(crm, gone, kept))
    desk.delete("contact", kept)
    assert crm.read([kept, gone]) == {kept: Gone(kept), gone: Gone(gone)}
    found = crm.find([handle("b@acme.example")])
    assert found["b@acme.example"].records == ()
    (outcome,) = apply(crm, update(crm, gone, title="CFO"))
    assert not isinstance(outcome, Receipt)


@pytest.mark.parametrize("whose", ["loser", "survivor"])
def test_an_edit_in_between_stops_a_merge(serve: Any, whose: str) -> None:
    """A person who edits one of the two after the look finds that edit again, and nothing is half merged."""
    org = serve()
    crm = org.crm
    kept, gone = org.desk.add("contact", {"last_name": "Diaz"}), ours(crm, title="CFO")
    id = gone if whose == "loser" else kept
    before_sending(crm, lambda: org.desk.edit("contact", id, {"title": "CEO"}))
    assert isinstance(apply(crm, a_merge(crm, gone, kept))[0], TryAgain)
    assert len([one for one in org.desk.dump()["contacts"] if one["active"]]) == 2
    (again,) = apply(crm, a_merge(crm, gone, kept))
    assert isinstance(again, Rejected if whose == "loser" else Receipt)
    assert crm.read([id])[id].title == "CEO"


def test_a_loser_that_goes_in_between_is_looked_at_again(serve: Any) -> None:
    """One that was deleted after the look is no refusal for ever."""
    org = serve()
    crm = org.crm
    kept, gone = org.desk.add("contact", {"last_name": "Diaz"}), ours(crm)
    before_sending(crm, lambda: org.desk.delete("contact", gone))
    assert isinstance(apply(crm, a_merge(crm, gone, kept))[0], TryAgain)
    assert isinstance(apply(crm, a_merge(crm, gone, kept))[0], Receipt)


@pytest.mark.parametrize("trouble", ["failed_after", "cut", "html", "closed"])
def test_a_lost_answer_to_a_merge_is_cleared_up_by_repeating_it(serve: Any, trouble: str) -> None:
    """Nobody knows whether it happened; sent again it is merged, once."""
    org = serve()
    crm = org.crm
    kept, gone = org.desk.add("contact", {"last_name": "Diaz"}), ours(crm)
    before_sending(crm, lambda: org.running.faults.next(trouble))
    (outcome,) = apply(crm, a_merge(crm, gone, kept))
    assert isinstance(outcome, Unclear)
    assert isinstance(apply(crm, a_merge(crm, gone, kept))[0], Receipt)
    assert crm.read([gone])[gone] == Moved(gone, kept)


def test_what_a_survivor_takes() -> None:
    """Blanks are filled, an address as a whole or not at all; marks, portal log-ins and parts of another name
    stay where they are."""
    texts = ["jobtitle", "department", "firstname", "lastname", "nickname", "address1_line1", "address1_city"]
    texts += ["adx_identity_username", "new_level", KEY, CREATED_BY, EDITED, "fullname"]
    columns = {name: Column(name=name, type="String", updateable=name != "fullname") for name in texts}
    columns |= {"telephone1": Column(name="telephone1", type="String", form="Phone")}
    columns |= {"address1_addresstypecode": Column(name="address1_addresstypecode", type="Picklist")}
    table = Table(name="contact", columns=columns)
    kept = {"contactid": ME, "lastname": "Diaz", "jobtitle": "CEO", "address1_city": "Springfield"}
    gone = {
        "contactid": ANA, "lastname": "DIAZ", "firstname": "Jo", "nickname": "Joey", "jobtitle": "CFO",
        "department": "Finance", "address1_line1": "1 Pier", "adx_identity_username": "jo", "new_level": "3",
        KEY: "k", CREATED_BY: "FirstContact", "telephone1": "+14155550123", "fullname": "Jo Diaz",
        "address1_addresstypecode": 1,
    }  # fmt: skip
    assert contacts.filled(kept, gone, table, "US", ME) == {
        "department": "Finance",
        "firstname": "Jo",
        "new_level": "3",
        "telephone1": "+14155550123",
    }
    blank = {**kept, "lastname": "Osei", "address1_city": None, "address1_addresstypecode": 1}
    other = contacts.filled(blank, gone, table, "US", ME)
    assert "firstname" not in other
    assert other["address1_line1"] == "1 Pier"
    mine = {**kept, KEY: "mine", "_modifiedby_value": ANA}
    assert contacts.filled(mine, {"lastname": "Diaz"}, table, "US", ME) == {EDITED: YES}


# --- taking away --------------------------------------------------------------------------------------------


def test_a_contact_that_changes_in_between_is_looked_at_again(serve: Any) -> None:
    """An edit between the look and the deletion stops it; the next time it is refused."""
    org = serve()
    crm = org.crm
    id = ours(crm)
    before_sending(crm, lambda: org.desk.edit("contact", id, {"title": "CFO"}))
    assert isinstance(apply(crm, a_deletion(crm, id))[0], TryAgain)
    assert isinstance(apply(crm, a_deletion(crm, id))[0], Rejected)
    assert crm.read([id])[id].title == "CFO"


@pytest.mark.parametrize("whose", ["ours", "edited"])
def test_what_people_log_on_a_contact_keeps_it(serve: Any, whose: str) -> None:
    """Dataverse deletes activities with the contact that they regard: one that a person has touched keeps
    the contact, ours alone do not."""
    org = serve(contact_deleted="cascade")
    crm = org.crm
    id = ours(crm)
    activity = receipt(crm, an_activity(crm, people=(Existing("contact", id),))).id
    if whose == "edited":
        org.desk.edit("activity", activity, {"subject": "What a person calls it"})
    (outcome,) = apply(crm, a_deletion(crm, id))
    assert isinstance(outcome, Receipt if whose == "ours" else Rejected)
    assert len(org.desk.dump()["activities"]) == (whose == "edited")


def test_a_merged_contact_is_not_followed_to_be_deleted(serve: Any) -> None:
    """Ours that a person merged into theirs is not taken away with it; who never was is gone."""
    org = serve()
    id, theirs = ours(org.crm), org.desk.add("contact", {"last_name": "Roe"})
    org.desk.merge(id, theirs)
    (outcome,) = apply(org.crm, a_deletion(org.crm, id))
    assert isinstance(outcome, Rejected)
    assert theirs in str(outcome)
    assert isinstance(apply(org.crm, a_deletion(org.crm, NOBODY))[0], Receipt)


def test_a_lost_answer_to_a_deletion(serve: Any) -> None:
    """Sent again, it is gone."""
    org = serve()
    id = ours(org.crm)
    before_sending(org.crm, lambda: org.running.faults.next("failed_after"))
    assert isinstance(apply(org.crm, a_deletion(org.crm, id))[0], Unclear)
    assert isinstance(apply(org.crm, a_deletion(org.crm, id))[0], Receipt)
    assert org.crm.read([id])[id] == Gone(id)


@pytest.mark.parametrize("kind", ["call", "meeting", "email", "sms"])
def test_a_person_s_edit_of_an_activity_outlives_our_update(serve: Any, kind: str) -> None:
    """After our own change we are the last again; a mark keeps that a person was there before."""
    org = serve()
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


def test_a_street_of_several_lines(serve: Any) -> None:
    """Three lines have their columns, more share the last one; a shorter address leaves nothing of it."""
    org = serve()
    crm = org.crm
    long = MailingAddress(street="Pier 1\nFloor 2\nRoom 3\nDesk 4", city="Ulm", country="DE")
    id = ours(crm, mailing=long)
    assert crm.read([id])[id].mailing.street == "Pier 1\nFloor 2\nRoom 3, Desk 4"
    short = MailingAddress(street="1 Main Street", city="Springfield", state="CA", country="US")
    receipt(crm, update(crm, id, mailing=short))
    assert crm.read([id])[id].mailing == short
    assert org.desk.dump()["contacts"][0]["country"] == "United States"


def test_an_update_that_changes_nothing_sends_nothing(serve: Any) -> None:
    """A value that is there already is not written again, so that nobody's last change is ours for it."""
    org = serve()
    id = org.desk.add("contact", {"last_name": "Diaz", "title": "CFO"})
    org.crm.find([])
    receipt(org.crm, update(org.crm, id, "first", title="CFO"))
    assert org.calls(lambda: receipt(org.crm, update(org.crm, id, title="CFO"))) == 1
