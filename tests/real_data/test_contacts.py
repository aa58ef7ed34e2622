"""Contacts that share numbers, and numbers in every written form (SPEC §1, §2)."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat
from places import MakePlace, Place

from firstcontact.connectors.address_book.people import People
from firstcontact.interactions.handles import read_email, read_phone, read_phone_field
from firstcontact.interactions.model import Call, Email, Handle, Interaction, Participant

AT = 1_767_000_000_000_000


def office_holders(shared: Path) -> list[dict[str, Any]]:
    """Every person with the numbers and addresses that the file has for them."""
    lines = (shared / "data/contacts_openstates/people.jsonl").read_text().splitlines()
    return [_given(json.loads(line)) for line in lines]


def _given(person: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": person["id"],
        "first_name": person["given_name"] or "",
        "last_name": person["family_name"] or "",
        "emails": [person["email"]] if person["email"] else [],
        "phones": list(dict.fromkeys(o["voice"] for o in person["offices"] if o.get("voice"))),
    }


def test_a_shared_number_is_never_a_pick(
    shared: Path, place: MakePlace, figure: Callable[[str], None]
) -> None:
    """Of thousands of contacts of whom many share a number or an address, whoever bears it alone is linked,
    and where several bear it a person is asked, with all of them as candidates."""
    here = place({"preset": "call-connector"})
    done = People(here.opened.address_book).import_records(office_holders(shared))
    assert done.set_aside == ()
    bearers = _bearers(here)
    here.installation.take([_event(handle) for handle in bearers], live=False)
    here.installation.drain()
    alone = shared_by_many = 0
    for _, decision, _ in here.decided():
        (person,) = decision.people
        wanted = bearers[_handle(person.about)]
        if len(wanted) == 1:
            alone += 1
            assert (person.verdict, person.record) == ("link", next(iter(wanted)))
        else:
            shared_by_many += 1
            assert person.verdict == "ask"
            assert set(person.candidates) == wanted
    figure(f"{alone} handles of one person linked, {shared_by_many} shared ones asked about")
    assert alone > 1000
    assert shared_by_many > 100
    assert here.report().created == 0


def _bearers(here: Place) -> dict[Handle, set[str]]:
    """Who bears each handle, by reading the records back, not by searching."""
    found: dict[Handle, set[str]] = defaultdict(set)
    for contact in People(here.opened.address_book).list_contacts():
        for text in contact.get("emails", ()):
            handle = read_email(text)
            if handle is not None:
                found[_handle(handle.key)].add(contact["id"])
        for text in contact.get("phones", ()):
            for handle in read_phone_field(text if isinstance(text, str) else text["number"], "US").handles:
                found[_handle(handle.key)].add(contact["id"])
    return dict(found)


def _handle(key: str) -> Handle:
    return Handle("email", key, key) if "@" in key else Handle("phone", key, key)


def _event(handle: Handle) -> Interaction:
    """A call or mail from this handle to one of ours."""
    if handle.kind == "email":
        people = (
            Participant("from", (handle,), "", handle.key),
            Participant("to", (_handle("ana@northwind.example"),), "", ""),
        )
        return Email(
            id=f"mail {handle.key}", source="mbox", source_id=handle.key, conversation=handle.key, at=AT,
            participants=people, subject="Hello",
        )  # fmt: skip
    people = (
        Participant("from", (handle,), "", handle.key),
        Participant("to", (_handle("+14155550100"),), "", ""),
    )
    return Call(
        id=f"call {handle.key}", source="generic", source_id=handle.key, conversation=handle.key, at=AT,
        participants=people, direction="inbound", result="answered", seconds=60,
    )  # fmt: skip


def written_forms(shared: Path) -> Iterator[tuple[str, list[str]]]:
    """Each region with an example number as people there write it: E.164, international, RFC 3966, national,
    bare digits and the region's international prefix."""
    with (shared / "data/phones/example_numbers.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            try:
                number = phonenumbers.parse(row["national_example"], row["region"])
            except phonenumbers.NumberParseException:
                continue
            if not phonenumbers.is_valid_number(number):
                continue
            formats = (
                PhoneNumberFormat.E164,
                PhoneNumberFormat.INTERNATIONAL,
                PhoneNumberFormat.RFC3966,
                PhoneNumberFormat.NATIONAL,
            )
            forms = [phonenumbers.format_number(number, each) for each in formats]
            yield row["region"], list(dict.fromkeys([*forms, row["national_example"]]))


def test_every_written_form_finds_the_number(shared: Path, figure: Callable[[str], None]) -> None:
    """Every written form of a number is the same handle, so that whichever one a contact is stored with is
    found by the others; only what has fewer than seven digits is nobody's number (SPEC §1)."""
    regions: set[str] = set()
    pairs = 0
    missed: list[tuple[str, list[str]]] = []
    short: list[str] = []
    for region, forms in written_forms(shared):
        regions.add(region)
        read = {form: read_phone(form, region) for form in forms}
        short += [form for form, handle in read.items() if handle is None]
        keys = [handle.key for handle in read.values() if handle is not None]
        pairs += len(keys) * (len(keys) - 1)
        if len(set(keys)) > 1:
            missed.append((region, forms))
    figure(
        f"{pairs} pairs of stored and asked form in {len(regions)} regions, {len(missed)} numbers missed, "
        f"{len(short)} forms with fewer than seven digits"
    )
    assert not missed
    for form in short:
        international = form.removeprefix("tel:").startswith("+")
        digits = sum(character.isdigit() for character in form) - (2 if international else 0)
        assert digits < 7, form


@pytest.mark.parametrize("region", ["US", "GB", "DE", "FR", "IT", "BR", "IN", "JP"])
def test_the_address_book_finds_it(region: str, shared: Path, place: MakePlace) -> None:
    """Stored as written nationally in an address book of that region, a number is found by each other
    form."""
    here = place(
        None, {"region": region, "users": [{"name": "Ana Ruiz", "emails": ["ana@northwind.example"]}]}
    )
    numbers = [forms for of, forms in written_forms(shared) if of == region]
    people = People(here.opened.address_book)
    people.import_records(
        {"last_name": f"Person {at}", "phones": [forms[-1]]} for at, forms in enumerate(numbers)
    )
    checked = 0
    for forms in numbers:
        for form in forms:
            handle = read_phone(form, region)
            if handle is not None:
                found = here.opened.address_book.find([handle])[handle.key]
                assert found.status == "found", (region, form)
                checked += 1
    assert checked > 10
