"""A role is made by a row of the table (SPEC §7); where the row does not stand any more at the write, the
role is not made, and the interaction is decided by what is so then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import select
from story import World, at, mail
from test_roles_story import FIRST, JO, LOU, ON, SEED, both, decide, got, made, states

from firstcontact.ledger.tables import writes
from firstcontact.policy import role_rows
from firstcontact.store.engine import open_engine
from firstcontact.testing.postgres import Server
from firstcontact.testing.scenarios.bench import Bench

NEW = ON.with_settings({"contact_roles_new": True})
PAT = {"id": "pat", "first_name": "Pat", "last_name": "Oh", "emails": ["pat@acme.example"], "account": "a1"}
BARE: dict[str, Any] = {**SEED, "contacts": [*SEED["contacts"], PAT], "contact_roles": []}
HELD: dict[str, Any] = {**BARE, "contact_roles": [{"opportunity": "o1", "contact": "jo"}]}
OTHERS: dict[str, Any] = {**BARE, "contact_roles": [{"opportunity": "o1", "contact": "pat"}]}


@pytest.fixture(params=["sqlite", "postgresql", "indexed"])
def engines(request: pytest.FixtureRequest, bench: Bench) -> Iterator[tuple[Any, bool]]:
    """Databases of either sort, and whether decisions are taken on an index."""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        where = server.database()
        pair = (open_engine(where, schema="crm"), open_engine(where, schema="ledger"))
        yield pair, False
        for engine in pair:
            engine.dispose()
    else:
        yield bench.fresh(), request.param == "indexed"


def give(contact: str, opportunity: str = "o1") -> Callable[[World], None]:
    """A person gives somebody a role."""
    return lambda world: world.people.add("contact_role", {"opportunity": opportunity, "contact": contact})


def take_away(world: World) -> None:
    """A person takes away the only role there was."""
    (role,) = world.people.dump()["contact_roles"]
    world.people.delete("contact_role", {"opportunity": "o1", "contact": role["contact"]})


def open_another(world: World) -> None:
    """A person opens another deal with the account."""
    world.people.add("opportunity", {"id": "o2", "account": "a1", "name": "Expansion", "open": True})


def hand_over(world: World) -> None:
    """The holder's role goes to somebody who is not on it."""
    take_away(world)
    give("pat")(world)


@pytest.mark.parametrize(
    ("book", "seed", "act", "why", "reason"),
    [
        (FIRST, BARE, give("pat"), role_rows.ROLES_NOW, "no_holder"),
        (FIRST, BARE, open_another, role_rows.ANOTHER_OPEN, "several_possible"),
        (ON, HELD, take_away, role_rows.NO_HOLDER_NOW, "no_first"),
        (ON, HELD, hand_over, role_rows.NO_HOLDER_NOW, "no_holder"),
        (NEW, OTHERS, take_away, role_rows.NO_ROLES_NOW, "no_first"),
    ],
    ids=["first", "only", "holder", "other holder", "new"],
)
def test_a_row_that_does_not_stand_any_more_makes_no_role(
    engines: tuple[Any, bool], book: Any, seed: Any, act: Callable[[World], None], why: str, reason: str
) -> None:
    """Between the decision and the write a person gives or takes a role, or opens a deal: what the row that
    said create rested on is not so any more, no role is made, and the trace tells by what is so now."""
    world = made(engines, book, seed)
    decide(world, both("m1", 9))
    assert {state for state, _ in states(world)} == {"intended"}
    act(world)
    by_hand = got(world)
    world.settle()
    assert got(world) == by_hand
    assert set(states(world)) == {("dropped", why)}
    decision = world.installation.decision("m1")
    assert decision is not None
    assert (decision.roles, f"no_contact_role:{reason}" in decision.reasons()) == ((), True)
    assert world.installation.due() is None


def test_another_row_may_make_the_role_all_the_same(engines: tuple[Any, bool]) -> None:
    """The first roles of two were decided, and a person gives one of them hers: she is a holder now, and by
    her the other gets his."""
    world = made(engines, FIRST, BARE)
    decide(world, both("m1", 9))
    give("meg")(world)
    world.settle()
    assert got(world) == [("o1", "jo"), ("o1", "meg")]
    decision = world.installation.decision("m1")
    assert decision is not None
    assert "contact_role:holder" in decision.reasons()
    assert [state for state, _ in states(world)] == ["done", "done"]


def test_the_first_roles_do_not_stand_in_each_other_s_way(engines: tuple[Any, bool]) -> None:
    """Of two on one mail the first has a role before the other is even a contact: both are first roles, and
    nothing is decided again for it."""
    world = made(engines, FIRST, BARE)
    decide(world, both("m1", 9, LOU, "Lou Ray"))
    world.hostile.next_apply("try_again")
    world.installation.carry_out_due()
    assert (got(world), world.contact(LOU)) == ([("o1", "jo")], None)
    world.settle()
    contact = world.contact(LOU)
    assert contact is not None
    assert got(world) == sorted([("o1", "jo"), ("o1", contact["id"])])
    assert states(world) == [("done", ""), ("done", "")]
    with world.ledger.read() as tx:
        data = tx.scalars(select(writes.c.data).where(writes.c.kind == "contact_role")).all()
    assert [msgspec.msgpack.decode(each)["fields"]["row"] for each in data] == ["first", "first"]


def rested(world: World) -> None:
    """Jo's first role by one mail, and Meg's by another, since Jo has one; both decided, neither made."""
    decide(world, mail("m1", at(0, 9), JO, "ana@firm.example", "Jo Oh"))
    decide(world, both("m2", 10))
    assert [state for state, _ in states(world)] == ["intended", "intended"]


def test_a_role_waits_for_the_one_it_rests_on(engines: tuple[Any, bool]) -> None:
    """Meg's waits until Jo's is made, however often the CRM puts that off."""
    world = made(engines, FIRST, BARE)
    rested(world)
    world.hostile.next_apply("try_again")
    world.hostile.next_apply("try_again")
    world.hostile.next_apply("try_again")
    world.settle()
    assert got(world) == [("o1", "jo"), ("o1", "meg")]
    assert [state for state, _ in states(world)] == ["done", "done"]
    assert world.installation.due() is None


def test_what_rests_on_a_role_that_is_not_made_is_not_made(engines: tuple[Any, bool]) -> None:
    """A person gives Pat the first role before Jo's is written: Jo gets none, and nor does Meg."""
    world = made(engines, FIRST, BARE)
    rested(world)
    give("pat")(world)
    world.settle()
    assert got(world) == [("o1", "pat")]
    assert {state for state, _ in states(world)} == {"dropped"}
    for id in ("m1", "m2"):
        decision = world.installation.decision(id)
        assert decision is not None
        assert "no_contact_role:no_holder" in decision.reasons()
    assert world.installation.due() is None


def test_two_roles_that_rest_on_each_other_do_not_wait_for_ever(bench: Bench) -> None:
    """However it came about: Meg's role rests on Jo's, and Jo's on Meg's. Neither is made."""
    world = made((bench.fresh(), False), FIRST, BARE)
    rested(world)
    with world.ledger.write() as tx:
        for row in tx.execute(writes.select().where(writes.c.kind == "contact_role")).all():
            write = msgspec.msgpack.decode(row.data)
            other = "jo" if write["fields"]["contact"]["id"] == "meg" else "meg"
            write["fields"] |= {"row": "holder", "holders": [other]}
            data = msgspec.msgpack.encode(write)
            tx.execute(writes.update().where(writes.c.key == row.key).values(data=data))
    world.installation.carry_out_due()
    assert got(world) == []
    world.settle()
    assert world.installation.due() is None
    assert {state for state, _ in states(world)} <= {"done", "dropped"}
