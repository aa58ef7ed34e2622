"""Whole scenarios through the vendors' connectors and desks: what only people and connector together show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from firstcontact.connectors.address_book.people import BadRecord
from firstcontact.testing.conformance.making import NOON
from firstcontact.testing.scenarios.bench import Bench
from firstcontact.testing.scenarios.runner import Report, run
from firstcontact.testing.scenarios.schema import load
from firstcontact.testing.scenarios.simulated import simulated
from firstcontact.testing.simulators.base import SIMULATORS

NAMED = ("salesforce", "zoho", "dynamics")
"""Kinds without a contact that has no last name."""
OMAR = "+14155550142"
DEFAULTS = {
    "team": {
        "region": "US",
        "domains": ["larkspur.example"],
        "users": [{"id": "mia", "name": "Mia Voss", "emails": ["mia@larkspur.example"]}],
        "lines": ["+12125550199"],
    }
}


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


def held(tmp_path: Path, bench: Bench, scenario: dict[str, Any]) -> Report:
    """The scenario through the vendor's connector."""
    file = tmp_path / "one.yaml"
    file.write_bytes(msgspec.yaml.encode({"defaults": DEFAULTS, "scenarios": [scenario]}))
    (loaded,) = load(file)
    return run(loaded, bench, simulator=True)


def mail(id: str, sender: str) -> dict[str, Any]:
    """A mail to Mia."""
    return {
        "interaction": {
            "id": id, "kind": "email", "at": "2026-03-02T11:00:00Z", "thread": f"t-{id}", "from": sender,
            "to": ["Mia Voss <mia@larkspur.example>"], "subject": "Offer", "body": "Hi",
        }
    }  # fmt: skip


@pytest.mark.parametrize("kind", NAMED)
def test_another_last_name_leaves_the_first_name(kind: str, tmp_path: Path, bench: Bench) -> None:
    """Lena Park who writes as Lena Stone is Lena Stone, and not Stone alone."""
    lena = {"id": "c1", "first_name": "Lena", "last_name": "Park", "emails": ["lena@brightwater.example"]}
    scenario = {
        "scenario": "a new last name",
        "crm": {"kind": kind, "contacts": [lena]},
        "settings": {"preset": "standard", "enrich": {"last_name": "always"}},
        "steps": [mail("e1", "Lena Stone <lena@brightwater.example>"), {"wait": "24h"}],
        "expect": {"crm": {"contacts": [{"id": "c1", "first_name": "Lena", "last_name": "Stone"}]}},
    }
    report = held(tmp_path, bench, scenario)
    assert report.passed, report.differences


@pytest.mark.parametrize("kind", ["salesforce", "zoho"])
def test_what_stands_for_no_last_name_is_filled(kind: str, tmp_path: Path, bench: Bench) -> None:
    """Where a page had to put something for a last name, the last name is empty all the same."""
    lena = {"id": "c1", "first_name": "Lena", "emails": ["lena@brightwater.example"]}
    scenario = {
        "scenario": "no last name",
        "crm": {"kind": kind, "contacts": [lena]},
        "settings": {"preset": "standard", "enrich": {"last_name": "if_empty"}},
        "steps": [mail("e1", "Lena Stone <lena@brightwater.example>"), {"wait": "24h"}],
        "expect": {"crm": {"contacts": [{"id": "c1", "first_name": "Lena", "last_name": "Stone"}]}},
    }
    report = held(tmp_path, bench, scenario)
    assert report.passed, report.differences


@pytest.mark.parametrize("kind", NAMED)
def test_an_account_is_found_by_a_website_in_its_own_script(kind: str) -> None:
    """A live look finds an account whose website is written as people write it."""
    with simulated(kind, lambda: NOON, "US") as made:
        made.people.add("account", {"id": "a1", "name": "Bücher", "website": "https://www.bücher.example/"})
        (account,) = made.crm.accounts(["xn--bcher-kva.example"], [])
    assert account.name == "Bücher"


@pytest.mark.parametrize(
    ("kind", "before"), [*((kind, "Park") for kind in NAMED), ("salesforce", None), ("zoho", None)]
)
def test_an_undone_last_name_leaves_the_first(
    kind: str, before: str | None, tmp_path: Path, bench: Bench
) -> None:
    """What is taken back is what stood there before, or what stands for nothing, and Lena stays Lena."""
    lena = {"id": "c1", "first_name": "Lena", "emails": ["lena@brightwater.example"]}
    scenario = {
        "scenario": "a last name taken back",
        "crm": {"kind": kind, "contacts": [{**lena, **({"last_name": before} if before else {})}]},
        "settings": {"preset": "standard", "enrich": {"last_name": "always"}},
        "steps": [
            mail("e1", "Lena Stone <lena@brightwater.example>"),
            {"wait": "24h"},
            {"remove": {"interaction": "e1"}},
            {"wait": "24h"},
        ],
        "expect": {
            "crm": {"contacts": [{"id": "c1", "first_name": "Lena", "last_name": before or "[not provided]"}]}
        },
    }
    report = held(tmp_path, bench, scenario)
    assert report.passed, report.differences


def call(id: str, day: int) -> dict[str, Any]:
    """A call of Omar Reyes."""
    return {
        "interaction": {
            "id": id, "kind": "call", "direction": "inbound", "result": "answered", "seconds": 60,
            "at": f"2026-03-0{day}T11:00:00Z", "from": OMAR, "to": "+12125550199",
        }
    }  # fmt: skip


@pytest.mark.parametrize("kind", NAMED)
def test_a_lead_that_a_person_converts_is_that_contact(kind: str, tmp_path: Path, bench: Bench) -> None:
    """A conversion at the desk is one, also when it comes as an edit of the lead."""
    scenario = {
        "scenario": "a lead becomes a contact",
        "crm": {
            "kind": kind,
            "contacts": [{"id": "c1", "first_name": "Omar", "last_name": "Reyes"}],
            "leads": [{"id": "l1", "first_name": "Omar", "last_name": "Reyes", "phones": ["(415) 555-0142"]}],
        },
        "settings": {"preset": "standard"},
        "steps": [
            call("i1", 2),
            {"person": {"edits": {"lead": "l1", "converted_to": "c1"}}},
            {"wait": "24h"},
            call("i2", 4),
        ],
        "expect": {
            "decisions": {
                "i1": {"participants": {OMAR: "link_lead"}},
                "i2": {"participants": {OMAR: "link"}},
            },
            "crm": {"activities": [{}, {"interaction": "i2", "contact": "c1"}]},
        },
    }
    report = held(tmp_path, bench, scenario)
    assert report.passed, report.differences


@pytest.mark.parametrize("kind", SIMULATORS)
def test_an_address_in_its_own_script_is_seeded(kind: str) -> None:
    """Where a vendor takes no address in Unicode, a person enters it as it is compared."""
    with simulated(kind, lambda: NOON, "US") as made:
        made.people.add("contact", {"id": "c1", "last_name": "Park", "emails": ["lena@bücher.example"]})
        assert made.people.resolve({"email": "lena@bücher.example"}) == made.people.ids["c1"]


@pytest.mark.parametrize("kind", ["salesforce", "dynamics"])
def test_what_a_vendor_refuses_is_a_bad_record(kind: str) -> None:
    """A refusal at the desk ends its scenario, not the whole run."""
    with simulated(kind, lambda: NOON, "US") as made:
        with pytest.raises(BadRecord, match="cannot be taken"):
            made.people.add("contact", {"id": "c1", "last_name": "Park" * 100})
        made.people.add("contact", {"id": "c2", "last_name": "Park"})
        with pytest.raises(BadRecord, match="cannot be edited"):
            made.people.edit("contact", "c2", {"last_name": "Park" * 100})


def doubled(kind: str, *steps: dict[str, Any], stay: tuple[str, ...]) -> dict[str, Any]:
    """Two records of Lena Park that we made, and who is there after duplicates are looked for."""
    park = {"first_name": "Lena", "last_name": "Park", "emails": ["lena@brightwater.example"]}
    both = [
        {**park, "id": f"c{n}", "created_by_us": True, "created_at": f"2026-0{n}-01T00:00:00Z"}
        for n in (1, 2)
    ]
    return {
        "scenario": "two of ours",
        "crm": {"kind": kind, "contacts": both},
        "settings": {"preset": "standard"},
        "steps": [*steps, {"dedupe": {}}, {"wait": "24h"}],
        "expect": {"crm": {"contacts": [{"id": id} for id in stay]}},
    }


@pytest.mark.parametrize("kind", NAMED)
def test_what_we_made_and_a_person_edited_stays(kind: str, tmp_path: Path, bench: Bench) -> None:
    """Contacts that a scenario says are ours bear our marks: untouched ones merge, edited ones do not."""
    merged = held(tmp_path, bench, doubled(kind, stay=("c1",)))
    assert merged.passed, merged.differences
    edits = [{"person": {"edits": {"contact": id, "title": "Partner"}}} for id in ("c1", "c2")]
    kept = held(tmp_path, bench, doubled(kind, *edits, stay=("c1", "c2")))
    assert kept.passed, kept.differences
