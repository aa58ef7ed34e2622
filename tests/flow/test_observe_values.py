"""What a mail is taken to say of its sender: only they themselves, and only what is theirs (SPEC §8)."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.flow.observe_values import observed_values, signed
from firstcontact.identity.sides import TeamIndex
from firstcontact.identity.team import Team, User
from firstcontact.interactions.model import Email, Handle, MailSigns, Participant

ANA, JO = "ana@firm.example", "jo@acme.example"
TEAM = TeamIndex(
    Team(
        region="US",
        domains=("firm.example",),
        users=(User("ana", emails=(ANA,), phones=("+14155550100",)),),
        lines=("+14155550199",),
    )
)
BODY = "Hi Ana,\n\nplease send the draft.\n\n-- \nJo Diaz\n{lines}\n"
LINES = (
    "VP Finance", "Acme Inc.", "Tel. 415-555-0123", "Mobile: +1 415 555 0124", "Fax: +1 415 555 0125",
    "jo.diaz@acme-group.example", "1 Elm Street, Springfield, IL 62701",
)  # fmt: skip


def mail(*lines: str, sender: str = JO, name: str = "Jo Diaz", **signs: Any) -> Email:
    return Email(
        id="m1", source="test", source_id="m1", conversation="m1", at=7,
        participants=(
            Participant("from", (Handle("email", sender, sender),), name),
            Participant("to", (Handle("email", ANA, ANA),)),
        ),
        body=BODY.format(lines="\n".join(lines or LINES)),
        signs=MailSigns(**signs),
    )  # fmt: skip


def seen(fact: Email) -> dict[str, str]:
    return {each.field: each.value for _, each in observed_values(fact, signed(fact, TEAM), TEAM)}


def test_everything_that_a_signature_says() -> None:
    """Title, typed numbers in canonical form, company, address and further e-mail; a fax number never."""
    assert seen(mail()) == {
        "title": "VP Finance",
        "company": "Acme Inc.",
        "phone": "+14155550123",
        "mobile": "+14155550124",
        "email": "jo.diaz@acme-group.example",
        "mailing": '{"street":"1 Elm Street","city":"Springfield","state":"IL","postal_code":"62701",'
        '"country":"US"}',
    }
    ((key, value), *_) = observed_values(mail(), signed(mail(), TEAM), TEAM)
    assert (key, value.interaction, value.at, value.source) == (JO, "m1", 7, "signature")


@pytest.mark.parametrize(
    "fact",
    [
        mail(automated=("auto-submitted",)),
        mail(draft=True),
        mail(authentication=(("mx.firm.example", "dmarc", "fail"),)),
        mail(sender="info@acme.example"),
        mail(sender=ANA),
    ],
    ids=["a machine", "a draft", "forged", "a role address", "one of ours"],
)
def test_whoever_does_not_speak_for_themselves_says_nothing(fact: Email) -> None:
    """A machine, a draft, a forged sender, a role address and one of ours tell nothing of anybody."""
    assert seen(fact) == {}


def test_what_is_ours_or_somebody_elses_is_not_theirs() -> None:
    """Our own numbers and addresses in their signature are not theirs, nor is an assistant's address."""
    assert seen(mail("VP Finance", "Tel. +1 415 555 0199", ANA)) == {"title": "VP Finance"}
    assert "email" not in seen(mail("VP Finance", "Assistant: kim.osei@acme.example"))


def test_a_report_of_non_delivery_speaks_of_the_address() -> None:
    """A bounce says of each address of theirs that it takes no mail; of ours it says nothing."""
    report = mail(sender="mailer-daemon@mx.example", automated=("bounce",), undeliverable=(JO, ANA))
    told = [(key, each.field, each.source) for key, each in observed_values(report, None, TEAM)]
    assert told == [(JO, "email", "bounce")]
