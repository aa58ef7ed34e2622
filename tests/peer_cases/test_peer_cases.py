"""What other projects' tests and bug reports say of automatic contact creation, held to our engine.

The file is named by FIRSTCONTACT_PEER_CASES, else it is the shared one; any file of the same form will do.
Every case whose kind of event is offered is run. Where our SPEC decides otherwise (`peer_rules`), the
engine is held to the SPEC instead. The summary at the end of the run counts both.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from peer_check import differences
from peer_events import INTERACTIONS
from peer_rules import RULES, by_our_spec
from peer_world import World, all_events

from firstcontact.formats.mail_addresses import read_addresses
from firstcontact.identity.names import name_from_local_part, read_name
from firstcontact.interactions.handles import read_phone_field
from firstcontact.testing.scenarios.bench import Bench

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("FIRSTCONTACT_SHARED") or ROOT.parent / "shared")
FILE = Path(os.environ.get("FIRSTCONTACT_PEER_CASES") or SHARED / "peer-cases.json")
DOCUMENT: Mapping[str, Any] = json.loads(FILE.read_text("utf-8")) if FILE.is_file() else {"cases": []}

OFFERED = INTERACTIONS | {"batch", "contact_create", "contact_update", "merge"}
PARSED = frozenset({"name_parse", "address_parse", "phone_parse"})
NOT_OFFERED = {
    "intake": "forms and API leads are no source yet",
    "import": "importing a list of contacts is the CRM's own affair until it is a command",
    "http": "there is no web intake yet",
    "signed web hook": "there is no web intake yet",
    "thread_account": "the account of a thread has no function of its own yet",
    "activity_for_contact": "activities without an interaction are no part of FirstContact",
    "unmerge": "undoing a merge is not offered yet",
    "contact_create by api": "there is no API for records yet",
}
SUMMARY: Counter[str] = Counter()


def kind_of(case: Mapping[str, Any]) -> str:
    """The kind of event that decides whether the case is run; its own name where it needs something else."""
    for event in all_events(case):
        kind = event["kind"]
        if "auth" in event:
            return "signed web hook"
        if kind == "contact_create" and event.get("by") == "api":
            return "contact_create by api"
        if kind not in OFFERED | PARSED:
            return str(kind)
    return str(case["event"]["kind"])


CASES = [case for case in DOCUMENT["cases"] if kind_of(case) not in NOT_OFFERED]
LEFT = Counter(kind_of(case) for case in DOCUMENT["cases"] if kind_of(case) in NOT_OFFERED)


@pytest.fixture(scope="module")
def bench() -> Bench:
    """The databases that all cases are played in, one after the other."""
    return Bench()


@pytest.mark.skipif(
    not DOCUMENT["cases"], reason=f"no peer cases at {FILE.name}; set FIRSTCONTACT_PEER_CASES"
)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_peer_case_holds(case: Mapping[str, Any], bench: Bench) -> None:
    """The engine does what the case says, or what our SPEC says instead, in every point that is named."""
    if case["event"]["kind"] in PARSED:
        assert parsed(case["event"]) == case["expect"]["parsed"]
        SUMMARY["held"] += 1
        return
    world = World(case, DOCUMENT["default_settings"], bench)
    seen = world.play(case)
    expect, used = by_our_spec(case)
    told = list(differences(expect, seen, world))
    assert not told, "\n" + "\n".join((f"{case['title']} (rules: {', '.join(used) or 'none'})", *told))
    SUMMARY["held"] += not used
    for name in used:
        SUMMARY[f"by rule {name}"] += 1


def parsed(event: Mapping[str, Any]) -> Any:
    """What our reading functions make of a unit case, in the case's own form."""
    match event["kind"]:
        case "phone_parse":
            found = [
                handle.value for handle in read_phone_field(event["number"], event["region"] or "").handles
            ]
            return found if len(found) > 1 else found[0] if found else None
        case "address_parse":
            return [{"name": name, "address": address} for name, address in read_addresses(event["header"])]
        case _:
            name = read_name(event["display_name"] or "", event["address"])
            # A local part is only a candidate (SPEC §5); what it would be is read by another function.
            name = name or name_from_local_part(event["address"])
            return {"first_name": name.first if name else "", "last_name": name.last if name else ""}


def test_the_rules_are_few_and_cite_the_spec() -> None:
    """At most fifteen rules, each with the sentence of the SPEC that decides otherwise."""
    assert len(RULES) <= 15
    assert all(rule.spec.startswith("SPEC §") for rule in RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_no_rule_knows_a_case_by_its_name() -> None:
    """A case that is called otherwise is judged the same."""
    source = (Path(__file__).parent / "peer_rules.py").read_text("utf-8")
    assert '"id"]' not in source
    assert not [case["id"] for case in DOCUMENT["cases"] if case["id"] in source]


def test_what_is_not_run_is_said() -> None:
    """Cases are left out only for a kind of event that is listed with its reason."""
    assert len(CASES) + sum(LEFT.values()) == len(DOCUMENT["cases"])
