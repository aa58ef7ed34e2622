"""The server: any CRM of the contract as an ASGI app, with the bad days that its habits say.

Everything happens in one thread, so the CRM behind it needs no lock; only pauses let requests overlap.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import msgspec
import uvicorn
from sqlalchemy import delete
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from firstcontact.connectors.address_book import tables
from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.people import BadRecord, NotThere, People
from firstcontact.connectors.contract import AuthLapsed, NotOffered, TryAgain
from firstcontact.flow.clock import VirtualClock
from firstcontact.identity.records import ABSENT, Finding
from firstcontact.planning.write import Receipt
from firstcontact.store.engine import begin
from firstcontact.testing.served import wire
from firstcontact.testing.served.wire import METHODS, Counts, Habits

Bad = Literal["", "cut", "unheard", "cut_looks", "busy"]
WAYS = ("silent", "half", "500")
"""How an answer is lost: nothing comes, half of it comes, or an error comes although it was carried out."""

_open: dict[tuple[str, int], asyncio.Transport] = {}
"""The connections by the client's end, so that one can be cut. ASGI has no way to say it."""


class _Protocol(H11Protocol):
    """HTTP/1.1 whose connections can be found."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        super().connection_made(transport)
        _open[transport.get_extra_info("peername")[:2]] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        _open.pop(self.transport.get_extra_info("peername")[:2], None)
        super().connection_lost(exc)


class _Cut(Response):
    """An answer that is cut off: before its first byte, or in the middle of its body."""

    def __init__(self, body: bytes, *, half: bool) -> None:
        super().__init__(body, media_type=wire.CONTENT_TYPE)
        self._half = half

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what is to be sent, and close."""
        transport = _open[scope["client"]]
        if self._half:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            part = bytes(self.body)[: len(self.body) // 2]
            await send({"type": "http.response.body", "body": part, "more_body": True})
            transport.close()
        else:
            transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass


class Desk:
    """The CRM and how it behaves, its clock and what it has seen. book: what is served, on this clock."""

    def __init__(self, book: AddressBook, clock: VirtualClock, token: str, seed: int) -> None:
        self.book = book
        self.clock = clock
        self.people = People(book)
        self.habits = Habits()
        self._token = token
        self._random = random.Random(seed)
        self._asked: Counter[str] = Counter()
        self._carried: Counter[str] = Counter()
        self._done: Counter[str] = Counter()

    # --- the contract over HTTP ------------------------------------------------------------------

    async def crm(self, request: Request) -> Response:
        """One request of a connector."""
        name = request.path_params["method"]
        if name not in METHODS:
            return Response(f"there is no method {name}", 404)
        self._asked[name] += 1
        if self.habits.lapsed or request.headers.get("Authorization") != f"Bearer {self._token}":
            return Response(status_code=401)
        bad = self._bad(name)
        if bad == "busy":
            status = self._random.choice((429, 503))
            return Response(status_code=status, headers={"Retry-After": str(self.habits.after)})
        try:
            arguments = msgspec.msgpack.decode(await request.body(), type=METHODS[name].asked)
        except msgspec.DecodeError as error:
            return Response(str(error), 400)
        await self._pause(name == "apply")
        if bad == "unheard":
            return _Cut(b"", half=False)
        answer = self._answered(name, arguments)
        await self._pause(True)
        if bad and answer.status_code == 200:
            way = self._random.choice(WAYS)
            self._done[f"{bad}: {way}"] += 1
            return Response(status_code=500) if way == "500" else _Cut(bytes(answer.body), half=way == "half")
        return answer

    def _bad(self, name: str) -> Bad:
        """What befalls this request; rates of 0 draw nothing."""
        habits = self.habits
        lost: tuple[tuple[Bad, float], ...] = (("cut", habits.cut), ("unheard", habits.unheard))
        chances = lost if name == "apply" else (("cut_looks", habits.cut_looks),)
        for what, rate in (("busy", habits.busy), *chances):
            if rate > 0 and self._random.random() < rate:
                self._done[what] += 1
                return what
        return ""

    async def _pause(self, wanted: bool) -> None:
        if wanted and self.habits.pause:
            await asyncio.sleep(self.habits.pause * (0.5 + self._random.random()))

    def _answered(self, name: str, arguments: tuple[Any, ...]) -> Response:
        try:
            answer = getattr(self, f"_crm_{name}", getattr(self.book, name))(*arguments)
        except TryAgain as error:
            return Response(str(error), 503, {"Retry-After": str(round(error.after))})
        except AuthLapsed:
            return Response(status_code=401)
        except NotOffered as error:
            return Response(str(error), 422)
        return Response(wire.encode(answer), media_type=wire.CONTENT_TYPE)

    def _crm_find(self, handles: Any) -> Mapping[str, Finding]:
        if self.habits.search_down:
            raise TryAgain("The search is down.", self.habits.after)
        found = self.book.find(handles)
        return {key: self._seen(one) for key, one in found.items()} if self.habits.search_lag else found

    def _seen(self, finding: Finding) -> Finding:
        """What the search knows by now: nobody made less than the lag ago."""
        newest = self.clock.now() - self.habits.search_lag
        records = tuple(record for record in finding.records if record.created_at <= newest)
        if len(records) == len(finding.records):
            return finding
        self._done["search_lag"] += 1
        return msgspec.structs.replace(finding, records=records) if records else ABSENT

    def _crm_read(self, ids: Any) -> wire.Read:
        return wire.sorted_out(self.book.read(ids))

    def _crm_apply(self, writes: Any) -> tuple[wire.Answer, ...]:
        outcomes = self.book.apply(writes)
        for write, one in zip(writes, outcomes, strict=True):
            if isinstance(one, Receipt):
                self._carried[write.kind] += 1
        return tuple(wire.answer(one) for one in outcomes)

    # --- what a test does ------------------------------------------------------------------------

    async def desk(self, request: Request) -> Response:
        """One request of the test."""
        what = request.path_params["what"]
        given = msgspec.msgpack.decode(await request.body())
        if what not in self._DESK:
            return Response(f"there is no {what} at the desk", 404)
        try:
            answer = getattr(self, f"_desk_{what}")(*given)
        except (BadRecord, NotThere, msgspec.ValidationError) as fault:
            return Response(str(fault), 400)
        return Response(wire.encode(answer), media_type=wire.CONTENT_TYPE)

    _DESK = frozenset(
        {"clock", "habits", "add", "edit", "delete", "merge", "seed", "dump", "counts", "empty"}
    )

    def _desk_clock(self, now: int) -> int:
        self.clock.advance_to(now)
        return self.clock.now()

    def _desk_habits(self, habits: Any) -> None:
        self.habits = msgspec.convert(habits, Habits)

    def _desk_add(self, kind: str, fields: Mapping[str, Any]) -> str:
        return self.people.add(kind, fields)

    def _desk_edit(self, kind: str, reference: str, fields: Mapping[str, Any]) -> None:
        self.people.edit(kind, reference, fields)

    def _desk_delete(self, kind: str, reference: Any) -> None:
        self.people.delete(kind, reference)

    def _desk_merge(self, loser: str, survivor: str) -> None:
        self.people.merge(loser, survivor)

    def _desk_seed(self, crm: Mapping[str, Any]) -> None:
        self.people.seed(crm)

    def _desk_dump(self) -> Mapping[str, Any]:
        return self.people.dump()

    def _desk_empty(self) -> None:
        """Nothing is there any more, nothing has happened, and habits are good; the clock stands."""
        with begin(self.book.engine, turn="address_book") as connection:
            for table in tables.metadata.tables.values():
                connection.execute(delete(table))
        self.habits = Habits()
        for counter in (self._asked, self._carried, self._done):
            counter.clear()

    def _desk_counts(self) -> Counts:
        return Counts(dict(self._asked), dict(self._carried), dict(self._done))


def application(desk: Desk) -> Starlette:
    """The app: `/crm/METHOD` for connectors, `/desk/WHAT` for tests."""
    Endpoint = Callable[[Request], Awaitable[Response]]
    crm: Endpoint = desk.crm
    at_desk: Endpoint = desk.desk
    return Starlette(
        routes=[
            Route("/crm/{method}", crm, methods=["POST"]),
            Route("/desk/{what}", at_desk, methods=["POST"]),
        ]
    )


def run(desk: Desk, listening: socket.socket) -> None:
    """Serve until the process ends."""
    config = uvicorn.Config(
        application(desk),
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_keep_alive=60,
    )
    uvicorn.Server(config).run(sockets=[listening])
