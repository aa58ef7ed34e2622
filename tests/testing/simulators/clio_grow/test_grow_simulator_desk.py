"""People at Clio Grow's own pages, the state as a scenario tells it, and the switches."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.kinds import capabilities
from firstcontact.testing.simulators.base import SIMULATORS, Simulator, Switches, simulator
from firstcontact.testing.simulators.clio_grow import SIMULATOR
from firstcontact.testing.simulators.clio_grow.quirks import Quirks
from firstcontact.testing.simulators.demo import seed

JO = {"first_name": "Jo", "last_name": "Diaz", "emails": ["jo@acme.example"], "phones": ["(415) 555-0123"]}
FOOTER = """

— FirstContact —
kind: sms
direction: inbound
result: answered/60
at: 2026-03-02T11:00:00.250000Z
matter: {matter}
recording: https://calls.example/1
interactions: i1 a%20b
key: k1"""


def only(firm: Any, kind: str) -> Any:
    """The one record of a collection of the dump."""
    (held,) = firm.desk.dump()[kind]
    return held


def test_it_is_a_simulator() -> None:
    """It is found by its kind, makes what the protocol says, and knows every switch by its meaning."""
    assert "clio_grow" in SIMULATORS
    assert simulator("clio_grow") is SIMULATOR
    made: Simulator = SIMULATOR.make(lambda: 0, Switches())
    assert made.requests == 0
    assert set(SIMULATOR.quirks) == set(Quirks.__struct_fields__)


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": "red"},
        {"query": "guess"},
        {"limit": "many"},
        {"base_path": "grow"},
        {"base_path": "/grow/"},
        {"base_path": ""},
        {"page_size": 0},
    ],
)
def test_an_unknown_switch_is_refused(wrong: dict[str, Any]) -> None:
    """Its name, or what it cannot be."""
    with pytest.raises(ValueError, match=r"Clio Grow|base_path|page_size"):
        SIMULATOR.make(lambda: 0, Switches(quirks=wrong))


def test_people_add_contacts(firm: Any) -> None:
    """What a person enters is what the API shows, and a date that is given is kept."""
    given = {**JO, "country": "US", "title": "CFO", "created_at": "2025-01-05T09:00:00Z"}
    id = firm.desk.add("contact", given)
    shown = firm.data(f"/contacts/{id}")
    told = [shown[name] for name in ("name", "emails", "phone_numbers", "created_at")]
    assert told == ["Jo Diaz", JO["emails"], JO["phones"], "2025-01-05T09:00:00Z"]
    held = only(firm, "contacts")
    assert {name: held[name] for name in JO} == JO
    told = [held[name] for name in ("id", "name", "country", "title", "created_at", "status")]
    assert told == [id, "Jo Diaz", "US", None, 1_736_067_600_000_000, "Unassigned"]
    marks = [held[name] for name in ("placeholder", "created_by_us", "interaction", "edited_by_person")]
    assert marks == [False, False, None, False]
    assert firm.ids("/contacts", query="jo@acme") == [int(id)]
    with pytest.raises(ValueError, match="shoe_size"):
        firm.desk.add("contact", {"shoe_size": 7})
    with pytest.raises(ValueError, match="no account"):
        firm.desk.add("account", {"name": "Acme"})


def test_a_contact_without_a_name_gets_what_there_is(firm: Any) -> None:
    """Clio's page asks for a name: a scenario that gives none has an address, a number or nothing there."""
    for given in ({"emails": ["jo@acme.example"]}, {"phones": ["415"]}, {}):
        firm.desk.add("contact", given)
    assert [one["name"] for one in firm.desk.dump()["contacts"]] == ["jo@acme.example", "415", "Unknown"]


def test_companies_are_no_people(firm: Any) -> None:
    """The dump leaves them out."""
    firm.made("/contacts", {"type": "Company", "name": "Acme"})
    assert firm.desk.dump()["contacts"] == []


def test_people_edit_and_delete(firm: Any) -> None:
    """Found by id, address or number; a list replaces what was there; the API shows the change."""
    id = firm.desk.add("contact", JO)
    firm.wait(5)
    firm.desk.edit("contact", {"phone": "+1 415 555 0123"}, {"first_name": "Joan", "phones": ["555-0199"]})
    shown = firm.data(f"/contacts/{id}")
    told = (shown["name"], shown["phone_numbers"], shown["emails"], shown["updated_at"])
    assert told == ("Joan Diaz", ["555-0199"], ["jo@acme.example"], "2026-03-02T12:00:05Z")
    assert only(firm, "contacts")["edited_by_person"] is True
    with pytest.raises(LookupError):
        firm.desk.edit("contact", "999", {})
    firm.desk.delete("contact", {"email": "JO@acme.example"})
    assert firm.data("/contacts") == []
    with pytest.raises(LookupError):
        firm.desk.delete("contact", id)


def test_people_merge_contacts(firm: Any) -> None:
    """The first is gone; its numbers, addresses, matters and notes are the other's."""
    loser = firm.desk.add("contact", JO)
    survivor = firm.desk.add("contact", {**JO, "first_name": "Joan", "phones": ["(415) 555-0199"]})
    matter = firm.desk.add("matter", {"contact": loser, "name": "Diaz v. Roe"})
    firm.made(f"/contacts/{loser}/notes", {"subject": "Call", "body": "…"})
    firm.desk.merge(loser, survivor)
    assert firm.ask("GET", f"/contacts/{loser}").status_code == 404
    shown = firm.data(f"/contacts/{survivor}")
    told = (shown["name"], shown["emails"], shown["phone_numbers"], shown["matters"])
    phones = ["(415) 555-0199", "(415) 555-0123"]
    assert told == ("Joan Diaz", ["jo@acme.example"], phones, [{"id": int(matter)}])
    assert [one["subject"] for one in firm.data(f"/contacts/{survivor}/notes")] == ["Call"]
    assert only(firm, "activities")["contacts"] == [survivor]
    assert firm.ids("/contacts", query="555-0123") == [int(survivor)]


def test_people_work_on_leads(firm: Any) -> None:
    """They add, edit and delete inbox leads, whose ids say that they are leads; each has one number."""
    id = firm.desk.add("lead", {**JO, "company": "Acme", "created_at": 0})
    assert id.startswith("lead:")
    held = only(firm, "leads")
    assert {name: held[name] for name in JO} == JO
    told = [held[name] for name in ("id", "name", "company", "created_at", "converted_to", "status")]
    assert told == [id, "Jo Diaz", None, 0, None, "untriaged"]
    firm.desk.edit("lead", {"email": "jo@acme.example"}, {"first_name": "Joan", "phones": []})
    shown = firm.data(f"/inbox_leads/{id.removeprefix('lead:')}")
    assert (shown["first_name"], shown["phone_number"]) == ("Joan", None)
    assert only(firm, "leads")["edited_by_person"] is True
    assert firm.ids("/inbox_leads", state="untriaged", query="joan") == [shown["id"]]
    with pytest.raises(ValueError, match="one phone_number"):
        firm.desk.add("lead", {**JO, "phones": ["1", "2"]})
    with pytest.raises(ValueError, match="shoe_size"):
        firm.desk.add("lead", {"shoe_size": 7})
    firm.desk.delete("lead", id)
    assert firm.desk.dump()["leads"] == []


@pytest.mark.parametrize("at_once", [True, False])
def test_a_lead_that_is_a_contact_already(firm: Any, at_once: bool) -> None:
    """A scenario's converted lead stands for a contact that is there: a matter leads to it."""
    contact = firm.desk.add("contact", JO)
    lead = firm.desk.add("lead", {**JO, **({"converted_to": contact} if at_once else {})})
    if not at_once:
        firm.desk.edit("lead", lead, {"converted_to": contact})
    assert only(firm, "leads")["converted_to"] == contact
    assert len(firm.desk.dump()["contacts"]) == 1
    (matter,) = firm.data("/matters", inbox_lead_id=lead.removeprefix("lead:"))
    assert matter["client"]["id"] == int(contact)
    assert firm.ids("/inbox_leads", state="untriaged") == []


def test_accepting_tells_of_the_contact(firm: Any) -> None:
    """The lead's record says which contact it became; accepting by address works too."""
    firm.desk.add("lead", JO)
    contact = firm.desk.accept({"email": "jo@acme.example"})
    assert only(firm, "leads")["converted_to"] == contact
    assert only(firm, "contacts")["id"] == contact
    with pytest.raises(LookupError):
        firm.desk.accept("lead:999")


def test_our_marks_on_a_lead(firm: Any) -> None:
    """The footer of its message tells the interaction and what has no field; one without it is not ours."""
    footer = "\n\n— FirstContact —\ninteraction: i1\nalso: jo@home.example\nalso: +14155550199\nkey: k1"
    firm.inbox({**firm.lead, "from_email": "jo@acme.example", "from_message": f"Missed call{footer}"})
    held = only(firm, "leads")
    told = [held[name] for name in ("message", "interaction", "created_by_us", "lead_source")]
    assert told == ["Missed call", "i1", True, "Phone"]
    assert held["emails"] == ["jo@acme.example", "jo@home.example"]
    assert held["phones"] == ["+14155550134", "+14155550199"]
    assert firm.ids("/inbox_leads", state="untriaged", query="home.example") == []


def test_our_marks_on_a_note(firm: Any) -> None:
    """The footer of its body tells what a note has no field for, and what stands above it is the body."""
    contact = firm.desk.add("contact", JO)
    matter = firm.desk.add("matter", {"contact": contact, "name": "Diaz v. Roe"})
    note = {"subject": "Text from Jo", "body": f"Call me.\n\n— hi{FOOTER.format(matter=matter)}"}
    id = firm.made(f"/contacts/{contact}/notes", note)["id"]
    expected = {
        "id": str(id),
        "kind": "sms",
        "interactions": ["i1", "a b"],
        "direction": "inbound",
        "outcome": "answered",
        "seconds": 60,
        "at": 1_772_449_200_250_000,
        "subject": "Text from Jo",
        "body": "Call me.\n\n— hi",
        "contacts": [contact],
        "matter": matter,
        "recording": "https://calls.example/1",
        "transcript": None,
        "user": None,
        "leads": [],
    }
    held = only(firm, "activities")
    assert {name: held[name] for name in expected} == expected
    firm.desk.edit("activity", held["id"], {"body": "Changed.", "subject": "Text"})
    held = only(firm, "activities")
    assert (held["body"], held["subject"], held["kind"]) == ("Changed.", "Text", "sms")
    firm.desk.delete("contact", contact)
    assert only(firm, "activities")["contacts"] == []
    firm.desk.delete("activity", held["id"])
    assert firm.desk.dump()["activities"] == []


def test_notes_without_a_footer(firm: Any) -> None:
    """A note of somebody else's is an activity without an interaction; one on a matter is its client's."""
    contact = firm.desk.add("contact", JO)
    matter = firm.desk.add("matter", {"contact": contact, "name": "Diaz v. Roe"})
    body = "They said: — FirstContact — is good"
    firm.made(f"/matters/{matter}/notes", {"subject": "Note", "body": body})
    held = only(firm, "activities")
    told = [held[name] for name in ("kind", "interactions", "body", "contacts", "matter", "seconds")]
    assert told == ["note", [], body, [contact], matter, 0]
    empty = "(no text)\n\n— FirstContact —\nkind: call\nresult: /60"
    firm.made(f"/contacts/{contact}/notes", {"subject": "Note", "body": empty})
    held = firm.desk.dump()["activities"][1]
    assert (held["body"], held["outcome"], held["seconds"]) == ("", None, 60)


def test_matters_and_users_are_told(firm: Any) -> None:
    """In a scenario's words: open or not, since when; active or not."""
    desk = firm.desk
    contact = desk.add("contact", JO)
    given = {"contact": contact, "name": "Diaz v. Roe", "open": False, "opened_at": "2026-01-01"}
    id = desk.add("matter", given)
    opened = 1_767_225_600_000_000
    expected = {"id": id, "contact": contact, "name": "Diaz v. Roe", "open": False, "opened_at": opened}
    assert only(firm, "matters") == expected
    desk.edit("matter", id, {"open": True})
    assert only(firm, "matters")["open"] is True
    user = desk.add("user", {"name": "Bo Lind", "email": "bo@firm.example", "active": True})
    desk.edit("user", user, {"active": False, "name": "Bo Roe"})
    told = {"id": user, "name": "Bo Roe", "email": "bo@firm.example", "active": False}
    assert desk.dump()["users"][-1] == told
    for kind, of in (("matter", id), ("user", user)):
        with pytest.raises(ValueError, match="shoe_size"):
            desk.edit(kind, of, {"shoe_size": 7})


def test_the_search_can_be_broken(firm: Any) -> None:
    """While it is, asking for text fails, of contacts and of leads; asking otherwise does not."""
    with firm.desk.broken_search():
        assert firm.ask("GET", "/contacts?query=415").status_code == 503
        assert firm.ask("GET", "/inbox_leads?state=untriaged&query=415").status_code == 503
        assert firm.ask("GET", "/contacts").status_code == 200
    assert firm.ask("GET", "/contacts?query=415").status_code == 200


def test_the_demonstration_can_be_sown(firm: Any) -> None:
    """The invented people of a trial have a place."""
    assert seed(firm.desk, capabilities("clio_grow")) > 3
    held = firm.desk.dump()
    assert (len(held["contacts"]), len(held["leads"]), len(held["matters"])) == (3, 1, 1)


def test_every_request_is_on_record(firm: Any) -> None:
    """Requests to both APIs are counted and told with their parameters, for tests of economy; log-ins not."""
    firm.data("/contacts", query="x")
    firm.inbox()
    firm.client.post("/oauth/token", data={})
    assert firm.simulator.requests == 2
    assert firm.simulator.log == [("GET", "/grow/contacts?query=x"), ("POST", "/inbox_leads")]


def test_answers_bear_the_clocks_date(firm: Any) -> None:
    """The Date header is the virtual clock's."""
    assert firm.ask("GET", "/contacts").headers["Date"] == "Mon, 02 Mar 2026 12:00:00 GMT"
    assert firm.inbox().headers["Date"] == "Mon, 02 Mar 2026 12:00:00 GMT"
