"""The cursor of the change feed, and what a reading makes of it. No requests here.

Tryton stamps each record with the time at which the transaction began that changed it last, and tells
nobody which records were deleted. So each look begins a while before the newest stamp seen, for a
transaction that took longer than its neighbours, and leaves out what was seen already; and the cursor holds
the ids of all parties, as ranges: where Tryton counts another number of them, they are listed, and those
missing are gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from firstcontact.connectors.tryton.mapping import timestamp

OVERLAP = 60_000_000
"""How far before the newest stamp a look begins, in microseconds: as long as a transaction may take."""
REMEMBERED = 2_000
"""How many of the newest changes are remembered as seen; of more than these, some are told twice."""


class Cursor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far the feed was read.

    since: stamps from here on have not all been read; 0: everything is being read. after: the id behind
    which the present look goes on; 0: a new look begins. newest: the newest stamp when the present look
    began. known: ids of all parties told, as ranges of first and last. seen: stamps by id, of the newest
    changes told.
    """

    since: int = 0
    after: int = 0
    newest: int = 0
    known: tuple[tuple[int, int], ...] = ()
    seen: Mapping[str, int] = {}

    def domain(self) -> list[Any]:
        """Parties of the page that comes next, in the order of their ids."""
        wanted: list[Any] = [["id", ">", self.after]] if self.after else []
        if self.since:
            start = timestamp(max(0, self.since - OVERLAP))
            own, theirs = ["last_modified_at", ">=", start], ["last_modified_at", ">=", start]
            wanted.append(["OR", own, ["contact_mechanisms", "where", [theirs]]])
        return wanted

    def behind(self, page: Mapping[int, int], *, more: bool) -> Cursor:
        """The cursor behind a page of parties, their stamps by id; `more` of this look is waiting."""
        newest = self.newest or max(self.since, *page.values(), 0)
        if not page and not more and not self.after:
            return self
        seen = {**self.seen, **{str(id): stamp for id, stamp in page.items()}}
        known = with_ids(self.known, page)
        if more:
            return Cursor(since=self.since, after=max(page), newest=newest, known=known, seen=_newest(seen))
        kept = {id: stamp for id, stamp in seen.items() if stamp >= newest - OVERLAP}
        return Cursor(since=newest, known=known, seen=_newest(kept))

    def without(self, present: Collection[int]) -> tuple[Cursor, tuple[int, ...]]:
        """The cursor where only these parties are there, and the ids of those that are not any more."""
        missing = tuple(id for id in each(self.known) if id not in present)
        known = with_ids((), (id for id in each(self.known) if id in present))
        seen = {id: stamp for id, stamp in self.seen.items() if int(id) in present}
        return msgspec.structs.replace(self, known=known, seen=seen), missing


def read_cursor(text: str) -> Cursor:
    """Inverse of `written_cursor`; "" is the start. Raises ValueError for what is none of ours."""
    return msgspec.json.decode(text.encode(), type=Cursor) if text else Cursor()


def written_cursor(cursor: Cursor) -> str:
    """The cursor as text."""
    return msgspec.json.encode(cursor).decode()


def each(ranges: Iterable[tuple[int, int]]) -> Iterable[int]:
    """Every id in the ranges."""
    return (id for first, last in ranges for id in range(first, last + 1))


def count(ranges: Iterable[tuple[int, int]]) -> int:
    """How many ids the ranges hold."""
    return sum(last - first + 1 for first, last in ranges)


def with_ids(ranges: Sequence[tuple[int, int]], ids: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """The ranges with these ids too, in order, as few as possible."""
    pieces = sorted([*ranges, *((id, id) for id in ids)])
    joined: list[tuple[int, int]] = []
    for first, last in pieces:
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return tuple(joined)


def _newest(seen: Mapping[str, int]) -> Mapping[str, int]:
    if len(seen) <= REMEMBERED:
        return seen
    return dict(sorted(seen.items(), key=lambda one: one[1])[-REMEMBERED:])
