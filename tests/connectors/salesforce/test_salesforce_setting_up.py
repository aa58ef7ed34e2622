"""What `doctor` finds in an organisation, and what `doctor --fix` makes there."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.contract import Diagnosis, Rejected, TryAgain
from firstcontact.connectors.salesforce import setting_up
from firstcontact.connectors.salesforce.kind import KIND
from firstcontact.connectors.salesforce.shapes import Shape
from firstcontact.planning.write import CreatedBy, Receipt
from firstcontact.testing.conformance.making import JO, JO_PHONE, an_activity, handle, new_contact


def said(crm: Any) -> dict[str, Diagnosis]:
    return {one.about: one for one in crm.examine()}


def test_a_ready_organisation_has_no_errors(serve: Any) -> None:
    """Where all is there, nothing is an error, and looking writes nothing."""
    org = serve()
    before = org.desk.dump()
    found = said(org.crm)
    assert [one for one in found.values() if one.state == "error" and one.about != "clock"] == []
    assert found["permission for Contact"].state == "ok"
    assert found["field Contact.FirstContact_Key__c"].state == "ok"
    assert "15000" in found["API requests left today"].sentence
    assert org.desk.dump() == before


def test_missing_fields_are_errors_with_a_remedy(serve: Any) -> None:
    """Without our fields the diagnosis says which and what to do; a write is Rejected with the same words."""
    org = serve(fields="missing")
    found = said(org.crm)
    key = found["field Contact.FirstContact_Key__c"]
    assert key.state == "error"
    assert "doctor --fix" in key.remedy
    (outcome,) = org.crm.apply([new_contact(org.crm)])
    assert isinstance(outcome, Rejected)
    assert "doctor --fix" in str(outcome)
    assert outcome.fields == ("FirstContact_Key__c",)


@pytest.mark.parametrize("on", ["Activity", "each"])
@pytest.mark.parametrize("status", [400, 409])
def test_what_is_missing_is_made_and_may_be_used(serve: Any, on: str, status: int) -> None:
    """Fields and permissions are made, once; then contacts and calls are written and found."""
    org = serve(fields="missing", activity_fields_on=on, duplicate_developer_name_status=status)
    crm = org.crm
    made = crm.prepare()
    assert any("Contact.FirstContact_Key__c was made" in one for one in made)
    assert any("permission set" in one for one in made)
    found = said(crm)
    assert [one.sentence for one in found.values() if one.state == "error" and one.about != "clock"] == []
    assert list(crm.prepare()) == []
    contact = new_contact(crm, placeholder=True)
    outcomes = crm.apply([contact, an_activity(crm, people=(CreatedBy(contact.key),))])
    assert all(isinstance(one, Receipt) for one in outcomes)
    (activity,) = org.desk.dump()["activities"]
    assert activity["interactions"] == ["call"]
    assert crm.find([handle(JO_PHONE)])[JO_PHONE].records[0].placeholder


def test_fields_that_are_there_but_hidden_are_opened(serve: Any) -> None:
    """Fields that somebody has made without giving us the permission are not made again, but opened."""
    org = serve(fields="missing")
    other = org.another()
    other._api.write(
        "POST",
        "tooling/sobjects/CustomField",
        json={
            "FullName": "Contact.Created_by_FirstContact__c",
            "Metadata": {"type": "Checkbox", "label": "Created by FirstContact", "defaultValue": False},
        },
    )
    made = org.crm.prepare()
    assert not any("Contact.Created_by_FirstContact__c was made" in one for one in made)
    assert any("may use the field Contact.Created_by_FirstContact__c" in one for one in made)


def test_a_report_of_created_contacts_is_made_once(serve: Any) -> None:
    """There is one report of the contacts that we created, however often it is prepared."""
    org = serve()
    first = list(org.crm.prepare())
    assert any("report" in one.lower() for one in first)
    assert list(org.crm.prepare()) == []


def test_switched_off_features_are_warnings(serve: Any) -> None:
    """Without enhanced e-mail, shared activities and teams it works, and is said what is missing."""
    org = serve(enhanced_email=False, shared_activities=False, account_teams=False)
    found = said(org.crm)
    for about in ("enhanced e-mail", "shared activities", "account teams"):
        assert found[about].state == "warning"


def test_required_fields_and_rules_are_named(serve: Any) -> None:
    """A custom required field is a warning by its name, and active duplicate rules are told."""
    org = serve(required={"Contact": ["Region__c"]}, duplicates="block")
    found = said(org.crm)
    assert found["required field Contact.Region__c"].state == "warning"
    assert "Standard_Contact_Duplicate_Rule" in found["duplicate rules"].sentence


@pytest.mark.parametrize(("seconds", "state"), [(0, "ok"), (3600, "error"), (-3600, "error")])
def test_a_wrong_clock_is_an_error(serve: Any, seconds: int, state: str) -> None:
    """A machine whose clock is far from Salesforce's is told by how much and in which direction."""
    org = serve()
    here = org.running.opening(lambda: org.clock.now() + seconds * 1_000_000, credentials=org.kept)
    clock = said(org.running.connect(KIND, here))["clock"]
    assert clock.state == state
    if seconds:
        assert f"3600 seconds {'ahead of' if seconds > 0 else 'behind'}" in clock.sentence


def test_further_addresses_in_a_long_text_are_found_all_the_same(serve: Any) -> None:
    """An administrator who made our field a long text, which no condition may name: it is searched."""
    org = serve(fields="missing")
    long = {"type": "LongTextArea", "label": "Further e-mail addresses", "length": 32768, "visibleLines": 3}
    body = {"FullName": "Contact.FirstContact_Other_Emails__c", "Metadata": long}
    org.crm._api.write("POST", "tooling/sobjects/CustomField", json=body)
    org.crm.prepare()
    emails = (JO, "jo@home.example", "jo@work.example")
    (outcome,) = org.crm.apply([new_contact(org.crm, emails=emails)])
    assert isinstance(outcome, Receipt)
    org.clock.wait(3_600_000_000)
    for email in emails:
        assert [one.id for one in org.crm.find([handle(email)])[email].records] == [outcome.id], email


def test_contacts_that_we_may_not_see_are_never_absent(serve: Any) -> None:
    """A user without access to contacts: doctor says so, and no look says absent, gone or unchanged."""
    org = serve()
    crm = org.crm
    shapes = {name: shape for name, shape in crm._organisation.shapes().items() if name != "Contact"}
    hidden = org.another()
    hidden._organisation._ask = lambda: shapes
    assert said(hidden)["permission for Contact"].state == "error"
    id = org.desk.add("contact", {"last_name": "Diaz", "emails": [JO]})
    for ask in (
        lambda: hidden.find([handle(JO)]),
        lambda: hidden.read([id]),
        lambda: hidden.changed_since(""),
    ):
        with pytest.raises(TryAgain, match="doctor"):
            ask()
    (outcome,) = hidden.apply([new_contact(hidden)])
    assert isinstance(outcome, Rejected)


def test_what_may_not_be_deleted_is_a_warning(serve: Any) -> None:
    """Without the permission to delete, duplicates are not merged; with it, nothing is said against it."""
    org = serve()
    assert said(org.crm)["permission to delete"].state == "ok"
    kept = setting_up.deleting({"Contact": Shape(name="Contact"), "Task": Shape(name="Task", deletable=True)})
    assert kept.state == "warning"
    assert "a Contact:" in kept.sentence
