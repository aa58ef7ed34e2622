"""Clio Grow over HTTP: the platform API (addresses, envelope, paging, refusals) and the Lead Inbox (apis A2).

Every method raises TryAgain and AuthLapsed of the contract, and `Refused` for what Clio Grow said no to;
those that write raise `http.Lost` where nobody can tell whether it happened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from firstcontact.connectors.contract import AuthLapsed, Opening, TryAgain
from firstcontact.connectors.toolkit import clocks
from firstcontact.connectors.toolkit.http import AFTER_TROUBLE, Answer, Http, Lost
from firstcontact.connectors.toolkit.oauth import refreshing
from firstcontact.connectors.toolkit.tokens import Renewal, Tokens

TITLE = "Clio Grow"
REGIONS: Mapping[str, str] = {"us": "", "eu": "eu.", "ca": "ca.", "au": "au."}
"""What the names of a region's hosts begin with."""
BASE_PATH = "/grow"
AT_ONCE = 50
"""Ids that one list takes (`ids[]`)."""
AFTER_TOO_MANY = 1.0
"""Seconds to wait after the first 429: the limit is of a second, and no header tells (apis A2)."""
MOST_SECONDS = 900.0
"""It doubles with each 429 that follows another, up to this."""
ONE_USE = (
    "Each of its refresh tokens is good for one use: a program that ended while it renewed the login, or a "
    "copy of the login that is used elsewhere, ends it."
)

_OTHER_LOGIN = (
    "With api={api}, " + TITLE + " wants another login: firstcontact connect clio_grow --option api={api} "
    "--login {login}."
)

Row = Mapping[str, Any]
Parameters = Mapping[str, Any]
Options = Mapping[str, str | int | bool]


class Refused(Exception):
    """Clio Grow said no. Never leaves the connector. words: its own sentence. fields: those it names."""

    def __init__(self, status: int, words: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(f"{TITLE} answered {status}: {words or 'no reason given'}")
        self.status = status
        self.words = words
        self.fields = fields


class Page(msgspec.Struct, frozen=True):
    """One page of a list: its rows, and what the next one is asked for with, "" for none."""

    rows: tuple[Row, ...]
    next: str


# --- where things are -----------------------------------------------------------------------------------


def _host(options: Options, name: str) -> str:
    """The address that was given, or the region's host of that name."""
    given = str(options.get("address") or "")
    return (given or f"https://{REGIONS[str(options.get('region') or 'us')]}{name}.clio.com").rstrip("/")


def platform_address(options: Options) -> str:
    """Where the platform API is."""
    return _host(options, "api")


def inbox_address(options: Options) -> str:
    """Where the Lead Inbox is."""
    return _host(options, "grow")


def login_address(options: Options) -> str:
    """Where logins are given: Clio's page names another host than the one that programs are seen to use."""
    return str(options.get("login_address") or "").rstrip("/") or _host(options, "auth.api")


# --- the platform API -------------------------------------------------------------------------------------


class Platform:
    """Requests to one firm's platform API, safe to use from several threads."""

    def __init__(self, opening: Opening) -> None:
        options = opening.options
        self._base = "/" + str(options.get("base_path") or BASE_PATH).strip("/")
        self._now = opening.now
        self._pace = opening.pace
        self._skew: int | None = None
        self._wait = AFTER_TOO_MANY
        door = Http(TITLE, login_address(options))
        renewal = _once(refreshing(door, "/oauth/token", opening.now, TITLE))
        self._http = Http(
            TITLE,
            platform_address(options),
            auth=Tokens(opening.credentials, renewal, opening.now),
            pace=opening.pace,
            headers={"Accept": "application/json"},
            watch=self._watch,
        )

    def skew(self) -> int | None:
        """By how many microseconds Clio Grow's clock is ahead of ours; None before any answer."""
        return self._skew

    def earliest_now(self) -> int:
        """A time that is not later than now by our clock or by Clio Grow's."""
        return self._now() + min(0, self._skew or 0)

    def _watch(self, answer: Answer) -> None:
        told = clocks.skew(answer.headers, self._now())
        self._skew = self._skew if told is None else told
        if answer.status != 429:
            self._wait = AFTER_TOO_MANY
        elif not answer.headers.get("Retry-After"):
            wait, self._wait = self._wait, min(2 * self._wait, MOST_SECONDS)
            self._pace.leave_alone(wait)
            raise TryAgain(f"{TITLE} takes no more requests for now (429).", wait)

    def page(self, path: str, parameters: Parameters, next: str = "") -> Page:
        """One page of a list (`contacts`); next: as the page before gave it. Raises Refused, also for a page
        that Clio Grow does not know any more."""
        asked: Any = {**parameters, **dict(_pairs(next))} if next else dict(parameters)
        body = self._read(path, asked)
        rows = body.get("data")
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise TryAgain(f"{TITLE} answered a list with something else.", AFTER_TROUBLE)
        follows = _next(body.get("meta"))
        if follows and follows == next:
            raise TryAgain(f"{TITLE} gave the same page for the next one.", AFTER_TROUBLE)
        return Page(tuple(rows), follows)

    def pages(self, path: str, parameters: Parameters) -> Iterator[Page]:
        """All pages of a list, asked for one by one."""
        page = self.page(path, parameters)
        yield page
        while page.next:
            page = self.page(path, parameters, page.next)
            yield page

    def of_ids(self, path: str, ids: list[str], parameters: Parameters | None = None) -> Iterator[Row]:
        """The records of a list that have these ids; who is not there is left out."""
        for begin in range(0, len(ids), AT_ONCE):
            some = {**(parameters or {}), "ids[]": [int(id) for id in ids[begin : begin + AT_ONCE]]}
            for page in self.pages(path, some):
                yield from page.rows

    def one(self, path: str) -> Row:
        """One record (`contacts/7`). Raises Refused, 404 where it is not there."""
        return self._record(self._read(path, {}))

    def create(self, path: str, fields: Row) -> Row:
        """Make a record; as Clio Grow then has it. Raises Refused, Lost."""
        return self._written("POST", path, fields)

    def change(self, path: str, fields: Row) -> None:
        """Change a record. Raises Refused, Lost."""
        self._written("PATCH", path, fields)

    def _read(self, path: str, parameters: Parameters) -> Row:
        answer = self._http.read("GET", f"{self._base}/{path}", params=parameters)
        body = _json(answer)
        if not answer.ok:
            raise _refusal(answer, body)
        if not isinstance(body, Mapping):
            raise TryAgain(f"{TITLE} answered with something that is not its JSON.", AFTER_TROUBLE)
        return body

    def _record(self, body: Row) -> Row:
        data = body.get("data")
        if not isinstance(data, Mapping):
            raise TryAgain(f"{TITLE} answered a record with something else.", AFTER_TROUBLE)
        return data

    def _written(self, method: str, path: str, fields: Row) -> Row:
        answer = self._http.write(method, f"{self._base}/{path}", json={"data": dict(fields)})
        body = _json(answer)
        if not answer.ok:
            raise _refusal(answer, body)
        data = body.get("data") if isinstance(body, Mapping) else None
        if not isinstance(data, Mapping) or not data.get("id"):
            raise Lost(f"{TITLE} answered a write with something that is not its JSON.")
        return data


def _once(renewal: Renewal) -> Renewal:
    """Says what may have happened where a renewal is refused: a refresh token is good for one use."""

    def renew(kept: Mapping[str, str]) -> Mapping[str, str]:
        if not kept.get("refresh_token"):
            raise AuthLapsed(_OTHER_LOGIN.format(api="platform", login="browser"))
        try:
            return renewal(kept)
        except AuthLapsed as lapsed:
            raise AuthLapsed(f"{lapsed} {ONE_USE}") from lapsed

    return renew


def _next(meta: object) -> str:
    """What the next page is asked for with: the parameters of its address, whichever host that names."""
    paging = meta.get("paging") if isinstance(meta, Mapping) else None
    address = paging.get("next") if isinstance(paging, Mapping) else None
    if not isinstance(address, str) or not address:
        return ""
    query = urlencode(sorted(parse_qsl(urlsplit(address).query, keep_blank_values=True)))
    if "page_token=" not in query:
        raise TryAgain(f"{TITLE} names a next page that cannot be asked for.", AFTER_TROUBLE)
    return query


def _pairs(query: str) -> Iterator[tuple[str, str | list[str]]]:
    given: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        given.setdefault(name, []).append(value)
    for name, values in given.items():
        yield name, values if name.endswith("[]") else values[-1]


# --- the Lead Inbox -----------------------------------------------------------------------------------------


class LeadInbox:
    """Requests to one firm's Lead Inbox, safe to use from several threads."""

    def __init__(self, opening: Opening) -> None:
        self._credentials = opening.credentials
        self._now = opening.now
        self._skew: int | None = None
        self._http = Http(
            TITLE,
            inbox_address(opening.options),
            pace=opening.pace,
            headers={"Accept": "application/json"},
            watch=self._watch,
        )

    def skew(self) -> int | None:
        """By how many microseconds Clio Grow's clock is ahead of ours; None before any answer."""
        return self._skew

    def _watch(self, answer: Answer) -> None:
        told = clocks.skew(answer.headers, self._now())
        self._skew = self._skew if told is None else told

    def tell(self, lead: Row) -> None:
        """Put a lead into the inbox. What is answered to one that was taken is not known (apis N): nothing,
        or some JSON. Raises Refused, Lost, AuthLapsed."""
        answer = self._send(lead)
        if not answer.ok:
            raise _refusal(answer, _json(answer))
        try:
            if answer.content.strip():
                answer.json()
        except ValueError:
            raise Lost(f"{TITLE} answered a lead with something that is not its JSON.") from None

    def try_token(self) -> Refused | None:
        """What the inbox says of our token: a lead without any of the required fields is sent, which is not
        taken. None where it answers as if it had taken it. Raises TryAgain, AuthLapsed."""
        try:
            answer = self._send({})
        except Lost as lost:
            raise TryAgain(str(lost), AFTER_TROUBLE) from lost
        return None if answer.ok else _refusal(answer, _json(answer))

    def _send(self, lead: Row) -> Answer:
        token = self._credentials.read().get("inbox_lead_token", "")
        if not token:
            raise AuthLapsed(_OTHER_LOGIN.format(api="inbox", login="token"))
        return self._http.write(
            "POST", "/inbox_leads", json={"inbox_lead_token": token, "inbox_lead": dict(lead)}
        )


# --- what was said --------------------------------------------------------------------------------


def _json(answer: Answer) -> Any:
    try:
        return answer.json() if answer.content else None
    except ValueError:
        return None


def _refusal(answer: Answer, body: Any) -> Refused:
    """Clio Grow's words, in whichever of the shapes seen they come (`error.message`, `message`, `errors` by
    field)."""
    words, fields = _words(body)
    return Refused(answer.status, words[:500], fields)


def _words(body: Any) -> tuple[str, tuple[str, ...]]:
    if not isinstance(body, Mapping):
        return "", ()
    error = body.get("error")
    inner = body.get("inbox_lead")
    for holder in (body, error, inner):
        errors = holder.get("errors") if isinstance(holder, Mapping) else None
        if isinstance(errors, Mapping) and errors:
            said = "; ".join(f"{name}: {_flat(value)}" for name, value in errors.items())
            return said, tuple(str(name) for name in errors)
    for holder in (error, body):
        message = holder.get("message") if isinstance(holder, Mapping) else None
        if isinstance(message, str) and message:
            return message, ()
    return (error if isinstance(error, str) else ""), ()


def _flat(value: Any) -> str:
    return ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)
