"""Lists: `$select`, `$filter`, `$orderby`, `$top`, `$expand`, `$count`, pages (apis A5, "Lookup")."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

IN = "Microsoft.Dynamics.CRM.In"
GUID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def people(org: Any) -> Any:
    """Four contacts, one of an account."""
    account = org.made("accounts", {"name": "Acme", "websiteurl": "https://acme.example"})
    bound = {"parentcustomerid_account@odata.bind": f"/accounts({account})"}
    org.person(lastname="Ng", firstname="Ann", telephone1="(415) 555-0134", emailaddress1="Ann@Ng.example")
    org.person(lastname="O'Hara", telephone1="4155550134", **bound)
    org.person(lastname="Roe", mobilephone="+14155550134", emailaddress1="roe@acme.example", **bound)
    org.person(lastname="Áed", emailaddress2="aed@x.example")
    org.account = account
    return org


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ("telephone1 eq '(415) 555-0134'", ["Ng"]),
        ("telephone1 eq '+14155550134'", []),
        ("endswith(telephone1,'5550134') or endswith(mobilephone,'5550134')", ["O'Hara", "Roe"]),
        ("contains(telephone1,'555')", ["Ng", "O'Hara"]),
        ("startswith(emailaddress1,'ro')", ["Roe"]),
        ("lastname eq 'O''Hara'", ["O'Hara"]),
        ("emailaddress1 eq 'ann@ng.example'", ["Ng"]),
        ("emailaddress1 eq null and emailaddress2 ne null", ["Áed"]),
        ("not (emailaddress1 eq null)", ["Ng", "Roe"]),
        ("lastname ne 'Ng' and not contains(lastname,'o')", ["Áed"]),
        ("Microsoft.Dynamics.CRM.In(PropertyName='lastname',PropertyValues=['ng','roe'])", ["Ng", "Roe"]),
        ("createdon le 2026-03-02T12:00:00Z and lastname ge 'O'", ["O'Hara", "Roe", "Áed"]),
        ("createdon gt 2026-03-02T12:00:00Z", []),
        ("createdon lt 2026-03-02T14:00:00+01:00 and lastname eq 'Ng'", ["Ng"]),
        ("statecode eq 0 and statuscode ne 2 and lastname lt 'O'", ["Ng"]),
        ("parentcustomerid_account/name eq 'acme'", ["O'Hara", "Roe"]),
        ("merged eq null and lastname eq 'Roe'", ["Roe"]),
        ("startswith(lastname,'O') eq false and lastname gt 'P' and lastname lt 'S'", ["Roe"]),
    ],
)
def test_filters(people: Any, filter: str, expected: list[str]) -> None:
    """What a condition finds; numbers are compared as the text that is stored (apis A5, N)."""
    assert people.found(filter) == sorted(expected)


def test_filters_by_ids(people: Any) -> None:
    """A lookup is `_x_value`, compared with a guid; `In` takes guids in quotes."""
    account = people.account
    assert people.found(f"_parentcustomerid_value eq {account}") == ["O'Hara", "Roe"]
    listed = (
        f"Microsoft.Dynamics.CRM.In(PropertyName='parentcustomerid',PropertyValues=['{account}','{GUID}'])"
    )
    assert people.found(listed) == ["O'Hara", "Roe"]
    (ann,) = people.rows("contacts", "lastname eq 'Ng'")
    assert people.found(f"contactid eq {ann['contactid']}") == ["Ng"]
    by_id = (
        f"Microsoft.Dynamics.CRM.In(PropertyName='contactid',PropertyValues=['{ann['contactid'].upper()}'])"
    )
    assert people.found(by_id) == ["Ng"]


@pytest.mark.parametrize(
    "options",
    [
        {"$filter": "nonsense eq 'x'"},
        {"$filter": "parentcustomerid eq null"},
        {"$filter": "lastname eq 5"},
        {"$filter": "lastname is 'x'"},
        {"$filter": "lastname eq 'x"},
        {"$filter": "(lastname eq 'x'"},
        {"$filter": "lastname eq 'x' or"},
        {"$filter": "contains(statecode,'1')"},
        {"$filter": "matches(lastname,'x')"},
        {"$filter": "createdon gt 'yesterday'"},
        {"$filter": "nothing/name eq 'x'"},
        {"$filter": "statecode gt null"},
        {"$select": "fullname,nonsense"},
        {"$select": "parentcustomerid"},
        {"$orderby": "nonsense"},
        {"$orderby": "lastname upwards"},
        {"$expand": "nonsense"},
        {"$expand": "parentcustomerid_account($select=nonsense)"},
        {"$expand": "parentcustomerid_account($expand=primarycontactid)"},
        {"$top": "many"},
        {"$skip": "1"},
        {"$format": "json"},
        {"nonsense": "1"},
    ],
)
def test_what_is_not_known_is_refused(people: Any, options: dict[str, str]) -> None:
    """An unknown property, option, function or type in a query is 400 in Dataverse's envelope."""
    assert people.refused("GET", f"contacts?{urlencode(options)}")[0] == 400


def test_what_is_not_simulated_says_so(people: Any) -> None:
    """Options of Dataverse that this simulator leaves out are 501, not something else."""
    assert people.refused("GET", "contacts?fetchXml=x")[0] == 501
    assert people.refused("GET", "contacts?$apply=aggregate($count as n)")[0] == 501


@pytest.mark.parametrize(
    ("quirk", "upper", "accent"),
    [("insensitive", True, False), ("accents", True, True), ("sensitive", False, False)],
)
def test_how_texts_compare(orgs: Any, quirk: str, upper: bool, accent: bool) -> None:
    """Case and accents count or not, by the collation (apis N)."""
    org = orgs(collation=quirk)
    org.person(lastname="Jané")
    for name, found in (("JANÉ", upper), ("jane", upper and accent), ("Jané", True)):
        for filter in (f"lastname eq '{name}'", f"contains(lastname,'{name}')"):
            assert org.found(filter) == (["Jané"] if found else []), (name, filter)


def test_blanks_at_the_end_do_not_count(org: Any) -> None:
    """SQL compares texts without the blanks at their ends."""
    org.person(lastname="Ng ")
    assert org.found("lastname eq 'Ng'") == ["Ng "]


@pytest.mark.parametrize(
    ("quirk", "part", "found"),
    [
        ("on", "415%555%0134", True),
        ("on", "(415)_555", True),
        ("on", "[0-4]15", True),
        ("on", "[^4]15", False),
        ("off", "415%555%0134", False),
        ("off", "(415) 555", True),
        ("off", "[0-4]15", False),
    ],
)
def test_wildcards(orgs: Any, quirk: str, part: str, found: bool) -> None:
    """% _ [ ] are wildcards in contains and its like, or not, by the switch."""
    org = orgs(wildcards=quirk)
    org.person(telephone1="(415) 555-0134")
    assert org.found(f"contains(telephone1,'{part}')") == (["Ng"] if found else [])


def test_too_many_conditions_are_refused(orgs: Any) -> None:
    """A query has 500 conditions at most; values of an `In` count."""
    org = orgs(most_conditions=3)
    several = " or ".join(["lastname eq 'x'"] * 3)
    assert org.found(several) == []
    values = "Microsoft.Dynamics.CRM.In(PropertyName='lastname',PropertyValues=['a','b','c','d'])"
    for filter in (f"{several} or lastname eq 'y'", values):
        answer = org.client.get(
            "/api/data/v9.2/contacts",
            params={"$filter": filter},
            headers={**_headers(org)},
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "0x8004430d")


def _headers(org: Any) -> dict[str, str]:
    version = {"OData-Version": "4.0", "OData-MaxVersion": "4.0", "Accept": "application/json"}
    return {"Authorization": f"Bearer {org.access}", **version}


def test_a_plus_that_is_not_encoded_is_a_blank(people: Any) -> None:
    """In an address `+` is a blank: an E.164 number must be encoded."""
    found = people.got("contacts?$filter=mobilephone eq '+14155550134'")["value"]
    encoded = people.got("contacts?$filter=mobilephone eq '%2B14155550134'")["value"]
    assert (len(found), len(encoded)) == (0, 1)


def test_select_tells_what_was_asked_for_and_the_id(people: Any) -> None:
    """Beside the id nothing else comes; a lookup is its id."""
    (row,) = people.rows("contacts", "lastname eq 'Roe'", "fullname,_parentcustomerid_value,telephone1")
    assert set(row) == {"@odata.etag", "contactid", "fullname", "_parentcustomerid_value", "telephone1"}
    assert (row["_parentcustomerid_value"], row["telephone1"]) == (people.account, None)


def test_annotations_are_told_when_asked_for(people: Any) -> None:
    """A lookup's table and name come with `odata.include-annotations` only (apis A5, "Headers")."""
    prefer = 'odata.include-annotations="*"'
    answer = people.ask(
        "GET", "contacts?$filter=lastname eq 'Roe'&$select=_parentcustomerid_value", Prefer=prefer
    )
    (row,) = answer.json()["value"]
    name = "_parentcustomerid_value@"
    assert row[f"{name}Microsoft.Dynamics.CRM.lookuplogicalname"] == "account"
    assert row[f"{name}Microsoft.Dynamics.CRM.associatednavigationproperty"] == "parentcustomerid_account"
    assert row[f"{name}OData.Community.Display.V1.FormattedValue"] == "Acme"
    assert answer.headers["Preference-Applied"] == prefer
    some = 'odata.include-annotations="Microsoft.Dynamics.CRM.*"'
    (row,) = people.rows("contacts", "lastname eq 'Roe'", "_parentcustomerid_value", Prefer=some)
    assert f"{name}OData.Community.Display.V1.FormattedValue" not in row
    assert f"{name}Microsoft.Dynamics.CRM.lookuplogicalname" in row


def test_expand_goes_one_level(people: Any) -> None:
    """What a lookup leads to, and what belongs to a record, with its own options."""
    path = "contacts?$filter=lastname ne null&$orderby=lastname&$select=lastname"
    rows = people.got(f"{path}&$expand=parentcustomerid_account($select=name)")["value"]
    far = {row["lastname"]: row["parentcustomerid_account"] for row in rows}
    assert far["Ng"] is None
    assert far["Roe"]["name"] == "Acme"
    inside = "contact_customer_accounts($select=lastname;$filter=contains(lastname,'o')"
    inside += ";$orderby=lastname desc;$top=1)"
    (account,) = people.got(f"accounts?$expand={inside}")["value"]
    assert [one["lastname"] for one in account["contact_customer_accounts"]] == ["Roe"]


def test_order_and_top(people: Any) -> None:
    """Several columns, each up or down; empty ones first; `$top` ends the list."""
    rows = people.got("contacts?$orderby=_parentcustomerid_value,lastname desc&$select=lastname&$top=3")
    assert [row["lastname"] for row in rows["value"]] == ["Áed", "Ng", "Roe"]
    assert "@odata.nextLink" not in rows


def test_pages(people: Any) -> None:
    """`odata.maxpagesize` cuts a list; the next link goes on behind the last record."""
    path = "contacts?$orderby=lastname&$select=lastname&$filter=lastname ne 'x&'".replace("&'", "%26'")
    first = people.got(f"{path}&$count=true", Prefer="odata.maxpagesize=2")
    assert [row["lastname"] for row in first["value"]] == ["Ng", "O'Hara"]
    assert first["@odata.count"] == 4
    people.person(lastname="Able")
    answer = people.client.get(
        first["@odata.nextLink"], headers={**_headers(people), "Prefer": "odata.maxpagesize=2"}
    )
    second = answer.json()
    assert [row["lastname"] for row in second["value"]] == ["Roe", "Áed"]
    assert "@odata.nextLink" not in second


def test_pages_can_be_made_short(orgs: Any) -> None:
    """By a switch every page is short, of lists and of changes, whatever was asked for."""
    org = orgs(page_size=1)
    org.person()
    org.person(lastname="Roe")
    for prefer in ("odata.maxpagesize=100", "odata.track-changes"):
        page = org.got("contacts?$select=lastname", Prefer=prefer)
        assert (len(page["value"]), "@odata.nextLink" in page) == (1, True)


def test_a_page_holds_5000_at_most(people: Any) -> None:
    """Without a preference a page is 5,000; a larger one is not given; no page is empty."""
    for at in range(5000):
        people.desk.add("lead", {"last_name": f"Lead {at}", "company": "X"})
    page = people.got("leads?$select=leadid", Prefer="odata.maxpagesize=9000")
    assert len(page["value"]) == 5000
    assert "@odata.nextLink" not in page
    people.desk.add("lead", {"last_name": "One more", "company": "X"})
    page = people.got("leads?$select=leadid&$count=true", Prefer="odata.maxpagesize=9000")
    assert (len(page["value"]), page["@odata.count"], "@odata.nextLink" in page) == (5000, 5000, True)
    assert people.ask("GET", "leads/$count").text == "5000"
    assert people.refused("GET", "leads", Prefer="odata.maxpagesize=0")[0] == 400
    counted = people.got("RetrieveTotalRecordCount(EntityNames=['lead'])")["EntityRecordCountCollection"]
    assert (counted["Keys"], counted["Values"]) == (["lead"], [5001])


def test_counting_by_groups(people: Any) -> None:
    """`$apply` counts records by a lookup."""
    asked = f"filter(_parentcustomerid_value eq {people.account} or _parentcustomerid_value eq {GUID})"
    asked += "/groupby((_parentcustomerid_value),aggregate($count as people))"
    found = people.got(f"contacts?$apply={asked}")["value"]
    assert found == [{"_parentcustomerid_value": people.account, "people": 2}]
    assert people.refused("GET", "contacts?$apply=groupby((nonsense),aggregate($count as n))")[0] == 400


def test_counting_ends_at_so_many_records(people: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An aggregate over more records than Dataverse adds up (50,000) is refused."""
    asked = "contacts?$apply=groupby((lastname),aggregate($count as n))"
    assert len(people.got(asked)["value"]) == 4
    monkeypatch.setattr("firstcontact.testing.simulators.dynamics.api.MOST_AGGREGATED", 3)
    assert people.refused("GET", asked) == (400, "0x8004e023")


def test_any_of_a_collection(people: Any) -> None:
    """Activities are found by who took part."""
    (ann,) = people.rows("contacts", "lastname eq 'Ng'")
    party = {"partyid_contact@odata.bind": f"/contacts({ann['contactid']})", "participationtypemask": 1}
    people.call(subject="With Ann", phonecall_activity_parties=[party])
    people.call(subject="Alone")
    who = f"p/_partyid_value eq {ann['contactid']} and p/participationtypemask eq 1"
    inside = f"phonecall_activity_parties/any(p:{who})"
    assert people.found(inside, "phonecalls") == ["With Ann"]
    assert people.refused("GET", f"phonecalls?$filter={inside.replace('p/_party', 'q/_party')}")[0] == 400


def test_a_lag_hides_what_was_just_written(orgs: Any) -> None:
    """With a lag a text of a contact is found later; by id, key or lookup a record is there at once."""
    org = orgs(lag=30.0)
    id = org.person(lastname="New", fc_key="k1")
    ids = f"{IN}(PropertyName='contactid',PropertyValues=['{id}'])"
    for filter in ("fc_key eq 'k1'", ids, "createdon ge 2026-03-02T12:00:00Z"):
        assert org.found(filter) == ["New"]
    org.call(subject="At once")
    assert org.found("contains(subject,'once')", "phonecalls") == ["At once"]
    assert org.found("lastname eq 'New'") == []
    assert org.got(f"contacts({id})")["lastname"] == "New"
    org.wait(30)
    assert org.found("lastname eq 'New'") == ["New"]
    org.ask("PATCH", f"contacts({id})", {"lastname": "Newer"})
    assert (org.found("lastname eq 'New'"), org.found("lastname eq 'Newer'")) == (["Newer"], [])


def test_a_broken_search_is_503(org: Any) -> None:
    """While the search is broken every query with a condition fails, and a record by its id does not."""
    id = org.person()
    with org.desk.broken_search():
        assert org.refused("GET", "contacts?$filter=lastname eq 'Ng'")[0] == 503
        assert org.ask("GET", f"contacts({id})").status_code == 200
    assert org.found("lastname eq 'Ng'") == ["Ng"]


def test_an_address_can_be_too_long(org: Any) -> None:
    """More than 32,768 characters are 414; in a batch 65,536 are allowed."""
    assert org.refused("GET", f"contacts?$filter=lastname eq '{'x' * 33_000}'")[0] == 414
