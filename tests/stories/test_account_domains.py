"""An admin's word on the domains of accounts: it holds for look-ups, and reopens whoever waited for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from story import BOOK, KIM, World, at, left_behind, mail, person

from firstcontact.flow.account_check import Found, check_accounts
from firstcontact.flow.account_domains import Ruled, every_account, meant, rule_domain, take_back
from firstcontact.flow.domain_suggestions import Suggestion, suggest
from firstcontact.flow.problems import FlowProblem
from firstcontact.flow.replay import Replay
from firstcontact.ledger import domain_rulings
from firstcontact.ledger.domain_rulings import Said
from firstcontact.store.engine import open_engine
from firstcontact.testing.postgres import Server
from firstcontact.testing.scenarios.bench import Bench

GROUP = "jo@acme-group.example"
ANA = "ana@firm.example"
NEEDED = BOOK.with_settings({"engagement": "any", "account_match": "required"})


@pytest.fixture(params=["sqlite", "postgresql", "indexed"])
def engines(request: pytest.FixtureRequest, bench: Bench) -> Iterator[tuple[Any, bool]]:
    """Databases of either sort, and whether decisions are taken on an index."""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        where = server.database()
        pair = (open_engine(where, schema="crm"), open_engine(where, schema="ledger"))
        yield pair, False
        for engine in pair:
            engine.dispose()
    else:
        yield bench.fresh(), request.param == "indexed"


@pytest.fixture
def acme(engines: tuple[Any, bool]) -> World:
    """A CRM that has the account Acme, without a setting that is not said here."""
    return made(engines, NEEDED)


def made(engines: tuple[Any, bool], book: Any) -> World:
    """A world with these settings, its address book read where there is an index of it."""
    pair, indexed = engines
    world = World(pair, "salesforce", book=book, indexed=indexed)
    world.seed()
    world.settle()
    return world


def ruled(world: World, host: str, state: Said = "added", account: str = "a-acme") -> None:
    """An admin rules, and what that reopens is done."""
    (found,) = meant(account, world.address_book.every_account)
    connection = world.address_book.connection
    rule_domain(world.ledger, connection, found, host, state, NEEDED.team, "ana", world.clock.now())
    world.settle()


def took(world: World, *facts: Any) -> None:
    """Facts come in and are worked on."""
    world.receive(facts)
    world.settle()


def of(world: World, about: str) -> dict[str, Any]:
    """The contact that bears the address."""
    found = world.contact(about)
    assert found is not None, left_behind(world)["decisions"]
    return found


def decided(world: World, id: str) -> tuple[str, list[str]]:
    """The activity's verdict and those of its people."""
    decision = world.installation.decision(id)
    assert decision is not None
    return decision.activity, [each.verdict for each in decision.people]


def test_an_added_domain_reopens_and_finds_the_account(acme: World) -> None:
    """Who waited for an account is created on it once an admin adds the domain, and so is whoever comes
    after; where the CRM's website is another one meanwhile, too."""
    took(acme, mail("m1", at(0, 9), GROUP, ANA, "Jo Diaz"))
    assert decided(acme, "m1") == ("skip", ["leave"])
    ruled(acme, "acme-group.example")
    assert of(acme, GROUP)["account"] == "a-acme"
    assert decided(acme, "m1")[0] == "log"
    acme.people.edit("account", "a-acme", {"website": "acme-international.example"})
    acme.clock.advance_to(at(1, 9))
    acme.settle()
    took(acme, mail("m2", at(1, 9), "lu@acme-group.example", ANA, "Lu Chen"))
    assert of(acme, "lu@acme-group.example")["account"] == "a-acme"


def test_a_host_under_it_waited_for_it(acme: World) -> None:
    """Somebody at a host under the added domain is decided again, too, since subdomains count."""
    took(acme, mail("m1", at(0, 9), "jo@eu.acme-group.example", ANA, "Jo Diaz"))
    ruled(acme, "acme-group.example")
    assert of(acme, "jo@eu.acme-group.example")["account"] == "a-acme"


def test_what_was_not_logged_is_logged_on_the_account(engines: tuple[Any, bool]) -> None:
    """A mail of somebody who may not be created is logged on the account that its domain names since."""
    world = made(engines, BOOK.with_settings({"engagement": "two_way"}))
    took(world, mail("m1", at(0, 9), GROUP, ANA, "Jo Diaz"))
    assert decided(world, "m1") == ("skip", ["leave"])
    ruled(world, "acme-group.example")
    assert decided(world, "m1") == ("log_unlinked", ["leave"])
    assert [one["account"] for one in world.people.list_activities()] == ["a-acme"]


def test_a_refused_domain_finds_nobody(acme: World) -> None:
    """A host that an admin refused is not the account's, though the CRM says so, nor are hosts under it that
    were refused; taken back, it is again."""
    ruled(acme, "acme.example", "refused")
    took(acme, mail("m1", at(0, 9), KIM, ANA, "Kim Osei"))
    assert decided(acme, "m1") == ("skip", ["leave"])
    connection = acme.address_book.connection
    assert take_back(acme.ledger, connection, "a-acme", "acme.example", acme.clock.now())
    assert not take_back(acme.ledger, connection, "a-acme", "acme.example", acme.clock.now())
    acme.settle()
    assert of(acme, KIM)["account"] == "a-acme"
    ruled(acme, "eu.acme.example", "refused")
    took(acme, mail("m2", at(0, 10), "lu@eu.acme.example", ANA, "Lu Chen"))
    assert decided(acme, "m2") == ("skip", ["leave"])


def test_an_added_domain_is_a_secondary_one(acme: World) -> None:
    """The account whose website has the domain comes before the one that an admin added it to."""
    ruled(acme, "acme-group.example")
    acme.people.add("account", {"id": "a-group", "name": "Group", "website": "acme-group.example"})
    acme.clock.advance_to(at(0, 9))
    acme.settle()
    took(acme, mail("m1", at(0, 9), GROUP, ANA, "Jo Diaz"))
    assert of(acme, GROUP)["account"] == "a-group"


def test_no_account_is_made_for_an_added_domain(engines: tuple[Any, bool]) -> None:
    """`create_account` makes none for a domain that was added to one, and makes one for a refused domain."""
    world = made(engines, BOOK.with_settings({"engagement": "any", "account_match": "create_account"}))
    ruled(world, "acme-group.example")
    ruled(world, "acme.example", "refused")
    took(world, mail("m1", at(0, 9), GROUP, ANA, "Jo Diaz"), mail("m2", at(0, 9, 1), KIM, ANA, "Kim Osei"))
    assert of(world, GROUP)["account"] == "a-acme"
    own = [one for one in left_behind(world)["crm"]["accounts"] if one["created_by_us"]]
    assert [one["website"] for one in own] == ["acme.example"]
    assert of(world, KIM)["account"] == own[0]["id"]


def test_a_replay_knows_what_was_ruled(acme: World) -> None:
    """What was decided with a ruling is decided the same by a replay."""
    ruled(acme, "acme-group.example")
    took(acme, mail("m1", at(0, 9), GROUP, ANA, "Jo Diaz"))
    with acme.ledger.read() as tx:
        assert list(Replay(tx, NEEDED).differences()) == []


def test_what_cannot_be_a_domain_is_refused_with_why(acme: World) -> None:
    """Free mail, our own domain, a hosting domain and what is no domain are not added."""
    for host, why in (
        ("gmail.com", "free mail"),
        ("firm.example", "our own"),
        ("acme.github.io", "hosts unrelated"),
        ("acme dot example", "no domain"),
    ):
        with pytest.raises(FlowProblem, match=why):
            ruled(acme, host)
    acme.people.add("account", {"id": "a-none", "name": "None", "website": "n/a"})
    with pytest.raises(FlowProblem, match="set its website there first"):
        ruled(acme, "none.example", account="a-none")
    with acme.ledger.read() as tx:
        assert domain_rulings.every(tx, acme.address_book.connection) == ()


# --- suggestions --------------------------------------------------------------------------------------


def suggestions(world: World, **more: Any) -> tuple[Suggestion, ...]:
    """What the traffic so far suggests."""
    return suggest(world.ledger, world.installation.known, NEEDED.team, subdomains=True, **more)


def test_domains_are_learnt_from_traffic(acme: World) -> None:
    """A host whose mails go to an account's people as well, on them or in their thread, and one where an
    account's contacts have addresses, are suggested with both counts; the stronger first."""
    acme.people.add("contact", {"id": "c-kim", "last_name": "Osei", "emails": [KIM], "account": "a-acme"})
    both = ["pat@acme.example", "pat@acme-old.example"]
    acme.people.add("contact", {"id": "c-pat", "last_name": "Oh", "emails": both, "account": "a-acme"})
    acme.clock.advance_to(at(0, 8, 30))
    acme.settle()
    with_kim = [
        mail(f"g{n}", at(0, 9, n), f"p{n % 2}@acme-group.example", ANA, "Jo Diaz", f"t{n}") for n in range(4)
    ]
    took(
        acme,
        *(_also(each, KIM) for each in with_kim[:3]),
        with_kim[3],
        mail("reply", at(0, 10), KIM, ANA, "Kim Osei", "t3"),
        mail("alone", at(0, 11), "p0@acme-group.example", ANA, "Jo Diaz", "t9"),
        _also(mail("free", at(0, 12), "someone@gmail.com", ANA, "Some One"), KIM),
        _also(mail("twice", at(0, 12, 1), "someone@gmail.com", ANA, "Some One"), KIM),
        mail("old", at(0, 13), "pat@acme-old.example", ANA, "Pat Oh"),
        _also(mail("under", at(0, 14), "x@eu.acme.example", ANA, "Ex Why"), KIM),
    )
    assert suggestions(acme, least=2) == (
        Suggestion(
            host="acme-group.example",
            account="a-acme",
            together=4,
            of=5,
            people=0,
            examples=("p0@acme-group.example", "p1@acme-group.example"),
        ),
    )
    first = suggestions(acme, least=1)[0]
    assert (first.host, first.people, first.together) == ("acme-old.example", 1, 0)
    assert suggestions(acme, least=5) == ()
    ruled(acme, "acme-group.example", "refused")
    ruled(acme, "acme-old.example")
    assert suggestions(acme, least=1) == ()


def _also(fact: Any, *to: str) -> Any:
    """The same mail, to these as well."""
    import msgspec

    people = (*fact.participants, *(person("to", each) for each in to))
    return msgspec.structs.replace(fact, participants=people)


# --- the check ------------------------------------------------------------------------------------------


def test_bad_domains_of_accounts_are_found(acme: World) -> None:
    """Unreadable websites, hosts of nobody, our own domain, domains of several accounts with their rank, and
    hosts under one domain are told; a website that is only written otherwise is told apart."""
    for id, fields in {
        "a-bad": {"website": "see facebook"},
        "a-free": {"website": "https://gmail.com/acme"},
        "a-ours": {"website": "www.firm.example"},
        "a-two": {"website": "beech.example", "domains": ["acme.example"]},
        "a-under": {"website": "eu.beech.example"},
        "a-none": {},
        "a-both": {"website": "cedar.example", "domains": ["eu.cedar.example"]},
    }.items():
        acme.people.add("account", {"id": id, "name": id, **fields})
    ruled(acme, "beech.example", account="a-acme")
    with acme.ledger.read() as tx:
        said = Ruled(domain_rulings.every(tx, acme.address_book.connection))
    found = list(check_accounts(lambda: every_account(acme.address_book.every_account), said, NEEDED.team))
    told = {(each.about, each.account or each.host) for each in found}
    assert told == {
        ("unreadable", "a-bad"),
        ("unfit", "a-free"),
        ("normalised", "a-free"),
        ("unfit", "a-ours"),
        ("normalised", "a-ours"),
        ("normalised", "a-acme"),
        ("no_domain", "a-none"),
        ("shared", "acme.example"),
        ("shared", "beech.example"),
        ("subdomains", "beech.example"),
    }
    shared = next(each for each in found if each.about == "shared" and each.host == "acme.example")
    assert [(one.account, one.primary) for one in shared.ranked] == [("a-acme", True), ("a-two", False)]
    assert not shared.equal
    lost = [each for each in _without(acme, "a-acme", said) if each.about == "lost"]
    assert [(each.account, each.host) for each in lost] == [("a-acme", "beech.example")]


def _without(world: World, id: str, said: Ruled) -> list[Found]:
    """What the check says where the account is not there."""
    every = every_account(world.address_book.every_account)
    there = [account for account in every if account.id != id]
    return list(check_accounts(lambda: there, said, NEEDED.team))
