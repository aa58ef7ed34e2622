"""Contact roles as decisions (SPEC §7): each line of the table on both its sides, and each reason."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from firstcontact.connectors.kinds import capabilities
from firstcontact.explain.catalogue import CATALOGUE, next_step, sentence
from firstcontact.explain.role_reasons import ROLE_REASONS
from firstcontact.explain.sentences import explain
from firstcontact.identity.records import Account, CrmUser, Opportunity, Record
from firstcontact.identity.team import Team, User
from firstcontact.interactions.model import Email, Handle, Interaction, MailSigns, Meeting, Participant, Sms
from firstcontact.planning.contact_roles import role_writes
from firstcontact.planning.plan import Links, plan
from firstcontact.planning.write import ContactRoleFields, CreatedBy, Existing, write_key
from firstcontact.policy.decide import decide
from firstcontact.policy.decision import Decision
from firstcontact.policy.known import (
    CrmContext,
    Known,
    ObservedName,
    ObservedValue,
    PersonFacts,
    Ruling,
    ThreadMessage,
)
from firstcontact.policy.settings import Effective

ANA, JO, KIM, LEE = "ana@firm.example", "jo@acme.example", "kim@acme.example", "lee@beech.example"
TEAM = Team(
    domains=("firm.example",), users=(User("ana", emails=(ANA,)), User("bo", emails=("bo@firm.example",)))
)
CRM = capabilities("salesforce")
CONTEXT = CrmContext(
    capabilities=CRM,
    users={"ana": CrmUser("u-ana"), "bo": CrmUser("u-bo")},
    active=frozenset({"u-ana", "u-bo"}),
)
ON = Effective(team=TEAM, contact_roles=True, engagement="any", cc_creates=True)


def on(role: str, key: str, **more: Any) -> Participant:
    return Participant(role=role, handles=(Handle("email", key, key),), raw=key, **more)  # type: ignore[arg-type]


def mail(*others: str, signs: MailSigns | None = None, role: str = "to", sender: str = JO) -> Email:
    people = (on("from", sender), on("to", ANA), *(on(role, key) for key in others))
    return Email(
        id="e1", source="test", source_id="e1", conversation="t1", at=1, participants=people,
        signs=signs or MailSigns(),
    )  # fmt: skip


def meeting(*, status: str = "confirmed", reply: str = "accepted") -> Meeting:
    people = (on("organiser", ANA), on("attendee", JO, reply="accepted"), on("attendee", KIM, reply=reply))
    return Meeting(
        id="g1", source="test", source_id="g1", conversation="g1", at=1, participants=people, seconds=60,
        status=status,  # type: ignore[arg-type]
    )  # fmt: skip


def contact(key: str, id: str = "", **more: Any) -> PersonFacts:
    record = Record(
        type="contact", id=id or key.partition("@")[0], name=key.partition("@")[0].title(),
        handles=(Handle("email", key, key),), **more,
    )  # fmt: skip
    return PersonFacts(status="found", records=(record,))


ABSENT = PersonFacts(status="absent", names=(ObservedName("Kim", "Osei", "header"),))
PEOPLE = {JO: contact(JO), KIM: contact(KIM), LEE: contact(LEE)}


def opp(
    id: str = "o1", *roles: str, open: bool = True, owner: str = "", last: int = 0, account: str = "a1"
) -> Opportunity:
    return Opportunity(id, account, f"Deal {id}", open, owner, roles, last)


def acme(*opportunities: Opportunity, id: str = "a1", domain: str = "acme.example") -> Account:
    return Account(id=id, name=id.upper(), domains=(domain,), primary_domains=1, opportunities=opportunities)


def outcome(
    *accounts: Account,
    fact: Interaction | None = None,
    people: dict[str, PersonFacts] | None = None,
    settings: Effective = ON,
    context: CrmContext = CONTEXT,
    **known: Any,
) -> Decision:
    looked_up = Known(
        at=2, connection="crm", crm=context, people={**PEOPLE, **(people or {})}, accounts=accounts, **known
    )
    return decide(fact or mail(KIM), looked_up, settings)


def made(decision: Decision) -> list[tuple[str, str]]:
    return [(role.opportunity, role.about) for role in decision.roles]


def with_(**changes: Any) -> Effective:
    return msgspec.structs.replace(ON, **changes)


FIRST = with_(contact_roles_first=True)
NEW = with_(contact_roles_new=True)
ALL = with_(contact_roles_several="all_matched")


# --- the table -------------------------------------------------------------------------------------------


def test_without_roles_and_first_off_nothing() -> None:
    """Row 1: an opportunity without a role gets none while `first` is off, also with `new` on."""
    for settings in (ON, NEW, ALL):
        decision = outcome(acme(opp()), settings=settings)
        assert (made(decision), "no_contact_role:no_first" in decision.reasons()) == ([], True)


def test_the_first_roles_go_to_all_eligible_people() -> None:
    """Row 2: with `first` on and exactly one opportunity open, all on it get a role."""
    decision = outcome(acme(opp(), opp("o2", open=False)), settings=FIRST)
    assert made(decision) == [("o1", JO), ("o1", KIM)]
    assert "contact_role:first" in decision.reasons()


@pytest.mark.parametrize(
    "accounts",
    [
        (acme(opp(), opp("o2")),),
        (acme(opp(), opp("o2", "somebody")),),
        (acme(opp()), acme(opp("o2", account="a2"), id="a2", domain="beech.example")),
    ],
)
def test_no_first_role_where_several_are_possible(accounts: tuple[Account, ...]) -> None:
    """Row 3: another open opportunity, with roles or without, of this account or another on the mail."""
    decision = outcome(*accounts, settings=FIRST, fact=mail(KIM, LEE))
    assert (made(decision), "no_contact_role:several_possible" in decision.reasons()) == ([], True)


def test_a_role_holder_brings_the_others() -> None:
    """Row 4: somebody on it has a role, so the others get one; whatever `first` and `new` say."""
    for settings in (ON, FIRST, NEW):
        decision = outcome(acme(opp("o1", "jo")), settings=settings)
        assert made(decision) == [("o1", KIM)]
        assert {"contact_role:holder", "no_contact_role:already"} <= decision.reasons()


def test_without_a_holder_and_new_off_nothing() -> None:
    """Row 5: others have a role, nobody on it has, and `new` is off; `first` changes nothing."""
    for settings in (ON, FIRST, ALL):
        decision = outcome(acme(opp("o1", "pat")), settings=settings)
        assert (made(decision), "no_contact_role:no_holder" in decision.reasons()) == ([], True)


def test_without_a_holder_and_new_on_the_primary_match() -> None:
    """Row 6: with `new` on the primary match alone gets the roles, also where all that match would."""
    accounts = acme(opp("o1", "pat", last=5), opp("o2", "pat", owner="u-ana"))
    for settings in (NEW, with_(contact_roles_new=True, contact_roles_several="all_matched")):
        decision = outcome(accounts, settings=settings)
        assert made(decision) == [("o2", JO), ("o2", KIM)]
        assert {"contact_role:new", "no_contact_role:not_primary"} <= decision.reasons()


def test_several_that_create_all_matched() -> None:
    """Row 7: all opportunities on which somebody has a role, and no other."""
    decision = outcome(acme(opp("o1", "jo"), opp("o2", "jo"), opp("o3", "pat")), settings=ALL)
    assert made(decision) == [("o1", KIM), ("o2", KIM)]


def test_several_that_create_primary() -> None:
    """Row 8: only the primary match, the one with the most role holders on it."""
    people = {"pat@acme.example": contact("pat@acme.example")}
    accounts = acme(opp("o1", "jo", last=9, owner="u-ana"), opp("o2", "jo", "kim"))
    decision = outcome(accounts, people=people, fact=mail(KIM, "pat@acme.example"))
    assert made(decision) == [("o2", "pat@acme.example")]
    assert "no_contact_role:not_primary" in decision.reasons()


@pytest.mark.parametrize(
    ("one", "other", "chosen"),
    [
        (opp("o1", "jo", owner="u-ana"), opp("o2", "jo", last=9), "o1"),
        (opp("o1", "jo", owner="u-bo"), opp("o2", "jo", last=9), "o2"),
        (opp("o1", "jo", last=3), opp("o2", "jo", last=2), "o1"),
        (opp("o1", "jo", last=3), opp("o2", "jo", last=3), ""),
    ],
)
def test_what_makes_the_primary_match(one: Opportunity, other: Opportunity, chosen: str) -> None:
    """Equal in holders: owned by one of ours on it (not by another), then the latest activity, then none."""
    decision = outcome(acme(one, other))
    assert [role.opportunity for role in decision.roles] == ([chosen] if chosen else [])
    assert ("no_contact_role:no_primary" in decision.reasons()) == (not chosen)


def test_a_role_says_what_it_rests_on() -> None:
    """The row that created it and the holders on the interaction, so that both are checked at the write."""
    held, first = outcome(acme(opp("o1", "jo", "pat"))), outcome(acme(opp()), settings=FIRST)
    new = outcome(acme(opp("o1", "pat")), settings=NEW)
    assert [(role.row, role.holders) for role in held.roles] == [("holder", ("jo",))]
    assert {(role.row, role.holders) for role in first.roles} == {("first", ())}
    assert {(role.row, role.holders) for role in new.roles} == {("new", ())}
    (write,) = role_writes(held, "crm", {KIM: Existing("contact", "kim")})
    assert isinstance(write.fields, ContactRoleFields)
    assert (write.fields.row, write.fields.holders) == ("holder", ("jo",))


# --- for whom --------------------------------------------------------------------------------------------


def test_a_closed_opportunity_gets_no_role() -> None:
    """Whatever is on: there is no open opportunity, and the trace says so."""
    for settings in (ON, FIRST, NEW, ALL):
        decision = outcome(acme(opp("o1", "jo", open=False)), settings=settings)
        assert (made(decision), "no_contact_role:no_opportunity" in decision.reasons()) == ([], True)


def test_off_is_off_and_so_is_a_crm_without_roles() -> None:
    """Without the setting, or in a CRM that has no roles, nothing is decided and nothing is said."""
    zoho = msgspec.structs.replace(CONTEXT, capabilities=capabilities("zoho"))
    for decision in (
        outcome(acme(opp("o1", "jo")), settings=with_(contact_roles=False)),
        outcome(acme(opp("o1", "jo")), context=zoho),
    ):
        assert decision.roles == ()
        assert not any("contact_role" in name for name in decision.reasons())


def test_another_domain_gets_no_role() -> None:
    """Only who is of the account by domain; a holder of another domain counts as a holder all the same."""
    decision = outcome(acme(opp("o1", "lee")), fact=mail(LEE))
    assert made(decision) == [("o1", JO)]
    assert "no_contact_role:other_domain" in decision.reasons()


def test_nobody_gets_a_role_on_another_accounts_opportunity() -> None:
    """Of two accounts on one mail each one's people get roles on its own opportunities alone."""
    beech = acme(opp("o2", account="a2"), id="a2", domain="beech.example")
    decision = outcome(acme(opp("o1", "jo")), beech, fact=mail(KIM, LEE))
    assert made(decision) == [("o1", KIM)]


def test_a_phone_kind_gives_no_role() -> None:
    """Mail and meetings only, also where a text came from an address."""
    text = Sms(
        id="s1", source="test", source_id="s1", conversation="s1", at=1, direction="inbound",
        participants=(on("from", KIM), on("to", ANA)),
    )  # fmt: skip
    decision = outcome(acme(opp()), settings=FIRST, fact=text)
    assert (decision.activity, decision.roles) == ("log", ())
    assert made(outcome(acme(opp()), settings=FIRST, fact=mail(sender=KIM))) == [("o1", KIM)]


def test_a_lead_and_who_is_not_created_get_no_role() -> None:
    """A lead has none, and without a contact there is none."""
    lead = Record(type="lead", id="l1", name="Kim Osei", handles=(Handle("email", KIM, KIM),))
    decision = outcome(acme(opp("o1", "jo")), people={KIM: PersonFacts(status="found", records=(lead,))})
    assert (made(decision), "no_contact_role:lead" in decision.reasons()) == ([], True)
    nameless = outcome(acme(opp("o1", "jo")), people={KIM: PersonFacts(status="absent")})
    assert (made(nameless), "no_contact_role:no_contact" in nameless.reasons()) == ([], True)


def test_who_becomes_a_contact_gets_the_role_with_it() -> None:
    """Created on the account first, under all the gates; the role's write points at the creating one."""
    decision = outcome(acme(opp("o1", "jo")), people={KIM: ABSENT})
    (role,) = decision.roles
    assert (role.about, role.contact, role.account, role.domain) == (KIM, "", "a1", "acme.example")
    writes = plan(decision, mail(KIM), Links(connection="crm"), CRM).writes
    (write,) = [each for each in writes if each.kind == "contact_role"]
    making = write_key("crm", "create_contact", "e1", KIM)
    assert isinstance(write.fields, ContactRoleFields)
    assert write.fields.contact == CreatedBy(making)
    assert write.key == write_key("crm", "contact_role", "", f"o1 {KIM}")


def test_a_contact_that_is_on_its_way_gets_a_role_and_counts_as_a_holder() -> None:
    """A contact of an earlier interaction's write is linked, and so is its role."""
    virtual = contact(KIM, "new:KEY")
    decision = outcome(acme(opp("o1", "jo")), people={KIM: virtual})
    assert [role.contact for role in decision.roles] == ["new:KEY"]
    assert made(outcome(acme(opp("o1", "new:KEY")), people={KIM: virtual})) == [("o1", JO)]


def test_a_role_that_a_person_took_away_is_not_made_again() -> None:
    """It was there once and is not now; a ruling does not lift it, and others get theirs."""
    yes = Ruling(about=f"role:o1:{KIM}", settles=("review_required",), create=True)
    decision = outcome(acme(opp()), settings=FIRST, roles_gone=(("o1", "kim"),), role_rulings=(yes,))
    assert (made(decision), "no_contact_role:removed" in decision.reasons()) == ([("o1", JO)], True)


def test_two_addresses_of_one_contact_give_one_role() -> None:
    """Never twice the same contact on one opportunity."""
    people = {"jo.d@acme.example": contact("jo.d@acme.example", "jo")}
    decision = outcome(acme(opp()), settings=FIRST, people=people, fact=mail("jo.d@acme.example"))
    assert made(decision) == [("o1", JO)]


def test_a_domain_of_several_accounts_gives_no_role() -> None:
    """Where nothing tells which account is meant, nobody gets a role on one of them."""
    other = acme(opp("o3", account="a3"), id="a3", domain="oak.example")
    people = {"pat@oak.example": contact("pat@oak.example")}
    decision = outcome(
        acme(opp()), acme(id="a2"), other, settings=FIRST, fact=mail("pat@oak.example"), people=people
    )
    assert made(decision) == [("o3", "pat@oak.example")]
    assert "no_contact_role:account_ambiguous" in decision.reasons()


FORGED = MailSigns(authentication=(("mx.firm.example", "dmarc", "fail"),))


@pytest.mark.parametrize(
    ("fact", "settings"),
    [
        (mail("info@acme.example"), ON),
        (mail(KIM, signs=MailSigns(automated=("list-id",))), ON),
        (mail(KIM, signs=FORGED), ON),
        (mail(KIM), with_(max_external_people=1)),
        (mail(KIM, LEE), with_(max_external_domains=1)),
        (mail(KIM, role="bcc"), ON),
        (meeting(reply="declined"), ON),
        (meeting(status="cancelled"), ON),
    ],
)
def test_what_stops_a_creation_stops_a_role(fact: Interaction, settings: Effective) -> None:
    """A role address, a machine, a forged sender, a crowd, a blind copy, a meeting declined or called off."""
    people = {"info@acme.example": contact("info@acme.example")}
    decision = outcome(acme(opp("o1", "jo")), fact=fact, settings=settings, people=people)
    assert (made(decision), "no_contact_role:stopped" in decision.reasons()) == ([], True)
    plain = meeting() if isinstance(fact, Meeting) else mail(KIM)
    assert made(outcome(acme(opp("o1", "jo")), fact=plain)) == [("o1", KIM)]


@pytest.mark.parametrize("role", ["to", "cc"])
def test_whom_a_prohibition_concerns_gets_no_role(role: str) -> None:
    """Blocked, erased, a room: linked to nothing, and so no role; nor do they count as a holder."""
    blocked = outcome(acme(opp("o1", "jo")), settings=with_(blocked=(KIM,)), fact=mail(KIM, role=role))
    assert made(blocked) == []
    holder = outcome(acme(opp("o1", "jo")), settings=with_(blocked=(JO,)), fact=mail(KIM, role=role))
    assert (made(holder), "no_contact_role:no_holder" in holder.reasons()) == ([], True)


def test_a_failed_look_up_gives_no_role() -> None:
    """Where somebody could not be looked up, the holders are not known: it is decided again."""
    decision = outcome(
        acme(opp("o1", "jo")), fact=mail(KIM, LEE), people={LEE: PersonFacts(status="unknown")}
    )
    assert (decision.retry, decision.roles) == (True, ())


# --- asking, naming, saying -------------------------------------------------------------------------------


ASK = with_(autonomy={"contact_role": "ask"})


def test_a_person_is_asked_where_that_is_set() -> None:
    """Asked: nothing is planned, and the question is explained by the opportunity's name."""
    decision = outcome(acme(opp("o1", "jo")), settings=ASK)
    assert [role.ask for role in decision.roles] == [True]
    assert role_writes(decision, "crm", {KIM: Existing("contact", "kim")}) == ()
    (asked,) = [each for each in explain(decision) if each.about == f"role:o1:{KIM}"]
    assert "Deal o1" in asked.headline
    assert asked.because == ("review_required: autonomy.contact_role asks a person first.",)


@pytest.mark.parametrize("create", [True, False])
def test_an_answer_settles_the_question(create: bool) -> None:
    """Yes: the role is made; no: it is not, also where nobody is asked any more."""
    said = Ruling(about=f"role:o1:{KIM}", settles=("review_required",), create=create, by="ana")
    for settings in (ASK, ON):
        decision = outcome(acme(opp("o1", "jo")), settings=settings, role_rulings=(said,))
        assert [role.ask for role in decision.roles] == ([False] if create else [])
        assert ("no_contact_role:ruled" in decision.reasons()) is not create


@pytest.mark.parametrize(
    ("facts", "role"),
    [
        (contact(KIM, persona="economic buyer"), "Economic Buyer"),
        (contact(KIM, persona="Champion"), ""),
        (contact(KIM), ""),
        (
            msgspec.structs.replace(
                contact(KIM, persona="Champion"),
                observed=(ObservedValue("persona", "Economic buyer", "title", "e0", 1),),
            ),
            "Economic Buyer",
        ),
    ],
)
def test_the_role_is_mapped_from_the_persona(facts: PersonFacts, role: str) -> None:
    """The persona observed last, else the record's; blank where it is not mapped."""
    settings = with_(contact_roles_by_persona={"Economic buyer": "Economic Buyer"})
    decision = outcome(acme(opp("o1", "jo")), settings=settings, people={KIM: facts})
    assert [each.role for each in decision.roles] == [role]


def test_every_reason_about_roles_has_its_sentence() -> None:
    """Each name that a trace may hold is in the catalogue, and its sentence names the opportunity."""
    said = [
        reason
        for decision in (
            outcome(acme(opp("o1", "jo"))),
            outcome(acme(opp()), settings=FIRST),
            outcome(acme(opp("o1", "pat")), settings=NEW),
            outcome(acme(opp("o1", "pat"))),
            outcome(acme(opp())),
            outcome(acme(opp(), opp("o2")), settings=FIRST),
            outcome(acme(opp("o1", "jo"), opp("o2", "jo"))),
            outcome(acme(opp()), settings=FIRST, roles_gone=(("o1", "kim"),)),
        )
        for reason in decision.trace
        if "contact_role" in reason.name
    ]
    for reason in said:
        assert reason.name in ROLE_REASONS
        assert "Deal o1" in sentence(reason), reason
        assert "{" not in next_step(reason)
    assert {name.partition(":")[0] for name in ROLE_REASONS} <= CATALOGUE.keys()


def test_a_thread_changes_nothing_about_roles() -> None:
    """Roles go by who is on the interaction, not by who was on the thread before."""
    thread = (ThreadMessage((JO,), linked=("jo",)),)
    decision = outcome(acme(opp("o1", "jo")), fact=mail(sender=KIM), thread=thread)
    assert made(decision) == []
