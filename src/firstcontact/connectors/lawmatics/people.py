"""Contacts with all their numbers and addresses, which are records of their own (published API, 1.10.0).

A contact's row has its main number and address. Whether it names the others too is not certain (apis N):
where it does, only those with several are asked about; where it does not, all are.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from firstcontact.connectors.lawmatics.client import BY_ID, EVERYTHING, Api, Refused, Row
from firstcontact.connectors.lawmatics.mapping import (
    Person,
    attributes,
    digest_of,
    main_person,
    marks_of,
    read_person,
    related,
    target,
)
from firstcontact.connectors.lawmatics.marks import STATE
from firstcontact.connectors.toolkit.times import micros
from firstcontact.identity.records import Record

Sort = Literal["phone_numbers", "email_addresses"]
NAMES: Mapping[Sort, str] = {"phone_numbers": "phone_numbers", "email_addresses": "emails"}
"""The relationship that names them, by where they are listed."""
REMEMBERED = 120_000_000
"""For so long a reading of lists remembers what it asked, so that one that was stopped within a page goes
on."""
UNTOUCHED = 10_000_000
"""A contact of ours that was not changed within so many microseconds after it was made was not changed
since."""


class People:
    """Reads contacts, safe to use from several threads."""

    def __init__(self, api: Api, region: str, now: Callable[[], int]) -> None:
        self._api = api
        self._region = region
        self._now = now
        self._lock = threading.Lock()
        self._held: OrderedDict[tuple[str, Sort], tuple[int, object, tuple[str, ...]]] = OrderedDict()

    def read(self, id: str) -> Person:
        """One contact as it is now. Raises Refused, 404 where it is not there."""
        return self.complete([self._api.one(f"contacts/{id}")])[0]

    def records(self, rows: Sequence[Row], *, remembering: bool = False) -> list[Record]:
        """Rows of a list as records, each complete."""
        return [self.record(person) for person in self.complete(rows, remembering=remembering)]

    def record(self, person: Person) -> Record:
        """A contact as our record."""
        return read_person(person, self._region)

    def main_record(self, row: Row) -> Record:
        """A row as a record with its main number and address alone, of which nobody knows who changed it."""
        record = self.record(main_person(row))
        return msgspec.structs.replace(record, edited_by_person=False)

    def complete(self, rows: Sequence[Row], *, remembering: bool = False) -> list[Person]:
        """These contacts with all their numbers and addresses. remembering: as they were a moment ago is
        enough."""
        people = [main_person(row) for row in rows]
        phones = self._all(people, "phone_numbers", remembering=remembering)
        emails = self._all(people, "email_addresses", remembering=remembering)
        return [
            Person(
                one.row,
                _main_first(one.emails, emails.get(str(one.row["id"]), ())),
                _main_first(one.phones, phones.get(str(one.row["id"]), ())),
            )
            for one in people
        ]

    def _all(self, people: Sequence[Person], sort: Sort, *, remembering: bool) -> dict[str, tuple[str, ...]]:
        """All of a sort by contact: asked for contact by contact, or the whole list where that is cheaper."""
        found: dict[str, tuple[str, ...]] = {}
        asked: list[Person] = []
        for person in people:
            held = self._remembered(person, sort) if remembering else None
            if held is not None:
                found[str(person.row["id"])] = held
            elif self._has_more(person, sort):
                asked.append(person)
        whole = self._whole(sort, len(asked)) if len(asked) > 1 else None
        for person in asked:
            id = str(person.row["id"])
            found[id] = whole.get(id, ()) if whole is not None else self._of(id, sort)
            if remembering:
                self._remember(person, sort, found[id])
        return found

    def _has_more(self, person: Person, sort: Sort) -> bool:
        """Whether a contact may have another number or address than its main one."""
        named = related(person.row, NAMES[sort])
        if named is not None:
            return len(named) > 1
        told = attributes(person.row)
        changed = micros(told.get("updated_at")) - micros(told.get("created_at"))
        state = marks_of(person.row).get(STATE)
        return not (state and changed < UNTOUCHED and state == digest_of(person, self._region))

    def _of(self, contact: str, sort: Sort) -> tuple[str, ...]:
        asked = {**BY_ID, "filter_by": "contact_id", "filter_on": contact}
        return tuple(_info(row) for row in self._api.rows(sort, asked))

    def ids_of(self, contact: str, infos: Collection[str]) -> list[str]:
        """Paths of the records of a contact that hold one of these numbers or addresses."""
        asked = {**BY_ID, "filter_by": "contact_id", "filter_on": contact}
        return [
            f"{sort}/{row['id']}"
            for sort in NAMES
            for row in self._api.rows(sort, asked)
            if _info(row) in infos
        ]

    def _whole(self, sort: Sort, at_most: int) -> dict[str, tuple[str, ...]] | None:
        """Everybody's; None where that takes more requests than asking."""
        found: dict[str, list[str]] = {}
        for page in self._api.pages(sort, {**EVERYTHING, **BY_ID}):
            if page.pages > at_most:
                return None
            for row in page.rows:
                type, id = target(row, "informationable")
                if type == "contact":
                    found.setdefault(id, []).append(_info(row))
        return {id: tuple(infos) for id, infos in found.items()}

    def _remembered(self, person: Person, sort: Sort) -> tuple[str, ...] | None:
        with self._lock:
            held = self._held.get((str(person.row["id"]), sort))
        if held is None or held[1] != attributes(person.row).get("updated_at"):
            return None
        return held[2] if 0 <= self._now() - held[0] < REMEMBERED else None

    def _remember(self, person: Person, sort: Sort, infos: tuple[str, ...]) -> None:
        now = self._now()
        with self._lock:
            self._held[(str(person.row["id"]), sort)] = (now, attributes(person.row).get("updated_at"), infos)
            while self._held and not 0 <= now - next(iter(self._held.values()))[0] < REMEMBERED:
                self._held.popitem(last=False)

    def forget(self, id: str) -> None:
        """We change this contact."""
        with self._lock:
            for sort in NAMES:
                self._held.pop((id, sort), None)

    def bearing(
        self, sort: Sort, pattern: str, at_most: int, wanted: Callable[[str], bool]
    ) -> set[str] | None:
        """Ids of the contacts one of whose numbers or addresses has this pattern (`%0123%`) and is `wanted`;
        None where that cannot be asked, or there are more pages of them than `at_most`."""
        asked = {**EVERYTHING, "filter_by": "info", "filter_on": pattern, "filter_with": "ilike"}
        found: set[str] = set()
        try:
            for page in self._api.pages(sort, asked):
                if page.pages > at_most:
                    return None
                owners = [target(row, "informationable") for row in page.rows if wanted(_info(row))]
                found.update(id for type, id in owners if type == "contact")
        except Refused:
            return None
        return found

    def present(self, ids: Iterable[str]) -> list[Person]:
        """Those of these contacts that are there."""
        found: list[Person] = []
        for id in ids:
            try:
                found.append(self.read(id))
            except Refused as refused:
                if refused.status != 404:
                    raise
        return found


def _info(row: Row) -> str:
    return str(attributes(row).get("info") or "")


def _main_first(main: tuple[str, ...], all: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*main, *filter(None, all))))
