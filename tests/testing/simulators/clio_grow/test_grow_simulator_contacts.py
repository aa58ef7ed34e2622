"""Contacts of the platform API: how they are read, searched and, by assumption, written (apis A2, N)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

ANN = {
    "first_name": "Ann",
    "last_name": "Ng",
    "emails": ["ann@ng.example"],
    "phone_numbers": ["(415) 555-0134"],
}


def pages(firm: Any, path: str, **params: Any) -> list[list[int]]:
    """Ids of every page, following what each answers as `next`."""
    found = []
    answer = firm.ask("GET", path, params=params)
    while True:
        assert answer.status_code == 200, answer.text
        found.append([one["id"] for one in answer.json()["data"]])
        following = answer.json()["meta"]["paging"]["next"]
        if following is None:
            return found
        token = parse_qs(urlsplit(following).query)["page_token"][0]
        answer = firm.ask("GET", path, params={"page_token": token})


# --- reading -------------------------------------------------------------------------------------------


def test_a_contact_is_shown_as_described(firm: Any) -> None:
    """Every field that apis A2 names is there, numbers as they were written, and nothing else."""
    id = firm.made("/contacts", ANN)["id"]
    matter = int(firm.desk.add("matter", {"contact": str(id), "name": "Ng v. Roe"}))
    shown = firm.data(f"/contacts/{id}")
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}", shown.pop("global_id"))
    assert shown == {
        **ANN,
        "id": id,
        "clio_id": None,
        "name": "Ann Ng",
        "type": "Person",
        "status": "Unassigned",
        "matters": [{"id": matter}],
        "addresses": [],
        "created_at": "2026-03-02T12:00:00Z",
        "updated_at": "2026-03-02T12:00:00Z",
    }
    (listed,) = firm.data("/contacts")
    assert {name: listed[name] for name in shown} == shown


def test_an_unknown_contact_is_404(firm: Any) -> None:
    """One that never was, and one that was deleted, which no list tells of."""
    id = firm.made("/contacts", ANN)["id"]
    firm.desk.delete("contact", str(id))
    for one in (id, 999_999):
        answer = firm.ask("GET", f"/contacts/{one}")
        assert (answer.status_code, answer.json()["error"]["status"]) == (404, "404")
    assert firm.data("/contacts") == []


def test_custom_fields_come_only_when_they_are_asked_for(firm: Any) -> None:
    """`include` adds them, here empty; what it does not know is ignored."""
    id = firm.made("/contacts", ANN)["id"]
    for path in (f"/contacts/{id}", "/contacts"):
        for include, there in ((None, False), ("else", False), ("else,custom_field_values", True)):
            shown = firm.data(path, **({"include": include} if include else {}))
            shown = shown[0] if isinstance(shown, list) else shown
            assert ("custom_field_values" in shown) == there


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/contacts?limit=5"),
        ("GET", "/contacts?fields=id"),
        ("GET", "/contacts?order=id"),
        ("GET", "/contacts?query=a&query=b"),
        ("GET", "/contacts?ids[]=x"),
        ("GET", "/contacts?updated_since=yesterday"),
        ("GET", "/contacts?page_token=nonsense"),
        ("GET", "/contacts/4002?query=a"),
        ("POST", "/contacts?include=custom_field_values"),
    ],
)
def test_what_is_not_described_is_refused(firm: Any, method: str, path: str) -> None:
    """A parameter that is not known, is given twice or cannot be read is 400 in Clio's envelope."""
    firm.made("/contacts", ANN)
    answer = firm.ask(method, path, ANN if method == "POST" else None)
    assert (answer.status_code, answer.json()["error"]["status"]) == (400, "400")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/companies"),
        ("GET", "/contacts/"),
        ("GET", "/contacts/x"),
        ("DELETE", "/contacts/4002"),
        ("PUT", "/contacts/4002"),
        ("POST", "/contacts/4002"),
        ("PATCH", "/contacts/4002/notes/4003"),
        ("GET", "/notes"),
        ("POST", "/notes"),
        ("PATCH", "/matters/4002"),
        ("POST", "/users"),
    ],
)
def test_other_paths_and_methods_are_not_there(firm: Any, method: str, path: str) -> None:
    """A path or method that the description does not have is 404, and so is anything below another root."""
    firm.made("/contacts", ANN)
    assert firm.ask(method, path, {} if method in ("POST", "PATCH", "PUT") else None).status_code == 404
    bearer = {"Authorization": f"Bearer {firm.token}"}
    for root in ("/grown/contacts", "/api/v2/contacts", "/contacts", "/"):
        assert firm.client.get(root, headers=bearer).status_code == 404


def test_where_it_is_is_not_verified(firms: Any) -> None:
    """The base path is a switch; the Lead Inbox stays where it is."""
    firm = firms(base_path="/grow/api/v1")
    assert firm.data("/contacts") == []
    assert firm.inbox().status_code == 201
    bearer = {"Authorization": f"Bearer {firm.token}"}
    assert firm.client.get("/grow/contacts", headers=bearer).status_code == 404


# --- since and ids -------------------------------------------------------------------------------------


@pytest.mark.parametrize("quirk", ["inclusive", "exclusive"])
def test_what_changed_since(firms: Any, quirk: str) -> None:
    """Made or changed on or after a moment, whole seconds compared; or only after it, by switch."""
    firm = firms(updated_since=quirk)
    one = firm.made("/contacts", ANN)["id"]
    firm.wait(10.4)
    two = firm.made("/contacts", ANN)["id"]
    firm.wait(10)
    firm.ask("PATCH", f"/contacts/{one}", {"first_name": "Anna"})
    told = {
        "2026-03-02T12:00:00Z": [one, two],
        "2026-03-02T12:00:11Z": [one],
        "2026-03-02T14:00:11+02:00": [one],
        "2026-03-02T12:00:21Z": [],
        "2026-03-02T12:00:10Z": [one, two] if quirk == "inclusive" else [one],
    }
    assert {since: firm.ids("/contacts", updated_since=since) for since in told} == told
    assert firm.ids("/contacts", created_since="2026-03-02T12:00:10Z") == [two]


def test_at_most_fifty_ids(firm: Any) -> None:
    """`ids[]` is repeated up to fifty times; an id that is not there is left out."""
    ids = [firm.made("/contacts", ANN)["id"] for _ in range(3)]
    assert firm.ids("/contacts", **{"ids[]": [ids[2], ids[0], 999_999]}) == [ids[0], ids[2]]
    fifty = list(range(900_000, 900_050))
    assert firm.ids("/contacts", **{"ids[]": fifty}) == []
    assert firm.ask("GET", "/contacts", params={"ids[]": [*fifty, 1]}).status_code == 400


# --- the search ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quirk", "found"),
    [
        ("parts", {"555-0134": 1, "415 555": 0, "0134": 1, "134": 1, "(415) 555-0134": 1, "4155550134": 0}),
        ("words", {"555-0134": 1, "415 555": 1, "0134": 1, "134": 0, "(415) 555-0134": 1, "4155550134": 0}),
        ("exact", {"555-0134": 1, "415 555": 0, "0134": 0, "134": 0, "(415) 555-0134": 1, "4155550134": 0}),
        ("digits", {"555-0134": 1, "415 555": 1, "0134": 1, "134": 1, "+1415555": 0, "4155550134": 1}),
    ],
)
def test_how_a_number_is_searched_is_not_verified(firms: Any, quirk: str, found: dict[str, int]) -> None:
    """Any part of what was written, the beginnings of its groups, the whole, or its digits."""
    firm = firms(query=quirk)
    firm.made("/contacts", ANN)
    assert {text: len(firm.ids("/contacts", query=text)) for text in found} == found


def test_names_addresses_and_numbers_are_searched(firm: Any) -> None:
    """In any case, and nothing else is: not notes, not matters."""
    id = firm.made("/contacts", {**ANN, "addresses": [{"city": "Springfield"}]})["id"]
    firm.made(f"/contacts/{id}/notes", {"subject": "Called", "body": "about a fence"})
    firm.desk.add("matter", {"contact": str(id), "name": "Fence"})
    for text in ("ann ng", "ANN@NG.example", "555-0134"):
        assert firm.ids("/contacts", query=text) == [id], text
    for text in ("fence", "springfield", "nobody"):
        assert firm.ids("/contacts", query=text) == [], text
    assert firm.ids("/contacts", query="") == [id]


def test_the_search_lags_behind(firms: Any) -> None:
    """What was written is found by text only after a while; by id and by date at once. Leads lag as well."""
    firm = firms(lag=30)
    id = firm.made("/contacts", ANN)["id"]
    lead = firm.made("/inbox_leads", firm.sent)["id"]
    since = "2026-03-02T12:00:00Z"
    for wait in (0, 29):
        firm.wait(wait)
        assert firm.ids("/contacts", query="555-0134") == []
        assert firm.ids("/inbox_leads", state="untriaged", query="555") == []
        assert firm.ids("/contacts", updated_since=since) == firm.ids("/contacts") == [id]
        assert firm.ids("/inbox_leads", state="untriaged") == [lead]
    firm.wait(1)
    assert firm.ids("/contacts", query="555-0134") == [id]
    assert firm.ids("/inbox_leads", state="untriaged", query="555") == [lead]
    firm.ask("PATCH", f"/contacts/{id}", {"phone_numbers": ["415-555-0135"]})
    assert firm.ids("/contacts", query="555-0134") == [id]
    assert firm.ids("/contacts", query="555-0135") == []
    firm.wait(30)
    assert firm.ids("/contacts", query="555-0135") == [id]


# --- pages ---------------------------------------------------------------------------------------------


def test_a_list_comes_in_pages(firms: Any) -> None:
    """Each page tells where the next is, the last tells none; a token keeps the filters it was made with."""
    firm = firms(page_size=2)
    ids = [firm.made("/contacts", {"last_name": "Ng" if n % 2 else "Roe"})["id"] for n in range(7)]
    assert pages(firm, "/contacts") == [ids[:2], ids[2:4], ids[4:6], ids[6:]]
    assert pages(firm, "/contacts", query="Roe") == [[ids[0], ids[2]], [ids[4], ids[6]]]
    assert pages(firm, "/contacts", **{"ids[]": ids[:2]}) == [ids[:2]]
    following = firm.ask("GET", "/contacts", params={"query": "Roe"}).json()["meta"]["paging"]["next"]
    assert following.startswith(f"{firm.url}/grow/contacts?page_token=")
    bearer = {"Authorization": f"Bearer {firm.token}"}
    assert [one["id"] for one in httpx2.get(following, headers=bearer).json()["data"]] == [ids[4], ids[6]]
    token = parse_qs(urlsplit(following).query)["page_token"][0]
    again = {"page_token": token, "query": "Roe"}
    assert firm.ids("/contacts", **again) == [ids[4], ids[6]]
    assert firm.ask("GET", "/contacts", params={**again, "query": "Ng"}).status_code == 400


def test_two_hundred_are_a_page(firm: Any) -> None:
    """How long a page is is not known; here it is so many unless it is told otherwise."""
    for n in range(201):
        firm.desk.add("contact", {"last_name": f"Ng {n}"})
    assert [len(page) for page in pages(firm, "/contacts")] == [200, 1]


def test_records_that_come_and_go_between_pages(firms: Any) -> None:
    """A page goes on behind the last record of the one before, whatever went meanwhile."""
    firm = firms(page_size=2)
    ids = [firm.made("/contacts", ANN)["id"] for _ in range(4)]
    following = firm.ask("GET", "/contacts").json()["meta"]["paging"]["next"]
    firm.desk.delete("contact", str(ids[0]))
    new = firm.made("/contacts", ANN)["id"]
    token = parse_qs(urlsplit(following).query)["page_token"][0]
    assert firm.ids("/contacts", page_token=token) == [ids[2], ids[3]]
    assert [id for page in pages(firm, "/contacts") for id in page] == [*ids[1:], new]


def test_where_the_next_page_is_is_not_verified(firms: Any) -> None:
    """At this address, or at the host and path that the description shows, which no test must ever ask."""
    firm = firms(page_size=1, paging_next="elsewhere")
    ids = [firm.made("/contacts", ANN)["id"] for _ in range(2)]
    following = firm.ask("GET", "/contacts").json()["meta"]["paging"]["next"]
    assert following.startswith("https://grow.clio.com/api/v2/contacts?page_token=")
    assert pages(firm, "/contacts") == [[ids[0]], [ids[1]]]


# --- the writes that are assumed -----------------------------------------------------------------------


def test_contacts_can_be_made_and_changed_by_assumption(firm: Any) -> None:
    """Made with what is read, whose lists are replaced where they are given and left where they are not."""
    made = firm.made("/contacts", ANN)
    path = f"/contacts/{made['id']}"
    firm.wait(5)
    changed = firm.ask("PATCH", path, {"phone_numbers": ["+14155550134", "415-555-0135"]}).json()["data"]
    assert changed["phone_numbers"] == ["+14155550134", "415-555-0135"]
    assert (changed["emails"], changed["name"]) == (ANN["emails"], "Ann Ng")
    assert (changed["created_at"], changed["updated_at"]) == (made["created_at"], "2026-03-02T12:00:05Z")
    assert firm.ask("PATCH", path, {"emails": []}).json()["data"]["emails"] == []
    assert firm.data(path)["status"] == "Unassigned"
    assert firm.ask("PATCH", "/contacts/999", {"first_name": "A"}).status_code == 404


def test_without_those_writes_there_is_only_what_is_described(firms: Any) -> None:
    """With the switch off contacts cannot be made or changed; notes and leads can be written."""
    firm = firms(writes="absent")
    id = firm.desk.add("contact", {"last_name": "Ng"})
    assert firm.ask("POST", "/contacts", ANN).status_code == 404
    assert firm.ask("PATCH", f"/contacts/{id}", ANN).status_code == 404
    assert firm.data(f"/contacts/{id}")["first_name"] is None
    firm.made(f"/contacts/{id}/notes", {"subject": "Call", "body": "…"})
    firm.made("/inbox_leads", firm.sent)


def test_nothing_stops_a_second_contact(firm: Any) -> None:
    """There is no check for duplicates and no key that makes a contact once."""
    assert firm.made("/contacts", ANN)["id"] != firm.made("/contacts", ANN)["id"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"last_name": "Ng", "title": "CFO"}, 400),
        ({"last_name": "Ng", "emails": "a@b.example"}, 400),
        ({"last_name": 7}, 400),
        ({"last_name": "Ng", "addresses": [{"planet": "Mars"}]}, 400),
        ([], 400),
        ({}, 422),
        ({"first_name": "", "last_name": " "}, 422),
        ({"type": "Robot", "last_name": "Ng"}, 422),
        ({"type": "Company", "last_name": "Ng"}, 422),
        ({"last_name": "Ng", "emails": [""]}, 422),
        ({"last_name": "N\0g"}, 422),
    ],
)
def test_a_contact_that_cannot_be_is_refused(firm: Any, body: Any, status: int) -> None:
    """Unknown fields and forms are 400, missing and impossible values 422; nothing is made or changed."""
    id = firm.made("/contacts", ANN)["id"]
    before = firm.data(f"/contacts/{id}")
    assert firm.ask("POST", "/contacts", body).status_code == status
    if body and status == 400:
        assert firm.ask("PATCH", f"/contacts/{id}", body).status_code == status
    assert firm.data("/contacts") == [before]


def test_a_body_is_data_as_json(firm: Any) -> None:
    """`{"data": …}` and nothing beside it, said to be JSON."""
    bearer = {"Authorization": f"Bearer {firm.token}"}
    path = "/grow/contacts"
    assert firm.client.post(path, headers=bearer, json=ANN).status_code == 400
    assert firm.client.post(path, headers=bearer, json={"data": ANN, "meta": {}}).status_code == 400
    assert firm.client.post(path, headers=bearer, data={"data": "x"}).status_code == 415
    json = {**bearer, "Content-Type": "application/json; charset=utf-8"}
    assert firm.client.post(path, headers=json, content=b"{").status_code == 400
    assert firm.client.post(path, headers=json, content=b'{"data": {"last_name": "Ng"}}').status_code == 201


def test_a_person_is_named_by_parts_or_whole(firm: Any) -> None:
    """First and last name make the name, and a name is taken apart; a company has one name."""
    told: dict[str, Any] = {
        "Ann Ng": {"first_name": "Ann", "last_name": "Ng"},
        "Ann Lee Ng": {"type": "Person", "name": "Ann Lee Ng"},
        "Ng": {"name": "Ng"},
        "Acme Works": {"type": "Company", "name": "Acme Works"},
    }
    made = [firm.made("/contacts", body) for body in told.values()]
    assert [one["name"] for one in made] == list(told)
    assert [one["first_name"] for one in made] == ["Ann", "Ann Lee", None, None]
    assert [one["last_name"] for one in made] == ["Ng", "Ng", "Ng", None]
