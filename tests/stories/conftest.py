"""What the stories share."""

from __future__ import annotations

import pytest
from story import World

from firstcontact.testing.scenarios.bench import Bench


@pytest.fixture(scope="session")
def bench() -> Bench:
    """Databases in memory, as new for every world."""
    return Bench()


@pytest.fixture
def world(bench: Bench) -> World:
    """An empty installation on the built-in address book, its CRM seeded."""
    made = World(bench.fresh(), "address_book")
    made.seed()
    return made
