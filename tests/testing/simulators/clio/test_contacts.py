"""Contacts and their search (apis A2, "Lookup", "Create")."""

from __future__ import annotations

from typing import Any

import pytest

PHONES = "fields=phone_numbers{number,name,primary,default_number}"


def test_a_number_is_found_as_it_is_written(firm: Any) -> None:
    """The search compares text: another format of the same number finds nothing."""
    id = firm.phoned("(415) 555-0134")
    found = {
        "(415) 555-0134": [id],
        "555-0134": [id],
        "+14155550134": [],
        "4155550134": [],
        "415-555-0134": [],
        "14155550134": [],
    }
    assert {text: firm.ids("/contacts.json", query=text) for text in found} == found


@pytest.mark.parametrize(
    ("quirk", "found"),
    [
        (
            "substring",
            {"555-0134": True, "415 555": False, "0134": True, "134": True, "(415) 555-0134": True},
        ),
        ("tokens", {"555-0134": True, "415 555": True, "0134": True, "134": False, "415.555.0134": True}),
        ("exact", {"555-0134": True, "415 555": False, "0134": False, "134": False, "(415) 555-0134": True}),
    ],
)
def test_how_a_number_is_taken_apart(firms: Any, quirk: str, found: dict[str, bool]) -> None:
    """What of a number finds it is not verified: any part, the beginnings of its words, or whole words."""
    firm = firms(phone_query=quirk)
    firm.phoned("(415) 555-0134")
    assert {text: bool(firm.ids("/contacts.json", query=text)) for text in found} == found


def test_the_search_goes_through_many_fields(firm: Any) -> None:
    """Name, title, address, number, custom field, company and matter find a contact, in any case."""
    company = firm.made("/contacts.json", {"type": "Company", "name": "Acme Works"})["id"]
    field = firm.ids("/custom_fields.json", query="FirstContact key")[0]
    id = firm.person(
        title="Treasurer",
        email_addresses=[{"name": "Work", "address": "Ann@NG.example"}],
        company={"id": company},
        custom_field_values=[{"custom_field": {"id": field}, "value": "key-77"}],
    )["id"]
    firm.made("/matters.json", {"client": {"id": id}, "description": "Ng v. Roe"})
    firm.person(last_name="Other")
    for text in ("ann ng", "treasurer", "ann@ng.example", "acme works", "key-77", "ng v. roe"):
        assert id in firm.ids("/contacts.json", query=text, type="Person"), text
    assert firm.ids("/contacts.json", query="nobody") == []
    assert firm.ids("/contacts.json", query="Acme", type="Company") == [company]


def test_the_search_lags_behind(firms: Any) -> None:
    """What was written is found by text only after a while; by id, by date and by custom field at once."""
    firm = firms(lag=30)
    id = firm.phoned("415-555-0134")
    field = firm.ids("/custom_fields.json")[0]
    assert firm.ids("/contacts.json", query="415-555-0134") == []
    assert firm.ids("/contacts.json") == [id]
    firm.wait(29)
    assert firm.ids("/contacts.json", query="415-555-0134") == []
    firm.wait(1)
    assert firm.ids("/contacts.json", query="415-555-0134") == [id]
    values = [{"custom_field": {"id": field}, "value": "k"}]
    numbers = [{"name": "Work", "number": "415-555-0135"}]
    firm.ask("PATCH", f"/contacts/{id}.json", {"custom_field_values": values, "phone_numbers": numbers})
    assert firm.ids("/contacts.json", **{f"custom_field_values[{field}]": "k"}) == [id]
    assert firm.ids("/contacts.json", query="415-555-0135") == []
    assert firm.ids("/contacts.json", query="415-555-0134") == [id]
    firm.wait(30)
    assert firm.ids("/contacts.json", query="415-555-0135") == [id]


def test_nothing_stops_a_second_contact(firm: Any) -> None:
    """There is no check for duplicates and no key that makes a contact once."""
    assert firm.phoned("415-555-0134") != firm.phoned("415-555-0134")


def test_a_person_is_named_by_parts_or_whole(firm: Any) -> None:
    """First and last name make the name, and a name is taken apart; a company has one name."""
    fields = "name,first_name,last_name,type"
    told = {
        "Ann Ng": {"type": "Person", "first_name": "Ann", "last_name": "Ng"},
        "Ann Lee Ng": {"type": "Person", "name": "Ann Lee Ng"},
        "Ng": {"type": "Person", "name": "Ng"},
        "Acme Works": {"type": "Company", "name": "Acme Works"},
    }
    made = [firm.made("/contacts.json", body, params={"fields": fields}) for body in told.values()]
    assert [one["name"] for one in made] == list(told)
    assert [one["first_name"] or None for one in made] == ["Ann", "Ann Lee", None, None]
    assert made[3]["last_name"] is None


def test_numbers_are_added_changed_and_taken_away(firm: Any) -> None:
    """A number without an id is added, with one it is changed or goes; one of them is the main one."""
    path = f"/contacts/{firm.phoned('415-555-0134')}.json"

    def patched(*numbers: Any) -> list[tuple[str, str, bool]]:
        answer = firm.ask("PATCH", f"{path}?{PHONES}", {"phone_numbers": list(numbers)})
        assert answer.status_code == 200, answer.text
        held = answer.json()["data"]["phone_numbers"]
        assert all(one["primary"] == one["default_number"] for one in held)
        return [(one["number"], one["name"], one["primary"]) for one in held]

    first = ("415-555-0134", "Work", True)
    assert patched({"name": "Mobile", "number": "415-555-0135"}) == [first, ("415-555-0135", "Mobile", False)]
    one, two = (one["id"] for one in firm.data(path, fields="phone_numbers")["phone_numbers"])
    assert patched({"id": two, "default_number": True})[1] == ("415-555-0135", "Mobile", True)
    assert patched({"id": one, "number": "415-555-0136"})[0] == ("415-555-0136", "Work", False)
    assert patched({"id": two, "_destroy": True}) == [("415-555-0136", "Work", True)]
    refused = firm.ask("PATCH", path, {"phone_numbers": [{"id": two, "number": "1"}]})
    assert refused.status_code == 422
    parts = firm.data(f"{path.removesuffix('.json')}/phone_numbers.json", fields="number")
    assert parts == [{"number": "415-555-0136"}]


def test_a_refused_change_changes_nothing(firms: Any) -> None:
    """Where one part of a change is refused, the record stays as it was, etag and all."""
    firm = firms()
    id = firm.phoned("415-555-0134")
    path = f"/contacts/{id}.json"
    before = firm.data(path, fields="etag,title,phone_numbers{id,etag,number,primary}")
    change = {
        "title": "CFO",
        "phone_numbers": [{"name": "Work", "number": "415-555-0135", "default_number": True}],
        "custom_field_values": [{"custom_field": {"id": 999}, "value": "x"}],
    }
    assert firm.ask("PATCH", path, change).status_code == 422
    assert firm.data(path, fields="etag,title,phone_numbers{id,etag,number,primary}") == before


@pytest.mark.parametrize(
    ("quirk", "known"),
    [("both", {"primary", "default_number"}), ("primary", {"primary"}), ("default", {"default_number"})],
)
def test_the_main_number_is_told_by_one_flag_or_the_other(firms: Any, quirk: str, known: set[str]) -> None:
    """The specification says `primary`, published clients read `default_number`."""
    firm = firms(default_flag=quirk)
    for name in ("primary", "default_number"):
        answer = firm.ask("GET", "/contacts.json", params={"fields": f"phone_numbers{{{name}}}"})
        assert answer.status_code == (200 if name in known else 400)


def test_a_client_has_a_matter(firm: Any) -> None:
    """Who is the client of a matter is told, and can be asked for."""
    client, other = firm.person()["id"], firm.person()["id"]
    matter = firm.made("/matters.json", {"client": {"id": client}, "description": "Ng v. Roe"})["id"]
    assert firm.ids("/contacts.json", client_only="true") == [client]
    assert firm.data(f"/contacts/{other}.json", fields="is_client") == {"is_client": False}
    assert firm.ask("DELETE", f"/matters/{matter}.json").status_code == 204
    assert firm.data(f"/contacts/{client}.json", fields="is_client") == {"is_client": False}


def test_lists_are_filtered(firm: Any) -> None:
    """Ids, those left out, with an address, and the first letter."""
    one = firm.person(last_name="Ng")["id"]
    two = firm.person(last_name="Roe", email_addresses=[{"name": "Work", "address": "r@roe.example"}])["id"]
    assert firm.ids("/contacts.json?ids[]=999&ids[]=" + str(two)) == [two]
    assert firm.ids(f"/contacts.json?exclude_ids[]={two}") == [one]
    assert firm.ids("/contacts.json", email_only="true") == [two]
    assert firm.ids("/contacts.json", initial="N") == [one]
    assert firm.ids("/contacts.json", order="name(desc)") == [two, one]


# --- custom fields -------------------------------------------------------------------------------------


def test_our_fields_are_there_or_to_be_made(firms: Any) -> None:
    """Ready or missing, by the quirk; a name is taken once."""
    names = [one["name"] for one in firms().data("/custom_fields.json", fields="name", parent_type="contact")]
    assert names == [
        "FirstContact key",
        "Created by FirstContact",
        "FirstContact placeholder",
        "FirstContact interaction",
        "FirstContact state",
        "FirstContact department",
        "FirstContact seniority",
        "FirstContact persona",
    ]
    firm = firms(fields="missing")
    assert firm.data("/custom_fields.json") == []
    field = {"name": "FirstContact key", "parent_type": "Contact", "field_type": "text_line"}
    firm.made("/custom_fields.json", field)
    assert firm.ask("POST", "/custom_fields.json", field).status_code == 422
    assert firm.ask("POST", "/custom_fields.json", {**field, "field_type": "tape"}).status_code == 422


@pytest.mark.parametrize("quirk", ["by_id", "by_field"])
def test_a_value_is_changed_by_its_own_id(firms: Any, quirk: str) -> None:
    """A value that is there is named by its id; the field's alone is refused or taken, by the quirk."""
    firm = firms(custom_field_update=quirk)
    field = firm.ids("/custom_fields.json", query="FirstContact key")[0]
    held = [{"custom_field": {"id": field}, "value": "a"}]
    path = f"/contacts/{firm.person(custom_field_values=held)['id']}.json"
    fields = {"fields": "custom_field_values{id,value,field_name,field_type}"}

    def value() -> Any:
        (one,) = firm.data(path, **fields)["custom_field_values"]
        assert (one["field_name"], one["field_type"]) == ("FirstContact key", "text_line")
        assert one["id"].startswith("text_line-")
        return one

    change = {"custom_field_values": [{"id": value()["id"], "value": "b"}]}
    assert firm.ask("PATCH", path, change).status_code == 200
    assert value()["value"] == "b"
    change = {"custom_field_values": [{"custom_field": {"id": field}, "value": "c"}]}
    assert firm.ask("PATCH", path, change).status_code == (422 if quirk == "by_id" else 200)
    assert value()["value"] == ("b" if quirk == "by_id" else "c")


def test_contacts_are_found_by_a_value(firm: Any) -> None:
    """A custom field's value is compared whole; `custom_field_ids[]` picks what is told of them."""
    key, created = firm.ids("/custom_fields.json", order="id(asc)")[:2]
    values = [{"custom_field": {"id": key}, "value": "k1"}, {"custom_field": {"id": created}, "value": True}]
    id = firm.person(custom_field_values=values)["id"]
    firm.person()
    assert firm.ids("/contacts.json", **{f"custom_field_values[{key}]": "k1"}) == [id]
    assert firm.ids("/contacts.json", **{f"custom_field_values[{key}]": "k"}) == []
    assert firm.ids("/contacts.json", **{f"custom_field_values[{created}]": "true"}) == [id]
    assert firm.ask("GET", "/contacts.json?custom_field_values[999]=x").status_code == 400
    told = firm.data(f"/contacts/{id}.json?custom_field_ids[]={key}&fields=custom_field_values{{value}}")
    assert told == {"custom_field_values": [{"value": "k1"}]}


@pytest.mark.parametrize(("quirk", "told"), [("boolean", True), ("string", "true")])
def test_a_checkbox_is_told_either_way(firms: Any, quirk: str, told: Any) -> None:
    """The specification says that a value is text; a checkbox may come as one or as a boolean."""
    firm = firms(checkbox_value=quirk)
    field = firm.ids("/custom_fields.json", field_type="checkbox")[0]
    for value in (True, "true"):
        id = firm.person(custom_field_values=[{"custom_field": {"id": field}, "value": value}])["id"]
        (one,) = firm.data(f"/contacts/{id}.json", fields="custom_field_values{value}")["custom_field_values"]
        assert one["value"] == told


def test_a_required_field_is_shown_or_enforced(firms: Any) -> None:
    """A required custom field is told of; the API refuses contacts without it, or does not, by the quirk."""
    assert firms().data("/custom_fields.json", visible_and_required="true") == []
    for quirk, status in (("shown", 201), ("enforced", 422)):
        firm = firms(required_field=quirk)
        (field,) = firm.ids("/custom_fields.json", visible_and_required="true")
        body = {"type": "Person", "last_name": "Ng"}
        assert firm.ask("POST", "/contacts.json", body).status_code == status
        body["custom_field_values"] = [{"custom_field": {"id": field}, "value": "web"}]  # type: ignore[assignment]
        firm.made("/contacts.json", body)
