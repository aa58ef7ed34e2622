"""Contact lists (CSV, vCard) into the address book, each contact once."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec

from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.people import People
from firstcontact.identity.records import Record


class ListImported(msgspec.Struct, frozen=True):
    """How many contacts were added, how many were there already, and why others were set aside."""

    added: int
    known: int
    set_aside: tuple[str, ...]


def import_list(book: AddressBook, path: Path, format: str, region: str) -> ListImported:
    """Take a contact list in. A contact with the same name and handles that is there already is not added a
    second time, so the same list can be imported again. Raises OSError, UnicodeDecodeError."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    records, problems = _read(raw, format, region)
    found = book.find([handle for record in records for handle in record.handles])
    fresh = [record for record in records if not _known(record, found)]
    done = People(book).import_records(_given(record) for record in fresh)
    sentences = [f"{each.place}: {each.detail}" for each in problems]
    sentences.extend(f"record {position + 1}: {why}" for position, why in done.set_aside)
    return ListImported(len(done.added), len(records) - len(fresh), tuple(sentences))
