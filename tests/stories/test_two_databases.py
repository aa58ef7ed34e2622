"""The whole story comes to the same on PostgreSQL as in files."""

from __future__ import annotations

import pytest
import sentences
from story import STORY, World, left_behind, take

from firstcontact.store.engine import open_engine
from firstcontact.testing.postgres import Server
from firstcontact.testing.scenarios.bench import Bench


@pytest.mark.parametrize("kind", ["address_book", "clio", "salesforce"])
def test_the_story_on_both(bench: Bench, postgres: Server, kind: str) -> None:
    """Who was created, what was logged, decided, asked and set aside does not depend on the database; and the
    four sentences hold on PostgreSQL."""
    where = postgres.database()
    crm = open_engine(where, schema="firstcontact_address_book")
    engines = (crm, open_engine(where, schema="firstcontact_ledger"))
    told = []
    for world in (World(bench.fresh(), kind), World(engines, kind)):
        world.seed()
        for step in STORY:
            take(world, step)
        told.append(left_behind(world))
    assert told[0] == told[1]
    sentences.hold(world, STORY)
    world.close()
