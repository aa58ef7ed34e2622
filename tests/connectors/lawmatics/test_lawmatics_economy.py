"""How many requests the Lawmatics connector sends, of fifty a minute."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.planning.write import Existing
from firstcontact.testing.conformance.making import an_activity, handle, new_contact, receipt, update


def crowd(firm: Any, count: int = 120) -> None:
    """An address book of many pages, written long ago."""
    for number in range(count):
        firm.desk.add("contact", {"last_name": f"Crowd {number}", "phones": [f"(415) 555-{1000 + number}"]})
    firm.wait(3600)


def test_a_live_unknown_caller_costs_four_requests(make_firm: Any) -> None:
    """Two to look (what was changed lately, one question), one contact, one note; once it is known how the
    finder compares, and which custom fields there are."""
    firm = make_firm(page_size=2)
    crowd(firm)
    first = handle("+14155550101")
    assert firm.crm.find([first])[first.key].status == "absent"
    receipt(firm.crm, new_contact(firm.crm, "warm", phones=("+14155550101",), emails=()))
    before = firm.requests
    caller = handle("+14155550123")
    assert firm.crm.find([caller])[caller.key].status == "absent"
    contact = receipt(firm.crm, new_contact(firm.crm, emails=())).id
    receipt(firm.crm, an_activity(firm.crm, people=(Existing("contact", contact),)))
    assert firm.requests - before == 4


def test_looks_one_after_the_other_do_not_read_the_same_again(make_firm: Any) -> None:
    """A busy hour of strangers: what the look before has read is remembered."""
    firm = make_firm(page_size=25)
    crowd(firm, 200)
    first = handle("+14155550101")
    firm.crm.find([first])
    firm.crm.prepare()
    for number in range(60):
        firm.wait(2)
        write = new_contact(firm.crm, f"p{number}", phones=(f"+1415555{3000 + number}",), emails=())
        receipt(firm.crm, write)
        before = firm.requests
        stranger = handle(f"+1415555{4000 + number}")
        assert firm.crm.find([stranger])[stranger.key].status == "absent"
        assert firm.requests - before == 2


@pytest.mark.parametrize("named", [True, False])
def test_many_handles_read_the_list_instead_of_asking(make_firm: Any, named: bool) -> None:
    """Five pages are fewer than a question for each of a hundred numbers."""
    firm = make_firm(contact_numbers=named)
    crowd(firm)
    before = firm.requests
    found = firm.crm.find([handle(f"+1415555{number}") for number in range(1000, 1100)])
    assert sum(one.status == "found" for one in found.values()) == 100
    assert firm.requests - before <= (6 if named else 17)


@pytest.mark.parametrize("named", [True, False])
def test_our_own_contacts_cost_the_index_nothing_more(make_firm: Any, named: bool) -> None:
    """A contact of ours that nobody has touched has the numbers that we gave it: they are not asked for."""
    firm = make_firm(contact_numbers=named)
    cursor = firm.crm.changed_since("").cursor
    while (page := firm.crm.changed_since(cursor)).more:
        cursor = page.cursor
    cursor = page.cursor
    for number in range(20):
        receipt(firm.crm, new_contact(firm.crm, f"p{number}", emails=(f"p{number}@acme.example",), phones=()))
        firm.wait(1)
    before = firm.requests
    assert len(firm.crm.changed_since(cursor).records) == 20
    assert firm.requests - before == 1


def test_the_first_reading_is_a_request_for_a_page(make_firm: Any) -> None:
    """Twenty-five a page, of which one is told twice, and an idle poll is one."""
    firm = make_firm()
    for number in range(100):
        firm.desk.add("contact", {"last_name": f"Diaz {number}"})
        firm.wait(1)
    before, told, cursor, more = firm.requests, 0, "", True
    while more:
        page = firm.crm.changed_since(cursor)
        told, cursor, more = told + len(page.records), page.cursor, page.more
    assert (told, firm.requests - before) == (100, 5)


def test_what_is_so_already_is_not_written(firm: Any) -> None:
    """An update that would change nothing reads and leaves it at that."""
    id = receipt(firm.crm, new_contact(firm.crm)).id
    before = firm.requests
    receipt(firm.crm, update(firm.crm, id, first_name="Jo", phones=("(415) 555-0123",)))
    assert firm.requests - before == 1


def test_matters_are_remembered_for_a_minute(firm: Any) -> None:
    """A request for a contact, none within the minute; for many contacts the list is read."""
    ids = [firm.desk.add("contact", {"last_name": f"Diaz {number}"}) for number in range(8)]
    for id in ids:
        fields = {"contact": id, "name": "Diaz v. Roe", "open": True, "opened_at": "2026-01-01"}
        firm.desk.add("matter", fields)
    before = firm.requests
    assert len(firm.crm.matters(ids[:1])) == 1
    firm.crm.matters(ids[:1])
    assert firm.requests - before == 1
    assert [matter.contact for matter in firm.crm.matters(ids)] == ids
    assert firm.requests - before == 2
    firm.wait(61)
    firm.crm.matters(ids[:1])
    assert firm.requests - before == 3
