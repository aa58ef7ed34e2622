"""The quirks: both sides of what apis.md calls not verified, and the org's own rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from firstcontact.testing.simulators.base import Switches
from firstcontact.testing.simulators.salesforce import SIMULATOR

CONTACT = {"LastName": "Diaz", "Email": "jo@acme.example"}
SAVE = {"Sforce-Duplicate-Rule-Header": "allowSave=true; includeRecordDetails=true"}


def code(answer) -> str:
    """The code of a refusal."""
    return answer.json()[0]["errorCode"]


def test_an_unknown_quirk_is_named() -> None:
    """A quirk that Salesforce does not have is a ValueError."""
    with pytest.raises(ValueError, match="no quirk 'nonsense'"):
        SIMULATOR.make(lambda: 0, Switches(quirks={"nonsense": True}))


def test_every_quirk_is_tested() -> None:
    """Each quirk that the simulator names is used by a test of this folder."""
    used = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert [name for name in SIMULATOR.quirks if not re.search(rf"\b{name}\b", used)] == []


def test_an_alert_can_be_overridden_and_a_block_cannot(org) -> None:
    """allowSave saves past an alert, with the header alone; a block stays; off, nothing is looked at."""
    for rule, plain, saving in (("off", 201, 201), ("alert", 400, 201), ("block", 400, 400)):
        api = org(duplicates=rule)
        api.made("Contact", **CONTACT)
        assert api("POST", "sobjects/Contact", CONTACT).status_code == plain, rule
        answer = api("POST", "sobjects/Contact", CONTACT, headers=SAVE)
        assert answer.status_code == saving, rule
        if saving == 400:
            result = answer.json()[0]["duplicateResut"]
            record = result["matchResults"][0]["matchRecords"][0]["record"]
            assert (result["allowSave"], record["Email"]) == (False, "jo@acme.example")


def test_the_key_of_duplicates_has_two_spellings(org) -> None:
    """Some stacks see `duplicateResult`."""
    api = org(duplicates="block", duplicate_key="duplicateResult")
    api.made("Contact", **CONTACT)
    assert "duplicateResult" in api("POST", "sobjects/Contact", CONTACT).json()[0]


def test_a_collection_may_name_the_duplicate(org) -> None:
    """An error in a collection has the rule's result, or only words."""
    for named in (True, False):
        api = org(duplicates="block", collections_name_duplicates=named)
        api.made("Contact", **CONTACT)
        records = [{"attributes": {"type": "Contact"}, **CONTACT}]
        (result,) = api("POST", "composite/sobjects", {"records": records}).json()
        assert result["errors"][0]["statusCode"] == "DUPLICATES_DETECTED"
        assert ("duplicateResut" in result["errors"][0]) == named


def test_duplicates_are_listed_where_rules_are_active(org) -> None:
    """The rules are records that can be asked for."""
    api = org(duplicates="alert")
    rules = api.query("SELECT DeveloperName, IsActive FROM DuplicateRule")["records"]
    assert {rule["DeveloperName"] for rule in rules} == {
        "Standard_Contact_Duplicate_Rule",
        "Standard_Lead_Duplicate_Rule",
    }


def test_an_upsert_may_answer_nothing(org) -> None:
    """As in older versions: 204 without a body for an update."""
    api = org(upsert_204=True)
    path = "sobjects/Contact/FirstContact_Key__c/k1"
    assert api("PATCH", path, {"LastName": "Diaz"}).status_code == 201
    again = api("PATCH", path, {"LastName": "Diaz"})
    assert (again.status_code, again.content) == (204, b"")


def test_a_lead_and_what(org) -> None:
    """WhatId beside a lead is refused, or taken."""
    for quirk, status in (("refused", 400), ("taken", 201)):
        api = org(what_with_lead=quirk)
        lead = api.made("Lead", LastName="Moe", Company="Acme")
        account = api.made("Account", Name="Acme")
        assert api("POST", "sobjects/Task", {"WhoId": lead, "WhatId": account}).status_code == status


def test_modstamps_are_fine_or_coarse(org) -> None:
    """Each transaction has a SystemModstamp of its own, or those of one second share it; one request's
    records always share it."""
    for quirk, different in (("milliseconds", 2), ("seconds", 1)):
        api = org(modstamp=quirk)
        api.made("Contact", LastName="A")
        records = [{"attributes": {"type": "Contact"}, "LastName": name} for name in "BC"]
        api("POST", "composite/sobjects", {"records": records})
        stamps = [row["SystemModstamp"] for row in api.query("SELECT SystemModstamp FROM Contact")["records"]]
        assert (len(stamps), len(set(stamps))) == (3, different)


def test_a_validation_rule_speaks(org) -> None:
    """A field that may not be blank is FIELD_CUSTOM_VALIDATION_EXCEPTION with the org's words."""
    rule = {"blank": "Title", "message": "Give a title, please."}
    api = org(validation={"Contact": [rule]})
    answer = api("POST", "sobjects/Contact", CONTACT)
    assert (code(answer), answer.json()[0]["message"]) == (
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        rule["message"],
    )
    assert api("POST", "sobjects/Contact", {**CONTACT, "Title": "CFO"}).status_code == 201


def test_a_required_field_is_described(org) -> None:
    """A custom field that every record must have is in describe, and missing it is refused."""
    api = org(required={"Contact": ["Region__c"]})
    answer = api("POST", "sobjects/Contact", CONTACT)
    assert (code(answer), answer.json()[0]["fields"]) == ("REQUIRED_FIELD_MISSING", ["Region__c"])
    fields = {field["name"]: field for field in api("GET", "sobjects/Contact/describe").json()["fields"]}
    assert not fields["Region__c"]["nillable"]
    assert api("POST", "sobjects/Contact", {**CONTACT, "Region__c": "West"}).status_code == 201


def test_rows_can_be_locked_from_the_start(org) -> None:
    """`locks` says how many writes of an object find its row locked."""
    api = org(locks={"Contact": 2})
    codes = [api("POST", "sobjects/Contact", CONTACT).status_code for _ in range(3)]
    assert codes == [400, 400, 201]
