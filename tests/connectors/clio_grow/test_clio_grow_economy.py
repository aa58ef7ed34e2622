"""How many requests the Clio Grow connector sends."""

from __future__ import annotations

from typing import Any

from firstcontact.planning.write import Existing
from firstcontact.testing.conformance.making import an_activity, handle, new_contact, receipt


def crowd(firm: Any, count: int = 60) -> list[str]:
    """An address book of many pages, written long ago."""
    ids = [
        firm.desk.add("contact", {"last_name": f"Crowd {number}", "phones": [f"+1415555{1000 + number}"]})
        for number in range(count)
    ]
    firm.wait(3600)
    return ids


def test_a_live_unknown_caller_costs_six_requests(make_firm: Any) -> None:
    """Four to look (contacts: what was changed lately and one question; leads of each state), one contact,
    one note; once it is known how the search compares."""
    firm = make_firm(page_size=2)
    crowd(firm)
    first = handle("+14155550101")
    assert firm.crm.find([first])[first.key].status == "absent"
    before = firm.requests
    caller = handle("+14155550123")
    assert firm.crm.find([caller])[caller.key].status == "absent"
    contact = receipt(firm.crm, new_contact(firm.crm, emails=())).id
    receipt(firm.crm, an_activity(firm.crm, people=(Existing("contact", contact),)))
    assert firm.requests - before == 6


def test_a_caller_becomes_a_lead_in_one_request(make_firm: Any) -> None:
    """Behind the look; and the Lead Inbox is told in one, with no look at all."""
    for way in ("leads", "inbox"):
        firm = make_firm(way)
        before = firm.requests
        receipt(firm.crm, new_contact(firm.crm))
        assert firm.requests - before == 1
    firm.crm.find([handle("+14155550123")])
    firm.crm.changed_since("")
    firm.crm.users()
    assert firm.requests - before == 1


def test_a_small_address_book_is_looked_at_in_three_requests(firm: Any) -> None:
    """Where one page of each list holds everybody, these answer any number of handles."""
    firm.desk.add("contact", {"last_name": "Diaz", "phones": ["415 555 0123"]})
    firm.desk.add("lead", {"first_name": "Al", "last_name": "Roe", "phones": ["415 555 0188"]})
    before = firm.requests
    asked = [handle(f"+1415555{number}") for number in range(1000, 1300)]
    firm.crm.find(asked)
    assert firm.requests - before == 3


def test_many_handles_read_the_list_instead_of_asking(make_firm: Any) -> None:
    """Thirty pages are fewer than a question for each of a hundred numbers."""
    firm = make_firm(page_size=2)
    crowd(firm)
    before = firm.requests
    found = firm.crm.find([handle(f"+1415555{number}") for number in range(1000, 1100)])
    assert sum(one.status == "found" for one in found.values()) == 60
    assert firm.requests - before <= 33


def test_a_search_that_finds_words_only_is_asked_every_writing(make_firm: Any) -> None:
    """It is tried out once; then each usual writing is a question, and a number written in another way is
    found."""
    firm = make_firm(page_size=2, query="exact")
    crowd(firm)
    there = firm.desk.add("contact", {"last_name": "Diaz", "phones": ["(415) 555-0123"]})
    firm.wait(3600)
    one = handle("+14155550123")
    assert [record.id for record in firm.crm.find([one])[one.key].records] == [there]


def test_an_idle_poll_is_three_requests(firm: Any) -> None:
    """One for each list; a first reading is a request for each page of each."""
    crowd(firm, 450)
    before = firm.requests
    page = firm.crm.changed_since("")
    while page.more:
        page = firm.crm.changed_since(page.cursor)
    assert firm.requests - before == 5
    firm.wait(600)
    before = firm.requests
    again = firm.crm.changed_since(page.cursor)
    assert (again.records, again.more) == ((), False)
    assert firm.requests - before == 3


def test_fifty_contacts_are_read_in_one_request(firm: Any) -> None:
    """And their matters in one more, remembered for a minute."""
    ids = crowd(firm, 51)
    for contact in ids[:3]:
        firm.desk.add("matter", {"contact": contact, "name": "x v. y", "open": True})
    before = firm.requests
    assert len(firm.crm.read(ids)) == 51
    assert firm.requests - before == 2
    before = firm.requests
    assert len(firm.crm.matters(ids[:50])) == 3
    assert firm.requests - before == 2
    assert len(firm.crm.matters(ids[:50])) == 3
    assert firm.requests - before == 2
    firm.wait(61)
    assert len(firm.crm.matters(ids[:1])) == 1
    assert firm.requests - before == 4
