"""A replay folds the contact roles that it would make, as exactly as contacts, beside a plain simulation."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
import pytest
from story import World, at, call, mail
from test_replay_exact import Plain
from test_roles_story import ANA, FIRST, JO, MEG, ON, SEED, both, tell

from firstcontact.flow.judge import settings_for
from firstcontact.flow.look_up import virtual
from firstcontact.flow.replay import Replay
from firstcontact.flow.replay_parts import replay_part, together
from firstcontact.interactions.model import Email
from firstcontact.ledger import reading
from firstcontact.planning.plan import NEW
from firstcontact.planning.write import write_key
from firstcontact.policy.decide import decide
from firstcontact.policy.decision import Decision
from firstcontact.policy.known import Known, PersonFacts
from firstcontact.policy.scopes import SettingsBook
from firstcontact.testing.scenarios.bench import Bench

OFF = ON.with_settings({"contact_roles": False})
KAY, LOU, IDA = "kay@acme.example", "lou@acme.example", "ida@beech.example"
PAT, UNA = "pat@acme.example", "una@acme.example"
DEALS: dict[str, Any] = {
    "accounts": [*SEED["accounts"], {"id": "a2", "name": "Beech", "website": "beech.example"}],
    "contacts": [
        *SEED["contacts"],
        {
            "id": "pat",
            "first_name": "Pat",
            "last_name": "Oh",
            "emails": ["pat@acme.example"],
            "account": "a1",
        },
        {
            "id": "bea",
            "first_name": "Bea",
            "last_name": "Oh",
            "emails": ["bea@beech.example"],
            "account": "a2",
        },
    ],
    "opportunities": [
        {"id": "o1", "account": "a1", "name": "Renewal", "open": True},
        {"id": "o2", "account": "a2", "name": "Licence", "open": True},
        {"id": "o3", "account": "a2", "name": "Support", "open": True},
    ],
    "contact_roles": [{"opportunity": "o2", "contact": "bea"}],
}
PEOPLE = {JO: "Jo Oh", MEG: "Meg Oh", "pat@acme.example": "Pat Oh", "bea@beech.example": "Bea Oh",
          KAY: "Kay Roe", LOU: "Lou Ray", IDA: "Ida Moe"}  # fmt: skip


def a_world(bench: Bench, book: SettingsBook, seed: Any = DEALS) -> World:
    """An office with these settings, whose CRM has accounts with deals."""
    world = World(bench.fresh(), "salesforce", now=at(0, 8), book=book)
    world.people.seed(seed, book.team.users)
    world.settle()
    return world


class Last(NamedTuple):
    """An interaction's last decision, and when in the simulation."""

    decision: Decision
    known: Known
    step: int


class Simulation(Plain):
    """Everything in memory, in order of time: who is created answers whoever comes after; whoever had met
    them before is decided anew at once; so it is with roles."""

    def __init__(self, world: World, book: SettingsBook) -> None:
        super().__init__(world, book)
        with world.ledger.read() as tx:
            self.of = {id: about for id, _, about in reading.made_contacts(tx)}
            self.gave = {(deal, contact): by for deal, contact, by in reading.made_roles(tx)}
        self.step = 0
        self.born: dict[str, tuple[str, int]] = {}
        self.given: dict[tuple[str, str], tuple[str, int]] = {}
        self.last: dict[str, Last] = {}
        met: set[str] = set()
        for number, (fact, _, known) in enumerate(self.rows):
            assert known is not None
            decision = self.take(fact, known)
            created = {each.about for each in decision.people if each.verdict == "create"} - self.made.keys()
            for about in created:
                self.made[about] = fact.id
                self.born[about] = (
                    NEW + write_key(known.connection, "create_contact", fact.id, about),
                    self.step,
                )
            met_here = {key for key, facts in self.last[fact.id].known.people.items() if not facts.records}
            self.give(fact.id, decision, known)
            for earlier, _, was in self.rows[:number] if created & met else ():
                assert was is not None
                if created & met & was.people.keys():
                    self.give(earlier.id, self.take(earlier, was), was)
            met |= met_here - created

    def take(self, fact: Any, known: Known) -> Decision:
        """The next decision of all."""
        self.step += 1
        decision = self.decided(fact, known)
        self.last[fact.id] = Last(decision, self.now, self.step)
        return decision

    def decided(self, fact: Any, known: Known) -> Decision:
        """With the contacts and roles that there are at this step."""
        people = {key: self.facts(fact.id, key, facts, False) for key, facts in known.people.items()}
        gone = tuple(sorted((deal, self.who(c)) for deal, c in known.roles_gone if self.who(c)))
        accounts = []
        for account in known.accounts:
            deals = []
            for one in account.opportunities:
                there = [self.who(c) for c in one.roles if (one.id, c) not in self.gave]
                there += [c for deal, c in self.given if deal == one.id and (deal, c) not in gone]
                deals.append(msgspec.structs.replace(one, roles=tuple(dict.fromkeys(filter(None, there)))))
            accounts.append(msgspec.structs.replace(account, opportunities=tuple(deals)))
        self.now = msgspec.structs.replace(known, people=people, accounts=tuple(accounts), roles_gone=gone)
        return decide(fact, self.now, settings_for(self.book, fact, known.connection))

    def facts(self, fact: str, key: str, facts: PersonFacts, created: bool) -> PersonFacts:
        """Whoever bears the handle at this step."""
        assert not created
        records = tuple(record for record in facts.records if record.id not in self.of)
        if key in self.born and self.made[key] != fact and not facts.suppressed:
            records = (*records, msgspec.structs.replace(virtual("x"), id=self.born[key][0]))
        status = facts.status
        if status in ("found", "absent"):
            status = "found" if records else "absent"
        return msgspec.structs.replace(facts, records=records, status=status)

    def who(self, contact: str) -> str:
        """Who a contact is in this replay."""
        if contact not in self.of:
            return contact
        return self.born.get(self.of[contact], ("", 0))[0]

    def give(self, id: str, decision: Decision, known: Known) -> None:
        """Its roles are there from here on."""
        for role in decision.roles:
            own = NEW + write_key(known.connection, "create_contact", id, role.about)
            if not role.ask:
                self.given.setdefault((role.opportunity, role.contact or own), (id, self.step))

    def verdicts(self) -> Iterator[tuple[str, str, str, str]]:
        """Interaction, whom it is about, before and after, of what differs."""
        for fact, before, known in self.rows:
            assert known is not None
            after = self.last[fact.id].decision
            old, new = self.told(fact.id, before), self.told(fact.id, after)
            for about in dict.fromkeys((*old, *new)):
                was, now = old.get(about, ("none", False)), new.get(about, ("none", False))
                if was[0] != now[0] and not (was[1] and now[1]):
                    yield fact.id, about, was[0], now[0]
            made, had, makes, have = self.roles(fact.id, before, known)
            lost, won = {a for _, a in made - makes - have}, {a for _, a in makes - made - had}
            yield from ((fact.id, about, "role:made", "none") for about in lost - won)
            yield from ((fact.id, about, "none", "role:made") for about in won - lost)

    def roles(self, id: str, before: Decision, known: Known) -> tuple[set[Any], set[Any], set[Any], set[Any]]:
        """Deal and person: roles that the old decision made, that others had made; the same now."""
        after, _, step = self.last[id]
        there = {e.about: e.record for e in before.people if e.verdict == "link" and e.record not in self.of}
        old: dict[tuple[str, str], str] = {}
        for account in known.accounts:
            for one in account.opportunities:
                held = ((a, self.gave[one.id, c]) for a, c in there.items() if (one.id, c) in self.gave)
                old |= {(one.id, a): by for a, by in held if there[a] in one.roles}
        for role in before.roles:
            if role.about in there and not role.ask:
                old[role.opportunity, role.about] = self.gave.get((role.opportunity, role.contact), id)
        new: dict[tuple[str, str], str] = {}
        for each in after.people:
            if each.verdict == "link" and each.about in there:
                for (deal, contact), (by, when) in self.given.items():
                    if (
                        contact == each.record
                        and when < step
                        and any(one.id == deal for account in known.accounts for one in account.opportunities)
                    ):
                        new[deal, each.about] = by
        for role in after.roles:
            if role.about in there and not role.ask:
                new[role.opportunity, role.about] = id
        made, makes = {r for r, by in old.items() if by == id}, {r for r, by in new.items() if by == id}
        return made, old.keys() - made, makes, new.keys() - makes

    def counted(self) -> tuple[dict[str, int], dict[str, int]]:
        """How often each verdict stands in the decisions before and after, and who is given a role."""
        was, now = Counter[str](), Counter[str]()
        for fact, before, known in self.rows:
            assert known is not None
            old, new = self.told(fact.id, before), self.told(fact.id, self.last[fact.id].decision)
            for about in {*old, *new}:
                for counts, told in ((was, old), (now, new)):
                    verdict, _ = told.get(about, ("none", False))
                    counts[verdict if about else f"activity:{verdict}"] += 1
            made, _, makes, _ = self.roles(fact.id, before, known)
            was["role:made"] += len({about for _, about in made})
            now["role:made"] += len({about for _, about in makes})
        return dict(+was), dict(+now)


TRIED: Mapping[str, Mapping[str, Any]] = {
    "off": {"contact_roles": False},
    "first": {"contact_roles": True, "contact_roles_first": True},
    "holders": {"contact_roles": True, "contact_roles_first": False, "contact_roles_new": False},
    "new": {"contact_roles": True, "contact_roles_first": True, "contact_roles_new": True},
    "all": {"contact_roles": True, "contact_roles_new": True, "contact_roles_several": "all_matched"},
    "two-way": {"contact_roles": True, "contact_roles_first": True, "engagement": "two_way"},
    "nobody": {"contact_roles": True, "contact_roles_first": True, "unknown_contact": {"default": "skip"}},
}


def chance(world: World, seed: int) -> None:
    """Mails by chance among people of two companies, some of whom are no contacts until somebody says their
    names, and people who give and take roles in between, of contacts that we made, too."""
    draw = random.Random(seed)
    for number in range(16):
        names = draw.sample(sorted(PEOPLE), draw.choice([1, 2, 2, 3]))
        said = {each: PEOPLE[each] if draw.random() < 0.4 else "" for each in names}
        tell(world, to(f"m{number:02}", number // 8, 9 + number % 8, said))
        if draw.random() < 0.2:
            contacts = {each["id"] for each in world.people.dump()["contacts"]}
            there = {(role["opportunity"], role["contact"]) for role in world.people.dump()["contact_roles"]}
            deal, contact = draw.choice(["o1", "o2", "o3"]), draw.choice(sorted(contacts))
            act = world.people.delete if (deal, contact) in there else world.people.add
            act("contact_role", {"opportunity": deal, "contact": contact})


def replayed(
    world: World, book: SettingsBook, page: int, patch: pytest.MonkeyPatch
) -> tuple[list[tuple[str, str, str, str]], Replay]:
    """The differences of a replay that reads so many interactions at a time."""
    stored = reading.stored
    with world.ledger.read() as tx, patch.context() as here:
        here.setattr(reading, "stored", lambda *given, **named: stored(*given, **{**named, "page": page}))
        run = Replay(tx, book)
        return [(each.interaction, each.about, each.before, each.after) for each in run.differences()], run


def check(world: World, book: SettingsBook, patch: pytest.MonkeyPatch) -> Simulation:
    """The replay comes to what the simulation comes to: lines and counts, on any page, and in parts."""
    plain = Simulation(world, book)
    expected = sorted(plain.verdicts())
    for page in (1, 3, 500):
        found, run = replayed(world, book, page, patch)
        assert sorted(found) == expected, page
        assert len(found) == run.summary().differences
        assert (run.summary().before, run.summary().after) == plain.counted(), page
    with world.ledger.read() as tx:
        parts = [replay_part(tx, book, 0, 2**62, part, 3) for part in range(3)]
    lines, summary, _ = together(parts)
    assert sorted((e.interaction, e.about, e.before, e.after) for e in lines) == expected
    assert (summary.before, summary.after) == plain.counted()
    return plain


def to(id: str, day: int, hour: int, people: Mapping[str, str]) -> Email:
    """A mail of the first of these to Ana, with the others in copy, each named so or not at all."""
    sender, *others = people
    one = mail(id, at(day, hour), sender, ANA, people[sender])
    more = [mail("x", 1, each, ANA, people[each]).participants[0] for each in others]
    cc = (msgspec.structs.replace(each, role="cc") for each in more)
    return msgspec.structs.replace(one, participants=(*one.participants, *cc))


def test_who_is_decided_anew_is_so_in_the_turn_of_another(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meg writes with Pat, and Kay and Lou, whom nobody knows, in copy; then Meg is given a role. When Kay
    writes herself, Meg's mail is decided anew: by Meg's role Pat gets one, and by his Una. When Lou writes it
    is decided anew once more, and nothing comes of it."""
    una = {"id": "una", "first_name": "Una", "last_name": "Oh", "emails": [UNA], "account": "a1"}
    role = {"opportunity": "o1", "contact": "jo"}
    seed = {**DEALS, "contacts": [*DEALS["contacts"], una], "contact_roles": [role]}
    world = a_world(bench, OFF, seed)
    tell(world, to("m1", 0, 9, {MEG: "", PAT: "", KAY: "Kay Roe", LOU: "Lou Ray"}))
    tell(world, to("m2", 0, 10, {JO: "", MEG: ""}))
    tell(world, to("m3", 0, 11, {KAY: "Kay Roe"}))
    tell(world, to("m4", 0, 12, {PAT: "", UNA: ""}))
    tell(world, to("m5", 0, 13, {LOU: "Lou Ray"}))
    plain = check(world, ON, monkeypatch)
    made = [line for line in plain.verdicts() if line[3] == "role:made"]
    assert [line[:2] for line in made] == [("m1", PAT), ("m2", MEG), ("m4", UNA)]


@pytest.mark.parametrize("seed", range(12))
def test_a_replay_with_roles_is_exact(bench: Bench, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Whatever was, and whatever is tried: every verdict and role that differs, and no other, on every page,
    and in parts as in one."""
    live = [OFF, ON, FIRST, FIRST.with_settings({"contact_roles_new": True}),
            FIRST.with_settings({"engagement": "two_way"})][seed % 5]  # fmt: skip
    world = a_world(bench, live)
    chance(world, seed)
    for tried in TRIED.values():
        check(world, live.with_settings(tried), monkeypatch)


def test_the_stories_come_to_something(bench: Bench) -> None:
    """The random stories differ in roles either way, and create people who were met before."""
    told: set[tuple[str, str]] = set()
    for seed, tried in ((0, "first"), (1, "first"), (2, "off"), (3, "off"), (4, "new")):
        live = [OFF, ON, FIRST, FIRST, FIRST][seed]
        world = a_world(bench, live)
        chance(world, seed)
        told |= {line[2:] for line in Simulation(world, live.with_settings(TRIED[tried])).verdicts()}
    assert {("none", "role:made"), ("role:made", "none")} <= told


def test_the_second_is_judged_by_the_first(bench: Bench) -> None:
    """Roles were off; tried with first roles on, Jo's mail makes the first, and by Meg's, on which nobody has
    one, there is one already; then a mail of both gives Meg hers."""
    world = a_world(bench, OFF, {**SEED, "contact_roles": []})
    tell(world, mail("m1", at(0, 9), JO, ANA, "Jo Oh"))
    tell(world, mail("m2", at(0, 10), MEG, ANA, "Meg Oh"))
    tell(world, both("m3", 11), both("m4", 12))
    with world.ledger.read() as tx:
        run = Replay(tx, FIRST)
        assert [(each.interaction, each.about, each.after) for each in run.differences()] == [
            ("m1", JO, "role:made"),
            ("m3", MEG, "role:made"),
        ]
        parts = [replay_part(tx, FIRST, 0, 2**62, part, 5) for part in range(5)]
    assert run.summary().after["role:made"] == 2
    assert [each.interaction for each in together(parts)[0]] == ["m1", "m3"]


def test_a_role_ties_those_who_share_nobody(bench: Bench) -> None:
    """Jo's mail and Meg's have nobody in common, but the deal: however many parts, one is judged by the
    other's role."""
    world = a_world(bench, OFF, {**SEED, "contact_roles": []})
    tell(world, mail("m1", at(0, 9), JO, ANA, "Jo Oh"))
    tell(world, mail("m2", at(0, 10), MEG, ANA, "Meg Oh"))
    with world.ledger.read() as tx:
        for parts in range(2, 9):
            done = [replay_part(tx, FIRST, 0, 2**62, part, parts) for part in range(parts)]
            assert [(each.interaction, each.about) for each in together(done)[0]] == [("m1", JO)]


def test_what_only_the_old_settings_gave_is_not_there(bench: Bench) -> None:
    """First roles were on; tried without them, nobody has a role, and so nobody gets one by a holder."""
    world = a_world(bench, FIRST, {**SEED, "contact_roles": []})
    tell(world, mail("m1", at(0, 9), JO, ANA, "Jo Oh"))
    tell(world, both("m2", 10))
    with world.ledger.read() as tx:
        assert list(Replay(tx, FIRST).differences()) == []
        without = Replay(tx, FIRST.with_settings({"contact_roles_first": False}))
        assert [
            (each.interaction, each.about, each.before, each.after) for each in without.differences()
        ] == [
            ("m1", JO, "role:made", "none"),
            ("m2", MEG, "role:made", "none"),
        ]


def test_a_role_that_a_person_took_away_is_away(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kay, whom we created, had a role by Jo's, and a person took both away: in a replay, too, she brings
    Meg none by it."""
    world = a_world(bench, ON, {**DEALS, "contact_roles": [{"opportunity": "o1", "contact": "jo"}]})
    tell(world, to("m1", 0, 9, {KAY: "Kay Roe", JO: ""}))
    roles = world.people.dump()["contact_roles"]
    assert len(roles) == 2
    for role in roles:
        world.people.delete("contact_role", {"opportunity": "o1", "contact": role["contact"]})
    tell(world, to("m2", 0, 10, {KAY: "Kay Roe", MEG: ""}))
    assert world.people.dump()["contact_roles"] == []
    assert list(check(world, ON, monkeypatch).verdicts()) == []


def test_who_is_created_late_holds_a_role_for_the_next(bench: Bench) -> None:
    """Kay had been met before she was created; with her contact comes the first role, and by it Meg's."""
    book = FIRST.with_settings({"engagement": "two_way"})
    world = a_world(bench, book, {**SEED, "contact_roles": []})
    tell(world, mail("k1", at(0, 9), KAY, ANA, "Kay Roe", "kay"))
    tell(world, mail("k2", at(0, 10), ANA, KAY, "Ana Ruiz", "kay", "", "Kay Roe"))
    tell(world, call("c1", at(0, 11), "+14155550177", seconds=9))
    one = mail("k3", at(0, 12), KAY, ANA, "Kay Roe", "kay")
    meg = msgspec.structs.replace(mail("x", 1, MEG, ANA).participants[0], role="to")
    tell(world, msgspec.structs.replace(one, participants=(*one.participants, meg)))
    roles = {role["contact"] for role in world.people.dump()["contact_roles"]}
    kay = world.contact(KAY)
    assert kay is not None
    assert roles == {kay["id"], "meg"}
    with world.ledger.read() as tx:
        assert list(Replay(tx, book).differences()) == []
        off = Replay(tx, book.with_settings({"contact_roles": False}))
        assert [(each.interaction, each.about) for each in off.differences()] == [("k3", MEG)]
