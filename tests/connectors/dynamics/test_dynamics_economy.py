"""How many requests Dynamics 365 is sent; a batch is one."""

from __future__ import annotations

from typing import Any

from firstcontact.connectors.contract import Crm
from firstcontact.planning.write import CreatedBy, Existing, Receipt, Write
from firstcontact.testing.conformance.making import an_activity, handle, new_contact, receipt


def strangers(crm: Crm, count: int) -> list[Write]:
    """So many unknown callers, each with the call."""
    writes = []
    for n in range(count):
        phone = f"+1415555{n % 10000:04d}"
        contact = new_contact(crm, f"stranger {n}", last_name=f"P{n}", emails=(), phones=(phone,))
        writes += [contact, an_activity(crm, f"call {n}", people=(CreatedBy(contact.key),))]
    return writes


def warm(org: Any) -> Any:
    """The connection, logged in, and knowing the environment."""
    org.crm.find([handle("nobody@acme.example")])
    return org.crm


def test_one_live_stranger_takes_two_requests(serve: Any) -> None:
    """One look for the number among contacts and leads, one change set of the contact and the call."""
    org = serve()
    crm = warm(org)
    assert org.calls(lambda: crm.find([handle("+14155550123")])) == 1
    outcomes: list[Any] = []
    assert org.calls(lambda: outcomes.extend(crm.apply(strangers(crm, 1)))) == 1
    (activity,) = org.desk.dump()["activities"]
    assert activity["contacts"] == [outcomes[0].id]


def test_a_known_caller_takes_one_request(serve: Any) -> None:
    """That the contact was not merged meanwhile is asked in the request that logs the call."""
    org = serve()
    crm = warm(org)
    contact = receipt(crm, new_contact(crm)).id
    call = an_activity(crm, people=(Existing("contact", contact),))
    assert org.calls(lambda: receipt(crm, call)) == 1


def test_three_hundred_strangers_take_two_requests(serve: Any) -> None:
    """All numbers in one look, all contacts and calls in one batch of 900 operations."""
    org = serve()
    crm = warm(org)
    asked = [handle(f"+1415555{n:04d}") for n in range(300)]
    assert org.calls(lambda: crm.find(asked)) == 1
    outcomes: list[Any] = []
    assert org.calls(lambda: outcomes.extend(crm.apply(strangers(crm, 300)))) == 1
    assert all(isinstance(one, Receipt) for one in outcomes)


def test_more_than_a_batch_takes_two(serve: Any) -> None:
    """Twelve hundred operations are two batches, none of which is refused."""
    org = serve()
    crm = warm(org)
    outcomes: list[Any] = []
    assert org.calls(lambda: outcomes.extend(crm.apply(strangers(crm, 400)))) == 2
    assert all(isinstance(one, Receipt) for one in outcomes)


def test_what_the_environment_is_is_asked_once(serve: Any) -> None:
    """Three requests and the login, then none for an hour."""
    org = serve()
    assert org.calls(lambda: org.crm.find([handle("+14155550123")])) <= 6
    org.clock.wait(3_000_000_000)
    assert org.calls(lambda: org.crm.find([handle("+14155550123")])) == 1
    org.clock.wait(3_000_000_000)
    assert org.calls(lambda: org.crm.find([handle("+14155550123")])) > 1
