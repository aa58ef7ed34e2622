"""Numbers and addresses that several people share: asked about, never picked (SPEC §2)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.quality.places import Place, make_place
from benchmarks.quality.sections import Score, Section, three
from firstcontact.connectors.address_book.people import People
from firstcontact.interactions.handles import read_email, read_phone_field
from firstcontact.interactions.model import Call, Email, Handle, Interaction, Participant

AT = 1_767_000_000_000_000


def office_holders(data: Path) -> list[dict[str, Any]]:
    """Every person with the numbers and addresses that the file has for them."""
    lines = (data / "contacts_openstates/people.jsonl").read_text().splitlines()
    return [_given(json.loads(line)) for line in lines]


def _given(person: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": person["id"],
        "first_name": person["given_name"] or "",
        "last_name": person["family_name"] or "",
        "emails": [person["email"]] if person["email"] else [],
        "phones": list(dict.fromkeys(o["voice"] for o in person["offices"] if o.get("voice"))),
    }


def bearers_of(here: Place) -> dict[Handle, set[str]]:
    """Who bears each handle, by reading the records back, not by searching."""
    found: dict[Handle, set[str]] = defaultdict(set)
    for contact in People(here.opened.address_book).list_contacts():
        for text in contact.get("emails", ()):
            handle = read_email(text)
            if handle is not None:
                found[as_handle(handle.key)].add(contact["id"])
        for text in contact.get("phones", ()):
            for handle in read_phone_field(text if isinstance(text, str) else text["number"], "US").handles:
                found[as_handle(handle.key)].add(contact["id"])
    return dict(found)


def as_handle(key: str) -> Handle:
    """A handle by its key."""
    return Handle("email", key, key) if "@" in key else Handle("phone", key, key)


def event(handle: Handle) -> Interaction:
    """A call or mail from this handle to one of ours."""
    if handle.kind == "email":
        people = (
            Participant("from", (handle,), "", handle.key),
            Participant("to", (as_handle("ana@northwind.example"),), "", ""),
        )
        return Email(
            id=f"mail {handle.key}", source="mbox", source_id=handle.key, conversation=handle.key, at=AT,
            participants=people, subject="Hello",
        )  # fmt: skip
    people = (
        Participant("from", (handle,), "", handle.key),
        Participant("to", (as_handle("+14155550100"),), "", ""),
    )
    return Call(
        id=f"call {handle.key}", source="generic", source_id=handle.key, conversation=handle.key, at=AT,
        participants=people, direction="inbound", result="answered", seconds=60,
    )  # fmt: skip


def linked(data: Path, folder: Path) -> tuple[Score, Score, int, int]:
    """A call or mail from every handle of thousands of contacts. said: links; so: handles of one person
    alone; right: these, linked to that person. Ours, and taking the first record that a search returns;
    then how many were asked about, and how many created anybody."""
    here = make_place(folder, {"preset": "call-connector"}, None)
    People(here.opened.address_book).import_records(office_holders(data))
    bearers = bearers_of(here)
    here.installation.take([event(handle) for handle in bearers], live=False)
    here.installation.drain()
    ours, first = Score(), Score()
    asked = created = 0
    for _, decision, _ in here.decided():
        (person,) = decision.people
        wanted = bearers[as_handle(person.about)]
        alone = len(wanted) == 1
        right = person.verdict == "link" and {person.record} == wanted
        ours += Score(int(right), int(person.verdict == "link"), int(alone))
        first += Score(int(alone), 1, int(alone))
        asked += person.verdict == "ask"
        created += person.verdict == "create"
    return ours, first, asked, created


def measure(data: Path, folder: Path) -> Section:
    """One figure: links that are surely right."""
    ours, first, asked, created = linked(data, folder)
    section = Section(
        "Ambiguity",
        "Thousands of real office-holders, of whom many share a number: a call or mail from each number and "
        "address. Whoever bears it alone is to be linked; where several bear it, a person is to be asked "
        f"({asked} times), and nobody is to be created ({created} times).",
        [
            [
                ("linked to the right one", "precision", "recall", "F1"),
                ("FirstContact", *three(ours)),
                ("the first that a search returns", *three(first)),
            ]
        ],
    )
    section.floors += [
        ("links where one person bears it, precision", ours.precision, 1.0),
        ("links where one person bears it, recall", ours.recall, 1.0),
    ]
    return section
