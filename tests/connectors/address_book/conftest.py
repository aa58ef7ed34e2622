"""A PostgreSQL server for the address book, beside the databases in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from firstcontact.testing.postgres import NotInstalled, Server, start


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server of the tests' own."""
    try:
        server = start()
    except NotInstalled as missing:
        pytest.skip(str(missing))
    yield server
    server.stop()
