"""Examining and preparing a firm's Clio, and opening connections to it."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors import kinds
from firstcontact.connectors.clio import marks
from firstcontact.connectors.clio.client import REGIONS, address
from firstcontact.connectors.clio.kind import KIND
from firstcontact.connectors.contract import Rejected
from firstcontact.testing.conformance.making import new_contact, receipt


def states(firm: Any) -> dict[str, str]:
    """What was looked at, and its state."""
    return {one.about: one.state for one in firm.crm.examine()}


def test_a_prepared_firm_has_no_errors(firm: Any) -> None:
    """Login, every permission and every field are looked at, and are as they must be."""
    told = states(firm)
    assert set(told.values()) - {"ok"} <= {"warning"}
    assert told["login"] == told["permission for contacts"] == "ok"
    assert all(told[f"custom field {name!r}"] == "ok" for name in marks.CUSTOM_FIELDS)


def test_fields_that_are_missing_are_said_and_made(make_firm: Any) -> None:
    """Without the key field no contact is made; `prepare` makes all of them, once."""
    firm = make_firm(fields="missing")
    assert states(firm)[f"custom field {marks.KEY!r}"] == "error"
    (refused,) = firm.crm.apply([new_contact(firm.crm)])
    assert isinstance(refused, Rejected)
    assert refused.fields == (marks.KEY,)
    assert len(firm.crm.prepare()) == len(marks.CUSTOM_FIELDS)
    assert firm.crm.prepare() == []
    assert set(states(firm).values()) <= {"ok", "warning"}
    receipt(firm.crm, new_contact(firm.crm))


@pytest.mark.parametrize("resource", ["contacts", "documents"])
def test_a_permission_that_is_missing_is_said(make_firm: Any, resource: str) -> None:
    """What is needed is an error, what can be done without a warning; both say what follows."""
    firm = make_firm(forbidden=(resource,))
    (told,) = [one for one in firm.crm.examine() if one.about == f"permission for {resource}"]
    assert told.state == ("error" if resource == "contacts" else "warning")
    assert told.remedy


def test_a_required_field_is_said(make_firm: Any) -> None:
    """Contacts may be refused for it: that is to be known before the first one."""
    firm = make_firm(required_field="shown")
    assert any("required custom field" in about for about in states(firm))


@pytest.mark.parametrize(("seconds", "said"), [(0, "agrees"), (3600, "ahead of"), (-3600, "behind")])
def test_a_wrong_clock_is_said(firm: Any, seconds: int, said: str) -> None:
    """A machine whose clock is an hour off Clio's is told by how much and in which direction."""
    opening = firm.served.opening(
        lambda: firm.clock.now() + seconds * 1_000_000, pace=firm.pace, credentials=firm.credentials
    )
    (clock,) = [one for one in firm.served.connect(KIND, opening).examine() if one.about == "clock"]
    assert clock.state == ("warning" if seconds else "ok")
    assert said in clock.sentence
    assert not seconds or "3600 seconds" in clock.sentence


def test_the_region_decides_the_address() -> None:
    """Each region has its own; an address that is given comes first."""
    assert address({"region": "eu", "address": ""}) == REGIONS["eu"] == "https://eu.app.clio.com"
    assert address({"region": "eu", "address": "http://127.0.0.1:8900/"}) == "http://127.0.0.1:8900"
    oauth = KIND.logins[0].oauth
    assert oauth is not None
    assert oauth.authorize({"region": "ca"}) == "https://ca.app.clio.com/oauth/authorize"
    assert oauth.token({"region": "au"}) == "https://au.app.clio.com/oauth/token"


def test_the_kind_is_known() -> None:
    """It can be opened by its name."""
    assert kinds.kind("clio") is KIND
