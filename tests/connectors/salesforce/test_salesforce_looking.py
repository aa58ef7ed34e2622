"""How people are found in Salesforce: few and many, old and fresh, in every field."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.salesforce.client import TooSlow
from firstcontact.planning.write import CreatedBy, Existing, Receipt
from firstcontact.testing.conformance.making import JO_PHONE, an_activity, handle, new_contact, receipt

LAG = 60.0
OTHERS = [f"+1415555{n:04d}" for n in range(9000, 9020)]
"""Enough further numbers for the way in which many are asked for."""


def found(crm: Any, text: str, further: list[str]) -> set[str]:
    """Ids of those who bear a handle, asked for among others."""
    asked = [handle(text), *(handle(one) for one in further)]
    finding = crm.find(asked)[asked[0].key]
    assert finding.status in ("found", "absent")
    return {record.id for record in finding.records}


@pytest.mark.parametrize("further", [[], OTHERS], ids=["few", "many"])
@pytest.mark.parametrize("e164", [True, False])
@pytest.mark.parametrize(
    "written",
    [
        "(415) 555-0123",
        "415.555.0123",
        "4155550123",
        "+14155550123",
        "+1 (415) 555-0123",
        "1-415-555-0123",
        "415.555.0123 (Jane's number)",
        "+1 415 555 0123 ext. 12",
    ],
)
def test_every_writing_is_found(serve: Any, written: str, e164: bool, further: list[str]) -> None:
    """A number is found however it is written, alone and among many, whatever the index makes of `+1`."""
    org = serve(lag=LAG, e164_finds_national=e164)
    id = org.desk.add("contact", {"last_name": "Diaz", "phones": [written]})
    org.clock.wait(3_600_000_000)
    assert found(org.crm, JO_PHONE, further) == {id}


@pytest.mark.parametrize("further", [[], OTHERS], ids=["few", "many"])
def test_a_record_made_a_moment_ago_is_found(serve: Any, further: list[str]) -> None:
    """What a person has just made is found before the search index knows it."""
    org = serve(lag=LAG)
    id = org.desk.add("contact", {"last_name": "Diaz", "phones": ["(415) 555-0123"]})
    assert found(org.crm, JO_PHONE, further) == {id}
    lead = org.desk.add("lead", {"last_name": "Roe", "emails": ["kim@acme.example"]})
    assert found(org.crm, "kim@acme.example", further) == {lead}


@pytest.mark.parametrize("further", [[], OTHERS], ids=["few", "many"])
def test_numbers_abroad_are_found_in_national_writing(serve: Any, further: list[str]) -> None:
    """A British number with its trunk zero on a British contact."""
    org = serve()
    fields = {"last_name": "Diaz", "phones": ["020 7946 0123"], "country": "United Kingdom"}
    id = org.desk.add("contact", fields)
    org.clock.wait(3_600_000_000)
    assert found(org.crm, "+442079460123", further) == {id}


def test_more_bearers_than_a_search_returns_are_unknown(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search whose answer is full says unknown of the number that fills it, and tells the others."""
    monkeypatch.setattr("firstcontact.connectors.salesforce.sosl.ROWS", 20)
    org = serve()
    for n in range(25):
        org.desk.add("contact", {"last_name": f"P{n}", "phones": [JO_PHONE]})
    alone = org.desk.add("contact", {"last_name": "Alone", "phones": [OTHERS[0]]})
    org.clock.wait(3_600_000_000)
    findings = org.crm.find([handle(JO_PHONE), *(handle(one) for one in OTHERS)])
    assert findings[JO_PHONE].status == "unknown"
    assert [record.id for record in findings[OTHERS[0]].records] == [alone]
    assert findings[OTHERS[1]].status == "absent"


def test_a_large_organisation_is_searched(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Salesforce gives up on patterns, the number is searched for, then and for the next hour."""
    org = serve()
    id = org.desk.add("contact", {"last_name": "Diaz", "phones": [JO_PHONE]})
    org.clock.wait(3_600_000_000)
    crm = org.crm
    crm.size()
    really = crm._api.queries

    def slow(statements: Any, **options: Any) -> Any:
        if any("LIKE" in one for one in statements):
            raise TooSlow("too slow")
        return really(statements, **options)

    monkeypatch.setattr(crm._api, "queries", slow)
    assert found(crm, JO_PHONE, []) == {id}
    assert found(crm, JO_PHONE, []) == {id}


def test_a_converted_lead_stands_for_its_contact(serve: Any) -> None:
    """A lead that was converted is found with the contact that it became."""
    org = serve()
    lead = org.desk.add("lead", {"last_name": "Diaz", "phones": [JO_PHONE], "company": "Acme"})
    contact = org.desk.convert(lead)
    records = {one.id: one for one in org.crm.find([handle(JO_PHONE)])[JO_PHONE].records}
    assert records[lead].converted_to == contact
    assert records[contact].type == "contact"


@pytest.mark.parametrize("what", ["refused", "taken"])
def test_an_activity_on_a_lead(serve: Any, what: str) -> None:
    """A call of a lead stands on the lead, and on nothing else, whether or not Salesforce would take it."""
    org = serve(what_with_lead=what)
    lead = org.desk.add("lead", {"last_name": "Diaz", "phones": [JO_PHONE]})
    account = org.desk.add("account", {"name": "Acme"})
    call = an_activity(org.crm, people=(Existing("lead", lead),), account=Existing("account", account))
    receipt(org.crm, call)
    (held,) = org.desk.dump()["activities"]
    assert (held["leads"], held["contacts"]) == ([lead], [])


def test_a_number_in_a_field_of_the_organisation_is_found(serve: Any) -> None:
    """A third number goes into further fields, and is found there; none is lost."""
    org = serve()
    phones = tuple(OTHERS[:7])
    id = receipt(org.crm, new_contact(org.crm, phones=phones)).id
    for phone in phones:
        assert found(org.crm, phone, []) == {id}
    org.clock.wait(3_600_000_000)
    for phone in phones:
        assert found(org.crm, phone, OTHERS[8:]) == {id}


def test_a_case_and_an_opportunity_carry_the_activity(serve: Any) -> None:
    """An activity is about the case, else the opportunity, else the account."""
    org = serve()
    account = org.desk.add("account", {"name": "Acme"})
    contact = org.desk.add("contact", {"last_name": "Diaz", "account": account})
    opportunity = org.desk.add("opportunity", {"account": account, "name": "New", "open": True})
    matter = org.desk.add("matter", {"contact": contact, "name": "Diaz v. Roe", "open": True})
    people = (Existing("contact", contact),)
    on = Existing("account", account)
    writes = [
        an_activity(org.crm, "case", people=people, matter=matter, opportunity=opportunity, account=on),
        an_activity(org.crm, "deal", people=people, opportunity=opportunity, account=on),
        an_activity(org.crm, "firm", people=people, account=on),
    ]
    assert all(isinstance(one, Receipt) for one in org.crm.apply(writes))
    held = {one["interactions"][0]: one for one in org.desk.dump()["activities"]}
    assert held["case"]["matter"] == matter
    assert held["deal"]["opportunity"] == opportunity
    assert held["firm"]["account"] == account


def test_accounts_of_a_stranger_s_domain_are_made_in_the_same_request(serve: Any) -> None:
    """Account, contact and activity that point at each other are one graph."""
    from firstcontact.testing.conformance.making import an_account

    org = serve()
    org.crm.size()
    org.crm.find([handle(JO_PHONE)])
    account = an_account(org.crm, "acme.example")
    contact = new_contact(org.crm, account=CreatedBy(account.key))
    call = an_activity(org.crm, people=(CreatedBy(contact.key),), account=CreatedBy(account.key))
    outcomes: list[Any] = []
    assert org.calls(lambda: outcomes.extend(org.crm.apply([account, contact, call]))) == 1
    assert org.crm.read([outcomes[1].id])[outcomes[1].id].account == outcomes[0].id


@pytest.mark.parametrize("kind", ["contact", "lead"])
def test_a_person_who_shares_our_login_is_seen(serve: Any, kind: str) -> None:
    """What a person has just made by the login that we use, too, is found among many; the search lags."""
    org = serve(lag=LAG)
    org.simulator.org.person = org.simulator.org.api_user
    id = org.desk.add(kind, {"last_name": "Diaz", "phones": ["(415) 555-0123"]})
    assert found(org.crm, JO_PHONE, OTHERS) == {id}


@pytest.mark.parametrize("slow", [False, True])
def test_many_fresh_records_hide_nobody(serve: Any, monkeypatch: pytest.MonkeyPatch, slow: bool) -> None:
    """Where somebody loads more records than are looked at, who is among them is found by patterns; where
    those take too long nothing is said, and never that nobody is there."""
    monkeypatch.setattr("firstcontact.connectors.salesforce.look.FRESH", 20)
    org = serve(lag=LAG)
    for n in range(30):
        org.desk.add("contact", {"last_name": f"P{n}", "phones": [f"(415) 555-0{n + 200}"]})
    id = org.desk.add("contact", {"last_name": "Diaz", "phones": ["(415) 555-0123"]})
    if not slow:
        assert found(org.crm, JO_PHONE, OTHERS) == {id}
        return
    org.crm._look._slow_until = org.clock.now() + 1
    finding = org.crm.find([handle(JO_PHONE), *(handle(one) for one in OTHERS)])[JO_PHONE]
    assert (finding.status, "lately" in finding.why) == ("unknown", True)


def test_a_mailbox_among_thousands_that_begin_alike_is_one_answer(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address at a mail service brings its own records and its tags, not everybody whose begins so."""
    org = serve()
    mine = {org.desk.add("contact", {"last_name": "Jo", "emails": ["Jo@gmail.com"]})}
    mine.add(org.desk.add("contact", {"last_name": "Jo", "emails": ["jo+bills@gmail.com"]}))
    for n in range(5):
        org.desk.add("contact", {"last_name": f"P{n}", "emails": [f"jo{n}@gmail.com"]})
    seen: list[str] = []
    look = org.crm._look
    keep = look._keep
    monkeypatch.setattr(
        look, "_keep", lambda f, rows, s: (seen.extend(r["Id"] for r in rows), keep(f, rows, s))
    )
    assert found(org.crm, "jo@gmail.com", []) == mine
    assert set(seen) == mine
