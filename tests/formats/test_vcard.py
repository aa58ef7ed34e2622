"""vCards to records and back. All data is invented."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstcontact.formats.vcard import read_vcards, write_vcards
from firstcontact.identity.records import MailingAddress, Record


def card(*lines: str, version: str = "3.0") -> bytes:
    return "\r\n".join(("BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", "")).encode()


def only(raw: bytes, region: str = "US") -> Record:
    (record,), _ = read_vcards(raw, region)
    return record


def test_a_card_gives_names_company_title_and_handles() -> None:
    """Version 3.0 with groups, types and a folded line: everything in its field, the preferred first."""
    record = only(
        card(
            "N:Doe;Jane;Q.;Dr.;",
            "FN:Dr. Jane Q. Doe",
            "ORG:Northwind\\, Inc.;Sales",
            "TITLE:Head of\r\n  Sales",
            "EMAIL;TYPE=INTERNET:jane@northwind.example",
            "item1.EMAIL;TYPE=INTERNET,PREF:Jane.Doe@Northwind.example",
            "TEL;TYPE=FAX:+1 415 555 0125",
            "TEL;TYPE=CELL:(415) 555-0123 x12",
            "UID:card-1",
            "PHOTO;ENCODING=b:" + "A" * 5000,
        )
    )
    assert (record.id, record.type, record.name) == ("card-1", "contact", "Dr. Jane Q. Doe")
    assert (record.first_name, record.last_name) == ("Jane", "Doe")
    assert (record.company, record.title) == ("Northwind, Inc.", "Head of Sales")
    assert record.emails == ("Jane.Doe@Northwind.example", "jane@northwind.example")
    assert record.phones == ("(415) 555-0123 x12", "+1 415 555 0125")
    assert [(handle.value, handle.extension) for handle in record.handles] == [
        ("jane.doe@northwind.example", ""),
        ("jane@northwind.example", ""),
        ("+14155550123", "12"),
        ("+14155550125", ""),
    ]


def test_version_4_uris_and_preferences() -> None:
    """tel: URIs give number and extension; PREF=1 comes first; an organisation's card keeps its name."""
    record = only(
        card(
            "KIND:org",
            "FN:Northwind",
            "TEL;VALUE=uri;PREF=50:tel:+1-415-555-0123;ext=7",
            "TEL;VALUE=uri;PREF=1:tel:+1-415-555-0124",
            "EMAIL:mailto:desk@northwind.example",
            version="4.0",
        )
    )
    assert record.phones == ("+1-415-555-0124", "+1-415-555-0123 ext. 7")
    assert record.handles[2].extension == "7"
    assert record.emails == ("desk@northwind.example",)


def test_version_2_quoted_printable() -> None:
    """Quoted-printable names over soft line breaks, and types without TYPE=, are read."""
    record = only(
        card(
            "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BC=\r\nller;J=C3=B6rg",
            "NOTE;ENCODING=QUOTED-PRINTABLE:BEGIN=\r\nTEL:+14155550199",
            "TEL;CELL;PREF:+14155550123",
            version="2.1",
        )
    )
    assert (record.first_name, record.last_name, record.name) == ("Jörg", "Müller", "Jörg Müller")
    assert record.phones == ("+14155550123",)


@pytest.mark.parametrize("line", ["ADR:;;1 High St;Hull;;HU1;gb", "item1.X-ABADR:gb"])
def test_numbers_are_read_in_the_cards_own_country(line: str) -> None:
    """A national number belongs to the country that the card names, not to the reader's region."""
    record = only(card("FN:Joe", line, "TEL:020 7946 0123"), "US")
    assert (record.country, record.handles[0].value) == ("GB", "+442079460123")


def test_what_is_unreadable_is_listed_and_the_record_kept() -> None:
    """A number that is none is reported with its card, never guessed; the card stays."""
    (record,), (rejection,) = read_vcards(card("FN:Joe", "TEL:ask Joe", "EMAIL:joe@northwind.example"), "US")
    assert len(record.handles) == 1
    assert (rejection.reason, rejection.place) == ("unreadable_field", "card 1 at line 1")
    assert "ask Joe" in rejection.detail


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not_a_vcard"),
        (b"\xff\x00nothing", "not_a_vcard"),
        (card("FN:Team", "KIND:group", version="4.0"), "group_card"),
        (card("N:Team", "X-ADDRESSBOOKSERVER-KIND:group"), "group_card"),
        (card("NOTE:nobody"), "empty_card"),
        (card("FN:Cut")[:-12], "truncated"),
        (card("TITLE;ENCODING=b:x", "FN;ENCODING=b:y"), "unreadable_card"),
    ],
)
def test_what_is_no_contact_says_why(raw: bytes, reason: str) -> None:
    """Each card that gives no record has a reason, and never harms its neighbours."""
    records, rejections = read_vcards(raw, "US")
    assert (records, rejections[0].reason) == ((), reason)
    neighbours, _ = read_vcards(card("FN:Before") + raw.replace(b"\0", b""), "US")
    assert [record.name for record in neighbours] == ["Before"]


@pytest.mark.parametrize(
    "line",
    ["TITLE;ENCODING=b:x", "TITLE;ENCODING=QUOTED-PRINTABLE;CHARSET=no-such:=C3", "TITLE;ENCODING=b:YQ="],
)
def test_a_broken_line_costs_only_itself(line: str) -> None:
    """A property in an encoding that is none is named; the rest of the card is read."""
    (record,), (rejection,) = read_vcards(card("FN:Joe", line, "TEL:+14155550123"), "US")
    assert (record.name, len(record.handles)) == ("Joe", 1)
    assert (rejection.reason, "TITLE" in rejection.detail) == ("unreadable_line", True)


def test_a_card_without_uid_has_a_stable_id() -> None:
    """The same card twice has one id; another card has another."""
    assert only(card("FN:A")).id == only(card("FN:A")).id != only(card("FN:B")).id


def test_a_value_cannot_forge_a_line() -> None:
    """Line breaks and separators inside a value stay inside it."""
    name = "Jane\r\nEND:VCARD\r\nBEGIN:VCARD\rFN:Evil;x,y\\"
    (record,), _ = read_vcards(write_vcards([Record(type="contact", id="1", name=name)]).encode(), "US")
    assert record.name == "Jane\nEND:VCARD\nBEGIN:VCARD FN:Evil;x,y\\"


def test_a_persons_address_mobile_and_department_are_read() -> None:
    """The first address with a street or a town, numbers of the type `cell` as 2.1, 3.0 and 4.0 have it, and
    the unit behind the company."""
    record = only(
        card(
            "N:Diaz;Jo;;;",
            "ORG:Acme;Legal;Room 5",
            "ADR:;;;;;;DE",
            "ADR;TYPE=WORK:Box 7;;1 Pier Street;Springfield;CA;94105;us",
            "TEL;CELL:+14155550123",
            'TEL;TYPE="voice,cell":+14155550124',
            "TEL;TYPE=HOME:+14155550125",
        )
    )
    assert (record.company, record.department) == ("Acme", "Legal")
    assert record.mobiles == ("+14155550123", "+14155550124")
    assert record.mailing == MailingAddress(
        street="1 Pier Street", city="Springfield", state="CA", postal_code="94105", country="US"
    )
    again, _ = read_vcards(write_vcards([record]).encode(), "US")
    assert (again[0].mobiles, again[0].mailing) == (record.mobiles, record.mailing)
    assert only(card("N:Diaz;Jo;;;", "ADR:;;;;;;DE")).mailing is None


_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=20).map(str.strip)


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        Record,
        type=st.sampled_from(["contact", "lead"]),
        id=_TEXT.filter(bool),
        name=_TEXT.filter(bool),
        first_name=_TEXT,
        last_name=_TEXT,
        emails=st.sampled_from(
            [(), ("jane@northwind.example",), ("b@northwind.example", "a@northwind.example")]
        ),
        phones=st.sampled_from([(), ("+1 415 555 0123", "+1 (415) 555-0124 x9")]),
        handles=st.just(()),
        title=_TEXT,
        department=_TEXT,
        seniority=_TEXT,
        persona=_TEXT,
        mailing=st.none() | st.builds(MailingAddress, street=_TEXT.filter(bool), city=_TEXT, state=_TEXT),
        country=st.sampled_from(["", "US", "GB"]),
        account=_TEXT,
        company=_TEXT,
        owner=_TEXT,
        created_at=st.integers(-(10**15), 10**16),
        last_activity_at=st.integers(0, 10**16),
        converted_to=_TEXT,
        active=st.booleans(),
        placeholder=st.booleans(),
        created_by_us=st.booleans(),
        edited_by_person=st.booleans(),
    )
)
def test_a_record_written_is_the_record_read(record: Record) -> None:
    """Nothing of a record is lost or changed on its way through a vCard; handles are made anew."""
    (read,), rejections = read_vcards(write_vcards([record]).encode(), "US")
    assert msgspec.structs.replace(read, handles=()) == record
    assert len(read.handles) == len(record.emails) + len(record.phones)
    assert not rejections
