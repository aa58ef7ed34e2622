"""What holds of contact roles whatever the interaction, the CRM and the settings (SPEC §7)."""

from __future__ import annotations

import random
from typing import NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from test_decide import ANA, TEAM, email_handle, interactions, participant

from firstcontact.connectors.kinds import capabilities
from firstcontact.explain.role_reasons import ROLE_REASONS
from firstcontact.identity.records import Account, CrmUser, Opportunity, Record
from firstcontact.interactions.model import Email, Interaction
from firstcontact.planning.contact_roles import role_writes
from firstcontact.planning.plan import Links, plan
from firstcontact.planning.write import ContactRoleFields
from firstcontact.policy.contact_roles import role_subject
from firstcontact.policy.decide import decide
from firstcontact.policy.decision import Decision
from firstcontact.policy.known import CrmContext, Known, ObservedName, PersonFacts, Ruling
from firstcontact.policy.settings import Effective

PEOPLE = (
    "jo@acme.example",
    "kim@acme.example",
    "info@acme.example",
    "eve@other.example",
    "x@eu.acme.example",
    "lou@oak.example",
)
CONTACTS = ("r1", "r2", "r3", "r4")


class Drawn(NamedTuple):
    """An interaction, what is known and the settings."""

    fact: Email
    known: Known
    settings: Effective


def _opportunity(draw: random.Random, account: str, number: int) -> Opportunity:
    return Opportunity(
        f"{account}-o{number}",
        account,
        f"Deal {number}",
        draw.random() < 0.8,
        draw.choice(["", "u-ana", "u-bo"]),
        tuple(draw.sample(CONTACTS, draw.choice([0, 0, 1, 2]))),
        draw.randrange(3),
    )


def _account(draw: random.Random, id: str, domain: str) -> Account:
    deals = tuple(_opportunity(draw, id, n) for n in range(draw.choice([0, 1, 1, 2, 3])))
    return Account(id=id, name=id, domains=(domain,), primary_domains=1, opportunities=deals)


def _facts(draw: random.Random, key: str) -> PersonFacts:
    names = (ObservedName("Jo", "Diaz", "header"),)
    chance = draw.random()
    if chance < 0.15:
        return PersonFacts(status="absent", names=names if chance < 0.1 else ())
    handles = (email_handle(key),)
    if chance < 0.22:
        return PersonFacts(status="found", records=(Record(type="lead", id="l1", handles=handles),))
    ids = draw.sample(CONTACTS, 2 if chance > 0.95 else 1)
    persona = draw.choice(["", "Champion", "Legal"])
    records = tuple(Record(type="contact", id=id, handles=handles, persona=persona) for id in ids)
    return PersonFacts(status="unknown" if chance > 0.98 else "found", records=records)


def _mail(draw: random.Random) -> Email:
    others = draw.sample(PEOPLE, draw.choice([1, 2, 3, 4]))
    roles = ["from", *(draw.choice(["to", "to", "cc", "bcc"]) for _ in others[1:])]
    people = [participant(role, key) for role, key in zip(roles, others, strict=True)]
    on = (*people, participant("to", ANA))
    return Email(id="i1", source="test", source_id="i1", conversation="t1", at=1, participants=on)


def drawn(seed: int) -> Drawn:
    """A case by chance; roles are not rare in it, as they would be where each part is drawn apart."""
    draw = random.Random(seed)
    accounts = (_account(draw, "a1", "acme.example"), _account(draw, "a2", "other.example"))
    deals = [one.id for account in accounts for one in account.opportunities] or ["none"]
    kind = draw.choice(["salesforce", "salesforce", "address_book", "zoho"])
    known = Known(
        at=2,
        connection="crm",
        crm=CrmContext(
            capabilities=capabilities(kind), users={"ana": CrmUser("u-ana")}, active=frozenset({"u-ana"})
        ),
        people={key: _facts(draw, key) for key in PEOPLE},
        accounts=accounts,
        roles_gone=tuple((draw.choice(deals), draw.choice(CONTACTS)) for _ in range(draw.choice([0, 0, 3]))),
        role_rulings=tuple(
            Ruling(
                about=role_subject(draw.choice(deals), draw.choice(PEOPLE)),
                settles=("review_required",),
                create=draw.random() < 0.5,
            )
            for _ in range(draw.choice([0, 0, 2]))
        ),
    )
    effective = Effective(
        team=TEAM,
        engagement="any",
        cc_creates=draw.random() < 0.5,
        contact_roles=draw.random() < 0.9,
        contact_roles_first=draw.random() < 0.5,
        contact_roles_new=draw.random() < 0.5,
        contact_roles_several=draw.choice(["primary", "all_matched"]),
        contact_roles_by_persona={"Champion": "Influencer"},
        autonomy=draw.choice([{}, {"contact_role": "ask"}]),
        max_external_people=draw.choice([1, 20, 20]),
    )
    return Drawn(_mail(draw), known, effective)


cases = st.integers(0, 2**40).map(drawn)


def _opportunities(known: Known) -> dict[str, Opportunity]:
    return {one.id: one for account in known.accounts for one in account.opportunities}


@settings(max_examples=400, deadline=None)
@given(case=cases)
def test_a_role_is_new_open_and_of_its_own_account(case: Drawn) -> None:
    """Whatever is decided: no role on a closed opportunity, none that is there, none that a person took away,
    none twice, none for somebody of another account or for who is neither linked nor created; and none where
    roles are off."""
    fact, known, with_settings = case
    decision = decide(fact, known, with_settings)
    opportunities, verdicts = _opportunities(known), {each.about: each for each in decision.people}
    for role in decision.roles:
        one, person = opportunities[role.opportunity], verdicts[role.about]
        assert one.open
        assert role.contact not in one.roles
        assert (role.opportunity, role.contact) not in known.roles_gone
        assert (person.verdict, person.record) in {("link", role.contact), ("create", "")}
        assert role.account == one.account
        assert role.about.endswith("acme.example" if one.account == "a1" else "other.example")
    roles = [(role.opportunity, role.contact or role.about) for role in decision.roles]
    assert len(roles) == len(set(roles))
    if not with_settings.contact_roles or not known.crm.capabilities.contact_roles:
        assert decision.roles == ()


@settings(max_examples=400, deadline=None)
@given(case=cases)
def test_one_opportunity_unless_all_that_match(case: Drawn) -> None:
    """`primary` gives roles on one opportunity at most, and never where its rows do not say so."""
    fact, known, with_settings = case
    decision = decide(fact, known, with_settings)
    given_on = {role.opportunity for role in decision.roles}
    if with_settings.contact_roles_several == "primary":
        assert len(given_on) <= 1
    linked = {each.record for each in decision.people if each.verdict == "link"}
    for id in given_on:
        held = set(_opportunities(known)[id].roles)
        if not held:
            assert with_settings.contact_roles_first
        elif not held & linked:
            assert with_settings.contact_roles_new


@settings(max_examples=400, deadline=None)
@given(case=cases)
def test_what_was_made_is_not_made_again(case: Drawn) -> None:
    """With the roles of a decision on their opportunities, the same interaction asks for none of them."""
    fact, known, with_settings = case
    first = decide(fact, known, with_settings)
    made = {(role.opportunity, role.contact) for role in first.roles if role.contact}
    accounts = tuple(
        msgspec.structs.replace(
            account,
            opportunities=tuple(
                msgspec.structs.replace(one, roles=(*one.roles, *(c for o, c in made if o == one.id)))
                for one in account.opportunities
            ),
        )
        for account in known.accounts
    )
    again = decide(fact, msgspec.structs.replace(known, accounts=accounts), with_settings)
    assert not made & {(role.opportunity, role.contact) for role in again.roles}


@settings(max_examples=400, deadline=None)
@given(case=cases)
def test_roles_change_no_verdict(case: Drawn) -> None:
    """Roles come on top: with them off, everybody's verdict and the activity's are the same."""
    fact, known, with_settings = case
    off = msgspec.structs.replace(with_settings, contact_roles=False)
    one, other = decide(fact, known, with_settings), decide(fact, known, off)
    assert (one.people, one.activity) == (other.people, other.activity)


@settings(max_examples=400, deadline=None)
@given(case=cases)
def test_each_role_is_one_write_or_one_question(case: Drawn) -> None:
    """What nobody is asked about is planned, once, with a key of its own, and the rest is not."""
    fact, known, with_settings = case
    decision = decide(fact, known, with_settings)
    planned = plan(decision, fact, Links(connection="crm"), known.crm.capabilities).writes
    writes = [write for write in planned if isinstance(write.fields, ContactRoleFields)]
    assert len({write.key for write in writes}) == len(writes) == sum(not role.ask for role in decision.roles)


@settings(max_examples=400, deadline=None)
@given(fact=interactions(), case=cases)
def test_no_interaction_breaks_it(fact: Interaction, case: Drawn) -> None:
    """Calls, texts, faxes, mails and meetings of any kind are decided, and a phone kind gives no role."""
    _, known, with_settings = case
    decision: Decision = decide(fact, known, with_settings)
    if not isinstance(fact, Email) and not hasattr(fact, "status"):
        assert decision.roles == ()
    assert role_writes(decision, "crm", {}) == ()


def test_the_cases_reach_every_row() -> None:
    """The properties are about something: each line of the table and what stands against a role comes up."""
    told = (decide(*drawn(seed)) for seed in range(1500))
    reached = {name for decision in told for name in decision.reasons() if "contact_role" in name}
    assert ROLE_REASONS.keys() - reached == {"no_contact_role:account_ambiguous"}
