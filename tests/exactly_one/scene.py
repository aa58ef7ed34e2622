"""A race's scene: the CRM's process, the ledger, the clock of all; and what must hold when it is over."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from crews import SECONDS, WORKERS, Crew, Place, SharedClock, deliver
from races import Race, Trouble
from sqlalchemy import select

from firstcontact.flow.clock import HOUR, MINUTE, SECOND
from firstcontact.flow.installation import Installation, Tally
from firstcontact.interactions.handles import read_handle
from firstcontact.interactions.model import Interaction
from firstcontact.ledger import reading
from firstcontact.ledger.lanes_due import Counts, count_due
from firstcontact.ledger.tables import decisions, interactions, writes
from firstcontact.testing.served import Served

PAUSE = 0.004
"""Seconds, about, by which the CRM's answers are old when they are given: races need room."""


class Scene:
    """One race on one CRM and ledger. `installation` is this process's own, beside the workers'."""

    def __init__(self, served: Served, clock: SharedClock, installation: Installation, place: Place) -> None:
        self.served = served
        self.desk = served.desk
        self.clock = clock
        self.installation = installation
        self.place = place
        self.wake: Callable[[], None] = lambda: None

    # --- time ------------------------------------------------------------------------------------

    def advance_to(self, now: int) -> None:
        """Everybody's clock, the CRM's first."""
        self.desk.advance_to(now)
        self.clock.advance_to(now)

    def come_to_rest(self) -> None:
        """Wait until the workers have nothing more to do, moving time on to whatever is due later. What
        nobody can know, a person looks up."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            counts = self._due()
            if counts.deliveries or counts.interactions or counts.writes:
                time.sleep(0.02)
            elif counts.later:
                self.advance_to(self.installation.due() or 0)
                self.wake()
            elif self._look_at_unclear():
                self.wake()
            else:
                return
        raise AssertionError(f"still not at rest: {self._unrest()}")

    def _due(self) -> Counts:
        """Counted in one statement, since work becomes other work meanwhile."""
        with self.installation.ledger.read() as tx:
            return count_due(tx, self.place.crm.connection, self.clock.now())

    def _unrest(self) -> Mapping[str, int]:
        with self.installation.ledger.read() as tx:
            return Counter(f"{row.kind} {row.state} {row.problem}" for row in tx.execute(select(writes)))

    def _look_at_unclear(self) -> bool:
        """A person looks in the CRM for each write of which nobody can say whether it arrived."""
        with self.installation.ledger.read() as tx:
            unclear = [row.write for row in reading.stuck(tx) if row.state == "unclear"]
        crm = self.desk.dump()
        for write in unclear:
            if write.kind == "create_account":
                ids = [each["id"] for each in crm["accounts"] if f"domain:{each['website']}" == write.subject]
            elif write.kind == "log_activity":
                ids = [each["id"] for each in crm["activities"] if write.interaction in each["interactions"]]
            else:
                assert write.kind == "time_entry", write
                ids = [each["id"] for each in crm["time_entries"] if each["interaction"] == write.interaction]
            self.installation.answer_stuck(write.key, record=ids[0] if ids else "")
        return bool(unclear)

    # --- the race --------------------------------------------------------------------------------

    def run(self, race: Race, trouble: Trouble, crew: Crew) -> None:
        """Have the race run, wave by wave, and check what came of it, at once and after everything was
        delivered again."""
        if race.crm:
            self.desk.seed(race.crm)
            self.advance_to(self.clock.now() + HOUR)
        for wave in race.waves:
            self.desk.behave(pause=PAUSE, **trouble.habits)
            shares: Sequence[Sequence[Interaction]] = [wave] * race.times + [()] * (WORKERS - race.times)
            if race.times == 1:
                shares = [wave[n::WORKERS] for n in range(WORKERS)]
            if race.by_hand and wave is race.waves[0]:
                self._decided_then_added(race, wave)
            with crew.at(self.place, shares) as self.wake:
                if wave is race.waves[0]:
                    self._add_meanwhile(race.racing)
                self._delivered(wave)
                self.come_to_rest()
            self.advance_to(self.clock.now() + MINUTE)
        self.holds(race)
        self._again(race, crew)

    def _decided_then_added(self, race: Race, wave: Sequence[Interaction]) -> None:
        """All of the wave is decided on an empty CRM; then people add theirs."""
        deliver(self.installation, wave, 0)
        while self.installation.decide_due() != Tally():
            pass
        for fields in race.by_hand:
            self.desk.add("contact", fields)
        self.advance_to(self.clock.now() + HOUR)

    def _add_meanwhile(self, racing: Sequence[Mapping[str, Any]]) -> None:
        """Each a second older than what we make now: of two as old as each other a person would be asked."""
        for fields in racing:
            self.desk.add("contact", {**fields, "created_at": self.clock.now() - SECOND})
            time.sleep(0.02)

    def _delivered(self, facts: Sequence[Interaction]) -> None:
        """Wait until all of these have been understood."""
        until = time.monotonic() + SECONDS
        wanted = {fact.id for fact in facts}
        while time.monotonic() < until:
            with self.installation.ledger.read() as tx:
                if wanted <= set(tx.scalars(select(interactions.c.id))):
                    return
            time.sleep(0.01)
        raise AssertionError("not everything that was delivered was understood")

    def _again(self, race: Race, crew: Crew) -> None:
        """Everything is delivered again, by all at once, an hour later: nothing changes, nothing is sent."""
        self.advance_to(self.clock.now() + HOUR)
        before, written = self.left_behind(), self.desk.counts().written
        self.desk.behave(pause=PAUSE)
        with crew.at(self.place, [race.facts] * WORKERS) as self.wake:
            time.sleep(0.2)
            self.come_to_rest()
        self.holds(race)
        assert self.left_behind() == before
        assert self.desk.counts().written == written

    def left_behind(self) -> Any:
        """What is in the CRM, and what the ledger has decided."""
        crm = self.desk.dump()
        with self.installation.ledger.read() as tx:
            states = sorted((row.key, row.state, row.record) for row in tx.execute(select(writes)))
            count = len(tx.execute(select(decisions.c.interaction)).all())
        return msgspec.to_builtins(crm), states, count

    # --- what must hold ------------------------------------------------------------------------------

    def holds(self, race: Race) -> None:
        """The counts of the race, and the four sentences of DESIGN §5."""
        crm = self.desk.dump()
        ours = [each for each in crm["contacts"] if each["created_by_us"]]
        handles = Counter(handle for each in ours for handle in self._handles_made(each))
        assert {handle: count for handle, count in handles.items() if count > 1} == {}, "a second contact"
        logged = Counter(id for each in crm["activities"] for id in each["interactions"])
        assert {id: count for id, count in logged.items() if count > 1} == {}, "a second log"
        timed = Counter(each["interaction"] for each in crm["time_entries"])
        assert set(timed.values()) <= {1}, "a second time entry"
        missing = {fact.id for fact in race.facts} - set(logged)
        assert not missing, f"not logged: {missing} {self._unrest()}"
        assert len(crm["activities"]) == race.activities
        assert len(crm["accounts"]) == race.accounts
        assert len(crm["contact_roles"]) == race.roles
        assert len({each["opportunity"] for each in crm["contact_roles"]}) == race.roles
        if race.contacts is not None:
            assert len(ours) == race.contacts
        self._each_on_its_contact(race, crm)
        self._everything_is_explained(crm)
        self._nothing_is_left_over()

    def _handles_made(self, contact: Mapping[str, Any]) -> Iterable[str]:
        read = (read_handle(text, "US") for text in (*contact["emails"], *contact["phones"]))
        return [handle.key for handle in read if handle]

    def _each_on_its_contact(self, race: Race, crm: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Every activity is on one contact, and that bears the handle of who called or wrote."""
        bears = {each["id"]: set(self._handles_made(each)) for each in crm["contacts"]}
        on = {id: each["contacts"] for each in crm["activities"] for id in each["interactions"]}
        for fact in race.facts:
            assert len(on[fact.id]) == 1, (fact.id, on[fact.id])
            assert fact.participants[0].handles[0].key in bears[on[fact.id][0]], fact.id

    def _everything_is_explained(self, crm: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Every record of ours in the CRM has the line of the ledger that made it."""
        ours = {("create_contact", each["id"]) for each in crm["contacts"] if each["created_by_us"]}
        ours |= {("create_account", each["id"]) for each in crm["accounts"] if each["created_by_us"]}
        ours |= {("log_activity", each["id"]) for each in crm["activities"]}
        ours |= {("time_entry", each["id"]) for each in crm["time_entries"]}
        ours |= {
            ("contact_role", f"{each['opportunity']}:{each['contact']}") for each in crm["contact_roles"]
        }
        with self.installation.ledger.read() as tx:
            made = select(writes.c.kind, writes.c.record).where(
                writes.c.state == "done", writes.c.created == 1
            )
            explained = {tuple(row) for row in tx.execute(made)}
            known = set(tx.scalars(select(interactions.c.id)))
            caused = set(tx.scalars(select(writes.c.interaction)))
        assert ours - explained == set(), "a record that no line explains"
        assert explained - ours == set(), "a line says that something was made which is not there"
        assert caused <= known

    def _nothing_is_left_over(self) -> None:
        """Every interaction is decided, every write done or overtaken, and nobody has to look at anything."""
        with self.installation.ledger.read() as tx:
            states = Counter(tx.scalars(select(writes.c.state)))
            undecided = select(interactions.c.id).where(
                interactions.c.id.not_in(select(decisions.c.interaction)) | interactions.c.due_at.is_not(None)
            )
            assert tx.scalars(undecided).all() == []
        assert set(states) <= {"done", "dropped"}, states
        assert self.installation.open_reviews() == ()
