"""Pairs of records for a person to look at: what is kept of them, with the records as they are now."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from firstcontact.connectors.contract import Crm
from firstcontact.flow.looking_for_duplicates import read_records
from firstcontact.identity.duplicates import AGAINST, EVIDENCE, alike, in_words
from firstcontact.identity.records import Record
from firstcontact.ledger import duplicates
from firstcontact.ledger.book import Ledger
from firstcontact.ledger.duplicates import PairRow
from firstcontact.planning.merges import WHY, Merge, Suggestion

STATES: dict[str, str] = {
    "suggested": "may be one person",
    "asked": "one person; waits for your word",
    "intended": "being merged",
    "done": "merged",
    "refused": "two people, as a person said",
    "undone": "merged, and taken back",
    "gone": "one of them is not there any more",
}
"""What a pair's state says."""


class PairShown(msgspec.Struct, frozen=True, kw_only=True):
    """A pair in words. goes, stays: ids of the two, the second of which would stay; names: what each is
    called now, "" where it is not there. speaks_for, speaks_against, why: parts of sentences."""

    goes: str
    stays: str
    names: tuple[str, str]
    state: str
    speaks_for: str
    speaks_against: str = ""
    why: str = ""
    by: str = ""
    at: int = 0


def kept(ledger: Ledger, crm: Crm, states: Sequence[str], most: int = 200) -> tuple[list[PairShown], int]:
    """Pairs in these states, the newest first, at most so many; and how many there are.

    Raises TryAgain, AuthLapsed.
    """
    with ledger.read() as tx:
        rows = duplicates.standing(tx, crm.connection, states)
    newest = sorted(rows, key=lambda row: (-row.at, row.write_key))[:most]
    ids = sorted({id for row in newest for id in (row.loser, row.survivor)})
    records = read_records(ledger, crm, ids) if ids else {}
    return [_shown(row, records.get(row.loser), records.get(row.survivor)) for row in newest], len(rows)


def waiting(ledger: Ledger, crm: Crm) -> int:
    """How many merges wait for a person's word, because `autonomy.merge` says so."""
    with ledger.read() as tx:
        return duplicates.how_many(tx, crm.connection, "asked")


def _shown(row: PairRow, goes: Record | None, stays: Record | None) -> PairShown:
    speaks_for, against = _by_name(row.evidence.split())
    if goes is not None and stays is not None and "alike_by_model" not in row.evidence:
        speaks_for, against = in_words(alike(goes, stays))
    return PairShown(
        goes=row.loser,
        stays=row.survivor,
        names=(called(goes), called(stays)),
        state=row.state,
        speaks_for=speaks_for,
        speaks_against=against,
        why=why_in_words(row.why),
        by=row.by,
        at=row.at,
    )


def _by_name(names: Sequence[str]) -> tuple[str, str]:
    values = {"email": "an address", "phone": "a number"}
    return (
        "; ".join(EVIDENCE[name].format(**values) for name in names if name in EVIDENCE),
        "; ".join(AGAINST[name].format(**values) for name in names if name in AGAINST),
    )


def why_in_words(why: str) -> str:
    """Why a pair is not merged by itself, as a part of a sentence."""
    name, _, words = why.partition(": ")
    return f"{WHY[name]}: {words}" if name in WHY and words else WHY.get(why, why)


def found(one: Merge | Suggestion, state: str) -> PairShown:
    """A pair as a search has just found it."""
    goes, stays = (one.loser, one.survivor) if isinstance(one, Merge) else (one.one, one.other)
    speaks_for, against = in_words(one.likeness)
    return PairShown(
        goes=goes.id,
        stays=stays.id,
        names=(called(goes), called(stays)),
        state=state,
        speaks_for=speaks_for,
        speaks_against=against,
        why=why_in_words(one.why) if isinstance(one, Suggestion) else "",
    )


def called(record: Record | None) -> str:
    """The record's name, else an address or number of it; "" where there is no record."""
    if record is None:
        return ""
    name = record.name or f"{record.first_name} {record.last_name}".strip()
    return name or next(iter((*record.emails, *record.phones)), "without a name")
