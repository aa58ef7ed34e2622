"""A replay comes to what two plain passes over everything come to, whatever the settings and the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest
from story import BOOK, JO, STORY, World, at, call, mail, meeting, person, take

from firstcontact.flow import replay as replays
from firstcontact.flow.judge import settings_for
from firstcontact.flow.look_up import virtual
from firstcontact.flow.replay import CHANGED_SINCE, Replay
from firstcontact.ledger import reading
from firstcontact.planning.plan import NEW
from firstcontact.policy.decide import decide
from firstcontact.policy.decision import Decision
from firstcontact.policy.known import Known, PersonFacts
from firstcontact.policy.scopes import SettingsBook
from firstcontact.store.scratch import Scratch, pair
from firstcontact.testing.scenarios.bench import Bench

TRIED: tuple[Mapping[str, Any], ...] = (
    {},
    {"unknown_contact": {"default": "skip"}},
    {"unknown_contact": {"default": "ask", "call.inbound.missed": "create"}},
    {"engagement": "any", "free_mail": "create"},
    {"preset": "app-connect"},
    {"log": {"sms": False}, "lead_blocks_creation": False, "several_contacts": "earliest_created"},
)


class Plain:
    """Everything in memory, decided twice: first to see who creates whom, then with all of them known."""

    def __init__(self, world: World, book: SettingsBook) -> None:
        self.book = book
        with world.ledger.read() as tx:
            self.ours = {id: by for id, by, _ in reading.made_contacts(tx)}
            self.rows = list(reading.decided(tx, 0, 2**62))
        self.made: dict[str, str] = {}

    def verdicts(self) -> Iterator[tuple[str, str, str, str]]:
        """Interaction, whom it is about, before and after, of what differs."""
        for fact, _, known in self.rows:
            assert known is not None
            for each in self.decided(fact, known).people:
                if each.verdict == "create":
                    self.made.setdefault(each.about, fact.id)
        for fact, before, known in self.rows:
            assert known is not None
            after = self.decided(fact, known)
            old, new = self.told(fact.id, before), self.told(fact.id, after)
            for about in dict.fromkeys((*old, *new)):
                was, now = old.get(about, ("none", False)), new.get(about, ("none", False))
                if was[0] != now[0] and not (was[1] and now[1]):
                    yield fact.id, about, was[0], now[0]

    def told(self, fact: str, decision: Decision) -> dict[str, tuple[str, bool]]:
        """By subject the verdict, and whether it comes to a contact of ours."""
        told = {"": (decision.activity, False)}
        for each in decision.people:
            first = each.verdict == "link" and self.ours.get(each.record) == fact
            is_ours = each.record in self.ours or each.record.startswith(NEW)
            ours = each.verdict == "create" or (each.verdict == "link" and is_ours)
            told[each.about] = ("create" if first else each.verdict, ours)
        return told

    def decided(self, fact: Any, known: Known) -> Decision:
        """With the contacts that are there in this replay."""
        settings = settings_for(self.book, fact, known.connection)

        def with_people(created: tuple[str, ...]) -> Decision:
            people = {
                key: self.facts(fact.id, key, facts, key in created) for key, facts in known.people.items()
            }
            return decide(fact, msgspec.structs.replace(known, people=people), settings)

        decision = with_people(())
        gone = []
        for each in decision.people:
            names = {r.name for r in decision.trace if r.about == each.about and r.decisive}
            if each.verdict == "leave" and names and names <= CHANGED_SINCE:
                gone.append(each.about)
        return with_people(tuple(gone)) if gone else decision

    def facts(self, fact: str, key: str, facts: PersonFacts, created: bool) -> PersonFacts:
        """Whoever bears the handle in this replay."""
        records = tuple(
            record
            for record in facts.records
            if not record.id.startswith(NEW)
            and (record.id not in self.ours or (created and self.ours[record.id] == fact))
        )
        if self.made.get(key, fact) != fact and not facts.suppressed:
            records = (*records, virtual("x"))
        status = facts.status
        if status in ("found", "absent"):
            status = "found" if records else "absent"
        return msgspec.structs.replace(facts, records=records, status=status)


def more(world: World) -> None:
    """People who are met before somebody creates them: missed calls, and a meeting with several of them."""
    facts = [
        call("early-1", at(5, 9), "+14155550160", result="missed"),
        call("early-2", at(5, 10), "+14155550160", result="missed"),
        call("late", at(5, 11), "+14155550160", seconds=9),
        mail("first", at(5, 9), "zoe@acme.example", "ana@firm.example", "Zoe Hall", "zoe"),
        mail("second", at(5, 10), "ana@firm.example", "zoe@acme.example", "Ana Ruiz", "zoe", "", "Zoe Hall"),
        meeting(
            "together", at(5, 12), "ana@firm.example", person("attendee", "zoe@acme.example", "Zoe Hall"),
            person("attendee", "una@acme.example", "Una Moe", reply="accepted"), starts=at(5, 12),
        ),
    ]  # fmt: skip
    world.receive(facts)
    world.settle()


@pytest.mark.parametrize("page", [1, 3, 500])
@pytest.mark.parametrize("tried", TRIED, ids=[" ".join(each) or "same" for each in TRIED])
def test_a_replay_is_exact(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tried: Mapping[str, Any], page: int
) -> None:
    """Every verdict that differs, and no other, in order of time, also where whoever creates somebody is on
    another page than those who met them before."""
    world = World(bench.fresh(), "address_book")
    world.seed()
    for step in STORY:
        take(world, step)
    more(world)
    stored = reading.stored
    book = BOOK.with_settings(tried) if tried else BOOK
    with world.ledger.read() as tx, monkeypatch.context() as patch:
        patch.setattr(reading, "stored", lambda *given, **named: stored(*given, **{**named, "page": page}))
        run = Replay(tx, book)
        found = list(run.differences())
    plain = Plain(world, book)
    expected = list(plain.verdicts())
    assert {(d.interaction, d.about, d.before, d.after) for d in found} == set(expected)
    assert len(found) == len(expected) == run.summary().differences
    assert [(d.at, d.interaction) for d in found] == sorted((d.at, d.interaction) for d in found)
    assert run.summary().before == _counted(plain, before=True)
    assert run.summary().after == _counted(plain, before=False)
    if not tried:
        assert found == []


def _counted(plain: Plain, *, before: bool) -> dict[str, int]:
    """How often each verdict stands in all decisions; for before and after both, of the same people."""
    counts: Counter[str] = Counter()
    for fact, stored, known in plain.rows:
        assert known is not None
        old, new = plain.told(fact.id, stored), plain.told(fact.id, plain.decided(fact, known))
        for about in {*old, *new}:
            verdict, _ = (old if before else new).get(about, ("none", False))
            counts[verdict if about else f"activity:{verdict}"] += 1
    return dict(counts)


def test_a_span_begins_with_what_was_made_before_it(bench: Bench) -> None:
    """A contact that was created before the span is there, whatever the settings; one that the span's own
    decisions created is not."""
    world = World(bench.fresh(), "address_book")
    world.seed()
    world.receive([call("c1", at(0, 9), JO, seconds=5), call("c2", at(1, 9), JO, seconds=5)])
    world.settle()
    world.receive([call("c3", at(1, 10), "+14155550161", seconds=5)])
    world.settle()
    with world.ledger.read() as tx:
        run = Replay(tx, BOOK.with_settings({"unknown_contact": {"default": "skip"}}), since=at(1, 0))
        assert [(d.interaction, d.before, d.after) for d in run.differences()] == [
            ("c3", "log", "skip"),
            ("c3", "create", "leave"),
        ]
        assert run.summary().after["link"] == 1


def test_what_a_replay_finds_out_is_on_disk() -> None:
    """The first of what is kept for a key stays, lines come in order of their places, and what was dropped
    does not come."""
    with Scratch(made=1, met=0) as kept:
        kept.keep("made", [(f"k{n}", f"v{n}") for n in range(1200)])
        kept.keep("made", [("k7", "another")])
        kept.keep("met", [("a",), ("a",)])
        assert kept.of("made", [f"k{n}" for n in range(5, 1500)])["k7"] == ("v7",)
        assert len(kept.of("made", [f"k{n}" for n in range(5, 1500)])) == 1195
        assert (list(kept.keys("met")), kept.of("met", ["a", "b"])) == (["a"], {"a": ()})
        kept.add_lines(
            [(2, "b", 0, b"third"), (1, "z", 1, b"second"), (1, "z", 0, b"first"), (3, "x", 0, b"")]
        )
        kept.drop_lines([(3, "x")])
        assert list(kept.lines()) == [b"first", b"second", b"third"]
        kept.put("made", [("k7", "another"), ("k7", "the last")])
        assert kept.of("made", ["k7"]) == {"k7": ("the last",)}
        kept.keep("made", [(pair("o", "c1"), "1"), (pair("o", "c2"), "2"), (pair("o o", "c1"), "3")])
        assert kept.under("made", ["o", "p"]) == {("o", "c1"): ("1",), ("o", "c2"): ("2",)}
    assert replays.Scratch is Scratch
