"""What a survivor gets of a contact that is merged into it."""

from __future__ import annotations

from firstcontact.connectors.toolkit.merging import filling
from firstcontact.identity.records import MailingAddress, Record
from firstcontact.planning.write import ContactFields


def test_values_stay_and_blanks_are_filled() -> None:
    """Only what the survivor does not have comes over, with every address and number."""
    kept = Record(type="contact", id="1", first_name="Jo", title="CEO", phones=("1",))
    gone = Record(
        type="contact",
        id="2",
        first_name="Josephine",
        last_name="Diaz",
        title="CFO",
        department="Finance",
        emails=("jo@acme.example",),
        phones=("2", "3"),
        mobiles=("3",),
        mailing=MailingAddress(city="Leeds"),
    )
    assert filling(kept, gone) == ContactFields(
        department="Finance",
        emails=("jo@acme.example",),
        phones=("2",),
        mobiles=("3",),
        mailing=MailingAddress(city="Leeds"),
    )


def test_only_a_placeholder_gets_a_name() -> None:
    """And only a real one."""
    kept = Record(type="contact", id="1", last_name="+14155550123", placeholder=True)
    named = Record(type="contact", id="2", first_name="Jo", last_name="Diaz")
    assert filling(kept, named) == ContactFields(first_name="Jo", last_name="Diaz")
    other = Record(type="contact", id="3", last_name="jo@acme.example", placeholder=True)
    assert filling(kept, other) == ContactFields()
