"""What the address book does beyond the contract: people, imports, seeds, and what it tells of trouble."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from firstcontact.connectors import kinds
from firstcontact.connectors.address_book.connector import AddressBook
from firstcontact.connectors.address_book.people import BadRecord, NotThere, People
from firstcontact.connectors.contract import Crm, Rejected, TryAgain
from firstcontact.identity.team import User
from firstcontact.planning.write import Existing
from firstcontact.store.engine import begin, open_engine
from firstcontact.testing.conformance.making import (
    JO,
    JO_PHONE,
    NOON,
    a_role,
    an_activity,
    changed_activity,
    handle,
    new_contact,
    receipt,
    update,
)

CRM = {
    "kind": "salesforce",
    "users": [{"id": "ana", "active": False}, {"id": "bo"}],
    "contacts": [
        {
            "id": "c1", "first_name": "Jo", "last_name": "Diaz", "emails": [JO], "phones": ["(415) 555-0123"],
            "title": None, "account": "a1", "owner": "ana", "created_at": datetime(2025, 1, 5, 9, tzinfo=UTC),
        },
        {"id": "c2", "last_name": "Roe", "created_by_us": True},
    ],
    "leads": [{"id": "l1", "last_name": "Osei", "emails": ["kim@acme.example"], "converted_to": "c2"}],
    "accounts": [{"id": "a1", "name": "Acme", "website": "acme.example", "owner": "ana", "team": ["bo"]}],
    "opportunities": [{"id": "o1", "account": "a1", "name": "Renewal", "open": True, "owner": "ana"}],
    "contact_roles": [{"opportunity": "o1", "contact": {"email": "JO@acme.example"}}],
    "matters": [{"id": "m1", "contact": "c1", "name": "Diaz v. Roe", "opened_at": date(2026, 1, 1)}],
}  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An empty database of each kind."""
    where = ":memory:" if request.param == "sqlite" else request.getfixturevalue("postgres").database()
    engine = open_engine(where)
    yield engine
    engine.dispose()


@pytest.fixture
def book(empty: Engine) -> AddressBook:
    return AddressBook(empty, clock=lambda: NOON)


@pytest.fixture
def people(book: AddressBook) -> People:
    return People(book)


def test_without_owners_nobody_but_the_login_is_a_user() -> None:
    """As a CRM that keeps no owners it tells of its own user alone, whoever is in the book."""
    played = AddressBook(open_engine(":memory:"), capabilities=kinds.capabilities("clio_grow"))
    People(played).add("user", {"id": "ana", "active": True})
    assert [user.id for user in played.users()] == ["integration_user"]


def test_it_is_a_crm(book: AddressBook) -> None:
    """The address book has everything that the contract asks for."""
    assert isinstance(book, Crm)


def test_a_scenario_seeds_it(book: AddressBook, people: People) -> None:
    """A scenario's `crm` is there as written, users take the team's names, and unknown dates stay unknown."""
    people.seed(CRM, [User("ana", "Ana Ruiz", ("ana@acme.example",)), User("bo", "Bo Lind")])
    held = people.dump()
    jo, roe = held["contacts"]
    assert (jo["name"], jo["title"], jo["account"], jo["owner"]) == ("Jo Diaz", None, "a1", "ana")
    assert jo["created_at"] == 1_736_067_600_000_000
    assert (roe["created_at"], roe["created_by_us"], roe["edited_by_person"]) == (0, True, False)
    assert held["contact_roles"] == [{"opportunity": "o1", "contact": "c1", "role": None}]
    assert held["matters"][0]["opened_at"] == 1_767_225_600_000_000
    assert held["leads"][0]["converted_to"] == "c2"
    users = {user.id: (user.name, user.email, user.active) for user in book.users()}
    assert users == {
        "ana": ("Ana Ruiz", "ana@acme.example", False),
        "bo": ("Bo Lind", "", True),
        "integration_user": ("Integration user", "", True),
    }


def test_without_users_it_has_the_team(book: AddressBook, people: People) -> None:
    """By default every team user is one of the CRM, active, with the same id."""
    people.seed({"kind": "clio", "contacts": []}, [User("ana", "Ana Ruiz", ("ana@firm.example",))])
    assert [(user.id, user.active) for user in book.users()] == [("ana", True), ("integration_user", True)]


def test_what_people_may_not_do_is_said(people: People) -> None:
    """An unknown field, a wrong value, a doubled id and a record that is not there are named."""
    people.add("contact", {"id": "c1", "last_name": "Diaz", "phones": [JO_PHONE]})
    people.add("contact", {"id": "c2", "last_name": "Roe", "phones": [JO_PHONE]})
    with pytest.raises(BadRecord, match="no field 'lastname'"):
        people.add("contact", {"lastname": "Diaz"})
    with pytest.raises(BadRecord, match="already has a record 'c1'"):
        people.add("contact", {"id": "c1"})
    with pytest.raises(BadRecord, match="created_at of a contact is no time: 'soon'"):
        people.add("contact", {"created_at": "soon"})
    with pytest.raises(BadRecord, match="placeholder"):
        people.edit("contact", "c1", {"placeholder": "maybe"})
    with pytest.raises(BadRecord, match="several of contact bear"):
        people.resolve({"phone": "415-555-0123"})
    with pytest.raises(NotThere, match=r"nobody@acme.example"):
        people.delete("contact", {"email": "nobody@acme.example"})
    with pytest.raises(NotThere, match="no account 'a9'"):
        people.add("opportunity", {"account": "a9"})
    with pytest.raises(BadRecord, match="comes from an interaction"):
        people.add("activity", {"subject": "Call"})
    assert len(people.list_contacts()) == 2


def test_numbers_are_read_in_the_records_country(people: People, book: AddressBook) -> None:
    """A record's own country comes first, else the team's region; an edit of the country reads anew."""
    id = people.add("contact", {"last_name": "Roe", "phones": ["020 7946 0018"], "country": "GB"})
    found = book.find([handle("+442079460018")])["+442079460018"]
    assert [record.id for record in found.records] == [id]
    people.edit("contact", id, {"country": ""})
    assert book.find([handle("+442079460018")])["+442079460018"].status == "absent"


def test_what_cannot_be_read_is_reported(people: People, book: AddressBook) -> None:
    """An unreadable piece of a field is in the report until somebody corrects it."""
    id = people.add("contact", {"last_name": "Roe", "phones": [JO_PHONE, "437-555-1234567"]})
    assert book.unreadable() == [(id, "437-555-1234567")]
    people.edit("contact", id, {"phones": [JO_PHONE]})
    assert book.unreadable() == []


def test_an_import_keeps_the_good_and_names_the_bad(people: People, book: AddressBook) -> None:
    """Records in bulk: the bad ones are set aside with position and reason, the rest is there."""
    records = [{"last_name": f"P{n}", "emails": [f"p{n}@acme.example"]} for n in range(1200)]
    records[7] = {"surname": "Diaz"}
    done = people.import_records(records)
    assert (len(done.added), book.size()) == (1199, 1199)
    assert [(position, "surname" in why) for position, why in done.set_aside] == [(7, True)]
    assert book.find([handle("p1199@acme.example")])["p1199@acme.example"].status == "found"


@pytest.mark.parametrize(("gone", "kept", "left"), [("Buyer", "", "Buyer"), ("Buyer", "User", "User")])
def test_merging_leaves_one_role(people: People, gone: str, kept: str, left: str) -> None:
    """Where both had a role on an opportunity, the survivor's stays; one without a name takes the loser's."""
    roles = [{"opportunity": "o1", "contact": "c1", "role": gone}]
    roles.append({"opportunity": "o1", "contact": "c2", **({"role": kept} if kept else {})})
    people.seed({**CRM, "contact_roles": roles})
    people.merge("c1", "c2")
    assert people.dump()["contact_roles"] == [{"opportunity": "o1", "contact": "c2", "role": left}]


def test_merging_moves_everything(people: People, book: AddressBook) -> None:
    """Activities, roles, matters and handles of the loser are the survivor's; the survivor's values stay."""
    people.seed(CRM)
    call = an_activity(book, people=(Existing("contact", "c1"),))
    receipt(book, call)
    people.merge("c1", "c2")
    held = people.dump()
    (survivor,) = held["contacts"]
    assert (survivor["id"], survivor["last_name"], survivor["account"]) == ("c2", "Roe", "a1")
    assert survivor["emails"] == [JO]
    assert held["activities"][0]["contacts"] == ["c2"]
    assert held["contact_roles"][0]["contact"] == "c2"
    assert held["matters"][0]["contact"] == "c2"
    assert [record.id for record in book.find([handle(JO_PHONE)])[JO_PHONE].records] == ["c2"]
    with pytest.raises(BadRecord, match="into itself"):
        people.merge("c2", "c2")


def test_deleting_leaves_no_ties(people: People, book: AddressBook) -> None:
    """A deleted contact is on no activity and has no role; the activity itself stays."""
    people.seed(CRM)
    receipt(book, an_activity(book, people=(Existing("contact", "c1"),)))
    people.delete("contact", {"email": JO})
    held = people.dump()
    assert [contact["id"] for contact in held["contacts"]] == ["c2"]
    assert held["activities"][0]["contacts"] == []
    assert held["contact_roles"] == []


def test_a_removed_role_is_gone_from_its_opportunity(people: People, book: AddressBook) -> None:
    """A person takes a role away by naming opportunity and contact."""
    people.seed(CRM)
    people.delete("contact_role", {"opportunity": "o1", "contact": "c1"})
    assert book.accounts(["acme.example"], [])[0].opportunities[0].roles == ()
    with pytest.raises(NotThere):
        people.delete("contact_role", "o1:c1")


def test_a_persons_edit_of_an_activity_stays(people: People, book: AddressBook) -> None:
    """Our update leaves the subject that a person wrote, and sets the rest."""
    contact = receipt(book, new_contact(book)).id
    id = receipt(book, an_activity(book, people=(Existing("contact", contact),))).id
    people.edit("activity", id, {"subject": "About the lease"})
    receipt(book, changed_activity(book, id, "second", subject="Call", body="Recorded."))
    (held,) = people.list_activities()
    assert (held["subject"], held["body"]) == ("About the lease", "Recorded.")


@pytest.mark.parametrize("field", ["subject", "body", "outcome", "matter", "user"])
def test_a_person_edits_each_field_of_an_activity(people: People, book: AddressBook, field: str) -> None:
    """A person can set every text of an activity, the body too."""
    id = receipt(book, an_activity(book)).id
    people.edit("activity", id, {field: "Mine"})
    (held,) = people.list_activities()
    assert (held[field], held["edited"]) == ("Mine", [field])


def test_our_update_keeps_a_persons_mark_and_leaves_its_own(people: People, book: AddressBook) -> None:
    """`edited_by_us` and `edited_by_person` are kept apart; a person's name ends being a placeholder."""
    id = receipt(book, new_contact(book, first_name="", last_name="", name="Unknown", placeholder=True)).id
    people.edit("contact", id, {"last_name": "Osei"})
    receipt(book, update(book, id, title="CFO"))
    (held,) = people.list_contacts()
    assert (held["name"], held["placeholder"]) == ("Osei", False)
    assert held["edited_by_person"]
    assert held["edited_by_us"]


def test_subdomains_are_found_and_left_to_the_caller(people: People, book: AddressBook) -> None:
    """Accounts on the same registrable domain come along, with their own hosts, so the caller can choose."""
    people.add("account", {"id": "a1", "name": "Acme UK", "website": "uk.acme.example"})
    people.add("account", {"id": "a2", "name": "Acme", "website": "acme.example"})
    found = {account.id: account.domains for account in book.accounts(["mail.acme.example"], [])}
    assert found == {"a1": ("uk.acme.example",), "a2": ("acme.example",)}


def test_playing_another_kind_hides_what_that_does_not_offer(empty: Engine) -> None:
    """What is in the database stays there, but Clio sees no leads and no accounts."""
    book = AddressBook(empty, capabilities=kinds.capabilities("clio"))
    People(book).seed(CRM)
    assert book.find([handle("kim@acme.example")])["kim@acme.example"].status == "absent"
    assert book.accounts(["acme.example"], []) == ()
    assert [matter.id for matter in book.matters(["c1"])] == ["m1"]


def test_a_repeated_create_where_keys_are_not_unique(empty: Engine) -> None:
    """A CRM without idempotence really makes a second record, so that a careless caller is found out."""
    book = AddressBook(empty, capabilities=kinds.capabilities("clio"))
    first, second = (receipt(book, new_contact(book)) for _ in range(2))
    assert first.id != second.id
    assert book.size() == 2
    assert book.written([first.key])[first.key].id == first.id


def test_two_connections_share_one_file(tmp_path: Path) -> None:
    """What one address book writes, another on the same file knows at once."""
    one, two = (AddressBook(open_engine(tmp_path / "a.db")) for _ in range(2))
    write = new_contact(one)
    id = receipt(one, write).id
    assert receipt(two, write).id == id
    assert two.size() == 1


def test_a_locked_database_is_to_be_tried_again(tmp_path: Path) -> None:
    """While another program keeps the file to itself, nothing happens and the caller hears when to return."""
    book = AddressBook(open_engine(tmp_path / "a.db", busy_seconds=0.05))
    other = open_engine(tmp_path / "a.db")
    with begin(other), pytest.raises(TryAgain, match="locked by another program") as caught:
        book.apply([new_contact(book)])
    assert caught.value.after > 0
    assert book.size() == 0


def test_a_lead_has_no_role(people: People, book: AddressBook) -> None:
    """A role for a lead is Rejected, not made (SPEC §7)."""
    people.seed(CRM)
    (outcome,) = book.apply([a_role(book, "o1", "l1")])
    assert isinstance(outcome, Rejected)
    assert outcome.fields == ("contact",)
