"""The ASGI application: logins, sessions, limits, versions; then the data API."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route as StarletteRoute

from firstcontact.testing.simulators.salesforce import (
    analytics,
    bulk,
    composite,
    limits,
    oauth,
    rest,
    soap,
    sobject_collections,
    tooling,
)
from firstcontact.testing.simulators.salesforce.org import Org
from firstcontact.testing.simulators.salesforce.refusal import Refusal, not_found
from firstcontact.testing.simulators.salesforce.service import JSON, Call, Reply, Service

OLDEST, NEWEST = 31, 67
LONGEST_URI = 16_384
LONGEST_HEADERS = 16_384
ROUTES = (
    *composite.ROUTES,
    *sobject_collections.ROUTES,
    *bulk.ROUTES,
    *tooling.ROUTES,
    *analytics.ROUTES,
    *rest.ROUTES,
)
_VERSION = re.compile(r"v(\d\d)\.0")


class Application:
    """The vendor's API. `exhausted_until`: milliseconds until which the daily limit is used up."""

    def __init__(self, org: Org, lock: threading.RLock) -> None:
        self.org = org
        self.service = Service(org, ROUTES)
        self.logins = oauth.Logins(org)
        self.requests = 0
        self.exhausted_until = 0
        self._lock = lock
        everything = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
        self.asgi = Starlette(
            routes=[
                StarletteRoute("/services/oauth2/token", self.token, methods=["POST"]),
                StarletteRoute("/services/oauth2/authorize", self.authorize, methods=["GET"]),
                StarletteRoute("/services/oauth2/revoke", self.revoke, methods=["POST"]),
                StarletteRoute("/services/oauth2/userinfo", self.userinfo, methods=["GET"]),
                StarletteRoute("/id/{organization}/{user}", self.userinfo, methods=["GET"]),
                StarletteRoute("/services/Soap/u/{version}", self.soap, methods=["POST"]),
                StarletteRoute("/services/data", self.versions, methods=["GET"]),
                StarletteRoute("/services/data/{version}{path:path}", self.data, methods=everything),
            ],
            exception_handlers={404: _nowhere, 405: _nowhere},
        )

    # --- logging in --------------------------------------------------------------------------------

    async def token(self, request: Request) -> Response:
        """The token endpoint (apis A1, "OAuth")."""
        form = oauth.read_form(await request.body())
        with self._lock:
            try:
                basic = request.headers.get("authorization", "")
                return JSONResponse(self.logins.token(form, basic, _address(request)))
            except oauth.Denied as denied:
                return JSONResponse(self.logins.words(denied), status_code=400)

    async def authorize(self, request: Request) -> Response:
        """The page of the browser flow, which approves at once (apis A1, "OAuth")."""
        with self._lock:
            try:
                return RedirectResponse(self.logins.authorize(dict(request.query_params)), status_code=302)
            except oauth.Denied as denied:
                return JSONResponse(self.logins.words(denied), status_code=400)

    async def revoke(self, request: Request) -> Response:
        """A token is given back."""
        form = oauth.read_form(await request.body())
        with self._lock:
            self.logins.tokens.discard(form.get("token", ""))
        return Response(status_code=200)

    async def userinfo(self, request: Request) -> Response:
        """Who is logged in."""
        with self._lock:
            if not self._known(request):
                return Response("Bad_OAuth_Token", status_code=403)
            user = self.org.user(self.org.api_user)
            organization = next(iter(self.org.rows["Organization"]))
            return JSONResponse(
                {
                    "user_id": user["Id"],
                    "organization_id": organization,
                    "preferred_username": user["Username"],
                    "username": user["Username"],
                    "email": user["Email"],
                    "name": user["Name"],
                    "active": True,
                }
            )

    async def versions(self, request: Request) -> Response:
        """The versions that are answered (apis A1, "Version to target")."""
        del request
        numbers = range(OLDEST, NEWEST + 1)
        return JSONResponse(
            [
                {"label": f"Version {one}", "url": f"/services/data/v{one}.0", "version": f"{one}.0"}
                for one in numbers
            ]
        )

    # --- the SOAP API ------------------------------------------------------------------------------

    async def soap(self, request: Request) -> Response:
        """A call of the SOAP API with the partner's WSDL; a fault is always 500."""
        content = await request.body()
        headers = {name.lower(): value for name, value in request.headers.items()}
        with self._lock:
            self.requests += 1
            try:
                version = re.fullmatch(r"(\d\d)\.0", request.path_params["version"])
                if version is None or not OLDEST <= int(version[1]) <= NEWEST:
                    raise soap.Fault("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
                call = soap.read(content, headers, lambda session: session in self.logins.tokens)
                if self._exhausted():
                    raise soap.Fault("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
                self.service.used += 1
                body: str = self.work(self.org.api_user, lambda: soap.merge(self.org, call))
                status, said = 200, soap.enveloped(body, soap.usage(self.service.used, limits.DAILY))
            except soap.Fault as fault:
                status, said = 500, fault.body()
            date = formatdate(self.org.now() / 1000, usegmt=True)
        return Response(said, status, {"Date": date}, media_type="text/xml;charset=UTF-8")

    # --- the data API ------------------------------------------------------------------------------

    async def data(self, request: Request) -> Response:
        """Everything under a version."""
        content = await request.body()
        with self._lock:
            self.requests += 1
            reply = self._answer(request, content)
            return _response(reply, limits.header(self.service), self.org.now())

    def _answer(self, request: Request, content: bytes) -> Reply:
        try:
            self._admitted(request)
            version = _VERSION.fullmatch(request.path_params["version"])
            if version is None:
                raise not_found()
            if int(version[1]) < OLDEST:
                message = f"API version {version[1]}.0 is retired"
                raise Refusal(410, "GONE", message)
        except Refusal as refusal:
            return Reply(status=refusal.status, body=refusal.body())
        call = Call(
            method=request.method,
            path=_raw_path(request),
            version=f"{version[1]}.0",
            params=dict(request.query_params),
            headers={name.lower(): value for name, value in request.headers.items()},
            content=content,
        )
        reply: Reply = self.work(self.org.api_user, lambda: self._dispatched(call))
        return reply

    def _dispatched(self, call: Call) -> Reply:
        before = self.org.mark()
        before_call = self.service.used
        reply = self.service.dispatch(call)
        if reply.status >= 300:
            self.org.undo(before)
        self.requests += self.service.used - before_call
        return reply

    def work(self, user: str, what: Callable[[], Any]) -> Any:
        """Something done in a transaction by a user; the search index notices it."""
        with self._lock, self.org.transaction(user):
            try:
                return what()
            finally:
                self.service.index.notice()

    def read(self, what: Callable[[], Any]) -> Any:
        """Something looked at, while nothing is written."""
        with self._lock:
            return what()

    def _admitted(self, request: Request) -> None:
        """Raises Refusal: a session that ended, an address that is too long, a limit that is used up."""
        if not self._known(request):
            raise Refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")
        uri = len(request.url.path) + len(request.scope["query_string"]) + 1
        if uri > LONGEST_URI:
            raise Refusal(414, "URI_TOO_LONG", f"The URI is longer than {LONGEST_URI} bytes")
        if sum(len(name) + len(value) for name, value in request.headers.raw) > LONGEST_HEADERS:
            raise Refusal(431, "REQUEST_HEADER_FIELDS_TOO_LARGE", "The headers are too long")
        if self._exhausted():
            # Not 429, and no Retry-After (apis A1, "Error envelope").
            raise Refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        self.service.used += 1

    def _exhausted(self) -> bool:
        return self.org.now() < self.exhausted_until or self.service.used >= limits.DAILY

    def _known(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme in ("Bearer", "OAuth") and token in self.logins.tokens


def _address(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers.get('host', '')}"


def _raw_path(request: Request) -> str:
    """The path behind the version, still encoded: a key may have a `/` in it."""
    raw = str(request.scope.get("raw_path", request.scope["path"].encode()), "latin-1")
    behind = raw.partition("?")[0].partition("/services/data/")[2]
    return "/" + behind.partition("/")[2]


def _response(reply: Reply, limit: str, now: int) -> Response:
    headers = {"Sforce-Limit-Info": limit, "Date": formatdate(now / 1000, usegmt=True), **reply.headers}
    if reply.content is not None:
        return Response(reply.content, reply.status, headers)
    if reply.status in (204, 304):
        return Response(status_code=reply.status, headers=headers)
    content = msgspec.json.encode(reply.body)
    return Response(content, reply.status, headers, media_type=JSON)


async def _nowhere(request: Request, error: Exception) -> Response:
    """A path that is none of the vendor's, or a method that it does not take."""
    del request, error
    refusal = not_found()
    return JSONResponse(refusal.body(), status_code=refusal.status)
