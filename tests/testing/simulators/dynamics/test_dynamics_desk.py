"""People at the pages of Dynamics 365, the state as a scenario tells it, and the switches."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.kinds import capabilities
from firstcontact.testing.simulators.base import SIMULATORS, Simulator, Switches, simulator
from firstcontact.testing.simulators.demo import seed
from firstcontact.testing.simulators.dynamics import SIMULATOR
from firstcontact.testing.simulators.dynamics.quirks import MEANINGS, Quirks

JO = {"first_name": "Jo", "last_name": "Diaz", "emails": ["jo@acme.example"], "phones": ["(415) 555-0123"]}


def only(org: Any, kind: str) -> Any:
    """The one record of a kind in the dump."""
    (found,) = org.desk.dump()[kind]
    return found


def test_the_simulator_is_found_by_its_kind(org: Any) -> None:
    """The kind is found by its folder, and what it makes is a simulator."""
    assert "dynamics" in SIMULATORS
    assert simulator("dynamics") is SIMULATOR
    made: Simulator = org.simulator
    assert made.requests == 0


def test_every_switch_is_explained() -> None:
    """Each quirk has its meaning, and one that is not known is refused."""
    assert set(MEANINGS) == set(Quirks.__struct_fields__)
    assert SIMULATOR.quirks == MEANINGS
    for wrong in ({"nonsense": 1}, {"duplicate_status": 400}, {"limit": "many"}):
        with pytest.raises(ValueError, match="quirk"):
            SIMULATOR.make(lambda: 0, Switches(quirks=wrong))


def test_the_demonstration_can_be_put_in(org: Any) -> None:
    """A trial begins with people, accounts, an opportunity and a case."""
    assert seed(org.desk, capabilities("dynamics")) == 9
    assert [one["name"] for one in org.desk.dump()["matters"]] == ["Diaz v. Roe"]


def test_a_contact_that_a_person_adds_is_there(org: Any) -> None:
    """It is as given, in the API and in the dump, with Dataverse's id; ours only where that is said."""
    account = org.desk.add("account", {"name": "Acme", "id": "a1"})
    ana = org.desk.add("user", {"name": "Ana Ruiz", "email": "ana@firm.example", "id": "ana"})
    given = {
        **JO,
        "title": "CFO",
        "country": "US",
        "created_at": "2025-01-05T09:00:00Z",
        "lead_source": "Web",
    }
    id = org.desk.add(
        "contact", {**given, "id": "c1", "account": "a1", "owner": "ana", "created_by_us": True}
    )
    row = org.got(f"contacts({id})")
    assert (row["fullname"], row["jobtitle"], row["createdon"]) == ("Jo Diaz", "CFO", "2025-01-05T09:00:00Z")
    assert (row["telephone1"], row["emailaddress1"]) == ("(415) 555-0123", "jo@acme.example")
    assert (row["_parentcustomerid_value"], row["_ownerid_value"]) == (account, ana)
    us = org.got("WhoAmI")["UserId"]
    assert row["_createdby_value"] == row["_modifiedby_value"] == us
    held = only(org, "contacts")
    assert {name: held[name] for name in JO} == JO
    told = ("id", "account", "owner", "title", "country", "lead_source", "company")
    assert [held[name] for name in told] == [id, account, ana, "CFO", "US", "Web", "Acme"]
    marks = ("created_by_us", "placeholder", "edited_by_person", "active")
    assert [held[name] for name in marks] == [True, False, False, True]
    assert held["created_at"] == 1_736_067_600_000_000
    theirs = org.got(f"contacts({org.desk.add('contact', JO)})")
    assert theirs["_createdby_value"] != us
    with pytest.raises(ValueError, match="no fax"):
        org.desk.add("contact", {**JO, "fax": "1"})
    with pytest.raises(ValueError, match="not added"):
        org.desk.add("contact_role", {})


def test_many_numbers_and_addresses(org: Any) -> None:
    """They go over all columns there are, the rest into our own; a change replaces them."""
    phones = [f"+1415555010{at}" for at in range(6)]
    emails = [f"jo{at}@acme.example" for at in range(5)]
    id = org.desk.add("contact", {**JO, "phones": phones, "emails": emails})
    held = only(org, "contacts")
    assert (sorted(held["phones"]), sorted(held["emails"])) == (sorted(phones), sorted(emails))
    row = org.got(f"contacts({id})")
    assert row["fc_otherphones"] == "\n".join(phones[4:])
    assert row["fc_otheremails"] == "\n".join(emails[3:])
    org.desk.edit("contact", id, {"phones": phones[1:2], "emails": []})
    held = only(org, "contacts")
    assert (held["phones"], held["emails"], held["edited_by_person"]) == (phones[1:2], [], True)


def test_a_further_number_without_our_column(orgs: Any) -> None:
    """Without our columns there is no place for a fifth number."""
    org = orgs(columns="missing")
    with pytest.raises(ValueError, match="no column"):
        org.desk.add("contact", {**JO, "phones": ["1", "2", "3", "4", "5"]})


def test_what_a_person_edits_says_so(org: Any) -> None:
    """Our changes are ours; a person's edit has them as who modified it."""
    id = org.person(lastname="Ng")
    me = org.got("WhoAmI")["UserId"]
    org.ask("PATCH", f"contacts({id})", {"jobtitle": "CEO"})
    assert only(org, "contacts")["edited_by_person"] is False
    org.desk.edit("contact", id, {"title": "CFO", "first_name": ""})
    row = org.got(f"contacts({id})")
    assert (row["jobtitle"], row["firstname"]) == ("CFO", None)
    assert row["_modifiedby_value"] not in (me, None)
    assert only(org, "contacts")["edited_by_person"] is True


def test_leads_and_their_contacts(orgs: Any) -> None:
    """A lead is open, or qualified into a contact that was chosen or made."""
    org = orgs(qualified="originating")
    jo = org.desk.add("contact", JO)
    done = org.desk.add("lead", {**JO, "company": "Acme", "converted_to": jo})
    lead = org.desk.add("lead", {"last_name": "Moe", "phones": ["(415) 555-0150"]})
    made = org.desk.convert(lead)
    told = {one["id"]: one["converted_to"] for one in org.desk.dump()["leads"]}
    assert told == {done: jo, lead: made}
    assert org.got(f"leads({done})")["_parentcontactid_value"] == jo


def test_accounts_with_their_team(org: Any) -> None:
    """Domains, numbers and an access team of users are read from where the API has them."""
    users = [org.desk.add("user", {"name": f"U {at}", "id": f"u{at}"}) for at in range(2)]
    given = {"name": "Acme", "website": "https://www.acme.example/", "domains": ["acme.co.example"]}
    id = org.desk.add("account", {**given, "phones": ["(415) 555-0100"], "owner": "u0", "team": ["u1"]})
    held = only(org, "accounts")
    assert held["domains"] == ["acme.example", "acme.co.example"]
    assert (held["owner"], held["team"], held["phones"]) == (users[0], [users[1]], ["(415) 555-0100"])
    path = "teams?$select=_regardingobjectid_value&$filter=teamtype eq 1"
    path += "&$expand=teammembership_association($select=systemuserid)"
    (team,) = org.got(path)["value"]
    assert team["_regardingobjectid_value"] == id
    assert [one["systemuserid"] for one in team["teammembership_association"]] == [users[1]]


def test_opportunities_and_matters(org: Any) -> None:
    """Open and closed ones, of an account and of a contact."""
    account = org.desk.add("account", {"name": "Acme"})
    jo = org.desk.add("contact", JO)
    won = org.desk.add("opportunity", {"account": account, "name": "Won", "open": False})
    org.desk.add("opportunity", {"account": account, "name": "Renewal", "open": True})
    case = org.desk.add("matter", {"contact": jo, "name": "Diaz v. Roe", "open": True})
    assert {one["name"]: one["open"] for one in org.desk.dump()["opportunities"]} == {
        "Won": False,
        "Renewal": True,
    }
    assert org.got(f"opportunities({won})")["statecode"] == 1
    row = org.got(f"incidents({case})")
    assert (row["_primarycontactid_value"], row["_customerid_value"]) == (jo, jo)
    org.desk.edit("matter", case, {"open": False})
    assert only(org, "matters") == {"id": case, "contact": jo, "name": "Diaz v. Roe", "open": False}
    with pytest.raises(ValueError, match="needs a contact"):
        org.desk.add("matter", {"name": "x"})


def test_a_merge_by_hand(org: Any) -> None:
    """The survivor has both's addresses and what it lacked; the loser is out of the dump."""
    kept = org.desk.add("contact", {"last_name": "Diaz", "emails": ["jo@acme.example"]})
    gone = org.desk.add("contact", {**JO, "emails": ["old@acme.example"], "title": "CFO"})
    org.desk.add("matter", {"contact": gone, "name": "Diaz v. Roe"})
    bound = {"partyid_contact@odata.bind": f"/contacts({gone})", "participationtypemask": 1}
    org.call(phonecall_activity_parties=[bound])
    org.desk.merge(gone, kept)
    held = only(org, "contacts")
    assert (held["id"], held["emails"]) == (kept, ["jo@acme.example", "old@acme.example"])
    assert (held["phones"], held["title"], held["first_name"]) == (["(415) 555-0123"], "CFO", "Jo")
    assert only(org, "matters")["contact"] == kept
    assert only(org, "activities")["contacts"] == [kept]
    row = org.got(f"contacts({gone})")
    assert (row["statecode"], row["_masterid_value"]) == (1, kept)


def test_records_are_named_by_a_handle_too(org: Any) -> None:
    """As a scenario names a contact: by an address, or by a number in any writing."""
    id = org.desk.add("contact", JO)
    assert org.desk.resolve({"email": "JO@acme.example"}) == id
    assert org.desk.resolve({"phone": "+14155550123"}) == id
    with pytest.raises(LookupError, match="0 contacts"):
        org.desk.resolve({"email": "nobody@acme.example"})
    org.desk.delete("contact", {"email": "jo@acme.example"})
    assert org.desk.dump()["contacts"] == []
    with pytest.raises(LookupError, match="no contact"):
        org.desk.edit("contact", id, {"title": "CFO"})


def test_an_activity_as_a_scenario_tells_it(org: Any) -> None:
    """Our own columns and native ones together: who, when, what about, in which words."""
    jo, ana = org.desk.add("contact", JO), org.desk.add("user", {"name": "Ana Ruiz"})
    account = org.desk.add("account", {"name": "Acme"})
    deal = org.desk.add("opportunity", {"account": account, "name": "Renewal"})
    case = org.desk.add("matter", {"contact": jo, "name": "Diaz v. Roe"})
    id = org.call(
        directioncode=False,
        description="Asked for a date…\n\nTime: 2026-03-02 12:00:00 UTC",
        actualdurationminutes=4,
        fc_interactions="i1\ni2",
        fc_kind="voicemail",
        fc_result="answered",
        fc_seconds="241",
        fc_direction="inbound",
        fc_at="2026-03-02T12:00:00.25Z",
        fc_recording="https://r.example/1",
        fc_links=f"opportunity:{deal}\nmatter:{case}",
        phonecall_activity_parties=[
            {"partyid_contact@odata.bind": f"/contacts({jo})", "participationtypemask": 1},
            {"partyid_systemuser@odata.bind": f"/systemusers({ana})", "participationtypemask": 2},
        ],
        **{"ownerid@odata.bind": f"/systemusers({ana})"},
    )
    continued = {"subject": "FirstContact: continued", "notetext": " and a place."}
    bound = {"objectid_phonecall@odata.bind": f"/phonecalls({id})"}
    org.made("annotations", {**continued, **bound})
    file = {
        "subject": "FirstContact file",
        "notetext": "File: fax.pdf\nhttps://f.example/1\nInteraction: i2",
        **bound,
    }
    org.made("annotations", file)
    expected = {
        "id": f"phonecall:{id}",
        "kind": "voicemail",
        "interactions": ["i1", "i2"],
        "at": 1_772_452_800_250_000,
        "body": "Asked for a date and a place.",
        "direction": "inbound",
        "outcome": "answered",
        "seconds": 241,
        "contacts": [jo],
        "account": account,
        "opportunity": deal,
        "matter": case,
        "user": ana,
        "recording": "https://r.example/1",
    }
    held = only(org, "activities")
    assert {name: held[name] for name in expected} == expected
    document = only(org, "documents")
    assert (document["name"], document["interaction"]) == ("fax.pdf", "i2")
    assert (document["activity"], document["uri"]) == (f"phonecall:{id}", "https://f.example/1")


def test_activities_of_other_kinds(org: Any) -> None:
    """A mail's body is told without HTML, a meeting's length by its times, a task by its regarding."""
    jo = org.desk.add("contact", JO)
    org.made("emails", {"subject": "Mail", "description": "A &amp; B<br>C", "directioncode": False})
    times = {"scheduledstart": "2026-03-03T09:00:00Z", "scheduledend": "2026-03-03T09:30:00Z"}
    org.made("appointments", {"subject": "Kick-off", **times})
    org.made("tasks", {"subject": "SMS", "regardingobjectid_contact_task@odata.bind": f"/contacts({jo})"})
    org.made("faxes", {"subject": "Fax"})
    held = {one["subject"]: one for one in org.desk.dump()["activities"]}
    assert (held["Mail"]["body"], held["Mail"]["direction"]) == ("A & B\nC", "inbound")
    assert (held["Kick-off"]["kind"], held["Kick-off"]["seconds"]) == ("meeting", 1800)
    assert (held["SMS"]["contacts"], held["SMS"]["direction"]) == ([jo], None)
    assert (held["Fax"]["kind"], held["Fax"]["direction"], held["Fax"]["user"]) == ("fax", "outbound", None)


def test_a_person_edits_and_deletes_an_activity(org: Any) -> None:
    """By its id in the dump, though it is completed."""
    id = org.call()
    org.ask("PATCH", f"phonecalls({id})", {"statecode": 1})
    org.desk.edit("activity", f"phonecall:{id}", {"subject": "Mine", "body": "Words"})
    assert (only(org, "activities")["subject"], only(org, "activities")["body"]) == ("Mine", "Words")
    org.desk.delete("activity", f"phonecall:{id}")
    assert org.desk.dump()["activities"] == []


def test_a_disabled_user(org: Any) -> None:
    """Somebody who left is told as not active."""
    org.desk.add("user", {"name": "Bo Lind", "email": "bo@firm.example", "active": False})
    held = {one["name"]: one["active"] for one in org.desk.dump()["users"]}
    assert held == {"First Contact": True, "Pat Office": True, "Bo Lind": False}
    assert len(org.rows("systemusers", "isdisabled eq true")) == 1
