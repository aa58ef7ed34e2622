"""`Installation`: one team's FirstContact, with its settings, ledger and CRM connection.

The calls here are what the command line, the scenario runner and later the web page and the workers use.
Each stores facts first and does the work that is due after; a process that is killed anywhere leaves a
ledger from which the next `drain` goes on.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from hashlib import sha256

import msgspec
from sqlalchemy import Connection

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import AuthLapsed, Crm, Delivery, Reading, TryAgain
from firstcontact.flow import enriching, read_only
from firstcontact.flow.carry_out import carry_out
from firstcontact.flow.clock import DAY, MINUTE, Clock
from firstcontact.flow.dedupe import Dedupe, Outlook
from firstcontact.flow.indexed import Indexed, created, forget, take_changes
from firstcontact.flow.judge import judge
from firstcontact.flow.look_up import made_type
from firstcontact.flow.observe_values import Signed
from firstcontact.flow.problems import FlowProblem
from firstcontact.flow.sifting import Sifted, kept_of, rows_of, sift, sifted_changes, untouched
from firstcontact.flow.understand import signatures, understand
from firstcontact.identity.titles import BUILT_IN, TitleRule
from firstcontact.interactions.model import Interaction
from firstcontact.interactions.rejection import Rejection
from firstcontact.keyring import KeyProblem
from firstcontact.lanes.leases import Lanes, Lease, LeaseLost
from firstcontact.ledger import (
    connecting,
    deciding,
    domain_rulings,
    holding,
    index,
    intake,
    lanes_due,
    leasing,
    news,
    reviewing,
    stuck,
    writing,
)
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.forgetting import forget as forget_old
from firstcontact.ledger.index import IndexState
from firstcontact.ledger.intake import DeliveryRow
from firstcontact.ledger.retention import retain
from firstcontact.ledger.reviewing import Review
from firstcontact.ledger.sharding import ALL, SHARDS
from firstcontact.ledger.stuck import FAULT
from firstcontact.operating.watch import SILENT, Stage, Watch, timed
from firstcontact.planning.write import ContactFields, Receipt
from firstcontact.policy.contact_roles import ROLE
from firstcontact.policy.decision import Decision
from firstcontact.policy.enrichment import VALUES
from firstcontact.policy.known import Ruling
from firstcontact.policy.rules import PROHIBITIONS
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


PAGES = 4
"""Pages of the change feed that are read before other work has its turn."""


def _silent(_: str, __: int) -> None:
    return None


_DONE = {"understand": "understood", "decide": "decided", "carry_out": "written"}


def _items(stage: Stage, done: Tally | None) -> int:
    return getattr(done, _DONE[stage]) if done is not None else 0


class Installation:
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
    ) -> None:
        """`batch`: how many interactions are decided, and writes carried out, at once. `reader`: of
        deliveries that are stored first and understood later (`accept`). `indexed`: decide on our own index
        of the CRM's address book, where it tells what changes; of one that cannot be asked, always.
        `poll_every`: ask for changes no more often than this, in microseconds. `titles`: what job titles
        say of department, seniority and persona."""
        self.book = book
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
        signed: Mapping[str, Signed] = signatures(interactions, team)
        now = self.clock.now()
        with self.ledger.write(Boundary.TAKE_FACTS) as tx:
            sifted = sift(tx, self.ledger.erased, team, [interactions])
            intake.keep_rejections(tx, rows_of(sifted), now)
            signed = untouched(signed, sifted)
            done = understand(tx, kept_of(sifted), now=now, live=live, team=team, signed=signed)
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
        signed: Mapping[str, Signed] = signatures((f for part in facts.values() for f in part), team)
        with self.ledger.write(Boundary.RECEIVE) as tx:
            sifted = sift(tx, self.ledger.erased, team, list(facts.values()))
            kept = [_without_bytes(row, one) for row, one in zip(rows.values(), sifted, strict=True)]
            intake.keep_deliveries(tx, kept, now)
            intake.keep_rejections(tx, [*rejected, *rows_of(sifted)], now)
            signed = untouched(signed, sifted)
            done = understand(tx, kept_of(sifted), now=now, live=live, team=team, signed=signed)
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
        them. batches: at most so many of each stage, 0: until nothing is due.

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
        most = 1 if batches else 0
        total = self.understand_due(lease, most=most, progress=progress)
        self._not_paused()
        if 0 in lease.shards:
            self.retain()
            self._dedupe_daily(lease)
        rounds = 0
        while True:
            reading = 0 in lease.shards and self._poll_or_go_on()
            step = Tally(reading=int(reading))
            step += self.understand_due(lease, most=most, progress=progress)
            step += self.decide_due(lease, most=most, progress=progress)
            self.release_imported()
            step += self.carry_out_due(lease, most=most, progress=progress)
            total += step
            rounds += 1
            if step == Tally() or rounds == batches:
                return total

    def _not_paused(self) -> None:
        """Raises AuthLapsed where the CRM connection is paused: nothing is asked of it until `resume`."""
        with self.ledger.read() as tx:
            state = connecting.state(tx, self.crm.connection)
        if state.paused_at is not None:
            raise AuthLapsed(state.why)

    @contextmanager
    def _pausing(self) -> Iterator[None]:
        """Where the CRM says that our permission is gone, the connection is paused for all workers."""
        try:
            yield
        except AuthLapsed as error:
            with self.ledger.write(Boundary.PAUSE) as tx:
                news = connecting.pause(tx, self.crm.connection, str(error), self.clock.now())
            if news:
                self.watch.event("connection paused", "error", connection=self.crm.connection)
            raise

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

    def poll(self, pages: int = 0) -> bool:
        """Ask the CRM what changed; whoever waited for a record is decided again.

        pages: at most so many, 0: all there are. Whether more is waiting. Raises AuthLapsed, StoreProblem.
        """
        if not self.crm.capabilities().change_feed:
            return False
        read = 0
        while True:
            more = self._page()
            read += 1
            if not more or read == pages:
                return more

    def read_address_book(self, progress: Callable[[IndexState], None]) -> IndexState:
        """Bring the index up to date now, reading everything where it was never read; where another worker
        is at it, wait for it. progress: is told how far it is, again and again.

        Raises AuthLapsed, TryAgain where the CRM takes no requests now, StoreProblem.
        """
        begun = self.clock.now()
        while True:
            with self.lanes.leased(1, only=(0,)) as lease:
                if lease is not None:
                    self._not_paused()
                    before = self.index_state()
                    more = self.poll(1)
                    state = self.index_state()
                    progress(state)
                    if not more and state.read_at >= begun:
                        return state
                    if not more and state == before:
                        raise TryAgain("The CRM takes no more requests for now; the same command goes on.")
                    continue
            state = self.index_state()
            progress(state)
            if state.read_at >= begun:
                return state
            time.sleep(0.5)

    def index_state(self) -> IndexState:
        """How far the CRM's address book has been read into the index."""
        with self.ledger.read() as tx:
            return index.state(tx, self.crm.connection)

    def _page(self) -> bool:
        """One page of the change feed; whether there is more behind it."""
        connection, now = self.crm.connection, self.clock.now()
        name = f"crm:{connection}"
        with self.ledger.read() as tx:
            cursor = intake.cursor(tx, name)
        try:
            with self._pausing(), crossing(Boundary.ASK_CHANGES):
                changes = self.crm.changed_since(cursor)
        except TryAgain:
            return False  # the cursor stands where it was; the next poll asks again
        if changes.cursor != cursor or self.indexed:
            region = self.book.team.region
            with self.ledger.write(Boundary.KEEP_CHANGES) as tx:
                changes = sifted_changes(tx, self.ledger.erased, changes)
                topics = {f"handle:{handle.key}" for record in changes.records for handle in record.handles}
                topics |= news.domain_topics(host for account in changes.accounts for host in account.domains)
                if self.indexed:
                    take_changes(tx, connection, changes, region, now)
                else:
                    deciding.bears(tx, connection, changes.records)
                    forget(tx, connection, changes.gone, now)
                hosts = [domain for account in changes.accounts for domain in account.domains]
                deciding.see_accounts(tx, connection, hosts)
                domain_rulings.follow(tx, connection, changes.accounts)
                news.tell(tx, topics, (), now)
                intake.set_cursor(tx, name, changes.cursor, now)
        return changes.more

    def _poll_or_go_on(self) -> bool:
        """Ask for changes where it is time to; whether more is waiting. Live work does not wait for a first
        reading of everything: that goes on by a few pages each time. A connector that fails at telling what
        changed must not keep the rest from being done."""
        if self.indexed:
            state = self.index_state()
            whole = state.swept == state.reading
            if whole and 0 <= self.clock.now() - state.read_at < self.poll_every:
                return False
        try:
            return self.poll(PAGES if self.indexed else 0)
        except (AuthLapsed, StoreProblem):
            raise
        except Exception as error:
            self.watch.failure("poll failed", error, connection=self.crm.connection)
            return False

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
        signed: Mapping[str, Signed] = signatures((fact for part in facts for fact in part), team)
        with self.ledger.write(Boundary.UNDERSTAND) as tx:
            lease.hold(tx)
            sifted = sift(tx, self.ledger.erased, team, facts)
            intake.keep_rejections(tx, [*rejected, *rows_of(sifted)], now)
            signed = untouched(signed, sifted)
            each_live = [(row.live, one) for row, one in zip(due, sifted, strict=True)]
            parts = {live: kept_of([one for is_, one in each_live if is_ == live]) for live in (True, False)}
            news_of = [
                understand(tx, part, now=now, live=live, team=team, signed=signed)
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
        done = judge(self.ledger, self.known, self.book, now, lease, size, held=held, titles=self.titles)
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
        with self.ledger.read() as tx:
            if not writing.held(tx) or read_only.since(tx, self.crm.connection):
                return None
        now = self.clock.now()
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

    # --- people -----------------------------------------------------------------------------------

    def change_settings(self, book: SettingsBook) -> None:
        """Other settings from here on; what was decided stays until it is replayed (SPEC §3)."""
        self.book = book

    def keep_settings(self, text: str) -> None:
        """Keep the text of the settings in force under their version, which every decision names."""
        with self.ledger.read() as tx:
            kept = deciding.settings_text(tx, self.book.version)
        if not kept:
            with self.ledger.write(Boundary.KEEP_SETTINGS) as tx:
                deciding.keep_settings(tx, self.book.version, text, self.clock.now())

    def rule(
        self,
        interaction: str,
        about: str,
        *,
        choose: str = "",
        create: Mapping[str, str] | None = None,
        ignore: bool = False,
        by: str = "",
    ) -> None:
        """Settle an open question: choose a record, create a contact (or the contact role, or write the
        values that were asked about; `main` in it: the new address becomes the main one), or ignore.

        The answer is remembered for the subject and for exactly the doubts that were asked about; every
        open question about it is decided again. Raises FlowProblem where nothing is asked, or where the
        answer is none of the three.
        """
        if sum((bool(choose), create is not None, ignore)) != 1:
            raise FlowProblem("answer with exactly one of: choose a record, create a contact, ignore")
        if choose and about.startswith(VALUES):
            raise FlowProblem("values are written or they are not: answer with accept or ignore")
        if choose and about.startswith(ROLE):
            raise FlowProblem("a contact role is made or it is not: answer with create or ignore")
        now = self.clock.now()
        with self.ledger.write(Boundary.RULE) as tx:
            open_here = [r for r in reviewing.open_about(tx, about) if r.interaction == interaction]
            if not open_here:
                raise FlowProblem(
                    f"nothing is asked about {about or 'the activity'} on {interaction}; "
                    "`firstcontact review` lists the open questions"
                )
            if about.startswith(VALUES):
                ruling = enriching.ruling(tx, about, create, by, now)
            else:
                ruling = _ruling(about, open_here[0].reasons, choose, create, by, now)
            deciding.remember_ruling(tx, ruling, "")
            again = {review.interaction for review in reviewing.open_about(tx, about)}
            news.tell(tx, (), again, now)

    def log_by_hand(
        self,
        interaction: str,
        user: str,
        *,
        contact: str = "",
        create: Mapping[str, str] | None = None,
        learn: bool = False,
    ) -> None:
        """A user logs an interaction by hand, on a contact, or on one made in the same step (SPEC §4).

        learn: the chosen contact takes the handle. Raises FlowProblem where the interaction or the user is
        not known, or where the person may never be created (blocked, erased, no usable handle).
        """
        now = self.clock.now()
        if user not in {each.id for each in self.book.team.users}:
            raise FlowProblem(
                f"{user} is no user of the team; users are in the settings under [[team.users]]"
            )
        with self.ledger.read() as tx:
            decision = deciding.last(tx, interaction)
        if decision is None:
            raise FlowProblem(f"no interaction {interaction} has been decided")
        about = decision.people[0].about if decision.people else ""
        forbidden = {r.name for r in decision.trace if r.about == about and r.name in PROHIBITIONS}
        if create is not None and forbidden:
            raise FlowProblem(f"{about} can't be made a contact: {', '.join(sorted(forbidden))}")
        ruling = _ruling(about, ("*",), contact, create, user, now)
        with self.ledger.write(Boundary.LOG_BY_HAND) as tx:
            deciding.set_by_hand(tx, interaction, user, now)
            if contact or create is not None:
                deciding.remember_ruling(tx, msgspec.structs.replace(ruling, learn=learn), interaction)
            news.tell(tx, (), [interaction], now)

    def answer_stuck(self, write_key: str, *, record: str = "") -> None:
        """A person has looked at a write that can't go on by itself (`ledger.stuck`: parked or unclear).
        record: the CRM has it, under this id; empty: it does not, and the write goes out again.

        Raises FlowProblem where no such write has this key.
        """
        now = self.clock.now()
        with self.ledger.write(Boundary.ANSWER_STUCK) as tx:
            if not writing.is_stuck(tx, write_key):
                raise FlowProblem(f"no stuck write has the key {write_key}; `firstcontact stuck` lists them")
            if record:
                writing.mark_done(tx, [Receipt(write_key, record, created=True, at=now)], now)
                writing.wake(tx, [write_key], now)
                made = writing.intended_contacts(tx, [write_key]).get(write_key)
                if made is not None:
                    self._enter(tx, record, made, now)
            else:
                writing.send_again(tx, write_key, now)

    def _enter(self, tx: Connection, record: str, fields: ContactFields, now: int) -> None:
        """Somebody whom a write of ours made turned out to be there: known by the index at once."""
        state = index.state(tx, self.crm.connection)
        if self.indexed and state.begun_at:
            region, becomes = self.book.team.region, made_type(self.crm.capabilities())
            person = created(record, fields, region, now, becomes)
            index.keep(tx, self.crm.connection, [person], region, state.reading)

    def try_stuck_again(self, keys: Collection[str] = (), cause: str = "") -> int:
        """Let what is stuck go on (`ledger.stuck`): these keys, or all of a cause, or all. How many are due
        now; what is unclear, where the CRM can't be asked, stays until `answer_stuck`.

        Raises FlowProblem where nothing stuck has one of the keys.
        """
        finds_written = self.crm.capabilities().finds_written
        with self.ledger.write(Boundary.TRY_STUCK_AGAIN) as tx:
            there = {each.key: each for each in stuck.stuck(tx, 1_000_000)}
            for key in keys:
                if key not in there:
                    raise FlowProblem(f"nothing stuck has the key {key}; `firstcontact stuck` lists them")
            chosen = [there[key] for key in keys] if keys else list(there.values())
            chosen = [each for each in chosen if cause in ("", each.cause)]
            return stuck.try_again(tx, chosen, self.clock.now(), finds_written=finds_written)

    def decision(self, interaction: str) -> Decision | None:
        """The last decision on an interaction."""
        with self.ledger.read() as tx:
            return deciding.last(tx, interaction)

    def open_reviews(self) -> tuple[Review, ...]:
        """Questions waiting for a person, oldest first."""
        with self.ledger.read() as tx:
            return reviewing.open_reviews(tx)

    def release_brake(self, by: str, *, days: int = 1) -> None:
        """A person has looked and says go on: held writes are due, and the brake is off for `days`; what a
        connection held that was read-only is, too. Raises FlowProblem while the settings say that it is."""
        if isinstance(self.crm, read_only.ReadOnly):
            raise FlowProblem(
                f"The connection {self.crm.connection} is read-only; `firstcontact read-only off` ends that."
            )
        now = self.clock.now()
        with self.ledger.write(Boundary.RELEASE_BRAKE) as tx:
            read_only.end(tx, self.crm.connection)
            deciding.set_fact(tx, "brake_released_until", str(now + days * DAY))
            deciding.set_fact(tx, "brake_released_by", by)
            writing.release_held(tx, now)
            asked = [r.interaction for r in reviewing.open_reviews(tx) if "brake" in r.reasons]
            news.tell(tx, (), asked, now)


def _ruling(
    about: str,
    settles: tuple[str, ...],
    choose: str,
    create: Mapping[str, str] | None,
    by: str,
    now: int,
) -> Ruling:
    made = create or {}
    return Ruling(
        about=about,
        settles=settles,
        choose=choose,
        create=create is not None,
        first_name=made.get("first_name", ""),
        last_name=made.get("last_name", ""),
        contact_type=made.get("type", ""),
        by=by,
        at=now,
    )


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
