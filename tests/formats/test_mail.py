"""One mail's bytes to one Email: headers, body, attachments, signs, and never an exception."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstcontact.formats.mail import read_mail
from firstcontact.formats.mail_body import MAX_TEXT, html_text
from firstcontact.interactions.model import Email

HEAD = b"From: Jo Diaz <jo@acme.example>\nTo: Ana Ruiz <ana@ruizlaw.example>\n"
DATE = b"Date: Mon, 2 Mar 2026 12:00:00 +0100\n"
NOON = int(datetime(2026, 3, 2, 11, tzinfo=UTC).timestamp()) * 1_000_000


def mail(headers: bytes = b"", body: bytes = b"Hello\n", date: bytes = DATE, head: bytes = HEAD) -> Email:
    interactions, rejections = read_mail(head + date + headers + b"\n" + body)
    assert not rejections, rejections
    (email,) = interactions
    assert isinstance(email, Email)
    return email


def people(email: Email) -> list[tuple[str, str, str]]:
    return [(p.role, p.name, p.handles[0].value if p.handles else p.raw) for p in email.participants]


def test_headers_become_participants_in_their_roles() -> None:
    """From, Reply-To, To, Cc and Bcc are participants in that order; nobody is one twice among recipients."""
    email = mail(
        b"Cc: ANA@ruizlaw.example, Bo <bo+crm@acme.example>\nBcc: bo@acme.example, cy@acme.example\n"
        b"Reply-To: Desk <desk@acme.example>\nDelivered-To: other@ruizlaw.example\n"
        b"Resent-To: nobody@ruizlaw.example\n"
    )
    assert people(email) == [
        ("from", "Jo Diaz", "jo@acme.example"),
        ("reply-to", "Desk", "desk@acme.example"),
        ("to", "Ana Ruiz", "ana@ruizlaw.example"),
        ("cc", "Bo", "bo+crm@acme.example"),
        ("bcc", "", "cy@acme.example"),
    ]


def test_a_reply_to_of_the_sender_is_nobody_new() -> None:
    """Reply-To is a participant only where it names another address than From."""
    assert [role for role, _, _ in people(mail(b"Reply-To: JO@acme.example\n"))] == ["from", "to"]


def test_hidden_addresses_are_kept_without_a_handle() -> None:
    """What an archive made unreadable is never guessed to be an address, and never lost."""
    email = mail(head=b"From: jo at acme.example (Jo Diaz)\nTo: an...@ruizlaw.example\n")
    assert [(p.name, p.raw, p.handles) for p in email.participants] == [
        ("Jo Diaz", "jo at acme.example", ()),
        ("", "an...@ruizlaw.example", ()),
    ]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (b"=?utf-8?Q?Caf=C3=A9_?= =?utf-8?Q?au_lait?=", "Café au lait"),
        (b"=?utf-8?B?Q2Fmww==?=\n =?utf-8?B?qQ==?=", "Café"),
        (b"=?iso-8859-1?q?Caf=E9?= open", "Café open"),
        (b"=?no-such-charset?q?Caf=C3=A9?=", "Café"),
        ("Café".encode(), "Café"),
        ("Café".encode("latin-1"), "Café"),
        (b"=?iso-8859-1?Q?Caf\xe9?=", "Café"),
        (b"=?utf-8?B?Q2Fmw6k?=", "Café"),
        (b"one\n two\n\tthree", "one two three"),
        (b"a\0b\x07c", "abc"),
        (b"=?utf-8?q?never closed", "=?utf-8?q?never closed"),
    ],
)
def test_header_text_is_decoded_whatever_was_done_to_it(field: bytes, text: str) -> None:
    """RFC 2047 words, also broken, adjacent or cut inside a character, raw 8-bit text and folds are read."""
    assert mail(b"Subject: " + field + b"\n").subject == text


def test_raw_8_bit_headers_follow_the_charset_of_the_text() -> None:
    """A header in raw 8-bit bytes that are no UTF-8 is in the charset that the mail declares."""
    subject = "Привет".encode("koi8-r")
    email = mail(b"Content-Type: text/plain; charset=koi8-r\nSubject: " + subject + b"\n", subject)
    assert (email.subject, email.body) == ("Привет", "Привет")


@pytest.mark.parametrize(
    ("date", "received"),
    [
        (b"", b"Mon, 2 Mar 2026 11:00:00 +0000"),
        (b"Date: yesterday\n", b"Mon, 2 Mar 2026 11:00:00 +0000"),
        (b"Date: Thu, 1 Jan 1970 00:00:00 +0000\n", b"Mon, 2 Mar 2026 12:00:00 +0100"),
        (b"Date: Mon, 2 Mar 2037 11:00:00 +0000\n", b"Mon, 2 Mar 2026 11:00:00 +0000 (UTC)"),
        (b"Date: Sun, 2 Mar 1997 11:00:00 +0000\n", b"2 Mar 2026 11:00:00 -0000"),
        (b"Date: Mon, 02 Mar 2026 12:00:00 +0100 (CET)\n", b"Mon, 2 Mar 2026 11:09:00 +0000"),
        (b"Date: 2026-03-02T12:00:00+01:00\n", b"Mon, 2 Mar 2026 11:09:00 +0000"),
        (b"Date: Mon Mar  2 11:00:00 2026\n", b"Mon, 2 Mar 2026 11:09:00 +0000"),
        (b"Date: Mon, 02 Mar 26 11:00:00 GMT\n", b"Mon, 2 Mar 2026 11:09:00 +0000"),
    ],
)
def test_the_time_is_the_date_or_the_first_plausible_hop(date: bytes, received: bytes) -> None:
    """A Date that is missing, unreadable or absurd gives way to the first Received; a sound one does not."""
    hops = (
        b"Received: from a by b; Mon, 2 Mar 2026 11:10:00 +0000\nReceived: from c by a; " + received + b"\n"
    )
    assert mail(hops, date=date).at == NOON


def test_without_any_time_it_is_set_aside_unless_the_source_knows() -> None:
    """No Date, no Received: a rejection `no_date`, or the arrival time that the source gives."""
    raw = HEAD + b"\nHello\n"
    assert [r.reason for r in read_mail(raw)[1]] == ["no_date"]
    assert read_mail(raw, received_at=NOON)[0][0].at == NOON
    assert read_mail(b"From jo@acme.example Mon Mar  2 11:00:00 2026\n" + raw)[0][0].at == NOON


@pytest.mark.parametrize(
    ("raw", "reason"), [(b"", "empty"), (b"\r\n \n", "empty"), (b"Dear all,\n\nhello\n", "not_mail")]
)
def test_what_is_no_mail_says_so(raw: bytes, reason: str) -> None:
    """Bytes that are no mail are a rejection with its place and reason, not an exception."""
    interactions, (rejection,) = read_mail(raw, place="box: message at byte 7")
    assert (interactions, rejection.reason, rejection.place) == ((), reason, "box: message at byte 7")


def test_threads_are_named_by_their_first_message() -> None:
    """The conversation is the oldest reference, else what is answered, else the mail itself."""
    both = mail(
        b"Message-ID: <3@x.example>\nReferences: <1@x.example>\n <2@x.example>\nIn-Reply-To: <2@x.example>\n"
    )
    assert (both.conversation, both.references) == ("1@x.example", ("1@x.example", "2@x.example"))
    assert both.signs.reply_to_message == "2@x.example"
    prose = mail(b"Message-ID: <3@x.example>\nIn-Reply-To: Your message of Monday <1@x.example>\n")
    assert (prose.conversation, prose.signs.reply_to_message) == ("1@x.example", "1@x.example")
    alone = mail(b"Message-ID: <3@x.example>\n")
    assert (alone.conversation, alone.source_id) == ("3@x.example", "3@x.example")
    assert mail().conversation == mail().id


MULTIPART = (
    b"--b1\nContent-Type: multipart/alternative; boundary=b2\n\n"
    b"--b2\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
    b"Gr=C3=BC=\n=C3=9Fe\n"
    b"--b2\nContent-Type: text/html\n\n<p>Rich</p>\n--b2--\n"
    b'--b1\nContent-Type: application/pdf; name="offer.pdf"\nContent-Transfer-Encoding: base64\n'
    b"Content-Disposition: attachment; filename*0*=utf-8''Ang%C3%A9; filename*1=bot.pdf\n\nAAAAAAAA\nAAA=\n"
    b"--b1\nContent-Type: message/rfc822\n\nSubject: Inner\n\ntext of the inner mail\n--b1--\n"
)


def test_own_text_and_attachments_are_told_apart() -> None:
    """The plain text is the body; files and forwarded messages are named, typed and sized."""
    email = mail(b"Content-Type: multipart/mixed; boundary=b1\n", MULTIPART)
    assert email.body == "Grüße"
    assert [(a.name, a.content_type, a.size) for a in email.attachments] == [
        ("Angébot.pdf", "application/pdf", 8),
        ("Inner", "message/rfc822", 38),
    ]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (b"Content-Type: multipart/mixed\n", b"Hello\n"),
        (b"Content-Type: multipart/mixed; boundary=zz\n", b"Hello\n"),
        (b"Content-Type: multipart/mixed; boundary=b1\n", b"--b1\n\nHello\n"),
        (b"Content-Type: multipart/mixed; boundary=b1\n", b"--b1\r\n\r\nHello\n\r\n--b1--\r\n"),
        (b"Content-Type: nonsense\n", b"Hello\n"),
        (b'Content-Type: text/plain; charset="no such"\n', b"Hello\n"),
        (b"Content-Type: text/html\n", b"<style>p{}</style><p>He<b>llo</b></p><script>x</script>\n"),
        (
            b"Content-Type: multipart/alternative; boundary=b1\n",
            b"--b1\nContent-Type: text/plain\n\n \n--b1\nContent-Type: text/html\n\n<p>Hello</p>\n--b1--\n",
        ),
        (b"Content-Transfer-Encoding: base64\n", b"SGVsbG8\n"),
        (b"Content-Transfer-Encoding: base64\n", b"SGVsbG8=\n____\nTo leave the list, write to us\n"),
    ],
)
def test_the_text_is_found_in_broken_structures(headers: bytes, body: bytes) -> None:
    """A missing or unclosed boundary, an unknown type, charset or padding never hides the text."""
    assert mail(headers, body).body.strip() == "Hello"


def test_a_body_without_an_empty_line_before_it_is_found() -> None:
    """Where the empty line is missing, the body begins at the first line that no field follows; a stray
    line between fields costs no field."""
    (email,), _ = read_mail(HEAD + DATE + b"Dear Ana,\nhello\n\nJo\n")
    assert email.body == "Dear Ana,\nhello\n\nJo\n"
    (email,), _ = read_mail(HEAD + b"stray line\n" + DATE + b"\nHello\n")
    assert (email.at, email.body) == (NOON, "Hello\n")


def test_the_body_is_limited_and_unquoted() -> None:
    """At most MAX_TEXT characters are kept; the `>` that an mbox put before `From ` is taken off."""
    assert len(mail(body=b"x" * (MAX_TEXT * 3)).body) == MAX_TEXT
    raw = b"From jo@acme.example Mon Mar  2 11:00:00 2026\n" + HEAD + DATE + b"\n>From here\n>>From there\n"
    assert read_mail(raw)[0][0].body == "From here\n>From there\n"
    assert mail(body=b">From a reply\n").body == ">From a reply\n"


def test_html_reads_as_lines() -> None:
    """Blocks are lines, entities characters, and what a browser hides is not there."""
    html = "<title>T</title><p>Jo&nbsp;Diaz<br>CFO &amp; more</p><!-- no --><table><tr><td>a</td><td>b</td>"
    assert html_text(html) == "Jo Diaz\nCFO & more\n\na b"
    assert html_text("shown<style>never closed <p>hidden") == "shown"


@pytest.mark.parametrize(
    ("headers", "signs"),
    [
        (b"List-Unsubscribe: <mailto:u@x.example>\n", ()),
        (b"Auto-Submitted: no\n", ()),
        (b"Subject: Automatic reply: hello\n", ("out-of-office",)),
        (b"Subject: Out of office next week?\n", ()),
        (b"Subject: Undeliverable: hello\n", ("bounce",)),
        (b"Auto-Submitted: auto-generated (cron)\n", ("auto-submitted",)),
        (b"Auto-Submitted: auto-replied\n", ("auto-submitted", "out-of-office")),
        (b"List-Id: <l.x.example>\nPrecedence: list\n", ("list-id", "precedence")),
        (b"Return-Path: <>\n", ("null-return-path",)),
        (b"Return-Path: <>\nSubject: Abwesenheit\n", ("null-return-path", "out-of-office")),
        (b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n", ("bounce",)),
        (
            b"Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n",
            ("read-receipt",),
        ),
        (b"Feedback-ID: 1:2:3:x\n", ("feedback-id",)),
        (b"List-Post: <mailto:l@x.example>\n", ("mailing-list",)),
        (b"X-Campaign: spring\n", ("campaign",)),
        (b"Precedence: first-class\n", ()),
    ],
)
def test_signs_of_machines(headers: bytes, signs: tuple[str, ...]) -> None:
    """Each sign that a machine sent the mail is named; List-Unsubscribe alone and `no` are none."""
    email = mail(headers)
    assert email.signs.automated == signs
    assert email.signs.list_unsubscribe == (b"List-Unsubscribe" in headers)


def test_authentication_results_are_read_top_first() -> None:
    """Server, method and result of RFC 8601, comments skipped; Microsoft named by the hop above."""
    email = mail(
        b"Authentication-Results: MX.ruizlaw.example 1;\n spf=pass (sender; ip) smtp.mailfrom=acme.example;\n"
        b' dkim=fail reason="x" header.d=acme.example; dmarc=none\n'
        b"Received: from a by EU1.prod.outlook.com; Mon, 2 Mar 2026 11:00:00 +0000\n"
        b"Authentication-Results: spf=softfail smtp.mailfrom=acme.example; dmarc=fail action=none\n"
        b"Received: from b by evil.example; Mon, 2 Mar 2026 11:00:00 +0000\n"
        b"Authentication-Results: dmarc=pass\nAuthentication-Results: other.example; none\n"
    )
    assert email.signs.authentication == (
        ("mx.ruizlaw.example", "spf", "pass"),
        ("mx.ruizlaw.example", "dkim", "fail"),
        ("mx.ruizlaw.example", "dmarc", "none"),
        ("eu1.prod.outlook.com", "spf", "softfail"),
        ("eu1.prod.outlook.com", "dmarc", "fail"),
        ("", "dmarc", "pass"),
    )


def test_forwarded_people_are_named_apart() -> None:
    """Addresses in a forwarded block's header lines that no participant bears are `forwarded`."""
    body = (
        b"see below\n\n---------- Forwarded message ---------\nFrom: Cy <Cy@other.example>\n"
        b"To: Jo <jo@acme.example>, dee@other.example\n\nwrite to eve@other.example\n"
    )
    assert mail(body=body).signs.forwarded == ("cy@other.example", "dee@other.example")
    assert mail(body=b"From: Cy <cy@other.example>\n").signs.forwarded == ()


@pytest.mark.parametrize(
    ("header", "draft"),
    [
        (b"X-Mozilla-Draft-Info: internal/draft\n", True),
        (b"X-Unsent: 1\n", True),
        (b"X-Gmail-Labels: Important,Drafts\n", True),
        (b"X-Gmail-Labels: Sent,Draftsmen\n", False),
        (b"", False),
    ],
)
def test_drafts_are_known(header: bytes, draft: bool) -> None:
    """The marks that mail programs leave on what was never sent are read."""
    assert mail(header).signs.draft is draft


def _nested(levels: int) -> bytes:
    lines = (b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(levels))
    return b"".join(lines) + b"\ndeep\n"


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + DATE + _nested(20_000) + b"deep\n" * 800_000,
        b"To: " + b"(" * 100_000 + b"\n" + HEAD + DATE + b"\nx",
        b"To: " + b'"' * 100_001 + b"\n" + HEAD + DATE + b"\nx",
        b"Subject: " + b"=?a?q?x" * 50_000 + b"\n" + HEAD + DATE + b"\nx",
        b"To: <" + b"@" * 100_000 + b">\n" + HEAD + DATE + b"\nx",
        b"To: <" + b"mailto:" * 50_000 + b">\n" + HEAD + DATE + b"\nx",
        HEAD + DATE + b"Content-Type: text/html\n\n" + b"<b> " * 60_000,
        HEAD + DATE + b"Content-Type: text/html\n\n" + b"<!--" * 60_000,
        HEAD + DATE + b"Content-Type: text/plain; charset=punycode\n\n" + b"a-" * 60_000,
        HEAD + DATE + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 100_000,
        b"garbage\nX: y\n" * 50_000 + HEAD + DATE + b"\nx",
    ],
    ids=lambda raw: raw[:24].decode("latin-1"),
)
def test_hostile_structures_cost_one_pass(raw: bytes) -> None:
    """Deep nesting, endless brackets, words or tags neither raise nor take quadratic time."""
    began = datetime.now(UTC)
    interactions, _ = read_mail(raw)
    assert interactions
    assert (datetime.now(UTC) - began).total_seconds() < 3


WORDS = rb"""From: |To: |Jo <jo@acme.example>|=?utf-8?|q?|?=|"|(|<|>|,|;|:|@|--x|--x--| boundary=x|<p|
Subject: |Date: Mon, 2 Mar 2026 11:00:00 +0000|Content-Type: multipart/mixed;|
Content-Transfer-Encoding: base64|
text/html|From jo@x.example |Received: x; |References: <|Authentication-Results: a; spf="""
PIECES = st.sampled_from([*WORDS.split(b"|"), b"\n", b"\r\n", b"\n\n", b"\xff\xfe", b"\0", b" \t"])


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES | st.binary(max_size=6), max_size=40))
def test_no_bytes_raise(pieces: list[bytes]) -> None:
    """Whatever the bytes, there is an interaction or a rejection, and never an exception."""
    interactions, rejections = read_mail(HEAD + b"".join(pieces))
    assert len(interactions) + len(rejections) == 1
