"""The whole product on a real Tryton: people become parties once, and what happened is attached to them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from story import BOOK, START, call, text
from tryton_desk import People, connected, empty

from firstcontact.flow.clock import MINUTE, VirtualClock
from firstcontact.flow.installation import Installation
from firstcontact.interactions.model import Interaction
from firstcontact.ledger.history import open_ledger
from firstcontact.store.engine import open_engine
from firstcontact.testing.simulators.base import Kept
from firstcontact.testing.tryton import Server

CALLER = "+14155550126"
Live = Callable[..., None]


@pytest.fixture
def installation(tryton: Server, kept: Kept) -> Installation:
    """An installation whose CRM is Tryton, on an index of it."""
    empty(tryton, kept)
    clock = VirtualClock(START)
    return Installation(
        book=BOOK,
        ledger=open_ledger(open_engine(":memory:")),
        crm=connected(tryton, kept, now=clock.now),
        clock=clock,
        indexed=True,
    )


@pytest.fixture
def live(installation: Installation) -> Live:
    """Facts come in, and all work is done; some minutes go by."""

    def go(*facts: Interaction) -> None:
        installation.take(facts)
        for _ in range(3):
            installation.clock.advance_to(installation.clock.now() + MINUTE)  # type: ignore[attr-defined]
            installation.drain()

    return go


def incoming(id: str, installation: Installation, name: str = "") -> Interaction:
    return call(id, installation.clock.now(), CALLER, seconds=60, name=name)


def test_a_stranger_becomes_one_party(installation: Installation, live: Live, person: People) -> None:
    """Two calls and two texts of one stranger: one party, both calls and the one conversation attached to
    it."""
    live(incoming("c1", installation, "DIAZ JO"), incoming("c2", installation))
    live(text("t1", installation.clock.now(), CALLER, "Hello"))
    live(text("t2", installation.clock.now(), CALLER, "Hello again"))
    held = person.dump()
    (party,) = held["contacts"]
    assert party["name"] == "Jo Diaz"
    assert party["contact_mechanisms."][0]["value"] == "+1 415-555-0126"
    kinds = sorted((one["kind"], tuple(one["interactions"])) for one in held["activities"])
    assert kinds == [("call", ("c1",)), ("call", ("c2",)), ("sms", ("t1", "t2"))]
    assert {tuple(one["contacts"]) for one in held["activities"]} == {(party["id"],)}
    (texts,) = [one for one in held["activities"] if one["kind"] == "sms"]
    assert "Hello again" in texts["body"]


def test_everything_delivered_again_changes_nothing(
    installation: Installation, live: Live, person: People
) -> None:
    """The same facts once more leave Tryton as it is."""
    facts = [incoming("c1", installation, "DIAZ JO"), text("t1", installation.clock.now(), CALLER, "Hello")]
    live(*facts)
    before = person.dump()
    live(*facts)
    assert person.dump() == before


def test_what_a_person_deleted_stays_deleted(installation: Installation, live: Live, person: People) -> None:
    """A party of ours that a person deletes is not made again."""
    live(incoming("c1", installation))
    (party,) = person.dump()["contacts"]
    person.delete("contact", party["id"])
    live(incoming("c2", installation))
    assert person.dump()["contacts"] == []


def test_a_merged_party_is_followed(installation: Installation, live: Live, person: People) -> None:
    """After a person merged the party into another, the next call is attached to that one."""
    live(incoming("c1", installation, "DIAZ JO"))
    (party,) = person.dump()["contacts"]
    survivor = person.add("contact", {"first_name": "Jo", "last_name": "Diaz"})
    person.merge(party["id"], survivor)
    live(incoming("c2", installation))
    held = {one["interactions"][0]: one["contacts"] for one in person.dump()["activities"]}
    assert held == {"c1": [party["id"]], "c2": [survivor]}


def test_a_placeholder_takes_its_name(installation: Installation, live: Live, person: People) -> None:
    """A party without a real name takes the first one that comes, and its mark goes."""
    live(incoming("c1", installation))
    (party,) = person.dump()["contacts"]
    assert (party["name"], len(party["identifiers."])) == ("Unknown Caller", 1)
    live(incoming("c2", installation, "DIAZ JO"))
    (party,) = person.dump()["contacts"]
    assert (party["name"], party["identifiers."]) == ("Jo Diaz", [])


def test_a_name_that_a_person_gave_stays(installation: Installation, live: Live, person: People) -> None:
    """A placeholder that a person has named keeps that name."""
    live(incoming("c1", installation))
    (party,) = person.dump()["contacts"]
    person.call("party.party.write", [int(party["id"])], {"name": "Aunt Jo"})
    live()
    live(incoming("c2", installation, "DIAZ JO"))
    assert [one["name"] for one in person.dump()["contacts"]] == ["Aunt Jo"]


def test_the_open_opportunity_gets_the_call(installation: Installation, live: Live, person: People) -> None:
    """A call of somebody with one open sale opportunity stands on it."""
    contact = person.add("contact", {"last_name": "Diaz", "phones": [CALLER]})
    fields = {"contact": contact, "name": "New", "opened_at": "2026-01-01"}
    person.add("matter", {**fields, "open": False})
    matter = person.add("matter", {**fields, "open": True})
    live()
    live(incoming("c1", installation))
    (held,) = person.dump()["activities"]
    assert (held["resource"], held["contacts"]) == (f"sale.opportunity,{matter}", [contact])
