"""Merging and deleting cards on a real Radicale, and the fields that an update sets or empties."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from carddav_desk import People, Place
from carddav_proxy import Proxy, Said, proxied

from firstcontact.connectors.carddav.cards import read_card, record_of
from firstcontact.connectors.carddav.client import Cut
from firstcontact.connectors.carddav.writing import new_card, updated
from firstcontact.connectors.contract import Gone, Rejected, TryAgain, Unclear
from firstcontact.identity.records import MailingAddress
from firstcontact.planning.write import ContactFields
from firstcontact.testing.conformance.making import JO, JO_PHONE, a_deletion, a_merge, new_contact, receipt
from firstcontact.testing.simulators.faults import Faulty, Trouble

NOW = 1_772_452_800_000_000
AT_HOME = "jo.diaz@home.example"


@contextmanager
def behind(place: Place, **hooks: Any) -> Iterator[tuple[Any, Faulty]]:
    """A connector whose requests go through a proxy."""
    with proxied(Proxy(place.server, **hooks)) as (faults, url):
        yield place.crm(place.address.replace(place.server.url, url)), faults


def two(crm: Any, people: People) -> tuple[str, str]:
    """A card of ours, and a person's."""
    ours = receipt(crm, new_contact(crm, company="Acme", created_by_firstcontact=True)).id
    return ours, people.add("contact", {"first_name": "Jo", "last_name": "Diaz", "emails": [AT_HOME]})


# --- merging and deleting -----------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["refused_503", "failed_after", "closed", "html"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_merge_that_broke_off_is_ended_by_the_next(
    place: Place, people: People, method: str, trouble: Trouble
) -> None:
    """Wherever it broke off, the same write again ends it, and the survivor has everything once."""
    with behind(place) as (crm, faults):
        loser, survivor = two(crm, people)
        faults.next(trouble, lambda asked, _path: asked == method)
        merge = a_merge(crm, loser, survivor)
        (outcome,) = crm.apply([merge])
        assert isinstance(outcome, Unclear | TryAgain)
        assert faults.met == 1
        assert receipt(crm, merge).id == survivor
        record = crm.read([loser, survivor])[survivor]
        assert crm.read([loser])[loser] == Gone(loser)
    assert (record.emails, record.phones, record.company) == ((AT_HOME, JO), (JO_PHONE,), "Acme")


@pytest.mark.parametrize("merging", [True, False])
def test_what_is_not_ours_alone_stays(place: Place, people: People, merging: bool) -> None:
    """A person's card, their copy of ours, one that they edited, and one that a list of cards names."""
    crm = place.crm()
    ours, theirs = two(crm, people)
    copy = people.get(ours)[0].replace(read_card(people.get(ours)[0]).uid, "COPY")
    people.put("copy.vcf", copy)
    edited = receipt(
        crm, new_contact(crm, "kim", emails=("kim@acme.example",), created_by_firstcontact=True)
    ).id
    people.change(edited, ["NOTE:Met at the fair"])
    member = f"X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:{read_card(people.get(ours)[0]).uid}"
    lines = ["BEGIN:VCARD", "VERSION:3.0", "UID:G", "FN:Friends", "N:Friends;;;;", member]
    people.put("g.vcf", "\r\n".join([*lines, "X-ADDRESSBOOKSERVER-KIND:group", "END:VCARD", ""]))
    before = people.names()
    for id, survivor in (
        (theirs, ours),
        ("copy.vcf", theirs),
        (edited, theirs),
        (ours, theirs),
        (ours, ours),
    ):
        (outcome,) = crm.apply([a_merge(crm, id, survivor) if merging else a_deletion(crm, id)])
        assert isinstance(outcome, Rejected), id
    assert people.names() == before
    people.delete("contact", "g.vcf")
    (outcome,) = crm.apply([a_merge(crm, ours, ours, "itself")])
    assert isinstance(outcome, Rejected)
    receipt(crm, a_merge(crm, ours, theirs, "again") if merging else a_deletion(crm, ours))


def test_a_cut_answer_lets_nothing_go(place: Place, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the server cuts the answer about lists of cards, one may name the card."""
    crm = place.crm()
    ours, _ = two(crm, people)

    def cut(*_: Any) -> Any:
        raise Cut

    monkeypatch.setattr(crm._dav, "query", cut)
    (outcome,) = crm.apply([a_deletion(crm, ours)])
    assert isinstance(outcome, Rejected)


def test_a_merge_into_nobody_deletes_nothing(place: Place, people: People) -> None:
    """Where the survivor is not there the loser stays."""
    crm = place.crm()
    ours, theirs = two(crm, people)
    people.delete("contact", theirs)
    (outcome,) = crm.apply([a_merge(crm, ours, theirs)])
    assert isinstance(outcome, Rejected)
    assert people.names() == [ours]


@pytest.mark.parametrize("merging", [True, False])
def test_an_edit_in_the_last_moment_keeps_the_card(place: Place, people: People, merging: bool) -> None:
    """A person saves the card right before it would go: 412, read again, and it stays."""
    ours, theirs = two(place.crm(), people)
    edits = iter(["TITLE:CFO"])

    def meddle(method: str, _path: str, _body: str) -> None:
        edit = next(edits, "") if method == "DELETE" else ""
        if edit:
            people.change(ours, [edit])

    with behind(place, before=meddle) as (crm, _):
        (outcome,) = crm.apply([a_merge(crm, ours, theirs) if merging else a_deletion(crm, ours)])
    assert isinstance(outcome, Rejected)
    assert "TITLE:CFO" in people.get(ours)[0]


def test_a_card_without_an_etag_is_not_deleted(place: Place, people: People) -> None:
    """Where the server names no ETag an edit could be lost."""
    ours, _ = two(place.crm(), people)

    def strip(_method: str, _path: str, _body: str, said: Said) -> Said:
        body = said.body.replace("getetag", "getnothing")
        return said._replace(body=body, headers={k: v for k, v in said.headers.items() if k != "ETag"})

    with behind(place, after=strip) as (crm, _):
        (outcome,) = crm.apply([a_deletion(crm, ours)])
    assert isinstance(outcome, Rejected)
    assert ours in people.names()


# --- fields -----------------------------------------------------------------------------------------------

MAILING = MailingAddress(street="1 Pier Street", city="Leeds", postal_code="LS1 1AA", country="GB")
PERSONS = "\r\n".join(
    [
        "BEGIN:VCARD",
        "VERSION:3.0",
        "UID:PERSON",
        "N:Diaz;Jo;;;",
        "FN:Jo Diaz",
        'item1.EMAIL;TYPE="INTERNET,pref":jo@acme.example',
        "item1.X-ABLABEL:Office",
        "EMAIL;TYPE=HOME:jo.diaz@home.example",
        "item2.TEL;TYPE=HOME:+1 415 555 0123",
        "item2.X-ABLABEL:Do not call",
        'ADR;TYPE=WORK;LABEL="Old":Box 7;Floor 2;2 Old Road;York;;;GB',
        "ORG:Acme;Legal;Room 5",
        "END:VCARD",
        "",
    ]
)


def change(text: str, *changed: str, **fields: Any) -> set[str]:
    """The lines that an update brings, and those that it takes away, with a minus."""
    record = record_of(text, "one.vcf", "US")
    assert record is not None
    after = updated(read_card(text), ContactFields(**fields), record, "US", NOW, changed).text
    before_lines, after_lines = text.split("\r\n"), after.split("\r\n")
    gone = {f"-{line}" for line in before_lines if line not in after_lines}
    return gone | {line for line in after_lines if line not in before_lines}


def test_another_address_is_preferred() -> None:
    """The mark of the main address moves; the other types of both lines stay."""
    assert change(PERSONS, main_email=AT_HOME) == {
        '-item1.EMAIL;TYPE="INTERNET,pref":jo@acme.example',
        'item1.EMAIL;TYPE="INTERNET":jo@acme.example',
        "-EMAIL;TYPE=HOME:jo.diaz@home.example",
        "EMAIL;TYPE=HOME;TYPE=PREF:jo.diaz@home.example",
    }
    assert change(PERSONS, main_email=JO) == set()
    new = change(PERSONS, main_email="jo@new.example")
    assert "EMAIL;TYPE=INTERNET;TYPE=PREF:jo@new.example" in new


def test_a_number_is_taken_off_with_its_label() -> None:
    """What a program notes of a line in its group goes with it; other groups stay."""
    assert change(PERSONS, without_phones=("+14155550123",)) == {
        "-item2.TEL;TYPE=HOME:+1 415 555 0123",
        "-item2.X-ABLABEL:Do not call",
    }


def test_a_number_becomes_a_mobile() -> None:
    """The line that has it gets the type; it is not there twice."""
    assert change(PERSONS, mobiles=("+14155550123",)) == {
        "-item2.TEL;TYPE=HOME:+1 415 555 0123",
        "item2.TEL;TYPE=HOME;TYPE=CELL:+1 415 555 0123",
    }


def test_an_address_is_replaced_as_a_whole() -> None:
    """Nothing of the old one is left, its printed label neither; named as changed, it goes."""
    there = '-ADR;TYPE=WORK;LABEL="Old":Box 7;Floor 2;2 Old Road;York;;;GB'
    assert change(PERSONS, mailing=MAILING) == {there, "ADR;TYPE=WORK:;;1 Pier Street;Leeds;;LS1 1AA;GB"}
    assert change(PERSONS, "mailing") == {there}


def test_a_department_stands_behind_the_company() -> None:
    """Each part is set and emptied alone, and the units below stay."""
    there = "-ORG:Acme;Legal;Room 5"
    assert change(PERSONS, department="Sales") == {there, "ORG:Acme;Sales;Room 5"}
    assert change(PERSONS, "company") == {there, "ORG:;Legal;Room 5"}
    bare = PERSONS.replace("ORG:Acme;Legal;Room 5\r\n", "")
    assert change(bare, department="Sales") == {"ORG:;Sales"}
    assert change(bare.replace("END:", "ORG:Acme\r\nEND:"), "company") == {"-ORG:Acme"}
    assert change(PERSONS, department="Legal") == set()


def test_our_own_changes_are_no_edit() -> None:
    """Address, department, mobile and main address of a card of ours are ours, however often they change."""
    fields = ContactFields(last_name="Diaz", emails=(JO, AT_HOME), department="Sales", mailing=MAILING)
    card = new_card(fields, "k" * 32, "4.0", "US", NOW)
    for changed, given in (
        ((), {"main_email": AT_HOME}),
        ((), {"mobiles": (JO_PHONE,)}),
        (("mailing", "department"), {}),
        ((), {"without_emails": (JO,)}),
    ):
        record = record_of(card.text, "one.vcf", "US")
        assert record is not None
        card = updated(card, ContactFields(**given), record, "US", NOW, changed)
        assert not card.edited, given
    record = record_of(card.text, "one.vcf", "US")
    assert record is not None
    assert (record.emails, record.mobiles, record.mailing) == ((AT_HOME,), (JO_PHONE,), None)
