"""A replay in parts that several processes can do, each exact by itself.

A virtual creation answers the look-ups of whoever meets the same person after it, so interactions that share
a person belong together, and so do all that hang together by others: a calendar invitation ties its
attendees' calls to one another. What hangs together is never taken apart; a mailbox where everybody has
written with everybody is one part, however many are asked for, while ten years of calls are many.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from zlib import crc32


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


def _share(number: int, parts: int) -> int:
    return crc32(str(number).encode()) % parts
