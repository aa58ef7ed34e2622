"""What people ask the ledger is counted and listed from what stands in it."""

from __future__ import annotations

from ledger_facts import CRM, JO, KIM, activity, call, create, decided, log, mail, verdict
from sqlalchemy import Connection

from firstcontact.interactions.rejection import Rejection
from firstcontact.ledger import deciding, intake, reading, writing
from firstcontact.planning.plan import Logged
from firstcontact.planning.write import ContactRoleFields, CreatedBy, Existing, Receipt, Write
from firstcontact.policy.decision import Reason


def test_a_report_counts(tx: Connection) -> None:
    """Deliveries, facts by kind, verdicts of people and activities apart, reasons, and what is stuck."""
    intake.save(tx, [call("a"), call("b"), mail("m")], due_at=1, live=True)
    intake.settle(tx, ["a", "b"])
    intake.keep_rejections(tx, [(b"r", Rejection("p", "cut_off", "why"))], 1)
    held = Reason("free_mail", KIM, "ask", decisive=True)
    deciding.keep(tx, [decided("a", verdict(JO, "create")), decided("b", verdict(JO))])
    deciding.keep(tx, [decided("m", verdict(KIM, "ask"), activity="ask", reasons=(held,))])
    writing.intend(tx, CRM, [create("k1"), create("k2", KIM, "b"), log("k3"), log("k4", "b")], 1)
    writing.mark_done(tx, [Receipt("k1", "c1", True), Receipt("k2", "c2", False)], 2)
    writing.mark(tx, [("k3", "parked", None, "no"), ("k4", "unclear", None, "?")])
    writing.keep_activities(tx, CRM, {"a": Logged("k3", activity("a"))})
    report = reading.report(tx, 7)
    assert (report.interactions, report.rejected, report.activities, report.contacts) == (3, 1, 1, 7)
    assert report.kinds == {"call": 2, "email": 1}
    assert report.verdicts == {"create": 1, "link": 1, "ask": 1}
    assert report.activity_verdicts == {"log": 2, "ask": 1}
    assert (report.reasons, report.decisive) == ({"free_mail": 1}, {"free_mail": 1})
    assert (report.created, report.parked, report.due) == (1, 2, 1)


def test_decided_in_order_of_time_page_by_page(tx: Connection) -> None:
    """Every decided interaction of the span once, also where many happened at the same time."""
    facts = [call(f"i{n:02}", at=10 + n // 4) for n in range(20)]
    intake.save(tx, facts, due_at=1, live=True)
    intake.save(tx, [call("undecided", at=12)], due_at=1, live=True)
    deciding.keep(tx, [decided(fact.id, verdict(JO)) for fact in facts])
    deciding.keep(tx, [decided("i03", verdict(JO, "leave"))])
    told = list(reading.decided(tx, 0, 2**62, page=3))
    assert [fact.id for fact, _, _ in told] == [fact.id for fact in facts]
    assert [d.people[0].verdict for f, d, _ in told if f.id == "i03"] == ["leave"]
    assert {f.at for f, _, _ in reading.decided(tx, 11, 13, page=3)} == {11, 12}


def test_what_cannot_go_on_is_listed(tx: Connection) -> None:
    """Parked, unclear and held writes with their words; nothing else."""
    for number, state in enumerate(["parked", "unclear", "held", "waiting", "sent", "done", "dropped"]):
        writing.intend(tx, CRM, [log(f"k{number}", f"i{number}")], number)
        writing.mark(tx, [(f"k{number}", state, None, f"words {number}")])
    assert [(row.state, row.problem) for row in reading.stuck(tx)] == [
        ("parked", "words 0"),
        ("unclear", "words 1"),
        ("held", "words 2"),
    ]
    assert len(reading.stuck(tx, 1)) == 1


def test_which_roles_are_ours_and_why(tx: Connection) -> None:
    """Roles that we made or are about to, with the interaction that caused each; one of a contact that we
    made under both of its names; not those that a person had made, nor what was dropped, nor other spans'."""
    intake.save(tx, [call("i1", at=10), call("i2", at=11)], due_at=1, live=True)
    to = {"made": CreatedBy("k1"), "theirs": Existing("contact", "c2"), "soon": Existing("contact", "c3"),
          "dropped": Existing("contact", "c4"), "later": Existing("contact", "c5")}  # fmt: skip
    planned = [
        Write(
            key=key, kind="contact_role", interaction="i2" if key == "later" else "i1", subject=key,
            fields=ContactRoleFields(opportunity="o1", contact=contact),
        )
        for key, contact in to.items()
    ]  # fmt: skip
    writing.intend(tx, CRM, [create("k1"), *planned], 1)
    writing.mark_done(tx, [Receipt("k1", "c1", True), Receipt("made", "o1:c1", True)], 2)
    writing.mark_done(tx, [Receipt("theirs", "o1:c2", False)], 2)
    writing.mark(tx, [("dropped", "dropped", None, "so")])
    first = [("o1", "new:k1", "i1"), ("o1", "c1", "i1"), ("o1", "c3", "i1")]
    assert list(reading.made_roles(tx, page=1)) == [*first, ("o1", "c5", "i2")]
    assert list(reading.made_roles(tx, 10, 11)) == first
    assert list(reading.made_roles(tx, 12)) == []


def test_who_is_ours_and_why(tx: Connection) -> None:
    """Contacts that we made, with the interaction that caused each, and who was about to be made; adopted
    ones are not ours, nor those that an interaction outside the span caused."""
    intake.save(tx, [call("i1", at=10), call("i2", at=11)], due_at=1, live=True)
    writing.intend(tx, CRM, [create("k1"), create("k2", KIM, "i2"), create("k3", "+14155550129", "i3")], 1)
    writing.mark_done(tx, [Receipt("k1", "c1", True), Receipt("k2", "c2", False)], 2)
    jo = create("k1").subject
    first = [("new:k1", "i1", jo), ("c1", "i1", jo)]
    assert list(reading.made_contacts(tx, page=1)) == [*first, ("new:k2", "i2", KIM)]
    assert list(reading.made_contacts(tx, 10, 11)) == first
    assert list(reading.made_contacts(tx, 12)) == list(reading.made_contacts(tx, 0, 10)) == []
    assert [reading.causing(tx, id) for id in ("c1", "c2", "c3")] == ["i1", "", ""]
    assert reading.record_of_write(tx, ["k1", "k3", "z"]) == {"k1": "c1", "k3": ""}


def test_interactions_and_writes_of_somebody(tx: Connection) -> None:
    """Newest first, at most so many; writes oldest first."""
    intake.save(tx, [call("a", 10), call("b", 20), call("c", 30, KIM)], due_at=1, live=True)
    assert [fact.id for fact in reading.interactions_of(tx, JO)] == ["b", "a"]
    assert [fact.id for fact in reading.interactions_of(tx, JO, 1)] == ["b"]
    writing.intend(tx, CRM, [log("z", "a")], 1)
    writing.intend(tx, CRM, [log("y", "a")], 2)
    assert [row.write.key for row in reading.writes_of(tx, "a")] == ["z", "y"]


def test_whether_ours_were_seen(tx: Connection) -> None:
    """Mails sent by one of our addresses or domains; calls and others' mails are none."""
    intake.save(tx, [mail("m", key="bo@firm.example"), mail("n"), call("a")], due_at=1, live=True)
    assert reading.ours_seen(tx, ["bo@firm.example"], []) == 1
    assert reading.ours_seen(tx, [], ["firm.example"]) == 1
    assert reading.ours_seen(tx, ["ana@firm.example"], ["other.example"]) == 0


def test_rejections_newest_first(tx: Connection) -> None:
    """With where and why."""
    for number in (1, 2):
        rejection = Rejection(f"p{number}", "cut_off", "why")
        intake.keep_rejections(tx, [(bytes([number]), rejection)], number)
    assert [(row.place, row.reason, row.at) for row in reading.rejected(tx)] == [
        ("p2", "cut_off", 2),
        ("p1", "cut_off", 1),
    ]
