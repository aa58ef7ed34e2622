"""The cursor of the change feed, and what a reading makes of it. No requests here.

Tryton stamps each record with the time at which the transaction began that changed it last, and tells
nobody which records were deleted. So each look begins a while before the newest stamp seen, for a
transaction that took longer than its neighbours, and leaves out what was seen already; and the cursor holds
the ids of all parties, as ranges: where Tryton counts another number of them, they are listed, and those
missing are gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from firstcontact.connectors.tryton.mapping import timestamp

OVERLAP = 60_000_000
"""How far before the newest stamp a look begins, in microseconds: as long as a transaction may take."""
REMEMBERED = 2_000
"""How many changes of that while are remembered as told. Where there are more of them (an import), the next
look begins behind them: what is made by a slower transaction is still counted, only a change by one is not
told."""


class Cursor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far the feed was read.

    since: the newest stamp told; 0: everything is being read. floor: no look begins before it. after: the
    id behind which the present look goes on; 0: a new look begins. newest: the newest stamp when the
    present look began. crowded: the present look has found too much to remember. known: ids of all parties
    told, as ranges of first and last. seen: stamps by id, of changes told that the next look finds again.
    """

    since: int = 0
    floor: int = 0
    after: int = 0
    newest: int = 0
    crowded: bool = False
    known: tuple[tuple[int, int], ...] = ()
    seen: Mapping[str, int] = {}

    def domain(self) -> list[Any]:
        """Parties of the page that comes next, in the order of their ids."""
        wanted: list[Any] = [["id", ">", self.after]] if self.after else []
        if self.since:
            changed = ["last_modified_at", ">=", timestamp(max(self.since - OVERLAP, self.floor))]
            wanted.append(["OR", changed, ["contact_mechanisms", "where", [changed]]])
        return wanted

    def behind(self, page: Mapping[int, int], *, more: bool, until: int) -> Cursor:
        """The cursor behind a page of parties, their stamps by id; `more` of this look is waiting. A stamp
        after `until` is a slip of a clock: it counts as that late, so that it hides nothing that comes
        after it."""
        if not page and not self.after:
            return self
        newest = self.newest or min(max(self.since, 0, *page.values()), until)
        known = with_ids(self.known, page)
        told = {**self.seen, **{str(id): stamp for id, stamp in page.items()}}
        found_again = {id: stamp for id, stamp in told.items() if stamp >= newest - OVERLAP}
        crowded = self.crowded or len(found_again) > REMEMBERED
        if more:
            # What was seen before this look is left out until its end, however old.
            seen = self.seen if crowded else {**self.seen, **found_again}
            return msgspec.structs.replace(
                self, after=max(page), newest=newest, crowded=crowded, known=known, seen=seen
            )
        floor = newest + 1 if crowded else self.floor
        return Cursor(since=newest, floor=floor, known=known, seen={} if crowded else found_again)

    def without(self, present: Collection[int]) -> tuple[Cursor, tuple[int, ...]]:
        """The cursor where only these parties are there, and the ids of those that are not any more."""
        missing = tuple(id for id in each(self.known) if id not in present)
        known = with_ids((), (id for id in each(self.known) if id in present))
        seen = {id: stamp for id, stamp in self.seen.items() if int(id) in present}
        return msgspec.structs.replace(self, known=known, seen=seen), missing


def read_cursor(text: str) -> Cursor:
    """Inverse of `written_cursor`; "" is the start, and so is a text that is none of ours."""
    with suppress(msgspec.DecodeError):
        return msgspec.json.decode(text.encode(), type=Cursor) if text else Cursor()
    return Cursor()


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
