"""The engagement log's index finds every decided interaction by what is asked, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from ledger_facts import JO, KIM, call, create, log, mail
from sqlalchemy import Connection, func, select

from firstcontact.interactions.model import Interaction
from firstcontact.ledger import engagement, intake, writing
from firstcontact.ledger.engagement import Wanted
from firstcontact.ledger.tables_of_people import engagements, outlines
from firstcontact.policy.decision import Decision, PersonVerdict, Reason
from firstcontact.policy.known import ObservedName

CREATE = Reason("unknown_contact:create", JO, "act", decisive=True)
FREE = Reason("free_mail", KIM, "ask", decisive=True)


def decision(fact: Interaction, *reasons: Reason, **more: Any) -> Decision:
    """A decision on a fact; by default it logs, and creates whom it meets."""
    given: dict[str, Any] = {"activity": "log", "user": "ana", "settings_version": "v1", "at": 5, **more}
    verdict = given.pop("verdict", "create")
    about = fact.participants[0].handles[0].key
    people = (PersonVerdict(about=about, verdict=verdict),)
    return Decision(interaction=fact.id, people=people, trace=reasons, **given)


def keep(tx: Connection, *rows: tuple[Interaction, Decision]) -> None:
    """Facts with the decisions on them, as a batch of judging leaves them."""
    engagement.keep(tx, [(said, fact) for fact, said in rows])


def found(tx: Connection, **wanted: Any) -> list[str]:
    """Ids of what is found, newest first."""
    return [each.interaction for each in engagement.search(tx, Wanted(**wanted))]


@pytest.fixture
def kept(tx: Connection) -> Connection:
    """A call and two mails of different times, users, settings and reasons."""
    keep(
        tx,
        (call("c1", at=10), decision(call("c1", at=10), CREATE)),
        (mail("m1", at=20), decision(mail("m1", at=20), FREE, activity="ask", verdict="ask", user="bo")),
        (mail("m2", at=30), decision(mail("m2", at=30), CREATE, settings_version="v2", verdict="link")),
    )
    return tx


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({}, ["m2", "m1", "c1"]),
        ({"kind": "call"}, ["c1"]),
        ({"kind": "email"}, ["m2", "m1"]),
        ({"activity": "ask"}, ["m1"]),
        ({"verdict": "create"}, ["c1"]),
        ({"rule": "unknown_contact"}, ["m2", "c1"]),
        ({"rule": "unknown_contact:create"}, ["m2", "c1"]),
        ({"rule": "unknown"}, []),
        ({"rule": "free_mail", "kind": "call"}, []),
        ({"user": "bo"}, ["m1"]),
        ({"user": "bo", "rule": "unknown_contact"}, []),
        ({"settings_version": "v2"}, ["m2"]),
        ({"since": 20}, ["m2", "m1"]),
        ({"since": 20, "until": 30}, ["m1"]),
        ({"until": 20, "rule": "free_mail"}, []),
    ],
)
def test_by_what_is_asked(kept: Connection, wanted: dict[str, Any], ids: list[str]) -> None:
    """Each filter alone and together with others, newest first."""
    assert found(kept, **wanted) == ids


def test_a_later_decision_takes_the_place(kept: Connection) -> None:
    """It is found by what was decided last; by an earlier reason only where that is asked for."""
    keep(kept, (mail("m1", at=20), decision(mail("m1", at=20), CREATE, user="bo")))
    assert found(kept, rule="free_mail") == []
    assert found(kept, rule="free_mail", earlier=True) == ["m1"]
    assert found(kept, rule="unknown_contact") == ["m2", "m1", "c1"]
    keep(kept, (mail("m1", at=20), decision(mail("m1", at=20), FREE, user="bo")))
    assert found(kept, rule="unknown_contact", earlier=True) == ["m2", "m1", "c1"]
    assert kept.scalar(select(func.count()).select_from(engagements)) == 3


def test_outlines_are_kept_once(kept: Connection) -> None:
    """A thousand interactions of one kind share one outline."""
    before = kept.scalar(select(func.count()).select_from(outlines))
    facts = [call(f"more-{n}", at=100 + n) for n in range(1000)]
    keep(kept, *[(fact, decision(fact, CREATE)) for fact in facts])
    assert kept.scalar(select(func.count()).select_from(outlines)) == before
    assert kept.scalar(select(func.count()).select_from(engagements)) == 1003


def test_pages_hang_together(tx: Connection) -> None:
    """Page by page comes everything once and in order, also what took place at one moment, and whatever is
    decided meanwhile."""
    facts = [call(f"c{n:03}", at=n // 4) for n in range(100)]
    reasons = (CREATE, FREE)
    keep(tx, *[(fact, decision(fact, reasons[n % 2])) for n, fact in enumerate(facts)])
    for wanted in (Wanted(), Wanted(kind="call"), Wanted(rule="free_mail"), Wanted(user="ana")):
        whole = [each.interaction for each in engagement.search(tx, wanted, 1000)]
        paged = [each.interaction for page in engagement.every(tx, wanted, 7) for each in page]
        assert paged == whole
        assert len(set(paged)) == len(paged) == (50 if wanted.rule else 100)
    first = engagement.search(tx, Wanted(), 10)
    keep(tx, (call("late", at=1000), decision(call("late", at=1000), CREATE)))
    second = engagement.search(tx, Wanted(), 10, (first[-1].at, first[-1].interaction))
    assert not {each.interaction for each in first} & {each.interaction for each in second}


def test_many_outlines_are_gone_through_by_time(tx: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where more outlines fit than are looked at one by one, the same is found."""
    keep(
        tx,
        *[
            (fact, decision(fact, Reason(f"rule{n}", JO, "note"), CREATE))
            for n, fact in enumerate(call(f"c{n}", at=n) for n in range(20))
        ],
    )
    one_by_one = found(tx, rule="unknown_contact")
    monkeypatch.setattr(engagement, "FEW", 3)
    assert found(tx, rule="unknown_contact") == one_by_one
    assert len(one_by_one) == 20


def test_by_person_and_by_the_state_of_a_write(tx: Connection) -> None:
    """Whoever took part by one of their handles; where a write is as asked."""
    facts = [call("c1", at=1), mail("m1", at=2)]
    intake.save(tx, facts, due_at=1, live=True)
    keep(tx, *[(fact, decision(fact, CREATE)) for fact in facts])
    writing.intend(tx, "crm", [create("k1", interaction="c1"), log("k2", interaction="m1")], 1)
    writing.mark(tx, [("k1", "parked", None, "no")])
    assert found(tx, keys=(JO,)) == ["c1"]
    assert found(tx, keys=(JO, KIM)) == ["m1", "c1"]
    assert found(tx, keys=()) == []
    assert found(tx, keys=(KIM,), rule="free_mail") == []
    assert found(tx, state="parked") == ["c1"]
    assert found(tx, state="intended") == ["m1"]
    assert found(tx, state="done") == []


def test_names_find_handles(tx: Connection) -> None:
    """A name that was observed, in whatever case it is asked for; where both parts are given, both fit."""
    seen = [(JO, "Jo", "Diaz"), (KIM, "Kim", "Diaz")]
    intake.observe_names(
        tx, [(key, ObservedName(first, last, "header", "i1", 1)) for key, first, last in seen]
    )
    assert engagement.keys_named(tx, "jo", "DIAZ") == (JO,)
    assert engagement.keys_named(tx, "", "diaz") == (JO, KIM)
    assert engagement.keys_named(tx, "Jo", "Osei") == ()
    assert engagement.keys_named(tx, "", "") == ()
