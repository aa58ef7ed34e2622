"""Whether what was sent was carried out: our keys, where they can be asked for (apis A3, D).

Texts of activities and time entries can be filtered by a part, so their keys are asked for. Custom fields
cannot be filtered by, so a contact's key is looked for among those made lately, the newest first; a contact
is also looked for by its handles before it is sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from firstcontact.connectors.lawmatics import activities, marks
from firstcontact.connectors.lawmatics.activities import FIELDS, PATHS, Form, Id
from firstcontact.connectors.lawmatics.client import EVERYTHING, Api, Page, Refused, Row, literal
from firstcontact.connectors.lawmatics.mapping import attributes, marks_of
from firstcontact.connectors.lawmatics.marks import Mark, read_line
from firstcontact.connectors.toolkit.times import micros

LATELY = 3 * 86_400_000_000
"""So old is a record at most whose key is looked for in a list."""
PAGES = 40
"""So many pages of a list are looked through at most."""
_NEWEST = {**EVERYTHING, "sort_by": "id", "sort_order": "desc"}

Found = tuple[str, Row, Mark]
"""Id, row and mark of an activity or a time entry."""


class Keys:
    """Looks for keys of ours. Safe to use from several threads."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def written(self, keys: Collection[str]) -> dict[str, str]:
        """Ids of the records that these writes made. Raises TryAgain, AuthLapsed, Refused."""
        missing = dict.fromkeys(keys)
        found: dict[str, str] = {}

        def take(key: str, id: str) -> None:
            if key in missing:
                del missing[key]
                found[key] = id

        contacts = self._contacts()
        for rows in contacts:
            _take_contacts(rows, take)
            break  # the newest page holds most that was lost
        for key in list(missing):
            for made in self._made(key):
                take(key, made)
                break
        while missing and (rows := next(contacts, ())):
            _take_contacts(rows, take)
        return found

    def _contacts(self) -> Iterator[tuple[Row, ...]]:
        """Contacts that were made lately, page by page, the newest first."""
        return (page.rows for page in self._lately("contacts"))

    def _made(self, key: str) -> Iterator[str]:
        """The activity or time entry that bears a key."""
        for form in PATHS:
            found = self.activity(form, key, lambda mark: mark.key == key)
            if found is not None:
                yield str(found[0])
        entry = self.time_entry(key)
        if entry:
            yield entry

    def activity(self, form: Form, text: str, wanted: Callable[[Mark], bool]) -> tuple[Id, Row] | None:
        """The first activity of a form with this in its text whose mark is the one wanted."""

        def mark_of(row: Row) -> Mark | None:
            return activities.text_there(form, row).mark

        found = self._with(PATHS[form], FIELDS[form], text, mark_of, wanted)
        return (Id(form, found[0]), found[1]) if found else None

    def time_entry(self, key: str) -> str:
        """The time entry that bears a key; "" for none."""

        def mark_of(row: Row) -> Mark | None:
            lines = str(attributes(row).get("description") or "").split("\n")
            return next((mark for mark in map(read_line, lines) if mark), None)

        found = self._with("time_entries", "description", key, mark_of, lambda mark: mark.key == key)
        return found[0] if found else ""

    def _with(
        self,
        resource: str,
        field: str,
        text: str,
        mark_of: Callable[[Row], Mark | None],
        wanted: Callable[[Mark], bool],
    ) -> Found | None:
        asked = {"filter_by": field, "filter_on": f"%{literal(text)}%", "filter_with": "like"}
        try:
            pages: Iterator[Page] = iter([self._api.page(resource, {**EVERYTHING, **asked})])
            return _first(pages, mark_of, wanted)
        except Refused as refused:
            if refused.status != 422:
                raise
            # This field cannot be filtered by: most can, says the documentation.
            return _first(self._lately(resource), mark_of, wanted)

    def _lately(self, resource: str) -> Iterator[Page]:
        """Pages of what was made lately, the newest first."""
        since = self._api.earliest_now() - LATELY
        for number, page in enumerate(self._api.pages(resource, _NEWEST), 1):
            yield page
            last = attributes(page.rows[-1]) if page.rows else {}
            if number == PAGES or micros(last.get("created_at")) < since:
                return


def _first(
    pages: Iterator[Page], mark_of: Callable[[Row], Mark | None], wanted: Callable[[Mark], bool]
) -> Found | None:
    for page in pages:
        for row in page.rows:
            mark = mark_of(row)
            if mark is not None and wanted(mark):
                return str(row["id"]), row, mark
    return None


def _take_contacts(rows: tuple[Row, ...], take: Callable[[str, str], None]) -> None:
    for row in rows:
        key = marks_of(row).get(marks.KEY)
        if isinstance(key, str):
            take(key, str(row["id"]))
