"""SOSL of the simulated Salesforce."""

from __future__ import annotations

import pytest

RETURNING = "RETURNING Contact(Id)"


@pytest.mark.parametrize(
    ("stored", "sought", "found"),
    [
        ("(415) 555-0123", "4155550123", True),
        ("(415) 555-0123", '"(415) 555-0123"', True),
        ("(415) 555-0123", "415", True),
        ("415.555.0123 (Jane's number)", "4155550123", True),
        ("+1 415 555 0123 ext. 12", "14155550123", True),
        ("+14155550123", r"\+14155550123", True),
        ("+14155550123", "1415555*", True),
        ("+14155550123", "141555501??", True),
        ("(415) 555-0123", "4155550124", False),
        ("(415) 555-0123", "5550123", False),
        ("(415) 555-0123", "4155550123 AND NOT 415", False),
        ("(415) 555-0123", "9999999 OR (4155550123 AND 555)", True),
    ],
)
def test_phones_are_found_by_their_digits(api, stored: str, sought: str, found: bool) -> None:
    """Formatted phones are found by digits, by parts and by spelling; none by its end."""
    api.made("Contact", LastName="Diaz", Phone=stored)
    assert bool(api.found(f"FIND {{{sought}}} IN PHONE FIELDS {RETURNING}")) == found


@pytest.mark.parametrize("finds", [True, False])
def test_international_and_national_numbers(org, finds: bool) -> None:
    """Whether +1415… finds (415) …, and the other way round, is switchable: e164_finds_national."""
    api = org(e164_finds_national=finds)
    national = api.made("Contact", LastName="Diaz", Phone="(415) 555-0123")
    international = api.made("Contact", LastName="Roe", Phone="+14155550123")
    by_e164 = api.found(rf"FIND {{\+14155550123}} IN PHONE FIELDS {RETURNING}")
    by_digits = api.found(f"FIND {{4155550123}} IN PHONE FIELDS {RETURNING}")
    both = {national, international}
    assert set(by_e164) == (both if finds else {international})
    assert set(by_digits) == (both if finds else {national})
    spelled = r'FIND {"4155550123" OR "14155550123"} IN PHONE FIELDS ' + RETURNING
    assert set(api.found(spelled)) == both


def test_groups_of_fields(api) -> None:
    """PHONE, EMAIL and NAME look only there; ALL everywhere, in custom fields and long texts too."""
    id = api.made(
        "Contact",
        LastName="Diaz",
        Email="jo@acme.example",
        Phone="4155550123",
        Personal_Email__c="jo@home.example",
        Description="met 4155550199 at lunch",
        FirstContact_Other_Phones__c="+14155550188",
    )
    expected = {
        ("PHONE", "4155550123"): True,
        ("PHONE", "4155550199"): False,
        ("PHONE", "14155550188"): False,
        ("PHONE", "Diaz"): False,
        ("EMAIL", r'"jo@acme.example"'): True,
        ("EMAIL", "JO@HOME.example"): True,
        ("EMAIL", "Diaz"): False,
        ("NAME", "diaz"): True,
        ("NAME", "4155550123"): False,
        ("ALL", "4155550199"): True,
        ("ALL", "14155550188"): True,
        ("ALL", "lunch"): True,
    }
    for (group, sought), found in expected.items():
        assert api.found(f"FIND {{{sought}}} IN {group} FIELDS {RETURNING}") == [id] * found, (group, sought)
    assert api.found(f"FIND {{lunch}} {RETURNING}") == [id]


def test_each_object_has_its_own_question(api) -> None:
    """RETURNING names objects, fields, conditions, order and limits; the whole has a limit, too."""
    ids = [api.made("Contact", LastName=name, Phone="4155550123") for name in ("B", "A", "C")]
    lead = api.made("Lead", LastName="L", Company="Acme", Phone="4155550123")
    hits = api.search(
        "FIND {4155550123} IN PHONE FIELDS RETURNING Contact(Id, LastName WHERE LastName != 'C' "
        "ORDER BY LastName), Lead(Id WHERE IsConverted = false) LIMIT 20"
    )
    assert [hit["Id"] for hit in hits] == [ids[1], ids[0], lead]
    assert set(hits[0]) == {"attributes", "Id", "LastName"}
    assert hits[0]["attributes"]["url"] == f"/services/data/v62.0/sobjects/Contact/{ids[1]}"
    assert len(api.found(f"FIND {{4155550123}} {RETURNING} LIMIT 2")) == 2
    assert len(api.found("FIND {4155550123} RETURNING Contact(Id LIMIT 1), Lead")) == 2
    assert len(api.found("FIND {4155550123}")) == 4


@pytest.mark.parametrize(
    "text",
    [
        "FIND 4155550123",
        "FIND {4155550123",
        "FIND {4}",
        "FIND {*0123}",
        "FIND {+14155550123}",
        "FIND {415-555}",
        'FIND {"open}',
        r"FIND {a\d}",
        "FIND {abc} IN SOME FIELDS",
        "FIND {abc} RETURNING",
        "FIND {abc} RETURNING Contact(Id",
        "FIND {abc} LIMIT many",
        "FIND {" + "a" * 20_001 + "}",
    ],
)
def test_what_is_no_search_is_refused(api, text: str) -> None:
    """Reserved characters unescaped, a leading wildcard, one letter, an unknown group: 400."""
    answer = api("GET", "search", params={"q": text}) if len(text) < 9000 else None
    if answer is None:
        (part,) = api.composite({"method": "GET", "url": f"search?q={text}", "referenceId": "s"})
        assert (part["httpStatusCode"], part["body"][0]["errorCode"]) == (400, "MALFORMED_SEARCH")
        return
    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] in ("MALFORMED_SEARCH", "MALFORMED_QUERY")


def test_refused_fields_and_types(api) -> None:
    """A field or type that is none is refused as in a query."""
    assert api.search("FIND {abc} RETURNING Contact(Nickname)")[0]["errorCode"] == "INVALID_FIELD"
    assert api.search("FIND {abc} RETURNING Person(Id)")[0]["errorCode"] == "INVALID_TYPE"


def test_the_index_knows_a_change_late(org) -> None:
    """After a change the old number still finds the record until the index has caught up; a deleted one is
    not found at once."""
    api = org(lag=10.0)
    id = api.made("Contact", LastName="Diaz", Phone="4155550101")
    api.clock.wait(10_000_000)
    api("PATCH", f"sobjects/Contact/{id}", {"Phone": "4155550102"})
    old, new = (f"FIND {{{n}}} IN PHONE FIELDS RETURNING Contact(Id)" for n in ("4155550101", "4155550102"))
    assert (api.found(old), api.found(new)) == ([id], [])
    api.clock.wait(10_000_000)
    assert (api.found(old), api.found(new)) == ([], [id])
    api("DELETE", f"sobjects/Contact/{id}")
    assert api.found(new) == []


def test_a_search_by_parameters(api) -> None:
    """`parameterizedSearch` has the same answer."""
    id = api.made("Contact", LastName="Diaz")
    params = {"q": "Diaz", "sobject": "Contact", "fields": "Id,LastName"}
    (hit,) = api("GET", "parameterizedSearch", params=params).json()["searchRecords"]
    assert (hit["Id"], hit["LastName"]) == (id, "Diaz")
    assert api("GET", "parameterizedSearch", params={"q": "x"}).status_code == 400


def test_a_broken_search_runs_into_a_timeout(api) -> None:
    """While the search is broken, searches, queries and parts of composite requests are QUERY_TIMEOUT."""
    with api.people.broken_search():
        answers = [
            api.search("FIND {abc}"),
            api.query("SELECT Id FROM Contact"),
            api.composite({"method": "GET", "url": "query?q=SELECT+Id+FROM+Lead", "referenceId": "q"})[0][
                "body"
            ],
        ]
    assert [answer[0]["errorCode"] for answer in answers] == ["QUERY_TIMEOUT"] * 3
    assert api.search("FIND {abc}") == []
