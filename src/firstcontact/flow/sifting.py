"""Sifting what comes in: nobody who was erased is captured again (SPEC §10).

An interaction with others on it is kept without whoever was erased; one with nobody else of theirs is not
kept at all, but for a row that says why. The address-book index takes no record of theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec
from sqlalchemy import Connection

from firstcontact.connectors.contract import Changes
from firstcontact.identity.records import Record
from firstcontact.identity.team import Team
from firstcontact.interactions.erased import anonymised, shown_names
from firstcontact.interactions.model import Email, Interaction
from firstcontact.interactions.rejection import Rejection
from firstcontact.interactions.traces import Traces
from firstcontact.ledger.erased import Erased
from firstcontact.policy.case import team_index

T = TypeVar("T")

REASON = "erased_person"
WHY = "everybody on it who is not of ours was erased"


class Sifted(msgspec.Struct, frozen=True):
    """What is to be kept of one delivery. facts: without whoever was erased. alone: with nobody else of
    theirs; aside: the rows that are kept instead of these. bare: ids of facts that somebody was taken out of.
    traces: of whoever was erased, None for nobody."""

    facts: tuple[Interaction, ...]
    alone: tuple[Interaction, ...] = ()
    aside: tuple[tuple[bytes, Rejection], ...] = ()
    bare: frozenset[str] = frozenset()
    traces: Traces | None = None

    @property
    def touched(self) -> bool:
        """Whether somebody was on it who was erased: then its own bytes are not kept."""
        return self.traces is not None

    def text(self, text: str) -> str:
        """A text about the delivery, such as its place, without them."""
        return self.traces.nearby(text) if self.traces is not None else text


def kept_of(sifted: Sequence[Sifted]) -> list[Interaction]:
    """The interactions that are to be kept."""
    return [fact for each in sifted for fact in each.facts]


def rows_of(sifted: Sequence[Sifted]) -> list[tuple[bytes, Rejection]]:
    """The rows that are kept instead of the others."""
    return [row for each in sifted for row in each.aside]


def untouched(said: Mapping[str, T], sifted: Sequence[Sifted]) -> Mapping[str, T]:
    """What was read of interactions, by id, but for those that somebody was taken out of."""
    bare = frozenset().union(*(each.bare for each in sifted))
    return {id: each for id, each in said.items() if id not in bare} if bare else said


def sift(
    tx: Connection, erased: Erased, team: Team, deliveries: Sequence[Sequence[Interaction]]
) -> list[Sifted]:
    """What is to be kept of each delivery's interactions. Raises KeyProblem."""
    if not erased.anybody(tx):
        return [Sifted(tuple(facts)) for facts in deliveries]
    keys = {key for facts in deliveries for fact in facts for key in _keys(fact)}
    markers = erased.markers(tx, keys)
    if not markers:
        return [Sifted(tuple(facts)) for facts in deliveries]
    sifted = [_sifted(facts, markers, team) for facts in deliveries]
    return [_with_rows(tx, erased, each) for each in sifted]


def _keys(fact: Interaction) -> Iterable[str]:
    for participant in fact.participants:
        for handle in participant.handles:
            yield handle.key
    if isinstance(fact, Email):
        yield from fact.signs.forwarded
        yield from fact.signs.undeliverable


def _sifted(facts: Sequence[Interaction], markers: Mapping[str, str], team: Team) -> Sifted:
    kept: list[Interaction] = []
    alone: list[Interaction] = []
    changed: set[str] = set()
    all_traces: Traces | None = None
    for fact in facts:
        on_it = {key: markers[key] for key in _keys(fact) if key in markers}
        if not on_it:
            kept.append(fact)
            continue
        all_traces = traces = Traces(on_it, shown_names(fact, on_it))
        bare = anonymised(fact, traces)
        changed |= {fact.id, bare.id}
        if bare.participants != fact.participants and not reachable_others(bare, team):
            alone.append(fact)
        else:
            kept.append(bare)
    return Sifted(tuple(kept), tuple(alone), (), frozenset(changed), all_traces)


def _with_rows(tx: Connection, erased: Erased, sifted: Sifted) -> Sifted:
    """With the rows that say why. Their digest is of the interaction's id, so that a copy is said once."""
    rows = [(erased.digest(tx, each.id), Rejection(each.source, REASON, WHY)) for each in sifted.alone]
    return msgspec.structs.replace(sifted, alone=(), aside=tuple(rows))


def reachable_others(fact: Interaction, team: Team, but: Collection[str] = ()) -> bool:
    """Whether somebody of theirs is on it who can be reached, but for who has one of these handles."""
    index = team_index(team)
    return any(
        index.side(each) is None
        for each in fact.participants
        if each.handles and not any(handle.key in but for handle in each.handles)
    )


def without_erased(tx: Connection, erased: Erased, records: Iterable[Record]) -> list[Record]:
    """The records that bear no handle of anybody who was erased. Raises KeyProblem."""
    listed = list(records)
    if not listed or not erased.anybody(tx):
        return listed
    markers = erased.markers(tx, _handles(listed))
    return [each for each in listed if not any(handle.key in markers for handle in each.handles)]


def sifted_changes(tx: Connection, erased: Erased, changes: Changes) -> Changes:
    """A page of the change feed without the records of whoever was erased. Raises KeyProblem."""
    kept = without_erased(tx, erased, changes.records)
    return (
        changes
        if len(kept) == len(changes.records)
        else msgspec.structs.replace(changes, records=tuple(kept))
    )


def _handles(records: Iterable[Record]) -> Collection[str]:
    return {handle.key for record in records for handle in record.handles}
