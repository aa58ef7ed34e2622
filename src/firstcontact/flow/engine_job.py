"""The work of an installation as an engine asks for it: lease some lanes, drain them, say what comes next."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from secrets import token_hex
from threading import Event, Thread

from sqlalchemy import Connection

from firstcontact.boundaries import Boundary
from firstcontact.connectors.contract import AuthLapsed
from firstcontact.flow.installation import Installation, Tally
from firstcontact.flow.replay import Difference, Replay, ReplaySummary
from firstcontact.flow.replay_parts import part_of_replay
from firstcontact.lanes.leases import Lanes, Lease, LeaseLost
from firstcontact.lanes.temporal.job import Stop
from firstcontact.lanes.temporal.messages import Differing, Drained, Due, Place, Replayed, ReplayPart
from firstcontact.ledger import connecting, deciding, lanes_due
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.people_of import newest_decision, people_of
from firstcontact.ledger.sharding import ALL
from firstcontact.policy.scopes import SettingsBook
from firstcontact.store.problems import StoreProblem

SPAN = 30.0
"""Seconds for which one call drains; then others get their turn, and what is asked of the engine stays small
beside the work: some ten thousand interactions."""
PAUSED = 60.0
"""Seconds until a paused connection is tried again; resuming it wakes the lanes before."""

_ID = "installation"

BookOf = Callable[[str], SettingsBook]
"""Settings from the text that the ledger keeps of them."""


class InstallationJob:
    """An installation as `lanes.temporal.job.Job`."""

    def __init__(self, installation: Installation, place: Place, book_of: BookOf) -> None:
        self.place = place
        self._installation = installation
        self._lanes: Lanes = installation.lanes
        self._ledger = installation.ledger
        self._connection = installation.crm.connection
        self._book_of = book_of

    def drain(self, shards: tuple[int, ...], stop: Stop) -> Drained:
        """Lease these lanes, do what is due there, batch by batch, and give them back.

        Raises StoreProblem.
        """
        if not self._anything(shards):
            return self._rest(shards, 0)
        lease = self._lanes.claim(only=shards)
        if lease is None:
            return Drained(busy=True)
        done, more = 0, True
        until = time.monotonic() + SPAN

        def progress(_: str, count: int) -> None:
            nonlocal done
            done += count

        try:
            with self._renewing(lease):
                while more and not stop() and time.monotonic() < until:
                    more = self._installation.drain(lease, batches=1, progress=progress) != Tally()
        except LeaseLost:
            more = True
        except AuthLapsed:
            return Drained(done, wait=PAUSED)
        finally:
            self._give_back(lease)
        if more:
            return Drained(done, more=True, elsewhere=self._elsewhere(shards))
        if len(lease.shards) < len(shards):
            return Drained(done, busy=True, elsewhere=self._elsewhere(shards) if done else ())
        return self._rest(shards, done)

    def look(self) -> tuple[int, ...]:
        """The lanes with work due now, and the one that asks the CRM what changed."""
        with self._ledger.read() as tx:
            due = lanes_due.shards_due(tx, self._connection, self._installation.clock.now())
        return tuple(sorted({0, *due}))

    def tidy(self) -> None:
        """What is to be done once a day; nothing where that has been done."""
        self._installation.retain()

    def due(self) -> Due:
        """What is due, counted. Where the connection is paused nothing is: that waits for a person."""
        now = self._installation.clock.now()
        with self._ledger.read() as tx:
            counts = lanes_due.count_due(tx, self._connection, now)
            shards = lanes_due.shards_due(tx, self._connection, now)
            paused = connecting.state(tx, self._connection).paused_at is not None
        return Due(
            counts.deliveries, counts.interactions, counts.writes, counts.held, counts.later, shards, paused
        )

    def replay(self, part: ReplayPart, stop: Stop) -> Replayed:
        """One part of a replay, exact by itself. Raises RuntimeError where it is left off."""
        request = part.request
        with self._ledger.read() as tx:
            book = self._book_of(deciding.fact(tx, _tried(request.settings)))
            if book.version != request.settings:
                raise RuntimeError("this worker's home has other settings than the one that asked")
            newest = newest_decision(tx)
            mine = part_of_replay(people_of(tx, request.since, request.until), part.part, request.parts)

            def go_on(_: int) -> None:
                if stop():
                    raise RuntimeError("left off; half a part is no answer")

            run = Replay(tx, book, since=request.since, until=request.until, only=mine, progress=go_on)
            examples: list[Difference] = []
            for difference in run.differences():
                if len(examples) < request.most:
                    examples.append(difference)
            summary = run.summary()
            told = _without_handles(tx, examples)
        return Replayed(
            interactions=summary.interactions,
            differences=summary.differences,
            erased=summary.erased,
            before=summary.before,
            after=summary.after,
            examples=told,
            newest=newest,
        )

    def _anything(self, shards: tuple[int, ...]) -> bool:
        """Whether it is worth leasing these lanes: a wake-up for nothing should cost no turn to write."""
        if 0 in shards:
            return True  # whoever drains it asks the CRM what changed
        with self._ledger.read() as tx:
            return bool(lanes_due.shards_due(tx, self._connection, self._installation.clock.now(), shards))

    def _rest(self, shards: tuple[int, ...], done: int) -> Drained:
        """After the end was reached: when there is more to do in these lanes."""
        now = self._installation.clock.now()
        with self._ledger.read() as tx:
            at = lanes_due.next_due(tx, self._connection, shards)
        wait = -1.0 if at is None else max(at - now, 0) / 1_000_000
        # Only who did something can have made work for others: two lanes must not wake each other for ever.
        return Drained(done, wait=wait, elsewhere=self._elsewhere(shards) if done else ())

    def _elsewhere(self, shards: tuple[int, ...]) -> tuple[int, ...]:
        others = [shard for shard in ALL if shard not in shards]
        with self._ledger.read() as tx:
            return lanes_due.shards_due(tx, self._connection, self._installation.clock.now(), others)

    def _give_back(self, lease: Lease) -> None:
        with suppress(StoreProblem):  # it runs out by itself
            self._lanes.release(lease)

    @contextmanager
    def _renewing(self, lease: Lease) -> Iterator[None]:
        """The lease holds for as long as this process lives, however long the CRM takes for one batch."""
        over = Event()

        def renew() -> None:
            while not over.wait(self._lanes.seconds / 3):
                try:
                    self._lanes.renew(lease)
                except LeaseLost:
                    return  # the next transaction finds out
                except StoreProblem:
                    continue

        renewing = Thread(target=renew, name="lease", daemon=True)
        renewing.start()
        try:
            yield
        finally:
            over.set()
            renewing.join()


def place_of(installation: Installation, takeover: float = 15.0, look: float = 60.0) -> Place:
    """Whose work it is: the installation's id in its ledger, which one that has no home gets here."""
    with installation.ledger.read() as tx:
        id = deciding.fact(tx, _ID)
    if not id:
        with installation.ledger.write(Boundary.NAME_FOR_ENGINE) as tx:
            id = deciding.fact(tx, _ID) or token_hex(16)
            deciding.set_fact(tx, _ID, id)
    return Place(id, installation.crm.connection, takeover, look)


def offer_settings(ledger: Ledger, version: str, text: str) -> None:
    """Lay settings that a replay tries where its parts find them: they name people, so they do not go through
    the engine."""
    with ledger.write(Boundary.OFFER_SETTINGS) as tx:
        deciding.set_fact(tx, _tried(version), text)


def forget_settings(ledger: Ledger, version: str) -> None:
    """Take away what `offer_settings` laid there."""
    offer_settings(ledger, version, "")


def told(ledger: Ledger, done: Replayed) -> tuple[list[Difference], ReplaySummary]:
    """A replay's outcome as `flow.replay` has it, its people by their handles again."""
    with ledger.read() as tx:
        places = _people_by_place(tx, [each.interaction for each in done.examples])
    differences = [
        Difference(
            each.interaction, each.at, each.kind, _at(places, each), each.before, each.after, each.because
        )
        for each in done.examples
    ]
    counts = (done.before or {}, done.after or {}, done.differences, done.erased)
    return differences, ReplaySummary(done.interactions, *counts)


def _at(places: dict[str, list[str]], one: Differing) -> str:
    people = places.get(one.interaction, [])
    return people[one.person] if 0 <= one.person < len(people) else ""


def _tried(version: str) -> str:
    return f"replay:{version}"


def _without_handles(tx: Connection, examples: Sequence[Difference]) -> tuple[Differing, ...]:
    """What differs, each person by the place among those who were looked up; `told` reads it."""
    places = _people_by_place(tx, [each.interaction for each in examples])
    return tuple(
        Differing(
            each.interaction, each.at, each.kind,
            places[each.interaction].index(each.about) if each.about in places[each.interaction] else -1,
            each.before, each.after, each.because,
        )
        for each in examples
    )  # fmt: skip


def _people_by_place(tx: Connection, interactions: Sequence[str]) -> dict[str, list[str]]:
    """The handle keys that were looked up for the last decision on each interaction, in their order."""
    last = deciding.last_with_known(tx, interactions)
    return {id: list(known.people) if known is not None else [] for id, (_, known) in last.items()}
