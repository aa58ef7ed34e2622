"""Questions waiting for a person."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import Connection, select, update

from firstcontact.ledger.statements import Row, chunks
from firstcontact.ledger.tables import reviews


class Review(msgspec.Struct, frozen=True):
    """An open question: about whom, on which interaction, for which reason; `candidates` are record ids."""

    id: int
    interaction: str
    about: str
    reason: str
    reasons: tuple[str, ...]
    candidates: tuple[str, ...]
    opened_at: int


def ask(tx: Connection, rows: Sequence[Row]) -> None:
    """Open questions; one that is open already is kept, with its newest reasons and candidates."""
    upsert_rows = [{**row, "state": "open", "settled_at": None} for row in rows]
    by_subject: dict[tuple[str, str], Row] = {(row["interaction"], row["about"]): row for row in upsert_rows}
    existing = {
        (row.interaction, row.about): row.id
        for chunk in chunks({row["interaction"] for row in upsert_rows})
        for row in tx.execute(select(reviews).where(reviews.c.interaction.in_(chunk)))
    }
    new = [row for subject, row in by_subject.items() if subject not in existing]
    if new:
        tx.execute(reviews.insert(), new)
    for subject, row in by_subject.items():
        if subject in existing:
            tx.execute(
                update(reviews)
                .where(reviews.c.id == existing[subject])
                .values(
                    reason=row["reason"],
                    reasons=row["reasons"],
                    candidates=row["candidates"],
                    state="open",
                    settled_at=None,
                )
            )


def settle_others(tx: Connection, still_open: dict[str, Collection[str]], at: int) -> None:
    """Settle the open questions of decided interactions, but for the subjects still asked about."""
    for chunk in chunks(still_open):
        query = select(reviews.c.id, reviews.c.interaction, reviews.c.about).where(
            reviews.c.interaction.in_(chunk), reviews.c.state == "open"
        )
        done = [row.id for row in tx.execute(query) if row.about not in still_open[row.interaction]]
        if done:
            tx.execute(update(reviews).where(reviews.c.id.in_(done)).values(state="settled", settled_at=at))


def open_reviews(tx: Connection, limit: int = 1_000_000) -> tuple[Review, ...]:
    """All open questions, oldest first."""
    query = select(reviews).where(reviews.c.state == "open").order_by(reviews.c.id).limit(limit)
    return tuple(_review(row) for row in tx.execute(query))


def open_about(tx: Connection, about: str) -> tuple[Review, ...]:
    """Open questions about one subject."""
    query = select(reviews).where(reviews.c.about == about, reviews.c.state == "open").order_by(reviews.c.id)
    return tuple(_review(row) for row in tx.execute(query))


def _review(row: object) -> Review:
    get = row._mapping  # type: ignore[attr-defined]
    return Review(
        id=get["id"],
        interaction=get["interaction"],
        about=get["about"],
        reason=get["reason"],
        reasons=tuple(get["reasons"].split()),
        candidates=tuple(get["candidates"].split()),
        opened_at=get["opened_at"],
    )
