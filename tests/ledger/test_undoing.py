"""What was taken back, and the tombstones of it, on both databases."""

from __future__ import annotations

import pytest
from ledger_facts import CRM, JO, KIM, call, contact, create, decided, log, text, verdict
from sqlalchemy import Connection, select

from firstcontact.ledger import created, deciding, engagement, intake, under_way, undoing, writing
from firstcontact.ledger.tables import reservations, tombstones, writes
from firstcontact.ledger.undoing import Undone
from firstcontact.planning.plan import Logged
from firstcontact.planning.write import ActivityFields, Receipt
from firstcontact.policy.decision import Reason


def row(key: str, by_write: str = "", state: str = "intended", at: int = 9) -> Undone:
    """A write that somebody took back."""
    return Undone(write_key=key, by_write=by_write, state=state, why="", by="ana", at=at)


@pytest.fixture
def jo(tx: Connection) -> Connection:
    """Jo was made by a call, which is logged on her."""
    writing.intend(tx, CRM, [create("k1"), log("k2", people=(contact("c1"),))], 5)
    writing.reserve(tx, CRM, {JO: "k1"}, 5)
    writing.mark_done(tx, [Receipt("k1", "c1", True), Receipt("k2", "v1", True)], 6)
    fields = log("k2", people=(contact("c1"),)).fields
    assert isinstance(fields, ActivityFields)
    writing.keep_activities(tx, CRM, {"i1": Logged("k2", fields)})
    deciding.keep(tx, [decided("i1", verdict(JO, record="c1"))])
    return tx


def test_rows_are_kept_and_settled(jo: Connection) -> None:
    """One row a write, found by it and by what does it; what was left may be tried again."""
    undoing.keep(jo, [row("k1", "u1"), row("k2", "u2", at=8)])
    undoing.settle(jo, [("k1", "left", "edited"), ("k2", "done", "")])
    assert undoing.of(jo, ["k1", "none"])["k1"].why == "edited"
    assert undoing.by(jo, ["u2"])["u2"].state == "done"
    assert undoing.still_intended(jo) == 0
    undoing.keep(jo, [row("k1", "u1", at=10)])
    assert undoing.of(jo, ["k1"])["k1"].state == "intended"
    assert undoing.still_intended(jo) == 1
    assert [(each.write_key, kind, id) for each, kind, id, _ in undoing.newest(jo)] == [
        ("k1", "create_contact", "i1"), ("k2", "log_activity", "i1"),
    ]  # fmt: skip
    assert len(undoing.newest(jo, 1)) == 1


def test_what_stands_is_found(jo: Connection) -> None:
    """Writes by key and by interaction; who is on their way says so; what of ours is on a contact."""
    under_way.begin(jo, "me", ["k3"])
    writing.intend(jo, CRM, [create("k3", KIM, "i2")], 5)
    assert undoing.standing(jo, ["k3"])["k3"].state == "sent"
    assert {each.write.key for each in undoing.standing_of(jo, CRM, ["i1", "i2"])} == {"k1", "k2", "k3"}
    assert undoing.standing_of(jo, "another", ["i1"]) == ()
    assert undoing.linked_to(jo, ["c1"]) == ("i1",)
    assert undoing.linked_to(jo, [""]) == ()
    assert undoing.handles_of(jo, CRM, "c1") == {JO}
    assert undoing.creation_of(jo, CRM, "c1", [JO]) == "k1"
    assert undoing.creation_of(jo, CRM, "c2", [JO]) == ""
    assert undoing.log_of(jo, CRM, "i1") == "k2"
    assert undoing.log_of(jo, CRM, "i9") == ""
    assert undoing.times_of(jo, ["k1", "k2"]) == {"k1": 5, "k2": 6}


def test_the_activity_of_a_day_is_found_by_each_text(tx: Connection) -> None:
    """Whichever of its messages is named."""
    intake.save(tx, [text("t1", 1, "a"), text("t2", 2, "b")], due_at=1, live=True)
    writing.add_to_day(tx, "day", "t1", "09:00")
    writing.add_to_day(tx, "day", "t2", "09:01")
    fields = log("k1", "t1").fields
    assert isinstance(fields, ActivityFields)
    writing.keep_activities(tx, CRM, {"day": Logged("k1", fields)})
    assert undoing.log_of(tx, CRM, "t2") == "k1"


def test_only_what_is_not_sent_is_dropped(tx: Connection) -> None:
    """A write that was sent, or is done, is nothing that could be dropped."""
    writing.intend(tx, CRM, [create(f"k{n}", f"+1415555010{n}") for n in range(3)], 5)
    writing.mark(tx, [("k1", "sent", 6, "")])
    writing.mark_done(tx, [Receipt("k2", "c2", True)], 6)
    undoing.drop(tx, ["k0", "k1", "k2"], "removed by ana")
    states = {row.key: (row.state, row.due_at) for row in tx.execute(select(writes))}
    assert states == {"k0": ("dropped", None), "k1": ("sent", 6), "k2": ("done", None)}


def test_what_is_gone_is_forgotten(jo: Connection) -> None:
    """Its reservation and what is logged of it; those of another write stay."""
    undoing.free(jo, CRM, [create("other")])
    assert jo.scalar(select(reservations.c.record)) == "c1"
    undoing.free(jo, CRM, [create("k1"), log("k2")])
    assert jo.scalar(select(reservations.c.record)) is None
    assert writing.activities_of(jo, CRM, ["i1"]) == {}


def test_tombstones_of_a_removal(tx: Connection) -> None:
    """They say when; a later deletion does not overwrite them; what was left after all loses them, and only
    those of removals."""
    undoing.bury(tx, CRM, [JO, "interaction:i1"], "c1", 7)
    deciding.bury(tx, CRM, JO, "deleted", "c1", 8)
    deciding.bury(tx, CRM, KIM, "deleted", "c2", 8)
    assert undoing.removed_at(tx, CRM, [JO, KIM, "interaction:i1"]) == {JO: 7, "interaction:i1": 7}
    assert deciding.suppressed(tx, CRM, [JO, KIM]) == {JO: "removed", KIM: "deleted"}
    undoing.unbury(tx, CRM, [JO, KIM])
    assert set(tx.scalars(select(tombstones.c.key))) == {KIM, "interaction:i1"}
    deciding.bury(tx, CRM, KIM, "erased", "c2", 9)
    assert deciding.suppressed(tx, CRM, [KIM]) == {KIM: "erased"}


def test_a_day_after_a_removal_has_another_name(tx: Connection) -> None:
    """As often as it was removed."""
    assert undoing.day_after(tx, CRM, "day") == "day"
    undoing.bury(tx, CRM, undoing.activity_keys(["t1", "t2"], "day"), "v1", 1)
    assert undoing.day_after(tx, CRM, "day") == "day+"
    undoing.bury(tx, CRM, undoing.activity_keys(["t3"], "day+"), "v2", 1)
    assert undoing.day_after(tx, CRM, "day") == "day++"
    assert undoing.activity_keys(["i1"], "i1") == ("interaction:i1",)


def test_a_value_has_a_tombstone_that_does_not_tell_it() -> None:
    """Other records, fields and values have others."""
    keys = {
        undoing.value_key(*each)
        for each in (("c", "title", "CFO"), ("c", "title", "CEO"), ("d", "title", "CFO"))
    }
    assert len(keys) == 3
    assert not any("CFO" in key for key in keys)


def test_each_removal_is_a_turn(tx: Connection) -> None:
    """Who has read what is due before sees that it changed."""
    first = undoing.turn(tx)
    undoing.next_turn(tx)
    undoing.next_turn(tx)
    assert (first, undoing.turn(tx)) == ("", "2")


def test_pages_of_writes_by_time(tx: Connection) -> None:
    """Of one kind and span, each once."""
    writing.intend(tx, CRM, [create(f"k{n}", f"+1415555010{n}") for n in range(9)], 100)
    found: list[str] = []
    after = (0, "")
    while rows := undoing.written_in(tx, CRM, "create_contact", 102, 107, after, 2):
        found += [key for _, key in rows]
        after = rows[-1]
    assert found == ["k2", "k3", "k4", "k5", "k6"]
    assert undoing.written_in(tx, CRM, "log_activity", 0, 1000, (0, ""), 5) == ()


def test_versions_of_settings_by_their_beginning(tx: Connection) -> None:
    """Each that decided something, once."""
    for number, version in enumerate(("aa11", "aa22", "bb11", "aa11")):
        one = decided(f"i{number}")
        said = one.decision.__class__(
            **{
                **{n: getattr(one.decision, n) for n in one.decision.__struct_fields__},
                "settings_version": version,
            }
        )
        deciding.keep(tx, [deciding.Decided(said, one.known, one.context)])
    assert undoing.settings_named(tx, "aa") == ("aa11", "aa22")
    assert undoing.settings_named(tx, "bb1") == ("bb11",)
    assert undoing.settings_named(tx, "cc") == ()


def test_what_we_created(jo: Connection) -> None:
    """Each with what decided and what has become of it; an adopted contact is none of ours."""
    reason = Reason("unknown_contact:create", JO, "act", decisive=True)
    deciding.keep(jo, [decided("i1", verdict(JO, "create"), reasons=(reason,), at=5)])
    writing.intend(jo, CRM, [create("k9", KIM, "i2", first_name="Kim")], 7)
    writing.mark_done(jo, [Receipt("k9", "c9", False)], 8)
    (made,), last = created.created(jo, CRM, 0, 100)
    assert (made.record, made.about, made.reasons, made.since) == ("c1", JO, ("unknown_contact:create",), "")
    assert created.created(jo, CRM, 0, 100, last) == ((), last)
    assert created.created(jo, CRM, 6, 100)[0] == ()
    deciding.bury(jo, CRM, JO, "deleted", "c1", 9)
    assert created.created(jo, CRM, 0, 100)[0][0].since == "deleted"
    undoing.keep(jo, [row("k1", state="done")])
    assert created.created(jo, CRM, 0, 100)[0][0].since == "removed"


def test_the_decision_that_made_a_write() -> None:
    """The last one until then, whatever was decided later."""
    early, late = (decided("i1", at=at).decision for at in (5, 50))
    assert undoing.made_by([early, late], 7) is early
    assert undoing.made_by([early, late], 50) is late
    assert undoing.made_by([late], 7) is late
    assert undoing.made_by([], 7) is None


def test_interactions_are_found_after_an_upgrade(tx: Connection) -> None:
    """What the upgrade notes of decisions there were is what a decision now would leave."""
    from importlib import import_module

    fill = import_module("firstcontact.ledger.migrations.0008_people").fill
    reason = Reason("unknown_contact:create", JO, "act", decisive=True)
    fact = call("i1")
    one = decided("i1", verdict(JO, "create"), reasons=(reason,))
    engagement.keep(tx, [(one.decision, fact)])
    (before,) = engagement.search(tx, engagement.Wanted())
    for table in ("engagements", "outlines"):
        tx.exec_driver_sql(f"DELETE FROM {table}")
    intake.save(tx, [fact, call("i2")], due_at=1, live=True)
    deciding.keep(tx, [one])
    fill(tx)
    assert engagement.search(tx, engagement.Wanted()) == (before,)
    engagement.keep(tx, [(decided("i2", activity="skip").decision, call("i2"))])
    assert len(engagement.search(tx, engagement.Wanted())) == 2
