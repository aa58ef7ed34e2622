"""Duplicates in stories: merged once, whatever comes between, and everything of ours follows (SPEC §9)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, select
from story import KIM, START, World, at, mail

from firstcontact.connectors.contract import Moved, Record, Rejected
from firstcontact.flow.clock import DAY, HOUR
from firstcontact.flow.problems import FlowProblem
from firstcontact.flow.story import interaction_story, person_story
from firstcontact.ledger import deciding, duplicates, writing
from firstcontact.ledger.tables import reservations, verdicts
from firstcontact.planning.write import Existing, Write
from firstcontact.policy.scopes import SettingsBook
from firstcontact.store.engine import open_engine
from firstcontact.testing.hostile import Hostile
from firstcontact.testing.postgres import Server
from firstcontact.testing.scenarios.bench import Bench

FIRST = "d-first"
"""Our earlier record of Kim, which stays."""


@pytest.fixture(params=["sqlite", "postgresql"])
def engines(request: pytest.FixtureRequest, bench: Bench) -> Iterator[tuple[Engine, Engine]]:
    """Two empty databases of each sort."""
    if request.param == "sqlite":
        yield bench.fresh()
        return
    server: Server = request.getfixturevalue("postgres")
    where = server.database()
    both = (
        open_engine(where, schema="firstcontact_address_book"),
        open_engine(where, schema="firstcontact_ledger"),
    )
    yield both
    for engine in both:
        engine.dispose()


def kim_is_there_twice(world: World) -> str:
    """Kim writes and is made; then another record of ours turns up that is older. The younger one's id."""
    world.receive([mail("kim-1", at(0, 9), KIM, "ana@firm.example", "Kim Osei", "kim", "Hello")])
    world.receive([mail("kim-2", at(0, 9, 5), "ana@firm.example", KIM, "Ana Ruiz", "kim", "Yes")])
    world.settle()
    made = world.contact(KIM)
    assert made is not None
    world.people.add(
        "contact",
        {"id": FIRST, "first_name": "Kim", "last_name": "Osei", "emails": [KIM], "created_by_us": True,
         "created_at": START - DAY},
    )  # fmt: skip
    world.settle()
    return str(made["id"])


def seeded(engines: tuple[Engine, Engine], **more: Any) -> World:
    world = World(engines, "address_book", **more)
    world.seed()
    return world


def states(world: World) -> list[tuple[str, str, str]]:
    """Loser, survivor and state of every pair."""
    every = ("suggested", "asked", "intended", "done", "refused", "undone", "gone")
    with world.ledger.read() as tx:
        rows = duplicates.standing(tx, world.address_book.connection, every)
    return [(row.loser, row.survivor, row.state) for row in rows]


def kims(world: World) -> set[str]:
    return {one["id"] for one in world.people.list_contacts() if KIM in one["emails"]}


def logged_on(world: World) -> set[str]:
    return {id for one in world.people.list_activities() for id in one["contacts"]}


def pointed_at(world: World) -> set[str]:
    """Contacts that the ledger's own tables name."""
    connection = world.address_book.connection
    with world.ledger.read() as tx:
        ids = set(tx.scalars(select(verdicts.c.record).where(verdicts.c.record != "")))
        ids |= set(tx.scalars(select(reservations.c.record).where(reservations.c.subject == KIM)))
        logged = writing.activities_of(tx, connection, ["kim-1", "kim-2"])
    return ids | {
        one.id for each in logged.values() for one in each.fields.people if isinstance(one, Existing)
    }


def test_everything_of_ours_follows(engines: tuple[Engine, Engine]) -> None:
    """The activities move in the CRM; verdicts, reservations and what is logged name the one who stayed; who
    writes next is that one, nobody is asked, and nobody is taken for deleted."""
    world = seeded(engines)
    younger = kim_is_there_twice(world)
    assert FIRST not in pointed_at(world)
    world.installation.dedupe()
    world.settle()
    assert kims(world) == {FIRST}
    assert logged_on(world) == pointed_at(world) == {FIRST}
    assert states(world) == [(younger, FIRST, "done")]
    with world.ledger.read() as tx:
        assert deciding.suppressed(tx, world.address_book.connection, [KIM]) == {}
    world.clock.wait(HOUR)
    world.receive([mail("kim-3", at(0, 12), KIM, "ana@firm.example", "Kim Osei", "kim", "Again")])
    world.settle()
    assert logged_on(world) == {FIRST}
    assert world.installation.open_reviews() == ()
    again = world.receive([mail("kim-1", at(0, 9), KIM, "ana@firm.example", "Kim Osei", "kim", "Hello")])
    assert again.interactions == again.changed == 0


def test_on_an_index(bench: Bench) -> None:
    """Decisions that are taken on our own index know the one who stayed at once, before the CRM tells."""
    world = seeded(bench.fresh(), indexed=True)
    younger = kim_is_there_twice(world)
    world.clock.wait(HOUR)
    world.settle()
    world.installation.dedupe()
    world.installation.carry_out_due()
    with world.ledger.read() as tx:
        from firstcontact.ledger import index

        found = index.find(tx, world.address_book.connection, [KIM])[KIM]
    assert [record.id for record in found.records] == [FIRST]
    world.clock.wait(HOUR)
    world.settle()
    assert kims(world) == {FIRST}
    assert younger not in pointed_at(world)


def test_a_preview_writes_nothing(world: World) -> None:
    """What would be merged is shown, and nothing is kept or written."""
    younger = kim_is_there_twice(world)
    seen = world.installation.duplicates.preview()
    assert [(one.loser.id, one.survivor.id) for one in seen.merges] == [(younger, FIRST)]
    assert seen.counts == (1, 0, 0)
    assert states(world) == []
    assert len(kims(world)) == 2


def test_an_edit_between_preview_and_run(world: World) -> None:
    """Whom a person has edited since the preview stays; the other of ours goes into that one."""
    younger = kim_is_there_twice(world)
    world.installation.duplicates.preview()
    world.people.edit("contact", younger, {"title": "Chief"})
    world.installation.dedupe()
    world.settle()
    assert kims(world) == {younger}


def test_an_edit_between_the_intent_and_the_write(world: World) -> None:
    """The last look sees it: nothing is sent, and the pair is a suggestion from then on."""
    younger = kim_is_there_twice(world)
    world.installation.duplicates.run(world.clock.now())
    world.people.edit("contact", younger, {"title": "Chief"})
    world.installation.carry_out_due()
    assert kims(world) == {younger, FIRST}
    assert states(world) == [(younger, FIRST, "suggested")]
    world.installation.dedupe()
    world.settle()
    assert kims(world) == {younger}


def test_a_deletion_between_the_intent_and_the_write(world: World) -> None:
    """A person deletes the one that was to go: nothing is sent, and the other one stays."""
    younger = kim_is_there_twice(world)
    world.installation.duplicates.run(world.clock.now())
    world.people.delete("contact", younger)
    world.settle()
    assert kims(world) == {FIRST}
    assert states(world) == [(younger, FIRST, "gone")]


def test_a_person_merges_first(world: World) -> None:
    """A person has merged the two themselves in the meantime: that is our merge, done."""
    younger = kim_is_there_twice(world)
    world.installation.duplicates.run(world.clock.now())
    world.people.merge(younger, FIRST)
    world.settle()
    assert kims(world) == {FIRST}
    assert states(world) == [(younger, FIRST, "done")]
    assert logged_on(world) == pointed_at(world) == {FIRST}


def test_the_crm_tells_of_it_before_we_know(world: World) -> None:
    """The loser is told as gone while our merge is under way, as where another worker's answer is not kept
    yet: nobody has deleted anybody."""
    younger = kim_is_there_twice(world)
    world.installation.duplicates.run(world.clock.now())
    world.people.merge(younger, FIRST)
    world.installation.poll()
    with world.ledger.read() as tx:
        assert deciding.suppressed(tx, world.address_book.connection, [KIM]) == {}


def test_decided_while_the_merge_is_under_way(world: World) -> None:
    """A CRM that does not tell merges has merged, and we don't know yet: who writes meanwhile is the one who
    stayed, not somebody whose contact a person has deleted."""
    book = world.address_book
    book._capabilities = msgspec.structs.replace(book._capabilities, merges=False)
    younger = kim_is_there_twice(world)
    world.installation.duplicates.run(world.clock.now())
    world.people.merge(younger, FIRST)
    world.receive([mail("kim-3", at(0, 12), KIM, "ana@firm.example", "Kim Osei", "kim", "Again")])
    world.installation.decide_due()
    with world.ledger.read() as tx:
        assert deciding.suppressed(tx, book.connection, [KIM]) == {}
        assert writing.reserved(tx, book.connection, [KIM])[KIM][1] == younger


@pytest.mark.parametrize("tells_merges", [True, False])
def test_an_answer_that_was_lost(world: World, tells_merges: bool) -> None:
    """Merged, and no answer came: it is found to be done, also where the CRM does not tell merges and the
    loser is only gone; nothing is merged twice and nobody is taken for deleted."""
    book = world.address_book
    book._capabilities = msgspec.structs.replace(
        book._capabilities, merges=tells_merges, finds_written=False, unique_create=False
    )
    younger = kim_is_there_twice(world)
    world.installation.duplicates.run(world.clock.now())
    world.hostile.next_apply("lost_answer")
    world.settle()
    assert kims(world) == {FIRST}
    assert states(world) == [(younger, FIRST, "done")]
    assert pointed_at(world) == {FIRST}
    with world.ledger.read() as tx:
        assert deciding.suppressed(tx, book.connection, [KIM]) == {}


class Refusing(Hostile):
    """A CRM that refuses merges."""

    asked = 0

    def apply(self, writes: Any) -> Any:
        if any(write.kind == "merge_contacts" for write in writes):
            self.asked += 1
            return [Rejected("No merges on Mondays.") for _ in writes]
        return super().apply(writes)


def test_a_merge_that_the_crm_refuses(world: World) -> None:
    """It is shown with the CRM's words, and not tried again by itself."""
    younger = kim_is_there_twice(world)
    refusing = Refusing(world.address_book)
    world.behave(refusing)
    for _ in range(2):
        world.installation.dedupe()
        world.settle()
    assert refusing.asked == 1
    assert states(world) == [(younger, FIRST, "suggested")]
    with world.ledger.read() as tx:
        (row,) = duplicates.standing(tx, world.address_book.connection, ["suggested"])
    assert row.why == "refused_by_crm: No merges on Mondays."
    assert kims(world) == {younger, FIRST}


class Killed(BaseException):
    """The process is gone."""


def test_killed_anywhere(bench: Bench) -> None:
    """A process that is killed at any place from the search on leaves what the next one brings to the same
    end: one Kim, one merge, everything on her."""
    number = 0
    while True:
        left = [1 << 30]

        def tick(_: str, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Killed

        engines = bench.fresh()
        world = seeded(engines, tick=tick)
        younger = kim_is_there_twice(world)
        left[0] = number
        try:
            world.installation.duplicates.run(world.clock.now())
            world.installation.drain()
        except Killed:
            ended = False
        else:
            ended = True
        left[0] = 1 << 30
        next_one = World(engines, "address_book", world.clock.now())
        next_one.settle()
        next_one.installation.dedupe()
        next_one.settle()
        assert kims(next_one) == {FIRST}, number
        assert states(next_one) == [(younger, FIRST, "done")], number
        assert pointed_at(next_one) == logged_on(next_one) == {FIRST}, number
        if ended:
            break
        number += 1
    assert number > 10


def test_two_workers_merge_once(engines: tuple[Engine, Engine]) -> None:
    """Two processes that look at the same time intend one write, and it is sent once."""
    world = seeded(engines)
    younger = kim_is_there_twice(world)
    other = World(engines, "address_book", world.clock.now())
    world.installation.duplicates.run(world.clock.now())
    other.installation.duplicates.run(other.clock.now())
    sent: list[Write] = []

    def watching(one: World) -> None:
        class Watched(Hostile):
            def apply(self, writes: Any) -> Any:
                sent.extend(write for write in writes if write.kind == "merge_contacts")
                return super().apply(writes)

        one.behave(Watched(one.address_book))

    for one in (world, other):
        watching(one)
    other.settle()
    world.settle()
    assert len(sent) == 1
    assert states(world) == [(younger, FIRST, "done")]


def test_once_a_day_at_its_time(bench: Bench) -> None:
    """Nothing is looked for on the first day; from three in the morning of the team's zone on it is, once."""
    world = seeded(bench.fresh())  # it is 03:00 in New York
    kim_is_there_twice(world)
    world.clock.advance_to(START + 18 * HOUR)  # 21:00 there
    world.settle()
    assert len(kims(world)) == 2
    world.clock.advance_to(START + DAY - HOUR)  # 02:00
    world.settle()
    assert len(kims(world)) == 2
    world.clock.advance_to(START + DAY + HOUR)  # 04:00
    world.settle()
    assert kims(world) == {FIRST}


def test_off_means_off(bench: Bench) -> None:
    """With `dedupe` off nothing is merged by itself, on any day."""
    world = seeded(bench.fresh())
    world.installation.change_settings(_settings({"dedupe": False}))
    kim_is_there_twice(world)
    world.clock.advance_to(START + 3 * DAY)
    world.settle()
    assert len(kims(world)) == 2


def _settings(more: dict[str, Any]) -> SettingsBook:
    return SettingsBook.from_mapping(
        {
            "domains": ["firm.example"], "region": "US", "timezone": "America/New_York",
            "users": [{"id": "ana", "name": "Ana Ruiz", "emails": ["ana@firm.example"]}],
        },
        more,
    )  # fmt: skip


def test_a_person_decides(world: World) -> None:
    """Where `autonomy.merge` says so, pairs wait for a person: one who merges them, or says that they are
    two, after which they are never proposed again."""
    world.installation.change_settings(_settings({"autonomy": {"merge": "ask"}}))
    younger = kim_is_there_twice(world)
    world.installation.dedupe()
    world.settle()
    assert states(world) == [(younger, FIRST, "asked")]
    world.installation.duplicates.refuse(FIRST, younger, "ana", world.clock.now())
    world.installation.dedupe()
    assert states(world) == [(younger, FIRST, "refused")]
    assert world.installation.duplicates.preview().counts == (0, 0, 0)
    done = world.installation.duplicates.merge(FIRST, younger, "ana", world.clock.now())
    assert done.loser.id == FIRST  # both may go: the one that was named first
    world.settle()
    assert kims(world) == {younger}


def test_peoples_records_are_merged_in_the_crm(world: World) -> None:
    """No word of anybody's lets us remove a record that a person made."""
    for id in ("p1", "p2"):
        world.people.add("contact", {"id": id, "first_name": "Kim", "last_name": "Osei", "emails": [KIM]})
    world.installation.dedupe()
    assert [state for *_, state in states(world)] == ["suggested"]
    with pytest.raises(FlowProblem, match="merge them in the CRM"):
        world.installation.duplicates.merge("p1", "p2", "ana", world.clock.now())
    with pytest.raises(FlowProblem, match="no contact"):
        world.installation.duplicates.merge("p1", "p9", "ana", world.clock.now())


def test_a_crm_that_merges_nothing(world: World) -> None:
    """They are listed, with the sentence that it can't, and nobody can let it try."""
    book = world.address_book
    book._capabilities = msgspec.structs.replace(book._capabilities, merges_contacts=False)
    younger = kim_is_there_twice(world)
    seen = world.installation.dedupe()
    assert "can't merge contacts by its API" in seen.cannot
    assert states(world) == [(younger, FIRST, "suggested")]
    with pytest.raises(FlowProblem, match="by its API"):
        world.installation.duplicates.merge(younger, FIRST, "ana", world.clock.now())


class AskingForPeople(Hostile):
    """A CRM that is asked for addresses and numbers only."""

    def find(self, handles: Any) -> Any:
        assert not any(" " in handle.key for handle in handles)
        return super().find(handles)


def test_taking_a_merge_back(engines: tuple[Engine, Engine]) -> None:
    """The one that went is there again with its activity, and the two are never merged again; what was ours
    before the merge is with whom it was."""
    world = seeded(engines)
    younger = kim_is_there_twice(world)
    world.people.add("contact", {"id": "d-blank", "emails": ["x@other.example"]})
    world.installation.dedupe()
    world.settle()
    world.behave(AskingForPeople(world.address_book))
    world.installation.duplicates.undo(younger, "ana", world.clock.now())
    world.settle()
    (again,) = kims(world) - {FIRST}
    assert again != younger
    record = world.address_book.read([again])[again]
    assert isinstance(record, Record)
    assert (record.first_name, record.last_name, record.created_by_us) == ("Kim", "Osei", True)
    assert logged_on(world) == {again}
    assert pointed_at(world) == {again}
    world.installation.dedupe()
    world.settle()
    assert kims(world) == {FIRST, again}
    with pytest.raises(FlowProblem, match="no merge"):
        world.installation.duplicates.undo(younger, "ana", world.clock.now())


def test_writes_that_were_on_their_way(world: World) -> None:
    """What was decided about the loser before the merge is written onto the one who stayed."""
    book = world.address_book
    book._capabilities = msgspec.structs.replace(book._capabilities, merges=False)
    younger = kim_is_there_twice(world)
    world.people.merge(younger, FIRST)
    write = msgspec.structs.replace(_activity_of(world), key="late", subject="late-1")
    with world.ledger.write() as tx:
        pair = duplicates.PairRow(
            write_key="m", connection=book.connection, survivor=FIRST, loser=younger, state="done"
        )
        duplicates.keep(tx, [pair])
        on = (Existing("contact", younger),)
        fields = msgspec.structs.replace(write.fields, interactions=("late-1",), people=on)
        writing.intend(tx, book.connection, [msgspec.structs.replace(write, fields=fields)], 1)
    world.installation.carry_out_due()
    assert [one["contacts"] for one in world.people.list_activities() if "late-1" in one["interactions"]] == [
        [FIRST]
    ]


def _activity_of(world: World) -> Any:
    from firstcontact.ledger import reading

    with world.ledger.read() as tx:
        return next(row.write for row in reading.writes_of(tx, "kim-1") if row.write.kind == "log_activity")


def test_moved_is_told(world: World) -> None:
    """The CRM tells where the loser went, as for a merge that a person did."""
    younger = kim_is_there_twice(world)
    world.installation.dedupe()
    world.settle()
    assert world.address_book.read([younger])[younger] == Moved(younger, FIRST)


def test_explaining_names_the_survivor(world: World) -> None:
    """Who was decided on before the merge is told as the contact that stayed."""
    younger = kim_is_there_twice(world)
    world.installation.dedupe()
    world.settle()
    story = person_story(world.installation, (KIM,), 5)
    assert story is not None
    assert story.headline == f"{KIM} is the contact Kim Osei ({FIRST})."
    told = interaction_story(world.installation, "kim-2")
    assert told is not None
    said = " ".join(line for each in told.explained for line in (*each.because, *each.also))
    assert "Kim Osei" in said
    assert said.count(younger) == said.count(f"into which {younger} was merged")
