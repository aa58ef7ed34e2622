"""Mails complete contacts, people edit them, and nothing that a person did or a newer mail said is lost."""

from __future__ import annotations

import itertools
import random
from typing import Any

import msgspec
import pytest
from sqlalchemy import update
from story import BOOK, KIM, World, at, call, mail

from firstcontact.identity.titles import TitleRule
from firstcontact.interactions.model import Email, MailSigns
from firstcontact.ledger import intake, observing
from firstcontact.ledger.tables import writes
from firstcontact.policy.known import ObservedValue
from firstcontact.testing.scenarios.bench import Bench

NUMBER, OTHER = "+14155550161", "+14155550162"
NEW_KIM = "kim.osei@acme-group.example"
BLOCK = "Hi Ana,\n\nplease send the draft.\n\n-- \nKim Osei\n{lines}\n"


def signed(id: str, when: int, *lines: str, sender: str = KIM, name: str = "Kim Osei") -> Email:
    """A mail of Kim's with these lines below the name in the signature."""
    body = BLOCK.replace("Kim Osei", name).format(lines="\n".join(lines))
    return mail(id, when, sender, "ana@firm.example", name, body=body)


def contact(world: World, address: str = KIM) -> dict[str, Any]:
    """The one contact with an address."""
    (found,) = world.people.list_contacts(lambda each: address in each["emails"])
    return found


def come(world: World, *facts: Any) -> None:
    """These arrive at their time, and all that is due is done."""
    for fact in facts:
        world.clock.advance_to(fact.at)
        world.receive((fact,))
        world.settle()


@pytest.fixture
def kim(world: World) -> World:
    """Kim is a contact that a person made, and the settings complete people's records."""
    settings = {"enrich": {"title": "ours_or_empty", "phone": "if_empty", "email": "always"}}
    world.installation.change_settings(BOOK.with_settings(settings))
    world.people.add(
        "contact", {"id": "p-kim", "first_name": "Kim", "last_name": "Osei", "emails": [KIM], "owner": "bo"}
    )
    return world


def test_a_contact_is_completed_and_a_persons_edit_stays(kim: World) -> None:
    """What a signature says goes into the blanks; our own is kept fresh until a person edits it, and
    stays then; the owner is who it was."""
    come(kim, signed("m1", at(0, 9), "Clerk", f"Tel. {NUMBER}"))
    assert (contact(kim)["title"], contact(kim)["phones"], contact(kim)["owner"]) == ("Clerk", [NUMBER], "bo")
    come(kim, signed("m2", at(1, 9), "Senior Clerk", f"Tel. {OTHER}"))
    assert (contact(kim)["title"], contact(kim)["phones"]) == ("Senior Clerk", [NUMBER])
    kim.people.edit("contact", "p-kim", {"title": "Head Clerk"})
    come(kim, signed("m3", at(2, 9), "Chief Clerk"))
    assert (contact(kim)["title"], contact(kim)["owner"]) == ("Head Clerk", "bo")
    kim.people.edit("contact", "p-kim", {"phones": []})
    come(kim, signed("m4", at(3, 9), f"Tel. {NUMBER}"))
    assert contact(kim)["phones"] == []


def test_every_value_says_where_it_is_from(kim: World) -> None:
    """Per value: the interaction, when it said so, what stood there before, and which mode wrote it."""
    come(kim, signed("m1", at(0, 9), "Clerk"), signed("m2", at(1, 9), "Senior Clerk"))
    with kim.ledger.read() as tx:
        rows = observing.of_records(tx, kim.installation.crm.connection, ["p-kim"])
    told = [(r.field, r.value, r.before, r.interaction, r.observed_at, r.mode, r.state) for r in rows]
    assert told == [
        ("title", "Senior Clerk", "Clerk", "m2", at(1, 9), "ours_or_empty", "done"),
        ("title", "Clerk", "", "m1", at(0, 9), "ours_or_empty", "done"),
    ]


def test_everything_again_changes_nothing(kim: World) -> None:
    """Deliveries that come twice, and decisions that are taken again, write nothing more."""
    facts = (signed("m1", at(0, 9), "Clerk", f"Tel. {NUMBER}"), signed("m2", at(1, 9), "Senior Clerk"))
    come(kim, *facts)
    before = kim.people.dump()
    come(kim, *facts)
    with kim.ledger.write() as tx:
        intake.set_due(tx, ["m1", "m2"], kim.clock.now())
    kim.settle()
    assert kim.people.dump() == before


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_order_of_arrival_does_not_matter(kim: World, order: tuple[int, ...]) -> None:
    """In whatever order mails come, the contact ends with what the newest of them said."""
    facts = [
        signed("m1", at(0, 9), "Clerk"),
        signed("m2", at(1, 9), "Senior Clerk", f"Tel. {NUMBER}"),
        signed("m3", at(2, 9), "Chief Clerk"),
    ]
    for each in order:
        kim.receive((facts[each],))
        kim.settle()
    assert contact(kim)["title"] == "Chief Clerk"
    assert contact(kim)["phones"] == [NUMBER]


def test_all_at_once_is_as_one_by_one(kim: World) -> None:
    """Mails of one batch fold: the contact ends with the newest title."""
    titles = ("Clerk", "Senior Clerk", "Head Clerk", "Chief Clerk")
    kim.receive(tuple(signed(f"m{n}", at(n, 9), title) for n, title in enumerate(titles)))
    kim.settle()
    assert contact(kim)["title"] == "Chief Clerk"


def test_a_write_that_comes_late_is_not_carried_out_after_a_newer_one(kim: World) -> None:
    """A write that had to wait is dropped once something younger was written, also where the field is as it
    was before both."""
    kim.clock.advance_to(at(0, 9))
    kim.receive((signed("m1", at(0, 9), "Clerk"),))
    kim.installation.decide_due()
    with kim.ledger.write() as tx:
        tx.execute(update(writes).where(writes.c.kind == "update_contact").values(due_at=at(2, 9)))
    kim.clock.advance_to(at(1, 9))
    kim.receive((signed("m2", at(1, 9), "Senior Clerk"),))
    kim.installation.drain()
    assert contact(kim)["title"] == "Senior Clerk"
    kim.people.edit("contact", "p-kim", {"title": ""})
    kim.clock.advance_to(at(2, 9))
    kim.settle()
    assert contact(kim)["title"] is None


def test_what_a_person_writes_before_we_do_stays(kim: World) -> None:
    """Between decision and write somebody fills the field: it is looked at once more, and stays."""
    kim.clock.advance_to(at(0, 9))
    kim.receive((signed("m1", at(0, 9), "Clerk"),))
    kim.installation.decide_due()
    kim.people.edit("contact", "p-kim", {"title": "Head Clerk"})
    kim.settle()
    assert contact(kim)["title"] == "Head Clerk"


def test_a_number_that_somebody_gets_meanwhile_is_not_written(kim: World) -> None:
    """Between decision and write a person gives the number to somebody else: one contact has it."""
    kim.clock.advance_to(at(0, 9))
    kim.receive((signed("m1", at(0, 9), f"Tel. {NUMBER}"),))
    kim.installation.decide_due()
    kim.people.add("contact", {"id": "p-lu", "first_name": "Lu", "last_name": "Roe", "phones": [NUMBER]})
    kim.settle()
    assert contact(kim)["phones"] == []


def test_a_bounce_makes_the_new_address_the_main_one(kim: World) -> None:
    """The new address is added beside the old, and goes first once mail to the old comes back; an older
    bounce than their last mail says nothing."""
    come(kim, signed("m1", at(0, 9), "Clerk", NEW_KIM))
    assert contact(kim)["emails"] == [KIM, NEW_KIM]
    come(kim, bounce("b1", at(1, 9), KIM))
    assert contact(kim)["emails"] == [NEW_KIM, KIM]


def test_an_address_that_writes_again_is_alive(kim: World) -> None:
    """A bounce from before somebody's last mail changes nothing, whichever of the two came first."""
    come(kim, signed("m1", at(0, 9), "Clerk", NEW_KIM), signed("m2", at(2, 9), "Clerk"))
    come(kim, bounce("b1", at(1, 9), KIM))
    assert contact(kim)["emails"] == [KIM, NEW_KIM]
    come(kim, signed("m3", at(3, 9), "Clerk", NEW_KIM))
    assert contact(kim)["emails"] == [KIM, NEW_KIM]
    come(kim, bounce("b2", at(4, 9), "other@acme.example"))
    assert contact(kim)["emails"] == [KIM, NEW_KIM]


def bounce(id: str, when: int, address: str) -> Email:
    """A report that an address takes no mail."""
    report = mail(id, when, "mailer-daemon@mx.example", "ana@firm.example")
    signs = MailSigns(automated=("bounce",), undeliverable=(address,))
    return msgspec.structs.replace(report, signs=signs)


def test_two_with_one_number_in_their_signatures_share_it_with_nobody(kim: World) -> None:
    """The office's number in two signatures is on one contact at most, and a call from it makes one more at
    most: no number has two contacts of ours."""
    lu = "lu@acme.example"
    come(
        kim,
        signed("m1", at(0, 9), "Clerk", f"Tel. {NUMBER}"),
        mail("o1", at(0, 10), "ana@firm.example", lu, thread="lu", to_name="Lu Roe"),
        signed("m2", at(0, 11), "Clerk", f"Tel. {NUMBER}", sender=lu, name="Lu Roe"),
        call("c1", at(0, 12), NUMBER),
    )
    bearing = kim.people.list_contacts(lambda each: NUMBER in each["phones"])
    assert [each["id"] for each in bearing] == ["p-kim"]


def test_two_who_say_one_number_at_once_do_not_get_it(kim: World) -> None:
    """Where two mails of one batch say the same number, it is the office's, and neither contact gets it."""
    lu = "lu@acme.example"
    kim.people.add("contact", {"id": "p-lu", "first_name": "Lu", "last_name": "Roe", "emails": [lu]})
    kim.receive((
        signed("m1", at(0, 9), "Clerk", f"Tel. {NUMBER}"),
        signed("m2", at(0, 10), "Clerk", f"Tel. {NUMBER}", sender=lu, name="Lu Roe"),
    ))  # fmt: skip
    kim.settle()
    assert kim.people.list_contacts(lambda each: NUMBER in each["phones"]) == []


def test_a_caller_of_the_same_batch_keeps_the_number(world: World) -> None:
    """A call and a mail of one batch, the call first: the caller's contact has the number, the mail's not."""
    world.receive((
        call("c1", at(0, 7), NUMBER, seconds=60),
        mail("k1", at(0, 8), "ana@firm.example", KIM, thread="kim", to_name="Kim Osei"),
        msgspec.structs.replace(signed("k2", at(0, 9), f"Tel. {NUMBER}"), conversation="kim"),
    ))  # fmt: skip
    world.settle()
    (found,) = world.people.list_contacts(lambda each: NUMBER in each["phones"])
    assert found["emails"] == []
    assert contact(world)["phones"] == []


def test_a_number_in_a_signature_is_known_before_the_crm_has_it(world: World) -> None:
    """Mail and call of one batch: the caller is the contact that the mail makes, in either order."""
    kim = (
        mail("k1", at(0, 8), "ana@firm.example", KIM, thread="kim", to_name="Kim Osei"),
        msgspec.structs.replace(signed("k2", at(0, 9), f"Tel. {NUMBER}"), conversation="kim"),
    )
    world.receive((*kim, call("c1", at(0, 10), NUMBER)))
    world.settle()
    (found,) = world.people.list_contacts(lambda each: NUMBER in each["phones"])
    assert found["emails"] == [KIM]


def test_a_number_that_a_person_takes_off_is_anybodys_again(world: World) -> None:
    """A contact that a mail made loses the number of its signature to a person's edit: the next call of that
    number is not logged on it."""
    come(
        world,
        mail("k1", at(0, 8), "ana@firm.example", KIM, thread="kim", to_name="Kim Osei"),
        msgspec.structs.replace(signed("k2", at(0, 9), f"Tel. {NUMBER}"), conversation="kim"),
        call("c1", at(0, 10), NUMBER, seconds=60),
    )
    assert contact(world)["phones"] == [NUMBER]
    world.people.edit("contact", contact(world)["id"], {"phones": []})
    come(world, call("c2", at(0, 11), NUMBER, seconds=60))
    (caller,) = world.people.list_contacts(lambda each: NUMBER in each["phones"])
    assert caller["emails"] == []
    assert contact(world)["phones"] == []


def test_rules_for_titles_that_change_hold_for_titles_that_are_known(bench: Bench) -> None:
    """What a title says is worked out when it is decided: other rules say it of what was observed before."""
    world = World(bench.fresh(), "address_book")
    settings = {"classify": {"department": "ours_or_empty"}}
    world.installation.change_settings(BOOK.with_settings(settings))
    world.people.add("contact", {"id": "p-kim", "first_name": "Kim", "last_name": "Osei", "emails": [KIM]})
    come(world, signed("m1", at(0, 9), "Clerk of the Works"))
    assert not contact(world)["department"]
    world.installation.titles = (TitleRule(field="department", value="Building", words=("clerk",)),)
    come(world, signed("m2", at(1, 9), "Clerk of the Works"))
    assert contact(world)["department"] == "Building"


def test_what_was_observed_is_the_same_in_every_order(world: World) -> None:
    """The newest value of each field is kept, however the observations are shuffled."""
    seen = [
        (KIM, ObservedValue(field, f"{field} {n}", "signature", f"m{n}", n))  # type: ignore[arg-type]
        for field in ("title", "phone", "company")
        for n in range(6)
    ]
    kept = set()
    for seed in range(5):
        random.Random(seed).shuffle(seen)
        with world.ledger.write() as tx:
            tx.execute(observing.observed.delete())
            for each in seen:
                observing.observe(tx, [each])
            kept.add(observing.observed_of(tx, [KIM])[KIM])
    assert len(kept) == 1
