"""`Installation`: one team's FirstContact, with its settings, ledger and CRM connection.

The calls here are what the command line, the scenario runner and later the web page and the workers use.
Each stores facts first and does the work that is due after; a process that is killed anywhere leaves a
ledger from which the next `drain` goes on.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from hashlib import sha256

import msgspec
from sqlalchemy import Connection

from firstcontact.boundaries import Boundary
from firstcontact.connectors.contract import AuthLapsed, Crm, Delivery, Reading, TryAgain
from firstcontact.flow import read_only
from firstcontact.flow.answers import Answers
from firstcontact.flow.books import Books
from firstcontact.flow.carry_out import carry_out
from firstcontact.flow.clock import DAY, MINUTE, Clock
from firstcontact.flow.dedupe import Dedupe, Outlook
from firstcontact.flow.indexed import Indexed
from firstcontact.flow.judge import judge
from firstcontact.flow.polling import Polling
from firstcontact.flow.sifting import Sifted, kept_of, rows_of, sift, untouched
from firstcontact.flow.understand import Said, read_ahead, understand
from firstcontact.identity.titles import BUILT_IN, TitleRule
from firstcontact.interactions.model import Interaction
from firstcontact.interactions.rejection import Rejection
from firstcontact.keyring import KeyProblem
from firstcontact.lanes.leases import Lanes, Lease, LeaseLost
from firstcontact.ledger import (
    connecting,
    deciding,
    holding,
    intake,
    lanes_due,
    leasing,
    news,
    writing,
)
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.forgetting import forget as forget_old
from firstcontact.ledger.intake import DeliveryRow
from firstcontact.ledger.retention import retain
from firstcontact.ledger.sharding import ALL, SHARDS
from firstcontact.ledger.stuck import FAULT
from firstcontact.operating.watch import SILENT, Stage, Watch, timed
from firstcontact.policy.scopes import SettingsBook
from firstcontact.store.problems import StoreProblem

Item = tuple[Delivery | Rejection, str]
"""What a file or a poll yields: a delivery, or why there is none, and the cursor behind it."""

Reader = Callable[[Delivery], Reading]
"""A source's `normalise` with its context bound."""

Progress = Callable[[str, int], None]
"""Told what is being done and how many more of it are."""


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What a call did. `interactions`: new facts; `changed`: superseded ones; `known`: nothing new;
    `aside`: things that failed for a reason that nobody foresaw, and wait for a person; `moved`: writes that
    wait for others, were dropped, or go to another record now; `reading`: rounds after which the CRM had more
    changes to tell."""

    deliveries: int = 0
    known_deliveries: int = 0
    rejected: int = 0
    interactions: int = 0
    changed: int = 0
    known: int = 0
    decided: int = 0
    creates: int = 0
    asked: int = 0
    retries: int = 0
    written: int = 0
    created: int = 0
    adopted: int = 0
    parked: int = 0
    later: int = 0
    understood: int = 0
    aside: int = 0
    moved: int = 0
    reading: int = 0

    def __add__(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(**{n: getattr(self, n) + getattr(other, n) for n in Tally.__struct_fields__})


class Held(msgspec.Struct, frozen=True):
    """What waits for a person's word: contacts that an import would create, and the limit it is beyond."""

    creates: int
    limit: int


def _silent(_: str, __: int) -> None:
    return None


UNDERSTOOD_FIRST = 20
"""Batches that are understood before one is decided, where so many wait: what is news after a decision was
made is decided on again. With one batch at a time two workers made a seventh of all decisions twice."""

_DONE = {"understand": "understood", "decide": "decided", "carry_out": "written"}


def _items(stage: Stage, done: Tally | None) -> int:
    return getattr(done, _DONE[stage]) if done is not None else 0


class Installation(Polling, Answers):
    """One team's FirstContact."""

    def __init__(
        self,
        *,
        book: SettingsBook,
        ledger: Ledger,
        crm: Crm,
        clock: Clock,
        batch: int = 500,
        reader: Reader | None = None,
        watch: Watch = SILENT,
        indexed: bool = False,
        poll_every: int = 0,
        titles: Sequence[TitleRule] = BUILT_IN,
        read_settings: Callable[[str], SettingsBook] | None = None,
    ) -> None:
        """`batch`: how many interactions are decided, and writes carried out, at once. `reader`: of
        deliveries that are stored first and understood later (`accept`). `indexed`: decide on our own index
        of the CRM's address book, where it tells what changes; of one that cannot be asked, always.
        `poll_every`: ask for changes no more often than this, in microseconds. `titles`: what job titles
        say of department, seniority and persona. `read_settings`: a book from a text of settings that was
        kept."""
        self.books = Books(book, read_settings)
        self.ledger = ledger
        self.crm = crm
        self.clock = clock
        self.batch = batch
        self.reader = reader
        self.watch = watch
        offered = crm.capabilities()
        self.indexed = (indexed or not offered.looks_up) and offered.change_feed
        self.poll_every = poll_every
        self.titles = titles
        self._dedupe_after = 0
        self._known: Crm | None = Indexed(ledger, crm, clock.now) if self.indexed else None
        most_owners = crm.capabilities().requests_at_once
        self.lanes = Lanes(ledger, crm.connection, most_owners=most_owners, watch=watch)

    @property
    def known(self) -> Crm:
        """The CRM as decisions see it: with its address book from the index, where there is one."""
        return self._known or self.crm

    def know(self, crm: Crm, known: Crm | None = None) -> None:
        """Another object stands for the same CRM from here on, as a test has put something in front of it;
        known: for deciding, if not the index of that one."""
        self.crm = crm
        self._known = known or (Indexed(self.ledger, crm, self.clock.now) if self.indexed else None)

    # --- facts in ---------------------------------------------------------------------------------

    def take(self, interactions: Sequence[Interaction], *, live: bool = True) -> Tally:
        """Store facts that have been read already. Decides nothing; `drain` does."""
        team = self.book.team
        said: Mapping[str, Said] = read_ahead(interactions, team)
        now = self.clock.now()
        with self.ledger.write(Boundary.TAKE_FACTS) as tx:
            sifted = sift(tx, self.ledger.erased, team, [interactions])
            intake.keep_rejections(tx, rows_of(sifted), now)
            said = untouched(said, sifted)
            done = understand(tx, kept_of(sifted), now=now, live=live, team=team, said=said)
        return Tally(interactions=done.new, changed=done.changed, known=done.same)

    def receive(
        self,
        items: Iterable[Item],
        reader: Reader,
        *,
        cursor_name: str = "",
        live: bool = False,
        progress: Progress = _silent,
    ) -> Tally:
        """Store deliveries byte for byte and understand them, batch by batch.

        Each batch is one transaction with its cursor, so that a killed import goes on where it was. An
        identical delivery is no new fact. Raises what `items` raises, after keeping what came before.
        """
        total = Tally()
        batch: list[Item] = []
        size = 0
        try:
            for item in items:
                batch.append(item)
                size += len(item[0].raw) if isinstance(item[0], Delivery) else 0
                if len(batch) >= self.batch or size > 32_000_000:
                    total += self._receive(batch, reader, cursor_name, live)
                    progress("received", len(batch))
                    batch, size = [], 0
        finally:
            if batch:
                total += self._receive(batch, reader, cursor_name, live)
                progress("received", len(batch))
        return total

    def _receive(self, batch: Sequence[Item], reader: Reader, cursor_name: str, live: bool) -> Tally:
        now = self.clock.now()
        digests = [_digest(item) for item, _ in batch]
        with self.ledger.read() as tx:
            seen = intake.seen(tx, digests)
        rows: dict[bytes, DeliveryRow] = {}
        rejected: list[tuple[bytes, Rejection]] = []
        facts: dict[bytes, Sequence[Interaction]] = {}
        for (item, _), digest in zip(batch, digests, strict=True):
            if isinstance(item, Rejection):
                if digest not in seen:
                    rejected.append((digest, item))
            elif digest not in seen and digest not in rows:
                reading = reader(item)
                facts[digest] = reading.interactions
                rejected.extend((_digest(each), each) for each in reading.rejections)
                rows[digest] = DeliveryRow(
                    digest, item.source, item.place, item.captured_from, item.raw, len(reading.interactions)
                )
        team = self.book.team
        said: Mapping[str, Said] = read_ahead((f for part in facts.values() for f in part), team)
        with self.ledger.write(Boundary.RECEIVE) as tx:
            sifted = sift(tx, self.ledger.erased, team, list(facts.values()))
            kept = [_without_bytes(row, one) for row, one in zip(rows.values(), sifted, strict=True)]
            intake.keep_deliveries(tx, kept, now)
            intake.keep_rejections(tx, [*rejected, *rows_of(sifted)], now)
            said = untouched(said, sifted)
            done = understand(tx, kept_of(sifted), now=now, live=live, team=team, said=said)
            if cursor_name:
                intake.set_cursor(tx, cursor_name, batch[-1][1], now)
        return Tally(
            deliveries=len(rows),
            known_deliveries=sum(1 for item, _ in batch if isinstance(item, Delivery)) - len(rows),
            rejected=len(rejected),
            interactions=done.new,
            changed=done.changed,
            known=done.same,
        )

    def accept(self, deliveries: Sequence[Delivery], *, live: bool = True) -> Tally:
        """Store deliveries byte for byte as work that is due, and no more: what a web hook does before it
        answers, and an import that many workers share. An identical delivery is stored once."""
        now = self.clock.now()
        rows = {
            digest: DeliveryRow(digest, each.source, each.place, each.captured_from, each.raw, 0)
            for digest, each in ((_digest(each), each) for each in deliveries)
        }
        with self.ledger.write(Boundary.ACCEPT) as tx:
            new = [rows[digest] for digest in rows.keys() - intake.seen(tx, list(rows))]
            intake.keep_deliveries(tx, sorted(new, key=lambda row: row.place), now, live=live, due=True)
        return Tally(deliveries=len(new), known_deliveries=len(deliveries) - len(new))

    # --- due work ---------------------------------------------------------------------------------

    def due(self) -> int | None:
        """When the earliest work is due that goes on by itself, in microseconds; None: there is none."""
        with self.ledger.read() as tx:
            return lanes_due.next_due(tx, self.crm.connection, ALL)

    def waiting(self, most: int = 2000) -> dict[int, int]:
        """How much is due now in each lane, counted as far as `most` of each kind; while the CRM connection
        is paused, only what can be done without it."""
        now = self.clock.now()
        with self.ledger.read() as tx:
            counts = Counter(intake.waiting_deliveries(tx, now, most))
            if connecting.state(tx, self.crm.connection).paused_at is None:
                counts.update(intake.waiting_interactions(tx, now, most))
                counts.update(writing.waiting_writes(tx, self.crm.connection, now, most))
        return dict(counts)

    def drain(self, lease: Lease | None = None, *, batches: int = 0, progress: Progress = _silent) -> Tally:
        """Do all work that is due now: news from the CRM, deliveries, decisions, writes, retries whose time
        has come.

        lease: in its lanes only. Without one, in all lanes, those that others are at included: this waits for
        them. batches: at most so many of each stage (of what is to be understood more: `UNDERSTOOD_FIRST`),
        0: until nothing is due.

        Raises AuthLapsed, StoreProblem, LeaseLost.
        """
        if lease is not None:
            return self._drain(lease, batches, progress)
        total = Tally()
        wait = 0.01
        while True:
            with self.lanes.leased() as mine:
                done = self._drain(mine, batches, progress) if mine is not None else Tally()
            total += done
            if mine is not None and len(mine.shards) == SHARDS:
                return total
            due = self.due()
            if due is None or due > self.clock.now():
                return total
            wait = 0.01 if done != Tally() else min(2 * wait, 1.0)
            time.sleep(wait)  # others are at the rest

    def _drain(self, lease: Lease, batches: int, progress: Progress) -> Tally:
        most, first = (1, UNDERSTOOD_FIRST) if batches else (0, 0)
        total = self.understand_due(lease, most=first, progress=progress)
        self._not_paused()
        if 0 in lease.shards:
            self.retain()
            self._dedupe_daily(lease)
        rounds = 0
        while True:
            reading = 0 in lease.shards and self._poll_or_go_on()
            step = Tally(reading=int(reading))
            step += self.understand_due(lease, most=first, progress=progress)
            step += self.decide_due(lease, most=most, progress=progress)
            self.release_imported()
            step += self.carry_out_due(lease, most=most, progress=progress)
            total += step
            rounds += 1
            if step == Tally() or rounds == batches:
                return total

    def resume(self) -> bool:
        """A person says that the CRM connection's permission is back. Whether it was paused."""
        with self.ledger.write(Boundary.RESUME) as tx:
            return connecting.resume(tx, self.crm.connection)

    def retain(self) -> None:
        """Once a day: remove raw deliveries and bodies that are older than `body_days`, and everything else
        that is older than `metadata_days` (SPEC §10); and set right what a clock that was set back since has
        left far in the future."""
        now = self.clock.now()
        with self.ledger.read() as tx:
            last = int(deciding.fact(tx, "retained_at") or 0)
        if 0 <= now - last < DAY:
            return
        before = now - self.book.effective("", self.crm.connection).body_days * DAY
        removed = True
        while removed:
            with self.ledger.write(Boundary.REMOVE_OLD) as tx:
                done = retain(tx, before)
                removed = done.deliveries > 0 or done.bodies > 0
        self._forget(now)
        with self.ledger.write(Boundary.END_CHORES) as tx:
            news.prune(tx, now - DAY)
            early = intake.bring_forward(tx, now, now + 2 * DAY) + writing.bring_forward(
                tx, now, now + 2 * DAY
            )
            deciding.set_fact(tx, "retained_at", str(now))
        if early:
            self.watch.event("clock was set back", "warning", brought_forward=early)

    @property
    def duplicates(self) -> Dedupe:
        """Contacts that are one person's (SPEC §9)."""
        return Dedupe(self.ledger, self.crm, self.book)

    def dedupe(self) -> Outlook:
        """Do what is due, then look for duplicates now; what is to be merged is due after it.

        Raises TryAgain, AuthLapsed, StoreProblem.
        """
        self.drain()
        with self._pausing():
            return self.duplicates.run(self.clock.now())

    def _dedupe_daily(self, lease: Lease) -> None:
        """Once a day, at its time, look for duplicates; looked whether it is time once a minute. Where the
        CRM can't be asked now, the next minute tries again."""
        now = self.clock.now()
        if 0 < self._dedupe_after - now <= MINUTE:
            return
        self._dedupe_after = now + MINUTE
        if not self.duplicates.due(now) or (self.indexed and self.index_state().complete_at is None):
            return
        try:
            with self._pausing():
                self.duplicates.run(now, lease)
        except TryAgain:
            return

    def _forget(self, now: int) -> None:
        """Forget what is older than `metadata_days`, where that is set."""
        days = self.book.effective("", self.crm.connection).metadata_days
        more = days > 0
        while more:
            with self.ledger.write(Boundary.REMOVE_OLD_FACTS) as tx:
                more = forget_old(tx, now - days * DAY).anything

    def understand_due(
        self, lease: Lease | None = None, *, most: int = 0, progress: Progress = _silent
    ) -> Tally:
        """Understand every delivery due now that was only stored so far (`accept`). most: so many batches."""
        if self.reader is None:
            return Tally()
        stage = self._understand_batch, self._delivery_aside
        return self._each_batch(lease, "understand", *stage, progress, most)

    def decide_due(
        self,
        lease: Lease | None = None,
        *,
        held: bool = False,
        most: int = 0,
        progress: Progress = _silent,
    ) -> Tally:
        """Decide everything due now; intents are recorded, nothing is written to the CRM yet. What was
        imported is held (`release_imported`); held: so is everything else. most: so many batches."""
        batch = partial(self._decide_batch, held=held or self.read_only())
        return self._each_batch(lease, "decide", batch, self._interaction_aside, progress, most)

    def carry_out_due(
        self, lease: Lease | None = None, *, most: int = 0, progress: Progress = _silent
    ) -> Tally:
        """Carry out every write due now. most: so many batches."""
        return self._each_batch(lease, "carry_out", self._carry_out_batch, self._write_aside, progress, most)

    def _each_batch(
        self,
        lease: Lease | None,
        stage: Stage,
        batch: Callable[[Lease, int], Tally | None],
        aside: Callable[[Lease, str], str],
        progress: Progress,
        most: int,
    ) -> Tally:
        """Batch after batch until nothing is due, or so many were done (0: any number). A batch that fails
        for a reason that nobody foresaw is halved until the one thing is found that it fails at: that is set
        aside for a person."""
        if lease is None:
            with self.lanes.leased() as mine:
                if mine is None:
                    return Tally()
                return self._each_batch(mine, stage, batch, aside, progress, most)
        total = Tally()
        count = 0
        size = 1 if lease.fallen else self.batch
        while True:
            if lease.fallen:
                self._mind_the_fallen(lease, stage, aside)
            try:
                with timed(self.watch, self.crm.connection, stage) as timing, self._pausing():
                    done = batch(lease, size)
                    timing.items = _items(stage, done)
            except (AuthLapsed, StoreProblem, LeaseLost, KeyProblem):
                raise
            except Exception as error:
                self.watch.failure(f"{stage} failed", error)
                if size > 1:
                    size //= 2
                    continue
                total += Tally(aside=1)
                if not aside(lease, f"{FAULT}{type(error).__name__}: {error}"):
                    raise
                continue
            if done is None:
                return total
            size = min(2 * size, self.batch) if not lease.fallen else 1
            total += done
            progress(_DONE[stage], _items(stage, done))
            count += 1
            if count == most:
                return total

    def _understand_batch(self, lease: Lease, size: int) -> Tally | None:
        assert self.reader is not None
        now = self.clock.now()
        with self.ledger.read() as tx:
            due = intake.due_deliveries(tx, now, size, lease.shards)
        if not due:
            return None
        facts: list[Sequence[Interaction]] = []
        rejected: list[tuple[bytes, Rejection]] = []
        counts: list[tuple[int, int]] = []
        for each in due:
            reading = self.reader(Delivery(each.source, each.place, each.raw, each.captured_from))
            facts.append(reading.interactions)
            rejected.extend((_digest(rejection), rejection) for rejection in reading.rejections)
            counts.append((each.id, len(reading.interactions)))
        team = self.book.team
        said: Mapping[str, Said] = read_ahead((fact for part in facts for fact in part), team)
        with self.ledger.write(Boundary.UNDERSTAND) as tx:
            lease.hold(tx)
            sifted = sift(tx, self.ledger.erased, team, facts)
            intake.keep_rejections(tx, [*rejected, *rows_of(sifted)], now)
            said = untouched(said, sifted)
            each_live = [(row.live, one) for row, one in zip(due, sifted, strict=True)]
            parts = {live: kept_of([one for is_, one in each_live if is_ == live]) for live in (True, False)}
            news_of = [
                understand(tx, part, now=now, live=live, team=team, said=said)
                for live, part in parts.items()
                if part
            ]
            intake.understood(tx, counts)
            touched = [(row, one) for row, one in zip(due, sifted, strict=True) if one.touched]
            intake.without_bytes(tx, {row.id: one.text(row.place) for row, one in touched})
        return Tally(
            understood=len(due),
            rejected=len(rejected),
            interactions=sum(each.new for each in news_of),
            changed=sum(each.changed for each in news_of),
            known=sum(each.same for each in news_of),
        )

    def _decide_batch(self, lease: Lease, size: int, *, held: bool) -> Tally | None:
        now = self.clock.now()
        done = judge(self.ledger, self.known, self.books, now, lease, size, held=held, titles=self.titles)
        if not done.decided and not done.retries:
            return None
        if done.retries:
            self.watch.retry(self.crm.connection, "decide", done.retries)
        return Tally(decided=done.decided, creates=done.creates, asked=done.asked, retries=done.retries)

    def _carry_out_batch(self, lease: Lease, size: int) -> Tally | None:
        if self.read_only():
            self._hold_back(lease)
            return None
        # An interaction makes up to four writes: what a batch decided is carried out as one.
        most = 4 * size if size > 1 else 1
        region = self.book.team.region
        done = carry_out(self.ledger, self.crm, self.clock.now(), lease, most, self.watch, region)
        if not done.done and not done.later and not done.parked and not done.moved:
            return None
        return Tally(
            written=done.done,
            created=done.created,
            adopted=done.adopted,
            parked=done.parked,
            later=done.later,
            moved=done.moved,
        )

    def read_only(self) -> bool:
        """Whether nothing is written to the CRM for now: everything is decided, and what would be written is
        held until a person lets it go (`release_brake`)."""
        with self.ledger.read() as tx:
            return read_only.since(tx, self.crm.connection) > 0

    def _hold_back(self, lease: Lease) -> None:
        """What is due is held; what was sent before without an answer is looked for when it may be."""
        connection, now = self.crm.connection, self.clock.now()
        with self.ledger.read() as tx:
            if not writing.due_writes(tx, connection, now, 1, lease.shards):
                return
        with self.ledger.write(Boundary.HOLD_BACK) as tx:
            lease.hold(tx)
            holding.hold_back(tx, connection, now, lease.shards)

    # --- what fails for a reason that nobody foresaw ------------------------------------------------

    def _first(self, tx: Connection, stage: Stage, lease: Lease) -> str:
        """Name of the one thing that the next batch of one is about, "" for nothing."""
        now = self.clock.now()
        if stage == "understand":
            return next((str(each.id) for each in intake.due_deliveries(tx, now, 1, lease.shards)), "")
        if stage == "decide":
            return next((each.interaction.id for each in intake.due(tx, now, 1, lease.shards)), "")
        due = writing.due_writes(tx, self.crm.connection, now, 1, lease.shards)
        return next((each.write.key for each in due), "")

    def _delivery_aside(self, lease: Lease, why: str) -> str:
        with self.ledger.write(Boundary.DELIVERY_ASIDE) as tx:
            lease.hold(tx)
            first = self._first(tx, "understand", lease)
            if first:
                intake.set_delivery_aside(tx, int(first), why)
        return first

    def _interaction_aside(self, lease: Lease, why: str) -> str:
        with self.ledger.write(Boundary.INTERACTION_ASIDE) as tx:
            lease.hold(tx)
            first = self._first(tx, "decide", lease)
            if first:
                intake.set_aside(tx, first, why)
        return first

    def _write_aside(self, lease: Lease, why: str) -> str:
        with self.ledger.write(Boundary.WRITE_ASIDE) as tx:
            lease.hold(tx)
            first = self._first(tx, "carry_out", lease)
            if first:
                writing.set_aside(tx, first, why)
        return first

    def _mind_the_fallen(self, lease: Lease, stage: Stage, aside: Callable[[Lease, str], str]) -> None:
        """In lanes whose workers died in the middle of their work again and again, one thing is taken at a
        time and named before: what is named when the next one dies is what kills, and is set aside."""
        with self.ledger.write(Boundary.TAKE_IN_HAND) as tx:
            lease.hold(tx)
            first = self._first(tx, stage, lease)
            deadly = bool(first) and any(row.in_hand == f"{stage} {first}" for row in lease.fallen)
            leasing.take_in_hand(tx, lease.connection, lease.owner, f"{stage} {first}" if first else "")
        if deadly:
            self.watch.event("what workers died of is set aside", "error", stage=stage)
            lease.fallen = ()
            aside(lease, f"{FAULT}workers died in the middle of it, again and again")

    # --- an import's brake ----------------------------------------------------------------------------

    def imports_due(self) -> bool:
        """Whether something that was imported is still to be decided now."""
        with self.ledger.read() as tx:
            return intake.imports_due(tx, self.clock.now())

    def release_imported(self) -> Held | None:
        """Let go what is held of imports, once everything that was imported is decided; `Held` where that
        would make more contacts than the brake allows at once: then it waits for a person (SPEC §3)."""
        now = self.clock.now()
        with self.ledger.read() as tx:
            if not writing.any_held(tx) or read_only.since(tx, self.crm.connection):
                return None
            if intake.imports_due(tx, now):  # asked again below: here, so that no turn is taken in vain
                return None
        limit = self.book.effective("", self.crm.connection).brakes_creates_per_hour
        with self.ledger.write(Boundary.RELEASE_IMPORTED) as tx:
            if intake.imports_due(tx, now):
                return None
            creates = writing.held(tx).get("create_contact", 0)
            released = int(deciding.fact(tx, "brake_released_until") or 0) > now
            if creates > limit and not released:
                return Held(creates, limit)
            writing.release_held(tx, now)
        return None


def _without_bytes(row: DeliveryRow, sifted: Sifted) -> DeliveryRow:
    """The row of a delivery with somebody on it who was erased: that it came, and no more."""
    if not sifted.touched:
        return row
    return msgspec.structs.replace(row, raw=None, place=sifted.text(row.place))


def _digest(item: Delivery | Rejection) -> bytes:
    if isinstance(item, Rejection):
        text = "\0".join((item.place, item.reason, item.detail))
        return sha256(text.encode("utf-8", "surrogatepass")).digest()[:20]
    head = f"{item.source}\0{item.captured_from}\0".encode()
    return sha256(head + item.raw).digest()[:20]
