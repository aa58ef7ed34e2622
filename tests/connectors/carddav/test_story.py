"""The whole product on a real CardDAV server: people become cards once, and the log stays here."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest
from carddav_desk import People, Place
from carddav_proxy import Proxy, proxied
from story import ANA, BOOK, call, person, text

from firstcontact.connectors.carddav.kind import KIND
from firstcontact.explain.sentences import explain
from firstcontact.flow.clock import MINUTE
from firstcontact.flow.installation import Installation
from firstcontact.interactions.model import Email, Interaction, MailSigns
from firstcontact.ledger.history import open_ledger
from firstcontact.store.engine import open_engine

CALLER, TEXTER = "+14155550126", "+14155550125"
Open = Callable[..., Installation]


@pytest.fixture
def opened(place: Place) -> Open:
    """An installation whose CRM is the address book, on an index of it."""

    def open(crm: Any = None) -> Installation:
        return Installation(
            book=BOOK,
            ledger=open_ledger(open_engine(":memory:")),
            crm=crm or place.crm(),
            clock=place.clock,
            indexed=True,
        )

    return open


def live(place: Place, installation: Installation, *facts: Interaction) -> None:
    """Facts come in, and all work is done; a minute goes by."""
    installation.take(facts)
    for _ in range(3):
        place.clock.advance_to(place.clock.now() + MINUTE)
        installation.drain()


def incoming(id: str, place: Place, number: str, name: str = "") -> Interaction:
    return call(id, place.clock.now(), number, seconds=60, name=name)


def test_an_unknown_caller_becomes_one_card(place: Place, people: People, opened: Open) -> None:
    """Two calls and a text of one stranger: one card with the name; the decision says where the log is."""
    installation = opened()
    live(place, installation, incoming("c1", place, CALLER, "DIAZ JO"), incoming("c2", place, CALLER))
    live(place, installation, text("t1", place.clock.now(), CALLER, "Hello"))
    (name,) = people.names()
    card = people.get(name)[0]
    assert "FN:Jo Diaz" in card
    assert f"TEL;TYPE=VOICE:{CALLER}" in card
    assert "X-FIRSTCONTACT-INTERACTION:c" in card
    for id in ("c1", "c2", "t1"):
        decision = installation.decision(id)
        assert decision is not None
        assert decision.activity == "skip"
        said = " ".join(sentence for one in explain(decision) for sentence in one.because)
        assert "CardDAV has no place for a log of this kind" in said


def test_a_card_that_a_person_made_is_found(place: Place, people: People, opened: Open) -> None:
    """Somebody adds the caller by hand, in another writing: after the next look nobody is made."""
    installation = opened()
    live(place, installation)
    people.add("contact", {"last_name": "Roe", "phones": ["(415) 555-0126 (Kim)"]})
    live(place, installation, incoming("c1", place, CALLER))
    assert len(people.names()) == 1
    decision = installation.decision("c1")
    assert decision is not None
    assert [one.verdict for one in decision.people] == ["link"]


def test_a_card_made_a_moment_ago_is_adopted(place: Place, people: People, opened: Open) -> None:
    """Somebody adds the caller after we last asked what changed: the live look before creating finds it."""
    proxy = Proxy(place.server)

    def add(method: str, _path: str, body: str) -> None:
        if method == "REPORT" and "addressbook-query" in body and len(people.names()) == 1:
            people.add("contact", {"last_name": "Roe", "phones": ["415.555.0126"]})

    proxy.before = add  # type: ignore[assignment]
    people.add("contact", {"last_name": "Somebody", "phones": ["+14155550111"]})
    with proxied(proxy) as (_, url):
        installation = opened(KIND.open(place.opening(place.address.replace(place.server.url, url))))
        live(place, installation, incoming("c1", place, CALLER))
    assert len(people.names()) == 2


def test_what_a_person_deleted_stays_deleted(place: Place, people: People, opened: Open) -> None:
    """A card of ours that a person deletes is not made again, also where the server forgot its token."""
    installation = opened()
    live(place, installation, incoming("c1", place, CALLER), incoming("d1", place, TEXTER))
    first, second = people.names()
    people.delete("contact", first)
    live(place, installation, incoming("c2", place, CALLER), incoming("d2", place, TEXTER))
    assert people.names() == [second]
    people.delete("contact", second)
    shutil.rmtree(place.server.place(place.address) / ".Radicale.cache" / "sync-token")
    live(place, installation, incoming("c3", place, CALLER), incoming("d3", place, TEXTER))
    assert people.names() == []


def test_a_placeholder_takes_its_name(place: Place, people: People, opened: Open) -> None:
    """A card without a real name takes the first one that comes, and keeps what a person put onto it."""
    installation = opened()
    live(place, installation, incoming("c1", place, CALLER))
    (name,) = people.names()
    assert "FN:Unknown Caller" in people.get(name)[0]
    live(place, installation, incoming("c2", place, CALLER, "DIAZ JO"))
    card = people.get(name)[0]
    assert "FN:Jo Diaz" in card
    assert "N:Diaz;Jo;;;" in card
    assert "PLACEHOLDER" not in card


def test_a_name_that_a_person_gave_stays(place: Place, people: People, opened: Open) -> None:
    """A placeholder that a person has named keeps that name."""
    installation = opened()
    live(place, installation, incoming("c1", place, CALLER))
    (name,) = people.names()
    people.change(name, ["FN:Aunt Jo"], without="FN")
    live(place, installation)
    live(place, installation, incoming("c2", place, CALLER, "DIAZ JO"))
    assert "FN:Aunt Jo" in people.get(name)[0]


def test_a_mail_makes_a_card_and_no_log(place: Place, people: People, opened: Open) -> None:
    """Somebody who writes back and forth becomes a card with the address."""
    installation = opened()
    ours, theirs = "ana@firm.example", "kim@acme.example"
    ours, theirs = "ana@firm.example", "kim@acme.example"
    for number, (sender, other) in enumerate(((ours, theirs), (theirs, ours))):
        mail = Email(
            id=f"m{number}", source="story", source_id=f"m{number}", conversation="t", at=place.clock.now(),
            participants=(person("from", sender, "Kim Roe"), person("to", other, "Kim Roe")), subject="Hello",
            body="Hi", signs=MailSigns(),
        )  # fmt: skip
        live(place, installation, mail)
    cards = [people.get(name)[0] for name in people.names()]
    assert sum("kim@acme.example" in card for card in cards) == len(cards) == 1
    assert ANA not in cards[0]
