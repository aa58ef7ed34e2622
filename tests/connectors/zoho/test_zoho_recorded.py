"""What somebody recorded of Zoho's answers goes through the mapping."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from firstcontact.connectors.toolkit.times import micros
from firstcontact.connectors.zoho import activities, mapping
from firstcontact.connectors.zoho.faults import SUCCESS, fault_of
from firstcontact.connectors.zoho.shapes import Module, read_field
from firstcontact.planning.write import ActivityFields
from firstcontact.testing.conformance.making import NOON

FIXTURES = (
    "zoho_create_call.json",
    "zoho_create_contact.json",
    "zoho_create_event.json",
    "zoho_create_note.json",
    "zoho_list_calls.json",
    "zoho_search_no_hit_204.json",
    "zoho_upsert_lead.json",
)


def exchanges(shared: Path, name: str) -> list[dict[str, Any]]:
    """The requests and answers of a recording."""
    found: list[dict[str, Any]] = json.loads((shared / "fixtures" / name).read_text())["exchanges"]
    return found


def shape_of(name: str, row: dict[str, Any]) -> Module:
    """A module whose fields are those of a recorded record."""
    fields = [read_field({"api_name": field}) for field in row if not field.startswith("$")]
    return Module(name=name, fields={field.name: field for field in fields})


def test_every_recording_is_looked_at(shared: Path) -> None:
    """A fixture that comes on top is not left aside."""
    assert {path.name for path in (shared / "fixtures").glob("zoho_*.json")} == set(FIXTURES)


def test_results_of_writes_are_read(shared: Path) -> None:
    """Each recorded insert and upsert is a success with an id, and says who made it."""
    for name in FIXTURES:
        for exchange in exchanges(shared, name):
            if exchange["method"] != "POST":
                continue
            for result in exchange["response"]["data"]:
                assert fault_of(result).code == SUCCESS == result["code"]
                assert mapping.text(result["details"], "id").isdigit()
                assert mapping.text(result["details"], "Created_By").isdigit()
                assert micros(result["details"]["Modified_Time"]) > 0


def test_what_was_sent_is_what_we_send(shared: Path) -> None:
    """The fields that were taken in the recordings are those that our calls, events and contacts have."""
    fields = ActivityFields(
        kind="call", interactions=("i1",), at=NOON, subject="Call", direction="outbound", seconds=61
    )
    for name, module, made in (
        ("zoho_create_call.json", "Calls", fields),
        ("zoho_create_event.json", "Events", fields),
    ):
        (sent,) = exchanges(shared, name)[0]["request"]["data"]["data"]
        ours = activities.new_activity(made, "0" * 32, shape_of(module, {**sent, "FirstContact_Key": ""}))
        assert set(sent) - {"Venue", "Description"} <= set(ours)


def test_recorded_calls_are_read(shared: Path) -> None:
    """Whom a call is about, when it was, and that nobody changed it between reading and writing."""
    for row in exchanges(shared, "zoho_list_calls.json")[0]["response"]["data"]:
        module = shape_of("Calls", row)
        assert micros(row["Call_Start_Time"]) > 0
        assert mapping.text(row, "Owner").isdigit()
        at = micros(row["Call_Start_Time"])
        fields = ActivityFields(kind="call", interactions=(), at=at, subject=row["Subject"])
        assert activities.changed_activity(fields, ("at", "subject"), row, module) == {}


def test_a_recorded_event_is_read(shared: Path) -> None:
    """An event comes back with its times in the organisation's zone, and nobody in it."""
    row = exchanges(shared, "zoho_create_event.json")[1]["response"]["data"][0]
    module = shape_of("Events", row)
    at = micros(row["Start_DateTime"])
    seconds = (micros(row["End_DateTime"]) - at) // 1_000_000
    fields = ActivityFields(
        kind="meeting", interactions=(), at=at, seconds=seconds, subject=row["Event_Title"]
    )
    assert activities.changed_activity(fields, ("at", "seconds", "subject"), row, module) == {}
    assert row["Participants"] == []


def test_no_hit_has_no_body(shared: Path) -> None:
    """204 and nothing in it."""
    (exchange,) = exchanges(shared, "zoho_search_no_hit_204.json")
    assert (exchange["status"], exchange["response"]) == (204, "")
