"""An installation for the tests of lanes, and short facts for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.contract import Crm, Delivery, Reading
from firstcontact.flow.clock import VirtualClock
from firstcontact.flow.installation import Installation
from firstcontact.interactions.model import Call, Handle, Interaction, Participant, decode, encode
from firstcontact.ledger.book import Ledger
from firstcontact.policy.scopes import SettingsBook
from firstcontact.store.engine import open_engine

NOON = 1_767_614_400_000_000
ANA = "+14155550100"


def book(**settings: Any) -> SettingsBook:
    """Ana's firm, which creates a contact for everybody whose call she answers."""
    users = [{"id": "ana", "name": "Ana Ruiz", "emails": ["ana@firm.example"], "phones": [ANA]}]
    team = {"domains": ["firm.example"], "region": "US", "users": users}
    return SettingsBook.from_mapping(team, settings)


def call(number: int, other: str = "") -> Call:
    """An answered call from a stranger of its own, or from `other`."""
    other = other or f"+1415{5550200 + number if number < 100 else 6000000 + number}"
    people = (
        Participant("from", (Handle("phone", other, other),)),
        Participant("to", (Handle("phone", ANA, ANA),)),
    )
    return Call(
        id=f"call{number}", source="test", source_id=f"s{number}", conversation=f"c{number}",
        at=NOON + number, direction="inbound", participants=people, result="answered", seconds=60,
    )  # fmt: skip


def delivery(fact: Interaction) -> Delivery:
    """The fact as bytes."""
    return Delivery("test", fact.id, encode(fact))


def read(one: Delivery) -> Reading:
    """The bytes as a fact."""
    return Reading((decode(one.raw),))


def installation(
    ledger: Ledger,
    crm: Crm | None = None,
    settings: SettingsBook | None = None,
    reader: Callable[[Delivery], Reading] = read,
    **more: Any,
) -> Installation:
    """An installation on this ledger; its CRM is an address book in memory if none is given."""
    return Installation(
        book=settings or book(),
        ledger=ledger,
        crm=crm or AddressBook(open_engine(":memory:")),
        clock=VirtualClock(NOON),
        reader=reader,
        **more,
    )
