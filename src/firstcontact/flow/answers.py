"""`Answers`: what people say: other settings, answers, logging by hand, what becomes of stuck writes."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec
from sqlalchemy import Connection

from firstcontact.boundaries import Boundary
from firstcontact.flow import enriching, read_only
from firstcontact.flow.clock import DAY
from firstcontact.flow.connected import Connected
from firstcontact.flow.indexed import created
from firstcontact.flow.look_up import made_type
from firstcontact.flow.problems import FlowProblem, NothingAsked
from firstcontact.ledger import deciding, index, news, reviewing, stuck, writing
from firstcontact.ledger.reviewing import Review
from firstcontact.planning.write import ContactFields, Receipt
from firstcontact.policy.contact_roles import ROLE
from firstcontact.policy.decision import Decision
from firstcontact.policy.enrichment import VALUES
from firstcontact.policy.known import Ruling
from firstcontact.policy.rules import PROHIBITIONS
from firstcontact.policy.scopes import SettingsBook


class Answers(Connected):
    """The part of an installation that takes a person's word."""

    def change_settings(self, book: SettingsBook) -> None:
        """Other settings from here on; what was decided stays until it is replayed (SPEC §3)."""
        self.books.change(book)

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
        open question about it is decided again. Who answers once more has changed their mind: the newer
        answer settles what the older one did. Raises NothingAsked where nothing is, and FlowProblem where
        the answer is none of the three.
        """
        if sum((bool(choose), create is not None, ignore)) != 1:
            raise FlowProblem("answer with exactly one of: choose a record, create a contact, ignore")
        if choose and about.startswith(VALUES):
            raise FlowProblem("values are written or they are not: answer with accept or ignore")
        if choose and about.startswith(ROLE):
            raise FlowProblem("a contact role is made or it is not: answer with create or ignore")
        if choose and not about:
            raise FlowProblem("an interaction is logged or it is not: answer with create or ignore")
        now = self.clock.now()
        with self.ledger.write(Boundary.RULE) as tx:
            asked = reviewing.open_about(tx, about)
            doubts = next((each.reasons for each in asked if each.interaction == interaction), ())
            doubts = doubts or _answered_before(tx, interaction, about)
            if not doubts:
                raise NothingAsked(
                    f"nothing is asked about {about or 'the activity'} on {interaction}; "
                    "`firstcontact review` lists the open questions"
                )
            if about.startswith(VALUES):
                ruling = enriching.ruling(tx, about, create, by, now)
            else:
                ruling = _ruling(about or f"log:{interaction}", doubts, choose, create, by, now)
            deciding.remember_ruling(tx, ruling, "")
            news.tell(tx, (), {interaction, *(each.interaction for each in asked)}, now)

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


def _answered_before(tx: Connection, interaction: str, about: str) -> tuple[str, ...]:
    """The doubts about somebody on the interaction that an answer has settled already, () for none."""
    decision = deciding.last(tx, interaction)
    if decision is None or about not in {person.about for person in decision.people}:
        return ()
    before = deciding.rulings_on(tx, [about]).get((about, ""))
    return before.settles if before is not None else ()


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
