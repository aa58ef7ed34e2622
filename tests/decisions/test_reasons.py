"""Reasons that no scenario can bring about, each on a decision of its own."""

from __future__ import annotations

from typing import Any

import msgspec

from firstcontact.connectors.kinds import capabilities
from firstcontact.explain.catalogue import CATALOGUE, sentence
from firstcontact.identity.records import CrmUser, Matter, Record
from firstcontact.identity.team import Team, User
from firstcontact.interactions.model import Call, Email, Handle, Interaction, MailSigns, Meeting, Participant
from firstcontact.policy.decide import decide
from firstcontact.policy.decision import Decision
from firstcontact.policy.known import CrmContext, Known, PersonFacts
from firstcontact.policy.rules import RULE_NAMES
from firstcontact.policy.settings import Effective

JO = "+14155550123"
ANA = "ana@firm.example"
TEAM = Team(domains=("firm.example",), users=(User("ana", emails=(ANA,), phones=("+14155550100",)),))
CLIO = capabilities("clio")
CALL = Call(
    id="i1",
    source="test",
    source_id="i1",
    conversation="i1",
    at=1,
    participants=(
        Participant(role="from", handles=(Handle("phone", JO, JO),), raw=JO),
        Participant(role="to", handles=(Handle("phone", "+14155550100", "+14155550100"),)),
    ),
    direction="inbound",
    result="answered",
    seconds=60,
)
CONTACT = Record(type="contact", id="c1", name="Jo Diaz", handles=(Handle("phone", JO, JO),))


def outcome(
    interaction: Interaction, person: PersonFacts | None = None, crm: Any = CLIO, **known: Any
) -> Decision:
    context = CrmContext(capabilities=crm, users={"ana": CrmUser("ana")}, active=frozenset({"ana"}))
    people = {JO: person} if person is not None else {}
    looked_up = Known(at=2, connection="crm", crm=context, people=people, **known)
    return decide(interaction, looked_up, Effective(team=TEAM))


def meeting(**changes: Any) -> Meeting:
    people = tuple(
        Participant(role=role, handles=(Handle("email", key, key),), reply="accepted")  # type: ignore[arg-type]
        for role, key in (("organiser", ANA), ("attendee", "jo@acme.example"))
    )
    values: dict[str, Any] = {
        "id": "g1",
        "source": "test",
        "source_id": "g1",
        "conversation": "g1",
        "at": 1,
        "participants": people,
        "status": "confirmed",
        "seconds": 60,
    }
    return Meeting(**{**values, **changes})


def test_a_record_that_does_not_bear_the_handle_is_set_aside() -> None:
    """What the CRM's search returned beside the point is named, and nobody is linked to it."""
    decision = outcome(CALL, PersonFacts(status="absent", stray=("c7",)))
    assert "handle_not_on_record" in decision.reasons()
    assert decision.people[0].verdict == "create"


def test_what_the_crm_has_from_elsewhere_is_not_logged_again() -> None:
    """An interaction that another system has put into the CRM is skipped."""
    decision = outcome(CALL, PersonFacts(status="found", records=(CONTACT,)), logged_elsewhere=True)
    assert (decision.activity, "already_logged" in decision.reasons()) == ("skip", True)


def test_a_crm_that_needs_a_matter_logs_nothing_without_one() -> None:
    """`matter_required`: skipped without an open matter, logged on it where there is one."""
    strict = msgspec.structs.replace(CLIO, matter_required=True)
    found = PersonFacts(status="found", records=(CONTACT,))
    without = outcome(CALL, found, strict)
    assert (without.activity, "matter_required" in without.reasons()) == ("skip", True)
    matter = Matter("m1", "c1", "Diaz v. Roe", True)
    assert outcome(CALL, found, strict, matters=(matter,)).activity == "log"


def test_a_failed_look_up_never_creates_and_is_tried_again() -> None:
    """`unknown` is not `absent`."""
    decision = outcome(CALL, PersonFacts(status="unknown", why="timed out"))
    assert decision.retry
    assert (decision.activity, decision.people[0].verdict) == ("skip", "leave")
    assert "lookup_unknown" in decision.reasons()


def test_what_was_never_looked_up_is_never_guessed() -> None:
    """A fact that is missing in a replay gives `not_known`."""
    decision = outcome(CALL)
    assert decision.people[0].verdict == "leave"
    assert "not_known" in decision.reasons()


def test_a_lone_reply_makes_nothing() -> None:
    """An answer whose invitation has not arrived logs nothing and creates nobody; the whole meeting does."""
    known = PersonFacts(status="absent")
    people = {"jo@acme.example": known}
    context = CrmContext(capabilities=CLIO, users={}, active=frozenset())
    looked_up = Known(at=2, connection="crm", crm=context, people=people)
    settings = Effective(team=TEAM, required_fields={})
    lone = decide(meeting(partial=True), looked_up, settings)
    assert (lone.activity, lone.people[0].verdict) == ("skip", "leave")
    assert "partial" in lone.reasons()
    assert decide(meeting(), looked_up, settings).people[0].verdict == "create"


def test_a_draft_makes_nothing() -> None:
    """A mail that was never sent logs nothing and creates nobody."""
    draft = Email(
        id="e1",
        source="test",
        source_id="e1",
        conversation="e1",
        at=1,
        participants=(
            Participant(role="from", handles=(Handle("email", ANA, ANA),)),
            Participant(role="to", handles=(Handle("email", "jo@acme.example", "jo@acme.example"),)),
        ),
        signs=MailSigns(draft=True),
    )
    decision = outcome(draft)
    assert (decision.activity, decision.people[0].verdict) == ("skip", "leave")
    assert "draft" in decision.reasons()


def test_an_account_that_somebody_took_away_is_not_made_again() -> None:
    """`create_account` makes an account for a new domain, and none for a domain whose account was deleted."""
    context = CrmContext(capabilities=capabilities("salesforce"), active=frozenset())
    people = {"jo@acme.example": PersonFacts(status="absent")}
    known = Known(at=2, connection="crm", crm=context, people=people)
    settings = Effective(team=TEAM, required_fields={}, account_match="create_account")
    assert decide(meeting(), known, settings).people[0].account_domain == "acme.example"
    gone = msgspec.structs.replace(known, accounts_gone=("acme.example",))
    decision = decide(meeting(), gone, settings)
    assert (decision.people[0].verdict, decision.people[0].account_domain) == ("create", "")
    assert "account_deleted" in decision.reasons()


def test_every_reason_has_its_sentence() -> None:
    """The catalogue and the rules name the same reasons, and a sentence needs no value to be readable."""
    assert set(RULE_NAMES) == set(CATALOGUE)
    for decision in (outcome(CALL), outcome(CALL, PersonFacts(status="absent"))):
        for reason in decision.trace:
            assert sentence(reason).endswith((".", "so"))


def test_what_a_person_took_back_is_not_logged_again() -> None:
    """A removed activity stays away, also where the user logs it by hand, and the sentence says when."""
    found = PersonFacts(status="found", records=(CONTACT,))
    at = 1_767_603_600_000_000
    for by_hand in ("", "ana"):
        decision = outcome(CALL, found, removed={"": at}, by_hand=by_hand)
        assert (decision.activity, "removed" in decision.reasons()) == ("skip", True)
    (reason,) = [each for each in decision.trace if each.name == "removed"]
    assert sentence(reason) == "A person removed its activity on 2026-01-05; it is not logged again."


def test_whom_a_person_took_back_is_not_made_again() -> None:
    """A removed contact is suppressed with the day, and linked where somebody has added them since."""
    gone = PersonFacts(status="absent", suppressed="removed")
    decision = outcome(CALL, gone, removed={JO: 1_767_603_600_000_000})
    assert decision.people[0].verdict == "leave"
    (reason,) = [each for each in decision.trace if each.name == "suppressed"]
    assert sentence(reason) == "The contact was removed by a person on 2026-01-05 and is not made again."
    back = PersonFacts(status="found", records=(CONTACT,), suppressed="removed")
    assert outcome(CALL, back, removed={JO: 1}).people[0].verdict == "link"
