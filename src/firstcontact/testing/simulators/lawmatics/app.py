"""The ASGI application: routes, login, limit, bodies (apis A3).

Strict: a path, method, parameter or field that is not known is refused in Lawmatics' envelope.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from firstcontact.testing.simulators.lawmatics import events, people, records, setup
from firstcontact.testing.simulators.lawmatics.bodies import read, read_form, read_json
from firstcontact.testing.simulators.lawmatics.errors import LawmaticsError, no_path
from firstcontact.testing.simulators.lawmatics.feed import ACTIVITIES
from firstcontact.testing.simulators.lawmatics.handles import EMAIL_ADDRESSES, PHONE_NUMBERS
from firstcontact.testing.simulators.lawmatics.kind import Kind, view, wanted
from firstcontact.testing.simulators.lawmatics.limits import Limits
from firstcontact.testing.simulators.lawmatics.listing import listed
from firstcontact.testing.simulators.lawmatics.oauth import Logins, OAuthError
from firstcontact.testing.simulators.lawmatics.prospects import PROSPECTS
from firstcontact.testing.simulators.lawmatics.quirks import Quirks
from firstcontact.testing.simulators.lawmatics.state import Record, State

ROOT = "/v1/"
KINDS: Mapping[str, Kind] = {
    kind.path: kind
    for kind in (
        ACTIVITIES,
        people.COMPANIES,
        people.CONTACTS,
        setup.CUSTOM_FIELDS,
        EMAIL_ADDRESSES,
        setup.EVENT_TYPES,
        events.EVENTS,
        records.FILES,
        records.INTERACTIONS,
        records.NOTES,
        PHONE_NUMBERS,
        setup.PRACTICE_AREAS,
        PROSPECTS,
        setup.TAGS,
        records.TIME_ENTRIES,
        setup.USERS,
    )
}
_FINDER = re.compile(r"find_by_(phone|email|name)/(.+)")
_METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"]


class Matched:
    """A route that was found: its kind, and an id, a finder with what it looks for, or neither."""

    def __init__(self, kind: Kind, id: str = "", by: str = "", text: str = "") -> None:
        self.kind = kind
        self.id = id
        self.by = by
        self.text = text


class Api:
    """Answers requests to one simulated firm."""

    def __init__(
        self,
        state: State,
        logins: Logins,
        limits: Limits,
        api_user: Record,
        count: Callable[[str, str], None],
    ) -> None:
        """count: is told method and path of every request to the API."""
        self.state = state
        self.logins = logins
        self.limits = limits
        self.api_user = api_user
        self.count = count
        self.app = Starlette(
            routes=[
                Route("/oauth/{path:path}", self._oauth, methods=_METHODS),
                Route("/{path:path}", self._answer, methods=_METHODS),
            ]
        )

    async def _oauth(self, request: Request) -> Response:
        """`/oauth/authorize` and `/oauth/token`, the only two there are (apis A3, "OAuth")."""
        content = await request.body()
        with self.state.lock:
            now = self.state.clock()
            try:
                match request.method, request.url.path:
                    case "GET", "/oauth/authorize":
                        return RedirectResponse(self.logins.authorize(request.query_params, now), 302)
                    case "POST", "/oauth/token":
                        return JSONResponse(self.logins.token(_given(request, content), now))
                raise no_path()
            except OAuthError as error:
                told = {"error": error.error, "error_description": str(error)}
                return JSONResponse(told, error.status)
            except LawmaticsError as error:
                return _refusal(error)

    async def _answer(self, request: Request) -> Response:
        """Every other path: the route, then login and limit, then what is asked for (apis A3)."""
        content = await request.body()
        with self.state.lock:
            query = f"?{request.url.query}" if request.url.query else ""
            self.count(request.method, request.url.path + query)
            try:
                found = matched(request, self.state.quirks)
                self.logins.check(request.headers.get("authorization", ""))
                self.limits.take(self.state.clock())
                if found.kind.path in self.state.quirks.forbidden:
                    raise LawmaticsError(403, "Forbidden", "You are not authorized to perform this action.")
                response = self._carried_out(request, found, content)
            except LawmaticsError as error:
                response = _refusal(error)
            response.headers["Date"] = formatdate(self.state.clock() / 1_000_000, usegmt=True)
            return response

    def _carried_out(self, request: Request, found: Matched, content: bytes) -> Response:
        kind = found.kind
        params: dict[str, list[str]] = {}
        for name, value in parse_qsl(request.url.query, keep_blank_values=True):
            params.setdefault(name, []).append(value)
        if found.by:
            return self._found(found, params)
        if found.id:
            return self._one(request, found, params, content)
        if request.method == "GET":
            return JSONResponse(listed(kind, self.state, params, self._known(kind)))
        names = self._names(kind, params, saved=True)
        data = _body(request, content, kind, kind.create)
        assert kind.save is not None
        record = kind.save(self.state, None, data, self.api_user)
        return JSONResponse({"data": view(kind, self.state, record, names)}, kind.made)

    def _one(
        self, request: Request, found: Matched, params: Mapping[str, list[str]], content: bytes
    ) -> Response:
        kind, state = found.kind, self.state
        me = kind is setup.USERS and found.id == "me"
        record = self.api_user if me else state.need(kind.path, kind.what, found.id)
        if request.method == "GET":
            names = self._names(kind, params, saved=False)
            return JSONResponse({"data": view(kind, state, record, names)})
        if request.method == "DELETE":
            return self._deleted(kind, record, params)
        names = self._names(kind, params, saved=True)
        data = _body(request, content, kind, kind.update)
        assert kind.save is not None
        kind.save(state, record, data, self.api_user)
        return JSONResponse({"data": view(kind, state, record, names)})

    def _deleted(self, kind: Kind, record: Record, params: Mapping[str, list[str]]) -> Response:
        """The answer is the record as it was (published answers)."""
        notify = params.get("notify_attendees", ["false"])[-1]
        if kind is not events.EVENTS or notify not in ("true", "false"):
            _only(params, frozenset())
        _only(params, frozenset({"notify_attendees"}))
        told = {"data": view(kind, self.state, record, wanted(kind, self.state.quirks, None, saved=False))}
        if kind is events.EVENTS:
            events.cancel(self.state, record, notify == "true")
        else:
            assert kind.remove is not None
            kind.remove(self.state, record)
        return JSONResponse(told)

    def _found(self, found: Matched, params: Mapping[str, list[str]]) -> Response:
        """A finder answers one record, never all that match (apis A3, "Lookup")."""
        names = self._names(found.kind, params, saved=False)
        try:
            record = people.finder(self.state, found.kind, found.by, found.text)
        except LawmaticsError as error:
            if error.status == 404 and self.state.quirks.finder_miss == "null":
                return JSONResponse({"data": None})
            raise
        return JSONResponse({"data": view(found.kind, self.state, record, names)})

    def _names(
        self, kind: Kind, params: Mapping[str, list[str]], saved: bool
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        _only(params, frozenset({"fields"}))
        texts = params.get("fields")
        return wanted(kind, self.state.quirks, texts[-1] if texts else None, saved)

    def _known(self, kind: Kind) -> Callable[[State, Record, str], Any]:
        def known(state: State, record: Record, name: str) -> Any:
            return people.known_text(state, record, name, lambda: kind.value(state, record, name))

        return known


def matched(request: Request, quirks: Quirks) -> Matched:
    """The route of a request. Raises LawmaticsError 404 of the router, before anybody asks who it is."""
    raw = request.scope.get("raw_path", b"").decode("ascii", "replace") or request.url.path
    path = raw.partition("?")[0]
    if not path.startswith(ROOT):
        raise no_path()
    first, _, rest = path[len(ROOT) :].partition("/")
    kind = KINDS.get(first)
    if kind is None:
        raise no_path()
    method = "PUT" if request.method == "PATCH" else request.method
    if not rest and method in _list_methods(kind):
        return Matched(kind)
    finder = _FINDER.fullmatch(rest) if kind.finders and method == "GET" else None
    if finder is not None and "/" not in finder[2]:
        return Matched(kind, by=finder[1], text=unquote(finder[2]))
    if kind.single and rest and "/" not in rest and method in _one_methods(kind, quirks):
        return Matched(kind, id=unquote(rest))
    raise no_path()


def _list_methods(kind: Kind) -> tuple[str, ...]:
    return ("GET", "POST") if kind.create else ("GET",)


def _one_methods(kind: Kind, quirks: Quirks) -> tuple[str, ...]:
    if kind is events.EVENTS and not quirks.event_put:
        return ("GET", "DELETE")
    return ("GET", *(["PUT"] if kind.update else []), *(["DELETE"] if kind.remove else []))


def _body(request: Request, content: bytes, kind: Kind, names: Mapping[str, Any]) -> dict[str, Any]:
    type = request.headers.get("content-type", "")
    body = read_form(content, type) if kind.form else read_json(content, type)
    return read(body, names, kind.form)


def _only(params: Mapping[str, list[str]], known: frozenset[str]) -> None:
    for name in params:
        if name not in known:
            raise LawmaticsError(422, "Unpermitted Parameter", f"{name!r} is not a parameter here.")


def _given(request: Request, content: bytes) -> Mapping[str, Any]:
    """The body of a token request: a form or JSON."""
    type = request.headers.get("content-type", "")
    if type.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        return read_json(content, type)
    except LawmaticsError as error:
        raise OAuthError("invalid_request", str(error)) from None


def _refusal(error: LawmaticsError) -> Response:
    if error.status == 401:
        return Response(status_code=401)
    return JSONResponse(error.body(), error.status, headers=error.headers)
