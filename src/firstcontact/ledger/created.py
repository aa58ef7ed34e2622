"""The contacts that FirstContact created, oldest first, and what has become of them as far as we know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, select

from firstcontact.identity.records import Account
from firstcontact.ledger import index, undoing
from firstcontact.ledger.tables import index_accounts, tombstones, writes
from firstcontact.ledger.tables_of_people import merges
from firstcontact.ledger.undoing import Undone
from firstcontact.planning.write import ContactFields, CreatedBy, Existing, Write, write_key
from firstcontact.policy.decision import Decision
from firstcontact.store.statements import Statement, values

_decoder = msgspec.msgpack.Decoder(Write)
_account = msgspec.msgpack.Decoder(Account)


class Creation(msgspec.Struct, frozen=True, kw_only=True):
    """One contact that we made. about: the handle that it was made for; reasons: those that decided; account:
    an id of the CRM, or ""; at: when it was decided; since: `edited`, `deleted`, `merged` or `removed`, ""
    where nothing of the kind is known."""

    record: str
    name: str
    about: str
    at: int
    interaction: str
    reasons: tuple[str, ...]
    user: str
    settings_version: str
    account: str
    since: str = ""


_MADE = (
    select(writes.c.key, writes.c.at, writes.c.record, writes.c.subject, writes.c.interaction, writes.c.data)
    .where(
        writes.c.kind == "create_contact",
        writes.c.state == "done",
        writes.c.created == 1,
        writes.c.subject.not_like("undo %"),  # whom a merge that was taken back made anew
        writes.c.connection == bindparam("of"),
        writes.c.at >= bindparam("since"),
        writes.c.at < bindparam("until"),
    )
    .order_by(writes.c.at, writes.c.key)
)


def created(
    tx: Connection, connection: str, since: int, until: int, after: tuple[int, str] = (0, ""), most: int = 500
) -> tuple[tuple[Creation, ...], tuple[int, str]]:
    """Contacts that we made in a span of time, at most so many behind `after`, and what to go on behind."""
    at, key = after
    behind = (writes.c.at > at) | ((writes.c.at == at) & (writes.c.key > key))
    given = {"of": connection, "since": max(since, at), "until": until}
    rows = tx.execute(_MADE.where(behind).limit(most), given).all()
    last = (rows[-1].at, rows[-1].key) if rows else after
    return tuple(_creations(tx, connection, rows)), last


def _creations(tx: Connection, connection: str, rows: Sequence[Any]) -> Iterator[Creation]:
    made = [(row, _decoder.decode(row.data)) for row in rows]
    decided = undoing.decisions_on(tx, {write.interaction for _, write in made})
    became = _became(tx, connection, made)
    accounts = undoing.standing(
        tx,
        [
            write.fields.account.write_key
            for _, write in made
            if isinstance(write.fields, ContactFields) and isinstance(write.fields.account, CreatedBy)
        ],
    )
    for row, write in made:
        fields = write.fields
        assert isinstance(fields, ContactFields)
        decision = undoing.made_by(decided.get(write.interaction, ()), row.at)
        account = fields.account
        if isinstance(account, CreatedBy):
            account_id = accounts[account.write_key].record if account.write_key in accounts else ""
        else:
            account_id = account.id if isinstance(account, Existing) else ""
        yield Creation(
            record=row.record,
            name=" ".join(filter(None, (fields.first_name, fields.last_name))) or fields.name,
            about=write.subject,
            at=row.at,
            interaction=write.interaction,
            reasons=_decisive(decision, write.subject) if decision is not None else (),
            user=decision.user if decision is not None else "",
            settings_version=decision.settings_version if decision is not None else "",
            account=account_id,
            since=became.get(row.record, ""),
        )


def _decisive(decision: Decision, about: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(r.name for r in decision.trace if r.decisive and r.about == about))


_BURIED = Statement(
    select(tombstones.c.record, tombstones.c.why).where(
        tombstones.c.connection == bindparam("of"), tombstones.c.key.in_(values("keys"))
    )
)
_ERASED = Statement(select(writes.c.record).where(writes.c.key.in_(values("keys")), writes.c.state == "done"))
_MERGED = Statement(
    select(merges.c.loser).where(
        merges.c.connection == bindparam("of"),
        merges.c.state == "done",
        merges.c.loser.in_(values("records")),
    )
)


def _became(tx: Connection, connection: str, made: Sequence[tuple[Any, Write]]) -> dict[str, str]:
    """What has become of records, by id: the last of these that is so."""
    of_key: dict[str, str] = {write.key: row.record for row, write in made}
    records = list(of_key.values())
    there = index.read(tx, connection, records)
    became = {id: "edited" for id, record in there.items() if record.edited_by_person}
    for record, why in _BURIED.rows(tx, of=connection, keys=[write.subject for _, write in made]):
        if record in records and why == "deleted":
            became[record] = "deleted"
    # Of who was erased no handle is left to find a tombstone by: only what deleted their contact.
    erasing = [write_key(connection, "delete_contact", "erase", id) for id in records]
    became.update((record, "deleted") for (record,) in _ERASED.rows(tx, keys=erasing))
    became.update((record, "merged") for (record,) in _MERGED.rows(tx, of=connection, records=records))
    undone: dict[str, Undone] = undoing.of(tx, list(of_key))
    became.update((of_key[key], "removed") for key, row in undone.items() if row.state == "done")
    return became


def account_names(tx: Connection, connection: str, ids: Sequence[str]) -> dict[str, str]:
    """Names of accounts, as far as the index has them."""
    rows = _ACCOUNTS.rows(tx, of=connection, ids=sorted(set(ids)))
    return {id: _account.decode(data).name for id, data in rows}


_ACCOUNTS = Statement(
    select(index_accounts.c.id, index_accounts.c.data).where(
        index_accounts.c.connection == bindparam("of"), index_accounts.c.id.in_(values("ids"))
    )
)
