"""Contact lists in and out: each contact once, nothing overwritten, blanks filled."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import pytest

CSV = """First Name,Last Name,Company,Email,Phone
Jo,Diaz,Acme,jo@acme.example,(415) 555-0123
Max,Orr,Acme,max@acme.example,
"""
VCARD = """BEGIN:VCARD
VERSION:3.0
N:Diaz;Jo;;;
FN:Jo Diaz
ORG:Acme
EMAIL:jo@acme.example
TEL:+1 415 555 0123
END:VCARD
"""


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["list.csv", "list.csv.gz", "list.txt"])
def test_a_list_is_taken_in_once(fc: Any, tmp_path: Path, name: str) -> None:
    """Recognised by its first line, plain or gzipped; the second time everybody is there already."""
    path = _write(tmp_path, name, CSV)
    assert "2 contacts added" in fc.done("import", path).out
    assert "0 contacts added to the address book from the list. 2 were" in fc.done("import", path).out
    assert len(fc.json("contacts")) == 2


def test_the_same_people_in_another_format_are_the_same(fc: Any, tmp_path: Path) -> None:
    """Jo from a vCard is the Jo of the CSV file."""
    fc.done("import", _write(tmp_path, "list.csv", CSV), _write(tmp_path, "jo.vcf", VCARD))
    assert sorted(each["name"] for each in fc.json("contacts")) == ["Jo Diaz", "Max Orr"]


def test_a_list_that_names_somebody_twice_adds_them_once(fc: Any, tmp_path: Path) -> None:
    """Equal rows of one file are one contact; another person with the same number is another contact."""
    text = CSV + "Jo,Diaz,Acme,jo@acme.example,(415) 555-0123\nIda,Lund,Acme,,(415) 555-0123\n"
    fc.done("import", _write(tmp_path, "list.csv", text))
    assert sorted(each["name"] for each in fc.json("contacts")) == ["Ida Lund", "Jo Diaz", "Max Orr"]


def test_a_later_list_fills_blanks_and_overwrites_nothing(fc: Any, tmp_path: Path) -> None:
    """A title that was missing is filled and a number added; a company that differs stays."""
    fc.done("import", _write(tmp_path, "list.csv", CSV))
    later = "Name,Job Title,Company,Email,Phone\nMax Orr,Counsel,Other Ltd,max@acme.example,415 555 0124\n"
    said = fc.done("import", _write(tmp_path, "later.csv", later))
    assert "1 was there already; 1 of them were completed" in said.all
    (max_orr,) = fc.json("contacts", "--search", "max")
    assert (max_orr["title"], max_orr["company"]) == ("Counsel", "Acme")
    assert max_orr["phones"] == ["415 555 0124"]
    assert "Max Orr" in fc.done("explain", "+14155550124").out


def test_a_list_names_an_unknown_caller(fc: Any, tmp_path: Path) -> None:
    """A contact made without a name takes the name that a list has for its number, and is no placeholder."""
    line = (
        '{"id": "c-1", "kind": "call", "direction": "inbound", "result": "answered", "seconds": 60, '
        '"at": "2026-03-02T10:00:00Z", "from": "+14155550123", "to": "+14155550100"}\n'
    )
    fc.done("import", _write(tmp_path, "calls.jsonl", line))
    assert [each["name"] for each in fc.json("contacts", "--placeholder")] == ["Unknown Caller"]
    fc.done("import", _write(tmp_path, "list.csv", CSV))
    assert fc.json("contacts", "--placeholder") == []
    (jo,) = fc.json("contacts", "--search", "diaz")
    assert jo["created_by_us"] is True
    assert len(fc.json("contacts")) == 2


def test_leads_are_leads_and_nobody_else_is_ours(fc: Any, tmp_path: Path) -> None:
    """A lead of the list is a lead; a list cannot say that FirstContact made a record, nor name an account or
    owner that is not there."""
    text = (
        "Record Type,Name,Email,Created By FirstContact,Account,Owner\n"
        "lead,Noor Haddad,noor@acme.example,yes,a-77,u-77\ncontact,Jo Diaz,jo@acme.example,yes,a-77,u-77\n"
    )
    fc.done("import", _write(tmp_path, "list.csv", text))
    book = fc.done("export", "--json").json()
    assert [each["name"] for each in book["leads"]] == ["Noor Haddad"]
    (jo,) = book["contacts"]
    assert (jo["created_by_us"], jo["account"], jo["owner"]) == (False, None, None)


@pytest.mark.parametrize("format", ["csv", "vcard"])
def test_what_goes_out_comes_in_again(week: Any, fc: Any, tmp_path: Path, format: str) -> None:
    """An export of the example week, taken into an empty home, gives the same people and handles."""
    out = tmp_path / f"book.{format}"
    said = week.done("export", "--format", format, "--to", out)
    assert "records written" in said.err
    fc.done("import", out)

    def people(home: Any) -> set[tuple[str, ...]]:
        book = home.done("export", "--json").json()
        return {
            (kind, each["name"] or "", *(each["emails"] or ()), *(each["phones"] or ()))
            for kind in ("contacts", "leads")
            for each in book[kind]
        }

    assert people(fc) == people(week)
    assert len(people(week)) > 15


def test_ours_only(week: Any) -> None:
    """`--created-by-us` exports exactly the contacts that the list of the same name shows."""
    rows = list(csv.DictReader(io.StringIO(week.done("export", "--created-by-us").out)))
    assert {row["Id"] for row in rows} == {each["id"] for each in week.json("contacts", "--created-by-us")}


def test_an_export_that_fails_leaves_the_last_one(week: Any, tmp_path: Path) -> None:
    """A file that cannot be replaced stays as it was, and no part is left beside it."""
    folder = tmp_path / "out"
    folder.mkdir()
    target = folder / "book.csv"
    target.mkdir()
    said = week("export", "--to", target / "x" / "y.csv")
    assert said.status == 2
    assert "Traceback" not in said.err
    assert [path.name for path in folder.rglob("*")] == ["book.csv"]


def test_half_a_list_is_not_taken(fc: Any, tmp_path: Path) -> None:
    """A gzip that is cut off gives no contact and says to get the whole file."""
    path = _write(tmp_path, "list.csv.gz", CSV * 50)
    path.write_bytes(path.read_bytes()[:-20])
    said = fc("import", path)
    assert said.status == 2
    assert "the gzip file ends too early; nothing of it was taken" in said.err
    assert fc.json("contacts") == []


def test_what_is_wrong_with_a_row_is_said_with_its_line(fc: Any, tmp_path: Path) -> None:
    """A number nobody could read: the record is there, the line is named."""
    path = _write(tmp_path, "list.csv", CSV + "Peg,Dunn,,,415-555-012345678\n")
    said = fc.done("import", path)
    assert f"{path}: line 4: This is no number or address: 415-555-012345678" in said.err
    assert "3 contacts added" in said.out
