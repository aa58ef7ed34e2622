"""What `doctor` says of a connection to Clio Grow before the first write."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.clio_grow.examining import NOWHERE
from firstcontact.connectors.clio_grow.kind import KIND
from firstcontact.connectors.contract import AuthLapsed, Diagnosis
from firstcontact.testing.simulators.base import Kept


def examined(firm: Any) -> dict[str, Diagnosis]:
    """Each diagnosis by what it is about."""
    found = {each.about: each for each in firm.crm.examine()}
    assert all(each.sentence.endswith(".") for each in found.values())
    return found


def test_contacts_by_undocumented_endpoints_are_warned_of(firm: Any) -> None:
    """`writes` works or does not: that shows with the first contact, and `doctor` says so beforehand."""
    before = firm.desk.dump()
    said = examined(firm)
    assert said["writes"].state == "warning"
    assert "not documented publicly" in said["writes"].sentence
    assert "Ask Clio" in said["writes"].remedy
    assert said["login"].state == said["clock"].state == "ok"
    assert "referring_url" not in said
    assert firm.desk.dump() == before


def test_documented_endpoints_are_well(make_firm: Any) -> None:
    """Whoever is unknown becomes a lead; where leads come from is asked for once."""
    said = examined(make_firm("leads", options={"referring_url": "https://firm.example/"}))
    assert {each.state for each in said.values()} == {"ok"}
    said = examined(make_firm("leads"))
    assert said["referring_url"].state == "warning"
    assert NOWHERE in said["referring_url"].sentence


@pytest.mark.parametrize(
    ("resource", "state"), [("contacts", "error"), ("inbox_leads", "error"), ("matters", "warning")]
)
def test_a_missing_permission_is_named(make_firm: Any, resource: str, state: str) -> None:
    """With what follows from it, and where it is given."""
    said = examined(make_firm("leads", forbidden=(resource,)))[f"permission for {resource}"]
    assert said.state == state
    assert "403" in said.sentence
    assert "developer portal" in said.remedy


def test_the_inbox_says_what_it_cannot(told: Any) -> None:
    """The token is tried without a lead being made, and that nobody can be looked up is a warning."""
    said = examined(told)
    assert said["token"].state == "ok"
    assert said["looking up"].state == "warning"
    assert "api=platform" in said["looking up"].remedy
    assert told.desk.dump()["leads"] == []


def test_a_wrong_inbox_token_is_found_before_the_first_lead(told: Any) -> None:
    """It is refused, and nothing is told to anybody."""
    crm = told.connect(Kept({"login": "token", "inbox_lead_token": "another"}))
    with pytest.raises(AuthLapsed):
        crm.examine()
    assert told.desk.dump()["leads"] == []


def test_an_inbox_that_is_none_is_said(told: Any) -> None:
    """Whatever answers as if it had taken a lead without any field is no lead inbox."""
    told.served.faults.next("html")
    said = examined(told)["token"]
    assert said.state == "error"
    assert "does not answer as it is documented to" in said.sentence


@pytest.mark.parametrize("way", ["leads", "inbox"])
def test_a_clock_that_is_off_is_said(make_firm: Any, way: str) -> None:
    """By the vendor's own answers."""
    firm = make_firm(way)
    opening = firm.served.opening(
        lambda: firm.clock.now() - 3_600_000_000, credentials=firm.credentials, options=firm._options
    )
    firm.crm = firm.served.connect(KIND, opening)
    said = examined(firm)["clock"]
    assert said.state == "warning"
    assert "3600 seconds behind" in said.sentence
