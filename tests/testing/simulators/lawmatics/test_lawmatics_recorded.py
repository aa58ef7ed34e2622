"""The simulator's answers have the shape of those that Lawmatics has published (fixtures `lawmatics_*`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def published(shared: Path, name: str) -> Any:
    """A published exchange."""
    return json.loads((shared / "fixtures" / f"lawmatics_{name}.json").read_text())


def same_shape(ours: Any, theirs: Any, place: str) -> None:
    """Every name of theirs is among ours, and every value that both have is of one type."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        assert set(theirs) <= set(ours), f"{place}: {set(theirs) - set(ours)}"
        for name in theirs:
            same_shape(ours[name], theirs[name], f"{place}.{name}")
    elif isinstance(theirs, list) and isinstance(ours, list):
        for one, other in zip(ours, theirs, strict=False):
            same_shape(one, other, place)
    elif ours is not None and theirs is not None:
        assert type(ours) is type(theirs), place


def compared(ours: Any, theirs: Any, exactly: bool = True) -> None:
    """Two records in `data`: of one type, with the same attributes and relationships, or at least theirs."""
    same_shape(ours, theirs, "data")
    assert ours["type"] == theirs["type"]
    if exactly:
        assert set(ours["attributes"]) == set(theirs["attributes"])
        assert set(ours["relationships"]) == set(theirs["relationships"])
    for name, target in theirs["relationships"].items():
        assert isinstance(ours["relationships"][name]["data"], list) == isinstance(target["data"], list), name


def test_creating_a_contact(firm: Any, shared: Path) -> None:
    """Its body is taken as it is, and answered alike."""
    exchange = published(shared, "create_contact")
    field = {"name": "Ours", "type": "Contact", "field_type": "string"}
    id = firm.made("/custom_fields", field)["id"]
    answer = firm.ask(
        "POST", "/contacts", {**exchange["request"], "custom_fields": [{"id": id, "value": "x"}]}
    )
    assert answer.status_code == exchange["status"]
    compared(answer.json()["data"], exchange["response"]["data"])


def test_creating_a_matter_with_match_contact_by(firm: Any, shared: Path) -> None:
    """Its body is taken as it is; everything that is answered there is answered here (and newer things)."""
    exchange = published(shared, "create_prospect_matched")
    body = {**exchange["request"], "email": "matched@client.example"}
    contact = firm.person(email=body["email"])
    answer = firm.ask("POST", "/prospects?", body)
    assert answer.status_code == exchange["status"]
    compared(answer.json()["data"], exchange["response"]["data"], exactly=False)
    assert answer.json()["data"]["relationships"]["contact"]["data"]["id"] == contact


@pytest.mark.parametrize("name", ["create_interaction", "create_note"])
def test_creating_what_stands_on_a_matter(firm: Any, shared: Path, name: str) -> None:
    """The published text of the body is taken with a matter's id put in, and answered alike."""
    exchange = published(shared, name)
    matter = firm.matter(first_name="Ann")["id"]
    body = json.loads(exchange["request"].replace("{{prospect_id}}", matter))
    path = exchange["url"].partition("/v1")[2]
    answer = firm.ask("POST", path, body)
    assert answer.status_code == exchange["status"]
    compared(answer.json()["data"], exchange["response"]["data"])


@pytest.mark.parametrize("name", ["contact", "prospect"])
def test_finding_by_phone(firm: Any, shared: Path, name: str) -> None:
    """One object with the published attributes, whose phone is as it was stored."""
    exchange = published(shared, f"find_{name}_by_phone")
    phone = exchange["response"]["data"]["attributes"]["phone"]
    contact = firm.person(phone=phone, email="found@client.example")
    firm.matter(contact_id=contact)
    path = exchange["url"].partition("/v1")[2].replace(":phone_number", phone)
    answer = firm.ask("GET", path)
    assert answer.status_code == exchange["status"]
    compared(answer.json()["data"], exchange["response"]["data"])
    assert answer.json()["data"]["attributes"]["phone"] == phone


def test_every_published_exchange_is_compared(shared: Path) -> None:
    """A fixture that comes is not left out in silence."""
    names = {path.name for path in (shared / "fixtures").glob("lawmatics_*.json")}
    assert names == {
        "lawmatics_create_contact.json",
        "lawmatics_create_interaction.json",
        "lawmatics_create_note.json",
        "lawmatics_create_prospect_matched.json",
        "lawmatics_find_contact_by_phone.json",
        "lawmatics_find_prospect_by_phone.json",
    }
