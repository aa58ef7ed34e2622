"""Contact lists into the address book and out of it, each contact once.

A list is a person's word: what it says of somebody who is there already fills blanks, adds addresses and
numbers, and names a placeholder; it overwrites nothing.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import select

from firstcontact.connectors.address_book import tables
from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.people import People
from firstcontact.formats.contacts_csv import write_contacts_csv
from firstcontact.formats.vcard import write_vcards
from firstcontact.identity.records import Finding, Record
from firstcontact.store.engine import read

EXPORTS = ("csv", "vcard", "json")

_MADE_UP = ("row-", "card-")
"""How the readers name a row or card that names itself nothing."""
_MOST_ID = 40
"""A longer id is some system's own (`urn:uuid:…`) and no use to a person here."""
_NOT_TAKEN = frozenset({"id", "type", "handles", "created_by_us", "edited_by_person"})
"""`created_by_us`: whatever another system says, this record was brought by a person."""
_FILLED = ("first_name", "last_name", "title", "company", "country")


class ListImported(msgspec.Struct, frozen=True):
    """How many were added, how many were there already, how many of those learned something, and the
    position (from 1) and reason of those set aside."""

    added: int
    known: int
    completed: int
    set_aside: tuple[tuple[int, str], ...] = ()


def import_list(book: AddressBook, records: Sequence[Record]) -> ListImported:
    """Take contacts and leads in. Somebody of the same name with one of the same handles is not added a
    second time, so that the same list, or a longer one, can be imported again."""
    found = book.find([handle for record in records for handle in record.handles])
    taken = book.read([record.id for record in records])
    users, accounts = {user.id for user in book.users()}, _accounts(book)
    fresh: dict[str, list[tuple[int, Mapping[str, Any]]]] = {"contact": [], "lead": []}
    seen: set[object] = set()
    known = completed = 0
    for position, record in enumerate(records, 1):
        same = _same(record, found, taken)
        if same is not None:
            known += 1
            completed += _complete(book, same, record)
            continue
        me = (record.type, record.name.casefold(), frozenset(handle.key for handle in record.handles))
        if me in seen:
            known += 1
            continue
        seen.add(me)
        given = _given(record, users, accounts, free=record.id not in taken)
        fresh[record.type].append((position, given))
    added = 0
    set_aside: list[tuple[int, str]] = []
    for kind, items in fresh.items():
        done = People(book).import_records((given for _, given in items), kind)
        added += len(done.added)
        set_aside.extend((items[index][0], why) for index, why in done.set_aside)
    return ListImported(added, known, completed, tuple(sorted(set_aside)))


def export_text(book: AddressBook, format: str, ours: bool = False) -> tuple[str, int]:
    """The text of an export and how many contacts are in it.

    format: `csv` or `vcard`, contacts and leads as `import_list` takes them; `json`: everything.
    ours: only contacts that FirstContact created (with `json` too: then only contacts).
    """
    if format == "json":
        dumped = People(book).dump()
        if ours:
            dumped = {"contacts": [each for each in dumped["contacts"] if each["created_by_us"]]}
        return json.dumps(dumped, ensure_ascii=False, indent=2) + "\n", len(dumped["contacts"])
    records = [record for record in _records(book) if record.created_by_us or not ours]
    if format == "vcard":
        return write_vcards(records), len(records)
    out = io.StringIO(newline="")
    write_contacts_csv(records, out)
    return out.getvalue(), len(records)


def _records(book: AddressBook) -> list[Record]:
    """Contacts, then leads, in the order they were made, without activities and the rest."""
    found: list[Record] = []
    with read(book.engine) as connection:
        columns = tables.records.c
        query = select(columns.id).where(columns.gone == 0).order_by(columns.type, columns.seq)
        ids = [str(id) for id in connection.execute(query).scalars()]
    for record in book.read(ids).values():
        if isinstance(record, Record):
            found.append(record)
    order = {id: place for place, id in enumerate(ids)}
    return sorted(found, key=lambda record: order[record.id])


def _accounts(book: AddressBook) -> frozenset[str]:
    with read(book.engine) as connection:
        return frozenset(connection.execute(select(tables.accounts.c.id)).scalars())


def _same(record: Record, found: Mapping[str, Finding], taken: Mapping[str, object]) -> Record | None:
    """The record in the address book that is this one: of the same name, or a placeholder, with one of the
    same handles; where there is no handle at all, of the same id."""
    bearers = (each for handle in record.handles for each in found[handle.key].records)
    for each in bearers:
        if each.type == record.type and (_names_alike(each, record) or each.placeholder):
            return each
    there = taken.get(record.id)
    if isinstance(there, Record) and not record.handles and _names_alike(there, record):
        return there
    return None


def _names_alike(one: Record, other: Record) -> bool:
    return " ".join(one.name.casefold().split()) == " ".join(other.name.casefold().split())


def _complete(book: AddressBook, there: Record, record: Record) -> bool:
    """Fill in what the list knows more; whether there was anything."""
    fields: dict[str, Any] = {
        name: getattr(record, name)
        for name in _FILLED
        if getattr(record, name) and (not getattr(there, name) or there.placeholder)
    }
    bears = {handle.key for handle in there.handles}
    if any(handle.key not in bears for handle in record.handles):
        fields["emails"] = tuple(dict.fromkeys((*there.emails, *_new(record.emails, there.emails))))
        fields["phones"] = tuple(dict.fromkeys((*there.phones, *_new(record.phones, there.phones))))
    if there.placeholder and record.name and not record.placeholder:
        fields["name"], fields["placeholder"] = record.name, False
    fields = {name: value for name, value in fields.items() if getattr(there, name) != value}
    if fields:
        People(book).edit(there.type, there.id, fields)
    return bool(fields)


def _new(values: Iterable[str], there: Iterable[str]) -> list[str]:
    have = {value.casefold() for value in there}
    return [value for value in values if value.casefold() not in have]


def _given(record: Record, users: set[str], accounts: frozenset[str], *, free: bool) -> Mapping[str, Any]:
    """The fields to add. An owner or account that is not ours to name is left out; an id is kept where it is
    a short one that nobody has; one without handles keeps even a made-up one, by which it is known again."""
    fields = {
        name: value
        for name in Record.__struct_fields__
        if name not in _NOT_TAKEN and (value := getattr(record, name)) not in ("", 0, (), None)
    }
    if record.owner not in users:
        fields.pop("owner", None)
    if record.account not in accounts:
        fields.pop("account", None)
    if record.type == "contact":
        fields.pop("converted_to", None)
    made_up = record.id.startswith(_MADE_UP)
    if free and len(record.id) <= _MOST_ID and (not made_up or not record.handles):
        fields["id"] = record.id
    return fields
