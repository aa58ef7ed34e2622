"""What is due is found by the index of what is due, however much was due when PostgreSQL last took a look."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ledger_facts import create, mail
from sqlalchemy import Connection, Engine, event, text

from firstcontact.ledger import intake, writing
from firstcontact.ledger.history import open_ledger
from firstcontact.ledger.intake import DeliveryRow
from firstcontact.store.engine import begin, open_engine, read
from firstcontact.testing.postgres import Server

CRM = "clio"
MANY, DONE = 6000, 5900
LANES = (0, 1, 2, 3, 4, 5, 6, 7)
NOW = 2**62
LONG = ("deliveries", "interactions", "writes")


@pytest.fixture(scope="module")
def worked_off(postgres: Server) -> Iterator[Engine]:
    """A ledger whose statistics are of a time when all of an import was due and held; most is done since."""
    engine = open_engine(postgres.database())
    open_ledger(engine)
    with begin(engine) as tx:
        rows = [DeliveryRow(b"d%d" % n, "jsonl", f"calls:{n}", "", b"{}", 0) for n in range(MANY)]
        intake.keep_deliveries(tx, rows, 1, due=True)
        intake.save(tx, [mail(f"i{n}", 10 + n, f"p{n}@e.example") for n in range(MANY)], due_at=1, live=False)
        writes = [create(f"k{n}", f"p{n}@e.example", f"i{n}") for n in range(MANY)]
        writing.intend(tx, CRM, writes, 1)
        writing.mark(tx, [(each.key, "held", None, "") for each in writes])
    with begin(engine) as tx:
        tx.execute(text("ANALYZE"))
    with begin(engine) as tx:
        tx.execute(text("UPDATE deliveries SET due_at = NULL WHERE id <= :done"), {"done": DONE})
        intake.settle(tx, [f"i{n}" for n in range(DONE)])
        writing.release_held(tx, 1)
        tx.execute(text("UPDATE writes SET shard = abs(hashtext(key)) % 16"))
    with begin(engine) as tx:
        rows_left = "SELECT count(*) FROM {} WHERE due_at IS NOT NULL"
        assert tx.scalar(text(rows_left.format("deliveries"))) == MANY - DONE
        assert tx.scalar(text(rows_left.format("interactions"))) == MANY - DONE
    yield engine
    engine.dispose()


ASKED: dict[str, tuple[Callable[[Connection], Any], set[str]]] = {
    "deliveries": (lambda tx: intake.due_deliveries(tx, NOW, 50, LANES), {"deliveries_due"}),
    "all deliveries": (lambda tx: intake.due_deliveries(tx, NOW, 50), {"deliveries_due"}),
    "deliveries of a lane": (lambda tx: intake.due_deliveries(tx, NOW, 50, (3,)), {"deliveries_due"}),
    "interactions": (lambda tx: intake.due(tx, NOW, 50, LANES), {"interactions_due"}),
    "all interactions": (lambda tx: intake.due(tx, NOW, 50), {"interactions_due"}),
    "interactions of a lane": (lambda tx: intake.due(tx, NOW, 50, (3,)), {"interactions_due"}),
    "writes of a lane": (lambda tx: writing.due_writes(tx, CRM, NOW, 50, (3,)), {"writes_due"}),
    "imports": (lambda tx: intake.imports_due(tx, NOW), {"deliveries_due", "interactions_due"}),
    "lanes of deliveries": (lambda tx: intake.waiting_deliveries(tx, NOW, 50), {"deliveries_due"}),
    "lanes of interactions": (lambda tx: intake.waiting_interactions(tx, NOW, 50), {"interactions_due"}),
    "held": (lambda tx: not writing.any_held(tx), {"writes_stopped"}),
}


@pytest.mark.parametrize("question", ASKED)
def test_nothing_that_is_done_is_gone_over(worked_off: Engine, question: str) -> None:
    """By the index of what is due alone, and without looking at more than there is of it."""
    ask, indexes = ASKED[question]
    statements: list[tuple[str, Any]] = []

    def note(_c: Any, _u: Any, said: str, given: Any, *_: Any) -> None:
        statements.append((said, given))

    event.listen(worked_off, "before_cursor_execute", note)
    try:
        with read(worked_off) as tx:
            assert ask(tx)
    finally:
        event.remove(worked_off, "before_cursor_execute", note)
    asked = [each for each in statements if each[0].lstrip().startswith("SELECT")]
    assert asked
    used: set[str] = set()
    with read(worked_off) as tx:
        for said, given in asked:
            explained = tx.exec_driver_sql("EXPLAIN (ANALYZE, FORMAT JSON) " + said, given).scalar_one()
            found, removed = _seen(explained[0]["Plan"])
            used |= {each for each in found if each.startswith(LONG)}
            assert removed < (1 if "of a lane" in question else MANY - DONE), explained
    assert used
    assert used <= indexes, used


def _seen(plan: dict[str, Any]) -> tuple[set[str], int]:
    """The tables and indexes that a plan reads, and how many rows it reads in vain."""
    used = {plan["Index Name"]} if "Index Name" in plan else set()
    if plan["Node Type"] == "Seq Scan" and plan["Relation Name"] in LONG:
        used.add(plan["Relation Name"])
    removed = int(plan.get("Rows Removed by Filter", 0))
    for part in plan.get("Plans", ()):
        more, gone = _seen(part)
        used |= more
        removed += gone
    return used, removed
