"""The ASGI application: log-ins, the Lead Inbox, the platform API (apis A2, "Clio Grow").

Paths, parameters and bodies of the platform API are those of Clio's published description of Grow v2. Strict:
a path, method, parameter or field that is not known is refused in its envelope.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from firstcontact.testing.simulators.clio_grow import bodies, lists
from firstcontact.testing.simulators.clio_grow.contacts import contact_view, save_contact
from firstcontact.testing.simulators.clio_grow.errors import GrowError, bad, invalid, missing
from firstcontact.testing.simulators.clio_grow.inbox import (
    STATES,
    created_view,
    inbox_view,
    lead_view,
    read_inbox_lead,
    save_lead,
)
from firstcontact.testing.simulators.clio_grow.limits import Limits
from firstcontact.testing.simulators.clio_grow.oauth import CLIENT_ID, Logins, OAuthError
from firstcontact.testing.simulators.clio_grow.practice import matter_view, note_view, save_note, user_view
from firstcontact.testing.simulators.clio_grow.state import Record, State

Answered = tuple[int, dict[str, Any]]
View = Callable[[State, Record], dict[str, Any]]
ALL_LEADS = "grow_lead_inbox_all_read"


class Asked(msgspec.Struct, frozen=True):
    """One request to the platform API: the ids in its path, its parameters and body, and what we may do."""

    path: str
    address: str
    ids: tuple[int, ...]
    params: lists.Params
    headers: Mapping[str, str]
    content: bytes
    scopes: frozenset[str]


class Offered(msgspec.Struct, frozen=True):
    """A route: who answers, the scope it needs ("": any login), and the resource that a permission is for."""

    answer: Callable[[Api, Asked], Answered]
    scope: str
    resource: str


class Api:
    """Answers requests to one simulated account; what a route does is with its resource."""

    def __init__(
        self,
        state: State,
        logins: Logins,
        limits: Limits,
        api_user: Record,
        count: Callable[[str, str], None],
    ) -> None:
        """count: is told method and path of every request to either API."""
        self.state = state
        self.logins = logins
        self.limits = limits
        self.api_user = api_user
        self.count = count
        every = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"]
        self.app = Starlette(
            routes=[
                Route("/oauth/{path:path}", self._oauth, methods=every),
                Route("/{path:path}", self._answer, methods=every),
            ]
        )

    # --- logging in ------------------------------------------------------------------------------------

    async def _oauth(self, request: Request) -> Response:
        """`/oauth/authorize`, `/oauth/token`, `/oauth/revoke` (apis A2; the last from a client)."""
        content = await request.body()
        header = request.headers.get("authorization", "")
        with self.state.lock:
            now = self.state.clock()
            try:
                match request.method, request.url.path:
                    case "GET", "/oauth/authorize":
                        return RedirectResponse(self.logins.authorize(request.query_params, now), 302)
                    case "POST", "/oauth/token":
                        return JSONResponse(self.logins.token(_form(request, content), header, now))
                    case "POST", "/oauth/revoke":
                        self.logins.revoke(_form(request, content), header)
                        return JSONResponse({})
            except OAuthError as error:
                told = {"error": error.error, "error_description": str(error)}
                return JSONResponse(told, error.status)
        unknown = GrowError(404, f"there is no {request.method} {request.url.path}")
        return JSONResponse(unknown.body(), 404)

    # --- both APIs -------------------------------------------------------------------------------------

    async def _answer(self, request: Request) -> Response:
        content = await request.body()
        with self.state.lock:
            query = f"?{request.url.query}" if request.url.query else ""
            self.count(request.method, request.url.path + query)
            try:
                if request.url.path == "/inbox_leads":
                    response = self._inbox(request, content)
                else:
                    status, body = self._platform(request, content)
                    response = JSONResponse(body, status)
            except GrowError as error:
                response = self._refusal(error)
            response.headers["Date"] = formatdate(self.state.clock() / 1_000_000, usegmt=True)
            return response

    def _refusal(self, error: GrowError) -> Response:
        body = error.body()
        if error.status == 429 and self.state.quirks.body_429 == "message":
            body = {"message": "Too Many Requests"}
        return JSONResponse(body, error.status, headers=error.headers)

    # --- the Lead Inbox --------------------------------------------------------------------------------

    def _inbox(self, request: Request, content: bytes) -> Response:
        """`POST /inbox_leads` with the firm's token in the body (apis A2, "Lead Inbox API"). Both headers are
        asked for; nothing can be looked up."""
        if request.method != "POST" or request.url.query:
            raise GrowError(404, f"there is no {request.method} {request.url.path}")
        if "application/json" not in request.headers.get("accept", ""):
            raise GrowError(406, "the Accept header must be application/json")
        body = bodies.read_json(content, request.headers)
        token = body.get("inbox_lead_token") if isinstance(body, dict) else None
        self.limits.inbox(str(token), self.state.clock())
        if self.logins.revoked:
            raise GrowError(401, "the inbox token is not valid")
        data = read_inbox_lead(body)
        lead = save_lead(self.state, data, by_app=False)
        match self.state.quirks.inbox_answer:
            case "empty":
                return Response(status_code=201)
            case "with_id":
                return JSONResponse({"id": lead.id, **inbox_view(lead)}, 201)
        return JSONResponse(inbox_view(lead), 201)

    # --- the platform API ------------------------------------------------------------------------------

    def _platform(self, request: Request, content: bytes) -> Answered:
        """Every other path: login, limit of the application, scope, then the route."""
        now = self.state.clock()
        scopes = self.logins.check(request.headers.get("authorization", ""), now)
        self.limits.platform(CLIENT_ID, now)
        offered, path, ids = self._matched(request.method, request.url.path)
        if offered.resource in self.state.quirks.forbidden or (offered.scope and offered.scope not in scopes):
            raise GrowError(403, f"the login has no permission for {offered.resource}")
        params: dict[str, list[str]] = {}
        for name, value in parse_qsl(request.url.query, keep_blank_values=True):
            params.setdefault(name, []).append(value)
        address = str(request.base_url).rstrip("/")
        asked = Asked(path, address, ids, params, request.headers, content, scopes)
        return offered.answer(self, asked)

    def _matched(self, method: str, path: str) -> tuple[Offered, str, tuple[int, ...]]:
        """The route, the path below the API's, and the ids in it. Raises GrowError 404."""
        base = self.state.quirks.base_path
        below = path.removeprefix(base)
        if path.startswith(f"{base}/"):
            for pattern, template, known in _PATTERNS:
                found = pattern.fullmatch(below)
                assumed = (method, template) in ASSUMED and self.state.quirks.writes == "absent"
                if found and known == method and not assumed:
                    return ROUTES[method, template], below, tuple(int(id) for id in found.groups())
        raise GrowError(404, f"there is no {method} {path}")

    def listed(self, kind: str, view: View, asked: Asked, *more: lists.Test) -> Answered:
        """One page of a list, its common filters and some more heeded."""
        params = lists.opened(asked.params)
        wanted = [*lists.tests(self.state, params), *more]
        found, meta = lists.page(self.state, self.state.all(kind), wanted, params, asked.address, asked.path)
        return 200, {"data": [view(self.state, record) for record in found], "meta": meta}


# --- contacts ------------------------------------------------------------------------------------------


def _contacts(api: Api, asked: Asked) -> Answered:
    lists.known_params(asked.params, lists.COMMON | {"query", "include"})
    return api.listed("contacts", _including(contact_view, asked), asked)


def _contact(api: Api, asked: Asked) -> Answered:
    lists.known_params(asked.params, {"include"})
    view = _including(contact_view, asked)
    return 200, {"data": view(api.state, api.state.need("contacts", asked.ids[0]))}


def _including(view: View, asked: Asked) -> View:
    """With `include=custom_field_values` there are those too: here no record has any. Others are ignored."""
    names = lists.opened(asked.params).get("include", [""])[0].split(",")
    if "custom_field_values" not in names:
        return view
    return lambda state, record: {**view(state, record), "custom_field_values": []}


def _create_contact(api: Api, asked: Asked) -> Answered:
    """Assumed: see `bodies.CONTACT`."""
    lists.known_params(asked.params, ())
    data = bodies.read_body(asked.content, asked.headers, bodies.CONTACT)
    return 201, {"data": contact_view(api.state, save_contact(api.state, None, data))}


def _update_contact(api: Api, asked: Asked) -> Answered:
    """Assumed: see `bodies.CONTACT`."""
    lists.known_params(asked.params, ())
    record = api.state.need("contacts", asked.ids[0])
    data = bodies.read_body(asked.content, asked.headers, bodies.CONTACT)
    return 200, {"data": contact_view(api.state, save_contact(api.state, record, data))}


# --- matters and notes ---------------------------------------------------------------------------------


def _matters(api: Api, asked: Asked) -> Answered:
    lists.known_params(asked.params, lists.COMMON | {"include", "inbox_lead_id", "submitted_only"})
    params = lists.opened(asked.params)
    more: list[lists.Test] = []
    if "inbox_lead_id" in params:
        lead = lists.number(params["inbox_lead_id"][0])
        more.append(lambda record: record.values["inbox_lead_id"] == lead)
    if "submitted_only" in params and lists.flag(params["submitted_only"][0]):
        more.append(lambda record: _may_read(api, asked, record.values["inbox_lead_id"], ours_only=True))
    return api.listed("matters", _matter_shown(api, asked), asked, *more)


def _matter(api: Api, asked: Asked) -> Answered:
    lists.known_params(asked.params, {"include"})
    return 200, {"data": _matter_shown(api, asked)(api.state, api.state.need("matters", asked.ids[0]))}


def _matter_shown(api: Api, asked: Asked) -> View:
    """A matter, without the lead that it came from where we may not read that lead."""

    def view(state: State, record: Record) -> dict[str, Any]:
        shown = matter_view(state, record)
        if shown["inbox_lead_id"] is not None and not _may_read(api, asked, shown["inbox_lead_id"]):
            shown = {**shown, "inbox_lead_id": None, "redacted_fields": ["inbox_lead_id"]}
        return shown

    return _including(view, asked)


def _notes(on: str) -> Callable[[Api, Asked], Answered]:
    def answer(api: Api, asked: Asked) -> Answered:
        record = api.state.need(on, asked.ids[0])
        lists.known_params(asked.params, lists.COMMON)
        return api.listed("notes", note_view, asked, lambda one: one.values["on"] == (on, record.id))

    return answer


def _create_note(on: str) -> Callable[[Api, Asked], Answered]:
    def answer(api: Api, asked: Asked) -> Answered:
        lists.known_params(asked.params, ())
        record = api.state.need(on, asked.ids[0])
        data = bodies.read_body(asked.content, asked.headers, bodies.NOTE)
        return 201, {"data": note_view(api.state, save_note(api.state, record, data))}

    return answer


# --- inbox leads ---------------------------------------------------------------------------------------


def _leads(api: Api, asked: Asked) -> Answered:
    lists.known_params(asked.params, lists.COMMON | {"query", "state"})
    wanted = lists.opened(asked.params).get("state", [""])[0]
    if wanted not in STATES:
        raise bad(f"state is required, and is one of {', '.join(STATES)}")

    def there(record: Record) -> bool:
        return record.values["state"] == wanted and _may_read(api, asked, record.id)

    return api.listed("inbox_leads", lead_view, asked, there)


def _lead(api: Api, asked: Asked) -> Answered:
    lists.known_params(asked.params, ())
    record = api.state.need("inbox_leads", asked.ids[0])
    gone = record.values["state"] not in STATES and api.state.quirks.accepted == "contact"
    if gone or not _may_read(api, asked, record.id):
        raise missing("inbox_leads", record.id)
    return 200, {"data": lead_view(api.state, record)}


def _may_read(api: Api, asked: Asked, id: int | None, *, ours_only: bool = False) -> bool:
    """Whether a lead is one that our application sent, or we may read all."""
    lead = api.state.get("inbox_leads", id)
    if lead is None:
        return False
    return bool(lead.values["by_app"]) or (not ours_only and ALL_LEADS in asked.scopes)


def _create_lead(api: Api, asked: Asked) -> Answered:
    lists.known_params(asked.params, ())
    data = bodies.read_body(asked.content, asked.headers, bodies.LEAD)
    for name, value in data.items():
        if value is None:
            raise invalid(f"data.{name} must be a text")
    if "@" not in data.get("email", "@"):
        raise invalid("data.email is not an address")
    if not urlsplit(data["referring_url"]).scheme:
        raise invalid("data.referring_url is not a URL")
    return 201, {"data": created_view(api.state, save_lead(api.state, data, by_app=True))}


# --- users ---------------------------------------------------------------------------------------------


def _users(api: Api, asked: Asked) -> Answered:
    lists.known_params(asked.params, lists.COMMON)
    return api.listed("users", user_view, asked, lambda record: bool(record.values["active"]))


def _who_am_i(api: Api, asked: Asked) -> Answered:
    lists.known_params(asked.params, ())
    return 200, {"data": user_view(api.state, api.api_user)}


ROUTES: Mapping[tuple[str, str], Offered] = {
    ("GET", "/contacts"): Offered(_contacts, "grow_contact_read", "contacts"),
    ("POST", "/contacts"): Offered(_create_contact, "", "contacts"),
    ("GET", "/contacts/{id}"): Offered(_contact, "grow_contact_read", "contacts"),
    ("PATCH", "/contacts/{id}"): Offered(_update_contact, "", "contacts"),
    ("GET", "/contacts/{id}/notes"): Offered(_notes("contacts"), "grow_contact_note_read", "notes"),
    ("POST", "/contacts/{id}/notes"): Offered(_create_note("contacts"), "grow_contact_note_write", "notes"),
    ("GET", "/matters"): Offered(_matters, "grow_matter_read", "matters"),
    ("GET", "/matters/{id}"): Offered(_matter, "grow_matter_read", "matters"),
    ("GET", "/matters/{id}/notes"): Offered(_notes("matters"), "grow_matter_note_read", "notes"),
    ("POST", "/matters/{id}/notes"): Offered(_create_note("matters"), "grow_matter_note_write", "notes"),
    ("GET", "/inbox_leads"): Offered(_leads, "grow_lead_inbox_read", "inbox_leads"),
    ("POST", "/inbox_leads"): Offered(_create_lead, "grow_lead_inbox_write", "inbox_leads"),
    ("GET", "/inbox_leads/{id}"): Offered(_lead, "grow_lead_inbox_read", "inbox_leads"),
    ("GET", "/users"): Offered(_users, "grow_user_read", "users"),
    ("GET", "/users/who_am_i"): Offered(_who_am_i, "grow_user_read", "users"),
}
"""Every route of the platform API, as Clio's description of v2 has them, but for `ASSUMED`."""
ASSUMED = frozenset({("POST", "/contacts"), ("PATCH", "/contacts/{id}")})
"""Routes that no public description has: the quirk `writes` takes them away."""
_PATTERNS = [
    (re.compile(re.sub(r"\\\{id\\\}", r"(\\d+)", re.escape(template))), template, method)
    for method, template in ROUTES
]


def _form(request: Request, content: bytes) -> dict[str, str]:
    """The fields of a form. Raises OAuthError."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise OAuthError("invalid_request", "the body must be a form")
    return dict(parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True))
