"""People at Clio's own pages, the state as a scenario tells it, and the switches."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.testing.simulators.base import SIMULATORS, Simulator, Switches, simulator
from firstcontact.testing.simulators.clio import SIMULATOR
from firstcontact.testing.simulators.clio.quirks import MEANINGS, Quirks

JO = {"first_name": "Jo", "last_name": "Diaz", "emails": ["jo@acme.example"], "phones": ["(415) 555-0123"]}


def only(firm: Any, kind: str) -> Any:
    """The one record of a kind in the dump."""
    (found,) = firm.simulator.desk.dump()[kind]
    return found


def test_the_simulator_is_found_by_its_kind(firm: Any) -> None:
    """The kind is registered, and what it makes is a simulator."""
    assert "clio" in SIMULATORS
    assert simulator("clio") is SIMULATOR
    made: Simulator = firm.simulator
    assert made.requests == 0


def test_every_switch_is_explained() -> None:
    """Each quirk has its meaning, and one that is not known is refused."""
    assert set(MEANINGS) == set(Quirks.__struct_fields__)
    assert SIMULATOR.quirks == MEANINGS
    for wrong in ({"nonsense": 1}, {"region": "mars"}, {"limit": "many"}):
        with pytest.raises(ValueError, match="quirk"):
            SIMULATOR.make(lambda: 0, Switches(quirks=wrong))


def test_a_contact_that_a_person_adds_is_there(firm: Any) -> None:
    """It is as given, in the API and in the dump, with Clio's own id."""
    given = {**JO, "title": "CFO", "company": "Acme", "country": "US", "created_at": "2025-01-05T09:00:00Z"}
    id = firm.simulator.desk.add("contact", {**given, "id": "c1", "created_by_us": True, "owner": "ana"})
    assert id.isdigit()
    fields = "name,title,created_at,company{name},primary_phone_number,primary_email_address"
    assert firm.data(f"/contacts/{id}.json", fields=fields) == {
        "name": "Jo Diaz",
        "title": "CFO",
        "created_at": "2025-01-05T09:00:00Z",
        "company": {"name": "Acme"},
        "primary_phone_number": "(415) 555-0123",
        "primary_email_address": "jo@acme.example",
    }
    held = only(firm, "contacts")
    assert {name: held[name] for name in JO} == JO
    assert (held["id"], held["company"], held["country"], held["title"]) == (id, "Acme", "US", "CFO")
    assert (held["created_by_us"], held["placeholder"], held["edited_by_person"]) == (True, False, False)
    assert (held["lead_source"], held["owner"], held["account"]) == (None, None, None)
    with pytest.raises(ValueError, match="no fax"):
        firm.simulator.desk.add("contact", {**JO, "fax": "1"})
    with pytest.raises(ValueError, match="no lead"):
        firm.simulator.desk.add("lead", JO)


def test_an_edit_replaces_lists_and_shows(firm: Any) -> None:
    """A person's edit is in the API at once, with another etag and date."""
    desk = firm.simulator.desk
    id = desk.add("contact", JO)
    before = firm.data(f"/contacts/{id}.json", fields="etag,updated_at")
    firm.wait(5)
    desk.edit("contact", id, {"title": "CEO", "phones": ["415-555-0188", "(415) 555-0123"], "emails": []})
    after = firm.data(f"/contacts/{id}.json", fields="etag,updated_at")
    assert all(before[name] != after[name] for name in before)
    held = only(firm, "contacts")
    assert (held["title"], held["emails"], held["edited_by_person"]) == ("CEO", [], True)
    assert sorted(held["phones"]) == ["(415) 555-0123", "415-555-0188"]
    desk.edit("contact", {"phone": "+1 415 555 0188"}, {"last_name": "Roe"})
    assert only(firm, "contacts")["name"] == "Jo Roe"
    with pytest.raises(LookupError):
        desk.edit("contact", "999", {"title": "CEO"})


def test_after_a_merge_one_is_gone(firm: Any) -> None:
    """The loser answers 404; numbers, matters and communications are the survivor's."""
    desk = firm.simulator.desk
    loser, survivor = desk.add("contact", JO), desk.add("contact", {"last_name": "Diaz", "phones": ["1"]})
    matter = int(desk.add("matter", {"contact": loser, "name": "Diaz v. Roe", "open": True}))
    call = {"type": "PhoneCommunication", "subject": "Call", "body": "Call"}
    firm.made("/communications.json", {**call, "senders": [{"id": int(loser), "type": "Contact"}]})
    desk.merge(loser, survivor)
    assert firm.ask("GET", f"/contacts/{loser}.json").status_code == 404
    assert firm.ids("/matters.json", client_id=survivor) == [matter]
    assert len(firm.ids("/communications.json", contact_id=survivor)) == 1
    held = only(firm, "contacts")
    assert (held["phones"], held["emails"]) == (["1", *JO["phones"]], JO["emails"])
    assert firm.ids("/contacts.json", query="jo@acme.example") == [int(survivor)]


def test_a_deleted_contact_is_nowhere(firm: Any) -> None:
    """It is in no list and on no activity."""
    desk = firm.simulator.desk
    id = desk.add("contact", JO)
    call = {"type": "PhoneCommunication", "subject": "Call", "body": "Call"}
    firm.made("/communications.json", {**call, "senders": [{"id": int(id), "type": "Contact"}]})
    assert only(firm, "activities")["contacts"] == [id]
    desk.delete("contact", id)
    assert firm.data("/contacts.json") == []
    assert only(firm, "activities")["contacts"] == []
    (told,) = firm.data("/communications.json", fields="senders{id}")
    assert told == {"senders": []}


def test_marks_are_read_from_where_they_are_put(firm: Any) -> None:
    """External properties tell what Clio has no field for; time and documents what they are on."""
    desk = firm.simulator.desk
    contact, user = int(desk.add("contact", JO)), int(desk.add("user", {"id": "ana", "active": True}))
    matter = int(desk.add("matter", {"contact": str(contact), "name": "Diaz v. Roe", "open": True}))
    ours = {
        "firstcontact_key": "k" * 32,
        "firstcontact_interactions": "i1 i2 +3",
        "firstcontact_kind": "voicemail",
        "firstcontact_result": "missed/240",
        "firstcontact_direction": "inbound",
    }
    body = {
        "type": "PhoneCommunication",
        "subject": "Voicemail",
        "body": "Call me.",
        "received_at": "2026-03-02T10:00:00Z",
        "senders": [{"id": contact, "type": "Contact"}],
        "receivers": [{"id": user, "type": "User"}],
        "matter": {"id": matter},
        "external_properties": [{"name": name, "value": value} for name, value in ours.items()],
    }
    call = firm.made("/communications.json", body)["id"]
    held = only(firm, "activities")
    expected = {
        "id": str(call),
        "kind": "voicemail",
        "interactions": ["i1", "i2"],
        "contacts": [str(contact)],
        "user": str(user),
        "direction": "inbound",
        "outcome": "missed",
        "seconds": 240,
        "at": 1_772_445_600_000_000,
        "matter": str(matter),
        "body": "Call me.",
    }
    assert {name: held[name] for name in expected} == expected
    entry = {"type": "TimeEntry", "date": "2026-03-02", "quantity": 240, "communication": {"id": call}}
    firm.made("/activities.json", {**entry, "non_billable": True, "user": {"id": user}})
    held = only(firm, "time_entries")
    told = (held["interaction"], held["seconds"], held["billable"], held["user"], held["activity"])
    assert told == ("i1", 240, False, str(user), str(call))
    file = {"name": "fax.pdf", "parent": {"id": matter, "type": "Matter"}, "communication_id": call}
    firm.made("/documents.json", file)
    held = only(firm, "documents")
    assert (held["interaction"], held["name"], held["activity"]) == ("i1", "fax.pdf", str(call))


def test_a_meeting_is_an_activity(firm: Any) -> None:
    """A calendar entry is one too, with its length and its owner, and an id that tells it from a call."""
    desk = firm.simulator.desk
    contact, user = int(desk.add("contact", JO)), desk.add("user", {"name": "Ana Ruiz", "active": True})
    calendar = firm.data("/users.json", fields="id,default_calendar_id", name="Ana")[0]["default_calendar_id"]
    entry = {
        "calendar_owner": {"id": calendar},
        "summary": "Kick-off",
        "start_at": "2026-03-03T09:00:00Z",
        "end_at": "2026-03-03T09:30:00Z",
        "attendees": [{"id": contact, "type": "Contact"}],
    }
    id = firm.made("/calendar_entries.json", entry)["id"]
    held = only(firm, "activities")
    assert (held["id"], held["kind"], held["user"]) == (f"calendar_entry:{id}", "meeting", user)
    assert (held["seconds"], held["contacts"], held["subject"]) == (1800, [str(contact)], "Kick-off")
    desk.edit("activity", held["id"], {"subject": "Start"})
    assert only(firm, "activities")["subject"] == "Start"


def test_matters_and_users_are_told(firm: Any) -> None:
    """In a scenario's words: open or not, since when; active or not."""
    desk = firm.simulator.desk
    contact = desk.add("contact", JO)
    given = {"contact": contact, "name": "Diaz v. Roe", "open": False, "opened_at": "2026-01-01"}
    id = desk.add("matter", given)
    opened = 1_767_225_600_000_000
    expected = {"id": id, "contact": contact, "name": "Diaz v. Roe", "open": False, "opened_at": opened}
    assert only(firm, "matters") == expected
    desk.edit("matter", id, {"open": True})
    assert only(firm, "matters")["open"] is True
    user = desk.add("user", {"name": "Bo Lind", "email": "bo@firm.example", "active": False})
    assert desk.dump()["users"][-1] == {
        "id": user,
        "name": "Bo Lind",
        "email": "bo@firm.example",
        "active": False,
    }


def test_the_search_can_be_broken(firm: Any) -> None:
    """While it is, asking for text fails; asking otherwise does not."""
    firm.phoned("415-555-0134")
    with firm.simulator.desk.broken_search():
        assert firm.ask("GET", "/contacts.json?query=415").status_code == 503
        assert firm.ask("GET", "/contacts.json").status_code == 200
    assert firm.ask("GET", "/contacts.json?query=415").status_code == 200


def test_people_fill_in_what_is_required(firms: Any) -> None:
    """The desk adds contacts where the API would ask for a required field."""
    firm = firms(required_field="enforced")
    assert firm.simulator.desk.add("contact", JO)


def test_every_request_is_on_record(firm: Any) -> None:
    """Requests are counted and told with their parameters, for tests of economy."""
    firm.data("/contacts.json", query="x", limit="1")
    assert firm.simulator.requests == 1
    assert firm.simulator.log == [("GET", "/api/v4/contacts.json?query=x&limit=1")]
