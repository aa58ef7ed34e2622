"""Contact lists as CSV: `read_contacts_csv`, `iter_contacts_csv`, `write_contacts_csv`.

Reads what address books export: Google (`E-mail 1 - Value`), Outlook (`E-mail Address`, `Business Phone`),
CRMs (`Email`, `Mobile`, `Account Name`) and our own. Columns are told by their names, in any case and
order; commas, semicolons or tabs stand between them. Lines are read one at a time.

Written cells are safe to open in a spreadsheet: a text that a spreadsheet would take for a formula begins
with an apostrophe (OWASP, CSV injection), which reading takes off again. A number in E.164 is no
formula and stays as it is, so that every other program can read it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Protocol

from firstcontact.identity.records import Record
from firstcontact.interactions.handles import read_email_field, read_phone_field
from firstcontact.interactions.rejection import Rejection

BETWEEN = " ::: "
"""Between several values in one cell, as Google writes them."""

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
_E164 = re.compile(r"\+[0-9]{6,15}(?: ::: \+[0-9]{6,15})*")
_SEPARATOR = re.compile(r"\s*:::\s*")
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_COLUMNS = {
    "first_name": "first name|firstname|given name|forename|vorname",
    "last_name": "last name|lastname|surname|family name|nachname",
    "name": "name|full name|display name|contact name|file as",
    "company": "company|company name|organization|organisation|organization name|organisation name|"
    "organization 1 name|account name|employer|firma",
    "job_title": "job title|organization title|organization 1 title|position|role",
    "title": "title",
    "country": "country|country code|business country|business country region|home country|"
    "address 1 country|mailing country",
    "id": "id|contact id|record id|uid|external id",
    "type": "record type|type",
    "account": "account|account id",
    "owner": "owner|owner id|contact owner",
    "converted_to": "converted to",
    "created_at": "created at",
    "last_activity_at": "last activity at",
    "placeholder": "placeholder",
    "created_by_us": "created by firstcontact",
    "edited_by_person": "edited by person",
    "archived": "archived",
}
_FIELD_OF = {name: field for field, names in _COLUMNS.items() for name in names.split("|")}
_EMAIL_COLUMN = re.compile(r"(?:\w+ )?e ?mail(?: address)?(?: \d+)?(?: address)?(?: value)?")
_PHONE_COLUMN = re.compile(
    r"(?:[\w ]+ )?(?:phone|telephone|tel|mobile|cell|fax|telefon|handy)"
    r"(?: (?:number|no|\d+|value|home|work|office|business|main|other|mobile|cell))*"
)
_NOT_A_VALUE = re.compile(r"\b(?:type|label|opt out|optout|status|display|verified|extension)\b")

_HEADER = (
    "Record Type",
    "Id",
    "Name",
    "First Name",
    "Last Name",
    "E-mail",
    "Phone",
    "Job Title",
    "Company",
    "Country",
    "Account",
    "Owner",
    "Converted To",
    "Placeholder",
    "Created By FirstContact",
    "Edited By Person",
    "Archived",
    "Created At",
    "Last Activity At",
)


class Writable(Protocol):
    """Anything that text can be written to."""

    def write(self, text: str, /) -> object:
        """Take the text."""


def read_contacts_csv(
    text_lines: Iterable[str], region: str
) -> tuple[tuple[Record, ...], tuple[Rejection, ...]]:
    """All contacts of a CSV file at once; see `iter_contacts_csv`."""
    records: list[Record] = []
    rejections: list[Rejection] = []
    for found in iter_contacts_csv(text_lines, region):
        if isinstance(found, Record):
            records.append(found)
        else:
            rejections.append(found)
    return tuple(records), tuple(rejections)


def iter_contacts_csv(text_lines: Iterable[str], region: str) -> Iterator[Record | Rejection]:
    """One record for each row, in order, each rejection beside the row it is about.

    text_lines: decoded lines with their line ends (an open text file), header first.
    region: ISO country for numbers without a country code, where the row has no two-letter country.

    A rejection's place is `line 7`, the line of the file where the row ends. Reasons: `no_header`
    (nothing was read), `empty_row`, `bad_csv`, `too_many_cells`, `unreadable_field`; after the last
    two the record follows all the same. Never raises for bad content.
    """
    lines = iter(text_lines)
    before, header, delimiter = _header(lines)
    columns = _columns(next(csv.reader([header], delimiter=delimiter), []))
    if not (columns.emails or columns.phones or _NAMES & columns.names.keys()):
        said = "The first line must name the columns, such as: First Name, Last Name, Email, Phone, Company."
        yield Rejection(f"line {before}", "no_header", said)
        return
    rows = csv.reader(lines, delimiter=delimiter)
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            yield Rejection(f"line {before + rows.line_num}", "bad_csv", f"This line is no CSV: {error}.")
            continue
        if row is None:
            return
        if any(cell.strip() for cell in row):
            yield from _row(columns, row, f"line {before + rows.line_num}", region)


def write_contacts_csv(records: Iterable[Record], out: Writable) -> int:
    """Write the records with a header line; how many there were. Reading them gives the same records."""
    writer = csv.writer(out)
    writer.writerow(_HEADER)
    count = 0
    for record in records:
        count += 1
        writer.writerow([_cell(name, value) for name, value in zip(_HEADER, _values(record), strict=True)])
    return count


# --- reading ----------------------------------------------------------------------------------------------

_DELIMITER_LINE = re.compile(r"\s*sep=([,;\t|])\s*", re.IGNORECASE)
"""What Excel writes above the header to name its delimiter."""
_NAMES = frozenset({"first_name", "last_name", "name"})


def _header(lines: Iterator[str]) -> tuple[int, str, str]:
    """How many lines the header took, the header itself, and the delimiter."""
    before, named = 1, ""
    for before, line in enumerate(lines, 1):
        line = line.removeprefix("\ufeff")
        if found := _DELIMITER_LINE.fullmatch(line):
            named = found[1]
        elif line.strip(" \t\r\n,;"):
            return before, line, named or max(",;\t", key=line.count)
    return before, "", ","


class _Columns:
    """Which column holds what: `names` maps a field to its column, the others list their columns."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self.emails: list[int] = []
        self.phones: list[int] = []
        self.count = 0


def _columns(header: Sequence[str]) -> _Columns:
    columns = _Columns()
    columns.count = len(header)
    faxes: list[int] = []
    for number, written in enumerate(header):
        name = " ".join(re.sub(r"[\W_]+", " ", written[:60].casefold()).split())
        field = _FIELD_OF.get(name)
        if field is not None:
            columns.names.setdefault(field, number)
        elif _NOT_A_VALUE.search(name):
            continue
        elif _EMAIL_COLUMN.fullmatch(name):
            columns.emails.append(number)
        elif _PHONE_COLUMN.fullmatch(name):
            (faxes if "fax" in name else columns.phones).append(number)
    columns.phones += faxes
    if "job_title" not in columns.names and "title" in columns.names:
        # Outlook has both, and means the form of address by Title.
        columns.names["job_title"] = columns.names["title"]
    return columns


def _row(columns: _Columns, row: list[str], place: str, region: str) -> Iterator[Record | Rejection]:
    if any(cell.strip() for cell in row[columns.count :]):
        said = (
            f"This row has {len(row)} cells, the header {columns.count}; those without a name were left out."
        )
        yield Rejection(place, "too_many_cells", said)

    def text(field: str) -> str:
        number = columns.names.get(field, -1)
        return _text(row[number]) if 0 <= number < len(row) else ""

    emails, phones = _several(row, columns.emails), _several(row, columns.phones)
    first_name, last_name = text("first_name"), text("last_name")
    name = text("name") or f"{first_name} {last_name}".strip()
    if not (name or emails or phones or text("company")):
        yield Rejection(place, "empty_row", "This row has no name, no address and no number.")
        return
    given = text("country")
    country = given.upper() if _COUNTRY.fullmatch(given) else ""
    readings = [(email, read_email_field(email)) for email in emails]
    readings += [(phone, read_phone_field(phone, country or region)) for phone in phones]
    for field, reading in readings:
        for piece in reading.unreadable or (() if reading.handles else (field,)):
            yield Rejection(place, "unreadable_field", f"This is no number or address: {piece}")
    yield Record(
        type="lead" if text("type").lower() == "lead" else "contact",
        id=text("id") or "row-" + sha256("\0".join(row).encode("utf-8", "replace")).hexdigest()[:24],
        name=name,
        first_name=first_name,
        last_name=last_name,
        emails=emails,
        phones=phones,
        handles=tuple(dict.fromkeys(handle for _, reading in readings for handle in reading.handles)),
        title=text("job_title"),
        country=country,
        account=text("account"),
        company=text("company"),
        owner=text("owner"),
        created_at=_micros(text("created_at")),
        last_activity_at=_micros(text("last_activity_at")),
        converted_to=text("converted_to"),
        active=not _true(text("archived")),
        placeholder=_true(text("placeholder")),
        created_by_us=_true(text("created_by_us")),
        edited_by_person=_true(text("edited_by_person")),
    )


def _text(cell: str) -> str:
    """The cell without the apostrophe that keeps a spreadsheet from taking it for a formula."""
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*_FORMULA, "'")) else cell


def _several(row: list[str], numbers: Sequence[int]) -> tuple[str, ...]:
    cells = (_text(row[number]) for number in numbers if number < len(row))
    return tuple(dict.fromkeys(value for cell in cells for value in _SEPARATOR.split(cell) if value))


def _true(text: str) -> bool:
    return text.casefold() in ("true", "yes", "1", "x")


def _micros(text: str) -> int:
    """Microseconds of an ISO 8601 time, UTC where it names no offset; 0 for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return 0
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1)


# --- writing ----------------------------------------------------------------------------------------------


def _values(record: Record) -> tuple[str, ...]:
    return (
        record.type,
        record.id,
        record.name,
        record.first_name,
        record.last_name,
        BETWEEN.join(record.emails),
        BETWEEN.join(record.phones),
        record.title,
        record.company,
        record.country,
        record.account,
        record.owner,
        record.converted_to,
        _flag(record.placeholder),
        _flag(record.created_by_us),
        _flag(record.edited_by_person),
        _flag(not record.active),
        _iso(record.created_at),
        _iso(record.last_activity_at),
    )


def _cell(column: str, value: str) -> str:
    value = value.replace("\0", "").strip()
    if column == "Phone" and _E164.fullmatch(value):
        return value
    return safe_cell(value)


def safe_cell(value: str) -> str:
    """The text so that no spreadsheet takes it for a formula."""
    return "'" + value if value.startswith((*_FORMULA, "'")) else value


def _flag(value: bool) -> str:
    return "yes" if value else ""


def _iso(at: int) -> str:
    return (_EPOCH + timedelta(microseconds=at)).isoformat() if at else ""
