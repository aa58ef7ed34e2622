"""`Job`: what a worker is handed to do. Lanes know nothing of flows, so these are calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from firstcontact.lanes.temporal.messages import Drained, Due, Place, Replayed, ReplayPart

Stop = Callable[[], bool]
"""Asked between batches: whether to leave off."""


class Job(Protocol):
    """The work of one installation and one of its CRM connections. Every call may be made at the same time
    by several threads and machines; any of them may be cut off anywhere and made again."""

    @property
    def place(self) -> Place:
        """Whose work it is."""

    def drain(self, shards: tuple[int, ...], stop: Stop) -> Drained:
        """Lease these lanes, do what is due there, batch by batch, and give them back."""

    def look(self) -> tuple[int, ...]:
        """Ask the CRM what changed; the shards where something is due now."""

    def tidy(self) -> None:
        """What is to be done once a day; nothing where that has been done."""

    def due(self) -> Due:
        """What is due, counted."""

    def replay(self, part: ReplayPart, stop: Stop) -> Replayed:
        """One part of a replay, exact by itself."""
