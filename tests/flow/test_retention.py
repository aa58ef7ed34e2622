"""Retention removes texts and nothing else."""

from __future__ import annotations

from sqlalchemy import select

from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.people import People
from firstcontact.connectors.contract import Delivery, Reading, ReadingContext
from firstcontact.connectors.files.telephony import read_telephony
from firstcontact.flow.clock import DAY, VirtualClock
from firstcontact.flow.installation import Installation
from firstcontact.ledger.history import open_ledger
from firstcontact.ledger.tables import deliveries
from firstcontact.policy.scopes import SettingsBook
from firstcontact.store.engine import open_engine

TEAM = {"region": "US", "users": [{"id": "ana", "name": "Ana Ruiz", "phones": ["+14155550100"]}]}
TEXT = (
    b'{"id": "s1", "kind": "sms", "direction": "inbound", "at": "2026-03-02T10:00:00Z", '
    b'"from": "+14155550123", "to": "+14155550100", "body": "the secret word"}'
)


def read(delivery: Delivery) -> Reading:
    return read_telephony(delivery, ReadingContext(region="US"))


def test_texts_go_after_their_days_and_the_crm_keeps_what_was_written() -> None:
    """After `body_days` no text is left in the ledger, the digest still knows the delivery, deciding again
    writes nothing, and the activity in the CRM keeps its body."""
    clock = VirtualClock(1_772_445_600_000_000)
    book = AddressBook(open_engine(":memory:"))
    ledger = open_ledger(open_engine(":memory:"))
    installation = Installation(
        book=SettingsBook.from_mapping(TEAM, {}), ledger=ledger, crm=book, clock=clock
    )
    item = (Delivery("jsonl", "test", TEXT), "1")
    installation.receive([item], read, live=True)
    installation.drain()
    assert "the secret word" in People(book).dump()["activities"][0]["body"]

    clock.wait(16 * DAY)
    installation.drain()

    everything = b""
    with ledger.read() as tx:
        assert tx.execute(select(deliveries.c.raw)).scalar() is None
        raw = tx.connection.driver_connection
        assert raw is not None
        everything = "\n".join(raw.iterdump()).encode()
    assert b"the secret word" not in everything
    assert b"the secret word".hex().encode() not in everything.lower()
    assert installation.receive([item], read, live=True).known_deliveries == 1
    with ledger.write() as tx:
        from firstcontact.ledger.intake import set_due

        set_due(tx, ["s1"], clock.now())
    assert installation.drain().written == 0
    assert "the secret word" in People(book).dump()["activities"][0]["body"]
