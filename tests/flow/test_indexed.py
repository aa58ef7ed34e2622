"""The address-book index says what the CRM would say, once it is whole, and what we have written at once."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.people import People
from firstcontact.connectors.contract import Changes
from firstcontact.connectors.kinds import capabilities
from firstcontact.flow.clock import MINUTE, SECOND, VirtualClock
from firstcontact.flow.indexed import Indexed
from firstcontact.flow.installation import Installation
from firstcontact.identity.records import Finding
from firstcontact.interactions.handles import read_handle
from firstcontact.interactions.model import Call, Handle, Participant
from firstcontact.ledger import index, reading
from firstcontact.ledger.history import open_ledger
from firstcontact.policy.scopes import SettingsBook
from firstcontact.testing.scenarios.bench import Bench
from firstcontact.testing.together import Together

START = 1_772_452_800_000_000
BOOK = SettingsBook.from_mapping(
    {
        "region": "US",
        "users": [
            {"id": "ana", "name": "Ana Ruiz", "emails": ["ana@firm.example"], "phones": ["+14155550100"]}
        ],
    },
    {"preset": "call-connector"},
)
HANDLES = (
    "jo@acme.example", "kim@acme.example", "+14155550123", "+14155550124", "+14155550125 x12",
)  # fmt: skip
FIELDS = (
    "Jo@Acme.example",
    "kim+news@acme.example",
    "(415) 555-0123",
    "415-555-0124 (Kim)",
    "14155550125 ext 12",
    "?",
)


class Counting(AddressBook):
    """An address book in pages of two records, which counts what it is asked."""

    asked: dict[str, int]
    page = 2
    restarts = False

    def find(self, handles: Any) -> Any:
        """Counted."""
        self.count("find")
        return super().find(handles)

    def accounts(self, domains: Any, phones: Any) -> Any:
        """Counted."""
        self.count("accounts")
        return super().accounts(domains, phones)

    def users(self) -> Any:
        """Counted."""
        self.count("users")
        return super().users()

    def count(self, what: str) -> None:
        """One more."""
        self.asked = {**getattr(self, "asked", {}), what: getattr(self, "asked", {}).get(what, 0) + 1}

    def changed_since(self, cursor: str) -> Changes:
        """In small pages; the cursor holds the place within a page of the address book."""
        start, _, skipped = cursor.partition("+")
        whole = super().changed_since(start)
        skip = int(skipped or 0)
        part = whole.records[skip : skip + self.page]
        if skip + self.page < len(whole.records):
            return Changes(part, (), f"{start}+{skip + self.page}", more=True, total=len(whole.records))
        return msgspec.structs.replace(whole, records=part, total=len(whole.records))


class World:
    """An installation that decides on an index of an address book."""

    def __init__(self, bench: Bench, kind: str = "clio", poll_every: int = 0) -> None:
        crm, ledger = bench.fresh()
        self.clock = VirtualClock(START)
        self.book = Counting(crm, capabilities=capabilities(kind), clock=self.clock.now, region="US")
        self.people = People(self.book)
        self.people.add("user", {"id": "ana", "active": True})
        self.ledger = open_ledger(ledger)
        self.installation = Installation(
            book=BOOK,
            ledger=self.ledger,
            crm=self.book,
            clock=self.clock,
            indexed=True,
            poll_every=poll_every,
        )
        self.known = Indexed(self.ledger, self.book, self.clock.now)

    def find(self, text: str) -> Finding:
        """What the index says."""
        return self.known.find([handle(text)])[handle(text).key]

    def state(self) -> index.IndexState:
        """How far it has been read."""
        with self.ledger.read() as tx:
            return index.state(tx, self.book.connection)

    def call(self, id: str, number: str) -> None:
        """Somebody calls Ana, and all that is due is done."""
        people = (
            Participant(role="from", handles=(handle(number),), raw=number),
            Participant(role="to", handles=(handle("+14155550100"),), raw="+14155550100"),
        )
        fact = Call(
            id=id, source="test", source_id=id, conversation=id, at=self.clock.now(), participants=people,
            direction="inbound", result="answered", seconds=60,
        )  # fmt: skip
        self.installation.take([fact])
        self.installation.drain()


def handle(text: str) -> Handle:
    """A handle of the United States."""
    read = read_handle(text, "US")
    assert read is not None
    return read


@pytest.fixture
def world() -> World:
    return World(Bench())


_bench = Bench()
_deeds = st.one_of(
    st.tuples(
        st.just("add"),
        st.sampled_from(["contact", "lead"]),
        st.lists(st.sampled_from(FIELDS), max_size=3),
        st.sampled_from(["", "US", "GB"]),
    ),
    st.tuples(st.just("edit"), st.integers(0, 9), st.lists(st.sampled_from(FIELDS), max_size=2)),
    st.tuples(st.just("delete"), st.integers(0, 9)),
    st.tuples(st.just("merge"), st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.just("account"), st.sampled_from(["acme.example", "www.mail.acme.example", "b.example"])),
    st.tuples(st.just("poll")),
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(deeds=st.lists(_deeds, max_size=14))
def test_the_index_says_what_the_crm_would(deeds: list[tuple[Any, ...]]) -> None:
    """Whatever people do in the CRM, after the next poll the index finds for every handle the records that
    the CRM itself finds, and the same accounts."""
    world = World(_bench, "salesforce")
    ids: list[tuple[str, str]] = []
    for deed in deeds:
        _do(world, deed, ids)
    world.installation.poll()
    for text in HANDLES:
        live = world.book.find([handle(text)])[handle(text).key]
        known = world.find(text)
        assert known.status == live.status, text
        assert {r.id: r for r in known.records} == {r.id: r for r in live.records}, text
    for host in ("acme.example", "mail.acme.example", "b.example", "c.example"):
        assert world.known.accounts([host], []) == world.book.accounts([host], []), host


def _do(world: World, deed: tuple[Any, ...], ids: list[tuple[str, str]]) -> None:
    name, *rest = deed
    if name == "poll":
        world.installation.poll()
    elif name == "account":
        world.people.add("account", {"name": rest[0], "website": rest[0]})
    elif name == "add":
        kind, fields, country = rest
        given = {"last_name": "Diaz", **_split(fields), **({"country": country} if country else {})}
        ids.append((kind, world.people.add(kind, given)))
    elif ids:
        kind, id = ids[rest[0] % len(ids)]
        if name == "edit":
            world.people.edit(kind, id, _split(rest[1]))
        elif name == "delete":
            world.people.delete(kind, id)
            ids.remove((kind, id))
        elif name == "merge":
            other = ids[rest[1] % len(ids)]
            if kind == other[0] == "contact" and id != other[1]:
                world.people.merge(id, other[1])
                ids.remove((kind, id))


def _split(fields: list[str]) -> dict[str, list[str]]:
    return {
        "emails": [field for field in fields if "@" in field],
        "phones": [field for field in fields if "@" not in field],
    }


def test_nothing_is_decided_before_the_first_reading_ends(world: World) -> None:
    """Of a CRM that can't find by phone reliably nobody is absent until its address book is read; who was
    asked for meanwhile is decided as soon as it is."""
    for number in range(12):
        world.people.add("contact", {"last_name": f"P{number}", "phones": [f"+1415555{100 + number:04}"]})
    assert world.installation.poll(2)
    unknown = world.find("+14155550111")
    assert (unknown.status, unknown.records) == ("unknown", ())
    assert "is being read for the first time: 33 %" in unknown.why
    world.call("c", "+14155550111")
    assert world.state().complete_at is not None
    assert world.people.dump()["activities"][0]["contacts"]
    assert len(world.people.dump()["contacts"]) == 12


def test_a_first_reading_goes_on_where_it_was(world: World) -> None:
    """A reading that was broken off after some pages goes on behind them, and reads no page twice."""
    for number in range(12):
        world.people.add("contact", {"last_name": f"P{number}"})
    world.installation.poll(3)
    assert (world.state().read, world.state().total) == (6, 12)
    again = Installation(book=BOOK, ledger=world.ledger, crm=world.book, clock=world.clock, indexed=True)
    again.poll()
    assert (world.state().read, world.state().complete_at) == (12, START)


def test_our_own_writes_are_known_at_once(world: World) -> None:
    """A contact of ours is found by the next decision without any poll, with its activity's date."""
    world.installation.poll()
    world.installation.poll_every = 60 * MINUTE
    world.call("c", "+14155550123")
    (made,) = world.find("+14155550123").records
    assert (made.created_by_us, made.last_activity_at) == (True, START)
    (live,) = world.book.find([handle("+14155550123")])["+14155550123"].records
    # Clio does not tell when the latest activity was; our own index knows of ours.
    assert msgspec.structs.replace(made, created_at=live.created_at, last_activity_at=0) == live


def test_a_live_interaction_of_somebody_known_asks_nothing(world: World) -> None:
    """With an index, who somebody is, their account and our users cost no request; a stranger costs the one
    look before the creation."""
    world.people.add("contact", {"last_name": "Diaz", "phones": ["+14155550123"]})
    world.call("c0", "+14155550123")
    world.installation.poll_every = 60 * MINUTE
    world.book.asked = {}
    world.call("c1", "+14155550123")
    assert world.book.asked == {}
    world.call("c2", "+14155550124")
    assert world.book.asked == {"find": 1}


def test_several_who_appear_before_a_poll_are_asked_about(world: World) -> None:
    """Two contacts with the caller's number were made since the last poll: the live look sees them, and no
    third one is made on the word of the index."""
    world.installation.poll()
    world.installation.poll_every = 60 * MINUTE
    names = ("Diaz", "Ruiz")
    ids = {world.people.add("contact", {"last_name": name, "phones": ["+14155550123"]}) for name in names}
    world.call("c", "+14155550123")
    assert {one["id"] for one in world.people.dump()["contacts"]} == ids
    assert {one.id for one in world.find("+14155550123").records} == ids


def test_changes_are_asked_for_at_their_time(world: World) -> None:
    """Once whole, the index is brought up to date as often as it is to be, and no more."""
    world.installation.poll_every = 60 * SECOND
    world.installation.drain()
    world.people.add("contact", {"last_name": "Diaz", "phones": ["+14155550123"]})
    world.installation.drain()
    assert world.find("+14155550123").status == "absent"
    world.clock.wait(61 * SECOND)
    world.installation.drain()
    assert world.find("+14155550123").status == "found"


def test_who_is_not_in_a_new_reading_is_gone(world: World) -> None:
    """Where the CRM begins anew, because it does not know our cursor or tells no deletions, those who are in
    none of its pages are gone, and stay gone."""
    kept = world.people.add("contact", {"last_name": "Diaz", "phones": ["+14155550123"]})
    lost = world.people.add("contact", {"last_name": "Roe", "phones": ["+14155550124"]})
    world.installation.poll()
    records = world.book.read([kept])
    world.book.changed_since = lambda cursor: {  # type: ignore[method-assign]
        "second": Changes((), (), "second", more=False)
    }.get(cursor, Changes((records[kept],), (), "second", more=True, restarted=True))  # type: ignore[arg-type]
    world.installation.poll()
    assert [record.id for record in world.find("+14155550123").records] == [kept]
    assert world.find("+14155550124").status == "absent"
    world.people.delete("contact", lost)
    world.call("c", "+14155550124")
    assert len(world.people.dump()["contacts"]) == 1
    assert world.state().reading == world.state().swept == 2


def test_a_linked_contact_that_is_gone_is_forgotten(world: World) -> None:
    """A contact that the index still knows and the CRM does not: the activity is logged without it, and the
    index has forgotten it."""
    id = world.people.add("contact", {"last_name": "Diaz", "phones": ["+14155550123"]})
    world.installation.poll()
    world.installation.poll_every = 60 * MINUTE
    world.people.delete("contact", id)
    world.call("c", "+14155550123")
    assert world.find("+14155550123").status == "absent"
    (logged,) = world.people.dump()["activities"]
    assert logged["contacts"] == []
    with world.ledger.read() as tx:
        assert list(reading.stuck(tx)) == []


def test_unreadable_fields_and_doubles_are_listed(world: World) -> None:
    """What cannot be read is listed with its record, and who is in the CRM more than once by handle."""
    odd = world.people.add("contact", {"last_name": "Odd", "phones": ["415-555-01234567", "+14155550123"]})
    twin = world.people.add("contact", {"last_name": "Twin", "phones": ["415-555-0123"]})
    world.people.add("contact", {"last_name": "Alone", "phones": ["415-555-0125"]})
    world.installation.poll()
    with world.ledger.read() as tx:
        listed = [(record.id, text) for record, text in index.unreadable_fields(tx, world.book.connection)]
        shared = index.shared_handles(tx, world.book.connection)
        counts = index.counts(tx, world.book.connection)
    assert listed == [(odd, "415-555-01234567")]
    assert shared == ("+14155550123",)
    assert {record.id for record in world.find(shared[0]).records} == {odd, twin}
    assert (counts.records, counts.handles, counts.unreadable) == (3, 3, 1)


def test_contacts_and_activities_in_one_call() -> None:
    """Where a CRM makes both at once, a stranger and the activity are one `apply`, in this order."""
    calls: list[list[str]] = []

    class Told(Together):
        def apply(self, writes: Any) -> Any:
            calls.append([write.kind for write in writes])
            return super().apply(writes)

    world = World(Bench(), "salesforce")
    told = Told(
        world.book.engine, capabilities=capabilities("salesforce"), clock=world.clock.now, region="US"
    )
    world.installation.know(told)
    world.call("c", "+14155550123")
    assert calls[0] == ["create_contact", "log_activity"]
    (contact,) = world.people.dump()["contacts"]
    (logged,) = world.people.dump()["activities"]
    assert logged["contacts"] == [contact["id"]]
