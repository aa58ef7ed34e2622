"""Contact lists as CSV: what address books export, and our own, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstcontact.formats.contacts_csv import iter_contacts_csv, read_contacts_csv, write_contacts_csv
from firstcontact.identity.records import Record
from firstcontact.interactions.rejection import Rejection


def read(text: str, region: str = "US") -> tuple[tuple[Record, ...], tuple[Rejection, ...]]:
    return read_contacts_csv(io.StringIO(text, newline=""), region)


EXPORTS = {
    "google": (
        "First Name,Last Name,Organization Name,Organization Title,E-mail 1 - Label,E-mail 1 - Value,"
        "E-mail 2 - Value,Phone 1 - Label,Phone 1 - Value\n"
        "Jane,Doe,Northwind,Head of Sales,* Work,jane@northwind.example,j@northwind.example,"
        "Mobile,+1 415-555-0123 ::: +1 415-555-0124\n"
    ),
    "outlook": (
        "Title,First Name,Last Name,Company,Job Title,Business Fax,Business Phone,Mobile Phone,"
        "E-mail Address,E-mail Type,E-mail Display Name,E-mail 2 Address\r\n"
        "Dr.,Jane,Doe,Northwind,Head of Sales,,+1 415-555-0123,+1 415-555-0124,jane@northwind.example,"
        "SMTP,Jane (work),j@northwind.example\r\n"
    ),
    "crm, semicolons": (
        "\ufeffsep=;\nFIRST NAME;Last_Name;Account Name;Title;Email;Secondary Email;Email Opt Out;"
        "Phone;Mobile\n"
        "Jane;Doe;Northwind;Head of Sales;jane@northwind.example;j@northwind.example;false;"
        "+1 415-555-0123;+1 415-555-0124\n"
    ),
    "tabs": (
        "Given Name\tSurname\tOrganisation\tPosition\tWork Email\tHome E-Mail\tPhone (work)\tTelephone 2\n"
        "Jane\tDoe\tNorthwind\tHead of Sales\tjane@northwind.example\tj@northwind.example\t"
        "+1 415-555-0123\t+1 415-555-0124\n"
    ),
}


@pytest.mark.parametrize("export", EXPORTS)
def test_every_usual_export_gives_the_same_record(export: str) -> None:
    """Google, Outlook and CRM exports, with commas, semicolons or tabs, are read by their headers."""
    (record,), rejections = read(EXPORTS[export])
    assert not rejections
    assert (record.first_name, record.last_name, record.name) == ("Jane", "Doe", "Jane Doe")
    assert (record.company, record.title) == ("Northwind", "Head of Sales")
    assert record.emails == ("jane@northwind.example", "j@northwind.example")
    assert record.phones == ("+1 415-555-0123", "+1 415-555-0124")
    assert [handle.value for handle in record.handles[2:]] == ["+14155550123", "+14155550124"]


def test_a_fax_comes_last_and_a_country_reads_the_number() -> None:
    """The first number is one that a person answers; national numbers are in the row's country."""
    (record,), _ = read("Name,Fax,Phone,Country\nJoe,020 7946 0125,020 7946 0123,gb\n", "US")
    assert [handle.value for handle in record.handles] == ["+442079460123", "+442079460125"]


def test_errors_name_their_line_and_the_others_are_read() -> None:
    """Each row that is bad says where and why, also behind a cell of several lines; the rest is read."""
    records, rejections = read(
        'Name,Phone\n\n"Jane\nDoe",+14155550123\nJoe,ask him\nIda,+14155550124,surplus\n," "\n,\n'
    )
    assert [record.name for record in records] == ["Jane\nDoe", "Joe", "Ida"]
    assert [(r.place, r.reason) for r in rejections[:2]] == [
        ("line 5", "unreadable_field"),
        ("line 6", "too_many_cells"),
    ]


def test_a_row_without_anybody_is_named() -> None:
    """A row with neither name nor handle is a rejection."""
    records, rejections = read("Name,Phone,Country\n,,gb\n")
    assert (records, [(r.place, r.reason) for r in rejections]) == ((), [("line 2", "empty_row")])


def test_a_cell_beyond_all_reason_costs_its_row() -> None:
    """A cell that the CSV reader refuses is named by its line; the next row is read."""
    records, rejections = read(f"Name,Phone\n{'x' * 200_000},1\nJoe,+14155550123\n")
    assert [record.name for record in records] == ["Joe"]
    assert [(r.place, r.reason) for r in rejections] == [("line 2", "bad_csv")]


@pytest.mark.parametrize("text", ["", "\n\n", "a,b,c\n1,2,3\n", "Company,Country\nNorthwind,US\n"])
def test_a_file_without_a_header_says_so(text: str) -> None:
    """Where no column is known nothing is guessed; the sentence says what the header must name."""
    records, (rejection,) = read(text)
    assert (records, rejection.reason) == ((), "no_header")
    assert "First Name" in rejection.detail


def test_rows_are_read_one_at_a_time() -> None:
    """The first record is there before the second row was asked for."""
    asked: list[str] = []

    def lines() -> Iterator[str]:
        for line in ("Name,Email\n", "Jane,jane@northwind.example\n", "Joe,joe@northwind.example\n"):
            asked.append(line)
            yield line

    found = next(iter_contacts_csv(lines(), "US"))
    assert isinstance(found, Record)
    assert len(asked) == 2


def written(*records: Record) -> str:
    out = io.StringIO(newline="")
    assert write_contacts_csv(records, out) == len(records)
    return out.getvalue()


@pytest.mark.parametrize(
    "name", ["=HYPERLINK(1)", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "＝1", "'=1", "''=1", "=1\n=2"]
)
def test_no_cell_is_a_formula_and_nothing_is_lost(name: str) -> None:
    """A text that a spreadsheet would run begins with an apostrophe, and is read back as it was."""
    text = written(Record(type="contact", id="1", name=name, emails=("@x",), phones=("+1-415-555-0123",)))
    cells = next(row for number, row in enumerate(csv.reader(io.StringIO(text, newline=""))) if number == 1)
    assert not [cell for cell in cells if cell[:1] in set("=+-@＝＋－＠\t\r\n") - {""} and cell]
    (record,), _ = read(text)
    assert (record.name, record.phones) == (name, ("+1-415-555-0123",))


def test_a_plain_number_stays_as_it_is() -> None:
    """E.164 numbers are no formulas: other programs find them unchanged."""
    text = written(Record(type="contact", id="1", name="Joe", phones=("+14155550123", "+14155550124")))
    assert ",+14155550123 ::: +14155550124," in text


_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12).map(str.strip)


@given(
    st.lists(
        st.builds(
            Record,
            type=st.sampled_from(["contact", "lead"]),
            id=_TEXT.filter(bool),
            name=_TEXT.filter(bool),
            first_name=_TEXT,
            last_name=_TEXT,
            emails=st.sampled_from(
                [(), ("a@northwind.example",), ("b@northwind.example", "a@northwind.example")]
            ),
            phones=st.sampled_from([(), ("+14155550123",), ("+1 415 555 0123", "(415) 555-0124 x9")]),
            title=_TEXT,
            company=_TEXT,
            country=st.sampled_from(["", "US", "GB"]),
            account=_TEXT,
            owner=_TEXT,
            converted_to=_TEXT,
            created_at=st.integers(-(10**15), 10**16),
            last_activity_at=st.integers(0, 10**16),
            active=st.booleans(),
            placeholder=st.booleans(),
            created_by_us=st.booleans(),
            edited_by_person=st.booleans(),
        ),
        max_size=3,
    )
)
def test_records_written_are_the_records_read(records: list[Record]) -> None:
    """Nothing of a record is lost or changed on its way through a CSV file; handles are made anew."""
    found, _ = read(written(*records))
    assert [msgspec.structs.replace(record, handles=()) for record in found] == records


def test_the_shared_contacts_survive_a_round_trip(shared: Path) -> None:
    """Thousands of real names, addresses and numbers come back from CSV exactly."""
    lines = (shared / "data" / "contacts_openstates" / "people.jsonl").read_text().splitlines()
    records = []
    for number, person in enumerate(map(json.loads, lines)):
        voices = [office.get("voice") for office in person["offices"]]
        record = Record(
            type="contact",
            id=f"id-{number}",
            name=person["name"].strip(),
            emails=tuple(filter(None, [(person["email"] or "").strip()])),
            phones=tuple(dict.fromkeys(voice.strip() for voice in voices if voice)),
            title=" / ".join(map(str, person["titles"])).strip(),
        )
        records.append(record)
    assert sum(len(record.phones) for record in records) > len(records) / 2
    found, _ = read(written(*records))
    assert [msgspec.structs.replace(record, handles=()) for record in found] == records
