"""What is written into Lawmatics' texts and fields, and how they are read: pure functions."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from firstcontact.connectors.lawmatics import activities, mapping, texts
from firstcontact.connectors.lawmatics.activities import Id, Stand
from firstcontact.connectors.lawmatics.finding import patterns, questions
from firstcontact.connectors.lawmatics.marks import IDS_LIMIT, Mark, line, read_line
from firstcontact.connectors.lawmatics.texts import Text
from firstcontact.connectors.toolkit.spellings import spellings
from firstcontact.interactions.handles import read_handle
from firstcontact.interactions.model import Handle
from firstcontact.planning.write import ActivityFields, ContactFields
from firstcontact.testing.conformance.making import NOON

KEY = "0123456789abcdef" * 2
IDS = st.lists(st.text(st.characters(categories=("L", "N", "P", "Zs")), min_size=1, max_size=30), max_size=5)
LINES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=60)


def handle_of(text: str, region: str = "US") -> Handle:
    """One handle."""
    handle = read_handle(text, region)
    assert handle is not None
    return handle


# --- the mark -------------------------------------------------------------------------------------------


def test_a_mark_is_the_line_that_people_see() -> None:
    """In the order that the README says."""
    mark = Mark(
        key=KEY, kind="call", interactions=("i1", "i2"), direction="inbound", outcome="answered", seconds=60,
        user="17",
    )  # fmt: skip
    assert line(mark) == f"FirstContact: {KEY} call inbound answered/60 user:17 i1 i2"


@given(
    interactions=IDS,
    at=st.sampled_from([0, NOON]),
    direction=st.sampled_from(["", "inbound", "outbound"]),
    outcome=st.sampled_from(["", "answered", "no_answer"]),
    seconds=st.integers(0, 100_000),
    user=st.sampled_from(["", "7"]),
)
def test_a_mark_is_read_as_it_was_written(interactions: list[str], **rest: Any) -> None:
    """Whatever the ids are, also with spaces and per cents in them."""
    ids = tuple(id for id in interactions if id.isprintable() and not re.fullmatch(r"\+\d+", id))
    mark = Mark(key=KEY, kind="call", interactions=ids, **rest)
    assert read_line(line(mark)) == mark


def test_ids_that_do_not_fit_are_counted() -> None:
    """None is cut; the count says how many are left out, and stays when the mark is written again."""
    ids = tuple(f"interaction-{number:04d}" for number in range(100))
    written = line(Mark(key=KEY, kind="sms", interactions=ids))
    assert len(written) < IDS_LIMIT + 100
    read = read_line(written)
    assert read is not None
    assert read.interactions == ids[: len(read.interactions)]
    assert read.more == 100 - len(read.interactions)
    assert line(read) == written


@pytest.mark.parametrize(
    "text", ["", "FirstContact: hello", f"FirstContact: {KEY}", f"x FirstContact: {KEY} a b /1"]
)
def test_other_lines_are_no_marks(text: str) -> None:
    """Also those that people begin alike."""
    assert read_line(text) is None


# --- texts ----------------------------------------------------------------------------------------------


@given(
    subject=LINES, said=st.lists(LINES, max_size=4), recording=st.sampled_from(["", "https://rec.example/1"])
)
def test_a_text_is_read_as_it_was_written(subject: str, said: list[str], recording: str) -> None:
    """Subject, body, what belongs to it and the mark come apart again."""
    body = "\n".join(each for each in said if each.strip()).strip("\n")
    shown = " ".join(subject.split()) or "call"
    taken = ("Recording", "Transcript", "File", "FirstContact")
    assume(not any(each.startswith(taken) for each in (shown, *said)))
    text = Text(
        subject=shown, said=body, recording=recording, mark=Mark(key=KEY, kind="call", interactions=("i1",))
    )
    assert texts.read(texts.written(text), subject=True) == text


def test_a_recording_that_the_text_names_is_not_named_twice() -> None:
    """The template may have it."""
    text = Text(said="Listen: https://rec.example/1", recording="https://rec.example/1")
    assert texts.written(text).count("https://rec.example/1") == 1


def test_what_stands_behind_the_mark_stays() -> None:
    """Lawmatics and people may write there; the mark goes to the end again."""
    mark = line(Mark(key=KEY, kind="call", interactions=("i1",)))
    read = texts.read(f"Hello.\n\n{mark}\n\nBy hand.", subject=False)
    assert read.said.startswith("Hello.")
    assert read.said.endswith("By hand.")
    assert read.mark is not None
    assert texts.written(read).endswith(mark)


def test_a_long_subject_is_whole_in_the_body() -> None:
    """Nothing of a mail's subject is lost where a note's name does not take it."""
    subject = "Re: " + "x" * 400
    fields = ActivityFields(kind="email", interactions=("m",), at=NOON, subject=subject, body="Hello.")
    text = activities.text_of(fields, KEY, "note")
    assert text.said == f"{subject}\n\nHello."
    assert len(activities.name_of(subject, "email")) == 255


def test_a_form_follows_from_kind_and_place() -> None:
    """Interactions stand on matters only; mails are notes everywhere, meetings events."""
    contact, matter = Stand("Contact", "1"), Stand("Prospect", "1")
    forms = {
        (kind, stand.type): activities.form_of(kind, stand)
        for kind in ("call", "email", "meeting")
        for stand in (contact, matter)
    }
    assert forms == {
        ("call", "Contact"): "note",
        ("call", "Prospect"): "interaction",
        ("email", "Contact"): "note",
        ("email", "Prospect"): "note",
        ("meeting", "Contact"): "event",
        ("meeting", "Prospect"): "event",
    }


def test_nobody_is_invited_to_an_event() -> None:
    """Neither to a new one nor to one that is changed: what is not said would be true."""
    fields = ActivityFields(kind="meeting", interactions=("m",), at=NOON, subject="Meeting", body="Agenda")
    text = activities.text_of(fields, KEY, "event")
    made = activities.body_of(fields, text, "event", Stand("Contact", "1"), ["7"], "")
    there = {
        "attributes": {"name": "Meeting", "description": "Before.", "start_date": "2026-01-01T09:00:00Z"}
    }
    moved = activities.changes("event", there, text, fields, frozenset({"at", "body"}))
    assert (made["send_invites"], moved["send_invites"]) == (False, False)


@pytest.mark.parametrize("text", ["7", "note:", "note:x", "task:7", "note:7:8", ""])
def test_other_ids_are_no_activities(text: str) -> None:
    """Three sorts are counted apart, so an id says which it is."""
    assert activities.read_id(text) is None
    assert activities.read_id("note:7") == Id("note", "7")


# --- contacts -------------------------------------------------------------------------------------------


def row(**attributes: Any) -> dict[str, Any]:
    """A contact as Lawmatics has it."""
    relationships = attributes.pop("relationships", {})
    return {"id": "7", "type": "contact", "attributes": attributes, "relationships": relationships}


PROSPECTS = {"prospects": {"data": [{"id": "21", "type": "prospect"}]}}


@pytest.mark.parametrize(
    ("told", "lead"),
    [
        ({"contact_type": "PNC", "relationships": PROSPECTS}, True),
        ({"relationships": PROSPECTS}, True),
        ({"contact_type": "PNC", "relationships": {"prospects": {"data": []}}}, False),
        ({"contact_type": "PNC"}, False),
        ({"contact_type": "Client", "relationships": PROSPECTS}, False),
        ({"contact_type": "Judge", "relationships": PROSPECTS}, False),
        (
            {
                "contact_type": "PNC",
                "relationships": {**PROSPECTS, "client": {"data": {"id": "3", "type": "client"}}},
            },
            False,
        ),
        (
            {
                "contact_type": "PNC",
                "relationships": PROSPECTS,
                "custom_fields": [{"id": 1, "name": "FirstContact key", "value": KEY}],
            },
            False,
        ),
    ],
)
def test_who_is_a_lead(told: dict[str, Any], lead: bool) -> None:
    """Of whom the firm has a potential case and nothing else, unless it is a contact of ours."""
    assert mapping.is_lead(row(**told)) == lead


def test_a_name_in_one_part_is_a_last_name() -> None:
    """A contact of Lawmatics has no other; a real name takes its place as a whole."""
    new = mapping.new_contact(ContactFields(name="Unknown Caller", phones=("+14155550123",)), KEY, {}, "US")
    assert (new.body["first_name"], new.body["last_name"]) == ("", "Unknown Caller")


# --- questions ------------------------------------------------------------------------------------------


def test_questions_about_a_number() -> None:
    """By digits one question in North America, elsewhere with and without the country's code; by writing, all
    usual writings."""
    assert questions(handle_of("(415) 555-0123"), "digits") == ("4155550123",)
    assert questions(handle_of("020 7946 0123", "GB"), "digits") == ("442079460123", "02079460123")
    stored = questions(handle_of("(415) 555-0123"), "stored")
    assert {"4155550123", "415-555-0123", "+14155550123", "(415) 555-0123"} <= set(stored)
    assert stored == spellings(handle_of("(415) 555-0123"))


def test_questions_about_an_address() -> None:
    """In both writings of its domain; all of them by a pattern that its tags are in, and nothing else is."""
    assert questions(handle_of("Jo+news@acme.example"), "digits") == ("jo@acme.example",)
    assert "jo@bücher.example" in questions(handle_of("jo@bücher.example"), "stored")
    assert patterns(handle_of("jo_diaz+news@acme.example")) == ("jo\\_diaz%@acme.example",)
    assert patterns(handle_of("(415) 555-0123")) == ("%0123%",)
