"""The search: by phone, e-mail, word and criteria, as late as its index."""

from __future__ import annotations

from typing import Any

import pytest


def person(firm: Any, **fields: Any) -> str:
    """The id of a new contact."""
    id: str = firm.made("Contacts", **{"Last_Name": "Diaz", **fields})
    return id


def test_no_hit_is_204_without_a_body(firm: Any) -> None:
    """Nothing found has no JSON at all (must reproduce; recorded)."""
    answer = firm.ask("GET", "/Contacts/search", params={"phone": "+14155550134"})
    assert (answer.status_code, answer.content) == (204, b"")
    id = person(firm, Phone="+14155550134")
    hit = firm.ask("GET", "/Contacts/search", params={"phone": "+14155550134"}).json()
    assert [one["id"] for one in hit["data"]] == [id]
    info = hit["info"]
    assert (info["count"], info["page"], info["per_page"], info["more_records"]) == (1, 1, 200, False)


SPELLINGS = {"+14155550134": "e164", "4155550134": "national", "(415) 555-0134": "written"}


@pytest.mark.parametrize(
    ("mode", "found"),
    [
        ("digits", {"national", "written"}),
        ("suffix", {"e164", "national", "written"}),
        ("text", {"written"}),
    ],
)
def test_how_a_number_is_written(firms: Any, mode: str, found: set[str]) -> None:
    """Which spellings find `(415) 555-0134` is not verified: each side is a switch."""
    firm = firms(phone_search=mode)
    person(firm, Mobile="(415) 555-0134")
    assert {name for text, name in SPELLINGS.items() if firm.found("Contacts", phone=text)} == found


def test_a_phone_is_searched_in_every_phone_field(firm: Any) -> None:
    """Own fields of the type too, nothing else; the parameter must look like a number."""
    field = {"field_label": "Direct Line", "data_type": "phone"}
    assert firm.ask("POST", "/settings/fields?module=Contacts", {"fields": [field]}).status_code == 201
    places = ("Phone", "Mobile", "Fax", "Home_Phone", "Other_Phone", "Asst_Phone", "Direct_Line")
    for number, name in enumerate(places):
        id = person(firm, **{name: f"415555018{number}"})
        assert firm.found("Contacts", phone=f"415555018{number}") == [id], name
    person(firm, Title="4155550199")
    assert firm.found("Contacts", phone="4155550199") == []
    for wrong in ("12", "call me", "1" * 51):
        assert firm.error("GET", "/Contacts/search", params={"phone": wrong})[1] == "INVALID_DATA"


def test_an_address_is_searched_in_part(firm: Any) -> None:
    """Every e-mail field, parts of it, without regard to case; what looks alike comes along."""
    first = person(firm, Email="Sales-Team@acme.example")
    second = person(firm, Secondary_Email="sales_team@acme.example")
    assert firm.found("Contacts", email="sales-team@acme.example") == [second, first]
    assert firm.found("Contacts", email="@acme.example") == [second, first]
    assert firm.found("Contacts", email="other@acme.example") == []


def test_a_word_is_searched_in_all_texts(firm: Any) -> None:
    """Names, titles, numbers; two letters at least."""
    id = person(firm, Title="Chief of staff", Mobile="415-555-0101")
    for word in ("diaz", "staff", "555-0101"):
        assert firm.found("Contacts", word=word) == [id]
    assert firm.error("GET", "/Contacts/search", params={"word": "x"})[1] == "INVALID_DATA"


def test_one_of_the_four_is_heeded(firm: Any) -> None:
    """Criteria goes before e-mail, before phone, before word; none at all is refused."""
    id = person(firm, Email="jo@acme.example", Phone="4155550101")
    assert firm.found("Contacts", email="jo@acme.example", phone="999999", word="nobody") == [id]
    assert firm.found("Contacts", criteria="(Last_Name:equals:Roe)", email="jo@acme.example") == []
    status, code, details = firm.error("GET", "/Contacts/search", params={"fields": "id"})
    assert (status, code) == (400, "EXPECTED_PARAM_MISSING")
    assert details == {"param_names": ["criteria", "email", "phone", "word"]}


# --- criteria ------------------------------------------------------------------------------------------


def test_equals_behaves_like_contains(firms: Any) -> None:
    """With several conditions `equals` finds ABC Inc by ABC; alone it does too, or does not, by quirk."""
    for mode, alone in (("contains", 2), ("exact", 1)):
        firm = firms(equals_alone=mode)
        for company in ("ABC", "ABC Inc", "Other"):
            firm.made("Leads", Last_Name="Ng", First_Name="May", Company=company)
        assert len(firm.found("Leads", criteria="(Company:equals:ABC)")) == alone
        several = "((Company:equals:abc)and(First_Name:starts_with:Ma))"
        assert len(firm.found("Leads", criteria=several)) == 2


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        ("(First_Name:in:Jo,Al)", {"Jo", "Al"}),
        ("(First_Name:not_equal:Jo)", {"Al", "Kim"}),
        ("((First_Name:equals:Jo) or (First_Name:equals:Kim))", {"Jo", "Kim"}),
        ("((Last_Name:equals:Diaz)and((First_Name:equals:Jo)or(First_Name:equals:Al)))", {"Jo", "Al"}),
        ("(Email_Opt_Out:equals:true)", {"Kim"}),
        ("(Date_of_Birth:between:1980-01-01,1980-12-31)", {"Jo"}),
        ("(Date_of_Birth:greater_than:1980-05-05)", {"Al"}),
        ("(Date_of_Birth:less_equal:1980-05-05)", {"Jo"}),
        ("(Created_Time:greater_equal:2026-03-02T12:00:00+00:00)", {"Jo", "Al", "Kim"}),
        ("(Created_Time:less_than:2026-03-02T04:00:00-08:00)", set()),
    ],
)
def test_criteria(firm: Any, criteria: str, found: set[str]) -> None:
    """Operators, brackets, and values by the type of their field."""
    person(firm, First_Name="Jo", Date_of_Birth="1980-05-05")
    person(firm, First_Name="Al", Date_of_Birth="1990-01-01")
    person(firm, First_Name="Kim", Email_Opt_Out=True)
    answer = firm.ask("GET", "/Contacts/search", params={"criteria": criteria, "fields": "First_Name"})
    told = answer.json()["data"] if answer.status_code == 200 else []
    assert {one["First_Name"] for one in told} == found


def test_brackets_and_commas_need_a_backslash(firm: Any) -> None:
    """Escaped they are part of the value; as they stand they are none."""
    id = person(firm, Title="CFO (acting), interim")
    assert firm.found("Contacts", criteria=r"(Title:equals:CFO \(acting\)\, interim)") == [id]
    for wrong in (r"(Title:equals:CFO (acting\))", r"(Title:equals:CFO, interim)"):
        assert firm.error("GET", "/Contacts/search", params={"criteria": wrong})[1] == "INVALID_QUERY"


@pytest.mark.parametrize(
    "criteria",
    [
        "Last_Name:equals:Ng",
        "(Last_Name:equals:Ng",
        "(Last_Name:Ng)",
        "(Nonsense:equals:Ng)",
        "(Last_Name:greater_than:Ng)",
        "(Last_Name:between:A,B)",
        "(Email_Opt_Out:equals:perhaps)",
        "((Last_Name:equals:A)(Last_Name:equals:B))",
        "((Last_Name:equals:A)and(Last_Name:equals:B)or(Last_Name:equals:C))",
        "(Last_Name:equals:Ng) more",
        "(" + "or".join(["(Last_Name:equals:Ng)"] * 11) + ")",
        "(Last_Name:in:" + ",".join(["Ng"] * 101) + ")",
    ],
)
def test_criteria_that_are_none(firm: Any, criteria: str) -> None:
    """Wrong forms, fields, operators and values, more than ten conditions, more than 100 values."""
    status, code, _ = firm.error("GET", "/Contacts/search", params={"criteria": criteria})
    assert (status, code) == (400, "INVALID_QUERY")


def test_ten_conditions_are_taken(firm: Any) -> None:
    """Ten is the most."""
    id = person(firm)
    assert firm.found("Contacts", criteria="(" + "or".join(["(Last_Name:equals:Diaz)"] * 10) + ")") == [id]


# --- pages, lag, what is left out ------------------------------------------------------------------------


def test_pages_of_a_search(firms: Any) -> None:
    """200 a page at most, 2,000 records in all, then LIMIT_REACHED."""
    firm = firms(page_size=3)
    made = [person(firm, Phone="4155550101") for _ in range(7)]
    pages = [firm.found("Contacts", phone="4155550101", page=n) for n in (1, 2, 3, 4)]
    assert [id for page in pages for id in page] == made[::-1]
    assert [len(page) for page in pages] == [3, 3, 1, 0]
    firm = firms()
    assert firm.error("GET", "/Contacts/search", params={"word": "xx", "per_page": 201})[1] == "INVALID_DATA"
    assert firm.error("GET", "/Contacts/search", params={"word": "xx", "page": 11})[1] == "LIMIT_REACHED"
    assert firm.ask("GET", "/Contacts/search", params={"word": "xx", "page": 10}).status_code == 204


def test_the_search_lags_and_coql_does_not(firms: Any) -> None:
    """What was written is found after the lag; lists and COQL have it at once, or later by quirk."""
    query = "select id from Contacts where Email = 'jo@acme.example'"
    for slow in (False, True):
        firm = firms(lag=30, query_lag=slow)
        id = person(firm, Email="jo@acme.example")
        now = [] if slow else [id]
        assert firm.found("Contacts", email="jo@acme.example") == []
        assert [one["id"] for one in firm.coql(query)] == now
        listed = firm.ask("GET", "/Contacts", params={"fields": "id"})
        assert (listed.status_code == 200) == (not slow)
        assert firm.data("/Contacts/actions/count", key="count") == 0
        firm.wait(30)
        assert firm.found("Contacts", email="jo@acme.example") == [id]
        assert [one["id"] for one in firm.coql(query)] == [id]
        assert firm.data("/Contacts/actions/count", key="count") == 1
        firm.ask("PUT", f"/Contacts/{id}", {"data": [{"Email": "new@acme.example"}]})
        assert firm.found("Contacts", email="jo@acme.example") == [id]
        assert firm.found("Contacts", email="new@acme.example") == []


def test_converted_leads_are_left_out(firm: Any) -> None:
    """Search, list and count have them only where they are asked for."""
    lead = firm.desk.add("lead", {"last_name": "Moe", "phones": ["4155550101"]})
    other = firm.desk.add("lead", {"last_name": "Poe", "phones": ["4155550101"]})
    contact = firm.desk.convert(lead)
    for converted, wanted in ((None, [other]), ("false", [other]), ("true", [lead]), ("both", [other, lead])):
        asked = {"converted": converted} if converted else {}
        assert firm.found("Leads", phone="4155550101", **asked) == wanted
        assert [one["id"] for one in firm.data("/Leads", fields="id", **asked)] == wanted
        assert firm.data("/Leads/actions/count", key="count", **asked) == len(wanted)
    record = firm.one("Leads", lead)
    assert (record["$converted"], record["$converted_detail"]["contact"]) == (True, contact)
    assert firm.one("Leads", other)["$converted"] is False


def test_what_cannot_be_searched(firm: Any) -> None:
    """Notes are not; while the search is broken nothing is, nor is COQL."""
    assert firm.error("GET", "/Notes/search", params={"word": "xx"})[1] == "NOT_SUPPORTED"
    query = {"select_query": "select id from Contacts where id is not null"}
    with firm.desk.broken_search():
        assert firm.error("GET", "/Contacts/search", params={"word": "xx"})[:2] == (500, "INTERNAL_ERROR")
        assert firm.error("POST", "/coql", query)[0] == 500
        assert firm.ask("GET", "/Contacts", params={"fields": "id"}).status_code == 204
    assert firm.ask("GET", "/Contacts/search", params={"word": "xx"}).status_code == 204


def test_a_count_by_a_search(firm: Any) -> None:
    """Without a condition all are counted, with one those it finds."""
    person(firm, Email="jo@acme.example")
    person(firm)
    assert firm.data("/Contacts/actions/count", key="count") == 2
    assert firm.data("/Contacts/actions/count", key="count", email="jo@acme.example") == 1
