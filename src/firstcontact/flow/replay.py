"""Replay: stored interactions and their `known` through `decide`, with other settings or newer rules.

Nothing is looked up and nothing is written. The fold runs in order of time with contacts that are not made
yet: where the other settings create somebody, the interactions after it find that contact, and a contact
that only the decisions of old had made is not there (DESIGN §3 "Replay").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator

import msgspec
from sqlalchemy import Connection

from firstcontact.flow.judge import settings_for
from firstcontact.flow.look_up import made_type, virtual
from firstcontact.identity.records import RecordType
from firstcontact.interactions.model import Interaction
from firstcontact.ledger import reading
from firstcontact.planning.plan import NEW
from firstcontact.planning.write import write_key
from firstcontact.policy.decide import decide
from firstcontact.policy.decision import Decision, PersonVerdict
from firstcontact.policy.known import Known, PersonFacts
from firstcontact.policy.scopes import SettingsBook


class Difference(msgspec.Struct, frozen=True):
    """One verdict that differs; `about` is empty for the activity. `because`: what decides now."""

    interaction: str
    at: int
    kind: str
    about: str
    before: str
    after: str
    because: tuple[str, ...]


class ReplaySummary(msgspec.Struct, frozen=True):
    """Counts of a replay: interactions decided, verdicts by name before and after, those that cannot be
    replayed because a person on them was erased."""

    interactions: int
    before: dict[str, int]
    after: dict[str, int]
    differences: int
    erased: int


CHANGED_SINCE = frozenset({"cancelled", "declined"})
"""What a meeting became after it was decided first; no setting has a say in it. The version that created
somebody is no longer there to be replayed, so its contact stays."""


def _only_changed_since(decision: Decision, person: PersonVerdict) -> bool:
    decisive = {r.name for r in decision.trace if r.about == person.about and r.decisive}
    return bool(decisive) and decisive <= CHANGED_SINCE


class Replay:
    """A replay over a span of the ledger; iterate `differences`, then read `summary`.

    Contacts that only the old decisions made are not there. A first pass in order of time finds out which
    interactions would create whom; in the second every other interaction of these people finds the contact,
    earlier ones too, since news of a contact reopens them.
    """

    def __init__(
        self,
        tx: Connection,
        book: SettingsBook,
        *,
        since: int = 0,
        until: int = 2**62,
        only: Container[str] | None = None,
    ) -> None:
        """only: ids of interactions that share nobody with the others (`flow.replay_parts`); None: all."""
        self._only = only
        self._tx = tx
        self._book = book
        self._since = since
        self._until = until
        self._before: Counter[str] = Counter()
        self._after: Counter[str] = Counter()
        self._count = self._erased = self._differences = 0
        self._made: dict[str, tuple[str, str, RecordType]] = {}
        """Handle key to the interaction that creates the contact in this replay, and the write's key."""
        self._ours = reading.made_contacts(tx)

    def differences(self) -> Iterator[Difference]:
        """One line per differing verdict, in order of time; reads in bounded memory."""
        self._find_creators()
        for interaction, before, known in reading.decided(
            self._tx, self._since, self._until, only=self._only
        ):
            self._count += 1
            if known is None:
                self._erased += 1
            else:
                yield from self._compare(interaction, before, self._decided(interaction, known))

    def summary(self) -> ReplaySummary:
        """The counts, once `differences` is exhausted."""
        return ReplaySummary(
            self._count, dict(self._before), dict(self._after), self._differences, self._erased
        )

    def _rows(self) -> Iterator[tuple[Interaction, Decision, Known | None]]:
        return reading.decided(self._tx, self._since, self._until, only=self._only)

    def _find_creators(self) -> None:
        for interaction, _, known in self._rows():
            if known is None:
                continue
            for person in self._decided(interaction, known).people:
                if person.verdict == "create":
                    key = write_key(known.connection, "create_contact", interaction.id, person.about)
                    made = (interaction.id, key, made_type(known.crm.capabilities))
                    self._made.setdefault(person.about, made)

    def _decided(self, interaction: Interaction, known: Known) -> Decision:
        settings = settings_for(self._book, interaction, known.connection)
        people = {key: self._person(interaction.id, key, facts) for key, facts in known.people.items()}
        decision = decide(interaction, msgspec.structs.replace(known, people=people), settings)
        kept = [p.about for p in decision.people if p.verdict == "leave" and _only_changed_since(decision, p)]
        if not kept:
            return decision
        people |= {key: self._person(interaction.id, key, known.people[key], created=True) for key in kept}
        return decide(interaction, msgspec.structs.replace(known, people=people), settings)

    def _person(
        self, interaction: str, key: str, facts: PersonFacts, *, created: bool = False
    ) -> PersonFacts:
        """The facts as they would have been on this interaction. created: with the contact that an earlier
        version of it created."""
        records = tuple(
            record
            for record in facts.records
            if not record.id.startswith(NEW)
            and (record.id not in self._ours or (created and self._ours[record.id] == interaction))
        )
        creator, made, type = self._made.get(key, (interaction, "", "contact"))
        if creator != interaction and not facts.suppressed:
            records = (*records, virtual(made, type=type))
        if records == facts.records:
            return facts
        status = facts.status
        if status in ("found", "absent"):
            status = "found" if records else "absent"
        return msgspec.structs.replace(facts, records=records, status=status)

    def _compare(self, interaction: Interaction, before: Decision, after: Decision) -> Iterator[Difference]:
        old = {"": before.activity, **{p.about: self._verdict(interaction, p) for p in before.people}}
        new = {"": after.activity, **{p.about: self._verdict(interaction, p) for p in after.people}}
        reached_before = {person.about for person in before.people if self._reaches_ours(person)}
        reached_after = {person.about for person in after.people if self._reaches_ours(person)}
        for about in dict.fromkeys((*old, *new)):
            was, now = old.get(about, "none"), new.get(about, "none")
            self._before[was if about else f"activity:{was}"] += 1
            self._after[now if about else f"activity:{now}"] += 1
            if was == now or about in reached_before & reached_after:
                continue
            self._differences += 1
            because = tuple(r.name for r in after.trace if r.about == about and r.decisive)
            yield Difference(
                interaction.id, interaction.at, type(interaction).__name__.lower(), about, was, now, because
            )

    def _verdict(self, interaction: Interaction, person: PersonVerdict) -> str:
        """What was decided first: an interaction that is decided again links the contact it had created."""
        if person.verdict == "link" and self._ours.get(person.record) == interaction.id:
            return "create"
        return person.verdict

    def _reaches_ours(self, person: PersonVerdict) -> bool:
        """Whether the person is a contact of ours after it: which of their interactions came first, and so
        created it, is no difference."""
        if person.verdict == "create":
            return True
        ours = person.record.startswith(NEW) or person.record in self._ours
        return person.verdict == "link" and ours
