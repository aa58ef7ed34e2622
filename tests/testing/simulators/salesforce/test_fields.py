"""Custom fields of the simulated Salesforce: made by the tooling API, seen by permission."""

from __future__ import annotations

from typing import Any

import pytest

TEXT = {"type": "Text", "label": "Created by X", "length": 255, "required": False}


def make(api, name: str, metadata: dict[str, Any] | None = None) -> Any:
    """Asks for a custom field."""
    body = {"FullName": name, "Metadata": metadata or TEXT}
    return api("POST", "tooling/sobjects/CustomField", body)


def permission_set(api) -> str:
    """The permission set of our user's own profile."""
    me = api.simulator.org.api_user
    mine = f"SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = '{me}'"
    (row,) = api.query(mine)["records"]
    id: str = row["PermissionSetId"]
    return id


def grant(api, parent: str, name: str, field: str, *, edit: bool = True) -> Any:
    """Lets a permission set see, and perhaps edit, a field."""
    body = {
        "ParentId": parent,
        "SobjectType": name,
        "Field": field,
        "PermissionsRead": True,
        "PermissionsEdit": edit,
    }
    return api("POST", "sobjects/FieldPermissions", body)


def test_a_field_is_seen_when_it_is_permitted(org) -> None:
    """A new field is INVALID_FIELD, and not described, until FieldPermissions say that we may see it."""
    api = org(fields="missing")
    made = make(api, "Contact.Created_By_X__c")
    assert (made.status_code, made.json()["id"][:3]) == (201, "00N")
    person = {"LastName": "Diaz", "Created_By_X__c": "us"}
    refused = api("POST", "sobjects/Contact", person)
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "INVALID_FIELD")
    assert api.query("SELECT Created_By_X__c FROM Contact")[0]["errorCode"] == "INVALID_FIELD"
    assert grant(api, permission_set(api), "Contact", "Contact.Created_By_X__c").status_code == 201
    assert api("POST", "sobjects/Contact", person).status_code == 201
    assert api.query("SELECT Created_By_X__c FROM Contact")["records"][0]["Created_By_X__c"] == "us"


def test_a_field_may_be_read_only(org) -> None:
    """With PermissionsRead alone a field is seen and cannot be set."""
    api = org(fields="missing")
    make(api, "Contact.Created_By_X__c")
    grant(api, permission_set(api), "Contact", "Contact.Created_By_X__c", edit=False)
    answer = api("POST", "sobjects/Contact", {"LastName": "Diaz", "Created_By_X__c": "us"})
    assert answer.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_a_permission_set_counts_when_it_is_assigned(org) -> None:
    """Permissions of a new set count once the set is assigned to us, and no more when that is taken back."""
    api = org(fields="missing")
    make(api, "Contact.Created_By_X__c")
    own = api.made("PermissionSet", Name="FirstContact", Label="FirstContact")
    grant(api, own, "Contact", "Contact.Created_By_X__c")
    assert "errorCode" in api.query("SELECT Created_By_X__c FROM Contact")[0]
    me = api.simulator.org.api_user
    assigned = api.made("PermissionSetAssignment", AssigneeId=me, PermissionSetId=own)
    assert api.query("SELECT Created_By_X__c FROM Contact")["done"]
    api("DELETE", f"sobjects/PermissionSetAssignment/{assigned}")
    assert "errorCode" in api.query("SELECT Created_By_X__c FROM Contact")[0]


@pytest.mark.parametrize("status", [400, 409])
def test_a_second_field_of_a_name_says_so(org, status: int) -> None:
    """DUPLICATE_DEVELOPER_NAME; its status is duplicate_developer_name_status."""
    api = org(duplicate_developer_name_status=status)
    answer = make(api, "Contact.FirstContact_Key__c")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, "DUPLICATE_DEVELOPER_NAME")


def test_fields_of_activities(org) -> None:
    """activity_fields_on: they are defined on Activity and are on Task and Event; or on each of the two."""
    api = org(fields="missing")
    assert make(api, "Task.Ext__c").json()[0]["errorCode"] == "INVALID_TYPE"
    assert make(api, "Activity.Ext__c").status_code == 201
    for name in ("Task", "Event"):
        assert grant(api, permission_set(api), name, f"{name}.Ext__c").status_code == 201
        assert api.query(f"SELECT Ext__c FROM {name}")["done"]
    each = org(fields="missing", activity_fields_on="each")
    assert make(each, "Activity.Ext__c").json()[0]["errorCode"] == "INVALID_TYPE"
    assert make(each, "Task.Ext__c").status_code == 201
    assert make(each, "Event.Ext__c").status_code == 201


@pytest.mark.parametrize(
    "metadata",
    [{"type": "Text"}, {"type": "LongTextArea"}, {"type": "Checkbox"}, {"type": "Colour"}, {"label": "X"}],
)
def test_what_a_field_needs(org, metadata: dict[str, Any]) -> None:
    """A length for texts, a default for check boxes, a type that there is."""
    assert make(org(fields="missing"), "Contact.X__c", metadata).status_code == 400


def test_a_key_field_works_as_one(org) -> None:
    """An external id made by the tooling API is a key for upserts, and unique where it says so."""
    api = org(fields="missing")
    make(api, "Contact.Ext__c", {**TEXT, "length": 64, "unique": True, "externalId": True})
    assert api("PATCH", "sobjects/Contact/Ext__c/k1", {"LastName": "Diaz"}).status_code == 404
    grant(api, permission_set(api), "Contact", "Contact.Ext__c")
    answers = [api("PATCH", "sobjects/Contact/Ext__c/k1", {"LastName": "Diaz"}).status_code for _ in range(2)]
    assert answers == [201, 200]
    fields = {field["name"]: field for field in api("GET", "sobjects/Contact/describe").json()["fields"]}
    assert (fields["Ext__c"]["unique"], fields["Ext__c"]["externalId"]) == (True, True)


def test_custom_fields_can_be_listed_and_deleted(api) -> None:
    """The tooling query lists them; a deleted one is none."""
    where = "TableEnumOrId = 'Contact' AND DeveloperName LIKE 'FirstContact%'"
    soql = f"SELECT Id, DeveloperName FROM CustomField WHERE {where}"
    found = api("GET", "tooling/query", params={"q": soql}).json()["records"]
    names = {row["DeveloperName"]: row["Id"] for row in found}
    assert {"FirstContact_Key", "FirstContact_Interaction"} <= set(names)
    assert api("GET", f"tooling/sobjects/CustomField/{names['FirstContact_Key']}").status_code == 200
    assert api("DELETE", f"tooling/sobjects/CustomField/{names['FirstContact_Key']}").status_code == 204
    assert "errorCode" in api.query("SELECT FirstContact_Key__c FROM Contact")[0]


def test_missing_and_ready(org) -> None:
    """`fields` is ready where nothing is said, and ours are seen; missing, there are only the org's."""
    ready = {field["name"] for field in org()("GET", "sobjects/Contact/describe").json()["fields"]}
    missing = {
        field["name"] for field in org(fields="missing")("GET", "sobjects/Contact/describe").json()["fields"]
    }
    assert {
        "FirstContact_Key__c",
        "Created_by_FirstContact__c",
        "FirstContact_Other_Phones__c",
    } <= ready - missing
    assert {"Personal_Email__c", "Direct_Line__c"} <= missing


def test_a_report_lists_what_was_created(api) -> None:
    """A report is made, runs, is listed and deleted; a list view has all records."""
    api.made("Contact", LastName="Diaz", Created_by_FirstContact__c=True)
    api.made("Contact", LastName="Roe")
    metadata = {
        "name": "Created by FirstContact",
        "reportFormat": "TABULAR",
        "reportType": {"type": "ContactList"},
        "detailColumns": ["LAST_NAME", "Contact.Created_by_FirstContact__c"],
        "reportFilters": [
            {"column": "Contact.Created_by_FirstContact__c", "operator": "equals", "value": "True"}
        ],
    }
    made = api("POST", "analytics/reports", {"reportMetadata": metadata}).json()["reportMetadata"]
    path = f"analytics/reports/{made['id']}"
    run = api("GET", path, params={"includeDetails": "true"}).json()
    (row,) = run["factMap"]["T!T"]["rows"]
    assert [cell["value"] for cell in row["dataCells"]] == ["Diaz", True]
    assert run["factMap"]["T!T"]["aggregates"][0]["value"] == 1
    narrowed = api("POST", path, {"reportMetadata": {"reportFilters": []}}).json()
    assert narrowed["factMap"]["T!T"]["aggregates"][0]["value"] == 2
    assert [one["id"] for one in api("GET", "analytics/reports").json()] == [made["id"]]
    assert api("DELETE", path).status_code == 204
    assert api("GET", path).status_code == 404
    bad = {**metadata, "detailColumns": ["Contact.Nickname__c"]}
    assert api("POST", "analytics/reports", {"reportMetadata": bad}).status_code == 400
    (view,) = api("GET", "sobjects/Contact/listviews").json()["listviews"]
    assert api("GET", view["resultsUrl"]).json()["size"] == 2
