"""Contact roles at Salesforce, over HTTP: what a person does there between decision and write is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import msgspec
import pytest
from sqlalchemy import select
from story import Loud, at
from test_roles_story import FIRST, ON, both

from firstcontact.connectors import kinds
from firstcontact.connectors.contract import Delivery, Reading
from firstcontact.flow.clock import MINUTE, VirtualClock
from firstcontact.flow.installation import Installation
from firstcontact.interactions.model import Email, decode, encode
from firstcontact.ledger.history import open_ledger
from firstcontact.ledger.tables import writes
from firstcontact.operating.watch import Watch
from firstcontact.policy import role_rows
from firstcontact.store.engine import open_engine
from firstcontact.testing.postgres import Server
from firstcontact.testing.simulators.base import Switches, Unpaced, simulator
from firstcontact.testing.simulators.serving import running


class Office(msgspec.Struct):
    """An installation at Salesforce, the people at work there, and the ids of Acme's records by name."""

    installation: Installation
    clock: VirtualClock
    desk: Any
    ids: dict[str, str]

    def decide(self, fact: Email) -> None:
        """It arrives and is decided, and nothing is written yet."""
        self.clock.advance_to(fact.at)
        items = [(Delivery("story", fact.id, encode(fact)), fact.id)]
        self.installation.receive(items, lambda each: Reading((decode(each.raw),)), live=True)
        while self.installation.decide_due().decided:
            pass

    def settle(self) -> None:
        """All work that is due, in as much time as it needs."""
        for _ in range(40):
            self.installation.drain()
            due = self.installation.due()
            if due is None:
                return
            self.clock.advance_to(due)
        raise AssertionError("there is always something due")

    def give(self, who: str) -> None:
        """A person gives somebody a role on the deal."""
        self.desk.add("contact_role", {"opportunity": self.ids["deal"], "contact": self.ids[who]})

    def got(self) -> set[str]:
        """Who has a role on the deal, by name."""
        names = {id: name for name, id in self.ids.items()}
        return {names[each["contact"]] for each in self.desk.dump()["contact_roles"]}

    def states(self) -> set[tuple[str, str]]:
        """State and problem of each write of a role."""
        with self.installation.ledger.read() as tx:
            rows = tx.execute(select(writes.c.state, writes.c.problem).where(writes.c.kind == "contact_role"))
            return {(state, problem) for state, problem in rows}

    def reasons(self) -> frozenset[str]:
        """What the decision about the mail says."""
        decision = self.installation.decision("m1")
        assert decision is not None
        return decision.reasons()


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest) -> Iterator[Office]:
    """An office whose Salesforce has Jo, Meg and Pat of Acme, and a deal on which nobody has a role."""
    clock = VirtualClock(at(0, 8))
    made = simulator("salesforce")
    vendor = made.make(clock.now, Switches())
    where: Any = ":memory:"
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        where = server.database()
    engine = open_engine(where)
    with running(made, vendor) as here:
        desk: Any = vendor.desk
        account = desk.add("account", {"name": "Acme", "website": "acme.example"})
        ids = {
            name: desk.add(
                "contact",
                {
                    "first_name": name.title(),
                    "last_name": "Oh",
                    "emails": [f"{name}@acme.example"],
                    "account": account,
                },
            )
            for name in ("jo", "meg", "pat")
        }
        ids["deal"] = desk.add("opportunity", {"account": account, "name": "Renewal", "open": True})
        opening = here.opening(clock.now, credentials=here.credentials(), pace=Unpaced())
        crm = here.connect(kinds.kind("salesforce"), opening)
        installation = Installation(
            book=FIRST, ledger=open_ledger(engine), crm=crm, clock=clock, watch=cast(Watch, Loud()),
            indexed=True, poll_every=MINUTE,
        )  # fmt: skip
        installation.drain()
        yield Office(installation, clock, desk, ids)
    engine.dispose()


def test_a_person_gives_somebody_else_the_first_role(office: Office) -> None:
    """Jo's and Meg's first roles are decided; before they are written somebody gives Pat one there: neither
    is made, and the trace says that nobody on the mail has a role."""
    office.decide(both("m1", 9))
    assert office.states() == {("intended", "")}
    office.give("pat")
    office.settle()
    assert office.got() == {"pat"}
    assert office.states() == {("dropped", role_rows.ROLES_NOW)}
    assert "no_contact_role:no_holder" in office.reasons()


def test_a_person_gives_one_of_them_the_first_role(office: Office) -> None:
    """Somebody gives Meg hers: Jo gets a role all the same, since now somebody on the mail has one."""
    office.decide(both("m1", 9))
    office.give("meg")
    office.settle()
    assert office.got() == {"jo", "meg"}
    assert "contact_role:holder" in office.reasons()


def _take_jos(office: Office) -> None:
    office.desk.delete("contact_role", f"{office.ids['deal']}:{office.ids['jo']}")


def _hand_over(office: Office) -> None:
    _take_jos(office)
    office.give("pat")


@pytest.mark.parametrize(("act", "left"), [(_take_jos, set()), (_hand_over, {"pat"})])
def test_a_person_takes_the_holder_s_role_away(
    office: Office, act: Callable[[Office], None], left: set[str]
) -> None:
    """Meg was to get a role since Jo has one; somebody takes Jo's away, and gives Pat one or nobody."""
    office.give("jo")
    office.clock.advance_to(at(0, 9) - MINUTE)
    office.installation.change_settings(ON)
    office.settle()
    office.decide(both("m1", 9))
    assert "contact_role:holder" in office.reasons()
    act(office)
    office.settle()
    assert office.got() == left
    assert office.states() == {("dropped", role_rows.NO_HOLDER_NOW)}


def test_without_a_person_the_first_roles_are_made(office: Office) -> None:
    """Nobody does anything: both get their role, and a second mail changes nothing."""
    office.decide(both("m1", 9))
    office.settle()
    assert office.got() == {"jo", "meg"}
    office.decide(both("m2", 10))
    office.settle()
    assert office.states() == {("done", "")}
    assert len(office.desk.dump()["contact_roles"]) == 2
