"""Contacts that share numbers, and numbers in every written form (SPEC §1, §2)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.quality.ambiguity import as_handle, bearers_of, event, office_holders
from benchmarks.quality.phones import written_forms
from benchmarks.quality.places import MakePlace
from firstcontact.connectors.address_book.people import People
from firstcontact.interactions.handles import read_phone


def test_a_shared_number_is_never_a_pick(
    shared: Path, place: MakePlace, figure: Callable[[str], None]
) -> None:
    """Of thousands of contacts of whom many share a number or an address, whoever bears it alone is linked,
    and where several bear it a person is asked, with all of them as candidates."""
    here = place({"preset": "call-connector"})
    done = People(here.opened.address_book).import_records(office_holders(shared / "data"))
    assert done.set_aside == ()
    bearers = bearers_of(here)
    here.installation.take([event(handle) for handle in bearers], live=False)
    here.installation.drain()
    alone = shared_by_many = 0
    for _, decision, _ in here.decided():
        (person,) = decision.people
        wanted = bearers[as_handle(person.about)]
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


def test_every_written_form_finds_the_number(shared: Path, figure: Callable[[str], None]) -> None:
    """Every written form of a number is the same handle, so that whichever one a contact is stored with is
    found by the others; only what has fewer than seven digits is nobody's number (SPEC §1)."""
    regions: set[str] = set()
    pairs = 0
    missed: list[tuple[str, list[str]]] = []
    short: list[str] = []
    for region, forms in written_forms(shared / "data"):
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
    numbers = [forms for of, forms in written_forms(shared / "data") if of == region]
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
