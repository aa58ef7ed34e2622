"""What is written into Clio's fields, and how its texts are read: pure functions."""

from __future__ import annotations

import pytest

from firstcontact.connectors.clio import activities, changes, mapping
from firstcontact.connectors.clio.documents import fetch
from firstcontact.connectors.clio.users import ZONES
from firstcontact.connectors.toolkit.text_search import questions
from firstcontact.interactions.handles import read_handle
from firstcontact.planning.write import ActivityFields, ContactFields
from firstcontact.testing.conformance.making import NOON


def asked(text: str, region: str = "US") -> tuple[str, ...]:
    """Questions where parts of words are found."""
    handle = read_handle(text, region)
    assert handle is not None
    return questions(handle, "parts")


def test_a_number_is_one_question() -> None:
    """Four digits in a row end every usual writing of a North American number."""
    assert asked("(415) 555-0123") == ("0123",)


def test_a_number_in_pairs_is_asked_for_in_both_writings() -> None:
    """A French number is written in pairs, which a part of four digits in a row is not in."""
    digits, grouped = asked("01 99 00 45 67", "FR")
    assert (digits, grouped) == ("4567", "45 67")


def test_an_address_is_asked_for_with_its_tags() -> None:
    """What follows the plus sign is not known; a domain is asked for in both its writings."""
    assert asked("Jo+news@acme.example") == ("jo@acme.example", "jo+")
    assert "jo@bücher.example" in asked("jo@bücher.example")
    assert "jo@xn--bcher-kva.example" in asked("jo@bücher.example")


def test_ids_that_do_not_fit_are_counted() -> None:
    """None is cut; the count says how many are left out, and is no id."""
    ids = tuple(f"interaction-{number:04d}" for number in range(40))
    text = activities.ids_text(ids)
    assert len(text) <= 255
    kept = activities.read_ids(text)
    assert kept == ids[: len(kept)]
    assert text.endswith(f" +{40 - len(kept)}")
    assert activities.read_ids(activities.ids_text(ids[:3])) == ids[:3]


def test_a_long_subject_is_whole_in_the_body() -> None:
    """Nothing of a mail's subject is lost where it does not fit."""
    subject = "Re: " + "x" * 400
    fields = ActivityFields(kind="email", interactions=("m",), at=NOON, subject=subject, body="Hello.")
    short, body = activities.subject_and_body(fields)
    assert len(short) == 255
    assert body == f"{subject}\n\nHello."


def test_nothing_blank_is_sent() -> None:
    """Clio wants a subject and a body; a recording that the text names is not named twice."""
    fields = ActivityFields(kind="call", interactions=("c",), at=NOON, subject=" \x00", body="")
    assert activities.subject_and_body(fields) == ("call", "call")
    link = "https://calls.example/1"
    named = ActivityFields(
        kind="call", interactions=("c",), at=NOON, subject="Call", body=f"Recording: {link}", recording=link
    )
    assert activities.subject_and_body(named)[1] == f"Recording: {link}"


@pytest.mark.parametrize(
    ("number", "type"),
    [("+61491570156", "Mobile"), ("+442079460123", "Work"), ("+14155550123", "Other"), ("who", "Other")],
)
def test_the_type_of_a_number_is_said_where_its_plan_tells(number: str, type: str) -> None:
    """North American numbers do not tell a mobile from a fixed line."""
    assert changes.phone_type(number, "US") == type


def test_a_company_is_made_where_a_user_chose_it() -> None:
    """Its name is whole."""
    fields = ContactFields(last_name="Acme", contact_type="Company", phones=("+14155550123",))
    body = changes.new_contact(fields, "k", {}, "US")
    assert (body["type"], body["name"]) == ("Company", "Acme")
    assert "first_name" not in body


def test_only_open_addresses_are_fetched() -> None:
    """Neither a file of this machine nor anything without a scheme."""
    assert fetch("data:,Hello") == b"Hello"
    assert fetch("data:text/plain;base64,SGVsbG8=") == b"Hello"
    for uri in ("file:///etc/hostname", "fax.pdf", "", "data:x", "ftp://acme.example/fax.pdf", "http://"):
        assert fetch(uri) is None, uri


def test_zones_are_there() -> None:
    """Each name of a zone is one that this machine knows."""
    from zoneinfo import ZoneInfo

    for zone in ZONES.values():
        ZoneInfo(zone)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("UK", "GB"),
        ("gb", "GB"),
        ("United Kingdom", "GB"),
        ("Deutschland", "DE"),
        ("Atlantis", ""),
        ("XX", ""),
    ],
)
def test_a_country_is_read_as_people_write_it(written: str, read: str) -> None:
    """A country is known by its code or a usual name, so that numbers beside it are read there."""
    record = mapping.read_contact({"id": 1, "primary_address": {"country": written}}, "US")
    assert record.country == read
