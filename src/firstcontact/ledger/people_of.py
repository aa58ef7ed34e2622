"""Who is on each decided interaction, and nothing else of it: how a replay is taken apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
from sqlalchemy import Connection, func, select

from firstcontact.ledger.tables import decisions, interactions


class _Account(msgspec.Struct):
    id: str
    opportunities: tuple[msgspec.Raw, ...] = ()


class _People(msgspec.Struct):
    """Of a stored `Known` the handle keys and accounts alone; the facts stay undecoded."""

    people: Mapping[str, msgspec.Raw] = {}
    accounts: tuple[_Account, ...] = ()


_decoder = msgspec.msgpack.Decoder(_People)


def people_of(tx: Connection, since: int, until: int, page: int = 500) -> Iterator[tuple[str, list[str]]]:
    """Each interaction of a span that has a decision, with the handle keys of whoever was looked up for the
    last one: nobody else's verdict can be a creation, or be answered by one; and with `account:ID` of each
    account with opportunities, since a contact role answers whoever meets its opportunity. By id, in bounded
    memory."""
    after = ""
    while True:
        span = (interactions.c.at >= since) & (interactions.c.at < until) & (interactions.c.id > after)
        ids = list(tx.scalars(select(interactions.c.id).where(span).order_by(interactions.c.id).limit(page)))
        if not ids:
            return
        newest = (
            select(func.max(decisions.c.id))
            .where(decisions.c.interaction.in_(ids))
            .group_by(decisions.c.interaction)
        )
        last = select(decisions.c.interaction, decisions.c.known).where(decisions.c.id.in_(newest))
        found = {
            str(id): _keys(_decoder.decode(known)) if known is not None else []
            for id, known in tx.execute(last)
        }
        for id in sorted(found):
            yield id, found[id]
        after = ids[-1]


def _keys(known: _People) -> list[str]:
    return [*known.people, *(f"account:{each.id}" for each in known.accounts if each.opportunities)]


def newest_decision(tx: Connection) -> int:
    """A number that grows with every decision."""
    return int(tx.scalar(select(func.max(decisions.c.id))) or 0)
