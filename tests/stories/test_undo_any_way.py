"""Whatever happened before: taking everything back leaves the CRM as it was, but for what people did."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from story import MEG, World, at, call, mail, meeting, person, text

from firstcontact.flow.clock import HOUR
from firstcontact.flow.undo import Chosen, remove
from firstcontact.testing.scenarios.bench import Bench

PHONES = ("+14155550151", "+14155550152")
MAILS = ("kim@acme.example", MEG)
NAMES = ("", "DIAZ JO", "GREY ANN")

Act = tuple[Any, ...]

people = some.sampled_from(PHONES)
acts = some.lists(
    some.one_of(
        some.tuples(some.just("call"), people, some.sampled_from(NAMES)),
        some.tuples(some.just("text"), people),
        some.tuples(some.just("mail"), some.sampled_from(MAILS)),
        some.tuples(some.just("meeting")),
        some.tuples(some.just("edit"), some.sampled_from((*PHONES, *MAILS)), some.sampled_from(("A", "B"))),
        some.tuples(some.just("fault"), some.sampled_from(("try_again", "lost_answer"))),
    ),
    min_size=1,
    max_size=5,
)


def play(world: World, story: list[Act], *, only_delivered: bool = False) -> set[str]:
    """What happens, one an hour; ids of the contacts that a person has edited."""
    edited: set[str] = set()
    for number, (what, *said) in enumerate(story):
        when = at(0, 9) + number * HOUR
        world.clock.advance_to(max(world.clock.now(), when))
        id = f"i{number}"
        if only_delivered and what in ("edit", "fault"):
            continue
        if what == "call":
            world.receive((call(id, when, said[0], seconds=60, name=said[1]),))
        elif what == "text":
            world.receive((text(id, when, said[0], "Hello"),))
        elif what == "mail":
            world.receive((mail(id, when, "ana@firm.example", said[0], to_name="Kim Osei"),
                           mail(f"{id}-too", when, said[0], "ana@firm.example", "Kim Osei"),))  # fmt: skip
        elif what == "meeting":
            ana = person("attendee", "ana@firm.example", reply="accepted")
            both = (person("attendee", MEG, "Meg Pole", reply="accepted"), ana)
            world.receive((meeting(id, when, MAILS[0], *both, starts=when),))
        elif what == "fault":
            world.hostile.next_apply(said[0])
        elif (found := world.contact(said[0])) is not None:
            world.people.edit("contact", found["id"], {"title": said[1]})
            edited.add(found["id"])
        world.settle()
    return edited


def standing(world: World) -> dict[str, Any]:
    """All that the CRM holds."""
    held = world.people.dump()
    for contact in held["contacts"]:
        del contact["created_at"], contact["last_activity_at"]
    return held


@pytest.mark.parametrize("kind", ["address_book", "salesforce", "clio"])
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=acts, again=some.booleans())
def test_all_of_it_is_taken_back(bench: Bench, kind: str, story: list[Act], again: bool) -> None:
    """Nothing of ours is left but whom a person has edited, with nothing lost of their edits; a second time
    changes nothing, nor does everything delivered once more."""
    world = World(bench.fresh(), kind)
    world.seed()
    before = standing(world)
    edited = play(world, story)
    texts = {each["id"]: each for each in world.people.list_contacts()}
    for _ in range(1 + again):
        remove(world.installation, Chosen(since=1), "ana")
        world.settle()
    after = standing(world)
    left = {each["id"] for each in after["contacts"]} - {each["id"] for each in before["contacts"]}
    assert left == edited
    for id in left:
        title = next(each["title"] for each in after["contacts"] if each["id"] == id)
        assert title == texts[id]["title"]
    for name in ("activities", "time_entries", "documents", "leads"):
        assert after.get(name) == before.get(name), name
    world.clock.advance_to(world.clock.now() + HOUR)
    play(world, story, only_delivered=True)
    again_after = standing(world)
    assert {each["id"] for each in again_after["contacts"]} == {each["id"] for each in after["contacts"]}
    assert again_after["activities"] == after["activities"]
