"""Records of the simulated Salesforce: what is taken, what is refused, and with which words."""

from __future__ import annotations

from typing import Any

import pytest

HTTP_NOON = "Mon, 02 Mar 2026 12:00:00 GMT"


def error(answer: Any) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()[0]["errorCode"]


def test_a_created_record_is_answered_with_its_address(api) -> None:
    """201 with id and Location; the record has its owner, its times and a name put together."""
    answer = api("POST", "sobjects/Contact", {"FirstName": "Jo", "LastName": "Diaz"})
    id = answer.json()["id"]
    assert answer.json() == {"id": id, "success": True, "errors": []}
    assert answer.headers["Location"] == f"/services/data/v62.0/sobjects/Contact/{id}"
    row = api.row("Contact", id)
    assert (len(id), id[:3], row["Name"]) == (18, "003", "Jo Diaz")
    assert row["OwnerId"] == row["CreatedById"] == api.simulator.org.api_user
    assert row["SystemModstamp"].startswith("2026-03-02T12:00:00.")
    assert api.row("Contact", id[:15])["Id"] == id


@pytest.mark.parametrize(
    ("name", "given", "code"),
    [
        ("Contact", {"FirstName": "Jo"}, "REQUIRED_FIELD_MISSING"),
        ("Lead", {"LastName": "Diaz"}, "REQUIRED_FIELD_MISSING"),
        ("Contact", {"LastName": "Diaz", "Nickname": "J"}, "INVALID_FIELD"),
        (
            "Contact",
            {"LastName": "Diaz", "CreatedDate": "2026-01-01T00:00:00Z"},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
        ),
        ("Contact", {"LastName": "Diaz", "Email": "no address"}, "INVALID_EMAIL_ADDRESS"),
        ("Contact", {"LastName": "D" * 81}, "STRING_TOO_LONG"),
        ("Contact", {"LastName": 7}, "JSON_PARSER_ERROR"),
        ("Contact", {"LastName": "a\x00b"}, "JSON_PARSER_ERROR"),
        ("Contact", {"LastName": "Diaz", "OwnerId": "nobody"}, "MALFORMED_ID"),
        ("Contact", {"LastName": "Diaz", "OwnerId": "005xx0000000zzzAAA"}, "INVALID_CROSS_REFERENCE_KEY"),
        ("Contact", {"LastName": "Diaz", "AccountId": "003xx0000000001AAA"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Task", {"CallType": "Sideways"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Task", {"CallDurationInSeconds": "60"}, "JSON_PARSER_ERROR"),
        ("Task", {"AccountId": "001xx0000000001AAA"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("Event", {"Subject": "Kick-off"}, "REQUIRED_FIELD_MISSING"),
        ("Event", {"StartDateTime": "2026-03-02T12:00:00Z"}, "REQUIRED_FIELD_MISSING"),
        ("ContentVersion", {"PathOnClient": "fax.pdf"}, "REQUIRED_FIELD_MISSING"),
    ],
)
def test_what_is_wrong_is_refused(api, name: str, given: dict[str, Any], code: str) -> None:
    """Each kind of fault is a 400 with its own code, and nothing is written."""
    assert error(api("POST", f"sobjects/{name}", given)) == (400, code)
    assert api.query(f"SELECT COUNT() FROM {name}")["totalSize"] == 0


def test_half_a_surrogate_pair_is_no_json(api) -> None:
    """A body with half a surrogate pair is refused as a whole."""
    body = b'{"LastName": "half \\ud83d"}'
    headers = {"Content-Type": "application/json"}
    assert error(api("POST", "sobjects/Contact", content=body, headers=headers)) == (400, "JSON_PARSER_ERROR")


def test_a_body_needs_its_type(api) -> None:
    """A body that does not say that it is JSON is 415."""
    assert error(api("POST", "sobjects/Contact", content=b"{}")) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_an_update_changes_what_it_names(api) -> None:
    """204; the rest stays, and who and when is noted."""
    id = api.made("Contact", LastName="Diaz", Title="CFO")
    created = api.row("Contact", id)
    api.clock.wait(5_000_000)
    assert api("PATCH", f"sobjects/Contact/{id}", {"Title": ""}).status_code == 204
    row = api.row("Contact", id)
    assert (row["LastName"], row["Title"]) == ("Diaz", None)
    assert row["SystemModstamp"] > created["SystemModstamp"]
    assert row["CreatedDate"] == created["CreatedDate"]
    assert error(api("PATCH", f"sobjects/Contact/{id}", {"LastName": None})) == (
        400,
        "REQUIRED_FIELD_MISSING",
    )
    assert error(api("PATCH", f"sobjects/Contact/{id}", {"Id": id})) == (400, "INVALID_FIELD")


def test_a_deleted_record_is_deleted(api) -> None:
    """204, then 404: ENTITY_IS_DELETED to who writes, NOT_FOUND to who reads; nothing points at it."""
    id = api.made("Contact", LastName="Diaz")
    assert api("DELETE", f"sobjects/Contact/{id}").status_code == 204
    assert error(api("DELETE", f"sobjects/Contact/{id}")) == (404, "ENTITY_IS_DELETED")
    assert error(api("PATCH", f"sobjects/Contact/{id}", {"Title": "CFO"})) == (404, "ENTITY_IS_DELETED")
    assert error(api("GET", f"sobjects/Contact/{id}")) == (404, "NOT_FOUND")
    assert error(api("POST", "sobjects/Task", {"WhoId": id})) == (400, "ENTITY_IS_DELETED")


def test_upserts_go_by_key_fields_alone(api) -> None:
    """External ids and idLookup fields are keys; others are 404, and the key is not said twice."""
    made = api("PATCH", "sobjects/Contact/Email/jo%40acme.example", {"LastName": "Diaz"})
    again = api("PATCH", "sobjects/Contact/Email/JO%40acme.example", {"Title": "CFO"})
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json()["id"] == again.json()["id"]
    assert error(api("PATCH", "sobjects/Contact/Phone/1", {"LastName": "Diaz"})) == (404, "NOT_FOUND")
    twice = {"LastName": "Diaz", "Email": "x@acme.example"}
    assert error(api("PATCH", "sobjects/Contact/Email/x%40acme.example", twice)) == (400, "INVALID_FIELD")
    only = api("PATCH", "sobjects/Contact/Email/y%40acme.example?updateOnly=true", {"LastName": "Diaz"})
    assert error(only) == (404, "NOT_FOUND")


def test_a_key_that_several_bear_is_300(api) -> None:
    """An upsert or a read by a key that two records bear answers 300 with their addresses."""
    ids = [api.made("Contact", LastName="Diaz", Email="jo@acme.example") for _ in range(2)]
    for method, body in (("PATCH", {"Title": "CFO"}), ("GET", None)):
        answer = api(method, "sobjects/Contact/Email/jo%40acme.example", body)
        assert answer.status_code == 300
        assert answer.json() == [f"/services/data/v62.0/sobjects/Contact/{id}" for id in ids]


def test_a_unique_key_is_unique(api) -> None:
    """A second record with a unique key is DUPLICATE_VALUE, naming the first; a deleted one frees it."""
    first = api.made("Contact", LastName="Diaz", FirstContact_Key__c="k1")
    answer = api("POST", "sobjects/Contact", {"LastName": "Roe", "FirstContact_Key__c": "k1"})
    assert error(answer) == (400, "DUPLICATE_VALUE")
    assert first[:15] in answer.json()[0]["message"]
    api("DELETE", f"sobjects/Contact/{first}")
    assert api.made("Contact", LastName="Roe", FirstContact_Key__c="k1")


def test_dates_of_headers_guard_records(api) -> None:
    """If-Modified-Since is 304 for what is as it was, If-Unmodified-Since 412 for what is not."""
    id = api.made("Contact", LastName="Diaz")
    path = f"sobjects/Contact/{id}"
    assert api("GET", path, headers={"If-Modified-Since": HTTP_NOON}).status_code == 304
    assert api("PATCH", path, {"Title": "A"}, headers={"If-Unmodified-Since": HTTP_NOON}).status_code == 204
    api.clock.wait(60_000_000)
    api("PATCH", path, {"Title": "B"})
    assert api("GET", path, headers={"If-Modified-Since": HTTP_NOON}).status_code == 200
    late = api("PATCH", path, {"Title": "C"}, headers={"If-Unmodified-Since": HTTP_NOON})
    assert error(late) == (412, "PRECONDITION_FAILED")
    assert api.row("Contact", id)["Title"] == "B"


def test_a_task_belongs_to_an_account(api) -> None:
    """`AccountId` of a task follows from WhatId, else from the contact; a completed one moves the dates."""
    account = api.made("Account", Name="Acme")
    contact = api.made("Contact", LastName="Diaz", AccountId=account)
    opportunity = api.made(
        "Opportunity", Name="New", StageName="Prospecting", CloseDate="2026-12-31", AccountId=account
    )
    tasks = [api.made("Task", WhoId=contact), api.made("Task", WhatId=opportunity), api.made("Task")]
    assert [api.row("Task", id)["AccountId"] for id in tasks] == [account, account, None]
    api.made("Task", WhoId=contact, Status="Completed", ActivityDate="2026-02-01")
    api.made("Task", WhoId=contact, Status="Completed", ActivityDate="2026-01-01")
    assert api.row("Contact", contact)["LastActivityDate"] == "2026-02-01"
    assert api.row("Account", account)["LastActivityDate"] == "2026-02-01"


def test_an_event_has_an_end(api) -> None:
    """End and duration follow from each other."""
    long = api.made("Event", StartDateTime="2026-03-02T12:00:00Z", DurationInMinutes=90)
    short = api.made("Event", StartDateTime="2026-03-02T12:00:00Z", EndDateTime="2026-03-02T12:15:30Z")
    assert api.row("Event", long)["EndDateTime"] == "2026-03-02T13:30:00.000+0000"
    assert api.row("Event", short)["DurationInMinutes"] == 15


def test_several_people_are_on_a_task(api, org) -> None:
    """The junction list makes relation rows, the first one is WhoId; a lead is alone; off, there is none."""
    one, two = (api.made("Contact", LastName=name) for name in ("Diaz", "Roe"))
    task = api.made("Task", TaskWhoIds=[one, two])
    assert api.row("Task", task)["WhoId"] == one
    people = f"SELECT RelationId FROM TaskRelation WHERE TaskId = '{task}'"
    assert [row["RelationId"] for row in api.query(people)["records"]] == [one, two]
    api.made("TaskRelation", TaskId=task, RelationId=api.made("Contact", LastName="Poe"))
    assert api.query(people)["totalSize"] == 3
    lead = api.made("Lead", LastName="Moe", Company="Acme")
    mixed = api("POST", "sobjects/Task", {"TaskWhoIds": [one, lead]})
    assert error(mixed) == (400, "FIELD_INTEGRITY_EXCEPTION")
    without = org(shared_activities=False)
    assert error(without("POST", "sobjects/Task", {"TaskWhoIds": []})) == (400, "INVALID_FIELD")
    assert error(without("GET", "query", params={"q": "SELECT Id FROM TaskRelation"})) == (
        400,
        "INVALID_TYPE",
    )


def test_an_email_keeps_what_it_says(api) -> None:
    """People become relations, a task is filed, and after that only custom fields change."""
    contact = api.made("Contact", LastName="Diaz")
    id = api.made(
        "EmailMessage",
        Subject="Hello",
        TextBody="Hi",
        FromAddress="jo@acme.example",
        Incoming=True,
        Status="3",
        MessageDate="2026-03-02T11:00:00Z",
        ToIds=[contact],
    )
    relations = api.query("SELECT RelationId, RelationType FROM EmailMessageRelation")["records"]
    assert [(one["RelationId"], one["RelationType"]) for one in relations] == [(contact, "ToAddress")]
    (task,) = api.query("SELECT Id, Subject, WhoId, ActivityDate FROM Task")["records"]
    assert (task["WhoId"], task["ActivityDate"]) == (contact, "2026-03-02")
    assert api.row("EmailMessage", id)["ActivityId"] == task["Id"]
    path = f"sobjects/EmailMessage/{id}"
    assert error(api("PATCH", path, {"Subject": "Other"})) == (400, "INSUFFICIENT_ACCESS_OR_READONLY")
    assert api("PATCH", path, {"FirstContact_Interactions__c": "i1\ni2"}).status_code == 204
    draft = api.made("EmailMessage", Subject="Draft", Status="5")
    assert api("PATCH", f"sobjects/EmailMessage/{draft}", {"Subject": "Sent"}).status_code == 204
    (dumped,) = [one for one in api.people.dump()["activities"] if one["id"] == id]
    assert (dumped["kind"], dumped["interactions"]) == ("email", ["i1", "i2"])
    assert len(api.people.dump()["activities"]) == 2
    api("DELETE", path)
    assert api.query("SELECT COUNT() FROM Task")["totalSize"] == 0


def test_a_file_is_linked(api) -> None:
    """A ContentVersion makes its document, which a link puts onto a record."""
    task = api.made("Task", Subject="Fax", FirstContact_Interactions__c="i1")
    link = api.made("ContentVersion", Title="fax", PathOnClient="fax.pdf", VersionData="JVBERg==")
    document = api.row("ContentVersion", link)["ContentDocumentId"]
    api.made("ContentDocumentLink", ContentDocumentId=document, LinkedEntityId=task, ShareType="V")
    api.made(
        "ContentVersion", ContentUrl="https://files.example/1", Title="recording", FirstPublishLocationId=task
    )
    dumped = api.people.dump()["documents"]
    assert [(one["name"], one["activity"], one["interaction"]) for one in dumped] == [
        ("fax.pdf", task, "i1"),
        ("recording", task, "i1"),
    ]


def test_what_was_deleted_and_updated_is_told(api) -> None:
    """`/deleted` and `/updated` name the records of a time; its two ends are needed."""
    gone, there = api.made("Contact", LastName="A"), api.made("Contact", LastName="B")
    api("DELETE", f"sobjects/Contact/{gone}")
    span = {"start": "2026-03-02T00:00:00+00:00", "end": "2026-03-03T00:00:00+00:00"}
    told = api("GET", "sobjects/Contact/deleted", params=span).json()
    assert [one["id"] for one in told["deletedRecords"]] == [gone]
    assert api("GET", "sobjects/Contact/updated", params=span).json()["ids"] == [there]
    assert error(api("GET", "sobjects/Contact/updated")) == (400, "INVALID_REPLICATION_DATE")


def test_describe_tells_what_may_be_done(api, org) -> None:
    """Types, lengths, what is required, keys and choices are in describe; what is off is not listed."""
    described = api("GET", "sobjects/Contact/describe").json()
    fields = {field["name"]: field for field in described["fields"]}
    last, email, key = fields["LastName"], fields["Email"], fields["FirstContact_Key__c"]
    assert (last["nillable"], last["defaultedOnCreate"], last["createable"], last["length"]) == (
        False,
        False,
        True,
        80,
    )
    assert (email["type"], email["idLookup"], email["externalId"]) == ("email", True, False)
    assert (key["externalId"], key["unique"], key["custom"]) == (True, True, True)
    assert not fields["CreatedDate"]["createable"]
    assert {value["value"] for value in fields["LeadSource"]["picklistValues"]} >= {"Web"}
    assert not fields["Description"]["filterable"]
    names = {one["name"] for one in api("GET", "sobjects").json()["sobjects"]}
    assert {"Contact", "EmailMessage", "AccountTeamMember", "OpportunityTeamMember"} <= names
    off = org(enhanced_email=False, account_teams=False, opportunity_teams=False)
    names -= {one["name"] for one in off("GET", "sobjects").json()["sobjects"]}
    assert names == {"EmailMessage", "EmailMessageRelation", "AccountTeamMember", "OpportunityTeamMember"}
    assert error(off("POST", "sobjects/EmailMessage", {})) == (404, "NOT_FOUND")
    assert error(off("GET", "query", params={"q": "SELECT Id FROM EmailMessage"})) == (400, "INVALID_TYPE")


def test_versions_that_are_too_old_are_gone(api) -> None:
    """From v31.0 on every version answers; an older one is 410, and what is no version 404."""
    assert api("GET", "/services/data/v31.0/limits").status_code == 200
    assert api("GET", "/services/data/v67.0/limits").status_code == 200
    assert error(api("GET", "/services/data/v30.0/limits")) == (410, "GONE")
    assert error(api("GET", "/services/data/62/limits")) == (404, "NOT_FOUND")


def test_every_answer_tells_the_limit(api) -> None:
    """`Sforce-Limit-Info` is on answers and refusals, and counts; a composite request is one call."""
    before = api.simulator.requests
    assert api("GET", "limits").headers["Sforce-Limit-Info"] == "api-usage=1/15000"
    assert api("GET", "nothing").headers["Sforce-Limit-Info"] == "api-usage=2/15000"
    api.composite(*({"method": "GET", "url": "sobjects/Contact", "referenceId": f"r{n}"} for n in range(9)))
    assert api("GET", "limits").json()["DailyApiRequests"] == {"Max": 15000, "Remaining": 14996}
    assert api.simulator.requests - before == 4


def test_a_long_address_is_refused(api) -> None:
    """More than 16,384 bytes of address are 414."""
    query = "SELECT Id FROM Contact WHERE Email IN (" + ",".join(["'jo@acme.example'"] * 900) + ")"
    assert error(api("GET", "query", params={"q": query})) == (414, "URI_TOO_LONG")


def test_a_locked_row_says_so(api) -> None:
    """UNABLE_TO_LOCK_ROW for as many writes as were told, then the write goes through."""
    api.simulator.lock_rows("Task", 1)
    assert error(api("POST", "sobjects/Task", {"Subject": "Call"})) == (400, "UNABLE_TO_LOCK_ROW")
    assert api.made("Task", Subject="Call")
