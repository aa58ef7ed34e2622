"""Records to be written, which may point at one another before any has an id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from firstcontact.connectors.contract import MovedTo
from firstcontact.connectors.salesforce import activities
from firstcontact.connectors.salesforce.activities import Link, Who
from firstcontact.connectors.salesforce.mapping import Values


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A record to insert, change or delete, for the write at `write`; `id` where it is there already.

    extra: it belongs to a write that has a record of its own (a further person on an activity).
    """

    write: int
    type: str
    values: Values = {}
    id: str = ""
    deletes: bool = False
    extra: bool = False

    def links(self) -> set[int]:
        """The writes whose records it points at."""
        found = {value.write for value in self.values.values() if isinstance(value, Link)}
        for value in self.values.values():
            if isinstance(value, list):
                found |= {one.write for one in value if isinstance(one, Link)}
        return found

    def filled(self, known: Callable[[int], str]) -> Values:
        """The values with the links as ids."""
        return {name: _filled(value, known) for name, value in self.values.items()}


def _filled(value: Any, known: Callable[[int], str]) -> Any:
    if isinstance(value, Link):
        return known(value.write)
    if isinstance(value, list):
        return [_filled(one, known) for one in value]
    return value


def groups(nodes: Sequence[Node]) -> list[list[Node]]:
    """Nodes that hang together by their links, each group in the order given."""
    root: dict[int, int] = {}

    def find(place: int) -> int:
        while root.setdefault(place, place) != place:
            place = root[place]
        return place

    for node in nodes:
        for other in node.links():
            root[find(other)] = find(node.write)
    together: dict[int, list[Node]] = {}
    for node in nodes:
        together.setdefault(find(node.write), []).append(node)
    return list(together.values())


def ordered(group: Sequence[Node]) -> list[Node]:
    """What is pointed at before what points at it."""
    done: set[int] = set()
    found: list[Node] = []
    waiting = list(group)
    inside = {node.write for node in group if not node.extra}
    while waiting:
        ready = [one for one in waiting if one.links() & inside <= done]
        if not ready:
            return [*found, *waiting]
        found += ready
        done |= {node.write for node in ready if not node.extra}
        waiting = [one for one in waiting if one not in ready]
    return found


def is_id(id: str) -> bool:
    """Whether the text has the form of a record's id."""
    return len(id) in (15, 18) and id.isascii() and id.isalnum()


def type_of(id: str) -> str:
    """The type of a contact, lead or activity by its id, "" for anything else."""
    if not is_id(id):
        return ""
    return {"003": "Contact", "00Q": "Lead"}.get(id[:3]) or activities.type_of(id)


def is_lead(who: Who | Sequence[Who]) -> bool:
    """Whether it, or the first of several, is a lead."""
    if isinstance(who, Sequence) and not isinstance(who, str):
        return bool(who) and is_lead(who[0])
    return isinstance(who, str) and who.startswith(activities.LEAD_PREFIX)


def moved(id: str, into: str) -> MovedTo:
    """The record was merged into another."""
    type = "lead" if id.startswith(activities.LEAD_PREFIX) else "contact"
    return MovedTo(f"The {type} {id!r} was merged into {into!r} in Salesforce.", type, into)
