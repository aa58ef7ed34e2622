"""The way to Temporal, encrypted and with certificates on both sides, through a real TLS server."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from firstcontact.lanes.temporal import engine
from firstcontact.lanes.temporal.messages import Place
from firstcontact.lanes.temporal.server import EngineProblem, Server
from firstcontact.testing.temporal import DevServer

PLACE = Place("encrypted", "book")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, a server's certificate, a client's, and another authority that nobody trusts."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    for name in ("authority", "stranger"):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.pem")  # fmt: skip
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    for name in ("server", "client"):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                "-out", f"{name}.csr")  # fmt: skip
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "authority.pem", "-CAkey", "authority.key",
                "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", f"{name}.pem")  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def port(temporal_server: DevServer, certificates: Path) -> Iterator[int]:
    """Where TLS is spoken, and only to who has a certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificates / "authority.pem"))
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    ready, found, loop = Event(), [], asyncio.new_event_loop()
    host, _, behind = temporal_server.address.partition(":")

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_server = await asyncio.open_connection(host, int(behind))
        await asyncio.gather(pump(reader, to_server[1]), pump(to_server[0], writer))

    async def listen() -> None:
        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
        found.append(server.sockets[0].getsockname()[1])
        ready.set()

    async def listen_until(over: asyncio.Event) -> None:
        await listen()
        await over.wait()

    over = asyncio.Event()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:  # cancels what hangs on a connection
            runner.run(listen_until(over))

    thread = Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    yield found[0]
    loop.call_soon_threadsafe(over.set)
    thread.join(10)


def test_an_encrypted_way(port: int, certificates: Path) -> None:
    """With the authority and a certificate of our own the server is reached; without encryption, without our
    certificate, or where another authority vouches for the server, it is not."""
    names = ("authority.pem", "client.pem", "client.key")
    authority, certificate, key = ((certificates / name).read_bytes() for name in names)
    server = Server(f"localhost:{port}", tls=(authority, certificate, key))
    assert engine.wake(server, PLACE) == 8
    stranger = (certificates / "stranger.pem").read_bytes()
    for tls, how in (
        (None, "without TLS"),
        ((authority, b"", b""), "with TLS"),
        ((stranger, certificate, key), "with TLS"),
    ):
        with pytest.raises(EngineProblem, match=how):
            engine.wake(replace(server, tls=tls), PLACE)
