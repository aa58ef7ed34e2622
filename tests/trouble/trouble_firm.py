"""A whole installation at a simulated CRM: opened by `bootstrap`, over HTTP, in virtual time.

The home folder is a real one (settings, key ring, sealed login, ledger), so that the commands work on it.
Pacing, the simulator, the installation and the commands go by one clock, which moves only when told, or by
what Pacing would sleep.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import msgspec
import pytest
import sentences
from sqlalchemy import select
from story import (
    ANA,
    BOOK,
    CALLER,
    FAXER,
    JO,
    KIM,
    LATER,
    LEE,
    LINE,
    MEG,
    MISSED,
    TEXTER,
    Loud,
    Step,
    at,
    call,
    mail,
    meeting,
    person,
    text,
)

from firstcontact import bootstrap, config
from firstcontact.bootstrap import credentials_of, open_installation
from firstcontact.cli.common import guarded
from firstcontact.cli.main import cli
from firstcontact.connectors.contract import AuthLapsed, Delivery, Reading
from firstcontact.flow.clock import SECOND, VirtualClock
from firstcontact.flow.installation import Installation, Tally
from firstcontact.interactions.model import Attachment, Fax, Interaction, Voicemail, decode, encode
from firstcontact.lanes import pacing
from firstcontact.lanes.pacing import Pacing
from firstcontact.ledger import connecting, reading, stuck
from firstcontact.ledger.history import open_ledger
from firstcontact.ledger.reading import WriteRow
from firstcontact.ledger.tables import writes
from firstcontact.settings_text import Connection
from firstcontact.testing.simulators.base import Switches, simulator
from firstcontact.testing.simulators.faults import BATCH, Faulty, batched, requests_in
from firstcontact.testing.simulators.serving import running

KINDS = ("salesforce", "clio", "clio_grow", "zoho", "dynamics", "lawmatics")
CONNECTION = "office"
MADE_AT = {
    "salesforce": "Salesforce",
    "clio": "Clio Manage",
    "clio_grow": "Clio Grow",
    "zoho": "Zoho CRM",
    "dynamics": "Microsoft Dynamics 365",
    "lawmatics": "Lawmatics",
}
"""What each is called in sentences."""
TEAM: Mapping[str, Any] = {
    "domains": ["firm.example"],
    "region": "US",
    "timezone": "America/New_York",
    "lines": [LINE],
    "users": [
        {"id": "ana", "name": "Ana Ruiz", "emails": ["ana@firm.example"], "phones": [ANA]},
        {"id": "bo", "name": "Bo Lind", "emails": ["bo@firm.example"], "phones": ["+14155550101"]},
    ],
    "fallback_user": "bo",
}
TIMED_OUT = 1.0
"""Seconds after which a request that meets `late` is given up, and four times of which its answer takes. Only
such a request: any other has the connector's own time, however busy the machine is."""
MAKES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "salesforce": {
        "contact": ("/composite/graph", "/composite/sobjects", "/sobjects/Contact"),
        "activity": ("/composite/graph", "/composite/sobjects", "/sobjects/Task"),
    },
    "clio": {"contact": ("/contacts.json",), "activity": ("/communications.json",)},
    "zoho": {"contact": ("/Contacts",), "activity": ("/Calls", "/Events", "/Tasks")},
    "clio_grow": {"contact": ("/grow/contacts",), "activity": ("/notes",)},
    "lawmatics": {"contact": ("/v1/contacts",), "activity": ("/v1/notes", "/v1/interactions", "/v1/events")},
    # Within a batch, each row by our key.
    "dynamics": {
        "contact": ("/contacts(fc_key=",),
        "activity": ("/phonecalls(fc_key=", "/tasks(fc_key=", "/emails(fc_key=", "/faxes(fc_key="),
    },
}
Match = Callable[[str, str], bool]
Act = Callable[[], object]
"""Where requests go that make a record, by kind of CRM and record."""


def reader(delivery: Delivery) -> Reading:
    """A delivery of these stories is a fact already."""
    return Reading((decode(delivery.raw),))


class Meddling:
    """An application in front of which something happens: at a request that matches, once each.

    answered: when, method, path and status of every request that was answered.
    """

    def __init__(self, app: Any, now: Callable[[], int]) -> None:
        self._app = app
        self._now = now
        self._before: list[tuple[Match, Act]] = []
        self._after: list[tuple[Match, Act]] = []
        self.answered: list[tuple[int, str, str, int]] = []

    def before(self, match: Match, act: Act) -> None:
        """Once, when such a request has come and before anything is done about it."""
        self._before.append((match, act))

    def after(self, match: Match, act: Act) -> None:
        """Once, when such a request has been carried out and before it is answered."""
        self._after.append((match, act))

    @property
    def waiting(self) -> int:
        """How many have not happened."""
        return len(self._before) + len(self._after)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """An ASGI application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method, path = scope["method"], scope["path"]
        requests, receive = await requests_in(scope, receive)
        _act(self._before, requests)
        said: list[Any] = []

        async def hold(message: Any) -> None:
            said.append(message)

        await self._app(scope, receive, hold)
        _act(self._after, requests)
        for message in said:
            if message["type"] == "http.response.start":
                self.answered.append((self._now(), method, path, message["status"]))
            await send(message)


def _act(deeds: list[tuple[Match, Act]], requests: Sequence[tuple[str, str]]) -> None:
    for place, (match, act) in enumerate(deeds):
        if any(match(method, path) for method, path in requests):
            del deeds[place]
            act()
            return


class Told(Loud):
    """Fails at what is unforeseen; `events` are those that a person was told of, by name."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def event(self, name: str, level: str = "info", **_: object) -> None:
        """Kept."""
        if level in ("warning", "error"):
            self.events.append(name)


class Pages:
    """The simulator's desk as the sentences ask it."""

    def __init__(self, desk: Any) -> None:
        self.desk = desk

    def dump(self) -> dict[str, list[dict[str, Any]]]:
        """What the CRM holds, as plain values that may be changed."""
        return {name: [dict(one) for one in rows] for name, rows in self.desk.dump().items()}

    def list_contacts(self) -> list[dict[str, Any]]:
        """All contacts."""
        return self.dump()["contacts"]


class Said(msgspec.Struct, frozen=True):
    """What a command printed, white space as one space, and its exit status."""

    status: int
    text: str


class Firm:
    """An installation at a simulated CRM, as the stories' `World` is one at an address book."""

    def __init__(self, kind: str, home: Path, served: Any, clock: VirtualClock) -> None:
        self.kind = kind
        self.home = home
        self.served = served
        self.simulator = served.simulator
        self.faults = served.faults
        self.clock = clock
        self.meddling: Meddling = served.simulator.app
        self.watch = Told()
        self.desk = self.simulator.desk
        self.people = Pages(self.desk)
        self.steps: list[Step] = []
        self.reopen()

    # --- processes --------------------------------------------------------------------------------

    def open(self) -> Installation:
        """One more worker's installation on this home."""
        opened = open_installation(config.load(self.home), clock=self.clock, watch=self.watch)  # type: ignore[arg-type]
        opened.installation.reader = reader
        return opened.installation

    def reopen(self) -> None:
        """A process starts on the home as it is."""
        self.installation = self.open()
        self.ledger = self.installation.ledger

    def log_in(self) -> None:
        """A person connects again: what the CRM gives now is kept."""
        values = next(iter(self.served.kind.credentials(self.served.url).values()))
        home = config.load(self.home)
        credentials_of(home, CONNECTION, self.ledger).keep(values)

    def allow(self) -> None:
        """The administrator takes the revocation back."""
        if self.kind == "salesforce":
            self.simulator.restore()
        else:
            self.simulator.logins.revoked = False

    def said(self, *words: object) -> Said:
        """What a command says of this home."""
        out = io.StringIO()
        status: object = 0
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            try:
                guarded(cli, ["--home", str(self.home), *map(str, words)])
            except SystemExit as end:
                status = end.code
        return Said(int(str(status or 0)), " ".join(out.getvalue().split()))

    # --- what happens -----------------------------------------------------------------------------

    def receive(self, facts: Sequence[Interaction]) -> Tally:
        """Deliver facts as bytes, each of the same bytes every time."""
        items = [(Delivery("story", fact.id, encode(fact)), str(n)) for n, fact in enumerate(facts)]
        return self.installation.receive(items, reader, cursor_name="story", live=True)

    def deliver(self, *facts: Interaction) -> None:
        """Deliver, and remember it to be delivered again."""
        self.steps.append(Step(self.clock.now(), facts))
        self.receive(facts)

    def drain(self) -> Tally:
        """Do what is due now."""
        return self.installation.drain()

    def try_to_work(self) -> bool:
        """Do what is due now, as a worker does who is told that the login has lapsed: whether it has."""
        try:
            self.drain()
        except AuthLapsed:
            return True
        return False

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.clock.wait(int(seconds * SECOND))

    def forget_pace(self) -> None:
        """The limits are as if nothing had been sent: a process that goes by real time need not wait."""
        with self.ledger.write() as tx:
            connecting.change(tx, CONNECTION, filled_at=0, blocked_until=0)

    def settle(self, rounds: int = 80) -> Tally:
        """Do all work, moving the clock on to each retry."""
        total = Tally()
        for _ in range(rounds):
            total += self.drain()
            due = self.installation.due()
            if due is None:
                done = self.drain()
                if done == Tally() and not self.people_look():
                    return total
                total += done
                continue
            self.clock.advance_to(due)
        raise AssertionError("there is always something due")

    def people_look(self) -> bool:
        """Where nobody but people can tell whether what was sent has arrived, they look in the CRM, and say.
        Whether there was such a thing."""
        with self.ledger.read() as tx:
            unclear = [each.key for each in stuck.stuck(tx) if each.cause == "unclear"]
            about = {
                key: tx.scalar(select(writes.c.interaction).where(writes.c.key == key)) for key in unclear
            }
        assert not (unclear and self.installation.crm.capabilities().finds_written)
        for key, interaction in about.items():
            there = [one for one in self.people.dump()["activities"] if interaction in one["interactions"]]
            answer = ("--record", there[0]["id"]) if there else ("--not-there",)
            assert self.said("stuck", "settle", key, *answer).status == 0
        return bool(unclear)

    def hold(self) -> None:
        """Once all is settled: the sentences of DESIGN §5."""
        sentences.hold(self, self.steps)  # type: ignore[arg-type]

    def all_is_well(self) -> None:
        """Once all is settled, and some or all of the busy hour was delivered: each stranger is one contact,
        and all that is to be logged is."""
        self.everybody_is_there()
        delivered = {fact.id for step in self.steps for fact in step.facts}
        assert self.logged() == sorted(delivered - NOT_LOGGED)
        self.hold()

    def everybody_is_there(self, besides: Sequence[str] = ()) -> None:
        """Each stranger of the busy hour who was on something is one contact."""
        facts = [fact for step in self.steps for fact in step.facts]
        on = {handle.key for fact in facts for each in fact.participants for handle in each.handles}
        who = [each for each in STRANGERS if each in on and each not in besides]
        assert {each: len(self.contacts_with(each)) for each in who} == dict.fromkeys(who, 1)

    # --- what is there ----------------------------------------------------------------------------

    @property
    def requests(self) -> int:
        """How many the simulator has been sent, those it refused too."""
        count: int = self.simulator.requests
        return count

    def contacts_with(self, handle: str) -> list[dict[str, Any]]:
        """The contacts that bear a handle, however it is written."""
        wanted = handle.lower()
        digits = "".join(c for c in handle if c.isdigit())[-10:]
        return [
            each
            for each in self.people.list_contacts()
            if wanted in [one.lower() for one in each["emails"]]
            or (
                "@" not in handle
                and digits in ["".join(c for c in one if c.isdigit())[-10:] for one in each["phones"]]
            )
        ]

    def logged(self) -> list[str]:
        """Ids of the interactions that are on activities, each as often as it is."""
        return sorted(id for one in self.people.dump()["activities"] for id in one["interactions"])

    def writes(self, interaction: str) -> tuple[WriteRow, ...]:
        """What the ledger says of its writes."""
        with self.ledger.read() as tx:
            return reading.writes_of(tx, interaction)

    def next_making(self, trouble: Any, record: str = "contact") -> None:
        """The next request that makes such a record meets this trouble."""
        self.faults.next(trouble, self.making(record))

    def making(self, record: str = "contact") -> Match:
        """Whether a request makes such a record."""
        places = MAKES[self.kind][record]
        if self.kind == "dynamics":
            return lambda method, path: method == "PATCH" and any(place in path for place in places)
        return lambda method, path: method == "POST" and path.endswith(places)

    def looks(self, method: str, path: str) -> bool:
        """Whether a request only looks for people."""
        if self.kind == "salesforce":
            return "/search" in path or "/parameterizedSearch" in path or "/query" in path
        if self.kind == "zoho":
            return path.endswith("/coql")
        if self.kind == "lawmatics":
            return method == "GET" and (path.endswith("/v1/contacts") or "/contacts/find_by" in path)
        if self.kind == "dynamics":
            return method == "GET" and ("contains(" in path or "startswith(" in path)
        return method == "GET" and path.endswith(("/contacts.json", "/grow/contacts"))


@contextmanager
def firm_at(
    kind: str,
    folder: Path,
    patch: pytest.MonkeyPatch,
    *,
    lag: float = 0.0,
    clock_off: int = 0,
    begin: int = 0,
    seed: Callable[[Any], object] = lambda _: None,
    **quirks: Any,
) -> Iterator[Firm]:
    """A firm at a new simulated CRM whose search lags by so many seconds and whose clock is that many
    microseconds ahead, from `begin` on. seed: what else people have put into it. Fay Xu, who sends faxes,
    and Meg Pole are contacts, made by people."""
    clock = VirtualClock(begin or at(0, 17))
    found = simulator(kind)
    made: Any = found.make(lambda: clock.now() + clock_off, Switches(lag=lag, quirks=quirks))
    made.app = Meddling(made.app, clock.now)
    with running(found, made) as served, ExitStack() as stack:
        served.faults.late = 4 * TIMED_OUT
        _by_one_clock(patch, clock)
        _impatient_where_late(patch, served.faults)
        home = folder / "home"
        config.write_initial(home, TEAM)
        options = dict(found.options(served.url))
        connection = Connection(name=CONNECTION, kind=kind, options=options)
        config.set_connection(home, connection)
        _furnish(made.desk, kind)
        seed(made.desk)
        _log_in_first(home, served)
        firm = Firm(kind, home, served, clock)
        stack.callback(firm.ledger.engine.dispose)
        yield firm


def _by_one_clock(patch: pytest.MonkeyPatch, clock: VirtualClock) -> None:
    def sleep(seconds: float) -> None:
        clock.wait(int(seconds * SECOND) + 1)

    def paced(ledger: Any, connection: str, offered: Any, watch: Any) -> Pacing:
        return Pacing(ledger, connection, offered, watch, sleep=sleep)

    patch.setattr(bootstrap, "Pacing", paced)
    patch.setattr(bootstrap, "SystemClock", lambda: clock)
    patch.setattr(pacing, "leasing", SimpleNamespace(clock=lambda _: clock.now()))


def _impatient_where_late(patch: pytest.MonkeyPatch, faults: Faulty) -> None:
    sent = httpx2.HTTPTransport.handle_request

    def send(transport: httpx2.HTTPTransport, request: httpx2.Request) -> httpx2.Response:
        requests = [(request.method, request.url.path)]
        if request.headers.get("content-type", "").encode().startswith(BATCH):
            requests += batched(request.read())
        if faults.next_of(requests) == "late":
            request.extensions["timeout"]["read"] = TIMED_OUT
        return sent(transport, request)

    patch.setattr(httpx2.HTTPTransport, "handle_request", send)


def _log_in_first(home: Path, served: Any) -> None:
    values = next(iter(served.kind.credentials(served.url).values()))
    loaded = config.load(home)
    ledger = open_ledger(bootstrap.sides(home, loaded.store)[0].engine)
    credentials_of(loaded, CONNECTION, ledger).keep(values)
    ledger.engine.dispose()


def _furnish(desk: Any, kind: str) -> None:
    for user in BOOK.team.users:
        desk.add("user", {"name": user.name, "email": user.emails[0], "active": True})
    fay = desk.add("contact", {"first_name": "Fay", "last_name": "Xu", "phones": [FAXER]})
    desk.add("contact", {"first_name": "Meg", "last_name": "Pole", "emails": [MEG]})
    if kind in ("clio", "clio_grow"):
        desk.add("matter", {"contact": fay, "name": "Xu v. Xu", "open": True, "opened_at": "2026-01-02"})


# --- a day of all kinds of interactions ------------------------------------------------------------------

STRANGERS = (JO, MISSED, TEXTER, CALLER, LATER, KIM)
"""Whom nobody knows and who are engaged with: each is to be one contact in the end."""


def busy_hour(when: int = 0) -> tuple[Interaction, ...]:
    """Calls, texts, a voicemail, a fax, mails and a meeting of known and unknown people."""
    when = when or at(0, 16)
    minute = 60 * SECOND
    return (
        call("call-jo", when, JO, seconds=130, name="DIAZ JO"),
        call("call-jo-2", when + 2 * minute, JO, direction="outbound", seconds=61),
        call("call-later", when + 3 * minute, LATER, seconds=31, name="HART UMA"),
        call("call-missed", when + 4 * minute, MISSED, direction="outbound", seconds=75),
        text("text-1", when + 5 * minute, TEXTER, "Hello"),
        text("text-2", when + 6 * minute, TEXTER, "Who is this?", "outbound"),
        Voicemail(
            id="voice-1", source="story", source_id="voice-1", conversation="voice-1", at=when + 7 * minute,
            participants=(person("from", CALLER, "VALE ROY"), person("to", LINE)),
            direction="inbound", seconds=22, recording="https://rec.example/2",
        ),
        Fax(
            id="fax-1", source="story", source_id="fax-1", conversation="fax-1", at=when + 8 * minute,
            participants=(person("from", FAXER), person("to", LINE)), direction="inbound", pages=2,
            attachments=(Attachment("letter.pdf", "application/pdf", 10, "https://fax.example/1"),),
        ),
        mail("mail-kim-1", when + 9 * minute, KIM, "ana@firm.example", "Kim Osei", "kim", "Can you help?"),
        mail("mail-kim-2", when + 10 * minute, "ana@firm.example", KIM, "Ana Ruiz", "kim", "Yes", "Kim Osei"),
        mail("mail-lee-1", when + 11 * minute, LEE, "ana@firm.example", "Lee Moss", "lee", "Hi"),
        meeting(
            "meet-1", when, KIM, person("attendee", "ana@firm.example", reply="accepted"),
            person("attendee", MEG, "Meg Pole", reply="accepted"), starts=when + 60 * minute,
        ),
    )  # fmt: skip


BUSY_HOUR = busy_hour()
NOT_LOGGED = frozenset({"mail-lee-1"})
"""Lee has written, and nobody has answered."""
LOGGED = tuple(fact.id for fact in BUSY_HOUR if fact.id not in NOT_LOGGED)
