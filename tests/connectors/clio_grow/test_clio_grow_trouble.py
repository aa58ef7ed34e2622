"""What the Clio Grow connector does when things go wrong, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.clio_grow.client import MOST_SECONDS
from firstcontact.connectors.contract import AuthLapsed, Gone, Moved, Rejected, TryAgain, Unclear
from firstcontact.identity.records import Record
from firstcontact.planning.write import Existing, Receipt
from firstcontact.testing.conformance.making import (
    JO,
    JO_PHONE,
    an_activity,
    handle,
    new_contact,
    receipt,
    update,
)

MAKING = {"writes": "/grow/contacts", "leads": "/grow/inbox_leads", "inbox": "/inbox_leads"}
"""Where somebody unknown is made, by the way of the connection."""


def posts(path: str) -> Any:
    """Requests that make something there."""
    return lambda method, asked: method == "POST" and asked.endswith(path)


def made(firm: Any, way: str) -> Any:
    """Those whom we made."""
    return firm.desk.dump()["contacts" if way == "writes" else "leads"]


def finding(firm: Any, text: str) -> Any:
    """What is found for one handle."""
    one = handle(text)
    return firm.crm.find([one])[one.key]


# --- answers that are lost ----------------------------------------------------------------------------


@pytest.mark.parametrize("way", list(MAKING))
@pytest.mark.parametrize("trouble", ["failed_after", "failed_500", "cut", "html"])
def test_a_lost_answer_is_unclear(make_firm: Any, way: str, trouble: Any) -> None:
    """Whether it happened or not, nobody can tell from what came: Unclear, and what follows in the call is
    not sent into the same trouble."""
    firm = make_firm(way)
    firm.served.faults.next(trouble, posts(MAKING[way]))
    writes = [new_contact(firm.crm, name, emails=(f"{name}@acme.example",), phones=()) for name in "abc"]
    assert [type(outcome) for outcome in firm.crm.apply(writes)] == [Unclear, TryAgain, TryAgain]
    assert len(made(firm, way)) == (0 if trouble == "failed_500" else 1)
    assert firm.crm.written([write.key for write in writes]) == {}


@pytest.mark.parametrize("way", ["writes", "leads"])
@pytest.mark.parametrize("lag", [0.0, 300.0])
def test_whom_a_lost_answer_made_is_found_by_handle(make_firm: Any, way: str, lag: float) -> None:
    """The next look finds the contact or lead, whether the search knows it yet or not, also where lists are
    so long that they are not read whole."""
    firm = make_firm(way, lag=lag, page_size=1)
    for number in range(20):
        firm.desk.add("contact", {"last_name": f"Crowd {number}", "phones": [f"+1415555{1000 + number}"]})
        firm.desk.add("lead", {"first_name": "A", "last_name": f"Crowd {number}"})
    firm.wait(3600)
    assert finding(firm, JO).status == "absent"
    firm.served.faults.next("cut", posts(MAKING[way]))
    (outcome,) = firm.crm.apply([new_contact(firm.crm)])
    assert isinstance(outcome, Unclear)
    (there,) = [one for one in made(firm, way) if one["emails"]]
    for text in (JO, JO_PHONE):
        assert [record.id for record in finding(firm, text).records] == [there["id"]]


@pytest.mark.parametrize("way", list(MAKING))
def test_a_write_that_never_arrived_is_tried_again(make_firm: Any, way: str) -> None:
    """503 and a refused connection: nothing happened, and nothing is in doubt."""
    firm = make_firm(way)
    firm.served.faults.next("refused_503", posts(MAKING[way]))
    write = new_contact(firm.crm)
    (outcome,) = firm.crm.apply([write])
    assert isinstance(outcome, TryAgain)
    assert outcome.after == 2.0
    receipt(firm.crm, write)
    assert len(made(firm, way)) == 1


@pytest.mark.parametrize("answer", ["empty", "json", "with_id"])
def test_the_inbox_may_answer_anything_of_its_own(make_firm: Any, answer: str) -> None:
    """What the body of a 201 holds is not known: each is taken, and the same write has the same name."""
    firm = make_firm("inbox", inbox_answer=answer)
    write = new_contact(firm.crm)
    first = receipt(firm.crm, write)
    assert first.id == f"inbox:{write.key[:20]}"
    assert first.created
    assert firm.crm.read([first.id, "inbox", "7"]) == {
        first.id: Record(type="lead", id=first.id),
        "inbox": Gone("inbox"),
        "7": Gone("7"),
    }


def test_a_page_of_a_proxy_is_no_answer(firm: Any) -> None:
    """HTML instead of JSON: nobody is called absent, nothing has changed."""
    for _ in range(2):
        firm.served.faults.next("html")
        with pytest.raises(TryAgain):
            finding(firm, JO)
        firm.served.faults.next("html")
        with pytest.raises(TryAgain):
            firm.crm.changed_since("")


# --- limits --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", ["message", "envelope"])
def test_too_many_requests_wait_longer_each_time(make_firm: Any, body: str) -> None:
    """429 does not say for how long: a second, then twice as long each time, for all workers; the first
    answer of another kind ends that."""
    firm = make_firm(body_429=body)
    firm.served.simulator.exhaust(3600)
    waits = []
    for _ in range(12):
        with pytest.raises(TryAgain) as again:
            firm.crm.users()
        waits.append(again.value.after)
    assert waits[:4] == [1.0, 2.0, 4.0, 8.0]
    assert waits[-1] == MOST_SECONDS
    assert firm.pace.left_alone == waits
    firm.wait(3600)
    assert firm.crm.users()
    firm.served.simulator.exhaust(60)
    with pytest.raises(TryAgain) as again:
        firm.crm.users()
    assert again.value.after == 1.0


def test_a_limit_that_says_for_how_long_is_heeded(make_firm: Any) -> None:
    """Where a 429 has a Retry-After, that is waited for."""
    firm = make_firm(retry_header="Retry-After")
    firm.served.simulator.exhaust(90)
    with pytest.raises(TryAgain) as again:
        firm.crm.users()
    assert again.value.after == pytest.approx(90, abs=1)
    assert firm.pace.left_alone == [again.value.after]


def test_the_inbox_has_a_limit_of_its_own(make_firm: Any) -> None:
    """Which of its requests are too many is not told beforehand: the rest of a call waits, none is lost."""
    firm = make_firm("inbox", inbox_limit=2)
    writes = [new_contact(firm.crm, name, emails=(f"{name}@acme.example",), phones=()) for name in "abc"]
    assert [type(outcome) for outcome in firm.crm.apply(writes)] == [Receipt, Receipt, TryAgain]
    firm.wait(61)
    receipt(firm.crm, writes[2])
    assert len(made(firm, "inbox")) == 3


# --- a login that lapses in the middle --------------------------------------------------------------------


@pytest.mark.parametrize("way", list(MAKING))
def test_a_login_that_lapses_in_the_middle_keeps_what_was_done(
    make_firm: Any, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was carried out before is told; the rest waits, and the next call says that the login is gone."""
    firm = make_firm(way)
    writes = [new_contact(firm.crm, name, emails=(f"{name}@acme.example",), phones=()) for name in "ab"]
    applier = firm.crm._applier
    make = applier._tell if way == "inbox" else applier._do["create_contact"]

    def then_revoked(write: Any) -> Any:
        done = make(write)
        firm.served.simulator.revoke()
        return done

    if way == "inbox":
        monkeypatch.setattr(applier, "_tell", then_revoked)
    else:
        monkeypatch.setattr(applier, "_do", {**applier._do, "create_contact": then_revoked})
    assert [type(outcome) for outcome in firm.crm.apply(writes)] == [Receipt, TryAgain]
    with pytest.raises(AuthLapsed):
        firm.crm.apply(writes[1:])
    assert len(made(firm, way)) == 1


# --- what is refused ------------------------------------------------------------------------------------


def test_contacts_cannot_be_made_where_there_is_no_way_to(make_firm: Any) -> None:
    """`writes` was assumed, and Clio has no such endpoint: parked with a sentence that says what to do."""
    firm = make_firm("writes", writes="absent")
    (outcome,) = firm.crm.apply([new_contact(firm.crm)])
    assert isinstance(outcome, Rejected)
    assert "writes = false" in str(outcome)


def test_a_permission_that_is_missing_is_said(make_firm: Any) -> None:
    """A note that may not be written is refused with the permission's sentence, a list that may not be read
    is asked for again later, and `doctor` names it."""
    firm = make_firm("leads", forbidden=("notes", "contact_notes", "matters"))
    contact = firm.desk.add("contact", {"last_name": "Diaz"})
    matter = firm.desk.add("matter", {"contact": contact, "name": "Diaz v. Roe", "open": True})
    assert matter
    with pytest.raises(TryAgain, match="403"):
        firm.crm.matters([contact])
    said = {each.about: each for each in firm.crm.examine()}
    assert said["permission for matters"].state == "warning"
    assert said["permission for contacts"].state == "ok"


def test_a_lead_that_lacks_something_is_refused_by_field(make_firm: Any) -> None:
    """The platform's and the inbox's own words, and the fields they name, in whichever shape they come."""
    for way in ("leads", "inbox"):
        firm = make_firm(way, options={"referring_url": "nowhere"})
        (outcome,) = firm.crm.apply([new_contact(firm.crm)])
        if way == "inbox" and isinstance(outcome, Receipt):
            continue  # the inbox only wants it to be there
        assert isinstance(outcome, Rejected)
        assert "referring_url" in str(outcome)


# --- records that others touch ---------------------------------------------------------------------------


def test_a_contact_that_is_gone_takes_no_note(firm: Any) -> None:
    """Deleted between look and write: refused, and whoever reads it sees that it is gone."""
    contact = receipt(firm.crm, new_contact(firm.crm)).id
    firm.desk.delete("contact", contact)
    note = an_activity(firm.crm, people=(Existing("contact", contact),))
    outcomes = firm.crm.apply([note, update(firm.crm, contact, first_name="Al")])
    assert [type(outcome) for outcome in outcomes] == [Rejected, Rejected]
    assert firm.crm.read([contact]) == {contact: Gone(contact)}


def test_a_lead_takes_neither_note_nor_change(listed: Any) -> None:
    """What was made a lead is no contact: a write that was planned for a contact is refused, not sent."""
    lead = receipt(listed.crm, new_contact(listed.crm)).id
    before = listed.requests
    (outcome,) = listed.crm.apply([an_activity(listed.crm, people=(Existing("contact", lead),))])
    assert isinstance(outcome, Rejected)
    assert listed.requests == before


@pytest.mark.parametrize("accepted", ["matter", "contact"])
def test_an_accepted_lead_has_become_a_contact(make_firm: Any, accepted: str) -> None:
    """With a matter that names the lead, the lead has moved into its client; else it is gone, and the contact
    is found by its handles all the same. Then it can be logged on."""
    firm = make_firm("leads", accepted=accepted)
    lead = receipt(firm.crm, new_contact(firm.crm)).id
    assert firm.crm.read([lead])[lead].type == "lead"
    firm.desk.accept(lead)
    (contact,) = firm.desk.dump()["contacts"]
    told = Moved(lead, contact["id"]) if accepted == "matter" else Gone(lead)
    assert firm.crm.read([lead]) == {lead: told}
    assert [(one.type, one.id) for one in finding(firm, JO).records] == [("contact", contact["id"])]
    receipt(firm.crm, an_activity(firm.crm, people=(Existing("contact", contact["id"]),)))
    assert len(firm.desk.dump()["activities"]) == 1


def test_an_ignored_lead_is_still_known(listed: Any) -> None:
    """People have put it aside: it is found, read and told of, so that it is not made again."""
    lead = receipt(listed.crm, new_contact(listed.crm)).id
    cursor = listed.crm.changed_since("").cursor
    listed.wait(600)
    listed.desk.ignore(lead)
    assert [one.id for one in finding(listed, JO_PHONE).records] == [lead]
    assert isinstance(listed.crm.read([lead])[lead], Record)
    assert [one.id for one in listed.crm.changed_since(cursor).records] == [lead]


def test_what_is_deleted_is_in_no_reading_anew(make_firm: Any) -> None:
    """After `sweep_hours` everybody is read again, and whoever is in no page of that is gone."""
    firm = make_firm("leads", options={"sweep_hours": 24}, page_size=2)
    ids = [firm.desk.add("contact", {"last_name": f"Diaz {n}"}) for n in range(5)]
    cursor = ""
    while True:
        page = firm.crm.changed_since(cursor)
        cursor = page.cursor
        if not page.more:
            break
    firm.desk.delete("contact", ids[0])
    firm.wait(3600)
    assert not firm.crm.changed_since(cursor).restarted
    firm.wait(24 * 3600)
    first = firm.crm.changed_since(cursor)
    assert first.restarted
    told = {record.id for record in first.records}
    page = first
    while page.more:
        page = firm.crm.changed_since(page.cursor)
        assert not page.restarted
        told |= {record.id for record in page.records}
    assert told == set(ids[1:])


def test_a_cursor_of_another_program_is_the_beginning(listed: Any) -> None:
    """What cannot be read as a place is read from the start, and says so."""
    listed.desk.add("contact", {"last_name": "Diaz"})
    for cursor in ("17", '{"pages": {"bills": "x"}}', "inbox"):
        page = listed.crm.changed_since(cursor)
        assert page.restarted
        assert len(page.records) == 1


# --- lists that are cut ------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["writes", "leads"])
def test_a_page_that_fails_in_the_middle_is_asked_for_again(make_firm: Any, way: str) -> None:
    """A reading of three pages of two lists: a page that fails leaves the place as it was."""
    firm = make_firm(way, page_size=2)
    for number in range(5):
        firm.desk.add("contact", {"last_name": f"Diaz {number}", "phones": [JO_PHONE]})
        firm.desk.add("lead", {"first_name": "Jo", "last_name": f"Roe {number}", "phones": [JO_PHONE]})
    cursor, told, failures = "", set(), 0
    for number in range(20):
        if number % 2:
            firm.served.faults.next(("cut", "html", "refused_503")[number % 3])
        try:
            page = firm.crm.changed_since(cursor)
        except TryAgain:
            failures += 1
            firm.served.faults._troubles.clear()
            continue
        told |= {record.id for record in page.records}
        cursor = page.cursor
        if not page.more:
            break
    assert failures
    assert len(told) == 10


def test_a_search_that_stops_in_the_middle_is_no_answer(make_firm: Any) -> None:
    """The page with the second of two contacts does not come: neither absent nor one of two."""
    firm = make_firm("leads", page_size=1)
    for name in ("Jo", "Joan"):
        firm.desk.add("contact", {"first_name": name, "last_name": "Diaz", "phones": [JO_PHONE]})
    firm.served.faults.next("closed", lambda _, path: path.endswith("/contacts"))
    with pytest.raises(TryAgain):
        finding(firm, JO_PHONE)
    assert len(finding(firm, JO_PHONE).records) == 2
