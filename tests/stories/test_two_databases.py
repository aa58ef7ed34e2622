"""The whole story comes to the same on PostgreSQL as in files."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import sentences
from story import BOOK, STORY, World, left_behind, take

from firstcontact.flow.filter_trial import try_patterns
from firstcontact.flow.replay import Replay
from firstcontact.store.engine import open_engine
from firstcontact.testing.postgres import Server
from firstcontact.testing.scenarios.bench import Bench


@pytest.mark.parametrize("kind", ["address_book", "clio", "salesforce"])
def test_the_story_on_both(bench: Bench, postgres: Server, kind: str) -> None:
    """Who was created, what was logged, decided, asked and set aside does not depend on the database, nor
    what a replay and a pattern that is tried come to; and the four sentences hold on PostgreSQL."""
    where = postgres.database()
    crm = open_engine(where, schema="firstcontact_address_book")
    engines = (crm, open_engine(where, schema="firstcontact_ledger"))
    told, tried = [], []
    for world in (World(bench.fresh(), kind), World(engines, kind)):
        world.seed()
        for step in STORY:
            take(world, step)
        told.append(left_behind(world))
        tried.append(_tried(world))
    assert told[0] == told[1]
    assert tried[0] == tried[1]
    sentences.hold(world, STORY)
    world.close()


def _tried(world: World) -> list[Any]:
    """What other settings, and a pattern, would have come to."""
    with world.ledger.read() as tx:
        run = Replay(tx, BOOK.with_settings({"engagement": "any", "unknown_contact": {"default": "skip"}}))
        found: list[Any] = [list(run.differences()), run.summary()]
    assert found[0]
    found.append(try_patterns(world.ledger, BOOK, ["*@acme.example", "+1415*"], "blocked", most=None))
    return [msgspec.to_builtins(each) for each in found]
