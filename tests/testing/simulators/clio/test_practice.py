"""Matters, communications, time, calendar, documents, notes, webhooks (apis A2)."""

from __future__ import annotations

from typing import Any

import pytest

CALL = {"type": "PhoneCommunication", "subject": "Inbound call", "body": "They called."}
AT = "2026-03-02T11:04:11Z"


def properties(*names: str, value: str = "v") -> dict[str, Any]:
    """External properties by name."""
    return {"external_properties": [{"name": name, "value": value} for name in names]}


def test_a_call_is_logged(firm: Any) -> None:
    """A communication keeps who took part, what was said, and when."""
    contact, user = firm.person()["id"], firm.data("/users/who_am_i.json")["id"]
    matter = firm.made("/matters.json", {"client": {"id": contact}, "description": "Ng v. Roe"})["id"]
    people = {
        "senders": [{"id": contact, "type": "Contact"}],
        "receivers": [{"id": user, "type": "User"}],
    }
    fields = "subject,body,type,date,received_at,matter{id},senders{id,type,name},receivers{id,type},user{id}"
    body = {
        **CALL,
        **people,
        "received_at": AT,
        "matter": {"id": matter},
        "notification_event_subscribers": [],
    }
    assert firm.made("/communications.json", body, params={"fields": fields}) == {
        **CALL,
        "date": "2026-03-02",
        "received_at": AT,
        "matter": {"id": matter},
        "senders": [{"id": contact, "type": "Person", "name": "Ann Ng"}],
        "receivers": [{"id": user, "type": "User"}],
        "user": {"id": user},
    }
    (id,) = firm.ids("/communications.json", contact_id=contact)
    for told in ({"matter_id": matter}, {"date": "2026-03-02"}, {"user_id": user}, {"query": "they CALLED"}):
        assert firm.ids("/communications.json", **told) == [id]
    assert firm.ids("/communications.json", received_since="2026-03-03T00:00:00Z") == []
    assert firm.ids("/communications.json", type="EmailCommunication") == []
    assert firm.ids("/communications.json", matter_id="null") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "TextCommunication"},
        {"subject": " "},
        {"body": ""},
        {"subject": None},
        {"senders": [{"id": 999, "type": "Contact"}]},
        {"senders": [{"id": 999}]},
        {"matter": {"id": 999}},
        {"received_at": "tomorrow"},
        properties(*"abcdef"),
        properties("a", value="x" * 256),
        properties(""),
    ],
)
def test_a_call_that_cannot_be(firm: Any, wrong: Any) -> None:
    """There is no text message, nothing blank, nobody unknown, and no sixth external property."""
    answer = firm.ask("POST", "/communications.json", {**CALL, **wrong})
    assert answer.status_code in (400, 422)
    assert firm.data("/communications.json") == []


def test_limits_of_text_are_not_verified(firms: Any) -> None:
    """How long an external property may be, and whether blank text is taken, can be said otherwise."""
    firm = firms(external_value_limit=0, blank_text="taken", text_limit=0)
    long = {**CALL, "body": "", "subject": "x" * 3000, **properties("a", value="x" * 3000)}
    firm.made("/communications.json", long)


def test_what_we_wrote_is_found_by_its_property(firms: Any) -> None:
    """Name and value are compared whole, at once whatever the search's lag; the name alone does as well."""
    firm = firms(lag=60)
    one = firm.made("/communications.json", {**CALL, **properties("key", "kind", value="k1")})["id"]
    two = firm.made("/communications.json", {**CALL, **properties("key", value="k11")})["id"]
    firm.made("/communications.json", CALL)

    def found(value: str) -> list[int]:
        told = {"external_property_name": "key", "external_property_value": value}
        return list(firm.ids("/communications.json", **told))

    assert (found("k1"), found("k11"), found("k")) == ([one], [two], [])
    assert firm.ids("/communications.json", external_property_name="key") == [one, two]


def test_a_call_is_changed_in_place(firm: Any) -> None:
    """Text, people and properties change; what is not named stays."""
    one, two = firm.person()["id"], firm.person()["id"]
    sender = {"senders": [{"id": one, "type": "Contact"}]}
    made = firm.made("/communications.json", {**CALL, **sender, **properties("key"), "received_at": AT})
    path = f"/communications/{made['id']}.json"
    (held,) = firm.data(path, fields="external_properties{id,name,value}")["external_properties"]
    change = {
        "body": "More was said.",
        "senders": [{"id": one, "type": "Contact", "_deleted": True}, {"id": two, "type": "Contact"}],
        "external_properties": [{"id": held["id"], "value": "w"}, {"name": "kind", "value": "call"}],
    }
    fields = "subject,body,received_at,senders{id},external_properties{name,value}"
    answer = firm.ask("PATCH", path, change, params={"fields": fields}, headers={"IF-MATCH": made["etag"]})
    assert answer.json()["data"] == {
        "subject": CALL["subject"],
        "body": "More was said.",
        "received_at": AT,
        "senders": [{"id": two}],
        "external_properties": [{"name": "key", "value": "w"}, {"name": "kind", "value": "call"}],
    }
    gone = {"external_properties": [{"id": held["id"], "_destroy": True}]}
    answer = firm.ask("PATCH", path, gone, params={"fields": "external_properties{name}"})
    assert answer.json()["data"]["external_properties"] == [{"name": "kind"}]


def test_time_is_in_seconds_or_in_hours(firms: Any) -> None:
    """From 4.0.4 on a quantity is seconds, before it hours; either way it is the same time."""
    firm = firms(oldest_version="4.0.0")
    call = firm.made("/communications.json", CALL)["id"]
    entry = {"type": "TimeEntry", "date": "2026-03-02", "note": "Call", "communication": {"id": call}}
    seconds, hours = {"X-API-VERSION": "4.0.4"}, {"X-API-VERSION": "4.0.3"}
    first = firm.made("/activities.json", {**entry, "quantity": 360, "non_billable": True}, headers=seconds)
    second = firm.made("/activities.json", {**entry, "quantity": 0.1}, headers=hours)
    for made in (first, second):
        path = f"/activities/{made['id']}.json?fields=quantity"
        assert firm.ask("GET", path, headers=seconds).json()["data"] == {"quantity": 360.0}
        assert firm.ask("GET", path, headers=hours).json()["data"] == {"quantity": 0.1}
    told = firm.data("/activities.json", communication_id=call, fields="id,communication{id},non_billable")
    assert told == [
        {"id": first["id"], "communication": {"id": call}, "non_billable": True},
        {"id": second["id"], "communication": {"id": call}, "non_billable": False},
    ]
    counted = firm.data(f"/communications/{call}.json", fields="time_entries_count,time_entries{id}")
    assert counted == {"time_entries_count": 2, "time_entries": [{"id": first["id"]}, {"id": second["id"]}]}
    assert firm.ids("/communications.json", having_time_entries="true") == [call]
    wrong = {**entry, "communication": {"id": 999}}
    assert firm.ask("POST", "/activities.json", wrong).status_code == 422
    assert firm.ask("DELETE", f"/activities/{first['id']}.json").status_code == 204
    assert firm.ids("/activities.json") == [second["id"]]


def test_a_meeting_is_a_calendar_entry(firm: Any) -> None:
    """It is on somebody's calendar, from when to when, with contacts attending; its id is a text."""
    contact = firm.person()["id"]
    calendar = firm.data("/users/who_am_i.json", fields="default_calendar_id")["default_calendar_id"]
    entry = {
        "calendar_owner": {"id": calendar},
        "summary": "Kick-off",
        "start_at": "2026-03-03T09:00:00Z",
        "end_at": "2026-03-03T09:30:00Z",
        "attendees": [{"id": contact, "type": "Contact"}],
        **properties("key"),
    }
    made = firm.made("/calendar_entries.json", entry)
    assert isinstance(made["id"], str)
    path = f"/calendar_entries/{made['id']}.json"
    told = {"external_property_name": "key", "external_property_value": "v"}
    assert firm.ids("/calendar_entries.json", **told) == [made["id"]]
    fields = "summary,start_at,end_at,attendees{id,type,name},calendar_owner{id}"
    assert firm.data(path, fields=fields) == {
        "summary": "Kick-off",
        "start_at": "2026-03-03T09:00:00Z",
        "end_at": "2026-03-03T09:30:00Z",
        "attendees": [{"id": contact, "type": "Contact", "name": "Ann Ng"}],
        "calendar_owner": {"id": calendar},
    }
    assert firm.ids("/calendar_entries.json", **{"from": "2026-03-03T10:00:00Z"}) == []
    assert firm.ids("/calendar_entries.json", to="2026-03-03T08:00:00Z") == []
    moved = {"start_at": "2026-03-04T09:00:00Z", "end_at": "2026-03-04T08:00:00Z"}
    assert firm.ask("PATCH", path, moved).status_code == 422
    nobody = {"attendees": [{"id": contact, "type": "Contact", "_destroy": True}]}
    answer = firm.ask("PATCH", path, nobody, params={"fields": "attendees"})
    assert answer.json()["data"] == {"attendees": []}
    assert firm.ask("DELETE", path).status_code == 204
    for name in ("calendar_owner", "summary", "start_at", "end_at"):
        less = {key: value for key, value in entry.items() if key != name}
        assert firm.ask("POST", "/calendar_entries.json", less).status_code == 422


def test_matters_have_a_client_and_others(firm: Any) -> None:
    """A contact's matters are those of the client, by status; others are related."""
    client, witness = firm.person()["id"], firm.person()["id"]
    body = {"client": {"id": client}, "description": "Ng v. Roe"}
    related = [{"description": "Witness", "contact": {"id": witness}}]
    one = firm.made("/matters.json", {**body, "relationships": related, "open_date": "2026-01-01"})["id"]
    two = firm.made("/matters.json", {**body, "status": "pending"})["id"]
    three = firm.made("/matters.json", {**body, "status": "closed"})["id"]
    assert firm.ids("/matters.json", client_id=client) == [one, two, three]
    assert firm.ids("/matters.json", client_id=witness) == []
    assert firm.ids("/matters.json", client_id=client, status="open,pending") == [one, two]
    fields = "status,open_date,close_date,client{id},display_number"
    told = firm.data(f"/matters/{three}.json", fields=fields)
    assert (told["status"], told["close_date"], told["client"]) == ("Closed", "2026-03-02", {"id": client})
    assert firm.data(f"/matters/{one}.json", fields="open_date,status") == {
        "open_date": "2026-01-01",
        "status": "Open",
    }
    relation = firm.data("/relationships.json", contact_id=witness, fields="description,matter{id,status}")
    assert relation == [{"description": "Witness", "matter": {"id": one, "status": "Open"}}]
    more = {"contact": {"id": witness}, "matter": {"id": two}, "description": "Expert"}
    firm.made("/relationships.json", more)
    assert len(firm.ids("/relationships.json", contact_id=witness)) == 2
    assert firm.ask("PATCH", f"/matters/{one}.json", {"status": "closed"}).status_code == 200
    assert firm.ids("/matters.json", status="open") == []
    assert firm.ask("GET", "/matters.json?status=shut").status_code == 400


def test_relationships_are_changed_through_their_matter(firm: Any) -> None:
    """By its id one gets another contact, or goes; one of another matter is refused."""
    client, witness, other = (firm.person()["id"] for _ in range(3))
    related = [{"description": "Witness", "contact": {"id": witness}}]
    body = {"client": {"id": client}, "description": "Ng v. Roe", "relationships": related}
    one, two = (firm.made("/matters.json", body)["id"] for _ in range(2))
    (id,) = firm.ids("/relationships.json", matter_id=one)
    moved = {"relationships": [{"id": id, "contact": {"id": other}}]}
    assert firm.ask("PATCH", f"/matters/{one}.json", moved).status_code == 200
    told = firm.data("/relationships.json", contact_id=other, fields="id,description,matter{id}")
    assert told == [{"id": id, "description": "Witness", "matter": {"id": one}}]
    assert firm.ask("PATCH", f"/matters/{two}.json", moved).status_code == 422
    gone = {"relationships": [{"id": id, "_destroy": True}]}
    assert firm.ask("PATCH", f"/matters/{one}.json", gone).status_code == 200
    assert firm.ids("/relationships.json", matter_id=one) == []


@pytest.mark.parametrize(("quirk", "status"), [("refused", 403), ("taken", 204)])
def test_the_client_of_a_matter(firms: Any, quirk: str, status: int) -> None:
    """Whether a contact with a matter can be deleted is not known; one without can."""
    firm = firms(delete_client=quirk)
    client, other = firm.person()["id"], firm.person()["id"]
    firm.made("/matters.json", {"client": {"id": client}, "description": "Ng v. Roe"})
    assert firm.ask("DELETE", f"/contacts/{client}.json").status_code == status
    assert firm.ask("DELETE", f"/contacts/{other}.json").status_code == 204


def test_tasks_are_asked_for_by_whom_they_are_for(firm: Any) -> None:
    """A task of a contact is not one of the user who has the same number."""
    task = firm.simulator.state.add("tasks", {"name": "Sign", "assignee": 7, "assignee_type": "Contact"})
    assert firm.ids("/tasks.json", assignee_id=7, assignee_type="Contact") == [task.id]
    assert firm.ids("/tasks.json", assignee_id=7, assignee_type="User") == []
    assert firm.ask("POST", "/tasks.json", {}).status_code == 404


def test_a_document_comes_in_three_steps(firm: Any) -> None:
    """Named, then put with every header that was told, then said to be there; before that no list has it."""
    contact = firm.person()["id"]
    body = {"name": "fax.pdf", "parent": {"id": contact, "type": "Contact"}, **properties("key")}
    wanted = "id,latest_document_version{uuid,put_url,put_headers,fully_uploaded}"
    made = firm.made(
        "/documents.json", {**body, "content_type": "application/pdf"}, params={"fields": wanted}
    )
    version, path = made["latest_document_version"], f"/documents/{made['id']}.json"
    assert firm.ids("/documents.json") == []
    assert firm.ids("/documents.json", show_uncompleted="true") == [made["id"]]
    done = {"uuid": version["uuid"], "fully_uploaded": True}
    assert firm.ask("PATCH", path, done).status_code == 422
    headers = {one["name"]: one["value"] for one in version["put_headers"]}
    assert headers["Content-Type"] == "application/pdf"
    assert version["put_url"].startswith(firm.url)
    less = dict(list(headers.items())[:1])
    assert firm.client.put(version["put_url"], content=b"%PDF", headers=less).status_code == 403
    before = firm.simulator.requests
    leaking = {**headers, "Authorization": f"Bearer {firm.token}"}
    assert firm.client.put(version["put_url"], content=b"%PDF", headers=leaking).status_code == 400
    assert firm.client.put(version["put_url"], content=b"%PDF", headers=headers).status_code == 200
    assert firm.simulator.requests == before
    assert firm.ask("PATCH", path, {**done, "uuid": "other"}).status_code == 422
    assert firm.ask("PATCH", path, done).status_code == 200
    told = firm.data(path, fields="name,size,contact{id},latest_document_version{fully_uploaded,put_url}")
    assert told == {
        "name": "fax.pdf",
        "size": 4,
        "contact": {"id": contact},
        "latest_document_version": {"fully_uploaded": True, "put_url": None},
    }
    pair = {"external_property_name": "key", "external_property_value": "v"}
    assert firm.ids("/documents.json", **pair) == [made["id"]]
    assert firm.client.put(version["put_url"], content=b"x", headers=headers).status_code == 404


def test_an_upload_address_ends(firm: Any) -> None:
    """After ten minutes the bytes are not taken any more."""
    body = {"name": "fax.pdf", "parent": {"id": firm.person()["id"], "type": "Contact"}}
    wanted = {"fields": "latest_document_version{put_url,put_headers}"}
    version = firm.made("/documents.json", body, params=wanted)["latest_document_version"]
    headers = {one["name"]: one["value"] for one in version["put_headers"]}
    firm.wait(601)
    assert firm.client.put(version["put_url"], content=b"%PDF", headers=headers).status_code == 403


def test_a_note_is_on_a_contact_or_a_matter(firm: Any) -> None:
    """It is on what its type says, and lists of notes are of one type."""
    contact = firm.person()["id"]
    note = {"type": "Contact", "contact": {"id": contact}, "subject": "Called", "detail": "Will call again."}
    id = firm.made("/notes.json", note)["id"]
    assert firm.ids("/notes.json", type="Contact", contact_id=contact) == [id]
    assert firm.ids("/notes.json", type="Matter") == []
    assert firm.ask("POST", "/notes.json", {**note, "type": "Matter"}).status_code == 400


def test_users_are_told(firm: Any) -> None:
    """Who we are, and everybody, those who may not log in any more too."""
    who = firm.data("/users/who_am_i.json", fields="id,name,email,enabled")
    assert who["enabled"] is True
    left = int(
        firm.simulator.desk.add("user", {"name": "Bo Lind", "email": "bo@firm.example", "active": False})
    )
    assert firm.ids("/users.json") == [who["id"], left]
    assert firm.ids("/users.json", enabled="false", limit="2000") == [left]
    assert firm.ask("GET", "/users.json?limit=2001").status_code == 400
    assert firm.data("/users.json", fields="name,email", name="lind") == [
        {"name": "Bo Lind", "email": "bo@firm.example"}
    ]


def test_a_webhook_ends_by_itself(firm: Any) -> None:
    """https only; three days unless told, 31 at most; the secret is Clio's, and it can be renewed."""
    hook = {"url": "https://here.example/clio", "model": "contact", "fields": "id,etag"}
    fields = {"fields": "status,expires_at,shared_secret,events,model,url"}
    made = firm.made("/webhooks.json", hook, params=fields)
    assert made["expires_at"] == "2026-03-05T12:00:00Z"
    assert (made["status"], len(made["shared_secret"])) == ("pending", 64)
    (id,) = firm.ids("/webhooks.json")
    later = {"expires_at": "2026-04-02T12:00:00Z"}
    renewed = firm.ask("PATCH", f"/webhooks/{id}.json", later, params=fields)
    assert renewed.json()["data"] == {**made, **later}
    for wrong in ({"expires_at": "2026-04-02T12:00:01Z"}, {"expires_at": "2026-03-02T12:00:00Z"}):
        assert firm.ask("PATCH", f"/webhooks/{id}.json", wrong).status_code == 422
    assert firm.ask("POST", "/webhooks.json", {**hook, "url": "http://here.example/"}).status_code == 422
    assert firm.ask("POST", "/webhooks.json", {**hook, "events": ["renamed"]}).status_code == 422
    assert firm.ask("DELETE", f"/webhooks/{id}.json").status_code == 204
    assert firm.ids("/webhooks.json") == []
