"""Decisions are only ever added; what deciding asks of the past is answered from them."""

from __future__ import annotations

from ledger_facts import CRM, JO, KIM, call, create, decided, log, mail, verdict
from sqlalchemy import Connection

from firstcontact.ledger import deciding, intake, writing
from firstcontact.planning.capabilities import Capabilities
from firstcontact.policy.decision import Reason
from firstcontact.policy.known import CrmContext, Ruling


def test_the_last_decision_and_all_before_it(tx: Connection) -> None:
    """History keeps every decision, oldest first; the last one counts."""
    one, two = decided("a", verdict(JO, "leave"), at=1), decided("a", verdict(JO), at=2)
    deciding.keep(tx, [one, decided("b")])
    deciding.keep(tx, [two])
    assert deciding.last(tx, "a") == two.decision
    assert deciding.history(tx, "a") == (one.decision, two.decision)
    assert deciding.last(tx, "nobody") is None


def test_a_decision_comes_back_with_what_it_was_made_from(tx: Connection) -> None:
    """`known` is what it was, with the context that is kept once."""
    context = CrmContext(capabilities=Capabilities(kind="k", title="K"), active=frozenset({"u1"}))
    deciding.keep_context(tx, "context", context)
    deciding.keep_context(tx, "context", context)
    each = decided("a", verdict(JO))
    deciding.keep(tx, [each])
    decision, known = deciding.last_with_known(tx, ["a", "b"])["a"]
    assert decision == each.decision
    assert known is not None
    assert (known.people, known.crm) == (each.known.people, context)


def test_news_reopens_what_waits_for_it_now(tx: Connection) -> None:
    """Only the last decision's topics count, of its people and its own."""
    deciding.keep(
        tx, [decided("a", verdict(JO, "leave", waits_for=(f"handle:{JO}",)), waits_for=("thread:t",))]
    )
    deciding.keep(tx, [decided("b", verdict(JO, "leave", waits_for=(f"handle:{JO}",)))])
    assert deciding.reopened_by(tx, [f"handle:{JO}"]) == {"a", "b"}
    assert deciding.reopened_by(tx, ["thread:t", "thread:u"]) == {"a"}
    deciding.keep(tx, [decided("a", verdict(JO))])
    assert deciding.reopened_by(tx, [f"handle:{JO}", "thread:t"]) == {"b"}


def test_a_thread_is_told_oldest_first(tx: Connection) -> None:
    """Senders, machines and whom the last decision linked, at most so many messages."""
    mails = [mail("m2", at=20, automated=True), mail("m1", at=10), mail("x", at=5, thread="other")]
    intake.save(tx, mails, due_at=1, live=True)
    deciding.keep(tx, [decided("m1", verdict(KIM, record="r2"), verdict(JO, record="r1"))])
    first, second = deciding.threads(tx, ["thread"])["thread"]
    assert (first[0], first[1].senders, first[1].automated, first[1].linked) == (
        "m1",
        (KIM,),
        False,
        ("r1", "r2"),
    )
    assert (second[0], second[1].automated, second[1].linked) == ("m2", True, ())
    many = [mail(f"n{n:03}", at=100 + n) for n in range(deciding.THREAD_LIMIT + 5)]
    intake.save(tx, many, due_at=1, live=True)
    assert len(deciding.threads(tx, ["thread"])["thread"]) == deciding.THREAD_LIMIT


def test_who_must_not_be_made_again(tx: Connection) -> None:
    """Tombstones hold for their own connection; the newest reason counts."""
    deciding.bury(tx, CRM, JO, "deleted", "c1", 1)
    deciding.bury(tx, "other", KIM, "deleted", "c2", 1)
    assert deciding.suppressed(tx, CRM, [JO, KIM]) == {JO: "deleted"}
    deciding.bury(tx, CRM, JO, "erased", "c1", 2)
    assert deciding.suppressed(tx, CRM, [JO]) == {JO: "erased"}


def test_the_newest_ruling_counts(tx: Connection) -> None:
    """For the subject wherever it comes up, and for one interaction alone."""
    for by in ("ana", "bo"):
        deciding.remember_ruling(tx, Ruling(about=JO, settles=("free_mail",), by=by), "")
    deciding.remember_ruling(tx, Ruling(about=JO, settles=("*",), by="cy"), "i1")
    found = deciding.rulings_on(tx, [JO, KIM])
    assert {where: ruling.by for where, ruling in found.items()} == {(JO, ""): "bo", (JO, "i1"): "cy"}


def test_by_hand(tx: Connection) -> None:
    """Who logged an interaction by hand, the last one."""
    deciding.set_by_hand(tx, "i1", "ana", 1)
    deciding.set_by_hand(tx, "i1", "bo", 2)
    assert deciding.logged_by_hand(tx, ["i1", "i2"]) == {"i1": "bo"}


def test_the_brake_counts_contacts_that_are_meant_to_be(tx: Connection) -> None:
    """Intended and made ones since a time; not those dropped, nor other writes."""
    writing.intend(tx, CRM, [create("k1"), create("k2", KIM), log("k3")], 10)
    writing.intend(tx, CRM, [create("k0", "+14155550199")], 5)
    writing.mark(tx, [("k2", "dropped", None, "why")])
    assert deciding.creates_since(tx, 10) == 1
    assert deciding.creates_since(tx, 0) == 2


def test_how_many_of_the_last_met_somebody_unknown(tx: Connection) -> None:
    """Of the last decisions, those whose reasons name an unknown contact."""
    unknown = Reason("unknown_contact:create", JO, "act")
    for number in range(4):
        reasons = (unknown,) if number % 2 else ()
        deciding.keep(tx, [decided(f"i{number}", verdict(JO, "create"), reasons=reasons)])
    assert deciding.recent_unknown(tx) == (4, 2)
    assert deciding.recent_unknown(tx, 1) == (1, 1)


def test_facts_and_settings(tx: Connection) -> None:
    """A fact is what was set last; a version of the settings is kept once."""
    assert deciding.fact(tx, "x") == ""
    deciding.set_fact(tx, "x", "1")
    deciding.set_fact(tx, "x", "2")
    assert deciding.fact(tx, "x") == "2"
    for _ in range(2):
        deciding.keep_settings(tx, "v1", "text", 1)


def test_known_of_an_erased_person(tx: Connection) -> None:
    """A decision whose `known` was taken away says so by having none."""
    from firstcontact.ledger.tables import decisions

    intake.save(tx, [call("a")], due_at=1, live=True)
    deciding.keep(tx, [decided("a", verdict(JO))])
    tx.execute(decisions.update().values(known=None))
    assert deciding.last_with_known(tx, ["a"])["a"][1] is None
