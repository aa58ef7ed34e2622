"""Looking for handles live: the least that is honest with a search that compares texts (apis A2, "Lookup").

Clio's `query` finds parts of texts as they were typed, and knows nothing of what was written a moment ago.
So a look is: whoever was changed lately, from the list, which does not lag; then one question for each number
and two for each address; whatever comes back is read and verified. One question is enough where this Clio
really finds any part of a text, since every usual writing of a number ends with the same four digits; that
is tried out once, on a contact that has ten digits in a row. Where it finds whole words only, each usual
writing is asked for. Where reading the whole list is cheaper than asking, it is read, and nothing is left
open.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence

from firstcontact.connectors.clio.client import PAGE, TITLE, Api, Row
from firstcontact.connectors.clio.mapping import CONTACT, read_contact
from firstcontact.connectors.toolkit.text_search import TAIL, Search, questions
from firstcontact.connectors.toolkit.times import iso, micros
from firstcontact.identity.records import ABSENT, Finding, Record
from firstcontact.interactions.model import Handle

LATELY = 15 * 60_000_000
"""For so long after it was written the search may not know a contact; longer than a poll's distance."""
LATELY_PAGES = 10
A_FEW_PAGES = 3
ANSWER_PAGES = 5
"""A question with more answers than this many pages is not answered."""
_RUN = re.compile(r"\d{7,}")


class Finder:
    """Finds contacts by handles, safe to use from several threads."""

    def __init__(self, api: Api, region: str) -> None:
        self._api = api
        self._region = region
        self._lock = threading.Lock()
        self._search: Search | None = None
        self._length: tuple[int, bool] = (0, False)
        """Pages of the whole list when it was last seen, and whether it has no more than that."""

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """See `Crm`. Raises TryAgain, AuthLapsed, Refused."""
        wanted = {handle.key: handle for handle in handles}
        if not wanted:
            return {}
        search, everything = self._known(list(wanted.values()))
        if everything is not None:
            return _findings(wanted, everything, {})
        asked = {key: questions(handle, search) for key, handle in wanted.items()}
        rows, cut = self._lately()
        unanswered = dict.fromkeys(wanted, cut) if cut else {}
        for key, texts in asked.items():
            for text in texts:
                found, whole = self._ask(text)
                rows += found
                if not whole:
                    unanswered[key] = f"{TITLE} finds too many contacts for {text!r} to look at all of them."
        return _findings(wanted, self._records(rows), unanswered)

    def _known(self, handles: Collection[Handle]) -> tuple[Search, list[Record] | None]:
        """How this Clio searches, and everybody, where the whole list is no dearer than asking."""
        search = self._search
        if search is not None and self._too_long(_cost(handles, search)):
            return search, None
        rows: list[Row] = []
        for seen, page in enumerate(self._api.pages("contacts", CONTACT, {"order": "id(asc)"}), 1):
            rows += page.rows
            if not page.next:
                self._length = (seen, True)
                break
            if page.total >= 0:
                self._length = (-(-page.total // PAGE), True)
            else:
                self._length = (max(self._length[0], seen + 1), False)
            search = search or self._tried(rows)
            if self._too_long(_cost(handles, search or "words")):
                return search or "words", None
        return search or "words", self._records(rows)

    def _too_long(self, cost: int) -> bool:
        """Whether the list has more pages than asking takes requests. Where Clio does not tell how many there
        are, half of them are risked."""
        pages, exact = self._length
        return pages > (cost if exact else max(min(cost, A_FEW_PAGES), cost // 2))

    def _tried(self, rows: Sequence[Row]) -> Search | None:
        """Whether a question finds parts of words, tried out on somebody whom the search must know by now;
        None where there is nobody to try it on."""
        with self._lock:
            sample = _sample(rows, self._api.earliest_now() - LATELY) if self._search is None else None
            if sample is not None:
                id, run = sample
                found, whole = self._ask(run[-TAIL:])
                there = any(str(row["id"]) == id for row in found)
                if there or whole:
                    self._search = "parts" if there else "words"
            return self._search

    def _lately(self) -> tuple[list[Row], str]:
        """Contacts changed lately, and why it is not all of them, if so."""
        since = {"updated_since": iso(self._api.earliest_now() - LATELY)}
        rows: list[Row] = []
        for number, page in enumerate(self._api.pages("contacts", CONTACT, since), 1):
            rows += page.rows
            if number == LATELY_PAGES and page.next:
                return rows, f"more contacts of {TITLE} were changed lately than can be looked at."
        return rows, ""

    def _ask(self, text: str) -> tuple[list[Row], bool]:
        """What one question finds, and whether it is all."""
        rows: list[Row] = []
        for number, page in enumerate(self._api.pages("contacts", CONTACT, {"query": text}), 1):
            rows += page.rows
            if number == ANSWER_PAGES and page.next:
                return rows, False
        return rows, True

    def _records(self, rows: Iterable[Row]) -> list[Record]:
        return [read_contact(row, self._region) for row in {str(row["id"]): row for row in rows}.values()]


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
            run = _RUN.search(str(number.get("number") or ""))
            if run:
                return str(row["id"]), run[0]
    return None


def _cost(handles: Iterable[Handle], search: Search) -> int:
    """Requests that asking takes."""
    return 1 + sum(len(questions(handle, search)) for handle in handles)
