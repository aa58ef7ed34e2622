"""Replay: stored interactions and their `known` through `decide`, with other settings or newer rules.

Nothing is looked up and nothing is written. The fold runs in order of time with contacts that are not made
yet: where the other settings create somebody, the interactions after it find that contact, and a contact
that only the decisions of old had made is not there (DESIGN §3 "Replay").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Container, Iterator, Sequence
from functools import partial

import msgspec
from sqlalchemy import Connection

from firstcontact.flow.books import settings_for
from firstcontact.flow.replay_facts import (
    END,
    MAPS,
    Made,
    Page,
    Turn,
    in_order,
    opportunities,
    own_turn,
)
from firstcontact.interactions.model import Interaction, decode
from firstcontact.ledger import reading
from firstcontact.ledger.reading import Stored
from firstcontact.planning.plan import NEW
from firstcontact.planning.write import write_key
from firstcontact.policy.decide import decide
from firstcontact.policy.decision import Decision, PersonVerdict
from firstcontact.policy.known import Known, PersonFacts
from firstcontact.policy.scopes import SettingsBook
from firstcontact.policy.settings import Effective
from firstcontact.store.scratch import Scratch, pair
from firstcontact.store.statements import chunks

Chosen = Callable[[Interaction, str], Effective]
"""The settings of an interaction on a CRM connection."""


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


_decoder = msgspec.msgpack.Decoder(Difference)
_encode = msgspec.msgpack.Encoder().encode

CHANGED_SINCE = frozenset({"cancelled", "declined"})
"""What a meeting became after it was decided first; no setting has a say in it. The version that created
somebody is no longer there to be replayed, so its contact stays."""


def _only_changed_since(decision: Decision, person: PersonVerdict) -> bool:
    decisive = {r.name for r in decision.trace if r.about == person.about and r.decisive}
    return bool(decisive) and decisive <= CHANGED_SINCE


_Roles = tuple[set[tuple[str, str]], set[tuple[str, str]]]
"""Opportunity and person: roles that an interaction makes, and those that another one had made."""


class _New:
    """What is found out and not kept yet."""

    def __init__(self) -> None:
        self._made: list[tuple[str, ...]] = []
        self.met: set[str] = set()
        self.late: set[str] = set()
        self.roles: list[tuple[str, ...]] = []
        self.lines: list[tuple[int, str, int, bytes]] = []

    def created(self, page: Page, row: Stored, known: Known, after: Decision) -> set[str]:
        """Whom a decision creates is there from here on; those of them who were met before."""
        late: set[str] = set()
        for person in after.people:
            if person.verdict == "create" and person.about not in page.made:
                key = write_key(known.connection, "create_contact", row.id, person.about)
                page.made[person.about] = made = Made(row.id, key, in_order(row.at))
                self._made.append((person.about, *made))
                if person.about in page.met:
                    late.add(person.about)
        return late

    def keep(self, kept: Scratch) -> None:
        """It is on disk from here on."""
        kept.keep("made", self._made)
        kept.keep("met", [(key,) for key in self.met])
        kept.keep("late", [(key,) for key in self.late])
        kept.keep("roles", self.roles)
        kept.add_lines(self.lines)
        self._made, self.met, self.late, self.roles, self.lines = [], set(), set(), [], []


class Replay:
    """A replay over a span of the ledger; iterate `differences`, then read `summary`.

    Contacts that only the old decisions on the span made are not there; what was made before it is. In order
    of time, whoever an interaction creates is found by the later ones. Then those before it that met the same
    people and found nobody are decided once more, since news of a contact reopens them. Memory does not grow
    with the span: who is created and what differs are kept in a temporary file.
    """

    def __init__(
        self,
        tx: Connection,
        book: SettingsBook,
        *,
        since: int = 0,
        until: int = 2**62,
        only: Container[str] | None = None,
        chosen: Chosen | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        """only: ids of interactions that share nobody with the others (`flow.replay_parts`); None: all.
        chosen: the settings of an interaction, if not as `book` has them. progress: is told, again and again,
        how many more interactions were decided."""
        self._only = only
        self._tx = tx
        self._read = reading.Contexts(tx)
        self._chosen = chosen or partial(settings_for, book)
        self._since = since
        self._until = until
        self._progress = progress
        self._before: Counter[str] = Counter()
        self._after: Counter[str] = Counter()
        self._count = self._erased = self._differences = 0
        self._deals = False

    def differences(self) -> Iterator[Difference]:
        """One line per differing verdict, in order of time; reads in bounded memory."""
        with Scratch(**MAPS) as kept:
            for some in chunks(reading.made_contacts(self._tx, self._since, self._until), 5000):
                kept.keep("ours", some)
            for given in chunks(reading.made_roles(self._tx, self._since, self._until), 5000):
                kept.keep("gave", [(pair(deal, contact), by) for deal, contact, by in given])
            for rows in reading.stored(self._tx, self._since, self._until, only=self._only):
                self._decide(self._page(rows, kept), kept)
                self._progress(len(rows))
            for keys in chunks(list(kept.keys("late")), 100):
                self._decide_again(keys, kept)
            for line in kept.lines():
                self._differences += 1
                yield _decoder.decode(line)

    def summary(self) -> ReplaySummary:
        """The counts, once `differences` is exhausted."""
        return ReplaySummary(
            self._count, dict(+self._before), dict(+self._after), self._differences, self._erased
        )

    def _decide(self, page: Page, kept: Scratch) -> None:
        """Decide a page in order of time, and keep what differs."""
        new = _New()
        for row, known in page.rows:
            self._count += 1
            if known is None:
                self._erased += 1
                continue
            turn = own_turn(row)
            self._deals = self._deals or any(opportunities(known))
            facts = page.facts(row, known, turn)
            after = self._decided(page, row, known, turn, facts)
            late = new.created(page, row, known, after)
            people = facts.people
            nobody = {key for key, facts in people.items() if key not in page.made and _no_contact(facts)}
            new.met |= nobody
            page.met |= nobody
            new.roles += page.give(row, known, after, turn)
            new.lines += self._compared(page, row, known, after, turn)
            if not late:
                continue
            if self._deals:
                new.keep(kept)
                self._decide_now(late, row, kept)
                page.look_again(kept)
            else:
                new.late |= late
        new.keep(kept)

    def _decide_now(self, keys: Collection[str], at: Stored, kept: Scratch) -> None:
        """Somebody is created whom interactions before it had met: they are decided anew at once, since roles
        that come of it answer whoever comes next."""
        number = 0
        for rows in reading.stored_with(self._tx, keys, self._since, min(self._until, at.at + 1)):
            page = self._page([row for row in rows if own_turn(row) < own_turn(at)], kept)
            new = _New()
            for row, known in page.rows:
                if known is None:
                    continue
                number += 1
                turn = Turn(in_order(at.at), at.id, f"{number:06}")
                after = self._anew(page, row, known, turn, new, kept)
                new.roles += page.give(row, known, after, turn)
                kept.put("turns", [(row.id, *turn)])
            new.keep(kept)

    def _decide_again(self, keys: Sequence[str], kept: Scratch) -> None:
        """Contacts that were created after others had met the same people: those are decided anew. None of
        them has an opportunity."""
        for rows in reading.stored_with(self._tx, keys, self._since, self._until):
            done = kept.of("again", [row.id for row in rows])
            page = self._page([row for row in rows if row.id not in done], kept)
            kept.keep("again", [(row.id,) for row, _ in page.rows])
            new = _New()
            for row, known in page.rows:
                if known is not None and page.has_news(row, known):
                    self._anew(page, row, known, END, new, kept)
            new.keep(kept)

    def _anew(self, page: Page, row: Stored, known: Known, turn: Turn, new: _New, kept: Scratch) -> Decision:
        """Decide once more, and take back what it had come to."""
        before = page.last_turn(row)
        kept.drop_lines([(row.at, row.id)])
        self._compared(page, row, known, self._decided(page, row, known, before), before, sign=-1)
        after = self._decided(page, row, known, turn)
        new.lines += self._compared(page, row, known, after, turn)
        return after

    def _page(self, rows: Sequence[Stored], kept: Scratch) -> Page:
        wanted = [row for row in rows if self._only is None or row.id in self._only]
        return Page([(row, self._read.known(row)) for row in wanted], kept)

    def _decided(
        self, page: Page, row: Stored, known: Known, turn: Turn, facts: Known | None = None
    ) -> Decision:
        """facts: what is known in the turn, where that is worked out already."""
        interaction = decode(row.interaction)
        settings = self._chosen(interaction, known.connection)
        decision = decide(interaction, facts or page.facts(row, known, turn), settings)
        kept = [p.about for p in decision.people if p.verdict == "leave" and _only_changed_since(decision, p)]
        if not kept:
            return decision
        return decide(interaction, page.facts(row, known, turn, kept), settings)

    def _compared(
        self, page: Page, row: Stored, known: Known, after: Decision, turn: Turn, sign: int = 1
    ) -> list[tuple[int, str, int, bytes]]:
        """Count the verdicts before and after (sign -1: take them back); the lines of what differs."""
        before = reading.decision_of(row)
        differ = self._activities_compared(before.activity, after.activity, sign)
        gone = {person.about: person for person in before.people}
        for person in after.people:
            was = gone.pop(person.about, None)
            differ += self._verdicts_compared(page, row, person.about, was, person, sign)
        for about, person in gone.items():
            differ += self._verdicts_compared(page, row, about, person, None, sign)
        there = {p.about for p in before.people if p.verdict == "link" and not _reaches_ours(page, p)}
        differ += self._values_compared(before, after, there, sign)
        if before.roles or after.roles or page.gave or page.roles:
            old = page.roles_of_old(row, known, before, there)
            differ += self._roles_compared(old, page.roles_now(row, known, after, there, turn), sign)
        return self._lines(row, after, differ) if differ and sign > 0 else []

    def _activities_compared(self, was: str, now: str, sign: int) -> list[tuple[str, str, str]]:
        self._before[f"activity:{was}"] += sign
        self._after[f"activity:{now}"] += sign
        return [("", was, now)] if was != now else []

    def _verdicts_compared(
        self,
        page: Page,
        row: Stored,
        about: str,
        before: PersonVerdict | None,
        after: PersonVerdict | None,
        sign: int,
    ) -> list[tuple[str, str, str]]:
        was = _verdict(page, row.id, before) if before is not None else "none"
        now = _verdict(page, row.id, after) if after is not None else "none"
        self._before[was] += sign
        self._after[now] += sign
        if was == now or (_reaches_ours(page, before) and _reaches_ours(page, after)):
            return []
        return [(about, was, now)]

    def _values_compared(
        self, before: Decision, after: Decision, of: Collection[str], sign: int
    ) -> list[tuple[str, str, str]]:
        """Values of fields, of those who were on a record that the replay has, too."""
        if not (_changes(before) or _changes(after)):
            return []
        old, new = _values(before, of), _values(after, of)
        self._before.update({name: sign * count for name, count in Counter(name for _, name in old).items()})
        self._after.update({name: sign * count for name, count in Counter(name for _, name in new).items()})
        return [
            (about, name, "none") if (about, name) in old else (about, "none", name)
            for about, name in sorted(old ^ new)
        ]

    def _roles_compared(self, before: _Roles, after: _Roles, sign: int) -> list[tuple[str, str, str]]:
        """Contact roles, of the same people. Which of their interactions came first, and so made the role, is
        no difference."""
        (old, had), (new, have) = before, after
        self._before["role:made"] += sign * len({about for _, about in old})
        self._after["role:made"] += sign * len({about for _, about in new})
        lost = {about for _, about in old - new - have}
        won = {about for _, about in new - old - had}
        return [
            (about, "role:made", "none") if about in lost else (about, "none", "role:made")
            for about in sorted(lost ^ won)
        ]

    def _lines(
        self, row: Stored, after: Decision, differ: Sequence[tuple[str, str, str]]
    ) -> list[tuple[int, str, int, bytes]]:
        interaction = decode(row.interaction)
        kind = type(interaction).__name__.lower()
        lines: list[tuple[int, str, int, bytes]] = []
        for number, (about, was, now) in enumerate(differ):
            because = tuple(r.name for r in after.trace if r.about == about and r.decisive)
            line = Difference(row.id, interaction.at, kind, about, was, now, because)
            lines.append((row.at, row.id, number, _encode(line)))
        return lines


def _changes(decision: Decision) -> bool:
    return any(person.changes for person in decision.people)


def _no_contact(facts: PersonFacts) -> bool:
    """Whether no contact was found, so that one who is created later is news to this interaction."""
    return all(record.type == "lead" and not record.converted_to for record in facts.records)


def _verdict(page: Page, interaction: str, person: PersonVerdict) -> str:
    """What was decided first: an interaction that is decided again links the contact it had created."""
    if person.verdict == "link" and page.ours.get(person.record) == interaction:
        return "create"
    return person.verdict


def _reaches_ours(page: Page, person: PersonVerdict | None) -> bool:
    """Whether the person is a contact of ours after it: which of their interactions came first, and so
    created it, is no difference."""
    if person is None:
        return False
    if person.verdict == "create":
        return True
    if person.verdict != "link":
        return False
    made = page.made.get(person.about)
    return person.record in page.ours or (made is not None and person.record == NEW + made.write_key)


def _values(decision: Decision, of: Collection[str]) -> set[tuple[str, str]]:
    """Whose fields it would write, as (whose, `field:title`)."""
    return {
        (person.about, f"field:{change.field}")
        for person in decision.people
        if person.verdict == "link" and person.about in of
        for change in person.changes
    }
