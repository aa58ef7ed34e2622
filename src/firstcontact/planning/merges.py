"""Which of several duplicates stays, which go into it, and which are only suggested (SPEC §9).

Only records that we made and no person has edited since may disappear. Where a group of records is not one
person beyond doubt (the first is like the second, the second like the third, the first and the third are two
people), only those go together whose names are equal and who are unlike exactly the same others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import combinations

import msgspec

from firstcontact.identity.duplicates import Likeness, alike
from firstcontact.identity.records import Record
from firstcontact.planning.write import Existing, MergeFields, Write, write_key

MOST = 100
"""Records that bear one handle, or hang together: of more nothing is merged. They are a family of machines or
a switchboard, no person."""

Pair = frozenset[str]
"""Ids of two records."""


class Merge(msgspec.Struct, frozen=True):
    """A record that goes into another one, and why both are one person."""

    loser: Record
    survivor: Record
    likeness: Likeness


class Suggestion(msgspec.Struct, frozen=True):
    """Two records that may be one person, for a person to look at. why: a name of `WHY`."""

    one: Record
    other: Record
    likeness: Likeness
    why: str


WHY: dict[str, str] = {
    "weaker": "it is likely, not certain",
    "people": "both were made or edited by people: merge them in the CRM",
    "several": "several records of people match equally well",
    "conflict": "others that are alike to one of them are another person",
    "many": "too many records hang together",
    "refused_by_crm": "the CRM refused it",
    "unmarked": "the CRM does not tell who made or edited a record",
    "cannot": "the CRM can't merge contacts by its API: merge them there",
    "model": "only a statistical model says so",
}
"""Why two records are only suggested, as a sentence's part."""


class Sorted(msgspec.Struct, frozen=True):
    """What is to become of a number of records."""

    merges: tuple[Merge, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()


def may_disappear(record: Record) -> bool:
    """Whether a record may go: ours, and untouched. What we have enriched of a person's is a person's."""
    return record.type == "contact" and record.created_by_us and not record.edited_by_person


def sort_out(
    records: Sequence[Record],
    *,
    told_apart: Collection[Pair] = (),
    disappear: Callable[[Record], bool] = may_disappear,
) -> Sorted:
    """What is to become of records that have handles in common.

    told_apart: pairs of which a person said that they are two, or took the merge back. Leads and archived
    records are left out. The order of the records changes nothing.
    """
    people = sorted((one for one in records if one.type == "contact" and one.active), key=_age)
    group = _Group(people, frozenset(told_apart))
    merges: list[Merge] = []
    suggestions: list[Suggestion] = []
    for component in group.components():
        if len(component) > MOST:
            suggestions.extend(group.suggest(component, "many"))
            continue
        clusters, doubtful = group.clusters(component)
        suggestions.extend(Suggestion(*pair, "conflict") for pair in doubtful)
        for cluster in clusters:
            done = _into_one(group, cluster, disappear)
            merges.extend(done.merges)
            suggestions.extend(done.suggestions)
    suggestions.extend(group.weaker())
    return Sorted(tuple(merges), tuple(suggestions))


def one_person(records: Sequence[Record]) -> list[list[Record]]:
    """Those of these records that are one person beyond doubt, at least two together, whatever made them:
    what merging would come to if all might disappear."""
    group = _Group(sorted(records, key=_age), frozenset())
    return [
        cluster
        for component in group.components()
        if len(component) <= MOST
        for cluster in group.clusters(component)[0]
    ]


def _age(record: Record) -> tuple[bool, int, str]:
    """The earliest first; when one was made is not always told."""
    return not record.created_at, record.created_at, record.id


class _Group:
    """Records and how they are alike, each pair compared once."""

    def __init__(self, people: Sequence[Record], told_apart: frozenset[Pair]) -> None:
        self.people = list(people)
        self._by_id = {one.id: one for one in self.people}
        self._told_apart = told_apart
        self._alike: dict[Pair, Likeness] = {}
        for one, other in combinations(self.people, 2):
            self._alike[frozenset((one.id, other.id))] = alike(one, other)

    def likeness(self, one: Record, other: Record) -> Likeness:
        return self._alike[frozenset((one.id, other.id))]

    def duplicates(self, one: Record, other: Record) -> bool:
        pair = frozenset((one.id, other.id))
        return pair not in self._told_apart and self._alike[pair].duplicates

    def two_people(self, one: Record, other: Record) -> bool:
        """Whether something says that they are two: their names, or a person."""
        pair = frozenset((one.id, other.id))
        against = self._alike[pair].against
        return pair in self._told_apart or "names_differ" in against or "given_names_differ" in against

    def components(self) -> Iterator[list[Record]]:
        """Records that hang together as duplicates, at least two each."""
        left = dict.fromkeys(one.id for one in self.people)
        while left:
            first = next(iter(left))
            del left[first]
            component, todo = [first], [first]
            while todo:
                at = self._by_id[todo.pop()]
                for id in [id for id in left if self.duplicates(at, self._by_id[id])]:
                    del left[id]
                    component.append(id)
                    todo.append(id)
            if len(component) > 1:
                yield sorted((self._by_id[id] for id in component), key=_age)

    def clusters(
        self, component: Sequence[Record]
    ) -> tuple[list[list[Record]], list[tuple[Record, Record, Likeness]]]:
        """The component where it is one person; else those in it who are, and the doubtful pairs."""
        unlike = {
            one.id: frozenset(o.id for o in component if o.id != one.id and self.two_people(one, o))
            for one in component
        }
        if not any(unlike.values()):
            return [list(component)], []
        clusters: list[list[Record]] = []
        for one in component:
            for cluster in clusters:
                if all(self._twins(one, other, unlike) for other in cluster):
                    cluster.append(one)
                    break
            else:
                clusters.append([one])
        of = {one.id: number for number, cluster in enumerate(clusters) for one in cluster}
        doubtful = [
            (one, other, self.likeness(one, other))
            for one, other in combinations(component, 2)
            if of[one.id] != of[other.id] and self.duplicates(one, other)
        ]
        return [cluster for cluster in clusters if len(cluster) > 1], doubtful

    def _twins(self, one: Record, other: Record, unlike: dict[str, frozenset[str]]) -> bool:
        equal = self.duplicates(one, other) and "names_equal" in self.likeness(one, other).evidence
        return equal and unlike[one.id] == unlike[other.id]

    def suggest(self, component: Sequence[Record], why: str) -> Iterator[Suggestion]:
        for one, other in combinations(component, 2):
            if self.duplicates(one, other):
                yield Suggestion(one, other, self.likeness(one, other), why)

    def weaker(self) -> Iterator[Suggestion]:
        for one, other in combinations(self.people, 2):
            pair = frozenset((one.id, other.id))
            if self._alike[pair].suggested and pair not in self._told_apart:
                yield Suggestion(one, other, self._alike[pair], "weaker")


def _into_one(group: _Group, cluster: Sequence[Record], disappear: Callable[[Record], bool]) -> Sorted:
    """The merges of records that are one person: whatever may go, into the one that stays."""
    going = [one for one in cluster if disappear(one)]
    staying = [one for one in cluster if not disappear(one)]
    if not going:
        return Sorted((), tuple(group.suggest(staying, "people")))
    if not staying:
        first = min(going, key=lambda one: (not _valid(one), *_age(one)))
        going = [one for one in going if one is not first]
        staying = [first]
    # A record that a person made comes before one of ours that a person has edited.
    by_people = [one for one in staying if not one.created_by_us] or staying
    suggestions = list(group.suggest(staying, "people"))
    merges = _by_way_of_others(group, going, by_people)
    waited_for = {merge.survivor.id for merge in merges}
    for loser in going:
        matching = [one for one in by_people if group.duplicates(loser, one)]
        if not matching or loser.id in waited_for:
            continue
        best = max(group.likeness(loser, one).strength for one in matching)
        chosen = [one for one in matching if group.likeness(loser, one).strength == best]
        if len(chosen) == 1:
            merges.append(Merge(loser, chosen[0], group.likeness(loser, chosen[0])))
        else:
            suggestions.extend(
                Suggestion(loser, one, group.likeness(loser, one), "several") for one in chosen
            )
    return Sorted(tuple(merges), tuple(suggestions))


def _by_way_of_others(group: _Group, going: Sequence[Record], stays: Sequence[Record]) -> list[Merge]:
    """Merges of those who are like the one that stays only by way of others: each into the one nearest to it,
    the farthest first. Who takes in others now goes itself the next time, when nobody is behind it."""
    depth = {one.id: 0 for one in stays}
    nearer: dict[str, Record] = {}
    ring = list(stays)
    left = list(going)
    while ring and left:
        found: list[Record] = []
        for one in left:
            by = next((other for other in ring if group.duplicates(one, other)), None)
            if by is not None:
                depth[one.id] = depth[by.id] + 1
                nearer[one.id] = by
                found.append(one)
        left = [one for one in left if one.id not in depth]
        ring = found
    taking = {by.id for by in nearer.values()}
    return [
        Merge(one, nearer[one.id], group.likeness(one, nearer[one.id]))
        for one in going
        if depth.get(one.id, 0) > 1 and one.id not in taking
    ]


def _valid(record: Record) -> bool:
    """Whether it has a real name."""
    return not record.placeholder and bool(record.first_name or record.last_name or record.name)


# --- the write -----------------------------------------------------------------------------------------


def merge_key(connection: str, loser: str, survivor: str) -> str:
    """The write key of a merge."""
    return write_key(connection, "merge_contacts", "", f"{loser}>{survivor}")


def merge_write(connection: str, loser: str, survivor: str) -> Write:
    """The write that lets the loser go into the survivor."""
    return Write(
        key=merge_key(connection, loser, survivor),
        kind="merge_contacts",
        interaction="",
        subject=f"{loser}>{survivor}",
        fields=MergeFields(loser=Existing("contact", loser)),
        target=Existing("contact", survivor),
    )
