"""Which writes are on their way to the CRM: one row for all of a call, from before it until its answers are
kept.

That a write was sent without an answer has to be in the ledger before the call. To say so in the row of each
write cost as much as all else in these turns, since `state` stands in the conditions of indexes; so its row
says `sent` only once something went wrong, and until then `intended` here means sent.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from sqlalchemy import Connection, bindparam, delete, select, update

from firstcontact.ledger.tables import under_way, writes
from firstcontact.store.statements import Statement, insert, values

_decoder = msgspec.msgpack.Decoder(list[str])

_ALL = Statement(select(under_way.c.owner, under_way.c.writes))
_MINE = Statement(select(under_way.c.writes).where(under_way.c.owner == bindparam("of")))
_END = Statement(delete(under_way).where(under_way.c.owner == bindparam("of")))
_SENT = Statement(
    update(writes).where(writes.c.key.in_(values("keys")), writes.c.state == "intended").values(state="sent")
)


def begin(tx: Connection, owner: str, keys: Collection[str]) -> None:
    """The owner of a lease is about to send these. What an earlier call of it left without an answer says
    `sent` from here on."""
    for (left,) in _MINE.rows(tx, of=owner):
        end(tx, owner, _decoder.decode(left))
    if keys:
        insert(tx, under_way, [{"owner": owner, "writes": msgspec.msgpack.encode(list(keys))}])


def end(tx: Connection, owner: str, unanswered: Collection[str] = ()) -> None:
    """The answers of the owner's call are kept in this transaction, but for these, which say `sent`."""
    if unanswered:
        _SENT.run(tx, keys=unanswered)
    _END.run(tx, of=owner)


def keys(tx: Connection) -> frozenset[str]:
    """All that are on their way, or were when their worker went away. Where another transaction may end a
    call meanwhile, to be asked before the writes are."""
    return frozenset(key for _, sent in _ALL.rows(tx) for key in _decoder.decode(sent))


def settle(tx: Connection, of: Collection[str]) -> None:
    """Calls with one of these writes in them are given up: what is unanswered of them says `sent`."""
    wanted = set(of)
    for owner, sent in _ALL.rows(tx) if wanted else ():
        unanswered = _decoder.decode(sent)
        if not wanted.isdisjoint(unanswered):
            end(tx, owner, unanswered)


def as_sent(state: str, key: str, sent: Collection[str]) -> str:
    """The state of a write, of which its row says the one half and `sent`, the `keys`, the other."""
    return "sent" if state == "intended" and key in sent else state
