"""Replay: what stood in the ledger, decided again under any settings, with nothing written (DESIGN §3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import func, select
from story import BOOK, JO, KIM, STORY, World, at, call, left_behind, mail, take

from firstcontact.explain.would import would
from firstcontact.flow.replay import Difference, Replay, ReplaySummary
from firstcontact.ledger.tables import decisions, metadata
from firstcontact.testing.scenarios.bench import Bench


def replayed(
    world: World, settings: Mapping[str, Any] | None = None
) -> tuple[list[Difference], ReplaySummary]:
    """The differences and the counts of a replay with these settings laid over those of the story."""
    book = BOOK.with_settings(settings) if settings else BOOK
    with world.ledger.read() as tx:
        replay = Replay(tx, book)
        return list(replay.differences()), replay.summary()


@pytest.mark.parametrize("kind", ["address_book", "clio", "salesforce", "blind"])
def test_the_same_settings_decide_the_same(bench: Bench, kind: str) -> None:
    """The whole story replayed with its own settings has no difference, though contacts were made, deleted,
    added by people and ruled on in between."""
    world = World(bench.fresh(), kind)
    world.seed()
    for step in STORY:
        take(world, step)
    differences, summary = replayed(world)
    assert differences == []
    assert summary.interactions == sum(1 for _ in left_behind(world)["decisions"])
    assert summary.before == summary.after
    assert summary.before["create"] > 5


def test_other_settings_are_listed_verdict_by_verdict(world: World) -> None:
    """Each verdict that would differ is one line with what decides it now."""
    world.receive([call("c1", at(0, 9), JO, seconds=5), call("c2", at(0, 10), JO, seconds=5)])
    world.settle()
    differences, summary = replayed(world, {"unknown_contact": {"default": "skip"}})
    assert [(d.interaction, d.about, d.before, d.after) for d in differences] == [
        ("c1", "", "log", "skip"),
        ("c1", JO, "create", "leave"),
        ("c2", "", "log", "skip"),
        ("c2", JO, "link", "leave"),
    ]
    assert {d.because for d in differences} == {("unknown_contact:skip",)}
    assert (summary.interactions, summary.differences) == (2, 4)


def test_eight_mails_of_one_stranger_would_create_one(world: World) -> None:
    """A creation that only the replay makes answers the look-ups after it."""
    world.receive(
        [mail(f"m{n}", at(0, 9, n), "zoe@acme.example", "ana@firm.example", "Zoe Hall") for n in range(8)]
    )
    world.settle()
    assert left_behind(world)["crm"]["activities"] != []
    assert [c for c in world.people.list_contacts() if c["created_by_us"]] == []
    differences, _ = replayed(world, {"engagement": "any"})
    people = [d for d in differences if d.about]
    assert [d.after for d in people] == ["create", *["link"] * 7]
    assert {d.before for d in people} == {"leave"}


def test_contacts_that_only_the_old_settings_made_are_not_there(world: World) -> None:
    """With settings that create earlier, another interaction is the first: who is a contact of ours either
    way is no difference; with settings that ask, everybody we made is asked about."""
    world.receive([call("missed", at(0, 9), JO, result="missed"), call("answered", at(0, 10), JO, seconds=5)])
    world.settle()
    asked, _ = replayed(world, {"unknown_contact": {"default": "ask", "call.inbound.missed": "ask"}})
    assert [(d.interaction, d.before, d.after) for d in asked if d.about] == [
        ("missed", "link", "ask"),
        ("answered", "create", "ask"),
    ]
    assert [c["interaction"] for c in world.people.list_contacts() if c["created_by_us"]] == ["answered"]
    differences, summary = replayed(world, {"unknown_contact": {"call.inbound.missed": "create"}})
    assert differences == []
    assert (summary.before["create"], summary.after["create"]) == (1, 1)


def test_a_missed_call_before_the_contact(world: World) -> None:
    """An interaction that was reopened by the contact a later one created is linked in the replay, too."""
    world.receive([call("missed", at(0, 9), JO, result="missed")])
    world.settle()
    world.receive([call("answered", at(0, 10), JO, seconds=5)])
    world.settle()
    assert left_behind(world)["decisions"]["missed"][0] == "log"
    assert replayed(world)[0] == []


def test_the_later_delivered_first(world: World) -> None:
    """Delivered against the order of time, the same settings still decide the same."""
    world.receive([call("second", at(0, 10), JO, seconds=5)])
    world.settle()
    world.receive([call("first", at(0, 9), JO, seconds=5)])
    world.settle()
    assert replayed(world)[0] == []


def test_a_replay_writes_nothing(world: World) -> None:
    """The CRM and every table of the ledger are as before."""
    for step in STORY[:9]:
        take(world, step)
    before = left_behind(world), rows(world)
    assert replayed(world, {"engagement": "any", "unknown_contact": {"default": "skip"}})[0] != []
    assert (left_behind(world), rows(world)) == before


def test_an_erased_person_cannot_be_replayed(world: World) -> None:
    """A decision whose `known` was erased is counted as such and compared with nothing."""
    world.receive([call("c1", at(0, 9), JO, seconds=5)])
    world.settle()
    with world.ledger.write() as tx:
        tx.execute(decisions.update().values(known=None))
    differences, summary = replayed(world, {"unknown_contact": {"default": "skip"}})
    assert differences == []
    assert (summary.interactions, summary.erased) == (1, 1)


def rows(world: World) -> Counter[str]:
    """How many rows each table of the ledger has."""
    with world.ledger.read() as tx:
        return Counter(
            {t.name: int(tx.scalar(select(func.count()).select_from(t)) or 0) for t in metadata.sorted_tables}
        )


def test_roles_and_values_are_told_too(world: World) -> None:
    """What other settings would write into a contact's fields, and the contact roles that they would make,
    are counted and listed, of people who were contacts before."""
    kim = {"id": "p-kim", "first_name": "Kim", "last_name": "Osei", "emails": [KIM], "account": "a-acme"}
    world.people.add("contact", kim)
    world.people.add("opportunity", {"id": "o1", "account": "a-acme", "name": "Renewal", "owner": "ana"})
    body = "Yes, Tuesday is fine for me.\n\n-- \nKim Osei\nChief Counsel\nAcme Inc.\n"
    world.receive([mail("m1", at(0, 9), KIM, "ana@firm.example", "Kim Osei", body=body)])
    world.settle()
    tried = {"enrich": {"title": "if_empty"}, "contact_roles": True, "contact_roles_first": True}
    differences, summary = replayed(world, tried)
    assert [(d.interaction, d.about, d.before, d.after) for d in differences] == [
        ("m1", KIM, "none", "field:title"),
        ("m1", KIM, "none", "role:made"),
    ]
    assert (summary.after["field:title"], summary.after["role:made"]) == (1, 1)
    assert "would give 1 contact a role (now 0)" in would(summary.before, summary.after)
    assert "would write 1 × title (now 0)" in would(summary.before, summary.after)
