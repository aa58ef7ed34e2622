"""Writes go from intent to receipt; reservations, activities and changes keep their order."""

from __future__ import annotations

from typing import Any

import pytest
from ledger_facts import CRM, JO, KIM, activity, change, contact, create, log, text
from sqlalchemy import Connection, select

from firstcontact.ledger import intake, lanes_due, writing
from firstcontact.ledger.sharding import ALL
from firstcontact.ledger.tables import writes
from firstcontact.planning.plan import Logged
from firstcontact.planning.write import ActivityFields, CreatedBy, Receipt


def states(tx: Connection) -> dict[str, str]:
    return {row.key: row.state for row in tx.execute(select(writes.c.key, writes.c.state))}


def row_of(tx: Connection, key: str) -> Any:
    return tx.execute(select(writes).where(writes.c.key == key)).one()


def body_of(tx: Connection, key: str) -> str:
    (intent,) = [i for i in writing.due_writes(tx, CRM, 2**60, 100) if i.write.key == key]
    assert isinstance(intent.write.fields, ActivityFields)
    return intent.write.fields.body


def test_a_write_is_intended_once(tx: Connection) -> None:
    """The same key again changes nothing, whatever came of it."""
    writing.intend(tx, CRM, [create("k", first_name="Jo")], 1)
    writing.mark_done(tx, [Receipt("k", "c1", True)], 2)
    writing.intend(tx, CRM, [create("k", first_name="Other")], 3)
    row = row_of(tx, "k")
    assert (row.state, row.record, row.at, row.due_at) == ("done", "c1", 1, None)


def test_a_dropped_write_is_intended_anew(tx: Connection) -> None:
    """With what is planned now; what the CRM said last stays known."""
    writing.intend(tx, CRM, [log("k", body="old")], 1)
    writing.mark(tx, [("k", "dropped", None, "several")])
    writing.intend(tx, CRM, [log("k", body="new")], 9)
    ((intent),) = writing.due_writes(tx, CRM, 9, 10)
    assert (intent.state, intent.problem, body_of(tx, "k")) == ("intended", "several", "new")


def test_what_a_brake_holds_is_due_when_released(tx: Connection) -> None:
    """Held writes are not due, are counted, and go out after the release."""
    writing.intend(tx, CRM, [create("k1"), log("k2")], 1, held={"i1"})
    assert writing.due_writes(tx, CRM, 99, 10) == ()
    assert writing.held(tx) == {"create_contact": 1, "log_activity": 1}
    writing.release_held(tx, 5)
    assert [i.write.key for i in writing.due_writes(tx, CRM, 5, 10)] == ["k1", "k2"]


def test_due_writes_are_one_connection_s_own(tx: Connection) -> None:
    """Oldest first, at most so many, and never another connection's."""
    writing.intend(tx, CRM, [log("b", "i1")], 2)
    writing.intend(tx, CRM, [log("a", "i2")], 1)
    writing.intend(tx, "other", [log("c", "i3")], 1)
    assert [i.write.key for i in writing.due_writes(tx, CRM, 5, 10)] == ["a", "b"]
    assert [i.write.key for i in writing.due_writes(tx, CRM, 5, 1)] == ["a"]
    assert writing.due_writes(tx, CRM, 0, 10) == ()
    assert lanes_due.next_due(tx, CRM, ALL) == 1


def test_writes_of_one_batch_are_due_as_planned(tx: Connection) -> None:
    """Whatever their keys are, what a write points at is taken before it, after a brake's release, too."""
    writing.intend(tx, CRM, [create("z"), log("m", "i1"), log("a", "i2")], 1, held={"i2"})
    assert [i.write.key for i in writing.due_writes(tx, CRM, 5, 2)] == ["z", "m"]
    writing.release_held(tx, 1)
    assert [i.write.key for i in writing.due_writes(tx, CRM, 5, 3)] == ["z", "m", "a"]


def test_the_first_reservation_holds(tx: Connection) -> None:
    """Whoever comes second gets the first one's key; another connection has its own."""
    assert writing.reserve(tx, CRM, {JO: "k1"}, 1) == {JO: "k1"}
    assert writing.reserve(tx, CRM, {JO: "k2", KIM: "k3"}, 2) == {JO: "k1", KIM: "k3"}
    assert writing.reserve(tx, "other", {JO: "k4"}, 3) == {JO: "k4"}
    writing.release(tx, CRM, [JO])
    assert writing.reserve(tx, CRM, {JO: "k2"}, 4) == {JO: "k2"}
    assert writing.reserved(tx, "other", [JO]) == {JO: ("k4", "")}


def test_a_receipt_tells_the_reservation(tx: Connection) -> None:
    """The record is known to whoever reserved it with this key, to nobody else."""
    writing.reserve(tx, CRM, {JO: "k1", KIM: "other"}, 1)
    writing.intend(tx, CRM, [create("k1"), create("k2", KIM)], 1)
    writing.mark_done(tx, [Receipt("k1", "c1", True), Receipt("k2", "c2", False)], 2)
    assert writing.reserved(tx, CRM, [JO, KIM]) == {JO: ("k1", "c1"), KIM: ("other", "")}
    assert writing.records_of(tx, ["k1", "k2", "k3"]) == {"k1": ("done", "c1"), "k2": ("done", "c2")}
    assert (row_of(tx, "k1").created, row_of(tx, "k2").created) == (1, 0)


def test_a_receipt_tells_it_too_where_the_write_is_at_hand(tx: Connection) -> None:
    """Whoever knows what the writes make needs no look at them; what makes nobody reserves nothing."""
    writing.reserve(tx, CRM, {JO: "k1", KIM: "other"}, 1)
    writing.intend(tx, CRM, [create("k1"), create("k2", KIM), log("k3")], 1)
    receipts = [Receipt("k1", "c1", True), Receipt("k2", "c2", False), Receipt("k3", "v1", True)]
    writing.mark_done(tx, receipts, 2, [(CRM, JO, "k1"), (CRM, KIM, "k2")])
    assert writing.reserved(tx, CRM, [JO, KIM]) == {JO: ("k1", "c1"), KIM: ("other", "")}
    assert states(tx) == {"k1": "done", "k2": "done", "k3": "done"}


def test_who_waits_is_woken_by_what_it_waits_for(tx: Connection) -> None:
    """And by nothing else."""
    writing.intend(tx, CRM, [log("a", "i1"), log("b", "i2"), log("c", "i3")], 1)
    writing.mark(
        tx, [("a", "waiting", None, "k1"), ("b", "waiting", None, "k2"), ("c", "parked", None, "k1")]
    )
    writing.wake(tx, ["k1"], 7)
    assert states(tx) == {"a": "intended", "b": "waiting", "c": "parked"}
    assert row_of(tx, "a").due_at == 7


def test_a_mark_counts_an_attempt(tx: Connection) -> None:
    """With when it is due again and what the CRM said."""
    writing.intend(tx, CRM, [log("a")], 1)
    writing.mark(tx, [("a", "sent", 50, "no answer")])
    ((intent),) = writing.due_writes(tx, CRM, 50, 10)
    assert (intent.state, intent.attempts, intent.problem) == ("sent", 1, "no answer")


@pytest.mark.parametrize("state", ["intended", "waiting", "parked"])
def test_a_change_goes_into_the_write_that_was_not_made(tx: Connection, state: str) -> None:
    """Where the CRM certainly has no activity yet, it is made as it is to be now, and is due."""
    writing.intend(tx, CRM, [log("k", body="old")], 1)
    writing.mark(tx, [("k", state, None, "words")])
    assert writing.overtake(tx, {"k": change("u", "k", "new", "body")}, 9) == []
    assert (states(tx), body_of(tx, "k"), row_of(tx, "k").due_at) == ({"k": "intended"}, "new", 9)


def test_a_change_of_what_is_held_stays_held(tx: Connection) -> None:
    """The brake holds the activity with its change."""
    writing.intend(tx, CRM, [log("k", body="old")], 1, held={"i1"})
    assert writing.overtake(tx, {"k": change("u", "k", "new", "body")}, 9) == []
    assert states(tx) == {"k": "held"}
    writing.release_held(tx, 9)
    assert body_of(tx, "k") == "new"


@pytest.mark.parametrize("state", ["sent", "unclear", "done"])
def test_a_change_of_what_may_be_there_is_a_write_of_its_own(tx: Connection, state: str) -> None:
    """Where the CRM may hold the activity, it is never sent a second time with other fields."""
    writing.intend(tx, CRM, [log("k", body="old")], 1)
    writing.mark(tx, [("k", state, 1, "")])
    update = change("u", "k", "new", "body")
    assert writing.overtake(tx, {"k": update}, 9) == [update]
    assert (states(tx), body_of(tx, "k")) == ({"k": state}, "old")


@pytest.mark.parametrize(
    ("state", "expected"), [("intended", "dropped"), ("sent", "dropped"), ("done", "done")]
)
def test_a_newer_change_takes_the_older_one_s_place(tx: Connection, state: str, expected: str) -> None:
    """A pending change is dropped for one that changes what both did; one that is done stays done."""
    writing.intend(tx, CRM, [log("k")], 1)
    writing.mark_done(tx, [Receipt("k", "v1", True)], 1)
    writing.intend(tx, CRM, [change("u1", "k", "one", "body")], 2)
    writing.mark(tx, [("u1", state, 2, "")])
    (left,) = writing.overtake(tx, {"u1": change("u2", "k", "two", "seconds")}, 9)
    assert left.changed == (("body", "seconds") if expected == "dropped" else ("seconds",)) or (
        set(left.changed) == {"body", "seconds"} and expected == "dropped"
    )
    assert states(tx)["u1"] == expected


def test_activities_compare_equal_once_their_contacts_exist(tx: Connection) -> None:
    """What was planned on a contact to be made is remembered as the contact that was made."""
    fields = activity("i1", people=(CreatedBy("k"), contact("c9")))
    writing.keep_activities(tx, CRM, {"i1": Logged("log", fields)})
    writing.intend(tx, CRM, [create("k")], 1)
    assert writing.activities_of(tx, CRM, ["i1"])["i1"].fields.people == (CreatedBy("k"), contact("c9"))
    writing.mark_done(tx, [Receipt("k", "c1", True)], 2)
    logged = writing.activities_of(tx, CRM, ["i1"])["i1"]
    assert logged.fields.people == (contact("c1"), contact("c9"))
    assert logged.latest == "log"
    assert writing.activities_of(tx, "other", ["i1"]) == {}


def test_an_activity_that_is_not_made_is_forgotten(tx: Connection) -> None:
    """Only where it is the write that was to make it."""
    writing.keep_activities(tx, CRM, {"i1": Logged("k1", activity("i1")), "i2": Logged("k2", activity("i2"))})
    writing.forget_activities(tx, CRM, [log("k1", "i1"), log("another", "i2")])
    assert set(writing.activities_of(tx, CRM, ["i1", "i2"])) == {"i2"}


def test_a_day_is_told_in_order(tx: Connection) -> None:
    """Messages by time, each once, as they are now."""
    intake.save(tx, [text("b", 20, "Two"), text("a", 10, "One"), text("c", 5, "Other")], due_at=1, live=True)
    for id, clock in (("b", "10:20"), ("a", "10:10"), ("b", "10:20")):
        writing.add_to_day(tx, "monday", id, clock)
    assert [(id, clock) for id, clock, _ in writing.day_of(tx, "monday")] == [("a", "10:10"), ("b", "10:20")]
    assert writing.day_of(tx, "tuesday") == ()


def test_a_person_answers_only_for_what_is_stuck(tx: Connection) -> None:
    """Parked and unclear writes can be sent again, others can't."""
    writing.intend(tx, CRM, [log("a", "i1"), log("b", "i2"), log("c", "i3")], 1)
    writing.mark(tx, [("a", "parked", None, "words"), ("b", "unclear", None, "words")])
    assert [writing.is_stuck(tx, key) for key in "abcz"] == [True, True, False, False]
    for key in "abc":
        writing.send_again(tx, key, 9)
    assert states(tx) == {"a": "intended", "b": "intended", "c": "intended"}
    assert [row_of(tx, key).due_at for key in "abc"] == [9, 9, 1]


def test_what_is_to_be_made_is_known(tx: Connection) -> None:
    """The fields of contacts that are being created, by the key of their write."""
    writing.intend(tx, CRM, [create("k", first_name="Jo"), log("l")], 1)
    found = writing.intended_contacts(tx, ["k", "l", "z"])
    assert {key: fields.first_name for key, fields in found.items()} == {"k": "Jo"}


def test_a_write_goes_to_another_record(tx: Connection) -> None:
    """What is retargeted is sent so from then on."""
    writing.intend(tx, CRM, [log("k", people=(contact("c1"),))], 1)
    writing.replace_data(tx, log("k", people=(contact("c2"),)))
    ((intent),) = writing.due_writes(tx, CRM, 5, 10)
    assert isinstance(intent.write.fields, ActivityFields)
    assert intent.write.fields.people == (contact("c2"),)
