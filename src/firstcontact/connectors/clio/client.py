"""Clio Manage's API v4: addresses, headers, envelope, paging, limits and refusals (apis A2, "Conventions").

Every method raises TryAgain and AuthLapsed of the contract, and `Refused` for what Clio said no to; those
that write raise `http.Lost` where nobody can tell whether it happened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from firstcontact.connectors.contract import Allowance, Opening, TryAgain
from firstcontact.connectors.toolkit import clocks
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Answer, Http, Lost, retry_after
from firstcontact.connectors.toolkit.oauth import refreshing
from firstcontact.connectors.toolkit.tokens import Tokens

TITLE = "Clio Manage"
REGIONS: Mapping[str, str] = {
    "us": "https://app.clio.com",
    "eu": "https://eu.app.clio.com",
    "ca": "https://ca.app.clio.com",
    "au": "https://au.app.clio.com",
}
"""A login of one region is not taken in another (apis A2)."""
VERSION = "4.0.13"
"""The newest minor version known of; from 4.0.4 on, quantities are seconds."""
PAGE = 200
WINDOW = 60.0
"""Seconds over which requests are counted."""
LEFT_TO_OTHERS = 0.4
"""Share of a minute's requests that a reading of everything leaves to live work."""
_NEW_VERSION_SECONDS = 3600.0
_SECOND = 1_000_000

Row = Mapping[str, Any]
Parameters = Mapping[str, Any]


class Refused(Exception):
    """Clio said no. Never leaves the connector. words: Clio's own sentence."""

    def __init__(self, status: int, type: str, words: str) -> None:
        super().__init__(f"Clio answered {status}: {words or type or 'no reason given'}")
        self.status = status
        self.type = type
        self.words = words


class Page(msgspec.Struct, frozen=True):
    """One page of a list: its rows, the token of the next one ("" for none), and how many rows all pages have
    together where Clio tells, else -1."""

    rows: tuple[Row, ...]
    next: str
    total: int = -1


def address(options: Mapping[str, str | int | bool]) -> str:
    """Where the connection's Clio is: its region's address, or the one that was given."""
    return str(options.get("address") or REGIONS[str(options.get("region") or "us")]).rstrip("/")


class Api:
    """Requests to one firm's Clio, safe to use from several threads."""

    def __init__(self, opening: Opening) -> None:
        base = address(opening.options)
        self._pace = opening.pace
        self._now = opening.now
        self._allowance: Allowance | None = None
        self._told_at = 0
        self._skew: int | None = None
        door = Http(TITLE, base)
        renewal = refreshing(door, "/oauth/token", opening.now, TITLE)
        self._http = Http(
            TITLE,
            base,
            auth=Tokens(opening.credentials, renewal, opening.now),
            pace=opening.pace,
            headers={"X-API-VERSION": VERSION, "Accept": "application/json"},
            watch=self._watch,
        )
        self._elsewhere = Http("The place that keeps Clio's documents", base)

    # --- what answers tell beside their contents ----------------------------------------------------------

    def allowance(self) -> Allowance | None:
        """What the last answer said of the minute's limit."""
        return self._allowance

    def skew(self) -> int | None:
        """By how many microseconds Clio's clock is ahead of ours; None before any answer."""
        return self._skew

    def earliest_now(self) -> int:
        """A time that is not later than now by our clock or by Clio's."""
        return self._now() + min(0, self._skew or 0)

    def leave_room(self) -> None:
        """Before a page of a reading of everything: raises TryAgain where what is left of this minute is the
        part that live work is to have."""
        told = self._allowance
        if told is None or told.limit <= 0:
            return
        begins = self._told_at + int(told.resets_in * _SECOND) - self._now()
        if begins > 0 and told.left <= told.limit * LEFT_TO_OTHERS:
            raise TryAgain("The rest of this minute's requests is left to live work.", begins / _SECOND)

    def _watch(self, answer: Answer) -> None:
        """Raises TryAgain for 429, whichever of the two headers says for how long (apis A2)."""
        told = clocks.skew(answer.headers, self._now())
        self._skew = self._skew if told is None else told
        self._heed(answer.headers)
        if answer.status == 429:
            wait = self._wait(answer)
            self._pace.leave_alone(wait)
            raise TryAgain(f"{TITLE} takes no more requests for now (429).", wait)

    def _heed(self, headers: Mapping[str, str]) -> None:
        limit, left = headers.get("X-RateLimit-Limit", ""), headers.get("X-RateLimit-Remaining", "")
        if not (limit.isascii() and limit.isdigit() and left.isascii() and left.isdigit()):
            return
        self._told_at = self._now()
        resets_in = self._until(headers.get("X-RateLimit-Reset", ""))
        self._allowance = Allowance(int(limit), int(left), WINDOW if resets_in is None else resets_in)
        self._pace.heed(self._allowance)

    def _wait(self, answer: Answer) -> float:
        for seconds in (
            retry_after(answer),
            self._until(answer.headers.get("Retry-At", "")),
            self._until(answer.headers.get("X-RateLimit-Reset", "")),
        ):
            if seconds:
                return seconds
        return WINDOW

    def _until(self, text: str) -> float | None:
        """Seconds until a Unix time or a date; None where it says nothing that can be within a window, which
        clocks that disagree may bring about."""
        text = text.strip()
        try:
            at = (
                float(text) if text.replace(".", "", 1).isdigit() else parsedate_to_datetime(text).timestamp()
            )
        except (ValueError, TypeError):
            return None
        left = at - self._now() / _SECOND
        return left if 0 < left <= WINDOW * 2 else None

    # --- reading -----------------------------------------------------------------------------------------

    def page(self, resource: str, fields: str, parameters: Parameters, token: str = "") -> Page:
        """One page of a list (`contacts`). Raises Refused, also for a token that Clio does not know."""
        asked = {"fields": fields, "limit": PAGE, **parameters}
        if token:
            asked["page_token"] = token
        body = self._read(f"/api/v4/{resource}.json", asked)
        rows, meta = body.get("data"), body.get("meta")
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise TryAgain(f"{TITLE} answered a list with something else.", AFTER_TROUBLE)
        meta = meta if isinstance(meta, Mapping) else {}
        total = meta.get("records")
        return Page(tuple(rows), _token(meta), total if isinstance(total, int) else -1)

    def pages(self, resource: str, fields: str, parameters: Parameters) -> Iterator[Page]:
        """All pages of a list, asked for one by one."""
        token = ""
        while True:
            page = self.page(resource, fields, parameters, token)
            yield page
            token = page.next
            if not token:
                return

    def rows(self, resource: str, fields: str, parameters: Parameters) -> list[Row]:
        """The rows of all pages of a list."""
        return [row for page in self.pages(resource, fields, parameters) for row in page.rows]

    def one(self, path: str, fields: str) -> Row:
        """One record (`contacts/7`). Raises Refused, 404 where it is not there."""
        data = self._read(f"/api/v4/{path}.json", {"fields": fields}).get("data")
        if not isinstance(data, Mapping):
            raise TryAgain(f"{TITLE} answered a record with something else.", AFTER_TROUBLE)
        return data

    def _read(self, path: str, parameters: Parameters) -> Row:
        answer = self._http.read("GET", path, params=dict(parameters))
        body = _json(answer)
        if not answer.ok:
            raise self._refusal(answer, body)
        if not isinstance(body, Mapping):
            raise TryAgain(f"{TITLE} answered with something that is not its JSON.", AFTER_TROUBLE)
        return body

    # --- writing -----------------------------------------------------------------------------------------

    def create(self, resource: str, data: Row, fields: str = "id,etag") -> Row:
        """The record that was made, with these of its fields."""
        return self._write("POST", f"/api/v4/{resource}.json", data, fields)

    def change(self, path: str, data: Row, etag: str = "", fields: str = "id,etag") -> Row:
        """The record that was changed. etag: Refused with 412 where it is another one by now."""
        return self._write("PATCH", f"/api/v4/{path}.json", data, fields, _matching(etag))

    def delete(self, path: str, etag: str = "") -> None:
        """Take a record away. etag: Refused with 412 where it is another one by now."""
        answer = self._http.write("DELETE", f"/api/v4/{path}.json", headers=_matching(etag))
        if not answer.ok:
            raise self._refusal(answer, _json(answer))

    def put(self, url: str, headers: Mapping[str, str], content: bytes) -> None:
        """Upload bytes to the address that Clio gave for them, without our permission."""
        answer = self._elsewhere.write("PUT", url, content=content, headers=dict(headers))
        if not answer.ok:
            raise TryAgain(f"An upload was answered {answer.status}.", AFTER_TROUBLE)

    def _write(
        self, method: str, path: str, data: Row, fields: str, headers: Mapping[str, str] | None = None
    ) -> Row:
        answer = self._http.write(
            method, path, params={"fields": fields}, json={"data": data}, headers=dict(headers or {})
        )
        body = _json(answer)
        if not answer.ok:
            raise self._refusal(answer, body)
        made = body.get("data") if isinstance(body, Mapping) else None
        if not isinstance(made, Mapping) or "id" not in made:
            raise Lost(f"{TITLE} answered a write with something that is not its JSON.")
        return made

    def _refusal(self, answer: Answer, body: Any) -> Exception:
        if answer.status == 410:
            sentence = f"{TITLE} no longer offers version {VERSION} of its API; FirstContact must be newer."
            return TryAgain(sentence, _NEW_VERSION_SECONDS)
        error = body.get("error") if isinstance(body, Mapping) else None
        if not isinstance(error, Mapping):
            if answer.status in (400, 403, 404, 409, 412, 422):
                return Refused(answer.status, "", "")
            return TryAgain(f"{TITLE} answered {answer.status}.", AFTER_TROUBLE)
        return Refused(answer.status, str(error.get("type") or ""), str(error.get("message") or "")[:500])


def _matching(etag: str) -> dict[str, str]:
    return {"IF-MATCH": etag if etag.startswith(('"', "W/")) else f'"{etag}"'} if etag else {}


def _json(answer: Answer) -> Any:
    """The body as JSON; None where it is none."""
    try:
        return answer.json() if answer.content else None
    except ValueError:
        return None


def _token(meta: Row) -> str:
    """`meta.paging.next` is a full address; only its token is taken, so that no login goes elsewhere."""
    paging = meta.get("paging")
    link = paging.get("next") if isinstance(paging, Mapping) else None
    if not link:
        return ""
    tokens = parse_qs(urlsplit(str(link)).query).get("page_token") or [""]
    if not tokens[0]:
        raise TryAgain(f"{TITLE} named a next page without its token.", AFTER_TROUBLE)
    return tokens[0]


def id_list(ids: Sequence[str]) -> dict[str, list[str]]:
    """The parameter that names records."""
    return {"ids[]": list(ids)}
