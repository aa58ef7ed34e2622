"""A write that got no answer (timeout after send, connection cut in the answer, 500 after the write): what is
asked, what is sent again, what ends up in the CRM and what waits for a person. Never two of anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, cast

import msgspec
import pytest
from story import BOOK, START, World

from firstcontact.connectors.address_book.capabilities import CAPABILITIES
from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.people import People
from firstcontact.connectors.contract import Crm, Outcome
from firstcontact.flow.clock import MINUTE
from firstcontact.ledger import reading, writing
from firstcontact.planning.write import (
    AccountFields,
    ActivityFields,
    ContactFields,
    ContactRoleFields,
    DocumentFields,
    Existing,
    Fields,
    Receipt,
    TimeEntryFields,
    Write,
    WriteKind,
    write_key,
)
from firstcontact.testing.hostile import ApplyFault, Hostile
from firstcontact.testing.scenarios.bench import Bench

KIM = "kim@acme.example"
FAX, FEE = Existing("activity", "v-fax"), Existing("contact", "p-fee")

WRITES: dict[WriteKind, tuple[str, Fields, Existing | None]] = {
    "create_contact": (
        KIM,
        ContactFields(last_name="Osei", emails=(KIM,), created_by_firstcontact=True),
        None,
    ),
    "create_account": ("domain:acme.example", AccountFields(name="Acme", domain="acme.example"), None),
    "update_contact": ("p-fee:name", ContactFields(first_name="Fee", last_name="Xu"), FEE),
    "log_activity": (
        "i",
        ActivityFields(kind="call", interactions=("i",), at=START, subject="Call", people=(FEE,)),
        None,
    ),
    "update_activity": (
        "digest",
        ActivityFields(kind="fax", interactions=("before",), at=START, subject="Fax", body="Two pages"),
        FAX,
    ),
    "delete_activity": ("", ActivityFields(kind="fax", interactions=(), at=0, subject=""), FAX),
    "time_entry": (
        "",
        TimeEntryFields(interaction="i", activity=FAX, at=START, seconds=60, billable=True),
        None,
    ),
    "document": ("f", DocumentFields(interaction="i", activity=FAX, name="f.pdf"), None),
    "contact_role": (
        "",
        ContactRoleFields(opportunity="o-1", contact=FEE, account="a-1", domain="other.example"),
        None,
    ),
}  # fmt: skip
"""One write of each kind: its subject, fields and target."""


class Counting:
    """A CRM that counts how often each write was sent to it."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        self.sent: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._crm, name)

    def apply(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """Count, and carry out."""
        self.sent.extend(write.key for write in writes)
        return self._crm.apply(writes)


class Case:
    """A CRM that offers this, into which one write of a kind goes whose first answer is lost."""

    def __init__(self, bench: Bench, offers: frozenset[str], *, feed: bool, lag: float) -> None:
        offered = msgspec.structs.replace(
            CAPABILITIES, finds_written=BY_KEY in offers, unique_create=UNIQUE in offers, change_feed=feed
        )
        self.world = World(bench.fresh(), "address_book")
        self.world.address_book = AddressBook(
            self.world.address_book.engine,
            capabilities=offered,
            clock=self.world.clock.now,
            connection="address_book",
        )
        self.world.people = People(self.world.address_book)
        self.hostile = Hostile(self.world.address_book, search_lag=lag, clock=self.world.clock.now)
        self.crm = Counting(cast(Crm, self.hostile))
        self.world.hostile = cast(Hostile, self.crm)
        self.world.behave(self.world.hostile)
        self._seed()

    def _seed(self) -> None:
        people = self.world.people
        people.seed(
            {
                "contacts": [{"id": "p-fee", "name": "+14155550131", "phones": ["+14155550131"]}],
                "accounts": [{"id": "a-1", "name": "Other", "website": "other.example"}],
                "opportunities": [{"id": "o-1", "account": "a-1", "name": "Deal", "open": True}],
            },
            BOOK.team.users,
        )
        logged = ActivityFields(kind="fax", interactions=("before",), at=START, subject="Fax")
        write = Write(
            key="0" * 32, kind="log_activity", interaction="before", subject="before", fields=logged
        )
        (receipt,) = self.world.address_book.apply([write])
        assert isinstance(receipt, Receipt)
        self.fax = receipt.id

    def intend(self, kind: WriteKind, fault: ApplyFault) -> Write:
        """The write is intended, and the first time it is sent there will be no answer."""
        subject, fields, target = WRITES[kind]
        if getattr(fields, "activity", None) == FAX:
            fields = msgspec.structs.replace(fields, activity=Existing("activity", self.fax))  # type: ignore[type-var]
        write = Write(
            key=write_key(self.crm.connection, kind, "i", subject),
            kind=kind,
            interaction="i",
            subject=subject,
            fields=fields,
            target=Existing("activity", self.fax) if target == FAX else target,
            changed=("body",) if kind == "update_activity" else (),
        )
        with self.world.ledger.write() as tx:
            writing.intend(tx, self.crm.connection, [write], self.world.clock.now())
        self.hostile.next_apply(fault)
        return write

    def go_on(self, until: Callable[[], bool] = lambda: False) -> None:
        """Do all work that comes due by itself, nobody answering anything; or until something is so."""
        for _ in range(50):
            self.world.installation.drain()
            due = self.world.installation.due()
            if due is None or until():
                return
            self.world.clock.advance_to(due)
        raise AssertionError("there is always something due")

    def asked(self) -> list[tuple[str, str]]:
        """What a person has to look at: key and state, as `firstcontact stuck` lists it."""
        with self.world.ledger.read() as tx:
            return [(row.write.key, row.state) for row in reading.stuck(tx)]

    def state(self, key: str) -> str:
        """The write's state in the ledger."""
        with self.world.ledger.read() as tx:
            return writing.records_of(tx, [key])[key][0]

    def there(self, kind: WriteKind) -> int:
        """How often the write stands in the CRM."""
        return _THERE[kind](self.world.people.dump())


_THERE: dict[WriteKind, Callable[[dict[str, Any]], int]] = {
    "create_contact": lambda crm: sum(KIM in each["emails"] for each in crm["contacts"]),
    "create_account": lambda crm: sum("acme.example" in each["domains"] for each in crm["accounts"]),
    "update_contact": lambda crm: sum(each["last_name"] == "Xu" for each in crm["contacts"]),
    "log_activity": lambda crm: sum("i" in each["interactions"] for each in crm["activities"]),
    "update_activity": lambda crm: sum(each["body"] == "Two pages" for each in crm["activities"]),
    "delete_activity": lambda crm: int(not crm["activities"]),
    "time_entry": lambda crm: len(crm["time_entries"]),
    "document": lambda crm: len(crm["documents"]),
    "contact_role": lambda crm: len(crm["contact_roles"]),
}

BY_KEY, UNIQUE = "asked by key", "one per key"
OFFERS: dict[frozenset[str], str] = {
    frozenset({BY_KEY, UNIQUE}): "both",
    frozenset({BY_KEY}): "asked",
    frozenset({UNIQUE}): "unique",
    frozenset(): "neither",
}

REPEATED = frozenset({"update_contact", "update_activity", "delete_activity"})
"""These say how something is to be: carried out twice is carried out once."""
LOOKED_FOR = frozenset({"create_contact", "create_account", "contact_role"})
"""These are found live by their handle or domain; a contact by the search, or through the change feed."""


def sends(kind: WriteKind, offers: frozenset[str], *, done: bool, found: bool) -> int:
    """How often the write is sent in all. found: a look half a minute later finds what was made."""
    if done and BY_KEY in offers:
        return 1
    if kind in LOOKED_FOR:
        return 1 if done and (found or not offers) else 2
    return 1 if asks(kind, offers) else 2


def asks(kind: WriteKind, offers: frozenset[str]) -> bool:
    """Whether a person has to look: nobody can say whether it arrived, and a second one would be there."""
    return not offers and kind not in REPEATED | LOOKED_FOR


@pytest.mark.parametrize("fault", ["lost_answer", "lost_request"])
@pytest.mark.parametrize("offers", [pytest.param(each, id=name) for each, name in OFFERS.items()])
@pytest.mark.parametrize("kind", list(WRITES))
def test_no_answer(bench: Bench, kind: WriteKind, offers: frozenset[str], fault: ApplyFault) -> None:
    """Whatever the CRM offers, a write without an answer stands there once at the end: the CRM says so, it is
    found, it is sent again, or a person is asked and has the last word."""
    for feed, lag in product((True, False), (0, 300)):
        case = Case(bench, offers, feed=feed, lag=lag)
        write = case.intend(kind, fault)
        case.go_on()
        told, done = f"feed {feed}, lag {lag}", fault == "lost_answer"
        found = kind in ("create_account", "contact_role") or feed or not lag
        assert len(case.crm.sent) == sends(kind, offers, done=done, found=found), told
        asked = asks(kind, offers)
        assert case.there(kind) == (1 if done or not asked else 0), told
        assert case.asked() == ([(write.key, "unclear")] if asked else []), told
        if asked:
            case.world.look_at_unclear()
            case.go_on()
        assert (case.there(kind), case.state(write.key), case.asked()) == (1, "done", []), told
        assert len(case.crm.sent) == sends(kind, offers, done=done, found=found) + (asked and not done), told


NEITHER: frozenset[str] = frozenset()


@pytest.mark.parametrize(("feed", "lag", "minutes"), [(True, 300, 1), (False, 0, 1), (False, 300, 8)])
def test_how_soon_a_contact_is_found(bench: Bench, feed: bool, lag: float, minutes: int) -> None:
    """Where the CRM cannot be asked by key, a contact whose answer was lost is found at the first look by the
    change feed or the search, or at the latest when the search has caught up."""
    case = Case(bench, NEITHER, feed=feed, lag=lag)
    write = case.intend("create_contact", "lost_answer")
    case.go_on(lambda: case.state(write.key) == "done")
    assert case.world.clock.now() <= START + minutes * MINUTE
    assert len(case.crm.sent) == 1


def test_a_contact_that_is_nowhere_is_looked_for_longer_than_searches_lag(bench: Bench) -> None:
    """Where only the search can tell, a contact is made a second time no sooner than half an hour after the
    answer was lost."""
    case = Case(bench, NEITHER, feed=False, lag=0)
    case.intend("create_contact", "lost_request")
    case.go_on(lambda: len(case.crm.sent) == 2)
    assert case.world.clock.now() > START + 30 * MINUTE


def test_who_asks_a_person_says_what_to_do(bench: Bench) -> None:
    """A write that nobody can clear up says that it got no answer, and where to look."""
    case = Case(bench, NEITHER, feed=True, lag=0)
    case.intend("log_activity", "lost_answer")
    case.go_on()
    with case.world.ledger.read() as tx:
        (row,) = reading.stuck(tx)
    assert (row.write.kind, row.state) == ("log_activity", "unclear")
    assert "without an answer" in row.problem
    assert "look there" in row.problem


@pytest.mark.parametrize("offers", [pytest.param(each, id=name) for each, name in OFFERS.items()])
def test_a_person_is_asked_again_when_the_answer_is_lost_again(bench: Bench, offers: frozenset[str]) -> None:
    """However often there is no answer, nothing is there twice."""
    case = Case(bench, offers, feed=True, lag=300)
    write = case.intend("log_activity", "lost_request")
    for fault in ("lost_request", "lost_answer", "lost_answer"):
        case.hostile.next_apply(cast(ApplyFault, fault))
    for _ in range(5):
        case.go_on()
        assert case.there("log_activity") <= 1
        case.world.look_at_unclear()
    assert (case.there("log_activity"), case.state(write.key)) == (1, "done")


@pytest.mark.parametrize("offers", [pytest.param(each, id=name) for each, name in OFFERS.items()])
def test_whom_a_person_deletes_meanwhile_is_not_made(bench: Bench, offers: frozenset[str]) -> None:
    """While a creation waits for its next try, a person makes the contact by hand and deletes it again, as
    the change feed tells: it is not made."""
    case = Case(bench, offers, feed=True, lag=0)
    write = case.intend("create_contact", "try_again")
    case.world.installation.drain()
    id = case.world.people.add("contact", {"last_name": "Osei", "emails": [KIM]})
    case.world.installation.drain()
    case.world.people.delete("contact", id)
    case.go_on()
    assert (case.there("create_contact"), case.state(write.key)) == (0, "dropped")


def test_who_was_made_without_an_answer_and_deleted_is_not_made_again(bench: Bench) -> None:
    """A contact whose answer was lost, that the change feed showed and a person deleted before anybody
    looked, stays deleted, also where the CRM cannot be asked by key."""
    case = Case(bench, NEITHER, feed=True, lag=300)
    case.intend("create_contact", "lost_answer")
    case.world.installation.drain()
    (made,) = case.world.people.list_contacts(lambda each: KIM in each["emails"])
    case.world.installation.poll()
    case.world.people.delete("contact", made["id"])
    case.go_on()
    assert (case.there("create_contact"), len(case.crm.sent)) == (0, 1)


@pytest.mark.parametrize("offers", [pytest.param(each, id=name) for each, name in OFFERS.items()])
def test_a_name_that_a_person_gave_meanwhile_stays(bench: Bench, offers: frozenset[str]) -> None:
    """A contact was to take its real name, the request was lost, and a person named it meanwhile."""
    case = Case(bench, offers, feed=True, lag=0)
    write = case.intend("update_contact", "lost_request")
    case.world.installation.drain()
    case.world.people.edit("contact", "p-fee", {"last_name": "Xu-Hart"})
    case.go_on()
    (fee,) = case.world.people.list_contacts(lambda each: each["id"] == "p-fee")
    assert (fee["last_name"], case.state(write.key)) == ("Xu-Hart", "dropped")


@pytest.mark.parametrize("fault", ["try_again", "lost_request"])
def test_an_account_that_a_person_makes_meanwhile_is_taken(bench: Bench, fault: ApplyFault) -> None:
    """Right before an account is made its domain is looked up; a person's is taken, and is not ours."""
    case = Case(bench, NEITHER, feed=True, lag=0)
    write = case.intend("create_account", fault)
    case.world.installation.drain()
    id = case.world.people.add("account", {"name": "Acme Limited", "website": "acme.example"})
    case.go_on()
    assert (case.there("create_account"), len(case.crm.sent)) == (1, 1)
    with case.world.ledger.read() as tx:
        (row,) = reading.writes_of(tx, "i")
    assert (row.write.key, row.record, row.created) == (write.key, id, False)


def test_two_accounts_of_one_domain_are_decided_about(bench: Bench) -> None:
    """Where people made several accounts with the domain meanwhile, none is made and none is picked here."""
    case = Case(bench, NEITHER, feed=True, lag=0)
    write = case.intend("create_account", "try_again")
    case.world.installation.drain()
    for name in ("Acme Limited", "Acme Trading"):
        case.world.people.add("account", {"name": name, "website": "acme.example"})
    case.go_on()
    assert (case.there("create_account"), case.state(write.key)) == (2, "dropped")
