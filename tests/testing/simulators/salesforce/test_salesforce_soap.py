"""merge() of the SOAP API, conditional deletions, and lists of states and countries."""

from __future__ import annotations

import re
from email.utils import formatdate
from typing import Any

import pytest

PARTNER = "urn:partner.soap.sforce.com"
ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com" '
    'xmlns:o="urn:sobject.partner.soap.sforce.com"><e:Header><SessionHeader><sessionId>{session}</sessionId>'
    "</SessionHeader></e:Header><e:Body>{body}</e:Body></e:Envelope>"
)
HEADERS = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'}


def request(survivor: str, *losers: str, type: str = "Contact", fields: str = "") -> str:
    """One merge request."""
    ids = "".join(f"<recordToMergeIds>{id}</recordToMergeIds>" for id in losers)
    record = f"<o:type>{type}</o:type><o:Id>{survivor}</o:Id>{fields}"
    return f"<request><masterRecord>{record}</masterRecord>{ids}</request>"


def called(api: Any, *requests: str, version: str = "62.0", **more: Any) -> Any:
    """The answer to a call with these requests."""
    session = more.pop("session", api.client.headers["Authorization"].removeprefix("Bearer "))
    body = more.pop("body", f"<merge>{''.join(requests)}</merge>")
    content = more.pop("content", ENVELOPE.format(session=session, body=body))
    headers = {**HEADERS, **more.pop("headers", {})}
    headers = {name: value for name, value in headers.items() if value}
    return api.client.post(f"{api.url}/services/Soap/u/{version}", content=content, headers=headers)


def fault(answer: Any) -> str:
    """The code of a fault, which is always a failure by its status."""
    assert answer.status_code == 500, answer.text
    return re.search(r"<faultcode>([^<]*)</faultcode>", answer.text)[1]  # type: ignore[index]


def test_a_merge_moves_what_hangs_on_the_loser(api: Any) -> None:
    """Tasks, cases and roles are the survivor's, the loser is deleted with MasterRecordId, and blanks stay
    blank but for the fields that the request sets (the vendor's page: values have to be given)."""
    kept = api.made("Contact", LastName="Diaz")
    gone = api.made("Contact", LastName="Diaz", Title="CFO", Department="Finance")
    task = api.made("Task", Subject="Call", WhoId=gone, Status="Completed")
    case = api.made("Case", Subject="Diaz", ContactId=gone)
    answer = called(api, request(kept, gone, fields="<o:Title>CFO</o:Title>"))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/xml")
    assert f"<id>{kept}</id><mergedRecordIds>{gone}</mergedRecordIds><success>true</success>" in answer.text
    assert set(re.findall("<updatedRelatedIds>([^<]*)<", answer.text)) >= {task, case}
    assert re.search(r"<current>\d+</current><limit>\d+</limit><type>API REQUESTS</type>", answer.text)
    row = api.row("Contact", kept)
    assert (row["Title"], row["Department"]) == ("CFO", None)
    assert row["LastModifiedById"] == api.simulator.org.api_user
    assert (api.row("Task", task)["WhoId"], api.row("Case", case)["ContactId"]) == (kept, kept)
    query = f"SELECT MasterRecordId, IsDeleted FROM Contact WHERE Id = '{gone}'"
    (deleted,) = api.query(query, path="queryAll")["records"]
    assert (deleted["MasterRecordId"], deleted["IsDeleted"]) == (kept, True)


def test_each_request_is_a_transaction_of_its_own(api: Any) -> None:
    """What is refused is refused alone: of a deleted record, of another type, of too many, into itself."""
    kept, gone, other = (api.made("Contact", LastName=name) for name in ("One", "Two", "Three"))
    account = api.made("Account", Name="Acme")
    api("DELETE", f"sobjects/Contact/{other}")
    answer = called(
        api,
        request(kept, other),
        request(kept, gone, other),
        request(kept, account),
        request(kept, kept),
        request(kept, gone, gone, gone),
        request(kept, gone, fields="<o:Email>no address</o:Email>"),
        request(kept, gone, fields="<o:Name>Diaz</o:Name>"),
        request(kept, gone),
    )
    codes = re.findall("<statusCode>([^<]*)<", answer.text)
    assert codes == [
        "ENTITY_IS_DELETED",
        "ENTITY_IS_DELETED",
        "MALFORMED_ID",
        "MERGE_FAILED",
        "MERGE_FAILED",
        "INVALID_EMAIL_ADDRESS",
        "INVALID_FIELD_FOR_INSERT_UPDATE",
    ]
    assert re.findall("<success>([^<]*)<", answer.text) == ["false"] * 7 + ["true"]
    assert api.ids("SELECT Id FROM Contact") == [kept]


def test_a_duplicate_rule_does_not_stop_a_merge(org: Any) -> None:
    """Rules do not run when records are merged, although the survivor takes the loser's address."""
    api = org(duplicates="block")
    kept = api.made("Contact", LastName="Diaz")
    gone = api.made("Contact", LastName="Osei", Email="jo@acme.example")
    answer = called(api, request(kept, gone, fields="<o:Email>jo@acme.example</o:Email>"))
    assert "<success>true</success>" in answer.text
    assert api.row("Contact", kept)["Email"] == "jo@acme.example"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"session": "nobody's"}, "sf:INVALID_SESSION_ID"),
        ({"version": "99.0"}, "sf:UNSUPPORTED_API_VERSION"),
        ({"headers": {"Content-Type": "application/json"}}, "soapenv:Client"),
        ({"headers": {"SOAPAction": ""}}, "soapenv:Client"),
        ({"content": "<no"}, "soapenv:Client"),
        ({"content": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}, "soapenv:Client"),
        ({"content": "<a/>"}, "soapenv:VersionMismatch"),
        ({"body": "<delete/>"}, "soapenv:Client"),
        ({"body": "<merge/>"}, "sf:LIMIT_EXCEEDED"),
        ({"body": f"<merge>{request('a', 'b') * 201}</merge>"}, "sf:LIMIT_EXCEEDED"),
        ({"body": f"<merge>{request('a')}</merge>"}, "soapenv:Client"),
        ({"body": f"<merge>{request('a', 'b', type='Task')}</merge>"}, "sf:INVALID_TYPE"),
        ({"body": f"<merge>{request('a', 'b', fields='<o:Nope>1</o:Nope>')}</merge>"}, "sf:INVALID_FIELD"),
        ({"body": f"<merge>{request('a', 'b', fields='<Title>1</Title>')}</merge>"}, "soapenv:Client"),
    ],
)
def test_what_is_no_call_is_a_fault(api: Any, changed: dict[str, Any], code: str) -> None:
    """A fault names what is wrong with the call, and nothing has happened."""
    assert fault(called(api, **changed)) == code


def test_a_used_up_limit_is_a_fault(api: Any) -> None:
    """REQUEST_LIMIT_EXCEEDED, as a fault."""
    api.simulator.exhaust(60.0)
    assert fault(called(api, request("a", "b"))) == "sf:REQUEST_LIMIT_EXCEEDED"


def test_a_deletion_may_depend_on_the_last_change(api: Any) -> None:
    """If-Unmodified-Since: 412 where the record was changed since, also within a composite request."""
    id = api.made("Contact", LastName="Diaz")
    before = formatdate(api.clock.now() / 1_000_000 - 60, usegmt=True)
    part = {"method": "DELETE", "url": f"sobjects/Contact/{id}", "referenceId": "d"}
    (said,) = api.composite({**part, "httpHeaders": {"If-Unmodified-Since": before}})
    assert said["httpStatusCode"] == 412
    assert api("DELETE", f"sobjects/Contact/{id}", headers={"If-Unmodified-Since": before}).status_code == 412
    now = formatdate(api.clock.now() / 1_000_000 + 1, usegmt=True)
    (said,) = api.composite({**part, "httpHeaders": {"If-Unmodified-Since": now}})
    assert said["httpStatusCode"] == 204


def test_lists_of_states_and_countries(org: Any) -> None:
    """With country_picklists an address takes what is in the lists, code and label say each other, and a
    state needs a country."""
    api = org(country_picklists=True)
    id = api.made("Contact", LastName="Diaz", MailingCountryCode="US", MailingState="california")
    row = api.row("Contact", id)
    assert (row["MailingCountry"], row["MailingStateCode"]) == ("United States", "CA")
    for given in (
        {"MailingCountry": "USA"},
        {"MailingCountryCode": "XX"},
        {"MailingState": "Ruritania"},
        {"MailingCountryCode": None},
        {"MailingCountryCode": "GB", "MailingStateCode": "CA"},
    ):
        answer = api("PATCH", f"sobjects/Contact/{id}", given)
        assert answer.json()[0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION", given
    both = {"MailingCountryCode": None, "MailingState": None}
    assert api("PATCH", f"sobjects/Contact/{id}", both).status_code == 204
    assert api.row("Contact", id)["MailingStateCode"] is None
    lead = api.made("Lead", LastName="Diaz", Company="Acme", CountryCode="DE")
    assert api.row("Lead", lead)["Country"] == "Germany"
