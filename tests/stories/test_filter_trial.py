"""A pattern that is tried is compared with what the settings of today would decide, not with what was."""

from __future__ import annotations

from story import BOOK, JO, KIM, World, at, call, mail, meeting, person

from firstcontact.flow.filter_trial import Trial, try_patterns
from firstcontact.flow.replay_parts import touching

ANA = "ana@firm.example"


def tried(world: World, *patterns: str, book: object = BOOK, most: int | None = None) -> Trial:
    """What these patterns would have blocked."""
    return try_patterns(world.ledger, book, patterns, "blocked", most=most)  # type: ignore[arg-type]


def test_what_other_settings_changed_is_not_the_patterns(world: World) -> None:
    """Where the settings of today leave somebody alone anyhow, a pattern changes nothing, though they were
    created once."""
    world.receive([call("c1", at(0, 9), JO, seconds=5), call("c2", at(0, 10), JO, seconds=5)])
    world.settle()
    assert [(d.interaction, d.about, d.before, d.after) for d in tried(world, JO).differences] == [
        ("c1", "", "log", "skip"),
        ("c1", JO, "create", "leave"),
        ("c2", "", "log", "skip"),
        ("c2", JO, "link", "leave"),
    ]
    today = BOOK.with_settings({"unknown_contact": {"default": "skip"}})
    trial = tried(world, JO, book=today)
    assert (trial.interactions, trial.people, trial.changed) == (2, 1, 0)
    assert trial.now == trial.then


def test_what_hangs_together_with_the_hit_is_decided_too(world: World) -> None:
    """Blocking the mail by its subject that would have created somebody lets the next one create them."""
    world.receive([
        mail("m1", at(0, 9), KIM, ANA, "Kim Osei", "news"), mail("m2", at(0, 9, 1), ANA, KIM, thread="news"),
        mail("m3", at(0, 10), KIM, ANA, "Kim Osei", "order"),
        mail("m4", at(0, 10, 1), ANA, KIM, thread="order"),
        call("c1", at(0, 11), JO, seconds=5),
    ])  # fmt: skip
    world.settle()
    trial = tried(world, "subject:*news")
    assert (trial.interactions, trial.people) == (2, 1)
    assert (trial.now["create"], trial.then["create"]) == (1, 1)
    assert "c1" not in {each.interaction for each in trial.differences}
    assert {each.interaction for each in trial.differences} == {"m1", "m2"}
    assert [hit.examples[0].about for hit in trial.hits] == ["About news"]


def test_only_who_is_hit_counts(world: World) -> None:
    """Others on the same meeting are not counted, and stay what they were; the pattern is for one person."""
    world.receive([
        meeting(
            "g1", at(0, 9), ANA, person("attendee", KIM, "Kim Osei", reply="accepted"),
            person("attendee", "meg@acme.example", "Meg Pole", reply="accepted"), starts=at(0, 9),
        ),
    ])  # fmt: skip
    world.settle()
    trial = tried(world, KIM)
    assert (trial.interactions, trial.people) == (1, 1)
    assert [(d.about, d.before, d.after, d.because) for d in trial.differences] == [
        (KIM, "create", "leave", ("blocked",))
    ]


def test_what_touches_what() -> None:
    """Interactions that share a person hang together, by others too; one without anybody is alone."""
    on_each = [("a", ["x", "y"]), ("b", ["y"]), ("c", ["z"]), ("d", []), ("e", ["z", "x"]), ("f", ["w"])]
    assert touching(on_each, {"b"}) == {"a", "b", "c", "e"}
    assert touching(on_each, {"d", "f"}) == {"d", "f"}
    assert touching(on_each, set()) == frozenset()
