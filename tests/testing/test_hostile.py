"""The hostile wrapper does what it says, the same by the same seed, and nothing where it is told nothing."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.people import People
from firstcontact.connectors.contract import (
    AuthLapsed,
    Crm,
    Exists,
    Gone,
    Moved,
    MovedTo,
    Rejected,
    TryAgain,
    Unclear,
)
from firstcontact.identity.records import Record
from firstcontact.planning.write import CreatedBy, Existing, Receipt
from firstcontact.store.engine import open_engine
from firstcontact.testing.bystander import Bystander
from firstcontact.testing.conformance.making import (
    JO,
    JO_PHONE,
    NOON,
    an_activity,
    handle,
    new_contact,
    receipt,
    update,
)
from firstcontact.testing.hostile import HOUR, Hostile, Rates


@pytest.fixture
def book() -> AddressBook:
    return AddressBook(open_engine(":memory:"))


ALL = Rates(
    find_unknown=0.2, find_try_again=0.1, read_try_again=0.1, apply_try_again=0.05, try_again=0.1,
    lost_request=0.1, lost_answer=0.2, cut=0.1, rejected=0.1, exists=0.5, auth_lapsed=0.03, slow=0.1,
    adds=0.1, edits=0.1, deletes=0.1, merges=0.1,
)  # fmt: skip
EVERYTHING = {
    "find_unknown", "try_again", "lost_request", "lost_answer", "cut", "rejected", "exists", "auth_lapsed",
    "slow", "search_lag", "page_boundary", "adds", "edits", "deletes", "merges",
}  # fmt: skip


def story(seed: int) -> list[Any]:
    """Some calls under every fault, and what came of them."""
    book = AddressBook(open_engine(":memory:"), clock=lambda: 0)
    hostile = Hostile(book, seed, ALL, search_lag=2, page=3, bystander=Bystander(People(book)))
    told: list[Any] = []
    for number in range(40):
        address = f"p{number % 7}@acme.example"
        writes = [new_contact(hostile, f"{n} {number}", emails=(address,), phones=()) for n in range(2)]
        for ask in (
            lambda writes=writes: hostile.apply(writes),
            lambda address=address: hostile.find([handle(address)]),
            lambda: hostile.changed_since("").more,
        ):
            try:
                told.append(repr(ask()))
            except (TryAgain, AuthLapsed) as error:
                told.append(repr(error))
    return [*told, *hostile.done]


def test_the_same_seed_tells_the_same_story() -> None:
    """Everything that happens follows from the seed, and every fault comes about under some seed."""
    assert story(1) == story(1)
    assert story(1) != story(2)
    seen = {mischief.what for seed in range(5) for mischief in story(seed) if hasattr(mischief, "what")}
    assert seen == EVERYTHING


def test_without_rates_it_changes_nothing(book: AddressBook) -> None:
    """A wrapper that is told nothing is the CRM itself, and is one by the contract."""
    hostile = Hostile(book)
    write = new_contact(hostile)
    assert isinstance(hostile, Crm)
    assert receipt(hostile, write) == book.written([write.key])[write.key]
    assert hostile.find([handle(JO)]) == book.find([handle(JO)])
    assert hostile.changed_since("") == book.changed_since("")
    assert (hostile.size(), hostile.users(), hostile.done) == (1, book.users(), [])


def test_one_find_fails_on_demand(book: AddressBook) -> None:
    """The next find is unknown for all of its handles, the one after it is as ever."""
    hostile = Hostile(book)
    hostile.next_find("unknown")
    asked = [handle(JO), handle(JO_PHONE)]
    assert {one.status for one in hostile.find(asked).values()} == {"unknown"}
    assert {one.status for one in hostile.find(asked).values()} == {"absent"}
    hostile.next_find("try_again")
    with pytest.raises(TryAgain):
        hostile.find(asked)


def test_a_lost_answer_was_carried_out(book: AddressBook) -> None:
    """The next apply happens and is answered Unclear, once."""
    hostile = Hostile(book)
    hostile.next_apply("lost_answer")
    write = new_contact(hostile)
    (outcome,) = hostile.apply([write])
    assert isinstance(outcome, Unclear)
    assert outcome.write_key == write.key
    assert book.size() == 1
    assert isinstance(hostile.apply([write])[0], Receipt)


def test_a_lost_request_was_not(book: AddressBook) -> None:
    """The next apply is answered as one whose answer was lost, and nothing of it happened."""
    hostile = Hostile(book)
    hostile.next_apply("lost_request")
    write = new_contact(hostile)
    (outcome,) = hostile.apply([write])
    assert isinstance(outcome, Unclear)
    assert outcome.write_key == write.key
    assert (book.size(), hostile.written([write.key])) == (0, {})
    assert isinstance(hostile.apply([write])[0], Receipt)


def test_a_cut_is_somewhere_in_the_batch(book: AddressBook) -> None:
    """The connection is cut in the answer: no write is answered, some first ones were carried out."""
    hostile = Hostile(book, seed=4)
    writes = [new_contact(hostile, f"n{number}") for number in range(6)]
    hostile.next_apply("cut")
    outcomes = hostile.apply(writes)
    assert all(isinstance(each, Unclear) for each in outcomes)
    done = [write.key in book.written([write.key]) for write in writes]
    assert done == sorted(done, reverse=True)
    assert 0 < sum(done) < 6


def test_one_batch_has_all_kinds_of_outcomes(book: AddressBook) -> None:
    """Within one call some writes have a receipt, some are not sent, some are refused, some are unclear; and
    who got no answer names its own key."""
    rates = Rates(try_again=0.2, rejected=0.2, lost_answer=0.2, lost_request=0.2)
    hostile = Hostile(book, seed=1, rates=rates)
    writes = [new_contact(hostile, f"n{n}", emails=(f"n{n}@acme.example",), phones=()) for n in range(40)]
    outcomes = hostile.apply(writes)
    kinds = {type(outcome) for outcome in outcomes}
    assert kinds == {Receipt, TryAgain, Rejected, Unclear}
    named = {write.key: outcome for write, outcome in zip(writes, outcomes, strict=True)}
    assert all(each.write_key == key for key, each in named.items() if isinstance(each, Unclear))
    done = book.written(list(named))
    assert all(key in done for key, each in named.items() if isinstance(each, Receipt))
    assert not any(key in done for key, each in named.items() if isinstance(each, TryAgain | Rejected))
    assert {key in done for key, each in named.items() if isinstance(each, Unclear)} == {True, False}


def test_a_rule_refuses_a_field_until_it_is_lifted(book: AddressBook) -> None:
    """A refused write is refused at every try, naming a field that it has; without the rule it is taken."""
    hostile = Hostile(book, rates=Rates(rejected=1.0))
    write = new_contact(hostile, first_name="")
    for _ in range(2):
        (outcome,) = hostile.apply([write])
        assert isinstance(outcome, Rejected)
        assert outcome.fields == ("last_name",)
    assert book.size() == 0
    hostile.lift_rules()
    assert receipt(hostile, write).created


def test_a_rule_is_for_one_write(book: AddressBook) -> None:
    """Which writes are refused stays the same, whatever else is tried between."""
    hostile = Hostile(book, seed=3, rates=Rates(rejected=0.5))
    writes = [new_contact(hostile, f"n{number}") for number in range(12)]
    refused = [isinstance(hostile.apply([write])[0], Rejected) for write in writes]
    assert {True, False} == set(refused)
    assert [isinstance(hostile.apply([write])[0], Rejected) for write in writes] == refused


def test_a_try_again_was_not_sent(book: AddressBook) -> None:
    """The next apply does nothing and says when to come back."""
    hostile = Hostile(book, after=12.0)
    hostile.next_apply("try_again")
    (outcome,) = hostile.apply([new_contact(hostile)])
    assert isinstance(outcome, TryAgain)
    assert outcome.after == 12.0
    assert book.size() == 0


def test_permission_lapses_for_the_whole_call(book: AddressBook) -> None:
    """AuthLapsed is raised before anything of the call happens."""
    hostile = Hostile(book)
    hostile.next_apply("auth_lapsed")
    with pytest.raises(AuthLapsed):
        hostile.apply([new_contact(hostile)])
    assert book.size() == 0
    with pytest.raises(AuthLapsed):
        Hostile(book, rates=Rates(auth_lapsed=1.0)).size()


def test_permission_lapses_for_a_while(book: AddressBook) -> None:
    """So many calls of any kind are refused, and then no more."""
    hostile = Hostile(book, lapse=3)
    hostile.next_apply("auth_lapsed")
    asked = [lambda: hostile.apply([new_contact(hostile)]), hostile.users, hostile.size]
    for ask in asked:
        with pytest.raises(AuthLapsed):
            ask()
    assert hostile.size() == 0


def test_every_call_may_be_too_early(book: AddressBook) -> None:
    """TryAgain comes at any look-up, and at a whole apply, of which nothing happens."""
    busy = Hostile(book, rates=Rates(read_try_again=1.0, apply_try_again=1.0))
    write = new_contact(busy)
    for ask in (
        busy.users,
        busy.size,
        lambda: busy.read(["c1"]),
        lambda: busy.accounts(["acme.example"], []),
        lambda: busy.matters(["c1"]),
        lambda: busy.written([write.key]),
        lambda: busy.changed_since(""),
        lambda: busy.apply([write]),
    ):
        with pytest.raises(TryAgain):
            ask()
    assert book.size() == 0


def test_search_lags_behind_create(book: AddressBook) -> None:
    """For so many finds a new contact is absent, while read and written know it; others are found."""
    old = People(book).add("contact", {"last_name": "Roe", "phones": [JO_PHONE]})
    hostile = Hostile(book, search_lag=2)
    write = new_contact(hostile)
    id = receipt(hostile, write).id
    assert id in hostile.read([id])
    assert write.key in hostile.written([write.key])
    for _ in range(2):
        found = hostile.find([handle(JO), handle(JO_PHONE)])
        assert found[JO].status == "absent"
        assert [record.id for record in found[JO_PHONE].records] == [old]
    assert [record.id for record in hostile.find([handle(JO)])[JO].records] == [id]


def test_search_lags_by_the_clock(book: AddressBook) -> None:
    """With a clock the lag is a time: five minutes after it was made the contact is found, not before."""
    now = [0]
    hostile = Hostile(book, search_lag=300, clock=lambda: now[0])
    id = receipt(hostile, new_contact(hostile)).id
    for now[0] in (0, 300_000_000):
        assert hostile.find([handle(JO)])[JO].status == "absent"
    now[0] += 1
    assert [record.id for record in hostile.find([handle(JO)])[JO].records] == [id]


def test_a_clock_an_hour_off() -> None:
    """Every time that the CRM itself says is an hour off, wherever a record is read; no time stays none."""
    book = AddressBook(open_engine(":memory:"), clock=lambda: NOON)
    hostile = Hostile(book, clock_off=HOUR)
    id = receipt(hostile, new_contact(hostile)).id
    found = hostile.find([handle(JO)])[JO].records[0]
    (fed,) = hostile.changed_since("").records
    assert found == hostile.read([id])[id] == fed
    assert (found.created_at, found.last_activity_at) == (NOON + HOUR, 0)


def test_a_page_boundary_on_a_duplicate(book: AddressBook) -> None:
    """The feed comes in small pages, each beginning with the last record of the one before; nothing is left
    out, two contacts with one handle are on two pages, and behind the end is nothing."""
    people = People(book)
    ids = [people.add("contact", {"last_name": f"P{n}", "phones": [JO_PHONE]}) for n in range(5)]
    hostile = Hostile(book, page=2)
    pages = [hostile.changed_since("")]
    while pages[-1].more:
        pages.append(hostile.changed_since(pages[-1].cursor))
    read = [[record.id for record in page.records] for page in pages]
    assert read == [ids[0:2], ids[1:4], ids[3:5]]
    assert pages[-1].cursor == book.changed_since("").cursor
    assert hostile.changed_since(pages[-1].cursor).records == ()


def test_a_forgotten_page_is_read_from_its_start(book: AddressBook) -> None:
    """A cursor in the middle, shown by another process, leaves nothing out."""
    people = People(book)
    ids = [people.add("contact", {"last_name": f"P{n}"}) for n in range(3)]
    middle = Hostile(book, page=1).changed_since("").cursor
    people.edit("contact", ids[0], {"title": "CFO"})
    for size in (0, 1, 2):
        other = Hostile(book, page=size)
        pages = [other.changed_since(middle)]
        while pages[-1].more:
            pages.append(other.changed_since(pages[-1].cursor))
        assert list(dict.fromkeys(record.id for page in pages for record in page.records)) == [
            *ids[1:], ids[0],
        ]  # fmt: skip


def meddling(book: AddressBook, deed: str) -> tuple[Hostile, Bystander]:
    """A CRM in which somebody always does this, and who does."""
    bystander = Bystander(People(book))
    return Hostile(book, rates=Rates(**{deed: 1.0}), bystander=bystander), bystander


def test_a_person_adds_between_the_look_and_the_write(book: AddressBook) -> None:
    """Who was absent is there right after the look."""
    hostile, bystander = meddling(book, "adds")
    assert hostile.find([handle(JO)])[JO].status == "absent"
    (record,) = book.find([handle(JO)])[JO].records
    assert bystander.done == [("adds", record.id)]
    assert not record.created_by_us


def test_a_person_names_whom_we_looked_up(book: AddressBook) -> None:
    """Right after the look a person gives the contact another name than the look returned."""
    id = People(book).add("contact", {"last_name": "Diaz", "emails": [JO]})
    hostile, bystander = meddling(book, "edits")
    (seen,) = hostile.find([handle(JO)])[JO].records
    record = book.read([id])[id]
    assert isinstance(record, Record)
    assert (seen.last_name, record.last_name, record.edited_by_person) == ("Diaz", "Well 0", True)
    assert bystander.done == [("edits", id)]


def test_a_person_deletes_whom_a_write_is_about(book: AddressBook) -> None:
    """Right before our activity is logged its contact is deleted, and the CRM refuses it."""
    id = People(book).add("contact", {"last_name": "Diaz", "emails": [JO]})
    hostile, bystander = meddling(book, "deletes")
    (outcome,) = hostile.apply([an_activity(hostile, people=(Existing("contact", id),))])
    assert isinstance(outcome, Rejected)
    assert (isinstance(book.read([id])[id], Gone), bystander.done) == (True, [("deletes", id)])


def test_a_person_merges_whom_a_write_is_about(book: AddressBook) -> None:
    """Right before our update a person merges its contact into a new one, and the CRM says where it went."""
    id = People(book).add("contact", {"last_name": "Diaz", "emails": [JO]})
    hostile, _ = meddling(book, "merges")
    (outcome,) = hostile.apply([update(hostile, id, title="CFO")])
    moved = book.read([id])[id]
    assert isinstance(outcome, MovedTo)
    assert isinstance(moved, Moved)
    assert moved.into == outcome.id != id


def test_nobody_is_there_to_be_edited(book: AddressBook) -> None:
    """Where nobody bears the handle, a person edits, deletes and merges nobody."""
    bystander = Bystander(People(book))
    hostile = Hostile(book, rates=Rates(edits=1.0, deletes=1.0, merges=1.0), bystander=bystander)
    hostile.find([handle(JO)])
    hostile.find([])
    assert (bystander.done, hostile.done, book.size()) == ([], [], 0)


def test_a_duplicate_rule_names_the_record(book: AddressBook) -> None:
    """Exists names a record that really bears one of the handles; without one the contact is made."""
    hostile = Hostile(book, rates=Rates(exists=1.0))
    first = receipt(hostile, new_contact(hostile)).id
    (outcome,) = hostile.apply([new_contact(hostile, "two", emails=(), phones=("(415) 555-0123",))])
    assert isinstance(outcome, Exists)
    assert (outcome.type, outcome.id, book.size()) == ("contact", first, 1)


def test_slow_calls_pause(book: AddressBook) -> None:
    """A slow CRM calls the given pause."""
    pauses: list[int] = []
    hostile = Hostile(book, rates=Rates(slow=1.0), pause=lambda: pauses.append(1))
    hostile.find([handle(JO)])
    hostile.read(["c1"])
    assert len(pauses) == 2


@pytest.mark.parametrize("rates", [Rates(try_again=0.5), Rates(lost_request=0.5), Rates(cut=1.0)])
def test_what_points_at_another_does_not_come_alone(rates: Rates) -> None:
    """A CRM that takes records and what points at them in one call gets none that points at what is not in
    the call: where the contact is held back or lost, so is its activity."""

    class Taking:
        """Takes whatever it is sent."""

        connection = "office"

        def apply(self, writes: Any) -> list[Receipt]:
            keys = {write.key for write in writes}
            for write in writes:
                assert all(one.write_key in keys for one in getattr(write.fields, "people", ()))
            return [Receipt(write.key, write.key, True) for write in writes]

    crm: Any = Taking()
    contacts = [new_contact(crm, f"c{n}") for n in range(20)]
    calls = [an_activity(crm, f"a{n}", people=(CreatedBy(one.key),)) for n, one in enumerate(contacts)]
    for seed in range(5):
        outcomes = Hostile(crm, seed, rates).apply([*contacts, *calls])
        assert len(outcomes) == 40
        for contact, call in zip(outcomes[:20], outcomes[20:], strict=True):
            assert isinstance(contact, TryAgain) <= isinstance(call, TryAgain)
