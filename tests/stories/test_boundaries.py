"""What happens at each boundary, one at a time: lagging searches, refusals, merges, races, late news."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import pytest
import sentences
from story import (
    BOOK,
    FAXER,
    JO,
    KIM,
    MISSED,
    START,
    STORY,
    TEXTER,
    Step,
    World,
    at,
    call,
    mail,
    meeting,
    person,
    take,
    text,
)

from firstcontact.connectors.contract import AuthLapsed, Delivery, Reading, Rejected, TryAgain
from firstcontact.flow.clock import HOUR, MINUTE
from firstcontact.flow.installation import Tally
from firstcontact.flow.live_look import LOOKS
from firstcontact.flow.problems import FlowProblem
from firstcontact.identity.records import ABSENT, Finding
from firstcontact.interactions.model import Handle, Interaction, encode
from firstcontact.interactions.rejection import Rejection
from firstcontact.ledger import reading
from firstcontact.ledger.sharding import shard_of
from firstcontact.planning.write import Write
from firstcontact.policy.scopes import SettingsBook
from firstcontact.testing.hostile import Hostile, Rates
from firstcontact.testing.scenarios.bench import Bench


class Odd(Hostile):
    """A CRM with one oddity: handles that its search misses, writes that it refuses, or something that
    happens meanwhile, once, before it answers a search or says how large it is (the last question before a
    decision)."""

    def __init__(self, world: World, **rates: float) -> None:
        super().__init__(world.address_book, rates=Rates(**rates))
        self.missed: set[str] = set()
        self.refused: Callable[[Write], Rejected | None] = lambda _: None
        self.before_find: Callable[[], None] | None = None
        self.before_size: Callable[[], None] | None = None
        self.before_apply: Callable[[Sequence[Write]], None] = lambda _: None
        world.behave(self)

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """As ever, but for what it misses."""
        meanwhile, self.before_find = self.before_find, None
        if meanwhile:
            meanwhile()
        found = super().find(handles)
        return {key: ABSENT if key in self.missed else one for key, one in found.items()}

    def size(self) -> int:
        """As ever."""
        meanwhile, self.before_size = self.before_size, None
        if meanwhile:
            meanwhile()
        return super().size()

    def apply(self, writes: Sequence[Write]) -> Sequence[Any]:
        """As ever, but for what it refuses."""
        self.before_apply(writes)
        refusals = [self.refused(write) for write in writes]
        sent = iter(super().apply([w for w, refusal in zip(writes, refusals, strict=True) if not refusal]))
        return [refusal or next(sent) for refusal in refusals]


def answered(id: str, minute: int, number: str = JO, **more: Any) -> Interaction:
    """An answered call."""
    return call(id, at(0, 9, minute), number, seconds=60, **more)


def deliver(world: World, *facts: Interaction) -> Tally:
    """Deliver and do all the work."""
    world.receive(facts)
    return world.settle()


def ours(world: World) -> list[dict[str, Any]]:
    """The contacts that we made."""
    return [contact for contact in world.people.list_contacts() if contact["created_by_us"]]


def activities(world: World) -> dict[tuple[str, ...], dict[str, Any]]:
    """The CRM's activities by the interactions they answer to."""
    return {tuple(sorted(one["interactions"])): one for one in world.people.list_activities()}


def stuck(world: World) -> list[tuple[str, str, str]]:
    """Kind, state and words of the writes that can't go on."""
    with world.ledger.read() as tx:
        return [(row.write.kind, row.state, row.problem) for row in reading.stuck(tx)]


def write_rows(world: World, interaction: str) -> dict[str, str]:
    """States of an interaction's writes by kind."""
    with world.ledger.read() as tx:
        return {row.write.kind: row.state for row in reading.writes_of(tx, interaction)}


# --- searches -------------------------------------------------------------------------------------------


def test_a_lagging_search_makes_no_second_contact(world: World) -> None:
    """A contact of ours that the search does not know yet is read by its id, call after call."""
    world.behave(Hostile(world.address_book, search_lag=1000))
    for number in range(5):
        deliver(world, answered(f"c{number}", number))
    assert [contact["phones"] for contact in ours(world)] == [[JO]]
    assert [one["contacts"] for one in activities(world).values()] == [[ours(world)[0]["id"]]] * 5


@pytest.mark.parametrize("fault", ["unknown", "try_again"])
def test_a_failed_search_creates_nobody(world: World, fault: Any) -> None:
    """Only absent permits creation: while searches fail, nothing is intended; when they work, all is done."""
    world.hostile.next_find(fault)
    world.receive([answered("c", 0)])
    assert world.installation.drain().retries == 1
    assert write_rows(world, "c") == {}
    assert (ours(world), activities(world)) == ([], {})
    world.settle()
    assert len(ours(world)) == len(activities(world)) == 1


def test_a_contact_made_by_hand_meanwhile_is_adopted(world: World) -> None:
    """Somebody makes the contact between our decision and our write: theirs is used."""
    world.receive([answered("c", 0)])
    world.installation.decide_due()
    id = world.people.add("contact", {"first_name": "Jo", "last_name": "Diaz", "phones": [JO]})
    assert world.settle().adopted == 1
    assert ours(world) == []
    assert activities(world)[("c",)]["contacts"] == [id]


def test_two_contacts_made_by_hand_meanwhile_are_asked_about(world: World) -> None:
    """Several contacts appear between our decision and our write: the creation is dropped, the question is
    asked, and the answer is carried out in full, once."""
    world.receive([answered("c", 0)])
    world.installation.decide_due()
    ids = [world.people.add("contact", {"last_name": name, "phones": [JO]}) for name in ("Diaz", "Ruiz")]
    world.settle()
    assert (ours(world), activities(world)) == ([], {})
    (review,) = world.installation.open_reviews()
    assert set(review.candidates) == set(ids)
    world.installation.rule("c", JO, choose=ids[1])
    world.settle()
    assert activities(world)[("c",)]["contacts"] == [ids[1]]
    assert [entry["interaction"] for entry in world.people.dump()["time_entries"]] == ["c"]
    sentences.hold(world, [Step(START, (answered("c", 0),))])


def test_a_name_for_a_contact_that_the_same_call_makes_waits_for_it(bench: Bench) -> None:
    """A caller without a name and, before anything is sent, the same one with a name: where contacts and
    activities go out together, the naming comes after the contact, and nothing is refused."""
    world = World(bench.fresh(), "address_book", indexed=True)
    world.settle()
    world.receive([answered("c", 0)])
    world.installation.decide_due()
    world.receive([answered("c2", 5, name="DIAZ JO")])
    world.installation.decide_due()
    world.settle()
    assert write_rows(world, "c2")["update_contact"] == "done"
    assert [contact["name"] for contact in ours(world)] == ["Jo Diaz"]


NO_BLOCK = SettingsBook.from_mapping(
    msgspec.to_builtins(BOOK.team), {"time_entry": True, "lead_blocks_creation": False}
)


def test_a_lead_made_by_hand_meanwhile_is_linked(world: World) -> None:
    """Somebody enters the lead between our decision and our write: no contact is made beside it."""
    world.receive([answered("c", 0)])
    world.installation.decide_due()
    id = world.people.add("lead", {"first_name": "Jo", "last_name": "Diaz", "phones": [JO]})
    world.settle()
    assert ours(world) == []
    assert activities(world)[("c",)]["leads"] == [id]
    sentences.hold(world, [Step(START, (answered("c", 0),))])


def test_a_lead_that_stops_nobody_does_not_stop_late_either(world: World) -> None:
    """Where leads do not block creation, one that appears meanwhile costs a second decision, no more."""
    world.installation.change_settings(NO_BLOCK)
    world.receive([answered("c", 0)])
    world.installation.decide_due()
    world.people.add("lead", {"first_name": "Jo", "last_name": "Diaz", "phones": [JO]})
    world.settle()
    assert [contact["phones"] for contact in ours(world)] == [[JO]]
    assert activities(world)[("c",)]["contacts"] == [ours(world)[0]["id"]]


def test_two_contacts_with_other_numbers_since(world: World) -> None:
    """A creation dropped for contacts who have other numbers since is intended anew, under its key."""
    world.receive([answered("c", 0)])
    world.installation.decide_due()
    ids = [world.people.add("contact", {"last_name": name, "phones": [JO]}) for name in ("Diaz", "Ruiz")]
    world.settle()
    for id in ids:
        world.people.edit("contact", id, {"phones": []})
    world.installation.rule("c", JO, create={"first_name": "Jo", "last_name": "Diaz"})
    world.settle()
    assert [contact["name"] for contact in ours(world)] == ["Jo Diaz"]
    assert activities(world)[("c",)]["contacts"] == [ours(world)[0]["id"]]


def test_a_person_wants_another_contact(world: World) -> None:
    """Several contacts bear the number, and a person says that it is none of them: one more is made, once."""
    for name in ("Diaz", "Ruiz"):
        world.people.add("contact", {"last_name": name, "phones": [JO]})
    deliver(world, answered("c", 0))
    world.installation.rule("c", JO, create={"first_name": "Mia", "last_name": "Sol"})
    world.settle()
    assert [contact["name"] for contact in ours(world)] == ["Mia Sol"]
    assert activities(world)[("c",)]["contacts"] == [ours(world)[0]["id"]]
    assert len(world.people.dump()["time_entries"]) == 1


# --- what the CRM answers ---------------------------------------------------------------------------------


def test_exists_is_adopted(world: World) -> None:
    """A duplicate rule names a contact that the search misses: it is the contact, and gets the activity."""
    id = world.people.add("contact", {"last_name": "Diaz", "phones": [JO]})
    Odd(world, exists=1.0).missed = {JO}
    assert deliver(world, answered("c", 0)).adopted == 1
    assert ours(world) == []
    assert activities(world)[("c",)]["contacts"] == [id]
    deliver(world, answered("c2", 5))
    assert activities(world)[("c2",)]["contacts"] == [id]
    assert ours(world) == []


def test_exists_as_a_lead_stands_until_the_search_sees_it(world: World) -> None:
    """A duplicate rule names a lead: no contact, and no activity on a contact that is none; the CRM's words
    are shown, and once the lead is found, it is linked."""
    id = world.people.add("lead", {"last_name": "Diaz", "phones": [JO]})
    odd = Odd(world, exists=1.0)
    odd.missed = {JO}
    deliver(world, answered("c", 0))
    assert (ours(world), activities(world)) == ([], {})
    assert stuck(world) == [("create_contact", "parked", "A lead with this handle exists.")]
    odd.missed = set()
    deliver(world, answered("c", 0, recording="https://rec.example/1"))
    assert activities(world)[("c",)]["leads"] == [id]
    assert ours(world) == []


def test_a_merged_contact_takes_the_survivors_place(world: World) -> None:
    """The contact on an activity is merged between our decision and our write: the survivor is on it."""
    ids = [
        world.people.add("contact", {"last_name": "Diaz", "emails": [f"jo{n}@acme.example"]}) for n in "ab"
    ]
    world.receive([mail("m", at(0, 9), "joa@acme.example", "ana@firm.example")])
    world.installation.decide_due()
    world.people.merge(ids[0], ids[1])
    world.settle()
    assert activities(world)[("m",)]["contacts"] == [ids[1]]
    assert write_rows(world, "m")["log_activity"] == "done"


def test_two_people_merged_into_one_are_one(world: World) -> None:
    """Both contacts on an activity are merged between our decision and our write: nobody is on it twice."""
    ids = [
        world.people.add("contact", {"last_name": "Diaz", "emails": [f"jo{n}@acme.example"]}) for n in "ab"
    ]
    fact = mail("m", at(0, 9), "joa@acme.example", "ana@firm.example")
    both = msgspec.structs.replace(fact, participants=(*fact.participants, person("cc", "job@acme.example")))
    world.receive([both])
    world.installation.decide_due()
    world.people.merge(ids[0], ids[1])
    world.settle()
    assert activities(world)[("m",)]["contacts"] == [ids[1]]


def refusing(kind: str) -> Callable[[Write], Rejected | None]:
    """Refuses writes of a kind as a validation rule does."""
    return lambda write: Rejected("Title is required.", ("title",)) if write.kind == kind else None


def test_a_refused_write_is_parked_and_what_builds_on_it_waits(world: World) -> None:
    """The CRM's words and the field are shown, others go on, and after a person's word it is sent again."""
    odd = Odd(world)
    odd.refused = refusing("create_contact")
    deliver(world, answered("c", 0), answered("f", 1, FAXER))
    assert stuck(world) == [("create_contact", "parked", "Title is required. (title)")]
    assert write_rows(world, "c") == {
        "create_contact": "parked",
        "log_activity": "waiting",
        "time_entry": "waiting",
    }
    assert activities(world)[("f",)]["contacts"] == ["p-fax"]
    deliver(world, answered("c2", 5))
    assert set(activities(world)) == {("f",)}, "nobody is made beside the parked contact"
    odd.refused = lambda _: None
    with world.ledger.read() as tx:
        (row,) = reading.stuck(tx)
    world.installation.answer_stuck(row.write.key)
    world.settle()
    assert set(activities(world)) == {("c",), ("c2",), ("f",)}
    assert len(ours(world)) == 1
    assert len(world.people.dump()["time_entries"]) == 3
    assert stuck(world) == []
    with pytest.raises(FlowProblem, match="no stuck write"):
        world.installation.answer_stuck(row.write.key)


def test_a_refused_activity_is_sent_again_when_it_changes(world: World) -> None:
    """A parked activity takes in what changed and is tried again, with what belongs to it."""
    odd = Odd(world)
    odd.refused = lambda w: (
        Rejected("No body.", ("body",))
        if w.kind == "log_activity" and not getattr(w.fields, "recording", "")
        else None
    )
    deliver(world, answered("c", 0))
    assert stuck(world) == [("log_activity", "parked", "No body. (body)")]
    deliver(world, answered("c", 0, recording="https://rec.example/1"))
    assert stuck(world) == []
    assert activities(world)[("c",)]["recording"] == "https://rec.example/1"
    assert len(world.people.dump()["time_entries"]) == 1


def test_a_contact_deleted_before_the_write_is_decided_again(world: World) -> None:
    """A person deletes the contact between decision and write: the activity is decided again and logged
    without them, and nobody is made in their place."""
    id = world.people.add("contact", {"last_name": "Diaz", "phones": [JO]})
    world.receive([answered("c", 0)])
    world.installation.decide_due()
    world.people.delete("contact", id)
    world.settle()
    assert stuck(world) == []
    assert activities(world)[("c",)]["contacts"] == []
    assert ours(world) == []


def test_however_many_are_refused_who_is_gone_is_read_once(world: World) -> None:
    """Of three refused activities one is about a deleted contact and decided again, two are parked, and
    the CRM is asked once whom it still has."""
    numbers = [f"+1415555017{digit}" for digit in (1, 2, 3)]
    there = [world.people.add("contact", {"last_name": "Diaz", "phones": [phone]}) for phone in numbers]
    odd = Odd(world)
    odd.refused = lambda w: Rejected("No.") if w.kind == "log_activity" and w.fields.people else None
    asked: list[Sequence[str]] = []
    read = odd.read

    def counted(ids: Sequence[str]) -> Any:
        asked.append(ids)
        return read(ids)

    world.receive([answered(f"c{place}", 0, phone) for place, phone in enumerate(numbers)])
    world.installation.decide_due()
    world.people.delete("contact", there[1])
    odd.read = counted  # type: ignore[method-assign]
    world.installation.drain()
    assert asked == [sorted(there)]
    assert [line[:2] for line in stuck(world)] == [("log_activity", "parked")] * 2
    assert list(activities(world)) == [("c1",)]


def test_what_cannot_be_asked_waits_for_a_person(bench: Bench) -> None:
    """Where a CRM neither finds a write by its key nor refuses a second one, a lost answer is never followed
    by a second request for an activity; the contact is found by its handle."""
    world = World(bench.fresh(), "blind")
    world.seed()
    world.hostile.next_apply("lost_answer")
    world.receive([answered("c", 0)])
    world.installation.drain()
    world.clock.wait(HOUR)
    world.hostile.next_apply("lost_answer")
    world.installation.drain()
    world.clock.wait(HOUR)
    world.installation.drain()
    (line,) = stuck(world)
    assert line[:2] == ("log_activity", "unclear")
    assert "Lawmatics can't be asked" in line[2]
    assert write_rows(world, "c")["create_contact"] == "done"
    assert len(ours(world)) == 1
    world.settle()
    assert len(activities(world)) == 1
    sentences.everything_of_ours_is_explained(world)
    assert stuck(world) == []


def test_a_lost_contact_is_known_by_its_mark(bench: Bench) -> None:
    """The answer to a creation was lost, and a person has made a contact of the same number since: ours is
    the one with our mark, and the ledger says so."""
    world = World(bench.fresh(), "blind")
    world.seed()
    world.hostile.next_apply("lost_answer")
    world.receive([answered("c", 0)])
    world.installation.drain()
    world.people.add("contact", {"last_name": "Diaz", "phones": [JO]})
    world.settle()
    assert activities(world)[("c",)]["contacts"] == [ours(world)[0]["id"]]
    sentences.everything_of_ours_is_explained(world)


def test_a_lost_contact_that_the_search_does_not_see_yet(bench: Bench) -> None:
    """The answer to a creation was lost and the search lags behind: the contact is looked for half an hour
    before its absence is believed."""
    world = World(bench.fresh(), "blind")
    world.seed()
    world.behave(Hostile(world.address_book, search_lag=LOOKS - 2))
    world.hostile.next_apply("lost_answer")
    world.receive([answered("c", 0)])
    world.settle()
    assert len(ours(world)) == 1
    assert activities(world)[("c",)]["contacts"] == [ours(world)[0]["id"]]
    sentences.everything_of_ours_is_explained(world)


def test_a_contact_that_never_arrived_is_made(bench: Bench) -> None:
    """A process was killed right before the request: after half an hour of looking, the contact is made."""
    world = World(bench.fresh(), "blind")
    world.seed()
    odd = Odd(world)

    def die(_: Sequence[Write]) -> None:
        raise KeyboardInterrupt

    odd.before_apply = die
    world.receive([answered("c", 0)])
    with pytest.raises(KeyboardInterrupt):
        world.installation.drain()
    odd.before_apply = lambda _: None
    started = world.clock.now()
    world.settle()
    assert len(ours(world)) == len(activities(world)) == 1
    assert 20 * MINUTE < world.clock.now() - started < HOUR


def test_a_change_does_not_send_what_is_unclear(bench: Bench) -> None:
    """News of an interaction whose activity may or may not be in the CRM waits with it."""
    world = World(bench.fresh(), "blind")
    world.seed()
    deliver(world, answered("c", 0))
    world.receive([text("t1", at(0, 15), JO, "Word 1")])
    world.hostile.next_apply("lost_answer")
    world.installation.drain()
    world.clock.wait(HOUR)
    world.receive([text("t2", at(0, 15, 1), JO, "Word 2")])
    world.installation.drain()
    assert [state for _, state, _ in stuck(world)] == ["unclear"]
    assert len(activities(world)) == 2
    world.settle()
    assert activities(world)[("t1", "t2")]["body"].count("Word") == 2


def test_a_lapsed_permission_is_no_unclear_answer(bench: Bench) -> None:
    """Nothing was carried out: the connection is paused for everybody until a person says that the permission
    is back; then everything is sent, and nobody is asked."""
    world = World(bench.fresh(), "blind")
    world.seed()
    deliver(world, answered("c", 0))
    world.receive([answered("c2", 5)])
    world.hostile.next_apply("auth_lapsed")
    for _ in range(2):
        with pytest.raises(AuthLapsed):
            world.installation.drain()
    assert world.installation.resume()
    world.installation.drain()
    assert len(activities(world)) == 2
    assert stuck(world) == []


def test_a_permission_that_lapses_after_a_write_doubles_nothing(bench: Bench) -> None:
    """Of two activities one is carried out and the other is to follow a merge, which can't be asked any more:
    the first is there once, also in a CRM that takes the same write twice."""
    world = World(bench.fresh(), "blind")
    ids = [
        world.people.add("contact", {"last_name": "Diaz", "emails": [f"jo{n}@acme.example"]}) for n in "abc"
    ]
    world.receive([mail(one, at(0, 9), f"jo{one}@acme.example", "ana@firm.example") for one in "ac"])
    world.installation.decide_due()
    world.people.merge(ids[0], ids[1])
    odd, lapses = Odd(world), [AuthLapsed("The permission has been taken away.")]
    applied: list[Sequence[Write]] = []
    odd.before_apply = applied.append
    read = odd.read

    def lapsing(asked: Sequence[str]) -> Mapping[str, Any]:
        if applied and lapses:
            raise lapses.pop()
        return read(asked)

    odd.read = lapsing  # type: ignore[method-assign]
    try:
        world.settle()
    except AuthLapsed:
        world.installation.resume()
        world.settle()
    assert not lapses
    assert sorted(one["contacts"] for one in world.people.list_activities()) == sorted([[ids[1]], [ids[2]]])


def test_what_was_sent_is_looked_for_until_it_is_answered(bench: Bench) -> None:
    """A request that got no answer arrives late, after the CRM was too busy for the next one: what it wrote
    is found, and not written again."""
    world = World(bench.fresh(), "clio")
    world.people.add("contact", {"last_name": "Diaz", "emails": ["jo@acme.example"]})
    odd = Odd(world)
    odd.next_apply("lost_request")
    odd.next_apply("try_again")
    applied: list[Sequence[Write]] = []

    def arriving(writes: Sequence[Write]) -> None:
        applied.append(writes)
        if len(applied) == 2:
            world.address_book.apply(applied[0])

    odd.before_apply = arriving
    deliver(world, mail("m", at(0, 9), "jo@acme.example", "ana@firm.example"))
    assert len(applied) == 2
    assert len(world.people.list_activities()) == 1
    assert write_rows(world, "m")["log_activity"] == "done"


class Busy(Hostile):
    """A CRM of which one method is busy, once."""

    def __init__(self, world: World, method: str) -> None:
        super().__init__(world.address_book)
        inner = getattr(self, method)
        setattr(self, method, self._once(method, inner))
        world.behave(self)

    def _once(self, method: str, inner: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*_: Any) -> Any:
            setattr(self, method, inner)
            raise TryAgain("The CRM is busy.", 5)

        return asked


@pytest.mark.parametrize(
    "method", ["users", "find", "read", "accounts", "matters", "changed_since", "size", "apply", "written"]
)
def test_each_question_may_fail_once(world: World, method: str) -> None:
    """Whatever can be asked may answer that it is busy: the work is put off and then done."""
    world.people.add("matter", {"id": "m", "contact": "p-fax", "name": "Xu", "open": True})
    deliver(world, answered("f", 0, FAXER))
    Busy(world, method)
    if method == "written":
        world.hostile.next_apply("lost_answer")
    deliver(world, answered("c", 1), answered("f2", 2, FAXER))
    assert set(activities(world)) == {("c",), ("f",), ("f2",)}
    assert len(ours(world)) == 1


# --- changes ----------------------------------------------------------------------------------------------


def test_texts_of_a_day_are_one_activity(world: World) -> None:
    """In different drains and against the order of time, the day's activity has every message in order, and
    answers to each; the next day has its own."""
    order = [3, 1, 5, 2, 4]
    for number in order:
        direction = "outbound" if number % 2 == 0 else "inbound"
        deliver(world, text(f"t{number}", at(0, 15, number), TEXTER, f"Word {number}", direction))  # type: ignore[arg-type]
    deliver(world, text("t6", at(1, 15), TEXTER, "Word 6"))
    day = activities(world)[("t1", "t2", "t3", "t4", "t5")]
    assert day["body"].split("\n") == [
        "10:01 ← Word 1",
        "10:02 → Word 2",
        "10:03 ← Word 3",
        "10:04 → Word 4",
        "10:05 ← Word 5",
    ]
    assert day["direction"] == "inbound"
    assert activities(world)[("t6",)]["body"] == "10:00 ← Word 6"


def test_texts_in_one_drain_after_the_first(world: World) -> None:
    """Several more messages at once make one change of the day's activity, with all of them."""
    deliver(world, text("t0", at(0, 15), TEXTER, "Word 0"))
    more = [text(f"t{n}", at(0, 15, n), TEXTER, f"Word {n}") for n in range(1, 9)]
    assert deliver(world, *more).written == 1
    (day,) = activities(world).values()
    assert day["body"].count("Word") == 9
    assert len(day["interactions"]) == 9


def test_an_older_change_never_overtakes_a_newer_one(world: World) -> None:
    """A change that has to wait is carried out within the newer one, not after it."""
    deliver(world, text("t0", at(0, 15), TEXTER, "Word 0"))
    world.hostile.next_apply("try_again")
    world.receive([text("t1", at(0, 15, 1), TEXTER, "Word 1")])
    world.installation.drain()
    world.receive([text("t2", at(0, 15, 2), TEXTER, "Word 2")])
    world.installation.drain()
    world.settle()
    (day,) = activities(world).values()
    assert day["body"].count("Word") == 3
    assert sorted(day["interactions"]) == ["t0", "t1", "t2"]


def test_a_lost_older_change_never_overtakes_a_newer_one(world: World) -> None:
    """As above, where the CRM carried the older one out and its answer was lost."""
    deliver(world, text("t0", at(0, 15), TEXTER, "Word 0"))
    world.hostile.next_apply("lost_answer")
    world.receive([text("t1", at(0, 15, 1), TEXTER, "Word 1")])
    world.installation.drain()
    deliver(world, text("t2", at(0, 15, 2), TEXTER, "Word 2"))
    (day,) = activities(world).values()
    assert day["body"].count("Word") == 3


def test_changes_before_the_activity_is_made_are_made_with_it(world: World) -> None:
    """While an import is held, later batches of a day's texts go into the write that makes the activity."""
    for number in range(4):
        world.receive([text(f"t{number}", at(0, 15, number), TEXTER, f"Word {number}")])
        world.installation.decide_due(held=True)
    with world.ledger.write() as tx:
        from firstcontact.ledger import writing

        writing.release_held(tx, world.clock.now())
    assert world.settle().written == 2
    (day,) = activities(world).values()
    assert day["body"].count("Word") == 4


def test_a_meeting_moved_to_and_fro(world: World) -> None:
    """Each version is carried out, also one that equals an earlier one; a cancellation is shown."""
    world.people.add("contact", {"last_name": "Osei", "emails": [KIM]})
    hours = [9, 15, 9, 15, 9]
    for revision, hour in enumerate(hours, 1):
        deliver(world, _meeting(revision, hour))
        (one,) = activities(world).values()
        assert one["at"] == at(4, hour)
    deliver(world, _meeting(9, 9, status="cancelled"))
    (one,) = activities(world).values()
    assert one["subject"] == "Cancelled: Plans"


def _meeting(revision: int, hour: int, **more: Any) -> Interaction:
    attendee = person("attendee", "ana@firm.example", reply="accepted")
    return meeting("meet", 0, KIM, attendee, revision=revision, starts=at(4, hour), **more)


def test_a_late_recording_is_added_and_an_edit_stays(world: World) -> None:
    """What came late is written into the activity there is; the subject that a person wrote stays."""
    deliver(world, answered("c", 0, name="DIAZ JO"))
    (one,) = activities(world).values()
    world.people.edit("activity", one["id"], {"subject": "My words"})
    deliver(world, answered("c", 0, name="DIAZ JO", recording="https://rec.example/1"))
    (one,) = activities(world).values()
    assert (one["recording"], one["subject"]) == ("https://rec.example/1", "My words")
    assert "https://rec.example/1" in one["body"]


def test_who_comes_second_is_named_like_the_first(world: World) -> None:
    """Two calls of one stranger in one batch, and one after: all three are with the person by name."""
    deliver(world, answered("c1", 0, name="DIAZ JO"), answered("c2", 1, name="DIAZ JO"))
    deliver(world, answered("c3", 2))
    assert {one["subject"] for one in activities(world).values()} == {"Call from Jo Diaz"}


def test_a_placeholder_on_its_way_takes_the_name(world: World) -> None:
    """The name is seen while the placeholder's creation is being retried: it is taken all the same."""
    world.hostile.next_apply("try_again")
    world.receive([answered("c1", 0)])
    world.installation.drain()
    deliver(world, answered("c2", 1, name="DIAZ JO"))
    (contact,) = ours(world)
    assert (contact["name"], contact["placeholder"]) == ("Jo Diaz", False)


# --- races ------------------------------------------------------------------------------------------------


def test_news_during_a_decision_is_not_lost(world: World) -> None:
    """A fact that changes between look-up and decision stays due and is decided as it is then."""
    odd = Odd(world)

    def meanwhile() -> None:
        world.clock.wait(1)
        world.receive([answered("c", 0, recording="https://rec.example/1")])

    odd.before_find = meanwhile
    deliver(world, answered("c", 0))
    assert activities(world)[("c",)]["recording"] == "https://rec.example/1"


def test_two_workers_race_for_one_stranger(world: World) -> None:
    """Another worker decides on the same handle between our look-up and our decision: one contact, and every
    interaction is logged once on it, also the texts of one day."""
    odd = Odd(world)
    facts = [answered("c1", 0), answered("c2", 1), text("t1", at(0, 15), JO, "Word 1"),
             text("t2", at(0, 15, 1), JO, "Word 2")]  # fmt: skip
    lanes = world.installation.lanes
    mine = lanes.claim(only=[shard_of(facts[0])])
    theirs = lanes.claim()
    assert mine is not None
    assert theirs is not None
    decided = []
    odd.before_size = lambda: decided.append(world.installation.decide_due(theirs).decided)
    world.receive(facts)
    world.installation.drain(mine)
    lanes.release(mine)
    lanes.release(theirs)
    assert decided == [3]
    world.settle()
    assert len(ours(world)) == 1
    assert set(activities(world)) == {("c1",), ("c2",), ("t1", "t2")}
    sentences.hold(world, [Step(START, tuple(facts))])


def test_a_receipt_that_comes_while_another_write_waits(world: World) -> None:
    """Another worker makes the contact between our looking for it and our answer: its activity, marked as
    waiting in the transaction that looked, is woken by the receipt and does not wait for ever."""
    odd = Odd(world)

    def meanwhile(writes: Sequence[Write]) -> None:
        if any(write.kind == "log_activity" for write in writes):
            odd.before_apply = lambda _: None
            made.append(world.installation.carry_out_due(theirs).created)

    first, second, known = answered("c1", 0), answered("c2", 1), answered("f", 2, FAXER)
    lanes = world.installation.lanes
    theirs = lanes.claim(only=[shard_of(first)])
    mine = lanes.claim()
    assert theirs is not None
    assert mine is not None
    made: list[int] = []
    world.receive([first])
    world.installation.decide_due(theirs)
    world.receive([second, known])
    odd.before_apply = meanwhile
    world.installation.drain(mine)
    lanes.release(mine)
    lanes.release(theirs)
    assert made == [1]
    world.settle()
    assert set(activities(world)) == {("c1",), ("c2",), ("f",)}
    assert len(ours(world)) == 1


# --- again ------------------------------------------------------------------------------------------------


def test_everything_again_is_known(world: World) -> None:
    """A second import of everything, rejections too, counts known deliveries and nothing else."""
    items = [(Delivery("story", fact.id, encode(fact)), "1") for step in STORY[:9] for fact in step.facts]
    bad = (Rejection("mbox: message 3", "cut_off", "it ends in its headers"), "2")

    def read(delivery: Delivery) -> Reading:
        from firstcontact.interactions.model import decode

        return Reading((decode(delivery.raw),))

    first = world.installation.receive([*items, bad], read) + world.settle()
    assert (first.deliveries, first.rejected) == (len(items), 1)
    again = world.installation.receive([*items, bad], read) + world.settle()
    assert again == Tally(known_deliveries=len(items))


def test_a_deleted_contact_is_not_made_again(world: World) -> None:
    """A person deletes a contact of ours: later calls are logged without anybody, whatever is delivered."""
    deliver(world, answered("c1", 0))
    world.people.delete("contact", ours(world)[0]["id"])
    deliver(world, answered("c2", 5), answered("c1", 0, recording="https://rec.example/1"))
    world.clock.wait(60 * MINUTE)
    deliver(world, answered("c3", 9))
    assert ours(world) == []
    assert [one["contacts"] for one in activities(world).values()] == [[], [], []]


def test_log_by_hand_twice_is_once(world: World) -> None:
    """A person who logs the same call by hand again makes no second contact and no second activity."""
    deliver(world, call("c", at(0, 9), MISSED, result="missed"))
    for _ in range(2):
        world.installation.log_by_hand("c", "ana", create={"first_name": "Mia", "last_name": "Sol"})
        world.settle()
    assert [contact["name"] for contact in ours(world)] == ["Mia Sol"]
    assert len(activities(world)) == 1


def test_the_story_on_one_at_a_time(bench: Bench) -> None:
    """How many are decided at once changes nothing of what comes about."""
    from story import left_behind

    left = []
    for batch in (1, 500):
        world = World(bench.fresh(), "address_book", batch=batch)
        world.seed()
        for step in STORY:
            take(world, step)
        left.append(left_behind(world))
    assert left[0] == left[1]
