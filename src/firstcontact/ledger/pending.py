"""Writes that are decided and not done: about to be sent, tried again later, held, or refused."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, func, select

from firstcontact.ledger.tables import writes

_TRIED_AGAIN = ("intended", "sent", "waiting")
_NOT_DONE = (*_TRIED_AGAIN, "held", "parked", "unclear")


class Pending(msgspec.Struct, frozen=True):
    """writes: how many go on by themselves once their time comes; why: what the CRM said last of one of
    them. activities: how many interactions are not logged yet though they are decided, for any reason."""

    writes: int
    why: str
    activities: int


def pending(tx: Connection) -> Pending:
    """What is decided and not done."""
    query = (
        select(writes.c.kind, writes.c.state, func.count(), func.max(writes.c.problem))
        .where(writes.c.state.in_(_NOT_DONE))
        .group_by(writes.c.kind, writes.c.state)
    )
    count = activities = 0
    why = ""
    for kind, state, number, problem in tx.execute(query):
        if state in _TRIED_AGAIN:
            count += number
            # A waiting write has the key of the other one there, which says nothing to a person.
            why = why or (problem if state != "waiting" else "")
        if kind == "log_activity":
            activities += number
    return Pending(count, why, activities)
