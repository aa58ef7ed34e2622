"""Duplicates in the ledger: candidates page by page, what is known of pairs, and by which index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ledger_facts import CRM
from sqlalchemy import Connection, Engine, event, text

from firstcontact.connectors.toolkit.fields import read_fields
from firstcontact.identity.records import Record
from firstcontact.ledger import deciding, duplicates
from firstcontact.ledger.duplicates import PairRow
from firstcontact.ledger.history import open_ledger
from firstcontact.ledger.tables_of_people import enriched
from firstcontact.planning.unmerge import Journal
from firstcontact.store.engine import begin, open_engine, read
from firstcontact.testing.postgres import Server


def record(id: str, *emails: str, **more: Any) -> Record:
    return Record(type="contact", id=id, emails=emails, handles=read_fields(emails, (), "US")[0], **more)


def pair(loser: str, survivor: str, state: str = "suggested", connection: str = CRM, at: int = 1) -> PairRow:
    return PairRow(
        write_key=f"{connection} {loser}>{survivor}", connection=connection, survivor=survivor, loser=loser,
        state=state, at=at,
    )  # fmt: skip


def test_handles_that_several_bear(tx: Connection) -> None:
    """In the order of the handles, page by page, each with how many; of this connection only."""
    deciding.bears(tx, CRM, [record(f"c{n}", f"p{n % 4}@a.example", "all@a.example") for n in range(7)])
    deciding.bears(tx, CRM, [record("alone", "alone@a.example")])
    deciding.bears(tx, "other", [record("x1", "p9@a.example"), record("x2", "p9@a.example")])
    every = [("all@a.example", 7), *((f"p{n}@a.example", 2) for n in range(3))]
    assert list(duplicates.shared(tx, CRM)) == every
    first = duplicates.shared(tx, CRM, most=2)
    assert list(first) == every[:2]
    assert list(duplicates.shared(tx, CRM, after=first[-1][0], most=2)) == every[2:]
    assert duplicates.borne_by(tx, CRM, ["c1"]) == {"c1": ("all@a.example", "p1@a.example")}


def test_which_record_stands_for_another(tx: Connection) -> None:
    """By merges of ours that are done or under way, however many in a row; never round for ever, and never in
    another connection."""
    mine = [("a", "b", "done"), ("b", "c", "intended"), ("d", "e", "refused"), ("h", "i", "done")]
    duplicates.keep(tx, [*(pair(*each) for each in mine), pair("i", "h", "done")])
    duplicates.keep(tx, [pair("f", "g", "done", "other")])
    assert duplicates.into(tx, CRM, ["a", "b", "d", "f", "z"]) == {"a": "c", "b": "c"}
    assert duplicates.into(tx, CRM, ["a", "b"], ("done",)) == {"a": "b"}
    assert set(duplicates.into(tx, CRM, ["h"])) <= {"h"}
    assert duplicates.into(tx, CRM, []) == {}


def test_pairs_that_a_person_told_apart(tx: Connection) -> None:
    """Refused and taken back ones, whichever of the two is asked about first; and what is said anew takes the
    place of what was said before."""
    duplicates.keep(tx, [pair("a", "b", "refused"), pair("c", "d", "undone"), pair("e", "f", "suggested")])
    assert duplicates.told_apart(tx, CRM, ["a", "b", "c", "d", "e", "f"]) == {
        frozenset("ab"), frozenset("cd"),
    }  # fmt: skip
    assert [row.state for row in duplicates.pairs_of(tx, CRM, ["b"])] == ["refused"]
    duplicates.keep(tx, [pair("x", "y", "done")])
    duplicates.forget_pair(tx, CRM, "b", "a")
    duplicates.forget_pair(tx, CRM, "x", "y")
    assert [row.loser for row in duplicates.standing(tx, CRM, ("refused", "done"))] == ["x"]


def test_old_suggestions_go(tx: Connection) -> None:
    """What the newest search did not find again is no suggestion; what a person is asked about stays."""
    duplicates.keep(tx, [pair("a", "b", at=1), pair("c", "d", at=2), pair("e", "f", "asked", at=1)])
    duplicates.forget_older(tx, CRM, "", 2)
    assert [row.loser for row in duplicates.standing(tx, CRM, ("suggested", "asked"))] == ["e", "c"]


def test_a_journal_stays(tx: Connection) -> None:
    """What is said of a pair later leaves the journal as it is."""
    duplicates.keep(tx, [pair("a", "b")])
    assert duplicates.journal(tx, f"{CRM} a>b") is None
    journal = Journal(loser=record("a", "jo@a.example"), survivor=record("b"))
    duplicates.write_journal(tx, f"{CRM} a>b", journal)
    duplicates.keep(tx, [pair("a", "b", "done")])
    assert duplicates.journal(tx, f"{CRM} a>b") == journal


def test_provenance_follows(tx: Connection) -> None:
    """Where a value comes from is known of the survivor, too, where it had none of its own."""
    rows = [
        {"connection": CRM, "record": "a", "field": field, "write_key": "w", "value": "v", "before": "",
         "mode": "always", "source": "signature", "interaction": "i", "observed_at": 1, "at": 1}
        for field in ("title", "department", "phone")
    ]  # fmt: skip
    tx.execute(enriched.insert(), rows)
    journal = Journal(loser=record("a", title="v", department="v"), survivor=record("b", title="CEO"))
    duplicates.follow(tx, CRM, journal)
    found = tx.execute(enriched.select().where(enriched.c.record == "b")).all()
    assert sorted(row.field for row in found) == ["department", "phone"]


MANY = 10_000


@pytest.fixture(params=["sqlite", "postgres"], scope="module")
def full(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Some thousand records and pairs."""
    if request.param == "sqlite":
        folder: Path = tmp_path_factory.mktemp("merges")
        engine = open_engine(folder / "ledger.db")
    else:
        server: Server = request.getfixturevalue("postgres")
        engine = open_engine(server.database())
    open_ledger(engine)
    with begin(engine) as tx:
        deciding.bears(tx, CRM, [record(f"c{n}", f"p{n // 2}@acme.example") for n in range(MANY)])
        duplicates.keep(
            tx, [pair(f"c{n}", f"c{n + 1}", "done" if n % 50 else "suggested") for n in range(MANY)]
        )
    with begin(engine) as tx:
        tx.execute(text("ANALYZE"))
    yield engine
    engine.dispose()


ASKED: dict[str, Callable[[Connection], Any]] = {
    "candidates": lambda tx: duplicates.shared(tx, CRM, "p2@acme.example", 20),
    "handles": lambda tx: duplicates.borne_by(tx, CRM, ["c1", "c2"]),
    "into": lambda tx: duplicates.into(tx, CRM, ["c49"]),
    "told apart": lambda tx: duplicates.told_apart(tx, CRM, ["c1", "c2"]),
    "pairs of": lambda tx: duplicates.pairs_of(tx, CRM, ["c1"]),
    "journal": lambda tx: duplicates.journal(tx, "k"),
    "what points at it": lambda tx: duplicates.journal_of(tx, CRM, record("c1"), record("c2")),
}


@pytest.mark.parametrize("question", ASKED)
def test_no_question_about_pairs_reads_everything(full: Engine, question: str) -> None:
    """Candidates come in the order of the index, and pairs by theirs, on both databases."""
    statements: list[tuple[str, Any]] = []
    event.listen(
        full, "before_cursor_execute", lambda _c, _u, said, given, *_: statements.append((said, given))
    )
    with read(full) as tx:
        ASKED[question](tx)
        asked = [one for one in statements if one[0].lstrip().upper().startswith("SELECT")]
        prefix = "EXPLAIN QUERY PLAN " if full.dialect.name == "sqlite" else "EXPLAIN "
        for said, given in asked:
            plan = "\n".join(str(tuple(row)) for row in tx.exec_driver_sql(prefix + said, given))
            first = "LIMIT" in said and "merges" in said  # whether there is one at all: the first one says
            assert "SCAN merges" not in plan or first, plan
            assert "Seq Scan on merges" not in plan or first, plan
            assert "Seq Scan on bearers" not in plan, plan
            assert "TEMP B-TREE" not in plan or "bearers" not in said, plan
    assert asked
