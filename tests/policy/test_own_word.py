"""Whether a mail is its sender's own word."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from firstcontact.identity.sides import TeamIndex
from firstcontact.identity.team import Team, User
from firstcontact.interactions.model import Email, Handle, MailSigns, Participant
from firstcontact.policy.own_word import WHY, NotOwn, not_own

ANA, JO = "ana@firm.example", "jo@acme.example"
TEAM = TeamIndex(Team(domains=("firm.example",), users=(User("ana", emails=(ANA,)),)))


def reason(sender: str = JO, **signs: Any) -> str | None:
    participant = Participant("from", (Handle("email", sender, sender),), "Jo Diaz")
    mail = Email(
        id="m1", source="test", source_id="m1", conversation="m1", at=7,
        participants=(participant,), signs=MailSigns(**signs),
    )  # fmt: skip
    return not_own(mail, participant, TEAM)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (reason(), None),
        (reason(authentication=(("mx.firm.example", "dmarc", "pass"),)), None),
        (reason(automated=("auto-submitted",)), "automated"),
        (reason(draft=True), "draft"),
        (reason(ANA), "ours"),
        (reason("info@acme.example"), "role_address"),
        (reason(authentication=(("mx.firm.example", "dmarc", "fail"),)), "forged"),
    ],
)
def test_who_speaks_for_themselves(found: str | None, why: str | None) -> None:
    """A person of theirs does; whoever does not has the reason that people are told."""
    assert found == why


def test_each_reason_is_told_in_words() -> None:
    """No reason is shown to a person as a key."""
    assert set(WHY) == set(get_args(NotOwn))
