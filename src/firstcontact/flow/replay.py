"""Replay: stored interactions and their `known` through `decide`, with other settings or newer rules.

Nothing is looked up and nothing is written. The fold runs in order of time with contacts that are not made
yet: where the other settings create somebody, the interactions after it find that contact, and a contact
that only the decisions of old had made is not there (DESIGN §3 "Replay").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Container, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection

from firstcontact.flow.judge import settings_for
from firstcontact.flow.look_up import made_type, virtual
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
from firstcontact.store.scratch import Scratch
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


class _Page:
    """Some interactions, and what is found out so far of the people on them."""

    def __init__(self, rows: Sequence[tuple[Stored, Known | None]], kept: Scratch) -> None:
        self.rows = rows
        knowns = [known for _, known in rows if known is not None]
        people = [facts for known in knowns for facts in known.people.values()]
        ids = {record.id for facts in people for record in facts.records}
        keys = list({key for known in knowns for key in known.people})
        self.ours = {id: creator for id, (creator,) in kept.of("ours", list(ids)).items()}
        """Contacts of ours that interactions of the span created, or were about to, with which."""
        self.made = {key: _Made(*made) for key, made in kept.of("made", keys).items()}
        """By handle key the contact that this replay creates."""
        self.met = set(kept.of("met", keys))
        """Handle keys of whoever was met so far and is no contact."""


class _Made(NamedTuple):
    """A contact that the replay creates: by which interaction, the write's key, and when, so that texts are
    in order of time."""

    interaction: str
    write_key: str
    at: str


def _at(at: int) -> str:
    return f"{at + 2**62:020}"


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
        self._chosen = chosen or partial(settings_for, book)
        self._since = since
        self._until = until
        self._progress = progress
        self._before: Counter[str] = Counter()
        self._after: Counter[str] = Counter()
        self._count = self._erased = self._differences = 0

    def differences(self) -> Iterator[Difference]:
        """One line per differing verdict, in order of time; reads in bounded memory."""
        with Scratch(ours=1, made=3, met=0, late=0, again=0) as kept:
            for some in chunks(reading.made_contacts(self._tx, self._since, self._until), 5000):
                kept.keep("ours", some)
            read = reading.Contexts(self._tx)
            for rows in reading.stored(self._tx, self._since, self._until, only=self._only):
                self._decide(_Page([(row, read.known(row)) for row in rows], kept), kept)
                self._progress(len(rows))
            for keys in chunks(list(kept.keys("late")), 100):
                self._decide_again(keys, read, kept)
            for line in kept.lines():
                self._differences += 1
                yield _decoder.decode(line)

    def summary(self) -> ReplaySummary:
        """The counts, once `differences` is exhausted."""
        return ReplaySummary(
            self._count, dict(+self._before), dict(+self._after), self._differences, self._erased
        )

    def _decide(self, page: _Page, kept: Scratch) -> None:
        """Decide a page in order of time, and keep what differs."""
        made: dict[str, _Made] = {}
        met: set[str] = set()
        late: set[str] = set()
        lines: list[tuple[int, str, int, bytes]] = []
        for row, known in page.rows:
            self._count += 1
            if known is None:
                self._erased += 1
                continue
            people = {key: _person(page, row, key, facts, known) for key, facts in known.people.items()}
            after = self._decided(page, row, known, people)
            for person in after.people:
                if person.verdict == "create" and person.about not in page.made:
                    key = write_key(known.connection, "create_contact", row.id, person.about)
                    made[person.about] = page.made[person.about] = _Made(row.id, key, _at(row.at))
                    if person.about in page.met:
                        late.add(person.about)
            nobody = {key for key, facts in people.items() if key not in page.made and _no_contact(facts)}
            met |= nobody
            page.met |= nobody
            lines += self._compared(page, row, after)
        kept.keep("made", [(key, *one) for key, one in made.items()])
        kept.keep("met", [(key,) for key in met])
        kept.keep("late", [(key,) for key in late])
        kept.add_lines(lines)

    def _decide_again(self, keys: Sequence[str], read: reading.Contexts, kept: Scratch) -> None:
        """Contacts that were created after others had met the same people: those are decided anew, and what
        they had come to is taken back."""
        for rows in reading.stored_with(self._tx, keys, self._since, self._until):
            done = kept.of("again", [row.id for row in rows])
            some = [
                row for row in rows if row.id not in done and (self._only is None or row.id in self._only)
            ]
            kept.keep("again", [(row.id,) for row in some])
            page = _Page([(row, read.known(row)) for row in some], kept)
            kept.drop_lines((row.at, row.id) for row, known in page.rows if known is not None)
            lines: list[tuple[int, str, int, bytes]] = []
            for row, known in page.rows:
                if known is None:
                    continue
                people = known.people.items()
                then = {key: _person(page, row, key, facts, known, then=True) for key, facts in people}
                self._compared(page, row, self._decided(page, row, known, then), sign=-1)
                now = {key: _person(page, row, key, facts, known) for key, facts in people}
                lines += self._compared(page, row, self._decided(page, row, known, now))
            kept.add_lines(lines)

    def _decided(self, page: _Page, row: Stored, known: Known, people: dict[str, PersonFacts]) -> Decision:
        interaction = decode(row.interaction)
        settings = self._chosen(interaction, known.connection)
        decision = decide(interaction, msgspec.structs.replace(known, people=people), settings)
        kept = [p.about for p in decision.people if p.verdict == "leave" and _only_changed_since(decision, p)]
        if not kept:
            return decision
        people = people | {
            key: _person(page, row, key, known.people[key], known, created=True)
            for key in kept
            if key in known.people
        }
        return decide(interaction, msgspec.structs.replace(known, people=people), settings)

    def _compared(
        self, page: _Page, row: Stored, after: Decision, sign: int = 1
    ) -> list[tuple[int, str, int, bytes]]:
        """Count the verdicts before and after (sign -1: take them back); the lines of what differs."""
        before = reading.decision_of(row)
        differ = self._activities_compared(before.activity, after.activity, sign)
        old = {person.about: person for person in before.people}
        for person in after.people:
            was = old.pop(person.about, None)
            differ += self._verdicts_compared(page, row, person.about, was, person, sign)
        for about, person in old.items():
            differ += self._verdicts_compared(page, row, about, person, None, sign)
        differ += self._values_compared(page, before, after, sign)
        return self._lines(row, after, differ) if differ and sign > 0 else []

    def _activities_compared(self, was: str, now: str, sign: int) -> list[tuple[str, str, str]]:
        self._before[f"activity:{was}"] += sign
        self._after[f"activity:{now}"] += sign
        return [("", was, now)] if was != now else []

    def _verdicts_compared(
        self,
        page: _Page,
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
        self, page: _Page, before: Decision, after: Decision, sign: int
    ) -> list[tuple[str, str, str]]:
        """Contact roles and values of fields, of those who were on a record that the replay has, too."""
        if not (before.roles or after.roles or _changes(before) or _changes(after)):
            return []
        there = {p.about for p in before.people if p.verdict == "link" and not _reaches_ours(page, p)}
        old, new = _values(before, there), _values(after, there)
        self._before.update({name: sign * count for name, count in Counter(name for _, name in old).items()})
        self._after.update({name: sign * count for name, count in Counter(name for _, name in new).items()})
        return [
            (about, name, "none") if (about, name) in old else (about, "none", name)
            for about, name in sorted(old ^ new)
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


def _person(
    page: _Page,
    row: Stored,
    key: str,
    facts: PersonFacts,
    known: Known,
    *,
    created: bool = False,
    then: bool = False,
) -> PersonFacts:
    """The facts as they would have been on this interaction. created: with the contact that an earlier
    version of it created. then: by what came before it alone."""
    made = page.made.get(key)
    if made is None and not facts.records:
        return facts
    records = tuple(
        record
        for record in facts.records
        if record.id not in page.ours
        or (created and page.ours[record.id] == row.id and not record.id.startswith(NEW))
    )
    if made is not None and then and (made.at, made.interaction) > (_at(row.at), row.id):
        made = None
    if made is not None and made.interaction != row.id and not facts.suppressed:
        records = (*records, virtual(made.write_key, type=made_type(known.crm.capabilities)))
    if records == facts.records:
        return facts
    status = facts.status
    if status in ("found", "absent"):
        status = "found" if records else "absent"
    return msgspec.structs.replace(facts, records=records, status=status)


def _no_contact(facts: PersonFacts) -> bool:
    """Whether no contact was found, so that one who is created later is news to this interaction."""
    return all(record.type == "lead" and not record.converted_to for record in facts.records)


def _verdict(page: _Page, interaction: str, person: PersonVerdict) -> str:
    """What was decided first: an interaction that is decided again links the contact it had created."""
    if person.verdict == "link" and page.ours.get(person.record) == interaction:
        return "create"
    return person.verdict


def _reaches_ours(page: _Page, person: PersonVerdict | None) -> bool:
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
    """Whose fields and roles it would write, as (whose, `field:title` or `role:made`)."""
    fields = {
        (person.about, f"field:{change.field}")
        for person in decision.people
        if person.verdict == "link" and person.about in of
        for change in person.changes
    }
    return fields | {(role.about, "role:made") for role in decision.roles if role.about in of}
