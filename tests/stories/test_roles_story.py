"""Contact roles from mail to CRM: what people do in between is seen at the write, nothing is made twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import msgspec
import pytest
from sqlalchemy import select
from story import BOOK, MEG, World, at, left_behind, mail

from firstcontact.connectors.contract import Crm
from firstcontact.explain.sentences import explain
from firstcontact.flow.installation import Tally
from firstcontact.flow.problems import FlowProblem
from firstcontact.flow.replay import Replay
from firstcontact.identity.records import Account
from firstcontact.interactions.model import Email
from firstcontact.lanes.leases import Lease
from firstcontact.ledger import roles, writing
from firstcontact.ledger.sharding import shard_of
from firstcontact.ledger.tables import writes
from firstcontact.planning.write import ContactRoleFields, Existing, Write
from firstcontact.store.engine import open_engine
from firstcontact.testing.hostile import Hostile
from firstcontact.testing.postgres import Server
from firstcontact.testing.scenarios.bench import Bench

JO, LOU, ANA = "jo@acme.example", "lou@acme.example", "ana@firm.example"
ON = BOOK.with_settings({"engagement": "any", "contact_roles": True})
FIRST = ON.with_settings({"contact_roles_first": True})
SEED = {
    "accounts": [{"id": "a1", "name": "Acme", "website": "acme.example"}],
    "contacts": [
        {
            "id": name,
            "first_name": name.title(),
            "last_name": "Oh",
            "emails": [f"{name}@acme.example"],
            "account": "a1",
        }
        for name in ("jo", "meg")
    ],
    "opportunities": [{"id": "o1", "account": "a1", "name": "Renewal", "open": True}],
    "contact_roles": [{"opportunity": "o1", "contact": "jo"}],
}


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


@pytest.fixture
def world(engines: tuple[Any, bool]) -> World:
    """A CRM in which Jo has a role on the one deal of Acme, and Meg has none."""
    return made(engines, ON)


def made(engines: tuple[Any, bool], book: Any, seed: Any = None) -> World:
    """A world with these settings, its address book read where there is an index of it."""
    pair, indexed = engines
    world = World(pair, "salesforce", now=at(0, 8), book=book, indexed=indexed)
    world.people.seed(seed or SEED, BOOK.team.users)
    world.settle()
    return world


def both(id: str, hour: int, other: str = MEG, name: str = "") -> Email:
    """A mail of Jo's to Ana and somebody else."""
    one = mail(id, at(0, hour), JO, ANA, "Jo Oh", id)
    other_one = mail(id, at(0, hour), other, ANA, name, id).participants[0]
    return msgspec.structs.replace(
        one, participants=(*one.participants, msgspec.structs.replace(other_one, role="to"))
    )


def got(world: World) -> list[tuple[str, str]]:
    """Who has a role on what."""
    return sorted((role["opportunity"], role["contact"]) for role in world.people.dump()["contact_roles"])


def states(world: World) -> list[tuple[str, str]]:
    """State and problem of each write of a role."""
    with world.ledger.read() as tx:
        rows = tx.execute(select(writes.c.state, writes.c.problem).where(writes.c.kind == "contact_role"))
        return [tuple(row) for row in rows]


def decide(world: World, *facts: Email) -> None:
    """The facts arrive and are decided, and nothing is written yet."""
    world.clock.advance_to(facts[-1].at)
    world.receive(facts)
    while world.installation.decide_due().decided:
        pass


def tell(world: World, *facts: Email) -> None:
    """The facts arrive, and all work is done."""
    world.clock.advance_to(facts[-1].at)
    world.receive(facts)
    world.settle()


def test_a_role_is_made_once_however_often_it_is_told(world: World) -> None:
    """Two mails, each delivered twice, make one role; the ledger has seen it and nothing is under way."""
    tell(world, both("m1", 9))
    tell(world, both("m2", 10))
    before = left_behind(world)
    tell(world, both("m1", 9), both("m2", 10))
    assert left_behind(world) == before
    assert got(world) == [("o1", "jo"), ("o1", "meg")]
    assert states(world) == [("done", "")]
    with world.ledger.read() as tx:
        assert roles.seen(tx, "salesforce", ["o1"]) == {("o1", "jo"), ("o1", "meg")}
        assert roles.under_way(tx, "salesforce", ["o1"]) == frozenset()


def test_what_a_person_takes_away_stays_away(world: World) -> None:
    """Jo's role, which a person had made, and Meg's, which we made: neither comes back, whoever writes."""
    tell(world, both("m1", 9))
    for contact in ("jo", "meg"):
        world.people.delete("contact_role", {"opportunity": "o1", "contact": contact})
    world.installation.change_settings(FIRST)
    tell(world, both("m2", 10))
    assert got(world) == []
    decision = world.installation.decision("m2")
    assert decision is not None
    assert "no_contact_role:removed" in decision.reasons()
    told = [line for each in explain(decision) for line in each.also if "removed" in line]
    assert told == [
        f"no_contact_role:removed: A person took away the role of {who} on Renewal; it is not made again."
        for who in (JO, MEG)
    ]


def test_a_person_gives_it_back_and_it_stays(world: World) -> None:
    """What was taken away and is there again counts as there: the next role goes by it."""
    tell(world, both("m1", 9))
    world.people.delete("contact_role", {"opportunity": "o1", "contact": "meg"})
    tell(world, both("m2", 10))
    world.people.add("contact_role", {"opportunity": "o1", "contact": "meg"})
    tell(world, mail("m3", at(0, 11), MEG, ANA, "Meg Oh"))
    assert got(world) == [("o1", "jo"), ("o1", "meg")]


def close(world: World) -> None:
    world.people.edit("opportunity", "o1", {"open": False})


def give(world: World) -> None:
    world.people.add("contact_role", {"opportunity": "o1", "contact": "meg"})


def give_and_take(world: World) -> None:
    """A person gives the role and takes it away, and a look-up for another mail has seen it in between."""
    give(world)
    with world.ledger.write() as tx:
        roles.see(tx, "salesforce", [("o1", "meg")])
    world.people.delete("contact_role", {"opportunity": "o1", "contact": "meg"})


@pytest.mark.parametrize(
    ("act", "role", "state"),
    [
        (close, False, ("dropped", "the opportunity was closed meanwhile")),
        (give, True, ("done", "")),
        (give_and_take, False, ("dropped", "a person took this role away")),
    ],
)
def test_what_happens_before_the_write_is_seen(
    world: World, act: Any, role: bool, state: tuple[str, str]
) -> None:
    """Decided while it was open; by the time of the write a person has closed the deal, has made the role, or
    has taken it away. The index's copy of the deal is older than that."""
    decide(world, both("m1", 9))
    assert states(world) == [("intended", "")]
    act(world)
    sent = Counting(world)
    world.installation.carry_out_due()
    assert sent.roles == 0
    assert states(world) == [state]
    world.settle()
    assert (("o1", "meg") in got(world)) is role
    assert states(world) == [state]
    assert world.installation.due() is None


class Counting(Hostile):
    """A CRM that counts the roles that are sent to it."""

    def __init__(self, world: World) -> None:
        super().__init__(world.address_book)
        self.roles = 0
        world.behave(self)

    def apply(self, given: Sequence[Any]) -> Any:
        """Count, and carry out."""
        self.roles += sum(write.kind == "contact_role" for write in given)
        return super().apply(given)


def test_a_contact_that_is_made_first_gets_its_role_after(world: World) -> None:
    """Somebody unknown becomes a contact of the account, then has the role, once; also where another mail of
    theirs is decided while the contact is under way, and one when it is made and the role is not."""
    lou = both("m1", 9, LOU, "Lou Ray")
    decide(world, lou, both("m2", 9, LOU, "Lou Ray"))
    assert states(world) == [("intended", "")]
    world.hostile.next_apply("try_again")
    world.installation.carry_out_due()
    decide(world, both("m3", 10, LOU, "Lou Ray"))
    world.settle()
    contact = world.contact(LOU)
    assert contact is not None
    assert set(got(world)) == {("o1", "jo"), ("o1", contact["id"])}
    assert contact["account"] == "a1"
    assert states(world) == [("done", "")]


def test_the_first_role_is_of_the_first_interaction(engines: tuple[Any, bool]) -> None:
    """A batch with two mails of two people to a deal without roles: the first makes the first role, and by
    the second there is one, on which nobody of it has a part."""
    world = made(engines, FIRST, {**SEED, "contact_roles": []})
    tell(world, mail("m1", at(0, 9), JO, ANA, "Jo Oh"), mail("m2", at(0, 9, 1), MEG, ANA, "Meg Oh"))
    assert got(world) == [("o1", "jo")]
    decision = world.installation.decision("m2")
    assert decision is not None
    assert "no_contact_role:no_holder" in decision.reasons()


class Meanwhile(Hostile):
    """A CRM during whose answer to a question something happens, once."""

    def __init__(self, world: World, question: str, act: Callable[[], None]) -> None:
        super().__init__(world.address_book)
        self.question, self.act = question, act
        self.left = 1
        world.behave(self)

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """As they were before it happened."""
        found = super().accounts(domains, phones)
        self._happen("accounts")
        return found

    def size(self) -> int:
        """Asked when all has been looked up and nothing is kept."""
        self._happen("size")
        return super().size()

    def _happen(self, question: str) -> None:
        if question == self.question and self.left:
            self.left = 0
            self.act()


def in_lane_of(world: World, fact: Email, work: Callable[[Lease], Tally]) -> None:
    """A worker that has the lane of this fact alone works until nothing is left to do there."""
    with world.installation.lanes.leased(only={shard_of(fact)}) as lease:
        assert lease is not None
        while work(lease) != Tally():
            pass


@pytest.mark.parametrize("question", ["accounts", "size"])
def test_two_workers_make_the_first_role_once(bench: Bench, question: str) -> None:
    """While one worker looks, or has looked, another decides on the first role of the same deal: the one
    decides again on what is so then, and the deal has the one first role."""
    pair = bench.fresh()
    world = made((pair, False), FIRST, {**SEED, "contact_roles": []})
    other = World(pair, "salesforce", now=at(0, 10), book=FIRST)
    world.clock.advance_to(at(0, 10))
    first, second = mail("m1", at(0, 9), JO, ANA, "Jo Oh"), mail("m2", at(0, 9, 1), MEG, ANA, "Meg Oh")
    world.receive([first, second])
    Meanwhile(world, question, lambda: in_lane_of(other, first, other.installation.decide_due))
    in_lane_of(world, second, world.installation.decide_due)
    with world.ledger.read() as tx:
        assert roles.under_way(tx, "salesforce", ["o1"]) == {("o1", "jo")}
    world.behave(Hostile(world.address_book))
    world.settle()
    assert got(world) == [("o1", "jo")]


def test_a_role_that_is_made_while_one_looks_was_not_taken_away(bench: Bench) -> None:
    """The accounts were asked for before another worker made the role: nobody says that a person took it
    away, but that it is there."""
    pair = bench.fresh()
    world = made((pair, False), ON)
    decide(world, both("m1", 9))
    other = World(pair, "salesforce", now=at(0, 10), book=ON)
    world.clock.advance_to(at(0, 10))
    world.receive([both("m2", 10)])
    Meanwhile(world, "accounts", lambda: in_lane_of(other, both("m1", 9), other.installation.carry_out_due))
    in_lane_of(world, both("m2", 10), world.installation.decide_due)
    assert states(world) == [("done", "")]
    decision = world.installation.decision("m2")
    assert decision is not None
    assert "no_contact_role:already" in decision.reasons()
    assert "no_contact_role:removed" not in decision.reasons()


def test_a_role_that_was_only_seen_is_remembered(world: World) -> None:
    """A look-up that led to no role has shown Jo's; a person takes it away, and it is not made anew."""
    tell(world, mail("m1", at(0, 9), JO, ANA, "Jo Oh"))
    assert states(world) == []
    world.people.delete("contact_role", {"opportunity": "o1", "contact": "jo"})
    world.installation.change_settings(FIRST)
    tell(world, mail("m2", at(0, 10), JO, ANA, "Jo Oh"))
    assert got(world) == []


def test_two_writes_of_one_role_in_a_wave_are_sent_once(world: World) -> None:
    """One is named after the address and one after the contact; the second finds what the first has made."""
    fields = ContactRoleFields(
        opportunity="o1", contact=Existing("contact", "meg"), account="a1", domain="acme.example"
    )
    intended = [
        Write(key=key * 32, kind="contact_role", interaction=key, subject=key, fields=fields) for key in "ab"
    ]
    with world.ledger.write() as tx:
        writing.intend(tx, "salesforce", intended, world.clock.now())
    sent = Counting(world)
    world.settle()
    assert (sent.roles, got(world)) == (1, [("o1", "jo"), ("o1", "meg")])
    assert states(world) == [("done", ""), ("done", "")]


class Flapping(Hostile):
    """A CRM of which every second answer says that the deal is closed, and the others that it is open."""

    def __init__(self, world: World) -> None:
        super().__init__(world.address_book)
        self.asked = 0
        world.behave(self)

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """Open when it is decided, closed when it is written."""
        self.asked += 1
        return tuple(
            msgspec.structs.replace(
                account,
                opportunities=tuple(
                    msgspec.structs.replace(one, open=self.asked % 2 == 1) for one in account.opportunities
                ),
            )
            for account in super().accounts(domains, phones)
        )


def test_a_crm_that_cannot_make_up_its_mind_is_not_asked_for_ever(bench: Bench) -> None:
    """A role that is dropped for the same fact a second time is not decided about once more."""
    world = made((bench.fresh(), False), ON)
    flapping = Flapping(world)
    world.receive([both("m1", 9)])
    world.clock.advance_to(at(0, 9))
    for _ in range(10):
        world.installation.decide_due()
        world.installation.carry_out_due()
    assert world.installation.due() is None
    assert flapping.asked == 4
    assert (states(world), got(world)) == (
        [("dropped", "the opportunity was closed meanwhile")],
        [("o1", "jo")],
    )


def test_what_the_last_look_shows_enters_the_index(bench: Bench) -> None:
    """The index had the deal as open; since the look before the write it has it as closed, and what is
    decided again goes by that."""
    world = made((bench.fresh(), True), ON)
    decide(world, both("m1", 9))
    close(world)
    world.installation.carry_out_due()
    (account,) = cast(Crm, world.installation.known).accounts(["acme.example"], ())
    assert not account.opportunities[0].open
    world.settle()
    decision = world.installation.decision("m1")
    assert decision is not None
    assert "no_contact_role:no_opportunity" in decision.reasons()


def test_a_question_about_a_role(world: World) -> None:
    """Asked once for both mails; ruled on, the role is made, and choosing a record is no answer."""
    world.installation.change_settings(ON.with_settings({"autonomy": {"contact_role": "ask"}}))
    tell(world, both("m1", 9))
    tell(world, both("m2", 10))
    asked = world.installation.open_reviews()
    about = f"role:o1:{MEG}"
    assert [(each.interaction, each.about, each.reason) for each in asked] == [
        ("m1", about, "review_required"),
        ("m2", about, "review_required"),
    ]
    with pytest.raises(FlowProblem, match="create or ignore"):
        world.installation.rule("m1", about, choose="meg")
    assert got(world) == [("o1", "jo")]
    world.installation.rule("m1", about, create={}, by="ana")
    world.settle()
    assert (got(world), world.installation.open_reviews()) == ([("o1", "jo"), ("o1", "meg")], ())


def test_the_index_knows_our_role_at_once(bench: Bench) -> None:
    """What we have written is on the index's copy of the account before the feed tells of it."""
    world = made((bench.fresh(), True), ON)
    decide(world, both("m1", 9))
    world.installation.carry_out_due()
    known = cast(Crm, world.installation.known)
    (account,) = known.accounts(["acme.example"], ())
    assert account.opportunities[0].roles == ("jo", "meg")


def test_a_replay_tells_of_roles(world: World) -> None:
    """With roles on from the start nothing differs from what was; with them off, the role would not be."""
    tell(world, both("m1", 9))
    with world.ledger.read() as tx:
        assert list(Replay(tx, ON).differences()) == []
        off = Replay(tx, ON.with_settings({"contact_roles": False}))
        assert [(each.about, each.before, each.after) for each in off.differences()] == [
            (MEG, "role:made", "none")
        ]
