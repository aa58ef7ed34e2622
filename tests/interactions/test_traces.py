"""Where a person stands in texts and interactions, and how they are taken out."""

from __future__ import annotations

import pytest

from firstcontact.interactions.erased import anonymised, is_erased, shown_names
from firstcontact.interactions.model import (
    Attachment,
    Call,
    Email,
    Handle,
    Leg,
    MailSigns,
    Participant,
)
from firstcontact.interactions.traces import ERASED, Traces

MAIL, PHONE, ABROAD = "jo.diaz@acme.example", "+14155550123", "+442071838750"
TRACES = Traces({MAIL: "erased-1", PHONE: "erased-2", ABROAD: "erased-3"}, [("Jo", "Diaz")])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Write to Jo.Diaz@ACME.example!", "Write to erased-1!"),
        ("jo.diaz+news@acme.example", "erased-1"),
        ("https://x.example/?to=jo.diaz%40acme.example&a=1", "https://x.example/?to=erased-1&a=1"),
        ("bo.jo.diaz@acme.example", "bo.[erased]@acme.example"),
        ("bobjo.diaz@acme.example", "bobjo.diaz@acme.example"),
        ("jo@acme.example.org", "jo@acme.example.org"),
        ("ring (415) 555-0123 or", "ring erased-2 or"),
        ("+1 415.555.0123", "erased-2"),
        ("0014155550123", "erased-2"),
        ("sms +14155550100 +14155550123", "sms +14155550100 erased-2"),
        ("24155550123456", "24155550123456"),
        ("020 7183 8750 and +44 (0)20 7183 8750", "erased-3 and erased-3"),
        ("Jo  Diaz, Diaz, Jo; DIAZ JO; jo t. diaz", f"{ERASED}, {ERASED}; {ERASED}; {ERASED}"),
        ("Jo Diazepam and Jojo Diaz", "Jo Diazepam and Jojo Diaz"),
        ("Jo said so", "Jo said so"),
    ],
)
def test_handles_and_whole_names_go_everywhere(text: str, left: str) -> None:
    """Addresses with tags and in links, numbers in any usual spelling and whole names in either order are
    replaced; others that have them within them, and single words of the name, are not."""
    assert TRACES.everywhere(text) == left
    assert TRACES.may_be_in(text) or left == text


def test_single_words_go_nearby() -> None:
    """In what is about them, each word of the name goes, too; not a part of another word."""
    assert TRACES.nearby("Jo and the Diaz case, job") == f"{ERASED} and the {ERASED} case, job"


def test_a_name_in_a_script_without_spaces_goes() -> None:
    """A name that stands between other signs without a space is found."""
    assert Traces({}, [("太郎", "山田")]).everywhere("会議 山田太郎様") == f"会議 {ERASED}様"


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("+5511987654321", "+55 11 8765-4321"),
        ("+525512345678", "+52 1 55 1234 5678"),
        ("+541123456789", "+54 9 11 2345-6789"),
    ],
)
def test_numbers_go_as_old_systems_write_them(key: str, text: str) -> None:
    """A number that is folded in its key is found unfolded."""
    assert Traces({key: "gone"}).everywhere(text) == "gone"


def test_values_go_with_their_keys_and_others_keep_their_words() -> None:
    """Of plain values keys go as well; what is about somebody else loses no single word of the name."""
    value = {
        "people": {MAIL: {"name": "Jo"}},
        "verdicts": [{"about": "jo@other.example", "first_name": "Jo"}, {"about": MAIL, "first_name": "Jo"}],
        "number": 3,
    }
    assert TRACES.out_of(value, near=True) == {
        "people": {"erased-1": {"name": ERASED}},
        "verdicts": [
            {"about": "jo@other.example", "first_name": "Jo"},
            {"about": "erased-1", "first_name": ERASED},
        ],
        "number": 3,
    }


def _who(role: str, key: str, name: str = "") -> Participant:
    kind = "email" if "@" in key else "phone"
    return Participant(role, (Handle(kind, key, key),), name, raw=key)  # type: ignore[arg-type]


def test_a_mail_without_them() -> None:
    """The participant stays without handle and name, text and files go, ids lose the address, and the others
    on it stay as they are."""
    mail = Email(
        id="mail-1", source="mbox", source_id=f"1.{PHONE}@x.example", conversation="c", at=1,
        participants=(_who("from", MAIL, "Diaz, Jo"), _who("to", "jo@other.example", "Jo Other")),
        subject="Jo's offer", body="Regards, Jo", attachments=(Attachment("Diaz.pdf"),),
        signs=MailSigns(forwarded=(MAIL, "x@y.example"), undeliverable=(MAIL,)),
    )  # fmt: skip
    traces = Traces({MAIL: "erased-1", PHONE: "erased-2"}, shown_names(mail, {MAIL}))
    bare = anonymised(mail, traces)
    assert is_erased(bare.participants[0])
    assert bare.participants[0].role == "from"
    assert bare.participants[1] == mail.participants[1]
    assert (bare.subject, bare.body, bare.attachments) == (f"{ERASED}'s offer", "", ())
    assert bare.text_removed
    assert bare.source_id == "1.erased-2@x.example"
    assert isinstance(bare, Email)
    assert (bare.signs.forwarded, bare.signs.undeliverable) == (("x@y.example",), ())


def test_a_call_without_them() -> None:
    """Legs, recording and transcript of a call tell nothing of them any more."""
    call = Call(
        id="call-1", source="s", source_id="call-1", conversation="call-1", at=1, direction="inbound",
        participants=(_who("from", PHONE, "DIAZ JO"), _who("to", "+14155550100")), result="answered",
        seconds=9, recording="https://rec.example/1", transcript="Jo here",
        legs=(Leg("1", 1, "answered", other_line="4155550123", other_name="DIAZ JO"),),
    )  # fmt: skip
    bare = anonymised(call, Traces({PHONE: "erased-2"}, shown_names(call, {PHONE})))
    assert isinstance(bare, Call)
    assert (bare.recording, bare.transcript) == ("", "")
    assert (bare.legs[0].other_line, bare.legs[0].other_name) == ("", "")
    assert (bare.seconds, bare.result) == (9, "answered")


def test_a_mail_that_only_quotes_them() -> None:
    """Where they took no part, the text stays but for their handles and whole name."""
    mail = Email(
        id="mail-2", source="mbox", source_id="2", conversation="c", at=1,
        participants=(_who("from", "kim@other.example", "Kim"),), subject="Hi",
        body="Ask Jo Diaz (415-555-0123), Jo knows.",
    )  # fmt: skip
    bare = anonymised(mail, TRACES)
    assert bare.body == f"Ask {ERASED} (erased-2), Jo knows."
    assert not bare.text_removed
