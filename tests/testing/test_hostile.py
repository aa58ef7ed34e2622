"""The hostile wrapper does what it says, the same by the same seed, and nothing where it is told nothing."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.people import People
from firstcontact.connectors.contract import AuthLapsed, Crm, Exists, TryAgain, Unclear
from firstcontact.planning.write import Receipt
from firstcontact.store.engine import open_engine
from firstcontact.testing.conformance.making import JO, JO_PHONE, handle, new_contact, receipt
from firstcontact.testing.hostile import Hostile, Rates


@pytest.fixture
def book() -> AddressBook:
    return AddressBook(open_engine(":memory:"))


def story(seed: int) -> list[Any]:
    """Some calls under every fault, and what came of them."""
    book = AddressBook(open_engine(":memory:"), clock=lambda: 0)
    rates = Rates(
        find_unknown=0.2, find_try_again=0.2, try_again=0.2, lost_answer=0.3, exists=0.5, auth_lapsed=0.05
    )
    hostile = Hostile(book, seed, rates, search_lag=2)
    told: list[Any] = []
    for number in range(40):
        try:
            write = new_contact(hostile, f"n{number}", emails=(f"p{number % 7}@acme.example",))
            told.append(repr(hostile.apply([write])))
            told.append(hostile.find([handle(f"p{number % 7}@acme.example")]))
        except (TryAgain, AuthLapsed) as error:
            told.append(repr(error))
    return [*told, *hostile.done]


def test_the_same_seed_tells_the_same_story() -> None:
    """Everything that happens follows from the seed, and every fault comes about under some seed."""
    assert story(1) == story(1)
    assert story(1) != story(2)
    seen = {mischief.what for seed in range(5) for mischief in story(seed) if hasattr(mischief, "what")}
    assert seen == {"find_unknown", "try_again", "lost_answer", "exists", "auth_lapsed", "search_lag"}


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
