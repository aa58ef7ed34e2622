"""What every kind's `supersede` needs: two deliveries of one happening become one fact."""

from __future__ import annotations

from firstcontact.interactions.model import Participant


def union_captured(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    """Users who delivered the fact, earliest first, none twice."""
    return old + tuple(user for user in new if user not in old)


def union_participants(old: tuple[Participant, ...], new: tuple[Participant, ...]) -> tuple[Participant, ...]:
    """Participants of both, those of `old` first; the same handles in the same role are one.

    A name is kept where one copy has it and the other has not.
    """
    merged: dict[tuple[str, tuple[str, ...]], Participant] = {}
    for participant in (*old, *new):
        keys = tuple(handle.key for handle in participant.handles) or (participant.raw,)
        known = merged.get((participant.role, keys))
        if known is None or (not known.name and participant.name):
            merged[(participant.role, keys)] = participant
    return tuple(merged.values())
