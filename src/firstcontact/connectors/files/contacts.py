"""Contact lists from files: CSV and vCard, plain or gzip, as records for an address book.

A contact list is held in memory as a whole; `LIMIT_BYTES` keeps that bounded. Everything else about it is
in `formats.contacts_csv` and `formats.vcard`.
"""

from __future__ import annotations

import codecs
import io
from pathlib import Path

from firstcontact.connectors.files.problems import FileProblem
from firstcontact.connectors.files.streams import Blocks, End
from firstcontact.formats.contacts_csv import read_contacts_csv
from firstcontact.formats.vcard import read_vcards
from firstcontact.identity.records import Record
from firstcontact.interactions.rejection import Rejection

FORMATS = ("contacts-csv", "vcard")

LIMIT_BYTES = 64 << 20
"""A contact list above this is refused: 64 MiB are some 400,000 contacts without their photographs."""

_CSV_SUFFIXES = (".csv", ".tsv")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ENDS: dict[End, str] = {
    "truncated": "the gzip file ends too early; nothing of it was taken. Get the whole file.",
    "damaged": "the gzip data is damaged; nothing of it was taken. Get an intact copy.",
    "bomb": "the gzip file expands out of all proportion; unpack it yourself if it is genuine.",
    "unreadable": "the system could not read it to its end; check the disk.",
}


def looks_like_vcard(head: bytes) -> bool:
    """Whether a file that begins so is a vCard file: its first line opens a card."""
    return _text(head).lstrip()[:20].upper().replace(" ", "").startswith("BEGIN:VCARD")


def looks_like_contacts(head: bytes, name: str) -> bool:
    """Whether a file that begins so is a contact list: its first line names columns that contacts have.

    name: the file's, in lower case, without `.gz`. A file that calls itself CSV is taken for one, so that
    its reader can say which columns are missing; of any other, several columns must be known.
    """
    if b"\0" in head and not head.startswith(_UTF16):
        return False
    if name.endswith(_CSV_SUFFIXES):
        return bool(head.strip())
    text = _text(head)
    first = next((line for line in text.splitlines() if line.strip()), "")
    if not any(delimiter in first for delimiter in ",;\t"):
        return False
    _, problems = read_contacts_csv([first + "\n"], "US")
    return not any(problem.reason == "no_header" for problem in problems)


def read_contact_list(
    path: Path, format: str, region: str
) -> tuple[tuple[Record, ...], tuple[Rejection, ...]]:
    """The records of a contact list, and what was set aside, each with its place.

    format: one of `FORMATS`. Raises FileProblem where the file cannot be read, is too large, or is no
    contact list after all.
    """
    raw = _whole(path)
    if format == "vcard":
        records, rejections = read_vcards(raw, region)
    else:
        records, rejections = read_contacts_csv(io.StringIO(_text(raw), newline=""), region)
    for each in rejections:
        if each.reason in ("no_header", "not_a_vcard"):
            raise FileProblem(f"{path}: this is no contact list. {each.detail}")
    return records, rejections


def _whole(path: Path) -> bytes:
    found = bytearray()
    with Blocks(path) as blocks:
        while block := blocks.next():
            found += block
            if len(found) > LIMIT_BYTES:
                raise FileProblem(
                    f"{path}: larger than a contact list can be ({LIMIT_BYTES >> 20} MiB); split it, or "
                    "export it without photographs."
                )
        if blocks.end != "whole":
            raise FileProblem(f"{path}: {_ENDS[blocks.end]}")
    return bytes(found)


def _text(raw: bytes) -> str:
    """UTF-8, UTF-16 where a byte order mark says so, else Windows-1252, as spreadsheets save."""
    if raw.startswith(_UTF16):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.end >= len(raw) - 3 and error.reason == "unexpected end of data":
            return raw.decode("utf-8-sig", "replace")  # only a beginning, cut within a character
        return raw.decode("cp1252", "replace")
