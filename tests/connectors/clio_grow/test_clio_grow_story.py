"""The whole product on Clio Grow: whoever is unknown becomes one lead, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from story import BOOK, call, text

from firstcontact.connectors.contract import Gone
from firstcontact.explain.catalogue import sentence
from firstcontact.flow.clock import DAY, MINUTE
from firstcontact.flow.installation import Installation
from firstcontact.flow.replay import Replay
from firstcontact.flow.story import interaction_story
from firstcontact.identity.records import Record
from firstcontact.interactions.model import Interaction
from firstcontact.ledger import stuck
from firstcontact.ledger.history import open_ledger
from firstcontact.store.engine import open_engine

CALLER, OTHER = "+14155550126", "+14155550125"


class Office:
    """An installation at a firm, in the firm's time."""

    def __init__(self, firm: Any, engine: Engine) -> None:
        self.firm = firm
        self.engine = engine
        self.reopen()

    def reopen(self) -> None:
        """A process starts on the ledger as it is."""
        self.installation = Installation(
            book=BOOK,
            ledger=open_ledger(self.engine),
            crm=self.firm.connect(),
            clock=self.firm.clock,
            indexed=True,
            poll_every=MINUTE,
        )

    def call(self, id: str, number: str = CALLER, name: str = "", **more: Any) -> None:
        """A call comes in, and all work is done."""
        self.live(call(id, self.firm.clock.now(), number, seconds=60, name=name, **more))

    def live(self, *facts: Interaction) -> None:
        """Facts come in; all work is done, at its time."""
        self.installation.take(facts)
        self.work()

    def work(self, days: int = 0) -> None:
        """What is due within two hours is done, or within so many days."""
        clock = self.firm.clock
        until = clock.now() + days * DAY + 120 * MINUTE
        self.installation.drain()
        while (due := self.installation.due()) is not None and due <= until:
            clock.advance_to(due)
            self.installation.drain()
        clock.wait(2 * MINUTE)
        self.installation.drain()

    def verdicts(self, id: str) -> tuple[str, str]:
        """Of the activity, and of the one person on it."""
        decision = self.installation.decision(id)
        assert decision is not None
        (person,) = decision.people
        return decision.activity, person.verdict

    def said(self, id: str) -> str:
        """All that its trace says, in sentences."""
        decision = self.installation.decision(id)
        assert decision is not None
        return " ".join(sentence(reason) for reason in decision.trace)

    def unclear(self) -> list[Any]:
        """Writes that wait for a person to look."""
        with self.installation.ledger.read() as tx:
            return [each for each in stuck.stuck(tx) if each.cause == "unclear"]

    @property
    def leads(self) -> Any:
        """What is in the inbox."""
        return self.firm.desk.dump()["leads"]

    @property
    def logged(self) -> list[str]:
        """Interactions on notes."""
        return sorted(id for one in self.firm.desk.dump()["activities"] for id in one["interactions"])


@pytest.fixture
def office(make_firm: Any, tmp_path: Path) -> Iterator[Any]:
    """Makes the installation of a firm that works in this way."""
    engine = open_engine(tmp_path / "office.db")
    yield lambda way, **more: Office(make_firm(way, **more), engine)
    engine.dispose()


def person_of(office: Office, id: str) -> str:
    """The record that the one person on an interaction was linked to."""
    decision = office.installation.decision(id)
    assert decision is not None
    return decision.people[0].record


# --- the Lead Inbox ------------------------------------------------------------------------------------


def test_a_caller_is_told_to_the_inbox_once(office: Any) -> None:
    """Calls and a text of one stranger, in two processes: one lead, by its caller-ID name; the decisions say
    what cannot be known, what becomes of them, and where the log is."""
    there = office("inbox")
    there.call("c1", name="DIAZ JO")
    there.call("c2")
    there.reopen()
    there.live(text("t1", there.firm.clock.now(), CALLER, "Hello"))
    (lead,) = there.leads
    assert (lead["first_name"], lead["last_name"]) == ("Jo", "Diaz")
    assert lead["phones"] == [CALLER]
    assert there.verdicts("c1") == ("skip", "create")
    assert there.verdicts("c2") == there.verdicts("t1") == ("skip", "link_lead")
    said = there.said("c1")
    assert "Clio Grow cannot be asked who is there; only what was sent from here is known." in said
    assert f"In Clio Grow, {CALLER} becomes a lead, which people there accept" in said
    story = interaction_story(there.installation, "c1")
    assert story is not None
    assert f"{CALLER} (Jo Diaz) becomes a lead." in [one.headline for one in story.explained]
    assert [line.split(" created ")[0] for line in story.writes] == ["lead"]
    assert "Clio Grow has no place for a log of this kind (call)" in there.said("c2")
    assert "is on the lead Jo Diaz" in there.said("c2")
    (record,) = there.installation.known.read([person_of(there, "c2")]).values()
    assert isinstance(record, Record)
    assert [one.key for one in record.handles] == [CALLER], "what can't be read there is as the index has it"
    assert there.installation.known.read(["7"]) == {"7": Gone("7")}


@pytest.mark.parametrize("trouble", ["cut", "failed_after", "failed_500", "html"])
def test_an_unclear_lead_is_never_repeated(office: Any, trouble: Any) -> None:
    """Nobody can tell whether the inbox got it: it waits for a person, for days and over a restart, and the
    stranger's next call makes no second one."""
    there = office("inbox")
    there.firm.served.faults.next(trouble, lambda method, _: method == "POST")
    there.call("c1")
    sent = there.firm.requests
    there.call("c2")
    there.reopen()
    there.work(days=7)
    assert there.firm.requests == sent
    assert len(there.leads) == (0 if trouble == "failed_500" else 1)
    (waits,) = there.unclear()
    assert "Clio Grow can't be asked whether it arrived: look there" in waits.problem
    assert there.verdicts("c2") == ("skip", "link_lead")
    arrived = trouble != "failed_500"
    there.installation.answer_stuck(waits.key, record=f"inbox:{waits.key[:20]}" if arrived else "")
    there.work()
    assert len(there.leads) == 1
    assert there.unclear() == []
    there.call("c3")
    assert len(there.leads) == 1
    assert there.verdicts("c3") == ("skip", "link_lead")


def test_a_lead_that_was_on_its_way_in_a_crash_is_not_repeated(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends between the inbox's answer and our receipt: the next one does not send it again."""
    there = office("inbox")

    def die(_: object) -> None:
        raise KeyboardInterrupt

    applier = there.installation.crm._applier
    tell = applier._tell
    monkeypatch.setattr(applier, "_tell", lambda write: die(tell(write)))
    with pytest.raises(KeyboardInterrupt):
        there.call("c1")
    there.reopen()
    there.work(days=2)
    assert len(there.leads) == 1
    assert len(there.unclear()) == 1


def test_one_that_was_refused_before_anything_happened_is_sent_again(office: Any) -> None:
    """503: it is tried again, and made once."""
    there = office("inbox")
    there.firm.served.faults.next("refused_503", lambda method, _: method == "POST")
    there.call("c1")
    assert len(there.leads) == 1
    assert there.unclear() == []


# --- the platform, by its documented endpoints -----------------------------------------------------------


@pytest.mark.parametrize("accepted", ["matter", "contact"])
def test_a_lead_that_is_accepted_is_a_contact_to_log_on(office: Any, accepted: str) -> None:
    """A stranger becomes a lead, on which nothing is logged; when people have accepted it, the next call is
    on the contact, also after everybody was read anew and the lead is in no list any more."""
    there = office("leads", accepted=accepted)
    there.call("c1", name="DIAZ JO")
    there.call("c2")
    (lead,) = there.leads
    assert there.verdicts("c1") == ("skip", "create")
    assert there.verdicts("c2") == ("skip", "link_lead")
    assert "contact_required" in {reason.name for reason in there.installation.decision("c2").trace}
    there.firm.desk.accept(lead["id"])
    there.work()
    there.call("c3")
    assert there.verdicts("c3") == ("log", "link")
    there.firm.wait(25 * 3600)
    there.work()
    there.call("c4")
    assert there.verdicts("c4") == ("log", "link")
    assert {"c3", "c4"} <= set(there.logged)
    assert len(there.firm.desk.dump()["contacts"]) == 1
    sent = [path for method, path in there.firm.served.simulator.log if method == "POST"]
    assert len([path for path in sent if "inbox" in path]) == 1


@pytest.mark.parametrize("trouble", ["cut", "failed_after", "failed_500"])
@pytest.mark.parametrize("lag", [0.0, 300.0])
def test_a_lead_whose_answer_was_lost_is_made_once(office: Any, trouble: Any, lag: float) -> None:
    """It is looked for by its handle, also while the search lags, and only made again where it is absent."""
    there = office("leads", lag=lag)
    there.firm.served.faults.next(trouble, lambda method, path: method == "POST" and "inbox" in path)
    there.call("c1")
    there.call("c2")
    assert len(there.leads) == 1
    assert there.unclear() == []
    assert there.verdicts("c2") == ("skip", "link_lead")


def test_a_lead_that_somebody_else_made_right_before_is_taken(office: Any) -> None:
    """The website's form has told the inbox of the caller a moment ago: that lead is taken, none is made."""
    there = office("leads")
    there.call("warm", OTHER)
    there.firm.desk.add("lead", {"first_name": "Jo", "last_name": "Diaz", "phones": ["(415) 555-0126"]})
    there.call("c1")
    assert [lead["last_name"] for lead in there.leads if lead["phones"] == ["(415) 555-0126"]] == ["Diaz"]
    assert len(there.leads) == 2
    assert there.verdicts("c1") == ("skip", "link_lead")


def test_two_leads_that_somebody_else_made_right_before_are_asked_about(office: Any) -> None:
    """The form was sent twice: no third lead is made, and who it was is asked."""
    there = office("leads")
    there.call("warm", OTHER)
    for name in ("Jo", "Joan"):
        there.firm.desk.add("lead", {"first_name": name, "last_name": "Diaz", "phones": [CALLER]})
    there.call("c1")
    assert len(there.leads) == 3
    assert there.verdicts("c1")[1] == "ask"


def test_a_contact_that_somebody_made_right_before_takes_the_call(office: Any) -> None:
    """A person has just entered the caller: the call is decided again and logged there."""
    there = office("leads")
    there.call("warm", OTHER)
    contact = there.firm.desk.add("contact", {"first_name": "Jo", "last_name": "Diaz", "phones": [CALLER]})
    there.call("c1")
    assert there.verdicts("c1") == ("log", "link")
    (activity,) = there.firm.desk.dump()["activities"]
    assert activity["contacts"] == [contact]
    assert len(there.leads) == 1


def test_a_connection_that_began_with_the_inbox_goes_on_with_the_platform(office: Any) -> None:
    """What the inbox was told has no id there: nobody is told a second time for it, and when people have
    accepted the lead, its calls are logged."""
    there = office("inbox")
    there.call("c1", name="DIAZ JO")
    there.firm._options = {**there.firm._options, "api": "platform"}
    there.firm.credentials = there.firm.login()
    there.reopen()
    there.call("c2")
    assert len(there.leads) == 1
    there.firm.desk.accept(there.leads[0]["id"])
    there.work()
    there.call("c3")
    assert there.verdicts("c3") == ("log", "link")
    assert there.logged[-1] == "c3"
    sent = [path for method, path in there.firm.served.simulator.log if method == "POST"]
    assert len([path for path in sent if "inbox" in path]) == 1


@pytest.mark.parametrize("way", ["inbox", "leads", "writes"])
def test_a_replay_decides_as_it_was_decided(office: Any, way: str) -> None:
    """With the same settings nothing differs: whom an earlier call made is a lead, or a contact, there
    too, and so is whom a call of the same batch makes."""
    there = office(way)
    there.call("c1", name="DIAZ JO")
    now = there.firm.clock.now()
    there.live(call("c2", now, CALLER, seconds=5), call("c3", now, OTHER), call("c4", now, OTHER))
    there.call("c5", OTHER)
    assert there.verdicts("c4")[1] == there.verdicts("c5")[1] == ("link" if way == "writes" else "link_lead")
    with there.installation.ledger.read() as tx:
        assert list(Replay(tx, BOOK).differences()) == []


# --- the platform, where contacts can be made ---------------------------------------------------------------


def test_a_note_whose_answer_was_lost_waits_for_a_person(office: Any) -> None:
    """Nothing tells whether a note arrived: it is not sent again, and a person who finds it says so."""
    there = office("writes")
    there.firm.served.faults.next("cut", lambda _, path: path.endswith("/notes"))
    there.call("c1", name="DIAZ JO")
    there.work(days=3)
    assert there.logged == ["c1"]
    (waits,) = there.unclear()
    (note,) = there.firm.desk.dump()["activities"]
    there.installation.answer_stuck(waits.key, record=note["id"])
    there.call("c2")
    assert there.logged == ["c1", "c2"]
    assert len(there.firm.desk.dump()["contacts"]) == 1


def test_a_call_with_a_matter_names_it(office: Any) -> None:
    """The note stands on the contact; the one open matter is in its last lines. That ours are no users there
    is nothing to note: nobody owns anything."""
    there = office("writes")
    contact = there.firm.desk.add("contact", {"last_name": "Diaz", "phones": [CALLER]})
    matter = there.firm.desk.add("matter", {"contact": contact, "name": "Diaz v. Roe", "open": True})
    there.firm.desk.add("matter", {"contact": contact, "name": "Old", "open": False})
    there.work()
    there.call("c1")
    (note,) = there.firm.desk.dump()["activities"]
    assert (note["contacts"], note["matter"]) == ([contact], matter)
    assert "no_crm_user" not in there.installation.decision("c1").reasons()
