"""Copies of one mail are one interaction, in any order; mails that are not copies stay apart."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from firstcontact.formats.mail import read_mail
from firstcontact.interactions.merge import supersede
from firstcontact.interactions.model import Email

TEXT = b"Dear Ana,\n\nFrom here it looks fine. Shall we meet on Tuesday?\n\nJo Diaz\nCFO, Acme\n"
DATE = b"Date: Mon, 2 Mar 2026 12:00:00 +0100\n"
ID = b"Message-ID: <abc@acme.example>\n"
HEAD = b"From: Jo Diaz <jo@acme.example>\nTo: Ana <ana@ruizlaw.example>\nSubject: Tuesday\n"

SENT = HEAD + DATE + ID + b"Bcc: bo@ruizlaw.example\n\n" + TEXT
RECEIVED = (
    b"Return-Path: <jo@acme.example>\r\nReceived: from a by b; Mon, 2 Mar 2026 11:00:09 +0000\r\n"
    b"Authentication-Results: mx.ruizlaw.example; dmarc=pass\r\n"
    + (HEAD + DATE + ID + b"\n" + TEXT).replace(b"\n", b"\r\n")
)
LISTED = (
    b"From jo@acme.example Mon Mar  2 11:00:00 2026\n"
    + HEAD.replace(b"Subject: ", b"Subject: [deals] ")
    + DATE
    + ID
    + b"List-Id: <deals.ruizlaw.example>\nCc: deals@ruizlaw.example\n\n"
    + TEXT.replace(b"\nFrom", b"\n>From")
    + b"_____\nTo leave the list, write to its owner.\n"
)
HIDDEN = SENT.replace(b"jo@acme.example", b"jo...@acme.example").replace(b"bo@ruizlaw", b"b...@ruizlaw")
SPELLED = (
    HEAD.replace(b"Jo Diaz <jo@acme.example>", b"jo at acme.example (Jo Diaz)") + DATE + ID + b"\n" + TEXT
)
MUNGED = (
    HEAD.replace(b"Jo Diaz <jo@acme.example>", b'"Jo Diaz via deals" <deals@ruizlaw.example>')
    + DATE
    + ID
    + b"Reply-To: jo@acme.example\n\n"
    + TEXT
)
UNDATED = b"Received: from a by b; Mon, 2 Mar 2026 11:00:09 +0000\n" + HEAD + ID + b"\n" + TEXT
COPIES = [SENT, RECEIVED, LISTED, HIDDEN, SPELLED, MUNGED, UNDATED]


def read(raw: bytes, captured_from: str = "") -> Email:
    (email,), _ = read_mail(raw, captured_from=captured_from)
    assert isinstance(email, Email)
    return email


def test_copies_of_a_mail_have_one_id() -> None:
    """Sender's copy, receiver's copy, list archive, hidden or rewritten sender: one id."""
    assert len({read(raw).id for raw in COPIES}) == 1


@pytest.mark.parametrize(
    "raw",
    [
        HEAD.replace(b"jo@acme", b"bo@other") + DATE + ID + b"\nsomething else\n",
        HEAD + DATE + b"Message-ID: <abd@acme.example>\n\n" + TEXT,
        HEAD + DATE + b"\n" + TEXT,
    ],
)
def test_other_mails_have_other_ids(raw: bytes) -> None:
    """Another Message-ID, none at all, or the same one used by another sender: another interaction."""
    assert read(raw).id != read(SENT).id


def test_without_a_message_id_the_content_tells() -> None:
    """Copies without a Message-ID share an id by Date, sender, subject and first words; others do not."""
    base = read(SENT.replace(ID, b"")).id
    assert {read(raw.replace(ID, b"").replace(ID.strip(), b"X: y")).id for raw in COPIES[:-1]} == {base}
    others = [
        SENT.replace(b"12:00:00", b"12:00:01"),
        SENT.replace(b"Subject: Tuesday", b"Subject: Wednesday"),
        SENT.replace(b"looks fine", b"looks bad"),
        SENT.replace(b"jo@acme", b"bo@other"),
    ]
    assert base not in {read(raw.replace(ID, b"")).id for raw in others}


def test_merging_does_not_depend_on_the_order() -> None:
    """All orders of all copies give one and the same fact, but for who delivered first."""
    emails = [read(raw, f"user{number}") for number, raw in enumerate(COPIES)]
    results = set()
    for order in itertools.permutations(emails):
        merged = order[0]
        for email in order[1:]:
            merged = supersede(merged, email)
        assert merged.captured_from == tuple(email.captured_from[0] for email in order)
        results.add(msgspec.json.encode(msgspec.structs.replace(merged, captured_from=())))
    assert len(results) == 1


def test_merging_keeps_what_any_copy_knows() -> None:
    """Blind copies, list signs and authentication of the copies come together; hidden addresses give way."""
    merged = supersede(supersede(read(HIDDEN, "ana"), read(SENT, "bo")), read(LISTED))
    merged = supersede(merged, read(RECEIVED, "ana"))
    assert isinstance(merged, Email)
    assert [(p.role, p.raw) for p in merged.participants] == [
        ("from", "jo@acme.example"),
        ("to", "ana@ruizlaw.example"),
        ("cc", "deals@ruizlaw.example"),
        ("bcc", "bo@ruizlaw.example"),
    ]
    assert merged.signs.automated == ("list-id",)
    assert merged.signs.authentication == (("mx.ruizlaw.example", "dmarc", "pass"),)
    assert merged.captured_from == ("ana", "bo")
    assert merged.subject == "Tuesday"


def test_delivering_the_same_again_changes_nothing() -> None:
    """A delivery that says nothing new leaves the very fact that was there."""
    merged = supersede(read(SENT, "ana"), read(LISTED, "bo"))
    for raw, user in ((SENT, "ana"), (LISTED, "bo"), (SENT, "bo")):
        assert supersede(merged, read(raw, user)) is merged


def test_recipients_keep_the_order_of_their_header() -> None:
    """Where copies agree on the To field, its first person stays first (SPEC §6, the primary one)."""
    head = HEAD.replace(b"To: Ana <ana@ruizlaw.example>", b"To: zed@ruizlaw.example, ana@ruizlaw.example")
    one, two = head + DATE + ID + b"\n", head + DATE + ID + b"Bcc: bo@ruizlaw.example\n\n"
    merged = supersede(read(one), read(two))
    assert [p.raw for p in merged.participants if p.role == "to"] == [
        "zed@ruizlaw.example",
        "ana@ruizlaw.example",
    ]
