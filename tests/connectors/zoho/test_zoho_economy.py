"""How many requests the Zoho connector sends."""

from __future__ import annotations

from typing import Any

from firstcontact.planning.write import Existing
from firstcontact.testing.conformance.making import an_activity, handle, new_contact, receipt, update


def numbers(count: int, first: int = 1000) -> list[Any]:
    """As many handles."""
    return [handle(f"+1415555{first + number}") for number in range(count)]


def test_a_live_unknown_caller_costs_four_requests(org: Any) -> None:
    """Two to look, among contacts and leads, one contact, one call, once the fields are known."""
    org.crm.find(numbers(1))
    receipt(org.crm, new_contact(org.crm, "warm", phones=("+14155550101",), emails=()))
    receipt(org.crm, an_activity(org.crm, "warm"))

    def live() -> None:
        caller = handle("+14155550123")
        assert org.crm.find([caller])[caller.key].status == "absent"
        contact = receipt(org.crm, new_contact(org.crm, emails=())).id
        receipt(org.crm, an_activity(org.crm, people=(Existing("contact", contact),)))

    assert org.calls(live) == 4


def test_five_hundred_numbers_are_looked_up_in_two_requests(org: Any) -> None:
    """Where a page holds everybody, that page answers any number of handles, of contacts and of leads."""
    known = org.desk.add("contact", {"last_name": "Diaz", "phones": ["415 555-1010 (Jo's desk)"]})
    org.crm.find(numbers(1))
    assert org.calls(lambda: org.crm.find(numbers(500))) == 2
    assert [one.id for one in org.crm.find(numbers(500))["+14155551010"].records] == [known]


def test_a_few_numbers_in_a_large_organisation_are_asked_for(serve: Any) -> None:
    """Where there are more pages than queries, queries are asked, and find whoever bears a number."""
    org = serve(page_size=20)
    for number in range(300):
        phone = f"(628) 555-{1000 + number}"
        org.desk.add("contact", {"last_name": f"Known {number}", "phones": [phone]})
    org.crm.find(numbers(1))
    asked = [*numbers(9), handle("+16285551007")]
    found = org.crm.find(asked)
    assert found["+16285551007"].status == "found"
    assert org.calls(lambda: org.crm.find(asked)) <= 8


def test_hundreds_are_written_by_the_hundred(org: Any) -> None:
    """A thousand contacts are ten requests, and their calls ten more."""
    people = [
        new_contact(org.crm, f"c{n}", last_name=f"Diaz {n}", emails=(), phones=(f"+1415555{1000 + n}",))
        for n in range(1000)
    ]
    org.crm.apply(people[:1])
    org.crm.apply([an_activity(org.crm, "warm")])
    made: list[Any] = []
    assert org.calls(lambda: made.extend(org.crm.apply(people))) == 10
    calls = [
        an_activity(org.crm, f"call {n}", people=(Existing("contact", one.id),)) for n, one in enumerate(made)
    ]
    assert org.calls(lambda: org.crm.apply(calls)) == 10


def test_an_idle_look_for_changes_is_seven_requests(org: Any) -> None:
    """A query for each of contacts, leads, accounts and deals, and a list for each that can be deleted."""
    org.desk.add("contact", {"last_name": "Diaz"})
    cursor = org.crm.changed_since("").cursor
    assert org.calls(lambda: org.crm.changed_since(cursor)) == 7


def test_what_is_so_already_is_not_written(org: Any) -> None:
    """An update that would change nothing reads and leaves it at that."""
    id = receipt(org.crm, new_contact(org.crm)).id
    same = update(org.crm, id, last_name="Diaz", first_name="Jo", phones=("(415) 555-0123",))
    assert org.calls(lambda: receipt(org.crm, same)) == 1
