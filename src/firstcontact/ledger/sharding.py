"""Which lane a piece of work is in.

Whatever concerns one conversation (a call session, a thread, the texts between two people, a calendar UID) is
in one lane, and so in order; which lane says nothing else (DESIGN §1).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from zlib import crc32

from sqlalchemy import ColumnElement, bindparam, true

from firstcontact.interactions.model import Interaction, Sms
from firstcontact.store.statements import values

SHARDS = 16
"""Lanes of one CRM connection: several times as many as workers, so that they can be shared out evenly.
Stored with every row; another number needs a migration."""


def shard_of(fact: Interaction) -> int:
    """The lane of an interaction."""
    return shard(conversation_key(fact))


def conversation_key(fact: Interaction) -> str:
    """What its order is kept within: texts without a conversation go by who is on them, as their day does."""
    if fact.conversation:
        return fact.conversation
    if isinstance(fact, Sms):
        return " ".join(sorted(handle.key for each in fact.participants for handle in each.handles))
    return fact.id


def shard(key: str) -> int:
    """The lane of a conversation: the same in every process and program version."""
    return crc32(key.encode("utf-8", "surrogatepass")) % SHARDS


def of_shards(column: ColumnElement[Any], shards: Collection[int]) -> ColumnElement[bool]:
    """Rows of these lanes."""
    return true() if len(shards) >= SHARDS else column.in_(sorted(shards))


def in_lanes(column: ColumnElement[Any]) -> tuple[ColumnElement[bool], ...]:
    """Rows of the `lanes` given to a `Statement`.

    Between the first and the last of them, too: an index tells that by itself, where PostgreSQL fetches a row
    to see whether its lane is in a list. Who works off one lane passes by all that is due in the others.
    """
    return column.in_(values("shards")), column.between(bindparam("first_shard"), bindparam("last_shard"))


def lanes(shards: Collection[int]) -> dict[str, Any]:
    """The values that `in_lanes` asks for."""
    return {
        "shards": sorted(shards),
        "first_shard": min(shards, default=0),
        "last_shard": max(shards, default=0),
    }


ALL = tuple(range(SHARDS))
