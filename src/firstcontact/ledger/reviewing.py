"""Questions waiting for a person."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import Connection, bindparam, select, update

from firstcontact.ledger.tables import reviews
from firstcontact.store.statements import Statement, Values, insert, values


class Review(msgspec.Struct, frozen=True):
    """An open question: about whom, on which interaction, for which reason; `candidates` are record ids."""

    id: int
    interaction: str
    about: str
    reason: str
    reasons: tuple[str, ...]
    candidates: tuple[str, ...]
    opened_at: int


_ASKED = Statement(
    select(reviews.c.id, reviews.c.interaction, reviews.c.about).where(
        reviews.c.interaction.in_(values("interactions"))
    )
)
_OPEN = Statement(
    select(reviews.c.id, reviews.c.interaction, reviews.c.about).where(
        reviews.c.interaction.in_(values("interactions")), reviews.c.state == "open"
    )
)
_SETTLE = Statement(
    update(reviews)
    .where(reviews.c.id.in_(values("ids")))
    .values(state="settled", settled_at=bindparam("_at"))
)


def ask(tx: Connection, rows: Sequence[Values]) -> None:
    """Open questions; one that is open already is kept, with its newest reasons and candidates."""
    upsert_rows = [{**row, "state": "open", "settled_at": None} for row in rows]
    by_subject: dict[tuple[str, str], Values] = {
        (row["interaction"], row["about"]): row for row in upsert_rows
    }
    existing = {
        (interaction, about): id
        for id, interaction, about in _ASKED.rows(tx, interactions={row["interaction"] for row in rows})
    }
    new = [row for subject, row in by_subject.items() if subject not in existing]
    insert(tx, reviews, new)
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
    asked = _OPEN.rows(tx, interactions=still_open)
    done = [id for id, interaction, about in asked if about not in still_open[interaction]]
    _SETTLE.run(tx, ids=done, _at=at)


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
