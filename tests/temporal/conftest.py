"""A Temporal server for all tests of this folder, and installations on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from crew import Where

from firstcontact.testing import postgres, temporal


@pytest.fixture(scope="session")
def temporal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[temporal.DevServer]:
    """A development server; installations keep out of each other's way by their names."""
    try:
        server = temporal.DevServer(tmp_path_factory.mktemp("temporal"))
    except temporal.NotInstalled as missing:
        pytest.skip(str(missing))
    yield server
    server.kill()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A PostgreSQL server of these tests' own."""
    try:
        server = postgres.start()
    except postgres.NotInstalled as missing:
        pytest.skip(str(missing))
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Where:
    """An empty installation on each database."""
    if request.param == "sqlite":
        return Where(str(tmp_path / "ledger.db"), str(tmp_path / "crm.db"))
    server = request.getfixturevalue("postgres_server")
    return Where(server.database(), server.database())
