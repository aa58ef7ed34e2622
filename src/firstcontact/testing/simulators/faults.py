"""Troubles between a client and a simulator, put in from outside: they know nothing of the vendor."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from firstcontact.testing.simulators.base import App, Message, Scope

Trouble = Literal["refused_503", "failed_500", "failed_after", "cut", "html", "late", "closed"]
"""`refused_503`: 503 with Retry-After, nothing happens. `failed_500`: 500, nothing happens. `failed_after`:
it happens, and 500 is answered. `cut`: it happens, and the connection ends in the middle of the answer.
`html`: it happens, and a proxy's page is answered with 200. `late`: it happens, and the answer comes after
`Faulty.late` seconds. `closed`: the connection ends before anything happens."""

_PAGE = b"<!DOCTYPE html><html><body><h1>Bad gateway</h1></body></html>"
_REQUEST_LINE = re.compile(rb"^(GET|POST|PUT|PATCH|DELETE) (\S+) HTTP/1\.1\r?$", re.MULTILINE)
BATCH = b"multipart/mixed"
"""How the type of a batch begins."""
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Faulty:
    """An application with troubles in front of it, one for each of the next requests that match."""

    def __init__(self, app: App, late: float = 3.0) -> None:
        self._app = app
        self._troubles: deque[tuple[Trouble, Callable[[str, str], bool]]] = deque()
        self.late = late
        self.met = 0
        """How many troubles have happened."""

    def next(self, trouble: Trouble, match: Callable[[str, str], bool] = lambda _method, _path: True) -> None:
        """The next request for which `match(method, path)` holds meets this trouble; several in turn. A batch
        of requests is matched by those within it too."""
        self._troubles.append((trouble, match))

    @property
    def waiting(self) -> int:
        """Troubles that have not been met."""
        return len(self._troubles)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""
        trouble: Trouble | None = None
        if scope["type"] == "http" and self._troubles:
            requests, receive = await requests_in(scope, receive)
            trouble = self.next_of(requests, met=True)
        if trouble is None:
            await self._app(scope, receive, send)
            return
        self.met += 1
        if trouble in ("refused_503", "failed_500"):
            status = 503 if trouble == "refused_503" else 500
            await _answer(send, status, b"trouble", [(b"retry-after", b"2")] if status == 503 else [])
        elif trouble == "closed":
            await _break_off(send, {"type": "http.response.start", "status": 200, "headers": []})
        else:
            await self._after(trouble, scope, receive, send)

    def next_of(self, requests: list[tuple[str, str]], *, met: bool = False) -> Trouble | None:
        """Which trouble a request (method and path; several: a batch) meets, if it comes next. met: it has
        come."""
        for place, (trouble, match) in enumerate(self._troubles):
            if any(match(method, path) for method, path in requests):
                if met:
                    del self._troubles[place]
                return trouble
        return None

    async def _after(self, trouble: Trouble, scope: Scope, receive: Receive, send: Send) -> None:
        said: list[dict[str, Any]] = []

        async def hold(message: Message) -> None:
            said.append(dict(message))

        await self._app(scope, receive, hold)
        if trouble == "failed_after":
            await _answer(send, 500, b"trouble", [])
        elif trouble == "html":
            await _answer(send, 200, _PAGE, [], b"text/html; charset=utf-8")
        elif trouble == "late":
            await asyncio.sleep(self.late)
            for message in said:
                await send(message)
        else:
            start = next(message for message in said if message["type"] == "http.response.start")
            await _break_off(send, start)


def batched(body: bytes) -> list[tuple[str, str]]:
    """Methods and paths of the requests within a batch (`multipart/mixed`)."""
    return [(line[1].decode(), line[2].decode()) for line in _REQUEST_LINE.finditer(body)]


async def requests_in(scope: Scope, receive: Receive) -> tuple[list[tuple[str, str]], Receive]:
    """Method and path of a request and, where it is a batch (`multipart/mixed` of requests, as OData has it),
    of those within it; with a `receive` that still gives its body."""
    requests = [(scope["method"], scope["path"])]
    kinds = [value for name, value in scope["headers"] if name.lower() == b"content-type"]
    if not kinds or not kinds[0].startswith(BATCH):
        return requests, receive
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    requests += batched(body)
    given: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return given.pop() if given else await receive()

    return requests, again


async def _break_off(send: Send, start: Message) -> None:
    """The answer begins, and the connection ends within it."""
    headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
    await send({**start, "headers": [*headers, (b"content-length", b"100000")]})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})
    raise ConnectionAbortedError("a trouble of the test: the connection ends within the answer")


async def _answer(
    send: Send,
    status: int,
    body: bytes,
    headers: list[tuple[bytes, bytes]],
    content_type: bytes = b"text/plain",
) -> None:
    said = [(b"content-type", content_type), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": said})
    await send({"type": "http.response.body", "body": body})
