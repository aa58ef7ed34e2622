"""SOQL of the simulated Salesforce."""

from __future__ import annotations

import string
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstcontact.testing.simulators.salesforce import soql, sosl
from firstcontact.testing.simulators.salesforce.refusal import Refusal

PEOPLE = (
    {"LastName": "Diaz", "FirstName": "Jo", "Email": "Jo@Acme.example", "Phone": "4155550101"},
    {"LastName": "O'Neil", "Email": "al+x@acme.example"},
    {"LastName": "Roe_100%", "Phone": "4155550102", "Title": "CFO"},
)


@pytest.fixture
def ids(api) -> list[str]:
    """Three contacts, each a minute younger."""
    made = []
    for person in PEOPLE:
        made.append(api.made("Contact", **person))
        api.clock.wait(60_000_000)
    return made


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("Email = 'jo@acme.EXAMPLE'", [0]),
        ("Email != 'jo@acme.example'", [1, 2]),
        ("Email IN ('JO@acme.example', 'al+x@acme.example')", [0, 1]),
        ("Email NOT IN ('jo@acme.example')", [1, 2]),
        ("Email = null", [2]),
        ("Email LIKE 'al+%@acme.example'", [1]),
        (r"LastName LIKE 'roe\_100\%'", [2]),
        (r"LastName LIKE 'r_e\_1%'", [2]),
        (r"LastName = 'O\'Neil'", [1]),
        ("Phone LIKE '%0102'", [2]),
        ("Phone = '4155550101' OR Title = 'CFO'", [0, 2]),
        ("Phone != null AND (NOT Title = 'CFO')", [0]),
        ("(Phone = null OR Title = null) AND Email != null", [0, 1]),
        ("SystemModstamp > 2026-03-02T12:00:30Z", [1, 2]),
        ("SystemModstamp >= 2026-03-02T13:01:00.000+01:00 AND SystemModstamp < 2026-03-02T12:02:00Z", [1]),
        ("CreatedDate >= TODAY", [0, 1, 2]),
        ("CreatedDate < LAST_N_DAYS:3", []),
        ("LastName > 'M'", [1, 2]),
        ("Owner.Email = 'integration@firm.example'", [0, 1, 2]),
        ("Contact.Title = 'CFO'", [2]),
        ("IsDeleted = false", [0, 1, 2]),
        ("Id IN (SELECT WhoId FROM Task)", []),
        ("Id NOT IN (SELECT ContactId FROM OpportunityContactRole)", [0, 1, 2]),
    ],
)
def test_conditions(api, ids: list[str], where: str, found: list[int]) -> None:
    """Each kind of condition finds what it says, texts compared without regard to case."""
    assert sorted(api.ids(f"SELECT Id FROM Contact WHERE {where}")) == [ids[one] for one in found]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT Id FROM", "MALFORMED_QUERY"),
        ("SELECT FROM Contact", "MALFORMED_QUERY"),
        ("SELECT Id, Id FROM Contact", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE Email = 'a", "MALFORMED_QUERY"),
        (r"SELECT Id FROM Contact WHERE Email = 'a\d'", "MALFORMED_QUERY"),
        ('SELECT Id FROM Contact WHERE Email = "a"', "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE Email = 'a' AND Title = 'b' OR Phone = 'c'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact; DROP", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact LIMIT many", "MALFORMED_QUERY"),
        ("SELECT Nickname FROM Contact", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Nickname = 'x'", "INVALID_FIELD"),
        ("SELECT Boss.Name FROM Contact", "INVALID_FIELD"),
        ("SELECT Id FROM Task WHERE Who.Website = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Email = 5", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE SystemModstamp > '2026-03-02T12:00:00Z'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE IsDeleted = 'false'", "INVALID_FIELD"),
        ("SELECT Id FROM Task WHERE Description = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Id = '999999999'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Contact WHERE Id LIKE '003%'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Person", "INVALID_TYPE"),
        ("SELECT Id, (SELECT Id FROM Friends) FROM Contact", "INVALID_TYPE"),
    ],
)
def test_what_is_no_query_is_refused(api, text: str, code: str) -> None:
    """Each fault has its own code."""
    (error,) = api.query(text)
    assert error["errorCode"] == code


def test_related_records_come_along(api) -> None:
    """Parents are nested records, or null; children a nested answer, or null; Who is polymorphic."""
    account = api.made("Account", Name="Acme")
    contact = api.made("Contact", LastName="Diaz", AccountId=account, Email="jo@acme.example")
    api.made("Contact", LastName="Roe")
    api.made("Task", WhoId=contact, Subject="Call")
    rows = api.query("SELECT Id, Account.Name, Account.Owner.Email, (SELECT Subject FROM Tasks) FROM Contact")
    first, second = rows["records"]
    assert first["Account"]["attributes"]["type"] == "Account"
    assert first["Account"]["Owner"]["Email"] == "integration@firm.example"
    assert (first["Tasks"]["totalSize"], first["Tasks"]["records"][0]["Subject"]) == (1, "Call")
    assert (second["Account"], second["Tasks"]) == (None, None)
    (task,) = api.query("SELECT Who.Name, Who.Type, Who.Email FROM Task")["records"]
    assert (task["Who"]["Name"], task["Who"]["Type"]) == ("Diaz", "Contact")


def test_order_limit_and_offset(api, ids: list[str]) -> None:
    """Keys in turn, nulls first unless told, ids by their characters."""
    assert api.ids("SELECT Id FROM Contact ORDER BY Title NULLS LAST, SystemModstamp DESC") == [
        ids[2],
        ids[1],
        ids[0],
    ]
    assert api.ids("SELECT Id FROM Contact ORDER BY Email, Id LIMIT 1") == [ids[2]]
    assert api.ids("SELECT Id FROM Contact ORDER BY Id ASC LIMIT 1 OFFSET 1") == [ids[1]]
    assert api.ids(f"SELECT Id FROM Contact WHERE Id > '{ids[0]}' ORDER BY Id") == ids[1:]


def test_ids_are_in_the_order_that_they_are_compared_in(api) -> None:
    """`ORDER BY Id` and `Id > …` agree on capital and small letters, so pages by id leave out nothing."""
    records = [{"attributes": {"type": "Contact"}, "LastName": f"P{n}"} for n in range(130)]
    made = [one["id"] for one in api("POST", "composite/sobjects", {"records": records}).json()]
    assert api.ids("SELECT Id FROM Contact ORDER BY Id") == sorted(made)
    assert api.ids(f"SELECT Id FROM Contact WHERE Id > '{made[64]}' ORDER BY Id") == sorted(made)[65:]


def test_counts_and_groups(api, ids: list[str]) -> None:
    """COUNT() counts without records; aggregates are records of their own kind."""
    counted = api.query("SELECT COUNT() FROM Contact WHERE Phone != null")
    assert counted == {"totalSize": 2, "done": True, "records": []}
    (row,) = api.query("SELECT COUNT(Id), MAX(CreatedDate) newest FROM Contact")["records"]
    assert row["attributes"] == {"type": "AggregateResult"}
    assert (row["expr0"], row["newest"][:16]) == (len(ids), "2026-03-02T12:02")
    rows = api.query("SELECT Title, COUNT(Id) FROM Contact GROUP BY Title")["records"]
    assert {(one["Title"], one["expr1"]) for one in rows} == {(None, 2), ("CFO", 1)}


def test_pages_follow_one_another(api) -> None:
    """`nextRecordsUrl` leads through all records once; a batch has 200 to 2000; a used locator is invalid."""
    for start in range(0, 450, 150):
        records = [{"attributes": {"type": "Contact"}, "LastName": f"P{start + n}"} for n in range(150)]
        api("POST", "composite/sobjects", {"records": records})
    page = api.query("SELECT Id FROM Contact", **{"Sforce-Query-Options": "batchSize=10"})
    assert (page["totalSize"], page["done"], len(page["records"])) == (450, False, 200)
    seen = [record["Id"] for record in page["records"]]
    while not page["done"]:
        url = page["nextRecordsUrl"]
        page = api("GET", url, headers={"Sforce-Query-Options": "batchSize=200"}).json()
        seen += [record["Id"] for record in page["records"]]
    assert len(set(seen)) == len(seen) == 450
    assert api("GET", url).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    assert len(api.query("SELECT Id FROM Contact")["records"]) == 450


def test_deleted_records_are_in_query_all_alone(api, ids: list[str]) -> None:
    """query leaves deleted records out, queryAll has them, a merged one with its survivor."""
    api("DELETE", f"sobjects/Contact/{ids[0]}")
    api.people.merge(ids[1], ids[2])
    text = "SELECT Id, IsDeleted, MasterRecordId FROM Contact ORDER BY CreatedDate"
    assert api.ids(text) == [ids[2]]
    told = [(one["IsDeleted"], one["MasterRecordId"]) for one in api.query(text, "queryAll")["records"]]
    assert told == [(True, None), (True, ids[2]), (False, None)]


def test_fields_by_group(api) -> None:
    """FIELDS(CUSTOM) needs a limit and gives custom fields; FIELDS(STANDARD) the others."""
    api.made("Contact", LastName="Diaz")
    assert api.query("SELECT FIELDS(ALL) FROM Contact")[0]["errorCode"] == "MALFORMED_QUERY"
    custom = api.query("SELECT FIELDS(CUSTOM) FROM Contact LIMIT 1")["records"][0]
    assert "FirstContact_Key__c" in custom
    assert "LastName" not in custom
    assert "LastName" in api.query("SELECT FIELDS(STANDARD) FROM Contact")["records"][0]


WORDS = (
    "SELECT",
    "FROM",
    "WHERE",
    "IN",
    "AND",
    "OR",
    "NOT",
    "LIKE",
    "LIMIT",
    "RETURNING",
    "Id",
    "Contact",
    "5",
)
SIGNS = ("FIND {", "}", "(", ")", "'x'", '"', "\\", ", ", " = ", "2026-03-02T12:00:00Z")
PIECES = st.sampled_from([*(f" {word} " for word in WORDS), *SIGNS])
TEXTS = st.one_of(st.text(string.printable, max_size=60), st.lists(PIECES, max_size=14).map("".join))


@given(TEXTS)
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever is sent as SOQL or SOSL is a query or a refusal of Salesforce's, never a crash."""
    for parse in (soql.parse, sosl.parse):
        with suppress(Refusal):
            parse(text)
