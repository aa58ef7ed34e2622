"""Calls, events, tasks, notes, files, and the roles of contacts on deals."""

from __future__ import annotations

from typing import Any

import pytest

EVENT = {
    "Event_Title": "Kick-off",
    "Start_DateTime": "2026-03-03T09:00:00+00:00",
    "End_DateTime": "2026-03-03T09:30:00+00:00",
}


@pytest.fixture
def people(firm: Any) -> Any:
    """A firm with a contact, a lead, an account and a deal."""
    firm.contact = firm.desk.add("contact", {"last_name": "Diaz", "first_name": "Jo"})
    firm.lead = firm.desk.add("lead", {"last_name": "Moe"})
    firm.account = firm.desk.add("account", {"name": "Acme"})
    firm.deal = firm.desk.add("opportunity", {"name": "Renewal", "account": firm.account, "open": True})
    return firm


@pytest.mark.parametrize(("written", "seconds"), [("10:00", 600), ("00:15", 15), ("125:07", 7507)])
def test_a_call_s_length(firm: Any, written: str, seconds: int) -> None:
    """`mm:ss` as it was sent, and the seconds of it (recorded)."""
    call = firm.one("Calls", firm.call(Call_Duration=written))
    assert (call["Call_Duration"], call["Call_Duration_in_seconds"]) == (written, seconds)


def test_a_length_that_is_none(firm: Any) -> None:
    """Seconds beyond 59 and other forms are refused, and nobody sets the seconds."""
    for wrong in ("10", "1:70", "0:5", 372):
        assert firm.refused("Calls", **call(Call_Duration=wrong))["details"]["api_name"] == "Call_Duration"
    assert firm.refused("Calls", **call(Call_Duration_in_seconds=5))["code"] == "NOT_ALLOWED"


def call(**more: Any) -> dict[str, Any]:
    """The fields of a call."""
    usual = {"Subject": "Call", "Call_Type": "Inbound", "Call_Start_Time": "2026-03-02T12:00:00+00:00"}
    return {**usual, "Call_Duration": "01:00", **more}


@pytest.mark.parametrize(
    ("fields", "lacking"),
    [
        ({"Subject": None}, "Subject"),
        ({"Call_Type": None}, "Call_Type"),
        ({"Call_Start_Time": None}, "Call_Start_Time"),
        ({"Call_Duration": None}, "Call_Duration"),
        ({"Call_Type": "Outbound"}, "Outbound_Call_Status"),
        ({"Call_Type": "Missed", "Call_Duration": None}, ""),
        ({"Call_Type": "Outbound", "Outbound_Call_Status": "Scheduled", "Call_Duration": None}, ""),
        ({"Call_Type": "Outbound", "Outbound_Call_Status": "Completed"}, ""),
    ],
)
def test_what_a_call_needs(firm: Any, fields: dict[str, Any], lacking: str) -> None:
    """Subject, kind and start; a length where it took place; how it went where it was ours."""
    if lacking:
        item = firm.refused("Calls", **call(**fields))
        assert (item["code"], item["details"]["api_name"]) == ("MANDATORY_NOT_FOUND", lacking)
    else:
        assert firm.made("Calls", **call(**fields))


def test_a_length_is_needed_by_quirk(firms: Any) -> None:
    """Where it is free, a call has none."""
    assert firms(call_duration="free").made("Calls", **call(Call_Duration=None))


def test_how_a_call_went(firm: Any) -> None:
    """Received, missed, or what an outbound one says of itself (recorded)."""
    assert firm.one("Calls", firm.call())["Call_Status"] == "Received"
    assert firm.one("Calls", firm.call(Call_Type="Missed"))["Call_Status"] == "Missed"
    own = firm.call(Call_Type="Outbound", Outbound_Call_Status="Scheduled")
    assert firm.one("Calls", own)["Call_Status"] == "Scheduled"
    assert firm.refused("Calls", **call(Call_Type="Sideways"))["details"]["api_name"] == "Call_Type"


@pytest.mark.parametrize("module", ["Accounts", "Deals", "Leads"])
def test_what_a_call_is_about(people: Any, module: str) -> None:
    """`What_Id` with the module it is of; a lead stands there, too."""
    id = {"Accounts": people.account, "Deals": people.deal, "Leads": people.lead}[module]
    who = {} if module == "Leads" else {"Who_Id": {"id": people.contact}}
    made = people.call(**{"What_Id": {"id": id}, "$se_module": module}, **who)
    told = people.one("Calls", made)
    assert (told["What_Id"]["id"], told["$se_module"]) == (id, module)
    assert (told["Who_Id"] or {}).get("id") == (people.contact if who else None)
    (row,) = people.coql(f"select What_Id, Who_Id from Calls where What_Id = '{id}'")
    assert row["What_Id"] == {"id": id}


def test_what_a_call_cannot_be_about(people: Any) -> None:
    """No module, another module, nobody there, a lead with a contact, a lead as Who_Id."""
    contact, lead = {"id": people.contact}, {"id": people.lead}
    for fields, code, name in (
        ({"What_Id": lead}, "MANDATORY_NOT_FOUND", "$se_module"),
        ({"What_Id": lead, "$se_module": "Notes"}, "INVALID_DATA", "$se_module"),
        ({"What_Id": lead, "$se_module": "Deals"}, "INVALID_DATA", "What_Id"),
        ({"What_Id": lead, "$se_module": "Leads", "Who_Id": contact}, "INVALID_DATA", "Who_Id"),
        ({"Who_Id": lead}, "INVALID_DATA", "Who_Id"),
        ({"Who_Id": people.lead[:-1]}, "INVALID_DATA", "Who_Id"),
    ):
        item = people.refused("Calls", **call(**fields))
        assert (item["code"], item["details"]["api_name"]) == (code, name), fields


def test_links_go_with_what_they_point_at(people: Any) -> None:
    """Of a deleted contact nothing is left on its activities; a merged one's are the survivor's."""
    survivor = people.desk.add("contact", {"last_name": "Diaz"})
    first = people.call(Who_Id={"id": people.contact})
    people.desk.merge(people.contact, survivor)
    assert people.one("Calls", first)["Who_Id"]["id"] == survivor
    people.desk.delete("contact", survivor)
    assert people.one("Calls", first)["Who_Id"] is None
    about = people.call(**{"What_Id": {"id": people.lead}, "$se_module": "Leads"})
    contact = people.desk.convert(people.lead)
    told = people.one("Calls", about)
    assert (told["Who_Id"]["id"], told["What_Id"], told["$se_module"]) == (contact, None, None)


def test_events(people: Any) -> None:
    """Times come back in the user's zone; participants as sent; an end before the start is refused."""
    guests = [{"type": "contact", "participant": people.contact}]
    id = people.made("Events", **EVENT, Participants=guests, Venue="Office", Who_Id={"id": people.contact})
    event = people.one("Events", id)
    assert (event["Start_DateTime"], event["Participants"]) == ("2026-03-03T01:00:00-08:00", guests)
    assert people.refused("Events", **{**EVENT, "End_DateTime": EVENT["Start_DateTime"]})["details"][
        "api_name"
    ] == ("End_DateTime")
    assert people.refused("Events", **{**EVENT, "Event_Title": None})["code"] == "MANDATORY_NOT_FOUND"
    assert people.refused("Events", **EVENT, Participants=[{"type": "dog"}])["code"] == "INVALID_DATA"


def test_invitations_are_sent_where_asked_for(people: Any) -> None:
    """None goes out but with `$send_notification`."""
    people.made("Events", **EVENT)
    assert people.simulator.invited == []
    id = people.made("Events", **EVENT, **{"$send_notification": True})
    assert people.simulator.invited == [id]


def test_tasks(people: Any) -> None:
    """Subject is needed, a day is a day."""
    id = people.made("Tasks", Subject="Text", Status="Completed", Due_Date="2026-03-02")
    task = people.one("Tasks", id)
    assert (task["Due_Date"], task["Status"]) == ("2026-03-02", "Completed")
    assert people.refused("Tasks", Status="Completed")["details"]["api_name"] == "Subject"
    assert people.refused("Tasks", Subject="x", Due_Date="soon")["details"]["api_name"] == "Due_Date"


# --- notes -----------------------------------------------------------------------------------------------


def note(**more: Any) -> dict[str, Any]:
    """The body of a note."""
    return {"data": [{"Note_Title": "Hello", "Note_Content": "More", **more}]}


def test_a_note_s_parent_by_version(firms: Any) -> None:
    """v8 has the module within `Parent_Id`, v2 beside it; each takes its own, v8 both by quirk."""
    for mode in ("own", "both"):
        firm = firms(note_parent=mode)
        contact = firm.desk.add("contact", {"last_name": "Diaz"})
        new = note(Parent_Id={"module": {"api_name": "Contacts"}, "id": contact})
        old = note(Parent_Id=contact, se_module="Contacts")
        assert firm.ask("POST", "/Notes", new).status_code == 201
        assert firm.ask("POST", "/Notes", old, version=2).status_code == 201
        assert firm.ask("POST", "/Notes", old).status_code == (201 if mode == "both" else 400)
        found = firm.data(f"/Contacts/{contact}/Notes", fields="Note_Title,Parent_Id")
        assert len(found) == (3 if mode == "both" else 2)
        assert {one["Parent_Id"]["id"] for one in found} == {contact}


def test_a_note_needs_what_it_is_on(people: Any) -> None:
    """A parent that is there, and a content."""
    parent = {"module": {"api_name": "Contacts"}, "id": people.contact}
    for body, code in (
        (note(), "MANDATORY_NOT_FOUND"),
        (note(Parent_Id={**parent, "id": "1"}), "INVALID_DATA"),
        (note(Parent_Id={**parent, "module": {"api_name": "Nonsense"}}), "INVALID_DATA"),
        (note(Parent_Id=parent, Note_Content=None), "MANDATORY_NOT_FOUND"),
    ):
        answer = people.ask("POST", "/Notes", body)
        assert (answer.status_code, answer.json()["data"][0]["code"]) == (400, code), body
    made = people.ask("POST", "/Notes", note(Parent_Id=parent)).json()["data"][0]["details"]["id"]
    assert people.ask("PUT", f"/Notes/{made}", {"data": [{"Note_Title": "New"}]}).status_code == 200
    assert people.one("Notes", made)["Parent_Id"]["id"] == people.contact
    people.desk.delete("contact", people.contact)
    assert people.ask("GET", f"/Notes/{made}").status_code == 204


# --- files -----------------------------------------------------------------------------------------------


def test_a_file_on_a_call(firm: Any) -> None:
    """It is uploaded, listed, downloaded byte for byte, and deleted; without any it is 204."""
    path = f"/Calls/{firm.call()}/Attachments"
    assert firm.ask("GET", path, params={"fields": "id"}).status_code == 204
    data = bytes(range(256)) + b"\r\n--x\r\n\r\n"
    answer = firm.ask("POST", path, files={"file": ('f"é".pdf', data, "application/pdf")})
    assert (answer.status_code, answer.json()["data"][0]["code"]) == (200, "SUCCESS")
    (told,) = firm.data(path, fields="id,File_Name,Size,$type,Parent_Id")
    assert (told["File_Name"], told["Size"], told["$type"]) == ('f"é".pdf', str(len(data)), "File")
    assert firm.ask("GET", f"{path}/{told['id']}").content == data
    assert firm.ask("DELETE", f"{path}/{told['id']}").status_code == 200
    assert firm.ask("GET", path, params={"fields": "id"}).status_code == 204
    assert firm.error("GET", f"{path}/{told['id']}")[0] == 404
    assert firm.error("GET", path)[1] == "REQUIRED_PARAM_MISSING"


def test_a_link_on_a_call(firm: Any) -> None:
    """By parameters or by a form, with a title or without; a link is not downloaded."""
    path = f"/Calls/{firm.call()}/Attachments"
    link = "https://files.example/fax.pdf"
    assert firm.ask("POST", path, params={"attachmentUrl": link, "title": "Fax"}).status_code == 200
    form = {"files": {"attachmentUrl": (None, link)}}
    assert firm.ask("POST", path, **form).status_code == 200
    told = firm.data(path, fields="id,File_Name,$type,$link_url")
    assert [one["File_Name"] for one in told] == ["Fax", link]
    assert {(one["$type"], one["$link_url"]) for one in told} == {("Link URL", link)}
    assert firm.error("GET", f"{path}/{told[0]['id']}")[1] == "INVALID_DATA"


def test_what_is_no_file(firm: Any) -> None:
    """Nothing, something too large, an address that is none, a record that is not there."""
    path = f"/Calls/{firm.call()}/Attachments"
    assert firm.error("POST", path)[1] == "INVALID_DATA"
    large = {"file": ("a.pdf", b"x" * (20 * 1024 * 1024 + 1))}
    assert firm.error("POST", path, files=large)[:2] == (413, "FILE_SIZE_EXCEEDED")
    assert firm.error("POST", path, params={"attachmentUrl": "ftp://x"})[1] == "INVALID_DATA"
    assert firm.error("POST", "/Calls/1/Attachments")[:2] == (400, "INVALID_DATA")
    assert firm.error("POST", f"{path}/1")[1] == "INVALID_REQUEST_METHOD"
    assert firm.error("GET", path.replace("Attachments", "Nonsense"))[1] == "INVALID_URL_PATTERN"


# --- roles -----------------------------------------------------------------------------------------------


def test_roles_of_contacts_on_deals(people: Any) -> None:
    """Associated under one of the roles there are, listed, taken away."""
    path = f"/Deals/{people.deal}/Contact_Roles"
    assert people.ask("GET", path, params={"fields": "id"}).status_code == 204
    role = people.data("/Contacts/roles", key="contact_roles")[0]
    body = {"data": [{"Contact_Role": {"name": role["name"]}}]}
    assert people.ask("PUT", f"{path}/{people.contact}", body).status_code == 200
    (told,) = people.data(path, fields="Last_Name,Contact_Role")
    assert (told["id"], told["Contact_Role"]["id"]) == (people.contact, role["id"])
    held = people.desk.dump()["contact_roles"]
    assert held == [{"opportunity": people.deal, "contact": people.contact, "role": role["name"]}]
    assert people.error("PUT", f"{path}/1", body)[1] == "INVALID_DATA"
    wrong = {"data": [{"Contact_Role": {"name": "Nobody"}}]}
    assert people.error("PUT", f"{path}/{people.contact}", wrong)[1] == "INVALID_DATA"
    assert people.error("GET", path)[1] == "REQUIRED_PARAM_MISSING"
    assert people.ask("DELETE", f"{path}/{people.contact}").status_code == 200
    assert people.desk.dump()["contact_roles"] == []
