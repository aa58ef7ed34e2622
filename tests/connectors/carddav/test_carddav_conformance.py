"""CardDAV passes the contract's suite on a real Radicale, with either vCard version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from carddav_desk import People, Place
from carddav_proxy import (
    Proxy,
    Said,
    hides_sync,
    only_vcard_4,
    proxied,
    without_etags_of_puts,
    without_reports,
)

from firstcontact.testing.conformance import CrmConformance


class TestRadicale(CrmConformance):
    """As it is."""

    many = 70  # Radicale reads every card at each PUT; three times as many are more than a page of the feed

    @pytest.fixture
    def crm(self, place: Place) -> Any:
        return place.crm()

    @pytest.fixture
    def hands(self, place: Place) -> People:
        return People(place)


class TestVersion4(CrmConformance):
    """Where the server takes vCard 4.0 alone, and people's program writes it."""

    many = 70

    @pytest.fixture
    def crm(self, place: Place) -> Iterator[Any]:
        with proxied(Proxy(place.server, after=only_vcard_4)) as (_, url):
            yield place.crm(place.address.replace(place.server.url, url))

    @pytest.fixture
    def hands(self, place: Place) -> People:
        people = People(place)
        people.version = "4.0"
        return people


class TestWithoutSync(CrmConformance):
    """Where the server has no sync-collection, names no ETag for what it took, and takes no multiget."""

    many = 70

    @pytest.fixture
    def crm(self, place: Place) -> Iterator[Any]:
        def after(*request: Any) -> Said:
            return hides_sync(*request[:3], without_etags_of_puts(*request))

        with proxied(Proxy(place.server, before=without_reports, after=after)) as (_, url):
            yield place.crm(place.address.replace(place.server.url, url))

    @pytest.fixture
    def hands(self, place: Place) -> People:
        return People(place)
