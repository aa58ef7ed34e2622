"""The bytes of a file that belongs to an interaction, as its attachment's address gives them to anybody.

`https`, `http` or `data` (RFC 2397). A phone system that wants its own login gives nothing.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import socket
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

import httpx2

LIMIT = 25_000_000
"""Bytes that a file may have; a larger one stays where it is."""
SECONDS = 30.0
_MOST_MOVES = 5


def fetch(uri: str) -> bytes | None:
    """What an address gives to anybody who asks; None for nothing, or for too much.

    Who sends a fax record must not read what only our network can reach (a router, a cloud's metadata): every
    host on the way is a public one, by its name before it is asked and by its connection after.
    """
    scheme = uri.partition(":")[0].lower()
    if scheme == "data":
        return inline(uri)
    if scheme not in ("http", "https"):
        return None
    try:
        # With a transport of its own no proxy stands between, which would look names up for us.
        with httpx2.Client(transport=httpx2.HTTPTransport(), timeout=SECONDS) as client:
            for _ in range(_MOST_MOVES):
                parts = urlsplit(uri)
                if parts.scheme not in ("http", "https") or not _all_public(resolved(parts.hostname or "")):
                    return None
                with client.stream("GET", uri) as answer:
                    if not answer.has_redirect_location:
                        return _content(answer)
                    uri = urljoin(uri, answer.headers["Location"])
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError):
        pass
    return None


def resolved(host: str) -> list[str]:
    """The network addresses of a host. Raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


def is_public(address: str) -> bool:
    """Whether it is an address of the internet, not of this machine or of a private network."""
    found = ipaddress.ip_address(address.partition("%")[0])
    return found.is_global and not found.is_multicast


def _all_public(addresses: list[str]) -> bool:
    return bool(addresses) and all(is_public(address) for address in addresses)


def _content(answer: httpx2.Response) -> bytes | None:
    peer = answer.extensions["network_stream"].get_extra_info("server_addr")
    if not answer.is_success or not _all_public([str(peer[0])]):
        return None
    content = b""
    for part in answer.iter_bytes():
        content += part
        if len(content) > LIMIT:
            return None
    return content or None


def inline(uri: str) -> bytes | None:
    """What an address holds itself (`data:`); None for another address, nothing, or too much."""
    if uri[:5].lower() != "data:":
        return None
    head, comma, data = uri[len("data:") :].partition(",")
    if not comma:
        return None
    content = unquote_to_bytes(data)
    if head.lower().endswith(";base64"):
        try:
            content = base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError):
            return None
    return content if 0 < len(content) <= LIMIT else None
