"""What races: deliveries of new people's calls and mails, in waves, and what must be there afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from firstcontact.flow.clock import MINUTE, SECOND
from firstcontact.interactions.handles import read_handle
from firstcontact.interactions.model import Call, Email, Interaction, Participant, Role
from firstcontact.policy.scopes import SettingsBook

BOOK = SettingsBook.from_mapping(
    {
        "domains": ["firm.example"],
        "region": "US",
        "timezone": "America/New_York",
        "users": [
            {"id": "ana", "name": "Ana Ruiz", "emails": ["ana@firm.example"], "phones": ["+14155550100"]},
        ],
        "fallback_user": "ana",
    },
    # Everybody who calls or writes is created; two contacts of one handle never stop a log.
    {
        "engagement": "any",
        "unknown_contact": {"default": "create"},
        "several_contacts": "earliest_created",
    },
)
BOOKS: Mapping[str, SettingsBook] = {
    "as ever": BOOK,
    "accounts": BOOK.with_settings({"account_match": "create_account"}),
    "roles": BOOK.with_settings({"contact_roles": True, "contact_roles_first": True}),
}

FIRST = ("Alma", "Boris", "Carla", "Dario", "Edith", "Felix", "Greta", "Hugo", "Irma", "Jonas")
LAST = ("Abel", "Brandt")
PEOPLE = tuple(f"{first} {last}" for last in LAST for first in FIRST)


class Race(msgspec.Struct, frozen=True, kw_only=True):
    """What is delivered, and what must be there in the end.

    waves: each is delivered once the one before has come to rest; the second within the CRM's search lag of
    the first. times: how often each delivery is delivered at once. crm: what people have put into the CRM
    before. by_hand: contacts that people add once everything is decided and nothing is written yet.
    racing: contacts that people add while the workers are at it. contacts, activities, accounts: how many
    there must be in the end, people's own not counted; None: not for this race to say. roles: how many
    contact roles, each on an opportunity of its own.
    """

    waves: tuple[tuple[Interaction, ...], ...]
    times: int = 4
    book: str = "as ever"
    crm: Mapping[str, Any] = {}
    by_hand: tuple[Mapping[str, Any], ...] = ()
    racing: tuple[Mapping[str, Any], ...] = ()
    contacts: int | None
    activities: int
    accounts: int = 0
    roles: int = 0

    @property
    def facts(self) -> tuple[Interaction, ...]:
        """All of them."""
        return tuple(fact for wave in self.waves for fact in wave)


def _person(role: Role, text: str, name: str = "") -> Participant:
    handle = read_handle(text, "US")
    assert handle is not None, text
    return Participant(role=role, handles=(handle,), raw=text, name=name)


def number(n: int) -> str:
    """One of the numbers that are kept free for stories."""
    return f"+1{(212, 303, 312, 404, 206, 503, 602, 617, 702, 713)[n % 10]}5550{100 + n // 10 % 100}"


def address(n: int, domains: int = 1000) -> str:
    """An address of the person of this number; of so many companies."""
    return f"{PEOPLE[n].lower().replace(' ', '.')}@company{n % domains}.example"


def call(id: str, at: int, other: str, name: str = "") -> Call:
    """An answered call of somebody outside; a conversation of its own."""
    return Call(
        id=id, source="race", source_id=id, conversation=id, at=at, direction="inbound", result="answered",
        seconds=61, participants=(_person("from", other, name), _person("to", "+14155550100")),
    )  # fmt: skip


def mail(id: str, at: int, n: int, sender: str) -> Email:
    """A mail of a person; a thread of its own."""
    return Email(
        id=id, source="race", source_id=f"{id}@mail.example", conversation=id, at=at, captured_from=("ana",),
        participants=(_person("from", sender, PEOPLE[n]), _person("to", "ana@firm.example")),
        subject=f"About {id}", body="Words",
    )  # fmt: skip


def calls_of_fifty(at: int) -> Race:
    """(a) 50 calls of 50 people, each delivered four times at once."""
    facts = tuple(call(f"call {n}", at + n * SECOND, number(n)) for n in range(50))
    return Race(waves=(facts[:40], facts[40:]), contacts=50, activities=50)


def five_calls_each(at: int) -> Race:
    """(b) 20 new numbers, five different calls of each at once."""
    facts = [
        call(f"call {n}.{c}", at + (20 * c + n) * SECOND, number(n)) for c in range(5) for n in range(20)
    ]
    return Race(waves=(tuple(facts[:60]), tuple(facts[60:])), times=1, contacts=20, activities=100)


def eight_mails_each(at: int) -> Race:
    """(c) 20 new senders, eight mails of each at once."""
    facts = [
        mail(f"mail {n}.{m}", at + (20 * m + n) * SECOND, n, address(n)) for m in range(8) for n in range(20)
    ]
    return Race(waves=(tuple(facts[:100]), tuple(facts[100:])), times=1, contacts=20, activities=160)


def companies_of_five(at: int) -> Race:
    """(c) again, with accounts: the 20 senders are of five new companies."""
    facts = [
        mail(f"mail {n}.{m}", at + (20 * m + n) * SECOND, n, address(n, 5))
        for m in range(4)
        for n in range(20)
    ]
    return Race(
        waves=(tuple(facts[:40]), tuple(facts[40:])), times=1, book="accounts",
        contacts=20, activities=80, accounts=5,
    )  # fmt: skip


def first_role_of_a_deal(at: int) -> Race:
    """(c) again, with a deal of each of five companies, on which nobody has a role: who writes first gets the
    first one, and by then nobody else does."""
    companies = {
        "accounts": [
            {"id": f"a{n}", "name": f"Company {n}", "website": f"company{n}.example"} for n in range(5)
        ],
        "opportunities": [
            {"id": f"o{n}", "account": f"a{n}", "name": "Deal", "open": True} for n in range(5)
        ],
    }
    facts = [
        mail(f"mail {n}.{m}", at + (20 * m + n) * SECOND, n, address(n, 5))
        for m in range(3)
        for n in range(20)
    ]
    return Race(
        waves=(tuple(facts[:40]), tuple(facts[40:])), times=2, book="roles", crm=companies,
        contacts=20, activities=60, accounts=5, roles=5,
    )  # fmt: skip


def _both_ways(at: int) -> tuple[tuple[Interaction, ...], ...]:
    """Ten people, three calls and three mails of each."""
    facts: list[Interaction] = []
    for m in range(3):
        for n in range(10):
            facts.append(call(f"call {n}.{m}", at + (20 * m + n) * SECOND, number(n), PEOPLE[n].upper()))
            facts.append(mail(f"mail {n}.{m}", at + (20 * m + n + 10) * SECOND, n, address(n)))
    return tuple(facts[:40]), tuple(facts[40:])


def _with_both(n: int) -> Mapping[str, Any]:
    first, last = PEOPLE[n].split()
    return {"first_name": first, "last_name": last, "emails": [address(n)], "phones": [number(n)]}


def phone_and_mail(at: int) -> Race:
    """(d) Ten people by phone and by mail at once. Nothing says that the two are one person, so each handle
    gets its one contact; that they are one is for the daily look at duplicates, or a person."""
    return Race(waves=_both_ways(at), times=2, contacts=20, activities=60)


def known_by_both(at: int) -> Race:
    """(d) The CRM has a contact for each of the ten that bears both handles: nobody is created."""
    known = {"contacts": [_with_both(n) for n in range(10)]}
    return Race(waves=_both_ways(at), times=2, crm=known, contacts=0, activities=60)


def added_by_hand(at: int) -> Race:
    """(d) After our decision to create and before the creation somebody makes the ten contacts by hand: both
    creations of each adopt theirs."""
    by_hand = tuple(_with_both(n) for n in range(10))
    return Race(waves=_both_ways(at), times=2, by_hand=by_hand, contacts=0, activities=60)


def added_meanwhile(at: int) -> Race:
    """(d) Somebody makes the ten contacts by hand in the middle of it. How many of ours come before theirs is
    chance; never two of ours for a handle, and everything is logged once."""
    racing = tuple(_with_both(n) for n in range(10))
    return Race(waves=_both_ways(at), times=2, racing=racing, contacts=None, activities=60)


RACES: Mapping[str, Callable[[int], Race]] = {
    "a": calls_of_fifty,
    "b": five_calls_each,
    "c": eight_mails_each,
    "c accounts": companies_of_five,
    "c roles": first_role_of_a_deal,
    "d": phone_and_mail,
    "d known": known_by_both,
    "d by hand": added_by_hand,
    "d meanwhile": added_meanwhile,
}


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """What the CRM lacks, and how it behaves while the race is on."""

    offered: Mapping[str, bool] = {}
    habits: Mapping[str, Any] = {}


LAG = 5 * MINUTE
_CUT = {"cut": 0.25, "unheard": 0.1, "cut_looks": 0.03, "busy": 0.03, "after": 20}
_NO_KEYS = {"unique_create": False, "finds_written": False}
_NOTHING = {**_NO_KEYS, "change_feed": False}

TROUBLES: Mapping[str, Trouble] = {
    "none": Trouble(),
    "search lags": Trouble(habits={"search_lag": LAG}),
    "not unique": Trouble(offered={"unique_create": False}),
    "not unique, no keys": Trouble(offered=_NO_KEYS),
    "answers cut": Trouble(habits=_CUT),
    "not unique, cut": Trouble(offered={"unique_create": False}, habits={**_CUT, "search_lag": LAG}),
    "everything": Trouble(offered=_NOTHING, habits={**_CUT, "search_lag": LAG}),
}
"""The last two have much at once: what comes of a lost answer can only be seen by key, or, in the last, by
handle and late, since there is no change feed either."""

DATABASES = ("sqlite", "postgresql")


def halves(facts: Sequence[Interaction], seed: int) -> list[Interaction]:
    """The facts in an order of its own for each deliverer."""
    import random

    mixed = list(facts)
    random.Random(seed).shuffle(mixed)
    return mixed
