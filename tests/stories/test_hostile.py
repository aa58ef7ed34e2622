"""The four sentences hold on a CRM with bad days, whatever happens in whatever order (DESIGN §5)."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import sentences
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from story import BOOK, START, Step, World, at, call, mail, meeting, person, text

from firstcontact.connectors.contract import AuthLapsed
from firstcontact.flow.carry_out import LOOKS
from firstcontact.flow.clock import HOUR, MINUTE
from firstcontact.interactions.model import Interaction
from firstcontact.policy.scopes import SettingsBook
from firstcontact.testing.hostile import Hostile, Rates
from firstcontact.testing.scenarios.bench import Bench

NUMBERS = ("+14155550123", "+14155550124", "+14155550125")
ADDRESSES = ("kim@acme.example", "lee.moss@gmail.com", "pat@other.example")
BAD_DAYS = (
    Rates(find_unknown=0.3, find_try_again=0.2),
    Rates(try_again=0.4, auth_lapsed=0.05),
    Rates(lost_answer=0.5),
    Rates(exists=0.5, lost_answer=0.1),
    Rates(find_unknown=0.1, find_try_again=0.1, try_again=0.1, lost_answer=0.1, exists=0.2, auth_lapsed=0.02),
)
OPEN = BOOK.with_settings({"engagement": "any", "unknown_contact": {"default": "create"}})
"""Settings under which nearly everybody is created."""

_bench = Bench()


class Stories(RuleBasedStateMachine):
    """Deliveries, people and a CRM that fails by its seed, in any order."""

    world: World
    delivered: list[Interaction]

    @initialize(
        kind=st.sampled_from(["address_book", "clio", "lawmatics", "salesforce"]),
        seed=st.integers(0, 1000),
        rates=st.sampled_from(BAD_DAYS),
        lag=st.sampled_from([0, 0, 3, 30]),
        book=st.sampled_from([OPEN, BOOK]),
        batch=st.sampled_from([1, 3, 500]),
    )
    def begin(self, kind: str, seed: int, rates: Rates, lag: int, book: SettingsBook, batch: int) -> None:
        """A CRM of some kind, with some kind of bad days."""
        self.world = World(_bench.fresh(), kind, book=book, batch=batch)
        self.world.seed()
        if not self.world.address_book.capabilities().finds_written:
            lag = min(lag, LOOKS - 2)  # a lost answer is looked for by handle, so often
        self.world.behave(Hostile(self.world.address_book, seed, rates, search_lag=lag))
        self.delivered = []

    # --- what is delivered -----------------------------------------------------------------------

    def deliver(self, *facts: Interaction) -> None:
        """Deliver, and remember it to be delivered again."""
        self.delivered.extend(facts)
        self.world.receive(facts)

    @rule(
        which=st.integers(0, 3),
        number=st.sampled_from(NUMBERS),
        result=st.sampled_from(["answered", "missed"]),
        name=st.sampled_from(["", "DIAZ JO"]),
        recording=st.sampled_from(["", "https://rec.example/1"]),
    )
    def a_call(self, which: int, number: str, result: Any, name: str, recording: str) -> None:
        """A call, perhaps one that is known, with or without its recording."""
        seconds = 60 if result == "answered" else 0
        id = f"call {which} {number} {result}"
        self.deliver(
            call(id, at(0, which), number, result=result, seconds=seconds, name=name, recording=recording)
        )

    @rule(number=st.sampled_from(NUMBERS), minute=st.integers(0, 5), outbound=st.booleans())
    def a_text(self, number: str, minute: int, outbound: bool) -> None:
        """A text of a conversation, in any order."""
        direction = "outbound" if outbound else "inbound"
        id = f"text {number} {minute} {direction}"
        self.deliver(text(id, at(0, 9, minute), number, f"Words of {minute}", direction))  # type: ignore[arg-type]

    @rule(address=st.sampled_from(ADDRESSES), number=st.integers(0, 3))
    def a_mail(self, address: str, number: int) -> None:
        """A mail of a thread: one of theirs, or every other time one of ours."""
        sender, to = (address, "ana@firm.example") if number % 2 == 0 else ("ana@firm.example", address)
        id = f"mail {address} {number}"
        self.deliver(mail(id, at(0, 10, number), sender, to, "Kim Osei", f"thread {address}", "Words"))

    @rule(
        hour=st.integers(9, 12),
        revision=st.integers(1, 6),
        attendee=st.sampled_from(ADDRESSES),
        cancelled=st.booleans(),
    )
    def a_meeting(self, hour: int, revision: int, attendee: str, cancelled: bool) -> None:
        """A version of the one meeting."""
        self.deliver(
            meeting(
                "meeting", 0, "kim@acme.example",
                person("attendee", "ana@firm.example", reply="accepted"),
                person("attendee", attendee, "Pat Oh", reply="accepted"),
                revision=revision, starts=at(4, hour), status="cancelled" if cancelled else "confirmed",
            )
        )  # fmt: skip

    @precondition(lambda self: bool(self.delivered))
    @rule(data=st.data())
    def again(self, data: Any) -> None:
        """Something that was delivered is delivered again."""
        self.world.receive([data.draw(st.sampled_from(self.delivered))])

    # --- what is done -----------------------------------------------------------------------------

    @rule(wait=st.sampled_from([0, 1, 2 * HOUR]))
    def drain(self, wait: int) -> None:
        """The work that is due is done, as far as the CRM lets us."""
        self.world.clock.wait(wait)
        try:
            self.world.installation.drain()
        except AuthLapsed:
            self.world.clock.wait(MINUTE)

    # --- what people do -----------------------------------------------------------------------------

    @rule(handle=st.sampled_from((*NUMBERS, *ADDRESSES)))
    def a_person_adds(self, handle: str) -> None:
        """Somebody makes a contact by hand, whoever else bears the handle."""
        kind = "emails" if "@" in handle else "phones"
        self.world.people.add("contact", {"first_name": "Ivo", "last_name": "Well", kind: [handle]})

    @rule(handle=st.sampled_from((*NUMBERS, *ADDRESSES)))
    def a_person_deletes(self, handle: str) -> None:
        """Somebody deletes a contact, ours or not."""
        found = self.world.contact(handle)
        if found is not None:
            self.world.people.delete("contact", found["id"])

    @rule()
    def a_person_merges(self) -> None:
        """Somebody merges the two newest contacts."""
        contacts = self.world.people.list_contacts()
        if len(contacts) > 1:
            self.world.people.merge(contacts[-1]["id"], contacts[-2]["id"])

    @rule(answer=st.sampled_from(["create", "ignore", "choose"]))
    def a_person_rules(self, answer: str) -> None:
        """Somebody answers the oldest question."""
        for review in self.world.installation.open_reviews()[:1]:
            choose = review.candidates[0] if review.candidates else ""
            if answer == "choose" and not choose:
                return
            self.world.installation.rule(
                review.interaction,
                review.about,
                create={"first_name": "Lee", "last_name": "Moss"} if answer == "create" else None,
                ignore=answer == "ignore",
                choose=choose if answer == "choose" else "",
            )

    # --- what holds -----------------------------------------------------------------------------------

    @invariant()
    def nothing_is_there_twice(self) -> None:
        """At any time."""
        if hasattr(self, "world"):
            sentences.nothing_is_logged_twice(self.world)

    def teardown(self) -> None:
        """The CRM comes to its senses, and all sentences hold."""
        if hasattr(self, "world"):
            self.world.behave(Hostile(self.world.address_book))
            self.world.clock.wait(2 * HOUR)
            self.world.settle()
            sentences.hold(self.world, [Step(START, tuple(self.delivered))])


TestStories = Stories.TestCase
TestStories.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
