"""Ledgers on both databases, which several processes can open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from firstcontact.ledger.book import Ledger
from firstcontact.ledger.history import open_ledger
from firstcontact.store.engine import open_engine


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that is empty."""
    if request.param == "sqlite":
        return str(tmp_path / "ledger.db")
    return str(request.getfixturevalue("postgres").database())


@pytest.fixture
def ledger(where: str) -> Iterator[Ledger]:
    """An empty ledger."""
    opened = open_ledger(open_engine(where))
    yield opened
    opened.engine.dispose()
