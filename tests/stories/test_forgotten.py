"""After `metadata_days` nothing is left of what happened, but for what keeps it from being made twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, func, select
from story import KIM, STORY, World, at, call, deliver_again, take

from firstcontact.flow.clock import DAY
from firstcontact.ledger.tables import metadata
from firstcontact.planning.write import Write
from firstcontact.policy.scopes import SettingsBook
from firstcontact.store.engine import open_engine
from firstcontact.testing.scenarios.bench import Bench

GONE = (
    "interactions", "decisions", "verdicts", "participants", "deliveries", "names", "observed", "waiting",
    "day_messages", "engagements", "by_hand", "reviews",
)  # fmt: skip
KEPT = ("reservations", "tombstones", "activities", "rulings")


@pytest.fixture(params=["sqlite", "postgresql"])
def engines(request: pytest.FixtureRequest, bench: Bench) -> Iterator[tuple[Engine, Engine]]:
    """Two empty databases."""
    if request.param == "sqlite":
        yield bench.fresh()
        return
    where = request.getfixturevalue("postgres").database()
    both = (
        open_engine(where, schema="firstcontact_address_book"),
        open_engine(where, schema="firstcontact_ledger"),
    )
    yield both
    for engine in both:
        engine.dispose()


def keeping(days: int) -> SettingsBook:
    """The story's settings, and this retention."""
    return SettingsBook.from_mapping(
        {
            "domains": ["firm.example"],
            "region": "US",
            "timezone": "America/New_York",
            "lines": ["+14155550199"],
            "users": [
                {"id": "ana", "name": "Ana Ruiz", "emails": ["ana@firm.example"], "phones": ["+14155550100"]},
                {"id": "bo", "name": "Bo Lind", "emails": ["bo@firm.example"], "phones": ["+14155550101"]},
            ],
            "fallback_user": "bo",
        },
        {"time_entry": True, "metadata_days": days},
    )


def counts(world: World) -> dict[str, int]:
    """How many rows each table has."""
    with world.ledger.read() as tx:
        return {
            name: tx.scalar(select(func.count()).select_from(table)) or 0
            for name, table in metadata.tables.items()
        }


def in_crm(world: World) -> tuple[list[str], Counter[str], int]:
    """Contacts by their ids, on how many activities each interaction is, and the time entries."""
    crm: dict[str, Any] = world.people.dump()
    on = Counter(id for each in crm["activities"] for id in each["interactions"])
    return sorted(each["id"] for each in crm["contacts"]), on, len(crm["time_entries"])


def test_what_is_old_goes_and_nothing_is_made_twice(engines: tuple[Engine, Engine]) -> None:
    """A month after the story no interaction, decision, delivery or name is left, nor a text in what is kept
    of writes; delivered again, everything is known by what it made: no contact and no activity twice."""
    world = World(engines, "address_book")
    world.seed()
    for step in STORY:
        take(world, step)
    before, left = in_crm(world), counts(world)
    world.installation.change_settings(keeping(30))
    world.clock.advance_to(at(60, 9))
    world.receive([call("call-new", at(59, 9), "+14155550188", seconds=40, name="NEW ONE")])
    world.settle()
    now = counts(world)
    assert {name: now[name] for name in ("interactions", "deliveries", "decisions")} == {
        "interactions": 1, "deliveries": 1, "decisions": 1,
    }  # fmt: skip
    assert all(now[name] <= 3 for name in GONE), now
    assert all(now[name] >= left[name] for name in KEPT)
    with world.ledger.read() as tx:
        table = metadata.tables["writes"]
        rows = tx.execute(select(table.c.data).where(table.c.interaction != "call-new")).scalars()
        old = [msgspec.msgpack.decode(data, type=Write) for data in rows]
    assert old
    assert KIM not in str(old)
    assert not any(getattr(each.fields, "subject", "") for each in old)

    deliver_again(world, STORY)

    contacts, on, entries = in_crm(world)
    assert set(contacts) >= set(before[0])
    assert len(contacts) == len(before[0]) + 1
    assert max(on.values()) == 1
    assert entries == before[2] + 1


def test_nothing_goes_unless_it_is_set(world: World) -> None:
    """By default everything but texts is kept for good."""
    for step in STORY[:6]:
        take(world, step)
    before = counts(world)
    world.clock.advance_to(at(0, 9) + 4000 * DAY)
    world.settle()
    after = counts(world)
    assert {name: after[name] for name in GONE} == {name: before[name] for name in GONE}


def test_what_waits_for_a_person_stays(world: World) -> None:
    """An interaction about which a question is open is kept, however old it is."""
    for step in STORY[:9]:
        take(world, step)
    asked = {each.interaction for each in world.installation.open_reviews()}
    assert asked
    world.installation.change_settings(keeping(30))
    world.clock.advance_to(at(60, 9))
    world.settle()
    assert {each.interaction for each in world.installation.open_reviews()} == asked
    assert all(world.installation.decision(id) is not None for id in asked)
