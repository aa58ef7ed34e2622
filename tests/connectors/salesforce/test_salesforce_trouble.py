"""What goes wrong with Salesforce, and what the caller is told; nothing is lost, nothing is there twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from firstcontact.connectors.contract import (
    AuthLapsed,
    Exists,
    MovedTo,
    Rejected,
    TryAgain,
    Unclear,
)
from firstcontact.connectors.salesforce.kind import KIND
from firstcontact.connectors.toolkit.http import Answer
from firstcontact.planning.write import CreatedBy, Existing, Receipt
from firstcontact.testing.conformance.making import (
    JO,
    JO_PHONE,
    NOON,
    a_role,
    an_activity,
    changed_activity,
    handle,
    new_contact,
    no_activity,
    receipt,
    update,
)

WRITING = ("failed_after", "cut", "html")


def asked(org: Any) -> Any:
    """The connection, knowing the organisation's fields."""
    org.crm.find([handle(JO)])
    return org.crm


def stranger(crm: Any, name: str = "one", **fields: Any) -> list[Any]:
    """A contact and a call that points at it."""
    contact = new_contact(crm, name, **fields)
    return [contact, an_activity(crm, f"call {name}", people=(CreatedBy(contact.key),))]


# --- permission and limits ------------------------------------------------------------------------


def test_a_lapsed_permission_is_said(serve: Any) -> None:
    """An administrator takes the login away: AuthLapsed, whatever is asked."""
    org = serve()
    crm = asked(org)
    org.simulator.revoke()
    for ask in (lambda: crm.find([handle(JO)]), lambda: crm.apply(stranger(crm)), crm.size):
        with pytest.raises(AuthLapsed):
            ask()
    assert org.desk.dump()["contacts"] == []


def test_an_ended_session_is_renewed_in_the_middle(serve: Any) -> None:
    """A session that ends is had anew once, and the request goes through."""
    org = serve()
    crm = asked(org)
    org.simulator.expire()
    assert all(isinstance(one, Receipt) for one in crm.apply(stranger(crm)))
    assert org.kept.renewals == 2


@pytest.mark.parametrize("login", ["client_credentials", "jwt", "refresh_token"])
@pytest.mark.parametrize("quirks", [{}, {"rotate_refresh_token": True, "error_description": "never"}])
def test_each_login_works_and_is_renewed(serve: Any, login: str, quirks: dict[str, Any]) -> None:
    """Each of the three grants gives a session, and another after it has ended, with rotation and without."""
    org = serve(**quirks)
    crm = org.another(login=login)
    assert crm.size() == 0
    org.simulator.expire()
    assert crm.size() == 0
    org.simulator.expire()
    assert crm.size() == 0
    org.simulator.revoke()
    with pytest.raises(AuthLapsed):
        crm.size()


def test_a_browser_s_login_is_renewed_by_its_own_token(serve: Any) -> None:
    """The refresh token is what counts, although the application could log in by itself, too."""
    org = serve()
    org.kept._kept = {**org.running.credentials("refresh_token").read(), "refresh_token": "another"}
    with pytest.raises(AuthLapsed):
        org.another().size()


def test_an_unreadable_key_is_a_lapsed_login(serve: Any) -> None:
    """A private key that is none is said, and not tried for ever."""
    org = serve()
    kept = {**org.running.credentials("jwt").read(), "private_key": "none"}
    org.kept._kept = kept
    with pytest.raises(AuthLapsed, match="private key"):
        org.another().size()


def test_an_exhausted_quota_leaves_salesforce_alone(serve: Any) -> None:
    """403 REQUEST_LIMIT_EXCEEDED: try again much later, nothing happened, and all workers are told."""
    org = serve()
    crm = asked(org)
    org.simulator.exhaust(3600.0)
    for ask in (lambda: crm.find([handle(JO)]), lambda: crm.apply(stranger(crm)), crm.size):
        with pytest.raises(TryAgain) as told:
            ask()
        assert told.value.after >= 600
    assert org.pace.allowances[-1].left == 0
    assert org.desk.dump()["contacts"] == []
    org.clock.wait(3_601_000_000)
    assert all(isinstance(one, Receipt) for one in crm.apply(stranger(crm)))


def test_a_closed_api_is_a_lapsed_permission(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An administrator who blocks the application ends the permission, and is named in Salesforce's words."""
    org = serve()
    crm = asked(org)
    body = [{"errorCode": "OAUTH_APP_BLOCKED", "message": "this app is blocked by admin"}]
    answer = Answer(403, {}, json.dumps(body).encode(), "")
    monkeypatch.setattr(crm._api._http, "_send", lambda *_: answer)
    with pytest.raises(AuthLapsed, match="blocked by admin"):
        crm.size()


def test_the_quota_is_told_from_every_answer(serve: Any) -> None:
    """`Sforce-Limit-Info` reaches whoever paces the connection."""
    org = serve()
    crm = asked(org)
    before = org.pace.allowances[-1]
    crm.size()
    after = org.pace.allowances[-1]
    assert (after.limit, after.left) == (before.limit, before.left - 1)
    assert crm.allowance() == after


# --- answers that are lost ------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["refused_503"])
def test_what_did_not_arrive_is_sent_again(serve: Any, trouble: Any) -> None:
    """A request that was refused before anything happened is TryAgain, and works the second time."""
    org = serve()
    crm = asked(org)
    org.running.faults.next(trouble)
    with pytest.raises(TryAgain):
        crm.apply(stranger(crm))
    assert all(isinstance(one, Receipt) for one in crm.apply(stranger(crm)))
    assert len(org.desk.dump()["contacts"]) == 1


@pytest.mark.parametrize("trouble", [*WRITING, "failed_500", "closed"])
def test_a_lost_answer_is_cleared_up(serve: Any, trouble: Any) -> None:
    """Each write of a request without an answer is Unclear; `written`, and sent again, it is one."""
    org = serve()
    crm = asked(org)
    writes = stranger(crm)
    org.running.faults.next(trouble)
    outcomes = crm.apply(writes)
    assert [type(one) for one in outcomes] == [Unclear, Unclear]
    assert [one.write_key for one in outcomes] == [one.key for one in writes]
    happened = trouble in WRITING
    assert len(crm.written([one.key for one in writes])) == (2 if happened else 0)
    again = crm.apply(writes)
    assert [one.created for one in again] == [not happened, not happened]
    assert (len(org.desk.dump()["contacts"]), len(org.desk.dump()["activities"])) == (1, 1)


@pytest.mark.parametrize("trouble", [*WRITING, "failed_500", "closed", "refused_503"])
def test_a_look_without_an_answer_is_tried_again(serve: Any, trouble: Any) -> None:
    """Whatever happens to a look: TryAgain, never absent."""
    org = serve()
    crm = asked(org)
    for ask in (lambda: crm.find([handle(JO)]), crm.size, lambda: crm.changed_since(""), crm.users):
        org.running.faults.next(trouble)
        with pytest.raises(TryAgain):
            ask()
    assert org.running.faults.waiting == 0


def test_a_lost_answer_in_the_middle_leaves_the_rest(serve: Any) -> None:
    """Contacts were made, the request of their calls has no answer: receipts for those, Unclear for these."""
    org = serve()
    crm = asked(org)
    writes = [one for n in range(120) for one in stranger(crm, f"s{n}", last_name=f"S{n}")]
    sent: list[str] = []

    def second(method: str, path: str) -> bool:
        if method == "POST" and "/composite/sobjects" in path:
            sent.append(path)
        return len(sent) == 2

    org.running.faults.next("failed_after", second)
    outcomes = crm.apply(writes)
    assert {type(one) for one in outcomes[::2]} == {Receipt}
    assert {type(one) for one in outcomes[1::2]} == {Unclear}
    assert all(isinstance(one, Receipt) for one in crm.apply(writes))
    assert (len(org.desk.dump()["contacts"]), len(org.desk.dump()["activities"])) == (120, 120)


def test_a_limit_in_the_middle_leaves_the_rest_for_later(serve: Any) -> None:
    """Contacts were made, then Salesforce takes no more: receipts for those, TryAgain for the calls."""
    org = serve()
    crm = asked(org)
    writes = [one for n in range(120) for one in stranger(crm, f"s{n}", last_name=f"S{n}")]
    sent: list[str] = []

    def second(method: str, path: str) -> bool:
        if method == "POST" and "/composite/sobjects" in path:
            sent.append(path)
        return len(sent) == 2

    org.running.faults.next("refused_503", second)
    outcomes = crm.apply(writes)
    assert {type(one) for one in outcomes[::2]} == {Receipt}
    assert {type(one) for one in outcomes[1::2]} == {TryAgain}
    assert all(isinstance(one, Receipt) for one in crm.apply(writes))
    assert (len(org.desk.dump()["contacts"]), len(org.desk.dump()["activities"])) == (120, 120)


# --- refused records ------------------------------------------------------------------------------


def test_half_a_batch_fails_and_the_other_half_does_not(serve: Any) -> None:
    """Records that a rule refuses are Rejected with Salesforce's words and fields; their calls wait."""
    org = serve(validation={"Contact": [{"blank": "Title", "message": "A title, please."}]})
    crm = asked(org)
    writes = []
    for n in range(6):
        writes += stranger(crm, f"s{n}", last_name=f"S{n}", title="CFO" if n % 2 else "")
    outcomes = crm.apply(writes)
    for n in range(6):
        contact, call = outcomes[2 * n : 2 * n + 2]
        if n % 2:
            assert (type(contact), type(call)) == (Receipt, Receipt)
        else:
            assert (type(contact), type(call)) == (Rejected, TryAgain)
            assert "A title, please." in str(contact)
            assert contact.fields == ("Title",)
    assert len(org.desk.dump()["contacts"]) == 3


def test_a_required_field_is_named_without_asking(serve: Any) -> None:
    """A contact that lacks a required field is Rejected by its name before anything is sent."""
    org = serve(required={"Contact": ["Region__c"]})
    crm = asked(org)
    outcomes: list[Any] = []
    assert org.calls(lambda: outcomes.extend(crm.apply([new_contact(crm)]))) == 0
    (outcome,) = outcomes
    assert isinstance(outcome, Rejected)
    assert outcome.fields == ("Region__c",)
    assert "Region__c" in str(outcome)


@pytest.mark.parametrize("rule", ["alert", "block"])
@pytest.mark.parametrize("key", ["duplicateResut", "duplicateResult"])
@pytest.mark.parametrize("named", [True, False])
def test_a_duplicate_rule_names_the_contact(serve: Any, rule: str, key: str, named: bool) -> None:
    """A duplicate rule that fires is Exists with the record's id, as it is spelled and where it is told."""
    org = serve(duplicates=rule, duplicate_key=key, collections_name_duplicates=named)
    crm = asked(org)
    there = org.desk.add("contact", {"first_name": "Jo", "last_name": "Diaz", "emails": [JO]})
    contact, call = crm.apply(stranger(crm))
    assert isinstance(contact, Exists)
    assert (contact.type, contact.id) == ("contact", there)
    assert isinstance(call, TryAgain)
    assert len(org.desk.dump()["contacts"]) == 1
    assert org.desk.dump()["activities"] == []


def test_a_field_that_goes_away_parks_nothing(serve: Any) -> None:
    """An administrator deletes a field that we have just asked for: the record is sent again without it."""
    org = serve()
    crm = asked(org)
    org.simulator.org.drop_field("Contact", "FirstContact_Placeholder__c")
    write = new_contact(crm, placeholder=True)
    assert isinstance(crm.apply([write])[0], TryAgain)
    assert isinstance(crm.apply([write])[0], Receipt)


def test_a_trouble_while_a_refusal_is_cleared_up_leaves_the_rest(serve: Any) -> None:
    """One of a call is there already, and asking which one meets a trouble: what was made is told."""
    org = serve(duplicates="block", collections_name_duplicates=False)
    crm = asked(org)
    org.desk.add("contact", {"first_name": "Jo", "last_name": "Diaz", "emails": [JO]})
    other = new_contact(crm, "other", last_name="Roe", emails=("kim@acme.example",))
    org.running.faults.next("refused_503", lambda _, path: path.endswith("/sobjects/Contact"))
    twice, made = crm.apply([new_contact(crm), other])
    assert isinstance(twice, TryAgain)
    assert isinstance(made, Receipt)
    assert made.created
    assert org.running.faults.waiting == 0


def test_a_lost_answer_loses_nobody_on_a_meeting(serve: Any) -> None:
    """The meetings were made, the request of their further people has no answer: they are sent again, since
    the key of a meeting does not tell who is on it."""
    org = serve()
    crm = asked(org)
    people = [org.desk.add("contact", {"last_name": f"P{n}"}) for n in range(2)]
    on = tuple(Existing("contact", id) for id in people)
    writes = [an_activity(crm, f"meeting {n}", kind="meeting", people=on) for n in range(80)]
    sent: list[str] = []

    def second(method: str, path: str) -> bool:
        if method == "POST" and "/composite/sobjects" in path:
            sent.append(path)
        return len(sent) == 2

    org.running.faults.next("closed", second)
    assert {type(one) for one in crm.apply(writes)} == {TryAgain}
    assert all(isinstance(one, Receipt) for one in crm.apply(writes))
    assert {len(one["contacts"]) for one in org.desk.dump()["activities"]} == {2}


def test_an_alert_does_not_stop_a_change(serve: Any) -> None:
    """A contact that a person has chosen is changed although a rule finds it like another one."""
    org = serve(duplicates="alert")
    crm = asked(org)
    org.desk.add("contact", {"first_name": "Jo", "last_name": "Diaz", "emails": [JO]})
    chosen = org.desk.add("contact", {"first_name": "Jo", "last_name": "Diaz", "phones": [JO_PHONE]})
    receipt(crm, update(crm, chosen, emails=(JO,)))
    assert {one.id for one in crm.find([handle(JO)])[JO].records} >= {chosen}


def test_a_locked_row_is_tried_again(serve: Any) -> None:
    """UNABLE_TO_LOCK_ROW is TryAgain for that write, and the next time it goes through."""
    org = serve()
    crm = asked(org)
    org.simulator.lock_rows("Task", 2)
    contact, call = crm.apply(stranger(crm))
    assert isinstance(contact, Receipt)
    assert isinstance(call, TryAgain)
    contact, call = crm.apply(stranger(crm))
    assert (contact.created, call.created) == (False, True)
    assert (len(org.desk.dump()["contacts"]), len(org.desk.dump()["activities"])) == (1, 1)


def test_a_repeated_create_leaves_what_a_person_set(serve: Any) -> None:
    """The same write again finds the first contact by its key and changes nothing on it."""
    org = serve()
    crm = asked(org)
    write = new_contact(crm, title="CFO")
    first = receipt(crm, write)
    org.desk.edit("contact", first.id, {"title": "CEO"})
    again = receipt(crm, write)
    assert (again.id, again.created) == (first.id, False)
    assert crm.read([first.id])[first.id].title == "CEO"


def test_a_call_of_a_merged_contact_moves(serve: Any) -> None:
    """An activity for a contact that was merged is MovedTo the survivor; for a deleted one, Rejected."""
    org = serve()
    crm = asked(org)
    loser, survivor, gone = (org.desk.add("contact", {"last_name": f"P{n}"}) for n in range(3))
    org.desk.merge(loser, survivor)
    org.desk.delete("contact", gone)
    moved, rejected, fine = crm.apply(
        [
            an_activity(crm, "moved", people=(Existing("contact", loser),)),
            an_activity(crm, "rejected", people=(Existing("contact", gone),)),
            an_activity(crm, "fine", people=(Existing("contact", survivor),)),
        ]
    )
    assert isinstance(moved, MovedTo)
    assert moved.id == survivor
    assert isinstance(rejected, Rejected)
    assert isinstance(fine, Receipt)


def test_a_closed_opportunity_takes_no_role(serve: Any) -> None:
    """The opportunity's state is looked at again at the write."""
    org = serve()
    crm = asked(org)
    account = org.desk.add("account", {"name": "Acme"})
    opportunity = org.desk.add("opportunity", {"account": account, "name": "Old", "open": False})
    contact = receipt(crm, new_contact(crm)).id
    (outcome,) = crm.apply([a_role(crm, opportunity, contact)])
    assert isinstance(outcome, Rejected)
    assert outcome.fields == ("opportunity",)


# --- people's edits of activities -----------------------------------------------------------------


def test_an_edited_subject_stays_and_the_text_grows(serve: Any) -> None:
    """A field that a person changed is left, also after we wrote another one; the others are kept up."""
    org = serve()
    crm = asked(org)
    id = receipt(crm, an_activity(crm, body="One message.")).id
    org.desk.edit("activity", id, {"subject": "Important"})
    receipt(crm, changed_activity(crm, id, "second", subject="Call", body="Two messages."))
    receipt(crm, changed_activity(crm, id, "third", subject="Call", body="Three messages."))
    (held,) = org.desk.dump()["activities"]
    assert (held["subject"], held["body"]) == ("Important", "Three messages.")
    assert sorted(held["interactions"]) == ["call", "second", "third"]


def test_a_deleted_activity_is_not_brought_back(serve: Any) -> None:
    """An update of an activity that a person deleted is Rejected; deleting it is done already."""
    org = serve()
    crm = asked(org)
    id = receipt(crm, an_activity(crm)).id
    receipt(crm, no_activity(crm, id, "undo"))
    (outcome,) = crm.apply([changed_activity(crm, id, "second", body="More.")])
    assert isinstance(outcome, Rejected)
    assert org.desk.dump()["activities"] == []


# --- features that are switched off ---------------------------------------------------------------


def test_without_enhanced_mail_a_mail_is_a_task(serve: Any) -> None:
    """An e-mail is logged as a task with its text, its time and all that it answers to."""
    org = serve(enhanced_email=False)
    crm = asked(org)
    contact = receipt(crm, new_contact(crm)).id
    people = (Existing("contact", contact),)
    id = receipt(crm, an_activity(crm, "mail", "email", body="Hello", people=people)).id
    assert id.startswith("00T")
    (held,) = org.desk.dump()["activities"]
    assert (held["kind"], held["at"], held["contacts"]) == ("email", NOON, [contact])
    assert held["interactions"] == ["mail"]


def test_without_shared_activities_the_first_person_is_linked(serve: Any) -> None:
    """A meeting of two shows both where activities are shared, and else the first."""
    for shared, expected in ((True, 2), (False, 1)):
        org = serve(shared_activities=shared)
        crm = asked(org)
        people = tuple(Existing("contact", org.desk.add("contact", {"last_name": f"P{n}"})) for n in range(2))
        receipt(crm, an_activity(crm, "meeting", "meeting", people=people))
        (held,) = org.desk.dump()["activities"]
        assert len(held["contacts"]) == expected
        assert held["contacts"][0] == people[0].id


def test_without_teams_an_account_has_none(serve: Any) -> None:
    """Account teams are switched off: the account comes with the rest."""
    org = serve(account_teams=False)
    crm = asked(org)
    id = org.desk.add("account", {"name": "Acme", "website": "acme.example"})
    (account,) = crm.accounts(["acme.example"], [])
    assert (account.id, account.team) == (id, ())


# --- the change feed ------------------------------------------------------------------------------


def everything(crm: Any, cursor: str) -> tuple[list[str], str]:
    """Ids of all pages behind a cursor, and the last cursor."""
    ids: list[str] = []
    while True:
        page = crm.changed_since(cursor)
        ids += [record.id for record in page.records]
        cursor = page.cursor
        if not page.more:
            return ids, cursor


@pytest.mark.parametrize("modstamp", ["seconds", "milliseconds"])
def test_a_page_cut_within_one_second_loses_nothing(
    serve: Any, monkeypatch: pytest.MonkeyPatch, modstamp: str
) -> None:
    """Pages that end between records of one stamp go on behind the last of them."""
    monkeypatch.setattr("firstcontact.connectors.salesforce.feed.PAGE", 7)
    org = serve(modstamp=modstamp)
    crm = asked(org)
    made = {org.desk.add("contact", {"last_name": f"P{n}"}) for n in range(31)}
    ids, cursor = everything(crm, "")
    assert set(ids) == made
    assert len(ids) == 31
    assert everything(crm, cursor) == ([], cursor)


def test_a_record_that_shows_late_is_told(serve: Any) -> None:
    """A transaction that shows its record after a later one was told is told all the same."""
    org = serve(modstamp="seconds")
    crm = asked(org)
    org.desk.add("contact", {"last_name": "First"})
    _, cursor = everything(crm, "")
    org.clock.wait(-90_000_000)
    late = org.desk.add("contact", {"last_name": "Late"})
    org.clock.wait(90_000_000)
    ids, cursor = everything(crm, cursor)
    assert ids == [late]
    assert everything(crm, cursor) == ([], cursor)


def test_two_changes_in_one_second_are_both_told(serve: Any) -> None:
    """A record that changes again under the stamp that it was told with is told again."""
    org = serve(modstamp="seconds")
    crm = asked(org)
    id = org.desk.add("contact", {"last_name": "First"})
    _, cursor = everything(crm, "")
    org.desk.edit("contact", id, {"title": "CFO"})
    (page,) = [crm.changed_since(cursor)]
    assert [record.title for record in page.records] == ["CFO"]


def test_a_first_reading_in_bulk_goes_on_where_it_was(serve: Any) -> None:
    """A job that is not complete is asked for later, by the cursor alone; another connection goes on with it,
    and changes made meanwhile follow."""
    org = serve(options={"bulk_from": 1}, bulk_polls=2, bulk_page=4)
    made = {org.desk.add("contact", {"last_name": f"P{n}"}) for n in range(10)}
    made |= {org.desk.add("lead", {"last_name": f"L{n}"}) for n in range(3)}
    cursor, ids, waits = "", [], 0
    late = ""
    for _ in range(40):
        crm = org.another(bulk_from=1)
        try:
            page = crm.changed_since(cursor)
        except TryAgain:
            waits += 1
            continue
        ids += [record.id for record in page.records]
        cursor = page.cursor
        if ids and not late:
            late = org.desk.add("contact", {"last_name": "Late"})
            org.clock.wait(600_000_000)
        if not page.more:
            break
    assert waits
    assert set(ids) == made | {late}


@pytest.mark.parametrize("off", [-3_600_000_000, 3_600_000_000])
def test_a_first_reading_in_bulk_by_a_wrong_clock_leaves_nobody_out(serve: Any, off: int) -> None:
    """Our clock is an hour off: who is made or changed while the jobs run is told all the same."""
    org = serve(bulk_polls=0)
    opening = org.running.opening(
        lambda: org.clock.now() + off, credentials=org.kept, pace=org.pace, options={"bulk_from": 1}
    )
    crm = org.running.connect(KIND, opening)
    made = {org.desk.add("contact", {"last_name": "First"})}
    org.clock.wait(600_000_000)
    cursor, ids = "", []
    for _ in range(20):
        page = crm.changed_since(cursor)
        ids += [record.id for record in page.records]
        cursor = page.cursor
        if ids and len(made) == 1:
            made.add(org.desk.add("contact", {"last_name": "Late"}))
            org.clock.wait(600_000_000)
        if not page.more:
            break
    assert set(ids) == made


def test_accounts_follow_their_opportunities_and_roles(serve: Any) -> None:
    """A role that comes or goes tells the account anew, although nothing on the account changed."""
    org = serve()
    crm = asked(org)
    account = org.desk.add("account", {"name": "Acme", "website": "acme.example"})
    opportunity = org.desk.add("opportunity", {"account": account, "name": "New", "open": True})
    contact = org.desk.add("contact", {"last_name": "Diaz", "account": account})
    _, cursor = everything(crm, "")
    org.clock.wait(1_000_000)
    org.desk.add("contact_role", {"opportunity": opportunity, "contact": contact})
    page = crm.changed_since(cursor)
    assert [one.opportunities[0].roles for one in page.accounts] == [(contact,)]


@pytest.mark.parametrize("further", ["//evil.example/services/data/v62.0/q", "https://evil.example/", "/x"])
def test_a_page_elsewhere_is_not_asked_for(serve: Any, further: str) -> None:
    """An answer whose next page is at another server is no answer: our token goes nowhere else."""
    org = serve()
    before = org.simulator.requests
    body = {"records": [], "done": False, "nextRecordsUrl": further}
    with pytest.raises(TryAgain, match="something else"):
        org.crm._api._rest(body)
    assert org.simulator.requests == before
