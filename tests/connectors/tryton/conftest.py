"""One Tryton server for the folder, wiped for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tryton_desk import People, credentials

from firstcontact.testing.simulators.base import Kept
from firstcontact.testing.tryton import NotInstalled, Server, start


@pytest.fixture(scope="session")
def tryton(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A Tryton server of the tests' own."""
    try:
        server = start(request.config.cache.mkdir("tryton"))
    except NotInstalled as missing:
        pytest.skip(str(missing))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def person(tryton: Server) -> People:
    """Somebody who works in Tryton."""
    return People(tryton)


@pytest.fixture(scope="session")
def kept() -> Kept:
    """The credentials of the connection, with its session once it has one."""
    return credentials()
