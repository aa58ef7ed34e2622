"""What holds for every resource: fields, errors, pages, etags, versions, filters (apis A2, "Conventions")."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import pytest


@pytest.mark.parametrize("path", ["/contacts.json", "/communications.json", "/matters.json", "/users.json"])
def test_without_fields_there_is_id_and_etag_only(firm: Any, path: str) -> None:
    """Who does not say what they want is told the id and the etag."""
    id = firm.person()["id"]
    firm.made("/matters.json", {"client": {"id": id}, "description": "Ng v. Roe"})
    firm.made("/communications.json", {"type": "PhoneCommunication", "subject": "Call", "body": "A call."})
    assert [set(one) for one in firm.data(path)] == [{"id", "etag"}]


def test_a_made_record_is_told_as_id_and_etag(firm: Any) -> None:
    """The etag is in quotes of its own (apis A2, "Create")."""
    made = firm.person()
    assert set(made) == {"id", "etag"}
    assert made["etag"].startswith('"')
    assert made["etag"].endswith('"')


def test_nested_fields_go_one_level_deep(firm: Any) -> None:
    """What is asked for within braces comes, without braces id and etag, and deeper is refused."""
    id = firm.person(phone_numbers=[{"name": "Mobile", "number": "415-555-0134"}])["id"]
    path = f"/contacts/{id}.json"
    assert firm.data(path, fields="id,phone_numbers{number,name}") == {
        "id": id,
        "phone_numbers": [{"number": "415-555-0134", "name": "Mobile"}],
    }
    (number,) = firm.data(path, fields="phone_numbers")["phone_numbers"]
    assert set(number) == {"id", "etag"}
    deep = firm.ask("GET", path, params={"fields": "custom_field_values{id,custom_field{id}}"})
    assert deep.status_code == 400


def test_a_second_level_can_be_empty(firms: Any) -> None:
    """What is nested two levels down is id and etag, or nothing (an observer's word), by the quirk."""
    for quirk, told in (("id_etag", {"id", "etag"}), ("empty", set())):
        firm = firms(second_level=quirk)
        field = firm.ids("/custom_fields.json")[0]
        id = firm.person(custom_field_values=[{"custom_field": {"id": field}, "value": "k"}])["id"]
        fields = "custom_field_values{value,custom_field}"
        (value,) = firm.data(f"/contacts/{id}.json", fields=fields)["custom_field_values"]
        assert set(value["custom_field"]) == told


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/contacts.json?fields=id,nonsense", 400),
        ("GET", "/contacts.json?fields=id,phone_numbers{nonsense}", 400),
        ("GET", "/contacts.json?fields=name{id}", 400),
        ("GET", "/contacts.json?fields=id,,", 400),
        ("GET", "/contacts.json?nonsense=1", 400),
        ("GET", "/contacts.json?limit=201", 400),
        ("GET", "/contacts.json?limit=0", 400),
        ("GET", "/contacts.json?order=title(asc)", 400),
        ("GET", "/contacts.json?page_token=nonsense", 400),
        ("GET", "/contacts.json?updated_since=yesterday", 400),
        ("GET", "/contacts.json?type=Animal", 400),
        ("GET", "/contacts.json?ids[]=one", 400),
        ("GET", "/communications.json?external_property_value=x", 400),
        ("GET", "/notes.json", 400),
        ("GET", "/nonsense.json", 404),
        ("GET", "/contacts", 404),
        ("GET", "/contacts/999.json", 404),
        ("PUT", "/contacts.json", 404),
        ("DELETE", "/contacts/999.json", 404),
        ("POST", "/users.json", 404),
    ],
)
def test_what_is_not_known_is_refused(firm: Any, method: str, path: str, status: int) -> None:
    """An unknown path, method, parameter, field or value has Clio's envelope."""
    answer = firm.ask(method, path)
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}
    assert set(answer.json()["error"]) == {"type", "message"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"type": "Person", "last_name": "Ng", "nonsense": 1}, 400),
        ({"type": "Person", "last_name": "Ng", "phone_numbers": [{"phone": "1"}]}, 400),
        ({"type": "Person", "last_name": "Ng", "phone_numbers": {"number": "1"}}, 400),
        ({"last_name": "Ng"}, 422),
        ({"type": "Person"}, 422),
        ({"type": "Animal", "name": "Ng"}, 422),
        ({"type": "Person", "last_name": 5}, 422),
        ({"type": "Person", "last_name": "N" * 256}, 422),
        ({"type": "Person", "last_name": "N\0"}, 422),
        ({"type": "Person", "last_name": "Ng", "phone_numbers": [{"name": "Cell", "number": "1"}]}, 422),
        ({"type": "Person", "last_name": "Ng", "phone_numbers": [{"name": "Work"}]}, 422),
        ({"type": "Person", "last_name": "Ng", "company": {"id": 999}}, 422),
        ({"type": "Person", "last_name": "Ng", "custom_field_values": [{"value": "x"}]}, 422),
    ],
)
def test_a_body_is_looked_at(firm: Any, body: Any, status: int) -> None:
    """What a body must not have, must have, and must be."""
    answer = firm.ask("POST", "/contacts.json", body)
    assert answer.status_code == status, answer.text
    assert firm.data("/contacts.json") == []


def test_half_a_surrogate_pair_is_refused(firm: Any) -> None:
    """Text that is none is refused as a value, not taken."""
    headers = {"Content-Type": "application/json"}
    content = b'{"data": {"type": "Person", "last_name": "half \\ud83d"}}'
    assert firm.ask("POST", "/contacts.json", content=content, headers=headers).status_code == 422


def test_a_body_is_wrapped(firm: Any) -> None:
    """A body without `data`, or that is no JSON, is refused."""
    for content in (b'{"type": "Person", "last_name": "Ng"}', b"type=Person", b"[]", b'{"data": []}'):
        assert firm.ask("POST", "/contacts.json", content=content).status_code == 400


def test_pages_have_their_next_as_an_address(firm: Any) -> None:
    """A page has at most what is asked for, and the whole address of the next one until there is none."""
    ids = [firm.person()["id"] for _ in range(5)]
    found: list[int] = []
    answer = firm.ask("GET", "/contacts.json", params={"limit": "2", "fields": "id"})
    while True:
        found += [one["id"] for one in answer.json()["data"]]
        following = answer.json()["meta"]["paging"].get("next")
        if following is None:
            break
        assert following.startswith(f"{firm.url}/api/v4/contacts.json?")
        assert "page_token=" in following
        answer = firm.client.get(following, headers={"Authorization": f"Bearer {firm.token}"})
        assert all(set(one) == {"id"} for one in answer.json()["data"])
    assert found == ids


def test_by_id_a_page_goes_on_behind_the_last(firm: Any) -> None:
    """What goes between two pages hides nobody where records come by id; in another order it does."""
    for order, seen in (("id(asc)", 4), ("name(asc)", 3)):
        ids = [firm.person(last_name=f"{order} {n}")["id"] for n in range(4)]
        told = {"order": order, "limit": "2", "query": order}
        answer = firm.ask("GET", "/contacts.json", params=told).json()
        assert firm.ask("DELETE", f"/contacts/{ids[0]}.json").status_code == 204
        following = answer["meta"]["paging"]["next"].removeprefix(f"{firm.url}/api/v4")
        rest = firm.ask("GET", following).json()["data"]
        assert len(answer["data"]) + len(rest) == seen


def test_a_stale_etag_is_refused(firm: Any) -> None:
    """IF-MATCH with another etag than the record's is 412 and changes nothing; with its own it is taken."""
    made = firm.person()
    path = f"/contacts/{made['id']}.json"
    fresh = firm.ask("PATCH", path, {"title": "CFO"}, headers={"IF-MATCH": made["etag"]})
    assert fresh.status_code == 200
    assert fresh.json()["data"]["etag"] != made["etag"]
    stale = firm.ask("PATCH", path, {"title": "CEO"}, headers={"IF-MATCH": made["etag"]})
    assert stale.status_code == 412
    assert firm.ask("DELETE", path, headers={"IF-MATCH": made["etag"]}).status_code == 412
    assert firm.data(path, fields="title") == {"title": "CFO"}


def test_what_is_not_changed_is_not_sent_again(firm: Any) -> None:
    """IF-NONE-MATCH with the record's etag, or IF-MODIFIED-SINCE of its last change, is 304."""
    made = firm.person()
    path = f"/contacts/{made['id']}.json"
    seen = [
        {"IF-NONE-MATCH": made["etag"]},
        {"IF-MODIFIED-SINCE": "Mon, 02 Mar 2026 12:00:00 GMT"},
    ]
    assert [firm.ask("GET", path, headers=one).status_code for one in seen] == [304, 304]
    firm.wait(1)
    firm.ask("PATCH", path, {"title": "CFO"})
    assert [firm.ask("GET", path, headers=one).status_code for one in seen] == [200, 200]


def test_versions_are_those_there_are(firms: Any) -> None:
    """A version that is not supported is 410; without one it is the newest."""
    firm = firms()
    who = "/users/who_am_i.json"
    for version, status in (("4.0.4", 200), ("4.0.13", 200), ("4.0.14", 410), ("4.0.3", 410), ("4", 410)):
        assert firm.ask("GET", who, headers={"X-API-VERSION": version}).status_code == status, version
    assert firm.ask("GET", who).headers["X-API-VERSION"] == "4.0.13"
    older = firms(oldest_version="4.0.0")
    assert older.ask("GET", who, headers={"X-API-VERSION": "4.0.3"}).status_code == 200


def test_since_is_in_whole_seconds(firms: Any) -> None:
    """What was changed after a moment; in that very second by the quirk."""
    for quirk, both in (("inclusive", True), ("exclusive", False)):
        firm = firms(updated_since=quirk)
        first = firm.person()["id"]
        firm.wait(1.7)
        second = firm.person()["id"]
        at = firm.data(f"/contacts/{first}.json", fields="updated_at")["updated_at"]
        assert at == "2026-03-02T12:00:00Z"
        assert firm.ids("/contacts.json", updated_since=at) == ([first, second] if both else [second])
        assert firm.ids("/contacts.json", created_since="2026-03-02T13:00:00+01:00") == (
            [first, second] if both else [second]
        )


def test_a_deleted_record_is_not_found(firm: Any) -> None:
    """After a delete it answers 404 everywhere, and no list tells of it."""
    made = firm.person()
    path = f"/contacts/{made['id']}.json"
    assert firm.ask("DELETE", path).status_code == 204
    for method, body in (("GET", None), ("PATCH", {"title": "CFO"}), ("DELETE", None)):
        assert firm.ask(method, path, body).status_code == 404
    assert firm.data("/contacts.json", updated_since="2020-01-01T00:00:00Z") == []


def test_a_permission_can_be_missing(firms: Any) -> None:
    """A resource that our login must not see is 403."""
    firm = firms(forbidden=("activities",))
    assert firm.ask("GET", "/activities.json").status_code == 403
    assert firm.ask("GET", "/contacts.json").status_code == 200


def test_every_answer_says_the_time_of_clio(firm: Any) -> None:
    """Also a refused one: the clock by which the records' times go, not the machine's."""
    for path in ("/contacts.json", "/nowhere.json"):
        said = parsedate_to_datetime(firm.ask("GET", path).headers["date"])
        assert int(said.timestamp()) == firm.clock.now() // 1_000_000
