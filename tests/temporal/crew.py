"""Worker processes for tests: a real installation on real databases, in a process that can be killed.

As a program: a worker, as `firstcontact worker` runs it, on a CRM that takes its time.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
from sqlalchemy import func, select

from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.people import People
from firstcontact.connectors.contract import Delivery, Outcome, Reading
from firstcontact.flow.clock import SystemClock
from firstcontact.flow.engine_job import InstallationJob, place_of
from firstcontact.flow.installation import Installation
from firstcontact.interactions.handles import read_handle
from firstcontact.interactions.model import Call, Interaction, Participant, Role, Sms, decode, encode
from firstcontact.lanes.temporal import engine
from firstcontact.lanes.temporal.messages import Place
from firstcontact.lanes.temporal.server import Server
from firstcontact.ledger import lanes_due
from firstcontact.ledger.history import open_ledger
from firstcontact.ledger.tables import decisions, interactions, lanes
from firstcontact.planning.write import Write
from firstcontact.policy.scopes import SettingsBook
from firstcontact.store.engine import open_engine

START = 1_767_600_000_000_000
"""2026-01-05 08:00 UTC."""
SECOND = 1_000_000
ANA = "+14155550100"

BOOK = SettingsBook.from_mapping(
    {
        "domains": ["firm.example"],
        "region": "US",
        "users": [{"id": "ana", "name": "Ana Ruiz", "emails": ["ana@firm.example"], "phones": [ANA]}],
    },
    {"unknown_contact": {"default": "create"}, "brakes": {"creates_per_hour": 100_000}},
)


class Where(msgspec.Struct, frozen=True):
    """An installation's databases, how quickly its workers are missed, and how its CRM is: seconds per
    request, and how much is done at once."""

    ledger: str
    crm: str
    takeover: float = 2.0
    look: float = 60.0
    pause: float = 0.0
    batch: int = 500


class SlowBook(AddressBook):
    """An address book whose answers to writes are late."""

    pause = 0.0

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """As ever, and then the answer takes its time."""
        outcomes = super().apply(writes)
        time.sleep(self.pause)
        return outcomes


def opened(where: Where) -> tuple[Installation, AddressBook]:
    """The installation as a process of its own opens it."""
    book = SlowBook(open_engine(where.crm))
    book.pause = where.pause
    installation = Installation(
        book=BOOK,
        ledger=open_ledger(open_engine(where.ledger)),
        crm=book,
        clock=SystemClock(),
        batch=where.batch,
        reader=lambda delivery: Reading((decode(delivery.raw),)),
    )
    return installation, book


def job(where: Where) -> InstallationJob:
    """Its work, as a worker is handed it."""
    installation, _ = opened(where)
    place = place_of(installation, where.takeover, where.look)
    return InstallationJob(installation, place, lambda text: BOOK.with_settings(msgspec.json.decode(text)))


# --- facts --------------------------------------------------------------------------------------------


def number(n: int) -> str:
    """One of the numbers that are kept free for stories."""
    return f"+1{(212, 303, 312, 404, 206, 503, 602, 617, 702, 713)[n % 10]}5550{100 + n // 10 % 100}"


def _person(role: Role, text: str) -> Participant:
    handle = read_handle(text, "US")
    assert handle is not None
    return Participant(role=role, handles=(handle,), raw=text)


def call(id: str, other: str, at: int) -> Call:
    """Somebody calls Ana and is answered; a conversation of its own."""
    return Call(
        id=id, source="test", source_id=id, conversation=id, at=at, direction="inbound", result="answered",
        seconds=60, participants=(_person("from", other), _person("to", ANA)),
    )  # fmt: skip


def text(id: str, other: str, at: int) -> Sms:
    """Somebody sends Ana a text, in the one conversation that they have."""
    return Sms(
        id=id, source="test", source_id=id, conversation=f"texts {other}", at=at, direction="inbound",
        body=f"This is {id}", participants=(_person("from", other), _person("to", ANA)),
    )  # fmt: skip


def calls(people: int, each: int, name: str = "c") -> list[Interaction]:
    """So many calls by each of so many new people, a minute apart, people in turn."""
    return [
        call(f"{name}{turn}-{n}", number(n), START + (turn * people + n) * 60 * SECOND)
        for turn in range(each)
        for n in range(people)
    ]


def accept(installation: Installation, facts: Sequence[Interaction]) -> None:
    """Deliver facts as what a web hook stores before it answers; each as the same bytes every time."""
    installation.accept([Delivery("test", fact.id, encode(fact)) for fact in facts])


# --- what came of it ----------------------------------------------------------------------------------


class Looker:
    """Looks at an installation from beside."""

    def __init__(self, where: Where) -> None:
        self.installation, self._book = opened(where)

    def accept(self, facts: Sequence[Interaction]) -> None:
        """Deliver facts."""
        accept(self.installation, facts)

    def place(self) -> Place:
        """Its place, for waking."""
        return place_of(self.installation)

    def wait(self, seconds: float = 60.0) -> None:
        """Until nothing is due: counted in one statement, since work becomes other work meanwhile."""
        self.until(self._at_rest, seconds, "nothing is due any more")

    def _at_rest(self) -> bool:
        with self.installation.ledger.read() as tx:
            counts = lanes_due.count_due(tx, self._book.connection, self.installation.clock.now())
        return not (counts.deliveries or counts.interactions or counts.writes or counts.later)

    def until(self, so: Callable[[], bool], seconds: float, what: str) -> None:
        """Until something is so."""
        end = time.monotonic() + seconds
        while not so():
            assert time.monotonic() < end, f"waited {seconds} s in vain until {what}"
            time.sleep(0.01)

    def decided(self) -> int:
        """How many interactions have a decision."""
        with self.installation.ledger.read() as tx:
            return int(tx.scalar(select(func.count(decisions.c.interaction.distinct()))) or 0)

    def held_by(self) -> set[int]:
        """Processes that hold lanes."""
        with self.installation.ledger.read() as tx:
            owners = tx.scalars(select(lanes.c.owner).where(lanes.c.owner != "")).all()
        return {int(owner.split(" ")[1]) for owner in owners}

    def exactly(self, people: int, logged: int) -> None:
        """Each person is one contact of ours, each interaction is logged once, and everything is settled."""
        crm = People(self._book).dump()
        made = [contact for contact in crm["contacts"] if contact["created_by_us"]]
        numbers = Counter(number for contact in made for number in contact["phones"])
        assert len(made) == people
        assert set(numbers.values()) == {1}
        on = Counter(id for activity in crm["activities"] for id in activity["interactions"])
        assert len(on) == logged
        assert set(on.values()) == {1}
        with self.installation.ledger.read() as tx:
            stored = int(tx.scalar(select(func.count()).select_from(interactions)) or 0)
        assert stored == logged

    def in_order(self) -> None:
        """Within each conversation, interactions were decided first in the order in which they happened."""
        with self.installation.ledger.read() as tx:
            first = select(decisions.c.interaction, func.min(decisions.c.id).label("first"))
            firsts = first.group_by(decisions.c.interaction).subquery()
            query = (
                select(interactions.c.conversation, interactions.c.at, firsts.c.first)
                .join(firsts, firsts.c.interaction == interactions.c.id)
                .order_by(interactions.c.conversation, interactions.c.at)
            )
            rows = tx.execute(query).all()
        several = 0
        for before, after in pairwise(rows):
            if before.conversation == after.conversation:
                several += 1
                assert before.first < after.first, f"{before.conversation} was decided out of order"
        assert several > 0


# --- processes ----------------------------------------------------------------------------------------


class Crew:
    """Workers at one Temporal server, each a process of its own."""

    def __init__(self, address: str, where: Where, folder: Path) -> None:
        self.workers: list[subprocess.Popen[str]] = []
        self._address = address
        self._where = where
        self._log = folder / "workers.log"

    def start(self, count: int = 1) -> None:
        """Start so many more, and wait until they are at work."""
        told = msgspec.json.encode(self._where).decode()
        new = []
        with self._log.open("a") as log:
            for _ in range(count):
                command = [sys.executable, __file__, self._address, told]
                new.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True))
        for each in new:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n", self._log.read_text()
        self.workers += new

    def stop(self) -> list[int]:
        """Tell all to end, as a service manager does; their exit statuses."""
        for each in self.workers:
            each.terminate()
        ended = [each.wait(30) for each in self.workers]
        self.workers.clear()
        return ended

    def kill(self) -> None:
        """End all that are left, however."""
        for each in self.workers:
            each.kill()
            each.wait(10)
        self.workers.clear()


@contextmanager
def crew(address: str, where: Where, folder: Path, count: int = 1) -> Iterator[Crew]:
    """A crew that is gone when the block ends."""
    made = Crew(address, where, folder)
    try:
        made.start(count)
        yield made
    finally:
        made.kill()


def main() -> None:
    """A worker process: the server's address and the `Where` as JSON."""
    where = msgspec.json.decode(sys.argv[2], type=Where)
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    engine.work(
        Server(sys.argv[1]), job(where), threads=4, stop=stop, ready=lambda: print("ready", flush=True),
        watch=Loud(),
    )  # fmt: skip
    engine.leave(0)


class Loud:
    """A `Watch` that prints what nobody expected."""

    def failure(self, name: str, error: BaseException, **_: Any) -> None:
        """Something raised that nobody foresaw."""
        print(name, repr(error), file=sys.stderr, flush=True)

    def __getattr__(self, _: str) -> Any:
        return lambda *_, **__: None


if __name__ == "__main__":
    main()
