"""Every name that the connector uses is one of Clio's own specification."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from firstcontact.connectors.clio import activities, changes, documents, mapping, marks
from firstcontact.connectors.clio.marks import CustomField
from firstcontact.planning.write import ActivityFields, ContactFields, Existing
from firstcontact.testing.conformance.making import NOON

CUSTOM = {name: CustomField(str(n), name, type) for n, (name, type) in enumerate(marks.CUSTOM_FIELDS.items())}
ASKED = {
    "Contact": mapping.CONTACT,
    "Communication": activities.COMMUNICATION,
    "CalendarEntry": activities.ENTRY,
    "User": mapping.USER,
    "Matter": mapping.MATTER,
    "Document": documents.DOCUMENT,
}
ACTIVITY = ActivityFields(
    kind="call",
    interactions=("call",),
    at=NOON,
    subject="Call",
    seconds=60,
    direction="inbound",
    outcome="answered",
    people=(Existing("contact", "7"),),
    matter="5",
    user="9",
)
PERSON = ContactFields(
    first_name="Jo",
    last_name="Diaz",
    title="CFO",
    emails=("jo@acme.example",),
    phones=("+14155550123",),
    placeholder=True,
    created_by_firstcontact=True,
    interaction="call",
)
ROW = {"id": 7, "senders": [{"id": 3, "type": "Person"}], "attendees": [{"id": 3, "type": "Contact"}]}
EVERYTHING = frozenset(ActivityFields.__struct_fields__)
SENT = {
    ("/contacts.json", "post"): changes.new_contact(PERSON, "k" * 32, CUSTOM, "US"),
    ("/contacts/{id}.json", "patch"): changes.contact_changes({"id": 7}, PERSON, CUSTOM, "US"),
    ("/communications.json", "post"): activities.new_communication(ACTIVITY, "k" * 32, "9"),
    ("/communications/{id}.json", "patch"): activities.communication_changes(ROW, ACTIVITY, EVERYTHING, "9"),
    ("/calendar_entries.json", "post"): activities.new_entry(ACTIVITY, "k" * 32, "11"),
}


@pytest.fixture(scope="module")
def specification(shared: Path) -> Any:
    """The part of Clio's specification that is at hand."""
    return json.loads((shared / "fixtures" / "clio_v4_openapi_subset.json").read_bytes())


@pytest.mark.parametrize("schema", list(ASKED))
def test_every_field_asked_for_is_in_the_answers(specification: Any, schema: str) -> None:
    """Names in `fields=` are properties of the answer's schema, nested ones of the nested schema."""
    known = properties(specification, {"$ref": f"#/components/schemas/{schema}"})
    for name, nested in fields(ASKED[schema]).items():
        assert name in known, name
        inner = properties(specification, known[name].get("items", known[name]))
        assert nested <= set(inner), (name, nested - set(inner))


@pytest.mark.parametrize("place", list(SENT))
def test_every_field_sent_is_in_the_request(specification: Any, place: tuple[str, str]) -> None:
    """Bodies have only what the request's schema names, and all that it requires (a person's `name` may be
    given in its parts)."""
    path, method = place
    content = specification["paths"][path][method]["requestBody"]["content"]
    schema = next(iter(content.values()))["schema"]["properties"]["data"]
    assert set(schema.get("required", ())) - set(SENT[place]) <= {"name"}
    fits(SENT[place], schema)


def fits(body: Any, schema: Any) -> None:
    """The value has only names of the schema."""
    if isinstance(body, list):
        for one in body:
            fits(one, schema["items"])
    elif isinstance(body, dict):
        assert set(body) <= set(schema["properties"]), set(body) - set(schema["properties"])
        for name, value in body.items():
            fits(value, schema["properties"][name])
            if "enum" in schema["properties"][name]:
                assert value in schema["properties"][name]["enum"]


def fields(text: str) -> dict[str, set[str]]:
    """`id,company{id,name}` as names to nested names."""
    parts = re.findall(r"(\w+)(?:\{([^}]*)\})?", text)
    return {name: set(nested.split(",")) - {""} for name, nested in parts}


def properties(specification: Any, schema: Any) -> dict[str, Any]:
    """All properties of a schema, references and parts followed."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return properties(specification, specification["components"]["schemas"].get(name, {}))
    found = dict(schema.get("properties", {}))
    for part in schema.get("allOf", ()):
        found |= properties(specification, part)
    return found
