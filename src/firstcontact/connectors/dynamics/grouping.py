"""PURE. Which jobs go together, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from firstcontact.connectors.dynamics.jobs import Job

TOGETHER = 300
"""Operations in a change set; a larger one keeps rows locked for long."""


def grouped(waiting: Sequence[Job]) -> list[list[Job]]:
    """Jobs that hang together by their links, each group in the order given."""
    root: dict[int, int] = {}

    def find(place: int) -> int:
        while root.setdefault(place, place) != place:
            place = root[place]
        return place

    for job in waiting:
        for other in job.links():
            root[find(other)] = find(job.write)
    groups: dict[int, list[Job]] = {}
    for job in waiting:
        groups.setdefault(find(job.write), []).append(job)
    return list(groups.values())


def apart(waiting: Mapping[int, tuple[str, str]]) -> tuple[list[int], list[int]]:
    """The first of these merges (loser and survivor, by place) that have nothing to do with one another, and
    the others: what one of them changes another must not have been built from."""
    first: list[int] = []
    touched: set[str] = set()
    for place, pair in waiting.items():
        if touched.isdisjoint(pair):
            first.append(place)
        touched.update(pair)
    return first, [place for place in waiting if place not in first]


def beginning(group: Sequence[Job]) -> Sequence[Job]:
    """The first jobs of a group, as many as a change set should have; what they point at is among them."""
    steps = 0
    for place, job in enumerate(group):
        steps += len(job.steps)
        if place and steps > TOGETHER:
            return group[:place]
    return group


def ordered(group: Sequence[Job]) -> list[Job]:
    """What is pointed at before what points at it."""
    done: set[int] = set()
    inside = {job.write for job in group}
    ordered: list[Job] = []
    waiting = list(group)
    while waiting:
        ready = [one for one in waiting if (one.links() - {one.write}) & inside <= done]
        if not ready:
            return [*ordered, *waiting]
        ordered += ready
        done |= {one.write for one in ready}
        waiting = [one for one in waiting if one.write not in done]
    return ordered
