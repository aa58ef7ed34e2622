"""Which addresses a report of non-delivery says are gone: for good, because of the address, and nothing
else."""

from __future__ import annotations

import pytest

from firstcontact.formats.mail import read_mail
from firstcontact.interactions.mails import supersede
from firstcontact.interactions.model import Email

HEAD = (
    "From: Mail Delivery <mailer-daemon@mx.example>\r\nTo: ana@firm.example\r\nReturn-Path: <>\r\n"
    "Date: Mon, 5 Jan 2026 09:00:00 +0000\r\nMessage-ID: <b1@mx.example>\r\nSubject: Undelivered\r\n"
)
REPORT = (
    HEAD + 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/plain\r\n\r\nYour message was not delivered.\r\n"
    "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n{groups}\r\n"
    "--b--\r\n"
)


def read(text: str) -> Email:
    (mail,), rejected = read_mail(text.encode())
    assert not rejected
    assert isinstance(mail, Email)
    return mail


def group(
    address: str, action: str = "failed", status: str = "5.1.1", told: str = "", field: str = "Final"
) -> str:
    lines = [f"{field}-Recipient: rfc822; {address}", f"Action: {action}", f"Status: {status}"]
    return "\r\n".join([*lines, *([f"Diagnostic-Code: smtp; {told}"] if told else [])])


@pytest.mark.parametrize(
    ("action", "status", "told", "gone"),
    [
        ("failed", "5.1.1", "550 5.1.1 no such user", True),
        ("failed", "5.1.10", "", True),
        ("failed", "5.2.1", "550 mailbox disabled", True),
        ("failed", "5.4.1", "", True),
        ("failed", "5.0.0", "550 5.1.1 user unknown", True),
        ("failed", "5.0.0", "550 unknown user", True),
        ("failed", "5.0.0", "554 message refused", False),
        ("failed", "5.0.0", "550 5.7.1 looks like spam", False),
        ("failed", "5.2.2", "552 mailbox full", False),
        ("failed", "5.3.4", "", False),
        ("failed", "5.7.1", "550 blocked by policy", False),
        ("failed", "4.4.1", "", False),
        ("delayed", "4.2.0", "", False),
        ("delivered", "2.0.0", "", False),
    ],
)
def test_only_what_is_gone_for_good(action: str, status: str, told: str, gone: bool) -> None:
    """A full mailbox, a delay, a refusal for the content or the sender say nothing of the address."""
    mail = read(REPORT.format(groups=group("Jo@Acme.example", action, status, told)))
    assert mail.signs.undeliverable == (("jo@acme.example",) if gone else ())


def test_each_recipient_has_its_own_fate() -> None:
    """Of several recipients only those that are gone are told of; the original address, where it is given."""
    groups = "\r\n\r\n".join(
        [
            group("jo@acme.example"),
            group("kim@acme.example", status="5.2.2"),
            group("box-17@store.example", field="Final").replace(
                "Final-", "Original-Recipient: rfc822; lu@acme.example\r\nFinal-"
            ),
        ]
    )
    assert read(REPORT.format(groups=groups)).signs.undeliverable == ("jo@acme.example", "lu@acme.example")


@pytest.mark.parametrize(
    "body",
    [
        "Hi. This is the qmail-send program at mx.example.\nThis is a permanent error.\n\n"
        "<jo@acme.example>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 user unknown\n",
        "This message was created automatically by mail delivery software.\n\nA message that you sent could "
        "not be delivered to one or more of its\nrecipients. This is a permanent error. The following "
        "address(es) failed:\n\n  jo@acme.example\n    host mx.acme.example [192.0.2.1]\n    "
        "550 5.1.1 <jo@acme.example>: Recipient address rejected: User unknown\n",
    ],
    ids=["qmail", "exim"],
)
def test_programs_that_make_no_report(body: str) -> None:
    """What qmail and Exim write in words is read, too; a full mailbox is no dead address here either."""
    assert read(f"{HEAD}\r\n{body}").signs.undeliverable == ("jo@acme.example",)
    full = body.replace("user unknown", "mailbox full").replace("User unknown", "over quota")
    full = full.replace("550 5.1.1 ", "552 ").replace("Recipient address rejected: ", "")
    assert read(f"{HEAD}\r\n{full}").signs.undeliverable == ()


def test_a_person_who_quotes_a_report_says_nothing() -> None:
    """A mail that a person wrote names no dead address, whatever it quotes."""
    words = "permanent error\n\n<jo@acme.example>:\n550 5.1.1 user unknown\n"
    mail = read(
        "From: Kim <kim@acme.example>\r\nTo: ana@firm.example\r\nDate: Mon, 5 Jan 2026 09:00:00 +0000\r\n"
        f"Message-ID: <k1@acme.example>\r\n\r\n{words}"
    )
    assert mail.signs.undeliverable == ()


def test_copies_of_one_report_say_it_together() -> None:
    """Two deliveries of one report are one fact with the addresses of both."""
    one, other = (read(REPORT.format(groups=group(f"{who}@acme.example"))) for who in ("jo", "kim"))
    assert supersede(one, other).signs.undeliverable == ("jo@acme.example", "kim@acme.example")
