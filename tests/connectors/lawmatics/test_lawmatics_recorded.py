"""What Lawmatics' published collection answers goes through the connector's mapping (`shared` fixtures)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from firstcontact.connectors.lawmatics import activities, mapping
from firstcontact.connectors.lawmatics.activities import Stand
from firstcontact.connectors.toolkit.times import micros
from firstcontact.planning.write import ActivityFields, ContactFields, Existing
from firstcontact.testing.conformance.making import NOON

PERSON = ContactFields(
    first_name="Jo", last_name="Diaz", emails=("jo@acme.example",), phones=("+14155550123",), interaction="i1"
)
CALL = ActivityFields(
    kind="call", interactions=("i1",), at=NOON, subject="Call", people=(Existing("contact", "7"),), seconds=60
)


@pytest.fixture
def recorded(shared: Path) -> Any:
    """Reads a fixture: what was sent, and what was answered."""

    def read(name: str) -> dict[str, Any]:
        found = json.loads((shared / "fixtures" / f"lawmatics_{name}.json").read_text())
        assert isinstance(found, dict)
        return found

    return read


@pytest.mark.parametrize("name", ["create_contact", "find_contact_by_phone"])
def test_a_recorded_contact_is_read(recorded: Any, name: str) -> None:
    """Its id is a text, its number is read as a number of the team's region, and a row without relationships
    is a contact."""
    row = recorded(name)["response"]["data"]
    told = row["attributes"]
    record = mapping.read_person(mapping.main_person(row), "US")
    assert (record.type, record.id) == ("contact", row["id"])
    assert (record.first_name, record.last_name) == (told["first_name"], told["last_name"])
    assert (record.emails, record.phones) == ((told["email"],), (told["phone"],))
    assert told["email"] in {handle.key for handle in record.handles}
    assert record.created_at == micros(told.get("created_at"))
    assert (record.created_by_us, record.edited_by_person, record.placeholder) == (False, False, False)


def test_recorded_custom_fields_are_read_by_name(recorded: Any) -> None:
    """Their ids are numbers there."""
    row = recorded("create_contact")["response"]["data"]
    given = row["attributes"]["custom_fields"]
    assert mapping.marks_of(row) == {one["name"]: one["value"] for one in given}


@pytest.mark.parametrize("name", ["create_prospect_matched", "find_prospect_by_phone"])
def test_a_recorded_matter_is_read(recorded: Any, name: str) -> None:
    """It is open while it is pnc; where it says whose it is, that is a contact."""
    row = recorded(name)["response"]["data"]
    matter = mapping.read_matter(row, "7")
    assert (matter.id, matter.contact, matter.open) == (row["id"], "7", True)
    assert matter.opened_at == micros(row["attributes"]["created_at"])
    if "contact" in row["relationships"]:
        assert matter.name == row["attributes"]["case_title"]
        assert mapping.target(row, "contact")[0] == "contact"
        assert mapping.related(row, "phone_numbers") is not None


def test_a_recorded_interaction_is_read(recorded: Any) -> None:
    """It stands on a matter; a text that is not ours has no mark, and is a subject and nothing else."""
    row = recorded("create_interaction")["response"]["data"]
    stand = activities.stands_on("interaction", row)
    assert stand is not None
    assert stand.type == "Prospect"
    text = activities.text_there("interaction", row)
    assert (text.subject, text.said, text.mark) == (row["attributes"]["body"], "", None)


def test_what_we_send_has_the_names_that_were_sent(recorded: Any) -> None:
    """Every key of our bodies is one of the recorded request's, but for custom fields and the title."""
    new = mapping.new_contact(PERSON, "0" * 32, {}, "US").body
    assert new.keys() <= recorded("create_contact")["request"].keys()
    assert "custom_fields" in recorded("create_contact")["response"]["data"]["attributes"]
    interaction = _names(recorded("create_interaction")["request"])
    note = _names(recorded("create_note")["request"])
    for form, names, stand in (
        ("interaction", interaction, Stand("Prospect", "5")),
        ("note", note, Stand("Prospect", "5")),
    ):
        text = activities.text_of(CALL, "0" * 32, form)  # type: ignore[arg-type]
        body = activities.body_of(CALL, text, form, stand, [], "")  # type: ignore[arg-type]
        assert body.keys() == names


def _names(request: str) -> set[str]:
    """Keys of a recorded body, which has placeholders in it that are no JSON."""
    return set(json.loads(request.replace("{{prospect_id}}", "1")))
