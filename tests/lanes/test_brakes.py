"""The brakes of SPEC §3 act across all workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Event, Thread

from firm import book, call, delivery, installation

from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.flow.installation import Held, Installation
from firstcontact.identity.records import Finding
from firstcontact.interactions.model import Handle
from firstcontact.lanes.leases import Lease
from firstcontact.lanes.worker import Workers
from firstcontact.ledger import writing
from firstcontact.ledger.book import Ledger
from firstcontact.store.engine import open_engine


class Meeting(AddressBook):
    """An address book at which two workers meet before either gets its answer."""

    barrier = Barrier(2)

    def find(self, handles: Sequence[Handle]) -> Mapping[str, Finding]:
        """As ever, once both ask."""
        with suppress(BrokenBarrierError):  # then the other one is done
            self.barrier.wait(2.0)
        return super().find(handles)


def work(here: Installation, threads: int = 3) -> None:
    """Work with several threads until nothing is due."""

    def drain(lease: Lease) -> bool:
        tally = here.drain(lease, batches=1)
        return bool(tally.understood or tally.decided or tally.written)

    Workers(here.lanes, drain, here.waiting, threads=threads, idle=0.01).run(Event(), until_done=True)


def test_live_calls_make_no_more_contacts_than_allowed(ledger: Ledger, tmp_path: Path) -> None:
    """Two workers decide thirty strangers each at the same moment, where fifty an hour are allowed: fifty are
    created and the rest is asked about, as if one worker had decided them all."""
    crm = Meeting(open_engine(tmp_path / "book.db"))
    here = installation(ledger, crm, book(brakes={"creates_per_hour": 50}))
    here.take([call(number) for number in range(60)])
    leases = [here.lanes.claim(8), here.lanes.claim()]
    threads = [Thread(target=here.decide_due, args=(lease,)) for lease in leases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for lease in leases:
        assert lease is not None
        here.lanes.release(lease)
    crm.barrier.abort()
    here.drain()
    assert crm.size() == 50
    assert len(here.open_reviews()) == 10


def test_an_import_beyond_the_brake_stops_and_goes_on_after_release(ledger: Ledger, tmp_path: Path) -> None:
    """Eight hundred strangers in one import, worked on by three threads: nobody is created, it says so, and
    after the release all are, each once; nothing is lost."""
    crm = AddressBook(open_engine(tmp_path / "book.db"))
    here = installation(ledger, crm, book(brakes={"creates_per_hour": 50}), batch=100)
    facts = [call(number) for number in range(800)]
    here.accept([delivery(fact) for fact in facts], live=False)
    work(here)
    assert crm.size() == 0
    assert here.release_imported() == Held(800, 50)
    with ledger.read() as tx:
        assert writing.held(tx) == {"create_contact": 800, "log_activity": 800, "time_entry": 800}
    live = call(801)
    here.accept([delivery(live)])
    work(here)
    assert crm.size() == 1, "who calls now is not held up by an import"
    here.release_brake("ana")
    work(here)
    assert crm.size() == 801
    with ledger.read() as tx:
        assert writing.held(tx) == {}
    here.accept([delivery(fact) for fact in facts], live=False)
    work(here)
    assert crm.size() == 801
