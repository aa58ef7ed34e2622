"""Threads drain the lanes in batches, in order within a conversation, and stop when they are told to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic, sleep

from firm import ANA, NOON, book, call, delivery, installation
from msgspec.structs import replace

from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.flow.installation import Installation
from firstcontact.identity.records import Finding
from firstcontact.interactions.model import Handle, Participant, Sms
from firstcontact.lanes.leases import Lanes, Lease
from firstcontact.lanes.worker import Workers
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.sharding import SHARDS, conversation_key, shard_of
from firstcontact.store.engine import open_engine


def workers(here: Installation, threads: int = 4, **more: float) -> Workers:
    """Workers on an installation."""

    def drain(lease: Lease) -> bool:
        tally = here.drain(lease, batches=1)
        return bool(tally.understood or tally.decided or tally.written)

    return Workers(here.lanes, drain, here.waiting, threads=threads, idle=0.01, **more)


def text(number: int, other: str) -> Sms:
    """A text to Ana, one of a conversation with `other`."""
    people = (
        Participant("from", (Handle("phone", other, other),)),
        Participant("to", (Handle("phone", ANA, ANA),)),
    )
    return Sms(
        id=f"t {other} {number}", source="test", source_id=f"{other}{number}", conversation=f"with {other}",
        at=NOON + number, direction="inbound", participants=people, body=f"Word {number}.",
    )  # fmt: skip


def test_all_is_done_once_by_several_threads(ledger: Ledger, tmp_path: Path) -> None:
    """Three hundred calls of sixty strangers, worked on by four threads at once: sixty contacts, and every
    call is logged once."""
    crm = AddressBook(open_engine(tmp_path / "book.db"))
    here = installation(ledger, crm, batch=20)
    facts = [call(number, f"+1415555{1000 + number % 60}") for number in range(300)]
    here.accept([delivery(fact) for fact in facts])
    workers(here).run(Event(), until_done=True)
    assert crm.size() == 60
    assert here.waiting() == {}
    assert here.due() is None
    with ledger.read() as tx:
        from firstcontact.ledger.reading import report

        assert report(tx, 60).activities == 300


def test_texts_of_one_conversation_are_in_one_lane() -> None:
    """Whatever names the conversation: its id, or who is on it where the source has none."""
    one, two = text(1, "+14155550123"), text(2, "+14155550123")
    assert shard_of(one) == shard_of(two)
    bare = [replace(each, conversation="") for each in (one, two)]
    assert conversation_key(bare[0]) == conversation_key(bare[1])
    assert conversation_key(bare[0]) != conversation_key(replace(text(1, "+14155550124"), conversation=""))


def test_lanes_are_even() -> None:
    """Many conversations spread over all lanes, so that workers share them out evenly."""
    counts: dict[int, int] = defaultdict(int)
    for number in range(16_000):
        counts[shard_of(call(number))] += 1
    assert len(counts) == SHARDS
    assert max(counts.values()) < 1.3 * min(counts.values())


class Slow(AddressBook):
    """An address book that takes its time and remembers how many were at it at once."""

    def __init__(self, *given: object, seconds: float, **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        self.seconds = seconds
        self.now = self.most = 0
        self._lock = Lock()

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """As ever, after a while."""
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        sleep(self.seconds)
        with self._lock:
            self.now -= 1
        return super().find(handles)


def slow(folder: Path, limit: int, seconds: float) -> Slow:
    """One that takes so many requests at once, 0: any number."""
    file = folder / f"{limit}.db"
    offered = AddressBook(open_engine(file)).capabilities()
    return Slow(
        open_engine(file),
        capabilities=replace(offered, requests_at_once=limit),
        seconds=seconds,
        connection=f"crm{limit}",
    )


def test_threads_wait_for_a_slow_crm_side_by_side(ledger: Ledger, tmp_path: Path) -> None:
    """Four workers ask it at the same time; where it takes one request at once, one."""
    for limit, most in ((0, 4), (1, 1)):
        crm = slow(tmp_path, limit, 0.2)
        here = installation(ledger, crm, book(brakes={"creates_per_hour": 5000}), batch=50)
        here.take([call(1000 * limit + number) for number in range(640)], live=False)
        workers(here).run(Event(), until_done=True)
        assert crm.size() == 640
        if most == 1:
            assert crm.most == 1
        else:
            assert crm.most >= 2


def test_who_has_nothing_gets_half_of_what_another_has(ledger: Ledger, tmp_path: Path) -> None:
    """All work is in the lanes that the first of two workers has leased: the second need not stand by. A CRM
    that takes one request at once keeps its one worker."""
    for limit, most in ((0, 2), (1, 1)):
        crm = slow(tmp_path, limit, 0.05)
        here = installation(ledger, crm, book(brakes={"creates_per_hour": 9000}), batch=50)
        calls = [call(10_000 * limit + number) for number in range(2600)]
        mine = [each for each in calls if shard_of(each) < SHARDS // 2]
        here.take(mine, live=False)
        stop, until = Event(), monotonic() + 60
        both = [Thread(target=workers(here, 1, share=2).run, args=(stop,)) for _ in range(2)]
        for each in both:
            each.start()
        while crm.size() < len(mine) and monotonic() < until:
            sleep(0.05)
        stop.set()
        for each in both:
            each.join()
        assert crm.size() == len(mine) > 1100
        assert crm.most == most


def test_a_slow_request_does_not_lose_the_lease(ledger: Ledger, tmp_path: Path) -> None:
    """While a drain waits for the CRM for longer than a lease holds, its lease is renewed beside it."""
    crm = Slow(open_engine(tmp_path / "book.db"), seconds=1.0)
    here = installation(ledger, crm)
    here.lanes = Lanes(ledger, crm.connection, seconds=0.4)
    here.take([call(1)])
    done = Event()
    thread = Thread(target=lambda: workers(here, 1).run(done, until_done=True))
    thread.start()
    sleep(0.7)
    assert Lanes(ledger, crm.connection).claim(only=[shard_of(call(1))]) is None
    thread.join()
    assert crm.size() == 1


def test_told_to_stop_it_finishes_the_batch(ledger: Ledger, tmp_path: Path) -> None:
    """What is in hand is done and the lanes are given back; the rest is there for the next."""
    crm = Slow(open_engine(tmp_path / "book.db"), seconds=0.3)
    here = installation(ledger, crm, batch=10)
    here.take([call(number) for number in range(100)])
    stop = Event()
    thread = Thread(target=workers(here, 1).run, args=(stop,))
    began = monotonic()
    thread.start()
    while not crm.most:
        sleep(0.01)
    stop.set()
    thread.join()
    assert monotonic() - began < 10
    assert 0 < crm.size() < 100
    assert here.waiting()
    lease = here.lanes.claim()
    assert lease is not None
    assert len(lease.shards) == SHARDS
    assert lease.fallen == ()
