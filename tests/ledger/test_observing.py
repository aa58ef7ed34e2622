"""What was observed of people and what was written of it, on both databases."""

from __future__ import annotations

import itertools
from typing import cast

import pytest
from sqlalchemy import Connection, Engine, text

from firstcontact.ledger import observing, writing
from firstcontact.ledger.history import open_ledger
from firstcontact.planning.write import ContactFields, Existing, Receipt, Write
from firstcontact.policy.decision import FieldChange
from firstcontact.policy.known import ContactField, ObservedValue
from firstcontact.store.engine import begin, open_engine
from firstcontact.testing.postgres import Server

CRM, JO, KIM = "crm", "jo@acme.example", "kim@acme.example"
NUMBER = "+14155550123"


def said(value: str, at: int, field: str = "title", source: str = "signature") -> ObservedValue:
    return ObservedValue(cast(ContactField, field), value, source, f"m{at}", at)


def change(field: str, value: str, before: str = "") -> FieldChange:
    return FieldChange(field, value, before, "always", "signature")


def wrote(tx: Connection, key: str, *changes: FieldChange, at: int, done: bool = True) -> None:
    """A write into the contact c1 of what was said at a time."""
    write = Write(
        key=key, kind="update_contact", interaction=f"m{at}", subject=key, fields=ContactFields(),
        target=Existing("contact", "c1"),
    )  # fmt: skip
    writing.intend(tx, CRM, [write], at)
    observing.keep(tx, CRM, [(key, "c1", each, f"m{at}", at) for each in changes], at)
    if done:
        writing.mark_done(tx, [Receipt(key, "c1", False, at)], at)


@pytest.mark.parametrize("order", list(itertools.permutations((1, 2, 3))))
def test_the_newest_is_kept_in_whatever_order_they_come(tx: Connection, order: tuple[int, ...]) -> None:
    """An older value never takes a newer one's place, in one batch or in several."""
    for at in order:
        observing.observe(tx, [(JO, said(f"title {at}", at)), (KIM, said("other", 1))])
    observing.observe(tx, [(KIM, said(f"title {at}", at)) for at in order])
    found = observing.observed_of(tx, [JO, KIM, "nobody@acme.example"])
    assert found == {JO: (said("title 3", 3),), KIM: (said("title 3", 3),)}


def test_a_number_tells_everybody_who_has_it(tx: Connection) -> None:
    """Of a number it is known in whose signatures it stands."""
    observing.observe(tx, [(JO, said(NUMBER, 1, "phone")), (KIM, said(NUMBER, 2, "mobile"))])
    observing.observe(tx, [(JO, said(NUMBER, 3, "company"))])
    assert observing.said_of(tx, [NUMBER, "+14155550199"]) == {NUMBER: frozenset({JO, KIM})}


def test_a_bounce_is_over_once_the_address_writes(tx: Connection) -> None:
    """An address that sends mail after its bounce takes mail again; one that sent before does not."""
    observing.observe(tx, [(key, said(key, 5, "email", observing.BOUNCE)) for key in (JO, KIM)])
    observing.alive(tx, {JO: 6, KIM: 4, "nobody@acme.example": 9})
    assert observing.bounces(tx, [JO, KIM]) == {KIM: 5}


def test_only_what_is_done_counts_as_written(tx: Connection) -> None:
    """A value counts once its write is done, and the newest of a field is the last."""
    wrote(tx, "k1", change("title", "Clerk"), change("company", "Acme"), at=1)
    wrote(tx, "k2", change("title", "Chief", "Clerk"), at=2)
    wrote(tx, "k3", change("title", "Never"), at=3, done=False)
    found = observing.written(tx, CRM, ["c1", "c2"])
    assert {(each.field, each.value, each.at) for each in found["c1"]} == {
        ("title", "Chief", 2),
        ("company", "Acme", 1),
    }
    assert observing.written(tx, "another", ["c1"]) == {}
    assert [(row.write_key, row.state) for row in observing.of_records(tx, CRM, ["c1"])] == [
        ("k3", "intended"),
        ("k2", "done"),
        ("k1", "done"),
        ("k1", "done"),
    ]
    assert [row.before for row in observing.of_writes(tx, ["k2"])["k2"]] == ["Clerk"]


def test_what_a_new_contact_got_is_on_its_record(tx: Connection) -> None:
    """Values of a contact that was made go by its id; of one that was there already nothing was written."""
    for key in ("k1", "k2"):
        write = Write(
            key=key, kind="create_contact", interaction="m1", subject=key, fields=ContactFields(title="VP")
        )
        writing.intend(tx, CRM, [write], 1)
        observing.keep(tx, CRM, [(key, f"new:{key}", change("title", "VP"), "m1", 1)], 1)
    receipts = [Receipt("k1", "c1", True, 2), Receipt("k2", "c2", False, 2), Receipt("k3", "c3", True, 2)]
    writing.mark_done(tx, receipts, 2)
    observing.made(tx, receipts)
    assert [each.value for each in observing.written(tx, CRM, ["c1"])["c1"]] == ["VP"]
    assert observing.of_records(tx, CRM, ["c2", "new:k2"]) == ()


def test_what_we_made_is_told_from_what_was_there(tx: Connection) -> None:
    """Only the contacts that a write made are ours."""
    for key in ("k1", "k2"):
        write = Write(key=key, kind="create_contact", interaction="m1", subject=key, fields=ContactFields())
        writing.intend(tx, CRM, [write], 1)
    writing.mark_done(tx, [Receipt("k1", "c1", True, 2), Receipt("k2", "c2", False, 2)], 2)
    assert writing.made_by(tx, ["k1", "k2"]) == {"c1"}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nothing_is_read_whole(kind: str, request: pytest.FixtureRequest) -> None:
    """However many values there are, each question goes by an index."""
    engine: Engine
    if kind == "sqlite":
        engine = open_engine(":memory:")
    else:
        server: Server = request.getfixturevalue("postgres")
        engine = open_engine(server.database())
    open_ledger(engine)
    with begin(engine) as tx:
        people = [f"p{n}@acme.example" for n in range(5000)]
        observing.observe(tx, [(key, said(f"+1415{n:07}", 1, "phone")) for n, key in enumerate(people)])
        rows = [(f"k{n}", f"c{n}", change("title", "VP"), "m1", 1) for n in range(5000)]
        observing.keep(tx, CRM, rows, 1)
    with begin(engine) as tx:
        tx.execute(text("ANALYZE"))
        plans = [
            "SELECT * FROM observed WHERE key IN ('p1@acme.example')",
            "SELECT key FROM observed WHERE value IN ('+14150000001') AND field IN ('phone')",
            "SELECT * FROM enriched WHERE write_key IN ('k1')",
            "SELECT * FROM enriched WHERE connection = 'crm' AND record IN ('c1')",
        ]
        explain = "EXPLAIN QUERY PLAN " if kind == "sqlite" else "EXPLAIN "
        for query in plans:
            told = " ".join(str(row) for row in tx.execute(text(explain + query)))
            assert "SCAN" not in told.upper().replace("INDEX SCAN", "").replace("BITMAP HEAP SCAN", ""), told
    engine.dispose()


def test_nothing_asks_nothing(tx: Connection) -> None:
    """Nothing observed and nobody asked about is no question at all."""
    observing.observe(tx, [])
    observing.keep(tx, CRM, [], 1)
    observing.made(tx, [])
    assert observing.observed_of(tx, []) == {}
