"""Merging two contacts: the last look before the write goes out, and what follows when it is done.

Between the search and the write a person may have edited the one that is to go, deleted it, or merged it
themselves; then nothing is sent. Afterwards everything of ours that pointed at it points at the survivor.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from firstcontact.boundaries import Boundary, crossing
from firstcontact.connectors.contract import Crm, Gone, Moved
from firstcontact.connectors.toolkit.fields import read_fields, with_new
from firstcontact.flow.rounds import Round, drop
from firstcontact.flow.targets import retargeted_by, targets_of
from firstcontact.identity.duplicates import alike
from firstcontact.identity.records import Record
from firstcontact.ledger import deciding, duplicates, index, news
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.duplicates import PairRow
from firstcontact.ledger.writing import Intent
from firstcontact.planning.merges import may_disappear, merge_key
from firstcontact.planning.unmerge import UNDO, Journal, is_made_anew
from firstcontact.planning.write import Existing, MergeFields, Receipt, Write
from firstcontact.policy.known import Ruling

GONE = "the contact that was to go is not there any more"

_Read = Mapping[str, Record | Moved | Gone]


def still_duplicates(
    ledger: Ledger, crm: Crm, merging: Sequence[Write], round: Round, now: int
) -> frozenset[str]:
    """The live look before merging: keys of the writes that are not to be sent, since the merge is done
    already, or is none any more. Raises TryAgain."""
    ends = {write.key: ends_of(write) for write in merging}
    with ledger.read() as tx:
        rows = duplicates.pairs(tx, ends)
        apart = duplicates.told_apart(tx, crm.connection, {id for both in ends.values() for id in both})
    with crossing(Boundary.READ_BEFORE_MERGING):
        read = crm.read(sorted({id for both in ends.values() for id in both}))
    settled: set[str] = set()
    for write in merging:
        loser, survivor = ends[write.key]
        if _done_already(read, loser, survivor, sent=round.intents[write.key].state == "sent"):
            settled.add(write.key)
            round.receipts.append(Receipt(write.key, survivor, created=False, at=now))
            continue
        why = _why_not(
            read, loser, survivor, rows.get(write.key), told_apart=frozenset((loser, survivor)) in apart
        )
        if why:
            settled.add(write.key)
            drop(round, write, why)
    return frozenset(settled)


def ends_of(write: Write) -> tuple[str, str]:
    """Ids of the contact that goes and of the one that stays."""
    assert isinstance(write.fields, MergeFields)
    assert isinstance(write.target, Existing)
    return write.fields.loser.id, write.target.id


def _done_already(read: _Read, loser: str, survivor: str, *, sent: bool) -> bool:
    """Whether the CRM shows the merge as done; where it does not tell merges, one that was sent without an
    answer and whose loser is gone."""
    there = read.get(loser)
    if isinstance(there, Moved):
        return there.into == survivor
    return sent and (there is None or isinstance(there, Gone)) and isinstance(read.get(survivor), Record)


def _why_not(read: _Read, loser: str, survivor: str, row: PairRow | None, *, told_apart: bool) -> str:
    """Why the merge is none any more, empty where it is."""
    goes, stays = read.get(loser), read.get(survivor)
    if not isinstance(goes, Record):
        return GONE
    if not isinstance(stays, Record):
        return "the contact that was to stay is not there any more"
    if row is None or row.state != "intended" or told_apart:
        return "a person said that they are two people"
    if not may_disappear(goes):
        return "a person has edited the contact that was to go"
    if row.by == "rule" and not alike(goes, stays).duplicates:
        return "they are not alike any more"
    return ""


# --- what follows -----------------------------------------------------------------------------------------


def settle(
    tx: Connection,
    connection: str,
    region: str,
    round: Round,
    by_key: Mapping[str, Write],
    now: int,
) -> None:
    """In the transaction that keeps the receipts: merges that are done, and those that are not to be.

    Whoever waits for somebody with a handle of the two is decided again.
    """
    round.decide_again.discard("")  # a merge is about no interaction
    done = [r.key for r in round.receipts if by_key[r.key].kind == "merge_contacts"]
    for receipt in round.receipts:
        if is_made_anew(by_key[receipt.key]):
            _taken_back(tx, connection, by_key[receipt.key], receipt.id, now)
    over = {
        key: problem
        for key, state, _, problem in round.marks
        if state in ("dropped", "parked") and by_key[key].kind == "merge_contacts"
    }
    if not done and not over:
        return
    rows = duplicates.pairs(tx, [*done, *over])
    for key in done:
        loser, survivor = ends_of(by_key[key])
        pair = rows.get(key) or PairRow(
            write_key=key, connection=connection, survivor=survivor, loser=loser, state="intended"
        )
        duplicates.keep(tx, [msgspec.structs.replace(pair, state="done", at=now, why="")])
        journal = duplicates.journal(tx, key)
        if journal is not None:
            duplicates.follow(tx, connection, journal)
            _known_at_once(tx, connection, region, journal)
            handles = (*journal.loser.handles, *journal.survivor.handles)
            round.topics.update(f"handle:{handle.key}" for handle in handles)
    for key, why in over.items():
        row = rows.get(key)
        if row is None or row.state != "intended":
            continue
        state = "gone" if why == GONE else "suggested"
        duplicates.keep(tx, [msgspec.structs.replace(row, state=state, by="", at=now, why=why)])
        if why == GONE:  # a person deleted it: now that is said of its handles
            news.note(
                tx,
                {f"handle:{handle}" for handle in deciding.bury_gone(tx, connection, [row.loser], now)},
                (),
                now,
            )
            index.drop(tx, connection, [row.loser])


def _taken_back(tx: Connection, connection: str, write: Write, made: str, now: int) -> None:
    """Who had gone is there again under another id: what is ours goes back to it, and it stays apart."""
    key = write.subject.removeprefix(f"{UNDO} ")
    pair = duplicates.pairs(tx, [key]).get(key)
    journal = duplicates.journal(tx, key)
    if pair is None or journal is None:
        return
    apart = msgspec.structs.replace(
        pair, write_key=merge_key(connection, made, pair.survivor), loser=made, state="refused", at=now
    )
    duplicates.keep(tx, [apart])
    duplicates.give_back(tx, connection, journal, made)


def _known_at_once(tx: Connection, connection: str, region: str, journal: Journal) -> None:
    """The loser is not in the index any more, and the survivor bears its handles."""
    loser, survivor = journal.loser, journal.survivor
    index.drop(tx, connection, [loser.id])
    state = index.state(tx, connection)
    there = index.read(tx, connection, [survivor.id]).get(survivor.id, survivor)
    where = there.country or region
    emails, phones = with_new(there.emails, loser.emails, where), with_new(there.phones, loser.phones, where)
    merged = msgspec.structs.replace(
        there,
        emails=emails,
        phones=phones,
        handles=read_fields(emails, phones, where)[0],
        last_activity_at=max(there.last_activity_at, loser.last_activity_at),
    )
    if state.begun_at:
        index.keep(tx, connection, [merged], region, state.reading)
    else:
        deciding.bears(tx, connection, [merged])


def retargeted(tx: Connection, connection: str, due: Sequence[Intent]) -> tuple[Intent, ...]:
    """Writes that point at a contact which we have merged meanwhile point at the one that it went into."""
    ids = {one.id for each in due if each.write.kind != "merge_contacts" for one in _people_of(each.write)}
    into = duplicates.into(tx, connection, ids, ("done",))
    if not into:
        return tuple(due)
    return tuple(
        msgspec.structs.replace(each, write=retargeted_by(each.write, into))
        if each.write.kind != "merge_contacts"
        else each
        for each in due
    )


def now_made(
    tx: Connection, connection: str, made: Mapping[str, tuple[str, str]]
) -> dict[str, tuple[str, str]]:
    """State and record of writes that made something, with the contacts into which we have merged theirs."""
    into = duplicates.into(tx, connection, {record for _, record in made.values() if record}, ("done",))
    return {key: (state, into.get(record, record)) for key, (state, record) in made.items()}


def _people_of(write: Write) -> list[Existing]:
    return [one for one in targets_of(write) if isinstance(one, Existing) and one.record == "contact"]


def deleted(tx: Connection, connection: str, gone: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of these contacts, each with the interaction that it was linked on, that a person deleted: the
    others have gone into another one by a merge of ours."""
    mine = duplicates.into(tx, connection, {id for _, id in gone})
    return {(interaction, id) for interaction, id in gone if id not in mine}


Reserved = Mapping[str, tuple[str, str]]
Rulings = Mapping[tuple[str, str], Ruling]


def now_in(
    tx: Connection, connection: str, reserved: Reserved, rulings: Rulings
) -> tuple[dict[str, tuple[str, str]], dict[tuple[str, str], Ruling]]:
    """What is reserved and what people have chosen, with the contacts into which we have merged those that
    are named, or are about to."""
    ours = {subject: record for subject, (_, record) in reserved.items() if not subject.startswith("domain:")}
    into = duplicates.into(
        tx, connection, {*ours.values(), *(ruling.choose for ruling in rulings.values())} - {""}
    )
    if not into:
        return dict(reserved), dict(rulings)
    return (
        {
            subject: (key, into.get(record, record) if subject in ours else record)
            for subject, (key, record) in reserved.items()
        },
        {
            about: msgspec.structs.replace(ruling, choose=into.get(ruling.choose, ruling.choose))
            for about, ruling in rulings.items()
        },
    )
