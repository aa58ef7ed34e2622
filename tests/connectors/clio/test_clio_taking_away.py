"""Merging and deleting contacts of Clio, and what an edit by a person stops."""

from __future__ import annotations

from typing import Any

import pytest

from firstcontact.connectors.contract import Gone, Rejected, TryAgain, Unclear
from firstcontact.identity.records import MailingAddress
from firstcontact.planning.write import ActivityFields, Existing, Receipt, Write
from firstcontact.testing.conformance.making import (
    JO_PHONE,
    NOON,
    a_deletion,
    a_document,
    a_merge,
    an_activity,
    changed_activity,
    new_contact,
    no_activity,
    receipt,
    update,
)

AT_HOME = "jo.diaz@home.example"


def state(firm: Any) -> Any:
    """What the account holds, which Clio's own pages show."""
    return firm.served.simulator.state


def two(firm: Any) -> tuple[str, str]:
    """A contact of ours, and one that a person made."""
    ours = receipt(firm.crm, new_contact(firm.crm, created_by_firstcontact=True)).id
    theirs = firm.desk.add("contact", {"first_name": "Jo", "last_name": "Diaz", "emails": [AT_HOME]})
    return ours, theirs


def everything_on(firm: Any, contact: str) -> None:
    """A call, a meeting, a fax with its file, a matter of theirs, one that they are related to."""
    people = (Existing("contact", contact),)
    receipt(firm.crm, an_activity(firm.crm, "call", people=people))
    receipt(firm.crm, an_activity(firm.crm, "meeting", "meeting", people=people))
    fax = receipt(firm.crm, an_activity(firm.crm, "fax", "fax", people=people)).id
    receipt(firm.crm, a_document(firm.crm, fax))
    firm.desk.add("matter", {"contact": contact, "name": "Diaz v. Roe"})
    client = firm.desk.add("contact", {"last_name": "Client"})
    matter = firm.desk.add("matter", {"contact": client, "name": "Client v. Doe"})
    state(firm).add(
        "relationships", {"contact": int(contact), "matter": int(matter), "description": "Witness"}
    )


def on(firm: Any, contact: str) -> dict[str, int]:
    """How much of each kind is on a contact."""
    held, id = firm.desk.dump(), int(contact)
    return {
        "activities": sum(contact in one["contacts"] for one in held["activities"]),
        "matters": sum(contact == one["contact"] for one in held["matters"]),
        "relations": sum(one.values["contact"] == id for one in state(firm).all("relationships")),
        "documents": sum(one.values["contact"] == id for one in state(firm).all("documents")),
    }


ALL = {"activities": 3, "matters": 1, "relations": 1, "documents": 1}
NOTHING = dict.fromkeys(ALL, 0)


# --- merging ----------------------------------------------------------------------------------------------


def test_everything_moves(firm: Any) -> None:
    """Calls, meetings, files, matters and relationships are the survivor's, and nobody is mailed."""
    loser, survivor = two(firm)
    everything_on(firm, loser)
    receipt(firm.crm, a_merge(firm.crm, loser, survivor))
    assert firm.crm.read([loser]) == {loser: Gone(loser)}
    assert on(firm, survivor) == ALL
    assert all(loser not in one["contacts"] for one in firm.desk.dump()["activities"])


@pytest.mark.parametrize("trouble", ["failed_after", "failed_500"])
@pytest.mark.parametrize("place", range(9))
def test_a_merge_that_broke_off_is_ended_by_the_next(firm: Any, trouble: Any, place: int) -> None:
    """Wherever it broke off, the same write again moves the rest, and everything is there once."""
    loser, survivor = two(firm)
    everything_on(firm, loser)
    writes = 0

    def nth(method: str, _path: str) -> bool:
        nonlocal writes
        writes += method in ("PATCH", "DELETE")
        return method in ("PATCH", "DELETE") and writes == place + 1

    firm.served.faults.next(trouble, nth)
    merge = a_merge(firm.crm, loser, survivor)
    (outcome,) = firm.crm.apply([merge])
    if place >= 8:
        assert firm.served.faults.waiting, "a merge of all this has eight requests that write"
        assert isinstance(outcome, Receipt)
        return
    assert isinstance(outcome, Unclear | TryAgain)
    assert receipt(firm.connect(), merge).id == survivor
    assert on(firm, survivor) == ALL
    assert firm.crm.read([loser]) == {loser: Gone(loser)}
    record = firm.crm.read([survivor])[survivor]
    assert sorted(one.key for one in record.handles) == [JO_PHONE, "jo.diaz@home.example", "jo@acme.example"]


@pytest.mark.parametrize("kind", ["notes", "tasks", "custom", "field"])
def test_what_cannot_be_moved_stops_a_merge(firm: Any, kind: str) -> None:
    """Notes, tasks, the firm's own custom fields and what names the contact there are named, and nothing has
    been moved or deleted."""
    loser, survivor = two(firm)
    receipt(firm.crm, an_activity(firm.crm, people=(Existing("contact", loser),)))
    held, field = state(firm), {"displayed": True, "required": False, "deleted": False}
    if kind == "notes":
        held.add("notes", {"type": "Contact", "contact": int(loser), "matter": None, "author": None})
    elif kind == "tasks":
        held.add("tasks", {"name": "Sign", "assignee": int(loser), "assignee_type": "Contact"})
    elif kind == "custom":
        given = {**field, "name": "Shoe size", "parent_type": "Contact", "field_type": "text_line"}
        made = held.add("custom_fields", given)
        part = held.part("custom_field_values", {"field": made.id, "value": "9"})
        held.get("contacts", int(loser)).values["custom"].append(part)
    else:
        given = {**field, "name": "Referred by", "parent_type": "Contact", "field_type": "contact"}
        made = held.add("custom_fields", given)
        part = held.part("custom_field_values", {"field": made.id, "value": loser})
        held.get("contacts", int(survivor)).values["custom"].append(part)
    named = {"custom": "Shoe size", "field": "Referred by"}.get(kind, kind)
    (outcome,) = firm.crm.apply([a_merge(firm.crm, loser, survivor)])
    assert isinstance(outcome, Rejected)
    assert named in str(outcome)
    assert on(firm, loser)["activities"] == 1
    (outcome,) = firm.crm.apply([a_deletion(firm.crm, loser)])
    assert isinstance(outcome, Rejected)
    assert named in str(outcome)


def test_only_what_is_ours_and_untouched_is_merged(firm: Any) -> None:
    """A person's contact, one that a person has edited, and a company stay."""
    ours, theirs = two(firm)
    (outcome,) = firm.crm.apply([a_merge(firm.crm, theirs, ours)])
    assert isinstance(outcome, Rejected)
    company = new_contact(
        firm.crm, "acme", last_name="Acme", emails=(), contact_type="Company", created_by_firstcontact=True
    )
    (outcome,) = firm.crm.apply([a_merge(firm.crm, receipt(firm.crm, company).id, theirs)])
    assert isinstance(outcome, Rejected)
    assert "company" in str(outcome)
    for edit in ({"title": "CEO"}, {"department": "Sales"}, {"mailing": {"city": "Springfield"}}):
        kim = receipt(firm.crm, new_contact(firm.crm, str(edit), created_by_firstcontact=True)).id
        firm.desk.edit("contact", kim, edit)
        (outcome,) = firm.crm.apply([a_merge(firm.crm, kim, theirs)])
        assert isinstance(outcome, Rejected), edit
    assert theirs in firm.crm.read([theirs])


def test_a_placeholder_gets_the_losers_name(firm: Any) -> None:
    """The survivor's own name stays, but where it was none."""
    named = receipt(firm.crm, new_contact(firm.crm, created_by_firstcontact=True)).id
    write = new_contact(firm.crm, "p", first_name="Caller", last_name="0123", placeholder=True)
    placeholder = receipt(firm.crm, write).id
    receipt(firm.crm, a_merge(firm.crm, named, placeholder))
    record = firm.crm.read([placeholder])[placeholder]
    assert (record.first_name, record.last_name, record.placeholder) == ("Jo", "Diaz", False)


def test_a_relation_that_the_survivor_has_too_is_there_once(firm: Any) -> None:
    """Two relationships to one matter, of the same description, become one."""
    loser, survivor = two(firm)
    client = firm.desk.add("contact", {"last_name": "Client"})
    matter = firm.desk.add("matter", {"contact": client, "name": "Client v. Doe"})
    for id in (loser, survivor):
        related = {"contact": int(id), "matter": int(matter), "description": "Witness"}
        state(firm).add("relationships", related)
    receipt(firm.crm, a_merge(firm.crm, loser, survivor))
    assert [one.values["contact"] for one in state(firm).all("relationships")] == [int(survivor)]


# --- deleting ---------------------------------------------------------------------------------------------


def test_what_a_person_has_put_there_stops_a_deletion(firm: Any) -> None:
    """What a person has related to a contact of ours keeps it; our own activities do not."""
    ours, theirs = two(firm)
    receipt(firm.crm, an_activity(firm.crm, people=(Existing("contact", ours),)))
    matter = firm.desk.add("matter", {"contact": theirs, "name": "Diaz v. Roe"})
    related = {"contact": int(ours), "matter": int(matter), "description": "Witness"}
    relation = state(firm).add("relationships", related)
    (outcome,) = firm.crm.apply([a_deletion(firm.crm, ours)])
    assert isinstance(outcome, Rejected)
    assert "a relationship" in str(outcome)
    state(firm).remove(relation)
    receipt(firm.crm, a_deletion(firm.crm, ours, "again"))
    assert firm.crm.read([ours, theirs])[ours] == Gone(ours)


@pytest.mark.parametrize("merging", [True, False])
def test_an_edit_in_the_last_moment_keeps_the_contact(
    firm: Any, monkeypatch: pytest.MonkeyPatch, merging: bool
) -> None:
    """A person saves the contact right before it would go: 412, read again, and it stays."""
    ours, theirs = two(firm)
    delete = firm.crm._api.delete

    def edited_before(*args: Any) -> None:
        monkeypatch.undo()
        firm.desk.edit("contact", ours, {"title": "CEO"})
        delete(*args)

    monkeypatch.setattr(firm.crm._api, "delete", edited_before)
    write = a_merge(firm.crm, ours, theirs) if merging else a_deletion(firm.crm, ours)
    (outcome,) = firm.crm.apply([write])
    assert isinstance(outcome, Rejected)
    assert firm.crm.read([ours])[ours].title == "CEO"


# --- fields -----------------------------------------------------------------------------------------------


def test_our_own_values_do_not_make_a_contact_edited(firm: Any) -> None:
    """Address, department and a number that turned out to be a mobile are ours, however often they change."""
    mailing = MailingAddress(street="1 Pier Street", city="London", postal_code="SE1 0AA", country="GB")
    write = new_contact(firm.crm, mailing=mailing, department="Sales", phones=("020 7946 0123",))
    id = receipt(firm.crm, write).id
    for given in (
        {"mailing": MailingAddress(city="Leeds")},
        {"persona": "User"},
        {"mobiles": ("020 7946 0123",)},
    ):
        receipt(firm.crm, update(firm.crm, id, **given))
        assert not firm.crm.read([id])[id].edited_by_person, given
    write = update(firm.crm, id)
    receipt(firm.crm, Write(**{**_facts(write), "changed": ("department", "persona")}))
    values = [part.values["value"] for part in state(firm).get("contacts", int(id)).values["custom"]]
    assert values
    assert all(values)
    record = firm.crm.read([id])[id]
    assert not record.edited_by_person
    assert record.mailing == MailingAddress(city="Leeds")
    assert record.mobiles == record.phones == ("020 7946 0123",)


def test_a_name_is_taken_back(firm: Any) -> None:
    """What an update named as changed is set to nothing too, also a first name (undo)."""
    id = firm.desk.add("contact", {"first_name": "Jo", "last_name": "Diaz"})
    write = update(firm.crm, id, last_name="Diaz")
    receipt(firm.crm, Write(**{**_facts(write), "changed": ("first_name", "last_name")}))
    record = firm.crm.read([id])[id]
    assert (record.first_name, record.last_name) == ("", "Diaz")


def _facts(write: Write) -> dict[str, Any]:
    return {name: getattr(write, name) for name in Write.__struct_fields__}


# --- activities -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["call", "meeting"])
def test_our_own_changes_do_not_keep_an_activity(firm: Any, kind: str) -> None:
    """An activity that only we have changed is deleted; once a person has, it stays, whatever we write."""
    ours, _ = two(firm)
    ids = []
    for name in ("one", "two"):
        logged = an_activity(firm.crm, name, kind, people=(Existing("contact", ours),))
        ids.append(receipt(firm.crm, logged).id)
        change = changed_activity(firm.crm, ids[-1], f"more of {name}", body="Said more.", seconds=120)
        receipt(firm.crm, change)
    firm.desk.edit("activity", ids[1], {"body": "What a person notes."})
    receipt(firm.crm, changed_activity(firm.crm, ids[1], "and more", subject="Call again"))
    outcomes = firm.crm.apply([no_activity(firm.crm, id, f"undo {id}") for id in ids])
    assert [type(one) for one in outcomes] == [Receipt, Rejected]
    assert [one["id"] for one in firm.desk.dump()["activities"]] == [ids[1]]


def test_an_activity_without_a_state_goes_only_where_nobody_has_written_it(firm: Any) -> None:
    """One that was logged before states were kept cannot tell who wrote it last."""
    fields = ActivityFields(kind="call", interactions=("i",), at=NOON, subject="Call")
    ids = []
    for name in ("untouched", "touched"):
        id = receipt(firm.crm, an_activity(firm.crm, name)).id
        held = state(firm).get("communications", int(id)).values["external_properties"]
        for part in held:
            if part.values["name"] == "firstcontact_kind":
                part.values["value"] = fields.kind
        ids.append(id)
    firm.wait(60)
    firm.desk.edit("activity", ids[1], {"body": "Noted."})
    outcomes = firm.crm.apply([no_activity(firm.crm, id, f"undo {id}") for id in ids])
    assert [type(one) for one in outcomes] == [Receipt, Rejected]


def test_a_file_named_in_the_text_is_no_edit(firm: Any) -> None:
    """The line that names a fax's file is ours."""
    id = receipt(firm.crm, an_activity(firm.crm, "fax", "fax")).id
    receipt(firm.crm, a_document(firm.crm, id))
    receipt(firm.crm, no_activity(firm.crm, id, "undo"))
    assert firm.desk.dump()["activities"] == []
