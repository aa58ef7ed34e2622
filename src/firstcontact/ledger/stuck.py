"""What can't go on by itself, by cause, and how it is let go on."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Literal, get_args

import msgspec
from sqlalchemy import Connection, Table, select, text, update

from firstcontact.interactions.model import decode, kind_of
from firstcontact.ledger import intake
from firstcontact.ledger.tables import deliveries, interactions, writes
from firstcontact.planning.write import Write
from firstcontact.store.statements import chunks

Cause = Literal["refused", "unclear", "held", "fault", "failing"]
"""refused: the CRM said no. unclear: sent, and nobody can tell whether it arrived. held: by a brake. fault:
the program itself failed at it. failing: still tried by itself, but in vain for hours."""

CAUSES: tuple[Cause, ...] = get_args(Cause)

FAULT = "The program failed at this: "
"""How the problem of what was set aside begins, in the row itself."""

MANY = 8
"""Tries in vain after which something is shown, though it is tried on: with the waits between them, hours."""

_decoder = msgspec.msgpack.Decoder(Write)


class Stuck(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can't go on. key: what it is let go by. what: a kind of write, or `delivery`, or a kind
    of interaction. about: whom or what it concerns. since: microseconds. waiting: writes that wait for it."""

    key: str
    cause: Cause
    what: str
    about: str
    interaction: str
    problem: str
    since: int
    attempts: int = 0
    waiting: int = 0


def stuck(tx: Connection, limit: int = 1000) -> tuple[Stuck, ...]:
    """Everything that can't go on, each cause's oldest first; at most `limit` of each kind."""
    found = [*_writes(tx, limit), *_faults(tx, limit)]
    waiting = _waiting(tx, [each.key for each in found])
    found = [msgspec.structs.replace(each, waiting=waiting.get(each.key, 0)) for each in found]
    order = {cause: number for number, cause in enumerate(CAUSES)}
    return tuple(sorted(found, key=lambda each: (order[each.cause], each.since, each.key)))


def _writes(tx: Connection, limit: int) -> Iterator[Stuck]:
    stopped = select(writes).where(text("state IN ('parked', 'unclear', 'held')"))
    failing = select(writes).where(writes.c.due_at.is_not(None), writes.c.attempts >= MANY)
    for query in (stopped, failing):
        for row in tx.execute(query.order_by(writes.c.at).limit(limit)):
            write = _decoder.decode(row.data)
            yield Stuck(
                key=row.key,
                cause=_cause(row.state, row.problem),
                what=row.kind,
                about=write.subject,
                interaction=row.interaction,
                problem=row.problem.removeprefix(FAULT),
                since=row.at,
                attempts=row.attempts,
            )


def _cause(state: str, problem: str) -> Cause:
    if problem.startswith(FAULT):
        return "fault"
    causes: dict[str, Cause] = {"parked": "refused", "unclear": "unclear", "held": "held"}
    return causes.get(state, "failing")


def _faults(tx: Connection, limit: int) -> Iterator[Stuck]:
    for row in tx.execute(_aside(deliveries).order_by(deliveries.c.id).limit(limit)):
        yield Stuck(
            key=f"delivery:{row.id}", cause="fault", what="delivery", about=row.place, interaction="",
            problem=row.problem.removeprefix(FAULT), since=row.received_at,
        )  # fmt: skip
    for row in tx.execute(_aside(interactions).order_by(interactions.c.at).limit(limit)):
        fact = decode(row.data)
        yield Stuck(
            key=f"interaction:{row.id}", cause="fault", what=kind_of(fact), about=row.senders,
            interaction=row.id, problem=row.problem.removeprefix(FAULT), since=row.at,
        )  # fmt: skip
    failing = select(interactions).where(interactions.c.due_at.is_not(None), interactions.c.attempts >= MANY)
    for row in tx.execute(failing.order_by(intake.BY_TIME).limit(limit)):
        yield Stuck(
            key=f"interaction:{row.id}", cause="failing", what=row.kind, about=row.senders,
            interaction=row.id, problem="the CRM could not be asked", since=row.at, attempts=row.attempts,
        )  # fmt: skip


def _aside(table: Table) -> Any:
    return select(table).where(text("problem <> ''"))


def _waiting(tx: Connection, keys: Collection[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for chunk in chunks(keys):
        waits = select(writes.c.problem).where(text("state = 'waiting'"), writes.c.problem.in_(chunk))
        for key in tx.scalars(waits):
            found[key] = found.get(key, 0) + 1
    return found


def try_again(tx: Connection, chosen: Collection[Stuck], now: int, *, finds_written: bool) -> int:
    """Let these go on: what was refused or failed is due now; what is unclear is looked for first, where the
    CRM can be asked, else it stays. How many are due now. What a brake holds is not for this (`brake`)."""
    done = 0
    for each in chosen:
        kind, _, id = each.key.partition(":")
        if kind in ("delivery", "interaction") and id:
            table, wanted = (deliveries, int(id)) if kind == "delivery" else (interactions, id)
            statement = update(table).where(table.c.id == wanted).values(due_at=now, problem="")
        elif each.cause == "held":
            continue
        else:
            state = _state_again(tx, each.key, finds_written)
            if state is None:
                continue
            statement = update(writes).where(writes.c.key == each.key)
            statement = statement.values(state=state, due_at=now, problem="")
        done += tx.execute(statement).rowcount
    return done


def _state_again(tx: Connection, key: str, finds_written: bool) -> str | None:
    state = tx.scalar(select(writes.c.state).where(writes.c.key == key))
    if state == "unclear":
        return "sent" if finds_written else None
    return "intended" if state == "parked" else state
