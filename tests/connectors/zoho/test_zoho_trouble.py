"""What the Zoho connector does when things go wrong, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from firstcontact.connectors.contract import AuthLapsed, Exists, Gone, Rejected, TryAgain, Unclear
from firstcontact.planning.write import Existing, Receipt
from firstcontact.testing.conformance.making import (
    JO,
    JO_PHONE,
    a_document,
    an_account,
    an_activity,
    handle,
    new_contact,
    no_activity,
    receipt,
    update,
)

POSTED = {"contact": "/Contacts", "call": "/Calls", "meeting": "/Events", "sms": "/Tasks"}


def posts(path: str) -> Any:
    """Requests that make something there."""
    return lambda method, asked: method == "POST" and asked.endswith(path)


def looks(method: str, path: str) -> bool:
    """Requests that ask for people."""
    return method == "POST" and path.endswith("/coql")


def finding(org: Any, text: str) -> Any:
    """What is found for one handle."""
    one = handle(text)
    return org.crm.find([one])[one.key]


def several(org: Any, count: int) -> list[Any]:
    """Writes that make as many contacts."""
    return [
        new_contact(org.crm, f"c{n}", last_name=f"Diaz {n}", emails=(f"c{n}@acme.example",), phones=())
        for n in range(count)
    ]


def pages(org: Any, cursor: str = "") -> list[Any]:
    """All pages behind a cursor, each asked of a new connector, as after a restart."""
    found = [org.connect().changed_since(cursor)]
    while found[-1].more:
        found.append(org.connect().changed_since(found[-1].cursor))
    return found


# --- answers that are lost ----------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["failed_after", "cut", "html"])
@pytest.mark.parametrize("kind", list(POSTED))
@pytest.mark.parametrize("unique", ["offered", "refused"])
def test_what_was_written_before_the_answer_was_lost_is_found(
    serve: Any, trouble: str, kind: str, unique: str
) -> None:
    """Unclear, then `written` names the record in another process, and the same write makes no second one."""
    org = serve(activity_unique=unique)
    contact = receipt(org.crm, new_contact(org.crm, "first")).id
    people = (Existing("contact", contact),)
    write = (
        new_contact(org.crm, emails=("kim@acme.example",), phones=())
        if kind == "contact"
        else an_activity(org.crm, kind, kind, people=people)
    )
    org.faults.next(trouble, posts(POSTED[kind]))
    (outcome,) = org.crm.apply([write])
    assert isinstance(outcome, Unclear)
    assert outcome.write_key == write.key
    found = org.connect().written([write.key])[write.key]
    again = receipt(org.connect(), write)
    assert (again.id, again.created) == (found.id, False)
    held = org.desk.dump()
    assert (len(held["contacts"]), len(held["activities"])) == ((2, 0) if kind == "contact" else (1, 1))


@pytest.mark.parametrize("trouble", ["refused_503", "closed"])
def test_a_look_that_fails_is_not_absent(org: Any, trouble: str) -> None:
    """Nobody is called absent because a request failed; asked again, the answer is there."""
    org.desk.add("contact", {"last_name": "Diaz", "phones": ["(415) 555-0123"]})
    org.crm.find([handle(JO)])
    org.faults.next(trouble, looks)
    with pytest.raises(TryAgain):
        finding(org, JO_PHONE)
    assert finding(org, JO_PHONE).status == "found"


def test_a_page_of_a_proxy_is_no_answer(org: Any) -> None:
    """HTML instead of JSON, in looking and in the feed."""
    org.faults.next("html")
    with pytest.raises(TryAgain):
        finding(org, JO)
    org.faults.next("html", looks)
    with pytest.raises(TryAgain):
        org.crm.changed_since("")


def test_what_never_arrived_is_tried_again(org: Any) -> None:
    """503 before anything happened: the call can be sent again as it is."""
    org.faults.next("refused_503", posts("/Contacts"))
    with pytest.raises(TryAgain) as again:
        org.crm.apply([new_contact(org.crm)])
    assert again.value.after == 2.0
    receipt(org.crm, new_contact(org.crm))


def test_an_answer_that_is_lost_spoils_its_own_hundred_only(org: Any) -> None:
    """Of 150 contacts the first hundred are unclear, the others are there; then each is there once."""
    writes = several(org, 150)
    org.faults.next("cut", posts("/Contacts"))
    kinds = [type(outcome) for outcome in org.crm.apply(writes)]
    assert kinds == [Unclear] * 100 + [Receipt] * 50
    known = org.crm.written([write.key for write in writes])
    assert len(known) == 150
    assert len(org.desk.dump()["contacts"]) == 150


def test_trouble_in_the_middle_loses_no_receipt(org: Any) -> None:
    """What was carried out is told; what was not sent is to be tried again."""
    writes = [*several(org, 100), an_activity(org.crm)]
    org.faults.next("refused_503", posts("/Calls"))
    *made, last = org.crm.apply(writes)
    assert {type(outcome) for outcome in made} == {Receipt}
    assert isinstance(last, TryAgain)


def test_queries_that_lag_make_no_second_record(serve: Any) -> None:
    """Zoho says that queries are not late; were they, the unique key would still keep a record one."""
    org = serve(lag=300.0, query_lag=True)
    writes = [new_contact(org.crm), an_activity(org.crm)]
    first = [receipt(org.crm, write) for write in writes]
    again = [receipt(org.connect(), write) for write in writes]
    assert [(one.id, one.created) for one in again] == [(one.id, False) for one in first]


def test_a_file_is_put_there_once(org: Any) -> None:
    """After a lost answer the file is recognised by its name, and the interaction keeps one."""
    contact = receipt(org.crm, new_contact(org.crm)).id
    fax = receipt(org.crm, an_activity(org.crm, "fax", "fax", people=(Existing("contact", contact),))).id
    write = a_document(org.crm, fax)
    org.faults.next("cut", posts("/Attachments"))
    (outcome,) = org.crm.apply([write])
    assert isinstance(outcome, Unclear)
    assert not receipt(org.crm, write).created
    assert [one["name"] for one in org.desk.dump()["documents"]] == ["fax.pdf"]


# --- logins and limits ----------------------------------------------------------------------------------


def test_a_revoked_login_is_said(org: Any) -> None:
    """Before anything was carried out, the whole call says so."""
    org.simulator.revoke()
    with pytest.raises(AuthLapsed):
        org.crm.apply([new_contact(org.crm)])
    with pytest.raises(AuthLapsed):
        finding(org, JO)


def test_a_login_revoked_in_the_middle_loses_no_receipt(org: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was carried out before is told; the rest is to be tried again."""
    write = org.crm._api.write

    def then_revoked(*args: Any, **request: Any) -> Any:
        made = write(*args, **request)
        org.simulator.revoke()
        return made

    monkeypatch.setattr(org.crm._api, "write", then_revoked)
    first, second = org.crm.apply([new_contact(org.crm), an_activity(org.crm)])
    assert isinstance(first, Receipt)
    assert isinstance(second, TryAgain)


@pytest.mark.parametrize("status", ["429", "403", "400"])
@pytest.mark.parametrize("code", ["TOO_MANY_REQUESTS", "RATE_LIMIT_EXCEEDED", "LIMIT_EXCEEDED"])
def test_used_up_credits_are_waited_for(serve: Any, status: str, code: str) -> None:
    """Whatever says that there are none: nobody asks for a while, and nothing happened."""
    org = serve(limit_code=code, limit_status=status)
    org.crm.users()
    org.simulator.exhaust(3600)
    with pytest.raises(TryAgain):
        org.crm.apply([new_contact(org.crm)])
    assert org.pace.left_alone
    org.wait(3601)
    receipt(org.crm, new_contact(org.crm))


def test_a_limit_that_is_not_explained_is_waited_for_longer_each_time(org: Any) -> None:
    """429 without a time: five seconds, twenty, and so on to a quarter of an hour; those who are refused
    together wait together, and after an answer it begins anew."""
    org.crm.users()

    def refused() -> float:
        del org.pace.left_alone[:]
        with pytest.raises(TryAgain):
            org.crm.users()
        return max(org.pace.left_alone)

    org.simulator.exhaust(7200)
    waits = []
    for _ in range(6):
        waits.append(refused())
        assert refused() == waits[-1]
        org.wait(waits[-1])
    assert waits == [5.0, 20.0, 80.0, 320.0, 900.0, 900.0]
    org.wait(7200)
    org.crm.users()
    org.simulator.exhaust(60)
    assert refused() == 5.0


def test_what_is_left_of_the_credits_is_heeded(serve: Any) -> None:
    """Once half of them are used, each answer tells the pace how many are left."""
    org = serve(credits=20)
    while org.crm.allowance() is None:
        org.crm.users()
    told = org.crm.allowance()
    assert org.pace.allowances[-1] == told
    assert told.left * 2 <= told.limit
    left = told.left
    org.crm.users()
    assert org.crm.allowance().left < left


# --- what people and administrators do -----------------------------------------------------------------


def test_an_address_that_must_be_unique_names_who_has_it(serve: Any) -> None:
    """The administrator lets an address stand once only: whoever has it is taken as a fact."""
    org = serve(email_unique=True)
    id = org.desk.add("contact", {"last_name": "Diaz", "emails": [JO]})
    other = new_contact(org.crm, "b", emails=("b@acme.example",), phones=())
    exists, made = org.crm.apply([new_contact(org.crm), other])
    assert isinstance(exists, Exists)
    assert (exists.type, exists.id) == ("contact", id)
    assert isinstance(made, Receipt)
    (refused,) = org.crm.apply([update(org.crm, made.id, emails=(JO,))])
    assert isinstance(refused, Receipt | Rejected)


def test_a_list_that_is_closed_costs_the_source_not_the_contact(serve: Any) -> None:
    """Where Zoho does not take our lead source, the contact is made without it."""
    org = serve(picklists="closed")
    id = receipt(org.crm, new_contact(org.crm, lead_source="FirstContact")).id
    assert org.crm.read([id])[id].last_name == "Diaz"
    assert [one["lead_source"] for one in org.desk.dump()["contacts"]] == [None]


def test_half_a_batch_is_refused(serve: Any) -> None:
    """A field that the layout demands refuses contacts one by one, with its name; accounts are made."""
    org = serve(required_field="enforced")
    writes = [*several(org, 3), an_account(org.crm, "acme.example")]
    *refused, made = org.crm.apply(writes)
    for outcome in refused:
        assert isinstance(outcome, Rejected)
        assert outcome.fields
        assert outcome.fields[0] in str(outcome)
    assert isinstance(made, Receipt)


def test_a_locked_record_is_refused_with_zohos_words(org: Any) -> None:
    """A record in an approval cannot be changed; the write is parked and says why."""
    id = org.desk.add("contact", {"last_name": "Diaz"})
    org.desk.lock("contact", id)
    (outcome,) = org.crm.apply([update(org.crm, id, title="CFO")])
    assert isinstance(outcome, Rejected)
    assert "RECORD_LOCKED" in str(outcome)


def test_a_contact_deleted_under_us_is_refused(org: Any) -> None:
    """An activity for somebody who is not there any more is refused; what came with it is logged."""
    gone, here = [receipt(org.crm, write).id for write in several(org, 2)]
    org.desk.delete("contact", gone)
    writes = [an_activity(org.crm, id, people=(Existing("contact", id),)) for id in (gone, here)]
    refused, made = org.crm.apply(writes)
    assert isinstance(refused, Rejected)
    assert isinstance(made, Receipt)
    assert org.crm.read([gone]) == {gone: Gone(gone)}
    assert [one["contacts"] for one in org.desk.dump()["activities"]] == [[here]]


def test_a_module_that_is_closed_to_us_spoils_nothing_else(serve: Any) -> None:
    """Without a right to calls the contact is made, and the call is refused, saying what to do."""
    org = serve(forbidden=("Calls",))
    made, refused = org.crm.apply([new_contact(org.crm), an_activity(org.crm)])
    assert isinstance(made, Receipt)
    assert isinstance(refused, Rejected)


def test_a_closed_module_is_not_asked_about_again_and_again(serve: Any) -> None:
    """A hundred calls into a module that is closed to us are refused by one request, or by none."""
    org = serve()
    org.crm.apply([an_activity(org.crm, "warm")])
    org.simulator.state.quirks = replace(org.simulator.state.quirks, forbidden=("Calls",))
    writes = [an_activity(org.crm, f"call {n}") for n in range(100)]
    outcomes: list[Any] = []
    assert org.calls(lambda: outcomes.extend(org.crm.apply(writes))) == 1
    assert {type(outcome) for outcome in outcomes} == {Rejected}


def test_hundreds_of_accounts_know_their_contacts(org: Any) -> None:
    """More accounts than an answer has by itself come with the number of their contacts each."""
    ids = [org.desk.add("account", {"name": f"Acme {n}", "website": f"acme{n}.example"}) for n in range(250)]
    for id in ids:
        org.desk.add("contact", {"last_name": "Diaz", "account": id})
    accounts = [account for page in pages(org) for account in page.accounts]
    assert [account.contacts for account in accounts] == [1] * 250


def test_our_own_change_does_not_hide_a_persons(org: Any) -> None:
    """What a person edited stays marked as edited after we have written to it; our own writes do not mark."""
    ours = receipt(org.crm, new_contact(org.crm)).id
    receipt(org.crm, update(org.crm, ours, title="CFO", phones=("+14155550188",)))
    assert not org.crm.read([ours])[ours].edited_by_person
    org.desk.edit("contact", ours, {"title": "CEO"})
    receipt(org.crm, update(org.crm, ours, phones=("+14155550177",)))
    assert org.crm.read([ours])[ours].edited_by_person
    theirs = org.desk.add("contact", {"last_name": "Roe"})
    receipt(org.crm, update(org.crm, theirs, title="CFO"))
    record = org.crm.read([theirs])[theirs]
    assert (record.created_by_us, record.edited_by_person) == (False, False)


def test_no_workflow_of_the_organisation_fires(org: Any) -> None:
    """Whatever we write, the organisation's own automations stay quiet, and nobody is invited."""
    contact = receipt(org.crm, new_contact(org.crm)).id
    people = (Existing("contact", contact),)
    receipt(org.crm, an_account(org.crm, "acme.example"))
    receipt(org.crm, update(org.crm, contact, title="CFO"))
    for kind in ("call", "voicemail", "sms", "fax", "email", "meeting"):
        receipt(org.crm, an_activity(org.crm, kind, kind, people=people))
    id = receipt(org.crm, an_activity(org.crm, "more", "meeting", people=people)).id
    receipt(org.crm, a_document(org.crm, id))
    receipt(org.crm, no_activity(org.crm, id, "undo"))
    assert (org.simulator.fired, org.simulator.invited) == ([], [])


@pytest.mark.parametrize("shown", ["shown", "hidden"])
def test_a_converted_lead_stands_for_its_contact(serve: Any, shown: str) -> None:
    """Whether queries leave converted leads out or not, a lead says into whom it was converted."""
    org = serve(coql_converted=shown)
    contact = org.desk.add("contact", {"last_name": "Diaz", "emails": ["jo@home.example"]})
    lead = org.desk.add("lead", {"last_name": "Diaz", "emails": [JO]})
    org.desk.convert(lead, contact)
    (record,) = finding(org, JO).records
    assert (record.id, record.type, record.converted_to) == (lead, "lead", contact)
    assert org.crm.read([lead])[lead] == record


def test_a_lead_that_became_nobody_is_nobody(org: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Converted, and into no contact that is told: it is no candidate, and gone from the feed."""
    lead = org.desk.add("lead", {"last_name": "Diaz", "emails": [JO]})
    cursor = org.crm.changed_since("").cursor
    org.desk.convert(lead, org.desk.add("contact", {"last_name": "Diaz"}))
    query = org.crm._api.query

    def untold(statement: str) -> Any:
        rows, more = query(statement)
        return [{**row, "Converted_Contact": None} if "Company" in row else row for row in rows], more

    monkeypatch.setattr(org.crm._api, "query", untold)
    assert finding(org, JO).status == "absent"
    assert lead in org.crm.changed_since(cursor).gone


def test_a_team_is_named_by_ids_or_addresses(org: Any) -> None:
    """People write users into the field for an account's team as they know them."""
    ana = org.desk.add("user", {"name": "Ana Ruiz", "email": "ana@firm.example", "active": True})
    bo = org.desk.add("user", {"name": "Bo Lind", "email": "bo@firm.example", "active": True})
    team = ["Ana@firm.example", bo, "nobody@firm.example"]
    org.desk.add("account", {"name": "Acme", "website": "acme.example", "team": team})
    (account,) = org.crm.accounts(["acme.example"], [])
    assert account.team == tuple(sorted((ana, bo)))


# --- the feed ------------------------------------------------------------------------------------------


def test_two_changes_within_one_second_are_both_told(org: Any) -> None:
    """Times have seconds only; what is told is compared."""
    id = org.desk.add("contact", {"last_name": "Diaz"})
    cursor = pages(org)[-1].cursor
    for title in ("CFO", "CEO"):
        org.desk.edit("contact", id, {"title": title})
        page = org.crm.changed_since(cursor)
        assert [record.title for record in page.records] == [title]
        cursor = page.cursor


def test_more_than_is_remembered_within_one_second_is_told_once(org: Any) -> None:
    """An import of 700 contacts within a second: the feed tells each, and then holds still."""
    made = several(org, 700)
    org.crm.apply(made)
    found = pages(org)
    assert len({record.id for page in found for record in page.records}) == 700
    again = org.crm.changed_since(found[-1].cursor)
    assert (again.records, again.more, again.cursor) == ((), False, found[-1].cursor)
    later = receipt(org.crm, new_contact(org.crm, "later")).id
    behind = [record.id for page in pages(org, again.cursor) for record in page.records]
    assert behind == [later]


def test_everybody_is_read_anew_after_a_while(serve: Any) -> None:
    """Who was lost in a merge that Zoho does not tell comes to light then; in between nothing is asked."""
    org = serve(options={"sweep_hours": 6}, merge_leaves="nothing")
    loser, survivor = [org.desk.add("contact", {"last_name": f"Diaz {n}"}) for n in range(2)]
    cursor = pages(org)[-1].cursor
    org.desk.merge(loser, survivor)
    org.wait(5 * 3600)
    idle = pages(org, cursor)
    assert not any(page.restarted or page.gone for page in idle)
    org.wait(3600)
    swept = pages(org, idle[-1].cursor)
    assert swept[0].restarted
    assert [record.id for page in swept for record in page.records] == [survivor]
    assert not any(page.restarted for page in pages(org, swept[-1].cursor))


def test_deletions_are_told_once_and_of_all_kinds(org: Any) -> None:
    """Contacts, leads and accounts that people deleted are named as gone; then the feed holds still."""
    ids = [org.desk.add(kind, {"last_name": "Diaz"}) for kind in ("contact", "lead")]
    ids.append(org.desk.add("account", {"name": "Acme"}))
    cursor = pages(org)[-1].cursor
    org.wait(1)
    for kind, id in zip(("contact", "lead", "account"), ids, strict=True):
        org.desk.delete(kind, id)
    page = org.crm.changed_since(cursor)
    assert sorted(page.gone) == sorted(ids)
    again = org.crm.changed_since(page.cursor)
    assert (again.gone, again.cursor) == ((), page.cursor)


def test_a_reading_tells_how_long_it_is(org: Any) -> None:
    """The first page of a reading of everything says how many records it has."""
    for number in range(3):
        org.desk.add("contact", {"last_name": f"Diaz {number}"})
    org.desk.add("lead", {"last_name": "Roe"})
    assert org.crm.changed_since("").total == 4


def test_a_cursor_that_is_none_of_ours_is_the_beginning(org: Any) -> None:
    """A reading of everything begins, and says so."""
    id = org.desk.add("contact", {"last_name": "Diaz"})
    page = org.crm.changed_since("nonsense")
    assert page.restarted
    assert [record.id for record in page.records] == [id]
