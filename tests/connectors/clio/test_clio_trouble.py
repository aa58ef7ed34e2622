"""What the Clio connector does when things go wrong, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.contract import AuthLapsed, Gone, Rejected, TryAgain, Unclear
from firstcontact.planning.write import ActivityFields, DocumentFields, Existing, Receipt, Write
from firstcontact.testing.conformance.making import (
    JO,
    JO_PHONE,
    NOON,
    a_document,
    a_time_entry,
    a_write,
    an_activity,
    handle,
    new_contact,
    receipt,
    update,
)


def posts(path: str) -> Any:
    """Requests that make something there."""
    return lambda method, asked: method == "POST" and asked.endswith(path)


def finding(firm: Any, text: str) -> Any:
    """What is found for one handle."""
    one = handle(text)
    return firm.crm.find([one])[one.key]


def log(firm: Any, beginning: str) -> list[tuple[str, str]]:
    """Requests sent to paths with this in them."""
    return [(method, path) for method, path in firm.served.simulator.log if beginning in path]


# --- answers that are lost ----------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["failed_after", "cut", "html"])
@pytest.mark.parametrize("lag", [0.0, 300.0])
def test_a_contact_whose_answer_was_lost_is_found_by_its_key(
    make_firm: Any, trouble: str, lag: float
) -> None:
    """Unclear, and then `written` names it, whether the search knows it yet or not: it is not made twice."""
    firm = make_firm(lag=lag)
    firm.served.faults.next(trouble, posts("/contacts.json"))
    write = new_contact(firm.crm)
    (outcome,) = firm.crm.apply([write])
    assert isinstance(outcome, Unclear)
    (contact,) = firm.desk.dump()["contacts"]
    assert firm.connect().written([write.key])[write.key].id == contact["id"]


def test_a_filter_that_lags_hides_no_write(firm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether Clio's filters by custom field and external property lag is not known: where they do, the lists
    of what was made lately tell."""
    writes = [new_contact(firm.crm), an_activity(firm.crm), an_activity(firm.crm, "m", "meeting")]
    made = {write.key: receipt(firm.crm, write).id for write in writes}
    rows = firm.crm._api.rows

    def lagging(resource: str, fields: str, asked: Any) -> Any:
        filtered = any(name.startswith(("custom_field_values", "external_property")) for name in asked)
        return [] if filtered else rows(resource, fields, asked)

    monkeypatch.setattr(firm.crm._api, "rows", lagging)
    assert {key: one.id for key, one in firm.crm.written(list(made)).items()} == made


def test_an_activity_whose_answer_was_lost_is_found_by_its_key(firm: Any) -> None:
    """Communications and meetings are found by their external property."""
    for kind, path in (("call", "/communications.json"), ("meeting", "/calendar_entries.json")):
        firm.served.faults.next("cut", posts(path))
        write = an_activity(firm.crm, kind, kind)
        (outcome,) = firm.crm.apply([write])
        assert isinstance(outcome, Unclear)
        (held,) = [one for one in firm.desk.dump()["activities"] if one["kind"] == kind]
        assert firm.crm.written([write.key])[write.key].id == held["id"]


def test_a_time_entry_whose_answer_was_lost_is_made_once(firm: Any) -> None:
    """It bears no key; so it is looked for on its communication before it is sent again."""
    call = receipt(firm.crm, an_activity(firm.crm)).id
    write = a_time_entry(firm.crm, call)
    firm.served.faults.next("cut", posts("/activities.json"))
    (outcome,) = firm.crm.apply([write])
    assert isinstance(outcome, Unclear)
    assert firm.crm.written([write.key]) == {}
    firm.served.faults.next("refused_503", lambda _method, path: path.endswith("/activities.json"))
    (outcome,) = firm.crm.apply([write])
    assert isinstance(outcome, Unclear), "it stays in doubt until somebody could look"
    made = receipt(firm.crm, write)
    assert [entry["id"] for entry in firm.desk.dump()["time_entries"]] == [made.id]


def test_a_write_that_never_arrived_is_tried_again(firm: Any) -> None:
    """503, and a minute's limit: nothing happened, and nothing is in doubt."""
    firm.served.faults.next("refused_503", posts("/contacts.json"))
    (outcome,) = firm.crm.apply([new_contact(firm.crm)])
    assert isinstance(outcome, TryAgain)
    assert outcome.after == 2.0


def test_after_a_lost_answer_the_rest_waits(firm: Any) -> None:
    """What comes behind a lost answer in one call is not sent into the same trouble."""
    firm.served.faults.next("failed_after", posts("/contacts.json"))
    writes = [new_contact(firm.crm, name, emails=(f"{name}@acme.example",), phones=()) for name in "abc"]
    kinds = [type(outcome) for outcome in firm.crm.apply(writes)]
    assert kinds == [Unclear, TryAgain, TryAgain]
    assert len(firm.desk.dump()["contacts"]) == 1


def test_a_page_of_a_proxy_is_no_answer(firm: Any) -> None:
    """HTML instead of JSON: nobody is called absent."""
    firm.served.faults.next("html")
    with pytest.raises(TryAgain):
        finding(firm, JO)


# --- logins and limits ----------------------------------------------------------------------------------


def test_a_revoked_login_is_said(firm: Any) -> None:
    """Before anything was carried out, the whole call says so."""
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
    first, second = firm.crm.apply([new_contact(firm.crm), an_activity(firm.crm)])
    assert isinstance(first, Receipt)
    assert isinstance(second, TryAgain)


def test_an_ended_token_is_renewed_once(firm: Any) -> None:
    """After thirty days the permanent refresh token gives another access token, for all connectors."""
    firm.wait(31 * 86_400)
    firm.crm.users()
    firm.connect().users()
    assert firm.credentials.renewals == 1


@pytest.mark.parametrize("body", ["envelope", "text", "empty"])
@pytest.mark.parametrize("header", ["Retry-After", "Retry-At"])
def test_a_used_up_minute_is_waited_for(make_firm: Any, header: str, body: str) -> None:
    """429 with either header and any body: nobody sends until then, and nothing happened."""
    firm = make_firm(retry_header=header, body_429=body, limit=50)
    firm.served.simulator.exhaust(40)
    (outcome,) = firm.crm.apply([new_contact(firm.crm)])
    assert isinstance(outcome, TryAgain)
    assert outcome.after == pytest.approx(40, abs=1)
    assert firm.pace.left_alone == [outcome.after]
    firm.wait(61)
    receipt(firm.crm, new_contact(firm.crm))


def test_what_clio_says_of_its_limit_is_heeded(make_firm: Any) -> None:
    """Each answer tells the pace how much is left, and when the count starts anew."""
    firm = make_firm(limit=50)
    firm.crm.users()
    told = firm.crm.allowance()
    assert firm.pace.allowances[-1] == told
    assert (told.limit, told.left) == (50, 49)
    assert 0 < told.resets_in <= 60


def test_a_reading_of_everything_leaves_room_for_live_work(make_firm: Any) -> None:
    """It stops where two fifths of the minute are left, live work goes on, and the next minute it goes on
    where it was."""
    firm = make_firm(limit=50, page_size=2)
    for number in range(70):
        firm.desk.add("contact", {"last_name": f"Diaz {number}"})
    seen: set[str] = set()
    cursor = ""
    for _ in range(30):
        page = firm.crm.changed_since(cursor)
        seen |= {record.id for record in page.records}
        cursor = page.cursor
    with pytest.raises(TryAgain) as pause:
        firm.crm.changed_since(cursor)
    assert firm.crm.allowance().left == 20
    receipt(firm.crm, an_activity(firm.crm))
    assert 0 < pause.value.after <= 60
    firm.wait(pause.value.after)
    seen |= {record.id for page in pages(firm, cursor) for record in page.records}
    assert len(seen) == 70


# --- other people ------------------------------------------------------------------------------------------


def test_somebody_elses_change_in_between_is_kept(firm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person saves the contact between our reading and our writing: 412, read again, both changes are
    there."""
    id = firm.desk.add("contact", {"first_name": "Jo", "last_name": "Diaz", "phones": [JO_PHONE]})
    one, turns = firm.crm._api.one, []

    def then_edited(*args: Any) -> Any:
        row = one(*args)
        if not turns:
            firm.desk.edit("contact", id, {"title": "CFO"})
        turns.append(row["etag"])
        return row

    monkeypatch.setattr(firm.crm._api, "one", then_edited)
    receipt(firm.crm, update(firm.crm, id, phones=("+14155550188",)))
    record = firm.crm.read([id])[id]
    assert record.title == "CFO"
    assert {one.key for one in record.handles} == {JO_PHONE, "+14155550188"}
    assert len(set(turns)) == 2


def test_our_own_change_does_not_hide_a_persons(firm: Any) -> None:
    """What a person edited stays marked as edited after we have written to it; our own writes do not mark."""
    ours = receipt(firm.crm, new_contact(firm.crm)).id
    receipt(firm.crm, update(firm.crm, ours, title="CFO", phones=("+14155550188",)))
    assert not firm.crm.read([ours])[ours].edited_by_person
    firm.desk.edit("contact", ours, {"title": "CEO"})
    receipt(firm.crm, update(firm.crm, ours, phones=("+14155550177",)))
    assert firm.crm.read([ours])[ours].edited_by_person
    theirs = firm.desk.add("contact", {"last_name": "Roe"})
    receipt(firm.crm, update(firm.crm, theirs, title="CFO"))
    record = firm.crm.read([theirs])[theirs]
    assert (record.created_by_us, record.edited_by_person) == (False, False)


def test_a_contact_deleted_under_us_is_rejected_with_clios_words(firm: Any) -> None:
    """An activity for somebody who is not there any more is refused, and says what Clio said."""
    id = receipt(firm.crm, new_contact(firm.crm)).id
    firm.desk.delete("contact", id)
    (outcome,) = firm.crm.apply([an_activity(firm.crm, people=(Existing("contact", id),))])
    assert isinstance(outcome, Rejected)
    assert "Clio" in str(outcome)
    assert firm.crm.read([id]) == {id: Gone(id)}
    assert firm.desk.dump()["activities"] == []


def test_a_required_field_parks_the_contact(make_firm: Any) -> None:
    """422 is Rejected with Clio's words."""
    firm = make_firm(required_field="enforced")
    (outcome,) = firm.crm.apply([new_contact(firm.crm)])
    assert isinstance(outcome, Rejected)
    assert "Referral source" in str(outcome)


def test_a_deletion_comes_to_light_when_everything_is_read_anew(make_firm: Any) -> None:
    """After the hours that the option names a reading begins anew, by pages, and the deleted is in none."""
    firm = make_firm(options={"sweep_hours": 6}, page_size=2)
    ids = [firm.desk.add("contact", {"last_name": f"Diaz {number}"}) for number in range(5)]
    cursor = pages(firm, "")[-1].cursor
    firm.desk.delete("contact", ids[1])
    firm.wait(5 * 3600)
    idle = pages(firm, cursor)
    assert not any(page.restarted or page.records for page in idle)
    cursor = idle[-1].cursor
    assert len(pages(firm, cursor)) == 1, "what was told is not asked for again"
    firm.wait(3600)
    swept = pages(firm, cursor)
    assert [page.restarted for page in swept] == [True, False]
    assert {record.id for page in swept for record in page.records} == {*ids} - {ids[1]}
    assert [page.restarted for page in pages(firm, swept[-1].cursor)] == [False]


def test_a_change_during_a_reading_is_not_lost(make_firm: Any) -> None:
    """Whoever was on a page that was read already, and is changed before the last one, comes afterwards."""
    firm = make_firm(page_size=2)
    ids = [firm.desk.add("contact", {"last_name": f"Diaz {number}"}) for number in range(5)]
    firm.wait(3600)
    first = firm.crm.changed_since("")
    firm.wait(400)
    firm.desk.edit("contact", ids[0], {"title": "CFO"})
    firm.wait(400)
    rest = pages(firm, first.cursor)
    assert ids[0] not in {record.id for page in rest for record in page.records}
    (record,) = [record for page in pages(firm, rest[-1].cursor) for record in page.records]
    assert (record.id, record.title) == (ids[0], "CFO")


def test_two_changes_within_one_second_are_both_told(firm: Any) -> None:
    """Times have seconds only; the etag tells the second change from the first."""
    id = firm.desk.add("contact", {"last_name": "Diaz"})
    cursor = pages(firm, "")[-1].cursor
    for title in ("CFO", "CEO"):
        firm.desk.edit("contact", id, {"title": title})
        page = firm.crm.changed_since(cursor)
        assert [record.title for record in page.records] == [title]
        cursor = page.cursor


def test_a_token_of_a_page_that_is_not_known_any_more(make_firm: Any) -> None:
    """A reading whose page token is refused begins anew, and says so."""
    firm = make_firm(page_size=2)
    for number in range(5):
        firm.desk.add("contact", {"last_name": f"Diaz {number}"})
    cursor = firm.crm.changed_since("").cursor
    page = firm.crm.changed_since(cursor.replace('"page":"', '"page":"x'))
    assert page.restarted
    assert len(page.records) == 2


def pages(firm: Any, cursor: str) -> list[Any]:
    """All pages behind a cursor, each asked of a new connector, as after a restart."""
    found = [firm.connect().changed_since(cursor)]
    while found[-1].more:
        found.append(firm.connect().changed_since(found[-1].cursor))
    return found


# --- faxes ------------------------------------------------------------------------------------------


def a_fax(firm: Any, **fields: Any) -> str:
    """A fax that is logged: its id."""
    return receipt(firm.crm, an_activity(firm.crm, "fax", "fax", **fields)).id


def a_file(firm: Any, activity: str, uri: str) -> Write:
    """A write that puts this file beside it."""
    on = Existing("activity", activity)
    fields = DocumentFields(interaction="fax", activity=on, name="fax.pdf", uri=uri)
    return a_write(firm.crm, "document", "fax", fields)


def test_a_file_that_nobody_gives_us_is_named_in_the_text(firm: Any) -> None:
    """An address that wants a login of its own stays an address, once."""
    contact = receipt(firm.crm, new_contact(firm.crm)).id
    fax = a_fax(firm, body="Pages: 2", people=(Existing("contact", contact),))
    uri = f"{firm.served.url}/nothing/here"
    for _ in range(2):
        assert receipt(firm.crm, a_file(firm, fax, uri)).id == fax
    (held,) = firm.desk.dump()["activities"]
    assert held["body"].count(uri) == 1
    assert held["body"].startswith("Pages: 2")
    assert firm.desk.dump()["documents"] == []


def test_several_files_of_one_fax_are_all_named(firm: Any) -> None:
    """The second is put into the text as the first has left it."""
    fax = a_fax(firm, body="Pages: 2")
    uris = [f"{firm.served.url}/nothing/{number}" for number in range(3)]
    outcomes = firm.crm.apply([a_file(firm, fax, uri) for uri in uris])
    assert [type(outcome) for outcome in outcomes] == [Receipt] * 3
    (held,) = firm.desk.dump()["activities"]
    assert all(uri in held["body"] for uri in uris)


def test_a_fax_of_nobody_is_named_in_the_text(firm: Any) -> None:
    """Without a contact and a matter Clio has no place for a file."""
    fax = a_fax(firm)
    assert receipt(firm.crm, a_document(firm.crm, fax, "fax")).id == fax
    assert "Attachment: fax.pdf" in firm.desk.dump()["activities"][0]["body"]


@pytest.mark.parametrize(
    ("trouble", "method"), [("failed_500", "PUT"), ("refused_503", "PUT"), ("refused_503", "PATCH")]
)
def test_an_upload_that_broke_off_is_made_anew_and_once(firm: Any, trouble: Any, method: str) -> None:
    """The file never arrived: what was begun is taken back before it is made again."""
    contact = receipt(firm.crm, new_contact(firm.crm)).id
    fax = a_fax(firm, people=(Existing("contact", contact),))
    firm.served.faults.next(trouble, lambda sent, _path: sent == method)
    write = a_document(firm.crm, fax, "fax")
    (outcome,) = firm.crm.apply([write])
    assert isinstance(outcome, Unclear)
    assert firm.crm.written([write.key]) == {}
    made = receipt(firm.crm, write).id
    assert [one["id"] for one in firm.desk.dump()["documents"]] == [made]
    assert firm.crm.written([write.key])[write.key].id == made


def test_a_permission_that_ends_during_an_upload_leaves_one_file(
    firm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was begun is taken back when the permission is there again."""
    contact = receipt(firm.crm, new_contact(firm.crm)).id
    fax = a_fax(firm, people=(Existing("contact", contact),))
    write = a_document(firm.crm, fax, "fax")
    with monkeypatch.context() as meanwhile:

        def lapsed(*_: object) -> None:
            raise AuthLapsed("The permission has been taken away.")

        meanwhile.setattr(firm.crm._api, "change", lapsed)
        (outcome,) = firm.crm.apply([write])
    assert isinstance(outcome, Unclear)
    assert firm.crm.written([write.key]) == {}
    made = receipt(firm.crm, write).id
    assert [one["id"] for one in firm.desk.dump()["documents"]] == [made]


# --- searching --------------------------------------------------------------------------------------


def crowd(firm: Any, count: int = 30) -> None:
    """So many contacts, written long ago, that reading the list is dearer than asking."""
    for number in range(count):
        fields = {"last_name": f"Crowd {number}", "phones": [f"+1415555{1000 + number}"]}
        firm.desk.add("contact", fields)
    firm.wait(3600)


@pytest.mark.parametrize("search", ["substring", "tokens", "exact"])
@pytest.mark.parametrize(
    "written",
    ["(415) 555-0123", "+14155550123", "4155550123", "415.555.0123 (Jane's)", "+1 415-555-0123 ext. 7"],
)
def test_a_number_is_found_however_it_is_written(make_firm: Any, search: str, written: str) -> None:
    """Whichever way Clio searches, the usual writings are found by asking, without reading the list."""
    firm = make_firm(phone_query=search, page_size=2)
    crowd(firm)
    id = firm.desk.add("contact", {"last_name": "Diaz", "phones": [written]})
    firm.wait(3600)
    assert [record.id for record in finding(firm, JO_PHONE).records] == [id]
    assert finding(firm, "+14155550199").status == "absent"
    assert len(log(firm, "page_token")) < 8, "the list of sixteen pages was not read"


def test_whom_the_search_does_not_know_yet_is_found(make_firm: Any) -> None:
    """A contact that a person made a moment ago is in the list of what was changed lately."""
    firm = make_firm(lag=600.0, page_size=2)
    crowd(firm)
    finding(firm, JO)
    id = firm.desk.add("contact", {"last_name": "Diaz", "phones": ["415 555 0123"]})
    assert [record.id for record in finding(firm, JO_PHONE).records] == [id]


def test_a_search_that_fails_is_unknown_in_a_long_list(make_firm: Any) -> None:
    """Where asking is needed and the search is down, nobody is called absent."""
    firm = make_firm(page_size=2)
    crowd(firm)
    finding(firm, JO)
    with firm.desk.broken_search(), pytest.raises(TryAgain):
        finding(firm, JO)


def test_a_question_with_too_many_answers_is_unknown(make_firm: Any) -> None:
    """More answers than are looked at: unknown, although some bear the number."""
    firm = make_firm(page_size=2)
    crowd(firm)
    finding(firm, JO)
    for number in range(14):
        firm.desk.add("contact", {"last_name": f"Diaz {number}", "phones": [JO_PHONE]})
    firm.wait(3600)
    assert finding(firm, JO_PHONE).status == "unknown"


def test_a_company_bears_its_number(firm: Any) -> None:
    """A company is a contact of Clio's: a second record for its number would be a double."""
    company = firm.crm._api.create(
        "contacts",
        {"type": "Company", "name": "Acme", "phone_numbers": [{"name": "Work", "number": JO_PHONE}]},
    )
    (record,) = finding(firm, JO_PHONE).records
    assert (record.id, record.type, record.name) == (str(company["id"]), "contact", "Acme")


# --- activities -------------------------------------------------------------------------------------


def test_an_update_of_people_and_direction_moves_them(firm: Any) -> None:
    """Sides follow the direction; who is not on it any more is taken off, the user stays."""
    user = firm.desk.add("user", {"name": "Ana Ruiz"})
    jo = receipt(firm.crm, new_contact(firm.crm)).id
    kim = receipt(firm.crm, new_contact(firm.crm, "kim", emails=("kim@acme.example",), phones=())).id
    call = receipt(firm.crm, an_activity(firm.crm, people=(Existing("contact", jo),), user=user)).id
    fields = ActivityFields(
        kind="call",
        interactions=("call",),
        at=NOON,
        subject="Call",
        direction="outbound",
        people=(Existing("contact", kim),),
        user=user,
    )
    write = Write(
        key="0" * 31 + "1",
        kind="update_activity",
        interaction="call",
        subject="",
        fields=fields,
        target=Existing("activity", call),
        changed=("people", "direction"),
    )
    receipt(firm.crm, write)
    (held,) = firm.desk.dump()["activities"]
    assert (held["contacts"], held["user"], held["direction"]) == ([kim], user, "outbound")


def test_a_meeting_is_moved_in_place(firm: Any) -> None:
    """Another time and another guest; its length stays."""
    jo = receipt(firm.crm, new_contact(firm.crm)).id
    meeting = receipt(firm.crm, an_activity(firm.crm, "m", "meeting", seconds=1800, direction="")).id
    fields = ActivityFields(
        kind="meeting",
        interactions=("m",),
        at=NOON + 3_600_000_000,
        subject="Call",
        seconds=1800,
        people=(Existing("contact", jo),),
    )
    write = Write(
        key="0" * 31 + "2",
        kind="update_activity",
        interaction="m",
        subject="",
        fields=fields,
        target=Existing("activity", meeting),
        changed=("at", "people"),
    )
    receipt(firm.crm, write)
    (held,) = firm.desk.dump()["activities"]
    assert (held["at"], held["seconds"], held["contacts"]) == (NOON + 3_600_000_000, 1800, [jo])


def test_a_time_entry_is_on_the_users_own_day(firm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half past one in the night by UTC is the evening before in Vancouver."""
    user = firm.desk.add("user", {"name": "Ana Ruiz"})
    all_rows = firm.crm._api.rows

    def in_vancouver(resource: str, fields: str, asked: Any) -> Any:
        rows = all_rows(resource, fields, asked)
        zone = {"time_zone": "Pacific Time (US & Canada)"}
        return [{**row, **zone} for row in rows] if resource == "users" else rows

    monkeypatch.setattr(firm.crm._api, "rows", in_vancouver)
    night = NOON + 13 * 3_600_000_000 + 1_800_000_000
    assert firm.crm._users.day(night, user) == "2026-03-02"
    assert firm.crm._users.day(night, "") == "2026-03-03"
