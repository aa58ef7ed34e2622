"""A proxy in front of Tryton that knows which method each call is of, with troubles in front of it."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from firstcontact.testing.simulators.faults import Faulty
from firstcontact.testing.simulators.serving import served
from firstcontact.testing.tryton import Server

_OF_THE_HOP = {"content-length", "transfer-encoding", "connection", "server", "date"}


class Proxy:
    """An ASGI application. `methods`: of each call, in order. `faults`: troubles, matched by the method of a
    call in place of its path. `before`: may answer a call itself, with a status. `after`: may change what a
    call gave."""

    def __init__(self, server: Server) -> None:
        self._port = urlsplit(server.url).port
        self.methods: list[str] = []
        self.faults = Faulty(self._forward)
        self.before: Callable[[str], int | None] = lambda _method: None
        self.after: Callable[[str, Any], Any] = lambda _method, result: result

    def next(self, trouble: Any, method: str) -> None:
        """The next call of this method meets this trouble."""
        self.faults.next(trouble, lambda _verb, called: called == method)

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        content, more = b"", True
        while more:
            message = await receive()
            content += message.get("body", b"")
            more = message.get("more_body", False)
        method = json.loads(content)["method"]
        self.methods.append(method)

        async def again() -> Mapping[str, Any]:
            return {"type": "http.request", "body": content, "more_body": False}

        await self.faults({**scope, "path": method}, again, send)

    async def _forward(self, scope: dict, receive: Callable, send: Callable) -> None:
        content = (await receive())["body"]
        refused = self.before(scope["path"])
        if refused is not None:
            status, headers, body = refused, [], b""
        else:
            path = scope["raw_path"].decode()
            sent = {name.decode(): value.decode() for name, value in scope["headers"]}
            status, headers, body = await asyncio.to_thread(self._ask, path, sent, content)
        kept = [(name.lower().encode(), value.encode()) for name, value in headers]
        kept = [one for one in kept if one[0].decode() not in _OF_THE_HOP]
        kept.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": kept})
        await send({"type": "http.response.body", "body": body})

    def _changed(self, method: str, body: bytes) -> bytes:
        said = json.loads(body)
        if "result" not in said:
            return body
        return json.dumps({**said, "result": self.after(method, said["result"])}).encode()

    def _ask(
        self, path: str, headers: Mapping[str, str], content: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        sent = {
            name: value for name, value in headers.items() if name not in ("content-length", "connection")
        }
        try:
            connection.request("POST", path, content, sent)
            answer = connection.getresponse()
            told, body = dict(answer.getheaders()), answer.read()
            if told.pop("Content-Encoding", "") == "gzip":
                body = gzip.decompress(body)
            if answer.status == 200:
                body = self._changed(json.loads(content)["method"], body)
            return answer.status, list(told.items()), body
        finally:
            connection.close()


@contextmanager
def proxied(server: Server) -> Iterator[tuple[Proxy, str]]:
    """A proxy in front of the server, and its address."""
    proxy = Proxy(server)
    with served(proxy) as url:
        yield proxy, url
