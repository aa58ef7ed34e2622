"""Lawmatics' API v1: addresses, envelope, paging, finders and refusals (apis A3, "Shape").

Every method raises TryAgain and AuthLapsed of the contract, and `Refused` for what Lawmatics said no to;
those that write raise `http.Lost` where nobody can tell whether it happened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from firstcontact.connectors.contract import AuthLapsed, Opening, TryAgain
from firstcontact.connectors.toolkit import clocks
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Answer, Http, Lost
from firstcontact.connectors.toolkit.tokens import Tokens

TITLE = "Lawmatics"
API = "https://api.lawmatics.com"
APP = "https://app.lawmatics.com"
"""Where a person logs in; everything else is asked of `API`."""
EVERYTHING = {"fields": "all"}
BY_ID = {"sort_by": "id", "sort_order": "asc"}
_REFUSALS = frozenset({400, 403, 404, 405, 409, 413, 415, 422})

Row = Mapping[str, Any]
Parameters = Mapping[str, Any]
Form = list[tuple[str, tuple[str | None, str | bytes] | tuple[str | None, str | bytes, str]]]
"""Parts of a multipart form: name, and file name (None for a value), contents, perhaps their type."""


class Refused(Exception):
    """Lawmatics said no. Never leaves the connector. words: its own, as far as there are some."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{TITLE} answered {status}: {words or 'no reason given'}")
        self.status = status
        self.words = words


class Page(msgspec.Struct, frozen=True):
    """One page of a list: its rows, whether there are more behind it, and how many pages and records all have
    together."""

    rows: tuple[Row, ...]
    more: bool
    pages: int
    total: int


def address(options: Mapping[str, str | int | bool]) -> str:
    """Where the connection's Lawmatics is."""
    return str(options.get("address") or API).rstrip("/")


def front(options: Mapping[str, str | int | bool]) -> str:
    """Where a person logs in."""
    return str(options.get("address") or APP).rstrip("/")


def literal(text: str) -> str:
    """Text that stands for itself in a filter's pattern (SQL's LIKE)."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


class Api:
    """Requests to one firm's Lawmatics, safe to use from several threads."""

    def __init__(self, opening: Opening) -> None:
        self._now = opening.now
        self._skew: int | None = None
        self.sent = 0
        """How many requests were answered so far, for those who count what they cost."""
        self._http = Http(
            TITLE,
            address(opening.options),
            auth=Tokens(opening.credentials, _ended, opening.now),
            pace=opening.pace,
            headers={"Accept": "application/json"},
            watch=self._watch,
        )

    def _watch(self, answer: Answer) -> None:
        self.sent += 1
        told = clocks.skew(answer.headers, self._now())
        self._skew = self._skew if told is None else told

    def skew(self) -> int | None:
        """By how many microseconds Lawmatics' clock is ahead of ours; None before any answer."""
        return self._skew

    def earliest_now(self) -> int:
        """A time that is not later than now by our clock or by Lawmatics'."""
        return self._now() + min(0, self._skew or 0)

    # --- reading -----------------------------------------------------------------------------------------

    def page(self, resource: str, parameters: Parameters, number: int = 1) -> Page:
        """A page of a list (`contacts`). Whether there is another one is told by `meta`: the samples' links
        name paths that are none. Raises Refused."""
        body = self._read(f"/v1/{resource}", {**parameters, "page": number})
        rows, meta = body.get("data"), body.get("meta")
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise TryAgain(f"{TITLE} answered a list with something else.", AFTER_TROUBLE)
        meta = meta if isinstance(meta, Mapping) else {}
        pages, total = meta.get("total_pages"), meta.get("total_entries")
        known = isinstance(pages, int)
        return Page(
            tuple(rows),
            bool(rows)
            and (number < pages if isinstance(pages, int) else bool(body.get("links", {}).get("next"))),
            pages if isinstance(pages, int) else number + 1,
            total if known and isinstance(total, int) else -1,
        )

    def rows(self, resource: str, parameters: Parameters) -> list[Row]:
        """The rows of all pages of a list."""
        return [row for page in self.pages(resource, parameters) for row in page.rows]

    def pages(self, resource: str, parameters: Parameters) -> Iterator[Page]:
        """All pages of a list, asked for one by one."""
        number = 1
        while True:
            page = self.page(resource, parameters, number)
            yield page
            if not page.more:
                return
            number += 1

    def one(self, path: str) -> Row:
        """One record with all its fields (`contacts/7`). Raises Refused, 404 where it is not there."""
        return self._data(self._read(f"/v1/{path}", EVERYTHING))

    def first(self, resource: str, by: str, text: str) -> Row | None:
        """The one record that a finder (`phone`, `email`) names; None where it finds nothing, which is 404,
        or 200 without data (apis N). Raises Refused."""
        try:
            body = self._read(f"/v1/{resource}/find_by_{by}/{quote(text, safe='')}", EVERYTHING)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise
        data = body.get("data")
        return None if data is None or data == [] else self._data(body)

    def _data(self, body: Row) -> Row:
        data = body.get("data")
        if not isinstance(data, Mapping) or "id" not in data:
            raise TryAgain(f"{TITLE} answered a record with something else.", AFTER_TROUBLE)
        return data

    def _read(self, path: str, parameters: Parameters) -> Row:
        answer = self._http.read("GET", path, params=dict(parameters))
        body = _json(answer)
        if not answer.ok:
            raise _refusal(answer, body)
        if not isinstance(body, Mapping):
            raise TryAgain(f"{TITLE} answered with something that is not its JSON.", AFTER_TROUBLE)
        return body

    # --- writing -----------------------------------------------------------------------------------------

    def create(self, resource: str, data: Row) -> str:
        """The id of the record that was made."""
        return self._written("POST", f"/v1/{resource}", json=dict(data))

    def submit(self, resource: str, form: Form) -> str:
        """The id of the record that was made of a multipart form."""
        return self._written("POST", f"/v1/{resource}", files=form)

    def change(self, path: str, data: Row) -> str:
        """The id of the record that was changed."""
        return self._written("PUT", f"/v1/{path}", json=dict(data))

    def delete(self, path: str) -> None:
        """Take a record away."""
        answer = self._http.write("DELETE", f"/v1/{path}")
        if not answer.ok:
            raise _refusal(answer, _json(answer))

    def _written(self, method: str, path: str, **request: Any) -> str:
        answer = self._http.write(method, path, **request)
        body = _json(answer)
        if not answer.ok:
            raise _refusal(answer, body)
        made = body.get("data") if isinstance(body, Mapping) else None
        if not isinstance(made, Mapping) or not made.get("id"):
            raise Lost(f"{TITLE} answered a write with something that is not its JSON.")
        return str(made["id"])


def _ended(kept: Mapping[str, str]) -> Mapping[str, str]:
    """Tokens never end and there is nothing to renew them with (apis A3): one that is refused was taken
    back."""
    del kept
    raise AuthLapsed(f"{TITLE} does not accept our login any more; connect again.")


def _json(answer: Answer) -> Any:
    """The body as JSON; None where it is none."""
    try:
        return answer.json() if answer.content else None
    except ValueError:
        return None


def _refusal(answer: Answer, body: Any) -> Exception:
    """`{"errors": [{"status", "title", "detail"}]}` in words (apis A3, "Errors")."""
    errors = body.get("errors") if isinstance(body, Mapping) else None
    if not isinstance(errors, list) and answer.status not in _REFUSALS:
        return TryAgain(f"{TITLE} answered {answer.status}.", AFTER_TROUBLE)
    told = [one for one in errors or () if isinstance(one, Mapping)]
    words = [": ".join(str(one[name]) for name in ("title", "detail") if one.get(name)) for one in told]
    return Refused(answer.status, "; ".join(filter(None, words))[:500])
