"""News: what changed, so that nobody decides on what is no longer so.

Whoever makes a fact known (`tell`) reopens the decisions that wait for it, and leaves a row that says what
it was. A worker notes the `newest` before it looks anything up; when it keeps its decisions it asks for what
came `since`, and takes those again that are concerned. Write transactions take turns, so either the news is
there when the decision is kept, or the decision is there when the news reopens (docs/decisions/turns.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, select

from firstcontact.identity.domains import registrable
from firstcontact.interactions.model import Interaction
from firstcontact.ledger import deciding, intake
from firstcontact.ledger.tables import news
from firstcontact.store.statements import Statement, insert

_decoder = msgspec.msgpack.Decoder(list[str])


def tell(tx: Connection, topics: Collection[str], interactions: Collection[str], at: int) -> int:
    """These topics have news, and these interactions are to be decided again: they and whoever waits for the
    topics are due. Returns how many only waited."""
    waiting = deciding.reopened_by(tx, topics).difference(interactions)
    note(tx, topics, {*interactions, *waiting}, at)
    intake.set_due(tx, {*interactions, *waiting}, at)
    return len(waiting)


def note(tx: Connection, topics: Collection[str], interactions: Collection[str], at: int) -> None:
    """Leave the row that says so."""
    said = [*topics, *(f"interaction:{id}" for id in interactions)]
    if said:
        insert(tx, news, [{"at": at, "topics": msgspec.msgpack.encode(said)}])


_NEWEST = Statement(select(func.max(news.c.id)))
_SINCE = Statement(select(news.c.topics).where(news.c.id > bindparam("id")))


def newest(tx: Connection) -> int:
    """The newest news there is, 0 for none."""
    ((id,),) = _NEWEST.rows(tx)
    return int(id or 0)


def since(tx: Connection, id: int) -> frozenset[str]:
    """Topics that had news after that one."""
    found: set[str] = set()
    for (topics,) in _SINCE.rows(tx, id=id):
        found.update(_decoder.decode(topics))
    return frozenset(found)


def concerns(fact: Interaction, topics: frozenset[str]) -> bool:
    """Whether a decision about the interaction could be another with news on these."""
    if f"interaction:{fact.id}" in topics or f"thread:{fact.conversation}" in topics:
        return True
    for participant in fact.participants:
        for handle in participant.handles:
            key = handle.key
            if f"handle:{key}" in topics or f"name:{key}" in topics:
                return True
            if "@" in key and not topics.isdisjoint(domain_topics([key.rpartition("@")[2]])):
                return True
    return False


def domain_topics(hosts: Iterable[str]) -> frozenset[str]:
    """What there is news on where an account gets or loses these hosts: they, and the registrable domains
    above them, by which others under them are found."""
    found = frozenset(hosts)
    return frozenset(f"domain:{host}" for host in found | {registrable(host) for host in found} if host)


def prune(tx: Connection, before: int) -> None:
    """Forget news of before a time; no batch takes so long. The newest stays, so that ids go on from it."""
    last = select(func.max(news.c.id)).scalar_subquery()
    tx.execute(delete(news).where(news.c.at < before, news.c.id < last))
