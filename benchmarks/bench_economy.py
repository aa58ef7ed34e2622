"""How many requests a CRM is sent for a thousand interactions of unknown people, on a warm index.

    python -m benchmarks.bench_economy [INTERACTIONS]

A whole installation takes in calls of as many strangers, all at once (`backfill`: batches of 500) and one by
one (`live`), and works through the vendor's connector over HTTP: simulators for Salesforce and Clio, whose
counters are read, a real Tryton and a real Radicale, whose connectors' requests are counted. Keeping the
index up to date is not in the figures; the note says what one look for changes costs where nothing changed.

The floor is the least possible, from documented limits and the one mandatory live look before a creation:

* Salesforce (apis A1): a search holds 4,000 characters, so that the two spellings of a number without which
  it is not found (`14155550123`, `"415 555 0123"` and what joins them, 38 characters) fit 105 times; one
  request a batch for what the search index does not know yet; 250 contacts with their calls in one graph
  request of 500 nodes. Live: one request that looks, one that writes.
* Clio (apis A2): the text search answers for one number at a time, or the list is read, 200 a page, whichever
  is less; live, one request more for what the search does not know yet; one request a contact, one a
  communication, one a time entry, which this preset asks for.
* Clio Grow (apis A2), contacts made by the connection itself: three lists are looked at, contacts, and leads
  by their two states, of which there are none here, so that a page each tells. At once, the list of contacts
  is read, 200 a page; live, one question, and one request for what the search does not know yet. One request
  a contact, one a note.
* Zoho CRM (apis A4): a query holds 25 conditions and asks one module, or all of the module is read, 2,000 a
  page, whichever is less: contacts, and leads, of which there are none; 100 contacts in a request, and 100
  calls. Live: two requests that look, one that makes the contact, one the call.
* Lawmatics (apis A3, D): as Clio, 25 a page and one question a number by its finder; one request a contact,
  one a note, one a time entry.
* CardDAV (apis B5): one query a batch of 100 numbers, and one PUT a card; no activities.
* Tryton (dependencies §11): lists everywhere: a look for 100 numbers in all their spellings, then for 200
  records each the parties, whether they were merged meanwhile (an activity on a merged party would be out of
  sight), and the activities.
* Dynamics 365 (apis A5): a batch of queries looks for all numbers of a batch; a contact and its call are
  three of the thousand operations that a batch may have, since a call is not made completed. Live: one batch
  that looks, one that writes.

Beside it, in the note, the naive way: one look, one creation, one log for every interaction (Clio: a look for
each of three formats).
"""

from __future__ import annotations

import contextlib
import math
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.installations import TEAM
from benchmarks.measuring import Figure, figure, print_all, progress

INTERACTIONS = 1000
KNOWN = 1000
"""Contacts that are in the CRM before."""
LIMIT = 1.2
BATCH = 500
START = 1_772_452_800_000_000
CREATING: Mapping[str, object] = {
    "preset": "call-connector",
    "brakes": {"creates_per_hour": 1_000_000, "share_of_unknown": 1.0},
}


@dataclass(frozen=True)
class Crm:
    """A CRM to be measured: how to reach it, how its requests are counted, the least, and the naive way."""

    kind: str
    opened: Callable[[Any], contextlib.AbstractContextManager[tuple[Any, Callable[[], int]]]]
    least_backfill: Callable[[int], int]
    least_live: int
    naive: int
    backfill_limit: int = 0


def pages(count: int, size: int) -> int:
    """How many pages of that size."""
    return math.ceil(count / size)


def batches(count: int) -> int:
    """How many batches so many interactions are decided in."""
    return pages(count, BATCH)


@contextlib.contextmanager
def _simulated(kind: str, clock: Any, **quirks: Any) -> Iterator[tuple[Any, Callable[[], int]]]:
    from firstcontact.connectors import kinds
    from firstcontact.testing.simulators.base import Switches, simulator
    from firstcontact.testing.simulators.serving import running

    found = simulator(kind)
    made = found.make(clock.now, Switches(quirks=quirks))
    for number in range(KNOWN):
        phone = f"+1628555{1000 + number}" if number % 2 else f"(628) 555-{1000 + number}"
        made.desk.add("contact", {"last_name": f"Known {number}", "phones": [phone]})
    clock.wait(86_400_000_000)
    with running(found, made) as here:
        yield here.connect(kinds.kind(kind), here.opening(clock.now)), lambda: made.requests


@contextlib.contextmanager
def _radicale(clock: Any) -> Iterator[tuple[Any, Callable[[], int]]]:
    from firstcontact.connectors.carddav.kind import KIND
    from firstcontact.testing import radicale

    server = radicale.start()
    try:
        login = server.user()
        options: dict[str, str | int | bool] = {"address": server.address_book(login), "address_book": ""}
        kept = {"login": "password", "username": login[0], "password": login[1]}
        yield _counted(KIND, options, kept, clock)
    finally:
        server.stop()


@contextlib.contextmanager
def _tryton(clock: Any) -> Iterator[tuple[Any, Callable[[], int]]]:
    from firstcontact.connectors.tryton.kind import KIND
    from firstcontact.testing import tryton

    with tempfile.TemporaryDirectory() as cache:
        server = tryton.start(Path(cache))
        try:
            user, password = tryton.CONNECTED
            options: dict[str, str | int | bool] = {"address": server.url, "database": tryton.DATABASE}
            kept = {"login": "password", "user": user, "password": password}
            yield _counted(KIND, options, kept, clock)
        finally:
            server.stop()


def _counted(
    kind: Any, options: Mapping[str, str | int | bool], kept: Mapping[str, str], clock: Any
) -> tuple[Any, Callable[[], int]]:
    """A connection whose own turns are counted: it asks for one before each request."""
    from firstcontact.connectors.contract import Opening
    from firstcontact.testing.simulators.base import Kept, Unpaced

    class Counting(Unpaced):
        taken = 0

        def take(self) -> None:
            self.taken += 1

    pace = Counting()
    defaults = {name: option.default for name, option in kind.options.items()}
    crm = kind.open(
        Opening(
            connection=kind.capabilities.kind,
            options={**defaults, **options},
            credentials=Kept(kept),
            pace=pace,
            region="US",
            now=clock.now,
        )
    )
    return crm, lambda: pace.taken


CRMS = (
    Crm(
        "salesforce",
        lambda clock: _simulated("salesforce", clock),
        least_backfill=lambda n: pages(n, 105) + batches(n) + pages(n, 250),
        least_live=2,
        naive=3,
        backfill_limit=30,
    ),
    Crm(
        "clio",
        lambda clock: _simulated("clio", clock, limit=0, off_peak_limit=0),
        least_backfill=lambda n: _looks(n, 200) + 3 * n,
        least_live=5,
        naive=6,
    ),
    Crm(
        "dynamics",
        lambda clock: _simulated("dynamics", clock, limit=0),
        least_backfill=lambda n: batches(n) + pages(3 * n, 1_000),
        least_live=2,
        naive=3,
    ),
    Crm(
        "clio_grow",
        lambda clock: _simulated("clio_grow", clock, limit=0),
        least_backfill=lambda n: pages(KNOWN, 200) + 2 + 2 * n,
        least_live=6,
        naive=3,
    ),
    Crm(
        "zoho",
        lambda clock: _simulated("zoho", clock),
        least_backfill=lambda n: min(pages(n, 25), pages(KNOWN, 2000)) + 1 + 2 * pages(n, 100),
        least_live=4,
        naive=4,
    ),
    Crm(
        "lawmatics",
        lambda clock: _simulated("lawmatics", clock, rate=0),
        least_backfill=lambda n: _looks(n, 25) + 3 * n,
        least_live=5,
        naive=6,
    ),
    Crm("carddav", _radicale, least_backfill=lambda n: pages(n, 100) + n, least_live=2, naive=2),
    Crm("tryton", _tryton, least_backfill=lambda n: pages(n, 100) + 3 * pages(n, 200), least_live=4, naive=3),
)


def _looks(count: int, size: int) -> int:
    """Whichever is less for each batch: a question each and what is new, or all pages of the list, which
    grows by the batch. size: of a page."""
    looks = 0
    for batch in range(batches(count)):
        asked = min(BATCH, count - batch * BATCH)
        looks += min(1 + asked, pages(KNOWN + batch * BATCH, size) or 1)
    return looks


def measure(interactions: int = INTERACTIONS, names: tuple[str, ...] = ()) -> list[Figure]:
    """Backfill and live, CRM by CRM."""
    return [each for crm in CRMS if not names or crm.kind in names for each in _both(crm, interactions)]


def _both(crm: Crm, count: int) -> Iterator[Figure]:
    naive = f"naive {crm.naive * count:,}"
    spent, upkeep = _spent(crm, count, live=False)
    most = LIMIT
    if crm.backfill_limit:
        most = min(most, crm.backfill_limit * count / 1000 / crm.least_backfill(count))
    note = f"{count:,} calls of as many strangers at once; {naive}; a look for changes costs {upkeep}"
    yield figure(
        f"economy_{crm.kind}_backfill", "requests", [(spent, crm.least_backfill(count))], round(most, 2), note
    )
    few = min(count, 200)
    spent, _ = _spent(crm, few, live=True)
    note = f"{few:,} calls of as many strangers, one by one; naive {crm.naive * few:,}"
    yield figure(f"economy_{crm.kind}_live", "requests", [(spent, crm.least_live * few)], LIMIT, note)


def _spent(crm: Crm, count: int, *, live: bool) -> tuple[int, int]:
    """Requests for so many calls, and for one look for changes where there are none."""
    from firstcontact.flow.clock import VirtualClock
    from firstcontact.testing.simulators.base import SIMULATORS

    clock = VirtualClock(START)
    progress(f"economy: {crm.kind}, {'live' if live else 'backfill'}")
    with crm.opened(clock) as (connector, requests), tempfile.TemporaryDirectory() as folder:
        installation = _installation(connector, clock, Path(folder))
        installation.poll()
        installation.take(_calls(clock.now(), 1, 8000))  # a login, the fields: what is asked for once
        _drain(installation, clock)
        before = requests()
        if live:
            for number in range(count):
                clock.wait(1_000_000)
                installation.take(_calls(clock.now(), 1, number))
                _drain(installation, clock)
        else:
            installation.take(_calls(clock.now(), count, 0), live=False)
            _drain(installation, clock)
        spent = requests() - before
        made = connector.size()
        assert made in (-1, (KNOWN if crm.kind in SIMULATORS else 0) + count + 1), made
        installation.poll()
        before = requests()
        installation.poll()
        return spent, requests() - before


def _installation(connector: Any, clock: Any, folder: Path) -> Any:
    from firstcontact.flow.installation import Installation
    from firstcontact.ledger.history import open_ledger
    from firstcontact.policy.scopes import SettingsBook
    from firstcontact.store.engine import open_engine

    return Installation(
        book=SettingsBook.from_mapping(TEAM, CREATING),
        ledger=open_ledger(open_engine(folder / "ledger.db")),
        crm=connector,
        clock=clock,
        batch=BATCH,
        indexed=True,
        poll_every=10**15,
    )


def _drain(installation: Any, clock: Any) -> None:
    """All that is due, and what is to be tried again at its time."""
    for _ in range(50):
        installation.drain()
        due = installation.due()
        if due is None:
            return
        clock.advance_to(due)
    raise AssertionError("there is always something due")


def _calls(at: int, count: int, first: int) -> list[Any]:
    from firstcontact.interactions.handles import read_handle
    from firstcontact.interactions.model import Call, Participant

    def person(role: Any, number: str) -> Any:
        handle = read_handle(number, "US")
        assert handle is not None
        return Participant(role=role, handles=(handle,), raw=number)

    return [
        Call(
            id=f"call {number}",
            source="bench",
            source_id=f"call {number}",
            conversation=f"call {number}",
            at=at,
            participants=(person("from", f"+1415555{1000 + number}"), person("to", "+14155550100")),
            direction="inbound",
            result="answered",
            seconds=60,
        )
        for number in range(first, first + count)
    ]


if __name__ == "__main__":
    print_all(measure(int(sys.argv[1]) if len(sys.argv) > 1 else INTERACTIONS, tuple(sys.argv[2:])))
