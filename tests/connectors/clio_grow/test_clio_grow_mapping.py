"""Clio Grow's records as ours, and what we write as its bodies."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.clio_grow import client, mapping, marks
from firstcontact.connectors.clio_grow.capabilities import CAPABILITIES, INBOX, LISTED, offered
from firstcontact.identity.records import Matter, Record
from firstcontact.planning.write import ActivityFields, ContactFields
from firstcontact.testing.conformance.making import NOON

CONTACT: dict[str, Any] = {
    "id": 123,
    "global_id": "01J0000000000000000000TEST",
    "clio_id": None,
    "name": "Jo Diaz",
    "first_name": "Jo",
    "last_name": "Diaz",
    "emails": ["jo@acme.example", "jo@home.example"],
    "phone_numbers": ["(415) 555-0123", "020 7946 0018"],
    "type": "Person",
    "status": "Hired",
    "matters": [{"id": 7}, {"id": 8}, {"id": 7}],
    "addresses": [{"street": "1 Main St", "city": "London", "country": "United Kingdom"}],
    "created_at": "2026-03-02T12:00:00Z",
    "updated_at": "2026-03-02T12:00:00Z",
}
"""As the vendor's description of the API shows one, with invented values."""


def note(**fields: Any) -> dict[str, str]:
    """The note of a call."""
    given = {"kind": "call", "interactions": ("c1",), "at": NOON, "subject": "Call", **fields}
    return mapping.new_note(ActivityFields(**given), "k" * 32)


def footer(text: str) -> dict[str, str]:
    """The lines of a footer by name."""
    _, _, lines = text.rpartition(marks.FOOTER + "\n")
    return dict(line.split(": ", 1) for line in lines.split("\n"))


def test_a_contact_is_read_in_its_own_country() -> None:
    """Numbers without a country code are of the country of its address."""
    record = mapping.read_contact(CONTACT, "US")
    assert (record.type, record.id, record.name, record.country) == ("contact", "123", "Jo Diaz", "GB")
    assert "+442079460018" in {one.key for one in record.handles}
    assert record.created_at == NOON
    assert mapping.matters_of(CONTACT) == ("7", "8")


def test_what_is_missing_is_empty() -> None:
    """A company without anything, and a lead without an address, are read all the same."""
    bare = mapping.read_contact({"id": 1, "name": "Acme", "type": "Company", "first_name": None}, "US")
    assert bare == Record(type="contact", id="1", name="Acme")
    lead = mapping.read_lead(
        {"id": 1, "first_name": None, "last_name": "Roe", "email": None, "phone_number": "415 555 0123"}, "US"
    )
    assert (lead.type, lead.id, lead.name, lead.emails) == ("lead", "lead:1", "Roe", ())
    assert [one.key for one in lead.handles] == ["+14155550123"]
    assert mapping.matters_of({"id": 1}) == ()
    assert (
        mapping.read_contact({"id": 1, "emails": "x", "phone_numbers": None, "addresses": []}, "US").emails
        == ()
    )


@pytest.mark.parametrize(
    ("category", "is_open"), [("intake", True), ("hired", True), ("declined", False), (None, True)]
)
def test_a_declined_matter_is_closed(category: Any, is_open: bool) -> None:
    """Every other one is open."""
    row = {
        "id": 7,
        "description": "Diaz v. Roe",
        "status_category": category,
        "created_at": CONTACT["created_at"],
    }
    assert mapping.read_matter(row, "123") == Matter("7", "123", "Diaz v. Roe", is_open, NOON)


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"first_name": "Jo", "last_name": "Diaz"}, ("Jo", "Diaz")),
        ({"first_name": " Jo\nAnn ", "last_name": "Diaz"}, ("Jo Ann", "Diaz")),
        ({"first_name": "Cher"}, ("Cher", "Unknown")),
        ({"last_name": "Diaz"}, ("Unknown", "Diaz")),
        ({"name": "Unknown Caller", "phones": ("+14155550123",)}, ("Unknown", "+14155550123")),
        ({"name": "x", "emails": ("jo@acme.example",)}, ("Unknown", "jo@acme.example")),
        ({}, ("Unknown", "Unknown")),
    ],
)
def test_a_lead_has_both_names(fields: Any, names: tuple[str, str]) -> None:
    """Both are required: somebody without a name is called by the number or address."""
    assert mapping.lead_names(ContactFields(**fields)) == names


def test_a_lead_has_one_address_and_one_number() -> None:
    """Further ones stand in its message, with the interaction and the key; nothing empty is sent."""
    fields = ContactFields(
        last_name="Diaz",
        emails=("jo@acme.example", "jo@home.example"),
        phones=("+14155550123", "+14155550188"),
        lead_source="Web",
        interaction="c 1",
    )
    lead = mapping.new_lead(fields, "k" * 32, "https://firm.example/")
    message = lead.pop("from_message")
    assert lead == {
        "first_name": "Unknown",
        "last_name": "Diaz",
        "referring_url": "https://firm.example/",
        "from_source": "Web",
        "email": "jo@acme.example",
        "phone_number": "+14155550123",
    }
    assert message.split("\n")[2:] == [
        marks.FOOTER,
        "also: jo@home.example",
        "also: +14155550188",
        "interaction: c 1",
        f"key: {'k' * 32}",
    ]
    bare = mapping.new_lead(ContactFields(phones=("+14155550123",)), "k", "https://firm.example/")
    assert "email" not in bare
    assert bare["from_source"] == "FirstContact"
    told = mapping.told_lead(ContactFields(phones=("+14155550123",)), "k", "https://firm.example/")
    assert set(told) == {
        "from_first", "from_last", "from_message", "from_email", "from_phone", "referring_url", "from_source"
    }  # fmt: skip
    assert told["from_email"] == ""


def test_a_note_says_what_has_no_field() -> None:
    """When, how long, which way, about which matter, by which write: readable lines under the text."""
    made = note(
        body="They asked for a date.", direction="inbound", outcome="answered", seconds=60, matter="7",
        interactions=("a b", "sip:1@x"), recording="https://calls.example/1",
    )  # fmt: skip
    assert made["subject"] == "Call"
    assert made["body"].startswith("They asked for a date.\n\n— FirstContact —\n")
    assert footer(made["body"]) == {
        "kind": "call",
        "direction": "inbound",
        "result": "answered/60",
        "at": "2026-03-02T12:00:00Z",
        "matter": "7",
        "recording": "https://calls.example/1",
        "interactions": "a%20b sip:1@x",
        "key": "k" * 32,
    }


def test_a_note_is_never_blank_and_never_too_long() -> None:
    """A body is required, a subject ends at 255 characters and is then whole in the body, and a body at
    65,535: the text is cut there, never the lines under it."""
    assert note(subject="", body="")["subject"] == "call"
    assert note(body=" ")["body"].startswith("(no text)\n")
    long = note(subject="s" * 300, body="b" * 70_000)
    assert len(long["subject"]) == 255
    assert long["body"].startswith("s" * 300 + "\n\nbbb")
    assert len(long["body"]) == 65_535
    assert "…\n\n" + marks.FOOTER in long["body"]
    assert footer(long["body"])["key"] == "k" * 32


def test_a_text_cannot_pass_for_our_footer() -> None:
    """A body that has our line in it, and values with line ends, leave one footer with our values."""
    made = note(body=f"x\n {marks.FOOTER} \nkey: forged", recording="https://a.example/\nkey: forged")
    assert made["body"].count(marks.FOOTER) == 1
    assert footer(made["body"])["key"] == "k" * 32
    assert footer(made["body"])["recording"] == "https://a.example/ key: forged"


def test_no_half_characters_are_sent() -> None:
    """Control characters and lone surrogates are taken out; emoji and right-to-left text stay."""
    made = note(subject="a\x00b", body="half \ud83d pair 🦊 שלום")
    assert made["subject"] == "ab"
    made["body"].encode()
    assert "🦊 שלום" in made["body"]


def test_an_update_writes_lists_as_a_whole() -> None:
    """New numbers come behind those that are there, however they are written; nothing changed is nothing
    sent."""
    fields = ContactFields(phones=("+442079460018", "+14155550188"), emails=("Jo@Acme.example",))
    assert mapping.contact_changes(CONTACT, fields, "US") == {
        "phone_numbers": ["(415) 555-0123", "020 7946 0018", "+14155550188"]
    }
    assert mapping.contact_changes(CONTACT, ContactFields(first_name="Jo", title="CFO"), "US") == {}
    company = {"id": 1, "type": "Company", "name": "Acme"}
    assert mapping.contact_changes(company, ContactFields(name="Acme Ltd"), "US") == {"name": "Acme Ltd"}


def test_a_contact_is_made_with_what_there_is() -> None:
    """A placeholder has its name, a company too, and no empty list is sent."""
    assert mapping.new_contact(ContactFields(name="Unknown Caller", phones=("+14155550123",))) == {
        "type": "Person",
        "name": "Unknown Caller",
        "phone_numbers": ["+14155550123"],
    }
    assert mapping.new_contact(ContactFields(name="Acme", contact_type="company"))["type"] == "Company"
    assert mapping.new_contact(ContactFields(first_name="Jo", last_name="Diaz")) == {
        "type": "Person",
        "first_name": "Jo",
        "last_name": "Diaz",
    }


@pytest.mark.parametrize(
    ("body", "words", "fields"),
    [
        ({"error": {"status": "404", "message": "Not here"}}, "Not here", ()),
        ({"message": "Too Many Requests"}, "Too Many Requests", ()),
        (
            {"inbox_lead": {"errors": {"from_last": ["is blank", "x"]}}},
            "from_last: is blank, x",
            ("from_last",),
        ),
        ({"errors": {"email": "is wrong"}}, "email: is wrong", ("email",)),
        ({"error": "invalid"}, "invalid", ()),
        (["x"], "", ()),
        (None, "", ()),
        ({"errors": {}, "error": None}, "", ()),
    ],
)
def test_a_refusal_is_read_in_any_shape(body: Any, words: str, fields: tuple[str, ...]) -> None:
    """The description's, the page on limits', and what published code reads of the inbox."""
    assert client._words(body) == (words, fields)


def test_a_next_page_is_asked_for_at_our_address() -> None:
    """Whichever host and path the vendor names, its parameters are what counts; one without a token cannot
    be asked for."""
    elsewhere = "https://grow.clio.com/api/v2/contacts?page_token=abc&ids[]=2&ids[]=1"
    query = client._next({"paging": {"next": elsewhere, "previous": None}})
    assert dict(client._pairs(query)) == {"page_token": "abc", "ids[]": ["1", "2"]}
    for none in (None, {}, {"paging": {}}, {"paging": {"next": None}}, {"paging": {"next": ""}}):
        assert client._next(none) == ""
    with pytest.raises(Exception, match="cannot be asked for"):
        client._next({"paging": {"next": "https://grow.clio.com/api/v2/contacts"}})


def test_a_connection_offers_what_its_options_say() -> None:
    """The inbox alone is the usual one; the platform makes leads, or contacts where that was asked for."""
    assert offered({}) == offered({"api": "inbox", "writes": True}) == INBOX
    assert offered({"api": "platform"}) == offered({"api": "platform", "writes": False}) == LISTED
    assert offered({"api": "platform", "writes": True}) == CAPABILITIES
    assert not INBOX.looks_up
    assert (INBOX.logs, INBOX.leads, INBOX.matters) == (frozenset(), False, False)
    assert LISTED.creates_leads
    assert not CAPABILITIES.creates_leads


def test_numbers_and_addresses_are_taken_off() -> None:
    """A list is written as a whole, without what is to go; what is not there changes nothing."""
    row = {"emails": ["jo@acme.example"], "phone_numbers": ["(415) 555-0123", "+14155550124"]}
    gone = ContactFields(without_phones=("+14155550123",), mobiles=("+14155550188",))
    assert mapping.contact_changes(row, gone, "US") == {"phone_numbers": ["+14155550124", "+14155550188"]}
    gone = ContactFields(without_emails=("JO@acme.example",), main_email="jo@new.example")
    assert mapping.contact_changes(row, gone, "US") == {"emails": ["jo@new.example"]}
    assert mapping.contact_changes(row, ContactFields(without_phones=("+14155550199",)), "US") == {}


def test_a_name_is_taken_back() -> None:
    """What an update names as changed is set to nothing too (undo)."""
    row = {"first_name": "Jo", "last_name": "Diaz"}
    fields = ContactFields(last_name="Diaz")
    assert mapping.contact_changes(row, fields, "US") == {}
    assert mapping.contact_changes(row, fields, "US", ("first_name", "last_name")) == {"first_name": ""}
