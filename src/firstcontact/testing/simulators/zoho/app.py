"""The ASGI application: log-ins, limits, versions, and which path is what (apis A4).

Strict: a path, method, parameter or field that is not known is refused in Zoho's envelope.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from email.utils import formatdate
from urllib.parse import parse_qsl, unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from firstcontact.testing.simulators.zoho import composite
from firstcontact.testing.simulators.zoho.errors import ZohoError, no_such_path
from firstcontact.testing.simulators.zoho.limits import Limits
from firstcontact.testing.simulators.zoho.listing import Nothing, Pages
from firstcontact.testing.simulators.zoho.oauth import Logins, OAuthError, need
from firstcontact.testing.simulators.zoho.routes import Answer, Call, Routes
from firstcontact.testing.simulators.zoho.state import State, User
from firstcontact.testing.simulators.zoho.times import SECOND

OLDEST = 2
_VERSIONED = re.compile(r"/crm/v(\d+)(?:\.\d+)?(/.*)")
_METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"]


class Api:
    """Answers requests to one simulated organisation."""

    def __init__(
        self, state: State, logins: Logins, limits: Limits, api_user: User, count: Callable[[str, str], None]
    ) -> None:
        """count: is told method and path of every request to the API."""
        self.state = state
        self.logins = logins
        self.limits = limits
        self.api_user = api_user
        self.count = count
        self.routes = Routes(state, api_user, Pages())
        self.app = Starlette(
            routes=[
                Route("/oauth/v2/auth", self._authorize, methods=_METHODS),
                Route("/oauth/v2/token", self._token, methods=_METHODS),
                Route("/{path:path}", self._answer, methods=_METHODS),
            ]
        )

    # --- logging in ------------------------------------------------------------------------------------

    async def _authorize(self, request: Request) -> Response:
        """`GET {accounts}/oauth/v2/auth`, where everybody says yes (apis A4, "OAuth")."""
        with self.state.lock:
            try:
                place = self.logins.authorize(request.query_params, _base(request), self.state.clock())
            except OAuthError as error:
                return JSONResponse(error.body, error.status)
            return RedirectResponse(place, 302)

    async def _token(self, request: Request) -> Response:
        """`POST {accounts}/oauth/v2/token`, parameters in the address or the body (apis A4, "OAuth")."""
        content = await request.body()
        form = {**dict(request.query_params), **dict(parse_qsl(content.decode("utf-8", "replace")))}
        with self.state.lock:
            try:
                if request.method != "POST":
                    raise OAuthError(405, {"error": "invalid_request"})
                now = self.state.clock()
                return JSONResponse(self.logins.token(form, _base(request), now), headers=_dated(now))
            except OAuthError as error:
                return JSONResponse(error.body, error.status)

    # --- the API ---------------------------------------------------------------------------------------

    async def _answer(self, request: Request) -> Response:
        """Every other path: login, limit, version, then the route."""
        self.limits.under_way += 1
        try:
            content = await request.body()
            with self.state.lock:
                response = self._answered(request, content)
            if self.state.quirks.busy_seconds:
                await asyncio.sleep(self.state.quirks.busy_seconds)
            return response
        finally:
            self.limits.under_way -= 1

    def _answered(self, request: Request, content: bytes) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        self.count(request.method, request.url.path + query)
        now = self.state.clock()
        headers = _dated(now)
        try:
            scopes = self.logins.check(request.headers.get("authorization", ""), now)
            self.limits.admit(now)
            call = _call(request, content, scopes)
            if call.version > self.state.quirks.newest_version or call.version < OLDEST:
                raise no_such_path()
            answer = self._called(call)
            headers |= self.limits.take(answer.cost, now)
            response = _response(answer)
        except ZohoError as error:
            response = JSONResponse(error.body(), error.status, headers=error.headers)
        response.headers.update(headers)
        return response

    def _called(self, call: Call) -> Answer:
        if call.path == "/__composite_requests":
            need(call.scopes, "composite_requests", "", "CUSTOM")
            return composite.run(self.state, call, self._called)
        try:
            return self.routes.answer(call)
        except Nothing as nothing:
            return Answer(nothing.status, None)


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _dated(now: int) -> dict[str, str]:
    return {"Date": formatdate(now / SECOND, usegmt=True)}


def _call(request: Request, content: bytes, scopes: tuple[str, ...]) -> Call:
    """The request, read. Raises ZohoError."""
    match = _VERSIONED.fullmatch(
        request.scope.get("raw_path", b"").decode("ascii", "replace").partition("?")[0]
    )
    if match is None:
        raise no_such_path()
    pairs = parse_qsl(request.url.query, keep_blank_values=True)
    params = dict(pairs)
    if len(params) < len(pairs):
        raise ZohoError(400, "INVALID_DATA", "a parameter stands twice", {"param_name": pairs[-1][0]})
    return Call(
        method=request.method,
        version=int(match[1]),
        path=match[2],
        parts=tuple(unquote(part) for part in match[2].split("/")[1:]),
        params=params,
        headers={name.lower(): value for name, value in request.headers.items()},
        content=content,
        scopes=scopes,
    )


def _response(answer: Answer) -> Response:
    if isinstance(answer.body, bytes):
        return Response(answer.body, answer.status, media_type="application/octet-stream")
    if answer.body is None:
        return Response(status_code=answer.status)
    headers: Mapping[str, str] = {"Content-Type": "application/json;charset=UTF-8"}
    return Response(json.dumps(answer.body, ensure_ascii=False).encode(), answer.status, headers)
