"""One Radicale for the folder; a new user with an empty address book for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from carddav_desk import People, Place

from firstcontact.testing.radicale import NotInstalled, Server, start


@pytest.fixture(scope="session")
def radicale() -> Iterator[Server]:
    """A CardDAV server of the tests' own."""
    try:
        server = start()
    except NotInstalled as missing:
        pytest.skip(str(missing))
    yield server
    server.stop()


@pytest.fixture
def place(radicale: Server) -> Place:
    """A login with an empty address book."""
    login = radicale.user()
    return Place(radicale, login, radicale.address_book(login))


@pytest.fixture
def people(place: Place) -> People:
    """Somebody who works in it with another program."""
    return People(place)
