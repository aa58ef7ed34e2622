"""The ledger's revisions make the tables that this program wants, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from firstcontact.ledger.history import HISTORY
from firstcontact.store.engine import open_engine
from firstcontact.store.migrations import check, drift, migrate, upgrade_from_nothing

pytestmark = [
    pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression"),
    pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression"),
]


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database with nothing in it."""
    if request.param == "sqlite":
        made = open_engine(tmp_path / "ledger.db")
    else:
        made = open_engine(request.getfixturevalue("postgres").database())
    yield made
    made.dispose()


def test_every_revision_in_order_makes_what_is_wanted(engine: Engine) -> None:
    """An installation that has lived through all revisions has the tables of the metadata."""
    upgrade_from_nothing(engine, HISTORY)
    assert drift(engine, HISTORY) == []
    check(engine, HISTORY)


def test_what_is_due_is_indexed_alike(tmp_path: Path) -> None:
    """The indexes of what is due, which on SQLite nobody compares, are the same on both ways."""
    said = []
    for name, make in (("revisions", upgrade_from_nothing), ("at once", migrate)):
        made = open_engine(tmp_path / f"{name}.db")
        make(made, HISTORY)
        with made.connect() as connection:
            rows = connection.execute(text("SELECT sql FROM sqlite_master WHERE name LIKE '%_due'"))
            said.append(sorted("".join(str(sql).split()) for (sql,) in rows))
        made.dispose()
    assert said[0] == said[1]
    assert len(said[0]) == 3


def test_made_at_once_is_the_same(engine: Engine) -> None:
    """A new installation has them, too, and a second start changes nothing."""
    migrate(engine, HISTORY)
    migrate(engine, HISTORY)
    assert drift(engine, HISTORY) == []
