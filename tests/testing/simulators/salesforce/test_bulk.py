"""Bulk API 2.0 of the simulated Salesforce."""

from __future__ import annotations

import csv
import io
from typing import Any


def rows(text: str) -> list[dict[str, str]]:
    """A CSV answer as maps."""
    return list(csv.DictReader(io.StringIO(text)))


def job(api, query: str, operation: str = "query") -> str:
    """A query job; its id."""
    answer = api("POST", "jobs/query", {"operation": operation, "query": query})
    assert answer.json()["state"] == "UploadComplete"
    id: str = answer.json()["id"]
    return id


def test_a_query_job_comes_in_pages(org) -> None:
    """The job is in progress as often as bulk_polls says; `Sforce-Locator` leads through its pages, at most
    bulk_page rows each."""
    api = org(bulk_polls=2, bulk_page=2)
    names = ["Diaz", 'O"Neil, Jr', "שרה"]
    for name in names:
        api.made("Contact", LastName=name)
    id = job(api, "SELECT Id, LastName, Owner.Email, SystemModstamp, Title FROM Contact ORDER BY CreatedDate")
    assert api("GET", f"jobs/query/{id}/results").json()[0]["errorCode"] == "INVALIDJOBSTATE"
    states = [api("GET", f"jobs/query/{id}").json()["state"] for _ in range(3)]
    assert states == ["InProgress", "InProgress", "JobComplete"]
    first = api("GET", f"jobs/query/{id}/results")
    assert (first.headers["Sforce-Locator"], first.headers["Sforce-NumberOfRecords"]) == ("2", "2")
    rest = api("GET", f"jobs/query/{id}/results?locator=2&maxRecords=50")
    assert (rest.headers["Sforce-Locator"], rest.headers["Content-Type"]) == ("null", "text/csv")
    found = rows(first.text) + rows(rest.text)
    assert [row["LastName"] for row in found] == names
    assert found[0]["SystemModstamp"].endswith("Z")
    assert (found[0]["Title"], found[0]["Owner.Email"]) == ("", "integration@firm.example")
    assert api("DELETE", f"jobs/query/{id}").status_code == 204
    assert api("GET", f"jobs/query/{id}").status_code == 404


def test_a_query_job_sees_deleted_records_where_told(api) -> None:
    """queryAll has deleted records; a job keeps what there was when it was made."""
    id = api.made("Contact", LastName="Diaz")
    early = job(api, "SELECT Id, IsDeleted FROM Contact")
    api("DELETE", f"sobjects/Contact/{id}")
    late = job(api, "SELECT Id, IsDeleted FROM Contact", "queryAll")
    for one in (early, late):
        for _ in range(2):
            api("GET", f"jobs/query/{one}")
    results = [rows(api("GET", f"jobs/query/{one}/results").text)[0]["IsDeleted"] for one in (early, late)]
    assert results == ["false", "true"]


def test_what_is_no_query_job_is_refused(api) -> None:
    """Other operations, subqueries, aggregates and broken SOQL are 400; a job can be aborted."""
    bodies: list[dict[str, Any]] = [
        {"operation": "insert", "query": "SELECT Id FROM Contact"},
        {"operation": "query", "query": "SELECT Id, (SELECT Id FROM Tasks) FROM Contact"},
        {"operation": "query", "query": "SELECT COUNT(Id) FROM Contact"},
        {"operation": "query", "query": "SELECT"},
        {"operation": "query", "query": "SELECT Id FROM Contact", "columnDelimiter": "SPACE"},
    ]
    assert {api("POST", "jobs/query", body).status_code for body in bodies} == {400}
    id = job(api, "SELECT Id FROM Contact")
    assert api("PATCH", f"jobs/query/{id}", {"state": "Aborted"}).json()["state"] == "Aborted"
    assert api("PATCH", f"jobs/query/{id}", {"state": "JobComplete"}).status_code == 400
    assert [one["id"] for one in api("GET", "jobs/query").json()["records"]] == [id]


def test_an_ingest_job_upserts(api) -> None:
    """Open, uploaded, closed, complete; successes and failures come as CSV."""
    asked = {"object": "Contact", "operation": "upsert", "externalIdFieldName": "FirstContact_Key__c"}
    made = api("POST", "jobs/ingest", {**asked, "contentType": "CSV", "lineEnding": "LF"}).json()
    assert (made["state"], made["contentUrl"]) == (
        "Open",
        f"services/data/v62.0/jobs/ingest/{made['id']}/batches",
    )
    text = "FirstContact_Key__c,LastName,FirstContact_Placeholder__c\nk1,Diaz,true\nk2,,false\n"
    path = f"jobs/ingest/{made['id']}"
    assert (
        api("PUT", f"{path}/batches", content=text, headers={"Content-Type": "text/csv"}).status_code == 201
    )
    assert api("PATCH", path, {"state": "UploadComplete"}).status_code == 200
    for _ in range(2):
        state = api("GET", path).json()
    assert (state["state"], state["numberRecordsProcessed"], state["numberRecordsFailed"]) == (
        "JobComplete",
        2,
        1,
    )
    (good,) = rows(api("GET", f"{path}/successfulResults").text)
    (bad,) = rows(api("GET", f"{path}/failedResults").text)
    assert (good["sf__Created"], good["FirstContact_Key__c"]) == ("true", "k1")
    assert bad["sf__Error"].startswith("REQUIRED_FIELD_MISSING")
    assert api.row("Contact", good["sf__Id"])["FirstContact_Placeholder__c"] is True
