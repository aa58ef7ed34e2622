"""PURE. Records to be written, and what of them goes in one request."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from firstcontact.connectors.zoho.client import RECORDS
from firstcontact.connectors.zoho.mapping import Values
from firstcontact.connectors.zoho.shapes import ACTIVITIES


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A record to insert, change or delete, for the write at `write`; `id` where it is there already."""

    write: int
    module: str
    values: Values = {}
    id: str = ""
    deletes: bool = False


def portions(nodes: Iterable[Node]) -> list[list[Node]]:
    """New records, changes and deletions, by module, a hundred each; contacts and accounts first."""
    found: list[list[Node]] = []
    groups: dict[tuple[bool, bool, str], list[Node]] = {}
    for node in nodes:
        groups.setdefault((node.deletes, bool(node.id), node.module), []).append(node)
    for key in sorted(groups, key=lambda key: (key[0], key[2] in ACTIVITIES, key[1], key[2])):
        some = groups[key]
        found += [some[begin : begin + RECORDS] for begin in range(0, len(some), RECORDS)]
    return found
