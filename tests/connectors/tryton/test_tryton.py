"""What is Tryton's own: one name, the firm's own party, sale opportunities, attachments, the feed's
cursor."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tryton_desk import FIRM, PAGE, People, connected, credentials, empty

from firstcontact.connectors import kinds
from firstcontact.connectors.contract import Changes
from firstcontact.connectors.tryton import feed
from firstcontact.connectors.tryton.connector import Tryton
from firstcontact.connectors.tryton.mapping import split_name
from firstcontact.identity.records import Record
from firstcontact.planning.write import Existing
from firstcontact.testing.conformance.making import (
    JO,
    JO_PHONE,
    an_activity,
    changed_activity,
    handle,
    new_contact,
    receipt,
    update,
)
from firstcontact.testing.simulators.base import Kept
from firstcontact.testing.tryton import Server


@pytest.fixture
def crm(tryton: Server, kept: Kept) -> Tryton:
    """A connection to an empty CRM."""
    return empty(tryton, kept)


def read(crm: Tryton, id: str) -> Record:
    """A contact that must be there."""
    record = crm.read([id])[id]
    assert isinstance(record, Record)
    return record


def pages(crm: Tryton, cursor: str = "") -> list[Changes]:
    """All pages behind a cursor."""
    found = [crm.changed_since(cursor)]
    while found[-1].more:
        found.append(crm.changed_since(found[-1].cursor))
    return found


def told(changes: list[Changes]) -> list[str]:
    """Ids of the records in pages."""
    return [record.id for page in changes for record in page.records]


def test_the_kind_is_found_by_its_name() -> None:
    """The kind opens, and asks for what a login needs."""
    kind = kinds.kind("tryton")
    assert [asked.name for asked in kind.logins[0].asks] == ["user", "password"]
    assert {name for name, option in kind.options.items() if option.required} == {"address", "database"}
    assert kinds.capabilities("tryton") == kind.capabilities


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Jo Diaz", "Jo", "Diaz"),
        ("Mary Ann Diaz", "Mary Ann", "Diaz"),
        ("Jan van der Berg", "Jan", "van der Berg"),
        ("jo diaz", "jo", "diaz"),
        ("Diaz", "", "Diaz"),
        ("", "", ""),
    ],
)
def test_one_name_is_two(name: str, first: str, last: str) -> None:
    """Tryton's one name is read as a first and a last name, particles with the last."""
    assert split_name(name) == (first, last)


def test_our_own_firm_is_no_contact(crm: Tryton, person: People) -> None:
    """The party of the firm itself is never found, told or counted, whatever numbers it has."""
    number = {"type": "phone", "value": JO_PHONE}
    person.call("party.party.write", [FIRM], {"contact_mechanisms": [["create", [number]]]})
    assert crm.find([handle(JO_PHONE)])[JO_PHONE].status == "absent"
    assert (crm.size(), told(pages(crm))) == (0, [])


def test_a_deactivated_party_is_no_active_contact(crm: Tryton, person: People) -> None:
    """What a person deactivated is a candidate only where no active one is, and says so."""
    id = person.add("contact", {"last_name": "Diaz", "emails": [JO]})
    person.call("party.party.write", [int(id)], {"active": False})
    (record,) = crm.find([handle(JO)])[JO].records
    assert (record.id, record.active) == (id, False)
    assert crm.size() == 0


def test_a_deactivated_number_is_borne_by_nobody(crm: Tryton, person: People) -> None:
    """A contact mechanism that a person deactivated names nobody any more."""
    id = person.add("contact", {"last_name": "Diaz", "emails": [JO, "jo@home.example"]})
    (first, *_) = person.rows("party.contact_mechanism", ["value"], ["party", "=", int(id)])
    person.call("party.contact_mechanism.write", [first["id"]], {"active": False})
    assert crm.find([handle(JO)])[JO].status == "absent"
    assert crm.find([handle("jo@home.example")])["jo@home.example"].status == "found"


def test_numbers_get_the_type_that_fits(crm: Tryton, person: People) -> None:
    """A number is written as Tryton takes it; what it would refuse stands under `other`, and is still
    read."""
    write = new_contact(crm, phones=("(415) 555-0123", "+447400123456", "31337", "+15555550123"))
    id = receipt(crm, write).id
    numbers = [["party", "=", int(id)], ["type", "!=", "email"]]
    rows = person.rows("party.contact_mechanism", ["type", "value"], *numbers)
    assert [(row["type"], row["value"]) for row in rows] == [
        ("phone", "+1 415-555-0123"),
        ("mobile", "+44 7400 123456"),
        ("other", "31337"),
        ("other", "+15555550123"),
    ]


def test_regional_variants_are_found(crm: Tryton, person: People) -> None:
    """A Brazilian mobile number without its ninth digit is found by the number with it."""
    id = person.add("contact", {"last_name": "Diaz", "phones": ["+55 11 6123-4567"]})
    key = handle("+55 11 96123-4567").key
    assert [record.id for record in crm.find([handle(key)])[key].records] == [id]


# --- sale opportunities and attachments -----------------------------------------------------------------


def test_an_activity_stands_on_its_opportunity(crm: Tryton, person: People) -> None:
    """With a matter the attachment is the sale opportunity's, and still names the contact."""
    contact = person.add("contact", {"last_name": "Diaz"})
    fields = {"contact": contact, "name": "New", "opened_at": "2026-01-01", "open": True}
    matter = person.add("matter", fields)
    call = an_activity(crm, people=(Existing("contact", contact),), matter=matter)
    id = receipt(crm, call).id
    (held,) = person.dump()["activities"]
    assert (held["resource"], held["contacts"]) == (f"sale.opportunity,{matter}", [contact])
    assert crm.written([call.key])[call.key].id == id


def test_without_the_right_there_are_no_matters(tryton: Server, kept: Kept, person: People) -> None:
    """A user who may not see sale opportunities has none, and `doctor` says so; everything else goes on."""
    empty(tryton, kept)
    contact = person.add("contact", {"last_name": "Diaz"})
    fields = {"contact": contact, "name": "New", "opened_at": "2026-01-01", "open": True}
    person.add("matter", fields)
    person.call("res.user.create", [{"name": "Plain", "login": "plain", "password": "a-plain-login"}])
    kept = Kept({"login": "password", "user": "plain", "password": "a-plain-login"})
    plain = connected(tryton, kept)
    assert plain.matters([contact]) == ()
    call = an_activity(plain, people=(Existing("contact", contact),))
    assert plain.written([call.key]) == {}
    receipt(plain, call)
    assert list(plain.written([call.key])) == [call.key]
    states = {diagnosis.about: diagnosis.state for diagnosis in plain.examine()}
    assert states["permission to log on sale opportunities"] == "warning"
    assert states["permission to create and change parties"] == "ok"


def test_doctor_finds_nothing_wrong(crm: Tryton, tryton: Server) -> None:
    """With the rights that README.md asks for everything is well; a clock that is off is said."""
    assert {diagnosis.state for diagnosis in crm.examine()} == {"ok"}
    late = connected(tryton, credentials(), now=lambda: 0)
    assert [one.about for one in late.examine() if one.state != "ok"] == ["clock"]


def test_what_a_person_changed_on_an_activity_stays(crm: Tryton, person: People) -> None:
    """A person's subject and text are kept by our updates, which still reach the other fields."""
    contact = receipt(crm, new_contact(crm)).id
    people = (Existing("contact", contact),)
    id = receipt(crm, an_activity(crm, people=people, body="As written.", recording="https://a.example/1")).id
    (row,) = person.rows("ir.attachment", ["name", "description"], ["id", "=", int(id)])
    theirs = {"name": "Our Jo", "description": "Mine. " + row["description"]}
    person.call("ir.attachment.write", [int(id)], theirs)
    for number in range(2):
        changes = {"subject": "Ours", "body": f"New {number}", "recording": f"https://b.example/{number}"}
        receipt(crm, changed_activity(crm, id, f"again {number}", **changes))
    (held,) = person.dump()["activities"]
    assert (held["subject"], held["body"]) == ("Our Jo", "Mine. As written.")
    assert held["recording"] == "https://b.example/1"
    assert held["interactions"] == ["call", "again 0", "again 1"]


def test_an_activity_without_its_line_is_a_persons(crm: Tryton, person: People) -> None:
    """Where a person took our line away, the text is theirs; the line comes back below it."""
    contact = receipt(crm, new_contact(crm)).id
    id = receipt(crm, an_activity(crm, people=(Existing("contact", contact),), body="As written.")).id
    person.call("ir.attachment.write", [int(id)], {"description": "Only mine."})
    receipt(crm, changed_activity(crm, id, "again", body="New"))
    (held,) = person.dump()["activities"]
    assert (held["body"], held["interactions"]) == ("Only mine.", ["again"])


@pytest.mark.parametrize("body", ["", "One.", "Two\n\nparagraphs\r\n", 'FirstContact: {"key":"x"}'])
def test_body_and_transcript_are_told_apart(crm: Tryton, person: People, body: str) -> None:
    """A transcript that comes later goes below the body and can be replaced alone."""
    contact = receipt(crm, new_contact(crm)).id
    id = receipt(crm, an_activity(crm, people=(Existing("contact", contact),), body=body)).id
    for said in ("Hello.", "Hello again."):
        receipt(crm, changed_activity(crm, id, said, transcript=said))
    (held,) = person.dump()["activities"]
    shown = body.replace("\r\n", "\n").strip()
    assert held["body"] == f"{shown}\n\nHello again.".strip()


# --- following ------------------------------------------------------------------------------------------


def stamped(tryton: Server, year: int, last: int = 0) -> None:
    """All parties and contact mechanisms were changed in that year; only the last one where it is named."""
    with tryton.opened() as database:
        for table, name in (("party_party", "id"), ("party_contact_mechanism", "party")):
            at = f"{year}-01-01 00:00:00.000000"
            query = f"UPDATE {table} SET create_date = ?, write_date = ? WHERE ? IN (0, {name})"
            database.execute(query, (at, at, last))
        database.commit()


def test_a_number_changed_by_itself_is_told(crm: Tryton, person: People, tryton: Server) -> None:
    """A contact mechanism that a person changes in its own list brings its party into the feed."""
    id = person.add("contact", {"last_name": "Diaz", "emails": [JO]})
    stamped(tryton, 2020)
    person.add("contact", {"last_name": "Roe"})
    cursor = pages(crm)[-1].cursor
    (mechanism,) = person.rows("party.contact_mechanism", ["value"], ["party", "=", int(id)])
    person.call("party.contact_mechanism.write", [mechanism["id"]], {"value": "jo@new.example"})
    found = pages(crm, cursor)
    assert told(found) == [id]
    assert found[0].records[0].emails == ("jo@new.example",)


def test_a_merged_party_is_gone_from_the_feed(crm: Tryton, person: People) -> None:
    """The one that was replaced is gone, and the survivor comes with what it got."""
    loser = person.add("contact", {"last_name": "Diaz", "emails": [JO]})
    survivor = person.add("contact", {"last_name": "Diaz"})
    cursor = pages(crm)[-1].cursor
    person.merge(loser, survivor)
    found = pages(crm, cursor)
    assert [id for page in found for id in page.gone] == [loser]
    assert told(pages(crm)) == [survivor]


def test_one_comes_as_another_goes(crm: Tryton, person: People) -> None:
    """A deletion is told even where as many parties came as went."""
    gone = person.add("contact", {"last_name": "Diaz"})
    cursor = pages(crm)[-1].cursor
    person.delete("contact", gone)
    new = person.add("contact", {"last_name": "Roe"})
    first = pages(crm, cursor)
    second = pages(crm, first[-1].cursor)
    assert told(first) + told(second) == [new]
    assert [id for page in first + second for id in page.gone] == ([] if new == gone else [gone])


def test_a_transaction_that_took_hours_is_told(crm: Tryton, person: People, tryton: Server) -> None:
    """A party whose stamp is older than any look goes back is told because it is counted."""
    person.add("contact", {"last_name": "Diaz"})
    cursor = pages(crm)[-1].cursor
    late = person.add("contact", {"last_name": "Roe", "emails": [JO]})
    stamped(tryton, 2020)
    found = pages(crm, cursor)
    assert told(found) == [late]
    assert told(pages(crm, found[-1].cursor)) == []


def test_a_reading_can_be_left_and_resumed(tryton: Server, kept: Kept, person: People) -> None:
    """In small pages, by another connection in the middle, with edits behind and before it: all are told as
    they are in the end, and the number of all is known from the first page."""
    empty(tryton, kept)
    ids = [person.add("contact", {"last_name": f"P{number}"}) for number in range(7)]
    crm = connected(tryton, kept, page=3)
    first = crm.changed_since("")
    assert (first.total, told([first])) == (7, ids[:3])
    person.edit("contact", ids[0], {"first_name": "Edited"})
    person.edit("contact", ids[6], {"first_name": "Edited"})
    other = connected(tryton, credentials(), page=3)
    rest = pages(other, first.cursor)
    assert told(rest) == ids[3:]
    behind = pages(other, rest[-1].cursor)
    assert told(behind) == [ids[0]]
    assert pages(other, behind[-1].cursor)[-1].cursor == behind[-1].cursor


def test_a_number_changed_by_itself_marks_its_party(crm: Tryton, person: People) -> None:
    """A person who changes a number of ours in the list of contact mechanisms has changed the contact."""
    id = receipt(crm, new_contact(crm, emails=())).id
    (mechanism,) = person.rows("party.contact_mechanism", ["value"], ["party", "=", int(id)])
    person.call("party.contact_mechanism.write", [mechanism["id"]], {"value": "+14155550188"})
    receipt(crm, update(crm, id, emails=(JO,)))
    assert read(crm, id).edited_by_person


def test_the_mark_of_a_person_outlives_our_writes(crm: Tryton, person: People) -> None:
    """A contact of ours that a person renamed is theirs to change, after our next write too."""
    id = receipt(crm, new_contact(crm)).id
    assert not read(crm, id).edited_by_person
    person.edit("contact", id, {"first_name": "Joanna"})
    assert read(crm, id).edited_by_person
    receipt(crm, update(crm, id, first_name="Jo"))
    record = read(crm, id)
    assert (record.name, record.edited_by_person) == ("Jo Diaz", True)


def test_an_edit_during_a_reading_is_told(tryton: Server, kept: Kept, person: People) -> None:
    """What is changed behind a reading of everything is told by the next look, whenever the rest was."""
    empty(tryton, kept)
    ids = [person.add("contact", {"last_name": f"P{number}"}) for number in range(7)]
    stamped(tryton, 2020)
    crm = connected(tryton, kept, page=3)
    first = crm.changed_since("")
    person.edit("contact", ids[0], {"last_name": "Edited"})
    stamped(tryton, 2099, int(ids[6]))
    rest = pages(crm, first.cursor)
    assert told(rest) == ids[3:]
    assert told(pages(crm, rest[-1].cursor)) == [ids[0]]


def test_a_clock_that_slipped_hides_nothing(crm: Tryton, person: People, tryton: Server) -> None:
    """A stamp of years ahead is told once, and what is changed after it too."""
    ids = [person.add("contact", {"last_name": f"P{number}"}) for number in range(2)]
    cursor = pages(crm)[-1].cursor
    stamped(tryton, 2099, int(ids[0]))
    slipped = pages(crm, cursor)
    assert told(slipped) == [ids[0]]
    person.edit("contact", ids[1], {"last_name": "Edited"})
    assert told(pages(crm, slipped[-1].cursor)) == [ids[1]]


def test_an_import_is_told_once(
    tryton: Server, kept: Kept, person: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More changes in a moment than are remembered are told once, and what comes after them too."""
    monkeypatch.setattr(feed, "REMEMBERED", 5)
    crm = empty(tryton, kept)
    first = person.add("contact", {"last_name": "First"})
    cursor = pages(crm)[-1].cursor
    names = [{"name": f"P{number}"} for number in range(PAGE + 5)]
    ids = [str(id) for id in person.call("party.party.create", names)]
    found = pages(crm, cursor)
    assert (len(found), told(found)) == (2, ids)
    quiet = crm.changed_since(found[-1].cursor)
    assert (quiet.records, quiet.cursor) == ((), found[-1].cursor)
    person.edit("contact", first, {"last_name": "Later"})
    behind = pages(crm, quiet.cursor)
    assert told(behind) == [first]
    assert told(pages(crm, behind[-1].cursor)) == []


@given(st.lists(st.sets(st.integers(1, 60))))
def test_ranges_hold_what_was_put_in(batches: list[set[int]]) -> None:
    """Ids as ranges are those ids, in order, in as few ranges as they need."""
    ranges: tuple[tuple[int, int], ...] = ()
    for batch in batches:
        ranges = feed.with_ids(ranges, batch)
    ids = sorted(set().union(*batches))
    assert list(feed.each(ranges)) == ids
    assert feed.count(ranges) == len(ids)
    assert all(left[1] + 1 < right[0] for left, right in pairwise(ranges))


def test_a_cursor_is_read_back() -> None:
    """A cursor as text says the same."""
    cursor = feed.Cursor(since=5, known=((1, 3),), seen={"2": 4})
    assert feed.read_cursor(feed.written_cursor(cursor)) == cursor
    assert feed.read_cursor("") == feed.Cursor()
    assert feed.read_cursor("of another program") == feed.Cursor()
