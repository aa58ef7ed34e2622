"""The peer cases' own checks: each point of a case can fail, and each rule demands something else."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from peer_check import differences
from peer_rules import RULES, by_our_spec
from peer_world import World

from firstcontact.testing.scenarios.bench import Bench

DEFAULTS: Mapping[str, Any] = {
    "tenant": "t1",
    "our_company": "Our Co",
    "our_domains": ["ourco.example"],
    "our_addresses": ["uma@ourco.example"],
    "users": [{"id": "uma", "name": "Uma", "email": "uma@ourco.example", "number": "+14155550100"}],
    "our_numbers": ["+14155550100"],
    "default_region": "US",
    "create": {"email": "sent", "call": "answered", "sms": "any", "fax": "none", "meeting": "organizer"},
    "create_accounts": True,
    "skip_free_mail": False,
    "suppressed": [],
    "ambiguous": "review",
    "deleted_contacts": "suppress",
    "enrich": "none",
    "max_creations_per_event": 10,
}
CONTACT = {"id": "c1", "first_name": "Jo", "last_name": "Diaz", "emails": ["jo@acme.example"], "phones": []}
STRANGER = {
    "kind": "email",
    "direction": "outbound",
    "message_id": "<m1@x.example>",
    "from": "uma@ourco.example",
}
CREATED = {
    "given": {
        "contacts": [CONTACT],
        "accounts": [{"id": "a1", "name": "Beech", "domains": ["beech.example"]}],
    },
    "event": {**STRANGER, "to": ["Kim Osei <kim@beech.example>"]},
    "expect": {
        "decision": "created",
        "counts": {"contacts": 2, "accounts": 1, "activities": 1},
        "created_contacts": [
            {"first_name": "Kim", "last_name": "Osei", "emails": ["kim@beech.example"], "account": "a1"}
        ],
        "contacts_after": {"c1": {"first_name": "Jo", "phones": []}},
        "linked_to": ["new"],
        "activity": {"direction": "outbound", "users": ["uma"]},
        "errors": 0,
    },
}
MUTATIONS: list[tuple[str, Any]] = [
    ("decision", "linked"),
    ("counts", {"contacts": 1}),
    ("counts", {"accounts": 0}),
    ("counts", {"activities": 2}),
    ("created_contacts", [{"first_name": "Al"}]),
    ("created_contacts", [{"emails": ["al@beech.example"]}]),
    ("created_contacts", [{"account": None}]),
    ("created_contacts", [{"account": "new:beech.example"}]),
    ("created_contacts", [{"name_origin": "none"}]),
    ("created_contacts", [{}, {}]),
    ("contacts_after", {"c1": {"first_name": "Al"}}),
    ("contacts_after", {"c1": {"phones": ["+14155550123"]}}),
    ("contacts_after", {"c2": {}}),
    ("contacts_after", {"c1": {"status": "merged", "merged_into": "c2"}}),
    ("linked_to", ["c1"]),
    ("linked_to_accounts", ["a2"]),
    ("activity", {"direction": "inbound"}),
    ("activity", {"users": ["ned"]}),
    ("activity", {"linked_history": ["o1"]}),
    ("errors", 1),
    ("our_reasons", ["suppressed"]),
]


def told(case: Mapping[str, Any], expect: Mapping[str, Any]) -> list[str]:
    """The differences of one case from an expectation."""
    world = World(case, DEFAULTS, Bench())
    return list(differences(expect, world.play(case), world))


def test_a_case_that_holds_tells_nothing() -> None:
    """Without a difference there is none."""
    assert told(CREATED, CREATED["expect"]) == []


@pytest.mark.parametrize(("name", "value"), MUTATIONS)
def test_every_point_of_a_case_can_fail(name: str, value: Any) -> None:
    """An expectation that is otherwise in one point is told, and the point is named."""
    lines = told(CREATED, {"decision": "created", name: value})
    assert lines
    assert all(line.startswith((name, "reason")) for line in lines), lines


def case_of(event: Mapping[str, Any], expect: Mapping[str, Any], **given: Any) -> dict[str, Any]:
    """A case with this event."""
    return {
        "given": {"contacts": [], "accounts": [], "settings": {}, **given},
        "event": dict(event),
        "expect": copy.deepcopy(dict(expect)),
    }


INBOUND = {
    "kind": "email",
    "direction": "inbound",
    "message_id": "<m1@x.example>",
    "to": ["uma@ourco.example"],
}
UNLINKED = {"decision": "logged_unlinked", "counts": {"contacts": 0, "activities": 1}}


def test_a_stranger_s_mail_is_not_logged() -> None:
    """SPEC §6 decides: where no account has the domain, the mail is in the engagement log alone."""
    case = case_of({**INBOUND, "from": "Jo Diaz <jo@acme.example>"}, UNLINKED)
    expect, used = by_our_spec(case)
    assert used == ("nothing_to_log",)
    assert expect == {"decision": "ignored", "counts": {"contacts": 0, "activities": 0}}
    assert told(case, expect) == []
    assert told(case, case["expect"]) != []


def test_a_stranger_s_mail_is_logged_on_the_account() -> None:
    """Where an account has the domain, the peers' expectation stands."""
    accounts = [{"id": "a1", "name": "Acme", "domains": ["acme.example"]}]
    case = case_of({**INBOUND, "from": "Jo Diaz <jo@acme.example>"}, UNLINKED, accounts=accounts)
    expect, used = by_our_spec(case)
    assert used == ()
    assert told(case, expect) == []


def test_a_deleted_contact_is_not_restored() -> None:
    """SPEC §4 decides: what a person deleted stays deleted, whatever the peers' setting."""
    case = case_of(
        {"kind": "call", "call_id": "k1", "direction": "inbound", "from": "+14155550123",
         "to": "+14155550100", "result": "answered", "duration_s": 9},
        {"decision": "restored", "linked_to": ["c1"], "counts": {"contacts": 1, "activities": 1}},
        contacts=[{**CONTACT, "phones": ["+14155550123"], "status": "deleted", "origin": "auto"}],
        settings={"deleted_contacts": "restore"},
    )  # fmt: skip
    expect, used = by_our_spec(case)
    assert used == ("deleted_stays_deleted",)
    assert expect["decision"] == "logged_unlinked"
    assert expect["our_reasons"] == ["suppressed"]
    assert expect["counts"] == {"contacts": 0, "activities": 1}


def test_every_rule_changes_what_is_expected_or_does_not_apply() -> None:
    """A rule that applies and changes nothing would only look like an exception."""
    case = case_of({**INBOUND, "from": "jo@acme.example"}, {"decision": "created"})
    assert by_our_spec(case) == ({"decision": "created"}, ())
    assert len(RULES) <= 15
