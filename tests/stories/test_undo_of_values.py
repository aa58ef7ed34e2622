"""Values and roles that were written are taken back, on both databases and on an index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from story import BOOK, JO, KIM, World, at, call, mail

from firstcontact.flow.clock import MINUTE
from firstcontact.flow.undo import Chosen, Removal, preview, remove
from firstcontact.interactions.model import Email
from firstcontact.store.engine import open_engine
from firstcontact.testing.postgres import Server
from firstcontact.testing.scenarios.bench import Bench

ANA, LOU = "ana@firm.example", "lou@acme.example"
NUMBER = "+14155550161"
SEED = {
    "accounts": [{"id": "a1", "name": "Acme", "website": "acme.example"}],
    "contacts": [
        {"id": "p-kim", "first_name": "Kim", "last_name": "Osei", "emails": [KIM], "account": "a1"},
        {"id": "p-lou", "first_name": "Lou", "last_name": "Oh", "emails": [LOU], "account": "a1"},
    ],
    "opportunities": [{"id": "o1", "account": "a1", "name": "Renewal", "open": True}],
    "contact_roles": [{"opportunity": "o1", "contact": "p-lou"}],
}
SETTINGS = {
    "engagement": "any", "contact_roles": True, "enrich": {"title": "ours_or_empty", "phone": "if_empty"},
}  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql", "indexed"])
def firm(request: pytest.FixtureRequest, bench: Bench) -> Iterator[World]:
    """Kim and Lou are a person's contacts at Acme, where Lou has a role."""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        where = server.database()
        pair = (open_engine(where, schema="crm"), open_engine(where, schema="ledger"))
    else:
        pair = bench.fresh()
    world = World(pair, "address_book", indexed=request.param == "indexed")
    world.people.seed(SEED, BOOK.team.users)
    world.installation.change_settings(BOOK.with_settings(SETTINGS))
    world.settle()
    yield world
    if request.param == "postgresql":
        world.close()


def signed(id: str, when: int, *lines: str) -> Email:
    """A mail of Kim's with these lines in the signature."""
    body = "Hi Ana,\n\nplease send the draft.\n\n-- \nKim Osei\n" + "\n".join(lines) + "\n"
    return mail(id, when, KIM, ANA, "Kim Osei", body=body)


def come(world: World, *facts: Any) -> None:
    """These arrive at their time, and all that is due is done."""
    for fact in facts:
        world.clock.advance_to(max(world.clock.now(), fact.at))
        world.receive((fact,))
        world.settle()


def kim(world: World) -> tuple[str, list[str]]:
    """Kim's title and numbers."""
    (found,) = [each for each in world.people.list_contacts() if each["id"] == "p-kim"]
    return found["title"] or "", found["phones"]


def roles(world: World) -> set[tuple[str, str]]:
    """Who has which role."""
    return {(each["opportunity"], each["contact"]) for each in world.people.dump()["contact_roles"]}


def take_back(world: World, **chosen: Any) -> Removal:
    """Taken back, and all that is due done."""
    done = remove(world.installation, Chosen(**chosen), "ana")
    world.settle()
    return done


def test_what_a_signature_brought_is_taken_back(firm: World) -> None:
    """The fields are as they were, the same values are not written again, newer ones are."""
    come(firm, signed("m1", at(0, 9), "Clerk", f"Tel. {NUMBER}"))
    assert kim(firm) == ("Clerk", [NUMBER])
    foreseen = preview(firm.installation, Chosen(interaction="m1"))
    (step,) = [each for each in foreseen.steps if each.does == "restore"]
    assert set(step.fields) == {"title", "phone"}
    take_back(firm, interaction="m1")
    assert kim(firm) == ("", [])
    come(firm, signed("m2", at(0, 10), "Clerk", f"Tel. {NUMBER}"))
    assert kim(firm) == ("", [])
    come(firm, signed("m3", at(0, 11), "Senior Clerk"))
    assert kim(firm) == ("Senior Clerk", [])


def test_a_removed_value_is_not_written_where_every_value_is(firm: World) -> None:
    """Also where a field always takes what is observed, it does not take what a person took off it."""
    always = {**SETTINGS, "enrich": {"title": "always"}}
    firm.installation.change_settings(BOOK.with_settings(always))
    come(firm, signed("m1", at(0, 9), "Clerk"))
    take_back(firm, interaction="m1")
    come(firm, signed("m2", at(0, 10), "Clerk"))
    assert kim(firm)[0] == ""
    come(firm, signed("m3", at(0, 11), "Senior Clerk"))
    assert kim(firm)[0] == "Senior Clerk"


def test_each_value_goes_back_by_one_step(firm: World) -> None:
    """What the second mail wrote goes, what the first wrote is there again."""
    come(firm, signed("m1", at(0, 9), "Clerk"), signed("m2", at(0, 10), "Senior Clerk"))
    assert kim(firm)[0] == "Senior Clerk"
    take_back(firm, interaction="m2")
    assert kim(firm)[0] == "Clerk"


def test_a_persons_later_edit_stays(firm: World) -> None:
    """Only the field in which our value stands is as it was."""
    come(firm, signed("m1", at(0, 9), "Clerk", f"Tel. {NUMBER}"))
    firm.people.edit("contact", "p-kim", {"title": "Head Clerk"})
    firm.clock.advance_to(firm.clock.now() + 2 * MINUTE)
    firm.settle()
    take_back(firm, interaction="m1")
    assert kim(firm) == ("Head Clerk", [])


def test_an_edit_between_yes_and_sending_stays(firm: World) -> None:
    """It is looked at once more right before."""
    come(firm, signed("m1", at(0, 9), "Clerk", f"Tel. {NUMBER}"))
    remove(firm.installation, Chosen(interaction="m1"), "ana")
    firm.people.edit("contact", "p-kim", {"title": "Head Clerk"})
    firm.settle()
    assert kim(firm) == ("Head Clerk", [])


def test_a_role_is_taken_back_and_not_made_again(firm: World) -> None:
    """Kim's role goes; Lou's, which a person gave, stays; the next mail gives Kim none."""
    come(firm, mail("m1", at(0, 9), LOU, ANA, "Lou Oh"))
    both = mail("m2", at(0, 10), LOU, ANA, "Lou Oh")
    both = both.__class__(**{**{n: getattr(both, n) for n in both.__struct_fields__},
        "participants": (*both.participants, mail("x", 1, KIM, ANA).participants[0])})  # fmt: skip
    come(firm, both)
    if roles(firm) != {("o1", "p-lou"), ("o1", "p-kim")}:
        pytest.fail(f"there is no role of Kim's to take back: {roles(firm)}")
    said = take_back(firm, interaction="m2")
    assert "contact_role" in said.counts["delete"]
    assert roles(firm) == {("o1", "p-lou")}
    again = both.__class__(**{**{n: getattr(both, n) for n in both.__struct_fields__},
        "id": "m3", "source_id": "m3@mail.example", "at": at(0, 12)})  # fmt: skip
    come(firm, again)
    assert roles(firm) == {("o1", "p-lou")}


def test_a_contact_goes_everywhere(firm: World) -> None:
    """Nobody is made again, and who is added by hand is linked, also where that is told by an index."""
    come(firm, call("c1", at(0, 9), JO, seconds=60, name="DIAZ JO"))
    assert firm.contact(JO) is not None
    take_back(firm, contact=JO)
    come(firm, call("c2", at(0, 10), JO, seconds=60, name="DIAZ JO"))
    assert firm.contact(JO) is None
    firm.people.add("contact", {"id": "p-jo", "first_name": "Jo", "last_name": "Diaz", "phones": [JO]})
    firm.clock.advance_to(firm.clock.now() + 2 * MINUTE)
    firm.settle()
    come(firm, call("c3", at(0, 12), JO, seconds=60))
    decision = firm.installation.decision("c3")
    assert decision is not None
    assert [(each.verdict, each.record) for each in decision.people] == [("link", "p-jo")]
