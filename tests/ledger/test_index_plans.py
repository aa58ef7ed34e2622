"""The index answers by its own indexes, however large it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text

from firstcontact.connectors.toolkit.fields import read_fields
from firstcontact.identity.records import Account, Record
from firstcontact.ledger import index
from firstcontact.ledger.history import open_ledger
from firstcontact.store.engine import begin, open_engine, read
from firstcontact.testing.postgres import Server

CRM = "clio"
MANY = 10_000


def record(number: int) -> Record:
    """Somebody with a number and an address; every thousandth has a field that cannot be read."""
    emails, phones = (f"p{number}@acme.example",), (f"+1415555{number:04}",)
    return Record(
        type="contact",
        id=f"c{number}",
        emails=emails,
        phones=phones if number % 1000 else ("415-555-01234567",),
        handles=read_fields(emails, phones, "US")[0],
    )


@pytest.fixture(params=["sqlite", "postgres"])
def full(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An index of some thousand people and accounts."""
    if request.param == "sqlite":
        engine = open_engine(tmp_path / "ledger.db")
    else:
        server: Server = request.getfixturevalue("postgres")
        engine = open_engine(server.database())
    open_ledger(engine)
    with begin(engine) as tx:
        index.keep(tx, CRM, [record(number) for number in range(MANY)], "US", 1)
        accounts = [Account(id=f"a{n}", name="A", domains=(f"d{n}.example",)) for n in range(MANY)]
        index.keep_accounts(tx, CRM, accounts)
    with begin(engine) as tx:
        tx.execute(text("ANALYZE"))
    yield engine
    engine.dispose()


ASKED: dict[str, Callable[[Connection], Any]] = {
    "find": lambda tx: index.find(tx, CRM, [f"p{n}@acme.example" for n in range(12)]),
    "read": lambda tx: index.read(tx, CRM, [f"c{n}" for n in range(12)]),
    "accounts": lambda tx: index.find_accounts(
        tx, CRM, [f"d{n}.example" for n in range(6)], ["+14155550123"]
    ),
    "unreadable": lambda tx: list(index.unreadable_fields(tx, CRM)),
    "state": lambda tx: index.state(tx, CRM),
}


@pytest.mark.parametrize("question", ASKED)
def test_no_question_reads_everything(full: Engine, question: str) -> None:
    """Who bears a handle, who somebody is, whose domain it is, and which fields cannot be read are found
    without reading the whole table, on both databases."""
    statements: list[tuple[str, Any]] = []
    event.listen(
        full, "before_cursor_execute", lambda _c, _u, said, given, *_: statements.append((said, given))
    )
    with read(full) as tx:
        ASKED[question](tx)
    assert statements
    prefix = "EXPLAIN QUERY PLAN " if full.dialect.name == "sqlite" else "EXPLAIN "
    with read(full) as tx:
        for said, given in statements:
            if not said.lstrip().upper().startswith("SELECT"):
                continue
            plan = "\n".join(str(tuple(row)) for row in tx.exec_driver_sql(prefix + said, given))
            scanned = [
                line
                for line in plan.splitlines()
                if ("SCAN" in line and "USING" not in line and "index_" in line)
                or "Seq Scan on index_" in line
            ]
            assert scanned == [], plan
