"""Contacts and companies of Lawmatics, their numbers, custom fields, and the finders (apis A3)."""

from __future__ import annotations

from typing import Any

import pytest


def test_a_contact_is_made_and_changed(firm: Any) -> None:
    """POST answers 201 with few attributes; PUT and PATCH change what they name and leave the rest."""
    body = {"first_name": "Jo", "last_name": "Diaz", "email": "jo@acme.example", "phone": "415-555-0123"}
    made = firm.made("/contacts", body)
    assert (made["type"], made["relationships"]) == ("contact", {})
    assert made["attributes"] == {**body, "custom_fields": []}
    for method, title in (("PUT", "CFO"), ("PATCH", "CEO")):
        answer = firm.ask(method, f"/contacts/{made['id']}", {"title": title})
        assert answer.status_code == 200
        held = firm.data(f"/contacts/{made['id']}", fields="all")["attributes"]
        assert (held["title"], held["email"], held["phone_number"]) == (title, body["email"], body["phone"])


def test_a_phone_is_kept_as_it_is_written(firm: Any) -> None:
    """Nothing is normalised when it is stored."""
    for text in ("(415) 555-0101", "+14155550102", "555.0103 ext. 4"):
        assert firm.data(f"/contacts/{firm.person(phone=text)}")["attributes"]["phone"] == text


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ({"nonsense": 1}, "Unpermitted Parameter"),
        ({"contact_type": "PNC"}, "Unpermitted Parameter"),
        ({"first_name": 1}, "Unprocessable Entity"),
        ({"first_name": "a\0b"}, "Unprocessable Entity"),
        ({"notes": "text"}, "Unprocessable Entity"),
        ({"notes": [{"name": "without a body"}]}, "Unprocessable Entity"),
        ({"company_id": 99}, "Unprocessable Entity"),
        ({"custom_fields": [{"id": 99, "value": "x"}]}, "Unprocessable Entity"),
        ({"custom_fields": [{"value": "x"}]}, "Unprocessable Entity"),
    ],
)
def test_a_body_that_cannot_be_is_refused(firm: Any, body: Any, title: str) -> None:
    """Unknown fields and values that are none are 422, and nothing is made."""
    assert firm.refused(422, "POST", "/contacts", body)["title"] == title
    assert firm.data("/contacts") == []


def test_a_body_must_be_a_json_object(firm: Any) -> None:
    """Another type, broken JSON and a list are 400."""
    for content, type in ((b"{", "application/json"), (b"[]", "application/json"), (b"{}", "text/plain")):
        answer = firm.ask("POST", "/contacts", content=content, headers={"Content-Type": type})
        assert answer.status_code == 400
    assert firm.data("/contacts") == []


def test_a_deleted_contact_is_404_and_in_no_list(firm: Any) -> None:
    """DELETE answers the record as it was; after that it is not there, and no list tells that it was."""
    id = firm.person(email="ann@ng.example")
    other = firm.person()
    answer = firm.ask("DELETE", f"/contacts/{id}")
    assert (answer.status_code, answer.json()["data"]["attributes"]["email"]) == (200, "ann@ng.example")
    error = firm.refused(404, "GET", f"/contacts/{id}")
    assert (error["title"], error["detail"]) == ("Not found", f"Contact with id {id} was not found.")
    for method, body in (("PUT", {"title": "CFO"}), ("DELETE", None)):
        firm.refused(404, method, f"/contacts/{id}", body)
    assert firm.ids("/contacts") == [other]
    assert firm.data("/email_addresses") == []
    firm.refused(404, "GET", "/contacts/x")


# --- numbers and addresses -----------------------------------------------------------------------------


def test_further_numbers_are_records_of_their_own(firm: Any) -> None:
    """They are made, changed and deleted by themselves; `phone` of the contact is the first."""
    id = firm.person(phone="415-555-0101")
    body = {"label": "Work", "info": "415-555-0102", "informationable_type": "Contact"}
    made = firm.made("/phone_numbers", {**body, "informationable_id": id})
    assert made["attributes"] == {"label": "Work", "info": "415-555-0102"}
    assert made["relationships"] == {"informationable": {"data": {"id": id, "type": "contact"}}}
    firm.ask("PUT", f"/phone_numbers/{made['id']}", {"info": "415-555-0103"})
    held = firm.data("/phone_numbers", filter_by="contact_id", filter_on=id, sort_order="asc")
    assert [one["attributes"]["info"] for one in held] == ["415-555-0101", "415-555-0103"]
    assert firm.data(f"/contacts/{id}")["attributes"]["phone"] == "415-555-0101"
    firm.ask("PUT", f"/contacts/{id}", {"phone": "415-555-0109"})
    held = firm.data("/phone_numbers", filter_by="contact_id", filter_on=id, sort_order="asc")
    assert [one["attributes"]["info"] for one in held] == ["415-555-0109", "415-555-0103"]
    assert firm.ask("DELETE", f"/phone_numbers/{made['id']}").status_code == 200
    assert len(firm.data("/phone_numbers")) == 1
    firm.ask("PUT", f"/contacts/{id}", {"phone": None})
    assert firm.data(f"/contacts/{id}")["attributes"]["phone"] is None
    firm.refused(422, "POST", "/phone_numbers", {**body, "informationable_id": 99})
    firm.refused(422, "POST", "/phone_numbers", {"info": "1", "informationable_type": "Contact"})


def test_the_first_number_is_labelled_primary(firm: Any) -> None:
    """Of those that a person enters, and of those that are left when the first goes."""
    desk = firm.simulator.desk
    id = desk.add("contact", {"last_name": "Ng", "phones": ["415-555-0101", "415-555-0102", "415-555-0103"]})

    def labels() -> dict[str, str]:
        held = firm.data("/phone_numbers", filter_by="contact_id", filter_on=id)
        return {one["attributes"]["info"][-1]: one["attributes"]["label"] for one in held}

    assert labels() == {"1": "Primary", "2": "Other", "3": "Other"}
    desk.edit("contact", id, {"phones": ["415-555-0102", "415-555-0103"]})
    assert labels() == {"2": "Primary", "3": "Other"}
    (first,) = firm.ids("/phone_numbers", filter_by="label", filter_on="Primary")
    firm.ask("DELETE", f"/phone_numbers/{first}")
    assert labels() == {"3": "Primary"}
    assert firm.data("/phone_numbers", filter_by="label", filter_on="Primary", filter_with="!=") == []


def test_a_number_given_to_a_matter_is_its_contacts(firm: Any) -> None:
    """As published: through a matter it is set on the contact."""
    id = firm.person()
    matter = firm.matter(contact_id=id)["id"]
    body = {"label": "Home", "info": "ann@home.example", "informationable_type": "Prospect"}
    made = firm.made("/email_addresses", {**body, "informationable_id": matter})
    assert made["relationships"]["informationable"]["data"] == {"id": id, "type": "contact"}
    assert firm.data(f"/prospects/{matter}")["attributes"]["email"] == "ann@home.example"


@pytest.mark.parametrize(("quirk", "moved"), [("touched", True), ("untouched", False)])
def test_whether_a_number_touches_its_contact_is_a_quirk(firms: Any, quirk: str, moved: bool) -> None:
    """A number that comes, changes and goes moves the contact's `updated_at`, or does not."""
    firm = firms(handle_touch=quirk)
    id = firm.person()
    body = {"label": "Work", "info": "1", "informationable_type": "Contact", "informationable_id": id}

    made = ""
    for method in ("POST", "PUT", "DELETE"):
        before = firm.data(f"/contacts/{id}")["attributes"]["updated_at"]
        firm.wait(5)
        given = None if method == "DELETE" else body if method == "POST" else {"info": "2"}
        answer = firm.ask(method, f"/phone_numbers/{made}".rstrip("/"), given)
        made = answer.json()["data"]["id"]
        after = firm.data(f"/contacts/{id}")["attributes"]["updated_at"]
        assert (after != before) == moved, method


@pytest.mark.parametrize("there", [True, False])
def test_whether_contacts_name_their_numbers_is_a_quirk(firms: Any, there: bool) -> None:
    """`fields=all` of a contact has `phone_numbers` and `emails`, or no such relationships."""
    firm = firms(contact_numbers=there)
    id = firm.person(phone="415-555-0101", email="ann@ng.example")
    held = firm.data(f"/contacts/{id}", fields="all")["relationships"]
    if there:
        assert held["phone_numbers"]["data"] == [{"id": "1", "type": "phone_number"}]
        assert held["emails"]["data"] == [{"id": "1", "type": "email_address"}]
    else:
        assert not {"phone_numbers", "emails"} & set(held)
        firm.refused(422, "GET", f"/contacts/{id}?fields=emails")


# --- custom fields -------------------------------------------------------------------------------------


def field(firm: Any, type: str = "string", **more: Any) -> str:
    """Id of a new custom field of contacts."""
    body = {"name": f"Our {type}", "type": "Contact", "field_type": type, **more}
    id: str = firm.made("/custom_fields", body)["id"]
    return id


def test_custom_fields_hold_values_of_contacts(firm: Any) -> None:
    """A value is set and overwritten by the field's id, others stay, null clears, lists can't be filtered."""
    text, flag = field(firm), field(firm, "boolean")
    id = firm.person(custom_fields=[{"id": int(text), "value": "x"}, {"id": flag, "value": False}])
    (said, no) = firm.data(f"/contacts/{id}", fields="custom_fields")["attributes"]["custom_fields"]
    assert said == {
        "id": int(text),
        "name": "Our string",
        "field_type": "string",
        "value": "x",
        "formatted_value": "x",
    }
    assert (no["value"], no["formatted_value"]) == (False, "No")
    answer = firm.ask("PUT", f"/contacts/{id}", {"custom_fields": [{"id": text, "value": "y"}]}).json()
    assert [one["value"] for one in answer["data"]["attributes"]["custom_fields"]] == ["y", False]
    answer = firm.ask("PUT", f"/contacts/{id}", {"custom_fields": [{"id": text, "value": None}]}).json()
    assert [one["value"] for one in answer["data"]["attributes"]["custom_fields"]] == [False]


def test_ids_within_custom_fields_may_be_texts(firms: Any) -> None:
    """Both ways are published."""
    firm = firms(custom_field_ids="text")
    id = field(firm)
    contact = firm.person(custom_fields=[{"id": id, "value": "x"}])
    held = firm.data(f"/contacts/{contact}", fields="custom_fields")["attributes"]["custom_fields"]
    assert [one["id"] for one in held] == [id]


@pytest.mark.parametrize(
    ("type", "good", "bad"),
    [
        ("string", "x" * 255, "x" * 256),
        ("text", "x" * 300, 5),
        ("boolean", True, "true"),
        ("integer", 5, "5"),
        ("datetime", "2026-03-02T12:00:00Z", "soon"),
    ],
)
def test_a_value_is_of_its_fields_type(firm: Any, type: str, good: Any, bad: Any) -> None:
    """Another value is 422."""
    id = field(firm, type)
    firm.person(custom_fields=[{"id": id, "value": good}])
    firm.refused(422, "POST", "/contacts", {"custom_fields": [{"id": id, "value": bad}]})


def test_a_text_may_be_of_any_length(firms: Any) -> None:
    """`string_limit` 0: fields of type string hold whatever comes."""
    firm = firms(string_limit=0)
    firm.person(custom_fields=[{"id": field(firm), "value": "x" * 1000}])


def test_a_custom_field_belongs_to_one_kind(firm: Any) -> None:
    """`Matter` is answered as Prospect; a field of matters is none of contacts; it changes and goes."""
    made = firm.made("/custom_fields", {"name": "Court", "type": "Matter", "field_type": "string"})
    assert made["attributes"]["type"] == "Prospect"
    firm.refused(422, "POST", "/contacts", {"custom_fields": [{"id": made["id"], "value": "x"}]})
    matter = firm.matter(first_name="Ann", custom_fields=[{"id": made["id"], "value": "x"}])
    assert matter["attributes"]["custom_field_values"][made["id"]]["value"] == "x"
    assert firm.ids("/custom_fields", filter_by="type", filter_on="Prospect") == [made["id"]]
    firm.ask("PUT", f"/custom_fields/{made['id']}", {"name": "Courthouse"})
    assert firm.data(f"/custom_fields/{made['id']}")["attributes"]["name"] == "Courthouse"
    assert firm.ask("DELETE", f"/custom_fields/{made['id']}").status_code == 200
    assert (
        firm.data(f"/prospects/{matter['id']}", fields="custom_fields")["attributes"]["custom_fields"] == []
    )
    for wrong in (
        {"name": "X", "type": "Contact"},
        {"name": "X", "type": "Event", "field_type": "string"},
        {"name": "X", "type": "Contact", "field_type": "colour"},
        {"name": "X", "type": "Contact", "field_type": "list", "list_options": ["one"]},
    ):
        firm.refused(422, "POST", "/custom_fields", wrong)


def test_our_fields_are_there_when_asked_for(firms: Any) -> None:
    """`fields` ready: the eight are fields of contacts; missing: none is."""
    assert firms(fields="missing").data("/custom_fields") == []
    held = firms().data("/custom_fields")
    assert len(held) == 8
    assert {one["attributes"]["type"] for one in held} == {"Contact"}


# --- finders -------------------------------------------------------------------------------------------

NUMBER = "(415) 555-0123"
DIGITS = ("4155550123", "14155550123", "415-555-0123", "%2B1%20415%20555%200123", NUMBER)


def found(firm: Any, by: str, text: str, kind: str = "contacts") -> str | None:
    """Id of what a finder finds; None for 404."""
    answer = firm.ask("GET", f"/{kind}/find_by_{by}/{text}")
    if answer.status_code == 404:
        return None
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert isinstance(data, dict)
    id: str = data["id"]
    return id


def test_a_finder_answers_one_record_the_first_made(firm: Any) -> None:
    """Never all that match, and no list."""
    first = firm.person(phone=NUMBER, email="jo@acme.example")
    firm.person(phone="4155550123", email="JO@acme.example")
    assert found(firm, "phone", "4155550123") == first
    assert found(firm, "email", "Jo@Acme.example") == first
    assert found(firm, "name", "ann%20ng") == found(firm, "name", "ANN") == first
    assert found(firm, "name", "ng") is None
    firm.ask("DELETE", f"/contacts/{first}")
    assert found(firm, "phone", "4155550123") not in (None, first)


def test_a_finder_that_finds_nobody_is_404(firm: Any) -> None:
    """With an error as for any record that is not there (apis A3, seen by clients)."""
    for by in ("phone", "email", "name"):
        assert firm.refused(404, "GET", f"/contacts/find_by_{by}/x1")["title"] == "Not found"


def test_a_finder_that_finds_nobody_may_be_null(firms: Any) -> None:
    """The other side: 200 and nothing."""
    firm = firms(finder_miss="null")
    for kind in ("contacts", "prospects", "companies"):
        answer = firm.ask("GET", f"/{kind}/find_by_phone/4155550123")
        assert (answer.status_code, answer.json()) == (200, {"data": None})


def test_phones_are_found_by_their_digits(firm: Any) -> None:
    """As published for companies: digits only, with and without a leading 1; another number is not found."""
    id = firm.person(phone=NUMBER)
    assert [found(firm, "phone", text) for text in DIGITS] == [id] * len(DIGITS)
    assert found(firm, "phone", "5550123") is None
    assert found(firm, "phone", "x") is None
    plus = firm.person(phone="+1 415 555 0199")
    assert found(firm, "phone", "4155550199") == plus


def test_phones_may_be_found_as_they_are_stored_only(firms: Any) -> None:
    """The other side: another way to write the number finds nobody."""
    firm = firms(phone_match="stored")
    id = firm.person(phone=NUMBER)
    assert [found(firm, "phone", text) for text in DIGITS] == [None, None, None, None, id]


def test_a_part_may_be_enough(firms: Any) -> None:
    """`find_match` part: who has a longer number or address is found as well, and hides who was meant."""
    firm = firms(find_match="part")
    longer = firm.person(email="mary-jo@acme.example", phone="+44 4155550123")
    firm.person(email="jo@acme.example", phone=NUMBER)
    assert found(firm, "email", "jo@acme.example") == longer
    assert found(firm, "phone", "4155550123") == longer


@pytest.mark.parametrize(("reach", "there"), [("all", True), ("primary", False)])
def test_further_numbers_are_found_or_not(firms: Any, reach: str, there: bool) -> None:
    """`find_reach`: every number and address of a contact, or the first only."""
    firm = firms(find_reach=reach)
    id = firm.person(phone="415-555-0101", email="ann@ng.example")
    owner = {"label": "Other", "informationable_type": "Contact", "informationable_id": id}
    firm.made("/phone_numbers", {**owner, "info": NUMBER})
    firm.made("/email_addresses", {**owner, "info": "ng@home.example"})
    assert (found(firm, "phone", "4155550123") == id) == there
    assert (found(firm, "email", "ng@home.example") == id) == there
    assert found(firm, "phone", "4155550101") == id


def test_matters_and_companies_have_finders_too(firm: Any) -> None:
    """A matter is found by its contact's number, the first made of them; a company by its own."""
    contact = firm.person(phone=NUMBER)
    matter = firm.matter(contact_id=contact)["id"]
    firm.matter(contact_id=contact)
    assert found(firm, "phone", "4155550123", "prospects") == matter
    assert found(firm, "name", "Ann%20Ng", "prospects") == matter
    attributes = [{"info": "415-555-0198", "label": "Desk"}]
    body = {"name": "Acme", "phone": "415-555-0199", "email": "hello@acme.example"}
    acme = firm.made("/companies", {**body, "phone_numbers_attributes": attributes})["id"]
    assert found(firm, "phone", "4155550199", "companies") == acme
    assert found(firm, "phone", "4155550198", "companies") == acme
    assert found(firm, "name", "acme", "companies") == acme
    assert found(firm, "email", "hello@acme.example", "companies") == acme
    assert firm.data(f"/contacts/{firm.person(company_id=acme)}", fields="company")["relationships"] == {
        "company": {"data": {"id": acme, "type": "company"}}
    }


def test_search_is_behind_and_lists_are_not(firms: Any) -> None:
    """With lag, finders and filters by name, number and address know what was written only later; order and
    filters by time know it at once."""
    firm = firms(lag=30)
    id = firm.person(phone=NUMBER, email="ann@ng.example")
    by_name = {"filter_by": "last_name", "filter_on": "Ng"}
    assert found(firm, "phone", "4155550123") is None
    assert firm.ids("/contacts", **by_name) == []
    assert firm.ids("/contacts") == [id]
    assert firm.ids("/contacts", filter_by="created_at", filter_on="2026-01-01", filter_with=">=") == [id]
    matter = firm.matter(contact_id=id)["id"]
    assert found(firm, "phone", "4155550123", "prospects") is None
    firm.wait(30)
    assert found(firm, "phone", "4155550123") == id
    assert found(firm, "phone", "4155550123", "prospects") == matter
    assert firm.ids("/contacts", **by_name) == [id]
    firm.ask("DELETE", f"/prospects/{matter}")
    matter = firm.matter(contact_id=id)["id"]
    assert found(firm, "phone", "4155550123", "prospects") is None
    firm.ask("PUT", f"/contacts/{id}", {"phone": "415-555-0188", "last_name": "Roe"})
    assert found(firm, "phone", "4155550123") == id
    assert found(firm, "phone", "4155550188") is None
    assert firm.ids("/contacts", **by_name) == [id]
    firm.wait(30)
    assert found(firm, "phone", "4155550188") == id
    assert firm.ids("/contacts", **by_name) == []


def test_a_broken_search_is_503(firm: Any) -> None:
    """While the desk says so, finders and filters by names fail; lists by time and ids go on."""
    id = firm.person(phone=NUMBER)
    with firm.simulator.desk.broken_search():
        firm.refused(503, "GET", "/contacts/find_by_phone/4155550123")
        firm.refused(503, "GET", "/contacts?filter_by=last_name&filter_on=Ng")
        assert firm.ids("/contacts") == [id]
        assert firm.data(f"/contacts/{id}")["id"] == id
    assert found(firm, "phone", "4155550123") == id
