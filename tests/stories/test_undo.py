"""What FirstContact wrote is taken back: what is ours and untouched goes, what a person touched stays, and
nothing of it is made again (SPEC §10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import story
from sqlalchemy import select
from story import ANA, BOOK, JO, KIM, MEG, TEXTER, World, at, call, mail, meeting, person, text

from firstcontact.boundaries import Boundary, Moment, watched
from firstcontact.connectors.contract import TryAgain
from firstcontact.connectors.kinds import capabilities
from firstcontact.explain.catalogue import sentence
from firstcontact.flow.problems import FlowProblem
from firstcontact.flow.story import interaction_story
from firstcontact.flow.undo import Chosen, Removal, preview, remove
from firstcontact.ledger.tables import tombstones, writes
from firstcontact.ledger.tables_of_people import undone
from firstcontact.planning.undo import WHYS
from firstcontact.policy.scopes import SettingsBook
from firstcontact.testing.scenarios.bench import Bench

NAMELESS = "+14155550143"


def crm(world: World) -> dict[str, Any]:
    """What the CRM holds, without when it was made."""
    held = world.people.dump()
    for contact in held["contacts"]:
        del contact["created_at"]
    return held


def phones(world: World) -> set[str]:
    """Numbers of all contacts."""
    return {phone for each in world.people.list_contacts() for phone in each["phones"]}


def logged(world: World) -> set[str]:
    """Interactions that the CRM has an activity of."""
    return {id for each in world.people.dump()["activities"] for id in each["interactions"]}


def take_back(world: World, **chosen: Any) -> Removal:
    """Taken back, and all due work done."""
    done = remove(world.installation, Chosen(**chosen), "ana")
    world.settle()
    return done


def states(world: World) -> dict[str, str]:
    """What became of each write that was taken back, by kind."""
    with world.ledger.read() as tx:
        query = select(writes.c.kind, undone.c.state).join(undone, undone.c.write_key == writes.c.key)
        return {row.kind: row.state for row in tx.execute(query)}


def why_left(world: World) -> str:
    """Why something that was to be taken back is left."""
    with world.ledger.read() as tx:
        return " ".join(tx.scalars(select(undone.c.why).where(undone.c.state == "left")))


def called(
    world: World, id: str = "call-jo", who: str = JO, day: int = 0, hour: int = 9, **more: Any
) -> None:
    """A call, decided and logged."""
    world.clock.advance_to(at(day, hour))
    world.receive((call(id, at(day, hour), who, seconds=130, **({"name": "DIAZ JO"} | more)),))
    world.settle()


@pytest.fixture
def jo(world: World) -> World:
    """Jo called, is a contact, and the call is logged."""
    called(world)
    assert JO in phones(world)
    return world


# --- a contact ------------------------------------------------------------------------------------------


def test_a_preview_writes_nothing(jo: World) -> None:
    """It says what would be done, in this order, and leaves CRM and ledger as they are."""
    before = crm(jo)
    said = preview(jo.installation, Chosen(contact=JO))
    assert [(step.does, step.kind) for step in said.steps] == [
        ("delete", "log_activity"), ("leave", "time_entry"), ("delete", "create_contact"),
    ]  # fmt: skip
    jo.settle()
    assert crm(jo) == before
    assert states(jo) == {}


@pytest.mark.parametrize("named", ["handle", "id"])
def test_a_contact_goes_with_all_of_ours_on_it(jo: World, named: str) -> None:
    """The CRM is as it was before the call, whether the contact is named by its number or its id."""
    contact = jo.contact(JO)
    assert contact is not None
    take_back(jo, contact=contact["id"] if named == "id" else "(415) 555-0123")
    assert JO not in phones(jo)
    assert logged(jo) == set()
    assert jo.people.dump()["time_entries"] == []


def test_nothing_of_it_is_made_again(jo: World) -> None:
    """The same call again, another call, and deciding again make neither contact nor activity; the reason
    says who took it away and when."""
    take_back(jo, contact=JO)
    called(jo)
    jo.installation.log_by_hand("call-jo", "ana")
    jo.settle()
    called(jo, "call-jo-2", hour=11)
    assert JO not in phones(jo)
    assert logged(jo) == {"call-jo-2"}
    decision = jo.installation.decision("call-jo")
    assert decision is not None
    said = [sentence(reason) for reason in decision.trace]
    assert "The contact was removed by a person on 2026-01-05 and is not made again." in said
    assert "A person removed its activity on 2026-01-05; it is not logged again." in said


def test_who_is_added_by_hand_afterwards_is_linked(jo: World) -> None:
    """A person has the last word: the contact that they make themselves is the one from then on."""
    take_back(jo, contact=JO)
    jo.people.add("contact", {"id": "p-jo", "first_name": "Jo", "last_name": "Diaz", "phones": [JO]})
    called(jo, "call-jo-2", hour=11)
    decision = jo.installation.decision("call-jo-2")
    assert decision is not None
    assert [(each.verdict, each.record) for each in decision.people] == [("link", "p-jo")]


def test_whom_a_person_edited_stays_with_everything(jo: World) -> None:
    """An edit of a person's keeps the contact, and so its activities."""
    contact = jo.contact(JO)
    assert contact is not None
    jo.people.edit("contact", contact["id"], {"title": "Buyer"})
    before = crm(jo)
    said = take_back(jo, contact=JO)
    assert [(step.does, step.why) for step in said.steps] == [("leave", "edited")]
    assert crm(jo) == before
    called(jo, "call-jo-2", hour=11)
    assert jo.contact(JO)["id"] == contact["id"]  # type: ignore[index]


def test_an_edit_meanwhile_is_seen_before_it_is_sent(jo: World) -> None:
    """Edited between the removal and its carrying out: the contact stays, and that is said."""
    contact = jo.contact(JO)
    assert contact is not None
    remove(jo.installation, Chosen(contact=JO), "ana")
    jo.people.edit("contact", contact["id"], {"title": "Buyer"})
    jo.settle()
    assert JO in phones(jo)
    assert states(jo) == {"log_activity": "done", "time_entry": "left", "create_contact": "left"}
    assert WHYS["edited"] in why_left(jo)
    with jo.ledger.read() as tx:
        assert JO not in set(tx.scalars(select(tombstones.c.key)))


def test_what_is_logged_meanwhile_keeps_it(jo: World) -> None:
    """An interaction that came in between stays on its contact."""
    remove(jo.installation, Chosen(contact=JO), "ana")
    jo.receive((call("call-jo-2", at(0, 9, 5), JO, seconds=5),))
    jo.installation.drain()
    jo.settle()
    assert JO in phones(jo)
    assert "call-jo-2" in logged(jo)
    assert states(jo)["create_contact"] == "left"


def test_an_edited_activity_keeps_its_contact(jo: World) -> None:
    """A person's note on the activity is not lost: it stays, and so does the contact."""
    (activity,) = jo.people.dump()["activities"]
    jo.people.edit("activity", activity["id"], {"body": "She will call back."})
    take_back(jo, contact=JO)
    assert logged(jo) == {"call-jo"}
    assert JO in phones(jo)
    assert states(jo) == {"log_activity": "left", "time_entry": "left", "create_contact": "left"}


def test_whom_we_did_not_make_is_not_removed(world: World) -> None:
    """A contact of a person's is none that could be taken back, linked or adopted."""
    world.people.add("contact", {"id": "p-jo", "first_name": "Jo", "last_name": "Diaz", "phones": [JO]})
    called(world)
    for name in (JO, "p-jo"):
        with pytest.raises(FlowProblem, match="made no contact"):
            take_back(world, contact=name)


def test_others_keep_the_activity_they_are_on(world: World) -> None:
    """A meeting of two stays with the one, when the contact of the other goes."""
    both = (person("attendee", "ana@firm.example", reply="accepted"),
            person("attendee", MEG, "Meg Pole", reply="accepted"))  # fmt: skip
    world.receive((
        mail("mail-1", at(0, 8), KIM, "ana@firm.example", "Kim Osei", "kim"),
        mail("mail-2", at(0, 8, 1), "ana@firm.example", KIM, "Ana Ruiz", "kim", to_name="Kim Osei"),
        meeting("meet", at(0, 9), KIM, *both, starts=at(1, 9)),
    ))  # fmt: skip
    world.settle()
    assert {"mail-1", "mail-2", "meet"} <= logged(world)
    said = take_back(world, contact=KIM)
    meg = world.contact(MEG)
    assert meg is not None
    assert said.left == {f"log activity: other people are on it: {meg['id']}": 1}
    assert logged(world) == {"meet"}
    assert world.contact(KIM) is None
    (activity,) = world.people.dump()["activities"]
    assert activity["contacts"] == [meg["id"]]


def test_twice_is_once(jo: World) -> None:
    """What was taken back is gone: the same again says so and does nothing."""
    take_back(jo, contact=JO)
    with pytest.raises(FlowProblem, match="removed before"):
        take_back(jo, contact=JO)


def test_what_is_not_sent_yet_is_not_sent(world: World) -> None:
    """While the CRM takes nothing, a removal drops what waits: nobody is made at all."""
    world.hostile.next_apply("try_again")
    world.clock.advance_to(at(0, 9))
    world.receive((call("call-jo", at(0, 9), JO, seconds=130),))
    world.installation.drain()
    said = take_back(world, contact=JO)
    assert {step.does for step in said.steps} == {"drop"}
    assert JO not in phones(world)
    assert logged(world) == set()


def test_what_a_worker_is_about_to_send_is_not_sent(world: World) -> None:
    """A removal between reading what is due and sending it: the batch is read again, without it."""
    world.people.add("contact", {"id": "p-jo", "first_name": "Jo", "last_name": "Diaz", "phones": [JO]})
    world.receive((call("call-jo", at(0, 9), JO, seconds=130),))
    lease = world.installation.lanes.claim()
    assert lease is not None
    world.installation.decide_due(lease)
    meant = Chosen(activity="call-jo")
    once: list[Callable[[], Removal]] = [lambda: remove(world.installation, meant, "ana")]

    def meanwhile(boundary: Boundary, moment: Moment) -> None:
        if (boundary, moment) == (Boundary.MARK_SENT, "before") and once:
            once.pop()()

    with watched(meanwhile):
        world.installation.carry_out_due(lease)
    world.installation.lanes.release(lease)
    world.settle()
    assert once == []
    assert logged(world) == set()


# --- an activity, an interaction ------------------------------------------------------------------------


def test_an_activity_goes_and_its_contact_stays(jo: World) -> None:
    """Only what was logged goes; a later call is logged on the contact as ever."""
    take_back(jo, activity="call-jo")
    assert logged(jo) == set()
    called(jo, "call-jo-2", hour=11)
    assert JO in phones(jo)
    assert logged(jo) == {"call-jo-2"}


def test_a_day_of_texts_goes_as_one(world: World) -> None:
    """All of a conversation's day goes; a text that comes later that day is logged by itself."""
    world.receive((text("t1", at(0, 10), TEXTER, "one"), text("t2", at(0, 10, 1), TEXTER, "two")))
    world.settle()
    take_back(world, activity="t2")
    assert logged(world) == set()
    world.receive((text("t3", at(0, 11), TEXTER, "three"),))
    world.settle()
    (activity,) = world.people.dump()["activities"]
    assert (activity["interactions"], activity["body"].endswith("three")) == (["t3"], True)


def test_one_text_of_several_is_left(world: World) -> None:
    """Removing one interaction does not take the texts of others with it."""
    world.receive((text("t1", at(0, 10), TEXTER, "one"), text("t2", at(0, 10, 1), TEXTER, "two")))
    world.settle()
    said = take_back(world, interaction="t1")
    assert {step.why for step in said.steps if step.does == "leave"} == {"other_texts", "more_on_it"}
    assert logged(world) == {"t1", "t2"}


def test_an_interaction_goes_with_whom_it_made(jo: World) -> None:
    """All that was written because of it; but whoever is on another activity by now stays."""
    called(jo, "call-jo-2", hour=11)
    take_back(jo, interaction="call-jo")
    assert logged(jo) == {"call-jo-2"}
    assert JO in phones(jo)
    take_back(jo, activity="call-jo-2")
    take_back(jo, interaction="call-jo")
    assert JO not in phones(jo)


def test_a_name_is_taken_back(world: World) -> None:
    """A placeholder that took a name is a placeholder again, and does not take the same name once more."""
    called(world, "call-1", NAMELESS, name="")
    before = world.contact(NAMELESS)
    called(world, "call-2", NAMELESS, hour=10, name="GREY ANN")
    assert world.contact(NAMELESS)["name"] == "Ann Grey"  # type: ignore[index]
    take_back(world, interaction="call-2")
    after = world.contact(NAMELESS)
    assert before is not None
    assert after is not None
    names = ("name", "first_name", "last_name", "placeholder")
    assert [after[name] for name in names] == [before[name] for name in names]
    called(world, "call-3", NAMELESS, hour=11, name="GREY ANN")
    assert world.contact(NAMELESS)["placeholder"]  # type: ignore[index]
    called(world, "call-4", NAMELESS, hour=12, name="STONE ANN")
    assert world.contact(NAMELESS)["name"] == "Ann Stone"  # type: ignore[index]


def test_a_name_that_a_person_changed_stays(world: World) -> None:
    """A person's later edit is never undone."""
    called(world, "call-1", NAMELESS, name="")
    called(world, "call-2", NAMELESS, hour=10, name="GREY ANN")
    contact = world.contact(NAMELESS)
    assert contact is not None
    world.people.edit("contact", contact["id"], {"last_name": "Green"})
    said = take_back(world, interaction="call-2")
    assert "overwritten" in {step.why for step in said.steps}
    assert world.contact(NAMELESS)["last_name"] == "Green"  # type: ignore[index]


def test_a_name_that_a_person_changes_meanwhile_stays(world: World) -> None:
    """Changed between the removal and its carrying out: it is left, and said to be."""
    called(world, "call-1", NAMELESS, name="")
    called(world, "call-2", NAMELESS, hour=10, name="GREY ANN")
    contact = world.contact(NAMELESS)
    assert contact is not None
    remove(world.installation, Chosen(interaction="call-2"), "ana")
    world.people.edit("contact", contact["id"], {"last_name": "Green"})
    world.settle()
    assert world.contact(NAMELESS)["last_name"] == "Green"  # type: ignore[index]
    assert states(world)["update_contact"] == "left"
    assert WHYS["overwritten"] in why_left(world)


def test_a_removal_is_not_undone(jo: World) -> None:
    """What a removal did is nothing that could be removed."""
    take_back(jo, activity="call-jo")
    said = take_back(jo, interaction="call-jo")
    assert {step.kind for step in said.steps if step.does != "leave"} == {"create_contact"}
    with pytest.raises(FlowProblem):
        take_back(jo, activity="call-jo")


def test_explaining_says_who_removed_it(jo: World) -> None:
    """The writes of an interaction tell that they were taken back, by whom and when."""
    take_back(jo, contact=JO)
    told = interaction_story(jo.installation, "call-jo")
    assert told is not None
    assert any("removed by ana on 2026-01-05" in line for line in told.writes)


# --- many ------------------------------------------------------------------------------------------------


def week(world: World) -> None:
    """Calls of three people on three days; the last two under other settings."""
    called(world, "c1", "+14155550151", day=0)
    world.installation.change_settings(SettingsBook.from_mapping(TEAM, {"placeholder_name": "Somebody"}))
    called(world, "c2", "+14155550152", day=1)
    called(world, "c3", "+14155550153", day=2, name="")


TEAM: dict[str, Any] = {
    "domains": ["firm.example"], "region": "US", "timezone": "America/New_York",
    "users": [{"id": "ana", "name": "Ana Ruiz", "emails": ["ana@firm.example"], "phones": [ANA]}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("chosen", "gone"),
    [
        ({"since": at(1, 0), "until": at(2, 0)}, {"c2"}),
        ({"since": at(1, 0)}, {"c2", "c3"}),
        ({"rule": "unknown_contact"}, {"c1", "c2", "c3"}),
        ({"rule": "unknown_contact:create", "since": at(2, 0)}, {"c3"}),
        ({"rule": "free_mail"}, set()),
        ({"user": "ana", "until": at(1, 0)}, {"c1"}),
        ({"user": "bo"}, set()),
        ({"settings_version": "later"}, {"c2", "c3"}),
        ({"settings_version": "first"}, {"c1"}),
    ],
)
def test_many_are_narrowed_down(world: World, chosen: dict[str, Any], gone: set[str]) -> None:
    """By reason, user, settings and time of writing, alone or together: these contacts and activities, and no
    others."""
    week(world)
    versions = {"first": BOOK.version, "later": world.installation.book.version}
    if "settings_version" in chosen:
        chosen = {"settings_version": versions[chosen["settings_version"]]}
    foreseen = preview(world.installation, Chosen(**chosen))
    done = take_back(world, **chosen)
    assert done.counts == foreseen.counts
    assert {"c1", "c2", "c3"} - logged(world) == gone
    numbers = {"c1": "+14155550151", "c2": "+14155550152", "c3": "+14155550153"}
    assert set(numbers.values()) - phones(world) == {numbers[id] for id in gone}
    assert foreseen.before == 0
    assert take_back(world, **chosen).does == 0


def test_nothing_chosen_is_refused(world: World) -> None:
    """Exactly one way of saying what is meant."""
    for chosen in (Chosen(), Chosen(contact=JO, activity="x"), Chosen(interaction="x", rule="blocked")):
        with pytest.raises(FlowProblem, match="say what is to be removed"):
            preview(world.installation, chosen)


def test_the_crm_cannot_be_asked(jo: World) -> None:
    """Where the CRM does not answer, nothing is taken back by half."""
    jo.hostile.next_find("unknown")

    class Silent:
        connection = jo.installation.crm.connection

        def __getattr__(self, name: str) -> Any:
            def refuse(*_: object) -> None:
                raise TryAgain("not now")

            return refuse

    before, jo.installation.crm = jo.installation.crm, Silent()  # type: ignore[assignment]
    with pytest.raises(TryAgain):
        remove(jo.installation, Chosen(contact=JO), "ana")
    jo.installation.crm = before
    assert states(jo) == {}


def test_what_the_crm_does_not_let_us_take_away_is_said(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where contacts can't be deleted, the contact stays, with what to do by hand."""
    offered = msgspec.structs.replace(capabilities("salesforce"), deletes_contact=False)
    monkeypatch.setattr(story, "played", lambda _: offered)
    world = World(bench.fresh(), "salesforce")
    world.seed()
    called(world)
    said = take_back(world, contact=JO)
    assert [step.why for step in said.steps] == ["by_hand"]
    assert "by hand" in next(iter(said.left))
    assert world.contact(JO) is not None
    assert logged(world) == {"call-jo"}


def test_the_contact_waits_for_what_is_on_it(jo: World) -> None:
    """Where the CRM takes the activity's deletion later, the contact goes after it, not before."""
    remove(jo.installation, Chosen(contact=JO), "ana")
    jo.hostile.next_apply("try_again")
    jo.installation.drain()
    assert JO in phones(jo)
    assert logged(jo) == {"call-jo"}
    jo.settle()
    assert JO not in phones(jo)
    assert set(states(jo).values()) == {"done", "left"}
