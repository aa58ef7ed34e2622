"""Contacts of Salesforce are merged and taken away, with what may come in between."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from firstcontact.connectors.contract import AuthLapsed, Gone, Moved, MovedTo, Rejected, TryAgain, Unclear
from firstcontact.connectors.salesforce import contacts, soap
from firstcontact.connectors.salesforce.shapes import CREATED_BY_US, EDITED, KEY, Field, Shape
from firstcontact.identity.records import MailingAddress
from firstcontact.planning.write import Existing, Receipt
from firstcontact.testing.conformance.making import (
    a_deletion,
    a_merge,
    a_removed_role,
    a_role,
    an_activity,
    changed_activity,
    new_contact,
    no_activity,
    receipt,
    update,
)

ME, ANA = "005000000000001AAA", "005000000000002AAA"


ANSWER = (
    b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    b'<mergeResponse xmlns="urn:partner.soap.sforce.com"/></e:Body></e:Envelope>'
)


def ours(crm: Any, name: str = "ours", **fields: Any) -> str:
    """A contact that we made."""
    given = {"emails": (f"{name}@acme.example",), "phones": (), "created_by_firstcontact": True, **fields}
    return receipt(crm, new_contact(crm, name, **given)).id


def apply(crm: Any, *writes: Any) -> list[Any]:
    """The outcomes of a call."""
    return list(crm.apply(writes))


# --- merging ------------------------------------------------------------------------------------------------


def test_who_may_not_be_merged(serve: Any) -> None:
    """A person's contact, one that a person has edited, and one that went elsewhere stay where they are; a
    survivor that was merged itself is named; who is gone has nothing left to give."""
    org = serve()
    crm, desk = org.crm, org.desk
    theirs, kept, other = (desk.add("contact", {"last_name": name}) for name in ("Roe", "Diaz", "Osei"))
    edited, elsewhere, deleted = ours(crm, "a"), ours(crm, "b"), ours(crm, "c")
    moved, fine = ours(crm, "d"), ours(crm, "e")
    desk.edit("contact", edited, {"title": "CFO"})
    desk.merge(elsewhere, other)
    desk.delete("contact", deleted)
    desk.merge(moved, kept)
    pairs = [(theirs, kept), (edited, kept), (elsewhere, kept), (deleted, kept), (kept, kept)]
    pairs += [(fine, moved), (fine, deleted), (fine, "003000000000000AAA"), ("999", kept), (fine, kept)]
    outcomes = apply(crm, *(a_merge(crm, *pair, str(pair)) for pair in pairs))
    refused, gone = Rejected, Receipt
    assert [type(one) for one in outcomes] == [
        refused, refused, refused, gone, refused, MovedTo, refused, refused, refused, Receipt,
    ]  # fmt: skip
    assert "made by a person" in str(outcomes[0])
    assert "edited" in str(outcomes[1])
    assert other in str(outcomes[2])
    assert outcomes[5].id == kept
    assert crm.read([fine])[fine] == Moved(fine, kept)


def test_a_loser_that_the_survivor_went_into_is_refused(serve: Any) -> None:
    """Whom a person merged the other way round is not told to go into itself."""
    org = serve()
    kept, gone = ours(org.crm, "a"), ours(org.crm, "b")
    org.desk.merge(kept, gone)
    (outcome,) = apply(org.crm, a_merge(org.crm, gone, kept))
    assert isinstance(outcome, Rejected)


def test_two_into_one_are_merged_one_after_the_other(serve: Any) -> None:
    """What the first one fills is not overwritten by the second one; all others go in one call."""
    org = serve()
    crm = org.crm
    kept = [org.desk.add("contact", {"last_name": "Diaz"}) for _ in range(30)]
    firsts = [ours(crm, f"a{n}", title=f"First {n}") for n in range(30)]
    seconds = [ours(crm, f"b{n}", title="Second", phones=(f"+14155550{n:03}",)) for n in range(30)]
    pairs = [*zip(firsts, kept, strict=True), *zip(seconds, kept, strict=True)]
    writes = [a_merge(crm, *pair, str(pair)) for pair in pairs]
    assert org.calls(lambda: [*map(type, apply(crm, *writes))]) == 4
    records = crm.read(kept)
    assert [records[id].title for id in kept] == [f"First {n}" for n in range(30)]
    assert all(len(records[id].emails) == 2 and len(records[id].phones) == 1 for id in kept)


def roles_of(org: Any, given: dict[str, list[str | None]]) -> tuple[str, str, str]:
    """An opportunity on which loser and survivor of a merge have these roles, with both."""
    account = org.desk.add("account", {"name": "Acme"})
    opportunity = org.desk.add("opportunity", {"account": account, "name": "New", "open": True})
    people = {"kept": org.desk.add("contact", {"last_name": "Diaz"}), "gone": ours(org.crm)}
    for who, roles in given.items():
        for role in roles:
            org.desk.add("contact_role", {"opportunity": opportunity, "contact": people[who], "role": role})
    return opportunity, people["gone"], people["kept"]


@pytest.mark.parametrize(
    ("gone", "kept", "left"),
    [
        ([None], [None], [None]),
        (["Other"], [None], ["Other"]),
        ([None], ["Other"], ["Other"]),
        (["Influencer"], ["Other"], ["Other"]),
        (["Influencer"], [], ["Influencer"]),
        (["Influencer"], ["Other", "Other"], ["Other", "Other"]),
        ([], [None, None], [None, None]),
    ],
)
def test_one_role_is_left_where_both_had_one(
    serve: Any, gone: list[str | None], kept: list[str | None], left: list[str | None]
) -> None:
    """The survivor's role stays, one without a name is filled, the loser's goes; what a person has given the
    survivor twice is left alone."""
    org = serve()
    opportunity, loser, survivor = roles_of(org, {"gone": gone, "kept": kept})
    receipt(org.crm, a_merge(org.crm, loser, survivor))
    roles = org.desk.dump()["contact_roles"]
    assert [(one["opportunity"], one["contact"]) for one in roles] == [(opportunity, survivor)] * len(left)
    assert [one["role"] for one in roles] == left


def test_a_merge_whose_end_was_lost_leaves_one_role_the_next_time(serve: Any) -> None:
    """Where the roles could not be seen to after a merge, the write is sent again, and they are."""
    org = serve()
    crm = org.crm
    opportunity, loser, survivor = roles_of(org, {"gone": ["Other"], "kept": [None]})
    sending = crm._api.act

    def lose(parts: Any) -> Any:
        crm._api.act = sending
        raise TryAgain(f"Not now: {len(parts)} roles.", 1.0)

    crm._api.act = lose
    merge = a_merge(crm, loser, survivor)
    assert isinstance(apply(crm, merge)[0], TryAgain)
    assert len(org.desk.dump()["contact_roles"]) == 2
    assert isinstance(apply(crm, merge)[0], Receipt)
    (role,) = org.desk.dump()["contact_roles"]
    assert (role["opportunity"], role["contact"], role["role"]) == (opportunity, survivor, "Other")


def test_a_role_that_may_not_go_does_not_undo_a_merge(serve: Any) -> None:
    """Where Salesforce refuses to take the second role away, the merge has happened all the same."""
    org = serve()
    _, loser, survivor = roles_of(org, {"gone": ["Other"], "kept": ["Other"]})

    def refuse(parts: Any) -> Any:
        return [(403, [{"errorCode": "INSUFFICIENT_ACCESS_OR_READONLY", "message": "no"}]) for _ in parts]

    org.crm._api.act = refuse
    assert isinstance(apply(org.crm, a_merge(org.crm, loser, survivor))[0], Receipt)
    assert len(org.desk.dump()["contact_roles"]) == 2


def test_an_ended_session_is_renewed_in_a_merge(serve: Any) -> None:
    """SOAP says with a fault that the session has ended; it is had anew, once."""
    org = serve()
    crm = org.crm
    kept, gone = org.desk.add("contact", {"last_name": "Diaz"}), ours(crm)
    reading = crm._api.queries

    def then_expire(*given: Any, **more: Any) -> Any:
        found = reading(*given, **more)
        org.simulator.expire()
        return found

    crm._api.queries = then_expire
    assert isinstance(apply(crm, a_merge(crm, gone, kept))[0], Receipt)
    crm._api.queries = lambda *given, **more: (reading(*given, **more), org.simulator.revoke())[0]
    with pytest.raises(AuthLapsed):
        apply(crm, a_merge(crm, ours(crm, "another"), kept))


def test_a_used_up_quota_is_no_refusal_of_a_merge(serve: Any) -> None:
    """The fault of a used-up limit is TryAgain, and everybody is told."""
    org = serve()
    crm = org.crm
    kept, gone = org.desk.add("contact", {"last_name": "Diaz"}), ours(crm)
    reading = crm._api.queries
    crm._api.queries = lambda *given, **more: (reading(*given, **more), org.simulator.exhaust(60.0))[0]
    with pytest.raises(TryAgain) as said:
        apply(crm, a_merge(crm, gone, kept))
    assert said.value.after == 900.0
    assert org.crm.allowance().limit > 0


@pytest.mark.parametrize("trouble", ["failed_after", "cut", "html", "failed_500", "closed"])
def test_a_lost_answer_to_a_merge_is_cleared_up_by_repeating_it(serve: Any, trouble: str) -> None:
    """Nobody knows whether it happened; sent again it is merged, once."""
    org = serve()
    crm = org.crm
    kept, gone = org.desk.add("contact", {"last_name": "Diaz"}), ours(crm)
    org.running.faults.next(trouble, lambda _method, path: "Soap" in path)
    (outcome,) = apply(crm, a_merge(crm, gone, kept))
    assert isinstance(outcome, Unclear)
    assert isinstance(apply(crm, a_merge(crm, gone, kept))[0], Receipt)
    assert crm.read([gone])[gone] == Moved(gone, kept)
    assert [one["id"] for one in org.desk.dump()["contacts"]] == [kept]


def test_a_refused_503_is_tried_again(serve: Any) -> None:
    """Nothing has happened where Salesforce takes no more requests for now."""
    org = serve()
    crm = org.crm
    kept, gone = org.desk.add("contact", {"last_name": "Diaz"}), ours(crm)
    org.running.faults.next("refused_503", lambda _method, path: "Soap" in path)
    with pytest.raises(TryAgain):
        apply(crm, a_merge(crm, gone, kept))


def test_what_a_survivor_takes() -> None:
    """Blanks are filled, an address as a whole or not at all; unique values, owners, marks and the parts of
    another name stay where they are."""
    names = ["Title", "Department", "FirstName", "LastName", "OwnerId", "ReportsToId", "MailingStreet"]
    names += ["MailingCity", "Passport__c", KEY, CREATED_BY_US, EDITED, "Phone", "Email", "Level__c"]
    types = {"Phone": "phone", "Email": "email", CREATED_BY_US: "boolean", EDITED: "boolean"}
    shape = Shape(
        name="Contact",
        fields={
            name: Field(
                name=name, type=types.get(name, "string"), updateable=True, unique=name == "Passport__c"
            )
            for name in names
        },
    )
    kept = {"Id": "003k", "LastName": "Diaz", "Title": "CEO", "MailingCity": "Springfield", "OwnerId": None}
    gone = {
        "Id": "003g", "LastName": "DIAZ", "FirstName": "Jo", "Title": "CFO", "Department": "Finance",
        "OwnerId": ANA, "ReportsToId": "003k", "MailingStreet": "1 Pier", "Passport__c": "P1", KEY: "k",
        CREATED_BY_US: True, "Phone": "+14155550123", "Email": "jo@acme.example", "Level__c": "3",
    }  # fmt: skip
    assert contacts.filled(kept, gone, shape, "US", ME) == {
        "Department": "Finance",
        "FirstName": "Jo",
        "Level__c": "3",
        "Phone": "+14155550123",
        "Email": "jo@acme.example",
    }
    other = contacts.filled({**kept, "LastName": "Osei", "MailingCity": None}, gone, shape, "US", ME)
    assert "FirstName" not in other
    assert other["MailingStreet"] == "1 Pier"
    mine = {**kept, KEY: "mine", "LastModifiedById": ANA}
    assert contacts.filled(mine, gone, shape, "US", ME)[EDITED] is True


def test_a_merge_in_xml() -> None:
    """Texts are escaped, and what XML cannot bear is left out."""
    call = soap.merge_call(
        [soap.Merge(survivor="1", loser="2", values={"Title": "A&B <C>\r\x02\ufffe"})], "s&s"
    )
    assert b"<sessionId>s&amp;s</sessionId>" in call
    assert b"<o:Title>A&amp;B &lt;C&gt;&#13;</o:Title>" in call


@pytest.mark.parametrize(
    "content",
    [b"<html>", b"<a/>", b"", b"{}", ANSWER[:-9], b'<!DOCTYPE e [<!ENTITY b "c">]>' + ANSWER],
)
def test_what_is_no_soap_is_said(content: bytes) -> None:
    """A proxy's page, a cut answer and a document type are no answer."""
    assert soap.read_reply(ANSWER).results == ()
    with pytest.raises(soap.Malformed):
        soap.read_reply(content)


# --- taking away --------------------------------------------------------------------------------------------


def test_many_contacts_are_taken_away_together(serve: Any) -> None:
    """Thirty deletions take one look and two requests."""
    org = serve()
    crm = org.crm
    ids = [ours(crm, f"a{n}") for n in range(30)]
    outcomes: list[Any] = []
    writes = [a_deletion(crm, id) for id in ids]
    assert org.calls(lambda: outcomes.extend(apply(crm, *writes))) == 3
    assert {type(one) for one in outcomes} == {Receipt}
    assert org.desk.dump()["contacts"] == []


def test_a_contact_that_changes_in_between_is_looked_at_again(serve: Any) -> None:
    """An edit between the look and the deletion stops it; the next time it is refused."""
    org = serve()
    crm = org.crm
    id = ours(crm)
    acting = crm._api.act

    def edited_first(parts: Any) -> Any:
        org.clock.wait(2_000_000)
        org.desk.edit("contact", id, {"title": "CFO"})
        return acting(parts)

    crm._api.act = edited_first
    assert isinstance(apply(crm, a_deletion(crm, id))[0], TryAgain)
    assert isinstance(apply(crm, a_deletion(crm, id))[0], Rejected)
    assert crm.read([id])[id].title == "CFO"


def test_a_merged_contact_is_not_followed_to_be_deleted(serve: Any) -> None:
    """Ours that a person merged into theirs is not taken away with it."""
    org = serve()
    id, theirs = ours(org.crm), org.desk.add("contact", {"last_name": "Roe"})
    org.desk.merge(id, theirs)
    (outcome,) = apply(org.crm, a_deletion(org.crm, id))
    assert isinstance(outcome, Rejected)
    assert theirs in str(outcome)
    assert isinstance(apply(org.crm, a_deletion(org.crm, "003000000000000AAA"))[0], Receipt)


def test_a_lost_answer_to_a_deletion(serve: Any) -> None:
    """Sent again, it is gone."""
    org = serve()
    id = ours(org.crm)
    org.running.faults.next("failed_after", lambda _method, path: path.endswith("/composite"))
    assert isinstance(apply(org.crm, a_deletion(org.crm, id))[0], Unclear)
    assert isinstance(apply(org.crm, a_deletion(org.crm, id))[0], Receipt)
    assert org.crm.read([id])[id] == Gone(id)


def test_a_person_s_role_stays(serve: Any) -> None:
    """A role that a person gave, or has changed since, is not taken away."""
    org = serve()
    crm, desk = org.crm, org.desk
    account = desk.add("account", {"name": "Acme", "website": "acme.example"})
    opportunity = desk.add("opportunity", {"account": account, "name": "New", "open": True})
    given, changed = desk.add("contact", {"last_name": "Roe"}), ours(crm)
    desk.add("contact_role", {"opportunity": opportunity, "contact": given, "role": "Other"})
    role = receipt(crm, a_role(crm, opportunity, changed)).id
    desk.edit("contact_role", role, {"role": "Influencer"})
    outcomes = apply(crm, *(a_removed_role(crm, opportunity, one, one) for one in (given, changed)))
    assert [type(one) for one in outcomes] == [Rejected, Rejected]
    assert len(desk.dump()["contact_roles"]) == 2


@pytest.mark.parametrize("kind", ["call", "meeting", "email"])
def test_a_person_s_edit_of_an_activity_outlives_our_update(serve: Any, kind: str) -> None:
    """After our own change we are the last again; a mark keeps that a person was there before."""
    org = serve()
    crm = org.crm
    people = (Existing("contact", ours(crm)),)
    id = receipt(crm, an_activity(crm, kind, kind, people=people)).id
    field = {"outcome": "busy"} if kind == "email" else {"subject": "What a person calls it"}
    org.desk.edit("activity", id, field)
    write = changed_activity(crm, id, "second", transcript="Said.")
    receipt(crm, replace(write, changed=("transcript",)))
    assert isinstance(apply(crm, no_activity(crm, id, "undo"))[0], Rejected)
    untouched = receipt(crm, an_activity(crm, f"other {kind}", kind, people=people)).id
    receipt(
        crm, replace(changed_activity(crm, untouched, "third", transcript="Said."), changed=("transcript",))
    )
    assert isinstance(apply(crm, no_activity(crm, untouched, "undo"))[0], Receipt)


# --- fields -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("picklists", [False, True])
def test_addresses_with_and_without_lists(serve: Any, picklists: bool) -> None:
    """A country is written by its code where there is a list, else by its name; a state that a country has
    no list of is left out there, and one that is in no list is refused."""
    org = serve(country_picklists=picklists)
    crm = org.crm
    german = MailingAddress(
        street="Hauptstr. 1", city="Ulm", state="Bayern", postal_code="89073", country="DE"
    )
    id = ours(crm, mailing=german)
    told = crm.read([id])[id].mailing
    assert told == (replace(german, state="") if picklists else german)
    (held,) = org.desk.dump()["contacts"]
    assert held["country"] == "Germany"
    written_out = MailingAddress(street="1 Pier", city="Springfield", state="California", country="US")
    receipt(crm, update(crm, id, mailing=written_out))
    assert crm.read([id])[id].mailing.state == ("CA" if picklists else "California")
    nowhere = replace(written_out, state="Ruritania")
    (outcome,) = apply(crm, update(crm, id, "nowhere", mailing=nowhere))
    assert isinstance(outcome, Rejected if picklists else Receipt)


def test_an_update_that_changes_nothing_sends_nothing(serve: Any) -> None:
    """A value that is there already is not written again, so that nobody's last change is ours for it."""
    org = serve()
    id = org.desk.add("contact", {"last_name": "Diaz", "title": "CFO"})
    before = org.simulator.org.rows["Contact"][id]["LastModifiedDate"]
    receipt(org.crm, update(org.crm, id, title="CFO"))
    assert org.simulator.org.rows["Contact"][id]["LastModifiedDate"] == before
