"""Deleting contacts and activities of Lawmatics, and what an edit by a person stops."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from firstcontact.connectors.contract import Gone, Rejected
from firstcontact.planning.write import Existing, Receipt
from firstcontact.testing.conformance.making import (
    JO,
    JO_PHONE,
    a_deletion,
    a_document,
    an_activity,
    changed_activity,
    new_contact,
    no_activity,
    receipt,
    update,
)


def state(firm: Any) -> Any:
    """What the firm holds, which Lawmatics' own pages show."""
    return firm.served.simulator.state


def ours(firm: Any, name: str = "one", **fields: Any) -> str:
    """A contact of ours."""
    return receipt(firm.crm, new_contact(firm.crm, name, created_by_firstcontact=True, **fields)).id


# --- contacts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "named"),
    [("notes", "a note"), ("files", "a file"), ("time_entries", "time"), ("prospects", "a matter")],
)
def test_what_stands_on_a_contact_stops_its_deletion(firm: Any, kind: str, named: str) -> None:
    """A note, a file, time or a matter would be left without a person."""
    id = ours(firm)
    values: dict[str, Any] = {"owner": ("contact", int(id)), "name": "x", "body": "Call back."}
    values |= {"user": 1, "created_by": 1, "duration": 0.1, "rate_cents": 0, "billable": True}
    if kind == "prospects":
        firm.desk.add("matter", {"contact": id, "name": "Diaz v. Roe"})
    else:
        state(firm).add(kind, values)
    (outcome,) = firm.crm.apply([a_deletion(firm.crm, id)])
    assert isinstance(outcome, Rejected)
    assert named in str(outcome)
    assert firm.crm.read([id])[id] != Gone(id)


def test_what_a_person_filled_in_keeps_a_contact(firm: Any) -> None:
    """A title, a department of ours that they changed, and a value in a custom field of the firm's own."""
    for number, edit in enumerate(({"title": "CEO"}, {"department": "Sales"})):
        id = ours(firm, f"edited {number}", emails=(), phones=())
        firm.desk.edit("contact", id, edit)
        (outcome,) = firm.crm.apply([a_deletion(firm.crm, id)])
        assert isinstance(outcome, Rejected), edit
    id = ours(firm, "employed", emails=(), phones=())
    held = state(firm).get("contacts", int(id))
    held.values["employer"] = "Acme"
    firm.wait(60)
    state(firm).touch(held)
    (outcome,) = firm.crm.apply([a_deletion(firm.crm, id)])
    assert isinstance(outcome, Rejected)
    id = ours(firm, "own field")
    field = state(firm).add(
        "custom_fields",
        {"name": "Shoe size", "type": "Contact", "field_type": "string", "visibility": "default"},
    )
    state(firm).get("contacts", int(id)).values["custom"][field.id] = "9"
    (outcome,) = firm.crm.apply([a_deletion(firm.crm, id)])
    assert isinstance(outcome, Rejected)
    assert "Shoe size" in str(outcome)


def test_an_edit_while_we_look_keeps_the_contact(firm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read once more right before it goes: there are no etags."""
    id, rows = ours(firm), firm.crm._api.rows

    def edited_between(resource: str, asked: Any) -> Any:
        if resource == "notes":
            firm.desk.edit("contact", id, {"title": "CEO"})
        return rows(resource, asked)

    monkeypatch.setattr(firm.crm._api, "rows", edited_between)
    (outcome,) = firm.crm.apply([a_deletion(firm.crm, id)])
    assert isinstance(outcome, Rejected)
    assert firm.crm.read([id])[id].title == "CEO"


def test_our_own_values_do_not_make_a_contact_edited(firm: Any) -> None:
    """Employer, department and numbers that come and go are ours, however often they change."""
    id = ours(firm, company="Acme", department="Sales")
    for changed, given in (
        ((), {"company": "Acme Ltd", "persona": "User"}),
        (("department", "company"), {}),
        ((), {"phones": ("+14155550188",), "without_phones": (JO_PHONE,)}),
        ((), {"without_emails": (JO,)}),
        (("first_name",), {}),
    ):
        write = update(firm.crm, id, str(given), **given)
        receipt(firm.crm, msgspec.structs.replace(write, changed=changed))
        assert not firm.crm.read([id])[id].edited_by_person, given
    record = firm.crm.read([id])[id]
    assert (record.first_name, record.company, record.department, record.persona) == ("", "", "", "User")
    assert (record.emails, [one.key for one in record.handles]) == ((), ["+14155550188"])
    receipt(firm.crm, a_deletion(firm.crm, id))


# --- activities -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["call", "email", "meeting"])
@pytest.mark.parametrize("on", ["contact", "matter"])
def test_our_own_changes_do_not_keep_an_activity(firm: Any, kind: str, on: str) -> None:
    """An activity that only we have changed is taken back; once a person has, it stays, whatever we write."""
    contact = ours(firm)
    given = {"people": (Existing("contact", contact),)}
    if on == "matter":
        given["matter"] = firm.desk.add("matter", {"contact": contact, "name": "Diaz v. Roe"})
    ids = []
    for name in ("one", "two"):
        ids.append(receipt(firm.crm, an_activity(firm.crm, name, kind, body="Said.", **given)).id)
        receipt(
            firm.crm, changed_activity(firm.crm, ids[-1], f"more {name}", body="More.", seconds=120, **given)
        )
    firm.desk.edit("activity", ids[1], {"body": "What a person notes."})
    receipt(firm.crm, changed_activity(firm.crm, ids[1], "and more", outcome="answered", **given))
    outcomes = firm.crm.apply([no_activity(firm.crm, id, f"undo {id}") for id in ids])
    assert [type(one) for one in outcomes] == [Receipt, Rejected]
    assert [one["id"] for one in firm.desk.dump()["activities"]] == [ids[1]]
    receipt(firm.crm, no_activity(firm.crm, ids[0], "again"))


def test_an_edit_outlives_being_made_anew(firm: Any) -> None:
    """An activity that has to stand on another matter is made there, and still is the person's who edited
    it."""
    contact = ours(firm)
    people = (Existing("contact", contact),)
    matter, other = (
        firm.desk.add("matter", {"contact": contact, "name": name}) for name in ("A v. B", "C v. D")
    )
    ids = [
        receipt(firm.crm, an_activity(firm.crm, name, people=people, matter=matter)).id
        for name in ("one", "two")
    ]
    firm.desk.edit("activity", ids[1], {"body": "What a person notes."})
    for name, id in zip(("one", "two"), ids, strict=True):
        write = changed_activity(firm.crm, id, name, people=people, matter=other)
        receipt(firm.crm, msgspec.structs.replace(write, changed=("matter",)))
    anew = {one["interactions"][0]: one["id"] for one in firm.desk.dump()["activities"]}
    outcomes = firm.crm.apply([no_activity(firm.crm, anew[name], f"undo {name}") for name in ("one", "two")])
    assert [type(one) for one in outcomes] == [Receipt, Rejected]


def test_an_activity_without_a_state_goes_only_where_nobody_has_written_it(firm: Any) -> None:
    """One that was logged before states were kept cannot tell who wrote it last; one without our line is
    nobody's of ours."""
    contact = ours(firm)
    ids = []
    for name in ("untouched", "touched", "bare"):
        write = an_activity(firm.crm, name, people=(Existing("contact", contact),))
        ids.append(receipt(firm.crm, write).id)
        note = state(firm).get("notes", int(ids[-1].partition(":")[2]))
        lines = note.values["body"].split("\n")
        kept = [" ".join(word for word in line.split(" ") if not word.startswith("state:")) for line in lines]
        note.values["body"] = "\n".join(kept if name != "bare" else kept[:-1])
    firm.wait(60)
    firm.desk.edit("activity", ids[1], {"body": "Noted."})
    outcomes = firm.crm.apply([no_activity(firm.crm, id, f"undo {id}") for id in ids])
    assert [type(one) for one in outcomes] == [Receipt, Rejected, Rejected]


def test_a_file_named_in_the_text_is_no_edit(firm: Any) -> None:
    """The line that names a file is ours."""
    contact = ours(firm)
    id = receipt(firm.crm, an_activity(firm.crm, "fax", "fax", people=(Existing("contact", contact),))).id
    write = a_document(firm.crm, id)
    elsewhere = msgspec.structs.replace(write.fields, uri="https://127.0.0.1/fax.pdf")
    receipt(firm.crm, msgspec.structs.replace(write, fields=elsewhere))
    assert "File: fax.pdf" in firm.desk.dump()["activities"][0]["body"]
    receipt(firm.crm, no_activity(firm.crm, id, "undo"))
