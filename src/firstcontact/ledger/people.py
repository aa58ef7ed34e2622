"""Who was met: the people of the decisions, by what was decided about them."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Connection, select

from firstcontact.interactions.model import Interaction, decode
from firstcontact.ledger.tables import interactions, verdicts

_CAME_IN = ("create", "link", "link_lead")


def left_out(tx: Connection) -> dict[str, int]:
    """For each reason how many people it keeps, by the last decisions; nobody who was created or linked on
    any interaction is among them. Somebody kept by two reasons counts for both."""
    known = select(verdicts.c.about).where(verdicts.c.verdict.in_(_CAME_IN))
    query = (
        select(verdicts.c.about, verdicts.c.decisive)
        .where(
            verdicts.c.about != "",
            verdicts.c.verdict.in_(("leave", "ask")),
            verdicts.c.about.not_in(known),
        )
        .distinct()
    )
    people = {(about, name) for about, names in tx.execute(query) for name in names.split()}
    return dict(Counter(name for _, name in people).most_common())


def interactions_about(tx: Connection, about: str, limit: int = 200) -> tuple[Interaction, ...]:
    """Interactions on which something was decided about a subject, newest first: also one without a handle,
    as a withheld number."""
    query = (
        select(interactions.c.data)
        .join(verdicts, verdicts.c.interaction == interactions.c.id)
        .where(verdicts.c.about == about)
        .order_by(interactions.c.at.desc())
        .limit(limit)
    )
    return tuple(decode(data) for data in tx.scalars(query))
