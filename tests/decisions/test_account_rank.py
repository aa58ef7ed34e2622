"""Two accounts on one domain: each rank of SPEC §2 by itself, and over all that come after it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from firstcontact.connectors.kinds import capabilities
from firstcontact.identity.records import Account, CrmUser, Opportunity, Record
from firstcontact.identity.team import Team, User
from firstcontact.interactions.model import Email, Handle, Participant
from firstcontact.policy.decide import decide
from firstcontact.policy.decision import Decision
from firstcontact.policy.known import CrmContext, Known, PersonFacts
from firstcontact.policy.settings import Effective

ANA, JO, KIM, PHONE = "ana@firm.example", "jo@acme.example", "kim@acme.example", "+14155550123"
TEAM = Team(domains=("firm.example",), users=(User("ana", emails=(ANA,)),))
CRM = capabilities("salesforce")
ONE = Account(id="a1", name="North", domains=("acme.example",), primary_domains=1)
TWO = msgspec.structs.replace(ONE, id="a2", name="South")
OWNED = (Opportunity("o1", "a1", "Renewal", open=True, owner="ana"),)
HELD = (Opportunity("o1", "a1", "Renewal", open=True, roles=("c-kim",)),)


def email(*people: str) -> Email:
    """A mail of the first of these people to Ana and the others."""
    to = (ANA, *people[1:])
    return Email(
        id="m1",
        source="test",
        source_id="m1",
        conversation="m1",
        at=1,
        participants=(_on("from", people[0]), *(_on("to", each) for each in to)),
    )


def _on(role: Any, key: str) -> Participant:
    return Participant(role=role, handles=(Handle("email", key, key),))


def decided(*accounts: Account, who: str = JO, kim: str = "", **settings: Any) -> Decision:
    """A mail of somebody unknown and, with `kim` as her account, of a contact; on these accounts."""
    people: dict[str, PersonFacts] = {who: PersonFacts(status="absent")}
    if kim:
        record = Record(type="contact", id="c-kim", name="Kim", handles=(Handle("email", KIM, KIM),))
        own = msgspec.structs.replace(record, account="" if kim == "none" else kim)
        people[KIM] = PersonFacts(status="found", records=(own,))
    context = CrmContext(capabilities=CRM, users={"ana": CrmUser("ana")}, active=frozenset({"ana"}))
    known = Known(at=2, connection="crm", crm=context, people=people, accounts=accounts)
    wanted = Effective(team=TEAM, required_fields={}, engagement="any", **settings)
    return decide(email(*people), known, wanted)


def chosen(*accounts: Account, **more: Any) -> str:
    """The account that a person who is not known is created on; "" where a person is asked."""
    decision = decided(*accounts, **more)
    first = decision.people[0]
    assert first.verdict == ("create" if first.account else "ask")
    assert first.account or "account_ambiguous" in decision.reasons()
    return first.account


BETTER: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "our participant owns it": ({"owner": "ana"}, {}),
    "our participant is on its team": ({"team": ("ana",)}, {}),
    "our participant owns an open opportunity on it": ({"opportunities": OWNED}, {}),
    "an open opportunity has a contact role on it": ({"opportunities": HELD}, {}),
    "primary before secondary": ({}, {"primary_domains": 0}),
    "most contacts": ({"contacts": 2}, {"contacts": 1}),
    "latest activity": ({"last_activity_at": 2}, {"last_activity_at": 1}),
}
"""What makes one account the right one, the strongest first, and what the other has instead."""


@pytest.mark.parametrize("why", BETTER)
def test_each_rank_decides(why: str) -> None:
    """With all else equal each rank decides, whichever account has it and comes first."""
    mine, others = BETTER[why]
    kim = "none" if "role" in why else ""
    one, two = msgspec.structs.replace(ONE, **mine), msgspec.structs.replace(TWO, **others)
    assert chosen(one, two, kim=kim) == "a1"
    assert chosen(two, one, kim=kim) == "a1"
    one, two = msgspec.structs.replace(ONE, **others), msgspec.structs.replace(TWO, **mine)
    assert chosen(one, two, kim=kim) == "a2"


@pytest.mark.parametrize("why", BETTER)
def test_each_rank_comes_before_all_that_follow(why: str) -> None:
    """The account with one rank comes before one that has every later rank, and the account of a known
    contact on the mail before one that has them all."""
    names = list(BETTER)
    later: dict[str, Any] = {}
    worse: dict[str, Any] = {}
    for name in names[max(names.index(why) + 1, 3) :]:  # the first three are one rank
        later |= BETTER[name][0]
        worse |= BETTER[name][1]
    mine, others = BETTER[why]
    one = msgspec.structs.replace(ONE, **{**worse, **mine})
    two = msgspec.structs.replace(TWO, **{**later, **others})
    assert chosen(one, two, kim="none") == "a1"
    everything = {key: value for given, _ in BETTER.values() for key, value in given.items()}
    assert chosen(msgspec.structs.replace(ONE, **worse), _full(everything), kim="a1") == "a1"


def _full(everything: dict[str, Any]) -> Account:
    return msgspec.structs.replace(TWO, **everything)


def test_nothing_that_ranks_is_a_question() -> None:
    """Equal in all six ranks: a person is asked, and no closed opportunity counts."""
    closed = (Opportunity("o1", "a1", "Lost", open=False, owner="ana", roles=("c-kim",)),)
    assert chosen(ONE, TWO) == ""
    assert chosen(msgspec.structs.replace(ONE, opportunities=closed), TWO, kim="none") == ""


def test_the_exact_host_comes_before_a_host_above_it() -> None:
    """An account with the very host is the only one, however the account of the domain above it ranks."""
    above = msgspec.structs.replace(ONE, owner="ana", contacts=9)
    exact = msgspec.structs.replace(TWO, domains=("eu.acme.example",), primary_domains=0)
    assert chosen(above, exact, who="jo@eu.acme.example") == "a2"
    assert chosen(above, exact, who="jo@us.acme.example") == "a1"


def test_a_host_by_a_secondary_domain_is_secondary() -> None:
    """Whose secondary domain is the very host ranks behind whose website it is, though the website of the
    first is on the domain above; a host under a website's domain counts as by the primary one."""
    mixed = msgspec.structs.replace(ONE, domains=("acme.example", "eu.acme.example"))
    website = msgspec.structs.replace(TWO, domains=("eu.acme.example",))
    assert chosen(mixed, website, who="jo@eu.acme.example") == "a2"
    shop = msgspec.structs.replace(ONE, domains=("shop.acme.example",))
    listed = msgspec.structs.replace(TWO, domains=("beech.example", "acme.example"))
    assert chosen(shop, listed, who="jo@us.acme.example") == "a1"


@pytest.mark.parametrize("host", ["gmail.com", "mailinator.com", "acme.github.io"])
def test_a_shared_host_names_no_account(host: str) -> None:
    """Free-mail, disposable and hosting domains never identify an account, though one has them."""
    wrong = msgspec.structs.replace(ONE, domains=(host,))
    decision = decided(wrong, who=f"jo@{host}", free_mail="create")
    assert (decision.people[0].verdict, decision.people[0].account) == ("create", "")


def test_a_refused_host_is_not_found_by_the_domain_above_it() -> None:
    """What an admin said is not the account's is not found by `account_subdomains` either."""
    refused = msgspec.structs.replace(ONE, not_theirs=("eu.acme.example",))
    assert decided(refused, who="jo@eu.acme.example").people[0].account == ""
    assert decided(refused, who="jo@us.acme.example").people[0].account == "a1"


# --- leads -------------------------------------------------------------------------------------------


def lead(**more: Any) -> Record:
    """A lead with Jo's address."""
    return Record(type="lead", id="l1", name="Jo Diaz", handles=(Handle("email", JO, JO),), **more)


def of_jo(*records: Record, **settings: Any) -> tuple[str, str, frozenset[str]]:
    """What is done about Jo, whom these records bear: verdict, record and reasons."""
    context = CrmContext(capabilities=CRM, users={"ana": CrmUser("ana")}, active=frozenset({"ana"}))
    people = {JO: PersonFacts(status="found", records=records)}
    known = Known(at=2, connection="crm", crm=context, people=people, accounts=(ONE,))
    wanted = Effective(team=TEAM, required_fields={}, engagement="any", **settings)
    decision = decide(email(JO), known, wanted)
    return decision.people[0].verdict, decision.people[0].record, decision.reasons()


def test_a_lead_alone_takes_the_mail() -> None:
    """A lead with the exact address is linked, and nobody is created; but where it does not stop that."""
    verdict, record, reasons = of_jo(lead())
    assert (verdict, record) == ("link_lead", "l1")
    assert "lead_blocks_creation" in reasons
    assert of_jo(lead(), lead_blocks_creation=False)[0] == "create"


def test_a_contact_wins_over_a_lead() -> None:
    """Contact and lead both match: the contact, and the pair is flagged; a converted lead is its contact."""
    contact = Record(type="contact", id="c1", name="Jo Diaz", handles=(Handle("email", JO, JO),))
    verdict, record, reasons = of_jo(contact, lead())
    assert (verdict, record) == ("link", "c1")
    assert "lead_and_contact" in reasons
    verdict, record, reasons = of_jo(contact, lead(converted_to="c1"))
    assert (verdict, record) == ("link", "c1")
    assert "lead_and_contact" not in reasons
    assert of_jo(lead(converted_to="c2"))[:2] == ("link", "c2")
