"""What a request is to the routes, what they answer, and the state they share."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from firstcontact.testing.simulators.salesforce.org import Org
from firstcontact.testing.simulators.salesforce.refusal import Refusal, not_found, parser_error
from firstcontact.testing.simulators.salesforce.searching import Index

JSON = "application/json;charset=UTF-8"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request, or one part of a composite one.

    path: behind `/services/data/vNN.0`. headers: by lower-case name. within: "" for a request of its own,
    else `composite`, `graph` or `batch`.
    """

    method: str
    path: str
    version: str
    params: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    content: bytes = b""
    given: Any = None
    within: str = ""

    def body(self) -> Any:
        """The body as JSON. Raises Refusal: 415 for another type, JSON_PARSER_ERROR for what is none."""
        if self.within:
            return self.given
        if not self.headers.get("content-type", "").startswith("application/json"):
            message = f"Content type {self.headers.get('content-type') or 'null'} not supported."
            raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", message)
        try:
            return clean(msgspec.json.decode(self.content))
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            raise parser_error(f"The HTTP entity body cannot be read: {fault}") from None

    def mapping(self) -> dict[str, Any]:
        """The body, which must be an object. Raises Refusal."""
        body = self.body()
        if not isinstance(body, dict):
            raise parser_error("The HTTP entity body must be a JSON object")
        return body

    def url(self, path: str) -> str:
        """A path of this version, as answers name it."""
        return f"/services/data/v{self.version}{path}"


def clean(value: Any) -> Any:
    """The value, whose texts hold no NUL: no field of Salesforce takes one. Raises Refusal."""
    if isinstance(value, str):
        if "\0" in value:
            raise parser_error("Illegal character (CTRL-CHAR, code 0) in a string value")
    elif isinstance(value, dict):
        for one in value.values():
            clean(one)
    elif isinstance(value, list):
        for one in value:
            clean(one)
    return value


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: a body as JSON, or `content` of another type."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = {}
    content: bytes | None = None


Handler = Callable[..., Reply]


class Route(msgspec.Struct, frozen=True):
    """A path as a regular expression whose groups are the handler's names, and handlers by method."""

    path: str
    handlers: Mapping[str, Handler]


class Service:
    """The data API of one org: its state, and where each request goes."""

    def __init__(self, org: Org, routes: Sequence[Route]) -> None:
        self.org = org
        self.index = Index(org)
        self.cursors: dict[str, Any] = {}
        """Pages of queries that wait, by locator."""
        self.jobs: dict[str, Any] = {}
        self.reports: dict[str, Any] = {}
        self.used = 0
        """Calls that counted towards the daily limit."""
        self.broken_search = False
        self._routes = [(re.compile(route.path), route.handlers) for route in routes]

    def dispatch(self, call: Call) -> Reply:
        """The answer, refusals too."""
        try:
            return self._handler(call)()
        except Refusal as refusal:
            return Reply(status=refusal.status, body=refusal.body())

    def _handler(self, call: Call) -> Callable[[], Reply]:
        path = call.path.rstrip("/") or "/"
        for pattern, handlers in self._routes:
            match = pattern.fullmatch(path)
            if match is None:
                continue
            handler = handlers.get(call.method) or (handlers.get("GET") if call.method == "HEAD" else None)
            if handler is None:
                allowed = ",".join(sorted(handlers))
                message = f"HTTP Method '{call.method}' not allowed. Allowed are {allowed}"
                raise Refusal(405, "METHOD_NOT_ALLOWED", message)
            return lambda: handler(self, call, *match.groups())
        raise not_found()
