"""What other settings would change: two replays of the same span, one under each, compared.

A replay folds in time order, so it does not come out as history did even under the same settings: what
was decided again when an answer came late, or by a contact made later, is decided once here. Compared
with a replay under the settings of now, only what the settings do is left.
"""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection

from firstcontact.flow.replay import Difference, Replay, ReplaySummary
from firstcontact.policy.scopes import SettingsBook


def compare(
    tx: Connection, now: SettingsBook, then: SettingsBook, *, since: int = 0, until: int = 2**62
) -> tuple[tuple[Difference, ...], ReplaySummary]:
    """The verdicts that differ between the two, in order of time, and the counts under each.

    `because` is what decides under `then`; empty where that is as it was decided in fact.
    """
    first = Replay(tx, now, since=since, until=until)
    second = Replay(tx, then, since=since, until=until)
    ours = {_place(each): each for each in first.differences()}
    theirs = {_place(each): each for each in second.differences()}
    differing = []
    for place in {**ours, **theirs}:
        mine, other = ours.get(place), theirs.get(place)
        told = other or mine
        assert told is not None
        before = mine.after if mine else told.before
        after = other.after if other else told.before
        if before != after:
            because = other.because if other else ()
            differing.append(msgspec.structs.replace(told, before=before, after=after, because=because))
    differing.sort(key=lambda each: (each.at, each.interaction, each.about))
    under_now, under_then = first.summary(), second.summary()
    summary = ReplaySummary(
        under_then.interactions, under_now.after, under_then.after, len(differing), under_then.erased
    )
    return tuple(differing), summary


def _place(difference: Difference) -> tuple[str, str]:
    return difference.interaction, difference.about
