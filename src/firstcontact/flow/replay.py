"""Replay: stored interactions and their `known` through `decide`, with other settings or newer rules.

Nothing is looked up and nothing is written. The fold runs in order of time with contacts that are not made
yet: where the other settings create somebody, the interactions after it find that contact, and a contact
that only the decisions of old had made is not there (DESIGN §3 "Replay").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection

from firstcontact.flow.judge import settings_for
from firstcontact.flow.look_up import virtual
from firstcontact.interactions.model import Interaction
from firstcontact.ledger import reading
from firstcontact.planning.plan import NEW
from firstcontact.planning.write import write_key
from firstcontact.policy.decide import decide
from firstcontact.policy.decision import Decision
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


class Replay:
    """A replay over a span of the ledger; iterate `differences`, then read `summary`."""

    def __init__(self, tx: Connection, book: SettingsBook, *, since: int = 0, until: int = 2**62) -> None:
        self._tx = tx
        self._book = book
        self._since = since
        self._until = until
        self._before: Counter[str] = Counter()
        self._after: Counter[str] = Counter()
        self._count = self._erased = self._differences = 0
        self._made: dict[str, str] = {}
        """Handle key to the id of the contact that this replay has made."""
        self._ours = frozenset(reading.made_contacts(tx))

    def differences(self) -> Iterator[Difference]:
        """One line per differing verdict, in order of time; reads in bounded memory."""
        for interaction, before, known in reading.decided(self._tx, self._since, self._until):
            self._count += 1
            if known is None:
                self._erased += 1
                continue
            folded = self._folded(known)
            after = decide(interaction, folded, settings_for(self._book, interaction, known.connection))
            self._remember(interaction, after, known.connection)
            yield from self._compare(interaction, before, after)

    def summary(self) -> ReplaySummary:
        """The counts, once `differences` is exhausted."""
        return ReplaySummary(
            self._count, dict(self._before), dict(self._after), self._differences, self._erased
        )

    def _folded(self, known: Known) -> Known:
        people = {key: self._person(key, facts) for key, facts in known.people.items()}
        return msgspec.structs.replace(known, people=people)

    def _person(self, key: str, facts: PersonFacts) -> PersonFacts:
        """The facts as they would have been: without contacts that only the old decisions made."""
        records = tuple(r for r in facts.records if not r.id.startswith(NEW) and r.id not in self._ours)
        made = self._made.get(key)
        if made is not None and not any(record.id == made for record in records):
            records = (*records, virtual(made))
        if records == facts.records:
            return facts
        status = facts.status
        if status in ("found", "absent"):
            status = "found" if records else "absent"
        return msgspec.structs.replace(facts, records=records, status=status)

    def _remember(self, interaction: Interaction, decision: Decision, connection: str) -> None:
        for person in decision.people:
            if person.verdict == "create":
                key = write_key(connection, "create_contact", interaction.id, person.about)
                self._made.setdefault(person.about, key)

    def _compare(self, interaction: Interaction, before: Decision, after: Decision) -> Iterator[Difference]:
        old = {"": before.activity, **{p.about: p.verdict for p in before.people}}
        new = {"": after.activity, **{p.about: p.verdict for p in after.people}}
        for about in dict.fromkeys((*old, *new)):
            was, now = old.get(about, "none"), new.get(about, "none")
            self._before[was if about else f"activity:{was}"] += 1
            self._after[now if about else f"activity:{now}"] += 1
            if was == now:
                continue
            self._differences += 1
            because = tuple(r.name for r in after.trace if r.about == about and r.decisive)
            yield Difference(
                interaction.id, interaction.at, type(interaction).__name__.lower(), about, was, now, because
            )
