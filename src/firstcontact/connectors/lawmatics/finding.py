"""Looking for handles live: the least that is honest with finders that name one record (apis A3, D, N).

A look is: whoever was changed lately, from the list; then one question for each handle to the contacts'
finder, which also knows the people behind matters, since these are contacts too. Whatever comes back is read
and compared. Where a finder names somebody there may be others behind them: then the lists of numbers and
addresses, which can be filtered by a part, are asked for all of them; where that cannot be done, the answer
is *unknown*. Whether the finder goes by digits or by writing is tried out once, on a number with more than
digits in it; where it goes by writing, each usual writing is asked for. Where reading the whole list is
cheaper than asking, it is read, and nothing is left open.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Literal

import phonenumbers
from phonenumbers import PhoneNumberFormat

from firstcontact.connectors.lawmatics.client import BY_ID, EVERYTHING, TITLE, Api, Page, Row, literal
from firstcontact.connectors.lawmatics.mapping import main_person, related
from firstcontact.connectors.lawmatics.people import NAMES, People, Sort
from firstcontact.connectors.lawmatics.recent import LATELY, Recent
from firstcontact.connectors.toolkit.spellings import spellings
from firstcontact.connectors.toolkit.times import micros
from firstcontact.identity.records import ABSENT, Finding, Record
from firstcontact.interactions.handles import read_phone_field
from firstcontact.interactions.model import Handle

BEARER_PAGES = 4
"""A question with more answers than this many pages is not answered."""
TAIL = 4
ENDS_ALIKE = 7
"""Digits at the end of a number that every usual writing of it has."""
TURNS = 3
"""How often the whole list is read anew where it became shorter meanwhile."""
KEPT = 600_000_000
"""How long the list is said to be is believed for ten minutes."""

Search = Literal["digits", "stored"]


class Finder:
    """Finds contacts and leads by handles, safe to use from several threads."""

    def __init__(self, api: Api, people: People, region: str) -> None:
        self._api = api
        self._people = people
        self._region = region
        self._lock = threading.Lock()
        self._search: Search | None = None
        self._recent = Recent(api, people)
        self._length: tuple[int, int] = (0, 0)
        """When it was last seen how many requests reading all contacts takes, and how many."""

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """See `Crm`. Raises TryAgain, AuthLapsed, Refused."""
        wanted = {handle.key: handle for handle in handles}
        if not wanted:
            return {}
        first = self._list_seen(wanted.values())
        search: Search = self._search or "stored"
        if first is not None and _reading(first) <= _cost(wanted.values(), search):
            everybody = self.everybody(first)
            if everybody is not None:
                return _findings(wanted, everybody, {})
        records, cut = self._recent.bearing(wanted.keys())
        unanswered = dict.fromkeys(wanted, cut) if cut else {}
        for key, handle in wanted.items():
            found, why = self._ask(handle, search)
            records += found
            if why:
                unanswered[key] = why
        return _findings(wanted, records, unanswered)

    def _list_seen(self, handles: Collection[Handle]) -> Page | None:
        """The first page of everybody, unless it is known that reading on is dearer than asking."""
        at, requests = self._length
        now = self._api.earliest_now()
        if self._search is not None and 0 <= now - at < KEPT and requests > _cost(handles, self._search):
            return None
        page = self._api.page("contacts", {**EVERYTHING, **BY_ID})
        self._length = (now, _reading(page))
        if page.more:
            self._try(page.rows)
        return page

    def everybody(self, first: Page) -> list[Record] | None:
        """All contacts and leads; None where the list does not hold still."""
        page, rows = first, list(first.rows)
        for _ in range(TURNS):
            number, total = 1, page.total
            while page.more:
                number += 1
                page = self._api.page("contacts", {**EVERYTHING, **BY_ID}, number)
                if page.total < total:
                    break
                rows += page.rows
            else:
                return self._people.records(list({str(row["id"]): row for row in rows}.values()))
            # Somebody was deleted, and the next page began with whom nobody has seen.
            page = self._api.page("contacts", {**EVERYTHING, **BY_ID})
            rows = list(page.rows)
        return None

    def _try(self, rows: Sequence[Row]) -> None:
        """Whether the finder goes by digits, tried out on somebody whom it must know by now."""
        with self._lock:
            sample = self._sample(rows) if self._search is None else None
            if sample is not None:
                handle, digits = sample
                row = self._api.first("contacts", "phone", digits)
                bears = row is not None and handle in self._phones(row)
                self._search = "digits" if bears else "stored"

    def _sample(self, rows: Sequence[Row]) -> tuple[str, str] | None:
        """A North American number that is written with more than digits, written a while ago."""
        before = self._api.earliest_now() - LATELY
        for row in rows:
            if not 0 < micros(row["attributes"].get("updated_at")) < before:
                continue
            for text in main_person(row).phones:
                for handle in read_phone_field(text, self._region).handles:
                    if handle.key.startswith("+1") and len(handle.key) == 12 and handle.key[2:] not in text:
                        return handle.key, handle.key[2:]
        return None

    def _phones(self, row: Row) -> set[str]:
        person = self._people.complete([row])[0]
        return {handle.key for handle in self._people.record(person).handles}

    def _ask(self, handle: Handle, search: Search) -> tuple[list[Record], str]:
        """Who bears a handle, and why it is not certain that these are all, if so."""
        by = "email" if handle.kind == "email" else "phone"
        hit = False
        for text in questions(handle, search):
            hit = hit or self._api.first("contacts", by, text) is not None
            if hit:
                break
        if not hit:
            return [], ""
        bearers: set[str] = set()
        for pattern in patterns(handle):
            sort: Sort = "email_addresses" if handle.kind == "email" else "phone_numbers"
            found = self._people.bearing(sort, pattern, BEARER_PAGES, lambda info: _may_be(handle, info))
            if found is None:
                return (
                    [],
                    f"{TITLE} finds somebody for {handle.key}, and cannot say whether it is all of them.",
                )
            bearers |= found
        return [self._people.record(person) for person in self._people.present(sorted(bearers))], ""


def _findings(
    wanted: Mapping[str, Handle], records: Iterable[Record], unanswered: Mapping[str, str]
) -> dict[str, Finding]:
    bearing: dict[str, dict[str, Record]] = {key: {} for key in wanted}
    for record in records:
        for key in {handle.key for handle in record.handles} & wanted.keys():
            bearing[key][record.id] = record
    return {
        key: Finding("unknown", why=unanswered[key])
        if key in unanswered
        else (Finding("found", tuple(found.values())) if found else ABSENT)
        for key, found in bearing.items()
    }


def _reading(first: Page) -> int:
    """Requests that reading everybody takes: where rows do not name their further numbers, two more lists."""
    bare = any(related(row, name) is None for row in first.rows for name in NAMES.values())
    return first.pages * 3 if bare else first.pages


def _cost(handles: Iterable[Handle], search: Search) -> int:
    """Requests that asking takes at least."""
    return 1 + sum(len(questions(handle, search)) for handle in handles)


def questions(handle: Handle, search: Search) -> tuple[str, ...]:
    """What to ask the finder, one after the other, until it names somebody."""
    if handle.kind == "email":
        return _about_address(handle.key)
    if search == "stored":
        return spellings(handle)
    try:
        number = phonenumbers.parse(handle.key, None)
    except phonenumbers.NumberParseException:
        return (handle.key.removeprefix("+"),)
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    digits = "".join(each for each in national if each.isdigit())
    # With and without the leading 1 of North America is tried by Lawmatics itself.
    forms = [digits] if number.country_code == 1 else [handle.key.removeprefix("+"), digits]
    return tuple(dict.fromkeys(forms))


def _about_address(address: str) -> tuple[str, ...]:
    """The address, in both writings of its domain."""
    local, _, domain = address.rpartition("@")
    asked = [address]
    if "xn--" in domain:
        with suppress(UnicodeError):
            asked.append(f"{local}@{domain.encode('ascii').decode('idna')}")
    return tuple(asked)


def patterns(handle: Handle) -> tuple[str, ...]:
    """What the writings of a handle have in common: an address with any `+tag`, the last digits of a
    number."""
    if handle.kind != "email":
        return (f"%{handle.key[-TAIL:]}%",)
    written = (address.rpartition("@") for address in _about_address(handle.key))
    return tuple(f"{literal(local)}%@{literal(domain)}" for local, _, domain in written)


def _may_be(handle: Handle, info: str) -> bool:
    """Whether it is worth to read whose number this is: it ends alike, whatever country it is read in."""
    if handle.kind == "email":
        return True
    return handle.key[-ENDS_ALIKE:] in "".join(each for each in info if each.isdecimal())
