"""What is logged in Lawmatics: interactions, notes, events, time, files, the feed (apis A3)."""

from __future__ import annotations

from typing import Any

import pytest

AT = "2026-03-02T10:00:00Z"
UNTIL = "2026-03-02T10:30:00Z"


@pytest.fixture
def ann(firm: Any) -> str:
    """A contact with a number and an address."""
    id: str = firm.person(email="ann@ng.example", phone="415-555-0101")
    return id


@pytest.fixture
def matter(firm: Any, ann: str) -> str:
    """Her matter."""
    id: str = firm.matter(contact_id=ann)["id"]
    return id


def form(**fields: Any) -> list[tuple[str, Any]]:
    """A multipart form; lists are fields that come several times."""
    parts: list[tuple[str, Any]] = []
    for name, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            parts.append((name, one if isinstance(one, tuple) else (None, str(one))))
    return parts


# --- interactions --------------------------------------------------------------------------------------


def test_an_interaction_stands_on_a_matter_only(firm: Any, ann: str, matter: str) -> None:
    """It is made, changed and deleted; a contact cannot have one."""
    body = {"happened_at": AT, "prospect_id": int(matter), "body": "Spoke.", "interaction_type": "Call"}
    made = firm.made("/interactions", body)
    assert made["attributes"]["happened_at"] == "2026-03-02T02:00:00.000-08:00"
    assert made["relationships"] == {
        "created_by": {"data": {"id": "3", "type": "user"}},
        "interactable": {"data": {"id": matter, "type": "prospect"}},
    }
    changed = firm.ask("PUT", f"/interactions/{made['id']}", {"body": "Spoke again."}).json()["data"]
    assert (changed["attributes"]["body"], changed["attributes"]["interaction_type"]) == (
        "Spoke again.",
        "Call",
    )
    assert firm.ids("/interactions", filter_by="matter_id", filter_on=matter) == [made["id"]]
    found = firm.ids("/interactions", filter_by="body", filter_with="like", filter_on="%again%")
    assert found == [made["id"]]
    for wrong in ({"contact_id": ann}, {"prospect_id": ann}, {"prospect_id": None}, {"happened_at": "soon"}):
        firm.refused(422, "POST", "/interactions", {**body, **wrong})
    assert firm.ask("DELETE", f"/interactions/{made['id']}").status_code == 200
    firm.refused(404, "GET", f"/interactions/{made['id']}")


def test_a_past_interaction_is_the_last_contact(firm: Any, ann: str, matter: str) -> None:
    """`date_of_last_contact` is when the contact was made, then the latest interaction that has happened."""
    name = "date_of_last_contact"
    at_first = firm.data(f"/contacts/{ann}", fields=name)["attributes"][name]
    firm.wait(86_400 * 3)
    body = {"prospect_id": matter, "interaction_type": "Call"}
    firm.made("/interactions", {**body, "happened_at": "2027-01-01T00:00:00Z"})
    assert firm.data(f"/contacts/{ann}", fields=name)["attributes"][name] == at_first
    firm.made("/interactions", {**body, "happened_at": "2026-03-04T20:00:00Z"})
    held = firm.data(f"/prospects/{matter}", fields="last_contacted_date,days_since_last_contact")[
        "attributes"
    ]
    assert held == {"last_contacted_date": "2026-03-04T12:00:00.000-08:00", "days_since_last_contact": 0}


# --- notes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("type", ["Prospect", "Matter", "Contact", "Company"])
def test_a_note_stands_on_whatever_takes_one(firm: Any, ann: str, matter: str, type: str) -> None:
    """It is made, changed, found by what it stands on, and deleted."""
    company = firm.made("/companies", {"name": "Acme"})["id"]
    id = {"Contact": ann, "Company": company}.get(type, matter)
    made = firm.made("/notes", {"name": "N", "body": "B", "notable_type": type, "notable_id": id})
    assert made["relationships"] == {}
    owner = firm.data(f"/notes/{made['id']}", fields="notable")["relationships"]["notable"]["data"]
    assert owner == {"id": id, "type": "prospect" if type == "Matter" else type.lower()}
    changed = firm.ask("PATCH", f"/notes/{made['id']}", {"body": "C"}).json()["data"]["attributes"]
    assert (changed["name"], changed["body"]) == ("N", "C")
    assert firm.ask("DELETE", f"/notes/{made['id']}").status_code == 200
    assert firm.data("/notes") == []
    firm.refused(422, "POST", "/notes", {"body": "B", "notable_type": type, "notable_id": 99_999})
    firm.refused(422, "POST", "/notes", {"body": "B", "notable_type": "Event", "notable_id": id})


def test_notes_on_contacts_may_be_refused(firms: Any) -> None:
    """The other side of what is not verified: 422, while notes that come with a contact are taken."""
    firm = firms(contact_notes="refused")
    id = firm.person(notes=[{"name": "N", "body": "B"}])
    firm.refused(422, "POST", "/notes", {"body": "B", "notable_type": "Contact", "notable_id": id})
    matter = firm.matter(contact_id=id)["id"]
    firm.made("/notes", {"body": "B", "notable_type": "Prospect", "notable_id": matter})
    assert len(firm.data("/notes")) == 2


def test_notes_of_a_contact_come_with_it(firm: Any) -> None:
    """POST and PUT of a contact take notes (apis A3, "Create contact")."""
    id = firm.person(notes=[{"name": "one", "body": "1"}])
    firm.ask("PUT", f"/contacts/{id}", {"notes": [{"name": "two", "body": "2"}]})
    held = firm.data("/notes", filter_by="contact_id", filter_on=id, sort_order="asc")
    assert [one["attributes"]["name"] for one in held] == ["one", "two"]


# --- events --------------------------------------------------------------------------------------------


def event(ann: str, **more: Any) -> dict[str, Any]:
    """A body of a meeting with her."""
    on = {"eventable_type": "Contact", "eventable_id": ann}
    return {"name": "Kick-off", "start_date": AT, "end_date": UNTIL, "user_ids": [3], **on, **more}


def test_an_event_invites_unless_it_is_told_not_to(firm: Any, ann: str) -> None:
    """`send_invites` defaults to true: then the contact and the users get mails; with false nobody does."""
    quiet = firm.made("/events", event(ann, send_invites=False))
    assert quiet["attributes"]["send_invites"] is False
    firm.ask("PUT", f"/events/{quiet['id']}", {"name": "Kick-off 2"})
    firm.ask("DELETE", f"/events/{quiet['id']}")
    assert firm.simulator.invitations == []
    loud = firm.made("/events", event(ann))
    assert loud["attributes"]["send_invites"] is True
    told = [(one.event, one.to, one.about) for one in firm.simulator.invitations]
    assert told == [
        (loud["id"], "ann@ng.example", "invited"),
        (loud["id"], "firstcontact@firm.example", "invited"),
    ]
    firm.ask("DELETE", f"/events/{loud['id']}", params={"notify_attendees": "true"})
    assert [one.about for one in firm.simulator.invitations[2:]] == ["cancelled", "cancelled"]


def test_an_event_is_made_changed_and_cancelled(firm: Any, ann: str) -> None:
    """Its times, people and what it stands on are there; what cannot be is refused."""
    made = firm.made("/events", event(ann, send_invites=False, all_day=False, event_type_id=1))
    assert made["attributes"]["start_date"] == "2026-03-02T02:00:00.000-08:00"
    assert made["relationships"] == {
        "eventable": {"data": {"id": ann, "type": "contact"}},
        "users": {"data": [{"id": "3", "type": "user"}]},
        "event_type": {"data": {"id": "1", "type": "event_type"}},
    }
    later = {"end_date": "2026-03-02T11:00:00Z"}
    changed = firm.ask("PUT", f"/events/{made['id']}", later).json()["data"]["attributes"]
    assert (changed["end_date"], changed["send_invites"]) == ("2026-03-02T03:00:00.000-08:00", False)
    assert firm.ids("/events", filter_by="contact_id", filter_on=ann) == [made["id"]]
    for wrong in (
        {"name": None},
        {"end_date": "2026-03-01T00:00:00Z"},
        {"user_ids": [99]},
        {"event_type_id": 99},
        {"eventable_id": 99},
        {"send_invites": "false"},
        {"attendees": []},
    ):
        firm.refused(422, "POST", "/events", {**event(ann, send_invites=False), **wrong})
    firm.refused(422, "DELETE", f"/events/{made['id']}?notify_attendees=maybe")
    firm.refused(422, "DELETE", f"/contacts/{ann}?notify_attendees=true")
    assert firm.ask("DELETE", f"/events/{made['id']}").status_code == 200
    assert firm.data("/events") == []


def test_a_phone_is_put_behind_the_description(firms: Any) -> None:
    """As published answers show, once; or not, which is the other side."""
    for quirk, behind in (("appended", "\n\nMatter Phone: 415-555-0101"), ("not", "")):
        firm = firms(event_phone=quirk)
        ann = firm.person(phone="415-555-0101")
        made = firm.made("/events", event(ann, send_invites=False, description="Hello"))
        assert made["attributes"]["description"] == f"Hello{behind}"
        firm.ask("PUT", f"/events/{made['id']}", {"name": "Other"})
        assert firm.data(f"/events/{made['id']}")["attributes"]["description"] == f"Hello{behind}"
        changed = firm.ask("PUT", f"/events/{made['id']}", {"description": "Bye"}).json()["data"]
        assert changed["attributes"]["description"] == f"Bye{behind}"
        same = {"description": f"Bye{behind}"}
        changed = firm.ask("PUT", f"/events/{made['id']}", same).json()["data"]
        assert changed["attributes"]["description"] == f"Bye{behind}"
        firm.ask("PUT", f"/contacts/{ann}", {"phone": "415-555-0109"})
        changed = firm.ask("PUT", f"/events/{made['id']}", {"name": "Another"}).json()["data"]
        assert changed["attributes"]["description"] == f"Bye{behind}"


def test_changing_an_event_may_not_be_offered(firms: Any) -> None:
    """`event_put` off: the path is not there, for PUT and PATCH."""
    firm = firms(event_put=False)
    made = firm.made("/events", event(firm.person(), send_invites=False))
    for method in ("PUT", "PATCH"):
        error = firm.refused(404, method, f"/events/{made['id']}", {"name": "Other"})
        assert error["detail"].startswith("This resource path")
    assert firm.data(f"/events/{made['id']}")["attributes"]["name"] == "Kick-off"


def test_an_event_may_need_its_type(firms: Any) -> None:
    """`event_type` required: without one it is refused."""
    firm = firms(event_type="required")
    ann = firm.person()
    firm.refused(422, "POST", "/events", event(ann, send_invites=False))
    (type,) = firm.data("/event_types")
    firm.made("/events", event(ann, send_invites=False, event_type_id=type["id"]))


@pytest.mark.parametrize("quirk", ["refused", "ignored", "taken"])
def test_what_was_logged_may_not_move(firms: Any, quirk: str) -> None:
    """Another owner in PUT is refused, as no published body has one; or let be; or heeded."""
    firm = firms(moves=quirk)
    ann, bo = firm.person(), firm.person()
    first, second = firm.matter(contact_id=ann)["id"], firm.matter(contact_id=bo)["id"]
    given = {"happened_at": AT, "prospect_id": first, "interaction_type": "Call"}
    firm.made("/interactions", given)
    firm.made("/notes", {"body": "B", "notable_type": "Contact", "notable_id": ann})
    firm.made("/events", event(ann, send_invites=False))
    for path, owner, move in (
        ("/interactions/1", "interactable", {"prospect_id": second}),
        ("/notes/1", "notable", {"notable_type": "Contact", "notable_id": bo}),
        ("/events/1", "eventable", {"eventable_type": "Contact", "eventable_id": bo}),
    ):
        before = firm.data(path, fields=owner)["relationships"][owner]["data"]["id"]
        answer = firm.ask("PUT", path, move)
        assert answer.status_code == (422 if quirk == "refused" else 200), path
        after = firm.data(path, fields=owner)["relationships"][owner]["data"]["id"]
        assert after in (first, second, ann, bo)
        assert (after != before) == (quirk == "taken"), path


# --- time entries and files ----------------------------------------------------------------------------


def test_time_is_a_form_and_in_hours(firm: Any, ann: str, matter: str) -> None:
    """Multipart only, with or without the slash, answered 200; the duration is in hours; whose it is."""
    user = firm.simulator.desk.add("user", {"name": "Ana Ruiz", "email": "ana@ruizlaw.example"})
    fields = {"billable": "false", "contactable_type": "Matter", "contactable_id": matter}
    times = {"started_at": AT, "completed_at": UNTIL, "description": "Call", "user_id": user}
    answer = firm.ask("POST", "/time_entries/", files=form(**fields, **times))
    assert answer.status_code == 200
    made = answer.json()["data"]
    assert made["attributes"] == {
        "description": "Call",
        "duration": 0.5,
        "is_billable": False,
        "is_flat_fee": False,
    }
    assert made["relationships"]["staff"]["data"] == {"id": user, "type": "user"}
    assert made["relationships"]["contactable"]["data"] == {"id": matter, "type": "prospect"}
    other = {**fields, "contactable_type": "Contact", "contactable_id": ann, "duration": "0.25"}
    answer = firm.ask("POST", "/time_entries", files=form(**other))
    assert answer.json()["data"]["attributes"]["duration"] == 0.25
    assert firm.ids("/time_entries", filter_by="contact_id", filter_on=ann) == [answer.json()["data"]["id"]]
    firm.refused(400, "POST", "/time_entries", {"billable": False})
    for wrong in (
        {"billable": "yes"},
        {"contactable_type": "Company"},
        {"contactable_id": "99"},
        {"user_id": "99"},
        {"duration": "long"},
        {"started_at": UNTIL, "completed_at": AT},
        {"minutes": "5"},
    ):
        firm.refused(422, "POST", "/time_entries", files=form(**{**fields, **wrong}))
    firm.ask("PUT", f"/time_entries/{made['id']}", files=form(billable="true"))
    assert firm.data(f"/time_entries/{made['id']}")["attributes"]["billable"] is True
    assert firm.ask("DELETE", f"/time_entries/{made['id']}").status_code == 200
    assert len(firm.data("/time_entries")) == 1


def test_a_file_is_kept_byte_for_byte(firm: Any, matter: str) -> None:
    """Multipart, also bytes that look like a form; its name, size, type and folders are there."""
    content = b"%PDF\r\n--boundary\r\n\r\n\x00\xff--\r\n"
    upload = ('fa"x.pdf', content, "application/pdf")
    fields = {"documentable_type": "Matter", "documentable_id": matter, "path[]": ["Faxes", "2026"]}
    answer = firm.ask("POST", "/files", files=form(**fields, file=upload))
    assert answer.status_code == 201
    made = answer.json()["data"]
    held = made["attributes"]
    assert (held["name"], held["file_size"], held["file_type"]) == (
        'fa"x.pdf',
        len(content),
        "application/pdf",
    )
    assert made["relationships"] == {"documentable": {"data": {"id": matter, "type": "prospect"}}}
    assert firm.simulator.state.contents == {int(made["id"]): content}
    firm.ask("PUT", f"/files/{made['id']}", files=form(name="fax.pdf"))
    assert firm.data(f"/files/{made['id']}")["attributes"]["name"] == "fax.pdf"
    assert firm.ids("/files", filter_by="matter_id", filter_on=matter) == [made["id"]]
    firm.refused(422, "POST", "/files", files=form(**fields))
    firm.refused(422, "POST", "/files", files=form(**{**fields, "documentable_type": "Event"}, file=upload))
    firm.refused(422, "POST", "/files", files=form(**{**fields, "documentable_id": "99"}, file=upload))
    firm.refused(400, "POST", "/files", {"documentable_type": "Matter"})
    assert firm.ask("DELETE", f"/files/{made['id']}").status_code == 200
    assert (firm.data("/files"), firm.simulator.state.contents) == ([], {})
    firm.ask("POST", "/files", files=form(documentable_type="Firm", file=upload))
    (own,) = firm.data("/files")
    assert own["relationships"]["documentable"]["data"]["type"] == "firm"


def test_a_form_that_is_cut_off_is_400(firm: Any) -> None:
    """Half a body makes no file."""
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    for content in (b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx', b"--b\r\nx\r\n--b--\r\n"):
        assert firm.ask("POST", "/files", content=content, headers=headers).status_code == 400


# --- the feed, users, tags, permissions ----------------------------------------------------------------


def test_the_feed_tells_what_happened_and_can_only_be_read(firm: Any, ann: str, matter: str) -> None:
    """Notes, interactions and events of a matter or contact, by whom; no single one and no writing."""
    firm.made("/notes", {"name": "N", "body": "B", "notable_type": "Prospect", "notable_id": matter})
    firm.made("/interactions", {"happened_at": AT, "prospect_id": matter, "interaction_type": "Call"})
    firm.made("/events", event(ann, send_invites=False))
    on_matter = firm.data("/activities", filter_by="matter_id", filter_on=matter, sort_order="asc")
    assert [one["attributes"]["key"] for one in on_matter] == ["note.create", "interaction.create"]
    first = on_matter[0]
    assert first["attributes"]["detail_keys"] == {"name": "N", "body": "B"}
    assert first["relationships"] == {
        "owner": {"data": {"id": "3", "type": "user"}},
        "tracked": {"data": {"id": "1", "type": "note"}},
        "recipient": {"data": {"id": matter, "type": "prospect"}},
    }
    (on_contact,) = firm.data("/activities", filter_by="contact_id", filter_on=ann)
    assert on_contact["attributes"]["key"] == "event.create"
    firm.refused(404, "GET", "/activities/1")
    firm.ask("DELETE", "/notes/1")
    last = firm.data("/activities", filter_by="key", filter_on="note.create")
    assert last[0]["relationships"]["tracked"] == {"data": None}


def test_users_are_listed_and_one_is_me(firm: Any) -> None:
    """Who has not taken the invitation is there, unconfirmed; the login's user is `me`."""
    desk = firm.simulator.desk
    ana = desk.add("user", {"name": "Ana Ruiz", "email": "ana@ruizlaw.example"})
    bo = desk.add("user", {"name": "Bo Lind", "email": "bo@ruizlaw.example", "active": False})
    assert firm.data("/users/me")["attributes"]["email"] == "firstcontact@firm.example"
    assert firm.data(f"/users/{ana}")["attributes"]["name"] == "Ana Ruiz"
    held = {one["id"]: one["attributes"] for one in firm.data("/users", fields="all")}
    assert (held[ana]["confirmed_at"] is None, held[bo]["confirmed_at"] is None) == (False, True)
    desk.edit("user", bo, {"active": True, "name": "Bo Lindt"})
    held = firm.data(f"/users/{bo}", fields="name,confirmed_at")["attributes"]
    assert held["name"] == "Bo Lindt"
    assert held["confirmed_at"] is not None
    desk.delete("user", ana)
    assert firm.ids("/users") == [bo, "3"]


def test_tags_are_made_once(firm: Any) -> None:
    """A second of that name is refused; they are renamed and deleted."""
    made = firm.made("/tags", {"name": "VIP"})
    firm.refused(422, "POST", "/tags", {"name": "vip"})
    firm.ask("PUT", f"/tags/{made['id']}", {"name": "Very"})
    assert firm.data(f"/tags/{made['id']}")["attributes"]["name"] == "Very"
    assert firm.ask("DELETE", f"/tags/{made['id']}").status_code == 200
    firm.refused(404, "GET", f"/tags/{made['id']}")


def test_what_our_login_may_not_is_403(firms: Any) -> None:
    """A path that is forbidden says so in the envelope; others go on."""
    firm = firms(forbidden=["time_entries"])
    firm.refused(403, "GET", "/time_entries")
    assert firm.data("/notes") == []
