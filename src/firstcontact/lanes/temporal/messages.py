"""What goes through Temporal: names of lanes, counts and times. Never a fact about a person.

Plain dataclasses, which Temporal's own JSON converter reads and writes; a field is only ever added, with a
default, since a workflow that began under an older version is continued under a newer one.
"""

from __future__ import annotations

from dataclasses import dataclass

SHARDS = 16
"""As `ledger.sharding.SHARDS`; said again because workflows import nothing but this module."""
GROUPS = 8
"""Workflows of one CRM connection: so many activities of it can run at the same time, on all machines."""

LANE, LOOK, TIDY, BACKFILL, REPLAY = (
    f"firstcontact.{name}" for name in ("lane", "look", "tidy", "backfill", "replay")
)
"""Names of the workflows."""
DRAIN_LANE, LOOK_AROUND, TIDY_UP, COUNT_DUE, REPLAY_PART = (
    f"firstcontact.{name}" for name in ("drain_lane", "look_around", "tidy_up", "count_due", "replay_part")
)
"""Names of the activities."""


@dataclass(frozen=True)
class Place:
    """Whose work: an installation and one CRM connection of it. takeover: a worker that was silent for so
    many seconds has lost its lane to another one. look: seconds between two looks for work whose wake-up
    was lost."""

    installation: str
    connection: str
    takeover: float = 15.0
    look: float = 60.0

    @property
    def prefix(self) -> str:
        """What every workflow and schedule of it is named after."""
        return f"firstcontact/{self.installation}/{self.connection}"


@dataclass(frozen=True)
class Lane:
    """The work of some shards of one CRM connection."""

    place: Place
    shards: tuple[int, ...]

    @property
    def id(self) -> str:
        """The id of its workflow."""
        return f"{self.place.prefix}/lane-{self.shards[0]:02}"


def lanes(place: Place, shards: tuple[int, ...] = tuple(range(SHARDS))) -> tuple[Lane, ...]:
    """The lanes that have one of these shards."""
    size = SHARDS // GROUPS
    groups = sorted({shard // size for shard in shards})
    return tuple(Lane(place, tuple(range(group * size, (group + 1) * size))) for group in groups)


@dataclass(frozen=True)
class Drained:
    """What came of draining a lane.

    done: pieces of work. more: it was stopped before the end. busy: somebody else has it, or the CRM wants no
    more at once. wait: seconds until there is more to do here (-1: nothing that is known of). elsewhere:
    shards of other lanes that this made work for.
    """

    done: int = 0
    more: bool = False
    busy: bool = False
    wait: float = -1.0
    elsewhere: tuple[int, ...] = ()


@dataclass(frozen=True)
class Due:
    """What is due now: deliveries to understand, interactions to decide, writes to carry out; and the
    shards where that is. held: writes that a brake holds, which a person releases. later: work that has a
    time of its own, such as a retry. paused: the CRM's permission has lapsed: all of it waits for a
    person."""

    deliveries: int = 0
    interactions: int = 0
    writes: int = 0
    held: int = 0
    later: int = 0
    shards: tuple[int, ...] = ()
    paused: bool = False

    @property
    def now(self) -> int:
        """All that could be worked on."""
        return self.deliveries + self.interactions + self.writes


@dataclass(frozen=True)
class Progress:
    """How far a backfill is: what is due, and the most that was seen due since it began."""

    due: Due
    most: int
    rounds: int


@dataclass(frozen=True)
class ReplayRequest:
    """A replay in parts. settings: version of the settings to try, whose text is in the ledger (it names
    people, so it does not travel). since, until: microseconds. most: differences to tell, from each part."""

    place: Place
    settings: str
    since: int
    until: int
    parts: int
    most: int = 20


@dataclass(frozen=True)
class ReplayPart:
    """One of a replay's parts."""

    request: ReplayRequest
    part: int


@dataclass(frozen=True)
class Differing:
    """A verdict that differs; `person`: which of those on the interaction, -1 for the activity. No handle."""

    interaction: str
    at: int
    kind: str
    person: int
    before: str
    after: str
    because: tuple[str, ...]


@dataclass(frozen=True)
class Replayed:
    """What a replay, or a part of it, came to: counts as in `flow.replay.ReplaySummary`. newest: the ledger's
    last decision when it was read; -1 where that was not the same for all parts, so that an interaction that
    was decided meanwhile may be counted twice or not at all."""

    interactions: int = 0
    differences: int = 0
    erased: int = 0
    before: dict[str, int] | None = None
    after: dict[str, int] | None = None
    examples: tuple[Differing, ...] = ()
    newest: int = 0
