"""The stories' state machine at a simulated CRM: a hostile wrapper around the vendor's own connector."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, cast

import hypothesis.strategies as st
import msgspec
from hypothesis.stateful import rule
from machine import NUMBERS, Stories, reader
from remembering import Remembering
from story import BOOK, FAXER, START, Loud, TickingLedger, World, at, call

from firstcontact.connectors import kinds
from firstcontact.connectors.address_book.people import People
from firstcontact.connectors.contract import Crm, Delivery
from firstcontact.flow.clock import HOUR, MINUTE, VirtualClock
from firstcontact.flow.installation import Installation
from firstcontact.interactions.handles import read_handle
from firstcontact.interactions.model import Interaction, encode
from firstcontact.ledger.history import open_ledger
from firstcontact.ledger.tables import lanes
from firstcontact.operating.watch import Watch
from firstcontact.policy.scopes import SettingsBook
from firstcontact.testing.hostile import Hostile
from firstcontact.testing.simulators.base import Kept, Switches, simulator
from firstcontact.testing.simulators.serving import Running, running

QUIRKS: Mapping[str, Mapping[str, Any]] = {
    "clio": {"limit": 0},
    "clio_grow": {"limit": 0},
    "lawmatics": {"rate": 0},
    "salesforce": {},
    "zoho": {},
    "dynamics": {"limit": 0},
}
"""Limits are for other tests: here time stands still while requests are sent."""


LESS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "clio_grow, leads": ("browser", {"api": "platform", "writes": False}),
    "clio_grow, inbox": ("token", {"api": "inbox", "writes": False}),
}
"""Connections that offer less than their kind: login and options."""


class Office:
    """The CRM of one story, which outlives our processes, and whose clock is not moved with ours."""

    def __init__(self, way: str, stack: ExitStack) -> None:
        kind = way.partition(",")[0]
        self.clock = VirtualClock(START)
        self.off = 0
        found = simulator(kind)
        made = found.make(lambda: self.clock.now() + self.off, Switches(quirks=QUIRKS[kind]))
        self.served: Running = stack.enter_context(running(found, made))
        login, self.options = LESS.get(way, ("", {}))
        logins = found.credentials(self.served.url)
        self.kept = Kept(logins[login]) if login else self.served.credentials()
        self.kind = kind

    def connect(self) -> Crm:
        """A connector, as a process opens one."""
        opening = self.served.opening(
            self.clock.now, connection=self.kind, credentials=self.kept, options=self.options
        )
        return self.served.connect(kinds.kind(self.kind), opening)


class AtTheDesk(People):
    """People in the simulator's own pages, as the machine asks them; numbers are told in canonical form."""

    def __init__(self, office: Office) -> None:
        self._desk: Any = office.served.simulator.desk

    def add(self, kind: str, fields: Any) -> str:
        """See `People`."""
        return str(self._desk.add(kind, {name: value for name, value in fields.items() if name != "id"}))

    def edit(self, kind: str, reference: Any, fields: Any) -> None:
        """See `People`."""
        self._desk.edit(kind, reference, fields)

    def delete(self, kind: str, reference: Any) -> None:
        """See `People`."""
        self._desk.delete(kind, reference)

    def merge(self, loser: Any, survivor: Any) -> None:
        """See `People`."""
        self._desk.merge(loser, survivor)

    def dump(self) -> dict[str, list[dict[str, Any]]]:
        """See `People`."""
        return {name: [dict(one) for one in rows] for name, rows in self._desk.dump().items()}

    def list_contacts(self) -> list[dict[str, Any]]:
        """See `People`."""
        contacts = self.dump()["contacts"]
        for each in contacts:
            each["phones"] = [
                handle.key if (handle := read_handle(one, "US")) else one for one in each["phones"]
            ]
        return contacts

    def list_activities(self) -> list[dict[str, Any]]:
        """See `People`; those that may be edited: Salesforce keeps e-mails as they are."""
        return [one for one in self.dump()["activities"] if one["kind"] != "email"]


class RememberingDesk(Remembering, AtTheDesk):
    """People in the simulator whose deeds are remembered."""


class OfficeWorld(World):
    """A process's installation at an office that is there already."""

    def __init__(self, office: Office, engine: Any, *, tick: Any, book: SettingsBook, batch: int) -> None:
        self.clock = office.clock
        self._engines = (engine, engine)
        self._tick = tick
        self.address_book = cast(Any, office.connect())
        self.people = AtTheDesk(office)
        self.hostile = Hostile(self.address_book)
        ledger = open_ledger(engine)
        with ledger.write() as tx:
            tx.execute(lanes.update().values(until=0))
        self.ledger = TickingLedger(ledger.engine, tick)
        self.installation = Installation(
            book=book, ledger=self.ledger, crm=self._crm(), clock=self.clock, batch=batch,
            watch=cast(Watch, Loud()), indexed=True, poll_every=MINUTE,
        )  # fmt: skip


class OfficeStories(Stories):
    """The stories at a simulated CRM."""

    indexed = True

    def start(self, book: SettingsBook, now: int) -> None:
        """A process starts on the ledger as it is; the first one makes the CRM."""
        del now
        first = not hasattr(self, "office")
        if first:
            self.stack = ExitStack()
            self.office = Office(self.kind, self.stack)
        self.world = OfficeWorld(self.office, self.engines[1], tick=self.tick, book=book, batch=self.batch)
        self.world.installation.reader = reader
        if first:
            furnish(self.world.people, self.kind)
        remembered = getattr(self, "people", None)
        self.people = self.world.people = RememberingDesk(cast(Any, self.office), self.made_by_us)
        if remembered is not None:
            self.people.edited, self.people.deleted = remembered.edited, remembered.deleted
        self.world.seed = lambda: None  # type: ignore[method-assign]
        self.misbehave()

    def deliver(self, *facts: Interaction) -> None:
        """As ever, with ids of one word: Clio's list of them is divided by spaces."""
        super().deliver(*map(of_one_word, facts))

    @rule(number=st.sampled_from(NUMBERS), which=st.integers(4, 9), live=st.booleans())
    def a_file_is_imported(self, number: str, which: int, live: bool) -> None:
        """Two calls of long ago come in a file, or are only stored as they come."""
        facts = [of_one_word(call(f"old {n} {number}", at(-9, 0, n), number, seconds=9)) for n in (which, 4)]
        self.delivered.extend(facts)
        items = [Delivery("story", fact.id, encode(fact)) for fact in facts]
        if live:
            self.world.installation.accept(items)
        else:
            self.world.installation.receive([(item, "") for item in items], reader, live=False)

    @rule(jump=st.sampled_from([-HOUR, -MINUTE, HOUR, 30 * 24 * HOUR]))
    def the_clock_jumps(self, jump: int) -> None:
        """Our machine's clock is set; the CRM's is not."""
        self.world.clock.wait(jump)
        self.office.off -= jump

    def teardown(self) -> None:
        """All sentences hold at the end; the CRM is served no longer."""
        try:
            super().teardown()
        finally:
            if hasattr(self, "stack"):
                self.stack.close()


def of_one_word(fact: Interaction) -> Interaction:
    """The fact with an id without spaces."""
    return msgspec.structs.replace(fact, id=fact.id.replace(" ", "_"))


def furnish(people: People, kind: str) -> None:
    """What people have put into the CRM before the story."""
    for user in BOOK.team.users:
        people.add("user", {"name": user.name, "email": user.emails[0], "active": True})
    fay = people.add("contact", {"first_name": "Fay", "last_name": "Xu", "phones": [FAXER]})
    if kind in ("salesforce", "zoho"):
        people.add("account", {"name": "Acme", "website": "https://www.acme.example"})
    else:
        people.add("matter", {"contact": fay, "name": "Xu v. Xu", "open": True, "opened_at": "2026-01-02"})
