"""How many requests Salesforce is asked, counted as its daily quota counts them."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from firstcontact.connectors.contract import Crm
from firstcontact.planning.write import CreatedBy, Existing, Receipt, Write
from firstcontact.testing.conformance.making import an_activity, handle, new_contact, update


def strangers(crm: Crm, count: int) -> list[Write]:
    """So many unknown callers, each with the call."""
    writes = []
    for n in range(count):
        phone = f"+1415555{n % 10000:04d}"
        contact = new_contact(crm, f"stranger {n}", last_name=f"P{n}", emails=(), phones=(phone,))
        call = an_activity(crm, f"call {n}", people=(CreatedBy(contact.key),))
        writes += [contact, call]
    return writes


def warm(org: Any) -> Any:
    """The connection, logged in, and knowing the organisation's fields."""
    org.crm.find([handle("nobody@acme.example")])
    return org.crm


def all_written(outcomes: Any) -> bool:
    return all(isinstance(outcome, Receipt) for outcome in outcomes)


def test_one_live_stranger_takes_two_requests(serve: Any) -> None:
    """One look for the number, written however and just now, and one graph of the contact and the call."""
    org = serve(lag=60.0)
    crm = warm(org)
    assert org.calls(lambda: crm.find([handle("+14155550123")])) == 1
    outcomes: list[object] = []
    assert org.calls(lambda: outcomes.extend(crm.apply(strangers(crm, 1)))) == 1
    assert all_written(outcomes)
    (activity,) = org.desk.dump()["activities"]
    assert activity["contacts"] == [outcomes[0].id]  # type: ignore[attr-defined]


def test_a_mail_to_five_strangers_takes_two_requests(serve: Any) -> None:
    """Five addresses in one look; five contacts and the mail that carries them all in one graph."""
    org = serve()
    crm = warm(org)
    addresses = [f"p{n}@acme.example" for n in range(5)]
    assert org.calls(lambda: crm.find([handle(one) for one in addresses])) == 1
    contacts = [new_contact(crm, one, last_name="P", emails=(one,), phones=()) for one in addresses]
    people = tuple(CreatedBy(one.key) for one in contacts)
    mail = an_activity(crm, "mail", "email", people=people)
    outcomes: list[object] = []
    assert org.calls(lambda: outcomes.extend(crm.apply([*contacts, mail]))) == 1
    assert all_written(outcomes)
    (activity,) = org.desk.dump()["activities"]
    assert len(activity["contacts"]) == 5


def test_two_hundred_strangers_take_five_requests(serve: Any) -> None:
    """Two hundred numbers in three searches and one look at what is fresh; contacts and calls in two."""
    org = serve()
    crm = warm(org)
    writes = strangers(crm, 200)
    handles = [handle(one.fields.phones[0]) for one in writes[::2]]  # type: ignore[union-attr]
    assert org.calls(lambda: crm.find(handles)) <= 4
    outcomes: list[object] = []
    assert org.calls(lambda: outcomes.extend(crm.apply(writes))) == 2
    assert all_written(outcomes)
    assert len(org.desk.dump()["contacts"]) == 200


def test_a_thousand_interactions_of_strangers_take_less_than_thirty(serve: Any) -> None:
    """A backfill in batches of five hundred: looks and writes for a thousand unknown callers (issue: 30)."""
    org = serve()
    crm = warm(org)
    writes = strangers(crm, 1000)
    before = org.simulator.requests
    for begin in range(0, len(writes), 1000):
        part = writes[begin : begin + 1000]
        crm.find([handle(one.fields.phones[0]) for one in part[::2]])  # type: ignore[union-attr]
        assert all_written(crm.apply(part))
    assert org.simulator.requests - before <= 22


def test_a_known_caller_takes_one_request(serve: Any) -> None:
    """A call is logged on a contact that is there in one request."""
    org = serve()
    crm = warm(org)
    contact = org.desk.add("contact", {"last_name": "Diaz"})
    call = an_activity(crm, people=(Existing("contact", contact),))
    assert org.calls(lambda: crm.apply([call])) == 1


def test_two_hundred_updates_take_two_requests(serve: Any) -> None:
    """They are read together and written together."""
    org = serve()
    crm = warm(org)
    ids = [org.desk.add("contact", {"last_name": f"Diaz {n}"}) for n in range(200)]
    writes = [update(crm, id, f"update {n}", title="CFO") for n, id in enumerate(ids)]
    outcomes: list[object] = []
    assert org.calls(lambda: outcomes.extend(crm.apply(writes))) == 2
    assert all_written(outcomes)


def test_a_quiet_feed_takes_two_requests(serve: Any) -> None:
    """Six types of record are asked for, five in a request."""
    org = serve()
    crm = warm(org)
    cursor = crm.changed_since("").cursor
    assert org.calls(lambda: crm.changed_since(cursor)) <= 2


def test_logins_and_fields_are_asked_for_once(serve: Any) -> None:
    """A log-in and one request for all types in an hour, whatever is asked."""
    org = serve()
    org.crm.find([handle("nobody@acme.example")])
    assert org.calls(lambda: org.crm.find([handle("nobody@acme.example")])) == 1
    org.clock.wait(3_600_000_001)
    assert org.calls(lambda: org.crm.find([handle("nobody@acme.example")])) == 2
    assert org.kept.renewals == 1


def test_written_takes_two_requests_for_a_batch(serve: Any) -> None:
    """Each type that bears our key is asked, five in a request."""
    org = serve()
    crm = warm(org)
    writes = strangers(crm, 50)
    crm.apply(writes)
    found: dict[str, Receipt] = {}
    assert org.calls(lambda: found.update(crm.written([one.key for one in writes]))) <= 2
    assert set(found) == {one.key for one in writes}
    assert not crm.written([replace(writes[0], key="0" * 32).key])
