"""People at Lawmatics' own pages, the state as a scenario tells it, the switches, the limit."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.kinds import capabilities
from firstcontact.testing.simulators.base import SIMULATORS, Simulator, Switches, simulator
from firstcontact.testing.simulators.demo import seed
from firstcontact.testing.simulators.lawmatics import SIMULATOR
from firstcontact.testing.simulators.lawmatics.marks import read
from firstcontact.testing.simulators.lawmatics.quirks import MEANINGS, Quirks

JO = {"first_name": "Jo", "last_name": "Diaz", "emails": ["jo@acme.example"], "phones": ["(415) 555-0123"]}
AT = 1_772_445_600_000_000
"""2026-03-02 10:00 UTC."""


def only(firm: Any, kind: str) -> Any:
    """The one record of a kind in the dump."""
    (found,) = firm.simulator.desk.dump()[kind]
    return found


def test_the_simulator_is_found_by_its_kind(firm: Any) -> None:
    """The kind is registered, and what it makes is a simulator."""
    assert "lawmatics" in SIMULATORS
    assert simulator("lawmatics") is SIMULATOR
    made: Simulator = firm.simulator
    assert made.requests == 0
    assert list(SIMULATOR.credentials("http://x")) == ["browser", "token"]
    assert SIMULATOR.options("http://x") == {"address": "http://x"}


def test_every_switch_is_explained() -> None:
    """Each quirk has its meaning, and one that is not known is refused."""
    assert set(MEANINGS) == set(Quirks.__struct_fields__)
    assert SIMULATOR.quirks == MEANINGS
    for wrong in ({"nonsense": 1}, {"finder_miss": "500"}, {"rate": "many"}):
        with pytest.raises(ValueError, match="quirk"):
            SIMULATOR.make(lambda: 0, Switches(quirks=wrong))


# --- the limit -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [50, 150])
def test_so_many_requests_a_minute(firms: Any, rate: int) -> None:
    """The next one is 429 with Retry-After 60 and no headers of the rate; after a minute it goes on."""
    firm = firms(rate=rate)
    for _ in range(rate):
        answer = firm.ask("GET", "/tags")
        assert answer.status_code == 200
        assert not [name for name in answer.headers if "ratelimit" in name.lower()]
    firm.wait(30)
    answer = firm.ask("GET", "/tags")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert answer.json()["errors"][0]["title"] == "Too Many Requests"
    assert not [name for name in answer.headers if "ratelimit" in name.lower()]
    firm.wait(30)
    assert firm.ask("GET", "/tags").status_code == 200
    assert firm.simulator.requests == rate + 2
    assert firm.simulator.log[0] == ("GET", "/v1/tags")


def test_50_is_the_usual_limit() -> None:
    """Without a switch the limit of the API's own pages holds."""
    assert Quirks().rate == 50


def test_the_limit_can_be_used_up_for_long(firm: Any) -> None:
    """While it lasts everything is 429, whose Retry-After stays 60; nothing is written."""
    firm.simulator.exhaust(3600)
    for _ in range(2):
        answer = firm.ask("POST", "/contacts", {"last_name": "Ng"})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
        firm.wait(1000)
    firm.wait(1600)
    assert firm.data("/contacts") == []


# --- people --------------------------------------------------------------------------------------------


def test_a_contact_that_a_person_adds_is_there(firm: Any) -> None:
    """It is as given, in the API and in the dump, with Lawmatics' own id."""
    given = {**JO, "title": "CFO", "company": "Acme", "country": "US", "created_at": "2025-01-05T09:00:00Z"}
    id = firm.simulator.desk.add("contact", {**given, "id": "c1", "created_by_us": True, "owner": "ana"})
    held = firm.data(f"/contacts/{id}", fields="first_name,title,phone,email,created_at,custom_fields")
    assert held["attributes"]["created_at"] == "2025-01-05T01:00:00.000-08:00"
    assert (held["attributes"]["title"], held["attributes"]["phone"]) == ("CFO", "(415) 555-0123")
    assert [one["name"] for one in held["attributes"]["custom_fields"]] == ["Created by FirstContact"]
    shown = only(firm, "contacts")
    assert {name: shown[name] for name in JO} == JO
    assert (shown["id"], shown["company"], shown["country"], shown["title"]) == (id, "Acme", "US", "CFO")
    assert (shown["created_by_us"], shown["placeholder"], shown["edited_by_person"]) == (True, False, False)
    assert (shown["lead_source"], shown["owner"], shown["name"]) == (None, None, "Jo Diaz")
    with pytest.raises(ValueError, match="no fax"):
        firm.simulator.desk.add("contact", {**JO, "fax": "1"})
    with pytest.raises(ValueError, match="no account"):
        firm.simulator.desk.add("account", {"name": "Acme"})


def test_an_edit_replaces_lists_and_shows(firm: Any) -> None:
    """A person's edit is in the API at once and moves `updated_at`; it is known as a person's."""
    desk = firm.simulator.desk
    id = desk.add("contact", JO)
    before = firm.data(f"/contacts/{id}")["attributes"]["updated_at"]
    firm.wait(5)
    desk.edit("contact", id, {"title": "CEO", "phones": ["415-555-0188", "(415) 555-0123"], "emails": []})
    assert firm.data(f"/contacts/{id}")["attributes"]["updated_at"] > before
    shown = only(firm, "contacts")
    assert (shown["title"], shown["emails"], shown["edited_by_person"]) == ("CEO", [], True)
    assert sorted(shown["phones"]) == ["(415) 555-0123", "415-555-0188"]
    desk.edit("contact", {"phone": "+1 415 555 0188"}, {"last_name": "Roe"})
    assert only(firm, "contacts")["name"] == "Jo Roe"
    with pytest.raises(LookupError):
        desk.edit("contact", "999", {"title": "CEO"})
    with pytest.raises(LookupError):
        desk.delete("lead", id)


def test_a_deleted_contact_leaves_what_was_logged(firm: Any) -> None:
    """It is gone for the API and the dump; notes on it stay, on nobody."""
    id = firm.person()
    line = "FirstContact: k email inbound / user:- e1"
    firm.made("/notes", {"name": "S", "body": line, "notable_type": "Contact", "notable_id": id})
    firm.simulator.desk.delete("contact", id)
    firm.refused(404, "GET", f"/contacts/{id}")
    assert firm.simulator.desk.dump()["contacts"] == []
    assert (only(firm, "activities")["contacts"], only(firm, "activities")["interactions"]) == ([], ["e1"])


def test_a_merge_leaves_404_and_moves_what_there_was(firm: Any) -> None:
    """Numbers, addresses, matters and notes are the survivor's; nothing tells where the loser went."""
    desk = firm.simulator.desk
    gone = desk.add("contact", JO)
    kept = desk.add("contact", {"last_name": "Diaz", "phones": ["(415) 555-0123"]})
    matter = desk.add("matter", {"contact": gone, "name": "Diaz v. Roe"})
    firm.made("/notes", {"body": "B", "notable_type": "Contact", "notable_id": gone})
    firm.wait(5)
    desk.merge(gone, kept)
    firm.refused(404, "GET", f"/contacts/{gone}")
    shown = only(firm, "contacts")
    assert (shown["id"], shown["emails"], shown["phones"]) == (kept, JO["emails"], JO["phones"])
    assert only(firm, "matters")["contact"] == kept
    assert firm.ids("/prospects", filter_by="contact_id", filter_on=kept) == [matter]
    held = firm.data(f"/contacts/{kept}", fields="prospects,contact_type")
    assert held["relationships"]["prospects"]["data"] == [{"id": matter, "type": "prospect"}]
    assert held["attributes"]["contact_type"] == "Client"
    assert len(firm.data("/notes", filter_by="contact_id", filter_on=kept)) == 1
    assert firm.data(f"/contacts/{kept}")["attributes"]["updated_at"] == "2026-03-02T04:00:05.000-08:00"


def test_a_lead_is_a_person_with_a_new_matter(firm: Any) -> None:
    """Its id is the contact's; it is no contact until it hires the firm or is ours; deleting takes both."""
    desk = firm.simulator.desk
    lead = desk.add("lead", {**JO, "company": "Acme"})
    assert (only(firm, "leads")["id"], desk.dump()["contacts"], desk.dump()["matters"]) == (lead, [], [])
    assert firm.data(f"/contacts/{lead}")["attributes"]["email"] == "jo@acme.example"
    (matter,) = firm.data("/prospects", fields="status,contact")
    assert (matter["attributes"]["status"], matter["relationships"]["contact"]["data"]["id"]) == ("pnc", lead)
    desk.edit("lead", lead, {"converted": True})
    assert (desk.dump()["leads"], only(firm, "contacts")["id"]) == ([], lead)
    assert (only(firm, "matters")["id"], only(firm, "matters")["open"]) == (matter["id"], True)
    other = desk.add("lead", {"last_name": "Moe"})
    desk.delete("lead", other)
    assert len(firm.data("/prospects")) == len(firm.data("/contacts")) == 1
    desk.add("lead", {"last_name": "Diaz", "converted_to": lead})
    assert len(desk.dump()["matters"]) == 2
    assert desk.dump()["leads"] == []


def test_our_key_keeps_a_person_a_contact(firm: Any) -> None:
    """A contact that we made, with a new matter, is no lead, and the matter is one."""
    key = firm.ids("/custom_fields", filter_by="name", filter_on="FirstContact key")[0]
    id = firm.person(custom_fields=[{"id": key, "value": "k1"}])
    matter = firm.matter(contact_id=id)["id"]
    assert (firm.simulator.desk.dump()["leads"], only(firm, "contacts")["id"]) == ([], id)
    assert only(firm, "matters")["id"] == matter


def test_a_matter_that_a_person_adds_is_a_prospect(firm: Any) -> None:
    """Open is hired, closed is lost; a person opens and closes it."""
    desk = firm.simulator.desk
    jo = desk.add("contact", JO)
    fields = {"contact": jo, "name": "Diaz v. Roe", "opened_at": "2026-01-01"}
    matter = desk.add("matter", {**fields, "open": True})
    assert only(firm, "matters") == {
        "id": matter,
        "contact": jo,
        "name": "Diaz v. Roe",
        "open": True,
        "opened_at": 1_767_225_600_000_000,
    }
    assert firm.data(f"/prospects/{matter}", fields="status")["attributes"]["status"] == "hired"
    desk.edit("matter", matter, {"open": False})
    assert firm.data(f"/prospects/{matter}", fields="status")["attributes"]["status"] == "lost"
    assert only(firm, "matters")["open"] is False
    desk.delete("matter", matter)
    firm.refused(404, "GET", f"/prospects/{matter}")
    assert firm.simulator.automations == []


def test_the_demonstration_has_its_people(firm: Any) -> None:
    """The seed of `simulate --seed demo` fits."""
    offered = capabilities("lawmatics")
    assert seed(firm.simulator.desk, offered) > 4
    dump = firm.simulator.desk.dump()
    assert (len(dump["contacts"]), len(dump["leads"]), len(dump["matters"])) == (3, 1, 1)
    assert firm.simulator.automations == []


# --- what was logged -----------------------------------------------------------------------------------


def test_an_interaction_is_told_as_it_was_logged(firm: Any) -> None:
    """Subject, body, what our line says, and the matter and contact it stands on."""
    id = firm.simulator.desk.add("contact", JO)
    matter = firm.simulator.desk.add("matter", {"contact": id, "name": "Diaz v. Roe"})
    line = "FirstContact: k1 call inbound answered/60 user:17 i1 a%20b%25 +7"
    text = f"Call from Jo\n\nThey said\nhello.\n\nRecording: https://r.example/1\n\n{line}"
    body = {"happened_at": "2026-03-02T10:00:00Z", "prospect_id": matter, "interaction_type": "Call"}
    made = firm.made("/interactions", {**body, "body": text})
    shown = only(firm, "activities")
    assert {name: value for name, value in shown.items() if value is not None} == {
        "id": f"interaction:{made['id']}",
        "kind": "call",
        "interactions": ["i1", "a b%"],
        "direction": "inbound",
        "outcome": "answered",
        "seconds": 60,
        "user": "17",
        "contacts": [id],
        "leads": [],
        "matter": matter,
        "subject": "Call from Jo",
        "body": "They said\nhello.",
        "recording": "https://r.example/1",
        "at": AT,
    }


def test_a_note_is_told_with_the_time_in_its_line(firm: Any) -> None:
    """On a contact, or a lead by its matter; notes without our line are people's and are left out."""
    id = firm.simulator.desk.add("contact", JO)
    line = "FirstContact: at:2026-03-02T10:00:00Z k2 email outbound / user:- e1"
    body = {"name": "Hello", "notable_type": "Contact", "notable_id": id}
    firm.made("/notes", {**body, "body": f"Text\n\n{line}"})
    firm.made("/notes", {**body, "body": "Call her back"})
    shown = only(firm, "activities")
    assert (shown["id"], shown["kind"], shown["at"]) == ("note:1", "email", AT)
    assert (shown["subject"], shown["body"], shown["user"]) == ("Hello", "Text", None)
    assert (shown["contacts"], shown["matter"], shown["seconds"]) == ([id], None, 0)
    lead = firm.simulator.desk.add("lead", {"last_name": "Moe"})
    (matter,) = firm.ids("/prospects")
    firm.made("/notes", {"name": "S", "body": line, "notable_type": "Prospect", "notable_id": matter})
    held = firm.simulator.desk.dump()["activities"][1]
    assert (held["leads"], held["contacts"], held["matter"], held["body"]) == ([lead], [], None, "")


def test_an_event_is_told_without_what_lawmatics_put_behind_it(firm: Any) -> None:
    """The phone that is appended stands behind our line; neither is in the body."""
    id = firm.simulator.desk.add("contact", JO)
    body = {"name": "Kick-off", "start_date": "2026-03-02T10:00:00Z", "end_date": "2026-03-02T11:00:00Z"}
    line = "FirstContact: k3 meeting - / user:3 g1"
    on = {"eventable_type": "Contact", "eventable_id": id, "send_invites": False}
    firm.made("/events", {**body, **on, "description": f"Agenda\n\n{line}"})
    assert "Matter Phone" in firm.data("/events")[0]["attributes"]["description"]
    shown = only(firm, "activities")
    assert (shown["id"], shown["kind"], shown["body"], shown["seconds"]) == (
        "event:1",
        "meeting",
        "Agenda",
        3600,
    )
    assert (shown["interactions"], shown["user"], shown["direction"]) == (["g1"], "3", None)


def test_a_person_edits_and_deletes_what_was_logged(firm: Any) -> None:
    """Our line stays; a deleted one is gone."""
    desk = firm.simulator.desk
    lead = desk.add("lead", {"last_name": "Moe"})
    (matter,) = firm.ids("/prospects")
    line = "FirstContact: k call inbound missed/0 user:- i1"
    given = {"happened_at": "2026-03-02T10:00:00Z", "prospect_id": matter, "interaction_type": "Call"}
    firm.made("/interactions", {**given, "body": f"S\n\nB\n\n{line}"})
    firm.made("/notes", {"name": "S", "body": f"B\n\n{line}", "notable_type": "Contact", "notable_id": lead})
    for id in ("interaction:1", "note:1"):
        desk.edit("activity", id, {"body": "Other\ntext", "subject": "T"})
    for shown in desk.dump()["activities"]:
        assert (shown["subject"], shown["body"], shown["interactions"]) == ("T", "Other\ntext", ["i1"])
    with pytest.raises(ValueError, match="seconds"):
        desk.edit("activity", "note:1", {"seconds": 5})
    for id in ("interaction:1", "note:1"):
        desk.delete("activity", id)
        with pytest.raises(LookupError):
            desk.delete("activity", id)
    assert desk.dump()["activities"] == []


def test_time_and_files_are_told_with_their_interaction(firm: Any) -> None:
    """Seconds are from the times, the interaction from our line or the folder, the activity by that."""
    id = firm.simulator.desk.add("contact", JO)
    matter = firm.simulator.desk.add("matter", {"contact": id, "name": "Diaz v. Roe"})
    given = {"happened_at": "2026-03-02T10:00:00Z", "prospect_id": matter, "interaction_type": "Fax"}
    firm.made("/interactions", {**given, "body": "S\n\nFirstContact: k fax inbound / user:- f1"})
    fields = {
        "billable": "false",
        "contactable_type": "Prospect",
        "contactable_id": matter,
        "description": "Fax\nFirstContact: k9 time_entry - /240 user:3 f1",
        "started_at": "2026-03-02T10:00:00Z",
        "completed_at": "2026-03-02T10:04:00Z",
    }
    firm.ask("POST", "/time_entries/", files=[(name, (None, text)) for name, text in fields.items()])
    assert only(firm, "time_entries") == {
        "id": "1",
        "interaction": "f1",
        "activity": "interaction:1",
        "at": AT,
        "seconds": 240,
        "billable": False,
        "user": "3",
        "matter": matter,
        "subject": "Fax",
    }
    parts: list[tuple[str, Any]] = [
        ("documentable_type", (None, "Prospect")),
        ("documentable_id", (None, matter)),
        ("path[]", (None, "FirstContact")),
        ("path[]", (None, "f1")),
        ("file", ("fax.pdf", b"%PDF", "application/pdf")),
    ]
    firm.ask("POST", "/files", files=parts)
    assert only(firm, "documents") == {
        "id": "1",
        "interaction": "f1",
        "activity": "interaction:1",
        "name": "fax.pdf",
        "content_type": "application/pdf",
        "size": 4,
    }


def test_a_text_without_our_line_is_read_as_it_is() -> None:
    """Nothing is taken from a text that a person wrote; half a line is no error."""
    assert read("Recording: x\n")[0] == "Recording: x\n"
    text, mark, added = read("T\n\nTranscript: https://t.example/\n\nFirstContact: k")
    assert (text, mark.key, mark.kind, mark.interactions) == ("T", "k", "-", ())
    assert added == {"transcript": "https://t.example/"}
