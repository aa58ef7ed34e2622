"""Looking for handles live, in three lists: contacts, leads not looked at yet, leads that were ignored.

How the search compares numbers is not known (apis N): a part of the text, whole words, or the whole text.
So a look at one of the lists is: whoever was changed lately, from the list, which does not lag; then the
questions that find a handle however it is written; whatever comes back is read and verified. One question is
enough where the search really finds any part of a text, which is tried out once on a contact that has many
digits in a row. Where reading the whole list is no dearer than asking, it is read, and nothing is left open.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from firstcontact.connectors.clio_grow.client import TITLE, Platform, Row
from firstcontact.connectors.clio_grow.mapping import read_contact, read_lead
from firstcontact.connectors.toolkit.text_search import TAIL, Search, questions
from firstcontact.connectors.toolkit.times import iso, micros
from firstcontact.identity.records import ABSENT, Finding, Record
from firstcontact.interactions.model import Handle

LATELY = 15 * 60_000_000
"""For so long after it was written the search may not know a record; longer than a poll's distance."""
LATELY_PAGES = 10
A_FEW_PAGES = 3
ANSWER_PAGES = 5
"""A question with more answers than this many pages is not answered."""
STATES = ("untriaged", "ignored")
"""Leads are listed by their state, which is required."""
_RUN = re.compile(r"\d{7,}")

Read = Callable[[Row, str], Record]
Learn = Callable[[Sequence[Row]], Search | None]


class Shelf:
    """One list that can be searched: its path, what is always asked with it, and how its rows are read."""

    def __init__(self, api: Platform, path: str, always: Mapping[str, str], read: Read, region: str) -> None:
        self._api = api
        self._path = path
        self._always = always
        self._read = read
        self._region = region
        self._length: tuple[int, bool] = (0, False)
        """Pages of the whole list when it was last seen, and whether it has no more than that."""

    def look(
        self, handles: Collection[Handle], search: Search | None, learn: Learn
    ) -> tuple[list[Record], dict[str, str]]:
        """Records that may bear the handles, and why that is not all, by handle key. learn: finds out how the
        search compares, from rows of the list. Raises TryAgain, AuthLapsed, Refused."""
        search, rows = self._whole(handles, search, learn)
        if rows is not None:
            return self._records(rows), {}
        rows, cut = self._lately()
        unanswered = {handle.key: cut for handle in handles} if cut else {}
        for handle in handles:
            for text in questions(handle, search):
                found, whole = self.ask(text)
                rows += found
                if not whole:
                    unanswered[handle.key] = f"{TITLE} finds too many for {text!r} to look at all of them."
        return self._records(rows), unanswered

    def ask(self, text: str) -> tuple[list[Row], bool]:
        """What one question finds, and whether it is all."""
        rows: list[Row] = []
        for number, page in enumerate(self._api.pages(self._path, {**self._always, "query": text}), 1):
            rows += page.rows
            if number == ANSWER_PAGES and page.next:
                return rows, False
        return rows, True

    def _whole(
        self, handles: Collection[Handle], search: Search | None, learn: Learn
    ) -> tuple[Search, list[Row] | None]:
        """How the search compares, and the whole list, where that is no dearer than asking."""
        if search is not None and self._too_long(_cost(handles, search)):
            return search, None
        rows: list[Row] = []
        for seen, page in enumerate(self._api.pages(self._path, self._always), 1):
            rows += page.rows
            if not page.next:
                self._length = (seen, True)
                return search or "words", rows
            self._length = (max(self._length[0], seen + 1), False)
            search = search or learn(rows)
            if self._too_long(_cost(handles, search or "words")):
                break
        return search or "words", None

    def _too_long(self, cost: int) -> bool:
        """Whether the list has more pages than asking takes requests. It does not tell how many there are, so
        half of them are risked."""
        pages, exact = self._length
        return pages > (cost if exact else max(min(cost, A_FEW_PAGES), cost // 2))

    def _lately(self) -> tuple[list[Row], str]:
        """Whoever was changed lately, and why it is not all of them, if so."""
        since = {**self._always, "updated_since": iso(self._api.earliest_now() - LATELY)}
        rows: list[Row] = []
        for number, page in enumerate(self._api.pages(self._path, since), 1):
            rows += page.rows
            if number == LATELY_PAGES and page.next:
                return rows, f"more records of {TITLE} were changed lately than can be looked at."
        return rows, ""

    def _records(self, rows: Iterable[Row]) -> list[Record]:
        return [self._read(row, self._region) for row in {str(row["id"]): row for row in rows}.values()]


class Finder:
    """Finds contacts and leads by handles, safe to use from several threads."""

    def __init__(self, api: Platform, region: str) -> None:
        self._api = api
        self._lock = threading.Lock()
        self._search: Search | None = None
        self._contacts = Shelf(api, "contacts", {}, read_contact, region)
        self._leads = [Shelf(api, "inbox_leads", {"state": state}, read_lead, region) for state in STATES]

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """See `Crm`. Raises TryAgain, AuthLapsed, Refused."""
        wanted = {handle.key: handle for handle in handles}
        if not wanted:
            return {}
        records: list[Record] = []
        unanswered: dict[str, str] = {}
        for shelf in (self._contacts, *self._leads):
            learn = self._tried if shelf is self._contacts else _nothing
            found, why = shelf.look(wanted.values(), self._search, learn)
            records += found
            unanswered |= why
        return _findings(wanted, records, unanswered)

    def _tried(self, rows: Sequence[Row]) -> Search | None:
        """Whether a question finds parts of words, tried out on somebody whom the search must know by now;
        None where there is nobody to try it on."""
        with self._lock:
            sample = _sample(rows, self._api.earliest_now() - LATELY) if self._search is None else None
            if sample is not None:
                id, run = sample
                found, whole = self._contacts.ask(run[-TAIL:])
                there = any(str(row["id"]) == id for row in found)
                if there or whole:
                    self._search = "parts" if there else "words"
            return self._search


def _nothing(_: Sequence[Row]) -> Search | None:
    """It is tried out on contacts."""
    return None


def _findings(
    wanted: Mapping[str, Handle], records: Iterable[Record], unanswered: Mapping[str, str]
) -> dict[str, Finding]:
    bearing: dict[str, list[Record]] = {key: [] for key in wanted}
    for record in records:
        for key in {handle.key for handle in record.handles} & wanted.keys():
            bearing[key].append(record)
    return {
        key: Finding("unknown", why=unanswered[key])
        if key in unanswered
        else (Finding("found", tuple(found)) if found else ABSENT)
        for key, found in bearing.items()
    }


def _sample(rows: Sequence[Row], before: int) -> tuple[str, str] | None:
    """Somebody with many digits in a row, written before then."""
    for row in rows:
        if not 0 < micros(row.get("updated_at")) < before:
            continue
        for number in row.get("phone_numbers") or ():
            run = _RUN.search(str(number or ""))
            if run:
                return str(row["id"]), run[0]
    return None


def _cost(handles: Iterable[Handle], search: Search) -> int:
    """Requests that asking takes."""
    return 1 + sum(len(questions(handle, search)) for handle in handles)
