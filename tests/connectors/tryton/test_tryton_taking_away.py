"""Merging and deleting parties on a real Tryton server, and what an edit by a person stops."""

from __future__ import annotations

from typing import Any

import pytest
from tryton_desk import PAGE, People, connected, empty

from firstcontact.connectors.contract import Gone, Moved, MovedTo, Rejected, TryAgain, Unclear
from firstcontact.connectors.toolkit.http import Lost
from firstcontact.connectors.tryton.connector import Tryton
from firstcontact.planning.write import Existing, Receipt
from firstcontact.testing.conformance.making import (
    JO,
    JO_PHONE,
    a_deletion,
    a_merge,
    an_activity,
    changed_activity,
    new_contact,
    no_activity,
    receipt,
    update,
)
from firstcontact.testing.simulators.base import Kept
from firstcontact.testing.tryton import Server

AT_HOME = "jo.diaz@home.example"


@pytest.fixture
def crm(tryton: Server, kept: Kept) -> Tryton:
    """A connection to an empty CRM."""
    return empty(tryton, kept)


def two(crm: Tryton, person: People) -> tuple[str, str]:
    """A party of ours, and a person's."""
    ours = receipt(crm, new_contact(crm, created_by_firstcontact=True)).id
    theirs = person.add("contact", {"first_name": "Josephine", "last_name": "Diaz", "emails": [AT_HOME]})
    return ours, theirs


def everything_on(crm: Tryton, person: People, party: str) -> None:
    """A call on the party, one on its sale opportunity, and a note of a person's."""
    people = (Existing("contact", party),)
    receipt(crm, an_activity(crm, "call", people=people))
    matter = person.add("matter", {"contact": party, "name": "Diaz v. Roe", "open": True})
    receipt(crm, an_activity(crm, "on matter", people=people, matter=matter))
    person.call("ir.note.create", [{"resource": f"party.party,{party}", "message": "Call back."}])


def on(person: People, party: str) -> tuple[int, int, int]:
    """Activities, sale opportunities and notes of a party."""
    held = person.dump()
    notes = person.rows("ir.note", ["resource"], ["resource", "=", f"party.party,{party}"])
    matters = [one for one in held["matters"] if one["contact"] == party]
    return sum(one["contacts"] == [party] for one in held["activities"]), len(matters), len(notes)


@pytest.mark.parametrize("happened", [True, False])
@pytest.mark.parametrize("place", range(7))
def test_a_merge_that_broke_off_is_ended_by_the_next(
    crm: Tryton, person: People, monkeypatch: pytest.MonkeyPatch, place: int, happened: bool
) -> None:
    """Wherever it broke off, the same write again moves the rest, and everything is there once."""
    loser, survivor = two(crm, person)
    everything_on(crm, person, loser)
    calls, call = [], crm._client._call
    broken: list[str] = []

    def breaking(method: str, *given: Any) -> Any:
        calls.append(method)
        if len(calls) != place + 1:
            return call(method, *given)
        if happened:
            call(method, *given)
        broken.append(method)
        raise Lost("The line was cut.")

    monkeypatch.setattr(crm._client, "_call", breaking)
    merge = a_merge(crm, loser, survivor)
    (outcome,) = crm.apply([merge])
    monkeypatch.undo()
    assert len(calls) > place
    noted = broken in ([], ["wizard.party.replace.delete"])  # Tryton's own note of the run is nothing of ours
    assert isinstance(outcome, Receipt if noted else Unclear), outcome
    assert receipt(crm, merge).id == survivor
    assert crm.read([loser])[loser] == Moved(loser, survivor)
    assert on(person, survivor) == (2, 1, 1)
    record = crm.read([survivor])[survivor]
    assert sorted(one.key for one in record.handles) == [JO_PHONE, AT_HOME, JO]


def test_only_what_is_ours_and_untouched_goes(crm: Tryton, person: People) -> None:
    """A person's party, one that they have edited, and one into itself."""
    ours, theirs = two(crm, person)
    edited = receipt(crm, new_contact(crm, "kim", emails=("kim@acme.example",), phones=())).id
    person.edit("contact", edited, {"last_name": "Osei"})
    for id, survivor in ((theirs, ours), (edited, theirs), (ours, ours)):
        (outcome,) = crm.apply([a_merge(crm, id, survivor)])
        assert isinstance(outcome, Rejected), id
    for id in (theirs, edited):
        (outcome,) = crm.apply([a_deletion(crm, id)])
        assert isinstance(outcome, Rejected), id
    assert len(person.dump()["contacts"]) == 3


def test_what_stands_on_a_party_stops_its_deletion(crm: Tryton, person: People) -> None:
    """A note, an attachment or a sale opportunity would be left behind, or lost."""
    ours, _ = two(crm, person)
    (note,) = person.call("ir.note.create", [{"resource": f"party.party,{ours}", "message": "Call back."}])
    (outcome,) = crm.apply([a_deletion(crm, ours)])
    assert isinstance(outcome, Rejected)
    assert "ir.note" in str(outcome)
    person.call("ir.note.delete", [note])
    matter = person.add("matter", {"contact": ours, "name": "Diaz v. Roe", "open": True})
    (outcome,) = crm.apply([a_deletion(crm, ours, "matter")])
    assert isinstance(outcome, Rejected)
    person.call("sale.opportunity.cancel", [int(matter)])
    person.call("sale.opportunity.delete", [int(matter)])
    receipt(crm, a_deletion(crm, ours, "now"))
    assert crm.read([ours])[ours] == Gone(ours)


@pytest.mark.parametrize("merging", [True, False])
def test_an_edit_in_the_last_moment_keeps_the_party(
    crm: Tryton, person: People, monkeypatch: pytest.MonkeyPatch, merging: bool
) -> None:
    """A person saves the party after we looked at it: Tryton refuses, and the next try sees the edit."""
    ours, theirs = two(crm, person)
    call = crm._client._call

    def meddling(method: str, *given: Any) -> Any:
        if method in ("model.party.party.delete", "wizard.party.replace.create"):
            person.edit("contact", ours, {"last_name": "Osei"})
        return call(method, *given)

    monkeypatch.setattr(crm._client, "_call", meddling)
    write = a_merge(crm, ours, theirs) if merging else a_deletion(crm, ours)
    (outcome,) = crm.apply([write])
    monkeypatch.undo()
    assert isinstance(outcome, TryAgain)
    (outcome,) = crm.apply([write])
    assert isinstance(outcome, Rejected)
    assert crm.read([ours])[ours].last_name == "Osei"


def test_a_party_that_went_into_another_is_said(crm: Tryton, person: People) -> None:
    """A loser or survivor that a person has merged elsewhere is answered with where."""
    ours, theirs = two(crm, person)
    other = person.add("contact", {"first_name": "Jo", "last_name": "Diaz"})
    person.merge(ours, other)
    (outcome,) = crm.apply([a_merge(crm, ours, theirs)])
    assert isinstance(outcome, MovedTo)
    assert outcome.id == other
    kim = receipt(crm, new_contact(crm, "kim", emails=("kim@acme.example",), phones=())).id
    (outcome,) = crm.apply([a_merge(crm, kim, ours)])
    assert isinstance(outcome, MovedTo)
    assert isinstance(crm.apply([a_merge(crm, kim, "999999")])[0], Rejected)


def test_another_address_comes_first(crm: Tryton, person: People) -> None:
    """Also one that is new, and where people gave the others no place; our own party stays unedited."""
    ours, _ = two(crm, person)
    receipt(crm, update(crm, ours, "more", emails=(AT_HOME,)))
    receipt(crm, update(crm, ours, "main", main_email=AT_HOME))
    assert crm.read([ours])[ours].emails == (AT_HOME, JO)
    receipt(crm, update(crm, ours, "new", main_email="jo@new.example"))
    record = crm.read([ours])[ours]
    assert record.emails == ("jo@new.example", AT_HOME, JO)
    assert not record.edited_by_person
    receipt(crm, update(crm, ours, "mobile", mobiles=(JO_PHONE,)))
    assert crm.read([ours])[ours].mobiles == ("+1 415-555-0123",)


def test_our_own_changes_do_not_keep_an_attachment(tryton: Server, kept: Kept, person: People) -> None:
    """One that only we have changed goes, also after a merge; one that a person has changed stays."""
    crm = empty(tryton, kept)
    ours, theirs = two(crm, person)
    people = (Existing("contact", ours),)
    ids = [receipt(crm, an_activity(crm, name, people=people)).id for name in ("one", "two")]
    for id in ids:
        receipt(crm, changed_activity(crm, id, f"more of {id}", body="Said more.", people=people))
    person.call("ir.attachment.write", [int(ids[1])], {"link": "https://calls.example/9"})
    receipt(crm, a_merge(crm, ours, theirs))
    outcomes = connected(tryton, kept, PAGE).apply([no_activity(crm, id, f"undo {id}") for id in ids])
    assert [type(one) for one in outcomes] == [Receipt, Rejected]
    assert [one["id"] for one in person.dump()["activities"]] == [ids[1]]
