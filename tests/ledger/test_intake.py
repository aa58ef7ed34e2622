"""Deliveries, rejections, interactions and names are kept once, superseded in place, and due in time."""

from __future__ import annotations

from ledger_facts import JO, KIM, call, mail
from sqlalchemy import Connection, func, select

from firstcontact.interactions.rejection import Rejection
from firstcontact.ledger import intake, lanes_due
from firstcontact.ledger.intake import DeliveryRow
from firstcontact.ledger.sharding import ALL
from firstcontact.ledger.tables import deliveries, interactions, participants, rejections
from firstcontact.policy.known import ObservedName


def delivery(digest: bytes, raw: bytes = b"raw") -> DeliveryRow:
    return DeliveryRow(digest, "mbox", "a.mbox: 1", "ana", raw, 1)


def test_a_delivery_is_kept_once_byte_for_byte(tx: Connection) -> None:
    """The same digest is one row, as it came first; bytes come back as they were."""
    intake.keep_deliveries(tx, [delivery(b"1", b"\x00\xff"), delivery(b"2")], 7)
    intake.keep_deliveries(tx, [delivery(b"1", b"other")], 8)
    rows = tx.execute(select(deliveries).order_by(deliveries.c.digest)).all()
    assert [(r.digest, r.raw, r.received_at) for r in rows] == [(b"1", b"\x00\xff", 7), (b"2", b"raw", 7)]


def test_seen_knows_deliveries_and_rejections(tx: Connection) -> None:
    """What was delivered or set aside before is known, in whatever number it is asked for."""
    intake.keep_deliveries(tx, [delivery(b"d")], 1)
    intake.keep_rejections(tx, [(b"r", Rejection("p", "cut_off", "why"))], 1)
    many = [number.to_bytes(4, "big") for number in range(1200)]
    assert intake.seen(tx, [b"d", b"r", b"x", *many]) == {b"d", b"r"}


def test_a_rejection_is_said_once(tx: Connection) -> None:
    """The same rejection of a repeated import is one row."""
    for at in (1, 2):
        intake.keep_rejections(tx, [(b"r", Rejection("p", "cut_off", "why"))], at)
    assert tx.scalar(select(func.count()).select_from(rejections)) == 1


def test_an_interaction_is_superseded_in_place(tx: Connection) -> None:
    """One row for one interaction, as it is now; who took part is remembered from every version."""
    intake.save(tx, [call("a"), call("b", key="+14155550124")], due_at=5, live=False)
    intake.retry_at(tx, [("a", 9)])
    newer = call("a", recording="https://rec.example/1")
    intake.save(tx, [newer], due_at=6, live=True)
    assert intake.load(tx, ["a", "zz"]) == {"a": newer}
    row = tx.execute(select(interactions).where(interactions.c.id == "a")).one()
    assert (row.due_at, row.live, row.attempts) == (6, 1, 0)
    assert tx.scalar(select(func.count()).select_from(participants)) == 2


def test_due_is_in_order_of_time(tx: Connection) -> None:
    """What is due by now, the earliest happening first whichever came in first, at most so many."""
    facts = [call("late", at=30), call("early", at=10), call("tie-b", at=20), call("tie-a", at=20)]
    intake.save(tx, facts, due_at=100, live=True)
    intake.save(tx, [call("later", at=1)], due_at=101, live=True)
    assert [d.interaction.id for d in intake.due(tx, 100, 10)] == ["early", "tie-a", "tie-b", "late"]
    assert [d.interaction.id for d in intake.due(tx, 101, 2)] == ["later", "early"]
    assert intake.due(tx, 99, 10) == ()
    assert lanes_due.next_due(tx, "crm", ALL) == 100


def test_a_retry_counts_and_comes_later(tx: Connection) -> None:
    """A retry is due at its time, and says how many there were."""
    intake.save(tx, [call("a")], due_at=1, live=True)
    intake.retry_at(tx, [("a", 50)])
    intake.retry_at(tx, [("a", 60)])
    assert intake.due(tx, 59, 10) == ()
    ((due),) = intake.due(tx, 60, 10)
    assert (due.attempts, due.live) == (2, True)


def test_what_is_decided_is_not_due_unless_there_is_news(tx: Connection) -> None:
    """Settled interactions are due no more; the others stay due."""
    intake.save(tx, [call("a"), call("b"), call("c")], due_at=10, live=True)
    intake.settle(tx, ["a"])
    assert [d.interaction.id for d in intake.due(tx, 99, 10)] == ["b", "c"]


def test_conversations_by_message(tx: Connection) -> None:
    """The thread that a message belongs to, by its Message-ID."""
    intake.save(tx, [mail("m1", thread="t1"), mail("m2", thread="t2")], due_at=1, live=True)
    assert intake.conversations(tx, ["m1@mail.example", "nobody@mail.example"]) == {"m1@mail.example": "t1"}


def test_of_each_provenance_the_newest_name_is_kept(tx: Connection) -> None:
    """An older name never replaces a newer one of the same provenance; a full name comes first, then the
    stronger provenance."""
    intake.observe_names(tx, [(KIM, ObservedName("Kim", "Osei", "typed", "i1", 10))])
    intake.observe_names(
        tx,
        [
            (KIM, ObservedName("Kimberly", "Osei", "typed", "i2", 20)),
            (KIM, ObservedName("Old", "Name", "typed", "i0", 5)),
            (KIM, ObservedName("K", "", "header", "i3", 30)),
            (JO, ObservedName("Jo", "Diaz", "caller_id", "i4", 1)),
        ],
    )
    intake.observe_names(tx, [(KIM, ObservedName("Older", "Name", "typed", "i0", 6))])
    names = intake.names_of(tx, [KIM, JO])
    assert [(n.first, n.source) for n in names[KIM]] == [("Kimberly", "typed"), ("K", "header")]
    assert names[JO][0].interaction == "i4"
    intake.observe_names(tx, [(KIM, ObservedName("Kim", "Osei", "header", "i5", 40))])
    assert [n.source for n in intake.names_of(tx, [KIM])[KIM]] == ["header", "typed"]


def test_a_cursor_is_where_it_was_left(tx: Connection) -> None:
    """Empty from the start, then what was set last."""
    assert intake.cursor(tx, "crm") == ""
    intake.set_cursor(tx, "crm", "1", 1)
    intake.set_cursor(tx, "crm", "2", 2)
    assert intake.cursor(tx, "crm") == "2"
