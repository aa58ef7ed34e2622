"""Contact roles in the ledger: seen and under way, on both databases, and by their indexes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ledger_facts import CRM, create
from sqlalchemy import Connection, Engine, event, text

from firstcontact.ledger import roles, writing
from firstcontact.ledger.history import open_ledger
from firstcontact.planning.write import (
    ContactRoleFields,
    CreatedBy,
    Existing,
    Receipt,
    Target,
    Write,
    write_key,
)
from firstcontact.store.engine import begin, open_engine, read
from firstcontact.testing.postgres import Server

MANY = 6000


def a_role(key: str, opportunity: str, contact: Target, interaction: str = "i1") -> Write:
    fields = ContactRoleFields(opportunity=opportunity, contact=contact, account="a1", domain="acme.example")
    return Write(key=key, kind="contact_role", interaction=interaction, subject=key, fields=fields)


def intend(tx: Connection, *writes: Write, held: bool = False) -> None:
    writing.intend(tx, CRM, writes, 1, held={"i1"} if held else ())
    roles.intend(tx, CRM, writes)


def test_what_was_seen_stays_seen(tx: Connection) -> None:
    """Seen twice is seen once; other opportunities and connections do not show."""
    roles.see(tx, CRM, [("o1", "c1"), ("o1", "c2"), ("o2", "c1")])
    roles.see(tx, CRM, [("o1", "c1")])
    roles.see(tx, "other", [("o1", "c9")])
    assert roles.seen(tx, CRM, ["o1"]) == {("o1", "c1"), ("o1", "c2")}
    assert roles.seen(tx, CRM, []) == frozenset()


@pytest.mark.parametrize(
    "state", ["intended", "held", "sent", "waiting", "done", "dropped", "parked", "unclear"]
)
def test_under_way_is_what_may_still_be_made(tx: Connection, state: str) -> None:
    """A role counts while its write may come to something: not once it is made, dropped or refused."""
    intend(tx, a_role("k", "o1", Existing("contact", "c1")), held=state == "held")
    if state == "done":
        writing.mark_done(tx, [Receipt("k", "o1:c1", True)], 2)
    elif state not in ("intended", "held"):
        writing.mark(tx, [("k", state, None, "so")])
    alive = state in ("intended", "held", "sent", "waiting")
    assert roles.under_way(tx, CRM, ["o1"]) == ({("o1", "c1")} if alive else frozenset())
    assert roles.under_way(tx, CRM, ["o2"]) == frozenset()
    assert roles.under_way(tx, "other", ["o1"]) == frozenset()


def test_under_way_knows_whom_a_write_has_made(tx: Connection) -> None:
    """A role of a contact that is to be made is that contact's, by the write first, then by its id."""
    key = write_key(CRM, "create_contact", "i1", "kim@acme.example")
    intend(tx, create(key), a_role("k", "o1", CreatedBy(key)))
    assert roles.under_way(tx, CRM, ["o1"]) == {("o1", f"new:{key}")}
    writing.mark_done(tx, [Receipt(key, "c7", True)], 2)
    assert roles.under_way(tx, CRM, ["o1"]) == {("o1", "c7")}


def test_what_was_decided_is_known_whatever_became_of_it(tx: Connection) -> None:
    """Each with its write's interaction and state, and whether it is ours: made by it, or perhaps."""
    key = write_key(CRM, "create_contact", "i1", "kim@acme.example")
    planned = [
        a_role("made", "o1", CreatedBy(key)),
        a_role("adopted", "o1", Existing("contact", "c2"), "i2"),
        a_role("sent", "o1", Existing("contact", "c3")),
        a_role("dropped", "o1", Existing("contact", "c4")),
    ]
    intend(tx, create(key), *planned)
    writing.mark_done(tx, [Receipt(key, "c7", True), Receipt("made", "o1:c7", True)], 2)
    writing.mark_done(tx, [Receipt("adopted", "o1:c2", False)], 2)
    writing.mark(tx, [("sent", "sent", None, ""), ("dropped", "dropped", None, "so")])
    found = sorted(roles.intended(tx, CRM, ["o1"]), key=lambda each: each.contact)
    assert [(each.contact, each.interaction, each.state, each.ours, each.under_way) for each in found] == [
        ("c2", "i2", "done", False, False),
        ("c3", "i1", "sent", True, True),
        ("c4", "i1", "dropped", False, False),
        ("c7", "i1", "done", True, False),
    ]
    assert roles.intended(tx, CRM, ["o2"]) == roles.intended(tx, "other", ["o1"]) == ()


def test_a_dropped_role_that_is_intended_anew_is_under_way_again(tx: Connection) -> None:
    """Its row is there already, and its write lives again."""
    write = a_role("k", "o1", Existing("contact", "c1"))
    intend(tx, write)
    writing.mark(tx, [("k", "dropped", None, "closed")])
    assert roles.under_way(tx, CRM, ["o1"]) == frozenset()
    intend(tx, write)
    assert roles.under_way(tx, CRM, ["o1"]) == {("o1", "c1")}


def test_other_writes_make_no_role(tx: Connection) -> None:
    """A contact, or a role that is taken away, is not remembered as one to be made."""
    taken = a_role("r", "o1", Existing("contact", "c1"))
    intend(
        tx, create("k"), Write(key="r", kind="remove_role", interaction="i1", subject="", fields=taken.fields)
    )
    assert roles.under_way(tx, CRM, ["o1"]) == frozenset()


@pytest.fixture(params=["sqlite", "postgres"])
def full(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A ledger with some thousand roles, most of them made."""
    if request.param == "sqlite":
        engine = open_engine(tmp_path / "ledger.db")
    else:
        server: Server = request.getfixturevalue("postgres")
        engine = open_engine(server.database())
    open_ledger(engine)
    planned = [a_role(f"k{n}", f"o{n // 3}", Existing("contact", f"c{n}")) for n in range(MANY)]
    with begin(engine) as tx:
        intend(tx, *planned)
        writing.mark_done(tx, [Receipt(write.key, f"r-{write.key}", True) for write in planned[50:]], 2, ())
        roles.see(tx, CRM, [(f"o{n // 3}", f"c{n}") for n in range(MANY)])
    with begin(engine) as tx:
        tx.execute(text("ANALYZE"))
    yield engine
    engine.dispose()


ASKED: dict[str, Callable[[Connection], Any]] = {
    "seen": lambda tx: roles.seen(tx, CRM, [f"o{n}" for n in range(12)]),
    "under way": lambda tx: roles.under_way(tx, CRM, [f"o{n}" for n in range(12)]),
    "decided": lambda tx: roles.intended(tx, CRM, [f"o{n}" for n in range(12)]),
}


@pytest.mark.parametrize("question", ASKED)
def test_no_question_about_roles_reads_everything(full: Engine, question: str) -> None:
    """The roles of some opportunities are found by index, and so are the writes behind them."""
    statements: list[tuple[str, Any]] = []
    event.listen(
        full, "before_cursor_execute", lambda _c, _u, said, given, *_: statements.append((said, given))
    )
    with read(full) as tx:
        assert ASKED[question](tx)
    prefix = "EXPLAIN QUERY PLAN " if full.dialect.name == "sqlite" else "EXPLAIN "
    told = [each for each in statements if each[0].lstrip().upper().startswith("SELECT")]
    assert told
    with read(full) as tx:
        for said, given in told:
            plan = "\n".join(str(tuple(row)) for row in tx.exec_driver_sql(prefix + said, given))
            lines = plan.splitlines()
            scans = [line for line in lines if "SCAN" in line and "USING" not in line]
            assert all("json_each" in line for line in scans), plan  # which is the list that was asked for
            assert "Seq Scan" not in plan, plan
