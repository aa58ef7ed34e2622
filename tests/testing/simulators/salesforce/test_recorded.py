"""Payloads that Salesforce really sent: the simulator's answers have their shape."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest


def shape(value: Any) -> Any:
    """A value without what it says: keys and types."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value]
    return None if value is None else type(value).__name__


def alike(recorded: Any, ours: Any, place: str = "") -> None:
    """The same keys and the same types; a field may be empty in one of the two."""
    if isinstance(recorded, dict) and isinstance(ours, dict):
        assert set(recorded) == set(ours), place
        for key in recorded:
            alike(recorded[key], ours[key], f"{place}.{key}")
    elif isinstance(recorded, list) and isinstance(ours, list):
        assert bool(recorded) == bool(ours), place
        for one in ours:
            alike(recorded[0], one, f"{place}[]")
    else:
        assert None in (recorded, ours) or recorded == ours, (place, recorded, ours)


def an_account(api, exchange: dict[str, Any]) -> str:
    """The path of the exchange with an account of this org in it."""
    head, _, _ = exchange["path"].rpartition("/")
    return f"{head}/{api.made('Account', Name='Acme')}"


def five_accounts(api, exchange: dict[str, Any]) -> str:
    """The path of the exchange, and five accounts."""
    for number in range(5):
        api.made("Account", Name=f"Acme {number}")
    return exchange["path"]


def a_contact(api, exchange: dict[str, Any]) -> str:
    """The path of the exchange, and a contact with everything that is asked for."""
    account = api.made("Account", Name="Acme")
    fields = {"FirstName": "Jo", "Email": "jo@acme.example", "Title": "CFO", "Department": "Money"}
    places = {
        "MailingStreet": "1 Main St",
        "MailingCity": "Acme",
        "MailingState": "CA",
        "MailingCountry": "US",
    }
    phones = {"Phone": "4155550101", "MobilePhone": "4155550102", "MailingPostalCode": "94100"}
    api.made("Contact", LastName="Diaz", AccountId=account, **fields, **places, **phones)
    return exchange["path"]


def as_it_is(api, exchange: dict[str, Any]) -> str:
    """The path of the exchange."""
    del api
    return exchange["path"]


PREPARED: dict[str, Callable[[Any, dict[str, Any]], str]] = {
    "salesforce_create_record.json": as_it_is,
    "salesforce_upsert_contact_by_email.json": as_it_is,
    "salesforce_update_only.json": an_account,
    "salesforce_collection_create.json": as_it_is,
    "salesforce_collection_upsert_error.json": as_it_is,
    "salesforce_composite_graph.json": as_it_is,
    "salesforce_query.json": five_accounts,
    "salesforce_soql_contacts.json": a_contact,
    "salesforce_sosl_empty.json": as_it_is,
}


@pytest.mark.parametrize("name", sorted(PREPARED))
def test_an_exchange_has_the_recorded_shape(api, shared: Path, name: str) -> None:
    """The recorded request, sent to the simulator, is answered with the recorded status, keys and types."""
    (exchange,) = json.loads((shared / "fixtures" / name).read_text())["exchanges"]
    path = PREPARED[name](api, exchange)
    request = exchange["request"]
    answer = api(exchange["method"], unquote(path), request.get("data"), params=request.get("params"))
    assert answer.status_code == exchange["status"]
    alike(shape(exchange["response"]), shape(answer.json()))
    for header in exchange["headers"]:
        assert header in answer.headers, header
    recorded = exchange["headers"]["sforce-limit-info"]
    assert recorded.partition("=")[0] == answer.headers["sforce-limit-info"].partition("=")[0]
    assert answer.headers["content-type"].lower() == exchange["headers"]["content-type"].lower()


def test_limits_have_the_recorded_shape(api, shared: Path) -> None:
    """Each limit of the simulator is a recorded one, with the same two keys."""
    (exchange,) = json.loads((shared / "fixtures" / "salesforce_limits.json").read_text())["exchanges"]
    ours = api("GET", exchange["path"]).json()
    assert set(ours) <= set(exchange["response"]), set(ours) - set(exchange["response"])
    assert "DailyApiRequests" in ours
    for name, limit in ours.items():
        alike(shape(exchange["response"][name]), shape(limit), name)


def test_duplicates_have_the_known_shape(org, shared: Path) -> None:
    """The answer of a duplicate rule has the keys and the types of the known one."""
    known = json.loads((shared / "fixtures" / "salesforce_duplicates_detected_SYNTHETIC.json").read_text())
    api = org(duplicates="alert")
    person = {"LastName": "Diaz", "Email": "jo@acme.example"}
    api.made("Contact", **person)
    answer = api("POST", "sobjects/Contact", person)
    assert answer.status_code == known["status"]
    alike(shape(known["response"]), shape(answer.json()))


def test_every_payload_is_read(shared: Path) -> None:
    """There is no Salesforce payload that this module does not look at."""
    there = {path.name for path in (shared / "fixtures").glob("salesforce_*.json")}
    others = {"salesforce_limits.json", "salesforce_duplicates_detected_SYNTHETIC.json"}
    assert there == set(PREPARED) | others
