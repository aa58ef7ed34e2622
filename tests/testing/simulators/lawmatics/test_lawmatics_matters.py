"""Matters of Lawmatics: whose they are, and what making one sets off (apis A3, "Create prospect")."""

from __future__ import annotations

from typing import Any

import pytest

JO = {"first_name": "Jo", "last_name": "Diaz", "email": "jo@acme.example", "phone": "415-555-0123"}


def contact_of(matter: Any) -> str:
    """Id of the contact that a matter is of."""
    id: str = matter["relationships"]["contact"]["data"]["id"]
    return id


def test_a_matter_is_made_with_a_contact_of_its_own(firm: Any) -> None:
    """Status pnc; name, phone and e-mail are the contact's, which is made for it."""
    made = firm.matter(**JO)
    assert {name: made["attributes"][name] for name in JO} == JO
    assert (made["attributes"]["status"], made["attributes"]["case_title"]) == ("pnc", "Ng estate")
    (contact,) = firm.data("/contacts", fields="all")
    assert contact_of(made) == contact["id"]
    assert contact["relationships"]["prospects"]["data"] == [{"id": made["id"], "type": "prospect"}]
    assert (contact["attributes"]["contact_type"], contact["attributes"]["email"]) == ("PNC", JO["email"])


def test_a_matter_shows_its_contact_as_it_is(firm: Any) -> None:
    """Whoever changes one changes the other: the person is the contact's."""
    contact = firm.person(email="ann@ng.example")
    matter = firm.matter(contact_id=contact)["id"]
    firm.ask("PUT", f"/contacts/{contact}", {"last_name": "Roe"})
    assert firm.data(f"/prospects/{matter}")["attributes"]["last_name"] == "Roe"
    firm.ask("PUT", f"/prospects/{matter}", {"phone": "415-555-0100", "case_title": "Roe estate"})
    assert firm.data(f"/contacts/{contact}")["attributes"]["phone"] == "415-555-0100"
    firm.ask("DELETE", f"/contacts/{contact}")
    left = firm.data(f"/prospects/{matter}", fields="contact,last_name,case_title")
    assert left["relationships"] == {"contact": {"data": None}}
    assert left["attributes"] == {"last_name": None, "case_title": "Roe estate"}


def test_making_a_matter_sets_off_the_firms_automations(firm: Any) -> None:
    """Each one that is made through the API is recorded, with whom it writes to; nothing else is."""
    contact = firm.person(**JO)
    firm.made("/notes", {"body": "x", "notable_type": "Contact", "notable_id": contact})
    assert firm.simulator.automations == []
    matter = firm.matter(contact_id=contact)
    (fired,) = firm.simulator.automations
    assert (fired.prospect, fired.to, fired.at) == (matter["id"], "jo@acme.example", firm.clock.now())
    firm.ask("PUT", f"/prospects/{matter['id']}", {"case_title": "Other"})
    firm.simulator.desk.add("lead", {"last_name": "Moe"})
    firm.refused(422, "POST", "/prospects", {"contact_id": 99})
    assert len(firm.simulator.automations) == 1


@pytest.mark.parametrize("by", ["phone", "email", "name"])
def test_match_contact_by_changes_the_first_contact_made(firm: Any, by: str) -> None:
    """One call finds or makes: the first-created contact that matches is changed; without one it is made."""
    first = firm.person(**{**JO, "phone": "(415) 555-0123", "email": "JO@acme.example"})
    second = firm.person(**JO)
    given = {**JO, "match_contact_by": by, "title": "CFO"}
    assert contact_of(firm.matter(**given)) == first
    assert firm.data(f"/contacts/{first}", fields="title")["attributes"]["title"] == "CFO"
    assert firm.data(f"/contacts/{second}", fields="title")["attributes"]["title"] is None
    other = {"first_name": "Kim", "last_name": "Roe", "email": "kim@roe.example", "phone": "415-555-0177"}
    assert contact_of(firm.matter(**other, match_contact_by=by)) not in (first, second)
    firm.refused(422, "POST", "/prospects", {**JO, "match_contact_by": "title"})


def test_without_match_the_first_with_the_handle_is_taken(firm: Any) -> None:
    """Changelog 1.13.1: a matter is of the first contact with its e-mail or phone, which stays as it is."""
    first = firm.person(**JO)
    assert contact_of(firm.matter(first_name="Joe", phone="+1 415 555 0123")) == first
    assert contact_of(firm.matter(first_name="Joe", email="JO@acme.example")) == first
    assert firm.data(f"/contacts/{first}")["attributes"]["first_name"] == "Jo"


def test_without_match_one_may_be_made_each_time(firms: Any) -> None:
    """The other side of what is not verified."""
    firm = firms(matter_contacts="new")
    first = firm.person(**JO)
    assert contact_of(firm.matter(**JO)) != first
    assert contact_of(firm.matter(**JO, match_contact_by="email")) == first


def test_a_matter_takes_tags_notes_areas_and_people(firm: Any) -> None:
    """What comes with it is there; what is not there is refused."""
    (area,) = firm.data("/practice_areas")
    user = firm.simulator.desk.add("user", {"name": "Ana Ruiz", "email": "ana@ruizlaw.example"})
    made = firm.matter(
        **JO,
        tags=["VIP", "vip", "Estate"],
        notes=[{"name": "N", "body": "B"}],
        practice_area_id=area["id"],
        lead_attorney_id=user,
        assigned_staff_ids=[int(user)],
    )
    related = made["relationships"]
    assert [one["attributes"]["name"] for one in firm.data("/tags", sort_order="asc")] == ["VIP", "Estate"]
    assert len(related["tags"]["data"]) == 2
    assert related["practice_area"]["data"] == {"id": area["id"], "type": "practice_area"}
    assert related["lead_attorney"]["data"] == {"id": user, "type": "user"}
    assert related["assigned_staff"]["data"] == [{"id": user, "type": "user"}]
    assert [one["type"] for one in related["notes"]["data"]] == ["note"]
    for wrong in ({"practice_area_id": 99}, {"lead_attorney_id": 99}, {"status": "hired"}, {"stage": 1}):
        firm.refused(422, "POST", "/prospects", {**JO, **wrong})


def test_tags_that_come_are_added(firm: Any) -> None:
    """PUT of a matter or contact leaves the tags that it has."""
    matter = firm.matter(**JO, tags=["VIP"])
    answer = firm.ask("PUT", f"/prospects/{matter['id']}", {"tags": ["Estate", "vip"]}).json()["data"]
    assert [one["id"] for one in answer["relationships"]["tags"]["data"]] == ["1", "2"]
    contact = firm.person(tags=["VIP"])
    firm.ask("PUT", f"/contacts/{contact}", {"tags": ["Estate"]})
    assert firm.simulator.state.get("contacts", int(contact)).values["tags"] == [1, 2]


def test_a_deleted_matter_is_404_and_its_contact_stays(firm: Any) -> None:
    """No list tells of it."""
    matter = firm.matter(**JO)
    assert firm.ask("DELETE", f"/prospects/{matter['id']}").status_code == 200
    firm.refused(404, "GET", f"/prospects/{matter['id']}")
    assert firm.data("/prospects") == []
    (contact,) = firm.data("/contacts", fields="all")
    assert (contact["relationships"]["prospects"]["data"], contact["attributes"]["contact_type"]) == (
        [],
        "Contact",
    )


def test_who_has_hired_the_firm_is_a_client(firm: Any) -> None:
    """`contact_type` and the relationship `client` follow the matters, which people convert."""
    lead = firm.simulator.desk.add("lead", {"last_name": "Moe", "emails": ["moe@acme.example"]})
    (before,) = firm.data("/contacts", fields="contact_type,client")
    assert (before["attributes"]["contact_type"], before["relationships"]["client"]["data"]) == ("PNC", None)
    firm.simulator.desk.edit("lead", lead, {"converted": True})
    (after,) = firm.data("/contacts", fields="contact_type,client")
    assert after["attributes"]["contact_type"] == "Client"
    assert after["relationships"]["client"]["data"] is not None
    (matter,) = firm.data("/prospects", fields="status,sub_status,converted_date")
    assert matter["attributes"]["status"] == "hired"
    assert matter["attributes"]["converted_date"] is not None
