"""A client library that many people use, simple-salesforce, works against the simulator."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, SalesforceLogin
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from firstcontact.flow.clock import SystemClock
from firstcontact.testing.simulators.base import Switches
from firstcontact.testing.simulators.salesforce import SIMULATOR
from firstcontact.testing.simulators.serving import running


class Plain(HTTPAdapter):
    """The library insists on https and on Salesforce's hosts: on loopback both are the simulator."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: Any, *args: Any, **more: Any) -> Any:
        """Sends it to the simulator."""
        _, _, rest = request.url.partition("://")
        request.url = f"{self._url}/{rest.partition('/')[2]}"
        return super().send(request, *args, **more)


@contextmanager
def sessions(url: str) -> Iterator[requests.Session]:
    """A session of the library whose requests go to the simulator."""
    with requests.Session() as session:
        session.mount("https://", Plain(url))
        session.mount("http://", HTTPAdapter())
        yield session


@pytest.fixture
def client(api) -> Iterator[Salesforce]:
    """The library, logged in."""
    token = api.client.headers["Authorization"].removeprefix("Bearer ")
    with sessions(api.url) as session:
        yield Salesforce(instance_url=api.url, session_id=token, session=session, version="62.0")


def test_records(api, client: Salesforce) -> None:
    """Create, get, get by key, update, upsert, describe, deleted, delete."""
    made = client.Contact.create({"LastName": "Diaz", "Phone": "(415) 555-0123"})
    assert made["success"]
    assert client.Contact.get(made["id"])["Phone"] == "(415) 555-0123"
    assert client.Contact.update(made["id"], {"FirstContact_Key__c": "k1"}) == 204
    assert client.Contact.get_by_custom_id("FirstContact_Key__c", "k1")["Id"] == made["id"]
    assert [client.Contact.upsert("FirstContact_Key__c/k2", {"LastName": "Roe"}) for _ in range(2)] == [
        201,
        200,
    ]
    assert client.Contact.describe()["keyPrefix"] == "003"
    assert {one["name"] for one in client.describe()["sobjects"]} >= {"Contact", "Task"}
    assert client.Contact.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        client.Contact.get(made["id"])
    with pytest.raises(SalesforceMalformedRequest):
        client.Contact.create({"FirstName": "Jo"})
    assert client.limits()["DailyApiRequests"]["Max"] == 15000
    assert client.api_usage["api-usage"].total == 15000
    assert not client.is_sandbox()
    assert api.query("SELECT COUNT() FROM Contact")["totalSize"] == 1


def test_queries_and_searches(api, client: Salesforce) -> None:
    """query_all follows the pages, include_deleted asks queryAll, search and quick_search find."""
    for start in (0, 200, 400):
        records = [{"attributes": {"type": "Contact"}, "LastName": f"Diaz{start + n}"} for n in range(150)]
        api("POST", "composite/sobjects", {"records": records})
    headers = {"Sforce-Query-Options": "batchSize=200"}
    found = client.query_all("SELECT Id, LastName FROM Contact", headers=headers)
    assert (found["totalSize"], len({row["Id"] for row in found["records"]})) == (450, 450)
    gone = found["records"][0]["Id"]
    client.Contact.delete(gone)
    deleted = client.query("SELECT Id FROM Contact WHERE IsDeleted = true", include_deleted=True)
    assert [row["Id"] for row in deleted["records"]] == [gone]
    assert len(client.search("FIND {Diaz7} RETURNING Contact(Id)")["searchRecords"]) == 1
    assert len(client.quick_search("Diaz8")["searchRecords"]) == 1


def test_bulk(api, client: Salesforce) -> None:
    """bulk2 queries in pages and upserts."""
    for name in ("A", "B", "C"):
        api.made("Contact", LastName=name)
    pages = list(
        client.bulk2.Contact.query("SELECT Id, LastName FROM Contact ORDER BY LastName", max_records=2)
    )
    names = [row["LastName"] for page in pages for row in csv.DictReader(io.StringIO(page))]
    assert (len(pages), names) == (2, ["A", "B", "C"])
    given = [{"FirstContact_Key__c": "k1", "LastName": "D"}, {"FirstContact_Key__c": "k2", "LastName": "E"}]
    (done,) = client.bulk2.Contact.upsert(records=given, external_id_field="FirstContact_Key__c")
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (2, 0)
    assert api.query("SELECT COUNT() FROM Contact")["totalSize"] == 5


def test_tooling_and_composite(client: Salesforce) -> None:
    """toolingexecute makes a custom field, restful sends a composite request."""
    body = {"FullName": "Lead.X__c", "Metadata": {"type": "Text", "label": "X", "length": 10}}
    assert client.toolingexecute("sobjects/CustomField", "POST", data=body)["success"]
    part = {"method": "GET", "url": "/services/data/v62.0/sobjects", "referenceId": "s"}
    said = client.restful("composite", method="POST", json={"compositeRequest": [part]})
    assert said["compositeResponse"][0]["httpStatusCode"] == 200


def test_refusals(api, client: Salesforce) -> None:
    """An ended session and a limit that is used up are the library's own errors."""
    api.simulator.exhaust(60)
    with pytest.raises(SalesforceRefusedRequest):
        client.limits()
    api.clock.wait(61_000_000)
    api.simulator.expire()
    with pytest.raises(SalesforceExpiredSession):
        client.limits()


def test_its_logins() -> None:
    """Its client credentials and its JWT bearer login give sessions; a wrong secret is its own error."""
    simulator = SIMULATOR.make(SystemClock().now, Switches())
    kept = SIMULATOR.credentials("")
    with running(SIMULATOR, simulator) as served, sessions(served.url) as session:
        client = {"consumer_key": kept["jwt"]["client_id"], "session": session}
        key = {"username": kept["jwt"]["username"], "privatekey": kept["jwt"]["private_key"]}
        secret = kept["client_credentials"]["client_secret"]
        ways: list[dict[str, Any]] = [
            {**key, "domain": "login"},
            {"consumer_secret": secret, "domain": "firm.my"},
        ]
        for way in ways:
            token, instance = SalesforceLogin(**client, **way)
            logged_in = Salesforce(session_id=token, instance=instance, session=session)
            assert logged_in.limits()["DailyApiRequests"]["Max"] == 15000
        with pytest.raises(SalesforceAuthenticationFailed):
            SalesforceLogin(**client, consumer_secret="wrong", domain="firm.my")
