"""People at Zoho's own pages, the state as a scenario tells it, and the switches."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.testing.simulators.base import SIMULATORS, Simulator, Switches, simulator
from firstcontact.testing.simulators.demo import seed
from firstcontact.testing.simulators.zoho import SIMULATOR
from firstcontact.testing.simulators.zoho.quirks import MEANINGS, Quirks

JO = {"first_name": "Jo", "last_name": "Diaz", "emails": ["jo@acme.example"], "phones": ["(415) 555-0123"]}


def test_the_simulator_is_found_by_its_kind(firm: Any) -> None:
    """The kind is registered, and what it makes is a simulator."""
    assert "zoho" in SIMULATORS
    assert simulator("zoho") is SIMULATOR
    made: Simulator = firm.simulator
    assert made.requests == 0


def test_every_switch_is_explained() -> None:
    """Each quirk has its meaning, and one that is not known is refused."""
    assert set(MEANINGS) == set(Quirks.__struct_fields__)
    assert SIMULATOR.quirks == MEANINGS
    for wrong in ({"nonsense": 1}, {"data_center": "mars"}, {"credits": "many"}):
        with pytest.raises(ValueError, match="quirk"):
            SIMULATOR.make(lambda: 0, Switches(quirks=wrong))


def test_the_demonstration_s_people_fit_in(firm: Any) -> None:
    """`simulate zoho --seed demo` has a place for all of them."""
    from firstcontact.connectors.zoho.capabilities import CAPABILITIES

    seed(firm.desk, CAPABILITIES)
    held = firm.desk.dump()
    counts = {kind: len(held[kind]) for kind in ("contacts", "leads", "accounts", "opportunities")}
    assert counts == {"contacts": 3, "leads": 1, "accounts": 1, "opportunities": 1}


def test_a_contact_that_a_person_adds_is_there(firm: Any) -> None:
    """It is as given, in the API and in the dump, with Zoho's own id; made by us only where that is said."""
    account = firm.desk.add("account", {"name": "Acme"})
    ana = firm.desk.add("user", {"name": "Ana Ruiz", "active": True})
    given = {**JO, "title": "CFO", "country": "US", "account": account, "owner": ana, "company": "Acme"}
    dates = {"created_at": "2025-01-05T09:00:00Z", "last_activity_at": "2026-02-01"}
    marks = {"created_by_us": True, "placeholder": True, "interaction": "i1", "lead_source": "Web Research"}
    id = firm.desk.add("contact", {**given, **dates, **marks, "id": "c1", "active": True})
    told = firm.one("Contacts", id)
    assert (told["Full_Name"], told["Title"], told["Owner"]["id"]) == ("Jo Diaz", "CFO", ana)
    assert (told["Phone"], told["Email"]) == ("(415) 555-0123", "jo@acme.example")
    assert (told["Account_Name"]["name"], told["Created_Time"]) == ("Acme", "2025-01-05T01:00:00-08:00")
    assert told["Created_By"]["id"] == told["Modified_By"]["id"] == firm.simulator.api_user.id
    held = firm.only("contacts")
    assert {name: held[name] for name in JO} == JO
    expected = {**{name: given[name] for name in ("title", "country", "account", "owner")}, **marks}
    assert {name: held[name] for name in expected} == expected
    assert (held["id"], held["name"], held["edited_by_person"]) == (id, "Jo Diaz", False)
    assert held["created_at"] == 1_736_067_600_000_000
    theirs = firm.one("Contacts", firm.desk.add("contact", JO))
    assert theirs["Created_By"]["id"] != firm.simulator.api_user.id
    with pytest.raises(ValueError, match="no field 'fax'"):
        firm.desk.add("contact", {**JO, "fax": "1"})
    with pytest.raises(ValueError, match="no matter"):
        firm.desk.add("matter", {"contact": id})


def test_more_numbers_than_fields(firms: Any) -> None:
    """What is left goes into our field of further ones, where that is there."""
    phones = [f"41555501{n:02d}" for n in range(7)]
    emails = [f"jo{n}@acme.example" for n in range(4)]
    firm = firms()
    id = firm.desk.add("contact", {**JO, "phones": phones, "emails": emails})
    held = firm.only("contacts")
    assert (held["phones"], held["emails"]) == (phones, emails)
    told = firm.one("Contacts", id)
    assert told["FirstContact_Other_Phones"] == "; ".join(phones[4:])
    firm.desk.edit("contact", id, {"phones": phones[:1], "emails": []})
    held = firm.only("contacts")
    assert (held["phones"], held["emails"]) == (phones[:1], [])
    with pytest.raises(ValueError, match="no field for a further one"):
        firms(fields="missing").desk.add("contact", {**JO, "phones": phones})


def test_an_edit_shows_who_did_it(firm: Any) -> None:
    """Time and person are the editor's; our own change is no person's."""
    id = firm.made("Contacts", Last_Name="Diaz", First_Name="Jo")
    firm.wait(5)
    firm.ask("PUT", f"/Contacts/{id}", {"data": [{"Title": "CFO"}]})
    assert firm.only("contacts")["edited_by_person"] is False
    assert firm.one("Contacts", id)["Modified_By"]["id"] == firm.simulator.api_user.id
    firm.wait(5)
    firm.desk.edit("contact", id, {"title": "CEO"})
    told = firm.one("Contacts", id)
    assert (told["Modified_By"]["name"], told["Modified_Time"]) == ("Pat Page", "2026-03-02T04:00:10-08:00")
    assert firm.only("contacts")["edited_by_person"] is True
    firm.desk.edit("contact", id, {"name": "Jo Anne Roe"})
    assert firm.only("contacts")["name"] == "Jo Anne Roe"
    with pytest.raises(LookupError):
        firm.desk.edit("contact", "1", {"title": "CEO"})


def test_a_merge(firm: Any) -> None:
    """Blanks of the survivor are filled, what hung on the loser hangs on it; our key is not taken over."""
    loser = firm.made(
        "Contacts", Last_Name="Diaz", Email="jo@acme.example", Title="CFO", FirstContact_Key="k"
    )
    survivor = firm.desk.add("contact", {"last_name": "Roe", "title": "CEO"})
    call = firm.call(Who_Id={"id": loser})
    deal = firm.desk.add("opportunity", {"name": "New", "open": True})
    firm.desk.add("contact_role", {"opportunity": deal, "contact": loser})
    firm.desk.merge(loser, survivor)
    held = firm.only("contacts")
    assert (held["id"], held["emails"], held["title"]) == (survivor, ["jo@acme.example"], "CEO")
    assert held["last_name"] == "Roe"
    assert firm.one("Contacts", survivor)["FirstContact_Key"] is None
    assert firm.only("activities") | {"id": f"call:{call}"} == firm.only("activities")
    assert firm.only("activities")["contacts"] == [survivor]
    assert firm.only("contact_roles")["contact"] == survivor
    with pytest.raises(LookupError):
        firm.desk.merge(loser, survivor)


def test_leads_and_their_conversion(firm: Any) -> None:
    """A lead becomes a contact that is there, or a new one with an account of its company."""
    lead = firm.desk.add("lead", {**JO, "company": "Acme", "title": "CFO"})
    held = firm.only("leads")
    assert (held["company"], held["title"], held["converted_to"]) == ("Acme", "CFO", None)
    contact = firm.desk.convert(lead)
    assert firm.only("leads")["converted_to"] == contact
    assert firm.only("contacts")["emails"] == JO["emails"]
    assert firm.only("accounts")["name"] == "Acme"
    other = firm.desk.add("lead", {"last_name": "Moe", "converted_to": contact})
    told = {one["id"]: one["converted_to"] for one in firm.desk.dump()["leads"]}
    assert told == {lead: contact, other: contact}


def test_accounts_and_deals(firm: Any) -> None:
    """Hosts of the website and of our field; team; open or not."""
    ana = firm.desk.add("user", {"name": "Ana Ruiz", "email": "ana@firm.example", "active": True})
    bo = firm.desk.add("user", {"name": "Bo Lind", "active": True})
    fields = {"name": "Acme", "website": "HTTPS://www.Acme.example:443/en", "owner": ana, "team": [bo]}
    id = firm.desk.add("account", {**fields, "domains": ["acme-group.example"], "phones": ["4155550100"]})
    held = firm.only("accounts")
    assert held["domains"] == ["acme.example", "acme-group.example"]
    assert (held["team"], held["owner"], held["phones"]) == ([bo], ana, ["4155550100"])
    deal = firm.desk.add("opportunity", {"account": id, "name": "New", "open": True, "owner": ana})
    assert firm.only("opportunities") | {"account": id, "open": True} == firm.only("opportunities")
    firm.desk.edit("opportunity", deal, {"open": False})
    assert firm.only("opportunities")["open"] is False
    assert firm.one("Deals", deal)["Stage"] == "Closed Lost"


def test_marks_are_read_from_where_they_are_put(firm: Any) -> None:
    """Our fields tell what Zoho has no field for; a person's own activity tells the native ones."""
    contact = firm.desk.add("contact", JO)
    details = "kind=voicemail;direction=inbound;outcome=missed;seconds=240;at=1772452800000000"
    ours = {
        "FirstContact_Key": "k" * 32,
        "FirstContact_Interactions": "i1\ni2",
        "FirstContact_Details": details,
        "FirstContact_Recording": "https://files.example/r",
        "FirstContact_Transcript": "Call me.",
    }
    id = firm.call(Who_Id={"id": contact}, Call_Type="Missed", Description="Call me.", **ours)
    held = firm.only("activities")
    expected = {
        "id": f"call:{id}",
        "kind": "voicemail",
        "interactions": ["i1", "i2"],
        "at": 1_772_452_800_000_000,
        "seconds": 240,
        "direction": "inbound",
        "outcome": "missed",
        "body": "Call me.",
        "contacts": [contact],
        "user": firm.simulator.api_user.id,
        "recording": "https://files.example/r",
        "transcript": "Call me.",
    }
    assert {name: held[name] for name in expected} == expected
    firm.ask("POST", f"/Calls/{id}/Attachments", files={"file": ("fax [1a2b3c4d].pdf", b"x")})
    held = firm.only("documents")
    assert (held["name"], held["activity"], held["interaction"]) == ("fax.pdf", f"call:{id}", "i1")
    firm.desk.edit("activity", f"call:{id}", {"subject": "New", "body": "Less"})
    assert (firm.only("activities")["subject"], firm.only("activities")["body"]) == ("New", "Less")
    firm.desk.delete("activity", f"call:{id}")
    assert firm.desk.dump()["activities"] == []
    assert firm.desk.dump()["documents"] == []
    firm.call()
    held = firm.only("activities")
    assert (held["kind"], held["seconds"], held["direction"]) == ("call", 372, "inbound")


def test_what_activities_are_on(firm: Any) -> None:
    """A lead, an account, a deal and its account; events with their length, tasks as such."""
    lead = firm.desk.add("lead", {"last_name": "Moe"})
    account = firm.desk.add("account", {"name": "Acme"})
    deal = firm.desk.add("opportunity", {"account": account, "name": "New", "open": True})
    firm.made("Tasks", **{"Subject": "Text", "What_Id": {"id": lead}, "$se_module": "Leads"})
    firm.made("Tasks", **{"Subject": "Text", "What_Id": {"id": account}, "$se_module": "Accounts"})
    times = {"Start_DateTime": "2026-03-03T09:00:00+00:00", "End_DateTime": "2026-03-03T09:30:00+00:00"}
    meeting = {"Event_Title": "Kick-off", **times, "What_Id": {"id": deal}, "$se_module": "Deals"}
    firm.made("Events", **meeting)
    event, first, second = firm.desk.dump()["activities"]
    assert (event["kind"], event["seconds"], event["subject"]) == ("meeting", 1800, "Kick-off")
    assert (event["opportunity"], event["account"], event["id"][:6]) == (deal, account, "event:")
    assert (first["leads"], first["account"], first["id"][:5]) == ([lead], None, "task:")
    assert (second["account"], second["leads"], second["contacts"]) == (account, [], [])


def test_users_come_and_go(firm: Any) -> None:
    """Active or not, as edited."""
    user = firm.desk.add("user", {"name": "Bo Lind", "email": "bo@firm.example", "active": False})
    told = firm.desk.dump()["users"][-1]
    assert told == {"id": user, "name": "Bo Lind", "email": "bo@firm.example", "active": False}
    firm.desk.edit("user", user, {"active": True})
    assert firm.desk.dump()["users"][-1]["active"] is True
    with pytest.raises(ValueError, match="no age"):
        firm.desk.add("user", {"name": "X", "age": 5})
