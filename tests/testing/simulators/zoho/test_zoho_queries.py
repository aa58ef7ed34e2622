"""COQL: what it takes, what it finds, what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

EVERY = "where id is not null"


@pytest.fixture
def people(firm: Any) -> Any:
    """A firm with three contacts, one of them of an account."""
    firm.acme = firm.desk.add("account", {"name": "Acme", "website": "https://acme.example"})
    firm.ids = {}
    for first, fields in {
        "Jo": {"Phone": "(415) 555-0101", "Email": "jo@acme.example", "Account_Name": {"id": firm.acme}},
        "Al": {"Phone": "415-555-0102", "FirstContact_Created": True, "Date_of_Birth": "1980-05-05"},
        "Kim": {"Email": "KIM@roe.example", "Title": "O'Neil's aide"},
    }.items():
        firm.ids[first] = firm.made("Contacts", Last_Name="Diaz", First_Name=first, **fields)
        firm.wait(1)
    return firm


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("Email = 'JO@acme.example'", {"Jo"}),
        ("Email != 'jo@acme.example'", {"Al", "Kim"}),
        ("Email in ('jo@acme.example', 'kim@roe.example')", {"Jo", "Kim"}),
        ("Email not in ('jo@acme.example')", {"Al", "Kim"}),
        ("Email is null", {"Al"}),
        ("Email is not null", {"Jo", "Kim"}),
        ("Phone = '4155550101'", set()),
        ("Phone = '(415) 555-0101'", {"Jo"}),
        ("Phone like '%555-01%'", {"Jo", "Al"}),
        ("Phone like '415%'", {"Al"}),
        ("Phone not like '415%'", {"Jo", "Kim"}),
        ("Email like '%EXAMPLE'", {"Jo", "Kim"}),
        ("Title = 'O''Neil''s aide'", {"Kim"}),
        (r"Title = 'O\'Neil\'s aide'", {"Kim"}),
        ("FirstContact_Created = true", {"Al"}),
        ("FirstContact_Created = 'false'", set()),
        ("Date_of_Birth between '1980-01-01' and '1980-12-31'", {"Al"}),
        ("Created_Time > '2026-03-02T12:00:01+00:00'", {"Kim"}),
        ("Created_Time >= '2026-03-02T04:00:01-08:00'", {"Al", "Kim"}),
        ("Created_Time < '2026-03-02T12:00:01+00:00'", {"Jo"}),
        ("(Email = 'jo@acme.example' or (Phone like '415%' and First_Name = 'Al'))", {"Jo", "Al"}),
        ("((Email is null and Phone is null) or First_Name = 'Kim')", {"Kim"}),
        ("Full_Name = 'Jo Diaz'", {"Jo"}),
        ("Account_Name.Account_Name = 'Acme'", {"Jo"}),
        ("Account_Name.Website like '%acme%'", {"Jo"}),
    ],
)
def test_conditions(people: Any, where: str, found: set[str]) -> None:
    """Comparisons as COQL has them; texts without regard to case, exactly as stored otherwise."""
    if "'false'" in where:
        answer = people.ask("POST", "/coql", {"select_query": f"select id from Contacts where {where}"})
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_QUERY")
        return
    rows = people.coql(f"select First_Name from Contacts where {where}")
    assert {row["First_Name"] for row in rows} == found


def test_ids_and_lookups_compare_by_id(people: Any) -> None:
    """Quoted or bare."""
    jo = people.ids["Jo"]
    for where in (
        f"id = '{jo}'",
        f"id = {jo}",
        f"id in ({jo}, 1)",
        f"Account_Name = '{people.acme}'",
        f"Account_Name in ({people.acme})",
        f"(Owner = {people.simulator.api_user.id} and id <= '{jo}')",
    ):
        assert [row["id"] for row in people.coql(f"select id from Contacts where {where}")] == [jo], where


@pytest.mark.parametrize(("mode", "keys"), [("id", {"id"}), ("name", {"id", "name"})])
def test_what_a_lookup_shows(firms: Any, mode: str, keys: set[str]) -> None:
    """Its id, or its id and name, by quirk; an owner's e-mail only beside the name."""
    firm = firms(coql_lookup=mode)
    acme = firm.desk.add("account", {"name": "Acme"})
    firm.made("Contacts", Last_Name="Ng", Account_Name={"id": acme})
    (row,) = firm.coql(f"select Account_Name, Account_Name.Account_Name, Owner, Title from Contacts {EVERY}")
    assert (set(row["Account_Name"]), row["Account_Name"]["id"]) == (keys, acme)
    assert keys <= set(row["Owner"])
    assert (row["Account_Name.Account_Name"], row["Title"]) == ("Acme", None)
    assert row["id"]


def test_order_and_pages(people: Any) -> None:
    """By id unless said otherwise; offset and count; whether there is more."""
    by_id = [people.ids[name] for name in ("Jo", "Al", "Kim")]
    assert [row["id"] for row in people.coql(f"select id from Contacts {EVERY}")] == by_id
    query = f"select id from Contacts {EVERY} order by Modified_Time desc, id limit 1, 1"
    answer = people.ask("POST", "/coql", {"select_query": query}).json()
    assert [row["id"] for row in answer["data"]] == [people.ids["Al"]]
    assert answer["info"] == {"count": 1, "more_records": True}
    rows = people.coql(f"select id from Contacts {EVERY} order by First_Name limit 2 offset 1")
    assert [row["id"] for row in rows] == [people.ids["Jo"], people.ids["Kim"]]


def test_200_rows_unless_more_are_asked_for(firm: Any) -> None:
    """The default is 200; 2,000 is the most."""
    for start in range(0, 300, 100):
        firm.insert("Contacts", *({"Last_Name": f"N{start + n}"} for n in range(100)))
    assert len(firm.coql(f"select id from Contacts {EVERY}")) == 200
    assert len(firm.coql(f"select id from Contacts {EVERY} limit 2000")) == 300
    for limit in ("2001", "0", "100001, 10"):
        query = {"select_query": f"select id from Contacts {EVERY} limit {limit}"}
        assert firm.error("POST", "/coql", query)[:2] == (400, "INVALID_QUERY")


def test_an_answer_may_be_shorter_than_asked_for(firms: Any) -> None:
    """Short pages are short for queries too, and say that there is more."""
    firm = firms(page_size=2)
    for number in range(3):
        firm.made("Contacts", Last_Name=f"N{number}")
    answer = firm.ask("POST", "/coql", {"select_query": f"select id from Contacts {EVERY} limit 2000"}).json()
    assert (len(answer["data"]), answer["info"]) == (2, {"count": 2, "more_records": True})


def test_counting_and_groups(people: Any) -> None:
    """COUNT alone, by group, with an alias; MAX and MIN of times."""
    assert people.coql(f"select COUNT(id) from Contacts {EVERY}") == [{"COUNT(id)": 3}]
    assert people.coql("select count(id) as n from Contacts where Title = 'x'") == [{"n": 0}]
    query = (
        "select Account_Name, COUNT(id) from Contacts where Account_Name is not null group by Account_Name"
    )
    assert people.coql(query) == [{"Account_Name": {"id": people.acme}, "COUNT(id)": 1}]
    (row,) = people.coql(f"select MAX(Created_Time), MIN(Created_Time) from Contacts {EVERY}")
    assert row["MAX(Created_Time)"] == "2026-03-02T04:00:02-08:00"
    assert row["MIN(Created_Time)"] == "2026-03-02T04:00:00-08:00"
    query = {"select_query": f"select First_Name, COUNT(id) from Contacts {EVERY} group by Last_Name"}
    assert people.error("POST", "/coql", query)[1] == "INVALID_QUERY"


@pytest.mark.parametrize(("mode", "status"), [("204", 204), ("200", 200)])
def test_nothing_found(firms: Any, mode: str, status: int) -> None:
    """An empty 204, or an empty list, by quirk."""
    query = {"select_query": f"select id from Contacts {EVERY}"}
    answer = firms(coql_empty=mode).ask("POST", "/coql", query)
    assert answer.status_code == status
    if status == 200:
        assert answer.json() == {"data": [], "info": {"count": 0, "more_records": False}}
    else:
        assert answer.content == b""


@pytest.mark.parametrize(("mode", "found"), [("shown", 2), ("hidden", 1)])
def test_converted_leads(firms: Any, mode: str, found: int) -> None:
    """They are there, or only where they are asked for, by quirk."""
    firm = firms(coql_converted=mode)
    lead = firm.desk.add("lead", {"last_name": "Moe"})
    firm.desk.add("lead", {"last_name": "Poe"})
    contact = firm.desk.convert(lead)
    assert len(firm.coql(f"select id from Leads {EVERY}")) == found
    query = "select id, Converted_Contact, Converted__s from Leads where Converted__s = true"
    (row,) = firm.coql(query)
    assert (row["id"], row["Converted_Contact"]["id"], row["Converted__s"]) == (lead, contact, True)
    assert len(firm.coql("select id from Leads where Converted__s = false")) == 1


def test_a_list_holds_so_many_values(firms: Any) -> None:
    """Fifty, or as many as the quirk says."""
    values = ", ".join(["'x'"] * 51)
    query = {"select_query": f"select id from Contacts where Email in ({values})"}
    assert firms().error("POST", "/coql", query)[:2] == (400, "LIMIT_EXCEEDED")
    assert firms(coql_in=100).ask("POST", "/coql", query).status_code == 204


def nested(count: int) -> str:
    """So many criteria, each pair in its own brackets."""
    where = "Email = 'x'"
    for _ in range(count - 1):
        where = f"({where} or Email = 'x')"
    return where


def test_25_criteria(firm: Any) -> None:
    """One more is refused."""
    assert firm.coql(f"select id from Contacts where {nested(25)}") == []
    query = {"select_query": f"select id from Contacts where {nested(26)}"}
    assert firm.error("POST", "/coql", query)[:2] == (400, "LIMIT_EXCEEDED")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("select id from Contacts", "SYNTAX_ERROR"),
        ("select id from Contacts limit 5", "SYNTAX_ERROR"),
        ("id from Contacts where id is not null", "SYNTAX_ERROR"),
        ("select id from Contacts where", "SYNTAX_ERROR"),
        ("select id from Contacts where id", "SYNTAX_ERROR"),
        ("select id from Contacts where id is not null more", "SYNTAX_ERROR"),
        ("select id from Contacts where (id is not null", "SYNTAX_ERROR"),
        ("select id from Contacts where Email = 'x", "SYNTAX_ERROR"),
        ("select id from Contacts where Email = x", "SYNTAX_ERROR"),
        ("select id from Contacts where (Email = 'x' or Phone = 'y' or Mobile = 'z')", "SYNTAX_ERROR"),
        ("select id from Contacts where Email = 'x' and Phone = 'y' and Mobile = 'z'", "SYNTAX_ERROR"),
        ("select id from Nonsense where id is not null", "INVALID_MODULE"),
        ("select id from Notes where id is not null", "INVALID_MODULE"),
        ("select Nonsense from Contacts where id is not null", "INVALID_QUERY"),
        ("select Last_Name.Email from Contacts where id is not null", "INVALID_QUERY"),
        ("select id from Contacts where Nonsense = 'x'", "INVALID_QUERY"),
        ("select id from Contacts where Description like '%x%'", "INVALID_QUERY"),
        ("select id from Contacts where Description is null", "INVALID_QUERY"),
        ("select id from Contacts where Last_Name > 'A'", "INVALID_QUERY"),
        ("select id from Contacts where Created_Time > 'yesterday'", "INVALID_QUERY"),
        ("select id from Contacts where Created_Time like '2026%'", "INVALID_QUERY"),
        ("select id from Contacts where Phone like '4%5'", "INVALID_QUERY"),
        ("select id from Contacts where id is not null limit many", "INVALID_QUERY"),
        ("select id, id from Contacts where id is not null", "DUPLICATE_DATA"),
        ("select id from Contacts where id is not null order by id, id", "DUPLICATE_DATA"),
        (f"select {', '.join(['id'] * 51)} from Contacts where id is not null", "LIMIT_EXCEEDED"),
    ],
)
def test_queries_that_are_none(firm: Any, query: str, code: str) -> None:
    """Clauses, brackets, columns, operators and limits: each refusal has its code."""
    assert firm.error("POST", "/coql", {"select_query": query})[:2] == (400, code)


def test_text_areas_are_selected_only(firm: Any) -> None:
    """Description can be read, but not compared."""
    firm.made("Contacts", Last_Name="Ng", Description="A long story")
    (row,) = firm.coql(f"select Description from Contacts {EVERY}")
    assert row["Description"] == "A long story"


def test_the_body_of_a_query(firm: Any) -> None:
    """Without a query, or with keys that are not known, it is refused."""
    assert firm.error("POST", "/coql", {})[1] == "MANDATORY_NOT_FOUND"
    body = {"select_query": f"select id from Contacts {EVERY}", "more": 1}
    assert firm.error("POST", "/coql", body)[1] == "INVALID_DATA"
