"""The ASGI application: log-ins, required headers, limits, and batches (apis A5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from email.utils import formatdate
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from firstcontact.testing.simulators.dynamics import batch
from firstcontact.testing.simulators.dynamics.api import MOST_ADDRESS, Api
from firstcontact.testing.simulators.dynamics.batch import Answer, Operation
from firstcontact.testing.simulators.dynamics.calls import read_call
from firstcontact.testing.simulators.dynamics.limits import Limits
from firstcontact.testing.simulators.dynamics.oauth import Logins, OAuthError
from firstcontact.testing.simulators.dynamics.queries import read_prefer
from firstcontact.testing.simulators.dynamics.refusals import Refusal, bad, no_segment, not_allowed
from firstcontact.testing.simulators.dynamics.state import State

_ROOT = re.compile(r"/api/data/v(9\.[012])(?:/(.*))?", re.DOTALL)
_METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"]


IMPERSONATION = ("callerobjectid", "mscrmcallerid")


class Application:
    """Answers requests to one environment.

    set_up: whether there is an application user for our login. count: is told method and path of every
    request to the API.
    """

    def __init__(
        self, state: State, logins: Logins, limits: Limits, api: Api, count: Callable[[str, str], None]
    ) -> None:
        self.state = state
        self.logins = logins
        self.limits = limits
        self.api = api
        self.count = count
        self.set_up = state.quirks.application_user == "ready"
        self._batches = 0
        self.app = Starlette(
            routes=[
                Route("/{tenant}/oauth2/v2.0/token", self._token, methods=_METHODS),
                Route("/{path:path}", self._answer, methods=_METHODS),
            ]
        )

    async def _token(self, request: Request) -> Response:
        """`POST /{tenant}/oauth2/v2.0/token` (apis A5, "Auth")."""
        content = await request.body()
        with self.state.lock:
            now = self.state.clock()
            try:
                if request.method != "POST":
                    raise OAuthError("invalid_request", 900561, "Only POST requests are accepted.", 405)
                form = dict(parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True))
                basic = request.headers.get("authorization", "")
                host = request.headers.get("host", "")
                told = self.logins.token(request.path_params["tenant"], form, basic, host, now)
            except OAuthError as error:
                return JSONResponse(error.body(now), error.status)
            return JSONResponse(told, headers={"Cache-Control": "no-store"})

    async def _answer(self, request: Request) -> Response:
        """Every other path: login, application user, headers, limit, then the operation or the batch."""
        self.limits.running += 1
        try:
            content = await request.body()
            with self.state.lock:
                answer = self._answered(request, content)
        finally:
            self.limits.running -= 1
        return Response(answer.content, answer.status, answer.headers)

    def _answered(self, request: Request, content: bytes) -> Answer:
        query = f"?{request.url.query}" if request.url.query else ""
        self.count(request.method, request.url.path + query)
        now = self.state.clock()
        base = str(request.base_url).rstrip("/")
        headers = {"Date": formatdate(now / 1_000_000, usegmt=True), "OData-Version": "4.0"}
        try:
            self.logins.check(request.headers.get("authorization", ""), now, base)
            if not self.set_up:
                raise Refusal(403, "0x80072560", "The user is not a member of the organization.")
            answer = self._carried_out(request, content, base, now)
        except Refusal as refusal:
            answer = refused(refusal)
        answer.headers = {**headers, **self.limits.headers(now), **answer.headers}
        return answer

    def _carried_out(self, request: Request, content: bytes, base: str, now: int) -> Answer:
        raw = request.scope.get("raw_path") or request.url.path.encode()
        path = raw.decode("ascii", "replace").partition("?")[0]
        found = _ROOT.fullmatch(path)
        if found is None:
            raise no_segment(path)
        headers = {name.lower(): value for name, value in request.headers.items()}
        is_batch = (found[2] or "") in ("$batch", "%24batch")
        _check_headers(headers, is_batch=is_batch)
        self.limits.enter()
        self.limits.admit(now)
        base = f"{base}/api/data/v{found[1]}"
        if is_batch:
            if request.method != "POST":
                raise not_allowed(request.method, "$batch")
            return self._batch(headers, content, base, now)
        target = (found[2] or "") + (f"?{request.url.query}" if request.url.query else "")
        if len(target) > MOST_ADDRESS:
            raise Refusal(414, "0x80060888", "The request's address is too long.")
        operation = Operation(method=request.method, target=target, headers=headers, content=content)
        return self._one(operation, base, now, {})

    def _one(self, operation: Operation, base: str, now: int, references: Mapping[str, str]) -> Answer:
        """One operation, counted (apis A5: each operation of a batch is). Raises Refusal."""
        self.limits.take(now)
        call = read_call(
            operation.method, operation.target, operation.headers, operation.content, base, references
        )
        return self.api.answer(call)

    # --- batches ---------------------------------------------------------------------------------------

    def _batch(self, headers: Mapping[str, str], content: bytes, base: str, now: int) -> Answer:
        """`POST $batch`: in order; it stops at the first error unless it is to go on (apis A5, "$batch";
        Microsoft's Python client says of the default: the error comes as an answer of 4xx)."""
        parts = batch.read(headers.get("content-type", ""), content)
        go_on = read_prefer(headers.get("prefer", "")).continue_on_error
        impersonated = {
            name: headers[name] for name in ("callerobjectid", "mscrmcallerid") if name in headers
        }
        said: list[Answer | list[tuple[str, Answer]]] = []
        status = 200
        for part in parts:
            answer = self._part(part, base, now, impersonated)
            said.append(answer)
            if isinstance(answer, Answer) and answer.status >= 400 and not go_on:
                status = answer.status if self.state.quirks.batch_status == "first_error" else 200
                break
        self._batches += 1
        boundary = f"batchresponse_{self._batches:08d}"
        kind = {"Content-Type": f"multipart/mixed; boundary={boundary}"}
        return Answer(status=status, headers=kind, content=batch.written(boundary, said))

    def _part(
        self, part: batch.Part, base: str, now: int, impersonated: Mapping[str, str]
    ) -> Answer | list[tuple[str, Answer]]:
        """One operation; or a change set, of which all or nothing happens and one error is told."""
        try:
            if isinstance(part, Operation):
                return self._one(_as(part, impersonated), base, now, {})
            with self.state.transaction():
                return self._change_set(part, base, now, impersonated)
        except Refusal as refusal:
            return refused(refusal)

    def _change_set(
        self, part: tuple[Operation, ...], base: str, now: int, impersonated: Mapping[str, str]
    ) -> list[tuple[str, Answer]]:
        references: dict[str, str] = {}
        said = []
        for operation in part:
            if operation.content_id in references:
                raise bad(f"The Content-ID {operation.content_id} is there twice.")
            answer = self._one(_as(operation, impersonated), base, now, references)
            references[operation.content_id] = answer.headers.get("OData-EntityId", "")
            said.append((operation.content_id, answer))
        return said


def _as(operation: Operation, impersonated: Mapping[str, str]) -> Operation:
    if not impersonated:
        return operation
    return Operation(
        method=operation.method,
        target=operation.target,
        headers={**impersonated, **operation.headers},
        content=operation.content,
        content_id=operation.content_id,
    )


def refused(refusal: Refusal) -> Answer:
    """An answer that says why not; 401 says it in a header alone."""
    if not refusal.code:
        return Answer(status=refusal.status, headers=dict(refusal.headers))
    headers = {"Content-Type": "application/json; odata.metadata=minimal", **refusal.headers}
    return Answer(status=refusal.status, headers=headers, content=bytes(JSONResponse(refusal.body()).body))


def _check_headers(headers: Mapping[str, str], *, is_batch: bool) -> None:
    """What every call has to say (apis A5, "Headers on every call"). Raises Refusal 400, 406."""
    for name in ("odata-maxversion", "odata-version"):
        if headers.get(name) != "4.0":
            raise bad(f"The header {name} must be 4.0.", "0x80060888")
    accepted = headers.get("accept", "")
    if not is_batch and "application/json" not in accepted and "application/xml" not in accepted:
        raise Refusal(406, "0x80060888", "The Accept header must have application/json.")
