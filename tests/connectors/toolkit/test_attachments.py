"""Which addresses the files of interactions are fetched from."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from firstcontact.connectors.toolkit import attachments

MOVES = {
    "/moved": "/fax.pdf",
    "/away": "http://10.0.0.7/secret",
    "/round": "/round",
    "/file": "file:///etc/x",
}


class Place(BaseHTTPRequestHandler):
    """A place on this machine with one file, and addresses that lead on."""

    asked: list[str]

    def do_GET(self) -> None:
        """The file, or where it is."""
        self.asked.append(self.path)
        to = MOVES.get(self.path)
        self.send_response(302 if to else 200)
        if to:
            self.send_header("Location", to)
        self.send_header("Content-Length", "0" if to else "3")
        self.end_headers()
        self.wfile.write(b"" if to else b"fax")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def place() -> Iterator[str]:
    """Its address."""
    Place.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Place) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_nothing_private_is_asked(place: str) -> None:
    """An address of this machine is not even connected to, by number or by name."""
    assert attachments.fetch(f"{place}/fax.pdf") is None
    assert attachments.fetch(f"{place.replace('127.0.0.1', 'localhost')}/fax.pdf") is None
    assert Place.asked == []


def test_a_name_that_changes_is_no_way_in(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a name led elsewhere when it was looked up, what is behind the connection counts."""
    monkeypatch.setattr(attachments, "resolved", lambda _: ["8.8.8.8"])
    assert attachments.fetch(f"{place}/fax.pdf") is None


def test_moves_are_followed_to_public_addresses(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that has moved is fetched; not from a private address, nor from a file, nor without end."""
    public = attachments.is_public
    monkeypatch.setattr(attachments, "is_public", lambda address: address == "127.0.0.1" or public(address))
    assert attachments.fetch(f"{place}/fax.pdf") == b"fax"
    assert attachments.fetch(f"{place}/moved") == b"fax"
    for path in ("/away", "/round", "/file"):
        assert attachments.fetch(place + path) is None


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
     "224.0.0.1", "::1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"],
)  # fmt: skip
def test_private_addresses(address: str) -> None:
    """Loopback, private, link-local, shared, unspecified, multicast, and IPv4 within IPv6."""
    assert not attachments.is_public(address)
    assert attachments.is_public("8.8.8.8")
    assert attachments.is_public("2606:4700::1111")


def test_an_address_that_is_the_file() -> None:
    """`data:` addresses hold the bytes themselves, as text or base64; what is no base64 is no file."""
    assert attachments.fetch("data:text/plain,a%20fax") == b"a fax"
    assert attachments.fetch("DATA:application/pdf;base64,ZmF4") == b"fax"
    for nothing in ("data:;base64,!", "data:", "data:,", "data", ""):
        assert attachments.inline(nothing) is None
