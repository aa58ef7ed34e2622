"""Payloads that Zoho really sent: the simulator's answers have their shape."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
        assert set(recorded) == set(ours), (place, set(recorded) ^ set(ours))
        for key in recorded:
            alike(recorded[key], ours[key], f"{place}.{key}")
    elif isinstance(recorded, list) and isinstance(ours, list):
        for one in ours if recorded else ():
            alike(recorded[0], one, f"{place}[]")
    else:
        assert None in (recorded, ours) or recorded == ours, (place, recorded, ours)


def as_it_is(_firm: Any, exchange: dict[str, Any]) -> tuple[str, Any]:
    """Path and body as recorded."""
    return exchange["path"], (exchange["request"] or {}).get("data")


def on_a_contact(firm: Any, exchange: dict[str, Any]) -> tuple[str, Any]:
    """The recorded note, on a contact of this firm."""
    path, body = as_it_is(firm, exchange)
    contact = firm.desk.add("contact", {"last_name": "Diaz"})
    return path, {"data": [{**body["data"][0], "Parent_Id": contact}]}


def with_calls(firm: Any, exchange: dict[str, Any]) -> tuple[str, Any]:
    """The recorded list, with a call on a contact and a deal."""
    contact = firm.desk.add("contact", {"last_name": "Diaz"})
    deal = firm.desk.add("opportunity", {"name": "New", "open": True})
    about = {"Who_Id": {"id": contact}, "What_Id": {"id": deal}, "$se_module": "Deals"}
    firm.call(**about, Call_Result="Interested", Reminder="2026-03-02T12:00:00+00:00")
    return as_it_is(firm, exchange)


PREPARED: dict[str, Callable[[Any, dict[str, Any]], tuple[str, Any]]] = {
    "zoho_create_call.json": as_it_is,
    "zoho_create_contact.json": as_it_is,
    "zoho_create_event.json": as_it_is,
    "zoho_create_note.json": on_a_contact,
    "zoho_list_calls.json": with_calls,
    "zoho_search_no_hit_204.json": as_it_is,
    "zoho_upsert_lead.json": as_it_is,
}


@pytest.mark.parametrize("name", sorted(PREPARED))
def test_an_exchange_has_the_recorded_shape(firms: Any, shared: Path, name: str) -> None:
    """The recorded requests, sent to the simulator, are answered with the recorded status, keys and types."""
    firm = firms(fields="missing")
    exchanges = json.loads((shared / "fixtures" / name).read_text())["exchanges"]
    made = ""
    for exchange in exchanges:
        path, body = PREPARED[name](firm, exchange)
        head, _, last = path.rpartition("/")
        path = f"{head}/{made}" if last.isdigit() else path
        headers = {"Authorization": f"Zoho-oauthtoken {firm.token}"}
        given = {} if body is None else {"json": body}
        params = exchange["request"].get("params")
        answer = firm.client.request(exchange["method"], path, headers=headers, params=params, **given)
        assert answer.status_code == exchange["status"], answer.text
        if exchange["status"] == 204:
            assert answer.content == b""
            continue
        alike(shape(exchange["response"]), shape(answer.json()))
        assert answer.headers["content-type"] == exchange["headers"]["content-type"]
        made = made or answer.json()["data"][0].get("details", {}).get("id", "")


def test_every_payload_is_read(shared: Path) -> None:
    """There is no Zoho payload that this module does not look at."""
    assert {path.name for path in (shared / "fixtures").glob("zoho_*.json")} == set(PREPARED)
