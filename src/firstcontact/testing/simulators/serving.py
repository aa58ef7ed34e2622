"""Serving a simulator on loopback from a thread of this process, so that a test can work at its desk."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate

import msgspec
import uvicorn

from firstcontact.connectors.contract import Crm, CrmKind, Opening
from firstcontact.testing.simulators.base import App, Kept, Message, Scope, Simulator, SimulatorKind, Unpaced
from firstcontact.testing.simulators.faults import Faulty, Receive, Send

READY_SECONDS = 10.0


def dated(app: App) -> App:
    """The application, whose answers say the machine's time where they say none of their own: a simulator on
    a virtual clock says that clock's."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                if all(name.lower() != b"date" for name, _ in headers):
                    headers.append((b"date", formatdate(usegmt=True).encode()))
                message = {**message, "headers": headers}
            await send(message)

        await app(scope, receive, say)

    return answer


@contextmanager
def served(app: App, port: int = 0) -> Iterator[str]:
    """The address at which an ASGI application answers while the block runs, on any port that is free or on
    this one. Raises OSError for one that is taken."""
    listening = socket.create_server(("127.0.0.1", port))
    # asyncio leaves a socket made like this one as it is, and then every answer of two packets waits 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    port = listening.getsockname()[1]
    config = uvicorn.Config(
        dated(app),
        log_level="critical",
        access_log=False,
        lifespan="off",
        timeout_keep_alive=30,
        ws="none",
        date_header=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    until = time.monotonic() + READY_SECONDS
    while not server.started:
        if time.monotonic() > until or not thread.is_alive():
            raise RuntimeError("the simulator did not start")
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(READY_SECONDS)
        listening.close()


class Running(msgspec.Struct, frozen=True):
    """A simulator that is being served: itself, its address, and the troubles in front of it."""

    simulator: Simulator
    url: str
    faults: Faulty
    kind: SimulatorKind

    def credentials(self, login: str = "") -> Kept:
        """What a connection to it logs in with, by the named way or the usual one."""
        ways = self.kind.credentials(self.url)
        return Kept(ways[login or next(iter(ways))])

    def opening(
        self,
        now: object,
        *,
        connection: str = "",
        credentials: Kept | None = None,
        pace: Unpaced | None = None,
        region: str = "US",
        options: Mapping[str, str | int | bool] | None = None,
    ) -> Opening:
        """What a connection to it is opened with. now: a clock in microseconds, as the simulator has."""
        return Opening(
            connection=connection or self.kind.kind,
            options={**self.kind.options(self.url), **(options or {})},
            credentials=credentials or self.credentials(),
            pace=pace or Unpaced(),
            region=region,
            now=now,  # type: ignore[arg-type]
        )

    def connect(self, crm: CrmKind, opening: Opening) -> Crm:
        """A connector to it, options that were not given as by default."""
        defaults = {name: option.default for name, option in crm.options.items()}
        return crm.open(msgspec.structs.replace(opening, options={**defaults, **opening.options}))


@contextmanager
def running(kind: SimulatorKind, simulator: Simulator) -> Iterator[Running]:
    """The simulator served, with room for troubles."""
    faults = Faulty(simulator.app)
    with served(faults) as url:
        yield Running(simulator, url, faults, kind)
