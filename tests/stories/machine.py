"""The state machine of DESIGN §5: deliveries, people, settings, crashes and a CRM that fails by its seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import hypothesis.strategies as st
import sentences
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from remembering import Remembering
from sqlalchemy import select, update
from story import BOOK, LINE, START, Step, World, at, call, mail, meeting, person, text

from firstcontact.connectors.contract import AuthLapsed, Delivery, Reading
from firstcontact.flow.clock import HOUR, MINUTE
from firstcontact.flow.installation import Installation
from firstcontact.flow.problems import FlowProblem
from firstcontact.interactions.model import Attachment, Fax, Interaction, decode, encode
from firstcontact.lanes.leases import LeaseLost
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.sharding import SHARDS
from firstcontact.ledger.tables import lanes, writes
from firstcontact.policy.scopes import SettingsBook
from firstcontact.testing.bystander import Bystander
from firstcontact.testing.hostile import Hostile, Rates
from firstcontact.testing.scenarios.bench import Bench

NUMBERS = ("+14155550123", "+14155550124", "+14155550125")
ADDRESSES = ("kim@acme.example", "lee.moss@gmail.com", "pat@other.example")
HANDLES = (*NUMBERS, *ADDRESSES)
KINDS = ("address_book", "clio", "blind", "salesforce")
INDEXED = ("clio", "salesforce")

BAD_DAYS = (
    Rates(find_unknown=0.3, find_try_again=0.2),
    Rates(try_again=0.4, auth_lapsed=0.05, apply_try_again=0.2),
    Rates(lost_answer=0.3, lost_request=0.3),
    Rates(cut=0.5),
    Rates(exists=0.5, lost_answer=0.1),
    Rates(rejected=0.3),
    Rates(adds=0.1, edits=0.1, deletes=0.1, merges=0.1),
    Rates(
        find_unknown=0.1, find_try_again=0.1, read_try_again=0.1, apply_try_again=0.1, try_again=0.1,
        lost_request=0.1, lost_answer=0.1, cut=0.1, rejected=0.05, exists=0.2, auth_lapsed=0.02,
        adds=0.05, edits=0.05, deletes=0.05, merges=0.05,
    ),
)  # fmt: skip

OPEN = BOOK.with_settings({"engagement": "any", "unknown_contact": {"default": "create"}})
"""Settings under which nearly everybody is created."""
CAREFUL = OPEN.with_settings({"brakes": {"creates_per_hour": 2}, "autonomy": {"create": "ask"}})
"""Settings under which people are asked, and the brake is on soon."""
BOOKS = (OPEN, BOOK, CAREFUL)


def fax(id: str, when: int, other: str) -> Fax:
    """A fax of one file to the firm's line."""
    return Fax(
        id=id, source="story", source_id=id, conversation=id, at=when, direction="inbound", pages=1,
        participants=(person("from", other), person("to", LINE)),
        attachments=(Attachment("letter.pdf", "application/pdf", 10, f"https://fax.example/{id}"),),
    )  # fmt: skip


def reader(delivery: Delivery) -> Reading:
    """A story's deliveries are facts already."""
    return Reading((decode(delivery.raw),))


def lanes_are_free(ledger: Ledger) -> None:
    """Whoever had leases is gone: its process has ended, or they have run out."""
    with ledger.write() as tx:
        tx.execute(update(lanes).values(until=0))


class Crash(BaseException):
    """The process ends here; nothing in it may catch this."""


class Stories(RuleBasedStateMachine):
    """Anything that can happen to an installation at a kind of CRM, in any order."""

    bench: Bench = Bench()
    kind = "address_book"
    indexed = False
    world: World
    delivered: list[Interaction]
    people: Remembering

    @initialize(
        seed=st.integers(0, 1000),
        rates=st.sampled_from(BAD_DAYS),
        lag=st.sampled_from([0, 300]),
        page=st.sampled_from([0, 1]),
        clock_off=st.sampled_from([0, HOUR, -HOUR]),
        book=st.sampled_from((OPEN, *BOOKS)),
        batch=st.sampled_from([1, 3, 500]),
        waits=st.sampled_from([0, MINUTE, MINUTE]),
    )
    def begin(
        self, seed: int, rates: Rates, lag: int, page: int, clock_off: int, book: SettingsBook, batch: int,
        waits: int,
    ) -> None:  # fmt: skip
        """Some kind of bad days; whether work is done as soon as it comes."""
        self.seed, self.rates, self.batch, self.waits = seed, rates, batch, waits
        self.lag, self.page, self.clock_off = lag, page, clock_off
        self.engines = self.bench.fresh()
        self.at_boundary: Callable[[str], None] | None = None
        self.delivered = []
        self.start(book, START)
        self.world.seed()
        self.many_calls(hour=0, numbers=[NUMBERS[0], NUMBERS[1], NUMBERS[0]])

    def start(self, book: SettingsBook, now: int) -> None:
        """A process starts on the databases as they are."""
        self.world = World(
            self.engines, self.kind, now, tick=self.tick, book=book, batch=self.batch, indexed=self.indexed
        )
        self.world.installation.reader = reader
        remembered = getattr(self, "people", None)
        self.people = self.world.people = Remembering(self.world.address_book, self.made_by_us)
        if remembered is not None:
            self.people.edited, self.people.deleted = remembered.edited, remembered.deleted
        self.misbehave()

    def misbehave(self) -> None:
        """The CRM has its bad days, which the seed says."""
        self.seed += 1
        self.world.behave(
            Hostile(
                self.world.address_book, self.seed, self.rates, search_lag=self.lag,
                clock=self.world.clock.now, page=self.page, clock_off=self.clock_off, lapse=3,
                bystander=Bystander(self.people),
            )
        )  # fmt: skip

    def made_by_us(self) -> set[str]:
        """Ids of the contacts that the ledger says we made."""
        query = select(writes.c.record).where(writes.c.kind == "create_contact", writes.c.created == 1)
        with self.world.ledger.read() as tx:
            return set(tx.scalars(query))

    def tick(self, boundary: str) -> None:
        """Between the process and the world."""
        if self.at_boundary is not None:
            self.at_boundary(boundary)

    # --- what is delivered -----------------------------------------------------------------------

    def deliver(self, *facts: Interaction) -> None:
        """Deliver, and remember it to be delivered again."""
        self.delivered.extend(facts)
        self.world.receive(facts)
        if self.waits:
            self.drain(self.waits)

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

    @rule(hour=st.integers(0, 2), numbers=st.lists(st.sampled_from(NUMBERS), min_size=2, max_size=5))
    def many_calls(self, hour: int, numbers: list[str]) -> None:
        """Some people call at once, one of them more than once."""
        facts = [
            call(f"busy {hour} {n} {number}", at(1, hour, n), number, seconds=60, name="DIAZ JO")
            for n, number in enumerate(numbers)
        ]
        self.deliver(*facts, mail(f"busy mail {hour}", at(1, hour), "ana@firm.example", ADDRESSES[hour]))

    @rule(number=st.sampled_from(NUMBERS), hour=st.integers(0, 2))
    def a_fax(self, number: str, hour: int) -> None:
        """A fax with its file."""
        self.deliver(fax(f"fax {number} {hour}", at(1, hour), number))

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

    @rule(number=st.sampled_from(NUMBERS), which=st.integers(4, 9), live=st.booleans())
    def a_file_is_imported(self, number: str, which: int, live: bool) -> None:
        """Two calls of long ago come in a file, or are only stored as they come."""
        facts = [call(f"old {each} {number}", at(-9, 0, each), number, seconds=9) for each in (which, 4)]
        self.delivered.extend(facts)
        items = [Delivery("story", fact.id, encode(fact)) for fact in facts]
        if live:
            self.world.installation.accept(items)
        else:
            self.world.installation.receive([(item, "") for item in items], reader, live=False)

    # --- what is done -----------------------------------------------------------------------------

    @rule(wait=st.sampled_from([0, 1, 5 * MINUTE, 2 * HOUR]))
    def drain(self, wait: int) -> None:
        """The work that is due is done, as far as the CRM lets us."""
        self.world.clock.wait(wait)
        self.work(self.world.installation)

    def work(self, installation: Installation, most: int = SHARDS) -> None:
        """A worker takes lanes that are free, and does what is due there."""
        with suppress(AuthLapsed, LeaseLost), installation.lanes.leased(most) as lease:
            if lease is not None:
                installation.drain(lease)
        sentences.nothing_is_logged_twice(self.world)

    @rule(boundary=st.integers(1, 60))
    def crash(self, boundary: int) -> None:
        """The process ends at a boundary; another starts on what it left."""
        seen = 0

        def end(_: str) -> None:
            nonlocal seen
            seen += 1
            if seen >= boundary:  # from here on it can do nothing more
                raise Crash

        try:
            with self.told(end):
                self.work(self.world.installation)
        except Crash:
            self.start(self.world.installation.book, self.world.clock.now())
            lanes_are_free(self.world.ledger)

    @contextmanager
    def told(self, at_boundary: Callable[[str], None]) -> Iterator[None]:
        """Each boundary is told of, for a while."""
        self.at_boundary = at_boundary
        try:
            yield
        finally:
            self.at_boundary = None

    @rule(boundary=st.integers(1, 12), mine=st.sampled_from([5, SHARDS]), over=st.booleans())
    def two_workers(self, boundary: int, mine: int, over: bool) -> None:
        """While one worker is in a CRM call, another does what is due in the other lanes; or in these, too,
        since the first was away for longer than its lease holds."""
        seen = 0

        def meanwhile(name: str) -> None:
            nonlocal seen
            seen += name.startswith("crm:") and name != "crm: before apply"
            if seen == boundary:
                seen += 1
                self.at_boundary = None
                if over:
                    lanes_are_free(self.world.ledger)
                self.work(self.other_worker())

        with self.told(meanwhile):
            self.work(self.world.installation, most=mine)

    def other_worker(self) -> Installation:
        """Another worker on the same ledger, at the same CRM."""
        mine = self.world.installation
        return Installation(
            book=mine.book, ledger=Ledger(mine.ledger.engine), crm=self.world.hostile,
            clock=self.world.clock, batch=self.batch, reader=reader, watch=mine.watch,
            indexed=self.indexed, poll_every=mine.poll_every,
        )  # fmt: skip

    @rule(jump=st.sampled_from([-HOUR, -MINUTE, HOUR, 30 * 24 * HOUR]))
    def the_clock_jumps(self, jump: int) -> None:
        """The machine's clock is set."""
        self.world.clock.wait(jump)

    @rule()
    def settle(self) -> None:
        """The CRM comes to its senses, all work is done, and everything that has to hold does."""
        self.world.behave(Hostile(self.world.address_book))
        self.world.installation.resume()
        self.world.installation.release_brake("ana")
        self.world.clock.wait(2 * HOUR)
        self.world.installation.try_stuck_again()
        self.world.settle()
        if self.world.installation.try_stuck_again():  # what was set aside after a third crash in a row
            self.world.settle()
        sentences.hold(self.world, [Step(START, tuple(self.delivered))])
        self.people.everything_people_set_stays()
        self.people.nobody_deleted_is_made_again()
        self.misbehave()

    # --- what people do -----------------------------------------------------------------------------

    @rule(handle=st.sampled_from(HANDLES))
    def a_person_adds(self, handle: str) -> None:
        """Somebody makes a contact by hand, whoever else bears the handle."""
        kind = "emails" if "@" in handle else "phones"
        self.people.add("contact", {"first_name": "Ivo", "last_name": "Well", kind: [handle]})

    @rule(handle=st.sampled_from(HANDLES), name=st.sampled_from(["Hart", "Oh"]))
    def a_person_names(self, handle: str, name: str) -> None:
        """Somebody gives a contact its name."""
        found = self.world.contact(handle)
        if found is not None:
            self.people.edit("contact", found["id"], {"first_name": "Uma", "last_name": name})

    @rule(handle=st.sampled_from(HANDLES))
    def a_person_deletes(self, handle: str) -> None:
        """Somebody deletes a contact, ours or not."""
        found = self.world.contact(handle)
        if found is not None:
            self.people.delete("contact", found["id"])

    @rule()
    def a_person_merges(self) -> None:
        """Somebody merges the two newest contacts."""
        contacts = self.people.list_contacts()
        if len(contacts) > 1:
            self.people.merge(contacts[-1]["id"], contacts[-2]["id"])

    @rule(which=st.integers(0, 5), field=st.sampled_from(["subject", "body"]))
    def a_person_edits_an_activity(self, which: int, field: str) -> None:
        """Somebody changes what was logged."""
        logged = self.people.list_activities()
        if logged:
            self.people.edit("activity", logged[which % len(logged)]["id"], {field: "As I remember it"})

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

    @precondition(lambda self: bool(self.delivered))
    @rule(data=st.data(), create=st.booleans())
    def a_person_logs_by_hand(self, data: Any, create: bool) -> None:
        """Somebody logs an interaction by hand, perhaps making its contact."""
        fact = data.draw(st.sampled_from(self.delivered))
        made = {"first_name": "Mia", "last_name": "Sol"} if create else None
        try:
            self.world.installation.log_by_hand(fact.id, "ana", create=made)
        except FlowProblem:
            return  # not decided yet, or a person who may not be made

    @rule()
    def a_person_looks_at_what_is_stuck(self) -> None:
        """The rules that refused writes are lifted, all that is stuck is tried again, and what is unclear is
        looked at."""
        self.world.hostile.lift_rules()
        self.world.installation.try_stuck_again()
        self.world.look_at_unclear()

    @rule()
    def a_person_signs_in_again(self) -> None:
        """The CRM connection's permission is back."""
        self.world.installation.resume()

    @rule(book=st.sampled_from(BOOKS))
    def the_settings_change(self, book: SettingsBook) -> None:
        """The team decides otherwise."""
        self.world.installation.change_settings(book)

    @rule()
    def the_brake_is_released(self) -> None:
        """Somebody says: go on."""
        self.world.installation.release_brake("ana")

    def teardown(self) -> None:
        """All sentences hold at the end."""
        if hasattr(self, "world"):
            self.settle()
