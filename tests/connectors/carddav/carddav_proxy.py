"""A proxy in front of Radicale that makes another server of it: hooks change requests and answers."""

from __future__ import annotations

import asyncio
import http.client
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from firstcontact.testing.radicale import Server
from firstcontact.testing.simulators.faults import Faulty
from firstcontact.testing.simulators.serving import served

_OF_THE_HOP = {
    "accept-encoding",
    "content-length",
    "transfer-encoding",
    "connection",
    "server",
    "date",
    "keep-alive",
}


class Said(NamedTuple):
    """An answer."""

    status: int
    headers: dict[str, str]
    body: str


_SYNC_REPORT = re.compile(
    r"<(?:\w+:)?supported-report>\s*<(?:\w+:)?report>\s*<(?:\w+:)?sync-collection ?/>.*?"
    r"</(?:\w+:)?supported-report>",
    re.DOTALL,
)
Before = Callable[[str, str, str], Said | None]
"""Method, path, body: an answer in place of Radicale's, or None."""
After = Callable[[str, str, str, Said], Said]
"""Method, path, body and Radicale's answer: what is answered."""


class Proxy:
    """An ASGI application. `requests`: method and path of each, in order; `bodies` beside them."""

    def __init__(self, server: Server, before: Before | None = None, after: After | None = None) -> None:
        self._server = server
        self.before = before
        self.after = after
        self.requests: list[tuple[str, str]] = []
        self.bodies: list[str] = []

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        content, more = b"", True
        while more:
            message = await receive()
            content += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        path = scope["raw_path"].decode()
        said = await asyncio.to_thread(self._answer, scope["method"], path, headers, content)
        kept = [(name.lower().encode(), value.encode()) for name, value in said.headers.items()]
        body = said.body.encode("utf-8", "surrogateescape")
        kept = [(name, value) for name, value in kept if name.decode() not in _OF_THE_HOP]
        kept.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": said.status, "headers": kept})
        await send({"type": "http.response.body", "body": body})

    def _answer(self, method: str, path: str, headers: Mapping[str, str], content: bytes) -> Said:
        text = content.decode("utf-8", "surrogateescape")
        self.requests.append((method, path))
        self.bodies.append(text)
        said = self.before(method, path, text) if self.before else None
        if said is None:
            said = self._forward(method, path, headers, content)
            said = self.after(method, path, text, said) if self.after else said
        return said

    def _forward(self, method: str, path: str, headers: Mapping[str, str], content: bytes) -> Said:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=60)
        # Radicale would pack its answers, and the hooks would see nothing in them.
        sent = {name: value for name, value in headers.items() if name not in _OF_THE_HOP}
        try:
            connection.request(method, path, content, sent)
            answer = connection.getresponse()
            body = answer.read().decode("utf-8", "surrogateescape")
            return Said(answer.status, dict(answer.getheaders()), body)
        finally:
            connection.close()


@contextmanager
def proxied(proxy: Proxy) -> Iterator[tuple[Faulty, str]]:
    """Troubles in front of the proxy, and the address they are at."""
    faults = Faulty(proxy)
    with served(faults) as url:
        yield faults, url


# --- other servers ------------------------------------------------------------------------------------------


def only_vcard_4(_method: str, _path: str, _body: str, said: Said) -> Said:
    """A server that takes vCard 4.0 alone, as far as it says."""
    body = re.sub(r"(<(?:\w+:)?address-data-type[^>]*)version=\"3.0\"", r'\1version="4.0"', said.body)
    return said._replace(body=body)


def without_reports(method: str, path: str, body: str) -> Said | None:
    """A server that has neither RFC 6578 nor addressbook-multiget."""
    if method == "REPORT" and "addressbook-multiget" in body:
        return Said(403, {}, '<error xmlns="DAV:"><supported-report/></error>')
    return without_sync(method, path, body)


def without_sync(method: str, _path: str, body: str) -> Said | None:
    """A server without RFC 6578."""
    if method == "REPORT" and "sync-collection" in body:
        return Said(403, {}, '<error xmlns="DAV:"><supported-report/></error>')
    return None


def hides_sync(_method: str, _path: str, _body: str, said: Said) -> Said:
    """And it says so."""
    return said._replace(body=_SYNC_REPORT.sub("", said.body))


def without_etags_of_puts(method: str, _path: str, _body: str, said: Said) -> Said:
    """A server that changes cards on their way in, and so names no ETag (RFC 6352 §6.3.2.3)."""
    if method != "PUT":
        return said
    return said._replace(headers={name: value for name, value in said.headers.items() if name != "ETag"})
