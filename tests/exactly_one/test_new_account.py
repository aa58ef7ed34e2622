"""An account that is made from a domain is made once, whichever batch or worker decides on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from races import BOOKS
from sqlalchemy import select
from story import START, World, mail

from firstcontact.identity.records import Account
from firstcontact.ledger import news
from firstcontact.ledger.tables import writes
from firstcontact.testing.hostile import Hostile
from firstcontact.testing.scenarios.bench import Bench

PEOPLE = {"kim": "Kim Osei", "pat": "Pat Oh", "meg": "Meg Pole"}


def strangers(world: World) -> None:
    """Three people of one new domain write at once."""
    world.receive(
        [
            mail(f"m {who}", START, f"{who}@acme.example", "ana@firm.example", name)
            for who, name in PEOPLE.items()
        ]
    )


def check(world: World, created: int = 3) -> None:
    """All work is done in a few rounds, and everybody is there, on one account."""
    for _ in range(3):
        world.installation.drain(batches=20)
    assert world.installation.due() is None
    crm = world.people.dump()
    (account,) = crm["accounts"]
    ours = [contact for contact in crm["contacts"] if contact["created_by_us"]]
    assert [contact["account"] for contact in ours] == [account["id"]] * created
    assert len(crm["activities"]) == 3


def nothing_was_dropped(world: World) -> None:
    """Nobody planned on what nobody makes: every write was carried out at the first attempt."""
    with world.ledger.read() as tx:
        assert {tuple(row) for row in tx.execute(select(writes.c.state, writes.c.attempts))} == {("done", 0)}


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_people_of_one_new_company(batch: int) -> None:
    """Three strangers of one new domain, decided one by one or together, make one account, which is not yet
    in the CRM when the second of them is decided."""
    world = World(Bench().fresh(), "address_book", book=BOOKS["accounts"], batch=batch)
    strangers(world)
    check(world)


class Interrupted(Hostile):
    """A CRM during whose answer a person adds a contact, of which there is news, once."""

    def __init__(self, world: World, about: str) -> None:
        super().__init__(world.address_book)
        self.world = world
        self.about: str | None = about

    def accounts(self, domains: Sequence[str], phones: Sequence[str]) -> tuple[Account, ...]:
        """The CRM's own, and the news."""
        if self.about is not None:
            self.world.people.add("contact", {"last_name": "Diaz", "emails": [self.about]})
            with self.world.ledger.write() as tx:
                news.note(tx, {f"handle:{self.about}"}, (), START)
            self.about = None
        return super().accounts(domains, phones)


@pytest.mark.parametrize("about", [f"{who}@acme.example" for who in PEOPLE])
def test_who_was_to_make_the_account_is_decided_again(about: str) -> None:
    """While three strangers are looked up a person adds one: who was built on the account that this one was
    to make is decided again too, and nobody is left on an account that nobody makes."""
    world = World(Bench().fresh(), "address_book", book=BOOKS["accounts"])
    world.behave(Interrupted(world, about))
    strangers(world)
    check(world, created=2)
    nothing_was_dropped(world)


def test_what_waits_for_a_dropped_account_is_free_again() -> None:
    """A contact whose account was overtaken is dropped with it, and gives its handle free for another try."""
    world = World(Bench().fresh(), "address_book", book=BOOKS["accounts"])
    strangers(world)
    world.installation.decide_due()
    drop_account(world)
    check(world)


def drop_account(world: World) -> None:
    """The account's write was overtaken by a fact."""
    from firstcontact.ledger import writing

    with world.ledger.read() as tx:
        due: Any = writing.due_writes(tx, "address_book", START, 100)
    (account,) = [each.write for each in due if each.write.kind == "create_account"]
    with world.ledger.write() as tx:
        writing.mark(tx, [(account.key, "dropped", None, "the CRM has another record for it")])
        writing.release(tx, "address_book", [account.subject])
