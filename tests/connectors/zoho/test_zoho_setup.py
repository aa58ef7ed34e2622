"""Examining and preparing an organisation at Zoho CRM."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.contract import Rejected
from firstcontact.connectors.zoho.kind import KIND
from firstcontact.connectors.zoho.setting_up import OWN
from firstcontact.connectors.zoho.shapes import KEY
from firstcontact.testing.conformance.making import JO, an_activity, handle, new_contact, receipt


def states(org: Any) -> dict[str, str]:
    """What was looked at, and its state."""
    return {one.about: one.state for one in org.crm.examine()}


def test_a_prepared_organisation_has_nothing_to_mend(org: Any) -> None:
    """Login, permissions, fields and clock are looked at, and are as they must be; nothing is written."""
    before = org.desk.dump()
    told = states(org)
    assert set(told.values()) == {"ok"}
    assert {"login", "clock", "permission for Contacts", f"field Contacts.{KEY}"} <= set(told)
    assert org.desk.dump() == before


@pytest.mark.parametrize("unique", ["offered", "refused"])
def test_fields_that_are_missing_are_said_and_made(serve: Any, unique: str) -> None:
    """Without the key nothing is made; `prepare` makes all of them, once, unique where that can be."""
    org = serve(fields="missing", activity_unique=unique)
    told = states(org)
    assert told[f"field Contacts.{KEY}"] == told[f"field Calls.{KEY}"] == "error"
    for write in (new_contact(org.crm), an_activity(org.crm)):
        (refused,) = org.crm.apply([write])
        assert isinstance(refused, Rejected)
        assert refused.fields == (KEY,)
    assert org.crm.find([handle(JO)])[JO].status == "absent"
    said = org.crm.prepare()
    assert len(said) == len(OWN)
    assert sum("already" in sentence for sentence in said) == (3 if unique == "refused" else 0)
    assert org.crm.prepare() == []
    assert set(states(org).values()) == {"ok"}
    for write in (new_contact(org.crm), an_activity(org.crm)):
        first = receipt(org.crm, write)
        again = receipt(org.crm, write)
        assert (again.id, again.created) == (first.id, False)


@pytest.mark.parametrize("word", ["case_sensitive", "casesensitive"])
def test_keys_are_made_unique_by_either_word(serve: Any, word: str) -> None:
    """Zoho's specification and its own program library differ in the word; whichever it takes, keys are
    unique."""
    org = serve(fields="missing", unique_sent=word)
    assert not any("already" in sentence for sentence in org.crm.prepare())
    assert all(state == "ok" for state in states(org).values())


def test_what_cannot_be_made_is_told_to_an_administrator(serve: Any) -> None:
    """Where our user may not make fields, it is said which one a person is to make, and where."""
    org = serve(fields="missing", field_creation="refused")
    with pytest.raises(Rejected, match=r"An administrator can.*'FirstContact Key'") as refused:
        org.crm.prepare()
    assert refused.value.fields == (KEY,)


@pytest.mark.parametrize(
    ("module", "state"), [("Calls", "error"), ("Deals", "warning"), ("Leads", "warning")]
)
def test_a_permission_that_is_missing_is_said(serve: Any, module: str, state: str) -> None:
    """What is needed is an error, what can be done without a warning; both say what to do."""
    org = serve(forbidden=(module,))
    (told,) = [one for one in org.crm.examine() if one.about == f"permission for {module}"]
    assert told.state == state
    assert told.remedy


def test_without_leads_contacts_are_found(serve: Any) -> None:
    """An organisation that hides leads from our user has contacts all the same, and a feed of them."""
    org = serve(forbidden=("Leads", "Deals"))
    id = org.desk.add("contact", {"last_name": "Diaz", "emails": [JO]})
    org.desk.add("account", {"name": "Acme", "website": "acme.example"})
    assert [record.id for record in org.crm.find([handle(JO)])[JO].records] == [id]
    page = org.crm.changed_since("")
    assert [record.id for record in page.records] == [id]
    assert len(page.accounts) == 1


def test_credits_that_run_low_are_said(serve: Any) -> None:
    """Where Zoho tells how many are left, so does the examination."""
    org = serve(credits=1_000, credits_header="always")
    assert states(org)["API credits"] == "ok"


@pytest.mark.parametrize(("seconds", "said"), [(0, "agrees"), (3600, "ahead of"), (-3600, "behind")])
def test_a_wrong_clock_is_said(org: Any, seconds: int, said: str) -> None:
    """A machine whose clock is an hour off Zoho's is told by how much and in which direction."""
    opening = org.served.opening(
        lambda: org.clock.now() + seconds * 1_000_000, pace=org.pace, credentials=org.kept
    )
    (clock,) = [one for one in org.served.connect(KIND, opening).examine() if one.about == "clock"]
    assert clock.state == ("warning" if seconds else "ok")
    assert said in clock.sentence
