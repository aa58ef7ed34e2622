"""Trying a pattern before it is on the `blocked` or `allowed` list: whom it would have hit, and what would
have come of it. Nothing is looked up and nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from sqlalchemy import Connection

from firstcontact.flow.books import settings_for
from firstcontact.flow.problems import FlowProblem
from firstcontact.flow.replay import Difference, Replay
from firstcontact.flow.replay_parts import touching
from firstcontact.identity.sides import TeamIndex
from firstcontact.interactions.model import Email, Interaction, Participant, decode
from firstcontact.ledger import reading
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.people_of import people_of
from firstcontact.policy.case import team_index
from firstcontact.policy.patterns import SUBJECT, Patterns, compile_patterns
from firstcontact.policy.scopes import SettingsBook
from firstcontact.policy.settings import Effective

ListName = Literal["blocked", "allowed"]
EXAMPLES = 5
"""Interactions that are shown of each pattern."""

COMMENT = "#"


class Example(msgspec.Struct, frozen=True):
    """An interaction that a pattern hits, and whom on it: a handle key, or the mail's subject."""

    interaction: str
    at: int
    kind: str
    about: str


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """What one pattern would have hit."""

    pattern: str
    interactions: int
    people: int
    examples: tuple[Example, ...]


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What all of the patterns together would have hit, and what would have come of it.

    hits: pattern by pattern. interactions, people: by any of them. now, then: verdicts by name (as in
    `ReplaySummary`) of the interactions that hang together with those, with the settings as they are and
    with the patterns. differences: verdicts that would be others; changed: how many there are in all.
    """

    list: ListName
    hits: tuple[Hit, ...]
    interactions: int
    people: int
    now: Mapping[str, int]
    then: Mapping[str, int]
    changed: int
    differences: tuple[Difference, ...]


# --- reading the patterns --------------------------------------------------------------------------------


def patterns_in(path: Path) -> list[tuple[str, str]]:
    """The patterns of a file, one a line, each with its place; empty lines and `#` comments are none.

    Raises OSError, FlowProblem.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise FlowProblem(f"{path}: this is no text in UTF-8.") from None
    written = ((number, line.partition(f" {COMMENT}")[0].strip()) for number, line in enumerate(lines, 1))
    return [(line, f"{path}:{number}") for number, line in written if line and not line.startswith(COMMENT)]


def readable(patterns: Sequence[tuple[str, str]], to: ListName, region: str) -> tuple[str, ...]:
    """The patterns, each once. Raises FlowProblem with the place of each that says nothing."""
    problems = [
        f"{place}: {why}"
        for pattern, place in patterns
        for _, why in compile_patterns((pattern,), region).unreadable
    ]
    problems += [
        f"{place}: a subject can only be blocked: the list of allowed ones is about people"
        for pattern, place in patterns
        if to == "allowed" and pattern[: len(SUBJECT)].lower() == SUBJECT
    ]
    if problems:
        raise FlowProblem("\n".join(problems))
    return tuple(dict.fromkeys(pattern for pattern, _ in patterns))


# --- trying them -----------------------------------------------------------------------------------------


def try_patterns(
    ledger: Ledger,
    book: SettingsBook,
    patterns: Sequence[str],
    to: ListName,
    *,
    since: int = 0,
    until: int = 2**62,
    most: int | None = 20,
    progress: Callable[[int], None] = lambda _: None,
) -> Trial:
    """What these patterns would have done on the list, with the settings of `book` otherwise.

    most: differing verdicts that are told, None: all. progress: is told again and again how many more
    interactions were gone through. Raises StoreProblem.
    """
    found = _Found(patterns, to, book)
    with ledger.read() as tx:
        for rows in reading.facts(tx, since, until):
            for data in rows:
                found.look_at(decode(data))
            progress(len(rows))
        now, then, differing = _replayed(tx, book, found, since, until, progress)
    return Trial(
        list=to,
        hits=tuple(found.hits()),
        interactions=len(found.ids),
        people=len(found.people),
        now=now,
        then=then,
        changed=len(differing),
        differences=tuple(differing if most is None else differing[:most]),
    )


class _Found:
    """What the patterns have hit so far."""

    def __init__(self, patterns: Sequence[str], to: ListName, book: SettingsBook) -> None:
        region = book.team.region
        self.patterns = tuple(patterns)
        self.to: ListName = to
        self.ids: set[str] = set()
        self.people: set[str] = set()
        self._any = compile_patterns(self.patterns, region)
        self._each = {pattern: compile_patterns((pattern,), region) for pattern in patterns}
        self._index: TeamIndex = team_index(book.team)
        self._counts: dict[str, int] = dict.fromkeys(patterns, 0)
        self._who: dict[str, set[str]] = {pattern: set() for pattern in patterns}
        self._examples: dict[str, list[Example]] = {pattern: [] for pattern in patterns}

    def look_at(self, fact: Interaction) -> None:
        """One interaction; only who is theirs is hit, as a rule about people (SPEC §3 `blocked`)."""
        subject = fact.subject if isinstance(fact, Email) and self.to == "blocked" else ""
        by_subject = bool(subject) and bool(self._any.matches_subject(subject))
        people = [
            each
            for each in fact.participants
            if by_subject or any(self._any.matches_handle(handle) for handle in each.handles)
        ]
        people = [each for each in people if each.handles and self._index.side(each) is None]
        if not people:
            return
        self.ids.add(fact.id)
        for pattern, compiled in self._each.items():
            whom = list(_hit(compiled, people, subject))
            if whom:
                self._note(pattern, fact, whom, compiled.matches_subject(subject) if subject else "")

    def _note(self, pattern: str, fact: Interaction, whom: Sequence[str], subject: str) -> None:
        self._counts[pattern] += 1
        self._who[pattern].update(whom)
        self.people.update(whom)
        if len(self._examples[pattern]) < EXAMPLES:
            about = getattr(fact, "subject", "") if subject else whom[0]
            kind = type(fact).__name__.lower()
            self._examples[pattern].append(Example(fact.id, fact.at, kind, about))

    def hits(self) -> Iterator[Hit]:
        """Pattern by pattern, as they were given."""
        for pattern in self.patterns:
            yield Hit(
                pattern=pattern,
                interactions=self._counts[pattern],
                people=len(self._who[pattern]),
                examples=tuple(self._examples[pattern]),
            )


def _hit(compiled: Patterns, people: Sequence[Participant], subject: str) -> Iterator[str]:
    """Handle keys of those that a pattern hits."""
    all_of_them = bool(subject) and bool(compiled.matches_subject(subject))
    for each in people:
        if all_of_them or compiled.matches_handle(each.handles[0]):
            yield each.handles[0].key


def _replayed(
    tx: Connection,
    book: SettingsBook,
    found: _Found,
    since: int,
    until: int,
    progress: Callable[[int], None],
) -> tuple[Mapping[str, int], Mapping[str, int], list[Difference]]:
    """Verdicts by name without and with the patterns, and those that differ between the two."""
    if not found.ids:
        return {}, {}, []
    only = touching(people_of(tx, since, until), found.ids)
    with_them = _with(book, found.to, found.patterns)
    as_is = Replay(tx, book, since=since, until=until, only=only, progress=progress)
    changed_since = {(each.interaction, each.about): each for each in as_is.differences()}
    tried = Replay(tx, book, since=since, until=until, only=only, chosen=with_them, progress=progress)
    differing = [
        each
        for then in tried.differences()
        for each in _between(changed_since.pop((then.interaction, then.about), None), then)
    ]
    # What only the settings of today decide otherwise than it was, the patterns decide as it was.
    differing += [
        msgspec.structs.replace(each, before=each.after, after=each.before, because=())
        for each in changed_since.values()
    ]
    differing.sort(key=lambda each: (each.at, each.interaction))
    return as_is.summary().after, tried.summary().after, differing


def _between(now: Difference | None, then: Difference) -> Iterator[Difference]:
    """The difference from what today's settings say, where there is one."""
    if now is None:
        yield then
    elif now.after != then.after:
        yield msgspec.structs.replace(then, before=now.after)


def _with(
    book: SettingsBook, to: ListName, patterns: tuple[str, ...]
) -> Callable[[Interaction, str], Effective]:
    """Everybody's settings, with the patterns on the list in every scope."""
    made: dict[int, tuple[Effective, Effective]] = {}

    def chosen(fact: Interaction, connection: str) -> Effective:
        own = settings_for(book, fact, connection)
        found = made.get(id(own))
        if found is None or found[0] is not own:
            more = {to: (*getattr(own, to), *patterns)}
            found = made[id(own)] = (own, msgspec.structs.replace(own, **more))
        return found[1]

    return chosen
