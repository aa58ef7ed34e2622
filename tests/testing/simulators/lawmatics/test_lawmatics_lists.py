"""Lists of Lawmatics: pages, order, one filter, fields (apis A3, "Shape")."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest


def iso(microseconds: int) -> str:
    """A moment as a client may write it."""
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).isoformat().replace("+00:00", "Z")


def test_ids_are_texts_everywhere(firm: Any) -> None:
    """Ids are strings in records and relationships, though they count like numbers."""
    id = firm.person()
    assert isinstance(id, str)
    assert int(id) > 0
    matter = firm.matter(contact_id=int(id))
    assert isinstance(matter["id"], str)
    assert matter["relationships"]["contact"]["data"] == {"id": id, "type": "contact"}


def test_kinds_count_for_themselves(firms: Any) -> None:
    """The same id may stand for records of two kinds."""
    firm = firms(fields="missing")
    assert firm.made("/tags", {"name": "VIP"})["id"] == firm.made("/custom_fields", FIELD)["id"]


FIELD = {"name": "Court", "type": "Matter", "field_type": "string"}


def test_25_a_page_with_meta_and_links(firm: Any) -> None:
    """A page has 25, says how many there are, and has links that are relative and know the page only."""
    for _ in range(51):
        firm.person()
    answer = firm.ask("GET", "/contacts", params={"fields": "first_name", "sort_order": "asc"}).json()
    assert len(answer["data"]) == 25
    assert answer["meta"] == {"total_pages": 3, "limit_per_page": 25, "total_entries": 51}
    assert answer["links"] == {"self": "/v1/contact?page=1", "next": "/v1/contact?page=2"}
    last = firm.ask("GET", "/contacts", params={"page": 3}).json()
    assert len(last["data"]) == 1
    assert last["links"] == {"self": "/v1/contact?page=3", "prev": "/v1/contact?page=2"}
    assert firm.data("/contacts", page=4) == []
    assert firm.ask("GET", "/notes").json()["links"] == {"self": "/v1/notes?page=1"}
    assert firm.ask("GET", "/notes").json()["meta"]["total_pages"] == 1
    for wrong in ("0", "x", "-1"):
        firm.refused(400, "GET", f"/contacts?page={wrong}")
    firm.refused(422, "GET", "/contacts?per_page=100")


def test_the_page_can_be_smaller_for_tests(firms: Any) -> None:
    """`page_size` makes paging testable with few records."""
    firm = firms(page_size=2)
    ids = [firm.person() for _ in range(3)]
    assert firm.ids("/contacts") == [ids[2], ids[1]]
    assert firm.ids("/contacts", page=2) == [ids[0]]


def test_a_page_shifts_when_something_comes_before_it(firms: Any) -> None:
    """Pages count records, so that a record that moves in the order is met twice or not at all."""
    firm = firms(page_size=2)
    ids = [firm.person() for _ in range(4)]
    order = {"sort_by": "updated_at", "sort_order": "asc"}
    assert firm.ids("/contacts", **order) == ids[:2]
    firm.wait(1)
    firm.ask("PUT", f"/contacts/{ids[0]}", {"title": "CFO"})
    assert firm.ids("/contacts", **order, page=2) == [ids[3], ids[0]]


def test_the_newest_is_first_unless_asked_otherwise(firm: Any) -> None:
    """Lists are by id, descending; sort_by and sort_order change that, by attributes only."""
    ann = firm.person(last_name="Ng")
    bo = firm.person(last_name="Abt")
    firm.wait(5)
    firm.ask("PATCH", f"/contacts/{ann}", {"title": "CFO"})
    assert firm.ids("/contacts") == [bo, ann]
    assert firm.ids("/contacts", sort_order="asc") == [ann, bo]
    assert firm.ids("/contacts", sort_by="last_name", sort_order="asc") == [bo, ann]
    assert firm.ids("/contacts", sort_by="updated_at", sort_order="asc") == [bo, ann]
    assert firm.ids("/contacts", sort_by="title", sort_order="asc") == [bo, ann]
    for wrong in ("sort_by=nonsense", "sort_by=custom_fields", "sort_order=up", "order=id"):
        firm.refused(422, "GET", f"/contacts?{wrong}")


def test_fields_choose_attributes_and_relationships(firm: Any) -> None:
    """Without `fields` there are a few; `all` has everything; a list has those, in its order."""
    id = firm.person(email="ann@ng.example")
    plain = firm.data(f"/contacts/{id}")
    names = ["first_name", "last_name", "email", "phone", "created_at", "updated_at"]
    assert (list(plain["attributes"]), plain["relationships"]) == (names, {})
    all = firm.data(f"/contacts/{id}", fields="all")
    assert set(names) < set(all["attributes"])
    assert {"prospects", "client", "company", "created_by"} < set(all["relationships"])
    few = firm.data(f"/contacts/{id}", fields="last_name,company, email")
    assert list(few["attributes"]) == ["last_name", "email"]
    assert few["relationships"] == {"company": {"data": None}}
    firm.refused(422, "GET", f"/contacts/{id}?fields=nonsense")
    firm.refused(422, "GET", f"/contacts/{id}?page=1")


def test_times_are_in_the_firms_zone_to_the_millisecond(firm: Any) -> None:
    """A moment has three digits of a second and an offset."""
    firm.wait(0.123456)
    assert (
        firm.data(f"/contacts/{firm.person()}")["attributes"]["created_at"] == "2026-03-02T04:00:00.123-08:00"
    )


def test_texts_are_compared_without_case_and_by_like(firm: Any) -> None:
    """A text is `ilike` by default, whole without a %; `like` heeds case; = and != are exact."""
    jo = firm.person(first_name="Jo_1", last_name="Diaz")
    al = firm.person(first_name="Al", last_name="DIAZ-Roe")
    firm.person(first_name=None, last_name="Moe")

    def by(text: str, operator: str = "", name: str = "last_name") -> list[str]:
        given = {"filter_with": operator} if operator else {}
        return firm.ids("/contacts", filter_by=name, filter_on=text, sort_order="asc", **given)

    assert by("diaz") == [jo]
    assert by("diaz%") == [jo, al]
    assert by("diaz%", "ilike") == [jo, al]
    assert by("diaz%", "like") == []
    assert by("D%z", "like") == [jo]
    assert by("Diaz", "=") == [jo]
    assert by("diaz", "=") == []
    assert by("Al", "!=", "first_name") == [jo]
    assert by("jo\\_1", name="first_name") == [jo]
    assert by("j__1", name="first_name") == [jo]
    assert by("j_", name="first_name") == []


def test_times_numbers_and_ids_are_compared(firm: Any) -> None:
    """Moments with < <= > >=, to the microsecond; ids; numbers; presence needs no value."""
    first = firm.person()
    firm.wait(0.0005)
    middle = firm.clock.now()
    second = firm.person(title="CFO")
    firm.wait(10)
    third = firm.person()

    def at(operator: str) -> list[str]:
        given = {"filter_by": "created_at", "filter_on": iso(middle), "filter_with": operator}
        return firm.ids("/contacts", sort_order="asc", **given)

    assert at(">=") == [second, third]
    assert at(">") == [third]
    assert at("<=") == [first, second]
    assert at("<") == [first]
    assert at("=") == [second]
    assert firm.ids("/contacts", filter_by="id", filter_on=first) == [first]
    assert firm.ids("/contacts", filter_by="title", filter_with="not_null") == [second]
    assert firm.ids("/contacts", filter_by="title", filter_with="null", sort_order="asc") == [first, third]
    assert firm.ids("/contacts", filter_field="title", filter_operator="present") == [second]
    assert firm.ids("/contacts", filter_field="id", filter_value=third, filter_operator="=") == [third]
    firm.matter(contact_id=first, estimated_value_cents=500)
    assert (
        len(firm.data("/prospects", filter_by="estimated_value_cents", filter_on="499", filter_with=">")) == 1
    )
    assert firm.data("/prospects", filter_by="estimated_value_cents", filter_on="500", filter_with=">") == []


@pytest.mark.parametrize(
    "query",
    [
        "filter_by=last_name",
        "filter_on=Ng",
        "filter_with==",
        "filter_by=nonsense&filter_on=1",
        "filter_by=custom_fields&filter_on=1",
        "filter_by=notable_id&filter_on=1",
        "filter_by=last_name&filter_on=Ng&filter_with=~",
        "filter_by=id&filter_on=x",
        "filter_by=last_name&filter_on=Ng&filter_by=first_name&filter_on=Ann",
        "filter_by=last_name&filter_on=Ng&filter_field=first_name&filter_value=Ann",
        "filter_by=created_at&filter_on=1&filter_with=like",
    ],
)
def test_a_filter_that_cannot_be_is_422(firm: Any, query: str) -> None:
    """Exactly one filter, by an attribute, with a value: else the published refusal."""
    assert firm.refused(422, "GET", f"/contacts?{query}") == {
        "status": 422,
        "title": "Filter By Parameter Not Available",
        "detail": "When applying filters, a valid 'filter_by' parameter is required.",
    }


def test_what_stands_on_a_record_is_filtered_by_it(firm: Any) -> None:
    """`contact_id`, `matter_id`, `prospect_id` and `company_id` find notes, numbers and the like of one."""
    ann = firm.person(phone="415-555-0101", notes=[{"name": "N", "body": "on Ann"}])
    other = firm.person(phone="415-555-0102")
    matter = firm.matter(contact_id=ann, notes=[{"body": "on her matter"}])["id"]
    company = firm.made("/companies", {"name": "Acme", "notes": [{"body": "on Acme"}]})["id"]
    bodies = {
        name: [one["attributes"]["body"] for one in firm.data("/notes", filter_by=name, filter_on=id)]
        for name, id in (
            ("contact_id", ann),
            ("matter_id", matter),
            ("prospect_id", matter),
            ("company_id", company),
        )
    }
    assert bodies == {
        "contact_id": ["on Ann"],
        "matter_id": ["on her matter"],
        "prospect_id": ["on her matter"],
        "company_id": ["on Acme"],
    }
    (number,) = firm.data("/phone_numbers", filter_by="contact_id", filter_on=other)
    assert number["attributes"] == {"label": "Primary", "info": "415-555-0102"}
    assert firm.ids("/prospects", filter_by="contact_id", filter_on=ann) == [matter]
    assert firm.ids("/prospects", filter_by="contact_id", filter_on=other) == []
