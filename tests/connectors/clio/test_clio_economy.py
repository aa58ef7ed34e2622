"""How many requests the Clio connector sends."""

from __future__ import annotations

from typing import Any

from firstcontact.planning.write import Existing
from firstcontact.testing.conformance.making import an_activity, handle, new_contact, receipt, update


def crowd(firm: Any) -> None:
    """An address book of many pages, written long ago."""
    for number in range(60):
        firm.desk.add("contact", {"last_name": f"Crowd {number}", "phones": [f"+1415555{1000 + number}"]})
    firm.wait(3600)


def test_a_live_unknown_caller_costs_four_requests(make_firm: Any) -> None:
    """Two to look (what was changed lately, one question), one contact, one communication; once it is known
    how this Clio searches, and which custom fields there are."""
    firm = make_firm(page_size=2)
    crowd(firm)
    user = firm.desk.add("user", {"name": "Ana Ruiz"})
    first = handle("+14155550101")
    assert firm.crm.find([first])[first.key].status == "absent"
    receipt(firm.crm, new_contact(firm.crm, "warm", phones=("+14155550101",), emails=()))
    before = firm.requests
    caller = handle("+14155550123")
    assert firm.crm.find([caller])[caller.key].status == "absent"
    contact = receipt(firm.crm, new_contact(firm.crm, emails=())).id
    receipt(firm.crm, an_activity(firm.crm, people=(Existing("contact", contact),), user=user))
    assert firm.requests - before == 4


def test_a_small_address_book_is_looked_at_in_one_request(firm: Any) -> None:
    """Where one page holds everybody, that page answers any number of handles, and leaves nothing open."""
    firm.desk.add("contact", {"last_name": "Diaz", "phones": ["415 555 0123"]})
    before = firm.requests
    asked = [handle(f"+1415555{number}") for number in range(1000, 1300)]
    firm.crm.find(asked)
    assert firm.requests - before == 1


def test_many_handles_read_the_list_instead_of_asking(make_firm: Any) -> None:
    """Thirty pages are fewer than a question for each of a hundred numbers."""
    firm = make_firm(page_size=2)
    crowd(firm)
    before = firm.requests
    found = firm.crm.find([handle(f"+1415555{number}") for number in range(1000, 1100)])
    assert sum(one.status == "found" for one in found.values()) == 60
    assert firm.requests - before <= 31


def test_the_first_reading_is_a_request_for_two_hundred(firm: Any) -> None:
    """A page of the feed is a request, and an idle poll is one."""
    for number in range(250):
        firm.desk.add("contact", {"last_name": f"Diaz {number}"})
    before = firm.requests
    first = firm.crm.changed_since("")
    last = firm.crm.changed_since(first.cursor)
    assert (len(first.records), len(last.records), last.more) == (200, 50, False)
    firm.crm.changed_since(last.cursor)
    assert firm.requests - before == 3


def test_what_is_so_already_is_not_written(firm: Any) -> None:
    """An update that would change nothing reads and leaves it at that."""
    id = receipt(firm.crm, new_contact(firm.crm)).id
    before = firm.requests
    receipt(firm.crm, update(firm.crm, id, first_name="Jo", phones=("(415) 555-0123",)))
    assert firm.requests - before == 1


def test_matters_are_remembered_for_a_minute(firm: Any) -> None:
    """Two requests for a contact, none within the minute; for many contacts the lists are read."""
    ids = [firm.desk.add("contact", {"last_name": f"Diaz {number}"}) for number in range(8)]
    for id in ids:
        firm.desk.add(
            "matter", {"contact": id, "name": "Diaz v. Roe", "open": True, "opened_at": "2026-01-01"}
        )
    before = firm.requests
    assert len(firm.crm.matters(ids[:1])) == 1
    assert firm.requests - before == 2
    firm.crm.matters(ids[:1])
    assert firm.requests - before == 2
    assert [matter.contact for matter in firm.crm.matters(ids)] == ids
    assert firm.requests - before == 4
    firm.wait(61)
    firm.crm.matters(ids[:1])
    assert firm.requests - before == 6
