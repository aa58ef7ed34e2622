"""Domains, suggestions and replays find their rows by indexes, however long an installation has lived."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ledger_facts import create, decided, mail, verdict
from sqlalchemy import Connection, Engine, event, text

from firstcontact.identity.records import Account
from firstcontact.ledger import deciding, domain_rulings, index, intake, reading, writing
from firstcontact.ledger.domain_rulings import DomainRuling
from firstcontact.ledger.domains_met import in_threads, met
from firstcontact.ledger.history import open_ledger
from firstcontact.store.engine import begin, open_engine, read
from firstcontact.testing.postgres import Server

CRM = "clio"
MANY = 8000
GROWING = ("interactions", "verdicts", "participants", "decisions", "writes", "domain_rulings",
           "index_accounts", "reservations")  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def full(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A ledger of some thousand mails with their decisions, contacts made, accounts and rulings."""
    if request.param == "sqlite":
        engine = open_engine(tmp_path_factory.mktemp("plans") / "ledger.db")
    else:
        server: Server = request.getfixturevalue("postgres")
        engine = open_engine(server.database())
    open_ledger(engine)
    people = [f"p{n}@e{n}.example" for n in range(MANY)]
    with begin(engine) as tx:
        facts = [mail(f"i{n}", 10 + n, key, f"t{n}") for n, key in enumerate(people)]
        intake.save(tx, facts, due_at=1, live=True)
        deciding.keep(tx, [decided(f"i{n}", verdict(key, record="r1")) for n, key in enumerate(people)])
        writing.intend(tx, CRM, [create(f"k{n}", key, f"i{n}") for n, key in enumerate(people)], 1)
        accounts = [Account(id=f"a{n}", name="A", domains=(f"d{n}.example",)) for n in range(MANY)]
        index.keep_accounts(tx, CRM, accounts)
        for n in range(MANY):
            ruling = DomainRuling(
                host=f"e{n}.example", account=f"a{n}", known_by=f"d{n}.example", state="added"
            )
            domain_rulings.keep(tx, CRM, ruling)
    with begin(engine) as tx:
        tx.execute(text("ANALYZE"))
    yield engine
    engine.dispose()


LATE = 10 + MANY - 600
ASKED: dict[str, Callable[[Connection], Any]] = {
    "met": lambda tx: met(tx, CRM, (LATE, ""), 20),
    "threads": lambda tx: in_threads(tx, [f"t{n}" for n in range(20)]),
    "rulings": lambda tx: domain_rulings.near(tx, CRM, [f"e{n}.example" for n in range(20)]),
    "rulings of an account": lambda tx: domain_rulings.of_account(tx, CRM, "a7"),
    "follow": lambda tx: domain_rulings.follow(tx, CRM, [Account(id="a7", name="A", domains=("x.example",))]),
    "a page of accounts": lambda tx: index.every_account(tx, CRM, "a5", 20),
    "a page of a replay": lambda tx: next(reading.stored(tx, LATE, 2**62, 100)),
    "who was met before": lambda tx: next(
        reading.stored_with(tx, [f"p{n}@e{n}.example" for n in range(20)], 0, 2**62)
    ),
    "a page of facts": lambda tx: next(reading.facts(tx, LATE, 2**62, 100)),
}


@pytest.mark.parametrize("question", ASKED)
def test_no_question_reads_everything(full: Engine, question: str) -> None:
    """A page of mails, who was in their threads, the rulings on a batch's hosts, and what a replay reads are
    found by an index, on both databases."""
    statements: list[tuple[str, Any]] = []
    event.listen(
        full, "before_cursor_execute", lambda _c, _u, said, given, *_: statements.append((said, given))
    )
    with begin(full) as tx:
        found = ASKED[question](tx)
    assert found is None or found
    asked = [each for each in statements if each[0].lstrip().upper().startswith("SELECT")]
    assert asked
    prefix = "EXPLAIN QUERY PLAN " if full.dialect.name == "sqlite" else "EXPLAIN "
    with read(full) as tx:
        if full.dialect.name == "postgresql":  # as on a disk without moving parts
            tx.exec_driver_sql("SET random_page_cost = 1.1")
        for said, given in asked:
            plan = "\n".join(str(tuple(row)) for row in tx.exec_driver_sql(prefix + said, given))
            scanned = [
                line
                for line in plan.splitlines()
                for table in GROWING
                if re.search(rf"SCAN {table}(?! USING)|Seq Scan on {table}\b", line)
            ]
            assert scanned == [], plan
