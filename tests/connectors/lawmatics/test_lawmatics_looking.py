"""Looking for people at Lawmatics live: finders that name one record, and what they hide."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.contract import TryAgain
from firstcontact.testing.conformance.making import JO, JO_PHONE, handle


def crowd(firm: Any, count: int = 120) -> None:
    """So many contacts, written long ago, that reading the list is dearer than asking."""
    for number in range(count):
        phone = f"(415) 555-{1000 + number}" if number % 2 else f"+1415555{1000 + number}"
        firm.desk.add("contact", {"last_name": f"Crowd {number}", "phones": [phone]})
    firm.wait(3600)


def finding(firm: Any, text: str) -> Any:
    """What is found for one handle."""
    one = handle(text)
    return firm.crm.find([one])[one.key]


@pytest.fixture
def busy(make_firm: Any) -> Any:
    """Makes a firm with a long list."""

    def make(**quirks: Any) -> Any:
        firm = make_firm(**{"page_size": 2, **quirks})
        crowd(firm)
        return firm

    return make


WRITTEN = [
    "(415) 555-0123",
    "+14155550123",
    "4155550123",
    "415.555.0123",
    "+1 415 555 0123",
    "1-415-555-0123",
]


@pytest.mark.parametrize("match", ["digits", "stored"])
@pytest.mark.parametrize("miss", ["404", "null"])
@pytest.mark.parametrize("written", WRITTEN)
def test_a_number_is_found_however_it_is_written(busy: Any, match: str, miss: str, written: str) -> None:
    """Whether the finder goes by digits or by writing, and however it says that it finds nobody."""
    firm = busy(phone_match=match, finder_miss=miss)
    id = firm.desk.add("contact", {"last_name": "Diaz", "phones": [written]})
    firm.wait(3600)
    assert [record.id for record in finding(firm, JO_PHONE).records] == [id]
    assert finding(firm, "+14155550199").status == "absent"


@pytest.mark.parametrize("miss", ["404", "null"])
def test_an_address_is_found_and_a_stranger_is_absent(busy: Any, miss: str) -> None:
    """Both ways of saying that nobody is found are understood."""
    firm = busy(finder_miss=miss)
    id = firm.desk.add("contact", {"last_name": "Diaz", "emails": ["Jo+News@acme.example", JO]})
    firm.wait(3600)
    assert [record.id for record in finding(firm, JO).records] == [id]
    assert finding(firm, "nobody@acme.example").status == "absent"


def test_all_bearers_are_found_although_the_finder_names_one(busy: Any) -> None:
    """Where it names somebody, the list of numbers is asked for all of them, also second numbers."""
    firm = busy()
    ids = [
        firm.desk.add("contact", {"last_name": "Diaz", "phones": [JO_PHONE]}),
        firm.desk.add("contact", {"last_name": "Roe", "phones": ["+14155550188", "415 555 0123"]}),
        firm.desk.add("lead", {"last_name": "Poe", "phones": ["(415) 555-0123"]}),
    ]
    firm.wait(3600)
    found = {record.id: record.type for record in finding(firm, JO_PHONE).records}
    assert found == dict(zip(ids, ("contact", "contact", "lead"), strict=True))


def test_numbers_that_end_alike_are_not_read_one_by_one(busy: Any) -> None:
    """The list of numbers is asked for the last four digits; only whose seven fit are read."""
    firm = busy(page_size=25)
    ids = [firm.desk.add("contact", {"last_name": "Diaz", "phones": [JO_PHONE]})]
    for number in range(10):
        firm.desk.add("contact", {"last_name": f"Roe {number}", "phones": [f"+1415{600 + number}0123"]})
    firm.wait(3600)
    crowd(firm, 1)
    finding(firm, JO)
    before = firm.requests
    firm.crm._finder._length = (firm.clock.now(), 1000)
    assert [record.id for record in finding(firm, JO_PHONE).records] == ids
    assert firm.requests - before == 4


def test_whom_a_finder_names_wrongly_is_not_taken(busy: Any) -> None:
    """A finder that matches a part names who bears a longer number: nobody bears this one."""
    firm = busy(find_match="part")
    firm.desk.add("contact", {"last_name": "Diaz", "phones": ["+44 41 5555 0123 45"]})
    firm.wait(3600)
    assert finding(firm, JO_PHONE).status == "absent"


def test_more_bearers_than_can_be_looked_at_is_unknown(busy: Any) -> None:
    """Then it is not certain that these are all."""
    firm = busy()
    for number in range(10):
        firm.desk.add("contact", {"last_name": f"Diaz {number}", "phones": [JO_PHONE]})
    firm.wait(3600)
    told = finding(firm, JO_PHONE)
    assert (told.status, "all of them" in told.why) == ("unknown", True)


def test_whom_the_finder_does_not_know_yet_is_found(busy: Any) -> None:
    """A contact that a person made a moment ago is in the list of what was changed lately."""
    firm = busy(lag=250.0)
    finding(firm, JO)
    id = firm.desk.add("contact", {"last_name": "Diaz", "phones": ["415 555 0123"]})
    assert [record.id for record in finding(firm, JO_PHONE).records] == [id]


def test_whom_a_look_before_has_read_is_found_and_whoever_is_gone_is_not(busy: Any) -> None:
    """What is remembered from the look before is asked for again, since it may have been deleted."""
    firm = busy(lag=250.0)
    finding(firm, JO)
    ids = [firm.desk.add("contact", {"last_name": "Diaz", "phones": [JO_PHONE]}) for _ in range(2)]
    finding(firm, JO)
    for number in range(15):
        firm.wait(1)
        firm.desk.add("contact", {"last_name": f"New {number}"})
    assert {record.id for record in finding(firm, JO_PHONE).records} == set(ids)
    firm.desk.delete("contact", ids[0])
    assert [record.id for record in finding(firm, JO_PHONE).records] == [ids[1]]
    firm.desk.edit("contact", ids[1], {"phones": ["+14155550188"]})
    assert finding(firm, JO_PHONE).status == "absent"


def test_too_many_changed_lately_is_unknown(busy: Any) -> None:
    """An import of hundreds within five minutes: nobody is called absent."""
    firm = busy()
    finding(firm, JO)
    for number in range(50):
        firm.desk.add("contact", {"last_name": f"New {number}"})
    assert finding(firm, JO_PHONE).status == "unknown"


def test_a_search_that_fails_calls_nobody_absent(busy: Any) -> None:
    """Where asking is needed and the finders are down, it is to be tried again."""
    firm = busy()
    finding(firm, JO)
    with firm.desk.broken_search(), pytest.raises(TryAgain):
        finding(firm, JO)


def test_a_person_is_a_lead_or_a_contact_and_never_both(firm: Any) -> None:
    """Who came in as a potential case is a lead, under the contact's id; once a case of theirs is hired, a
    contact, under the same."""
    lead = firm.desk.add("lead", {"last_name": "Diaz", "phones": [JO_PHONE]})
    client = firm.desk.add("contact", {"last_name": "Roe", "phones": ["+14155550188"]})
    firm.desk.add("matter", {"contact": client, "name": "Roe", "open": True, "opened_at": "2026-01-01"})
    types = {record.id: record.type for page in [firm.crm.changed_since("")] for record in page.records}
    assert types == {lead: "lead", client: "contact"}
    assert firm.crm.read([lead])[lead].type == "lead"
    assert [record.type for record in finding(firm, JO_PHONE).records] == ["lead"]
    firm.desk.add("matter", {"contact": lead, "name": "Diaz", "open": True, "opened_at": "2026-01-01"})
    assert firm.crm.read([lead])[lead].type == "contact"


def test_a_list_that_becomes_shorter_while_it_is_read_hides_nobody(
    make_firm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody is deleted between two pages, and the next one begins with whom nobody has seen: it is read
    anew."""
    firm = make_firm(page_size=2)
    ids = [firm.desk.add("contact", {"last_name": f"Diaz {number}"}) for number in range(4)]
    jo = firm.desk.add("contact", {"last_name": "Diaz", "phones": [JO_PHONE]})
    firm.desk.add("contact", {"last_name": "Last"})
    page, gone = firm.crm._api.page, []

    def meanwhile(resource: str, asked: Any, number: int = 1) -> Any:
        found = page(resource, asked, number)
        if number == 2 and not gone:
            gone.append(ids[0])
            firm.desk.delete("contact", ids[0])
        return found

    monkeypatch.setattr(firm.crm._api, "page", meanwhile)
    asked = [handle(f"+1415555{number}") for number in range(2000, 2100)]
    found = firm.crm.find([*asked, handle(JO_PHONE)])
    assert [record.id for record in found[JO_PHONE].records] == [jo]
    assert gone


def test_a_list_of_several_pages_is_not_counted(firm: Any) -> None:
    """Leads are among Lawmatics' own count, so how many contacts there are is told of one page only."""
    firm.desk.add("lead", {"last_name": "Roe"})
    ids = [firm.desk.add("contact", {"last_name": f"Diaz {number}"}) for number in range(24)]
    assert firm.crm.size() == len(ids)
    firm.desk.add("contact", {"last_name": "One more"})
    assert firm.crm.size() == -1
