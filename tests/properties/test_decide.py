"""What holds of every decision, whatever the interaction, the CRM and the settings (DESIGN §3)."""

from __future__ import annotations

import random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from firstcontact.connectors.kinds import capabilities
from firstcontact.identity.records import Account, CrmUser, Opportunity, Record
from firstcontact.identity.team import Team, User
from firstcontact.interactions.model import (
    Call,
    Email,
    Fax,
    Handle,
    Interaction,
    MailSigns,
    Meeting,
    Participant,
    Sms,
)
from firstcontact.policy.decide import decide
from firstcontact.policy.decision import Decision
from firstcontact.policy.known import (
    BrakeFacts,
    CrmContext,
    Known,
    ObservedName,
    PersonFacts,
    Ruling,
    ThreadMessage,
)
from firstcontact.policy.rules import ALWAYS, CREATION, PROHIBITIONS
from firstcontact.policy.settings import Effective

ANA = "ana@firm.example"
TEAM = Team(
    domains=("firm.example",),
    users=(User("ana", emails=(ANA,), phones=("+14155550100",), extension="101"),),
    lines=("+14155550199",),
)
ADDRESSES = (
    "jo@acme.example",
    "kim@acme.example",
    "info@acme.example",
    "lee@gmail.com",
    "room-4@resource.calendar.google.com",
    "eve@other.example",
    "x@eu.acme.example",
)
NUMBERS = ("+14155550123", "+14155550124", "")
ACCOUNTS = (
    Account(id="a1", name="Acme", domains=("acme.example",), primary_domains=1, owner="ana"),
    Account(
        id="a2",
        name="Acme Two",
        domains=("acme.example",),
        owner="bo",
        opportunities=(Opportunity("o1", "a2", "New", True, "ana"),),
    ),
)


def email_handle(address: str) -> Handle:
    return Handle("email", address, address)


def records(key: str) -> st.SearchStrategy[tuple[Record, ...]]:
    handle = email_handle(key) if "@" in key else Handle("phone", key, key)
    return st.lists(
        st.builds(
            Record,
            type=st.sampled_from(["contact", "lead"]),
            id=st.sampled_from(["r1", "r2", "r3"]),
            last_name=st.sampled_from(["Diaz", "Osei"]),
            handles=st.just((handle,)),
            active=st.booleans(),
            placeholder=st.booleans(),
            created_by_us=st.booleans(),
            last_activity_at=st.integers(0, 3),
            created_at=st.integers(0, 3),
            converted_to=st.sampled_from(["", "", "r9"]),
        ),
        max_size=3,
        unique_by=lambda record: record.id,
    ).map(tuple)


def ruling(about: str) -> st.SearchStrategy[Ruling | None]:
    return st.none() | st.builds(
        Ruling,
        about=st.just(about),
        settles=st.sampled_from([("*",), ("free_mail",), ("several_contacts",), ("account_ambiguous",)]),
        choose=st.sampled_from(["", "r1", "gone"]),
        create=st.booleans(),
        first_name=st.just("Jo"),
    )


@st.composite
def people_facts(draw: st.DrawFn, key: str) -> PersonFacts:
    found = draw(records(key))
    return PersonFacts(
        status=draw(st.sampled_from(["unknown", "not_known"]))
        if draw(st.integers(0, 9)) == 0
        else ("found" if found else "absent"),
        records=found,
        stray=draw(st.sampled_from([(), ("r7",)])),
        names=draw(
            st.sampled_from([(), (ObservedName("Jo", "Diaz", "header"),), (ObservedName("Jo", "", "typed"),)])
        ),
        suppressed=draw(st.sampled_from(["", "", "", "deleted", "erased"])),
        ruling=draw(ruling(key)),
    )


def participant(role: str, key: str) -> Participant:
    if "@" in key:
        return Participant(role=role, handles=(email_handle(key),), raw=key)  # type: ignore[arg-type]
    handles = (Handle("phone", key, key),) if key else ()
    return Participant(role=role, handles=handles, raw=key or "anonymous")  # type: ignore[arg-type]


@st.composite
def interactions(draw: st.DrawFn) -> Interaction:
    kind = draw(st.sampled_from(["call", "sms", "fax", "email", "meeting"]))
    common = {"id": "i1", "source": "test", "source_id": "i1", "conversation": "t1", "at": 1_000_000}
    if kind in ("call", "sms", "fax"):
        outside = participant("from", draw(st.sampled_from(NUMBERS)))
        ours = participant("to", draw(st.sampled_from(["+14155550100", "+14155550199", "+14155550124"])))
        common["participants"] = (outside, ours)
        if kind == "call":
            result = draw(st.sampled_from(["answered", "missed", "voicemail"]))
            return Call(**common, direction="inbound", result=result, seconds=draw(st.integers(0, 90)))
        return Sms(**common, direction="inbound") if kind == "sms" else Fax(**common, direction="inbound")
    others = draw(st.lists(st.sampled_from((*ADDRESSES, ANA)), min_size=1, max_size=4))
    if kind == "email":
        roles = ["from", *draw(st.lists(st.sampled_from(["to", "cc", "bcc"]), min_size=3, max_size=3))]
        people = [participant(role, key) for role, key in zip(roles, others, strict=False)]
        if draw(st.booleans()):
            people.append(participant("to", ANA))
        signs = draw(
            st.builds(
                MailSigns,
                automated=st.sampled_from([(), (), ("list-id",)]),
                authentication=st.sampled_from([(), (("mx.firm.example", "dmarc", "fail"),)]),
            )
        )
        return Email(**common, participants=tuple(people), signs=signs)
    replies = st.sampled_from(["accepted", "declined", ""])
    attendees = tuple(
        msgspec.structs.replace(participant("attendee", key), reply=draw(replies)) for key in others
    )
    return Meeting(
        **common,
        participants=(participant("organiser", ANA), *attendees),
        status=draw(st.sampled_from(["confirmed", "cancelled"])),
        seconds=1800,
        private=draw(st.integers(0, 9)) == 0,
    )


@st.composite
def knowns(draw: st.DrawFn) -> Known:
    kind = draw(st.sampled_from(["salesforce", "clio", "lawmatics", "address_book", "zoho"]))
    users = {"ana": CrmUser("ana", active=True)}
    return Known(
        at=2_000_000,
        connection="crm",
        crm=CrmContext(capabilities=capabilities(kind), users=users, active=frozenset({"ana"})),
        people={key: draw(people_facts(key)) for key in (*ADDRESSES, *NUMBERS[:2])},
        accounts=draw(st.sampled_from([(), ACCOUNTS[:1], ACCOUNTS])),
        thread=draw(st.sampled_from([(), (ThreadMessage((ANA,)),), (ThreadMessage(("jo@acme.example",)),)])),
        brake=draw(st.sampled_from([BrakeFacts(), BrakeFacts(creates_last_hour=900, live=True)])),
        by_hand=draw(st.sampled_from(["", "", "", "ana"])),
    )


effective = st.builds(
    Effective,
    team=st.just(TEAM),
    unknown_contact=st.sampled_from(
        [{"default": "create"}, {"default": "skip"}, {"default": "ask"}, {"default": "log_unlinked"}]
    ),
    fax_may_create=st.booleans(),
    exclusive_contact_association=st.booleans(),
    several_contacts=st.sampled_from(
        ["ask", "most_recent_activity", "earliest_created", "alphabetical", "log_unlinked", "skip"]
    ),
    log=st.sampled_from([{}, {"email": False, "call": False}]),
    blocked=st.sampled_from([(), ("acme.example",), ("+14155550123",)]),
    allowed=st.sampled_from([(), ("jo@acme.example",)]),
    account_match=st.sampled_from(["required", "optional", "create_account"]),
    account_subdomains=st.booleans(),
    user_must_be=st.sampled_from([(), ("account_owner",)]),
    engagement=st.sampled_from(["any", "outbound", "two_way"]),
    cc_creates=st.booleans(),
    max_external_people=st.sampled_from([1, 20]),
    lead_blocks_creation=st.booleans(),
    free_mail=st.sampled_from(["skip", "ask", "create"]),
    autonomy=st.sampled_from([{}, {"create": "ask"}, {"log": "ask"}]),
)

RANK = {"link": 0, "link_lead": 0, "create": 0, "ask": 1, "leave": 2}
LENIENT = settings(deadline=None, max_examples=200)


def outcome(decision: Decision) -> tuple[object, ...]:
    return (decision.activity, tuple((p.about, p.verdict, p.record) for p in decision.people))


@given(interactions(), knowns(), effective)
@LENIENT
def test_same_inputs_same_decision(interaction: Interaction, known: Known, how: Effective) -> None:
    """The same interaction, knowledge and settings give the same decision, byte for byte."""
    one = msgspec.msgpack.encode(decide(interaction, known, how))
    assert one == msgspec.msgpack.encode(decide(interaction, known, how))


@given(interactions(), knowns(), effective, st.randoms(use_true_random=False))
@LENIENT
def test_the_order_of_rules_never_changes_a_verdict(
    interaction: Interaction, known: Known, how: Effective, shuffle: random.Random
) -> None:
    """Rules in any order give the same verdicts."""
    always, creation = list(ALWAYS), list(CREATION)
    shuffle.shuffle(always)
    shuffle.shuffle(creation)
    shuffled = decide(interaction, known, how, always=tuple(always), creation=tuple(creation))
    assert outcome(shuffled) == outcome(decide(interaction, known, how))


@given(interactions(), knowns(), effective, st.integers(0, len(CREATION) - 1))
@LENIENT
def test_removing_a_rule_never_makes_us_more_careful(
    interaction: Interaction, known: Known, how: Effective, without: int
) -> None:
    """With one rule less, nobody is treated more carefully than with it."""
    fewer = CREATION[:without] + CREATION[without + 1 :]
    before = decide(interaction, known, how)
    after = decide(interaction, known, how, creation=fewer)
    for one, other in zip(before.people, after.people, strict=True):
        assert RANK[other.verdict] <= RANK[one.verdict]


@given(interactions(), knowns(), effective)
@LENIENT
def test_everything_short_of_acting_has_a_reason(
    interaction: Interaction, known: Known, how: Effective
) -> None:
    """Whoever is asked about or left alone, and whatever is not logged, has at least one decisive reason."""
    decision = decide(interaction, known, how)
    closed = any(reason.about == "" and reason.decisive for reason in decision.trace)
    for person in decision.people:
        if person.verdict in ("ask", "leave"):
            decisive = [r for r in decision.trace if r.about == person.about and r.decisive]
            assert decisive or closed
    if decision.activity == "skip" and not decision.retry:
        assert closed


@given(interactions(), knowns(), effective)
@LENIENT
def test_a_ruling_never_lifts_a_prohibition(interaction: Interaction, known: Known, how: Effective) -> None:
    """Somebody whom a prohibition forbids is never created or linked, whatever a person answered."""
    decision = decide(interaction, known, how)
    forbidden = {reason.about for reason in decision.trace if reason.name in PROHIBITIONS and reason.about}
    for person in decision.people:
        if person.about in forbidden:
            assert person.verdict == "leave"


@given(interactions(), knowns(), effective)
@LENIENT
def test_only_absent_permits_creation(interaction: Interaction, known: Known, how: Effective) -> None:
    """Nobody is created whose look-up failed or was never made, nor whom a contact already bears, but by a
    person's ruling."""
    decision = decide(interaction, known, how)
    for person in decision.people:
        if person.verdict != "create":
            continue
        facts = known.people[person.about]
        if facts.ruling is None:
            assert facts.status not in ("unknown", "not_known")
            assert not any(record.type == "contact" for record in facts.records)
