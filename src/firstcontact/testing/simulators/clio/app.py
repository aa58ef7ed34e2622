"""The ASGI application: routes, log-ins, versions, limits, pages (apis A2, Clio Manage).

Strict: a path, method, parameter or field that is not known is refused in Clio's envelope.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from email.utils import formatdate, parsedate_to_datetime
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from firstcontact.testing.simulators.clio import words
from firstcontact.testing.simulators.clio.activities import ACTIVITIES
from firstcontact.testing.simulators.clio.bodies import read_body
from firstcontact.testing.simulators.clio.communications import (
    CALENDAR_ENTRIES,
    COMMUNICATIONS,
    has_property,
    need_name,
)
from firstcontact.testing.simulators.clio.contacts import CONTACTS, EMAIL_ADDRESSES, PHONE_NUMBERS
from firstcontact.testing.simulators.clio.documents import DOCUMENTS, put_bytes
from firstcontact.testing.simulators.clio.errors import ClioError, bad
from firstcontact.testing.simulators.clio.limits import Limits
from firstcontact.testing.simulators.clio.oauth import Logins, OAuthError
from firstcontact.testing.simulators.clio.practice import MATTERS, NOTES, RELATIONSHIPS, TASKS
from firstcontact.testing.simulators.clio.resource import COMMON, Asked, Resource, Test, by_query, number
from firstcontact.testing.simulators.clio.selecting import Wanted, read_fields, shown
from firstcontact.testing.simulators.clio.setup import CUSTOM_FIELDS, USERS, WEBHOOKS, with_value
from firstcontact.testing.simulators.clio.state import SECOND, Record, State

ROOT = "/api/v4"
NEWEST = (4, 0, 13)
_VALUE_OF = re.compile(r"custom_field_values\[([^\]]*)\]")


RESOURCES: Mapping[str, Resource] = {
    one.kind: one
    for one in (
        ACTIVITIES,
        CALENDAR_ENTRIES,
        COMMUNICATIONS,
        CONTACTS,
        CUSTOM_FIELDS,
        DOCUMENTS,
        MATTERS,
        NOTES,
        RELATIONSHIPS,
        TASKS,
        USERS,
        WEBHOOKS,
    )
}
PARTS: Mapping[str, tuple[Resource, str]] = {
    "phone_numbers": (PHONE_NUMBERS, "phones"),
    "email_addresses": (EMAIL_ADDRESSES, "emails"),
}
LISTED = frozenset(RESOURCES)
"""`GET /X.json`, and `POST` where `words.CREATE` has X."""
OPEN = frozenset({"communications", "contacts", "documents", "matters", "webhooks"})
"""`GET`, `PATCH`, `DELETE /X/{id}.json` that apis A2 and the fixture have."""
BEYOND: Mapping[str, frozenset[str]] = {
    "/users.json": frozenset({"GET"}),
    "/tasks.json": frozenset({"GET"}),
    "/calendar_entries/{id}.json": frozenset({"GET", "PATCH", "DELETE"}),
    "/activities/{id}.json": frozenset({"GET", "DELETE"}),
}
"""Paths of Clio's specification that the fixture, which is a part of it, leaves out: published clients use
them."""


def offered() -> dict[str, frozenset[str]]:
    """Every path that the simulator knows, with its methods."""
    found: dict[str, frozenset[str]] = {}
    for kind in LISTED - {"users", "tasks"}:
        found[f"/{kind}.json"] = frozenset({"GET", *(["POST"] if kind in words.CREATE else [])})
    for kind in OPEN:
        found[f"/{kind}/{{id}}.json"] = frozenset({"GET", "PATCH", "DELETE"})
    for part in PARTS:
        found[f"/contacts/{{contact_id}}/{part}.json"] = frozenset({"GET"})
    found["/users/who_am_i.json"] = frozenset({"GET"})
    return {**found, **BEYOND}


def parameters(resource: Resource) -> frozenset[str]:
    """Parameters that a list of this resource knows."""
    known = {"fields", "limit", "page_token", "ids[]", *COMMON, *resource.filters, *resource.others}
    ordered = {"order"} if resource.orders or resource.kind in OPEN else set()
    return frozenset(known | ordered | ({"query"} if resource.texts else set()))


_PATHS = [
    (re.compile(re.sub(r"\\\{\w+\\\}", r"(\\d+)", re.escape(path))), path, methods)
    for path, methods in offered().items()
]


class Api:
    """Answers requests to one simulated account.

    What a route answers and takes is with its resource; each cites what it is from.
    """

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
        every = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"]
        self.app = Starlette(
            routes=[
                Route("/oauth/{path:path}", self._oauth, methods=every),
                Route("/uploads/{uuid}", self._upload, methods=["PUT"]),
                Route("/{path:path}", self._answer, methods=every),
            ]
        )

    # --- logging in ------------------------------------------------------------------------------------

    async def _oauth(self, request: Request) -> Response:
        """`/oauth/authorize`, `/oauth/token`, `/oauth/deauthorize` (apis A2, "OAuth")."""
        content = await request.body()
        with self.state.lock:
            now = self.state.clock()
            try:
                match request.method, request.url.path:
                    case "GET", "/oauth/authorize":
                        return RedirectResponse(self.logins.authorize(request.query_params, now), 302)
                    case "POST", "/oauth/token":
                        return JSONResponse(self.logins.token(dict(_form(request, content)), now))
                    case "POST", "/oauth/deauthorize":
                        self.logins.deauthorize(
                            self.logins.check(request.headers.get("authorization", ""), now)
                        )
                        return JSONResponse({})
                return _refusal(ClioError(404, f"there is no {request.method} {request.url.path}"))
            except OAuthError as error:
                told = {"error": error.error, "error_description": str(error)}
                return JSONResponse(told, error.status)
            except ClioError as error:
                return _refusal(error)

    async def _upload(self, request: Request) -> Response:
        """The second step of an upload goes to the storage: no login and no limit there (apis A2)."""
        content = await request.body()
        with self.state.lock:
            try:
                put_bytes(self.state, request.path_params["uuid"], request.headers, content)
            except ClioError as error:
                return PlainTextResponse(str(error), error.status)
        return Response(status_code=200)

    # --- the API ---------------------------------------------------------------------------------------

    async def _answer(self, request: Request) -> Response:
        """Every other path: login, limit, version, then the route (apis A2, "Conventions", "Rate limit")."""
        content = await request.body()
        with self.state.lock:
            query = f"?{request.url.query}" if request.url.query else ""
            self.count(request.method, request.url.path + query)
            now = self.state.clock()
            headers = {"Date": formatdate(now / 1_000_000, usegmt=True)}
            try:
                token = self.logins.check(request.headers.get("authorization", ""), now)
                headers.update(self.limits.take(token, now))
                version = _version(request.headers.get("x-api-version"), self.state)
                headers["X-API-VERSION"] = ".".join(map(str, version))
                response = self._routed(request, content, version)
            except ClioError as error:
                response = _refusal(error, self.state.quirks.body_429)
            response.headers.update(headers)
            return response

    def _routed(self, request: Request, content: bytes, version: tuple[int, ...]) -> Response:
        template, ids = _matched(request.method, request.url.path)
        params: dict[str, list[str]] = {}
        for name, value in parse_qsl(request.url.query, keep_blank_values=True):
            params.setdefault(name, []).append(value)
        base = str(request.base_url).rstrip("/")
        asked = Asked(user=self.api_user, version=version, base=base, params=params)
        kind = template.split("/")[1].removesuffix(".json")
        if kind in self.state.quirks.forbidden:
            raise ClioError(403, f"User is forbidden from taking that action on {kind}")
        return self._carried_out(request, template, kind, ids, content, asked)

    def _carried_out(
        self, request: Request, template: str, kind: str, ids: Sequence[int], content: bytes, asked: Asked
    ) -> Response:
        if template == "/users/who_am_i.json":
            return self._show(request, USERS, self.api_user, asked)
        part = template.rpartition("/")[2].removesuffix(".json")
        if part in PARTS:
            return self._parts(PARTS[part], ids[0], asked)
        resource = RESOURCES[kind]
        if not ids:
            return (
                self._list(resource, asked)
                if request.method == "GET"
                else self._create(resource, content, asked)
            )
        record = self.state.need(kind, ids[0])
        if request.method == "GET":
            return self._show(request, resource, record, asked)
        _unchanged(request.headers.get("if-match"), record)
        if request.method == "PATCH":
            return self._update(resource, record, content, asked)
        _known_params(asked.params, frozenset())
        if (
            kind == "contacts"
            and record.id in self.state.clients
            and self.state.quirks.delete_client == "refused"
        ):
            raise ClioError(403, "a contact that is the client of a matter cannot be deleted")
        self.state.remove(record)
        return Response(status_code=204)

    def _show(self, request: Request, resource: Resource, record: Record, asked: Asked) -> Response:
        wanted = self._wanted(resource, asked)
        if _seen(request.headers, record):
            return Response(status_code=304)
        view = resource.view(self.state, record, asked)
        return JSONResponse({"data": shown(view, resource.type, wanted, self.state.quirks)})

    def _create(self, resource: Resource, content: bytes, asked: Asked) -> Response:
        wanted = self._wanted(resource, asked)
        data = read_body(content, words.CREATE[resource.kind], self.state.quirks)
        assert resource.save is not None
        record = resource.save(self.state, None, data, asked)
        view = resource.view(self.state, record, asked)
        return JSONResponse({"data": shown(view, resource.type, wanted, self.state.quirks)}, 201)

    def _update(self, resource: Resource, record: Record, content: bytes, asked: Asked) -> Response:
        wanted = self._wanted(resource, asked)
        data = read_body(content, words.UPDATE[resource.kind], self.state.quirks)
        assert resource.save is not None
        resource.save(self.state, record, data, asked)
        view = resource.view(self.state, record, asked)
        return JSONResponse({"data": shown(view, resource.type, wanted, self.state.quirks)})

    def _wanted(self, resource: Resource, asked: Asked) -> Wanted:
        more = resource.others & {"custom_field_ids[]"}
        _known_params(asked.params, frozenset({"fields"}) | more)
        return read_fields(asked.params.get("fields", [None])[-1], resource.type, self.state.quirks)

    # --- lists -----------------------------------------------------------------------------------------

    def _list(self, resource: Resource, asked: Asked) -> Response:
        params = asked.params
        values = {
            match[1]: texts[-1] for name, texts in params.items() if (match := _VALUE_OF.fullmatch(name))
        }
        known = parameters(resource)
        if "custom_field_values" in resource.others:
            known |= {f"custom_field_values[{id}]" for id in values}
        _known_params(params, known)
        for name in resource.needed:
            if name not in params:
                raise bad(f"{name} is required")
        need_name(params)
        records = self._ordered(resource, params)
        tests = self._tests(resource, params, values, asked)
        kept = (record for record in records if all(test(record) for test in tests))
        return self._page(resource, kept, asked)

    def _tests(
        self, resource: Resource, params: Mapping[str, Sequence[str]], values: Mapping[str, str], asked: Asked
    ) -> list[Test]:
        filters = {**COMMON, **resource.filters}
        tests = [filters[name](self.state, texts[-1]) for name, texts in params.items() if name in filters]
        if "ids[]" in params:
            wanted = {number(text) for text in params["ids[]"]}
            tests.append(lambda record: record.id in wanted)
        if "exclude_ids[]" in params:
            unwanted = {number(text) for text in params["exclude_ids[]"]}
            tests.append(lambda record: record.id not in unwanted)
        if "external_property_value" in params:
            name = params["external_property_name"][-1]
            tests.append(has_property(name, params["external_property_value"][-1]))
        if values:
            tests.append(with_value(values)(self.state))
        if params.get("query", [""])[-1]:
            if self.state.search_broken:
                raise ClioError(503, "Service Unavailable")
            tests.append(by_query(self.state, params["query"][-1]))
        if resource.hidden is not None:
            hidden = resource.hidden
            tests.append(lambda record: not hidden(record, asked))
        return tests

    def _ordered(self, resource: Resource, params: Mapping[str, Sequence[str]]) -> list[Record]:
        """Records in the order asked for; by id without one. Raises ClioError 400."""
        text = params.get("order", ["id(asc)"])[-1]
        match = re.fullmatch(r"(\w+)\((asc|desc)\)", text)
        orders = {"id": lambda record: record.id, **resource.orders}
        if match is None or match[1] not in orders:
            raise bad(f"{text!r} is no order of {resource.kind}")
        records = list(self.state.all(resource.kind))
        if text != "id(asc)":
            key = orders[match[1]]
            records.sort(key=lambda record: (key(record), record.id), reverse=match[2] == "desc")
        return records

    def _page(self, resource: Resource, records: Iterator[Record], asked: Asked, path: str = "") -> Response:
        """`limit` records from where the token says. By id a page goes on behind the last one it gave, in
        another order it counts, so that what comes or goes in between moves it (not verified)."""
        params = asked.params
        limit = number(params.get("limit", [str(resource.most)])[-1])
        if not 1 <= limit <= resource.most:
            raise bad(f"limit must be between 1 and {resource.most}")
        limit = min(limit, self.state.quirks.page_size)
        wanted = read_fields(params.get("fields", [None])[-1], resource.type, self.state.quirks)
        by_id = params.get("order", ["id(asc)"])[-1] == "id(asc)"
        skipped = _behind(params.get("page_token", [""])[-1], by_id)
        kept = (
            (record for record in records if record.id > skipped) if by_id else islice(records, skipped, None)
        )
        page = list(islice(kept, limit + 1))
        more, page = len(page) > limit, page[:limit]
        meta: dict[str, Any] = {"paging": {}}
        if more:
            token = _token({"after": page[-1].id} if by_id else {"offset": skipped + limit})
            given = [(name, text) for name, texts in params.items() for text in texts if name != "page_token"]
            query = urlencode([*given, ("page_token", token)])
            meta["paging"]["next"] = f"{asked.base}{ROOT}{path or f'/{resource.kind}.json'}?{query}"
        views = (resource.view(self.state, record, asked) for record in page)
        data = [shown(view, resource.type, wanted, self.state.quirks) for view in views]
        return JSONResponse({"data": data, "meta": meta})

    def _parts(self, part: tuple[Resource, str], contact: int, asked: Asked) -> Response:
        """A contact's numbers or addresses (apis A2, "Lookup")."""
        resource, name = part
        record = self.state.need("contacts", contact)
        _known_params(asked.params, frozenset({"fields", "limit", "page_token", "ids[]", *COMMON}))
        tests = self._tests(resource, asked.params, {}, asked)
        kept = (one for one in record.values[name] if all(test(one) for test in tests))
        return self._page(resource, kept, asked, f"/contacts/{contact}/{resource.kind}.json")


def _matched(method: str, path: str) -> tuple[str, list[int]]:
    """The path's template and the ids in it. Raises ClioError 404."""
    for pattern, template, methods in _PATHS:
        match = pattern.fullmatch(path.removeprefix(ROOT))
        if match and method in methods and path.startswith(ROOT):
            return template, [int(id) for id in match.groups()]
    raise ClioError(404, f"there is no {method} {path}")


def _known_params(params: Mapping[str, Sequence[str]], known: frozenset[str]) -> None:
    for name in params:
        if name not in known:
            raise bad(f"{name!r} is not a parameter here")


def _unchanged(text: str | None, record: Record) -> None:
    """`IF-MATCH` names the etag that the sender has seen (apis A2, "Conventions"). Raises ClioError 412."""
    if text is not None and record.etag not in [one.strip() for one in text.split(",")] and text != "*":
        raise ClioError(412, "the record has been changed since: its etag is another")


def _seen(headers: Mapping[str, str], record: Record) -> bool:
    """Whether the sender has the record as it is: `IF-NONE-MATCH`, `IF-MODIFIED-SINCE` (specification)."""
    if record.etag in headers.get("if-none-match", ""):
        return True
    try:
        since = parsedate_to_datetime(headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return record.updated // SECOND <= int(since.timestamp())


def _version(text: str | None, state: State) -> tuple[int, ...]:
    """The version asked for, the newest where none is. Raises ClioError 410 (apis A2, "Conventions")."""
    if text is None:
        return NEWEST
    oldest = tuple(int(part) for part in state.quirks.oldest_version.split("."))
    parts = tuple(int(part) for part in text.split(".") if part.isdigit())
    if not re.fullmatch(r"\d+\.\d+\.\d+", text) or not oldest <= parts <= NEWEST:
        raise ClioError(410, f"version {text} of the API is not supported")
    return parts


def _token(told: Mapping[str, int]) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode()


def _behind(token: str, by_id: bool) -> int:
    """What a page token says: the last id that was given, or how many records. Raises ClioError 400."""
    if not token:
        return 0
    try:
        return int(json.loads(base64.urlsafe_b64decode(token))["after" if by_id else "offset"])
    except (ValueError, KeyError, TypeError):
        raise bad("page_token is not valid") from None


def _form(request: Request, content: bytes) -> list[tuple[str, str]]:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise OAuthError("invalid_request", "the body must be a form")
    return parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True)


def _refusal(error: ClioError, body_429: str = "envelope") -> Response:
    if error.status == 429 and body_429 != "envelope":
        text = "Retry later\n" if body_429 == "text" else ""
        return PlainTextResponse(text, 429, headers=error.headers)
    return JSONResponse(error.body(), error.status, headers=error.headers)
