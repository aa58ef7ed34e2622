"""`Installation`: one team's FirstContact, with its settings, ledger and CRM connection.

The calls here are what the command line, the scenario runner and later the web page and the workers use.
Each stores facts first and does the work that is due after; a process that is killed anywhere leaves a
ledger from which the next `drain` goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256

import msgspec

from firstcontact.connectors.contract import Crm, Delivery, Reading, TryAgain
from firstcontact.flow.carry_out import carry_out
from firstcontact.flow.clock import DAY, Clock
from firstcontact.flow.judge import judge
from firstcontact.flow.problems import FlowProblem
from firstcontact.flow.understand import understand
from firstcontact.interactions.model import Interaction
from firstcontact.interactions.rejection import Rejection
from firstcontact.ledger import deciding, intake, reviewing, writing
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.intake import DeliveryRow
from firstcontact.ledger.retention import retain
from firstcontact.ledger.reviewing import Review
from firstcontact.planning.write import Receipt
from firstcontact.policy.decision import Decision
from firstcontact.policy.known import Ruling
from firstcontact.policy.rules import PROHIBITIONS
from firstcontact.policy.scopes import SettingsBook

Item = tuple[Delivery | Rejection, str]
"""What a file or a poll yields: a delivery, or why there is none, and the cursor behind it."""

Reader = Callable[[Delivery], Reading]
"""A source's `normalise` with its context bound."""

Progress = Callable[[str, int], None]
"""Told what is being done and how many more of it are."""


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What a call did. `interactions`: new facts; `changed`: superseded ones; `known`: nothing new."""

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

    def __add__(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(**{n: getattr(self, n) + getattr(other, n) for n in Tally.__struct_fields__})


def _silent(_: str, __: int) -> None:
    return None


class Installation:
    """One team's FirstContact."""

    def __init__(
        self, *, book: SettingsBook, ledger: Ledger, crm: Crm, clock: Clock, batch: int = 500
    ) -> None:
        """`batch`: how many interactions are decided, and writes carried out, at once."""
        self.book = book
        self.ledger = ledger
        self.crm = crm
        self.clock = clock
        self.batch = batch

    # --- facts in ---------------------------------------------------------------------------------

    def take(self, interactions: Sequence[Interaction], *, live: bool = True) -> Tally:
        """Store facts that have been read already. Decides nothing; `drain` does."""
        with self.ledger.write() as tx:
            done = understand(tx, interactions, now=self.clock.now(), live=live)
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
        facts: list[Interaction] = []
        for (item, _), digest in zip(batch, digests, strict=True):
            if isinstance(item, Rejection):
                if digest not in seen:
                    rejected.append((digest, item))
            elif digest not in seen and digest not in rows:
                reading = reader(item)
                facts.extend(reading.interactions)
                rejected.extend((_digest(each), each) for each in reading.rejections)
                rows[digest] = DeliveryRow(
                    digest, item.source, item.place, item.captured_from, item.raw, len(reading.interactions)
                )
        with self.ledger.write() as tx:
            intake.keep_deliveries(tx, rows.values(), now)
            intake.keep_rejections(tx, rejected, now)
            done = understand(tx, facts, now=now, live=live)
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

    # --- due work ---------------------------------------------------------------------------------

    def drain(self, *, progress: Progress = _silent) -> Tally:
        """Do all work that is due now: news from the CRM, decisions, writes, retries whose time has come.

        Raises AuthLapsed, StoreProblem.
        """
        total = Tally()
        self.retain()
        while True:
            self.poll()
            step = self.decide_due(progress=progress) + self.carry_out_due(progress=progress)
            total += step
            if step == Tally():
                return total

    def retain(self) -> None:
        """Once a day: remove raw deliveries and bodies that are older than `body_days` (SPEC §10)."""
        now = self.clock.now()
        with self.ledger.read() as tx:
            last = int(deciding.fact(tx, "retained_at") or 0)
        if now - last < DAY:
            return
        before = now - self.book.effective("", self.crm.connection).body_days * DAY
        removed = True
        while removed:
            with self.ledger.write() as tx:
                done = retain(tx, before)
                removed = done.deliveries > 0 or done.bodies > 0
        with self.ledger.write() as tx:
            deciding.set_fact(tx, "retained_at", str(now))

    def poll(self) -> None:
        """Ask the CRM what changed; whoever waited for a record is decided again."""
        capabilities = self.crm.capabilities()
        if not capabilities.change_feed:
            return
        name = f"crm:{self.crm.connection}"
        while True:
            with self.ledger.read() as tx:
                cursor = intake.cursor(tx, name)
            try:
                changes = self.crm.changed_since(cursor)
            except TryAgain:
                return  # the cursor stands where it was; the next poll asks again
            topics = {f"handle:{handle.key}" for record in changes.records for handle in record.handles}
            topics.update(f"domain:{domain}" for account in changes.accounts for domain in account.domains)
            if changes.cursor != cursor:
                with self.ledger.write() as tx:
                    deciding.bears(tx, self.crm.connection, changes.records)
                    hosts = [domain for account in changes.accounts for domain in account.domains]
                    deciding.see_accounts(tx, self.crm.connection, hosts)
                    deciding.bury_gone(tx, self.crm.connection, changes.gone, self.clock.now())
                    intake.set_due(tx, deciding.reopened_by(tx, topics), self.clock.now())
                    intake.set_cursor(tx, name, changes.cursor, self.clock.now())
            if not changes.more:
                return

    def decide_due(self, *, held: bool = False, progress: Progress = _silent) -> Tally:
        """Decide everything due now; intents are recorded, nothing is written to the CRM yet."""
        total = Tally()
        while True:
            done = judge(self.ledger, self.crm, self.book, self.clock.now(), self.batch, held=held)
            if not done.decided and not done.retries:
                return total
            total += Tally(decided=done.decided, creates=done.creates, asked=done.asked, retries=done.retries)
            progress("decided", done.decided)

    def carry_out_due(self, *, progress: Progress = _silent) -> Tally:
        """Carry out every write due now."""
        total = Tally()
        while True:
            # An interaction makes up to four writes: what a batch decided is carried out as one.
            done = carry_out(self.ledger, self.crm, self.clock.now(), 4 * self.batch)
            if not done.done and not done.later and not done.parked and not done.moved:
                return total
            total += Tally(
                written=done.done,
                created=done.created,
                adopted=done.adopted,
                parked=done.parked,
                later=done.later,
            )
            progress("written", done.done)

    # --- people -----------------------------------------------------------------------------------

    def change_settings(self, book: SettingsBook) -> None:
        """Other settings from here on; what was decided stays until it is replayed (SPEC §3)."""
        self.book = book

    def keep_settings(self, text: str) -> None:
        """Keep the text of the settings in force under their version, which every decision names."""
        with self.ledger.read() as tx:
            kept = deciding.settings_text(tx, self.book.version)
        if not kept:
            with self.ledger.write() as tx:
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
        """Settle an open question: choose a record, create a contact, or ignore.

        The answer is remembered for the subject and for exactly the doubts that were asked about; every
        open question about it is decided again. Raises FlowProblem where nothing is asked, or where the
        answer is none of the three.
        """
        if sum((bool(choose), create is not None, ignore)) != 1:
            raise FlowProblem("answer with exactly one of: choose a record, create a contact, ignore")
        now = self.clock.now()
        with self.ledger.write() as tx:
            open_here = [r for r in reviewing.open_about(tx, about) if r.interaction == interaction]
            if not open_here:
                raise FlowProblem(
                    f"nothing is asked about {about or 'the activity'} on {interaction}; "
                    "`firstcontact review` lists the open questions"
                )
            ruling = _ruling(about, open_here[0].reasons, choose, create, by, now)
            deciding.remember_ruling(tx, ruling, "")
            again = {review.interaction for review in reviewing.open_about(tx, about)}
            intake.set_due(tx, again, now)

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
        with self.ledger.write() as tx:
            deciding.set_by_hand(tx, interaction, user, now)
            if contact or create is not None:
                deciding.remember_ruling(tx, msgspec.structs.replace(ruling, learn=learn), interaction)
            intake.set_due(tx, [interaction], now)

    def answer_stuck(self, write_key: str, *, record: str = "") -> None:
        """A person has looked at a write that can't go on by itself (`reading.stuck`: parked or unclear).
        record: the CRM has it, under this id; empty: it does not, and the write goes out again.

        Raises FlowProblem where no such write has this key.
        """
        now = self.clock.now()
        with self.ledger.write() as tx:
            if not writing.is_stuck(tx, write_key):
                raise FlowProblem(f"no stuck write has the key {write_key}; `firstcontact stuck` lists them")
            if record:
                writing.mark_done(tx, [Receipt(write_key, record, created=True, at=now)], now)
                writing.wake(tx, [write_key], now)
            else:
                writing.send_again(tx, write_key, now)

    def decision(self, interaction: str) -> Decision | None:
        """The last decision on an interaction."""
        with self.ledger.read() as tx:
            return deciding.last(tx, interaction)

    def open_reviews(self) -> tuple[Review, ...]:
        """Questions waiting for a person, oldest first."""
        with self.ledger.read() as tx:
            return reviewing.open_reviews(tx)

    def release_brake(self, by: str, *, days: int = 1) -> None:
        """A person has looked and says go on: held writes are due, and the brake is off for `days`."""
        now = self.clock.now()
        with self.ledger.write() as tx:
            deciding.set_fact(tx, "brake_released_until", str(now + days * DAY))
            deciding.set_fact(tx, "brake_released_by", by)
            writing.release_held(tx, now)
            asked = [r.interaction for r in reviewing.open_reviews(tx) if "brake" in r.reasons]
            intake.set_due(tx, asked, now)


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


def _digest(item: Delivery | Rejection) -> bytes:
    if isinstance(item, Rejection):
        text = "\0".join((item.place, item.reason, item.detail))
        return sha256(text.encode("utf-8", "surrogatepass")).digest()[:20]
    head = f"{item.source}\0{item.captured_from}\0".encode()
    return sha256(head + item.raw).digest()[:20]
