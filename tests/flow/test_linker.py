"""Likely duplicates by the linker: found without a shared handle, the same each time, and only suggested."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.people import People
from firstcontact.connectors.toolkit.fields import read_fields
from firstcontact.flow import linker
from firstcontact.flow.dedupe import Dedupe
from firstcontact.flow.pairs import kept
from firstcontact.flow.problems import FlowProblem
from firstcontact.identity.records import Record
from firstcontact.ledger import duplicates
from firstcontact.ledger.history import open_ledger
from firstcontact.policy.scopes import SettingsBook
from firstcontact.testing.scenarios.bench import Bench

GIVEN = ("Ann", "Ben", "Cleo", "Dan", "Eve", "Fay", "Gil", "Hal", "Ida", "Jon", "Kim", "Lea")
FAMILY = ("Moss", "Ruiz", "Osei", "Lind", "Diaz", "Holm", "Vale", "Xu", "Pole", "Hart", "Grey", "Ward")


def people() -> Iterator[dict[str, Any]]:
    """144 people of twelve firms, twelve of whom are there twice: with another address, or with a number and
    a letter wrong in the name."""
    for number in range(144):
        first, last = GIVEN[number % 12], FAMILY[number // 12]
        firm = (number * 7) % 12
        one = {
            "id": f"c{number}", "first_name": first, "last_name": last, "company": f"Firm {firm}",
            "emails": [f"{first}.{last}@firm{firm}.example".lower()], "phones": [f"+1415555{1000 + number}"],
            "created_by_us": True,
        }  # fmt: skip
        yield one
        if number % 12 == 3:
            yield {**one, "id": f"d{number}", "emails": [f"{first}.{last}@home{number}.example".lower()]}


def records() -> list[Record]:
    return [
        Record(
            type="contact", id=one["id"], first_name=one["first_name"], last_name=one["last_name"],
            company=one["company"], handles=read_fields(one["emails"], one["phones"], "US")[0],
        )
        for one in people()
    ]  # fmt: skip


def test_the_same_people_give_the_same_pairs() -> None:
    """Those who are there twice are found among the most probable, whatever the order of asking."""
    found = linker.likely(records())
    assert found == linker.likely(records())
    pairs = {frozenset((each.one, each.other)) for each in found}
    assert {frozenset((f"c{number}", f"d{number}")) for number in range(3, 144, 12)} <= pairs
    assert all(linker.LIKELY <= each.probability <= 1 for each in found)


def test_of_nobody_nothing_is_learnt() -> None:
    """Few records, or records without anything to compare, have no likely pairs."""
    assert linker.likely([]) == []
    assert linker.likely(records()[:2]) == []
    assert linker.likely([Record(type="contact", id=f"c{number}") for number in range(9)]) == []
    named = [Record(type="contact", id=f"c{n}", first_name="Jo", last_name="Diaz") for n in range(9)]
    assert linker.likely(named) == []


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence says what to install."""
    monkeypatch.setattr(linker, "find_spec", lambda _: None)
    with pytest.raises(FlowProblem, match=r"pip install 'firstcontact\[duplicates\]'"):
        linker.likely(records())


@pytest.fixture
def dedupe() -> Dedupe:
    crm_engine, ledger_engine = Bench().fresh()
    book = AddressBook(crm_engine)
    People(book).import_records(people())
    settings = SettingsBook.from_mapping({"domains": ["firm.example"]}, {})
    return Dedupe(open_ledger(ledger_engine), book, settings)


def test_they_are_only_suggested(dedupe: Dedupe) -> None:
    """What the model says is kept for a person, in words, whatever we would be allowed to merge; who was told
    apart is not suggested again, and a later run takes the place of the earlier."""
    ledger, crm = dedupe._ledger, dedupe._crm
    count = dedupe.suggest_likely(1)
    pairs, kept_count = kept(ledger, crm, ["suggested"])
    assert count == kept_count >= 12
    assert {pair.state for pair in pairs} == {"suggested"}
    one = next(pair for pair in pairs if {pair.goes, pair.stays} == {"c3", "d3"})
    assert "a statistical model takes them for one person" in one.speaks_for
    assert "the company is the same" in one.speaks_for
    assert one.why == "only a statistical model says so"
    with ledger.read() as tx:
        assert duplicates.standing(tx, crm.connection, ["intended", "asked", "done"]) == ()
    dedupe.refuse("c3", "d3", "ana", 2)
    assert dedupe.suggest_likely(3) == count - 1
    assert kept(ledger, crm, ["suggested"])[1] == count - 1
