"""Cards as records and back: nothing that a person put in is lost, whatever the version."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstcontact.connectors.carddav import cards
from firstcontact.connectors.carddav.cards import digest, read_card, record_of
from firstcontact.connectors.carddav.search import endings
from firstcontact.connectors.carddav.writing import new_card, updated
from firstcontact.interactions.handles import read_phone
from firstcontact.planning.write import ContactFields

NOW = 1_772_452_800_000_000
KEY = "0123456789abcdef0123456789abcdef"
PERSONS = "\r\n".join(
    [
        "BEGIN:VCARD",
        "VERSION:3.0",
        "PRODID:-//Some Program//EN",
        "item2.X-ABLABEL:_$!<HomePage>!$_",
        "N:van Diaz;Jo;Maria;Dr.;MBA",
        "FN:Dr. Jo Maria van Diaz",
        "item1.EMAIL;TYPE=INTERNET;TYPE=pref:jo@acme.example",
        "item1.X-ABLABEL:Office\\, desk",
        "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJ",
        " CQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/",
        "TEL;TYPE=CELL,VOICE:(415) 555-0123",
        'X-ODD;X-P="a:b;c":x:y\\;z',
        "ORG:Acme\\, Inc.;Legal;Room 5",
        "NOTE:Met at the fair\\nDo not call before 9;",
        "  she said",
        "REV:20260101T000000Z",
        "UID:5A2C-PERSON",
        "END:VCARD",
        "",
    ]
)


def change(text: str, **fields: object) -> tuple[str, list[str], list[str]]:
    """The card after a write, the lines that went and those that came."""
    card = read_card(text)
    record = record_of(text, "one.vcf", "US")
    assert record is not None
    after = updated(card, ContactFields(**fields), record, "US", NOW).text  # type: ignore[arg-type]
    before_lines, after_lines = text.split("\r\n"), after.split("\r\n")
    gone = [line for line in before_lines if line not in after_lines]
    return after, gone, [line for line in after_lines if line not in before_lines]


def test_a_card_is_kept_letter_for_letter() -> None:
    """A card that is read and sent again is the same, folded lines and their places included."""
    assert read_card(PERSONS).text == PERSONS


def test_only_the_lines_concerned_change() -> None:
    """An address, a number and a title come; every other line stays as it was, and in its place."""
    after, gone, come = change(PERSONS, emails=("jo@home.example",), phones=("+14155550199",), title="CFO")
    assert gone == ["REV:20260101T000000Z"]
    assert come == [
        "EMAIL;TYPE=INTERNET:jo@home.example",
        "TEL;TYPE=VOICE:+14155550199",
        "REV:20260302T120000Z",
        "TITLE:CFO",
    ]
    kept = [line for line in after.split("\r\n") if line not in come]
    assert kept == [line for line in PERSONS.split("\r\n") if line not in gone]


def test_what_is_there_is_no_change() -> None:
    """The same number in another writing, an address in upper case and the same names are nothing new."""
    card = read_card(PERSONS)
    record = record_of(PERSONS, "one.vcf", "US")
    assert record is not None
    same = ContactFields(
        first_name="Jo",
        last_name="van Diaz",
        emails=("JO@acme.example",),
        phones=("+1 415 555 0123",),
        company="Acme, Inc.",
    )
    assert updated(card, same, record, "US", NOW) is card


def test_a_new_name_keeps_middle_names_and_titles() -> None:
    """First and last name are set; middle name, prefix and suffix stay in N."""
    _, gone, come = change(PERSONS, last_name="Roe")
    assert "N:van Diaz;Jo;Maria;Dr.;MBA" in gone
    assert "N:Roe;Jo;Maria;Dr.;MBA" in come
    assert "FN:Jo Roe" in come


def test_a_company_keeps_its_units() -> None:
    """Another company takes the first part of ORG; departments below it stay."""
    _, gone, come = change(PERSONS, company="Bolt; Sons")
    assert "ORG:Acme\\, Inc.;Legal;Room 5" in gone
    assert "ORG:Bolt\\; Sons;Legal;Room 5" in come


def test_a_group_before_a_line_stays() -> None:
    """A line that is set keeps its group and its parameters."""
    text = PERSONS.replace("ORG:", "item7.ORG;X-A=1:")
    _, _, come = change(text, company="Bolt")
    assert "item7.ORG;X-A=1:Bolt;Legal;Room 5" in come


def test_persons_cards_get_no_marks() -> None:
    """Completing a card that a person made leaves nothing of ours on it."""
    assert cards.MARK not in change(PERSONS, phones=("+14155550199",))[0]


ODD = [
    "Zoë 🦊", "O’Neil-Ĳ", "שרה לוי", "王小明", "a;b,c\\d:e\"f'g", "two\nlines", "x" * 500,
    "👩‍👩‍👧" * 40, "ends in \\",
    "=?utf-8?Q?no?=", "BEGIN:VCARD", "  spaces  inside", "ﷺ" * 60, "item1.EMAIL:x@y.example",
]  # fmt: skip


@pytest.mark.parametrize("version", ["3.0", "4.0"])
@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_texts_come_back(text: str, version: str) -> None:
    """Whatever stands in a name, title or company is read back as it was, in lines of at most 75 octets."""
    fields = ContactFields(
        first_name=text, last_name=text, title=text, company=text, emails=("jo@acme.example",)
    )
    card = new_card(fields, KEY, version, "US", NOW)
    record = record_of(card.text, "one.vcf", "US")
    assert record is not None
    want = text.strip()
    assert (record.first_name, record.last_name) == (want, want)
    assert (record.title, record.company) == (want, want)
    assert all(len(line.encode()) <= 75 for line in card.text.split("\r\n"))
    assert read_card(card.text).version == version


@settings(max_examples=150)
@given(
    first=st.text(max_size=40),
    last=st.text(max_size=200),
    title=st.text(max_size=40),
    version=st.sampled_from(["3.0", "4.0"]),
)
def test_any_text_makes_a_card_that_can_be_read(first: str, last: str, title: str, version: str) -> None:
    """Any text gives one card that says what was meant and that nobody has edited."""
    fields = ContactFields(first_name=first, last_name=last, title=title, emails=("jo@acme.example",))
    text = new_card(fields, KEY, version, "US", NOW).text
    record = record_of(text, "one.vcf", "US")
    assert record is not None
    assert text.count("BEGIN:VCARD\r\n") == 1
    assert record.first_name.split() == cards.clean(first).split()
    assert record.last_name.split() == cards.clean(last).split()
    assert record.emails == ("jo@acme.example",)
    assert not record.edited_by_person


# --- marks --------------------------------------------------------------------------------------------


def ours(**fields: object) -> str:
    given = {"first_name": "Jo", "last_name": "Diaz", "emails": ("jo@acme.example",), **fields}
    return new_card(ContactFields(created_by_firstcontact=True, **given), KEY, "3.0", "US", NOW).text  # type: ignore[arg-type]


def read(text: str) -> object:
    record = record_of(text, cards.name_of(KEY), "US")
    assert record is not None
    return record.created_by_us, record.edited_by_person


def test_a_servers_own_writing_is_no_edit() -> None:
    """Other folding, order, groups, parameters, PRODID and REV do not make a card look edited."""
    lines = read_card(ours(phones=("+14155550123",))).lines
    texts = [line.raw.replace("\r\n ", "") for line in lines[1:-1]]
    swapped = [
        text.replace("TEL;TYPE=VOICE:", "item1.TEL;type=pref:tel:").replace("N:Diaz;Jo;;;", "N:Diaz;Jo")
        for text in reversed(texts)
        if not text.startswith(("PRODID", "REV"))
    ]
    assert read("\r\n".join(["BEGIN:VCARD", *swapped, "PRODID:-//Server//EN", "END:VCARD", ""])) == (
        True,
        False,
    )


@pytest.mark.parametrize(
    "edit",
    [
        "NOTE:Call her",
        "BDAY:1990-01-01",
        "TEL:+14155550188",
        "TITLE:CFO",
        "PHOTO;VALUE=uri:https://x.example/p",
    ],
)
def test_a_persons_addition_shows(edit: str) -> None:
    """Anything that a person puts onto a card of ours makes it edited by a person."""
    assert read(ours().replace("END:VCARD", f"{edit}\r\nEND:VCARD")) == (True, True)


def test_an_edit_is_remembered_when_we_write_again() -> None:
    """Our next write does not take the person's edit for ours."""
    edited = ours().replace("END:VCARD", "NOTE:Call her\r\nEND:VCARD")
    after, _, _ = change(edited, title="CFO")
    assert read(after) == (True, True)
    assert digest(read_card(after)) == read_card(after).mark("DIGEST")


def test_our_own_write_is_no_edit() -> None:
    """A card of ours that we complete is still nobody else's."""
    assert read(change(ours(), phones=("+14155550123",), company="Acme")[0]) == (True, False)


def test_a_persons_copy_is_theirs() -> None:
    """A card that a person made by copying ours, marks and all, is not one that we made."""
    copy = ours().replace(cards.uid_of(KEY), "9F1B-COPY")
    assert read(copy)[0] is False  # type: ignore[index]


def test_a_placeholder_shows_its_name_and_has_none() -> None:
    """N bears the placeholder's name for programs that show N; the record has no last name."""
    text = new_card(ContactFields(name="Unknown Caller", placeholder=True), KEY, "3.0", "US", NOW).text
    assert "N:Unknown Caller;;;;" in text
    record = record_of(text, "one.vcf", "US")
    assert record is not None
    assert (record.name, record.first_name, record.last_name) == ("Unknown Caller", "", "")
    assert record.placeholder
    named = record_of(change(text, first_name="Jo")[0], "one.vcf", "US")
    assert named is not None
    assert (named.name, named.first_name, named.last_name, named.placeholder) == ("Jo", "Jo", "", False)


# --- what is no contact ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["KIND:group", "X-ADDRESSBOOKSERVER-KIND:group"])
def test_a_list_of_cards_is_no_contact(mark: str) -> None:
    """A group card is no record."""
    assert record_of(ours().replace("END:VCARD", f"{mark}\r\nEND:VCARD"), "g.vcf", "US") is None


@pytest.mark.parametrize(
    "text", ["", "no card", "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nEND:VCARD\r\n", "BEGIN:VCARD\r\nFN:x"]
)
def test_what_cannot_be_read_bears_nothing(text: str) -> None:
    """A card that says nothing or is broken is a record without handles, never an exception."""
    record = record_of(text, "one.vcf", "US")
    assert record is not None
    assert (record.id, record.handles) == ("one.vcf", ())


def test_marks_of_other_crms_mean_nothing_here() -> None:
    """Marks that an export of the built-in address book leaves on a card give it no account or owner."""
    marks = "X-FIRSTCONTACT-RECORD-TYPE:lead\r\nX-FIRSTCONTACT-ACCOUNT:a1\r\nX-FIRSTCONTACT-OWNER:ana\r\n"
    record = record_of(PERSONS.replace("END:VCARD", f"{marks}END:VCARD"), "one.vcf", "US")
    assert record is not None
    assert (record.type, record.account, record.owner) == ("contact", "", "")


def test_the_name_follows_from_the_key() -> None:
    """The same write key gives the same card for ever."""
    assert cards.name_of(KEY) == "ca12bf94-ef53-591a-a519-5c432fd5c290.vcf"


# --- with real data ----------------------------------------------------------------------------------------


def test_every_usual_writing_of_a_number_has_one_of_its_endings(shared: Path) -> None:
    """However a number of any country is formatted, the live look asks for a text that is in it."""
    formats = phonenumbers.PhoneNumberFormat
    missed = []
    rows = list(csv.DictReader((shared / "data" / "phones" / "example_numbers.csv").open()))
    for row in rows:
        handle = read_phone(f"+{row['country_code']}{row['national_example']}", "")
        if handle is None:
            continue
        number = phonenumbers.parse(handle.key)
        for style in (formats.E164, formats.NATIONAL, formats.INTERNATIONAL, formats.RFC3966):
            written = phonenumbers.format_number(number, style)
            if not any(ending in written for ending in endings(handle)):
                missed.append((row["region"], written))
    assert len(rows) > 1000
    assert missed == []


def test_real_people_come_back_from_their_cards(shared: Path) -> None:
    """Names, addresses and numbers of four thousand real people are the same on their cards, read again."""
    lines = (shared / "data" / "contacts_openstates" / "people.jsonl").read_text().splitlines()
    different = 0
    for number, line in enumerate(lines):
        person = json.loads(line)
        fields = ContactFields(
            first_name=person["given_name"] or "",
            last_name=person["family_name"] or "",
            name=person["name"],
            emails=(person["email"],) if person["email"] else (),
            phones=tuple(
                dict.fromkeys(office["voice"] for office in person["offices"] if office.get("voice"))
            ),
        )
        card = new_card(fields, KEY, ("3.0", "4.0")[number % 2], "US", NOW)
        record = record_of(card.text, "one.vcf", "US")
        assert record is not None
        different += (record.name, record.first_name, record.last_name, record.emails) != (
            fields.name.strip(), fields.first_name.strip(), fields.last_name.strip(), fields.emails
        )  # fmt: skip
        assert updated(card, fields, record, "US", NOW) is card
    assert different == 0
