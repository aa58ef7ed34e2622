"""`expect` means what the format says it means."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.testing.scenarios.matching import Decided, Outcome, Question, differences

CONTACT = {
    "id": "c1", "name": "Jo Diaz", "first_name": "Jo", "last_name": "Diaz", "emails": ["Jo+x@acme.example"],
    "phones": ["(415) 555-0123", "+1 415 555 0124"], "title": "", "created_by_us": True, "placeholder": False,
    "created_at": 1_772_445_600_000_000,
}  # fmt: skip
OTHER = {"id": "c2", "name": "Al Diaz", "first_name": "Al", "last_name": "Diaz", "emails": [], "phones": []}
ACTIVITY = {
    "interactions": ["s1", "s2"], "kind": "sms", "contacts": ["c1", "c2"], "leads": [], "account": "",
    "user": "ana", "seconds": 0,
}  # fmt: skip
DECIDED = Decided(
    activity="skip",
    participants={"+14155550123": "leave", "anonymous": "leave"},
    reasons=("unknown_contact:skip", "nothing_to_log"),
    because={
        "": ("nothing_to_log: nobody to link and no account",),
        "+14155550123": ("unknown_contact:skip: so",),
    },
)


def told(crm: dict[str, Any] | None = None, decisions: Any = None, review: Any = None) -> tuple[str, ...]:
    """The differences for an expectation, against one fixed end state."""
    outcome = Outcome(
        region="US",
        decisions={"i1": DECIDED},
        crm={"contacts": [CONTACT, OTHER], "activities": [ACTIVITY]},
        questions=(Question("i1", "+14155550123", "several_contacts"),),
    )
    return differences({"crm": crm, "decisions": decisions, "review": review}, outcome)


@pytest.mark.parametrize(
    "crm",
    [
        {"contacts": 2},
        {"leads": 0},
        {"leads": []},
        {"contacts": [{}, {"id": "c1"}]},
        {"contacts": [{"last_name": "Diaz"}, {"first_name": "Jo", "last_name": "Diaz"}]},
        {"contacts": [{"emails": ["jo@ACME.example"]}, {"id": "c2"}]},
        {"contacts": [{"phones": ["+14155550124", "+14155550123"]}, {"phones": []}]},
        {"contacts": [{"id": "c1", "title": None}, {"emails": None}]},
        {"contacts": [{"created_by_us": True, "placeholder": False}, {"created_by_us": False}]},
        {"contacts": [{"created_at": "2026-03-02T10:00:00Z"}, {}]},
        {"activities": [{"interaction": "s2", "contact": "c2", "lead": None, "account": None}]},
        {"activities": [{"contact": {"phone": "415-555-0124"}}]},
        {"activities": [{"contact": {"email": "jo@acme.example"}, "seconds": 0}]},
    ],
)
def test_what_holds_gives_no_difference(crm: dict[str, Any]) -> None:
    """Counts, partial records in any order, empty fields and handles in any spelling are recognised."""
    assert told(crm) == ()


@pytest.mark.parametrize(
    ("crm", "says"),
    [
        ({"contacts": 1}, "expected 1 contacts; got 2"),
        ({"leads": 1}, "expected 1 leads; got 0"),
        ({"contacts": [{"id": "c1"}]}, "expected exactly 1 contacts; got 2"),
        ({"contacts": [{"id": "c1"}, {"id": "c1"}]}, "id is c2, not c1"),
        (
            {"contacts": [{"first_name": "Jo"}, {"last_name": "Diaz", "emails": ["jo@acme.example"]}]},
            "emails",
        ),
        ({"contacts": [{"phones": ["+14155550123"]}, {}]}, "phones is "),
        ({"contacts": [{"emails": None}, {"emails": None}]}, "emails is [Jo+x@acme.example], not empty"),
        ({"contacts": [{"created_by_us": False}, {"created_by_us": False}]}, "created_by_us is true"),
        ({"activities": [{"contact": None}]}, "contact is [c1, c2], not empty"),
        ({"activities": [{"contact": {"email": "al@acme.example"}}]}, "contact is"),
        ({"activities": [{"user": "bo"}]}, "user is ana, not bo"),
        ({"activities": []}, "expected exactly 0 activities; got 1"),
        ({"leads": [{"id": "l1"}]}, "there is none"),
    ],
)
def test_what_does_not_hold_is_told(crm: dict[str, Any], says: str) -> None:
    """A count, a set or a field that is otherwise is told with what is there instead."""
    assert says in "\n".join(told(crm))


def test_entries_and_records_are_paired_as_well_as_they_can_be() -> None:
    """A greedy pairing would give the wide entry the only record that the narrow one fits."""
    assert told({"contacts": [{"last_name": "Diaz"}, {"id": "c1"}]}) == ()
    assert told({"contacts": [{"id": "c1"}, {"last_name": "Diaz"}]}) == ()


def test_a_decision_that_differs_says_why_it_is_so() -> None:
    """A differing verdict carries the trace's sentence; a reason that is missing lists those given."""
    lines = told(
        decisions={
            "i1": {"activity": "log", "participants": {"(415) 555-0123": "create"}, "reasons": ["free_mail"]}
        }
    )
    assert lines[0] == (
        "expected activity of i1: log; got skip because nothing_to_log: nobody to link and no account"
    )
    assert lines[1] == ("expected (415) 555-0123 of i1: create; got leave because unknown_contact:skip: so")
    assert lines[2] == "expected reason free_mail for i1; reasons given: unknown_contact:skip, nothing_to_log"
    assert told(decisions={"i1": {"activity": "skip", "participants": {"anonymous": "leave"}}}) == ()
    assert "got none" in told(decisions={"i9": {}})[0]
    assert (
        "not among them: +14155550123, anonymous"
        in told(decisions={"i1": {"participants": {"x@y.example": "link"}}})[0]
    )


def test_open_questions_are_counted_or_matched_as_a_set() -> None:
    """`review` takes a count or a list; `about` is compared by handle."""
    question = {"interaction": "i1", "about": "415 555 0123", "reason": "several_contacts"}
    assert told(review=1) == ()
    assert told(review=[question]) == ()
    assert "expected 0 open questions; got 1: i1 about +14155550123" in told(review=0)[0]
    assert told(review=[{**question, "reason": "free_mail"}])
    assert told(review=[])
