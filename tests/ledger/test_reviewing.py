"""A question is asked once, kept up to date, and settled when it is asked no longer."""

from __future__ import annotations

from typing import Any

from ledger_facts import JO, KIM
from sqlalchemy import Connection

from firstcontact.ledger import reviewing


def question(interaction: str, about: str, reasons: str = "free_mail", at: int = 1) -> dict[str, Any]:
    return {
        "interaction": interaction,
        "about": about,
        "reason": reasons.split()[0],
        "reasons": reasons,
        "candidates": "c1 c2",
        "opened_at": at,
    }


def test_a_question_is_asked_once(tx: Connection) -> None:
    """Asked again it is the same one, opened when it was, with its newest reasons."""
    reviewing.ask(tx, [question("i1", JO, at=1)])
    reviewing.ask(tx, [question("i1", JO, "several_contacts free_mail", at=9), question("i1", KIM, at=9)])
    one, two = reviewing.open_reviews(tx)
    assert (one.about, one.opened_at, one.reasons) == (JO, 1, ("several_contacts", "free_mail"))
    assert (two.about, two.candidates) == (KIM, ("c1", "c2"))


def test_what_is_asked_no_longer_is_settled(tx: Connection) -> None:
    """Of the interactions decided; others' questions stay."""
    reviewing.ask(tx, [question("i1", JO), question("i1", KIM), question("i2", JO)])
    reviewing.settle_others(tx, {"i1": (KIM,)}, 5)
    assert [(r.interaction, r.about) for r in reviewing.open_reviews(tx)] == [("i1", KIM), ("i2", JO)]
    assert [r.interaction for r in reviewing.open_about(tx, JO)] == ["i2"]


def test_a_settled_question_can_be_asked_again(tx: Connection) -> None:
    """It is open again, as one question."""
    reviewing.ask(tx, [question("i1", JO)])
    reviewing.settle_others(tx, {"i1": ()}, 5)
    assert reviewing.open_reviews(tx) == ()
    reviewing.ask(tx, [question("i1", JO)])
    assert len(reviewing.open_reviews(tx)) == 1
