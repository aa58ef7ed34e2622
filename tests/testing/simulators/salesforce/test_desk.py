"""The desk of the simulated Salesforce: people at work in its pages."""

from __future__ import annotations

import pytest


def test_people_are_not_us(api) -> None:
    """What a person adds or edits has the person's id; what we write has ours; the times move on."""
    desk, org = api.people, api.simulator.org
    id = desk.add("contact", {"first_name": "Jo", "last_name": "Diaz", "title": "CFO"})
    assert api.row("Contact", id)["CreatedById"] == org.person
    ours = api.made("Contact", LastName="Roe")
    before = api.row("Contact", ours)
    assert before["LastModifiedById"] == org.api_user
    desk.edit("contact", ours, {"title": "CEO"})
    after = api.row("Contact", ours)
    assert (after["LastModifiedById"], after["Title"]) == (org.person, "CEO")
    assert after["SystemModstamp"] > before["SystemModstamp"]
    edited = {one["id"]: one["edited_by_person"] for one in desk.dump()["contacts"]}
    assert edited == {id: False, ours: True}


def test_records_come_back_as_they_were_added(api) -> None:
    """What the desk was given is in the dump, under the scenario's names, with Salesforce's ids."""
    desk = api.people
    ana = desk.add("user", {"id": "ana", "name": "Ana Ruiz", "email": "ana@firm.example", "active": True})
    bo = desk.add("user", {"id": "bo", "active": False})
    account = desk.add(
        "account",
        {
            "id": "a1",
            "name": "Acme",
            "website": "https://acme.example",
            "domains": ["acme.co.example"],
            "owner": "ana",
            "team": ["ana"],
            "phones": ["(415) 555-0100"],
        },
    )
    phones = [f"(415) 555-010{n}" for n in range(1, 8)]
    emails = ["jo@acme.example", "jo@home.example", "jo@old.example"]
    contact = desk.add(
        "contact",
        {
            "first_name": "Jo",
            "last_name": "Diaz",
            "emails": emails,
            "phones": phones,
            "account": "a1",
            "owner": "ana",
            "country": "US",
            "created_at": "2025-01-05T09:00:00Z",
            "last_activity_at": "2026-02-01",
        },
    )
    lead = desk.add("lead", {"last_name": "Moe", "emails": ["moe@x.example"], "company": "Moe & Co"})
    deal = desk.add("opportunity", {"account": "a1", "name": "New", "open": True, "owner": "ana"})
    desk.add("contact_role", {"opportunity": deal, "contact": contact})
    matter = desk.add("matter", {"contact": contact, "name": "Diaz v. Roe", "open": True})
    dump = desk.dump()
    users = {user["id"]: (user["name"], user["active"]) for user in dump["users"]}
    assert users[ana] == ("Ana Ruiz", True)
    assert not users[bo][1]
    (one,) = dump["accounts"]
    assert (one["id"], one["owner"], one["team"], one["domains"]) == (
        account,
        ana,
        [ana],
        ["acme.example", "acme.co.example"],
    )
    (person,) = dump["contacts"]
    assert (person["emails"], person["phones"], person["account"], person["name"]) == (
        emails,
        phones,
        account,
        "Jo Diaz",
    )
    assert (person["created_at"], person["last_activity_at"]) == (1736067600000000, 1769904000000000)
    assert [(row["id"], row["company"]) for row in dump["leads"]] == [(lead, "Moe & Co")]
    assert [(row["account"], row["open"]) for row in dump["opportunities"]] == [(account, True)]
    assert [(row["opportunity"], row["contact"]) for row in dump["contact_roles"]] == [(deal, contact)]
    assert [(row["id"], row["contact"], row["open"]) for row in dump["matters"]] == [(matter, contact, True)]
    desk.delete("contact_role", f"{deal}:{contact}")
    assert desk.dump()["contact_roles"] == []
    with pytest.raises(ValueError, match="no field"):
        desk.add("contact", {"last_name": "Diaz", "shoe_size": 44})


def test_activities_are_one_list(api) -> None:
    """Tasks, events and e-mails are activities alike, by our fields, else by Salesforce's own."""
    contact = api.made("Contact", LastName="Diaz")
    account = api.made("Account", Name="Acme")
    call = api.made(
        "Task",
        WhoId=contact,
        WhatId=account,
        Subject="Call",
        TaskSubtype="Call",
        CallType="Inbound",
        CallDurationInSeconds=60,
        Status="Completed",
        ActivityDate="2026-03-02",
        Description="Said hello.",
        FirstContact_At__c="2026-03-02T12:00:00.000Z",
        FirstContact_Interactions__c="i1\ni2",
        FirstContact_Result__c="answered",
    )
    meeting = api.made(
        "Event", Subject="Kick-off", StartDateTime="2026-03-02T12:00:00Z", DurationInMinutes=30
    )
    text = api.made("Task", Subject="Text", FirstContact_Kind__c="sms", FirstContact_Direction__c="outbound")
    dumped = {one["id"]: one for one in api.people.dump()["activities"]}
    assert set(dumped) == {call, meeting, text}
    one = dumped[call]
    assert (one["kind"], one["direction"], one["seconds"], one["at"]) == (
        "call",
        "inbound",
        60,
        1_772_452_800_000_000,
    )
    assert (one["interactions"], one["contacts"], one["account"]) == (["i1", "i2"], [contact], account)
    assert (one["outcome"], one["body"], one["user"]) == (
        "answered",
        "Said hello.",
        api.simulator.org.api_user,
    )
    assert (dumped[meeting]["kind"], dumped[meeting]["seconds"]) == ("meeting", 1800)
    assert (dumped[text]["kind"], dumped[text]["direction"]) == ("sms", "outbound")


def test_a_merge_moves_what_hung_on_the_loser(api) -> None:
    """The loser is deleted with MasterRecordId; what hung on it hangs on the survivor."""
    desk = api.people
    loser = desk.add("contact", {"last_name": "Diaz", "emails": ["jo@acme.example"]})
    survivor = desk.add("contact", {"last_name": "Diaz", "title": "CFO"})
    task = api.made("Task", WhoId=loser)
    desk.add("matter", {"contact": loser, "name": "Diaz v. Roe", "open": True})
    desk.merge(loser, survivor)
    assert api.row("Task", task)["WhoId"] == survivor
    (person,) = desk.dump()["contacts"]
    assert (person["id"], person["emails"], person["title"]) == (survivor, ["jo@acme.example"], "CFO")
    assert desk.dump()["matters"][0]["contact"] == survivor
    (row,) = api.query(f"SELECT MasterRecordId FROM Contact WHERE Id = '{loser}'", "queryAll")["records"]
    assert row["MasterRecordId"] == survivor


def test_a_deleted_contact_leaves_its_activities(api) -> None:
    """A contact that a person deletes is on no activity and in no role any more."""
    id = api.people.add("contact", {"last_name": "Diaz"})
    task = api.made("Task", WhoId=id)
    api.people.delete("contact", id)
    assert api.row("Task", task)["WhoId"] is None
    assert api.people.dump()["contacts"] == []
    assert api.people.dump()["activities"][0]["contacts"] == []


def test_a_lead_is_converted(api) -> None:
    """A converted lead says into which contact; its tasks go along."""
    lead = api.people.add("lead", {"last_name": "Moe", "phones": ["4155550123"], "company": "Moe & Co"})
    task = api.made("Task", WhoId=lead)
    contact = api.people.convert(lead)
    row = api.row("Lead", lead)
    assert (row["IsConverted"], row["ConvertedContactId"]) == (True, contact)
    assert api.row("Contact", contact)["Phone"] == "4155550123"
    assert api.row("Task", task)["WhoId"] == contact
    assert api.people.dump()["leads"][0]["converted_to"] == contact
