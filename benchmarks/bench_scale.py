"""Whether anything takes longer in a ledger that is two hundred times as large.

    python -m benchmarks.bench_scale [INTERACTIONS] [--database sqlite|postgresql]

Two installations, one with 10,000 interactions and one with 2,000,000 and more than 1,000,000 contacts (made
by `firstcontact.testing.grown`), are asked the same in turn; the value is the median of the large one, the
floor that of the small one, in wall time, since a scan would be waited for. Each is asked about other handles
each time, anywhere in it. `taken_in` is everything from accepting fifty calls to the CRM's receipts.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Mapping
from statistics import median

from sqlalchemy import Engine, func, select

from benchmarks.databases import NAMES, Databases, both
from benchmarks.installations import STANDARD, TEAM
from benchmarks.measuring import Figure, figure, print_all, progress
from firstcontact.connectors.address_book import tables as crm
from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.interactions.model import Handle
from firstcontact.ledger import deciding, intake, lanes_due, reading, reviewing, tables, writing
from firstcontact.ledger.stuck import stuck
from firstcontact.policy.scopes import SettingsBook
from firstcontact.testing import grown

FEW, MANY = 10_000, 2_000_000
ROUNDS = 15
SECONDS = 4.0
"""Each question is asked so often, and for so long."""
LIMIT = 1.5
DEEPER = 2.0
"""For what is asked handle by handle: the index of a table two hundred times as long is a level deeper, and
its pages are not all in the database's own memory."""
BY_KEY = frozenset({"find_100", "look_up_100", "story_of_one", "taken_in"})


class _Asked:
    """A grown installation and what it is asked, each time about others in it."""

    def __init__(self, databases: Databases, interactions: int) -> None:
        self.engines = databases.pair()
        book = SettingsBook.from_mapping(TEAM, {**STANDARD, "engagement": "any"})
        self.installation = grown.installation(*self.engines, book)
        grown.live(self.installation)
        _grow(self.engines, interactions // 1000)
        grown.catch_up(self.installation)
        self._chance = random.Random(1)
        self._number = 0
        with self.engines[1].connect() as connection:
            some = select(crm.handles.c.key, crm.handles.c.record)
            top = int(connection.scalar(select(func.max(crm.records.c.seq))) or 0)
            seqs = connection.scalars(select(crm.records.c.seq)).all() if top < 10**8 else []
            self.contacts = int(connection.scalar(select(func.count()).select_from(crm.records)) or 0)
            chosen = self._chance.sample(list(seqs), 400) if seqs else self._scattered(connection, top)
            self.keys = [
                str(key) for key, _ in connection.execute(some.where(crm.handles.c.record.in_(chosen)))
            ]
        with self.installation.ledger.read() as tx:
            column = tables.participants.c
            found = select(column.interaction).where(column.key.in_(self.keys[:200]))
            self.ids = [str(id) for id in tx.scalars(found.limit(200))]

    def _scattered(self, connection, top: int) -> list[int]:  # type: ignore[no-untyped-def]
        found: list[int] = []
        for _ in range(400):
            at = self._chance.randrange(top)
            seq = crm.records.c.seq
            found.append(int(connection.scalar(select(seq).where(seq >= at).order_by(seq).limit(1))))
        return found

    def some(self, count: int) -> list[str]:
        return self._chance.sample(self.keys, count)

    def questions(self) -> Mapping[str, Callable[[], object]]:
        """What is measured, by name."""
        return {
            "find_100": lambda: self._book().find([_handle(key) for key in self.some(100)]),
            "look_up_100": self._look_up,
            "claim": self._claim,
            "waiting": self.installation.waiting,
            "due": self._due,
            "page_of_reviews": lambda: self._read(lambda tx: reviewing.open_reviews(tx, 50)),
            "page_of_stuck": lambda: self._read(lambda tx: stuck(tx, 50)),
            "story_of_one": self._story,
            "taken_in": self._take_in,
        }

    def _book(self) -> AddressBook:
        assert isinstance(self.installation.crm, AddressBook)
        return self.installation.crm

    def _read(self, ask: Callable[..., object]) -> None:
        with self.installation.ledger.read() as tx:
            ask(tx)

    def _look_up(self) -> None:
        keys = self.some(100)
        connection = self.installation.crm.connection
        with self.installation.ledger.read() as tx:
            writing.reserved(tx, connection, keys)
            deciding.suppressed(tx, connection, keys)
            intake.names_of(tx, keys)
            deciding.rulings_on(tx, keys)
            deciding.reopened_by(tx, [f"name:{key}" for key in keys])
            writing.activities_of(tx, connection, self._chance.sample(self.ids, 50))

    def _claim(self) -> None:
        lease = self.installation.lanes.claim()
        assert lease is not None
        self.installation.lanes.release(lease)

    def _due(self) -> None:
        connection = self.installation.crm.connection
        with self.installation.ledger.read() as tx:
            intake.due(tx, grown.AT, 500)
            intake.due_deliveries(tx, grown.AT, 500)
            writing.due_writes(tx, connection, grown.AT, 500)
            lanes_due.shards_due(tx, connection, grown.AT)
            intake.imports_due(tx, grown.AT)

    def _story(self) -> None:
        with self.installation.ledger.read() as tx:
            for key in self.some(20):
                reading.interactions_of(tx, key, 50)
            for id in self._chance.sample(self.ids, 20):
                reading.writes_of(tx, id)
                deciding.history(tx, id)

    def _take_in(self) -> None:
        self._number += 50
        known = self.some(25)
        calls = [
            grown.delivery(f"new-{n}", known[n % 50] if n % 50 < 25 else f"+1650{2_000_000 + n}")
            for n in range(self._number, self._number + 50)
        ]
        self.installation.accept(calls)
        done = self.installation.drain()
        assert done.decided == 50, done


def _handle(key: str) -> Handle:
    return Handle("email" if "@" in key else "phone", key, key)


def _grow(engines: tuple[Engine, Engine], times: int) -> None:
    grown.grow(engines[0], tables.metadata, times)
    grown.grow(engines[1], crm.metadata, times)


def measure(many: int = MANY, names: tuple[str, ...] = NAMES) -> list[Figure]:
    """Each question on each database, large against small."""
    found: list[Figure] = []
    with both(names) as kinds:
        for databases in kinds:
            before = time.monotonic()
            small, large = _Asked(databases, FEW), _Asked(databases, many)
            progress(f"{databases.name}: {many} interactions grown in {time.monotonic() - before:.0f} s")
            note = f"{FEW} → {many} interactions, {small.contacts} → {large.contacts} contacts"
            few, lots = small.questions(), large.questions()
            for name, ask in few.items():
                value, floor = _medians(lots[name], ask)
                limit = DEEPER if name in BY_KEY else LIMIT
                called = f"scale_{databases.name}_{name}"
                found.append(figure(called, "ms", [(value * 1000, floor * 1000)], limit, note))
                progress(found[-1].line())
            for engine in (*small.engines, *large.engines):
                engine.dispose()
    return found


def _medians(large: Callable[[], object], small: Callable[[], object]) -> tuple[float, float]:
    """Seconds of each, asked in turn; the first asking is not counted, when statements are compiled."""
    times: tuple[list[float], list[float]] = ([], [])
    until = time.monotonic() + SECONDS
    while len(times[0]) < ROUNDS or (time.monotonic() < until and len(times[0]) < 20 * ROUNDS):
        pairs = list(zip((large, small), times, strict=True))
        for ask, took in pairs if len(times[0]) % 2 else reversed(pairs):
            before = time.perf_counter()
            ask()
            took.append(time.perf_counter() - before)
    return median(times[0][3:]), median(times[1][3:])


def main() -> int:
    """Measure; `--database` one of both only."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("interactions", nargs="?", type=int, default=MANY)
    parser.add_argument("--database", choices=NAMES)
    options = parser.parse_args()
    return print_all(measure(options.interactions, (options.database,) if options.database else NAMES))


if __name__ == "__main__":
    sys.exit(main())
