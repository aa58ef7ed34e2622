"""What the Lawmatics connector does when things go wrong, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.contract import AuthLapsed, Gone, Rejected, TryAgain, Unclear
from firstcontact.connectors.lawmatics.client import Refused
from firstcontact.planning.write import Existing, Receipt
from firstcontact.testing.conformance.making import (
    JO,
    JO_PHONE,
    a_document,
    a_time_entry,
    an_activity,
    handle,
    new_contact,
    receipt,
    update,
)


def posts(path: str) -> Any:
    """Requests that make something there."""
    return lambda method, asked: method == "POST" and asked.rstrip("/").endswith(path)


def finding(firm: Any, text: str) -> Any:
    """What is found for one handle."""
    one = handle(text)
    return firm.crm.find([one])[one.key]


def on(id: str, record: str = "contact") -> dict[str, Any]:
    """The person that an activity is about."""
    return {"people": (Existing(record, id),)}


def a_contact(firm: Any, **fields: Any) -> str:
    """A contact of ours: its id."""
    return receipt(firm.crm, new_contact(firm.crm, **fields)).id


# --- answers that are lost ----------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["failed_after", "cut", "html"])
def test_a_contact_whose_answer_was_lost_is_found_by_its_handle(make_firm: Any, trouble: Any) -> None:
    """Unclear, and then whoever looks finds it, although a finder does not know it yet."""
    firm = make_firm(lag=300.0)
    firm.served.faults.next(trouble, posts("/contacts"))
    (outcome,) = firm.crm.apply([new_contact(firm.crm)])
    assert isinstance(outcome, Unclear)
    (contact,) = firm.desk.dump()["contacts"]
    assert [record.id for record in finding(firm, JO).records] == [contact["id"]]


@pytest.mark.parametrize("trouble", ["failed_after", "cut", "html"])
@pytest.mark.parametrize("kind", ["call", "email", "meeting"])
def test_an_activity_whose_answer_was_lost_is_looked_for_at_once(firm: Any, trouble: Any, kind: str) -> None:
    """The key in its text tells that it was made: there is a receipt, and nobody has to look."""
    contact = a_contact(firm)
    firm.crm.users()
    firm.served.faults.next(trouble, lambda method, path: method == "POST" and "/v1/" in path)
    made = receipt(firm.crm, an_activity(firm.crm, kind, kind, **on(contact)))
    assert [one["id"] for one in firm.desk.dump()["activities"]] == [made.id]


def test_an_activity_that_is_not_there_yet_stays_unclear(firm: Any) -> None:
    """500 before anything was made: it may still come, so nothing is claimed, and it is not sent again."""
    contact = a_contact(firm)
    firm.served.faults.next("failed_500", posts("/notes"))
    (outcome,) = firm.crm.apply([an_activity(firm.crm, **on(contact))])
    assert isinstance(outcome, Unclear)
    assert firm.desk.dump()["activities"] == []


def test_a_time_entry_whose_answer_was_lost_is_looked_for_at_once(firm: Any) -> None:
    """It has the key in its description."""
    call = receipt(firm.crm, an_activity(firm.crm, **on(a_contact(firm)))).id
    firm.served.faults.next("cut", posts("/time_entries"))
    made = receipt(firm.crm, a_time_entry(firm.crm, call))
    assert [entry["id"] for entry in firm.desk.dump()["time_entries"]] == [made.id]


def test_a_look_that_fails_too_leaves_it_unclear(firm: Any) -> None:
    """Neither the answer nor the look for it came through."""
    contact = a_contact(firm)
    firm.served.faults.next("cut", posts("/notes"))
    firm.served.faults.next("failed_500", lambda method, path: method == "GET" and path.endswith("/notes"))
    (outcome,) = firm.crm.apply([an_activity(firm.crm, **on(contact))])
    assert isinstance(outcome, Unclear)


def test_a_second_number_that_is_lost_does_not_lose_the_contact(firm: Any) -> None:
    """The contact was made, its second number was not: who looks finds it, and an update brings the rest."""
    firm.served.faults.next("refused_503", posts("/phone_numbers"))
    (outcome,) = firm.crm.apply([new_contact(firm.crm, phones=(JO_PHONE, "+14155550188"))])
    assert isinstance(outcome, Unclear)
    (record,) = finding(firm, JO_PHONE).records
    receipt(firm.crm, update(firm.crm, record.id, phones=("+14155550188",)))
    assert {one.key for one in firm.crm.read([record.id])[record.id].handles} == {
        JO,
        JO_PHONE,
        "+14155550188",
    }


def test_a_write_that_never_arrived_is_tried_again(firm: Any) -> None:
    """503: nothing happened, and nothing is in doubt."""
    firm.served.faults.next("refused_503", posts("/contacts"))
    (outcome,) = firm.crm.apply([new_contact(firm.crm)])
    assert isinstance(outcome, TryAgain)


def test_after_a_lost_answer_the_rest_waits(firm: Any) -> None:
    """What comes behind a lost answer in one call is not sent into the same trouble."""
    firm.served.faults.next("failed_after", posts("/contacts"))
    writes = [new_contact(firm.crm, name, emails=(f"{name}@acme.example",), phones=()) for name in "abc"]
    kinds = [type(outcome) for outcome in firm.crm.apply(writes)]
    assert kinds == [Unclear, TryAgain, TryAgain]
    assert len(firm.desk.dump()["contacts"]) == 1


def test_a_page_of_a_proxy_is_no_answer(firm: Any) -> None:
    """HTML instead of JSON: nobody is called absent."""
    firm.served.faults.next("html")
    with pytest.raises(TryAgain):
        finding(firm, JO)


# --- whether it was carried out ---------------------------------------------------------------------------


def test_every_key_is_found_by_another_process(firm: Any) -> None:
    """Contacts among the newest, activities and time entries by their text."""
    contact = new_contact(firm.crm)
    id = receipt(firm.crm, contact).id
    made = {contact.key: id}
    for kind in ("call", "email", "meeting"):
        write = an_activity(firm.crm, kind, kind, **on(id))
        made[write.key] = receipt(firm.crm, write).id
    entry = a_time_entry(firm.crm, made[write.key])
    made[entry.key] = receipt(firm.crm, entry).id
    assert {key: one.id for key, one in firm.connect().written([*made, "0" * 32]).items()} == made


@pytest.mark.parametrize("offered", [True, False])
def test_a_key_is_found_behind_many_others(
    make_firm: Any, monkeypatch: pytest.MonkeyPatch, offered: bool
) -> None:
    """By filter, or where a text cannot be filtered by, page by page, as far as three days ago."""
    firm = make_firm(page_size=2)
    contact = new_contact(firm.crm)
    id = receipt(firm.crm, contact).id
    call = an_activity(firm.crm, **on(id))
    made = {contact.key: id, call.key: receipt(firm.crm, call).id}
    for number in range(5):
        firm.desk.add("contact", {"last_name": f"Roe {number}"})
        receipt(firm.crm, an_activity(firm.crm, f"other {number}", **on(id)))
    page = firm.crm._api.page

    def unfiltered(resource: str, asked: Any, number: int = 1) -> Any:
        if asked.get("filter_by") in ("body", "description"):
            raise Refused(422, "Filter By Parameter Not Available")
        return page(resource, asked, number)

    if not offered:
        monkeypatch.setattr(firm.crm._api, "page", unfiltered)
    assert {key: one.id for key, one in firm.crm.written(list(made)).items()} == made
    firm.wait(4 * 86_400)
    before = firm.requests
    assert firm.crm.written(["0" * 32]) == {}
    assert firm.requests - before <= 5


def test_a_key_that_cannot_be_asked_for_is_not_said_to_be_absent(make_firm: Any) -> None:
    """Without permission to read notes it is to be asked again, not sent again."""
    firm = make_firm(forbidden=("notes",))
    with pytest.raises(TryAgain):
        firm.crm.written(["0" * 32])


@pytest.mark.parametrize("trouble", ["cut", "refused_503"])
def test_a_file_whose_answer_was_lost_is_made_once(firm: Any, trouble: Any) -> None:
    """It bears no key; so it is looked for by its name beside the contact before it is sent again."""
    fax = receipt(firm.crm, an_activity(firm.crm, "fax", "fax", **on(a_contact(firm)))).id
    write = a_document(firm.crm, fax, "fax")
    firm.served.faults.next(trouble, posts("/files"))
    (outcome,) = firm.crm.apply([write])
    assert isinstance(outcome, Unclear if trouble == "cut" else TryAgain)
    assert firm.crm.written([write.key]) == {}
    firm.served.faults.next("refused_503", lambda _method, path: path.endswith("/files"))
    (outcome,) = firm.crm.apply([write])
    assert isinstance(outcome, Unclear), "it stays in doubt until somebody could look"
    made = receipt(firm.crm, write)
    assert [entry["id"] for entry in firm.desk.dump()["documents"]] == [made.id]


# --- logins and limits ----------------------------------------------------------------------------------


def test_a_revoked_login_is_said(firm: Any) -> None:
    """401 has no body, and there is nothing to renew a login with: before anything was carried out, the whole
    call says so."""
    firm.served.simulator.revoke()
    with pytest.raises(AuthLapsed):
        firm.crm.apply([new_contact(firm.crm)])
    with pytest.raises(AuthLapsed):
        finding(firm, JO)


def test_a_login_revoked_in_the_middle_loses_no_receipt(firm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was carried out before is told; the rest is to be tried again."""
    create = firm.crm._api.create

    def then_revoked(*args: Any) -> Any:
        made = create(*args)
        firm.served.simulator.revoke()
        return made

    monkeypatch.setattr(firm.crm._api, "create", then_revoked)
    other = new_contact(firm.crm, "other", emails=("kim@acme.example",), phones=())
    first, second = firm.crm.apply([new_contact(firm.crm), other])
    assert isinstance(first, Receipt)
    assert isinstance(second, TryAgain)


@pytest.mark.parametrize("rate", [50, 150])
def test_a_used_up_minute_is_waited_for(make_firm: Any, rate: int) -> None:
    """429 with `Retry-After`, whichever limit it is: nobody sends until then, and nothing happened."""
    firm = make_firm(rate=rate)
    firm.served.simulator.exhaust(40)
    (outcome,) = firm.crm.apply([new_contact(firm.crm)])
    assert isinstance(outcome, TryAgain)
    assert outcome.after == 60.0
    assert firm.pace.left_alone == [60.0]
    firm.wait(61)
    receipt(firm.crm, new_contact(firm.crm))


def test_fifty_requests_a_minute_are_declared() -> None:
    """No answer tells what is left, so the pace goes by the lower of both numbers."""
    from firstcontact.connectors.lawmatics.capabilities import CAPABILITIES

    assert CAPABILITIES.requests_per_minute == 50


# --- other people ------------------------------------------------------------------------------------------


def test_our_own_change_does_not_hide_a_persons(firm: Any) -> None:
    """What a person edited stays marked as edited after we have written to it; our own writes do not mark."""
    ours = a_contact(firm)
    receipt(firm.crm, update(firm.crm, ours, title="CFO", phones=("+14155550188",)))
    assert not firm.crm.read([ours])[ours].edited_by_person
    firm.desk.edit("contact", ours, {"title": "CEO"})
    receipt(firm.crm, update(firm.crm, ours, phones=("+14155550177",)))
    assert firm.crm.read([ours])[ours].edited_by_person
    theirs = firm.desk.add("contact", {"last_name": "Roe"})
    receipt(firm.crm, update(firm.crm, theirs, title="CFO"))
    record = firm.crm.read([theirs])[theirs]
    assert (record.created_by_us, record.edited_by_person) == (False, False)


@pytest.mark.parametrize("kind", ["call", "email", "meeting"])
def test_a_contact_deleted_under_us_is_rejected_with_the_crms_words(firm: Any, kind: str) -> None:
    """An activity for somebody who is not there any more is refused, and says what Lawmatics said."""
    id = a_contact(firm)
    firm.desk.delete("contact", id)
    (outcome,) = firm.crm.apply([an_activity(firm.crm, kind, kind, **on(id))])
    assert isinstance(outcome, Rejected)
    assert "Lawmatics" in str(outcome)
    assert firm.crm.read([id]) == {id: Gone(id)}
    assert firm.desk.dump()["activities"] == []


def test_a_text_that_is_too_long_parks_the_contact(make_firm: Any) -> None:
    """422 is Rejected with Lawmatics' words."""
    firm = make_firm(string_limit=10)
    (outcome,) = firm.crm.apply([new_contact(firm.crm)])
    assert isinstance(outcome, Rejected)
    assert "422" in str(outcome)


def test_a_permission_that_is_missing_parks_the_write(make_firm: Any) -> None:
    """403 is Rejected, and says that it is a permission."""
    firm = make_firm(forbidden=("time_entries",))
    call = receipt(firm.crm, an_activity(firm.crm, **on(a_contact(firm)))).id
    (outcome,) = firm.crm.apply([a_time_entry(firm.crm, call)])
    assert isinstance(outcome, Rejected)
    assert "permission" in str(outcome)


# --- following ------------------------------------------------------------------------------------------


def pages(firm: Any, cursor: str) -> list[Any]:
    """All pages behind a cursor, each asked of a new connector, as after a restart."""
    found = [firm.connect().changed_since(cursor)]
    while found[-1].more:
        found.append(firm.connect().changed_since(found[-1].cursor))
    return found


def people(firm: Any, count: int, apart: float = 1.0) -> list[str]:
    """So many contacts, made one after the other."""
    ids = []
    for number in range(count):
        ids.append(firm.desk.add("contact", {"last_name": f"Diaz {number}"}))
        firm.wait(apart)
    return ids


@pytest.mark.parametrize("named", [True, False])
def test_a_deletion_comes_to_light_when_everything_is_read_anew(make_firm: Any, named: bool) -> None:
    """After the hours that the option names a reading begins anew, by pages, and the deleted is in none."""
    firm = make_firm(options={"sweep_hours": 6}, page_size=2, contact_numbers=named)
    ids = people(firm, 5)
    cursor = pages(firm, "")[-1].cursor
    firm.desk.delete("contact", ids[1])
    firm.wait(5 * 3600)
    idle = pages(firm, cursor)
    assert not any(page.restarted or page.records for page in idle)
    firm.wait(3600)
    swept = pages(firm, idle[-1].cursor)
    assert [page.restarted for page in swept] == [True] + [False] * (len(swept) - 1)
    assert {record.id for page in swept for record in page.records} == {*ids} - {ids[1]}
    assert [page.restarted for page in pages(firm, swept[-1].cursor)] == [False]


def test_a_change_during_a_reading_pushes_nobody_out(make_firm: Any) -> None:
    """Whoever changes while a reading is under way moves to its end; nobody is left out between two pages."""
    firm = make_firm(page_size=2)
    ids = people(firm, 7)
    first = firm.crm.changed_since("")
    assert [record.id for record in first.records] == ids[:2]
    firm.desk.edit("contact", ids[0], {"title": "CFO"})
    firm.desk.edit("contact", ids[3], {"title": "CEO"})
    rest = [record for page in pages(firm, first.cursor) for record in page.records]
    assert {record.id for record in rest} == {*ids} - {ids[1]}
    assert {record.title for record in rest if record.id in (ids[0], ids[3])} == {"CFO", "CEO"}


def test_more_of_one_moment_than_a_page_are_all_told(make_firm: Any) -> None:
    """An import gives many contacts one and the same time."""
    firm = make_firm(page_size=2)
    ids = people(firm, 7, apart=0.0)
    told = [record.id for page in pages(firm, "") for record in page.records]
    assert sorted(told) == sorted(ids)


def test_what_was_told_is_not_told_again(make_firm: Any) -> None:
    """An idle poll is one request, also right after many changes, and once they are long ago."""
    firm = make_firm()
    people(firm, 60)
    cursor = pages(firm, "")[-1].cursor
    firm.wait(600)
    settled = pages(firm, cursor)
    assert [record for page in settled for record in page.records] == []
    before = firm.requests
    (idle,) = pages(firm, settled[-1].cursor)
    assert (idle.records, idle.cursor) == ((), settled[-1].cursor)
    assert firm.requests - before == 1


def test_a_cursor_of_another_program_is_the_beginning(firm: Any) -> None:
    """It is read anew, and said to be."""
    ids = people(firm, 2)
    page = firm.crm.changed_since("yesterday")
    assert page.restarted
    assert {record.id for record in page.records} == set(ids)


def read_until_told_to_wait(firm: Any, cursor: str, seen: set[str]) -> tuple[str, TryAgain | None]:
    """Pages behind a cursor, until there is none or live work is to have the rest of the minute."""
    try:
        while True:
            page = firm.crm.changed_since(cursor)
            seen |= {record.id for record in page.records}
            cursor = page.cursor
            if not page.more:
                return cursor, None
    except TryAgain as again:
        return cursor, again


def test_a_reading_of_everything_leaves_room_for_live_work(make_firm: Any) -> None:
    """It stops after thirty pages in a minute, live work goes on, and the next minute it goes on."""
    firm = make_firm(page_size=2)
    people(firm, 40, apart=0.01)
    seen: set[str] = set()
    cursor, again = read_until_told_to_wait(firm, "", seen)
    assert again is not None
    assert 0 < again.after <= 60
    assert 28 < len(seen) < 40
    a_contact(firm)
    firm.wait(again.after)
    _, again = read_until_told_to_wait(firm, cursor, seen)
    assert again is None
    assert len(seen) == 41


def test_further_numbers_count_as_well(make_firm: Any) -> None:
    """Where each contact has to be asked for its numbers, a page is more than a request: the room left to
    live work is the same."""
    firm = make_firm(contact_numbers=False)
    for number in range(60):
        phones = [f"+1415555{1000 + number}", f"+1415555{2000 + number}"]
        firm.desk.add("contact", {"last_name": f"Diaz {number}", "phones": phones})
        firm.wait(0.01)
    seen: set[str] = set()
    cursor, again = read_until_told_to_wait(firm, "", seen)
    assert again is not None
    assert firm.requests <= 30 + 75, "at most a page more"
    for _ in range(20):
        firm.wait(61)
        cursor, again = read_until_told_to_wait(firm, cursor, seen)
        if again is None:
            break
    assert again is None
    assert len(seen) == 60


@pytest.mark.parametrize("touched", ["touched", "untouched"])
@pytest.mark.parametrize("named", [True, False])
def test_all_numbers_are_in_a_reading_of_everything(make_firm: Any, named: bool, touched: str) -> None:
    """Whether a contact's row names its further numbers or not, and whether they move its time or not."""
    firm = make_firm(page_size=2, contact_numbers=named, handle_touch=touched)
    numbers = {
        firm.desk.add(
            "contact",
            {
                "last_name": f"Diaz {number}",
                "phones": [f"+1415555{1000 + number}", f"(415) 555-{2000 + number}"],
                "emails": [f"a{number}@acme.example", f"b{number}@acme.example"],
            },
        ): number
        for number in range(5)
    }
    told = {record.id: record for page in pages(firm, "") for record in page.records}
    for id, number in numbers.items():
        assert {one.key for one in told[id].handles} == {
            f"+1415555{1000 + number}",
            f"+1415555{2000 + number}",
            f"a{number}@acme.example",
            f"b{number}@acme.example",
        }
