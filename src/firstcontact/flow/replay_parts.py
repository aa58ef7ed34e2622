"""A replay in parts that several processes can do, each exact by itself.

A virtual creation answers the look-ups of whoever meets the same person after it, so interactions that share
a person belong together, and so do all that hang together by others: a calendar invitation ties its
attendees' calls to one another. What hangs together is never taken apart; a mailbox where everybody has
written with everybody is one part, however many are asked for, while ten years of calls are many.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from zlib import crc32

from sqlalchemy import Connection

from firstcontact.flow.replay import Difference, Replay, ReplaySummary
from firstcontact.ledger.people_of import newest_decision, people_of
from firstcontact.policy.scopes import SettingsBook


class _Groups:
    """Sets that grow together (union and find)."""

    def __init__(self) -> None:
        self._number: dict[str, int] = {}
        self._parent = array("q")

    def number(self, key: str) -> int:
        """The key's number."""
        number = self._number.setdefault(key, len(self._parent))
        if number == len(self._parent):
            self._parent.append(number)
        return number

    def root(self, number: int) -> int:
        """One number for the whole set; halves the way to it while going."""
        parent = self._parent
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    def join(self, one: int, other: int) -> None:
        """From here on these two and all that hang together with them are one set."""
        one, other = self.root(one), self.root(other)
        self._parent[max(one, other)] = min(one, other)


def part_of_replay(on_each: Iterable[tuple[str, list[str]]], part: int, parts: int) -> frozenset[str]:
    """Ids of the interactions of one part of `parts` (from 0).

    on_each: interactions with their people's handle keys (`ledger.people_of`). Parts share nobody, together
    they are everything, and for the same interactions in the same order they are the same in every process.
    """
    groups = _Groups()
    ids: list[str] = []
    first = array("q")
    for id, keys in on_each:
        numbers = [groups.number(key) for key in keys]
        for number in numbers[1:]:
            groups.join(numbers[0], number)
        ids.append(id)
        first.append(numbers[0] if numbers else -1)
    return frozenset(
        id
        for id, number in zip(ids, first, strict=True)
        if _share(groups.root(number) if number >= 0 else crc32(id.encode()), parts) == part
    )


def touching(on_each: Iterable[tuple[str, list[str]]], some: Container[str]) -> frozenset[str]:
    """Ids of the interactions that hang together with some of them, themselves included: whoever else these
    decide about. on_each: as in `part_of_replay`."""
    groups = _Groups()
    ids: list[str] = []
    first = array("q")
    for id, keys in on_each:
        numbers = [groups.number(key) for key in keys] or [groups.number(f"interaction {id}")]
        for number in numbers[1:]:
            groups.join(numbers[0], number)
        ids.append(id)
        first.append(numbers[0])
    roots = {groups.root(number) for id, number in zip(ids, first, strict=True) if id in some}
    return frozenset(id for id, number in zip(ids, first, strict=True) if groups.root(number) in roots)


def _share(number: int, parts: int) -> int:
    return crc32(str(number).encode()) % parts


Part = tuple[list[Difference], ReplaySummary, int]
"""What a part came to, and the ledger's last decision when it was read."""


def replay_part(tx: Connection, book: SettingsBook, since: int, until: int, part: int, parts: int) -> Part:
    """One part of a replay, exact by itself."""
    newest = newest_decision(tx)
    mine = part_of_replay(people_of(tx, since, until), part, parts)
    run = Replay(tx, book, since=since, until=until, only=mine)
    return list(run.differences()), run.summary(), newest


def together(parts: Sequence[Part]) -> Part:
    """What all parts come to, in order of time; -1 for the last decision where they did not read the same
    ledger, so that an interaction which was decided meanwhile may be counted twice or not at all."""
    differences = sorted(
        (each for found, _, _ in parts for each in found), key=lambda each: (each.at, each.interaction)
    )
    summaries = [summary for _, summary, _ in parts]
    newest = {newest for _, _, newest in parts}
    return (
        differences,
        ReplaySummary(
            sum(each.interactions for each in summaries),
            dict(sum((Counter(each.before) for each in summaries), Counter())),
            dict(sum((Counter(each.after) for each in summaries), Counter())),
            sum(each.differences for each in summaries),
            sum(each.erased for each in summaries),
        ),
        newest.pop() if len(newest) == 1 else -1,
    )
